"""What a claim must say beside its number, computed again: how far it carries, and what it hangs on.

A qualification that is left out makes a claim look better than it is, so each is told where it is due, and
nowhere else, in the order of `wording.yaml`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy

from polystilts.gate.calls import Call, cells_of, language_groups
from polystilts.gate.estimates import Estimate, estimate, highest_unit, in_every_unit, subset
from polystilts.gate.guessing import flagged, wilson
from polystilts.gate.notes import notes
from polystilts.gate.outcomes import SIGNED, decide, detectable, equivalence
from polystilts.gate.phrases import (
    between,
    in_short,
    interval,
    margin,
    plain,
    score,
    short,
    signed,
)
from polystilts.tasks import TASKS
from polystilts.wording import listed, wording

ONCE = {  # what may have been there only once, by the columns that tell
    "world": ["world_seed"],
    "encoder": ["encoder"],
    "pretraining": ["world_seed", "encoder_seed"],
    "intermediate_task": ["intermediate_task"],
    "target_task": ["target_task"],
}


@dataclass(frozen=True)
class Background:
    """What the qualifications of all claims are computed from."""

    scores: pd.DataFrame
    languages: pd.DataFrame
    low_resource: Mapping[int, frozenset[str]]
    flags: pd.Series
    names: Mapping[str, str]
    real: bool
    declared: frozenset[int] = frozenset()  # world seeds that were promised


def background(
    scores: pd.DataFrame,
    languages: pd.DataFrame,
    low_resource: Mapping[int, frozenset[str]],
    real: bool,
    declared: frozenset[int] = frozenset(),
) -> Background:
    """Flags and names, found once for all claims."""
    names = dict(zip(languages["language"], languages["name"], strict=True))
    names |= {name: task.title for name, task in TASKS.items()}
    return Background(scores, languages, low_resource, flagged(scores), names, real, declared)


def qualifications(call: Call, row: Mapping[str, Any], known: Background) -> list[tuple[str, str]]:
    """Name and text of each that is due, in the order in which they are told."""
    due: dict[str, list[str]] = {name: [] for name in wording()["qualifications"]}
    if call.estimate is not None:
        unit = highest_unit(call.cells)
        kept = in_every_unit(call.cells, unit)
        without = _without(kept, row, unit)
        due["practice"] = list(_practice(call, known))
        due["null control"] = list(_null_controls(call))
        due["without flagged"] = list(_without_flagged(call, row, unit, known))
        due["languages"] = list(_languages(call, row, unit, without, known))
        due["detectable effect"] = list(_detectable(call, row))
        due["turned by"] = list(_turned_by(call, without, row, known))
        due["random weights"] = list(_random_weights(row, known))
        due["only one"] = list(_only_one(call.cells, unit, known.real))
        due["note"] = notes(call, row, kept, known.scores, known.flags)
        if call.testable and call.family > 1:
            due["correction"] = [
                wording()["correction"].format(factor=short(call.factor), family=call.family)
            ]
        if (call.outcome, row["direction"]) == ("supported", "equivalent") or call.outcome == "equivalent":
            level, low, high = equivalence(call.estimate, row, call.factor)
            values = {"level": short(level), "low": signed(low), "high": signed(high), "margin": margin(row)}
            due["equivalence"] = [wording()["equivalence"].format(**values)]
    there = {int(world) for world in known.scores["world_seed"].dropna()}
    if known.declared - there:
        values = {"have": len(there), "declared": len(known.declared | there)}
        due["provisional"] = [wording()["provisional"].format(**values)]
    return [(name, text) for name, texts in due.items() for text in texts]


def _practice(call: Call, known: Background) -> Iterator[str]:
    """The intermediate tasks that were not learned, or of which nobody knows."""
    words = wording()["practice"]
    nothing_left = call.reason[:1] == ("unlearned",)
    missed = call.reason[1:] if nothing_left else call.dropped
    if missed:
        tasks = []
        for task in sorted(missed):
            value, n, guess = call.lessons[task]
            tasks.append(
                words["task"].format(
                    title=known.names[task],
                    score=score(value),
                    score_interval=between(*wilson(value, n), score),
                    majority=score(guess),
                )
            )
        yield words["none" if nothing_left else "dropped"].format(tasks=", ".join(tasks))
    if unknown := sorted(task for task, told in call.lessons.items() if told is None):
        yield words["unknown"].format(tasks=listed([known.names[task] for task in unknown]))


def _null_controls(call: Call) -> Iterator[str]:
    for null, more in call.controls:
        yield wording()["null_control"].format(
            null=in_short(null.arm),
            estimate=signed(null.estimate.value),
            interval=interval(null.estimate),
            arm=in_short(more.arm),
            beyond=signed(more.estimate.value),
            beyond_interval=interval(more.estimate),
        )


def _without_flagged(call: Call, row: Mapping[str, Any], unit: str, known: Background) -> Iterator[str]:
    """The estimate without the differences whose baseline is at a guess or above 95, and those alone."""
    words = wording()["without_flagged"]
    if not call.flags.any():
        return
    rest = call.cells[~call.flags]
    found = without_flagged(call, row, unit)
    if found is None or not found.n or np.isnan(found.value):
        yield words["all"]
        return
    left = ", ".join(
        words["left"].format(
            target=known.names[target], count=(rest["target_task"] == target).sum(), n=len(part)
        )
        for target, part in call.cells.groupby("target_task")
    )
    values = {"flagged": call.flags.sum(), "estimate": signed(found.value), "interval": interval(found)}
    yield words["some"].format(**values, left=left)


def without_flagged(call: Call, row: Mapping[str, Any], unit: str = "") -> Estimate | None:
    """The estimate over the differences that are not flagged; no cell is required of every unit."""
    rest, unit = call.cells[~call.flags], unit or highest_unit(call.cells)
    return estimate(rest, row["contrast"], row["quantifier"], unit=unit, whole=False)


def _without(kept: pd.DataFrame, row: Mapping[str, Any], unit: str) -> dict[str, tuple[str, Estimate]]:
    """The estimate again without each language, and each target task, where there are others."""
    found = {}
    if (row["contrast"].get("measure") or row["quantifier"]) not in ("mean", "between"):
        return found
    for column in ("language", "target_task"):
        values = sorted(kept[column].unique())
        for value in values if len(values) > 1 else ():
            part = kept[kept[column] != value]
            found[value] = column, estimate(part, row["contrast"], row["quantifier"], unit=unit)
    return found


def _languages(
    call: Call, row: Mapping[str, Any], unit: str, without: Mapping[str, Any], known: Background
) -> Iterator[str]:
    """Which languages the interval covers."""
    words = wording()["languages"]
    if call.estimate.error is None:
        return
    if unit == "world_seed" and not known.real:
        yield words["worlds"]
    elif (row["contrast"].get("measure") or row["quantifier"]) not in ("mean", "between"):
        yield words["measure"]
    elif (reach := new_languages(call.estimate, without)) is None:
        yield words["few"]
    else:
        yield words["these"].format(low=signed(reach[0]), high=signed(reach[1]))


def new_languages(found: Estimate, without: Mapping[str, tuple[str, Estimate]]) -> tuple[float, float] | None:
    """The ends for languages that are not here: the jackknife over languages beside the spread of units."""
    left = np.array([rest.value for column, rest in without.values() if column == "language"])
    if found.error is None or len(left) < 3 or np.isnan(left).any():
        return None
    spread = (len(left) - 1) / len(left) * float(((left - left.mean()) ** 2).sum())
    error, freedom = (found.error**2 + spread) ** 0.5, min(found.freedom, len(left) - 1)
    half = float(scipy.stats.t.isf(0.025, freedom)) * error
    return found.value - half, found.value + half


def _detectable(call: Call, row: Mapping[str, Any]) -> Iterator[str]:
    if call.testable and call.family:
        words = wording()["detectable_effect"]["alone" if call.family == 1 else "family"]
        size, unit = detectable(call.estimate, row, call.family), row["contrast"].get("unit", "points")
        yield words.format(size=plain(size), unit=unit, family=call.family)


def _turned_by(
    call: Call, without: Mapping[str, Any], row: Mapping[str, Any], known: Background
) -> Iterator[str]:
    if turned := [known.names.get(name, name) for name in turning(call.estimate, without, row)]:
        what = "sign" if row["direction"] in SIGNED else "outcome"
        yield wording()["turned_by"][what].format(names=", ".join(turned))


def turning(
    found: Estimate, without: Mapping[str, tuple[str, Estimate]], row: Mapping[str, Any]
) -> Iterator[str]:
    """The languages and targets without any one of which the sign, or of a bound the outcome, is another."""
    for name, (_, rest) in without.items():
        if row["direction"] in SIGNED:
            turns = np.sign(rest.value) == -np.sign(found.value) != 0
        else:
            turns = decide(rest, row, 1.0, None) != decide(found, row, 1.0, None)
        if turns:
            yield name


def _random_weights(row: Mapping[str, Any], known: Background) -> Iterator[str]:
    """The retrieval targets of a claim on which pretraining is not ahead of random weights."""
    arms = {row["contrast"][side] for side in ("treatment", "control")}
    asked = {"languages": row["subset"].get("languages", "all"), "kinds": ["retrieval"], "exposure": None,
             "cross_task": None}  # fmt: skip
    there = set(known.scores["strategy"])
    if (
        "untrained" in arms
        or "retrieval" not in (row["subset"].get("kinds") or ())
        or not {"none", "untrained"} <= there
    ):
        return
    cells = cells_of(known.scores, known.languages, known.low_resource, "none", "untrained")
    for target, rows in subset(cells, asked, language_groups(known.languages)).groupby("target_task"):
        ahead = estimate(rows, {}, "mean")
        low, _ = ahead.ends()
        if low is None or round(low, 6) <= 0:
            values = {"estimate": signed(ahead.value), "interval": interval(ahead)}
            yield wording()["random_weights"].format(target=known.names[target], **values)


def _only_one(cells: pd.DataFrame, unit: str, real: bool) -> Iterator[str]:
    """What was there only once; real data have allotments of text for worlds."""
    there = {column: cells[column].nunique(dropna=False) for columns in ONCE.values() for column in columns}
    words = wording()["once"]
    limits = [words[name] for name, columns in ONCE.items() if all(there[column] == 1 for column in columns)]
    if cells["allotment"].nunique() > 1 and unit == "seed":
        limits.append(words["allotments"])
    if real and there["world_seed"] == 1:
        limits[0] = wording()["units"]["allotment"][0]
    if limits:
        yield wording()["only_one"].format(names=", one ".join(limits))
