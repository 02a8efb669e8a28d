"""Matched differences between arms: what changes when only the arm changes."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pandas as pd

from polystilts.errors import StudyError, WrongUse
from polystilts.statistics.flags import CELL, flag_cells
from polystilts.statistics.tables import (
    GAIN_COLUMNS,
    LEVELS,
    MATCH,
    is_absent,
    main_scores,
    plain_words,
    task_kind,
    with_main_variant,
)
from polystilts.wording import note_of

# One difference is told from the next by these, besides the seeds.
CELL_KEYS = ["encoder", "intermediate_task", "language_set", "target_task", "task_kind", "language",
             "variant"]  # fmt: skip


def logit(value: float | pd.Series, n: float | pd.Series) -> float | pd.Series:
    """The log odds of a score (0–100) on n items, kept half an item away from 0 and 100.

    >>> round(float(logit(50.0, 100)), 3), round(float(logit(100.0, 100)), 3)
    (0.0, 5.293)
    """
    edge = 0.5 / n
    share = np.minimum(np.maximum(value / 100.0, edge), 1.0 - edge)
    return np.log(share / (1.0 - share))


@plain_words
def gains(scores: pd.DataFrame, baseline: str = "none") -> pd.DataFrame:
    """The table `gains.csv`: each arm's score minus the baseline's, matched by world, encoder and seeds."""
    rows = main_scores(scores)
    control = rows[rows["strategy"] == baseline]
    if control.empty:
        raise StudyError(f"no runs of the baseline {baseline!r}; strategies with runs are "
                         f"{', '.join(sorted(rows['strategy'].unique()))}")  # fmt: skip
    paired = rows[rows["strategy"] != baseline].merge(
        control[[*MATCH, "value", "n"]], on=list(MATCH), suffixes=("", "_baseline"), validate="many_to_one"
    )
    paired["baseline"] = baseline
    paired["baseline_value"] = paired["value_baseline"]
    paired["gain"] = paired["value"] - paired["baseline_value"]
    paired["gain_logit"] = logit(paired["value"], paired["n"]) - logit(
        paired["baseline_value"], paired["n_baseline"]
    )
    table = paired[list(GAIN_COLUMNS)].sort_values(list(GAIN_COLUMNS[:14])).reset_index(drop=True)
    numbers = ["value", "baseline_value", "gain", "gain_logit"]
    # Six decimals, and no minus zero: equal results are equal bytes.
    table[numbers] = table[numbers].round(6) + 0.0
    return table


def transfer_gap(scores: pd.DataFrame, source: str, unexposed: bool = False) -> pd.DataFrame:
    """Points lost on the way from the source language to the others, on average, for each run and target.

    With `unexposed` the others are those that the run saw no labels in: zero-shot transfer alone.
    """
    rows = with_main_variant(main_scores(scores))
    if unexposed:
        rows = rows[(rows["exposure"] == "none") | (rows["language"] == source)]
    keys = ["run_id", *MATCH[:4], "strategy", "intermediate_task", "language_set", "target_task", "task_kind"]
    if "allotment" in rows:  # it decides what was repeated
        keys.append("allotment")
    at_home = rows[rows["language"] == source].set_index(keys)["value"]
    abroad = rows[rows["language"] != source].groupby(keys)["value"].mean()
    table = pd.DataFrame({"source": at_home, "others": abroad}).dropna()
    table["gap"] = table["source"] - table["others"]
    return table.reset_index()


def contrast(scores: pd.DataFrame, treatment: str, control: str, *, variants: bool = False) -> pd.DataFrame:
    """Every matched difference between two strategies, one row a cell, with flags and exposure.

    Matched by world, encoder, seeds, target, language and representation; by intermediate task where both
    arms name one, by language set where both draw on one (so translated-A and translated-B meet the same
    English run). Columns added: value, control_value, difference, difference_logit, exposed (either arm saw
    labels in the language), cross_task, flag. `attrs["notes"]` says what could not be matched,
    `attrs["strategies"]` which two were compared.
    """
    return contrasting(scores, variants=variants)(treatment, control)


@plain_words
def contrasting(scores: pd.DataFrame, *, variants: bool = False) -> Callable[[str, str], pd.DataFrame]:
    """`contrast` for several pairs of strategies in the same scores, which are looked through once."""
    rows = main_scores(scores)
    notes = list(rows.attrs["notes"])
    if not variants:
        rows = with_main_variant(rows)
    flags = flag_cells(scores)[[*CELL, "baseline_value", "flag"]]
    # Words as objects lie in one block and are taken at once: many small parts are taken of the cells.
    rows, flags = (table.astype(dict.fromkeys(table.select_dtypes("str"), object)) for table in (rows, flags))
    return partial(_contrast, rows, flags, notes)


@plain_words
def _contrast(
    rows: pd.DataFrame, flags: pd.DataFrame, notes: Sequence[str], treatment: str, control: str
) -> pd.DataFrame:
    notes = list(notes)
    there = sorted(rows["strategy"].unique())
    for name in (treatment, control):
        if name not in there:
            raise StudyError(f"no runs of strategy {name!r}; strategies with runs are {', '.join(there)}")
    if treatment == control:
        raise WrongUse(f"a contrast needs two strategies; both are {treatment!r}")
    first, second = (rows[rows["strategy"] == name] for name in (treatment, control))
    added = [name for name in ("bundle", *LEVELS) if name in rows]  # by `pool`, and by `with_levels`
    on = [*added, *MATCH]
    for column in ("intermediate_task", "language_set"):
        if not is_absent(first[column]).any() and not is_absent(second[column]).any():
            on.append(column)
    paired = first.merge(second, on=on, suffixes=("", "_control"), how="left", indicator=True)
    alone = paired["_merge"] == "left_only"
    if alone.any():
        notes.append(note_of("unmatched", n=int(alone.sum()), treatment=treatment, control=control))
    paired = paired[~alone].copy()
    # An arm without a task of its own (multi-task, masked LM) takes the task of what it is compared with.
    own = paired["intermediate_task"]
    other = paired.get("intermediate_task_control", own)
    task = own.where(~is_absent(own), other)
    paired["intermediate_task"] = task
    paired["cross_task"] = task.map(task_kind) != paired["task_kind"]
    paired["exposed"] = (paired["exposure"] != "none") | (paired["exposure_control"] != "none")
    paired["control_value"] = paired["value_control"]
    paired["difference"] = paired["value"] - paired["control_value"]
    paired["difference_logit"] = logit(paired["value"], paired["n"]) - logit(
        paired["control_value"], paired["n_control"]
    )
    paired = paired.merge(flags, on=list(CELL), how="left", validate="many_to_one")
    if paired["flag"].isna().any():
        notes.append(note_of("unflagged"))
    paired["flag"] = paired["flag"].astype(object).fillna("")
    columns = [*added, "run_id", "run_id_control", *MATCH[:4], *CELL_KEYS[1:], "finetune_task", "metric",
               "exposure", "exposure_control", "exposed", "cross_task", "n", "value", "control_value",
               "difference", "difference_logit", "baseline_value", "flag"]  # fmt: skip
    paired = paired[columns].sort_values(columns[: 11 + len(added)]).reset_index(drop=True)
    paired.attrs.update(notes=notes, strategies=(treatment, control))
    return paired
