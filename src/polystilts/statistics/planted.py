"""Score tables with a planted truth: no training, only numbers whose right answer is known.

They show whether the statistics find what is there, and only that, before any real score is looked at.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from polystilts.evaluation.exposure import exposure
from polystilts.evaluation.scores import SCORE_COLUMNS
from polystilts.statistics.tables import plain_words
from polystilts.tasks import STRATEGIES, TASKS, parse_arm


@plain_words
def planted_scores(
    arms: Sequence[str],
    languages: pd.DataFrame,
    target_tasks: Sequence[str],
    effects: Mapping[str, float] | None = None,
    world_seeds: Sequence[int] = (0,),
    seeds: Sequence[int] = (0, 1, 2),
    level: float = 60.0,
    seed_sd: float = 1.0,
    cell_sd: float = 0.0,
    world_sd: float = 0.0,
    language_sd: float = 0.0,
    item_count: int = 300,
    random_seed: int = 0,
) -> pd.DataFrame:
    """Scores where each strategy of `effects` adds its points to every target in every language.

    What an arm does varies by `seed_sd` from run to run and target to target, by `cell_sd` from score to
    score, by `world_sd` from world to world, and by `language_sd` from language to language: the spreads
    that intervals have to see.
    `languages` has the columns language and set, and may have `base`, points added to each of its scores.
    """
    draw = np.random.default_rng(random_seed)
    effects = dict(effects or {})
    source = languages["language"].iloc[0]
    base = dict(
        zip(languages["language"], languages.get("base", pd.Series(0.0, languages.index)), strict=True)
    )
    rows = []
    by_language = {
        (strategy, name): language_sd * draw.standard_normal() for strategy in STRATEGIES for name in base
    }
    for world in world_seeds:
        by_world = {strategy: world_sd * draw.standard_normal() for strategy in STRATEGIES}
        for seed in seeds:
            for text in arms:
                arm = parse_arm(text)
                strategy = STRATEGIES[arm.strategy]
                taught = [source] if strategy.labelled else []
                if arm.language_set:
                    taught += list(languages.loc[languages["set"] == arm.language_set, "language"])
                kind = TASKS[arm.intermediate_task].kind if arm.intermediate_task else ()
                for target in target_tasks:
                    task, noise = TASKS[target], seed_sd * draw.standard_normal()
                    for name, offset in base.items():
                        value = level + offset + noise + effects.get(arm.strategy, 0.0)
                        value += by_world[arm.strategy] + by_language[arm.strategy, name]
                        value += cell_sd * draw.standard_normal()
                        rows.append({
                            "scale": "planted", "world_seed": world, "encoder": "w64", "encoder_seed": 0,
                            "run_id": f"w64.w{world}.e0--{str(arm).replace(':', '--').lower()}--s{seed}",
                            "strategy": arm.strategy, "intermediate_task": arm.intermediate_task or "none",
                            "language_set": arm.language_set or "-", "seed": seed,
                            "finetune_task": task.training_task, "target_task": target,
                            "task_kind": task.kind, "language": name,
                            "exposure": "same-task" if name == source
                            else exposure(task.kind, kind, taught, name),
                            "split": "test", "metric": task.metric, "value": float(np.clip(value, 0, 100)),
                            "variant": "layer2.mean.centred" if task.kind == "retrieval" else "",
                            "n": item_count,
                        })  # fmt: skip
    return pd.DataFrame(rows)[list(SCORE_COLUMNS)]
