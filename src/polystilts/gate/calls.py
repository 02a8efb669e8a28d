"""Every hypothesis called a second time: its differences, whether they can tell, its outcome, its sides."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import pandas as pd

from polystilts.gate.estimates import (
    NOTHING,
    Estimate,
    differences,
    easily_taken,
    estimate,
    highest_unit,
    in_every_unit,
    subset,
)
from polystilts.gate.guessing import NULL_CONTROLS, flagged, flags_of, learned, lesson, practised
from polystilts.gate.outcomes import decide, decision, holm, surprises
from polystilts.tasks import STRATEGIES

__all__ = ["Call", "Side", "call_all", "cells_of", "decide", "language_groups"]


@dataclass(frozen=True)
class Side:
    """The mean of one arm against another on the subset of a claim, whole and by kind of task."""

    arm: str
    against: str
    estimate: Estimate
    kinds: Mapping[str, Estimate] = field(default_factory=dict)  # none where there is but one


@dataclass(frozen=True)
class Call:
    """What the gate itself finds for one hypothesis; `cells` are the matched differences it rests on."""

    id: str
    outcome: str
    estimate: Estimate | None
    runs: tuple[str, ...] = ()
    cells: pd.DataFrame | None = None
    everywhere: pd.DataFrame | None = None  # all matched differences of its arms, whoever had seen labels
    known: bool = True  # False for a measure or rule that the gate does not know
    reason: tuple[str, ...] = ()  # the key of its words, and the names or numbers that they need
    nearly: str = ""  # the outcome that an undecided claim would have had
    kinds: Mapping[str, Estimate] = field(default_factory=dict)  # of a mean over several kinds
    flags: Any = None  # of each difference, whether it is flagged
    lessons: Mapping[str, tuple[float, float, float] | None] = field(default_factory=dict)
    unlearned: tuple[str, ...] = ()  # intermediate tasks, left out of the estimate unless it is not testable
    factor: float | None = None  # what Holm multiplies p by
    family: int = 0  # how many tests of its family were run and can be tested
    sides: tuple[Side, ...] = ()  # of a mean whose control is not `none`: control and treatment against it
    controls: tuple[tuple[Side, Side], ...] = ()  # a null control against none, and the arm against it

    @property
    def testable(self) -> bool:
        """Whether it has an outcome that the scores could have turned."""
        return self.outcome not in ("not run", "not testable")


def language_groups(languages: pd.DataFrame) -> dict[str, list[str]]:
    """The groups that hypotheses name, but for those of resource; the source language is in none of them."""
    source = languages.loc[languages["distance"].astype(float).idxmin(), "language"]
    others = languages[languages["language"] != source]
    seen = others["seen"].astype(str).str.lower().isin(["yes", "true", "1"])
    return {
        "all": others["language"].tolist(),
        "seen": others.loc[seen, "language"].tolist(),
        "unseen": others.loc[~seen, "language"].tolist(),
    }


def with_language_facts(
    cells: pd.DataFrame, languages: pd.DataFrame, low_resource: Mapping[int, frozenset[str]]
) -> pd.DataFrame:
    """The cells with each language's distance, log10 resource, resource level, family and script.

    The level is that of its world; worlds with the same low-resource languages share an `allotment`.
    """
    known = languages.set_index("language")
    at = cells["language"]
    low = [low_resource[world] for world in cells["world_seed"]]
    allotments = {names: number for number, names in enumerate(dict.fromkeys(low_resource.values()))}
    size = at.map(known["resource"].astype(float))
    return cells.assign(
        distance=at.map(known["distance"].astype(float)),
        log10_resource=size.map(lambda n: math.log10(n) if n > 0 else math.nan),
        resource_level=["low" if name in names else "high" for name, names in zip(at, low, strict=True)],
        allotment=[allotments[names] for names in low],
        family=at.map(known["family"]),
        script=at.map(known["script"]),
    )


def cells_of(
    scores: pd.DataFrame,
    languages: pd.DataFrame,
    low_resource: Mapping[int, frozenset[str]],
    treatment: str,
    control: str,
) -> pd.DataFrame:
    """Every matched difference of two arms, with what is known of its language."""
    return easily_taken(with_language_facts(differences(scores, treatment, control), languages, low_resource))


def call_all(
    rows: Sequence[Mapping[str, Any]],
    scores: pd.DataFrame,
    languages: pd.DataFrame,
    low_resource: Mapping[int, frozenset[str]],
) -> dict[str, Call]:
    """Every hypothesis called again, by its id; `low_resource` by world, as `Evidence` tells it."""
    groups, flags = language_groups(languages), flagged(scores)
    there = set(scores["strategy"])

    @cache
    def cells(treatment: str, control: str) -> pd.DataFrame:
        return cells_of(scores, languages, low_resource, treatment, control)

    def chosen(row: Mapping[str, Any], treatment: str, control: str) -> pd.DataFrame:
        return subset(cells(treatment, control), row["subset"], groups)

    calls: dict[str, Call] = {}
    for row in rows:
        arms = row["contrast"]["treatment"], row["contrast"]["control"]
        absent = [arm for arm in arms if arm not in there]
        if absent:
            calls[row["id"]] = Call(row["id"], "not run", None, reason=("arms", *absent))
            continue
        call = replace(_measured(row, chosen(row, *arms), scores, flags), everywhere=cells(*arms))
        if call.estimate is not None:
            call = replace(call, **_beside(row, call, there, chosen))
        calls[row["id"]] = call
    return _decided(rows, calls)


def lacking(row: Mapping[str, Any], cells: pd.DataFrame) -> tuple[str, ...]:
    """What a measure needs and these differences do not have; empty where they have all."""
    contrast = row["contrast"]
    if cells.empty:
        return ("cells",)
    for name in ("first", "second") if contrast.get("measure") == "between" else ():
        if not cells[contrast["column"]].isin(contrast[name]).any():
            return ("group", *contrast[name])
    few = (
        contrast.get("measure") == "slope"
        and cells.groupby("language")[contrast["column"]].first().nunique() < 3
    )
    return ("values", contrast["column"]) if few else ()


def _measured(row: Mapping[str, Any], cells: pd.DataFrame, scores: pd.DataFrame, flags: pd.Series) -> Call:
    """The estimate over the differences that may count, and what the assay rule says of them."""
    if why := lacking(row, cells):
        return Call(row["id"], "not run", None, reason=why)
    contrast, arms = row["contrast"], {row["contrast"]["treatment"], row["contrast"]["control"]}
    teaching = any(STRATEGIES[arm].labelled for arm in arms)
    lessons = {task: lesson(scores, task, arms) for task in practised(cells)} if teaching else {}
    missed = tuple(task for task, told in lessons.items() if told is not None and not learned(told))
    left = cells[~cells["intermediate_task"].isin(missed)] if missed else cells
    outcome, why, raised = "undecided", (), flags_of(left, flags)
    if missed and lacking(row, left):
        outcome, why = "not testable", ("unlearned", *missed)
    elif 2 * raised.sum() > len(left):
        outcome, why = "not testable", ("flagged", str(raised.sum()), str(len(left)))
    if outcome == "not testable" and missed:
        left, raised = cells, flags_of(cells, flags)
    found = estimate(left, contrast, row["quantifier"])
    if found is not None and not found.n:
        return Call(row["id"], "not run", None, reason=("cells",))
    return Call(
        row["id"], outcome, found, tuple(sorted({*left["run_id"], *left["run_id_c"]})), left,
        known=found is not None, reason=why, flags=raised, lessons=lessons,
        unlearned=missed,
        kinds=by_kind(left) if is_mean(row) else {},
    )  # fmt: skip


def is_mean(row: Mapping[str, Any]) -> bool:
    """Whether a hypothesis is about a plain mean."""
    return row["quantifier"] == "mean" and "measure" not in row["contrast"]


def by_kind(cells: pd.DataFrame) -> dict[str, Estimate]:
    """The mean of each kind of task over the units of the whole, where there are several kinds."""
    unit = highest_unit(cells)
    kept = in_every_unit(cells, unit)
    parts = {kind: part for kind, part in kept.groupby("task_kind")}
    return (
        {kind: estimate(part, {}, "mean", unit=unit) for kind, part in parts.items()}
        if len(parts) > 1
        else {}
    )


def _beside(row: Mapping[str, Any], call: Call, there: set[str], chosen: Any) -> dict[str, Any]:
    """Both arms of a mean against no practice; null controls that are not null, where an arm stands there."""
    treatment, control = row["contrast"]["treatment"], row["contrast"]["control"]
    if "none" not in there:
        return {}

    def side(arm: str, against: str) -> Side | None:
        part = chosen(row, arm, against)
        part = part[part["intermediate_task"].isin([*practised(call.cells), *NOTHING])]
        found = None if part.empty else estimate(part, {}, "mean")
        return Side(arm, against, found, by_kind(part)) if found is not None and found.n else None

    beside = control != "none" and is_mean(row)
    sides = [side(arm, "none") for arm in ((control, treatment) if beside else ())]
    against = [one.arm for one in sides if one] if beside else [treatment] if control == "none" else []
    controls = []
    for null, arm in NULL_CONTROLS.items():
        if arm in against and null in there:
            same = side(null, "none")
            more = side(arm, null) if same and not holds_zero(same.estimate) else None
            if more:
                controls.append((against.index(arm), (same, more)))
    ordered = tuple(pair for _, pair in sorted(controls, key=lambda one: one[0]))
    return {"sides": tuple(one for one in sides if one), "controls": ordered}


def holds_zero(found: Estimate) -> bool:
    """Whether the interval holds zero; where there is none, nothing says that it does not."""
    low, high = found.ends()
    return low is None or round(low, 6) <= 0 <= round(high, 6)


def _decided(rows: Sequence[Mapping[str, Any]], calls: dict[str, Call]) -> dict[str, Call]:
    """The outcomes, tests of one family counted together by Holm's rule."""
    tested = [row for row in rows if calls[row["id"]].estimate is not None and calls[row["id"]].testable]
    smallest = {
        row["id"]: min(surprises(calls[row["id"]].estimate, row).values())
        for row in tested
        if calls[row["id"]].estimate.error is not None
    }
    families = defaultdict(dict)
    for row in rows:
        families[row["family"]] |= {row["id"]: smallest[row["id"]]} if row["id"] in smallest else {}
    factors = {family: holm(p) for family, p in families.items()}
    decided = dict(calls)
    for row in tested:
        call = calls[row["id"]]
        if row["id"] not in smallest:
            why = "one_unit" if call.estimate.units < 2 else "no_spread"
            decided[row["id"]] = replace(call, reason=(why,))
            continue
        factor = factors[row["family"]][row["id"]]
        logit = estimate(call.cells, row["contrast"], row["quantifier"], "logit")
        word, why, nearly = decision(call.estimate, row, factor, logit)
        reason = (why,) if why else ()
        decided[row["id"]] = replace(call, outcome=word, reason=reason, nearly=nearly, factor=factor)
    return {row["id"]: replace(decided[row["id"]], family=len(factors[row["family"]])) for row in rows}
