"""What resource, overlap and word order do: the main effects of the world's three factors.

An effect is the mean over the languages at the easy level minus the mean over those at the hard level
(high − low resource, high − low overlap, near − far order), inside each target task.
"""

from collections.abc import Collection

import pandas as pd

from polystilts.errors import StudyError
from polystilts.statistics.flags import CELL, flag_cells
from polystilts.statistics.intervals import highest_unit, t_interval
from polystilts.statistics.tables import main_scores, require, source_language, with_main_variant

FACTORS = ("resource", "overlap", "order")
EASY = {"high", "near"}
HARD = {"low", "far", "verb-first"}  # every word order but the source language's own


def levels(languages: pd.DataFrame, low_resource: Collection[str]) -> pd.DataFrame:
    """Each language's level of each factor: 1 easy, 0 hard.

    Resource is low for the languages declared low-resource. Overlap and order are read from their words;
    where they are measured as numbers, they are cut half-way between the smallest and the largest value.
    """
    require(languages, ("language", "overlap", "order"), "the language table")
    source = source_language(languages)
    others = languages[languages["language"] != source].set_index("language")
    table = pd.DataFrame(index=others.index)
    table["resource"] = [0 if language in set(low_resource) else 1 for language in others.index]
    for factor in ("overlap", "order"):
        words = others[factor].astype(str).str.lower()
        if words.isin(EASY | HARD).all():
            table[factor] = words.isin(EASY).astype(int)
        else:
            numbers = pd.to_numeric(others[factor], errors="coerce")
            if numbers.isna().any():
                raise StudyError(
                    f"{factor} must be one of {', '.join(sorted(EASY | HARD))}, or a number, for every "
                    f"language; it is {', '.join(words.unique())}"
                )
            near_is_small = factor == "order"  # order is a distance, overlap a share
            above = numbers > (numbers.min() + numbers.max()) / 2
            table[factor] = (~above if near_is_small else above).astype(int)
    return table


def factor_effects(
    scores: pd.DataFrame,
    languages: pd.DataFrame,
    low_resource: Collection[str],
    table: pd.DataFrame | None = None,
    value: str = "value",
) -> pd.DataFrame:
    """The main effect of each factor on each target task, with its interval: one row a target and factor.

    Of the baseline's scores by default; of any table with the cell columns through `table` and `value` (the
    rows of `contrast`, say, with value "difference"). `flagged` counts the cells at the floor or ceiling.
    Where scores carry levels and allotments exchange them, the effect of resource is that of more text for
    one and the same language, seed by seed.
    """
    rows = table
    if rows is None:
        rows = with_main_variant(main_scores(scores))
        rows = rows[rows["strategy"] == "none"]
    known = levels(languages, low_resource)
    rows = rows[rows["language"].isin(known.index)]
    if rows.empty:
        raise StudyError("no scores outside the source language: factor effects need the other languages")
    flags = flag_cells(scores).set_index(list(CELL))["flag"]
    unit = highest_unit(rows)
    found = []
    for (kind, target), part in rows.groupby(["task_kind", "target_task"]):
        at = pd.MultiIndex.from_frame(part[list(CELL)].drop_duplicates())
        flag = flags.reindex(at).fillna("")
        flagged = flag[flag != ""]
        by_language = part.groupby([unit, "language"])[value].mean().unstack("language")
        here = known.loc[by_language.columns]
        for factor in FACTORS:
            if factor == "resource" and "allotment" in part and part["allotment"].nunique() > 1:
                differences, its_unit = _more_text(part, value), "seed"
            else:
                easy, hard = (here.index[here[factor] == level] for level in (1, 0))
                if not len(easy) or not len(hard):
                    continue
                differences, its_unit = by_language[easy].mean(axis=1) - by_language[hard].mean(axis=1), unit
                differences = differences[by_language[[*easy, *hard]].notna().all(axis=1)]
            interval = t_interval(differences.to_numpy(), unit=its_unit, n=int(part[value].notna().sum()))
            found.append({
                "target_task": target, "task_kind": kind, "factor": factor, "estimate": interval.estimate,
                "low": interval.low, "high": interval.high, "units": interval.units, "unit": interval.unit,
                "n": interval.n, "cells": len(at), "flagged": len(flagged),
                "floor": int((flagged == "floor").sum()), "ceiling": int((flagged == "ceiling").sum()),
                "values": tuple(differences),
            })  # fmt: skip
    return pd.DataFrame(found)


def _more_text(rows: pd.DataFrame, value: str) -> pd.Series:
    """For each seed: a language with much text minus itself with little, averaged over languages."""
    means = rows.groupby(["seed", "language", "resource_level"])[value].mean().unstack("resource_level")
    return (means["high"] - means["low"]).groupby(level="seed").mean()
