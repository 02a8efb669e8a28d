"""One contrast, one estimate: averaged the same way every time, with its intervals.

Cells are averaged as `averages` says; retrieval stands beside an estimate, never in it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from polystilts.languages import LANGUAGES
from polystilts.statistics.averages import MEAN, Grid, Measure, complete, grids_of, values_of
from polystilts.statistics.gains import contrast
from polystilts.statistics.intervals import UNIT_WORDS, Interval, for_new_languages, highest_unit, t_interval
from polystilts.statistics.tables import LowResource, plain_words, with_levels
from polystilts.tasks import KINDS, STRATEGIES
from polystilts.wording import note_of

# What may have been there only once, by the columns that tell; wording.yaml has the words.
ONCE = {"world": ["world_seed"], "encoder": ["encoder"],
        "pretraining": ["world_seed", "encoder_seed"],  # every world has its own
        "intermediate_task": ["intermediate_task"], "target_task": ["target_task"]}  # fmt: skip


@dataclass(frozen=True)
class Subset:
    """Which cells a sentence is about; what is None is not restricted."""

    exposure: str | None = "none"  # "none" is zero-shot: neither arm saw labels in the language
    cross_task: bool | None = True  # the intermediate task is of another kind than the target
    languages: tuple[str, ...] | None = None
    resource: str | None = None  # "low" or "high": the level of the language in its world (`with_levels`)
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
        if self.resource is not None:
            keep &= cells["resource_level"] == self.resource
        if not self.flagged:
            keep &= cells["flag"] == ""
        return cells[keep]


@dataclass(frozen=True)
class Comparison:
    """Everything one contrast has to say."""

    these: Interval  # for these languages
    new: Interval  # for new languages: wider; unknown where the worlds' interval covers them already
    logit: Interval  # the same estimate on the log-odds scale
    by_kind: Mapping[str, Interval]  # of a mean, the same for each kind of task
    unflagged: Interval  # without differences whose baseline is at the floor or the ceiling
    flagged: int  # how many matched differences these are
    left: Mapping[str, tuple[int, int]]  # of each target task: how many are left without them, of how many
    without: Mapping[str, Interval]  # for these languages, with this language or target task left out
    limits: tuple[str, ...]  # what was there only once, by the keys of ONCE
    runs: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def differences(self) -> int:
        """How many matched differences there are, those included whose cell some unit lacks."""
        return sum(count for _, count in self.left.values())


def unit_values(cells: pd.DataFrame, unit: str, column: str, measure: Measure = MEAN) -> pd.Series:
    """The measure inside each replicated unit: the independent values that intervals are made of."""
    (grid,) = grids_of(cells, unit, [column], measure)
    return pd.Series(values_of(grid, measure), index=pd.Index(grid.units, name=unit)).dropna()


def estimate(
    cells: pd.DataFrame, column: str = "difference", measure: Measure = MEAN, unit: str = ""
) -> Interval:
    """The measure with its interval for these languages, over the highest replicated unit."""
    return estimates(cells, [column], measure, unit)[0][0]


def estimates(
    cells: pd.DataFrame, columns: Sequence[str], measure: Measure = MEAN, unit: str = "", ragged: bool = False
) -> list[tuple[Interval, Grid | None]]:
    """The measure of several columns of the same cells, each with its interval and what it is made of.

    Cells that some unit lacks are left out; with `ragged` every unit is averaged over what it has.
    """
    unit = unit or highest_unit(cells)
    kept, notes = complete(cells, unit) if len(cells) and not ragged else (cells, [])
    if kept.empty:
        nothing = Interval(float("nan"), None, 0, 0, unit, 0, notes=(*notes, "no cells to compare"))
        return [(nothing, None)] * len(columns)
    found, unequal = [], _unequal(kept, unit)
    for grid in grids_of(kept, unit, columns, measure):
        if measure.how == "every":
            one = _every(grid, unit, len(kept))
        else:
            one = t_interval(values_of(grid, measure), unit=unit, n=len(kept))
        found.append((replace(one, notes=(*notes, *unequal, *one.notes)), grid))
    return found


def _unequal(cells: pd.DataFrame, unit: str) -> list[str]:
    """A note where some units average over more runs than others."""
    runs = cells.groupby(unit)["run_id"].nunique() if "run_id" in cells else pd.Series([1])
    if runs.nunique() < 2:
        return []
    word = UNIT_WORDS.get(unit, unit)
    return [note_of("unequal", units=f"{word}s", low=runs.min(), high=runs.max())]


def _every(grid: Grid, unit: str, n: int) -> Interval:
    """The smallest target × language cell, with its interval widened for having been picked (Bonferroni).

    Every cell's own interval goes with it: that all are above zero takes more than that the smallest is.
    """
    each = tuple(t_interval(values, unit=unit, n=n) for values in grid.values)
    smallest = int(np.nanargmin([cell.estimate for cell in each]))
    row, count = grid.rows.iloc[smallest], len(each)
    note = note_of("smallest", count=count, target=row["target_task"], language=row["language"])
    found = each[smallest].at(1 - 0.05 / count)
    picked = (row["target_task"], row["language"])
    return replace(found, cells=each, picked=picked, notes=(note, *found.notes))


@plain_words
def compare(cells: pd.DataFrame, measure: Measure = MEAN, unit: str = "") -> Comparison:
    """One contrast in full: points, log odds, by kind, with and without flagged cells."""
    unit = unit or highest_unit(cells)
    (these, grid), (logit, _) = estimates(cells, ["difference", "difference_logit"], measure, unit)
    able = measure.how in ("mean", "between") and grid is not None

    def values(rows: pd.DataFrame) -> np.ndarray:
        return values_of(grid, measure, np.isin(np.arange(len(grid.rows)), rows.index))

    def again(rows: pd.DataFrame) -> float:
        return float(np.mean(values(rows)))

    if not able:
        new = replace(
            these, se=None, df=0, notes=("no statement about new languages is made for this measure",)
        )
    elif drawn_anew(cells, unit):
        why = "the interval over worlds covers new languages already"
        new = replace(these, se=None, df=0, notes=(why,))
    else:
        new = for_new_languages(these, grid.rows, again)
    unflagged = cells[cells["flag"] == ""]
    ((without_flagged, _),) = estimates(unflagged, ["difference"], measure, unit, ragged=True)
    left = unflagged["target_task"].value_counts()
    return Comparison(
        these=these,
        new=new,
        logit=logit,
        by_kind=kinds_of(grid, cells, unit) if measure.how == "mean" and grid is not None else {},
        unflagged=without_flagged,
        flagged=len(cells) - len(unflagged),
        left={name: (int(left.get(name, 0)), int(count))
              for name, count in cells["target_task"].value_counts().sort_index().items()},
        without=left_out(grid.rows, lambda rows: t_interval(values(rows), unit=unit)) if able else {},
        limits=limits_of(cells, unit),
        runs=tuple(sorted({*cells["run_id"], *cells["run_id_control"]})) if len(cells) else (),
        notes=tuple(dict.fromkeys((*cells.attrs.get("notes", ()), *these.notes))),
    )  # fmt: skip


def drawn_anew(cells: pd.DataFrame, unit: str) -> bool:
    """Whether every unit has languages of its own: worlds that are generated, each with its languages."""
    return unit == "world_seed" and all(
        code in LANGUAGES and LANGUAGES[code].invented for code in cells["language"].unique()
    )


def kinds_of(grid: Grid, cells: pd.DataFrame, unit: str) -> dict[str, Interval]:
    """The mean of each kind of task in a grid, over the same units; `cells` are what the grid was made of."""
    kept, _ = complete(cells, unit)
    counts, found = kept["task_kind"].value_counts(), {}
    for kind in (kind for kind in KINDS if kind in counts):
        mine = (grid.rows["task_kind"] == kind).to_numpy()
        found[kind] = t_interval(values_of(grid, rows=mine), unit=unit, n=int(counts[kind]))
    return found


def hides_opposites(by_kind: Mapping[str, Interval]) -> bool:
    """Whether one kind's interval lies wholly above zero and another's wholly below.

    >>> up, down = Interval(2.0, 0.5, 9, 10), Interval(-2.0, 0.5, 9, 10)
    >>> hides_opposites({"tagging": up, "classification": down}), hides_opposites({"tagging": up})
    (True, False)
    """
    signs = {np.sign(one.estimate) for one in by_kind.values() if one.known and not one.low <= 0 <= one.high}
    return len(signs) == 2


def estimate_by_kind(cells: pd.DataFrame) -> tuple[Interval, dict[str, Interval]]:
    """The mean difference with its interval, and the same for each kind of task."""
    unit = highest_unit(cells)
    ((whole, grid),) = estimates(cells, ["difference"], unit=unit)
    return whole, kinds_of(grid, cells, unit) if grid is not None else {}


def limits_of(cells: pd.DataFrame, unit: str) -> tuple[str, ...]:
    """What was there only once, so that a finding is confined to it."""
    there = {column: cells[column].nunique(dropna=False) for columns in ONCE.values() for column in columns}
    limits = tuple(word for word, columns in ONCE.items() if all(there[column] == 1 for column in columns))
    swapped = "allotment" in cells and cells["allotment"].nunique() > 1
    return (*limits, "allotments") if swapped and unit == "seed" else limits


def left_out(rows: pd.DataFrame, again: Callable[[pd.DataFrame], Interval]) -> dict[str, Interval]:
    """The estimate without each language, and without each target task, where there are others."""
    return {
        name: again(rows[rows[column] != name])
        for column in ("language", "target_task")
        for name in (sorted(rows[column].unique()) if rows[column].nunique() > 1 else ())
    }


def estimates_by(cells: pd.DataFrame, column: str, unit: str = "", value: str = "difference") -> pd.DataFrame:
    """The mean difference for each kind, target task or language, each with its interval: one row each."""
    columns = [column, "estimate", "low", "high", "n", "units", "flagged"]
    if cells.empty:
        return pd.DataFrame(columns=columns)
    unit = unit or highest_unit(cells)
    kept, _ = complete(cells, unit)
    (grid,), rows = grids_of(kept, unit, [value]) if len(kept) else [None], []
    for name, part in cells.groupby(column):
        mine = (grid.rows[column] == name).to_numpy() if grid else np.array([])
        values = values_of(grid, rows=mine) if mine.any() else []
        found = t_interval(values, unit=unit, n=int((kept[column] == name).sum()))
        flagged = int((part["flag"] != "").sum())
        rows.append((name, found.estimate, found.low, found.high, found.n, found.units, flagged))
    return pd.DataFrame(rows, columns=columns)


def compared(scores: pd.DataFrame) -> tuple[str, str]:
    """The strategies of the primary contrast: code-switched practice stands in where none is translated.

    Where there is neither, or no English to compare it with, the baseline is the control, and the first
    strategy there is, English before others, the treatment.

    >>> compared(pd.DataFrame({"strategy": ["none", "english", "code-switched"]}))
    ('code-switched', 'english')
    >>> compared(pd.DataFrame({"strategy": ["none", "mlm-multilingual"]}))
    ('mlm-multilingual', 'none')
    """
    there = set(scores["strategy"])
    order = ("translated", "code-switched", "english", *STRATEGIES)
    treatment = next((name for name in order if name in there - {"none"}), "english")
    return treatment, "english" if "english" in there - {treatment} else "none"


def primary_contrast(
    scores: pd.DataFrame,
    low_resource: LowResource | None = None,
    treatment: str = "translated",
    control: str = "english",
    unit: str = "",
) -> dict[str, Comparison]:
    """The study's question: multilingual minus English practice, zero-shot, cross-task, low-resource.

    Under "primary" the plain mean over task kinds without retrieval; under "retrieval" retrieval alone. The
    low-resource languages need no naming where the scores carry their levels already.
    """
    scores = scores if low_resource is None else with_levels(scores, low_resource)
    cells = contrast(scores, treatment, control)
    zero_shot = Subset(resource="low")
    beside = replace(zero_shot, kinds=("retrieval",))
    return {
        "primary": compare(zero_shot.of(cells), unit=unit),
        "retrieval": compare(beside.of(cells), unit=unit),
    }
