"""Two runs of one study beside each other: how far scores moved, and whether any outcome turned.

    python bench/again.py outputs/real-mini outputs/history/2026-11-26-real-mini

On one machine a study comes out byte by byte the same. On another processor sums are taken in another order,
and the contract asks that scores move by at most two standard deviations over pretraining seeds (over seeds,
where an encoder has one pretraining) and that every outcome stays. Writes `again.csv`, a row a target.
"""

import argparse
import sys
from pathlib import Path

import pandas as pd

from polystilts.files import write_table
from polystilts.gate.tolerance import seed_spread
from polystilts.pipeline.published import compare_outcomes
from polystilts.statistics.tables import read_table
from polystilts.tasks import TASKS

HERE = Path(__file__).parent
MEASURED = ("value", "n")


def compared(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """How far the main scores of each target moved, in points, and the spread that allows for it."""
    keys = [column for column in first if column not in MEASURED]
    first, second = (
        rows[
            (rows["split"] == "test") & (rows["metric"] == rows["target_task"].map(lambda t: TASKS[t].metric))
        ]
        for rows in (first, second)
    )
    both = first.merge(second, on=keys, how="outer", suffixes=("", "_again"), validate="one_to_one")
    both["moved"] = both["value_again"] - both["value"]
    rows = []
    for target, part in both.groupby("target_task", sort=True):
        _, spread, _ = seed_spread(first, target)
        moved = (part["moved"] ** 2).mean() ** 0.5
        rows.append({
            "target_task": target, "scores": len(part), "missing": int(part["moved"].isna().sum()),
            "equal": int((part["moved"] == 0).sum()), "moved": moved, "mean": part["moved"].mean(),
            "largest": part["moved"].abs().max(), "spread": spread, "within": moved <= 2 * spread,
        })  # fmt: skip
    return pd.DataFrame(rows)


def main() -> int:
    """Compare, print and write; 1 where a target moved too far, scores are missing, or an outcome turned."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("first", type=Path, help="the study as published")
    asked.add_argument("second", type=Path, help="the same study, run again")
    asked.add_argument("--out", type=Path, default=HERE, help="where the table is written (default: bench)")
    given = asked.parse_args()
    scores = [read_table(folder / "tables" / "scores.csv") for folder in (given.first, given.second)]
    table = compared(*scores)
    outcomes = compare_outcomes(given.first / "claims.json", given.second / "claims.json")
    table.insert(0, "scale", given.first.name)
    write_table(given.out / "again.csv", table.assign(outcomes=outcomes))
    print(f"{table.to_string(index=False)}\n{outcomes}")
    return int(not table["within"].all() or table["missing"].any() or not outcomes.startswith("the same"))


if __name__ == "__main__":
    sys.exit(main())
