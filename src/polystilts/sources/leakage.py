"""What must not be met twice: items of a test in training rows, or their sentences in pretraining text.

Items are the same when they share a meaning, or when they read the same once case, marks and spacing are
taken off. Texts of fewer than five words (ten letters where words are not spaced) say too little to count.
"""

import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

import pandas as pd

from polystilts.tasks import TASKS, Task

LEAST_WORDS, LEAST_LETTERS = 5, 10
COMPARED = (
    "training rows of any task with every test, development rows with every test, a task's development rows "
    "with its own training rows and a target's with every intermediate task's, text with the tests of its "
    "language; the rows of two targets are not compared, for no run reads both, nor practice with targets "
    "that it shuts out, for no run that practised is asked them"
)
UNSPACED = re.compile("([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff])")
# Everything that is no letter, digit or vowel sign: Unicode's punctuation, symbols, separators, controls.
_MARKS = {
    code: " " for code in range(sys.maxunicode // 16) if unicodedata.category(chr(code))[0] in "PSZC"
}  # fmt: skip
_ENDS = re.compile(r"(?<=[.!?…؟।።])\s+|(?<=[。！？])\s*|\n+")
SPLITS = ("train", "native", "dev", "test")


def words_of(text: str) -> list[str]:
    """The words of a text without case and marks; where words are not spaced, its letters.

    >>> words_of("The Mill, again!"), words_of("北京 市。")
    (['the', 'mill', 'again'], ['北', '京', '市'])
    """
    plain = unicodedata.normalize("NFKC", text).casefold().translate(_MARKS)
    return (plain if plain.isascii() else UNSPACED.sub(r" \1 ", plain)).split()


@lru_cache(maxsize=2**18)
def compared(text: str) -> str:
    """A text as it is compared with others, or nothing where it says too little; passages come many times."""
    words = words_of(text)
    return " ".join(words) if tells(words) else ""


def tells(words: list[str]) -> bool:
    """Is a text long enough to be recognised: five words, or ten letters where they are not spaced?"""
    unspaced = bool(words) and all(UNSPACED.fullmatch(word) for word in words)
    return len(words) >= (LEAST_LETTERS if unspaced else LEAST_WORDS)


@lru_cache(maxsize=2**14)
def sentences_of(text: str) -> tuple[str, ...]:
    """The sentences of a text, by their marks."""
    return tuple(part for part in _ENDS.split(text) if part.strip())


def units(task: Task, row: dict) -> list[str]:
    """The texts by which an item is known: a pair, a story with its options, a passage's sentences."""
    if task.kind == "classification":
        return [f"{row['text_a']} {row['text_b']}"]
    if task.kind == "multiple_choice":
        return [" ".join([row["context"], row["question"], *row["choices"]])]
    if task.kind == "tagging":
        return [" ".join(row["words"])]
    if task.kind == "question_answering":
        return list(sentences_of(row["context"]))
    return [part for column in (task.search.query, task.search.answer) if column in row
            for part in sentences_of(row[column])]  # fmt: skip


def recognised(task: Task, row: dict) -> list[str]:
    """The units of an item as they are compared, those that are too short left out."""
    return list(filter(None, map(compared, units(task, row))))


def text_sentences(task: Task, frame: pd.DataFrame) -> set[str]:
    """Every sentence of the items of a frame, as they are compared: what pretraining text must not hold."""
    found: set[str] = set()
    for row in frame.to_dict("records"):
        texts = [row[column] for column in ("text_a", "text_b", "question", "context", "text", "answer",
                                            "text_source") if row.get(column)]  # fmt: skip
        texts += [" ".join(row["words"])] if "words" in row else []
        found.update(compared(sentence) for text in texts for sentence in sentences_of(text))
    return found - {""}


class Sentences:
    """Sentences that can be looked for anywhere in a text."""

    def __init__(self, sentences: Iterable[str]):
        self.by_start: dict[tuple[str, ...], list[list[str]]] = {}
        for sentence in sentences:
            words = sentence.split()
            self.by_start.setdefault(tuple(words[:LEAST_WORDS]), []).append(words)

    def within(self, text: str) -> bool:
        """Does the text hold one of the sentences, in whatever case and with whatever marks?"""
        words = words_of(text)
        for place in range(len(words) - LEAST_WORDS + 1):
            for sentence in self.by_start.get(tuple(words[place : place + LEAST_WORDS]), ()):
                if words[place : place + len(sentence)] == sentence:
                    return True
        return False


def without_overlap(
    task: Task, frame: pd.DataFrame, meanings: set[str], seen: set[str], count: int
) -> tuple[pd.DataFrame, int]:
    """The first `count` rows that share neither meaning nor unit with what has been seen, and the drop-outs.

    The second value counts the rows passed over on the way.
    """
    keep, dropped = [], 0
    for place, row in enumerate(frame.to_dict("records")):
        if len(keep) == count:
            break
        if row["meaning_id"] in meanings or any(unit in seen for unit in recognised(task, row)):
            dropped += 1
        else:
            keep.append(place)
    return frame.iloc[keep].reset_index(drop=True), dropped


def split_files(examples: Path) -> Iterator[tuple[str, str, Path]]:
    """Every example file of a prepared study: task, split, path; tables of entities are no examples."""
    for path in sorted(examples.glob("*/*-*.parquet")):
        split = path.name.split("-")[0]
        if split in SPLITS:
            yield path.parent.name, split, path


def _tunes(name: str) -> bool:
    """Are these rows that a target is tuned on, and that its checkpoint may be judged by?"""
    return TASKS[name].role != "intermediate"


def _in_tests(rows: Mapping[str, set[str]], tests: Mapping[str, set[str]]) -> set[str]:
    """What the rows of any task share with a test that runs which read them are asked, by name of task."""
    return set().union(*(found & test for name, found in rows.items() for target, test in tests.items()
                         if not TASKS[name].shuts_out(TASKS[target])))  # fmt: skip


def _flattering(name: str, train: Mapping[str, set[str]], by_text: bool) -> set[str]:
    """The training rows that may come before a task's development rows: its own, and practice that may."""
    practised = (found for other, found in train.items() if by_text and _tunes(name)
                 and not _tunes(other) and not TASKS[other].shuts_out(TASKS[name]))  # fmt: skip
    return train.get(name, set()).union(*practised)


def count_leaks(folder: Path, by_text: bool = True) -> dict[str, int]:
    """How many items of a prepared study are met twice: between splits, and between text and test.

    Counts meanings and, `by_text`, units of text that the training rows of any task share with any test;
    that development rows share with any test, and with the training rows that they could flatter; and lines
    of pretraining text that hold a sentence of a test in their language. In a generated world meanings say
    all there is to say: its sentences are few, and stand in every split. Practice is not compared with the
    targets that it shuts out: runs that practised it are not asked them.

    Development rows of a task are compared with its own training rows, and those of what a target is tuned on
    with every intermediate task's too. What two targets are tuned on is not compared: no run reads both.
    """
    met: dict[tuple[str, str], set[str]] = {}  # task and split → names and texts
    forbidden: dict[str, set[str]] = {}
    for name, split, path in split_files(folder / "examples"):
        task, frame = TASKS[name], pd.read_parquet(path)
        mine = met.setdefault((name, "train" if split == "native" else split), set())
        mine.update("meaning " + meaning for meaning in frame["meaning_id"])
        if by_text:
            for row in frame.to_dict("records"):
                mine.update(recognised(task, row))
            if split == "test":
                language = path.stem.partition("-")[2]
                forbidden.setdefault(language, set()).update(text_sentences(task, frame))
    every = {split: {name: found for (name, kind), found in met.items() if kind == split}
             for split in SPLITS}  # fmt: skip
    own = [found & _flattering(name, every["train"], by_text) for name, found in every["dev"].items()]
    leaks = Counter(
        train_test=len(_in_tests(every["train"], every["test"])),
        train_dev=sum(map(len, own)),
        dev_test=len(_in_tests(every["dev"], every["test"])),
        text_test=0,
    )
    for path in sorted((folder / "corpus").glob("*.txt")) if by_text else ():
        looked_for = Sentences(forbidden.get(path.stem, ()))
        leaks["text_test"] += sum(map(looked_for.within, path.read_text("utf-8").splitlines()))
    return {**leaks, "total": leaks.total()}
