"""The study as one drawing: what is learned first, what next, and where it is tested."""

from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from polystilts.figures.style import GREY, INK, PALETTE, house_style, new_figure, question

STEPS = (
    ("Pretrain", "text of all\nlanguages,\nno labels", "white"),
    ("Practise", "an intermediate\ntask, labels in\nsome languages", "#fbe3b0"),
    ("Learn", "the target task,\nlabels in the source\nlanguage only", "white"),
    ("Test", "the target task\nin languages never\nlabelled for it", "#cfe3f1"),
)
CHOICES = ("no practice", "source language", "translated", "code-switched")


def method_drawing(
    source: str = "English",
    title: str = "Does practising in several languages help languages without labels?",
) -> Figure:
    """Pretrain, practise, learn, test: the second step is all that the arms of the study differ in."""
    with house_style():
        figure, (axes,) = new_figure(3.4)
        axes.set_axis_off()
        axes.set_xlim(0, 4)
        axes.set_ylim(-0.88, 1.02)
        for i, (name, words, shade) in enumerate(STEPS):
            axes.add_patch(_box(i + 0.04, 0.0, 0.86, 0.98, shade, INK))
            axes.text(
                i + 0.47, 0.83, f"{i + 1} {name}", ha="center", va="center", fontsize=12.5, fontweight="bold"
            )
            axes.text(i + 0.47, 0.38, words, ha="center", va="center", fontsize=10, linespacing=1.35)
            if i < 3:
                axes.add_patch(FancyArrowPatch((i + 0.91, 0.49), (i + 1.03, 0.49), arrowstyle="-|>",
                                               mutation_scale=14, color=INK, linewidth=1.4))  # fmt: skip
        axes.text(
            0.04, -0.42, "The arms\nonly differ here:", ha="left", va="center", fontsize=10.5, color=INK
        )
        colours = (GREY, PALETTE[0], PALETTE[5], PALETTE[2])
        for k, (words, colour) in enumerate(zip(CHOICES, colours, strict=True)):
            words = source if words == "source language" else words
            x, y = 1.04 + 1.02 * (k % 2), -0.42 - 0.36 * (k // 2)
            axes.add_patch(_box(x, y - 0.05, 0.94, 0.28, "white", colour))
            axes.text(x + 0.47, y + 0.09, words, ha="center", va="center", fontsize=10.5)
        axes.add_patch(
            FancyArrowPatch(
                (1.47, -0.17), (1.47, -0.015), arrowstyle="-|>", mutation_scale=13, color=INK, linewidth=1.4
            )
        )
        axes.text(
            3.1,
            -0.42,
            "same budget,\nsame seeds:\ngains are paired",
            ha="left",
            va="center",
            fontsize=10.5,
            linespacing=1.35,
        )
        question(figure, title)
        return figure


def _box(x: float, y: float, width: float, height: float, face: str, edge: str) -> FancyBboxPatch:
    return FancyBboxPatch((x, y), width, height, boxstyle="round,pad=0,rounding_size=0.05", facecolor=face,
                          edgecolor=edge, linewidth=1.6)  # fmt: skip
