"""How sure we are: t intervals over the highest level that was replicated, and refusals where none was.

A percentile bootstrap over three to five seeds covers too little, so none is used here. Two statements are
kept apart: for *these* languages, only the replicated units vary; for *new* languages, languages vary too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import scipy  # its functions are loaded where they are first asked for: that takes half a second

from polystilts.statistics.power import minimum_detectable_effect
from polystilts.wording import note_of

UNITS = ("bundle", "world_seed", "encoder_seed", "seed")  # highest first; bundles are what `pool` merges
UNIT_WORDS = {"world_seed": "world", "encoder_seed": "encoder", "seed": "seed", "language": "language",
              "bundle": "bundle"}  # fmt: skip


@dataclass(frozen=True)
class Interval:
    """An estimate with its standard error, and from them its interval; `se` is None where it is unknown."""

    estimate: float
    se: float | None
    df: float
    units: int  # how many replicated units stand behind it
    unit: str = "seed"
    n: int = 0  # how many matched differences, or scores, were averaged
    level: float = 0.95
    notes: tuple[str, ...] = ()
    cells: tuple["Interval", ...] = ()  # of a statement about every cell: each cell's own interval
    picked: tuple[str, str] | None = None  # and the target and language of the smallest, which this is

    @property
    def low(self) -> float | None:
        """The lower end, or None where no interval can be given."""
        return None if self.se is None else self.estimate - self.half_width

    @property
    def high(self) -> float | None:
        """The upper end, or None where no interval can be given."""
        return None if self.se is None else self.estimate + self.half_width

    @property
    def half_width(self) -> float:
        """Half the length of the interval."""
        return float(scipy.special.stdtrit(self.df, 0.5 + self.level / 2)) * self.se

    @property
    def known(self) -> bool:
        """Whether there is an interval at all."""
        return self.se is not None

    def at(self, level: float) -> "Interval":
        """The same estimate at another level of confidence."""
        return replace(self, level=level)

    def p_above(self, bound: float) -> float:
        """One-sided p-value against a true value at or below `bound`."""
        return (
            1.0 if self.se is None else float(scipy.special.stdtr(self.df, (bound - self.estimate) / self.se))
        )

    def p_below(self, bound: float) -> float:
        """One-sided p-value against a true value at or above `bound`."""
        return (
            1.0 if self.se is None else float(scipy.special.stdtr(self.df, (self.estimate - bound) / self.se))
        )

    def smallest_visible(self, power: float = 0.8, error_rate: float = 0.05) -> float | None:
        """The minimum detectable effect: what a two-sided test at this error rate finds with the given power.

        Of a statement about every cell, the error rate is that of all of them together.
        """
        if self.se is None:
            return None
        spread, units = self.se * (self.df + 1) ** 0.5, self.df + 1
        return minimum_detectable_effect(spread, units, power, error_rate / max(1, len(self.cells)))


def t_interval(values: Sequence[float], level: float = 0.95, unit: str = "seed", n: int = 0) -> Interval:
    """The mean of independent units with its t interval; refused for one unit, or for units all equal.

    >>> found = t_interval([1.0, 2.0, 3.0])
    >>> round(found.estimate, 2), round(found.low, 2), round(found.high, 2)
    (2.0, -0.48, 4.48)
    >>> t_interval([1.0]).notes
    ('one seed only: no spread can be measured, so no interval is given',)
    """
    numbers = np.asarray(values, dtype=float)
    numbers = numbers[~np.isnan(numbers)]
    word = UNIT_WORDS.get(unit, unit)
    if len(numbers) == 0:
        return Interval(float("nan"), None, 0, 0, unit, n, level, ("nothing to average",))
    mean = float(numbers.mean())
    if len(numbers) == 1:
        note = note_of("one_unit", unit=word)
        return Interval(mean, None, 0, 1, unit, n, level, (note,))
    spread = float(numbers.std(ddof=1))
    if spread <= 1e-9 * max(1.0, abs(mean)):
        note = note_of("no_spread", count=len(numbers), units=f"{word}s")
        return Interval(mean, None, 0, len(numbers), unit, n, level, (note,))
    return Interval(mean, spread / len(numbers) ** 0.5, len(numbers) - 1, len(numbers), unit, n, level)


def highest_unit(table: pd.DataFrame) -> str:
    """The highest level that was replicated: bundles, else worlds, else encoders, else seeds.

    Bundles that are a world each are called worlds. Two worlds that differ in their allotment of text are two
    arms of one design and repeat nothing: worlds are units where an allotment has more than one.
    """
    parts = [part for _, part in table.groupby("allotment")] if "allotment" in table else [table]
    many = [unit for unit in UNITS if unit in table and any(part[unit].nunique() > 1 for part in parts)]
    if many[:2] == ["bundle", "world_seed"]:
        pairs = len(table[["bundle", "world_seed"]].drop_duplicates())
        if pairs == table["bundle"].nunique() == table["world_seed"].nunique():
            return "world_seed"
    return many[0] if many else "seed"


def for_new_languages(
    these: Interval, rows: pd.DataFrame, estimate: Callable[[pd.DataFrame], float]
) -> Interval:
    """The wider statement, for languages not in the study: units and languages both vary.

    `rows` has a column language; `estimate` computes the estimate again from some of the rows.

    The variance between languages is the jackknife's (leave one language out, compute everything again):
    s²/L for a plain mean. It is added to the variance between units without taking their shared noise off,
    and the smaller degrees of freedom are used: never narrower than the statement for these languages.
    """
    languages = sorted(rows["language"].unique())
    if not these.known or len(languages) < 3:
        note = "fewer than three languages: nothing can be said about new ones" if these.known else ""
        notes = tuple(filter(None, (*these.notes, note)))
        return replace(these, se=None, df=0, notes=notes)
    without = np.array([estimate(rows[rows["language"] != language]) for language in languages])
    count = len(languages)
    if np.isnan(without).any():  # leaving one out empties a group that the estimate needs
        note = "too few languages in a group to say anything about new ones"
        return replace(these, se=None, df=0, notes=(*these.notes, note))
    between = (count - 1) / count * float(((without - without.mean()) ** 2).sum())
    return replace(these, se=(these.se**2 + between) ** 0.5, df=min(these.df, count - 1))


def wilson_interval(value: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Wilson's interval for a score (0–100) that is a share of n items.

    >>> tuple(round(end, 1) for end in wilson_interval(50.0, 100))
    (40.4, 59.6)
    """
    z = float(scipy.special.ndtri(0.5 + level / 2))
    share = value / 100.0
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * ((share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5)
    return 100 * max(0.0, centre - half), 100 * min(1.0, centre + half)
