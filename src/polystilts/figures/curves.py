"""Learning curves: what pretraining and practice look like while they happen."""

import pandas as pd
from matplotlib.figure import Figure

from polystilts.figures.style import (
    GREY,
    LINES,
    MARKERS,
    PALETTE,
    STRATEGY_TITLES,
    house_style,
    new_figure,
    nothing_figure,
    question,
)


def learning_curves(
    curves: pd.DataFrame,
    y: str = "value",
    label: str = "score (0–100)",
    baseline: float | None = None,
    baseline_label: str = "majority guess",
    title: str = "Does practice start the target task closer to its goal?",
) -> Figure:
    """One line an arm over updates: columns arm, run, update and the value; thin lines are single runs.

    `arm` holds the words of the legend (`style.titled_arm` makes them); the arm without practice is grey.
    `baseline` draws a dotted line, such as a majority guess. Where nothing was trained the picture says so.
    """
    if curves.empty:
        return nothing_figure("no run of this page is trained here", title)
    with house_style():
        figure, (axes,) = new_figure(4.0)
        if baseline is not None:
            axes.axhline(baseline, color=GREY, linestyle=(0, (2, 2)), linewidth=1.4, label=baseline_label)
        for i, (arm, part) in enumerate(curves.groupby("arm", sort=False)):
            colour = GREY if arm == STRATEGY_TITLES["none"] else PALETTE[i % len(PALETTE)]
            for _, one in part.groupby("run"):
                axes.plot(one["update"], one[y], color=colour, linewidth=0.8, alpha=0.45)
            mean = part.groupby("update")[y].mean()
            every = max(1, len(mean) // 6)
            axes.plot(
                mean.index,
                mean,
                color=colour,
                linestyle=LINES[i % len(LINES)],
                marker=MARKERS[i % len(MARKERS)],
                markevery=every,
                markersize=6,
                linewidth=2.2,
                label=arm,
            )
        axes.set_xlabel("updates · thin: one run, thick: their mean")
        axes.set_ylabel(label)
        axes.set_xlim(left=0)
        figure.legend(loc="outside lower center", ncols=2)
        question(figure, title)
        return figure


def pretraining_curve(
    curve: pd.DataFrame, title: str = "How well does the encoder guess hidden words?"
) -> Figure:
    """Masked-LM loss over updates, a line for each encoder: columns update and loss, perhaps encoder."""
    with house_style():
        figure, (axes,) = new_figure(3.4)
        groups = curve.groupby("encoder", sort=False) if "encoder" in curve else [("", curve)]
        for i, (name, part) in enumerate(groups):
            axes.plot(
                part["update"],
                part["loss"],
                color=PALETTE[i % len(PALETTE)],
                linestyle=LINES[i % len(LINES)],
                label=name,
            )
        axes.set_xlabel("updates")
        axes.set_ylabel("masked-LM loss (nats a token)")
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        if "encoder" in curve and curve["encoder"].nunique() > 1:
            axes.legend()
        question(figure, title)
        return figure
