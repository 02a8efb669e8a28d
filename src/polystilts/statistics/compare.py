"""One contrast, one estimate: averaged the same way every time, with its intervals.

An estimate is built the same way every time: cells are averaged within each language, languages within each
target task, target tasks within each kind, and the kinds plainly. Retrieval stands beside it, never in it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from polystilts.errors import WrongUse
from polystilts.statistics.gains import CELL_KEYS, contrast
from polystilts.statistics.intervals import UNIT_WORDS, Interval, for_new_languages, highest_unit, t_interval
from polystilts.tasks import KINDS

ONCE = {"world_seed": "world", "encoder": "encoder", "encoder_seed": "pretraining",
        "intermediate_task": "intermediate task", "target_task": "target task"}  # fmt: skip
MEASURES = ("mean", "most", "every", "between", "slope")


@dataclass(frozen=True)
class Subset:
    """Which cells a sentence is about; what is None is not restricted."""

    exposure: str | None = "none"  # "none" is zero-shot: neither arm saw labels in the language
    cross_task: bool | None = True  # the intermediate task is of another kind than the target
    languages: tuple[str, ...] | None = None
    kinds: tuple[str, ...] | None = tuple(kind for kind in KINDS if kind != "retrieval")
    intermediate_tasks: tuple[str, ...] | None = None
    flagged: bool = True  # keep cells whose baseline is at chance or at the ceiling

    def of(self, cells: pd.DataFrame) -> pd.DataFrame:
        """The cells of this subset."""
        keep = pd.Series(True, index=cells.index)
        if self.exposure == "none":
            keep &= ~cells["exposed"]
        elif self.exposure is not None:
            keep &= cells["exposure"] == self.exposure
        if self.cross_task is not None:
            keep &= cells["cross_task"] == self.cross_task
        for column, wanted in (
            ("language", self.languages),
            ("task_kind", self.kinds),
            ("intermediate_task", self.intermediate_tasks),
        ):
            if wanted is not None:
                keep &= cells[column].isin(wanted)
        if not self.flagged:
            keep &= cells["flag"] == ""
        return cells[keep]


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


@dataclass(frozen=True)
class Comparison:
    """Everything one contrast has to say."""

    these: Interval  # for these languages
    new: Interval  # for new languages: wider
    logit: Interval  # the same estimate on the log-odds scale
    unflagged: Interval  # without cells at the floor or the ceiling
    flagged: int  # how many matched differences are in such cells
    by_kind: pd.DataFrame
    by_language: pd.DataFrame
    flips: tuple[str, ...]  # leaving this language or target task out turns the sign around
    limits: tuple[str, ...]  # what was there only once, so that nothing is said about others
    runs: tuple[str, ...]
    notes: tuple[str, ...]


def complete(cells: pd.DataFrame, unit: str) -> tuple[pd.DataFrame, list[str]]:
    """Only the cells that every unit has, so that no unit's mean is over other cells than the next one's."""
    seen_in = cells.groupby(CELL_KEYS)[unit].transform("nunique")
    keep = seen_in == cells[unit].nunique()
    if keep.all():
        return cells, []
    word = UNIT_WORDS.get(unit, unit)
    return cells[keep], [f"{int((~keep).sum())} differences left out: their cell is missing for some {word}s"]


def nested_mean(cells: pd.Series) -> pd.Series:
    """Average language by language, then target by target, then kind by kind; one value a unit.

    The series is indexed by unit, task_kind, target_task and, where it still has it, language.
    """
    names = list(cells.index.names)
    for last in range(len(names), 0, -1):
        cells = cells.groupby(level=names[:last]).mean()
    return cells


def unit_values(cells: pd.DataFrame, unit: str, column: str, measure: Measure = Measure()) -> pd.Series:
    """The measure inside each replicated unit: the independent values that intervals are made of."""
    keys = [unit, "task_kind", "target_task", "language"]
    if measure.how == "between":
        return _between(cells, unit, column, measure)
    own = cells.groupby([unit, *CELL_KEYS])[column].mean()
    by_language = own.groupby(level=keys).mean()
    if measure.how == "mean":
        return nested_mean(by_language)
    if measure.how == "most":
        return 100.0 * (by_language > 0).groupby(level=unit).mean() - 50.0
    if measure.how == "slope":
        known = cells.groupby("language")[measure.column].first().astype(float)
        slopes = by_language.groupby(level=keys[:3]).apply(
            lambda part: _slope(known.loc[part.index.get_level_values("language")], part)
        )
        return nested_mean(slopes.dropna())
    raise WrongUse(f"unknown measure {measure.how!r}; measures are {', '.join(MEASURES)}")


def _slope(x: pd.Series, y: pd.Series) -> float:
    """The least-squares slope; not a number with fewer than three languages or no spread in x."""
    across = x.to_numpy() - x.mean()
    return float(across @ y.to_numpy() / (across @ across)) if len(x) > 2 and np.ptp(across) > 0 else np.nan


def _between(cells: pd.DataFrame, unit: str, column: str, measure: Measure) -> pd.Series:
    """The mean of the first group minus the mean of the second, inside each unit."""
    groups = {}
    for name, members in (("first", measure.first), ("second", measure.second)):
        part = cells[cells[measure.column].isin(members)]
        own = part.groupby([unit, *CELL_KEYS])[column].mean()
        by_language = own.groupby(level=[unit, "task_kind", "target_task", "language"]).mean()
        if measure.column in ("task_kind", "target_task"):  # the groups are targets: nothing to match within
            groups[name] = nested_mean(by_language)
        elif measure.column == "intermediate_task":  # the same languages have to be in both groups
            groups[name] = by_language
        else:
            groups[name] = by_language.groupby(level=[unit, "task_kind", "target_task"]).mean()
    difference = (groups["first"] - groups["second"]).dropna()
    return nested_mean(difference)


def estimate(
    cells: pd.DataFrame, column: str = "difference", measure: Measure = Measure(), unit: str = ""
) -> Interval:
    """The measure with its interval for these languages, over the highest replicated unit."""
    unit = unit or highest_unit(cells)
    kept, notes = complete(cells, unit) if len(cells) else (cells, [])
    if kept.empty:
        return Interval(float("nan"), None, 0, 0, unit, 0, notes=(*notes, "no cells to compare"))
    if measure.how == "every":
        return _every(kept, unit, column, notes)
    found = t_interval(unit_values(kept, unit, column, measure).to_numpy(), unit=unit, n=len(kept))
    return replace(found, notes=(*notes, *found.notes))


def _every(cells: pd.DataFrame, unit: str, column: str, notes: list[str]) -> Interval:
    """The smallest target × language cell, with its interval widened for having been picked (Bonferroni)."""
    own = cells.groupby([unit, "task_kind", "target_task", "language"])[column].mean()
    parts = {key: part for key, part in own.groupby(level=["target_task", "language"])}
    smallest = min(parts, key=lambda key: parts[key].mean())
    found = t_interval(parts[smallest].to_numpy(), unit=unit, n=len(cells))
    notes = [*notes, f"smallest of {len(parts)} cells: {smallest[0]} in {smallest[1]}"]
    # The level of the claim stays 95 %: the factor that widens the interval goes into its standard error.
    if found.known:
        wider = found.at(1 - 0.05 / len(parts)).half_width / found.half_width
        found = replace(found, se=found.se * wider)
    return replace(found, notes=(*notes, *found.notes))


def compare(cells: pd.DataFrame, measure: Measure = Measure(), unit: str = "") -> Comparison:
    """One contrast in full: points, log odds, with and without flagged cells, by kind, by language."""
    unit = unit or highest_unit(cells)
    these = estimate(cells, "difference", measure, unit)

    def again(part: pd.DataFrame) -> float:
        return estimate(part, "difference", measure, unit).estimate

    able = measure.how in ("mean", "between")
    new = for_new_languages(these, cells, again) if able and len(cells) else replace(these, se=None, df=0)
    if not able:
        new = replace(new, notes=("no statement about new languages is made for this measure",))
    unflagged = cells[cells["flag"] == ""]
    return Comparison(
        these=these,
        new=new,
        logit=estimate(cells, "difference_logit", measure, unit),
        unflagged=estimate(unflagged, "difference", measure, unit),
        flagged=len(cells) - len(unflagged),
        by_kind=estimates_by(cells, "task_kind", unit),
        by_language=estimates_by(cells, "language", unit),
        flips=sign_flips(cells, these.estimate, again) if able and len(cells) else (),
        limits=tuple(word for column, word in ONCE.items() if cells[column].nunique() == 1),
        runs=tuple(sorted({*cells["run_id"], *cells["run_id_control"]})) if len(cells) else (),
        notes=tuple(dict.fromkeys((*cells.attrs.get("notes", ()), *these.notes))),
    )


def sign_flips(
    cells: pd.DataFrame, estimate: float, again: Callable[[pd.DataFrame], float]
) -> tuple[str, ...]:
    """The languages and target tasks without any one of which the estimate has the other sign."""
    flips = []
    for column in ("language", "target_task"):
        names = sorted(cells[column].unique())
        for name in names if len(names) > 1 else ():
            if np.sign(again(cells[cells[column] != name])) == -np.sign(estimate) != 0:
                flips.append(name)
    return tuple(flips)


def estimates_by(cells: pd.DataFrame, column: str, unit: str = "", value: str = "difference") -> pd.DataFrame:
    """The mean difference inside each group of a column, each with its interval: one row a group."""
    rows = []
    for name, part in cells.groupby(column):
        found = estimate(part, value, unit=unit)
        flagged = int((part["flag"] != "").sum())
        rows.append((name, found.estimate, found.low, found.high, found.n, found.units, flagged))
    return pd.DataFrame(rows, columns=[column, "estimate", "low", "high", "n", "units", "flagged"])


def primary_contrast(
    scores: pd.DataFrame,
    low_resource: Sequence[str],
    treatment: str = "translated",
    control: str = "english",
    unit: str = "",
) -> dict[str, Comparison]:
    """The study's question: multilingual minus English practice, zero-shot, cross-task, low-resource.

    Under "primary" the plain mean over task kinds without retrieval; under "retrieval" retrieval alone.
    """
    cells = contrast(scores, treatment, control)
    zero_shot = Subset(languages=tuple(low_resource))
    beside = replace(zero_shot, kinds=("retrieval",))
    return {
        "primary": compare(zero_shot.of(cells), unit=unit),
        "retrieval": compare(beside.of(cells), unit=unit),
    }
