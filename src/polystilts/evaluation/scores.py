"""From predictions and labels to rows of `scores.csv`.

They are enough to make every score again, without the rest of the data and without a model.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from polystilts.errors import StudyError
from polystilts.evaluation import metrics
from polystilts.evaluation.answers import NO_ANSWER, answer_exact, answer_f1, normaliser, text_of
from polystilts.evaluation.exposure import exposure
from polystilts.evaluation.labels import (
    ANSWER_COLUMNS,
    LABEL_COLUMNS,
    NO_CANDIDATE,
    read_ranking,
)
from polystilts.files import write_text
from polystilts.sources.formats.strict import whole_number
from polystilts.tasks import Task

SCORE_COLUMNS = (
    "scale", "run_id", "world_seed", "encoder", "encoder_seed", "strategy", "intermediate_task",
    "language_set", "seed", "finetune_task", "target_task", "task_kind", "language", "exposure", "split",
    "metric", "variant", "value", "n",
)  # fmt: skip
PREDICTION_COLUMNS = ("language", "example_id", "prediction")  # and `variant`, where there are several

# Measures that a task reports beside its main one.
EXTRA_METRICS = {
    ("tagging", "f1"): ("token_accuracy",),
    ("question_answering", "f1"): ("exact_match",),
    ("retrieval", "map@20"): ("map",),  # over the whole ranking, as the paper of LAReQA has it
}
# What a single item is marked with, where the main metric is no mean over items.
ITEM_METRICS = {"f1": "token_accuracy", "span_f1": "token_accuracy", "bucc_f1": "accuracy"}


def metrics_of(task: Task) -> tuple[str, ...]:
    """The measures a task is scored with, the main one first."""
    return (task.metric, *EXTRA_METRICS.get((task.kind, task.metric), ()))


# --- items ----------------------------------------------------------------------------------------------


def item_scores(
    task: Task, predictions: pd.DataFrame, labels: pd.DataFrame, where: str = "predictions"
) -> pd.Series:
    """The score of each single prediction, from 0 to 1, in the order of the rows: column `item_score`.

    It is the main metric wherever that is a mean over items. Chunk F1 is none, so a tagged sentence gets the
    share of its words whose tag is right; and of mined pairs each sentence is right or wrong.
    """
    paired = _pair(task, predictions, labels, where)
    return pd.Series(_items(task, paired, where)[_item_metric(task)], index=predictions.index, dtype=float)


def _item_metric(task: Task) -> str:
    return task.metric if task.kind == "question_answering" else ITEM_METRICS.get(task.metric, task.metric)


def _items(task: Task, paired: pd.DataFrame, where: str) -> dict[str, list[float]]:
    """Every measure that single items have, in the order of the rows."""
    mark = _MARKERS[task.kind]
    marks = []
    names = list(paired)  # as records, pandas would take twice as long
    columns = [paired[name].to_numpy(dtype=object) for name in names]
    for number, values in enumerate(zip(*columns, strict=True), start=1):
        row = dict(zip(names, values, strict=True))
        try:
            marks.append(mark(task, row))
        except ValueError as problem:
            name = f"{row['language']}, example {row['example_id']}"
            raise StudyError(f"{where}, row {number} ({name}): {problem}") from None
    every = set.intersection(*map(set, marks)) if marks else set()
    return {name: [item[name] for item in marks] for name in every}


def _mark_label(task: Task, row: Mapping[str, Any]) -> dict[str, float]:
    if row["prediction"] not in task.labels:
        raise ValueError(f"unknown label {row['prediction']!r}; labels are {', '.join(task.labels)}")
    return {"accuracy": float(row["prediction"] == row["gold"])}


def _mark_choice(task: Task, row: Mapping[str, Any]) -> dict[str, float]:
    names = [str(number) for number in range(task.choices)] if task.choices else None
    if whole_number(row["prediction"]) is None or (names and row["prediction"] not in names):
        known = ", ".join(names) if names else "0, 1, ..."
        raise ValueError(f"unknown choice {row['prediction']!r}; choices are {known}")
    return {"accuracy": float(row["prediction"] == row["gold"])}


def _mark_tags(task: Task, row: Mapping[str, Any]) -> dict[str, float]:
    gold, tags = row["gold"].split(" "), row["prediction"].split(" ")
    if len(gold) != len(tags):
        raise ValueError(f"{len(tags)} tags for {len(gold)} words; give one tag a word, parted by one space")
    unknown = [tag for tag in tags if task.labels and tag not in task.labels]
    if unknown:
        raise ValueError(f"unknown tag {unknown[0]!r}; tags are {', '.join(task.labels)}")
    return {"token_accuracy": sum(a == b for a, b in zip(gold, tags, strict=True)) / len(gold)}


def _mark_span(task: Task, row: Mapping[str, Any]) -> dict[str, float]:
    _check_span(row["prediction"])
    given = text_of(row["context"], row["prediction"])
    return mark_answer(task, given, list(row["answers"]), row["language"])


def mark_answer(task: Task, given: str, answers: list[str], language: str) -> dict[str, float]:
    """The two marks of one answer to a question, from 0 to 1, by the rules of the task."""
    normalise = normaliser(task.normaliser, language)
    rule = {"empty_may_match": task.unanswerable}  # SQuAD 2 where answers may be missing, else SQuAD 1.1
    return {
        "f1": answer_f1(given, answers, normalise, **rule),
        "exact_match": answer_exact(given, answers, normalise, **rule),
    }


def _check_span(text: str) -> None:
    start, colon, end = text.partition(":")
    first, last = whole_number(start), whole_number(end)
    known = colon and first is not None and last is not None and first < last
    if text != NO_ANSWER and not known:
        raise ValueError(f"{text!r} is no span; write start:end in characters, or -1:-1 for no answer")


def _mark_ranking(task: Task, row: Mapping[str, Any]) -> dict[str, float]:
    relevant = row["gold"].split()
    ranked, behind = read_ranking(row["prediction"])
    if not ranked:
        raise ValueError("no candidates; give the ids of the best ones, best first, parted by spaces")
    if task.metric == "map@20":
        places = [place for place, name in enumerate(ranked, start=1) if name in relevant]
        found = {"map@20": metrics.average_precision(ranked, relevant)}
        if len(places) + len(behind) == len(relevant):
            found["map"] = metrics.average_precision_of_ranks([*places, *behind.values()])
        return found
    if task.metric == "mrr@20":
        return {"mrr@20": metrics.reciprocal_rank(ranked, relevant)}
    return {"accuracy": metrics.first_is_relevant(ranked, relevant)}


_MARKERS: dict[str, Callable[[Task, Mapping[str, Any]], dict[str, float]]] = {
    "classification": _mark_label,
    "multiple_choice": _mark_choice,
    "tagging": _mark_tags,
    "question_answering": _mark_span,
    "retrieval": _mark_ranking,
}


def _pair(task: Task, predictions: pd.DataFrame, labels: pd.DataFrame, where: str) -> pd.DataFrame:
    """Every prediction beside its right answer; refused unless each item is there exactly once."""
    _need(predictions, PREDICTION_COLUMNS, where)
    what = f"labels of {task.name}"
    _need(labels, LABEL_COLUMNS + (ANSWER_COLUMNS if task.kind == "question_answering" else ()), what)
    found = predictions.reset_index(drop=True)
    if found.empty:
        raise StudyError(f"{where} is empty; predict {task.name} first")
    if "variant" not in found:
        found = found.assign(variant="")
    for column in (*PREDICTION_COLUMNS, "variant"):
        _refuse_rows(found[column].isna(), found, where, f"no {column}; fill it in or leave the row out")
    found = found.astype({column: str for column in (*PREDICTION_COLUMNS, "variant")})
    keys = ["language", "example_id"]
    labels = labels.astype({key: str for key in keys})
    _refuse_rows(labels["gold"].isna(), labels, what, "the label is withheld; score a split that has labels")
    _refuse_rows(labels.duplicated(keys), labels, what, "the example is labelled twice; keep one row")
    known = sorted(labels["language"].unique())
    _refuse_rows(~found["language"].isin(known), found, where,
                 f"no labels for this language; labels are in {', '.join(known)}")  # fmt: skip
    twice = found.duplicated([*keys, "variant"])
    _refuse_rows(twice, found, where, "the example is predicted twice; keep one row")
    gold = labels[[c for c in labels.columns if c in (*keys, "gold", *ANSWER_COLUMNS)]]
    paired = found[[*keys, "variant", "prediction"]].merge(gold, on=keys, how="left")
    _refuse_rows(paired["gold"].isna(), paired, where, "unknown example; its id is not among the labels")
    wanted = labels["language"].value_counts()
    for (language, variant), part in paired.groupby(["language", "variant"]):
        if len(part) < wanted[language]:  # each is known and there once, so these are some of them
            ids = labels.loc[labels["language"] == language, "example_id"]
            missing = sorted(set(ids) - set(part["example_id"]))
            cell = f"{language}, variant {variant}" if variant else language
            raise StudyError(
                f"{where}: {len(missing)} of {len(ids)} examples in {cell} have no prediction, "
                f"the first is {missing[0]}; predict them all"
            )
    return paired


def _need(frame: pd.DataFrame, columns: Collection[str], what: str) -> None:
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise StudyError(f"{what} lacks the columns {', '.join(missing)}; it has {', '.join(frame.columns)}")


def _refuse_rows(wrong: pd.Series, frame: pd.DataFrame, where: str, why: str) -> None:
    if wrong.any():
        position = int(wrong.to_numpy().argmax())
        name = "{language}, example {example_id}".format(**frame.iloc[position])
        raise StudyError(f"{where}, row {position + 1} ({name}): {why}")


# --- scores ---------------------------------------------------------------------------------------------


def score_predictions(
    task: Task, predictions: pd.DataFrame, labels: pd.DataFrame, where: str = "predictions"
) -> pd.DataFrame:
    """One row for each language, variant and metric: the value (0–100) and the number of items it rests on.

    Languages without predictions are left out; a language that is there must be complete. `where` is what
    errors call the predictions: give the file's path.
    """
    paired = _pair(task, predictions, labels, where)
    items = _items(task, paired, where)
    names, golds, given = (paired[column].tolist() for column in ("example_id", "gold", "prediction"))
    cells: dict[tuple[str, str], list[int]] = {}  # the rows of each: as lists, for cells are many and small
    for row, cell in enumerate(zip(paired["language"].tolist(), paired["variant"].tolist(), strict=True)):
        cells.setdefault(cell, []).append(row)
    rows = []
    for (language, variant), part in sorted(cells.items()):
        for metric in metrics_of(task):
            if task.kind == "tagging":
                gold, tags = ([texts[row].split(" ") for row in part] for texts in (golds, given))
                measure = metrics.token_accuracy if metric == "token_accuracy" else metrics.chunk_f1
                value = measure(gold, tags)
            elif metric == "bucc_f1":
                right, mined = (
                    {(names[row], texts[row]) for row in part if texts[row] != NO_CANDIDATE}
                    for texts in (golds, given)
                )
                value = metrics.bucc_f1(right, mined)
            elif metric in items:
                value = metrics.mean_score(items[metric][row] for row in part)
            else:  # a whole ranking was asked for, and only its head is there
                continue
            rows.append((language, variant, metric, value, len(part)))
    return pd.DataFrame(rows, columns=["language", "variant", "metric", "value", "n"])


def score_run(
    run: Any,
    scale: str,
    task: Task,
    predictions: pd.DataFrame,
    labels: pd.DataFrame,
    *,
    source_language: str,
    intermediate_kinds: str | Collection[str] = (),
    labelled_languages: Collection[str] = (),
    split: str = "test",
    where: str = "",
) -> pd.DataFrame:
    """The rows of `scores.csv` for one target task of one run.

    `intermediate_kinds` and `labelled_languages` say which labelled rows the arm read before the target task.
    The source language of a target that is tuned counts as `same-task`: its labels are what it is tuned on.
    """
    where = where or f"predictions of {run.run_id} for {task.name}"
    rows = score_predictions(task, predictions, labels, where)
    tuned = task.training_task != "none"
    rows["exposure"] = [
        "same-task" if tuned and language == source_language
        else exposure(task.kind, intermediate_kinds, labelled_languages, language)
        for language in rows["language"]
    ]  # fmt: skip
    same = {
        "scale": scale, "run_id": run.run_id, "world_seed": run.world_seed, "encoder": run.encoder,
        "encoder_seed": run.encoder_seed, "strategy": run.strategy,
        "intermediate_task": run.intermediate_task or "none", "language_set": run.language_set or "-",
        "seed": run.seed, "finetune_task": task.training_task, "target_task": task.name,
        "task_kind": task.kind, "split": split,
    }  # fmt: skip
    return rows.assign(**same)[list(SCORE_COLUMNS)]


def write_scores(path: Path, rows: pd.DataFrame | Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Write `scores.csv` sorted, with six decimals, so that equal scores are equal bytes; returns it.

    Columns that a pool has added stay behind the others.
    """
    table = rows if isinstance(rows, pd.DataFrame) else pd.concat(list(rows), ignore_index=True)
    _need(table, SCORE_COLUMNS, "the score table")
    table = table[[*SCORE_COLUMNS, *(column for column in table if column not in SCORE_COLUMNS)]]
    keys = [column for column in table if column not in ("value", "n")]
    for wrong, why in (
        (table["value"].isna(), "has no value; score its predictions again"),
        (table.duplicated(keys), "is there twice; keep one row"),
    ):
        if wrong.any():
            cell = "{run_id}, {target_task} in {language}: the {metric}".format(**table[wrong].iloc[0])
            raise StudyError(f"{cell} {why}")
    table = table.sort_values(keys).reset_index(drop=True)
    table["value"] = table["value"].astype(float).round(6) + 0.0  # no minus zero
    text = table.assign(value=table["value"].map("{:.6f}".format)).to_csv(index=False, lineterminator="\n")
    write_text(path, text)
    return table
