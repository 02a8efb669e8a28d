"""What may be said in the end: the claims, the answer, what was left open, and where everything is."""

from collections import Counter
from collections.abc import Sequence

import pandas as pd

from polystilts import paths
from polystilts.evidence.claim import Claim, kind_table, qualification_table
from polystilts.evidence.hypotheses import every_hypothesis, frozen_sentence, hypotheses_for
from polystilts.evidence.ledger import read_claims
from polystilts.evidence.status import corrections_in
from polystilts.evidence.summary import headline
from polystilts.figures.forest import title_of
from polystilts.files import read_json
from polystilts.pipeline import stages
from polystilts.pipeline.reading.page import table
from polystilts.pipeline.reading.transfer import ready_scores
from polystilts.pipeline.study import Study
from polystilts.pipeline.times import cell_times
from polystilts.statistics.outcomes import OUTCOMES
from polystilts.statistics.tables import read_table


def ready_claims(study: Study) -> list[Claim]:
    """The claims of the study; computed first where they are missing."""
    if not (study.folder / "claims.json").exists():
        ready_scores(study)
        stages.analyse(study)
    return read_claims(study.folder / "claims.json")


def claims_table(claims: Sequence[Claim]) -> pd.DataFrame:
    """The claims for readers: what each is about, what was found in one sentence, and the two verdicts."""
    rows = [(title_of(claim.id), claim.told, claim.outcome, claim.status) for claim in claims]
    return pd.DataFrame(rows, columns=["about", "in one sentence", "outcome", "status"])


def claim_details(claims: Sequence[Claim]) -> str:
    """Every claim that was measured, folded: expectation, contrast by kind and against none, qualifications.

    Markdown whose folds hold tables; what was not run has nothing to unfold.
    """
    expected, parts = every_hypothesis(), []
    for claim in claims:
        if claim.estimate is None or not claim.headline:
            continue
        told = [claim.headline, f"*Expected:* {expected[claim.hypothesis].sentence}"]
        for frame in (kind_table(claim), qualification_table(claim)):
            told += [table(frame).data] if len(frame) else []
        summary = f"{title_of(claim.id)}: <b>{claim.outcome}</b>"
        parts.append(f"<details><summary>{summary}</summary>\n\n" + "\n\n".join(told) + "\n\n</details>")
    return "\n\n".join(parts) or "*No claim of this study was measured.*"


def answer_tables(claims: Sequence[Claim]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The answer's contrast by kind of task and against none, and its qualifications."""
    answer, _ = headline(claims)
    return kind_table(answer), qualification_table(answer)


def plotted(claims: Sequence[Claim]) -> list[Claim]:
    """The claims that a forest can hold: those measured in points, in the order of the hypotheses."""
    expected = every_hypothesis()
    return [claim for claim in claims if expected[claim.hypothesis].unit == "points"]


def answer_sentence(study: Study) -> str:
    """The study's question answered in one sentence, retrieval beside it, and what was corrected since."""
    primary, beside = headline(ready_claims(study))
    told = (
        f"**The answer at scale `{study.name}`: {primary.outcome}.** {primary.told}",
        f"**Retrieval, beside it: {beside.outcome}.** {beside.told}",
        *(f"**Corrected since:** {words}" for words in corrections_in(study.folder)),
    )
    return "\n>\n".join(f"> {words}" for words in told)


def frozen_note(study: Study) -> str:
    """Whether the expectations were frozen before the runs, and whether they were edited since."""
    return f"*{' '.join(map(frozen_sentence, hypotheses_for(study.scale.shared['source'])))}*"


def verdict_sentence(claims: Sequence[Claim]) -> str:
    """How many expectations came out which way, and what their reproduction says.

    What was never run, and what could not be tested, is no evidence, and is counted apart from *undecided*.
    """
    counts = Counter(claim.outcome for claim in claims)
    silent = [name for name in SILENT if counts[name]]
    told = ", ".join(f"{counts[name]} {name}" for name in OUTCOMES if counts[name] and name not in silent)
    apart = ", ".join(f"{counts[name]} {name}" for name in silent)
    statuses = Counter(claim.status for claim in claims)
    judged = ", ".join(f"{count} {status}" for status, count in statuses.items())
    confirmatory = sum(claim.confirmatory for claim in claims)
    return (
        f"**Of {len(claims)} expectations: {told or 'none could be asked'}"
        f"{f'; and {apart}' if apart else ''}.** Confirmatory: {confirmatory}; exploratory: "
        f"{len(claims) - confirmatory}. Their status by the gate: {judged}."
    )


SILENT = ("not testable", "not run")  # outcomes that say nothing about the expectation


def unanswered_table(claims: Sequence[Claim]) -> pd.DataFrame:
    """The expectations that this scale says nothing of, undecided ones first, each with its reason."""
    rows, expected = [], every_hypothesis()
    for outcome in ("undecided", *SILENT):
        for claim in (one for one in claims if one.outcome == outcome):
            sentence = expected[claim.hypothesis].sentence
            rows.append((outcome, sentence, claim.reason or "the interval holds more than one outcome"))
    return pd.DataFrame(rows, columns=["outcome", "we expected", "why"])


def time_so_far(study: Study) -> pd.DataFrame:
    """Where the seconds of the finished work went: one row a stage and kind, as in `tables/time.csv`."""
    whole = study.folder / "tables" / "time.csv"
    records = sorted((study.folder / ".done" / "time").glob("*.json"))
    rows = [{"stage": record["stage"], **entry} for record in map(read_json, records)
            for entry in record["entries"]]  # fmt: skip
    rows += [{"stage": stage, **entry} for stage, entry in cell_times(study)]
    pooled = (study.folder / "pool.json").exists()  # its table holds what the bundles took
    if whole.exists() and (pooled or not rows):
        rows += read_table(whole).to_dict("records")
    columns = ["stage", "kind", "wall_s", "cpu_s"]
    return pd.DataFrame(rows, columns=columns).groupby(["stage", "kind"], as_index=False).sum()


def places_table(study: Study) -> pd.DataFrame:
    """Where everything is that the study left."""
    places = (
        ("every score", "tables/scores.csv"), ("every gain over the baseline", "tables/gains.csv"),
        ("the languages", "tables/languages.csv"), ("what each run cost", "tables/budget.csv"),
        ("where the seconds went", "tables/time.csv"), ("every claim with its lineage", "claims.json"),
        ("the closing page", "summary.md"), ("predictions and records of each run", "runs/"),
        ("right answers, without text", "labels/"), ("the encoders", "encoders/"),
        ("the executed chapters", "chapters/"), ("every figure", "figures/"),
    )  # fmt: skip
    root = study.folder
    shown = root.relative_to(paths.REPOSITORY) if root.is_relative_to(paths.REPOSITORY) else root
    return pd.DataFrame([(what, f"`{shown}/{where}`") for what, where in places], columns=["what", "where"])
