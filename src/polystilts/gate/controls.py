"""Do the null controls show nothing where there is nothing to show?"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from polystilts.gate.evidence import Evidence
from polystilts.gate.finding import Check, Finding, falsifies, several


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
        edge = next(row for row in evidence.hypotheses["hypotheses"] if row["id"] == hypothesis)[
            "smallest_effect"
        ]
        if low is not None and low > edge:
            findings.append(
                Finding(
                    "weakens",
                    f"{arm} helps by {call.estimate.value:+.1f} points (from {low:+.1f} "
                    f"to {high:+.1f}): a gain over `none` need not come from the task",
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
    untrained = scores["encoder"].str.contains("untrained") | scores["strategy"].str.contains("untrained")
    looked, absent = (looked + ["untrained"], absent) if untrained.any() else (looked, [*absent, "untrained"])
    done = f"Looked at: {several(looked, 9) or 'none'}. Not in this scale: {several(absent, 9) or 'none'}."
    return Check("controls", question, done, tuple(findings), bool(looked), {"absent": absent})
