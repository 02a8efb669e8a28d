"""The contrasts taken apart: kind of task × word order × text, with the source language beside them."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from polystilts.figures.style import (
    ARMS,
    KIND_TITLES,
    PALE,
    SMALLEST,
    house_style,
    new_figure,
    nothing_figure,
    question,
    zero_line,
)

KIND_ROWS = {**KIND_TITLES, "mean": "Mean of kinds,\nwithout retrieval"}
HEAD, GAP = 1.15, 0.35  # rows that the name of a kind takes, and that are left free before the next


def contrasts_by_kind(parts: pd.DataFrame, title: str = "Where does the difference come from?") -> Figure:
    """Estimates with 95 % intervals, one panel a contrast: under each kind of task the groups of languages.

    `parts` has the columns treatment, control, kind, group, estimate, low and high. A mark is that of the
    treatment; it is hollow where there is no interval. Grey bands hold the source language, which has labels.
    """
    if parts.empty:
        return nothing_figure("no target of another kind was asked", title)
    pairs = list(dict.fromkeys(zip(parts["treatment"], parts["control"], strict=True)))
    places, labels, heads = _places(parts)
    with house_style():
        height = 1.5 + 0.205 * max(places.values())
        figure, panels = new_figure(height, 1, len(pairs), sharey=True, sharex=True)
        for axes, (treatment, control) in zip(panels, pairs, strict=True):
            part = parts[(parts["treatment"] == treatment) & (parts["control"] == control)]
            _draw(axes, part, places, treatment)
            other = "none" if control == "none" else ARMS[control].title
            axes.set_title(f"{ARMS[treatment].title}\n− {other}", fontsize=9.5)
            axes.tick_params(axis="y", length=0)
        panels[len(pairs) // 2].set_xlabel(
            "difference (points) · hollow: no interval\ngrey: source language, which has labels"
        )
        rows = sorted([*labels.items(), *heads.items()])
        panels[0].set_yticks([y for y, _ in rows], [word for _, word in rows], fontsize=SMALLEST)
        for (y, _), tick in zip(rows, panels[0].get_yticklabels(), strict=True):
            tick.set_fontweight("bold" if y in heads else "normal")
        panels[0].set_ylim(max(places.values()) + 0.7, -0.6)
        question(figure, title)
        return figure


def _places(
    parts: pd.DataFrame,
) -> tuple[dict[tuple[str, str], float], dict[float, str], dict[float, str]]:
    """Where each kind and group stands, top to bottom; the labels of the rows, and the names of the kinds."""
    places, labels, heads, y = {}, {}, {}, 0.0
    for kind, name in KIND_ROWS.items():
        groups = list(dict.fromkeys(parts.loc[parts["kind"] == kind, "group"]))
        if not groups:
            continue
        lines = name.count("\n")
        heads[y + 0.5 * lines] = name
        y += HEAD + lines
        for group in groups:
            places[kind, group], labels[y] = y, group
            y += 1
        y += GAP
    return places, labels, heads


def _draw(axes: Axes, part: pd.DataFrame, places: dict[tuple[str, str], float], treatment: str) -> None:
    """One contrast: a mark and its interval in every row that has one."""
    look = ARMS[treatment]
    zero_line(axes)
    for (_, group), y in places.items():
        if group == "source language":
            axes.axhspan(y - 0.5, y + 0.5, color=PALE, alpha=0.5, linewidth=0, zorder=0)
    for row in part.itertuples():
        y = places[row.kind, row.group]
        known = pd.notna(row.low)
        if known:
            axes.plot([row.low, row.high], [y, y], color=look.colour, linewidth=2.0, zorder=2)
        axes.plot(row.estimate, y, look.marker, color=look.colour if known else "white",
                  markeredgecolor=look.colour, markersize=6, zorder=3)  # fmt: skip
