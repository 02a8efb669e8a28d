"""From estimates to outcomes, a second time: each hypothesis called by the contract, Holm included."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pandas as pd
import scipy

from polystilts.gate.estimates import Estimate, differences, easily_taken, estimate, subset


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
    against_none: tuple[Estimate, ...] = ()  # treatment and control of a mean, each against no practice


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
    groups = language_groups(languages)
    there = set(scores["strategy"])
    calls: dict[str, Call] = {}

    @cache
    def cells(treatment: str, control: str) -> pd.DataFrame:
        return cells_of(scores, languages, low_resource, treatment, control)

    def chosen(row: Mapping[str, Any], treatment: str, control: str) -> pd.DataFrame:
        return subset(cells(treatment, control), row["subset"], groups)

    for row in rows:
        arms = row["contrast"]["treatment"], row["contrast"]["control"]
        if not set(arms) <= there:
            calls[row["id"]] = Call(row["id"], "undecided", None)
            continue
        call = replace(_estimated(row, chosen(row, *arms)), everywhere=cells(*arms))
        mean = row["quantifier"] == "mean" and "measure" not in row["contrast"]
        if call.estimate is not None and mean and arms[1] != "none" and "none" in there:
            sides = (estimate(chosen(row, arm, "none"), row["contrast"], "mean") for arm in arms)
            call = replace(call, against_none=tuple(sides))
        calls[row["id"]] = call
    return _decided(rows, calls)


def _estimated(row: Mapping[str, Any], cells: pd.DataFrame) -> Call:
    contrast = row["contrast"]
    empty = cells.empty
    if contrast.get("measure") == "between" and not empty:
        sides = [cells[contrast["column"]].isin(contrast[name]).any() for name in ("first", "second")]
        empty = not all(sides)
    if contrast.get("measure") == "slope" and not empty:
        empty = cells.groupby("language")[contrast["column"]].first().nunique() < 3
    if empty:
        return Call(row["id"], "undecided", None)
    found = estimate(cells, contrast, row["quantifier"])
    runs = tuple(sorted({*cells["run_id"], *cells["run_id_c"]}))
    return Call(row["id"], "undecided", found, runs, cells, known=found is not None)


def _decided(rows: Sequence[Mapping[str, Any]], calls: dict[str, Call]) -> dict[str, Call]:
    """The outcomes, tests of one family counted together by Holm's rule."""
    smallest = {
        row["id"]: min(surprises(calls[row["id"]].estimate, row).values())
        for row in rows
        if calls[row["id"]].estimate is not None and calls[row["id"]].estimate.error is not None
    }
    decided = dict(calls)
    for row in rows:
        call = calls[row["id"]]
        if row["id"] not in smallest:
            continue
        family = [other["id"] for other in rows if other["family"] == row["family"]]
        adjusted = _holm({name: smallest[name] for name in family if name in smallest})[row["id"]]
        p = smallest[row["id"]]
        factor = adjusted / p if p > 0 else len([name for name in family if name in smallest])
        logit = estimate(call.cells, row["contrast"], row["quantifier"], "logit")
        word = decide(call.estimate, row, factor, logit)
        decided[row["id"]] = replace(call, outcome=word)
    return decided


def surprises(found: Estimate, row: Mapping[str, Any]) -> dict[str, float]:
    """The p-value behind each outcome that this direction allows, in the order in which they are called.

    Every cell has to pass where a sentence is about every cell, and each is a chance to contradict it.
    """
    if found.cells:
        each = [surprises(cell, row) for cell in found.cells]
        worst = {word: max(p[word] for p in each) for word in each[0]}
        return worst | {"contradicted": min(1.0, len(each) * min(p["contradicted"] for p in each))}
    if found.error is None:
        return dict.fromkeys(("equivalent", "supported", "contradicted"), 1.0)
    edge, direction = row["smallest_effect"], row["direction"]

    def above(bound: float) -> float:
        return float(scipy.stats.t.sf((found.value - bound) / found.error, found.freedom))

    def below(bound: float) -> float:
        return float(scipy.stats.t.cdf((found.value - bound) / found.error, found.freedom))

    up, down = min(1.0, 2 * above(0)), min(1.0, 2 * below(0))
    inside = max(above(-edge), below(edge))
    if direction == "increase":
        return {"equivalent": inside, "supported": up, "contradicted": down}
    if direction == "decrease":
        return {"equivalent": inside, "supported": down, "contradicted": up}
    if direction == "equivalent":
        return {"supported": inside, "contradicted": min(1.0, 2 * min(above(edge), below(-edge)))}
    return {"supported": below(edge), "contradicted": min(1.0, 2 * above(edge))}  # at_most


def decide(found: Estimate, row: Mapping[str, Any], factor: float, logit: Estimate | None) -> str:
    """The outcome: the first that is certain enough, in the family and on both scales."""
    for word, p in surprises(found, row).items():
        if p >= row["error_rate"]:
            continue
        if min(1.0, p * factor) >= row["error_rate"]:
            continue
        signed = row["direction"] in ("increase", "decrease") and word != "equivalent"
        if (
            signed
            and logit is not None
            and (logit.value > 0) - (logit.value < 0) != ((found.value > 0) - (found.value < 0))
        ):
            return "undecided"
        return word
    return "undecided"


def _holm(p: Mapping[str, float]) -> dict[str, float]:
    adjusted, largest = {}, 0.0
    for rank, name in enumerate(sorted(p, key=p.get)):
        largest = max(largest, min(1.0, p[name] * (len(p) - rank)))
        adjusted[name] = largest
    return adjusted
