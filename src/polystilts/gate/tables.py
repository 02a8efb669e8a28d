"""Do the rows of scores say what their runs' records say, and are gains the differences of scores?"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from polystilts.gate.estimates import log_odds
from polystilts.gate.evidence import Evidence, plain_words
from polystilts.gate.finding import Check, Finding, falsifies
from polystilts.gate.lineage import name_of_run
from polystilts.tasks import TASKS

ROUNDING = 1.5e-6  # tables keep six decimals
KEY = ["run_id", "target_task", "language", "metric", "variant"]


def metadata_differences(evidence: Evidence, published: pd.DataFrame) -> Iterator[Finding]:
    """Rows whose arm, seeds or task are not those of their run's record: gains are paired by them."""
    for run, record in evidence.runs.items():
        seeds, encoder = record["seeds"], record["parameters"]["shared"]["encoder"]
        name = name_of_run(encoder, seeds["world"], seeds["encoder"], record["arm"], seeds["run"])
        if not name == run == record["run_id"]:
            said = record["run_id"]
            what = f"runs/{run}/run.json calls the run {said}; its arm and its seeds make it {name}"
            yield falsifies(what, (run,))
    wrong = defaultdict(set)
    known = published[published["run_id"].isin(evidence.runs)]
    for (run, target), rows in known.groupby(["run_id", "target_task"]):
        for column, right in _metadata(evidence.runs[run], target).items():
            wrong[run, column].update((said, right) for said in set(rows[column]) - {right})
    for (run, column), pairs in wrong.items():
        if pairs:
            said, right = min(pairs, key=str)
            yield falsifies(f"tables/scores.csv gives run {run} the {column} {said!r}, its record and the "
                            f"table of tasks say {right!r}", (run,))  # fmt: skip
    twice = published[published.duplicated([*KEY, "split"])]
    for run, rows in twice.groupby("run_id"):
        what = f"{len(rows)} scores of run {run} are there twice, the first {cell_in_words(rows.iloc[0])}"
        yield falsifies(what, (run,))


def _metadata(record: Mapping[str, Any], target: str) -> dict[str, Any]:
    """What a row of scores must say beside its measure, by the record of its run and the table of tasks."""
    arm, seeds, task = record["arm"], record["seeds"], TASKS.get(target)
    return {
        "scale": record["scale"],
        "world_seed": seeds["world"],
        "encoder": record["parameters"]["shared"]["encoder"],
        "encoder_seed": seeds["encoder"],
        "strategy": arm["strategy"],
        "intermediate_task": arm["intermediate_task"] or "none",
        "language_set": arm["language_set"] or "-",
        "seed": seeds["run"],
        "finetune_task": task.training_task if task else "no task known",
        "task_kind": task.kind if task else "no task known",
    }


def cell_in_words(row: pd.Series) -> str:
    """A score by what it was measured on."""
    variant = f", {row['variant']}" if row["variant"] else ""
    return f"{row['target_task']} in {row['language']} ({row['metric']}{variant})"


@plain_words
def check_gains(evidence: Evidence) -> Check:
    """Subtract the baseline from every score again and compare with `tables/gains.csv`."""
    question = "Are the published gains the differences of the scores?"
    published, scores = evidence.table("gains"), evidence.scores
    if published is None or scores is None:
        return Check("gains", question, "There is no table of gains.", (), complete=False)
    pair = ["world_seed", "encoder", "encoder_seed", "seed", "finetune_task", "target_task", "language",
            "metric", "variant"]  # fmt: skip
    arm = ["strategy", "intermediate_task", "language_set"]
    metric = scores["target_task"].map({name: task.metric for name, task in TASKS.items()})
    rows = scores[(scores["split"] == "test") & (scores["metric"] == metric)]
    base = rows[rows["strategy"] == "none"][[*pair, "value", "n"]]
    again = rows[rows["strategy"] != "none"].merge(base, on=pair, suffixes=("", "_base"))
    again["gain"] = again["value"] - again["value_base"]
    again["gain_logit"] = log_odds(again["value"], again["n"]) - log_odds(
        again["value_base"], again["n_base"]
    )
    both = published.merge(again, on=[*pair, *arm], how="outer", suffixes=("", "_again"), indicator=True)
    findings = []
    odd = both[both["_merge"] != "both"]
    if len(odd):
        findings.append(
            falsifies(
                f"{len(odd)} rows of tables/gains.csv and of the scores do not match, the "
                f"first {odd.iloc[0]['target_task']} in {odd.iloc[0]['language']}"
            )
        )
    wrong = both[
        (both["_merge"] == "both")
        & ~(
            ((both["gain"] - both["gain_again"]).abs() < 2 * ROUNDING)
            & ((both["gain_logit"] - both["gain_logit_again"]).abs() < 2 * ROUNDING)
            & ((both["value"] - both["value_again"]).abs() < ROUNDING)
            & ((both["baseline_value"] - both["value_base"]).abs() < ROUNDING)
        )
    ]
    for run, part in wrong.groupby("run_id"):
        one = part.iloc[0]
        findings.append(falsifies(
            f"{len(part)} gains of run {run} are not the difference of its scores, the first "
            f"{one['target_task']} in {one['language']}: published {one['gain']:+.6f}, "
            f"found {one['gain_again']:+.6f}", (run,)
        ))  # fmt: skip
    done = f"{len(published):,} gains computed again."
    return Check("gains", question, done, tuple(findings), facts={"gains": len(published)})
