"""Every gain, interval and outcome a second time, from the scores: the contract's rules, written anew.

Nothing is imported from the rooms `evaluation`, `statistics` and `evidence`; a measure or a rule that this
module does not know leaves its claim unverified rather than verified.
"""

import math
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import scipy

from polystilts.tasks import TASKS

PAIR = ["world_seed", "encoder", "encoder_seed", "seed", "finetune_task", "target_task", "language", "metric",
        "variant"]  # fmt: skip
CELL = ["encoder", "intermediate_task", "language_set", "target_task", "task_kind", "language", "variant"]
NOTHING = ("", "-", "none")


@dataclass(frozen=True)
class Estimate:
    """A number with its standard error over replicated units; `error` is None where none can be given.

    Of a statement about every cell it is the smallest cell's number, and `cells` has each cell's own.
    """

    value: float
    error: float | None
    freedom: int
    units: int
    n: int
    cells: tuple["Estimate", ...] = ()
    name: tuple[str, str] = ("", "")  # target task and language, of a statement about every cell

    def ends(self, level: float = 0.95) -> tuple[float | None, float | None]:
        """The interval; wider for a cell that was picked from several (Bonferroni)."""
        if self.error is None:
            return None, None
        tail = (1 - level) / 2 / max(1, len(self.cells))
        half = float(scipy.stats.t.isf(tail, self.freedom)) * self.error
        return self.value - half, self.value + half


def main_rows(scores: pd.DataFrame) -> pd.DataFrame:
    """Test scores of each target's main metric, read from one representation fixed beforehand."""
    metric = scores["target_task"].map({name: task.metric for name, task in TASKS.items()})
    rows = scores[(scores["split"] == "test") & (scores["metric"] == metric) & scores["value"].notna()]
    chosen = {name: _middle(set(part["variant"])) for name, part in rows.groupby("target_task")}
    return rows[rows["variant"] == rows["target_task"].map(chosen)]


def _middle(variants: set[str]) -> str:
    """The middle layer (one past half of them), mean-pooled, centred; whatever comes nearest to it."""
    layers = {name: int(name.split(".")[0][5:]) for name in variants if name.startswith("layer")}
    if not layers:
        return min(variants)
    middle = max(layers.values()) // 2 + 1
    return min(layers, key=lambda name: (abs(layers[name] - middle), ".mean" not in name,
                                         "centred" not in name, name))  # fmt: skip


def log_odds(value: pd.Series, n: pd.Series) -> pd.Series:
    """Log odds of a score on n items, half an item away from none and all."""
    edge = 0.5 / n
    share = (value / 100).clip(edge, 1 - edge)
    return np.log(share) - np.log1p(-share)


def differences(scores: pd.DataFrame, treatment: str, control: str) -> pd.DataFrame:
    """Treatment minus control, everything else equal: one row a cell, in points and in log odds."""
    rows = main_rows(scores)
    sides = [rows[rows["strategy"] == name] for name in (treatment, control)]
    on = [*PAIR, *(column for column in ("intermediate_task", "language_set")
                   if not any(side[column].isin(NOTHING).any() for side in sides))]  # fmt: skip
    both = sides[0].merge(sides[1], on=on, suffixes=("", "_c"))
    own = both["intermediate_task"]
    other = both["intermediate_task_c"] if "intermediate_task_c" in both else own
    both["intermediate_task"] = own.mask(own.isin(NOTHING), other)
    kinds = both["intermediate_task"].map(lambda name: TASKS[name].kind if name in TASKS else "")
    both["cross_task"] = kinds != both["task_kind"]
    both["exposed"] = (both["exposure"] != "none") | (both["exposure_c"] != "none")
    both["allotment"] = 0  # all alike, until `with_language_facts` knows better
    both["difference"] = both["value"] - both["value_c"]
    both["logit"] = log_odds(both["value"], both["n"]) - log_odds(both["value_c"], both["n_c"])
    return easily_taken(both)


def easily_taken(cells: pd.DataFrame) -> pd.DataFrame:
    """The same cells, their words as plain objects: thousands of small parts are taken of them.

    Objects lie in one block and are taken at once; arrow's words are taken column by column.
    """
    return cells.astype(dict.fromkeys(cells.select_dtypes("str"), object)).copy()


def subset(
    cells: pd.DataFrame, asked: Mapping[str, Any], groups: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    """The cells that a hypothesis is about; `groups` spells out its language groups, but for low and high."""
    kinds = asked.get("kinds") or sorted({task.kind for task in TASKS.values()} - {"retrieval"})
    group = asked.get("languages", "all")
    level = group if group in ("low", "high") else None
    keep = cells["language"].isin(groups["all" if level else group]) & cells["task_kind"].isin(kinds)
    if level:
        keep &= cells["resource_level"] == level
    exposure = asked.get("exposure", "none")
    if exposure == "none":
        keep &= ~cells["exposed"]
    elif exposure is not None:
        keep &= cells["exposure"] == exposure
    if (cross := asked.get("cross_task", True)) is not None:
        keep &= cells["cross_task"] == cross
    if asked.get("intermediate_tasks"):
        keep &= cells["intermediate_task"].isin(asked["intermediate_tasks"])
    return cells[keep]


def highest_unit(cells: pd.DataFrame) -> str:
    """What was replicated, inside an allotment, at the highest level: worlds, else encoders, else seeds.

    In a pool it is the bundles, unless each of them is a world.
    """
    if "bundle" in cells and cells["bundle"].nunique() > 1:
        pairs = len(cells[["bundle", "world_seed"]].drop_duplicates())
        if not pairs == cells["bundle"].nunique() == cells["world_seed"].nunique():
            return "bundle"
    for unit in ("world_seed", "encoder_seed", "seed"):
        if len(set(zip(cells["allotment"], cells[unit], strict=True))) > cells["allotment"].nunique():
            return unit
    return "seed"


def estimate(
    cells: pd.DataFrame,
    contrast: Mapping[str, Any],
    quantifier: str,
    column: str = "difference",
    unit: str = "",
    whole: bool = True,
) -> Estimate | None:
    """The measure of a contrast over these cells; None where its measure is not known here.

    Unless `whole` is false, a cell that some unit lacks counts in none.
    """
    unit = unit or highest_unit(cells)
    measure = contrast.get("measure") or quantifier
    if measure not in (*MEASURES, "every"):
        return None
    rows = rows_of(cells, unit, column, contrast.get("column", ""))
    kept = [row for row, there in zip(rows, _everywhere(rows), strict=True) if there] if whole else rows
    if not kept:
        return Estimate(math.nan, None, 0, 0, 0)
    if measure == "every":
        each = [replace(_over_units(values, len(kept)), name=name) for name, values in _cells(kept).items()]
        return replace(min(each, key=lambda one: one.value), cells=tuple(each))
    return _over_units(MEASURES[measure](kept, contrast).values(), len(kept))


def in_every_unit(cells: pd.DataFrame, unit: str) -> pd.DataFrame:
    """The differences whose cell no unit of their allotment lacks: those that an estimate is made of."""
    return cells[_everywhere(rows_of(cells, unit, "difference", ""))]


def _everywhere(rows: Sequence["Row"]) -> list[bool]:
    everywhere, units = defaultdict(set), defaultdict(set)
    for row in rows:
        everywhere[row.cell, row.allotment].add(row.unit)
        units[row.allotment].add(row.unit)
    return [everywhere[row.cell, row.allotment] == units[row.allotment] for row in rows]


def _over_units(values: Iterable[float], n: int) -> Estimate:
    """The mean of independent values with its standard error."""
    known = np.array([value for value in values if not math.isnan(value)])
    if not len(known):
        return Estimate(math.nan, None, 0, 0, n)
    mean, spread = float(known.mean()), float(known.std(ddof=1)) if len(known) > 1 else 0.0
    if spread <= 1e-9 * max(1, abs(mean)):
        return Estimate(mean, None, 0, len(known), n)
    return Estimate(mean, spread / math.sqrt(len(known)), len(known) - 1, len(known), n)


@dataclass(frozen=True)
class Row:
    """One matched difference: the replicated unit, the cell it repeats, and what it is grouped by."""

    unit: Any
    cell: tuple
    allotment: int
    target: tuple  # task kind, target task
    language: str
    group: Any
    value: float


def rows_of(cells: pd.DataFrame, unit: str, column: str, group: str) -> list[Row]:
    """The differences as plain rows: subsets are many and small, and tables would be slow."""
    found = [cells[name].tolist() for name in (unit, "task_kind", "target_task", "language", column)]
    groups = cells[group].tolist() if group else [None] * len(cells)
    keys = [name for name in CELL if not (unit == "bundle" and name == "encoder")]  # each may have its own
    names = zip(*(cells[name].tolist() for name in keys), strict=True)
    allotments = cells["allotment"].tolist()
    return [
        Row(one, cell, allotment, (kind, target), language, of, value)
        for (one, kind, target, language, value), of, cell, allotment in zip(
            zip(*found, strict=True), groups, names, allotments, strict=True
        )
    ]


def _means(pairs: Iterable[tuple[Hashable, float]]) -> dict[Hashable, float]:
    """The mean of the values of each key."""
    together = defaultdict(list)
    for key, value in pairs:
        together[key].append(value)
    return {key: sum(values) / len(values) for key, values in together.items()}


def by_language(rows: Sequence[Row]) -> dict[tuple, float]:
    """(unit, target, language): repetitions of a cell averaged first, then the cells of a language."""
    own = _means(((row.unit, row.target, row.language, row.cell), row.value) for row in rows)
    return _means((key[:3], value) for key, value in own.items())


def over_languages(table: Mapping[tuple, float]) -> dict[tuple, float]:
    """(unit, target): the languages of a target averaged."""
    return _means((key[:2], value) for key, value in table.items())


def over_kinds(table: Mapping[tuple, float]) -> dict[Hashable, float]:
    """One value a unit: targets averaged within their kind, kinds plainly."""
    kinds = _means(((unit, target[0]), value) for (unit, target), value in table.items())
    return _means((unit, value) for (unit, _), value in kinds.items())


def _mean(rows: Sequence[Row], contrast: Mapping[str, Any]) -> dict:
    return over_kinds(over_languages(by_language(rows)))


def _most(rows: Sequence[Row], contrast: Mapping[str, Any]) -> dict:
    share = _means((key[0], float(value > 0)) for key, value in by_language(rows).items())
    return {unit: 100 * value - 50 for unit, value in share.items()}


def _cells(rows: Sequence[Row]) -> dict[tuple[str, str], list[float]]:
    """The values of each target × language cell over its units."""
    table = _means(((row.unit, row.target[1], row.language), row.value) for row in rows)
    cells = defaultdict(list)
    for key, value in sorted(table.items(), key=lambda item: item[0][1:]):
        cells[key[1:]].append(value)
    return cells


def _slope(rows: Sequence[Row], contrast: Mapping[str, Any]) -> dict:
    at = {row.language: float(row.group) for row in rows}
    points = defaultdict(list)
    for (unit, target, language), value in by_language(rows).items():
        points[unit, target].append((at[language], value))
    slopes = {
        key: float(scipy.stats.linregress(*zip(*pairs, strict=True)).slope)
        for key, pairs in points.items()
        if len(pairs) > 2 and len({x for x, _ in pairs}) > 1
    }
    return over_kinds(slopes)


def _between(rows: Sequence[Row], contrast: Mapping[str, Any]) -> dict:
    """The first group minus the second, within each target where both are (languages, where tasks differ)."""
    first, second = (by_language([row for row in rows if row.group in contrast[name]])
                     for name in ("first", "second"))  # fmt: skip
    if contrast["column"] in ("task_kind", "target_task"):
        one, other = over_kinds(over_languages(first)), over_kinds(over_languages(second))
        return {unit: one[unit] - other[unit] for unit in one if unit in other}
    if contrast["column"] != "intermediate_task":
        first, second = over_languages(first), over_languages(second)
    gaps = {key: first[key] - second[key] for key in first if key in second}
    return over_kinds(over_languages(gaps) if contrast["column"] == "intermediate_task" else gaps)


MEASURES = {"mean": _mean, "most": _most, "slope": _slope, "between": _between}  # and "every", of cells
