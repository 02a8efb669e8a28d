"""Every hypothesis as one line: estimate and interval against zero and the smallest effect that matters."""

from collections.abc import Mapping, Sequence
from statistics import median

from matplotlib.figure import Figure

from polystilts.evidence.claim import Claim, signed
from polystilts.figures.style import GREY, INK, PALE, PALETTE, house_style, new_figure, question, zero_line

LOOKS = {"supported": (PALETTE[0], "o"), "contradicted": (PALETTE[5], "X"), "equivalent": (PALETTE[2], "s"),
         "undecided": (GREY, "D")}  # fmt: skip


def forest(
    claims: Sequence[Claim],
    smallest_effect: float = 1.0,
    labels: Mapping[str, str] | None = None,
    title: str = "What did we find, and how sure are we?",
) -> Figure:
    """Estimates with 95 % intervals; the band is the smallest effect of interest; missing runs say so.

    Give claims of one unit (points); `labels` replaces a claim's id by other words. An interval much longer
    than the others ends in an arrow, so that it does not squeeze them.
    """
    with house_style():
        figure, (axes,) = new_figure(1.6 + 0.46 * len(claims))
        axes.axvspan(-smallest_effect, smallest_effect, color=PALE, alpha=0.6, zorder=0, linewidth=0)
        zero_line(axes)
        reach = _reach(claims, smallest_effect)
        for i, claim in enumerate(claims):
            colour, marker = LOOKS[claim.outcome]
            if claim.estimate is not None:
                if claim.low is not None:
                    ends = [max(claim.low, -reach), min(claim.high, reach)]
                    axes.plot(ends, [i, i], color=colour, linewidth=2.4, zorder=2)
                    for end, arrow in ((claim.low, "<"), (claim.high, ">")):
                        if abs(end) > reach:  # it goes on beyond the axis
                            axes.plot(reach if end > 0 else -reach, i, arrow, color=colour, markersize=8)
                filled = colour if claim.low is not None else "white"
                axes.plot(claim.estimate, i, marker, color=filled, markeredgecolor=colour, markersize=8,
                          markeredgewidth=1.6, zorder=3)  # fmt: skip
            told = "" if claim.estimate is None else f"{signed(claim.estimate)}  {claim.outcome}"
            counted = f"{claim.units} unit{'s' * (claim.units != 1)}, {claim.n} differences"
            axes.text(
                1.02, i + 0.34, counted if claim.n else "not run at this scale",
                transform=axes.get_yaxis_transform(), va="center", color=GREY, fontsize=8.5,
            )  # fmt: skip
            axes.text(1.02, i, told or claim.outcome, transform=axes.get_yaxis_transform(), va="center",
                      color=colour if claim.outcome != "undecided" else INK, fontsize=10)  # fmt: skip
        axes.set_yticks(range(len(claims)), [(labels or {}).get(c.id, title_of(c.id)) for c in claims])
        axes.set_ylim(len(claims) - 0.4, -0.6)
        axes.set_xlim(-1.06 * reach, 1.06 * reach)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(f"difference (points) · band: smaller than {smallest_effect:g} · hollow: no interval")
        question(figure, title)
        return figure


def title_of(claim: str) -> str:
    """A claim's id in words that fit beside an axis.

    >>> title_of("masked-lm-beside-english"), title_of("code-switched-growth")
    ('Masked LM beside English', 'Code-switched growth')
    """
    words = {"lm": "LM", "english": "English"}
    told = " ".join(words.get(word, word) for word in claim.split("-"))
    told = told.replace("code switched", "code-switched")
    return told[:1].upper() + told[1:]


def _reach(claims: Sequence[Claim], smallest_effect: float) -> float:
    """How far the axis goes: every estimate fits, and the usual interval does."""
    estimates = [abs(claim.estimate) for claim in claims if claim.estimate is not None]
    ends = [abs(end) for claim in claims for end in (claim.low, claim.high) if end is not None]
    usual = 2.5 * median(ends) if ends else 0.0
    return max(1.5 * smallest_effect, 1.1 * max(estimates, default=0.0), min(usual, max(ends, default=0.0)))
