"""Two summaries that no single loud cell decides: interquartile mean and probability of improvement.

Both are as Agarwal et al. 2021 (arXiv 2108.13264) define them. Their intervals are not: a percentile
bootstrap over three to five runs covers too little, so every unit is left out once (the jackknife), with t.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
import scipy

from polystilts.statistics.averages import complete
from polystilts.statistics.intervals import UNIT_WORDS, Interval, highest_unit


def interquartile_mean(scores: np.ndarray) -> float:
    """The mean of the middle half of all scores (runs × tasks), the lowest and highest quarter left out.

    A task that a run was not asked is NaN and counts for neither half.

    >>> interquartile_mean(np.array([[0.0, 1.0, 2.0, 99.0]]))
    1.5
    """
    known = np.asarray(scores, dtype=float)
    return float(scipy.stats.trim_mean(known[~np.isnan(known)], 0.25, axis=None))


def probability_of_improvement(first: np.ndarray, second: np.ndarray) -> float:
    """How likely a run of the first beats a run of the second on a task drawn at random (runs × tasks each).

    The mean over tasks of the Mann-Whitney statistic per pair of runs; a tie counts one half. A pair of which
    one was not asked the task (NaN) does not count.

    >>> probability_of_improvement(np.array([[3.0], [1.0]]), np.array([[2.0], [1.0]]))
    0.625
    """
    first, second = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    wins = (first[:, None, :] > second[None, :, :]) + 0.5 * (first[:, None, :] == second[None, :, :])
    asked = ~(np.isnan(first)[:, None, :] | np.isnan(second)[None, :, :])
    pairs = asked.sum(axis=(0, 1))
    return float(((wins * asked).sum(axis=(0, 1))[pairs > 0] / pairs[pairs > 0]).mean())


def jackknife(units: list, estimate: Callable[[list], float], unit: str, n: int) -> Interval:
    """An estimate over units with its t interval, each unit left out once; refused below three units."""
    whole, word = estimate(units), UNIT_WORDS.get(unit, unit)
    if len(units) < 3:
        note = f"fewer than three {word}s: none can be left out, so no interval is given"
        return Interval(whole, None, 0, len(units), unit, n, notes=(note,))
    without = np.array([estimate([other for other in units if other != one]) for one in units])
    variance = (len(units) - 1) / len(units) * float(((without - without.mean()) ** 2).sum())
    if variance <= 1e-18:
        note = f"leaving out any {word} changes nothing, so no interval is given"
        return Interval(whole, None, 0, len(units), unit, n, notes=(note,))
    return Interval(whole, variance**0.5, len(units) - 1, len(units), unit, n)


def aggregates(cells: pd.DataFrame, unit: str = "") -> dict[str, Interval]:
    """Both summaries of a contrast: of its differences (points), and of treatment over control (percent).

    A task is a target in a language, as in a runs × tasks table; only those are used that every unit has.
    """
    unit = unit or highest_unit(cells)
    kept, notes = complete(cells, unit) if len(cells) else (cells, [])
    if kept.empty:
        empty = Interval(float("nan"), None, 0, 0, unit, 0, notes=(*notes, "no cells to compare"))
        return {"interquartile mean": empty, "probability of improvement": empty}
    wide = kept.pivot_table(index=unit, columns=["target_task", "language"],
                            values=["difference", "value", "control_value"])  # fmt: skip

    def middle(units: list) -> float:
        return interquartile_mean(wide.loc[units, "difference"].to_numpy())

    def improved(units: list) -> float:
        part = wide.loc[units]
        return 100 * probability_of_improvement(part["value"].to_numpy(), part["control_value"].to_numpy())

    return {
        "interquartile mean": jackknife(list(wide.index), middle, unit, len(kept)),
        "probability of improvement": jackknife(list(wide.index), improved, unit, len(kept)),
    }
