"""One table of how everything looks: each arm its colour, mark, line and place; families another scheme."""

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from polystilts.files import whole_file
from polystilts.statistics.intervals import t_interval
from polystilts.tasks import TASKS, parse_arm

INK, GREY, PALE = "#222222", "#6b6b6b", "#d9d9d9"
DIVERGING = "PuOr_r"  # orange to purple through white: keeps its order for colour-blind readers
WIDTH = 5.6  # inches: a phone of 390 pixels shows 70 of them an inch
SMALLEST = 9.0  # points: nine pixels on that phone
TITLE = 12.5


@dataclass(frozen=True)
class Look:
    """How one arm is named and drawn, in every figure and table of every scale."""

    title: str
    colour: str
    marker: str
    line: str | tuple = "-"


# The arms in the order in which they stand everywhere: the baseline, what is compared with it, the controls.
# Colours of Okabe and Ito, told apart by colour-blind readers; a colour belongs to one kind of input, and in
# grey the marks and lines tell them apart.
ARMS: dict[str, Look] = {
    "none": Look("No intermediate training", GREY, "o"),
    "english": Look("English", "#0072B2", "s"),
    "multitask-english": Look("English, all tasks", "#0072B2", "D", (0, (5, 1))),
    "translated": Look("Translated", "#D55E00", "^"),
    "multitask-translated": Look("Translated, all tasks", "#D55E00", "v", (0, (5, 1))),
    "native": Look("Native rows", "#E69F00", "P", "-."),
    "code-switched": Look("Code-switched", "#009E73", "X", "--"),
    "english+mlm": Look("English with masked LM", "#56B4E9", "p", "-."),
    "none-long": Look("Longer fine-tuning", GREY, "*", "--"),
    "mlm-english": Look("Masked LM, English text", "#CC79A7", "<", ":"),
    "mlm-multilingual": Look("Masked LM, all languages", "#CC79A7", ">", "--"),
    "shuffled": Look("Shuffled labels", "#56B4E9", "d", ":"),
    "shuffled-translated": Look("Shuffled labels, translated", "#E69F00", "d", ":"),
    "untrained": Look("Random weights", "#000000", "h", (0, (1, 3))),
}
# Families are drawn in other colours than arms (Tol's muted scheme), with a dark edge that no arm has.
FAMILY_COLOURS = ("#332288", "#DDCC77", "#44AA99", "#AA4499", "#88CCEE", "#882255", "#117733", "#999933")
FAMILY_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
# What is neither arm nor family (seeds in a world, encoders) has ink and grey, told apart by line and mark.
PLAIN_COLOURS = (INK, GREY, "#9a9a9a", INK, GREY, "#9a9a9a")
PLAIN_LINES = ("-", "--", ":", "-.", (0, (5, 1)), (0, (1, 1)))
PLAIN_MARKERS = ("o", "s", "^", "D", "v", "P")

STYLE = {
    "font.family": "DejaVu Sans", "font.size": 10.5, "axes.titlesize": 11, "axes.titleweight": "bold",
    "axes.titlelocation": "left", "axes.labelsize": 10, "xtick.labelsize": 9.5, "ytick.labelsize": 9.5,
    "legend.fontsize": 9.5, "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": GREY,
    "text.color": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK,
    "legend.frameon": False, "figure.facecolor": "white", "savefig.facecolor": "white", "savefig.dpi": 200,
    "figure.dpi": 100, "lines.linewidth": 1.8, "svg.hashsalt": "polystilts", "axes.unicode_minus": True,
    "axes.axisbelow": True, "figure.constrained_layout.h_pad": 0.06, "figure.constrained_layout.w_pad": 0.06,
}  # fmt: skip

KIND_TITLES = {
    "classification": "Classification", "multiple_choice": "Multiple choice", "tagging": "Tagging",
    "question_answering": "Question answering", "retrieval": "Retrieval",
}  # fmt: skip
STRATEGY_TITLES = {name: look.title for name, look in ARMS.items()}
METRIC_TITLES = {"accuracy": "accuracy", "f1": "F1", "span_f1": "span F1", "token_accuracy": "word accuracy",
                 "exact_match": "exact match", "map@20": "MAP@20", "mrr@20": "MRR@20"}  # fmt: skip


@contextmanager
def house_style() -> Iterator[None]:
    """The study's look, for the time of one figure."""
    with matplotlib.rc_context(STYLE):
        yield


def new_figure(
    height: float, rows: int = 1, columns: int = 1, width: float = WIDTH, **options
) -> tuple[Figure, list[Axes]]:
    """An empty figure of the house width, which no window and no notebook keeps or draws twice."""
    figure = Figure(figsize=(width, height), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, **options)
    return figure, list(grid.ravel())


def panels_for(count: int, height: float, **options) -> tuple[Figure, list[Axes]]:
    """A figure with a panel for each of `count` things, two beside each other; an odd place stays empty."""
    columns = min(2, count)
    lines = -(-count // columns)
    figure, panels = new_figure(1.0 + height * lines, lines, columns, **options)
    for axes in panels[count:]:
        axes.set_visible(False)
    return figure, panels


def question(figure: Figure, text: str) -> None:
    """The figure's title: its question or finding, over the whole width, in as many lines as it needs."""
    figure.suptitle(textwrap.fill(text, 50), x=0.01, ha="left", fontsize=TITLE, fontweight="bold")


def legend(figure: Figure, handles: Sequence[Artist], title: str = "") -> None:
    """The legend below a figure, which grows by it: as many columns as its longest entry leaves room for."""
    longest = max(len(str(handle.get_label())) for handle in handles)
    columns = max(1, min(4, len(handles), int(72 * WIDTH / (5.9 * longest + 44))))
    figure.set_figheight(figure.get_figheight() + 0.19 * (-(-len(handles) // columns) - 1))
    figure.legend(handles=handles, loc="outside lower center", ncols=columns, title=title or None,
                  handletextpad=0.4, columnspacing=1.2)  # fmt: skip


def nothing_figure(words: str, title: str) -> Figure:
    """A picture that says why there is nothing to draw."""
    with house_style():
        figure, (axes,) = new_figure(2.4)
        axes.text(0.5, 0.5, words, ha="center", color=GREY, transform=axes.transAxes)
        axes.set_axis_off()
        question(figure, title)
        return figure


def save(figure: Figure, path: Path) -> Path:
    """Write the figure whole or not at all; equal figures are equal bytes."""
    path = Path(path)
    kind = path.suffix.lstrip(".") or "png"
    dated = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
    with house_style(), whole_file(path) as draft:
        figure.savefig(draft, format=kind, metadata=dated)
    return path


def task_title(name: str) -> str:
    """A task as the literature writes it.

    >>> task_title("panx"), task_title("none")
    ('WikiANN-NER', 'none')
    """
    return TASKS[name].title if name in TASKS else name


def arm_title(strategy: str, task: str = "", language_set: str = "") -> str:
    """An arm in a reader's words.

    >>> arm_title("translated", "squad_v2", "A"), arm_title("none")
    ('Translated SQuAD 2.0 (A)', 'No intermediate training')
    """
    words = STRATEGY_TITLES.get(strategy, strategy)
    words += f" {task_title(task)}" if task in TASKS else ""
    return f"{words} ({language_set})" if language_set not in ("", "-", "none") else words


def titled_arm(text: str) -> str:
    """The title of an arm written as in the scale files."""
    arm = parse_arm(text)
    return arm_title(arm.strategy, arm.intermediate_task, arm.language_set)


def in_order(strategies: Iterable[str]) -> list[str]:
    """Strategies, each once, in the order in which arms stand in every figure and table.

    >>> in_order(["shuffled", "translated", "none", "english", "none"])
    ['none', 'english', 'translated', 'shuffled']
    """
    there = set(strategies)
    return [name for name in ARMS if name in there]


def arm_handle(strategy: str, line: bool = False, title: str = "") -> Line2D:
    """The entry of an arm in a legend."""
    look = ARMS[strategy]
    return Line2D([], [], color=look.colour, marker=look.marker, markersize=7,
                  linestyle=look.line if line else "", label=title or look.title)  # fmt: skip


def folded(words: str, most: int = 9) -> str:
    """A long name in two lines, cut after a hyphen or before a capital.

    >>> folded("WikiANN-NER"), folded("MasakhaNER"), folded("XNLI")
    ('WikiANN-\\nNER', 'Masakha-\\nNER', 'XNLI')
    """
    if len(words) <= most:
        return words
    if "-" in words:
        return words.replace("-", "-\n", 1)
    return re.sub(r"([a-z])([A-Z])", r"\1-\n\2", words, count=1)


def names(languages: pd.DataFrame) -> dict[str, str]:
    """Language codes to names: codes are for data, names for prose."""
    return dict(zip(languages["language"], languages["name"], strict=True))


def family_styles(languages: pd.DataFrame) -> Mapping[str, tuple[str, str]]:
    """A colour and a marker for each family, the same in every figure of a scale.

    When the colours are used up they come again with other markers.
    """
    families = list(dict.fromkeys(languages["family"]))  # the source language's family first
    count = len(FAMILY_COLOURS)
    return {
        family: (FAMILY_COLOURS[i % count], FAMILY_MARKERS[(i + i // count) % len(FAMILY_MARKERS)])
        for i, family in enumerate(families)
    }


FAMILY_MARK = {"markeredgecolor": INK, "markeredgewidth": 0.8}  # what no arm has


def family_handles(styles: Mapping[str, tuple[str, str]], shown: Iterable[str] | None = None) -> list[Line2D]:
    """The entries of families in a legend: of those shown, or of all."""
    chosen = set(styles if shown is None else shown)
    return [
        Line2D([], [], color=colour, marker=marker, linestyle="", markersize=7, label=family, **FAMILY_MARK)
        for family, (colour, marker) in styles.items()
        if family in chosen
    ]


def dot_handle(words: str) -> Line2D:
    """The entry of the small dots that are single repetitions."""
    return Line2D([], [], color=GREY, marker=".", linestyle="", label=words)


def zero_line(axes: Axes, across: bool = False) -> None:
    """Mark zero: no difference."""
    (axes.axhline if across else axes.axvline)(0, color=INK, linewidth=1.0, zorder=1)


def interval_of(values: pd.Series) -> tuple[float, float, float]:
    """Mean, low and high over seeds; low and high are not numbers where no interval can be given."""
    found = t_interval(values.to_numpy())
    nan = float("nan")
    return found.estimate, nan if found.low is None else found.low, nan if found.high is None else found.high


def metric_label(table: pd.DataFrame) -> str:
    """The axis label of a score: its metric where there is one, else plain points."""
    found = list(dict.fromkeys(table["metric"])) if "metric" in table else []
    return f"{METRIC_TITLES.get(found[0], found[0])} (0–100)" if len(found) == 1 else "score (0–100)"
