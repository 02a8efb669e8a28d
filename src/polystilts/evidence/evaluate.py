"""Every hypothesis held against the tables: what was compared, what may not count, and how it is called."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import pandas as pd

from polystilts.evidence.hypotheses import Hypotheses, Hypothesis
from polystilts.statistics.averages import Measure
from polystilts.statistics.compare import Comparison, Subset, compare, estimate, estimate_by_kind
from polystilts.statistics.flags import learned_intermediates
from polystilts.statistics.gains import contrasting
from polystilts.statistics.intervals import Interval
from polystilts.statistics.outcomes import Call, holm_factors, outcome, p_values
from polystilts.statistics.tables import LowResource, is_absent, source_language, with_levels
from polystilts.tasks import STRATEGIES
from polystilts.wording import wording

Differences = Callable[[str, str], pd.DataFrame]


@dataclass(frozen=True)
class Side:
    """One arm against `none` on the subset of a claim: its mean, and that of each kind of task."""

    arm: str
    whole: Interval
    by_kind: Mapping[str, Interval]


@dataclass(frozen=True)
class NullControl:
    """What training that teaches nothing does to the targets, and what the arm of its input adds."""

    null: str
    arm: str
    alone: Interval  # the null control against none
    beyond: Interval  # the arm against the null control


@dataclass(frozen=True)
class Practice:
    """What is known of the intermediate tasks that a claim rests on."""

    scores: pd.DataFrame  # of those not learned, as `learned_intermediates` tells them
    unknown: tuple[str, ...]  # tasks without a development score
    left: bool  # whether differences are left once these are dropped

    @property
    def unlearned(self) -> tuple[str, ...]:
        """The tasks that were not learned, by name."""
        return tuple(self.scores["intermediate_task"])


@dataclass(frozen=True)
class Evaluation:
    """What the tables say about one hypothesis: its comparison, or why there is none."""

    hypothesis: Hypothesis
    missing: tuple[str, tuple[str, ...]] = ("", ())  # of what was not run: which rule, and what is lacking
    comparison: Comparison | None = None
    cells: pd.DataFrame | None = None  # the differences that the estimate is made of
    practice: Practice | None = None
    sides: tuple[Side, ...] = ()  # the control, then the treatment
    nulls: tuple[NullControl, ...] = ()  # those that are not null
    untrained: tuple[tuple[str, Interval], ...] = ()  # retrieval on which random weights do about as well
    untestable: str = ""  # which rule: "practice" or "baseline"
    call: Call = Call("not run")
    factor: float | None = None  # what Holm multiplies p by
    family: int = 0  # tests of the family that were run and can be tested


def evaluate(
    scores: pd.DataFrame, languages: pd.DataFrame, hypotheses: Hypotheses, low_resource: LowResource
) -> list[Evaluation]:
    """Every hypothesis compared and called, where the tables can support it."""
    scores = with_levels(scores, low_resource)
    learned = cache(lambda strategy: learned_intermediates(scores, strategy))
    there = set(scores["strategy"])
    differences = contrasting(scores)

    @cache
    def cells_of(*arms: str) -> pd.DataFrame:
        return with_languages(differences(*arms), languages)

    found = [_evaluated(row, languages, there, cells_of, learned) for row in hypotheses]
    return called(found)


def _evaluated(
    row: Hypothesis, languages: pd.DataFrame, there: set[str], cells_of: Differences, learned: Callable
) -> Evaluation:
    arms = (row.contrast["treatment"], row.contrast["control"])
    if absent := tuple(arm for arm in arms if arm not in there):
        return Evaluation(row, ("arms", absent))
    subset, measure = subset_of(row, languages), row.measure
    whole = subset.of(cells_of(*arms))
    if (missing := lacking(whole, measure))[0]:
        return Evaluation(row, missing)
    practice = practised(whole, arms, learned, measure)
    part = whole[~whole["intermediate_task"].isin(practice.unlearned)] if practice.left else whole
    untestable = "" if practice.left else "practice"
    if not untestable and 2 * int((part["flag"] == "").sum()) < len(part):
        untestable, part = "baseline", whole
    tasks = set(part["intermediate_task"])

    def on_subset(*two: str) -> pd.DataFrame:
        cells = subset.of(cells_of(*two))
        return cells[cells["intermediate_task"].isin(tasks) | is_absent(cells["intermediate_task"])]

    # Who beats a rival that does harm need not do good: both sides are told against none as well.
    told = tuple(reversed(arms)) if measure.how == "mean" and arms[1] != "none" and "none" in there else ()
    sides = tuple(Side(arm, *estimate_by_kind(on_subset(arm, "none"))) for arm in told)
    against_none = told or (arms[:1] if arms[1] == "none" else ())
    rivals = ()
    if "untrained" in there - set(arms):
        rivals = untrained_rivals(cells_of("none", "untrained"), subset)
    return Evaluation(
        row, comparison=compare(part, measure), cells=part, practice=practice, sides=sides,
        nulls=tuple(null_controls(against_none, there - set(arms), on_subset)),
        untrained=rivals, untestable=untestable,
    )  # fmt: skip


def practised(cells: pd.DataFrame, arms: Sequence[str], learned: Callable, measure: Measure) -> Practice:
    """Which intermediate tasks of these differences were learned: by English, or else by the arm itself.

    Arms whose rows teach nothing are not asked what they learned, but what English learned of their task.
    """
    labelled = [arm for arm in arms if STRATEGIES[arm].labelled]
    own = [arm for arm in labelled if arm not in wording()["null_controls"]]
    named = cells.loc[~is_absent(cells["intermediate_task"]), "intermediate_task"]
    unlearned, unknown = {}, set()
    for task in sorted(set(named)) if labelled else ():
        rows = [of[of["intermediate_task"] == task] for of in map(learned, ("english", *own))]
        known = next((one for one in rows if len(one)), None)
        if known is None:
            unknown.add(task)
        elif not known["learned"].iloc[0]:
            unlearned[task] = known
    empty = learned("english").iloc[:0]
    scores = pd.concat(unlearned.values(), ignore_index=True) if unlearned else empty
    rest = cells[~cells["intermediate_task"].isin(list(unlearned))]
    return Practice(scores, tuple(sorted(unknown)), not lacking(rest, measure)[0])


def null_controls(arms: Sequence[str], there: set[str], cells_of: Differences):
    """The null controls of the same input as these arms that are not null on the same subset."""
    for arm in arms:
        for null, input_of in wording()["null_controls"].items():
            if input_of == arm and null in there:
                alone = estimate(cells_of(null, "none"))
                if alone.known and not alone.low <= 0 <= alone.high:
                    yield NullControl(null, arm, alone, estimate(cells_of(arm, null)))


def untrained_rivals(cells: pd.DataFrame, subset: Subset) -> tuple[tuple[str, Interval], ...]:
    """The retrieval targets of a subset on which pretraining is not ahead of random weights, and by how much.

    Whatever an arm gains there may come from what the languages share on the surface.
    """
    kinds = tuple(kind for kind in subset.kinds or () if kind == "retrieval")
    part = replace(subset, exposure=None, cross_task=None, intermediate_tasks=None, kinds=kinds).of(cells)
    ahead = {target: estimate(rows) for target, rows in part.groupby("target_task")}
    return tuple((target, it) for target, it in ahead.items() if it.low is None or it.low <= 0)


def with_languages(cells: pd.DataFrame, languages: pd.DataFrame) -> pd.DataFrame:
    """The cells with what is known of their language: its distance and log10 resource."""
    known = languages.set_index("language")
    cells = cells.copy()
    cells["distance"] = cells["language"].map(known["distance"].astype(float))
    cells["log10_resource"] = cells["language"].map(
        known["resource"].astype(float).map(lambda size: math.log10(size) if size > 0 else math.nan)
    )
    return cells


def subset_of(row: Hypothesis, languages: pd.DataFrame) -> Subset:
    """The cells a hypothesis is about, with its language group spelled out for this scale."""
    group = row.subset.get("languages", "all")
    # Labels of the source language are what every target is tuned on: it is never among the targets.
    names = [name for name in languages["language"] if name != source_language(languages)]
    seen = languages.set_index("language")["seen"].astype(str).str.lower().isin(("true", "1", "yes"))
    if group in ("seen", "unseen"):
        names = [name for name in names if seen[name] == (group == "seen")]
    chosen = {key: row.subset[key] for key in ("exposure", "cross_task") if key in row.subset}
    for key in ("kinds", "intermediate_tasks"):
        if row.subset.get(key):
            chosen[key] = tuple(row.subset[key])
    return Subset(languages=tuple(names), resource=group if group in ("low", "high") else None, **chosen)


def lacking(cells: pd.DataFrame, measure: Measure) -> tuple[str, tuple[str, ...]]:
    """What these cells lack to answer: a rule of wording.yaml and the names of what is not there."""
    if cells.empty:
        return "cells", ()
    if measure.how == "between":
        for group in (measure.first, measure.second):
            if not cells[measure.column].isin(group).any():
                return "group", tuple(group)
    if measure.how == "slope" and cells.groupby("language")[measure.column].first().nunique() < 3:
        return "values", (measure.column,)
    return "", ()


def called(evaluations: Sequence[Evaluation]) -> list[Evaluation]:
    """The evaluations with their outcomes, tests of one family counted together by Holm's rule."""
    p = {
        one.hypothesis.id: min(
            p_values(one.comparison.these, one.hypothesis.direction, one.hypothesis.smallest_effect).values()
        )
        for one in evaluations
        if one.comparison and one.comparison.these.known and not one.untestable
    }
    family = {one.hypothesis.id: one.hypothesis.family for one in evaluations}
    factors, sizes = {}, {}
    for name in set(family.values()):
        tests = {one: p[one] for one in p if family[one] == name}
        factors |= holm_factors(tests)
        sizes[name] = len(tests)
    found = []
    for one in evaluations:
        row, factor = one.hypothesis, factors.get(one.hypothesis.id)
        if one.comparison is None:
            call = Call("not run")
        elif one.untestable:
            call = Call("not testable")
        else:
            call = outcome(one.comparison.these, row.direction, row.smallest_effect, row.error_rate,
                           one.comparison.logit, factor or 1.0)  # fmt: skip
        found.append(replace(one, call=call, factor=factor, family=sizes[row.family]))
    return found
