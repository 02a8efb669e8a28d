"""Where the seconds go."""

import pandas as pd
from matplotlib.figure import Figure

from polystilts.account import KINDS, OVERHEAD
from polystilts.figures.style import GREY, INK, house_style, new_figure, question

WORDS = {
    "train": "training",
    "predict": "prediction",
    "start": "starting",
    "io": "reading, writing",
    "data": "making data",
    "gate": "the gate",
    "book": "the book",
}


def time_bars(time: pd.DataFrame, title: str = "Where do the seconds go?") -> Figure:
    """CPU seconds by kind of work, overhead (start and reading or writing files) hatched, with its share."""
    spent = time.groupby("kind")["cpu_s"].sum().reindex([kind for kind in KINDS if kind in set(time["kind"])])
    whole = spent.sum()
    share = spent[[kind for kind in spent.index if kind in OVERHEAD]].sum() / whole if whole > 0 else 0.0
    with house_style():
        figure, (axes,) = new_figure(1.5 + 0.36 * len(spent))
        for i, (kind, seconds) in enumerate(spent.items()):
            aside = kind in OVERHEAD
            axes.barh(
                i,
                seconds,
                color=GREY if aside else INK,
                hatch="//" if aside else "",
                edgecolor="white",
                height=0.72,
            )
            axes.text(
                seconds,
                i,
                f" {seconds:,.0f} s · {100 * seconds / whole if whole else 0:.0f} %",
                va="center",
                fontsize=9.5,
            )
        axes.set_yticks(range(len(spent)), [WORDS.get(kind, kind) for kind in spent.index])
        axes.set_ylim(len(spent) - 0.4, -0.6)
        axes.set_xlim(0, max(1e-9, spent.max()) * 1.42)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel(f"CPU seconds\nhatched: overhead, {100 * share:.0f} % of {whole:,.0f} s")
        question(figure, title)
        return figure
