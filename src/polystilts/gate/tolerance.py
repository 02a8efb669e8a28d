"""Is a cell that was done again the published one: byte for byte, or elsewhere within a tolerance?

Tolerance is no door. The spread that it is measured by comes from other arms than the one that is judged, and
is held against the other published scales; and all cells together may not have moved the same way.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from polystilts.gate.calls import call_all
from polystilts.gate.evidence import Evidence, read_table
from polystilts.gate.finding import several, signed
from polystilts.gate.scoring import score_again
from polystilts.tasks import TASKS

HARDWARE = ("machine", "system", "processor", "threads")
CELL = ["world_seed", "encoder_seed", "seed", "strategy", "intermediate_task", "language_set"]
FEWEST = 12  # answers that are right on one side only, below which they say nothing of a direction
ONE_SIDED = 0.9  # of them; honest drift moves answers both ways
SURE = 2.5  # standard errors


@dataclass(frozen=True)
class Shift:
    """How the published answers of one cell differ from those made again."""

    arm: str
    value: float  # points that the published scores lie above the new ones, in the mean over languages
    spread: float  # standard deviation over seeds of such a mean, in other arms
    better: int  # items that only the published answers have right
    worse: int  # items that only the new answers have right


def compare(
    evidence: Evidence, run: str, target: str, again: pd.DataFrame, hardware: Mapping[str, Any] | None
) -> tuple[str, str, Shift | None]:
    """Whether repeated predictions are the published ones, by the contract's rules; and how they moved."""
    file = evidence.folder / "runs" / run / "predictions" / f"{target}.parquet"
    if not file.is_file():
        return "failed", f"there are no published predictions at {file.name}", None
    published = pd.read_parquet(file)
    columns = ["language", "example_id", "prediction", *(["variant"] if "variant" in published else [])]
    if published[columns].equals(again[columns]):
        return "identical", f"all {len(again):,} predictions are the same", None
    count = len(published.merge(again, on=columns))
    words = f"{len(published) - count:,} of {len(published):,} predictions differ"
    recorded = evidence.runs[run]["hardware"]
    if (
        hardware
        and all(recorded.get(key) == hardware.get(key) for key in HARDWARE)
        and "processor" in recorded
    ):
        return "different", f"{words}, on the hardware and thread count of the run", None
    return _within_tolerance(evidence, run, target, published, again, words)


def seed_spread(scores: pd.DataFrame, target: str, without: str = "") -> tuple[str, float, float]:
    """How far apart seeds leave a target's main test scores: which seeds, and two standard deviations.

    Pretraining seeds where there are several, seeds of training elsewhere. The first deviation, in points, is
    that of a score in one language, the root of the mean variance over everything else that a score has; the
    second that of the mean over languages. Both leave one arm out; NaN with one seed only.
    """
    unit = "encoder_seed" if scores["encoder_seed"].nunique() > 1 else "seed"
    cells = [column for column in (*CELL, "language", "variant") if column != unit]
    main = scores["metric"] == TASKS[target].metric
    rows = scores[(scores["split"] == "test") & (scores["target_task"] == target) & main]
    rows = rows[rows["strategy"] != without]
    means = rows.groupby(CELL)["value"].mean().reset_index()
    one = float(rows.groupby(cells)["value"].var().mean() ** 0.5)
    whole = float(means.groupby([column for column in CELL if column != unit])["value"].var().mean() ** 0.5)
    return unit, one, whole


def spread_elsewhere(evidence: Evidence, target: str, arm: str) -> tuple[str, float, float]:
    """The spread by other arms than the suspect's, at most twice that of any other published scale alike."""
    unit, one, whole = seed_spread(evidence.scores, target, arm)
    for scores in _other_scales(evidence):
        if target in set(scores["target_task"]):
            _, there, mean = seed_spread(scores, target)
            one, whole = (
                min(mine, 2 * other) if other > 0 else mine for mine, other in ((one, there), (whole, mean))
            )
    return unit, one, whole


def _other_scales(evidence: Evidence) -> Iterator[pd.DataFrame]:
    """The score tables of other studies beside this one, of data of the same source."""
    for file in sorted((evidence.repository / "outputs").glob("*/tables/scores.csv")):
        mine = evidence.folder / "tables" / "scores.csv"
        if file != mine:
            scores = read_table(file)
            if set(scores["language"]) & set(evidence.parameters["shared"]["languages"]):
                yield scores


def _within_tolerance(
    evidence: Evidence, run: str, target: str, published: pd.DataFrame, again: pd.DataFrame, words: str
) -> tuple[str, str, Shift | None]:
    """On other hardware: changed, in quadratic mean over languages, by at most two standard deviations over
    pretraining seeds (over seeds, where there is one pretraining), and every outcome the same.
    """
    file = evidence.folder / "labels" / f"w{evidence.runs[run]['seeds']['world']}" / f"{target}.parquet"
    labels = pd.read_parquet(file)
    fresh = score_again(TASKS[target], again, labels).assign(run_id=run, target_task=target)
    scores, arm = evidence.scores, evidence.runs[run]["arm"]["strategy"]
    keys = ["run_id", "target_task", "language", "metric", "variant"]
    tests = scores[(scores["split"] == "test") & (scores["target_task"] == target)]
    both = tests.merge(fresh, on=keys, suffixes=("", "_again"))
    both = both[both["metric"] == TASKS[target].metric]
    unit, spread, whole = spread_elsewhere(evidence, target, arm)
    if not len(both) or pd.isna(spread):
        return "failed", f"{words}; with one {unit} there is no spread to compare with", None
    moved = both["value"] - both["value_again"]
    shift = Shift(arm, float(moved.mean()), whole, *_one_sided(published, again, labels))
    far = float((moved**2).mean() ** 0.5)
    kind = "pretraining seeds" if unit == "encoder_seed" else "seeds (there is one pretraining only)"
    words = (
        f"{words}; scores moved by {far:.2f} points ({signed(shift.value)} in the mean), their standard "
        f"deviation over {kind} is {spread:.2f} in other arms"
    )
    if far > 2 * spread:
        return "different", words, shift
    replaced = scores.merge(fresh[[*keys, "value"]], on=keys, how="left", suffixes=("", "_again"))
    replaced["value"] = replaced["value_again"].where(replaced["value_again"].notna(), replaced["value"])
    rows, low = evidence.hypotheses, evidence.low_resource
    new = call_all(rows, replaced, evidence.table("languages"), low)
    old = call_all(rows, scores, evidence.table("languages"), low)
    turned = [name for name in new if new[name].outcome != old[name].outcome]
    if turned:
        return "different", f"{words}; the outcome of {several(turned)} turns", shift
    return "within tolerance", f"{words}; every outcome is the same", shift


def _one_sided(published: pd.DataFrame, again: pd.DataFrame, labels: pd.DataFrame) -> tuple[int, int]:
    """How many items only the published answers have right, and how many only the new ones."""
    item = ["language", "example_id", *(["variant"] if "variant" in published else [])]
    both = published.astype({"example_id": str}).merge(
        again.astype({"example_id": str}), on=item, suffixes=("", "_again")
    )
    both = both.merge(
        labels.astype({"example_id": str})[["language", "example_id", "gold"]], on=["language", "example_id"]
    )

    def right(column: str) -> pd.Series:
        first = both[column].astype(str).str.split(" ").str[0]
        return (both[column].astype(str) == both["gold"]) | (first == both["gold"])

    old, new = right("prediction"), right("prediction_again")
    return int((old & ~new).sum()), int((new & ~old).sum())


def suspicious(shifts: Sequence[Shift]) -> Iterator[str]:
    """What speaks against chance in cells that came out close: all of them moved the same way."""
    known = [one for one in shifts if one.spread > 0]
    steps = [
        one.value / (2**0.5 * one.spread) for one in known
    ]  # two draws of the same spread lie so far apart
    if steps and abs(sum(steps)) > SURE * len(steps) ** 0.5:
        mean = sum(one.value for one in known) / len(known)
        yield (
            f"the {len(steps)} cells that came out close moved by {signed(mean)} points together, more than "
            "chance and other hardware do: nobody here can tell drift from improvement by hand"
        )
    for arm in sorted({one.arm for one in shifts}):
        better, worse = (
            sum(getattr(one, side) for one in shifts if one.arm == arm) for side in ("better", "worse")
        )
        if better + worse >= FEWEST and max(better, worse) >= ONE_SIDED * (better + worse):
            yield (
                f"of {better + worse} items of {arm} that are right on one side only, the published "
                f"answers have {better} and those made again {worse}: hardware moves answers both ways"
            )
