"""How much survives the border: scores in the source language and in each of the others."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from polystilts.figures.heatmap import ORDER
from polystilts.figures.style import (
    GREY,
    MARKERS,
    PALE,
    PALETTE,
    STRATEGY_TITLES,
    family_styles,
    house_style,
    interval_of,
    names,
    new_figure,
    nothing_figure,
    question,
    task_title,
    zero_line,
)
from polystilts.statistics.flags import CEILING, flag_cells
from polystilts.statistics.gains import transfer_gap
from polystilts.statistics.intervals import UNIT_WORDS, highest_unit
from polystilts.statistics.tables import main_scores, source_language, with_main_variant
from polystilts.tasks import STRATEGIES

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
        columns = min(3, len(targets))
        lines = -(-len(targets) // columns)
        figure, panels = new_figure(1.1 + 2.5 * lines, lines, columns, sharey=True, sharex=True)
        for axes in panels[len(targets) :]:
            axes.set_visible(False)
        for axes, target in zip(panels, targets, strict=False):
            part = rows[rows["target_task"] == target]
            at_home = part.loc[part["language"] == source, "value"].mean()
            there = [code for code in others if code in set(part["language"])]
            for i, code in enumerate(there):
                colour, marker = styles[known["family"][code]]
                mean, low, high = interval_of(part[part["language"] == code].groupby(unit)["value"].mean())
                x = 0.62 + 0.38 * i / max(1, len(there) - 1)
                axes.plot([0, x], [at_home, mean], color=colour, linewidth=1.2, alpha=0.75)
                axes.plot([x, x], [low, high], color=colour, linewidth=2)
                axes.plot(x, mean, marker, color=colour, markersize=7.5, markeredgecolor="white",
                          markeredgewidth=0.5)  # fmt: skip
            axes.plot(0, at_home, "o", color="black", markersize=7)
            axes.set_title(task_title(target), fontsize=11.5)
            axes.set_xticks([0, 0.81], [named[source], "near → far"])
            axes.set_xlim(-0.12, 1.08)
            axes.set_ylim(0, 103)
            axes.grid(axis="y", color=PALE)
        for axes in panels[::columns]:
            axes.set_ylabel("score (0–100)")
        handles = [Line2D([], [], color=c, marker=m, label=f) for f, (c, m) in styles.items()]
        figure.legend(handles=handles, loc="outside lower center", ncols=4)
        question(figure, title)
        return figure


def none_scores(
    scores: pd.DataFrame,
    languages: pd.DataFrame,
    title: str = "What can the encoder do with no practice at all?",
) -> Figure:
    """The baseline's score in each language, one panel a target task, against chance and the ceiling.

    Dots are worlds, else seeds, bars 95 % intervals over them; dashed is chance, the grey band above 95.
    Where no run is without practice the picture says so.
    """
    rows = _of_strategy(scores, "none")
    if rows.empty:
        return nothing_figure(NOBODY, title)
    unit = highest_unit(rows)
    guesses = flag_cells(scores).groupby("target_task")["chance"].mean()
    targets = [task for task in ORDER if task in set(rows["target_task"])]
    styles, named = family_styles(languages), names(languages)
    known = languages.set_index("language")
    codes = list(known["distance"].astype(float).sort_values(kind="stable").index)
    with house_style():
        columns = min(3, len(targets))
        lines = -(-len(targets) // columns)
        figure, panels = new_figure(
            1.0 + (0.9 + 0.23 * len(codes)) * lines, lines, columns, sharey=True, sharex=True
        )
        for axes in panels[len(targets) :]:
            axes.set_visible(False)
        for axes, target in zip(panels, targets, strict=False):
            part = rows[rows["target_task"] == target]
            guess = guesses[target]
            axes.axvspan(CEILING, 100, color=PALE, linewidth=0)
            if guess > 0:
                axes.axvline(guess, color="black", linestyle="--", linewidth=1.1)
            for i, code in enumerate(codes):
                values = part[part["language"] == code].groupby(unit)["value"].mean()
                if values.empty:
                    continue
                colour, marker = styles[known["family"][code]]
                mean, low, high = interval_of(values)
                if np.isfinite(low):
                    axes.plot([low, high], [i, i], color=colour, linewidth=2.2)
                axes.plot(values, [i + 0.3] * len(values), ".", color=GREY, markersize=4, zorder=3)
                axes.plot(mean, i, marker, color=colour, markersize=5.5, zorder=4)
            axes.set_title(task_title(target), fontsize=11.5)
            axes.set_xlim(0, 100)
            axes.tick_params(axis="y", length=0)
        panels[0].set_yticks(range(len(codes)), [named[code] for code in codes])
        panels[0].set_ylim(len(codes) - 0.5, -0.5)
        for axes in panels[max(0, len(targets) - columns) : len(targets)]:
            axes.set_xlabel("score (0–100)")
        handles = [Line2D([], [], color=c, marker=m, linestyle="", label=f) for f, (c, m) in styles.items()]
        handles.append(Line2D([], [], color="black", linestyle="--", linewidth=1.1, label="chance"))
        handles.append(Line2D([], [], color=GREY, marker=".", linestyle="", label=f"one {UNIT_WORDS[unit]}"))
        figure.legend(handles=handles, loc="outside lower center", ncols=4)
        question(figure, title)
        return figure


def gap_slopes(
    scores: pd.DataFrame,
    languages: pd.DataFrame,
    title: str = "Does practice close the gap to the source language?",
) -> Figure:
    """The transfer gap of each strategy, one panel a target: the source language minus those without labels.

    Marks are means with 95 % intervals over worlds, else seeds, which are the dots; the grey line is the gap
    without practice, and a mark below it a smaller gap.
    """
    gaps = transfer_gap(scores, source_language(languages), unexposed=True)
    if gaps.empty:
        return nothing_figure(NOWHERE, title)
    unit = highest_unit(gaps)
    strategies = [name for name in STRATEGIES if name in set(gaps["strategy"])]
    targets = [task for task in ORDER if task in set(gaps["target_task"])]
    with house_style():
        columns = min(3, len(targets))
        lines = -(-len(targets) // columns)
        figure, panels = new_figure(1.3 + 2.2 * lines, lines, columns, sharex=True)
        for axes in panels[len(targets) :]:
            axes.set_visible(False)
        for axes, target in zip(panels, targets, strict=False):
            part = gaps[gaps["target_task"] == target]
            zero_line(axes, across=True)
            for i, strategy in enumerate(strategies):
                values = part[part["strategy"] == strategy].groupby(unit)["gap"].mean()
                if values.empty:
                    continue
                colour = GREY if strategy == "none" else PALETTE[i % len(PALETTE)]
                mean, low, high = interval_of(values)
                if strategy == "none":
                    axes.axhline(mean, color=GREY, linewidth=1.1, zorder=2)
                axes.plot([i, i], [low, high], color=colour, linewidth=2.2, zorder=3)
                axes.plot([i + 0.22] * len(values), values, ".", color=GREY, markersize=4, zorder=3)
                axes.plot(i, mean, MARKERS[i % len(MARKERS)], color=colour, markersize=7.5,
                          markeredgecolor="white", markeredgewidth=0.5, zorder=4)  # fmt: skip

            axes.set_title(task_title(target), fontsize=11.5)
            axes.set_xticks([])
            axes.margins(y=0.12)
        for axes in panels[::columns]:
            axes.set_ylabel("gap (points)")
        handles = [
            Line2D([], [], color=GREY if name == "none" else PALETTE[i % len(PALETTE)], linestyle="",
                   marker=MARKERS[i % len(MARKERS)], label=STRATEGY_TITLES[name])
            for i, name in enumerate(strategies)
        ]  # fmt: skip
        handles.append(Line2D([], [], color=GREY, marker=".", linestyle="", label=f"one {UNIT_WORDS[unit]}"))
        figure.legend(handles=handles, loc="outside lower center", ncols=2)
        question(figure, title)
        return figure
