"""The notes of a claim: what was left out, what is unequal, why there is no interval."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from polystilts.gate.calls import Call
from polystilts.gate.estimates import highest_unit, main_rows
from polystilts.gate.guessing import BASELINE
from polystilts.gate.phrases import noun
from polystilts.tasks import TASKS
from polystilts.wording import wording


def notes(
    call: Call, row: Mapping[str, Any], kept: pd.DataFrame, scores: pd.DataFrame, flags: pd.Series
) -> list[str]:
    """The notes as sentences, but for one that is the outcome's reason; `kept` makes the estimate."""
    words, due = wording()["notes"], _due(call, row, kept, scores, flags)
    told = [words[name].format(**values) for name, values in due.items() if name not in call.reason]
    return [f"{text[0].upper()}{text[1:]}." for text in told]


def no_interval(call: Call) -> str:
    """Why an estimate has no interval, as the reason of an undecided outcome."""
    found = call.estimate
    if found is None or found.error is not None:
        return ""
    return wording()["notes"]["one_unit" if found.units < 2 else "no_spread"].format(**_units(call))


def _due(
    call: Call, row: Mapping[str, Any], kept: pd.DataFrame, scores: pd.DataFrame, flags: pd.Series
) -> dict[str, dict[str, Any]]:
    """What stands in the places of each note that is due."""
    found, due = call.estimate, {}
    arms = {side: row["contrast"][side] for side in ("treatment", "control")}
    metric = scores["target_task"].map({name: task.metric for name, task in TASKS.items()})
    empty = (scores["split"] == "test") & (scores["metric"] == metric) & scores["value"].isna()
    if empty.any():
        due["empty"] = {"n": empty.sum()}
    paired = call.everywhere[["run_id", "target_task", "language", "variant"]].drop_duplicates()
    alone = (main_rows(scores)["strategy"] == arms["treatment"]).sum() - len(paired)
    if alone:
        due["unmatched"] = {"n": alone, **arms}
    if not pd.MultiIndex.from_frame(call.everywhere[BASELINE]).isin(flags.index).all():
        due["unflagged"] = {}
    if len(kept) < len(call.cells):
        due["incomplete"] = {"n": len(call.cells) - len(kept), **_units(call)}
    runs = kept.groupby(highest_unit(call.cells))["run_id"].nunique()
    if runs.nunique() > 1:
        due["unequal"] = {"low": runs.min(), "high": runs.max(), **_units(call)}
    if found.cells:
        target, language = found.name
        due["smallest"] = {"count": len(found.cells), "target": target, "language": language}
    if found.error is None:
        due["one_unit" if found.units < 2 else "no_spread"] = _units(call)
    return due


def _units(call: Call) -> dict[str, Any]:
    unit = highest_unit(call.cells)
    return {"unit": noun(unit, 1, False), "units": noun(unit, 2, False), "count": call.estimate.units}
