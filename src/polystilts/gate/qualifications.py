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


Qualification = dict[str, Any]  # name, text, and the numbers in it


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


def qualifications(call: Call, row: Mapping[str, Any], known: Background) -> list[Qualification]:
    """Each that is due, in the order in which they are told."""
    due: list[Qualification] = []
    if call.estimate is not None:
        unit = highest_unit(call.cells)
        kept = in_every_unit(call.cells, unit)
        without = _without(kept, row, unit)
        due += [
            *_practice(call, known),
            *_null_controls(call),
            *_without_flagged(call, row, unit, known),
            *_languages(call, row, unit, without, known),
            *_family(call, row),
            *_turned_by(call, without, row, known),
            *_random_weights(row, known),
            *_only_one(call.cells, unit, known.real),
            *(told("note", note) for note in notes(call, row, kept, known.scores, known.flags)),
        ]
    there = {int(world) for world in known.scores["world_seed"].dropna()}
    if known.declared - there:
        values = {"have": len(there), "declared": len(known.declared | there)}
        due.append(told("provisional", wording()["provisional"].format(**values)))
    order = wording()["qualifications"]
    return sorted(due, key=lambda one: order.index(one["name"]))


def told(name: str, text: str, **numbers: Any) -> Qualification:
    """One qualification: its name, its text and the numbers that stand beside it."""
    return {"name": name, "text": text, **numbers}


def ends(found: Estimate, prefix: str = "") -> dict[str, float | None]:
    """An estimate and its interval, by name."""
    low, high = found.ends()
    return {f"{prefix}estimate": found.value, f"{prefix}low": low, f"{prefix}high": high}


def _practice(call: Call, known: Background) -> Iterator[Qualification]:
    """The intermediate tasks that were not learned, or of which nobody knows."""
    words, tasks = wording()["practice"], []
    for task in sorted(call.unlearned):
        value, n, guess = call.lessons[task]
        within = between(*wilson(value, n), score)
        values = {"title": known.names[task], "score": score(value), "majority": score(guess)}
        tasks.append(words["task"].format(score_interval=within, **values))
    if tasks:
        text = words["dropped" if call.testable else "none"].format(tasks=", ".join(tasks))
        yield told("practice", text, unlearned=sorted(call.unlearned))
    if unknown := sorted(task for task, lesson in call.lessons.items() if lesson is None):
        text = words["unknown"].format(tasks=listed([known.names[task] for task in unknown]))
        yield told("practice", text, unknown=unknown)


def _null_controls(call: Call) -> Iterator[Qualification]:
    for null, more in call.controls:
        text = wording()["null_control"].format(
            null=in_short(null.arm),
            estimate=signed(null.estimate.value),
            interval=interval(null.estimate),
            arm=in_short(more.arm),
            beyond=signed(more.estimate.value),
            beyond_interval=interval(more.estimate),
        )
        numbers = {**ends(null.estimate), **ends(more.estimate, "beyond_")}
        yield told("null control", text, null=null.arm, arm=more.arm, **numbers)


def _without_flagged(
    call: Call, row: Mapping[str, Any], unit: str, known: Background
) -> Iterator[Qualification]:
    """The estimate without the differences whose baseline is at a guess or above 95, and those alone."""
    words, numbers = wording()["without_flagged"], {"flagged": int(call.flags.sum()), "n": len(call.cells)}
    if not numbers["flagged"]:
        return
    rest, found = call.cells[~call.flags], without_flagged(call, row, unit)
    if found is None or not found.n:
        yield told("without flagged", words["all"], **numbers)
        return
    left = [
        words["left"].format(
            target=known.names[target], count=(rest["target_task"] == target).sum(), n=len(part)
        )
        for target, part in call.cells.groupby("target_task")
    ]
    values = {"flagged": numbers["flagged"], "estimate": signed(found.value), "interval": interval(found)}
    text = words["some"].format(**values, left=", ".join(left))
    yield told("without flagged", text, **numbers, **ends(found))


def without_flagged(call: Call, row: Mapping[str, Any], unit: str = "") -> Estimate | None:
    """The estimate over the differences that are not flagged; no cell is required of every unit."""
    rest, unit = call.cells[~call.flags], unit or highest_unit(call.cells)
    return estimate(rest, row["contrast"], row["quantifier"], unit=unit, whole=False)


def measure_of(row: Mapping[str, Any]) -> str:
    """What is measured: mean, most, every, between, slope."""
    return row["contrast"].get("measure") or row["quantifier"]


def _without(kept: pd.DataFrame, row: Mapping[str, Any], unit: str) -> dict[str, tuple[str, Estimate]]:
    """The estimate again without each language, and each target task, where there are others."""
    found = {}
    if measure_of(row) not in ("mean", "between"):
        return found
    for column in ("language", "target_task"):
        values = sorted(kept[column].unique())
        for value in values if len(values) > 1 else ():
            part = kept[kept[column] != value]
            found[value] = column, estimate(part, row["contrast"], row["quantifier"], unit=unit)
    return found


def _languages(
    call: Call, row: Mapping[str, Any], unit: str, without: Mapping[str, Any], known: Background
) -> Iterator[Qualification]:
    """Which languages the interval covers."""
    words, numbers = wording()["languages"], {}
    if call.estimate.error is None:
        return
    if unit == "world_seed" and not known.real:
        text = words["worlds"]
    elif measure_of(row) not in ("mean", "between"):
        text = words["measure"]
    elif (reach := new_languages(call.estimate, without)) is None:
        text = words["few"]
    else:
        text = words["these"].format(low=signed(reach[0]), high=signed(reach[1]))
        numbers = dict(zip(("low", "high"), reach, strict=True))
    yield told("languages", text, **numbers)


def new_languages(found: Estimate, without: Mapping[str, tuple[str, Estimate]]) -> tuple[float, float] | None:
    """The ends for languages that are not here: the jackknife over languages beside the spread of units."""
    left = np.array([rest.value for column, rest in without.values() if column == "language"])
    if found.error is None or len(left) < 3 or np.isnan(left).any():
        return None
    spread = (len(left) - 1) / len(left) * float(((left - left.mean()) ** 2).sum())
    error, freedom = (found.error**2 + spread) ** 0.5, min(found.freedom, len(left) - 1)
    half = float(scipy.stats.t.isf(0.025, freedom)) * error
    return found.value - half, found.value + half


def _family(call: Call, row: Mapping[str, Any]) -> Iterator[Qualification]:
    """What follows from the tests that are counted together: how sure, how small, how corrected."""
    found, family = call.estimate, {"family": call.family}
    if call.factor is None:
        return
    same = "equivalent" if row["direction"] != "equivalent" else "supported"
    if call.outcome == same and not found.cells:  # no single interval decides for every cell
        level, low, high = equivalence(found, row, call.factor)
        text = wording()["equivalence"].format(
            level=short(level), low=signed(low), high=signed(high), margin=margin(row)
        )
        yield told("equivalence", text, level=level, low=low, high=high)
    words = wording()["detectable_effect"]["alone" if call.family == 1 else "family"]
    size, unit = detectable(found, row, call.family), row["contrast"].get("unit", "points")
    yield told("detectable effect", words.format(size=plain(size), unit=unit, **family), size=size, **family)
    if call.family > 1:
        text = wording()["correction"].format(factor=short(call.factor), **family)
        yield told("correction", text, factor=call.factor, **family)


def _turned_by(
    call: Call, without: Mapping[str, Any], row: Mapping[str, Any], known: Background
) -> Iterator[Qualification]:
    if turned := list(turning(call.estimate, without, row)):
        what = "sign" if row["direction"] in SIGNED else "outcome"
        names = ", ".join(known.names.get(name, name) for name in turned)
        yield told("turned by", wording()["turned_by"][what].format(names=names), without=turned)


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


def _random_weights(row: Mapping[str, Any], known: Background) -> Iterator[Qualification]:
    """The retrieval targets of a claim on which pretraining is not ahead of random weights."""
    arms = {row["contrast"][side] for side in ("treatment", "control")}
    there = set(known.scores["strategy"])
    asked = {"languages": row["subset"].get("languages", "all"), "kinds": ["retrieval"], "exposure": None,
             "cross_task": None}  # fmt: skip
    wanted = "retrieval" in (row["subset"].get("kinds") or ()) and "untrained" not in arms
    if not wanted or not {"none", "untrained"} <= there:
        return
    cells = cells_of(known.scores, known.languages, known.low_resource, "none", "untrained")
    for target, rows in subset(cells, asked, language_groups(known.languages)).groupby("target_task"):
        ahead = estimate(rows, {}, "mean")
        low, _ = ahead.ends()
        if low is None or round(low, 6) <= 0:
            values = {"estimate": signed(ahead.value), "interval": interval(ahead)}
            text = wording()["random_weights"].format(target=known.names[target], **values)
            yield told("random weights", text, target=target, **ends(ahead))


def _only_one(cells: pd.DataFrame, unit: str, real: bool) -> Iterator[Qualification]:
    """What was there only once; real data have allotments of text for worlds."""
    there = {column: cells[column].nunique(dropna=False) for columns in ONCE.values() for column in columns}
    words = wording()["once"]
    limits = [words[name] for name, columns in ONCE.items() if all(there[column] == 1 for column in columns)]
    if cells["allotment"].nunique() > 1 and unit == "seed":
        limits.append(words["allotments"])
    if real and there["world_seed"] == 1:
        limits[0] = wording()["units"]["allotment"][0]
    if limits:
        yield told("only one", wording()["only_one"].format(names=", one ".join(limits)))
