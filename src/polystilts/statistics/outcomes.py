"""From an interval to an outcome: supported, contradicted, equivalent or undecided, by a fixed rule."""

from collections.abc import Mapping

import numpy as np

from polystilts.errors import WrongUse
from polystilts.statistics.intervals import Interval

OUTCOMES = ("supported", "contradicted", "equivalent", "undecided")
DIRECTIONS = ("increase", "decrease", "equivalent", "at_most")


def p_values(found: Interval, direction: str, smallest_effect: float) -> dict[str, float]:
    """How surprising the data would be if each outcome were wrong: supported, contradicted, equivalent.

    What is said of every cell must hold in the least certain one; one cell contradicts it, and as it was
    picked from all of them its p counts for all (Bonferroni).
    """
    if found.cells:
        each = [p_values(cell, direction, smallest_effect) for cell in found.cells]
        return {
            name: min(1.0, len(each) * min(p[name] for p in each))
            if name == "contradicted"
            else max(p[name] for p in each)
            for name in each[0]
        }
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
    reason = "the interval allows both"
    for name, p in p_values(found, direction, smallest_effect).items():
        if p >= error_rate:
            continue
        if min(1.0, p * inflation) >= error_rate:  # of two that are true, the weaker may fail here alone
            reason = "not certain enough once the other tests of its family are counted"
            continue
        signed = direction in ("increase", "decrease") and name != "equivalent"
        if signed and logit is not None and np.sign(logit.estimate) != np.sign(found.estimate):
            return "undecided", "points and log odds disagree about the sign"
        return name, ""
    return "undecided", reason


def turned_by(
    found: Interval,
    without: Mapping[str, Interval],
    direction: str = "increase",
    smallest_effect: float = 1.0,
    error_rate: float = 0.05,
) -> list[str]:
    """What a finding hangs on: the languages or target tasks without any one of which it turns around.

    An expected sign turns with the sign of the estimate; a bound, with the outcome.
    """
    if direction in ("increase", "decrease"):
        return [name for name, rest in without.items()
                if np.sign(rest.estimate) == -np.sign(found.estimate) != 0]  # fmt: skip
    rule = (direction, smallest_effect, error_rate)
    whole = outcome(found, *rule)[0]
    return [name for name, rest in without.items() if outcome(rest, *rule)[0] != whole]


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
