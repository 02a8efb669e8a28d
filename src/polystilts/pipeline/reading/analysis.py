"""Differences and their intervals, as tables."""

from collections.abc import Mapping

import pandas as pd

from polystilts.evidence.claim import interval_words, signed
from polystilts.figures.style import KIND_TITLES, STRATEGY_TITLES, task_title
from polystilts.statistics.compare import Comparison, compared, estimates_by, primary_contrast


def contrast_words(treatment: str, control: str) -> str:
    """A contrast in a reader's words.

    >>> contrast_words("translated", "english"), contrast_words("english", "none")
    ('Translated minus English', 'English minus none')
    """
    return f"{STRATEGY_TITLES[treatment]} minus {control_words(control)}"


def control_words(control: str) -> str:
    """What something is compared with, in the middle of a sentence."""
    return "none" if control == "none" else STRATEGY_TITLES[control]


def primary_table(scores: pd.DataFrame) -> pd.DataFrame:
    """The primary contrast and retrieval beside it: these languages, new ones, and without flagged cells."""
    arms = compared(scores)
    found = primary_contrast(scores, None, *arms)
    titles = {"primary": "All kinds but retrieval", "retrieval": "Retrieval, beside it"}
    rows = [{contrast_words(*arms): titles[name], **_contrast_row(one)} for name, one in found.items()
            if one.these.n]  # fmt: skip
    return pd.DataFrame(rows)


def _contrast_row(found: Comparison) -> Mapping[str, object]:
    without = signed(found.unflagged.estimate) if found.unflagged.n else "no cell left"
    return {
        "difference": signed(found.these.estimate),
        "95 % interval": interval_words(found.these),
        "for new languages": interval_words(found.new),
        "log odds": signed(found.logit.estimate, 2),
        "without flagged cells": without if found.flagged else "none flagged",
        "units": found.these.units,
        "differences": found.these.n,
    }


def kind_table(cells: pd.DataFrame) -> pd.DataFrame:
    """The differences kind by kind, retrieval the last and apart."""
    if cells.empty:
        return pd.DataFrame()
    found = estimates_by(cells, "task_kind")
    first = found.columns[0]
    rows = [(KIND_TITLES.get(row[first], row[first]), signed(row["estimate"]),
             f"{signed(row['low'])} to {signed(row['high'])}", int(row["flagged"]), int(row["n"]))
            for _, row in found.iterrows()]  # fmt: skip
    columns = ["kind", "difference", "95 % interval", "flagged", "differences"]
    return pd.DataFrame(rows, columns=columns)


def seed_table(cells: pd.DataFrame, treatment: str, control: str) -> pd.DataFrame:
    """What matching by seed means: both arms' means for each seed, and their difference."""
    keys = ["world_seed", "encoder_seed", "seed"]
    mean = cells.groupby(keys, as_index=False)[["value", "control_value", "difference"]].mean()
    titles = {"value": STRATEGY_TITLES[treatment], "control_value": STRATEGY_TITLES[control]}
    return mean.rename(columns={"world_seed": "world", "encoder_seed": "pretraining", **titles})


def effects_table(effects: pd.DataFrame) -> pd.DataFrame:
    """The main effects of the three factors as numbers, flagged cells beside them."""
    rows = [(task_title(row.target_task), row.factor, signed(row.estimate),
             f"{signed(row.low)} to {signed(row.high)}" if pd.notna(row.low) else "no interval",
             f"{row.flagged} of {row.cells}") for row in effects.itertuples()]  # fmt: skip
    return pd.DataFrame(rows, columns=["target task", "factor", "effect", "95 % interval", "flagged cells"])
