"""How cells become one number: a grid of rows × units, and the weight each row has in the average.

Cells are averaged within each language, languages within each target task, target tasks within each kind, and
the kinds plainly. Every measure but two is a weighted sum over the rows, so leaving one out is cheap.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from polystilts.errors import WrongUse
from polystilts.statistics.gains import CELL_KEYS
from polystilts.statistics.intervals import UNIT_WORDS
from polystilts.wording import note_of

MEASURES = ("mean", "most", "every", "between", "slope")
ROW_KEYS = ["group", "task_kind", "target_task", "language"]


@dataclass(frozen=True)
class Measure:
    """What is computed from the differences.

    `mean`; `most` (share of target × language cells above zero, minus one half, in points); `every` (the
    smallest of those cells); `between` (the group `first` minus the group `second` of a column, within each
    target task where both are); `slope` (the change per unit of a column over languages, within each target).
    """

    how: str = "mean"
    column: str = ""
    first: tuple[str, ...] = ()
    second: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.how not in MEASURES:
            raise WrongUse(f"unknown measure {self.how!r}; measures are {', '.join(MEASURES)}")


MEAN = Measure()


@dataclass(frozen=True)
class Grid:
    """The cells of a contrast, averaged as far as a target in a language: rows × units."""

    rows: pd.DataFrame  # group, task_kind, target_task, language, and `x` where a slope is asked for
    values: np.ndarray  # rows × units
    units: tuple[int | str, ...]


def cell_keys(unit: str) -> list[str]:
    """What tells one cell from the next inside a unit; a bundle may bring an encoder of its own."""
    return [key for key in CELL_KEYS if not (unit == "bundle" and key == "encoder")]


def complete(cells: pd.DataFrame, unit: str) -> tuple[pd.DataFrame, list[str]]:
    """Only the cells that every unit has, so that no unit's mean is over other cells than the next one's.

    Where allotments of text differ, every unit of the same allotment: those ask about other languages.
    """
    same = ["allotment"] if "allotment" in cells else []
    seen_in = cells.groupby([*cell_keys(unit), *same])[unit].transform("nunique")
    keep = seen_in == (cells.groupby(same)[unit].transform("nunique") if same else cells[unit].nunique())
    if keep.all():
        return cells, []
    word = UNIT_WORDS.get(unit, unit)
    return cells[keep], [note_of("incomplete", n=int((~keep).sum()), units=f"{word}s")]


def grids_of(cells: pd.DataFrame, unit: str, columns: Sequence[str], measure: Measure = MEAN) -> list[Grid]:
    """The grid of each of these columns of differences; for `between`, rows of the two groups only."""
    cells = cells.assign(group="")
    if measure.how == "between":
        for name in ("first", "second"):
            cells.loc[cells[measure.column].isin(getattr(measure, name)), "group"] = name
        cells = cells[cells["group"] != ""]
    inner = [key for key in cell_keys(unit) if key not in ROW_KEYS]
    own = cells.groupby([*ROW_KEYS, *inner, unit])[list(columns)].mean()  # seeds are averaged inside a world
    means = own.groupby(level=[*ROW_KEYS, unit]).mean().unstack(unit)
    rows = means.index.to_frame(index=False).astype(object)
    if measure.how == "slope":
        rows["x"] = rows["language"].map(cells.groupby("language")[measure.column].first()).astype(float)
    wide = [means[column] for column in columns]
    return [Grid(rows, values.to_numpy(dtype=float), tuple(values.columns)) for values in wide]


def values_of(grid: Grid, measure: Measure = MEAN, rows: np.ndarray | None = None) -> np.ndarray:
    """The measure inside each unit, over all rows or those of a mask: the values intervals are made of."""
    keep = np.ones(len(grid.rows), dtype=bool) if rows is None else rows
    found = np.full(len(grid.units), np.nan)
    there = ~np.isnan(grid.values)
    if there.all():
        weights = weights_of(grid.rows[keep], measure)
        return found if weights is None else weights @ transformed(grid.values[keep], measure)
    for place in range(len(grid.units)):  # a unit that lacks a cell is averaged over those it has
        mine = keep & there[:, place]
        weights = weights_of(grid.rows[mine], measure)
        if weights is not None:
            found[place] = weights @ transformed(grid.values[mine, place], measure)
    return found


def transformed(values: np.ndarray, measure: Measure) -> np.ndarray:
    """What is averaged: the differences, or for `most` whether they are above zero, from -50 to 50."""
    return 100.0 * (values > 0) - 50.0 if measure.how == "most" else values


def weights_of(rows: pd.DataFrame, measure: Measure) -> np.ndarray | None:
    """The weight of each row in the measure; None where the rows cannot support it."""
    if rows.empty:
        return None
    if measure.how == "mean":
        return nested(rows)
    if measure.how == "most":
        return np.full(len(rows), 1.0 / len(rows))
    if measure.how == "between":
        return _between(rows, measure.column)
    if measure.how == "slope":
        return _slope(rows)
    raise WrongUse(f"{measure.how} is no weighted sum over rows")


def nested(rows: pd.DataFrame) -> np.ndarray:
    """One over languages of the target, targets of the kind, and kinds: weights that sum to one."""
    pairs = list(zip(rows["task_kind"], rows["target_task"], strict=True))
    languages = Counter(pairs)
    targets = Counter(kind for kind, _ in languages)
    return np.array([1.0 / (languages[pair] * targets[pair[0]] * len(targets)) for pair in pairs])


def _between(rows: pd.DataFrame, column: str) -> np.ndarray | None:
    """The first group's weights, and the second's taken off, over what both groups have."""
    same = {"task_kind": [], "target_task": [], "intermediate_task": ["task_kind", "target_task", "language"]}
    within = same.get(column, ["task_kind", "target_task"])  # groups of targets have nothing to match within
    both = pd.Series(True, index=rows.index)
    if within:
        both = rows.groupby(within)["group"].transform("nunique") == 2
    weights = np.zeros(len(rows))
    for name, sign in (("first", 1.0), ("second", -1.0)):
        mine = (both & (rows["group"] == name)).to_numpy()
        if not mine.any():
            return None
        weights[mine] = sign * nested(rows[mine])
    return weights


def _slope(rows: pd.DataFrame) -> np.ndarray | None:
    """Least-squares weights within each target that has three languages and a spread, then nested."""
    across = rows["x"] - rows.groupby("target_task")["x"].transform("mean")
    squares = (across**2).groupby(rows["target_task"]).transform("sum")
    count = rows.groupby("target_task")["x"].transform("count")
    able = ((count > 2) & (squares > 0)).to_numpy()
    if not able.any():
        return None
    weights = np.zeros(len(rows))
    mean = nested(rows[able]) * count[able].to_numpy()  # the weight of a target, whatever its languages
    weights[able] = mean * (across / squares)[able].to_numpy()
    return weights
