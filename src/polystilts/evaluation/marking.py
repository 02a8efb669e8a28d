"""Scores of a tree of answers in XTREME's layout, ours or anyone's, against a tree of labels.

Whatever is there is scored, language by language; where labels are kept back that is said, and no number is.
A file that is not what its task asks for is refused with its name and the line of its first offence.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from polystilts.errors import WrongUse
from polystilts.evaluation import metrics
from polystilts.evaluation.answer_files import (
    PLACEHOLDERS,
    Answers,
    form_of,
    line_of,
    read_answers,
    refuse,
    text_lines,
)
from polystilts.evaluation.overall import overall
from polystilts.evaluation.scores import mark_answer, metrics_of
from polystilts.evaluation.submission import answer_file
from polystilts.tasks import TASKS, Task

WITHHELD = "labels withheld"
MANY = 20  # labels that are all the same word, in as many items, are a placeholder


def score_tree(predictions: str | Path, labels: str | Path) -> pd.DataFrame:
    """One row for each task, language and metric: value (0–100), n, and a note where there is no value.

    Its attrs name what is there and cannot be scored (`unknown`: folders of no task) and what is not there
    (`missing`: by task, the languages that have labels and no answers). Raises WrongUse where the folders
    hold nothing to score, no labels belong to any answers, or a file is not what its task asks for.
    """
    predictions, labels = Path(predictions), Path(labels)
    for folder in (predictions, labels):
        if not folder.is_dir():
            raise WrongUse(f"{folder} is not a folder; give the root of <task>/test-<language> files")
    targets = [task for task in TASKS.values() if task.role == "target"]
    rows, missing, labelled, wanted = [], {}, 0, ""
    for task in targets:
        files, known = _files(predictions, task), _files(labels, task)
        for language, file in files.items():
            wanted = wanted or answer_file(labels, task, language)
            labelled += language in known
            rows += _score_file(task, language, file, answer_file(labels, task, language))
        if files and (lacking := [language for language in known if language not in files]):
            missing[task.name] = lacking
    if not rows:
        raise WrongUse(
            f"{predictions} holds no answers; they lie in <task>/test-<language>.<tsv, json or jsonl>"
        )
    if not labelled:
        raise WrongUse(
            f"{labels} holds no labels of any of these answers; the first is looked for at {wanted}"
        )
    folders = {answer_file("", task, "").parent.name for task in targets}
    unknown = sorted(
        path.name for path in predictions.iterdir() if path.is_dir() and path.name not in folders
    )
    scores = pd.DataFrame(rows, columns=["target_task", "language", "metric", "value", "n", "note"])
    scores.attrs = {"unknown": unknown, "missing": missing}
    return scores


def _files(folder: Path, task: Task) -> dict[str, Path]:
    """The files of a task in a tree, by language."""
    pattern = answer_file("", task, "*")
    found = sorted((folder / pattern.parent).glob(pattern.name))
    return {file.stem.removeprefix("test-"): file for file in found}


def told(scores: pd.DataFrame) -> str:
    """The scores as a reader wants them: every language of every task, and the averages of the benchmarks."""
    lines = [f"{'task':12s} {'language':8s} {'metric':15s} {'score':>8s} {'items':>7s}"]
    for row in scores.itertuples():
        value = row.note or f"{row.value:8.3f} {row.n:7d}"
        lines.append(f"{row.target_task:12s} {row.language:8s} {row.metric:15s} {value}")
    scored = scores[scores["note"] == ""]
    lines += [
        "",
        f"{scored['target_task'].nunique()} tasks and {scored['language'].nunique()} languages scored",
    ]
    for task, codes in scores.attrs.get("missing", {}).items():
        lines.append(f"{task}: no answers in {len(codes)} languages that have labels: {' '.join(codes)}")
    if unknown := scores.attrs.get("unknown"):
        lines.append(f"not scored, for no task has such a folder: {' '.join(unknown)}")
    lines.append("")
    for row in overall(scored).itertuples():
        value = f"lacks {row.missing}" if row.missing else f"{row.value:.3f}"
        lines.append(f"{row.average:34s} {value:>8s}  of {row.languages} pairs of task and language")
    return "\n".join(lines)


def _score_file(task: Task, language: str, file: Path, label_file: Path) -> list[tuple]:
    withheld = [(task.name, language, metric, float("nan"), 0, WITHHELD) for metric in _metrics(task)]
    if not label_file.is_file() or not label_file.read_bytes().strip():
        return withheld
    gold = read_answers(task, label_file, of_labels=True)
    if _is_withheld(task, gold):
        return withheld
    given = read_answers(task, file)
    values, count = _SCORES[form_of(task)](task, language, given, gold)
    return [(task.name, language, metric, values[metric], count, "") for metric in _metrics(task)]


def _metrics(task: Task) -> tuple[str, ...]:
    """What a tree can be scored with: rankings in it end where the main metric ends."""
    return tuple(metric for metric in metrics_of(task) if metric != "map")


def _is_withheld(task: Task, gold: Answers) -> bool:
    def word(value: Any) -> str:
        return "" if not value else value[0] if isinstance(value, list) else str(value)

    if task.kind == "tagging":
        return all(tag in PLACEHOLDERS for tags in gold.values for tag in tags)
    told = {word(value) for value in gold.values}
    if task.kind in ("classification", "multiple_choice") and len(told) == 1 and len(gold.values) >= MANY:
        return True
    return told <= set(PLACEHOLDERS)


def _of_equal_length(given: Answers, gold: Answers, what: str) -> None:
    if len(given.values) != len(gold.values):
        short = min(len(given.values), len(gold.values))
        last = given.lines[short] if short < len(given.lines) else given.lines[-1] if given.lines else 1
        refuse(given.path, last, f"{len(given.values)} {what} here, {len(gold.values)} in {gold.path}")


def _paired(given: Answers, gold: Answers, what: str) -> list[tuple[Any, Any]]:
    """Answers beside the right ones, by name; refused unless both name the same items."""
    answers = dict(zip(given.names, given.values, strict=True))
    for name in gold.names:
        if name not in answers:
            there = f"{len(answers)} of {len(gold.names)} are there"
            refuse(given.path, len(text_lines(given.path)), f"no answer to {what} {name[:60]!r}; {there}")
    known = set(gold.names)
    for name in given.names:
        if name not in known:
            refuse(
                given.path, line_of(given.path, name), f"unknown {what} {name[:60]!r}; {gold.path} has none"
            )
    return [(answers[name], right) for name, right in zip(gold.names, gold.values, strict=True)]


def _score_plain(task: Task, language: str, given: Answers, gold: Answers) -> tuple[dict[str, float], int]:
    _of_equal_length(given, gold, "answers")
    return {"accuracy": metrics.accuracy(gold.values, given.values)}, len(gold.values)


def _score_tags(task: Task, language: str, given: Answers, gold: Answers) -> tuple[dict[str, float], int]:
    for number, (tags, right) in enumerate(zip(given.values, gold.values, strict=False)):
        if len(tags) != len(right):
            counts = f"{len(tags)} tags here, {len(right)} in {gold.path}"
            refuse(given.path, given.lines[number], f"sentence {number + 1} has {counts}")
    _of_equal_length(given, gold, "sentences")
    f1 = metrics.chunk_f1(gold.values, given.values)
    measures = {"token_accuracy": metrics.token_accuracy(gold.values, given.values)}
    return measures | {"f1": f1, "span_f1": f1}, len(gold.values)


def _score_answers(task: Task, language: str, given: Answers, gold: Answers) -> tuple[dict[str, float], int]:
    marks = [mark_answer(task, text, right, language) for text, right in _paired(given, gold, "question")]
    return {name: metrics.mean_score(mark[name] for mark in marks) for name in marks[0]}, len(marks)


def _score_pairs(task: Task, language: str, given: Answers, gold: Answers) -> tuple[dict[str, float], int]:
    return {"bucc_f1": metrics.bucc_f1(gold.values, given.values)}, len(set(gold.values))


def _score_rankings(task: Task, language: str, given: Answers, gold: Answers) -> tuple[dict[str, float], int]:
    measure = {"map@20": metrics.average_precision, "mrr@20": metrics.reciprocal_rank}[task.metric]
    paired = _paired(given, gold, "query")
    return {task.metric: metrics.mean_score(measure(ranked, right) for ranked, right in paired)}, len(paired)


_SCORES: Mapping[str, Callable[[Task, str, Answers, Answers], tuple[dict[str, float], int]]] = {
    "classification": _score_plain,
    "multiple_choice": _score_plain,
    "tagging": _score_tags,
    "question_answering": _score_answers,
    "lines": _score_plain,
    "pairs": _score_pairs,
    "rankings": _score_rankings,
}
