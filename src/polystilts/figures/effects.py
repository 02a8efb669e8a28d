"""Resource, overlap and word order: what each does to transfer, task by task."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from polystilts.figures.heatmap import ORDER
from polystilts.figures.style import (
    GREY,
    INK,
    SMALLEST,
    dot_handle,
    house_style,
    legend,
    new_figure,
    nothing_figure,
    question,
    task_title,
    zero_line,
)
from polystilts.statistics.factors import FACTORS
from polystilts.statistics.intervals import UNIT_WORDS

WORDS = {"resource": "more text", "overlap": "more shared\nwords", "order": "nearer word\norder"}


def factor_effects(
    effects: pd.DataFrame, title: str = "What makes a language easy to reach?", label: str = "effect (points)"
) -> Figure:
    """Main effects with 95 % intervals, one panel a factor; a hollow mark has cells at chance or above 95.

    `effects` is what `statistics.factors.factor_effects` returns; the words below a task count the flagged
    cells. Where no factor has languages on both of its sides the picture says so.
    """
    if effects.empty:
        return nothing_figure("no factor has languages on both of its sides", title)
    targets = [task for task in ORDER if task in set(effects["target_task"])]
    with house_style():
        figure, panels = new_figure(1.9 + 0.5 * len(targets), 1, len(FACTORS), sharey=True, sharex=True)
        for axes, factor in zip(panels, FACTORS, strict=True):
            zero_line(axes)
            axes.set_title(WORDS[factor], fontweight="normal", fontsize=10)
            part = effects[effects["factor"] == factor].set_index("target_task")
            for i, target in enumerate(targets):
                if target not in part.index:
                    continue
                row = part.loc[target]
                if pd.notna(row["low"]):
                    axes.plot([row["low"], row["high"]], [i, i], color=INK, linewidth=2.2)
                values = row["values"]
                axes.plot(values, [i + 0.22] * len(values), ".", color=GREY, markersize=4.5, zorder=3)
                axes.plot(
                    row["estimate"],
                    i,
                    "o",
                    color="white" if row["flagged"] else INK,
                    markeredgecolor=INK,
                    markeredgewidth=1.5,
                    markersize=7,
                    zorder=4,
                )
            axes.tick_params(axis="y", length=0)
        panels[1].set_xlabel(f"{label}: the easier languages minus the harder ones")
        flagged = effects.groupby("target_task")[["floor", "ceiling", "cells"]].first()
        panels[0].set_yticks(
            range(len(targets)), [_label(task, flagged.loc[task]) for task in targets], fontsize=SMALLEST
        )
        panels[0].set_ylim(len(targets) - 0.5, -0.5)
        ring = {"marker": "o", "markeredgecolor": INK, "markeredgewidth": 1.5, "linestyle": ""}
        hollow = Line2D([], [], color="white", label="hollow: some cells at chance or above 95", **ring)
        legend(figure, [hollow, dot_handle(f"one {UNIT_WORDS[effects['unit'].iloc[0]]}")])
        question(figure, title)
        return figure


def _label(task: str, row: pd.Series) -> str:
    """A task with its flagged cells, if it has any."""
    told = [
        f"{row[name]} {word}" for name, word in (("floor", "at chance"), ("ceiling", "above 95")) if row[name]
    ]
    return "\n".join((task_title(task), *told))
