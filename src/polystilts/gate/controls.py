"""Do the null controls show nothing where there is nothing to show?"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from polystilts.gate.estimates import differences, estimate
from polystilts.gate.evidence import Evidence
from polystilts.gate.finding import Check, Finding, falsifies, several, signed


def untrained_findings(scores: pd.DataFrame, source: str) -> list[Finding]:
    """What speaks against the encoder having learned anything: targets on which random weights do as well.

    Compared is the mean over all languages but the one that is taught, target by target; worlds and seeds are
    the units, as everywhere.
    """
    cells = differences(scores, "none", "untrained")
    cells = cells[~cells["exposed"] & (cells["language"] != source)]
    findings = []
    for target, part in cells.groupby("target_task"):
        found = estimate(part, {}, "mean")
        low, high = found.ends()
        if found.value <= 0 or (low is not None and low <= 0):
            reach = " points" if low is None else f" points (from {signed(low)} to {signed(high)})"
            findings.append(
                Finding(
                    "weakens",
                    f"on {target} the pretrained encoder minus random weights is {signed(found.value)}"
                    f"{reach}: what is found there need not come from what the languages share",
                )
            )
    return findings


def check_controls(evidence: Evidence, calls: Mapping[str, Any]) -> Check:
    """The null controls show nothing where there is nothing to show; what the scale does not run is said."""
    question = "Do the null controls show what they should?"
    scores = evidence.scores
    if scores is None:
        return Check("controls", question, "There are no scores.", complete=False)
    findings, looked, absent = [], [], []
    there = set(scores["strategy"])
    wanted = {"shuffled": "shuffled-labels", "none-long": "longer-training"}
    for arm, hypothesis in wanted.items():
        call = calls.get(hypothesis)
        if arm not in there or call is None or call.estimate is None:
            absent.append(arm)
            continue
        looked.append(arm)
        low, high = call.estimate.ends()
        edge = next(row for row in evidence.hypotheses if row["id"] == hypothesis)["smallest_effect"]
        if low is not None and low > edge:
            findings.append(
                Finding(
                    "weakens",
                    f"{arm} helps by {signed(call.estimate.value)} points (from {signed(low)} "
                    f"to {signed(high)}): a gain over `none` need not come from the task",
                )
            )
    dev = scores[(scores["split"] == "dev") & (scores["strategy"] == "shuffled")]
    for run, part in dev.groupby("run_id"):
        own = part[part["metric"] != "majority"]["value"].mean()
        guess, n = part[part["metric"] == "majority"]["value"].mean(), part["n"].min()
        error = (max(guess, 1) * (100 - min(guess, 99)) / n) ** 0.5
        if pd.notna(guess) and own > guess + 5 * error:
            findings.append(
                falsifies(
                    f"run {run} learned its shuffled labels ({own:.1f} against {guess:.1f} by "
                    "guessing): they were not shuffled",
                    (run,),
                )
            )
    if "untrained" in there:
        looked.append("untrained")
        findings += untrained_findings(scores, evidence.parameters["shared"]["source_language"])
    else:
        absent.append("untrained")
    done = f"Looked at: {several(looked, 9) or 'none'}. Not in this scale: {several(absent, 9) or 'none'}."
    return Check("controls", question, done, tuple(findings), bool(looked), {"absent": absent})
