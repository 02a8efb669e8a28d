"""Write one world to disk: pretraining text, lexicons, the examples of every task, and the data card."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from random import Random

import pandas as pd

from polystilts import files
from polystilts.errors import StudyError
from polystilts.languages import LANGUAGES, Language
from polystilts.languages.concepts import VERBS
from polystilts.languages.distance import order_distance, shared_words
from polystilts.languages.lexicon import Lexicon, make_lexicons
from polystilts.languages.meaning import meaning_id
from polystilts.sources.world.corpus import documents
from polystilts.sources.world.render import Writer, entity_id, render
from polystilts.sources.world.tasks import RECIPES, draw_items
from polystilts.tasks import TASKS
from polystilts.tasks.arms import LANGUAGE_SETS


def write_world(
    folder: Path,
    world_seed: int,
    languages: Iterable[str],
    source_language: str,
    tasks: Iterable[str],
    rows: Mapping[str, int],
    documents_by_resource: Mapping[str, int],
    translation_noise: float = 0.0,
    lexicon_coverage: float = 1.0,
    native: bool = False,
    tested_only: Iterable[str] = (),
) -> dict:
    """Write the world of one seed into `folder` and return its data card.

    Leaves `corpus/<language>.txt`, `lexicons/<language>.csv`, `examples/<task>/<split>-<language>.parquet`
    and `data_card.json`. `rows` gives the rows of `intermediate`, `target`, `dev` and `test` files; `native`
    also writes intermediate rows that are no translations. The languages `tested_only` have tests and nothing
    else: no text, no word list, no rows. Raises StudyError on a leak between splits.
    """
    speakers = tuple(LANGUAGES[code] for code in languages)
    source = LANGUAGES[source_language]
    lexicons = make_lexicons(world_seed, speakers, source)
    known = tuple(speaker for speaker in speakers if speaker.code not in set(tested_only))
    text_ids = _write_corpus(folder / "corpus", world_seed, known, source, lexicons, documents_by_resource)
    listed = {speaker.code: lexicons[speaker.code] for speaker in known}
    _write_lexicons(folder / "lexicons", world_seed, listed, source, lexicon_coverage)
    card: dict = {"world_seed": world_seed, "source_language": source_language, "tasks": {}}
    for task in tasks:
        card["tasks"][task] = _write_task(
            folder / "examples" / task,
            task,
            world_seed,
            speakers,
            known,
            source,
            lexicons,
            rows,
            translation_noise,
            native,
        )
    card["languages"] = _language_card(world_seed, speakers, source, lexicons, folder / "corpus")
    card["leaks"] = _count_leaks(folder / "examples", text_ids)
    if card["leaks"]["total"]:
        raise StudyError(
            f"world {world_seed} leaks between splits: {card['leaks']}; no result may rest on it"
        )
    files.write_json(folder / "data_card.json", card)
    return card


def _write_corpus(folder, world_seed, speakers, source, lexicons, documents_by_resource) -> set[str]:
    written: set[str] = set()
    for language in speakers:
        count = documents_by_resource["high" if language.code == source.code else language.resource]
        writer = Writer(lexicons[language.code])
        lines = []
        for document in documents(world_seed, language.code, count):
            lines.append(writer.text(document))
            written.update(meaning_id((clause,)) for clause in document)
        files.write_text(folder / f"{language.code}.txt", "\n".join(lines) + "\n")
    return written


def _write_lexicons(folder, world_seed, lexicons, source: Language, coverage: float) -> None:
    ours = lexicons[source.code]
    for code, theirs in lexicons.items():
        if code == source.code:
            continue
        random = Random(f"{world_seed} {code} lexicon")
        pairs: dict[str, str] = {}
        for concept in ours.words:
            covered = random.random() < coverage
            if covered and not concept.startswith("new "):
                pairs.setdefault(ours.form(concept), theirs.form(concept))
                if concept in VERBS:
                    pairs.setdefault(ours.form(concept, past=True), theirs.form(concept, past=True))
        files.write_table(
            folder / f"{code}.csv", pd.DataFrame(sorted(pairs.items()), columns=["word", "translation"])
        )


def draw_languages(
    world_seed: int, task: str, language_set: str, languages: list[str], rows: int
) -> list[str]:
    """The language of each row of a multilingual arm: equal shares, in an order fixed by the world's seed.

    >>> sorted(draw_languages(0, "mnli", "A", ["alb", "dor"], 4))
    ['alb', 'alb', 'dor', 'dor']
    """
    drawn = [languages[i % len(languages)] for i in range(rows)]
    Random(f"{world_seed} {task} {language_set} languages").shuffle(drawn)
    return drawn


def set_languages(speakers: Iterable[Language], source: str, language_set: str) -> list[str]:
    """The source language and the languages of one set, in table order."""
    return [source] + [
        row.code for row in speakers if row.code != source and row.language_set == language_set
    ]


def _frame(task: str, split: str, language: str, items: Mapping[str, object], writer: Writer) -> pd.DataFrame:
    rows = []
    for number, (meaning, item) in enumerate(items.items()):
        identity = {"example_id": f"{task}-{split}-{language}-{number:05d}", "meaning_id": meaning}
        rows.append(identity | render(item, writer, RECIPES[task].tags))
    return pd.DataFrame(rows)


def _write_task(folder, task, world_seed, speakers, known, source, lexicons, rows, noise, native) -> dict:
    row, recipe = TASKS[task], RECIPES[task]
    card: dict[str, int] = {}

    def write(name: str, frame: pd.DataFrame) -> None:
        files.write_table(folder / f"{name}.parquet", frame)
        card[name] = len(frame)

    home = Writer(lexicons[source.code])
    if row.role == "intermediate":
        items = draw_items(world_seed, task, "train", rows["intermediate"])
        write(f"train-{source.code}", _frame(task, "train", source.code, items, home))
        for language_set in LANGUAGE_SETS:
            codes = set_languages(known, source.code, language_set)
            drawn = draw_languages(world_seed, task, language_set, codes, len(items))
            for code in codes[1:]:
                chosen = {
                    m: item for (m, item), lang in zip(items.items(), drawn, strict=True) if lang == code
                }
                writer = Writer(lexicons[code], noise, Random(f"{world_seed} {task} {code} noise"))
                write(f"train-{code}", _frame(task, "train", code, chosen, writer))
                if native:
                    own = draw_items(world_seed, task, "train", len(chosen), f"native {code}")
                    own = {meaning: item for meaning, item in own.items() if meaning not in items}
                    write(f"native-{code}", _frame(task, "native", code, own, Writer(lexicons[code])))
    elif row.finetune_task != "none" and (row.role == "training" or not row.finetune_task):
        items = draw_items(world_seed, task, "train", int(rows["target"] * recipe.train_share))
        write(f"train-{source.code}", _frame(task, "train", source.code, items, home))
        if task == "mewslix":
            write("entities-train", _entities(items, {m: source.code for m in items}, lexicons))
    dev = draw_items(world_seed, task, "dev", rows["dev"])
    write(f"dev-{source.code}", _frame(task, "dev", source.code, dev, home))
    if row.role == "target":
        _write_test(write, task, world_seed, speakers, source, lexicons, rows["test"])
    return card


def _write_test(write, task, world_seed, speakers, source, lexicons, count) -> None:
    items = draw_items(world_seed, task, "test", count)
    for language in speakers:
        own = items
        if not RECIPES[task].parallel and language.code != source.code:
            own = draw_items(world_seed, task, "test", count, language.code)
        frame = _frame(task, "test", language.code, own, Writer(lexicons[language.code]))
        if task == "tatoeba":
            home = Writer(lexicons[source.code])
            frame["text_source"] = [home.text(item.text) for item in own.values()]
        write(f"test-{language.code}", frame)
    if task == "mewslix":
        codes = [language.code for language in speakers]
        drawn = dict(zip(items, draw_languages(world_seed, task, "all", codes, len(items)), strict=True))
        write("entities-test", _entities(items, drawn, lexicons))


def _entities(items: Mapping[str, object], language_of: Mapping[str, str], lexicons: Mapping[str, Lexicon]):
    """Descriptions of the mentioned entities, each in one language: entity_id, language, text."""
    rows = {}
    for meaning, item in items.items():
        code = language_of[meaning]
        rows.setdefault(entity_id(item), (code, Writer(lexicons[code]).text(item.description)))
    return pd.DataFrame(
        [(key, *value) for key, value in rows.items()], columns=["entity_id", "language", "text"]
    )


def _language_card(world_seed, speakers, source, lexicons, corpus: Path) -> dict:
    """What was measured of each language: words of text, words shared with the source, distance of order."""
    ours = lexicons[source.code]
    sample = [document[0] for document in documents(world_seed, source.code, 300)]
    card = {}
    for language in speakers:
        theirs = lexicons[language.code]
        file = corpus / f"{language.code}.txt"
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        card[language.code] = {
            "lines": text.count("\n"),
            "words": len(text.split()),
            "shared_words": round(shared_words(ours, theirs), 4),
            "order_distance": round(order_distance(sample, ours, theirs), 4),
        }
    return card


def _count_leaks(examples: Path, text_ids: set[str]) -> dict[str, int]:
    """Meanings found in two splits, or in the pretraining text and an evaluation file."""
    seen: dict[str, set[str]] = {}
    for path in sorted(examples.glob("*/*-*.parquet")):
        split = path.name.split("-")[0]
        if split != "entities":
            ids = pd.read_parquet(path, columns=["meaning_id"])["meaning_id"]
            seen.setdefault("train" if split == "native" else split, set()).update(ids)
    train, dev, test = (seen.get(split, set()) for split in ("train", "dev", "test"))
    leaks = {
        "train_test": len(train & test),
        "train_dev": len(train & dev),
        "dev_test": len(dev & test),
        "text_test": len(text_ids & test),
    }
    return leaks | {"total": sum(leaks.values())}
