"""Intermediate tasks × target tasks: where intermediate training helps, and where it costs."""

from collections.abc import Collection

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from polystilts.evidence.claim import signed
from polystilts.figures.style import (
    ARMS,
    DIVERGING,
    INK,
    SMALLEST,
    arm_title,
    folded,
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
MOST_WIDE = 6  # targets beside each other: with more of them the type would be too small for a phone
_ARM = ("strategy", "intermediate_task", "language_set")


def gains_heatmap(
    gains: pd.DataFrame,
    languages: Collection[str] | None = None,
    title: str = "Which intermediate training helps which task?",
) -> Figure:
    """Mean gain of each arm on each target, over languages that had no labels; same-task cells are boxed.

    A gain is paired with the baseline. ± is half the 95 % interval over worlds, else seeds. The colours span
    the treatments; a control beyond them has the last colour. Many targets stand in two blocks or more.
    """
    rows = with_main_variant(gains[gains["exposure"] == "none"])
    if languages is not None:
        rows = rows[rows["language"].isin(languages)]
    rows = rows.assign(arm=[_arm_key(row) for row in rows[list(_ARM)].itertuples(index=False)])
    by_unit = rows.groupby(["arm", "target_task", highest_unit(rows)])["gain"].mean()
    cells = by_unit.groupby(level=["arm", "target_task"]).agg(list)
    arms = sorted(set(rows["arm"]))
    targets = [task for task in ORDER if task in set(rows["target_task"])]
    means = cells.map(np.mean)
    treated = means[[not STRATEGIES[arm[1]].control for arm, _ in means.index]]
    limit = max(1.0, float(np.abs(treated if len(treated) else means).max()))
    count = max(1, -(-len(targets) // MOST_WIDE))
    wide = -(-len(targets) // count)
    blocks = [targets[i : i + wide] for i in range(0, len(targets), wide)] or [[]]
    with house_style():
        figure, panels = new_figure(0.9 + (0.75 + 0.42 * len(arms)) * len(blocks), len(blocks))
        for axes, block in zip(panels, blocks, strict=True):
            _draw_block(axes, arms, block, wide, cells, limit)
        panels[-1].set_xlabel(
            "gain over no intermediate training (points)\n"
            "small: ± half of the 95 % interval · boxed: the target's own kind\n"
            "orange: gained, purple: lost",
            loc="right",
            fontsize=SMALLEST,
        )
        question(figure, title)
        return figure


def _draw_block(axes: Axes, arms: list[tuple], block: list[str], wide: int, cells, limit: float) -> None:
    """The arms on some of the targets; blocks are equally wide, and a short one leaves room."""
    shades = colormaps[DIVERGING]
    for i, arm in enumerate(arms):
        for j, target in enumerate(block):
            if (arm, target) not in cells.index:
                axes.text(j + 0.5, i + 0.5, "·", ha="center", va="center", color=INK)
                continue
            values = cells[arm, target]
            shade = shades((np.mean(values) / limit + 1) / 2)
            axes.add_patch(Rectangle((j, i), 1, 1, facecolor=shade, edgecolor="white", linewidth=2))
            _write_cell(axes, i, j, values, shade)
            if task_kind(arm[2]) and task_kind(arm[2]) == task_kind(target):
                axes.add_patch(_box(i, j))
    axes.set_xlim(0, wide)
    axes.set_ylim(len(arms), 0)
    axes.set_xticks(np.arange(len(block)) + 0.5, [folded(task_title(target)) for target in block])
    axes.set_yticks(np.arange(len(arms)) + 0.5, [_label(*arm[1:]) for arm in arms])
    axes.tick_params(length=0, labelsize=SMALLEST, labeltop=True, labelbottom=False)
    axes.spines[:].set_visible(False)


def _arm_key(row) -> tuple[int, str, str, str]:
    """An arm in the order in which arms stand everywhere."""
    return (list(ARMS).index(row.strategy), row.strategy, row.intermediate_task, row.language_set)


def _label(strategy: str, task: str, language_set: str) -> str:
    """An arm in two lines: what is read, and of which task."""
    whole, first = arm_title(strategy, task, language_set), arm_title(strategy)
    return first.replace(", ", ",\n") if whole == first else f"{first}\n{whole.removeprefix(first).strip()}"


def _write_cell(axes: Axes, i: int, j: int, values: list[float], shade: tuple) -> None:
    mean, low, _ = interval_of(pd.Series(values))
    luminance = 0.299 * shade[0] + 0.587 * shade[1] + 0.114 * shade[2]
    ink = "white" if luminance < 0.5 else INK
    axes.text(j + 0.5, i + 0.31, signed(mean), ha="center", va="center", color=ink, fontsize=10)
    spread = f"±{mean - low:.1f}" if np.isfinite(low) else "one seed" if len(values) == 1 else "no spread"
    axes.text(j + 0.5, i + 0.73, spread, ha="center", va="center", color=ink, fontsize=SMALLEST)


def _box(i: int, j: int) -> Rectangle:
    return Rectangle((j + 0.05, i + 0.06), 0.9, 0.88, fill=False, edgecolor=INK, linewidth=1.8)
