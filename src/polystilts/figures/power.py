"""What a study of a given size could have seen at all."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from polystilts.figures.style import (
    INK,
    PALE,
    PLAIN_COLOURS,
    PLAIN_LINES,
    PLAIN_MARKERS,
    house_style,
    legend,
    new_figure,
    nothing_figure,
    question,
)

HIGHEST = 6.0  # points; larger effects need no study to be seen


def what_it_takes(
    detectable: pd.DataFrame,
    own: tuple[int, int] = (1, 1),
    title: str = "What would it take to see one point?",
) -> Figure:
    """The minimum detectable effect by number of worlds: a panel for each spread of worlds, a line by seeds.

    `detectable` is what `statistics.simulate.detectable` returns; `own` is the study's worlds and seeds,
    marked if it has three worlds or more. The pale lines are effects of one and of two points.
    """
    if detectable.empty:
        return nothing_figure("not measured: two seeds of a world are needed", title)
    with house_style():
        spreads = sorted(detectable["between_worlds"].unique())
        figure, panels = new_figure(4.1, 1, len(spreads), sharex=True, sharey=True)
        counts = sorted(int(count) for count in detectable["seeds"].unique())
        for axes, spread in zip(panels, spreads, strict=True):
            axes.set_title(f"worlds differ by {spread:g}", fontsize=9.5, fontweight="normal")
            for effect in (1.0, 2.0):
                axes.axhline(effect, color=PALE, linewidth=1.2, zorder=1)
            for i, seeds in enumerate(counts):
                part = detectable[
                    (detectable["between_worlds"] == spread) & (detectable["seeds"] == seeds)
                ].sort_values("worlds")
                axes.plot(part["worlds"], part["effect"], color=PLAIN_COLOURS[i], linestyle=PLAIN_LINES[i],
                          marker=PLAIN_MARKERS[i], markersize=5)  # fmt: skip
                mine = part[part["worlds"] == own[0]] if seeds == own[1] else part.head(0)
                axes.plot(mine["worlds"], mine["effect"], "o", markersize=14, fillstyle="none", color=INK)
            axes.set_xlabel("worlds")
            axes.set_ylim(0, HIGHEST)
            axes.set_yticks(range(int(HIGHEST) + 1))
        panels[0].set_ylabel("smallest effect seen\nfour times in five (points)")
        handles = [
            Line2D([], [], color=PLAIN_COLOURS[i], linestyle=PLAIN_LINES[i], marker=PLAIN_MARKERS[i],
                   label=f"{seeds} seed{'s' * (seeds != 1)} a world")
            for i, seeds in enumerate(counts)
        ]  # fmt: skip
        if own[0] in set(detectable["worlds"]) and own[1] in counts:
            ring = {"marker": "o", "markersize": 11, "fillstyle": "none", "linestyle": ""}
            handles.append(Line2D([], [], color=INK, label="this study", **ring))
        legend(figure, handles)
        question(figure, title)
        return figure
