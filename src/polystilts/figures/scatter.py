"""Multilingual minus English training, language by language, and against what is known of each."""

import math
from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from polystilts.evidence.claim import signed
from polystilts.evidence.evaluate import with_languages
from polystilts.figures.style import (
    FAMILY_MARK,
    GREY,
    INK,
    STRATEGY_TITLES,
    dot_handle,
    family_handles,
    family_styles,
    house_style,
    interval_of,
    legend,
    names,
    new_figure,
    nothing_figure,
    question,
    zero_line,
)
from polystilts.statistics.averages import Measure
from polystilts.statistics.compare import Subset, estimate, estimates_by, unit_values
from polystilts.statistics.intervals import UNIT_WORDS, Interval, highest_unit
from polystilts.statistics.tables import changing_levels, source_language

ALL_BUT_RETRIEVAL = Subset().kinds
NOTHING = "no target of another kind is asked in other languages"


def gain_by_language(
    cells: pd.DataFrame,
    languages: pd.DataFrame,
    by: str = "",
    title: str = "",
) -> Figure:
    """Matched differences by language, ordered by resource or distance, exposed and not apart.

    Without a word they stand by resource, and by distance where each had both little and much text.

    `cells` is what `statistics.gains.contrast` returns. A dot is one seed or world, averaged over cross-task
    targets without retrieval; the bar is the 95 % interval.
    """
    usual = _compared(cells)[1] == "english"
    title = title or f"Whom does {'multilingual training help more than English' if usual else 'it help'}?"
    rows = cells[cells["cross_task"] & cells["task_kind"].isin(ALL_BUT_RETRIEVAL)]
    if rows.empty:
        return nothing_figure(NOTHING, title)
    by = by or ("distance" if changing_levels(rows) else "resource")
    unit = highest_unit(rows)
    known = languages.set_index("language")
    order = [code for code in known[by].astype(float).sort_values().index if code in set(rows["language"])]
    order = [
        code for code in order if code != source_language(languages)
    ]  # others may lie at no distance, too
    styles, named = family_styles(languages), names(languages)
    with house_style():
        figure, panels = new_figure(1.5 + 0.36 * len(order), 1, 2, sharex=True, sharey=True)
        parts = ((False, "no labels in the\nlanguage"), (True, "labels of another\ntask in it"))
        for axes, (exposed, words) in zip(panels, parts, strict=True):
            zero_line(axes)
            axes.set_title(words, fontsize=9.5, fontweight="normal")
            for i, code in enumerate(order):
                part = rows[(rows["language"] == code) & (rows["exposed"] == exposed)]
                if part.empty:
                    continue
                colour, marker = styles[known["family"][code]]
                values = unit_values(part, unit, "difference")
                mean, low, high = interval_of(values)
                axes.plot([low, high], [i, i], color=colour, linewidth=2.4, zorder=2)
                axes.plot(values, [i + 0.26] * len(values), ".", color=GREY, markersize=5, zorder=3)
                axes.plot(mean, i, marker, color=colour, markersize=7.5, zorder=4, **FAMILY_MARK)
            axes.set_xlabel(_difference(cells))
            axes.tick_params(axis="y", length=0)
        panels[0].set_yticks(range(len(order)), [_label(named[code], known.loc[code], by) for code in order])
        panels[0].set_ylim(len(order) - 0.5, -0.5)
        # Read upwards: the arrow leads to the top, where the first of the order stands.
        words = "less text (subwords) →" if by == "resource" else "nearer (distance) →"
        panels[0].set_ylabel(words, loc="top", color=GREY)
        dot = dot_handle(f"one {UNIT_WORDS[unit]}")
        legend(figure, [*family_handles(styles, {known["family"][code] for code in order}), dot])
        question(figure, title)
        return figure


def _compared(cells: pd.DataFrame) -> tuple[str, str]:
    """The two strategies, where `contrast` has named them; else the study's own."""
    return cells.attrs.get("strategies", ("translated", "english"))


def _difference(cells: pd.DataFrame) -> str:
    """What was taken from what, for an axis."""
    treatment, control = _compared(cells)
    if control == "english":
        return "multilingual − English\n(points)"
    other = "none" if control == "none" else STRATEGY_TITLES[control]
    return f"{STRATEGY_TITLES[treatment]} − {other}\n(points)"


def _label(name: str, row: pd.Series, by: str) -> str:
    """A language with the number it is ordered by."""
    value = float(row[by])
    return f"{name}  {value / 1000:,.0f}k" if by == "resource" else f"{name}  {value:.2f}"


def gain_by_property(
    cells: pd.DataFrame,
    languages: pd.DataFrame,
    title: str = "Does the gain grow as text gets scarce, or as English gets far?",
) -> Figure:
    """The difference in each language without labels against its resource, and against its distance.

    `cells` is what `statistics.gains.contrast` returns; bars are 95 % intervals. Each panel names its slope,
    fitted within each target and averaged as everything else is. Equal languages are drawn side by side.
    Where each language had both little and much text, a line leads from the one to the other.
    """
    rows = with_languages(cells[cells["cross_task"] & cells["task_kind"].isin(ALL_BUT_RETRIEVAL)], languages)
    rows = rows[~rows["exposed"] & (rows["language"] != source_language(languages))]
    if rows.empty:
        return nothing_figure(NOTHING, title)
    family = languages.set_index("language")["family"]
    of_family = family_styles(languages)
    styles = {code: of_family[name] for code, name in family.items()}
    with house_style():
        figure, panels = new_figure(4.3, 1, 2, sharey=True)
        for axes in panels:
            zero_line(axes, across=True)
        if changing_levels(rows):
            _by_level(panels[0], rows, styles)
        else:
            _by_number(panels[0], rows, styles, "log10_resource", "text in pretraining (subwords)")
            panels[0].set_title(_slope_words(rows, "log10_resource", "tenfold text"), **SMALL)
            marks = [step * 10**power for power in range(1, 12) for step in (1, 2, 5)]
            low, high = panels[0].get_xlim()
            shown = [mark for mark in marks if low <= math.log10(mark) <= high]
            panels[0].set_xticks([math.log10(mark) for mark in shown], [_short(mark) for mark in shown])
        _by_number(panels[1], rows, styles, "distance", f"distance from the source\n({_measured(languages)})")
        panels[1].set_title(_slope_words(rows, "distance", "unit of distance"), **SMALL)
        panels[0].set_ylabel(_difference(cells))
        legend(figure, family_handles(of_family, set(rows["language"].map(family))))
        question(figure, title)
        return figure


SMALL = {"fontsize": 9.5, "fontweight": "normal"}
MARK = {"markersize": 7.5, **FAMILY_MARK}


def _by_number(
    axes: Axes, rows: pd.DataFrame, styles: Mapping[str, tuple[str, str]], column: str, label: str
) -> None:
    """Each language, with its interval, at a number that is known of it."""
    found = estimates_by(rows, "language")
    at = rows.groupby("language")[column].first()
    places = side_by_side(at.reindex(found["language"]))
    for row in found.itertuples():
        colour, marker = styles[row.language]
        x = places[row.language]
        if row.low is not None:
            axes.plot([x, x], [row.low, row.high], color=colour, linewidth=2)
        axes.plot(x, row.estimate, marker, color=colour, **MARK)
    axes.set_xlabel(f"{label}\nequals side by side" if (places != at[places.index]).any() else label)


def _by_level(axes: Axes, rows: pd.DataFrame, styles: Mapping[str, tuple[str, str]]) -> None:
    """Each language with little text and with much, joined, and the mean of all with its interval."""
    parts = [rows[rows["resource_level"] == level] for level in ("low", "high")]
    found = [estimates_by(part, "language").set_index("language")["estimate"] for part in parts]
    for code in sorted(set(found[0].index) | set(found[1].index)):
        colour, marker = styles[code]
        ends = [values.get(code, math.nan) for values in found]
        axes.plot([0, 1], ends, color=colour, marker=marker, linewidth=1, **MARK)
    for x, part in zip((-0.2, 1.2), parts, strict=True):
        mean = estimate(part)
        if mean.known:
            axes.plot([x, x], [mean.low, mean.high], color=INK, linewidth=2.4)
        axes.plot(x, mean.estimate, "D", color=INK, **MARK)
    axes.set_xticks([0, 1], ["little text", "much text"])
    axes.set_xlim(-0.5, 1.5)
    axes.set_xlabel("text in pretraining\n(black: mean of all)")
    change = estimate(rows, measure=Measure("between", "resource_level", ("low",), ("high",)))
    axes.set_title(f"{_with_ends(change)}\nlittle minus much text", **SMALL)


def _measured(languages: pd.DataFrame) -> str:
    """What a distance is made of: the order of words where it was set, syntactic features where measured."""
    return "syntax" if pd.to_numeric(languages["order"], errors="coerce").notna().all() else "word order"


def side_by_side(values: pd.Series, share: float = 0.03) -> pd.Series:
    """Places along an axis: those that would hide each other are spread evenly about their mean.

    >>> side_by_side(pd.Series({"a": 0.0, "b": 0.0, "c": 1.0}), 0.1).round(2).to_dict()
    {'a': -0.05, 'b': 0.05, 'c': 1.0}
    """
    apart = share * max(float(values.max() - values.min()), 1e-9)
    ordered = values.sort_values(kind="stable")
    group = (ordered.diff() >= apart).cumsum()
    rank, size = ordered.groupby(group).cumcount(), ordered.groupby(group).transform("size")
    return ordered.groupby(group).transform("mean") + apart * (rank - (size - 1) / 2)


def _short(size: int) -> str:
    """A size in a few letters.

    >>> _short(5000), _short(20), _short(10**9)
    ('5k', '20', '1,000M')
    """
    return f"{size / 1e6:,.0f}M" if size >= 1e6 else f"{size / 1e3:.0f}k" if size >= 1e3 else str(size)


def _slope_words(rows: pd.DataFrame, column: str, unit: str) -> str:
    """The slope with its interval, or that there is none."""
    if rows.groupby("language")[column].first().nunique() < 3:
        return "no slope: fewer than\nthree values"
    return f"slope {_with_ends(estimate(rows, measure=Measure('slope', column)))}\nper {unit}"


def _with_ends(found: Interval) -> str:
    """An estimate with its interval, in points."""
    ends = f"({signed(found.low)} to {signed(found.high)})" if found.known else "(no interval)"
    return f"{signed(found.estimate)} {ends}"
