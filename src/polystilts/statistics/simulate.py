"""What the statistics would find if we knew the truth: many studies drawn at once, no training.

Spreads come from measured runs (`spreads`), the effect is planted, and the same averages and the same t test
as in the study are taken over the drawn scores.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import scipy

from polystilts.evaluation.scores import SCORE_COLUMNS
from polystilts.statistics.power import minimum_detectable_effect
from polystilts.statistics.spreads import Spreads
from polystilts.tasks import TASKS

CONTROL, SETS = 0, (1, 2)  # places of the English run and of the runs on language sets A and B


@dataclass(frozen=True)
class Design:
    """How often what is repeated: worlds, seeds in each, languages, targets, intermediate tasks."""

    worlds: int = 1
    seeds: int = 3
    languages: int = 4  # low-resource ones, half of them in each set
    target_tasks: tuple[str, ...] = ("xnli", "xcopa", "udpos", "panx", "xquad")
    intermediate_tasks: tuple[str, ...] = ("squad_v1",)

    @property
    def units(self) -> int:
        """How many independent values the test has: worlds, or seeds where there is one world."""
        return self.worlds if self.worlds > 1 else self.seeds

    @property
    def cross_task(self) -> dict[str, tuple[str, ...]]:
        """The targets of another kind that each intermediate task is tested on, retrieval left out."""
        return {
            name: tuple(
                target for target in self.target_tasks
                if TASKS[target].kind not in (TASKS[name].kind, "retrieval")
            )
            for name in self.intermediate_tasks
        }  # fmt: skip


def draw_scores(
    design: Design, spreads: Spreads, effect: float, studies: int, random_seed: int = 0
) -> dict[tuple[str, str], np.ndarray]:
    """Scores of many studies: for each intermediate and target task an array.

    Its axes: studies × worlds × seeds × arms (English, set A, set B) × languages; 60 points and what is drawn
    beside them.
    """
    draw = np.random.default_rng(random_seed)
    places = (studies, design.worlds, design.seeds)
    by_world = spreads.world * draw.standard_normal((studies, design.worlds, 1, 1, 1))
    planted = np.array([0.0, 1.0, 1.0])[:, None] * (effect + by_world)
    scores = {}
    for target in design.target_tasks:
        shared, tuning, cell = spreads.of(target)
        seed = shared * draw.standard_normal((*places, 1, 1))
        for task, targets in design.cross_task.items():
            if target in targets:
                run = tuning * draw.standard_normal((*places, 3, 1))
                rest = cell * draw.standard_normal((*places, 3, design.languages))
                scores[task, target] = 60.0 + planted + seed + run + rest
    return scores


def unit_means(design: Design, scores: dict[tuple[str, str], np.ndarray]) -> np.ndarray:
    """The contrast in each replicated unit: studies × units, averaged as the study averages.

    Languages of set A are read from the run on set B, and the reverse: zero-shot cells only.
    """
    half = design.languages // 2
    differences = {}
    for key, array in scores.items():
        unexposed = np.concatenate([array[..., SETS[1], :half], array[..., SETS[0], half:]], axis=-1)
        differences[key] = unexposed - array[..., CONTROL, :]
    by_kind = []
    for kind in dict.fromkeys(TASKS[target].kind for _, target in scores):
        targets = dict.fromkeys(target for _, target in scores if TASKS[target].kind == kind)
        by_target = [np.mean([d for (_, t), d in differences.items() if t == target], axis=0).mean(axis=-1)
                     for target in targets]  # fmt: skip
        by_kind.append(np.mean(by_target, axis=0))
    by_seed = np.mean(by_kind, axis=0)  # studies × worlds × seeds
    return by_seed.mean(axis=-1) if design.worlds > 1 else by_seed[:, 0, :]


def unit_spread(design: Design, spreads: Spreads, studies: int = 4000, random_seed: int = 0) -> float:
    """The standard deviation (points) of the contrast in one replicated unit of a design."""
    values = unit_means(design, draw_scores(design, spreads, 0.0, studies, random_seed))
    return float(values.var(axis=1, ddof=1).mean() ** 0.5)


def simulated(
    designs: Sequence[Design],
    spreads: Spreads,
    effects: Sequence[float] = (0.0, 1.0, 2.0),
    studies: int = 4000,
    random_seed: int = 0,
) -> pd.DataFrame:
    """How often a 95 % interval holds the planted effect, and how often the t test finds one.

    One row a design and effect: `called` is the share of studies whose interval leaves zero out (false alarms
    where nothing was planted, power elsewhere), `covered` the share whose interval holds the effect; `mcse`
    is the Monte Carlo standard error of a share of one half.
    """
    rows = []
    for number, design in enumerate(designs):
        drawn = unit_means(design, draw_scores(design, spreads, 0.0, studies, random_seed + number))
        for effect in effects:
            values = drawn + effect  # the effect is the same for all cells: planting it is adding it
            mean, se = values.mean(axis=1), values.std(axis=1, ddof=1) / design.units**0.5
            reach = scipy.stats.t.ppf(0.975, design.units - 1) * se
            rows.append({
                "worlds": design.worlds, "seeds": design.seeds, "languages": design.languages,
                "targets": len(design.target_tasks), "intermediates": len(design.intermediate_tasks),
                "units": design.units, "effect": effect, "studies": studies,
                "called": float((np.abs(mean) > reach).mean()),
                "covered": float((np.abs(mean - effect) <= reach).mean()),
                "half_width": float(reach.mean()), "mcse": 0.5 / studies**0.5,
            })  # fmt: skip
    return pd.DataFrame(rows)


def detectable(
    spreads: Spreads,
    design: Design,
    worlds: Sequence[int] = (3, 4, 5, 6, 8, 10, 12, 16, 20, 25, 30),
    seeds: Sequence[int] = (1, 2, 3, 5),
    between_worlds: Sequence[float] = (0.0, 1.0, 2.0),
) -> pd.DataFrame:
    """The minimum detectable effect (points, 80 % power) by number of worlds, their seeds and their spread.

    A world's value has the variance between worlds plus that of one seed, divided by its seeds.
    """
    one = unit_spread(replace(design, worlds=1, seeds=2), with_world(spreads, 0.0))
    rows = [
        (between, count, number, minimum_detectable_effect((between**2 + one**2 / count) ** 0.5, number))
        for between in between_worlds
        for count in seeds
        for number in worlds
    ]
    return pd.DataFrame(rows, columns=["between_worlds", "seeds", "worlds", "effect"])


def with_world(spreads: Spreads, world: float) -> Spreads:
    """The same spreads with another spread between worlds: the one that few worlds cannot measure."""
    return replace(spreads, world=world)


def as_score_table(design: Design, scores: dict[tuple[str, str], np.ndarray]) -> pd.DataFrame:
    """The drawn scores, with a baseline beside them, as one table that the study's own functions can read.

    Study `i` has worlds of its own: those from i × worlds on.
    """
    arms = pd.DataFrame(
        [("english", "-"), ("translated", "A"), ("translated", "B")], columns=["strategy", "language_set"]
    )
    tables = []
    for (task, target), array in scores.items():
        axes = ("study", "world", "seed", "arm", "place")
        table = pd.MultiIndex.from_product(map(range, array.shape), names=axes).to_frame(index=False)
        table = table.assign(value=array.ravel(), intermediate_task=task, target_task=target)
        table[["strategy", "language_set"]] = arms.iloc[table["arm"]].to_numpy()
        baseline = table[table["arm"] == CONTROL].assign(
            strategy="none", intermediate_task="none", language_set="-", value=60.0
        )
        table = pd.concat([table, baseline], ignore_index=True)
        inside = table["language_set"] == np.where(table["place"] < design.languages // 2, "A", "B")
        same_kind = "same-task" if TASKS[target].kind == TASKS[task].kind else "task"
        table["exposure"] = np.where(inside, same_kind, "none")
        tables.append(table)
    table = pd.concat(tables, ignore_index=True)
    tasks = {name: TASKS[name] for name in table["target_task"].unique()}
    table["world_seed"] = table["study"] * design.worlds + table["world"]
    parts = (table[name].astype(str) for name in ("strategy", "intermediate_task", "language_set", "seed"))
    table["run_id"] = "w" + table["world_seed"].astype(str).str.cat(list(parts), sep="-")
    table = table.assign(
        scale="drawn", encoder="drawn", encoder_seed=0, split="test", variant="", n=300,
        language="language-" + table["place"].astype(str),
        finetune_task=table["target_task"].map(lambda name: tasks[name].training_task),
        task_kind=table["target_task"].map(lambda name: tasks[name].kind),
        metric=table["target_task"].map(lambda name: tasks[name].metric),
    )[list(SCORE_COLUMNS)]  # fmt: skip
    return table.drop_duplicates([name for name in SCORE_COLUMNS if name != "value"], ignore_index=True)
