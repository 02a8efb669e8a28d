"""Multilingual minus English practice, language by language."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from polystilts.figures.style import (
    GREY,
    INK,
    family_styles,
    house_style,
    interval_of,
    names,
    new_figure,
    question,
    zero_line,
)
from polystilts.statistics.compare import Subset, nested_mean
from polystilts.statistics.intervals import UNIT_WORDS, highest_unit
from polystilts.statistics.tables import source_language

ALL_BUT_RETRIEVAL = Subset().kinds


def gain_by_language(
    cells: pd.DataFrame,
    languages: pd.DataFrame,
    by: str = "resource",
    title: str = "Whom does multilingual practice help more than English?",
) -> Figure:
    """Matched differences by language, ordered by resource (or placed by distance), exposed and not apart.

    `cells` is what `statistics.gains.contrast` returns. A dot is one seed or world, averaged over cross-task
    targets without retrieval; the bar is the 95 % interval.
    """
    rows = cells[cells["cross_task"] & cells["task_kind"].isin(ALL_BUT_RETRIEVAL)]
    unit = highest_unit(rows)
    known = languages.set_index("language")
    order = [code for code in known[by].astype(float).sort_values().index if code in set(rows["language"])]
    order = [
        code for code in order if code != source_language(languages)
    ]  # others may lie at no distance, too
    styles, named = family_styles(languages), names(languages)
    with house_style():
        figure, panels = new_figure(1.5 + 0.36 * len(order), 1, 2, sharex=True, sharey=True)
        parts = ((False, "no labels in the language"), (True, "labels of another task in it"))
        for axes, (exposed, words) in zip(panels, parts, strict=True):
            zero_line(axes)
            axes.set_title(words, fontsize=11, fontweight="normal")
            for i, code in enumerate(order):
                part = rows[(rows["language"] == code) & (rows["exposed"] == exposed)]
                if part.empty:
                    continue
                colour, marker = styles[known["family"][code]]
                keys = [unit, "task_kind", "target_task"]
                values = nested_mean(part.groupby(keys)["difference"].mean())
                mean, low, high = interval_of(values)
                axes.plot([low, high], [i, i], color=colour, linewidth=2.4, zorder=2)
                axes.plot(values, [i + 0.26] * len(values), ".", color=GREY, markersize=5, zorder=3)
                axes.plot(mean, i, marker, color=colour, markersize=8, markeredgecolor="white", zorder=4)
            axes.set_xlabel("multilingual − English (points)")
            axes.tick_params(axis="y", length=0)
        panels[0].set_yticks(range(len(order)), [_label(named[code], known.loc[code], by) for code in order])
        panels[0].set_ylim(len(order) - 0.5, -0.5)
        panels[0].set_ylabel("less text ←" if by == "resource" else "nearer ←", loc="top", color=GREY)
        shown = {known["family"][code] for code in order}
        handles = [
            Line2D([], [], color=c, marker=m, linestyle="", label=f)
            for f, (c, m) in styles.items()
            if f in shown
        ]
        handles.append(Line2D([], [], color=GREY, marker=".", linestyle="", label=f"one {UNIT_WORDS[unit]}"))
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), labelcolor=INK,
                      handletextpad=0.2, columnspacing=1.2)  # fmt: skip
        question(figure, title)
        return figure


def _label(name: str, row: pd.Series, by: str) -> str:
    """A language with the number it is ordered by."""
    value = float(row[by])
    return f"{name}  {value / 1000:,.0f}k" if by == "resource" else f"{name}  {value:.2f}"
