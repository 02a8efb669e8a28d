"""Who is here: the design of the language family, and how finely each language is cut into subwords."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Patch

from polystilts.figures.style import (
    FAMILY_MARK,
    GREY,
    INK,
    PALE,
    SMALLEST,
    family_handles,
    family_styles,
    house_style,
    legend,
    new_figure,
    question,
)
from polystilts.statistics.factors import levels
from polystilts.statistics.tables import source_language


def language_map(
    languages: pd.DataFrame,
    low_resource: list[str],
    title: str = "Who speaks? Ways to differ from the source language",
) -> Figure:
    """The 2×2×2 family as a design: resource across, overlap and word order down, names and scripts in it."""
    level = levels(languages, low_resource)
    source = languages.set_index("language").loc[source_language(languages)]
    known = languages.set_index("language")
    styles = family_styles(languages)
    rows = [(1, 1), (1, 0), (0, 1), (0, 0)]  # overlap, order: from easy to hard
    measured = pd.to_numeric(languages["order"], errors="coerce").notna().all()  # of invented ones it is set
    near, far = ("nearer syntax", "farther syntax") if measured else ("same word order", "other word order")
    words = {1: ("many shared words", near), 0: ("few shared words", far)}
    deepest = max(1, level.groupby(["resource", "overlap", "order"]).size().max())
    with house_style():
        figure, (axes,) = new_figure(2.0 + 0.85 * 4 * (0.6 + 0.4 * deepest))
        axes.set_axis_off()
        axes.set_xlim(-1.05, 2.0)
        axes.set_ylim(4.05, -1.15)
        axes.text(-0.95, -0.78, f"{source['name']}", fontsize=14, fontweight="bold", va="center")
        axes.text(-0.95, -0.45, f"source · {source['script']} script", color=GREY, va="center", fontsize=9.5)
        for column, told in ((1, "much text"), (0, "little text")):
            axes.text(1.5 - column, -0.3, told, ha="center", va="center", fontweight="bold")
        for i, (overlap, order) in enumerate(rows):
            axes.text(-0.95, i + 0.38, words[overlap][0], va="center", fontsize=9.5)
            axes.text(-0.95, i + 0.64, words[order][1], va="center", fontsize=9.5)
            for resource in (1, 0):
                x = 1 - resource
                axes.add_patch(_tile(x, i))
                here = level[
                    (level["resource"] == resource)
                    & (level["overlap"] == overlap)
                    & (level["order"] == order)
                ]
                for k, code in enumerate(here.index):
                    middle = i + 0.1 + 0.8 * (k + 0.5) / len(here)
                    row = known.loc[code]
                    colour, marker = styles[row["family"]]
                    half = f"  set {row['set']}" if str(row["set"]) in ("A", "B") else ""
                    told = f"{row['script']}{half}"
                    axes.plot(x + 0.14, middle, marker, color=colour, markersize=10, **FAMILY_MARK)
                    name = {"fontsize": 11, "fontweight": "bold", "va": "center"}
                    small = {"fontsize": SMALLEST, "color": GREY, "va": "center"}
                    if deepest > 3:  # a line each, without the script: two would run into the next language
                        axes.text(x + 0.22, middle, row["name"], **{**name, "fontsize": 9.5})
                        axes.text(x + 0.92, middle, half.strip(), ha="right", **small)
                        continue
                    step = 0.13 / max(1, len(here) ** 0.5)
                    axes.text(x + 0.26, middle - step, row["name"], **name)
                    axes.text(x + 0.26, middle + step, told, **small)
        legend(figure, family_handles(styles), "family")
        question(figure, title)
        return figure


def _tile(x: float, y: float):
    return FancyBboxPatch(
        (x + 0.05, y + 0.1),
        0.9,
        0.8,
        boxstyle="round,pad=0,rounding_size=0.06",
        facecolor="none",
        edgecolor=PALE,
        linewidth=1.6,
    )


def fertility_bars(
    table: pd.DataFrame, languages: pd.DataFrame, title: str = "Is every language cut into as few pieces?"
) -> Figure:
    """Subwords per word of each language: columns language and fertility; at the line no word is cut."""
    known = languages.set_index("language")
    rows = table.set_index("language")["fertility"].reindex(
        [c for c in known.index if c in set(table["language"])]
    )
    styles = family_styles(languages)
    hatches = dict(zip(styles, ("", "//", "..", "xx", "\\\\", "++", "oo", "**"), strict=False))
    with house_style():
        figure, (axes,) = new_figure(1.5 + 0.34 * len(rows))
        for i, (code, value) in enumerate(rows.items()):
            family = known["family"][code]
            axes.barh(
                i,
                value,
                color=styles[family][0],
                hatch=hatches.get(family, ""),
                edgecolor="white",
                height=0.72,
            )
            axes.text(value, i, f" {value:.2f}", va="center", fontsize=9.5)
        axes.axvline(1, color=INK, linewidth=1)
        axes.set_yticks(range(len(rows)), [known["name"][code] for code in rows.index])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlim(0, rows.max() * 1.12)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel("subwords per word · line: every word whole")
        handles = [
            Patch(facecolor=c, hatch=hatches.get(f, ""), edgecolor="white", label=f)
            for f, (c, _) in styles.items()
        ]
        legend(figure, handles)
        question(figure, title)
        return figure
