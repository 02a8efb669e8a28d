"""Retrieval before and after practice, layer by layer, plain and centred."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from polystilts.figures.style import (
    GREY,
    INK,
    LINES,
    MARKERS,
    PALETTE,
    STRATEGY_TITLES,
    house_style,
    interval_of,
    metric_label,
    new_figure,
    question,
)
from polystilts.statistics.intervals import highest_unit
from polystilts.statistics.tables import layer_of, main_scores, source_language
from polystilts.tasks import STRATEGIES


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
    strategies = [name for name in STRATEGIES if name in set(rows["strategy"])]
    with house_style():
        figure, panels = new_figure(3.9, 1, 2, sharey=True, sharex=True)
        for axes, centred in zip(panels, (False, True), strict=True):
            axes.set_title("centred" if centred else "plain", fontsize=11.5)
            for i, strategy in enumerate(strategies):
                part = rows[(rows["strategy"] == strategy) & (rows["centred"] == centred)]
                if part.empty:
                    continue
                colour = GREY if strategy == "none" else PALETTE[i % len(PALETTE)]
                spread = 0.07 * (
                    i - (len(strategies) - 1) / 2
                )  # side by side, so that intervals can be told apart
                points = []
                for layer, one in part.groupby("layer"):
                    mean, low, high = interval_of(one.groupby(unit)["value"].mean())
                    points.append((layer + spread, mean))
                    axes.plot([layer + spread] * 2, [low, high], color=colour, linewidth=1.6)
                axes.plot(*zip(*points, strict=True), color=colour, linestyle=LINES[i % len(LINES)],
                          marker=MARKERS[i % len(MARKERS)], markersize=7, linewidth=1.4)  # fmt: skip
            axes.set_xticks(sorted(rows["layer"].unique()))
            axes.set_xlabel("layer")
        panels[0].set_ylabel(metric_label(rows))
        panels[0].set_ylim(bottom=0)
        handles = [
            Line2D(
                [],
                [],
                color=GREY if name == "none" else PALETTE[i % len(PALETTE)],
                linestyle=LINES[i % len(LINES)],
                marker=MARKERS[i % len(MARKERS)],
                label=STRATEGY_TITLES[name],
            )
            for i, name in enumerate(strategies)
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=2, labelcolor=INK)
        question(figure, title)
        return figure


def layers_of(scores: pd.DataFrame) -> list[int]:
    """The layers that retrieval was read from."""
    found = pd.Series(scores["variant"].unique()).map(layer_of).dropna()
    return sorted(int(layer) for layer in found)
