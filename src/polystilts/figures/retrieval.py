"""Retrieval before and after intermediate training, layer by layer, plain and centred."""

import pandas as pd
from matplotlib.figure import Figure

from polystilts.figures.style import (
    ARMS,
    arm_handle,
    house_style,
    in_order,
    interval_of,
    legend,
    metric_label,
    new_figure,
    question,
)
from polystilts.statistics.intervals import highest_unit
from polystilts.statistics.tables import layer_of, main_scores, source_language


def retrieval_by_layer(
    scores: pd.DataFrame,
    languages: pd.DataFrame,
    target_task: str = "tatoeba",
    title: str = "In which layer do translations find each other?",
) -> Figure:
    """Mean retrieval score of each strategy by layer, plain beside centred (each language's mean taken off).

    Bars are 95 % intervals over worlds, else seeds; the source language is left out, as it would find itself.
    """
    rows = main_scores(scores)
    rows = rows[(rows["target_task"] == target_task) & (rows["language"] != source_language(languages))]
    rows = rows.assign(
        layer=rows["variant"].map(layer_of), centred=rows["variant"].str.contains(r"centred", regex=False)
    ).dropna(subset="layer")
    unit = highest_unit(rows)
    strategies = in_order(rows["strategy"])
    with house_style():
        figure, panels = new_figure(4.1, 1, 2, sharey=True, sharex=True)
        for axes, centred in zip(panels, (False, True), strict=True):
            axes.set_title("centred" if centred else "plain")
            for i, strategy in enumerate(strategies):
                part = rows[(rows["strategy"] == strategy) & (rows["centred"] == centred)]
                if part.empty:
                    continue
                look = ARMS[strategy]
                # Side by side, so that intervals can be told apart.
                spread = 0.07 * (i - (len(strategies) - 1) / 2)
                points = []
                for layer, one in part.groupby("layer"):
                    mean, low, high = interval_of(one.groupby(unit)["value"].mean())
                    points.append((layer + spread, mean))
                    axes.plot([layer + spread] * 2, [low, high], color=look.colour, linewidth=1.6)
                axes.plot(*zip(*points, strict=True), color=look.colour, linestyle=look.line,
                          marker=look.marker, markersize=6.5, linewidth=1.4)  # fmt: skip
            axes.set_xticks(sorted(rows["layer"].unique()))
            axes.set_xlabel("layer")
        panels[0].set_ylabel(metric_label(rows))
        panels[0].set_ylim(bottom=0)
        legend(figure, [arm_handle(name, line=True) for name in strategies])
        question(figure, title)
        return figure
