"""What training left behind: curves, development scores, and what it cost."""

from collections.abc import Sequence

import pandas as pd

from polystilts.figures.style import METRIC_TITLES, task_title
from polystilts.files import read_json
from polystilts.pipeline.census import BUDGET
from polystilts.pipeline.inputs import checkpoint
from polystilts.pipeline.reading.page import ARM, in_arm_order, run_title
from polystilts.pipeline.study import Run, Study
from polystilts.statistics.intervals import wilson_interval
from polystilts.training.presets import target_knobs


def curves_of(study: Study, runs: Sequence[Run], task: str) -> pd.DataFrame:
    """The training loss of each run in one stage, `task` being "intermediate" or the rows that were read.

    Runs that have none on disk yet are left out. A `panel` for each intermediate task: in their own stage its
    losses are on a scale of their own, and runs without a task have a panel too; afterwards these, which all
    others are compared with, belong to every panel and have no word.
    """
    own_stage, curves = task == "intermediate", []
    for run in runs:
        file = checkpoint(study, run, task) / "curve.csv"
        if file.exists():
            task_words = task_title(run.intermediate_task) if run.intermediate_task else ""
            panel = (task_words or "No task") if own_stage else task_words and f"after {task_words}"
            named = {"arm": run_title(run), "strategy": run.strategy, "panel": panel, "run": run.run_id}
            curves.append(pd.read_csv(file).assign(**named))
    return pd.concat(curves, ignore_index=True) if curves else pd.DataFrame()


def runs_on_disk(study: Study, runs: Sequence[Run], task: str) -> list[Run]:
    """The runs that have finished a stage when the page is made, `task` being as in `curves_of`."""
    return [run for run in runs if (checkpoint(study, run, task) / "curve.csv").exists()]


def most_taught(study: Study) -> list[str]:
    """The rows that targets are tuned on, the most updates first: what a page shows before the rest.

    `none` alone where no target is tuned on any, as Tatoeba is.
    """
    section = study.parameters["target_finetuning"]
    taught = sorted(study.training_tasks, key=lambda task: -target_knobs(section, task)["updates"])
    return taught or ["none"]


def learned_table(study: Study, runs: Sequence[Run], task: str) -> pd.DataFrame:
    """Each arm's development score in the source language, against the commonest answer: was it learned?"""
    found = []
    for run in in_arm_order(runs):
        file = checkpoint(study, run, task) / "dev.json"
        if file.exists():
            found.append({ARM: run_title(run), **read_json(file)})
    if not found:
        return pd.DataFrame()
    by_arm = pd.DataFrame(found).groupby([ARM, "task", "metric"], sort=False, as_index=False)
    mean = by_arm.agg(runs=("value", "size"), score=("value", "mean"), majority=("majority", "mean"),
                      items=("n", "first"))  # fmt: skip
    low = [wilson_interval(value, n)[0] for value, n in zip(mean["score"], mean["items"], strict=True)]
    mean["verdict"] = ["learned" if end > guess else "not learned"
                       for end, guess in zip(low, mean["majority"], strict=True)]  # fmt: skip
    mean["task"] = mean["task"].map(task_title)
    mean["metric"] = [METRIC_TITLES.get(name, name) for name in mean["metric"]]
    return mean


def start_table(study: Study, runs: Sequence[Run], task: str) -> pd.DataFrame:
    """Each arm's loss at the first record and at the last, averaged over runs."""
    curves = curves_of(study, in_arm_order(runs), task)
    if curves.empty:
        return curves
    ends = curves.sort_values("update").groupby(["arm", "run"], sort=False)["loss"].agg(["first", "last"])
    mean = ends.groupby(level="arm", sort=False).mean().reset_index()
    return mean.rename(columns={"arm": ARM, "first": "loss at the start", "last": "loss at the end"})


def practice_budget(study: Study, runs: Sequence[Run]) -> pd.DataFrame:
    """What the intermediate stage cost each arm; rows and updates are the budget that all arms share."""
    rows = []
    for run in {run_title(run): run for run in in_arm_order(runs)}.values():
        file = checkpoint(study, run, "intermediate") / "budget.json"
        if file.exists():
            spent = read_json(file)
            rows.append({
                ARM: run_title(run), "labelled rows": spent["rows"],
                "labelled updates": spent["updates"], "labelled tokens": spent["labelled_tokens"],
                "text updates": spent["mlm_updates"], "text tokens": spent["mlm_tokens"],
            })  # fmt: skip
    return pd.DataFrame(rows)


def budget_table(study: Study) -> pd.DataFrame:
    """What each arm cost in all, per run, from `tables/budget.csv`."""
    titles = {run.run_id: run_title(run) for run in in_arm_order(study.runs)}
    spent = pd.read_csv(study.folder / "tables" / "budget.csv")
    places = {name: place for place, name in enumerate(titles)}
    spent = spent.sort_values("run_id", key=lambda names: names.map(places))
    spent = spent.assign(arm=spent["run_id"].map(titles)).dropna(subset="arm")
    mean = spent.groupby("arm", sort=False, as_index=False)[list(BUDGET)].mean()
    mean["flops"] = mean["flops"] / 1e9
    titled = {"arm": ARM, "rows": "labelled rows",
              "labelled_tokens": "labelled tokens", "mlm_tokens": "text tokens",
              "flops": "operations (billions)"}  # fmt: skip
    return mean.rename(columns=titled)
