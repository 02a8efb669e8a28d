"""The study as one drawing: what is learned first, what next, and where it is tested."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from polystilts.figures.style import ARMS, INK, house_style, in_order, new_figure, question
from polystilts.tasks import STRATEGIES

STEPS = (
    ("1 Pretrain", "text of all\nlanguages,\nno labels", "white"),
    ("2 Intermediate", "another task,\nlabels in one\nlanguage or\nin several", "#f0f0f0"),
    ("3 Fine-tune", "the target task,\nlabels in the\nsource language\nonly", "white"),
    ("4 Test", "the target task\nin languages\nnever labelled\nfor it", "#d9d9d9"),
)
USUAL = ("none", "english", "translated", "code-switched", "mlm-multilingual")
ACROSS = 2  # arms beside each other


def method_drawing(
    source: str = "English",
    strategies: Sequence[str] = USUAL,
    title: str = "Does intermediate training in several languages help languages without labels?",
) -> Figure:
    """Pretrain, train on an intermediate task, fine-tune, test: the arms differ in the second step alone.

    Every strategy has a box of its own; `source` is what is English in the study. A control may change
    another step, as longer fine-tuning does, and has a dashed box.
    """
    arms = in_order(strategies)
    lines = -(-len(arms) // ACROSS)
    with house_style():
        figure, (axes,) = new_figure(2.9 + 0.34 * lines)
        axes.set_axis_off()
        axes.set_xlim(0, 4)
        axes.set_ylim(-0.5 - 0.3 * lines, 1.02)
        for i, (name, words, shade) in enumerate(STEPS):
            axes.add_patch(_box(i + 0.03, 0.0, 0.9, 0.98, shade, INK))
            axes.text(i + 0.48, 0.86, name, ha="center", va="center", fontsize=9.5, fontweight="bold")
            axes.text(i + 0.48, 0.4, words, ha="center", va="center", fontsize=9, linespacing=1.35)
            if i < 3:
                _arrow(axes, (i + 0.92, 0.49), (i + 1.05, 0.49))
        _arrow(axes, (1.48, -0.2), (1.48, -0.015))
        axes.text(
            0.04, -0.3, "The arms differ in step 2 alone (dashed: controls):", va="center", fontsize=9.5
        )
        for k, strategy in enumerate(arms):
            x, y = 0.03 + 1.99 * (k % ACROSS), -0.62 - 0.3 * (k // ACROSS)
            look = ARMS[strategy]
            edge = _box(x, y, 1.92, 0.24, "white", look.colour)
            edge.set_linestyle((0, (3, 2)) if STRATEGIES[strategy].control else "-")
            axes.add_patch(edge)
            axes.plot(x + 0.13, y + 0.12, look.marker, color=look.colour, markersize=7)
            told = look.title.replace("English", source)
            axes.text(x + 0.26, y + 0.12, told, va="center", fontsize=9)
        question(figure, title)
        return figure


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=12, color=INK, linewidth=1.4))


def _box(x: float, y: float, width: float, height: float, face: str, edge: str) -> FancyBboxPatch:
    return FancyBboxPatch((x, y), width, height, boxstyle="round,pad=0,rounding_size=0.05", facecolor=face,
                          edgecolor=edge, linewidth=1.6)  # fmt: skip
