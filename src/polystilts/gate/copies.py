"""Are runs what they say, each a training of its own, or copies of one another?

Two trainings never answer alike unless they learned nothing: between honest runs of the published studies at
least 8 of 100 answers differ, wherever answers vary at all. A seed that is a copy makes an interval narrower
than it is.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pandas as pd

from polystilts.gate.evidence import Evidence
from polystilts.gate.finding import Check, Finding, falsifies
from polystilts.tasks import TASKS

NEAR = 0.01  # two files that differ in no more of their answers, or in one answer, are copies,
VARIED = 0.8  # if no answer is given more often than this: who always says the same agrees with everybody,
USUAL = 0.05  # and if half of all pairs of other arms differ in more
FEWEST = 20  # answers, below which agreement says nothing


def check_copies(evidence: Evidence) -> Check:
    """Compare the predictions of all runs that started from the same encoder, target by target."""
    question = "Is every run a training of its own?"
    findings, pairs = [], 0
    parents = sorted({record["parent"] for record in evidence.runs.values()})
    targets = sorted(
        {
            target
            for record in evidence.runs.values()
            for target in record["parameters"]["shared"]["target_tasks"]
            if target in TASKS and TASKS[target].training_task != "none"
        }
    )
    for parent in parents:
        runs = [run for run, record in sorted(evidence.runs.items()) if record["parent"] == parent]
        for target in targets:
            answers = {run: one for run in runs if (one := _answers(evidence, run, target)) is not None}
            pairs += len(answers) * (len(answers) - 1) // 2
            findings += _copies(evidence, answers, target)
    done = f"{pairs:,} pairs of prediction files compared with each other."
    return Check("copies", question, done, tuple(findings), facts={"pairs": pairs})


def _answers(evidence: Evidence, run: str, target: str) -> np.ndarray | None:
    """The answers of one run to a target, in the order of its items; nothing where they hardly vary."""
    file = evidence.folder / "runs" / run / "predictions" / f"{target}.parquet"
    try:
        rows = pd.read_parquet(file, columns=["language", "example_id", "prediction"])
    except (OSError, ValueError, KeyError):
        return None  # other checks say so
    rows = rows.sort_values(["language", "example_id"], kind="stable")
    given = rows["prediction"].astype(str).to_numpy(dtype=object)
    said = (
        Counter(word for text in given for word in text.split(" "))
        if TASKS[target].kind == "tagging"
        else Counter(given)
    )
    if len(given) < FEWEST or said.most_common(1)[0][1] > VARIED * said.total():
        return None
    return given


def _copies(evidence: Evidence, answers: dict[str, np.ndarray], target: str) -> Iterator[Finding]:
    """Pairs of runs whose answers are the same, wholly or nearly, where those of other arms are not."""
    differ = {
        (one, other): int((answers[one] != answers[other]).sum())
        for one, other in combinations(answers, 2)
        if len(answers[one]) == len(answers[other])
    }
    arms = {run: run.rpartition("--")[0] for run in answers}
    others = [count / len(answers[one]) for (one, other), count in differ.items() if arms[one] != arms[other]]
    usual = float(np.median(others)) if others else 1.0
    for (one, other), count in differ.items():
        size = len(answers[one])
        if usual > USUAL and count <= max(1, NEAR * size):
            words = "all" if not count else f"all but {count}"
            yield falsifies(
                f"runs {one} and {other} give {words} of {size:,} answers to {target} alike; other arms "
                f"differ in {usual:.0%}: one is a copy",
                (one, other),
            )
