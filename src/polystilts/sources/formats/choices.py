"""One of several: COPA and XCOPA, Social IQa, HellaSwag, Cosmos QA and CommonsenseQA as given out."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

from polystilts.sources.formats.frames import identity, known_label, make_frame
from polystilts.sources.formats.marked import read_elements
from polystilts.sources.formats.strict import (
    field,
    is_visible,
    read_csv,
    read_json_lines,
    read_lines,
    refuse,
    whole_number,
)

# Asked in English whatever the language, as XTREME-R does (scripts/train_xcopa.sh).
COPA_QUESTIONS = {"cause": "What was the cause?", "effect": "What was the effect?"}


def _frame(path: Path, language: str, records: Iterable[tuple[int | str, dict]]) -> pd.DataFrame:
    return make_frame(path, language, records, "label", ("choices",))


def _number(path: Path, place: int | str, value: object, words: Iterable[str]) -> int:
    """The place of a label among its words, counted from 0."""
    return known_label(path, place, value, {word: index for index, word in enumerate(words)})


def _copa(path: Path, place, row: dict, name: object, label: object, where: tuple[str, str, str]) -> dict:
    asked = field(row, "question", path, place)
    if asked not in COPA_QUESTIONS:
        refuse(path, place, f"question {asked[:30]!r} is neither cause nor effect")
    return identity(*where, name, family="copa") | {
        "context": field(row, "premise", path, place),
        "question": COPA_QUESTIONS[asked],
        "choices": [field(row, "choice1", path, place), field(row, "choice2", path, place)],
        "label": _number(path, place, label, "01"),
    }


def read_copa(
    path: Path, task: str, split: str, language: str, labels_from: Path | None = None
) -> pd.DataFrame:
    """COPA and XCOPA in JSON lines (val.et.jsonl); `idx` names the item in every language.

    `labels_from` is another language's file of the same split, for COPA's English test set, whose own labels
    are a placeholder.
    """
    gold: dict[int, object] = {}
    if labels_from is not None:
        gold = {field(row, "idx", labels_from, line, int): row.get("label")
                for line, row in read_json_lines(labels_from)}  # fmt: skip

    def records() -> Iterator[tuple[int, dict]]:
        for line, row in read_json_lines(path):
            name = field(row, "idx", path, line, int)
            if labels_from is not None and name not in gold:
                refuse(path, line, f"idx {name} has no label in {labels_from}")
            label = row.get("label") if labels_from is None else gold[name]
            yield line, _copa(path, line, row, name, label, (task, split, language))

    return _frame(path, language, records())


def read_copa_xml(path: Path, task: str, split: str, language: str = "en") -> pd.DataFrame:
    """COPA as first given out (copa-dev.xml): items numbered from 1, the right alternative 1 or 2."""

    def records() -> Iterator[tuple[str, dict]]:
        for count, item in enumerate(read_elements(path, "item")):
            place = f"item[{count}]"
            row = {key: item.findtext(tag) or "" for key, tag in
                   (("premise", "p"), ("choice1", "a1"), ("choice2", "a2"))}  # fmt: skip
            right = item.get("most-plausible-alternative")
            label = {"1": "0", "2": "1"}.get(str(right), right)
            row["question"] = item.get("asks-for", "")
            number = item.get("id", "")
            if whole_number(number) is None:
                refuse(path, place, f"id {number!r} is no number")
            yield place, _copa(path, place, row, int(number) - 1, label, (task, split, language))

    return _frame(path, language, records())


def read_siqa(path: Path, task: str, split: str, language: str = "en") -> pd.DataFrame:
    """Social IQa in its two files: dev.jsonl without answers, and dev-labels.lst with 1, 2 or 3 a line."""
    labels_path = path.with_name(f"{path.stem}-labels.lst")
    labels = [line.strip() for line in read_lines(labels_path)]

    def records() -> Iterator[tuple[int, dict]]:
        count = 0
        for line, row in read_json_lines(path):
            if count == len(labels):
                refuse(labels_path, count, f"ends before {path.name}, whose line {line} has no label")
            names = identity(task, split, language, line, family="siqa")
            yield (
                line,
                names
                | {
                    "context": field(row, "context", path, line),
                    "question": field(row, "question", path, line),
                    "choices": [field(row, f"answer{letter}", path, line) for letter in "ABC"],
                    "label": _number(labels_path, count + 1, labels[count], "123"),
                },
            )
            count += 1
        if count < len(labels):
            refuse(labels_path, count + 1, f"goes on after {path.name}, which has {count} records")

    return _frame(path, language, records())


def read_hellaswag(path: Path, task: str, split: str, language: str = "en") -> pd.DataFrame:
    """HellaSwag in JSON lines (hellaswag_train.jsonl): a context and four endings."""

    def records() -> Iterator[tuple[int, dict]]:
        for line, row in read_json_lines(path):
            endings = field(row, "endings", path, line, list)
            if len(endings) != 4 or not all(isinstance(text, str) and is_visible(text) for text in endings):
                refuse(path, line, f"'endings' should be four texts, found {len(endings)} or empty ones")
            # ActivityNet and WikiHow count apart.
            name = f"{str(row.get('source_id', '')).partition('~')[0]}{field(row, 'ind', path, line, int)}"
            yield (
                line,
                identity(task, split, language, name, family="hellaswag")
                | {
                    "context": field(row, "ctx", path, line),
                    "question": "",
                    "choices": [text.strip() for text in endings],
                    "label": _number(path, line, row.get("label"), "0123"),
                },
            )

    return _frame(path, language, records())


def read_cosmosqa(path: Path, task: str, split: str, language: str = "en") -> pd.DataFrame:
    """Cosmos QA in CSV (valid.csv): a story, a question, four answers and the number of the right one."""
    columns = ("id", "context", "question", "answer0", "answer1", "answer2", "answer3")

    def records() -> Iterator[tuple[int, dict]]:
        for line, row in read_csv(path, columns):
            yield (
                line,
                identity(task, split, language, field(row, "id", path, line), "cosmosqa")
                | {
                    "context": field(row, "context", path, line),
                    "question": field(row, "question", path, line),
                    "choices": [field(row, f"answer{number}", path, line) for number in range(4)],
                    "label": _number(path, line, row.get("label"), "0123"),
                },
            )

    return _frame(path, language, records())


def read_commonsenseqa(path: Path, task: str, split: str, language: str = "en") -> pd.DataFrame:
    """CommonsenseQA in JSON lines (dev_rand_split.jsonl): a question without a text, five answers A to E."""

    def records() -> Iterator[tuple[int, dict]]:
        for line, row in read_json_lines(path):
            question = field(row, "question", path, line, dict)
            choices = field(question, "choices", path, line, list)
            letters = [field(choice, "label", path, line) for choice in choices]
            if letters != list("ABCDE"):
                refuse(path, line, f"choices are labelled {', '.join(letters)[:40]}, not A to E")
            yield (
                line,
                identity(task, split, language, field(row, "id", path, line), "commonsenseqa")
                | {
                    "context": "",
                    "question": field(question, "stem", path, line),
                    "choices": [field(choice, "text", path, line) for choice in choices],
                    "label": _number(path, line, row.get("answerKey"), letters),
                },
            )

    return _frame(path, language, records())
