"""Sentences and their translations: Tatoeba of LASER, and BUCC 2018, where most sentences have none."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from polystilts.files import fingerprint
from polystilts.sources.formats.frames import MANY, identity, make_frame
from polystilts.sources.formats.scripts import refuse_other_script
from polystilts.sources.formats.strict import clean, is_visible, read_lines, refuse


def read_tatoeba(path: Path, task: str, split: str, language: str) -> pd.DataFrame:
    """Tatoeba v1 (tatoeba.swh-eng.swh): line i translates line i of the file beside it that ends in `.eng`.

    Every language has English sentences of its own, so `meaning_id` follows the English sentence, not the
    line. XTREME's copies are refused: they sort the English side and with it lose which line is which.
    """
    partner = path.with_suffix(".eng")
    theirs, ours = read_lines(path), read_lines(partner)
    if len(theirs) != len(ours):
        shorter = min(len(theirs), len(ours))
        refuse(
            path, shorter + 1, f"{len(theirs)} lines here, {len(ours)} in {partner.name}: not line by line"
        )
    if len(ours) >= MANY and ours == sorted(ours):
        refuse(partner, 1, "its lines are sorted, so they no longer belong to the lines of the other file "
               "(XTREME's copy); take the files of LASER")  # fmt: skip
    refuse_other_script(partner, "en", ours)

    def records() -> Iterator[tuple[int, dict]]:
        for number, texts in enumerate(zip(theirs, ours, strict=True), 1):
            text, source = map(clean, texts)
            if not is_visible(text) or not is_visible(source):
                empty = path if not is_visible(text) else partner
                refuse(empty, number, "an empty line; every line is a sentence")
            names = identity(task, split, language, number)
            names["meaning_id"] = f"{task}-{split}-{fingerprint(source)}"
            yield number, names | {"text": text, "text_source": source}

    return make_frame(path, language, records(), texts=("text",))


def _numbered(path: Path) -> dict[str, tuple[int, str]]:
    """Line and sentence by name, of a file of BUCC: name ⇥ sentence."""
    found: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(read_lines(path), 1):
        name, *texts = line.split("\t")
        if len(texts) != 1 or not clean(name) or not is_visible(clean(texts[0])):
            refuse(path, number, "a name, a tab and a sentence belong here")
        if name in found:
            refuse(path, number, f"{name!r} is there twice (first at {found[name][0]})")
        found[name] = number, clean(texts[0])
    return found


def read_bucc(path: Path, task: str, split: str, language: str) -> pd.DataFrame:
    """BUCC 2018 (de-en.training.de, with .en and .gold beside it): two texts of which few sentences match.

    A pair of the gold file is a row with both sentences. A sentence without a translation is a row of its
    own whose other side is empty. `source_id` names the English sentence (or the row, where there is none).
    """
    gold_path = path.with_suffix(".gold")
    if not gold_path.is_file():
        refuse(path, 1, f"no {gold_path.name} beside it: the labels are withheld (BUCC's test set); take the "
               "sample to tune and the training set to score, as XTREME does")  # fmt: skip
    theirs, ours = _numbered(path), _numbered(path.with_suffix(".en"))
    pairs: dict[str, str] = {}
    for number, line in enumerate(read_lines(gold_path), 1):
        names = line.split("\t")
        if len(names) != 2 or names[0] not in theirs or names[1] not in ours:
            refuse(gold_path, number, f"{line[:40]!r} does not name a sentence of each file")
        if names[0] in pairs or names[1] in pairs.values():
            refuse(gold_path, number, f"{line[:40]!r}: a sentence is paired twice")
        pairs[names[0]] = names[1]

    def records() -> Iterator[tuple[int, dict]]:
        for name, (line, text) in theirs.items():
            source = pairs.get(name, "")
            texts = {"text": text, "text_source": ours[source][1] if source else ""}
            yield line, identity(task, split, language, name) | texts | {"source_id": source or name}
        paired = set(pairs.values())
        for name, (line, text) in ours.items():
            if name not in paired:
                names = identity(task, split, language, name)
                yield line, names | {"text": "", "text_source": text, "source_id": name}

    return make_frame(path, language, records(), texts=("text",))
