"""How much survives the border: scores in the source language and in each of the others."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from polystilts.figures.heatmap import ORDER
from polystilts.figures.style import (
    ARMS,
    FAMILY_MARK,
    GREY,
    INK,
    PALE,
    WIDTH,
    arm_handle,
    dot_handle,
    family_handles,
    family_styles,
    house_style,
    in_order,
    interval_of,
    legend,
    names,
    nothing_figure,
    panels_for,
    question,
    task_title,
    zero_line,
)
from polystilts.statistics.flags import CEILING, flag_cells
from polystilts.statistics.gains import transfer_gap
from polystilts.statistics.intervals import UNIT_WORDS, highest_unit
from polystilts.statistics.tables import main_scores, source_language, with_main_variant

NOBODY = "the runs of this page are of other arms"
NOWHERE = "no target is asked in the source language, too"


def _of_strategy(scores: pd.DataFrame, strategy: str) -> pd.DataFrame:
    rows = with_main_variant(main_scores(scores))
    return rows[rows["strategy"] == strategy]


def transfer_slopes(
    scores: pd.DataFrame,
    languages: pd.DataFrame,
    strategy: str = "none",
    title: str = "How much of a task survives the border?",
) -> Figure:
    """One panel a target task: a line falls from the source language's score to each other language's.

    Points are means, bars 95 % intervals over worlds, else seeds. Where no run is of the strategy the picture
    says so.
    """
    rows = _of_strategy(scores, strategy)
    source = source_language(languages)
    targets = [task for task in ORDER if task in set(rows.loc[rows["language"] == source, "target_task"])]
    if not targets:
        return nothing_figure(NOBODY if rows.empty else NOWHERE, title)
    unit = highest_unit(rows)
    styles, named = family_styles(languages), names(languages)
    known = languages.set_index("language")
    others = [code for code in known["distance"].astype(float).sort_values().index if code != source]
    with house_style():
        figure, panels = panels_for(len(targets), 2.2, sharey=True, sharex=True)
        for axes, target in zip(panels, targets, strict=False):
            part = rows[rows["target_task"] == target]
            at_home = part.loc[part["language"] == source, "value"].mean()
            there = [code for code in others if code in set(part["language"])]
            for i, code in enumerate(there):
                colour, marker = styles[known["family"][code]]
                mean, low, high = interval_of(part[part["language"] == code].groupby(unit)["value"].mean())
                x = 0.5 + 0.5 * i / max(1, len(there) - 1)
                axes.plot([0, x], [at_home, mean], color=colour, linewidth=1.0, alpha=0.6)
                axes.plot([x, x], [low, high], color=colour, linewidth=1.8)
                axes.plot(x, mean, marker, color=colour, markersize=6.5, **FAMILY_MARK)
            axes.plot(0, at_home, "o", color="black", markersize=7)
            axes.set_title(task_title(target))
            axes.set_xticks([0, 0.75], [named[source], "near → far"])
            axes.tick_params(axis="x", labelbottom=True)
            axes.set_xlim(-0.14, 1.06)
            axes.set_ylim(-3, 103)
            axes.grid(axis="y", color=PALE)
        for axes in panels[::2]:
            axes.set_ylabel("score (0–100)")
        legend(figure, family_handles(styles))
        question(figure, title)
        return figure


def none_scores(
    scores: pd.DataFrame,
    languages: pd.DataFrame,
    title: str = "What can the encoder do without intermediate training?",
) -> Figure:
    """The baseline's score in each language, one panel a target task, against chance and the ceiling.

    A panel names the languages that its target is asked in, from near to far. Dots are worlds, else seeds,
    bars 95 % intervals over them; dashed is chance, the grey band above 95. Where no run is of the baseline
    the picture says so.
    """
    rows = _of_strategy(scores, "none")
    if rows.empty:
        return nothing_figure(NOBODY, title)
    unit = highest_unit(rows)
    guesses = flag_cells(scores).groupby("target_task")["chance"].mean()
    targets = [task for task in ORDER if task in set(rows["target_task"])]
    styles, near = family_styles(languages), languages.assign(distance=languages["distance"].astype(float))
    near = near.sort_values("distance", kind="stable").set_index("language")
    asked = {
        target: [
            code for code in near.index if code in set(rows.loc[rows["target_task"] == target, "language"])
        ]
        for target in targets
    }
    columns = min(2, len(targets))
    deepest = [max(map(len, list(asked.values())[i : i + columns])) for i in range(0, len(targets), columns)]
    heights = [0.55 + 0.2 * count for count in deepest]
    with house_style():
        figure = Figure(figsize=(WIDTH, 1.2 + sum(heights)), layout="constrained")
        grid = figure.add_gridspec(len(heights), columns, height_ratios=heights)
        for place, (target, codes) in enumerate(asked.items()):
            line, column = divmod(place, columns)
            axes = figure.add_subplot(grid[line, column])
            part = rows[rows["target_task"] == target]
            for i, code in enumerate(codes):
                values = part[part["language"] == code].groupby(unit)["value"].mean()
                _draw_score(axes, i, values, *styles[near["family"][code]])
            _finish_panel(axes, target, guesses[target], near.loc[codes, "name"].tolist(), deepest[line])
            if place >= len(targets) - columns:
                axes.set_xlabel("score (0–100)")
        chance = Line2D([], [], color="black", linestyle="--", linewidth=1.1, label="chance")
        legend(figure, [*family_handles(styles), chance, dot_handle(f"one {UNIT_WORDS[unit]}")])
        question(figure, title)
        return figure


def _draw_score(axes: Axes, i: int, values: pd.Series, colour: str, marker: str) -> None:
    """One language's mean, its interval, and its repetitions below."""
    mean, low, high = interval_of(values)
    if np.isfinite(low):
        axes.plot([low, high], [i, i], color=colour, linewidth=2.0)
    axes.plot(values, [i + 0.32] * len(values), ".", color=GREY, markersize=3.5, zorder=3)
    axes.plot(mean, i, marker, color=colour, markersize=6, zorder=4, **FAMILY_MARK)


def _finish_panel(axes: Axes, target: str, guess: float, named: list[str], room: int) -> None:
    """Chance, ceiling, names and limits of one target; a short list stands at the top of its room."""
    axes.axvspan(CEILING, 100, color=PALE, linewidth=0)
    if guess > 0:
        axes.axvline(guess, color="black", linestyle="--", linewidth=1.1)
    axes.set_title(task_title(target))
    axes.set_xlim(-2, 102)
    axes.set_yticks(range(len(named)), named)
    axes.set_ylim(max(room, 1) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)


def gap_slopes(
    scores: pd.DataFrame,
    languages: pd.DataFrame,
    title: str = "Does intermediate training close the gap to the source language?",
) -> Figure:
    """The transfer gap of each strategy, one panel a target: the source language minus those without labels.

    Marks are means with 95 % intervals over worlds, else seeds, which are the dots; the grey line is the gap
    of the baseline, and a mark below it a smaller gap.
    """
    gaps = transfer_gap(scores, source_language(languages), unexposed=True)
    if gaps.empty:
        return nothing_figure(NOWHERE, title)
    unit = highest_unit(gaps)
    strategies = in_order(gaps["strategy"])
    targets = [task for task in ORDER if task in set(gaps["target_task"])]
    with house_style():
        figure, panels = panels_for(len(targets), 1.9, sharex=True)
        for axes, target in zip(panels, targets, strict=False):
            part = gaps[gaps["target_task"] == target]
            zero_line(axes, across=True)
            for i, strategy in enumerate(strategies):
                values = part[part["strategy"] == strategy].groupby(unit)["gap"].mean()
                if values.empty:
                    continue
                look = ARMS[strategy]
                mean, low, high = interval_of(values)
                if strategy == "none":
                    axes.axhline(mean, color=GREY, linewidth=1.1, zorder=2)
                axes.plot([i, i], [low, high], color=look.colour, linewidth=2.2, zorder=3)
                axes.plot([i + 0.24] * len(values), values, ".", color=GREY, markersize=3.5, zorder=3)
                axes.plot(i, mean, look.marker, color=look.colour, markersize=7.5, zorder=4)
            axes.set_title(task_title(target))
            axes.set_xticks([])
            axes.set_xlim(-0.6, len(strategies) - 0.4)
            axes.margins(y=0.12)
        for axes in panels[::2]:
            axes.set_ylabel("gap (points)")
        handles = [arm_handle(name) for name in strategies]
        baseline = Line2D([], [], color=GREY, linewidth=1.1, label="gap of the baseline")
        zero = Line2D([], [], color=INK, linewidth=1.0, label="no gap")
        legend(figure, [*handles, baseline, zero, dot_handle(f"one {UNIT_WORDS[unit]}")])
        question(figure, title)
        return figure
