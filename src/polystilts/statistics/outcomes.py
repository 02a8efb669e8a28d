"""From an interval to an outcome by a fixed rule, as docs/claims.md has it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from polystilts.errors import WrongUse
from polystilts.statistics.intervals import Interval

CALLED = ("equivalent", "supported", "contradicted", "not larger")  # in the order in which they are asked
OUTCOMES = ("supported", "contradicted", "equivalent", "not larger", "undecided", "not testable", "not run")
DIRECTIONS = ("increase", "decrease", "equivalent", "at_most")


@dataclass(frozen=True)
class Call:
    """An outcome, and of "undecided" the reason: "interval", "family", "sign", or "alone" without interval.

    `held` is the outcome that was certain enough but for the family or the sign.
    """

    outcome: str
    reason: str = ""
    held: str = ""


def p_values(found: Interval, direction: str, smallest_effect: float) -> dict[str, float]:
    """How surprising the data would be if each outcome were wrong, in the order in which they are asked.

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
    small = found.p_below(smallest_effect)
    if direction == "increase":
        return dict(zip(CALLED, (inside, twice_above, twice_below, small), strict=True))
    if direction == "decrease":
        return dict(
            zip(CALLED, (inside, twice_below, twice_above, found.p_above(-smallest_effect)), strict=True)
        )
    if direction == "equivalent":
        return {"supported": inside, "contradicted": beyond}
    if direction == "at_most":
        return {"supported": small, "contradicted": min(1.0, 2 * found.p_above(smallest_effect))}
    raise WrongUse(f"unknown direction {direction!r}; directions are {', '.join(DIRECTIONS)}")


def outcome(
    found: Interval,
    direction: str = "increase",
    smallest_effect: float = 1.0,
    error_rate: float = 0.05,
    logit: Interval | None = None,
    factor: float = 1.0,
) -> Call:
    """The outcome of a hypothesis: the first of `CALLED` that is certain enough.

    An effect shown to lie inside the smallest effect is "equivalent" even where it differs from zero. A call
    of a sign needs the same sign on the log-odds scale. `factor` is Holm's: what the family multiplies p by.
    """
    if not found.known:
        return Call("undecided", "alone")
    undecided = Call("undecided", "interval")
    for name, p in p_values(found, direction, smallest_effect).items():
        if p >= error_rate:
            continue
        if min(1.0, p * factor) >= error_rate:  # of two that are true, the weaker may fail here alone
            undecided = undecided if undecided.held else Call("undecided", "family", name)
            continue
        signed = direction in ("increase", "decrease") and name in ("supported", "contradicted")
        if signed and logit is not None and np.sign(logit.estimate) != np.sign(found.estimate):
            return Call("undecided", "sign", name)
        return Call(name)
    return undecided


def deciding(found: Interval, error_rate: float, factor: float = 1.0) -> Interval:
    """The interval that decides an equivalence: inside the smallest effect exactly where it is called."""
    return found.at(1 - 2 * error_rate / factor)


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
    whole = outcome(found, *rule).outcome
    return [name for name, rest in without.items() if outcome(rest, *rule).outcome != whole]


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


def holm_factors(p: Mapping[str, float]) -> dict[str, float]:
    """What Holm multiplies each p-value of a family by; where p is 0, the number of tests.

    >>> holm_factors({"a": 0.01, "b": 0.04, "c": 0.0})
    {'a': 2.0, 'b': 1.0, 'c': 3.0}
    """
    adjusted = holm(p)
    return {name: adjusted[name] / p[name] if p[name] > 0 else float(len(p)) for name in p}
