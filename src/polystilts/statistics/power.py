"""How small an effect could have been seen: the other half of every interval that holds zero."""

from functools import lru_cache

import numpy as np
import scipy

from polystilts.errors import WrongUse


def power(effect: float, sd: float, units: int, error_rate: float = 0.05) -> float:
    """The chance that a two-sided t test over `units` values with spread `sd` (points) finds an effect.

    >>> round(power(2.0, 2.0, 5), 2)
    0.4
    >>> round(power(0.0, 2.0, 5), 2)
    0.05
    """
    if units < 2:
        return 0.0
    shift, edge = effect / sd * units**0.5, scipy.stats.t.ppf(1 - error_rate / 2, units - 1)
    above = scipy.stats.nct.sf(edge, units - 1, shift)
    below = scipy.stats.nct.cdf(-edge, units - 1, shift)
    return float(np.nan_to_num(above, nan=1.0) + np.nan_to_num(below))  # scipy gives no number far out


def minimum_detectable_effect(
    sd: float, units: int, at_power: float = 0.8, error_rate: float = 0.05
) -> float | None:
    """The effect, in the unit of `sd`, that a two-sided t test over `units` values finds with this power.

    `sd` is the spread of one replicated unit's value (a world's, or a seed's). None for fewer than two units,
    which can find nothing. Exact for normal values: the noncentral t distribution.

    >>> round(minimum_detectable_effect(2.0, 5), 2)
    3.36
    >>> minimum_detectable_effect(2.0, 1) is None
    True
    """
    if units < 2:
        return None
    if not sd > 0:
        raise WrongUse(f"a spread of {sd} points cannot be; measure it over at least two runs")
    return float(_in_spreads(units, at_power, error_rate) * sd)


@lru_cache
def _in_spreads(units: int, at_power: float, error_rate: float) -> float:
    """The detectable effect where the spread is one: a table asks for the same few again and again."""
    # A t shifted by the effect, instead of a noncentral one, is roughly right: it brackets the exact value.
    edge, more = scipy.stats.t.ppf(1 - error_rate / 2, units - 1), scipy.stats.t.ppf(at_power, units - 1)
    bracket = (1e-6, 1.5 * (edge + more) / units**0.5)
    return float(scipy.optimize.brentq(lambda one: power(one, 1.0, units, error_rate) - at_power, *bracket))


def detectable_by_items(
    n: int, score: float = 50.0, at_power: float = 0.8, error_rate: float = 0.05
) -> float:
    """The difference (points) between two scores that a test set of `n` items shows with this power.

    Both models answer the same items, but their agreement is not counted on: with it, less would do.

    >>> round(detectable_by_items(100), 1), round(detectable_by_items(1000, 80.0), 1)
    (19.8, 5.0)
    """
    share = score / 100.0
    steps = scipy.stats.norm.ppf(1 - error_rate / 2) + scipy.stats.norm.ppf(at_power)
    return float(100 * steps * (2 * share * (1 - share) / n) ** 0.5)
