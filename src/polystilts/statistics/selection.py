"""Choosing an arm: by the source language, as a zero-shot study may, and by the targets, which is forbidden.

Keung et al. 2020 (arXiv 2004.15001) show how far selection on target languages lifts a published score. The
forbidden choice is computed here for one purpose: to be shown beside the other, as a bound nobody may claim.
"""

import pandas as pd

from polystilts.errors import StudyError
from polystilts.statistics.intervals import Interval, highest_unit, t_interval
from polystilts.statistics.tables import is_absent, main_scores, with_main_variant

FORBIDDEN = "forbidden: chosen on target languages (Keung et al. 2020)"


def chosen_arms(scores: pd.DataFrame, source: str) -> pd.DataFrame:
    """For each target task and replicated unit: the arm chosen by the source language, and by the targets.

    Columns: target_task, unit, arm, value, forbidden_arm, forbidden_value; values are means over the other
    languages, each where it had no labels. An arm is a strategy with its intermediate task, over its language
    sets; only arms measured in the most languages compete, so that no choice is one of languages.
    """
    rows = with_main_variant(main_scores(scores))
    unit, named = highest_unit(rows), ~is_absent(rows["intermediate_task"])
    rows = rows.assign(arm=rows["strategy"] + ":" + rows["intermediate_task"].where(named, ""))
    rows["arm"] = rows["arm"].str.rstrip(":")
    at_home = rows[rows["language"] == source].groupby(["target_task", unit, "arm"])["value"].mean()
    away = rows[(rows["language"] != source) & (rows["exposure"] == "none")]
    keys = ["target_task", unit, "arm"]
    abroad = away.groupby(keys)["value"].mean()
    full = away.groupby(keys)["language"].nunique()
    table = pd.DataFrame({"home": at_home, "abroad": abroad, "languages": full}).dropna().reset_index()
    if table.empty:
        raise StudyError("no arm has scores both in the source language and abroad: nothing can be chosen")
    found = []
    for (target, value), part in table.groupby(["target_task", unit]):
        part = part[part["languages"] == part["languages"].max()].sort_values("arm")
        fair, best = part.loc[part["home"].idxmax()], part.loc[part["abroad"].idxmax()]
        found.append((target, value, fair["arm"], fair["abroad"], best["arm"], best["abroad"]))
    columns = ["target_task", unit, "arm", "value", "forbidden_arm", "forbidden_value"]
    return pd.DataFrame(found, columns=columns)


def optimism(scores: pd.DataFrame, source: str) -> dict[str, tuple[Interval, Interval, Interval]]:
    """For each target task: the fair choice's score, the forbidden one's, and their difference (points)."""
    chosen = chosen_arms(scores, source)
    unit = chosen.columns[1]
    found = {}
    for target, part in chosen.groupby("target_task"):
        fair, best = part["value"].to_numpy(), part["forbidden_value"].to_numpy()
        found[target] = tuple(
            t_interval(values, unit=unit, n=len(values)) for values in (fair, best, best - fair)
        )
    return found
