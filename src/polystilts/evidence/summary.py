"""The closing page of a study: the question, the answer with its interval, and where to read on."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from polystilts import paths
from polystilts.evidence.claim import Claim, as_markdown, kind_table, kind_words, qualification_table
from polystilts.evidence.hypotheses import every_hypothesis
from polystilts.evidence.ledger import find_claim
from polystilts.evidence.status import corrections_in
from polystilts.files import write_text
from polystilts.languages import LANGUAGES
from polystilts.statistics.flags import learned_intermediates

# The claims that answer the question, and what stands beside each: where nothing could be translated, as in
# most real languages, code-switched practice stands in.
ANSWERS = {
    "primary": "primary-retrieval",
    "code-switched-advantage": "code-switched-advantage-retrieval",
}
QUESTION = (
    "Does practising a task in several languages, rather than in English alone, help a multilingual encoder "
    "on another task, in low-resource languages it was never taught that task in?"
)


def summary(
    scale: str,
    claims: Sequence[Claim],
    scores: pd.DataFrame,
    pooled: bool = False,
    chapters: bool = True,
    corrections: Sequence[str] = (),
    place: str = "",
) -> str:
    """The text of `summary.md`: read as it stands, and printed at the end of `make study`.

    A pooled analysis has bundles behind it, and chapters only where these were run on it. `place` is the
    folder it lies in; the published one, if none is named.
    """
    place = place or f"outputs/{scale}"
    primary, retrieval = headline(claims)
    counts = pd.Series([claim.outcome for claim in claims]).value_counts()
    outcomes = ", ".join(f"{count} {name}" for name, count in counts.items())
    invented = all(code in LANGUAGES and LANGUAGES[code].invented for code in set(scores["language"]))
    world = "invented languages, and is about those only" if invented else "real languages"
    places = [f"- the bundles, each with its worlds, encoders and files: `{place}/pool.json`"] * pooled
    places += [
        f"- the book, without code: `{place}/book/index.html`"
        # A variant is not asked for by its name but by its knobs, and those who changed them know them.
        + f" (`make book SCALE={scale}` makes it from the chapters)" * ("+" not in scale)
    ] * (chapters and not pooled)  # a pool has the last two chapters at most, which make no book
    places += [f"- the executed chapters: `{place}/chapters/`"] * chapters
    lines = [
        f"# The answer at scale {scale}",
        "",
        f"**The question.** {QUESTION}",
        "",
        f"**The answer.** {primary.told}",
        "",
        f"**On retrieval.** {retrieval.told}",
        "",
        f"{'This pool' if pooled else 'This scale'} uses {world}. All {len(claims)} hypotheses: {outcomes}. "
        f"Runs: {scores['run_id'].nunique()}; scores: {len(scores)}. " + kind_of_findings(claims),
        "",
        *details(primary, "The answer"),
        *details(retrieval, "Retrieval"),
        "## Every expectation",
        "",
        "What was expected of each stands in `claims.json`, and with its picture in the last chapter.",
        "",
        as_markdown(outcome_table(claims), right=False),
        "",
        *(["## Corrections", "", *(f"- {words}" for words in corrections), ""] if corrections else []),
        "## Which intermediate tasks were learned",
        "",
        *learned_lines(learned_intermediates(scores)),
        "",
        "## Where to read on",
        "",
        *places,
        f"- every score and gain: `{place}/tables/scores.csv`, `{place}/tables/gains.csv`",
        f"- every claim with its lineage: `{place}/claims.json`",
        f"- what the gate says of each claim: `{place}/record/index.html`, written by "
        f"`python -m polystilts verify {place}`",
        "",
    ]
    return "\n".join(lines)


def details(claim: Claim, title: str) -> list[str]:
    """A claim by kind of task and against none, and what qualifies it; nothing for one that was not run."""
    numbers, limits = kind_table(claim), qualification_table(claim)
    if numbers.empty:
        return []
    expected = claim.contrast["text"].partition(" Found:")[0]
    told = [f"## {title} in numbers: {claim.outcome}", "", expected, "", as_markdown(numbers), ""]
    told += [kind_words(claim), ""]
    return told + ([as_markdown(limits, right=False), ""] if len(limits) else [])


def outcome_table(claims: Sequence[Claim]) -> pd.DataFrame:
    """Every claim by its outcome and its headline, undecided and negative ones as prominent as the others."""
    rows = [(claim.id, claim.outcome, claim.told) for claim in claims]
    return pd.DataFrame(rows, columns=["claim", "outcome", "what was found"])


def kind_of_findings(claims: Sequence[Claim]) -> str:
    """Whether the findings confirm or explore, and how many of them where some do and others do not."""
    found = [claim for claim in claims if claim.outcome not in ("not testable", "not run")]
    confirming = sum(claim.confirmatory for claim in found)
    if not found:
        return "Nothing of it could be tested: there are no findings."
    if 0 < confirming < len(found):
        return f"Of {len(found)} findings {confirming} are confirmatory, the others exploratory."
    return f"These are {'confirmatory' if confirming else 'exploratory'} findings."


def headline(claims: Sequence[Claim]) -> tuple[Claim, Claim]:
    """The claim that answers the study's question, and that on retrieval beside it."""
    known = {claim.id: claim for claim in claims}
    measured = [name for name in ANSWERS if name in known and known[name].estimate is not None]
    answer = measured[0] if measured else next(iter(ANSWERS))
    return find_claim(claims, answer), find_claim(claims, ANSWERS[answer])


def practice_of(claim: Claim) -> str:
    """The kind of practice that a claim sets beside another: the treatment of its contrast."""
    return every_hypothesis()[claim.hypothesis].contrast["treatment"]


def is_world(scale: str) -> bool:
    """Whether a scale's languages are generated.

    >>> is_world("demo"), is_world("xlmr-base"), is_world("tiny+lexicon_coverage-0.5")
    (True, False, True)
    """
    return scale.split("+")[0] in ("tiny", "demo", "world")


def learned_lines(learned: pd.DataFrame) -> list[str]:
    """One line for each intermediate task: learned or not, with its score against a majority guess."""
    if learned.empty:
        return ["No source-language development score of an intermediate task was recorded."]
    return [
        f"- {row.title}: {'learned' if row.learned else '**not learned**'} "
        f"({row.value:.1f}, from {row.low:.1f} to {row.high:.1f}, against {row.majority:.1f} by guessing, "
        f"{row.n:.0f} items, {row.runs} run{'s' * (row.runs != 1)})"
        for row in learned.itertuples()
    ]


def write_summary(
    path: Path,
    scale: str,
    claims: Sequence[Claim],
    scores: pd.DataFrame,
    pooled: bool = False,
    chapters: bool = True,
) -> str:
    """Write `summary.md` and return its text."""
    folder = path.resolve().parent.with_name(scale)  # the name it will have: it may be a draft yet
    place = paths.shown(folder) if folder.is_relative_to(paths.REPOSITORY) else ""
    text = summary(scale, claims, scores, pooled, chapters, corrections_in(path.parent), place)
    write_text(path, text)
    return text
