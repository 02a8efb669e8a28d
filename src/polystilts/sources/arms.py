"""The labelled rows of every arm: same number, same task; what differs is the language they are in."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pandas as pd

from polystilts.errors import StudyError, WrongUse
from polystilts.languages import LANGUAGES
from polystilts.sources.code_switching import code_switch
from polystilts.tasks import INTERMEDIATE_TASKS, STRATEGIES, Arm


@dataclass(frozen=True)
class Request:
    """What an arm chooses its rows from."""

    examples: Path  # of one world
    arm: Arm
    english: pd.DataFrame  # the source-language rows that fill its budget, with their `language`
    source: str
    others: list[str]  # the languages of its set
    seed: int


def arm_rows(
    examples: Path, arm: Arm, rows: int, seed: int, parameters: Mapping
) -> pd.DataFrame | dict[str, pd.DataFrame]:
    """The `rows` labelled rows that an arm trains on, with their `language`; a frame a task where several.

    `examples` is the folder of one world's examples. `seed` decides how labels are shuffled and the
    words that `code-switched` replaces; which rows are read, and in which language, is fixed by the world,
    so arms and seeds of one task differ in nothing else. Raises StudyError where a file is missing.
    """
    shared = parameters["shared"]
    if not arm.intermediate_task:
        made = [row.name for row in INTERMEDIATE_TASKS if (examples / row.name).is_dir()]
        single = "translated" if arm.language_set else "english"
        each = _shares(rows, len(made))
        return {
            task: arm_rows(examples, Arm(single, task, arm.language_set), count, seed, parameters)
            for task, count in zip(made, each, strict=True)
        }
    if arm.strategy not in LABELLED_ROWS:
        known = ", ".join(LABELLED_ROWS)
        raise StudyError(f"arm {arm}: nothing says which rows it reads; sources/arms.py has {known}")
    source = shared["source_language"]
    english = _read(examples, arm.intermediate_task, "train", source).head(rows)
    others = arm_languages(examples, arm, shared["languages"], source)
    if arm.language_set and not others:
        raise WrongUse(
            f"arm {arm}: no language of set {arm.language_set} has data for it; real data have translations, "
            "native rows and lexicons in some languages only, see `data check`"
        )
    return LABELLED_ROWS[arm.strategy](Request(examples, arm, english, source, others, seed))


# What a language must have to take part in an arm, as a file beside the examples or among them.
NEEDED = {
    "translated": "{task}/train-{language}.parquet",
    "native": "{task}/native-{language}.parquet",
    "lexicon": "../lexicons/{language}.csv",
}


def arm_languages(examples: Path, arm: Arm, languages: Iterable[str], source: str) -> list[str]:
    """The languages, source aside, that an arm reads labelled rows in: those of its set that have the data.

    A generated world has everything in every language. Real data have translations, native rows or lexicons
    in some languages only; the others of the set stay unexposed.
    """
    if not arm.language_set:
        return []
    needed = NEEDED[STRATEGIES[arm.strategy].reads]
    return [
        code
        for code in languages
        if code != source
        and LANGUAGES[code].language_set == arm.language_set
        and (examples / needed.format(task=arm.intermediate_task or "*", language=code)).is_file()
    ]


def _shares(rows: int, parts: int) -> list[int]:
    return [rows // parts + (i < rows % parts) for i in range(parts)]


def _read(examples: Path, task: str, split: str, language: str) -> pd.DataFrame:
    path = examples / task / f"{split}-{language}.parquet"
    if not path.is_file():
        raise StudyError(f"{path} is missing; prepare the data of this scale first (chapter 02)")
    return pd.read_parquet(path).assign(language=language)


def _english(asked: Request) -> pd.DataFrame:
    return asked.english


def _translated(asked: Request) -> pd.DataFrame:
    """The rows of `english`, in the order of `english`, each in the language the world drew for it."""
    english, task = asked.english, asked.arm.intermediate_task
    theirs = pd.concat([_read(asked.examples, task, "train", code) for code in asked.others])
    theirs = theirs[theirs["meaning_id"].isin(english["meaning_id"])]
    kept = english[~english["meaning_id"].isin(theirs["meaning_id"])]
    together = pd.concat([kept, theirs]).set_index("meaning_id")
    return together.loc[english["meaning_id"]].reset_index()


def _native(asked: Request) -> pd.DataFrame:
    """Rows that translate no others, an equal share for each language, English ones filling the budget."""
    english, task = asked.english, asked.arm.intermediate_task
    share = len(english) // (1 + len(asked.others))
    own = [_read(asked.examples, task, "native", code).head(share) for code in asked.others]
    kept = english.head(len(english) - sum(map(len, own)))
    return pd.concat([kept, *own], ignore_index=True)


def _code_switched(asked: Request) -> pd.DataFrame:
    lexicons = {code: _lexicon(asked.examples, code) for code in asked.others}
    random = Random(f"{asked.seed} {asked.arm} code-switching")
    return code_switch(asked.english, lexicons, asked.source, random)


def _shuffled(asked: Request) -> pd.DataFrame:
    return _shuffled_labels(asked.english, asked.seed)


def _shuffled_translated(asked: Request) -> pd.DataFrame:
    return _shuffled_labels(_translated(asked), asked.seed)


def _shuffled_labels(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The rows with their answers dealt out anew: the task's form without its meaning.

    The same row gets the same label in whatever language it stands, so that `shuffled` and
    `shuffled-translated` differ in their languages alone.
    """
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
    table = pd.read_csv(path, keep_default_na=False, dtype=str)
    return dict(zip(table["word"], table["translation"], strict=True))


# Which rows an arm reads, by strategy; arms of several tasks read each task's rows in one of these ways.
LABELLED_ROWS: dict[str, Callable[[Request], pd.DataFrame]] = {
    "english": _english,
    "english+mlm": _english,
    "shuffled": _shuffled,
    "shuffled-translated": _shuffled_translated,
    "translated": _translated,
    "native": _native,
    "code-switched": _code_switched,
}
