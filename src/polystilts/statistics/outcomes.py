"""From an interval to an outcome: supported, contradicted, equivalent or undecided, by a fixed rule."""

from collections.abc import Mapping

import numpy as np

from polystilts.errors import WrongUse
from polystilts.statistics.intervals import Interval

OUTCOMES = ("supported", "contradicted", "equivalent", "undecided")
DIRECTIONS = ("increase", "decrease", "equivalent", "at_most")


def p_values(found: Interval, direction: str, smallest_effect: float) -> dict[str, float]:
    """How surprising the data would be if each outcome were wrong: supported, contradicted, equivalent."""
    twice_above, twice_below = (min(1.0, 2 * p) for p in (found.p_above(0.0), found.p_below(0.0)))
    inside = max(found.p_above(-smallest_effect), found.p_below(smallest_effect))  # two one-sided tests
    beyond = min(1.0, 2 * min(found.p_above(smallest_effect), found.p_below(-smallest_effect)))
    if direction == "increase":
        return {"equivalent": inside, "supported": twice_above, "contradicted": twice_below}
    if direction == "decrease":
        return {"equivalent": inside, "supported": twice_below, "contradicted": twice_above}
    if direction == "equivalent":
        return {"supported": inside, "contradicted": beyond}
    if direction == "at_most":
        above = min(1.0, 2 * found.p_above(smallest_effect))
        return {"supported": found.p_below(smallest_effect), "contradicted": above}
    raise WrongUse(f"unknown direction {direction!r}; directions are {', '.join(DIRECTIONS)}")


def outcome(
    found: Interval,
    direction: str = "increase",
    smallest_effect: float = 1.0,
    error_rate: float = 0.05,
    logit: Interval | None = None,
    inflation: float = 1.0,
) -> tuple[str, str]:
    """The outcome of a hypothesis and the reason for it, in words.

    An effect shown to lie inside the smallest effect is "equivalent" even where it differs from zero. A call
    needs the same sign on the log-odds scale. `inflation` is Holm's: what the family multiplies p by.
    """
    if not found.known:
        return "undecided", found.notes[-1] if found.notes else "no interval"
    for name, p in p_values(found, direction, smallest_effect).items():
        if p >= error_rate:
            continue
        if min(1.0, p * inflation) >= error_rate:
            return "undecided", "not certain enough once the other tests of its family are counted"
        signed = direction in ("increase", "decrease") and name != "equivalent"
        if signed and logit is not None and np.sign(logit.estimate) != np.sign(found.estimate):
            return "undecided", "points and log odds disagree about the sign"
        return name, ""
    return "undecided", "the interval allows both"


def holm(p: Mapping[str, float]) -> dict[str, float]:
    """Holm's adjusted p-values over one family of tests.

    >>> holm({"a": 0.01, "b": 0.04, "c": 0.03})
    {'a': 0.03, 'b': 0.06, 'c': 0.06}
    """
    adjusted, largest = {}, 0.0
    ordered = sorted(p, key=lambda name: p[name])
    for rank, name in enumerate(ordered):
        largest = max(largest, min(1.0, (len(ordered) - rank) * p[name]))
        adjusted[name] = largest
    return {name: adjusted[name] for name in p}
