"""One number for a benchmark: means over languages, then over tasks, and which tasks they lack.

XTREME-R's own script prints averages of groups and no overall score: it lists LAReQA among its tasks but can
neither read nor score it. The overall score here is the plain mean of the ten tasks, LAReQA among them; the
official averages stand beside it under the names that the script gives them.
"""

import pandas as pd

from polystilts.tasks import TARGET_TASKS

_QUESTIONS = ("xquad", "mlqa", "tydiqa")
# The averages of google-research/xtreme's evaluate.py at 838c13b. In its XTREME-R, XCOPA counts in two groups
# and retrieval is without LAReQA.
AVERAGES: dict[str, tuple[str, ...]] = {
    "XTREME-R overall": tuple(task.name for task in TARGET_TASKS),
    "XTREME-R without LAReQA": tuple(task.name for task in TARGET_TASKS if task.name != "lareqa"),
    "XTREME-R classification": ("xnli", "xcopa"),
    "XTREME-R multi_choice": ("xcopa",),
    "XTREME-R tagging": ("udpos", "panx"),
    "XTREME-R qa": _QUESTIONS,
    "XTREME-R retrieval": ("tatoeba", "mewslix"),
    "XTREME overall": ("xnli", "pawsx", "udpos", "panx", *_QUESTIONS, "bucc", "tatoeba"),
    "XTREME classification": ("xnli", "pawsx"),
    "XTREME tagging": ("udpos", "panx"),
    "XTREME qa": _QUESTIONS,
    "XTREME retrieval": ("bucc", "tatoeba"),
}

# What counts for a task: its main metric; questions count by the mean of F1 and exact match.
_COUNTED = {"accuracy", "f1", "span_f1", "exact_match", "map@20", "mrr@20", "bucc_f1"}


def task_scores(scores: pd.DataFrame) -> pd.Series:
    """The score of each task, as the benchmarks count it: the plain mean over its languages.

    `scores` has the columns target_task, language, metric and value, one row for each. A task of questions
    counts by the mean of its mean F1 and its mean exact match.

    >>> rows = [("xquad", "de", "f1", 60.0), ("xquad", "de", "exact_match", 40.0)]
    >>> task_scores(pd.DataFrame(rows, columns=["target_task", "language", "metric", "value"])).to_dict()
    {'xquad': 50.0}
    """
    counted = scores[scores["metric"].isin(_COUNTED)]
    by_metric = counted.groupby(["target_task", "metric"])["value"].mean()
    return by_metric.groupby("target_task").mean()


def overall(scores: pd.DataFrame) -> pd.DataFrame:
    """Every average of XTREME-R and XTREME: average, value (0–100), tasks, languages and missing tasks.

    An average has no value unless all its tasks have scores: a mean of fewer would pass for the benchmark's.
    `languages` counts pairs of task and language, for a task may have been scored in some of its languages.
    """
    tasks = task_scores(scores)
    languages = scores.groupby("target_task")["language"].nunique()
    rows = []
    for average, names in AVERAGES.items():
        missing = [name for name in names if name not in tasks]
        value = float("nan") if missing else tasks[list(names)].mean()
        there = [name for name in names if name in tasks]
        rows.append((average, value, len(names), int(languages.reindex(there).sum()), " ".join(missing)))
    return pd.DataFrame(rows, columns=["average", "value", "tasks", "languages", "missing"])
