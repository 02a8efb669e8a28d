"""Files of answers and labels in XTREME's layout, read strictly: the first offence is named with its line."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from polystilts.errors import WrongUse
from polystilts.evaluation.submission import WORDS
from polystilts.sources.formats.strict import HALF_ESCAPED, half_surrogate, is_blank, whole_number
from polystilts.tasks import Task

# What public label files print where a label is kept back.
PLACEHOLDERS = ("", "-1", "hidden", "?", "_")


@dataclass(frozen=True)
class Answers:
    """What a file holds: answers in order or by name, and the line each stands on."""

    path: Path
    values: list[Any]
    lines: list[int]
    names: list[str] | None = None  # of files whose answers are named


def refuse(path: Path, line: int, why: str) -> NoReturn:
    """Refuse a file in one line that names it and the place."""
    raise WrongUse(f"{path}:{line}: {why}")


def form_of(task: Task) -> str:
    """How the answers of a task are laid out: by its kind, and for retrieval by its metric."""
    if task.kind != "retrieval":
        return task.kind
    return {"accuracy": "lines", "bucc_f1": "pairs"}.get(task.metric, "rankings")


def read_answers(task: Task, path: Path, of_labels: bool = False) -> Answers:
    """The answers in a file, or its labels, which may be kept back; WrongUse with file and line if broken."""
    if of_labels and task.kind == "question_answering":
        return read_questions(path)
    return _READERS[form_of(task)](task, path, of_labels)


def text_lines(path: Path) -> list[str]:
    """The lines of a UTF-8 file, without what ends them."""
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        refuse(path, content[: error.start].count(b"\n") + 1, "is not UTF-8; save it as UTF-8")
    lines = [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]
    for mark, what in (("\r", "a carriage return (CR) without a line feed"), ("\0", "a zero byte")):
        if stray := next((number for number, line in enumerate(lines, 1) if mark in line), 0):
            refuse(path, stray, f"{what}; save it as UTF-8 with LF at the end of each line")
    return lines


def _read_labels(task: Task, path: Path, of_labels: bool = False) -> Answers:
    known = [WORDS.get(task.name, {}).get(label, label) for label in task.labels]
    lines = [line.strip() for line in text_lines(path)]
    for number, label in enumerate(lines, start=1):
        if label not in known and not (of_labels and label in PLACEHOLDERS):
            refuse(path, number, f"unknown label {label[:40]!r}; labels are {', '.join(known)}")
    return Answers(path, lines, list(range(1, len(lines) + 1)))


def _read_tags(task: Task, path: Path, of_labels: bool = False) -> Answers:
    sentences: list[list[str]] = [[]]
    starts = [1]
    lines = text_lines(path)
    while lines and is_blank(lines[-1]):
        lines.pop()  # one or more blank lines may close the file
    for number, line in enumerate(lines, start=1):
        cells = line.strip(" ").split("\t")
        if len(cells) > 2:
            refuse(path, number, f"{len(cells)} columns where a tag, or a word and its tag, belongs")
        tag = cells[-1].strip()
        if is_blank(line):
            if not sentences[-1]:
                refuse(path, number, "two blank lines, an empty sentence; one blank line parts sentences")
            sentences.append([])
            starts.append(number + 1)
            continue
        if tag not in task.labels and not (of_labels and tag in PLACEHOLDERS):
            refuse(path, number, f"unknown tag {tag[:40]!r}; tags are {', '.join(task.labels)}")
        sentences[-1].append(tag)
    return Answers(path, sentences, starts)


def _read_choices(task: Task, path: Path, of_labels: bool = False) -> Answers:
    known = [str(number) for number in range(task.choices)]
    found = []
    for number, line in enumerate(text_lines(path), start=1):
        row = _parsed(path, line, number)
        choice = str(row["label"]) if isinstance(row, dict) and "label" in row else None
        if choice is None:
            refuse(path, number, '{"label": number} belongs here')
        if choice not in known and not (of_labels and choice in PLACEHOLDERS):
            refuse(path, number, f"unknown choice {choice[:40]!r}; choices are {', '.join(known)}")
        found.append(choice)
    return Answers(path, found, list(range(1, len(found) + 1)))


def _read_lines(task: Task, path: Path, of_labels: bool = False) -> Answers:
    found = [line.strip() for line in text_lines(path)]
    for number, line in enumerate(found, start=1):
        if (counted := whole_number(line)) is not None:
            found[number - 1] = str(counted)  # "07" is 7
            continue
        if line.startswith("[") and line.endswith("]"):
            refuse(
                path,
                number,
                f"{line[:40]!r} has brackets; write the bare number, or every answer counts as wrong",
            )
        if not (of_labels and line in PLACEHOLDERS):
            refuse(path, number, f"{line[:40]!r} is no line number, counted from 0 and written with 0 to 9")
    return Answers(path, found, list(range(1, len(found) + 1)))


def _read_pairs(task: Task, path: Path, of_labels: bool = False) -> Answers:
    lines = [] if not path.read_bytes().strip() else text_lines(path)
    pairs = [tuple(name.strip() for name in line.split("\t")) for line in lines]
    for number, pair in enumerate(pairs, start=1):
        if len(pair) != 2 or not all(pair):
            refuse(path, number, "the names of two sentences, a tab between them, belong here")
    return Answers(path, pairs, list(range(1, len(pairs) + 1)))


def _parsed(path: Path, text: str, first: int = 1) -> Any:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            refuse(path, line_of(path, twice, last=True), f"{twice[:40]!r} is there twice; keep one")
        return found

    try:
        found = json.loads(text, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        refuse(path, first + error.lineno - 1, f"is not JSON here: {error.msg}")
    except RecursionError:
        refuse(path, first, "is nested too deeply to be read")
    except ValueError:  # Python gives up on a number of thousands of digits
        refuse(path, first, "has a number of thousands of digits")
    if HALF_ESCAPED.search(text) and (place := half_surrogate(found)) is not None:
        line = next(n for n, one in enumerate(text.split("\n")) if HALF_ESCAPED.search(one))
        refuse(
            path,
            first + line,
            f"{place[:60]}: half a surrogate pair, which is no character; write both halves",
        )
    return found


def line_of(path: Path, name: str, last: bool = False) -> int:
    """The line on which a name stands in a JSON file, 1 where it cannot be found."""
    wanted = {json.dumps(name), json.dumps(name, ensure_ascii=False)}
    numbers = [n for n, line in enumerate(text_lines(path), start=1) if any(text in line for text in wanted)]
    return (numbers[-1] if last else numbers[0]) if numbers else 1


def _read_named(path: Path, right: Callable[[Any], bool], what: str) -> Answers:
    content = _parsed(path, "\n".join(text_lines(path)))
    if not isinstance(content, dict):
        refuse(path, 1, f"a JSON object, name to {what}, belongs here")
    for name, value in content.items():
        if not right(value):
            refuse(path, line_of(path, name), f"{name[:40]!r}: {what} belongs here, not {str(value)[:40]!r}")
    return Answers(path, list(content.values()), [], list(content))


def _read_answers(task: Task, path: Path, of_labels: bool = False) -> Answers:
    return _read_named(path, lambda value: isinstance(value, str), "the text of an answer")


def _read_rankings(task: Task, path: Path, of_labels: bool = False) -> Answers:
    def right(value: Any) -> bool:
        return isinstance(value, list) and all(isinstance(name, str) for name in value)

    return _read_named(path, right, "a list of candidates")


def read_questions(path: Path) -> Answers:
    """The right answers to questions, by the names of these, from a SQuAD file or a bare list of articles."""
    content = _parsed(path, "\n".join(text_lines(path)))
    articles = content.get("data") if isinstance(content, dict) else content
    found: dict[str, list[str]] = {}
    try:
        for article in articles:
            for paragraph in article["paragraphs"]:
                for question in paragraph["qas"]:
                    name = str(question["id"])
                    if name in found:
                        refuse(path, line_of(path, name, last=True), f"{name!r} is there twice; keep one")
                    texts = [answer["text"] for answer in question.get("answers", [])]
                    if not all(isinstance(text, str) for text in texts):
                        refuse(path, line_of(path, name), f"{name!r}: an answer is not a text")
                    found[name] = texts
    except (KeyError, TypeError) as error:
        refuse(
            path, 1, f"is not laid out as SQuAD is (data, paragraphs, qas, id, answers): {error} is missing"
        )
    return Answers(path, list(found.values()), [], list(found))


_READERS: dict[str, Callable[..., Answers]] = {
    "classification": _read_labels,
    "multiple_choice": _read_choices,
    "tagging": _read_tags,
    "question_answering": _read_answers,
    "lines": _read_lines,
    "pairs": _read_pairs,
    "rankings": _read_rankings,
}
