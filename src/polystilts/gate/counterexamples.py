"""The hunt for counterexamples: where, if anywhere, does a claim turn around?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from polystilts.gate.calls import Call, decide
from polystilts.gate.estimates import Estimate, estimate, highest_unit
from polystilts.gate.evidence import Evidence, plain_words
from polystilts.gate.finding import Check, Finding, falsifies, signed

LEAVE_OUT = {"language": "language", "target_task": "target", "intermediate_task": "intermediate task",
             "seed": "seed", "world_seed": "world"}  # fmt: skip
SUBSETS = {"resource_level": "resource", "family": "family", "script": "script", "language": "language",
           "target_task": "target", "exposure": "exposure"}  # fmt: skip


@dataclass(frozen=True)
class Counterexample:
    """A part of the cells, or the cells without a part, and what the claim's number becomes there."""

    where: str
    value: float
    n: int
    turns: bool  # on the other side of zero than the claim's own number; of a bound: another outcome


def hunt(call: Call, row: Mapping[str, Any], exposed: pd.DataFrame | None = None) -> list[Counterexample]:
    """Every leave-one-out and every subset of a claim's cells, the strongest counterexample first."""
    if call.estimate is None or call.cells is None or np.isnan(call.estimate.value):
        return []
    side = np.sign(call.estimate.value) or 1.0
    unit = highest_unit(call.cells)
    bound = row["direction"] not in ("increase", "decrease")
    whole, found = _called(call.estimate, row), []
    for where, part in _parts(call.cells, exposed):
        again = estimate(part, row["contrast"], row["quantifier"], unit=unit) if _able(part, row) else None
        if again is not None and not np.isnan(again.value):
            other = np.sign(again.value) == -side
            if bound:  # a part of the cells alone is never as sure as all
                other = where.startswith("without") and _called(again, row) != whole
            found.append(Counterexample(where, again.value, again.n, bool(other)))
    return sorted(found, key=lambda one: side * one.value)


def _called(found: Estimate, row: Mapping[str, Any]) -> str:
    """The outcome of an estimate by itself, without the rest of its family."""
    return decide(found, row, 1.0, None)


def _able(part: pd.DataFrame, row: Mapping[str, Any]) -> bool:
    contrast = row["contrast"]
    if part.empty:
        return False
    if contrast.get("measure") == "between":
        return all(part[contrast["column"]].isin(contrast[name]).any() for name in ("first", "second"))
    if contrast.get("measure") == "slope":
        return part.groupby("language")[contrast["column"]].first().nunique() > 2
    return True


def _parts(cells: pd.DataFrame, exposed: pd.DataFrame | None) -> Iterator[tuple[str, pd.DataFrame]]:
    for column, word in LEAVE_OUT.items():
        values = sorted(cells[column].unique())
        for value in values if len(values) > 1 else ():
            yield f"without {word} {value}", cells[cells[column] != value]
    for column, word in SUBSETS.items():
        values = sorted(cells[column].dropna().unique())
        for value in values if len(values) > 1 else ():
            yield f"only {word} {value}", cells[cells[column] == value]
    if exposed is not None and len(exposed):
        yield "where the arm had seen labels of the language", exposed


@plain_words
def check_counterexamples(
    evidence: Evidence, calls: Mapping[str, Call], rows: Sequence[Mapping[str, Any]]
) -> tuple[Check, dict[str, list[Counterexample]]]:
    """Hunt through every claim; "every" is falsified by one counterexample, a mean is weakened by a flip."""
    question = "Where does a claim turn around?"
    claims = {claim["hypothesis"]: claim for claim in evidence.claims}
    hunted: dict[str, list[Counterexample]] = {}
    findings, parts = [], 0

    for row in rows:
        call, claim = calls.get(row["id"]), claims.get(row["id"])
        if call is None or claim is None or call.cells is None or evidence.scores is None:
            continue
        found = hunt(call, row, _exposed(call, row))
        hunted[row["id"]] = found
        parts += len(found)
        turned = [one for one in found if one.turns and not one.where.startswith("where")]
        if not turned:
            continue
        worst, whole = turned[0], signed(call.estimate.value)
        words = f"claim {claim['id']}: {worst.where} it is {signed(worst.value)} (all: {whole})"
        if row["quantifier"] == "every" and claim["outcome"] == "supported":
            findings.append(falsifies(f"{words}; one counterexample is enough against 'every'",
                                      claims=(claim["id"],)))  # fmt: skip
        elif any(one.where.startswith("without") for one in turned):
            flips = [one.where for one in turned if one.where.startswith("without")]
            what = "sign" if row["direction"] in ("increase", "decrease") else "outcome"
            words += f"; the {what} turns {flips[0]}"
            findings.append(Finding("weakens", words, claims=(claim["id"],)))
    done = f"{parts:,} subsets and leave-one-outs of {len(hunted)} claims estimated."
    return Check("counterexamples", question, done, tuple(findings), bool(hunted)), hunted


def _exposed(call: Call, row: Mapping[str, Any]) -> pd.DataFrame | None:
    """The same contrast where an arm had seen labels of the language: what zero-shot claims leave out."""
    if row["subset"].get("exposure", "none") != "none" or {"measure", "column"} & set(row["contrast"]):
        return None
    cells = call.everywhere
    cells = cells[cells["exposed"] & cells["language"].isin(call.cells["language"].unique())]
    return cells[cells["target_task"].isin(call.cells["target_task"].unique())]
