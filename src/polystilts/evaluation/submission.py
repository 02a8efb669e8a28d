"""Answers as XTREME's evaluator reads them: one file for each task and language, `<task>/test-<language>`.

Any finished run becomes such a tree. Answers to questions become text here, so its examples must be there.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from polystilts.errors import StudyError, WrongUse
from polystilts.evaluation.answers import text_of
from polystilts.evaluation.labels import NO_CANDIDATE, gold_labels, read_ranking, right_answers
from polystilts.files import read_json, whole_folder
from polystilts.tasks import TASKS, Task

# Folders that are not called as the task is. XTREME-R's evaluator stops at a folder `lareqa`, which it cannot
# score, so LAReQA's answers lie under the name of its data set, where that evaluator does not look.
FOLDERS = {"bucc": "bucc2018", "lareqa": "xquad_r"}
WORDS = {"pawsx": {"different": "0", "same": "1"}}  # labels that the benchmark writes in another way
SUFFIXES = {"multiple_choice": "jsonl", "question_answering": "json"}


def answer_file(folder: str | Path, task: Task, language: str) -> Path:
    """Where the answers (or the labels) of a task in a language lie.

    >>> answer_file("submission", TASKS["bucc"], "de").as_posix()
    'submission/bucc2018/test-de.tsv'
    """
    named = task.kind == "retrieval" and task.metric in ("map@20", "mrr@20")
    suffix = SUFFIXES.get(task.kind, "json" if named else "tsv")
    return Path(folder) / FOLDERS.get(task.name, task.name) / f"test-{language}.{suffix}"


def benchmark_name(task: Task, language: str, example_id: str) -> str:
    """The name that the data set gives an item, which its example's id ends with.

    >>> benchmark_name(TASKS["tydiqa"], "sw", "tydiqa-test-sw-swahili-12-1")
    'swahili-12-1'
    """
    return example_id.removeprefix(f"{task.name}-test-{language}-")


def submit(
    run_folder: str | Path,
    output: str | Path,
    choose_variant: Callable[[list[str]], str],
    labels: str | Path | None = None,
    examples: Path | None = None,
) -> list[Path]:
    """Write the answers of a finished run as a tree that XTREME's evaluator reads; the files written.

    `choose_variant` picks one of the representations that retrieval was read from. With `labels` the right
    answers are written in the same layout there. Raises WrongUse where a run has no predictions or a folder
    holds something already, StudyError where answers need examples that are not on this disk.
    """
    run_folder = Path(run_folder)
    if labels is not None:
        ours, theirs = Path(output).resolve(), Path(labels).resolve()
        if ours in (theirs, *theirs.parents) or theirs in ours.parents:
            raise WrongUse(f"answers and labels cannot share a folder, {output} and {labels}; name another")
    for folder in (output, labels):
        if folder is not None and (Path(folder).is_file() or any(Path(folder).glob("*"))):
            raise WrongUse(f"{folder} holds something already; give a folder that is new or empty")
    files = sorted((run_folder / "predictions").glob("*.parquet"))
    if not files:
        raise WrongUse(f"{run_folder} holds no predictions; give a finished run, outputs/<scale>/runs/<run>")
    if unknown := [file for file in files if file.stem not in TASKS]:
        known = ", ".join(task.name for task in TASKS.values() if task.role == "target")
        raise WrongUse(f"{unknown[0]}: no task is called {unknown[0].stem!r}; there are {known}")
    examples = examples or examples_of(run_folder)
    with whole_folder(Path(output)) as draft:
        for file in files:
            task = TASKS[file.stem]
            found = pd.read_parquet(file)
            found = found[found["variant"] == choose_variant(list(found["variant"]))]
            for language, part in found.groupby("language"):
                frame = read_test(examples, task, str(language))
                write_answers(draft, task, str(language), part, frame)
        written = [path.relative_to(draft) for path in sorted(draft.rglob("*")) if path.is_file()]
    if labels is not None:
        with whole_folder(Path(labels)) as draft:
            for file in files:
                languages = pd.read_parquet(file, columns=["language"])["language"].unique()
                task = TASKS[file.stem]
                frames = {code: _needed(read_test(examples, task, code), task, code) for code in languages}
                write_labels(draft, task, frames)
    return [Path(output) / path for path in written]


def examples_of(run_folder: Path) -> Path:
    """Where the examples lie that a run was tested on: beside the runs, in the folder of its world."""
    record = run_folder / "run.json"
    world = run_folder.name.split(".")[1] if "." in run_folder.name else "w0"
    if record.exists():
        world = f"w{read_json(record)['seeds']['world']}"
    return run_folder.parent.parent / world / "examples"


def read_test(examples: Path, task: Task, language: str) -> pd.DataFrame | None:
    """The test rows of a task in a language, or nothing where they are not on this disk."""
    file = examples / task.name / f"test-{language}.parquet"
    return pd.read_parquet(file) if file.exists() else None


def _needed(frame: pd.DataFrame | None, task: Task, language: str) -> pd.DataFrame:
    if frame is None:
        raise StudyError(
            f"{task.name} in {language}: this needs its examples, which are not beside the run; prepare the "
            "data of the study again (chapter 02), or leave out its predictions"
        )
    return frame


def write_answers(
    folder: Path, task: Task, language: str, found: pd.DataFrame, frame: pd.DataFrame | None
) -> None:
    """Write one file of answers; `frame` holds the examples, which only some tasks need."""
    given = dict(zip(found["example_id"].astype(str), found["prediction"].astype(str), strict=True))
    names = {name: benchmark_name(task, language, name) for name in given}
    if task.kind == "classification":
        content = "".join(f"{_word(task, label)}\n" for label in given.values())
    elif task.kind == "multiple_choice":
        content = "".join(f"{json.dumps({'label': int(choice)})}\n" for choice in given.values())
    elif task.kind == "tagging":
        content = "\n".join("".join(f"{tag}\n" for tag in tags.split(" ")) for tags in given.values())
    elif task.kind == "question_answering":
        rows = _needed(frame, task, language).set_index("example_id")["context"]
        content = _json({names[name]: text_of(rows[name], span) for name, span in given.items()})
    elif task.metric == "accuracy":
        rows = _needed(frame, task, language)
        content = "".join(f"{number}\n" for number in _original_lines(task, rows, given))
    elif task.metric == "bucc_f1":
        pairs = ((name, one) for name, one in given.items() if one != NO_CANDIDATE)
        content = _pairs(task, language, pairs)
    else:
        content = _json({names[name]: read_ranking(text)[0] for name, text in given.items()})
    _write(answer_file(folder, task, language), content)


def write_labels(folder: Path, task: Task, frames: Mapping[str, pd.DataFrame]) -> None:
    """Write the right answers of a task in the benchmark's layout, from its examples in all its languages."""
    labels = gold_labels(task, frames)
    for language, part in labels.groupby("language"):
        if task.kind != "question_answering":
            gold = part.rename(columns={"gold": "prediction"})
            write_answers(folder, task, str(language), gold, frames[str(language)])
            continue
        questions = [
            {"id": benchmark_name(task, str(language), str(row["example_id"])), "question": row["question"],
             "answers": _answers(row)}
            for row in frames[str(language)].to_dict("records")
        ]  # fmt: skip
        contexts = frames[str(language)]["context"]
        paragraphs = [
            {"context": context, "qas": [question]}
            for context, question in zip(contexts, questions, strict=True)
        ]
        _write(answer_file(folder, task, str(language)), _json({"data": [{"paragraphs": paragraphs}]}))


def _answers(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    texts = right_answers(row)
    return [{"text": text, "answer_start": max(row["context"].find(text), 0)} for text in texts]


def _word(task: Task, label: str) -> str:
    return WORDS.get(task.name, {}).get(label, label)


def _original_lines(task: Task, rows: pd.DataFrame, given: Mapping[str, str]) -> Iterable[int]:
    """For each English sentence, in sorted order, the line (from 0) of the sentence it was paired with.

    XTREME sorts the English side and asks for the line that its translation has in the other side's file.
    """
    lines = {str(name): number for number, name in enumerate(rows["example_id"])}
    english = rows[task.search.query].reset_index(drop=True)
    for number in english[english != ""].sort_values(kind="stable").index:  # the others only are candidates
        yield lines[given[str(rows["example_id"].iloc[number])].split()[0]]


def _pairs(task: Task, language: str, pairs: Iterable[tuple[str, str]]) -> str:
    return "".join(
        f"{benchmark_name(task, language, a)}\t{benchmark_name(task, language, b)}\n" for a, b in pairs
    )


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, indent=0) + "\n"


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8", newline="\n")
