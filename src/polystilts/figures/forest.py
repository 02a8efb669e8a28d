"""Every hypothesis as one line: estimate and interval against zero and the smallest effect that matters."""

import textwrap
from collections.abc import Mapping, Sequence
from statistics import median

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from polystilts.evidence.claim import Claim, signed
from polystilts.figures.style import GREY, INK, PALE, SMALLEST, house_style, new_figure, question, zero_line

# An outcome has a mark and no colour: colours belong to arms.
MARKS = {"supported": "o", "contradicted": "x", "equivalent": "s", "not larger": "v", "undecided": "D"}
CALLED = ("supported", "contradicted", "equivalent", "not larger")

TITLES = {
    "primary": "Translated beats English, little text",
    "primary-retrieval": "Translated beats English, on retrieval",
    "growth-low-resource": "Translated: advantage larger, little text",
    "distance-predicts-gain": "Translated: advantage grows with distance",
    "code-switched-as-translated": "Code-switched is as good as translated",
    "advantage-on-most": "Translated beats English on most",
    "advantage-in-every": "Translated beats English in every one",
    "english-helps": "English beats none",
    "retrieval-gains-most": "English helps retrieval most",
    "question-answering-gains": "English helps question answering",
    "best-intermediates": "MNLI, SQuAD, HellaSwag are the best",
    "multitask-adds-little": "All tasks together add little",
    "masked-lm-beside-english": "Plain text beside English adds little",
    "translated-not-better": "Translated is no better, all languages",
    "more-text": "Control: plain text changes little",
    "shuffled-labels": "Control: shuffled labels do not help",
    "longer-training": "Control: longer fine-tuning adds little",
    "code-switched-advantage": "Code-switched beats English, little text",
    "code-switched-advantage-retrieval": "Code-switched beats English, on retrieval",
    "code-switched-growth": "Code-switched: advantage larger, little text",
}


def forest(
    claims: Sequence[Claim],
    smallest_effect: float = 1.0,
    labels: Mapping[str, str] | None = None,
    title: str = "What did we find, and how sure are we?",
) -> Figure:
    """Estimates with 95 % intervals; the band is the smallest effect of interest; missing runs say so.

    Give claims of one unit (points); `labels` replaces a claim's title by other words. An interval much
    longer than the others ends in an arrow, so that it does not squeeze them.
    """
    with house_style():
        figure, (axes,) = new_figure(1.5 + 0.5 * len(claims))
        axes.axvspan(-smallest_effect, smallest_effect, color=PALE, alpha=0.6, zorder=0, linewidth=0)
        zero_line(axes)
        reach = _reach(claims, smallest_effect)
        for i, claim in enumerate(claims):
            _draw_line(axes, i, claim, reach)
            _write_line(axes, i, (labels or {}).get(claim.id, title_of(claim.id)), claim)
        axes.set_yticks([])
        axes.set_ylim(len(claims) - 0.45, -0.75)
        axes.set_xlim(-1.06 * reach, 1.06 * reach)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(
            f"difference (points) · band: smaller than {smallest_effect:g}\n"
            "black: called · grey: not called · arrow: goes on"
        )
        question(figure, title)
        return figure


def _draw_line(axes: Axes, i: int, claim: Claim, reach: float) -> None:
    """The estimate and its interval, if there are any."""
    if claim.estimate is None:
        return
    colour = INK if claim.outcome in CALLED else GREY
    y = i + 0.14
    if claim.low is not None:
        axes.plot([max(claim.low, -reach), min(claim.high, reach)], [y, y], color=colour, linewidth=2.2)
        for end, arrow in ((claim.low, "<"), (claim.high, ">")):
            if abs(end) > reach:  # it goes on beyond the axis
                axes.plot(reach if end > 0 else -reach, y, arrow, color=colour, markersize=7)
    filled = colour if claim.low is not None else "white"
    axes.plot(claim.estimate, y, MARKS.get(claim.outcome, "D"), color=filled, markeredgecolor=colour,
              markersize=7.5, markeredgewidth=1.5, zorder=3)  # fmt: skip


def _write_line(axes: Axes, i: int, words: str, claim: Claim) -> None:
    """What was expected, above its line on the left, and what came out on the right."""
    here = {"transform": axes.get_yaxis_transform(), "va": "center", "zorder": 4,
            "bbox": {"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85}}  # fmt: skip
    axes.text(0.0, i - 0.32, textwrap.shorten(words, 60, placeholder="…"), ha="left", fontsize=9.5, **here)
    number = "" if claim.estimate is None else f"{signed(claim.estimate)}  "
    axes.text(1.0, i - 0.32, f"{number}{claim.outcome}", ha="right", fontsize=SMALLEST,
              fontweight="bold" if claim.outcome in CALLED else "normal", **here)  # fmt: skip


def title_of(claim: str) -> str:
    """What a claim is about, in words that fit above its line.

    >>> title_of("english-helps"), title_of("code-switched-in-a-new-world")
    ('English beats none', 'Code switched in a new world')
    """
    told = claim.replace("-", " ")
    return TITLES.get(claim, told[:1].upper() + told[1:])


def _reach(claims: Sequence[Claim], smallest_effect: float) -> float:
    """How far the axis goes: every estimate fits, and the usual interval does."""
    estimates = [abs(claim.estimate) for claim in claims if claim.estimate is not None]
    ends = [abs(end) for claim in claims for end in (claim.low, claim.high) if end is not None]
    usual = 2.5 * median(ends) if ends else 0.0
    return max(1.5 * smallest_effect, 1.1 * max(estimates, default=0.0), min(usual, max(ends, default=0.0)))
