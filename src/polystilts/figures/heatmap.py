"""Stepping stones × target tasks: where practice helps, and where it costs."""

from collections.abc import Collection

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from polystilts.evidence.claim import signed
from polystilts.figures.style import (
    DIVERGING,
    INK,
    arm_title,
    house_style,
    interval_of,
    new_figure,
    question,
    task_title,
)
from polystilts.statistics.intervals import highest_unit
from polystilts.statistics.tables import task_kind, with_main_variant
from polystilts.tasks import STRATEGIES, TASKS

ORDER = [name for name, task in TASKS.items() if task.role == "target"]  # XTREME-R first
MOST_WIDE = 7  # more targets than these need small type and slanted names


def gains_heatmap(
    gains: pd.DataFrame,
    languages: Collection[str] | None = None,
    title: str = "Which practice helps which task?",
) -> Figure:
    """Mean gain of each arm on each target, over languages that had no labels; same-task cells are boxed.

    A gain is paired with no practice. ± is half the 95 % interval over worlds, else seeds. The colours span
    the treatments; a control beyond them has the last colour.
    """
    rows = with_main_variant(gains[gains["exposure"] == "none"])
    if languages is not None:
        rows = rows[rows["language"].isin(languages)]
    rows = rows.assign(arm=[_arm_key(row) for row in rows[list(_ARM)].itertuples(index=False)])
    by_unit = rows.groupby(["arm", "target_task", highest_unit(rows)])["gain"].mean()
    cells = by_unit.groupby(level=["arm", "target_task"]).agg(list)
    arms = sorted(set(rows["arm"]))
    targets = [task for task in ORDER if task in set(rows["target_task"])]
    mean = np.full((len(arms), len(targets)), np.nan)
    for i, arm in enumerate(arms):
        for j, target in enumerate(targets):
            if (arm, target) in cells.index:
                mean[i, j] = np.mean(cells[arm, target])
    with house_style():
        narrow = len(targets) > MOST_WIDE
        figure, (axes,) = new_figure(1.7 + 0.46 * len(arms) + 0.5 * narrow)
        treated = mean[[not STRATEGIES[arm[1]].control for arm in arms]]
        spanned = np.abs(treated if np.isfinite(treated).any() else mean)
        limit = max(1.0, float(np.nanmax(spanned)) if np.isfinite(spanned).any() else 1.0)
        image = axes.pcolormesh(
            mean, cmap=DIVERGING, vmin=-limit, vmax=limit, edgecolors="white", linewidth=2
        )
        axes.invert_yaxis()
        shades = colormaps[DIVERGING]
        for i, arm in enumerate(arms):
            for j, target in enumerate(targets):
                if np.isnan(mean[i, j]):
                    axes.text(j + 0.5, i + 0.5, "·", ha="center", va="center", color=INK)
                    continue
                shade = shades((mean[i, j] / limit + 1) / 2)
                _write_cell(axes, i, j, cells[arm, target], shade, narrow)
                if task_kind(arm[2]) and task_kind(arm[2]) == task_kind(target):
                    axes.add_patch(_box(i, j))
        titles = [task_title(target) if narrow else _folded(task_title(target)) for target in targets]
        slanted = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"} if narrow else {}
        axes.set_xticks(np.arange(len(targets)) + 0.5, titles, fontsize=9.5, **slanted)
        axes.set_yticks(np.arange(len(arms)) + 0.5, [arm_title(arm[1], arm[2], arm[3]) for arm in arms])
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        figure.colorbar(image, ax=axes, label="gain (points)", shrink=0.8, pad=0.01, aspect=14)
        axes.set_xlabel("boxed: practice of the target's own kind · small: half of the 95 % interval")
        question(figure, title)
        return figure


_ARM = ("strategy", "intermediate_task", "language_set")


def _arm_key(row) -> tuple[int, str, str, str]:
    """An arm in the order of the study's table of arms."""
    return (list(STRATEGIES).index(row.strategy), row.strategy, row.intermediate_task, row.language_set)


def _write_cell(axes, i: int, j: int, values: list[float], shade: tuple, narrow: bool) -> None:
    mean, low, _ = interval_of(pd.Series(values))
    luminance = 0.299 * shade[0] + 0.587 * shade[1] + 0.114 * shade[2]
    ink = "white" if luminance < 0.5 else INK
    large, small = (9, 7) if narrow else (11, 8.5)
    axes.text(j + 0.5, i + 0.40, signed(mean), ha="center", va="center", color=ink, fontsize=large)
    unknown = "–" if narrow else "one seed" if len(values) == 1 else "no spread"
    spread = f"±{mean - low:.1f}" if np.isfinite(low) else unknown
    axes.text(j + 0.5, i + 0.76, spread, ha="center", va="center", color=ink, fontsize=small)


def _box(i: int, j: int):
    return Rectangle((j + 0.04, i + 0.06), 0.92, 0.88, fill=False, edgecolor=INK, linewidth=1.8)


def _folded(words: str) -> str:
    return words.replace("-", "-\n", 1) if len(words) > 8 else words
