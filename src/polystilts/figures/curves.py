"""Learning curves: what pretraining and the two stages of training look like while they happen."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from polystilts.figures.style import (
    ARMS,
    GREY,
    PLAIN_COLOURS,
    PLAIN_LINES,
    house_style,
    in_order,
    legend,
    new_figure,
    nothing_figure,
    panels_for,
    question,
)


def learning_curves(
    curves: pd.DataFrame,
    y: str = "value",
    label: str = "score (0–100)",
    baseline: float | None = None,
    baseline_label: str = "majority guess",
    title: str = "Does intermediate training start the target task closer to its goal?",
) -> Figure:
    """One line an arm over updates: columns arm, strategy, run, update and the value; thin lines are runs.

    `panel`, where there is one, gives each of its words a panel, since losses of two tasks are on two scales;
    rows without a word are drawn in all of them. A second language set of a strategy has hollow marks.
    `baseline` draws a dotted line, such as a majority guess. Where nothing was trained the picture says so.
    """
    if curves.empty:
        return nothing_figure("no run of this page is trained here", title)
    curves = curves if "panel" in curves else curves.assign(panel="")
    parts = [word for word in dict.fromkeys(curves["panel"]) if word] or [""]
    with house_style():
        figure, panels = panels_for(len(parts), 3.4 if len(parts) < 2 else 2.4, sharex=True)
        handles: dict[str, Line2D] = {}
        for axes, part in zip(panels, parts, strict=False):
            if baseline is not None:
                axes.axhline(baseline, color=GREY, linestyle=(0, (2, 2)), linewidth=1.4)
            handles |= _draw_arms(axes, curves[curves["panel"].isin(["", part])], y, len(parts) > 1)
            axes.set_title(part if len(parts) > 1 else "")
            axes.set_xlim(left=0)
            axes.set_ylabel(label)
        for axes in panels[max(0, len(parts) - 2) : len(parts)]:
            axes.set_xlabel("updates · thin: one run, thick: mean" if len(parts) < 2 else "updates")
        if baseline is not None:
            dotted = Line2D([], [], color=GREY, linestyle=(0, (2, 2)), label=baseline_label)
            handles[baseline_label] = dotted
        legend(figure, list(handles.values()))
        question(figure, title)
        return figure


def _draw_arms(axes: Axes, curves: pd.DataFrame, y: str, several: bool) -> dict[str, Line2D]:
    """Draw the arms of one panel; return an entry for the legend for each of them.

    Where there are several panels their titles name the task, and the legend need not.
    """
    handles = {}
    for strategy in in_order(curves["strategy"]):
        look, arms = ARMS[strategy], curves[curves["strategy"] == strategy]
        for second, (arm, part) in enumerate(arms.groupby("arm", sort=False)):
            for _, one in part.groupby("run"):
                axes.plot(one["update"], one[y], color=look.colour, linewidth=0.7, alpha=0.4)
            mean = part.groupby("update")[y].mean()
            (line,) = axes.plot(
                mean.index,
                mean,
                color=look.colour,
                linestyle=look.line,
                marker=look.marker,
                markevery=max(1, len(mean) // 6),
                markersize=6,
                fillstyle="none" if second % 2 else "full",
                linewidth=2.0,
                label=str(arm),
            )
            named = look.title + (" (B)" if second % 2 else " (A)" if arms["arm"].nunique() > 1 else "")
            line.set_label(named if several else str(arm))
            handles[line.get_label()] = line
    return handles


def pretraining_curve(
    curve: pd.DataFrame, title: str = "How well does the encoder guess hidden words?"
) -> Figure:
    """Masked-LM loss over updates, a line for each encoder: columns update and loss, perhaps encoder."""
    with house_style():
        figure, (axes,) = new_figure(3.2)
        groups = curve.groupby("encoder", sort=False) if "encoder" in curve else [("", curve)]
        for i, (name, part) in enumerate(groups):
            k = i % len(PLAIN_LINES)
            axes.plot(
                part["update"], part["loss"], color=PLAIN_COLOURS[k], linestyle=PLAIN_LINES[k], label=name
            )
        axes.set_xlabel("updates")
        axes.set_ylabel("masked-LM loss (nats a token)")
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        if "encoder" in curve and curve["encoder"].nunique() > 1:
            axes.legend()
        question(figure, title)
        return figure
