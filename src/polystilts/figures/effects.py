"""Resource, overlap and word order: what each does to transfer, task by task."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from polystilts.figures.heatmap import ORDER
from polystilts.figures.style import (
    GREY,
    PALETTE,
    house_style,
    new_figure,
    nothing_figure,
    question,
    task_title,
    zero_line,
)
from polystilts.statistics.factors import FACTORS
from polystilts.statistics.intervals import UNIT_WORDS

WORDS = {
    "resource": "more text\n(high − low resource)",
    "overlap": "shared words\n(high − low overlap)",
    "order": "nearer word order\n(near − far)",
}


def factor_effects(
    effects: pd.DataFrame, title: str = "What makes a language easy to reach?", label: str = "effect (points)"
) -> Figure:
    """Main effects with 95 % intervals, one panel a factor; a hollow mark has cells at chance or above 95.

    `effects` is what `statistics.factors.factor_effects` returns; the number beside a hollow mark counts the
    flagged cells. Where no factor has languages on both of its sides the picture says so.
    """
    if effects.empty:
        return nothing_figure("no factor has languages on both of its sides", title)
    targets = [task for task in ORDER if task in set(effects["target_task"])]
    with house_style():
        figure, panels = new_figure(1.9 + 0.36 * len(targets), 1, len(FACTORS), sharey=True, sharex=True)
        for axes, factor, colour in zip(panels, FACTORS, PALETTE, strict=False):
            zero_line(axes)
            axes.set_title(WORDS[factor], fontsize=10, fontweight="normal")
            part = effects[effects["factor"] == factor].set_index("target_task")
            for i, target in enumerate(targets):
                if target not in part.index:
                    continue
                row = part.loc[target]
                if pd.notna(row["low"]):
                    axes.plot([row["low"], row["high"]], [i, i], color=colour, linewidth=2.4)
                axes.plot(
                    row["values"], [i + 0.26] * len(row["values"]), ".", color=GREY, markersize=5, zorder=3
                )
                axes.plot(row["estimate"], i, "o", color="white" if row["flagged"] else colour,
                          markeredgecolor=colour, markeredgewidth=1.6, markersize=7.5, zorder=4)  # fmt: skip
            axes.set_xlabel(label)
            axes.tick_params(axis="y", length=0)
        flagged = effects.groupby("target_task")[["floor", "ceiling", "cells"]].first()
        panels[0].set_yticks(range(len(targets)), [_label(task, flagged.loc[task]) for task in targets])
        panels[0].set_ylim(len(targets) - 0.5, -0.5)

        hollow = Line2D(
            [],
            [],
            color="white",
            marker="o",
            markeredgecolor=GREY,
            markeredgewidth=1.6,
            linestyle="",
            label="hollow: some cells at chance or above 95",
        )
        unit = UNIT_WORDS[effects["unit"].iloc[0]]
        dot = Line2D([], [], color=GREY, marker=".", linestyle="", label=f"one {unit}")
        figure.legend(handles=[hollow, dot], loc="outside lower center", ncols=2)
        question(figure, title)
        return figure


def _label(task: str, row: pd.Series) -> str:
    """A task with its flagged cells, if it has any."""
    told = [
        f"{row[name]} {word}" for name, word in (("floor", "at chance"), ("ceiling", "above 95")) if row[name]
    ]
    return task_title(task) + (f"\n({', '.join(told)})" if told else "")
