"""From an estimate to its outcome, as docs/claims.md has it: p-values, Holm's rule, and what follows."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy

from polystilts.gate.estimates import Estimate

SIGNED = ("increase", "decrease")  # the directions that expect a sign
POWER = 0.8  # four times in five


def surprises(found: Estimate, row: Mapping[str, Any]) -> dict[str, float]:
    """The p-value behind each outcome that this direction allows, in the order in which they are called.

    Every cell has to pass where a sentence is about every cell, and each is a chance to contradict it.
    """
    if found.cells:
        each = [surprises(cell, row) for cell in found.cells]
        worst = {word: max(p[word] for p in each) for word in each[0]}
        return worst | {"contradicted": min(1.0, len(each) * min(p["contradicted"] for p in each))}
    edge, direction = row["smallest_effect"], row["direction"]

    def above(bound: float) -> float:
        if found.error is None:
            return 1.0
        return float(scipy.stats.t.sf((found.value - bound) / found.error, found.freedom))

    def below(bound: float) -> float:
        if found.error is None:
            return 1.0
        return float(scipy.stats.t.cdf((found.value - bound) / found.error, found.freedom))

    up, down = min(1.0, 2 * above(0)), min(1.0, 2 * below(0))
    inside = max(above(-edge), below(edge))
    if direction == "increase":
        return {"equivalent": inside, "supported": up, "contradicted": down, "not larger": below(edge)}
    if direction == "decrease":
        return {"equivalent": inside, "supported": down, "contradicted": up, "not larger": above(-edge)}
    if direction == "equivalent":
        return {"supported": inside, "contradicted": min(1.0, 2 * min(above(edge), below(-edge)))}
    return {"supported": below(edge), "contradicted": min(1.0, 2 * above(edge))}  # at_most


def decision(
    found: Estimate, row: Mapping[str, Any], factor: float, logit: Estimate | None
) -> tuple[str, str, str]:
    """The outcome: the first that is certain enough, in the family and on both scales.

    Returned with it: what stood in the way of an undecided one ("interval", "family", "sign"), and the
    outcome that it would have been.
    """
    alone = ""
    for word, p in surprises(found, row).items():
        if p >= row["error_rate"]:
            continue
        if p * factor >= row["error_rate"]:
            alone = alone or word
            continue
        asked = row["direction"] in SIGNED and word in ("supported", "contradicted")
        if asked and logit is not None and np.sign(logit.value) != np.sign(found.value):
            return "undecided", "sign", word
        return word, "", word
    return "undecided", "family" if alone else "interval", alone


def decide(found: Estimate, row: Mapping[str, Any], factor: float, logit: Estimate | None) -> str:
    """The outcome alone."""
    return decision(found, row, factor, logit)[0]


def holm(p: Mapping[str, float]) -> dict[str, float]:
    """What each p of a family is multiplied by: its adjusted value, a running maximum, over itself.

    >>> holm({"a": 0.01, "b": 0.04, "c": 0.03})
    {'a': 3.0, 'c': 2.0, 'b': 1.5}
    """
    factors, largest = {}, 0.0
    for rank, name in enumerate(sorted(p, key=p.get)):
        largest = max(largest, min(1.0, p[name] * (len(p) - rank)))
        factors[name] = largest / p[name] if p[name] > 0 else float(len(p))
    return factors


def equivalence(found: Estimate, row: Mapping[str, Any], factor: float) -> tuple[float, float, float]:
    """The interval that decides an equivalence: its level in per cent, its lower and its upper end."""
    level = 1 - 2 * row["error_rate"] / factor
    return (100 * level, *found.ends(level))


def detectable(found: Estimate, row: Mapping[str, Any], tests: int) -> float:
    """The true effect that the two-sided t test finds four times in five, in the first of Holm's places."""
    tail = row["error_rate"] / max(1, tests) / max(1, len(found.cells)) / 2
    edge = float(scipy.stats.t.isf(tail, found.freedom))

    def short(shift: float) -> float:
        beyond = scipy.stats.nct.sf(edge, found.freedom, shift)
        below = scipy.stats.nct.cdf(-edge, found.freedom, shift)
        return float(np.nan_to_num(beyond, nan=1.0) + np.nan_to_num(below)) - POWER  # none is given far out

    top = 1.0
    while short(top) < 0:
        top *= 2
    return float(scipy.optimize.brentq(short, 0, top, xtol=1e-10, rtol=1e-12)) * found.error
