"""The right answers once more, from the test items of the data: are the published labels theirs?"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from polystilts.gate.evidence import Evidence
from polystilts.gate.finding import several
from polystilts.tasks import TASKS, Task

ITEM = ["language", "example_id"]
NO_CANDIDATE = "-"  # what a query that has no right candidate is answered with
DEV = "dev-"  # begins the name of a file about development rows


def wrong_labels(evidence: Evidence, world: Path, seed: int, asked: Sequence[str]) -> Iterator[str]:
    """Labels that are not those of the test items, one for each, with their right answers."""
    for file in sorted((evidence.folder / "labels" / f"w{seed}").glob("*.parquet")):
        split = "dev" if file.stem.startswith(DEV) else "test"
        task, labels = TASKS[file.stem.removeprefix(DEV)], pd.read_parquet(file).astype({"example_id": str})
        name = f"labels/w{seed}/{file.name}"
        asked_here = asked if split == "test" else labels["language"].unique()
        tests = {code: world / "examples" / task.name / f"{split}-{code}.parquet" for code in asked_here}
        items = {code: pd.read_parquet(test) for code, test in tests.items() if test.is_file()}
        if not items:
            yield f"{name} has no {split} items behind it"
            continue
        right = labels_again(task, items)
        if lacking := sorted(set(right) - set(labels)):
            yield f"{name} lacks {several(lacking)}"
            continue
        both = labels.merge(right, on=ITEM, how="outer", suffixes=("", "_right"), indicator=True)
        known = both["_merge"] == "both"
        differ = {
            column: known & (both[column].map(_exact) != both[f"{column}_right"].map(_exact))
            for column in right.columns.drop(ITEM)
        }
        for what, rows in (
            ("labels are of no test item", both["_merge"] == "left_only"),
            ("test items have no label", both["_merge"] == "right_only"),
            ("labels are there twice", both.duplicated(ITEM)),
            *((f"labels are not the right answers of the data: another {column}", rows)
              for column, rows in differ.items()),
        ):  # fmt: skip
            if rows.any():
                one = both[rows].iloc[0]
                yield f"{name}: {rows.sum()} {what}, the first {one['example_id']} in {one['language']}"


def _exact(value) -> str | tuple[str, ...]:
    return value if isinstance(value, str) else tuple(value) if hasattr(value, "__len__") else str(value)


def labels_again(task: Task, items: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The labels that test items make, by language; for questions their contexts and right answers too."""
    pool = _answers_in_pool(task, items) if task.search and task.search.match != task.search.candidate else {}
    parts = []
    for language, frame in items.items():
        if task.search and task.search.query in frame:  # the others are only there to be found
            frame = frame[frame[task.search.query] != ""]
        rows = frame.to_dict("records")
        part = pd.DataFrame({
            "language": language,
            "example_id": [str(row["example_id"]) for row in rows],
            "meaning_id": [str(row["meaning_id"]) for row in rows],
            "gold": [_gold(task, row, pool) for row in rows],
        })  # fmt: skip
        if task.kind == "question_answering":
            part["context"] = [row["context"] for row in rows]
            part["answers"] = [_texts_that_answer(row) for row in rows]
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _gold(task: Task, row: Mapping[str, Any], pool: Mapping[str, set[str]]) -> str:
    """The right answer of one item, as labels write it."""
    if task.kind == "tagging":
        return " ".join(row["tags"])
    if task.kind == "question_answering":
        start, text = int(row["answer_start"]), row["answer_text"]
        if start < 0:
            return "-1:-1"
        end = start + len(text)
        return f"{start}:{end}" if row["context"][start:end] == text else "not in its context"
    if task.kind != "retrieval":
        return str(row["label"])
    search, wanted = task.search, str(row[task.search.match])
    if search.match != search.candidate:
        return " ".join(sorted(pool.get(wanted, ())))
    # descriptions of entities lie in a file of their own; elsewhere an empty answer means there is none
    return wanted if search.entities or row[search.answer] != "" else NO_CANDIDATE


def _answers_in_pool(task: Task, items: Mapping[str, pd.DataFrame]) -> dict[str, set[str]]:
    """The candidates of all languages that are right for each meaning.

    Where one text answers two questions of a language it is one candidate, named as the first of them.
    """
    search, right = task.search, defaultdict(set)
    for frame in items.values():
        first: dict[str, str] = {}
        for row in frame[frame[search.answer] != ""].to_dict("records"):
            name = row.get("candidate_id") or first.setdefault(row[search.answer], row[search.candidate])
            right[str(row[search.match])].add(str(name))
    return right


def _texts_that_answer(row: Mapping[str, Any]) -> list[str]:
    """The text that is marked in the context, and the further ones that annotators gave."""
    marked = [row["answer_text"]] if row["answer_start"] >= 0 else []
    further = row.get("answers")
    further = [] if further is None or isinstance(further, str | float) else further
    return list(dict.fromkeys(map(str, [*marked, *further])))
