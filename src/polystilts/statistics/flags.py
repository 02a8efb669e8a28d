"""Cells that cannot show what they are asked: at chance, at the ceiling, or never learned at all."""

import pandas as pd

from polystilts.evaluation.guesses import CHANCE
from polystilts.statistics.intervals import wilson_interval
from polystilts.statistics.tables import main_scores
from polystilts.tasks import TASKS

CEILING = 95.0  # the contract's line: a baseline above it leaves no room for a gain
CELL = ("world_seed", "encoder", "encoder_seed", "target_task", "language", "metric", "variant")


def chance(task: str, n: float) -> float:
    """The score (0–100) that guessing reaches: one in n for retrieval, one in the labels or choices.

    Where retrieval has more candidates than its n questions, scores say it themselves (`guessed`).

    >>> round(chance("xnli", 500), 1), chance("xcopa", 500), chance("tatoeba", 200), chance("xquad", 500)
    (33.3, 50.0, 0.5, 0.0)
    """
    return 100.0 / n if TASKS[task].kind == "retrieval" else TASKS[task].chance


def guessed(scores: pd.DataFrame) -> dict[tuple, float]:
    """What guessing reaches where scores have it in rows of their own: by world, target task and language."""
    rows = scores[scores["metric"] == CHANCE]
    return rows.groupby(["world_seed", "target_task", "language"])["value"].mean().to_dict()


def flag_cells(scores: pd.DataFrame) -> pd.DataFrame:
    """Each cell of the baseline, averaged over seeds, with `flag` "floor", "ceiling" or "".

    Floor: chance lies inside, or above, the Wilson interval of the score on its n items. Seeds share their
    items, so they do not add to n.
    """
    rows, known = main_scores(scores), guessed(scores)
    rows = rows[rows["strategy"] == "none"]
    cells = rows.groupby(list(CELL), as_index=False).agg(baseline_value=("value", "mean"), n=("n", "min"))
    cells["chance"] = [
        known.get((world, task, language), chance(task, n))
        for world, task, language, n in zip(
            *(cells[name] for name in ("world_seed", "target_task", "language", "n")), strict=True
        )
    ]
    cells["flag"] = [
        "ceiling" if value > CEILING else "floor" if wilson_interval(value, n)[0] <= guess + 1e-9 else ""
        for value, n, guess in zip(cells["baseline_value"], cells["n"], cells["chance"], strict=True)
    ]
    return cells


def learned_intermediates(scores: pd.DataFrame, strategy: str = "english") -> pd.DataFrame:
    """Which intermediate tasks a strategy learned, by their source-language development score.

    Reads the rows with split "dev" whose target is the arm's own intermediate task, and beside them the rows
    with metric "majority"; where there are none, chance is the bar. Learned is a Wilson interval, of the mean
    over the runs of the strategy, that lies above it.
    """
    rows = main_scores(scores, split="dev")
    rows = rows[(rows["strategy"] == strategy) & (rows["intermediate_task"] == rows["target_task"])]
    guesses = scores[(scores["split"] == "dev") & (scores["metric"] == "majority")]
    majority = guesses.groupby("target_task")["value"].mean()
    found = []
    for task, part in rows.groupby("target_task"):
        guess = majority.get(task, chance(task, part["n"].min()))
        value, n = part["value"].mean(), part["n"].min()
        low, high = wilson_interval(value, n)
        found.append((task, TASKS[task].title, value, low, high, guess, n, len(part), low > guess))
    columns = ["intermediate_task", "title", "value", "low", "high", "majority", "n", "runs", "learned"]
    return pd.DataFrame(found, columns=columns)


def learned_targets(scores: pd.DataFrame, shortcuts: pd.DataFrame, source: str) -> pd.DataFrame:
    """Which target tasks the baseline learned at home, beyond what shortcuts reach.

    `shortcuts` has a row for each guess that needs no understanding: target_task, baseline, value. Learned is
    a Wilson interval, of the mean over the `none` runs in the source language, that lies above the best of
    them. Tagging is left out, and so are guesses that pair words of context and option: knowing the words, or
    what goes with what, is there what the task asks for.
    """
    rows = main_scores(scores)
    rows = rows[
        (rows["strategy"] == "none") & (rows["language"] == source) & (rows["task_kind"] != "tagging")
    ]
    shortcuts = shortcuts[shortcuts["baseline"] != "words of context and option"]
    found = []
    for task, part in rows.groupby("target_task"):
        known = shortcuts[shortcuts["target_task"] == task]
        if known.empty:
            continue
        best = known.groupby("baseline")["value"].mean().sort_values(kind="stable")
        value, n = part["value"].mean(), part["n"].min()
        low, high = wilson_interval(value, n)
        found.append((task, value, low, high, best.index[-1], best.iloc[-1], n, low > best.iloc[-1]))
    columns = ["target_task", "value", "low", "high", "shortcut", "shortcut_value", "n", "learned"]
    return pd.DataFrame(found, columns=columns)
