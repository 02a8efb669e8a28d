"""The labelled rows of every arm: same number, same task; what differs is the language they are written in."""

from collections.abc import Mapping
from pathlib import Path
from random import Random

import pandas as pd

from polystilts.errors import StudyError
from polystilts.languages import LANGUAGES
from polystilts.sources.code_switching import code_switch
from polystilts.tasks import INTERMEDIATE_TASKS, Arm


def arm_rows(
    examples: Path, arm: Arm, rows: int, seed: int, parameters: Mapping
) -> pd.DataFrame | dict[str, pd.DataFrame]:
    """The `rows` labelled rows that an arm trains on, with their `language`; a frame per task for multitask arms.

    `examples` is the folder of one world's examples. `seed` decides the permutation of `shuffled` and the
    words that `code-switched` replaces; which rows are read, and in which language, is fixed by the world,
    so arms and seeds of one task differ in nothing else. Raises StudyError where a file is missing.
    """
    shared = parameters["shared"]
    if arm.strategy.startswith("multitask"):
        made = [row.name for row in INTERMEDIATE_TASKS if (examples / row.name).is_dir()]
        single = "translated" if arm.language_set else "english"
        each = _shares(rows, len(made))
        return {
            task: arm_rows(examples, Arm(single, task, arm.language_set), count, seed, parameters)
            for task, count in zip(made, each, strict=True)
        }
    source = shared["source_language"]
    english = _read(examples, arm.intermediate_task, "train", source).head(rows)
    if arm.strategy in ("english", "english+mlm"):
        return english
    if arm.strategy == "shuffled":
        return _shuffled_labels(english, seed)
    others = [
        code
        for code in shared["languages"]
        if code != source and LANGUAGES[code].language_set == arm.language_set
    ]
    if arm.strategy == "translated":
        return _translated(english, examples, arm.intermediate_task, others)
    if arm.strategy == "native":
        own = [_read(examples, arm.intermediate_task, "native", code) for code in others]
        drawn = pd.concat([_read(examples, arm.intermediate_task, "train", code) for code in others])
        kept = english[~english["meaning_id"].isin(drawn["meaning_id"])]
        return pd.concat([kept, *own], ignore_index=True).head(rows)
    if arm.strategy == "code-switched":
        lexicons = {code: _lexicon(examples, code) for code in others}
        return code_switch(english, lexicons, source, Random(f"{seed} {arm} code-switching"))
    raise StudyError(f"arm {arm} has no labelled rows; labelled strategies are rows of tasks/arms.py")


def _shares(rows: int, parts: int) -> list[int]:
    return [rows // parts + (i < rows % parts) for i in range(parts)]


def _read(examples: Path, task: str, split: str, language: str) -> pd.DataFrame:
    path = examples / task / f"{split}-{language}.parquet"
    if not path.is_file():
        raise StudyError(f"{path} is missing; prepare the data of this scale first (chapter 02)")
    return pd.read_parquet(path).assign(language=language)


def _translated(english: pd.DataFrame, examples: Path, task: str, others: list[str]) -> pd.DataFrame:
    """The rows of `english`, in the order of `english`, each in the language the world drew for it."""
    theirs = pd.concat([_read(examples, task, "train", code) for code in others])
    theirs = theirs[theirs["meaning_id"].isin(english["meaning_id"])]
    kept = english[~english["meaning_id"].isin(theirs["meaning_id"])]
    together = pd.concat([kept, theirs]).set_index("meaning_id")
    return together.loc[english["meaning_id"]].reset_index()


def _shuffled_labels(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The rows with their answers dealt out anew: the task's form without its meaning."""
    order = list(range(len(frame)))
    Random(f"{seed} shuffled labels").shuffle(order)
    shuffled = frame.copy()
    if "label" in frame:
        shuffled["label"] = frame["label"].to_numpy()[order]
    elif "tags" in frame:
        shuffled["tags"] = [_permuted(tags, Random(f"{seed} {i}")) for i, tags in enumerate(frame["tags"])]
    else:  # question answering: the answer becomes some other span of as many words of the same context
        spans = [
            _other_span(context, answer, start, Random(f"{seed} {i}"))
            for i, (context, answer, start) in enumerate(
                zip(frame["context"], frame["answer_text"], frame["answer_start"], strict=True)
            )
        ]
        shuffled["answer_text"], shuffled["answer_start"] = zip(*spans, strict=True)
    return shuffled


def _permuted(tags, random: Random) -> list[str]:
    tags = list(tags)
    random.shuffle(tags)
    return tags


def _other_span(context: str, answer: str, start: int, random: Random) -> tuple[str, int]:
    if start < 0:
        return answer, start
    words, size = context.split(" "), len(answer.split(" "))
    first = random.randrange(len(words) - size + 1)
    return " ".join(words[first : first + size]), len(" ".join(words[:first])) + (first > 0)


def _lexicon(examples: Path, language: str) -> dict[str, str]:
    path = examples.parent / "lexicons" / f"{language}.csv"
    if not path.is_file():
        raise StudyError(f"{path} is missing; code-switching needs a lexicon of {language} (chapter 02)")
    table = pd.read_csv(path, keep_default_na=False)
    return dict(zip(table["word"], table["translation"], strict=True))
