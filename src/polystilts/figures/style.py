"""One palette, one font, one width; a colour and a marker for each family, a name for each thing."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import matplotlib
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from polystilts.files import whole_file
from polystilts.statistics.intervals import t_interval
from polystilts.tasks import TASKS, parse_arm

# Okabe and Ito's palette, told apart by colour-blind readers; ordered so that neighbours differ in grey too.
# Their yellow is hardly seen on white: Tol's wine stands for it.
INK, GREY, PALE = "#222222", "#767676", "#d9d9d9"
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000", "#882255")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)), (0, (7, 2)))
DIVERGING = "PuOr_r"  # orange to purple through white: keeps its order for colour-blind readers
WIDTH = 7.0  # inches; type of 11 points stays readable when the figure is printed at half of it

STYLE = {
    "font.family": "DejaVu Sans", "font.size": 11, "axes.titlesize": 13, "axes.titleweight": "bold",
    "axes.titlelocation": "left", "axes.labelsize": 11, "xtick.labelsize": 10.5, "ytick.labelsize": 10.5,
    "legend.fontsize": 10.5, "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": GREY,
    "text.color": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK,
    "legend.frameon": False, "figure.facecolor": "white", "savefig.facecolor": "white", "savefig.dpi": 150,
    "figure.dpi": 100, "lines.linewidth": 1.8, "svg.hashsalt": "polystilts", "axes.unicode_minus": True,
    "axes.axisbelow": True,
}  # fmt: skip

KIND_TITLES = {
    "classification": "Classification", "multiple_choice": "Multiple choice", "tagging": "Tagging",
    "question_answering": "Question answering", "retrieval": "Retrieval",
}  # fmt: skip
STRATEGY_TITLES = {
    "none": "No practice", "none-long": "No practice, longer training",
    "untrained": "No pretraining", "mlm-english": "English text, no task",
    "mlm-multilingual": "Text of all languages, no task", "shuffled": "Shuffled labels",
    "shuffled-translated": "Translated, shuffled labels",
    "english": "English", "multitask-english": "All tasks, English", "translated": "Translated",
    "native": "Native", "code-switched": "Code-switched", "english+mlm": "English and text",
    "multitask-translated": "All tasks, translated",
}  # fmt: skip
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


def question(figure: Figure, text: str) -> None:
    """The figure's title: its question or finding, over the whole width."""
    figure.suptitle(text, x=0.01, ha="left", fontsize=13, fontweight="bold")


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
    ('Translated SQuAD 2.0 (A)', 'No practice')
    """
    words = STRATEGY_TITLES.get(strategy, strategy)
    words += f" {task_title(task)}" if task in TASKS else ""
    return f"{words} ({language_set})" if language_set not in ("", "-", "none") else words


def titled_arm(text: str) -> str:
    """The title of an arm written as in the scale files."""
    arm = parse_arm(text)
    return arm_title(arm.strategy, arm.intermediate_task, arm.language_set)


def names(languages: pd.DataFrame) -> dict[str, str]:
    """Language codes to names: codes are for data, names for prose."""
    return dict(zip(languages["language"], languages["name"], strict=True))


def family_styles(languages: pd.DataFrame) -> Mapping[str, tuple[str, str]]:
    """A colour and a marker for each family, the same in every figure of a scale.

    When the colours are used up they come again with other markers.
    """
    families = list(dict.fromkeys(languages["family"]))  # the source language's family first
    return {
        family: (PALETTE[i % len(PALETTE)], MARKERS[(i + i // len(PALETTE)) % len(MARKERS)])
        for i, family in enumerate(families)
    }


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
