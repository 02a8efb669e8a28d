"""How far scores move for no reason: the spreads between seeds, runs, cells and worlds, measured from scores.

A score is taken as a level, plus what a seed does to every arm alike (`shared`), plus what one training run
does to one target in all languages (`tuning`), plus what is left in a single cell (`cell`); beyond them a
world may favour one arm (`world`). Spreads are standard deviations in points, found by the method of moments.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy

from polystilts.errors import StudyError
from polystilts.statistics.compare import Subset, unit_values
from polystilts.statistics.gains import contrast
from polystilts.statistics.tables import ARM, LowResource, main_scores, with_levels, with_main_variant
from polystilts.tasks import STRATEGIES, TASKS


@dataclass(frozen=True)
class Spreads:
    """Standard deviations in points; those of runs and cells for each target task."""

    shared: Mapping[str, float]  # the seed, on all arms alike: what pairing takes away
    tuning: Mapping[str, float]  # one training run on one target, in all its languages
    cell: Mapping[str, float]  # what is left in one language
    world: float  # one world, on the difference between the two arms
    world_at_most: float  # upper end of a one-sided 95 % interval for it; infinite for one world
    seeds: int  # how many seeds of how many worlds they were measured on
    worlds: int

    def of(self, target: str) -> tuple[float, float, float]:
        """Shared, tuning and cell spread of a target; of its kind, or of all targets, if it was not run."""
        if target in self.tuning:
            names = [target]
        else:
            names = [name for name in self.tuning if TASKS[name].kind == TASKS[target].kind]
            names = names or list(self.tuning)
        return tuple(
            float(np.mean([part[name] ** 2 for name in names]) ** 0.5)
            for part in (self.shared, self.tuning, self.cell)
        )


def measured_spreads(
    tables: Sequence[pd.DataFrame],
    low_resource: LowResource,
    treatment: str = "translated",
    control: str = "english",
) -> Spreads:
    """The spreads of the zero-shot scores in low-resource languages, from one or more score tables."""
    rows = pd.concat([with_main_variant(main_scores(table)) for table in tables], ignore_index=True)
    rows = with_levels(rows, low_resource)
    labelled = [name for name, strategy in STRATEGIES.items() if strategy.labelled]
    chosen = rows[
        rows["strategy"].isin(labelled)
        & (rows["exposure"] == "none")
        & (rows["resource_level"] == "low")
        & (rows["task_kind"] != "retrieval")
    ]
    seeds = int(chosen.groupby("world_seed")["seed"].nunique().min()) if len(chosen) else 0
    if seeds < 2:
        raise StudyError(
            "spreads need two seeds of each world, in languages without labels; "
            f"there {'is one seed' if seeds else 'are no such scores'}: add seeds"
        )
    parts = {target: _moments(part) for target, part in chosen.groupby("target_task")}
    shared, tuning, cell = ({name: part[i] ** 0.5 for name, part in parts.items()} for i in range(3))
    worlds = chosen["world_seed"].nunique()
    world, at_most = _between_worlds(rows, treatment, control)
    return Spreads(shared, tuning, cell, world, at_most, seeds, worlds)


def _moments(part: pd.DataFrame) -> tuple[float, float, float]:
    """Variances of one target: shared by arms, of a run in all languages, of a cell."""
    keys = ["world_seed", "encoder_seed", *ARM, "language"]
    rest = part["value"] - part.groupby(keys)["value"].transform("mean")
    count = part.groupby(keys)["seed"].transform("nunique")
    rest = rest * (count / (count - 1)) ** 0.5  # the mean of few seeds has taken some of the spread with it
    part = part.assign(rest=rest)
    runs = part.groupby(["world_seed", "encoder_seed", "seed", *ARM])["rest"]
    total = float((part["rest"] ** 2).mean())
    over_languages = _mean_product(runs)
    means = runs.mean().reset_index()
    over_arms = _mean_product(means.groupby(["world_seed", "encoder_seed", "seed"])["rest"])
    shared = min(max(over_arms, 0.0), max(over_languages, 0.0))
    return shared, max(over_languages - shared, 0.0), max(total - max(over_languages, 0.0), 0.0)


def _mean_product(groups) -> float:
    """The mean product of two different members of a group: the variance that its members share."""
    sums = groups.agg(["sum", "size", lambda values: float((values**2).sum())])
    sums.columns = ["sum", "size", "squares"]
    pairs = (sums["size"] * (sums["size"] - 1)).sum()
    return float((sums["sum"] ** 2 - sums["squares"]).sum() / pairs) if pairs else 0.0


def _between_worlds(rows: pd.DataFrame, treatment: str, control: str) -> tuple[float, float]:
    """The spread of the contrast between worlds, beyond that of seeds, and how large it may be (95 %)."""
    if rows["world_seed"].nunique() < 2 or not {treatment, control} <= set(rows["strategy"]):
        return 0.0, float("inf")
    cells = Subset(resource="low").of(contrast(rows, treatment, control))
    values = pd.DataFrame({
        seed: unit_values(part, "world_seed", "difference") for seed, part in cells.groupby("seed")
    })  # fmt: skip
    noise = float((values.var(axis=1) / values.count(axis=1)).mean())
    means, df = values.mean(axis=1), len(values) - 1
    at_most = float(means.var()) * df / scipy.stats.chi2.ppf(0.05, df)
    return max(float(means.var()) - noise, 0.0) ** 0.5, max(at_most - noise, 0.0) ** 0.5
