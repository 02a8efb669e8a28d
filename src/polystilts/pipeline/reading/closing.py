"""What may be said in the end: the claims, the answer, what was left open, and where everything is."""

from collections.abc import Sequence

import pandas as pd

from polystilts import paths
from polystilts.evidence.claim import Claim, number
from polystilts.evidence.hypotheses import every_hypothesis, frozen_sentence, hypotheses_for
from polystilts.evidence.ledger import read_claims
from polystilts.evidence.status import corrections_in
from polystilts.evidence.summary import headline
from polystilts.files import read_json
from polystilts.pipeline import stages
from polystilts.pipeline.reading.transfer import ready_scores
from polystilts.pipeline.study import Study
from polystilts.pipeline.times import cell_times
from polystilts.statistics.tables import read_table


def ready_claims(study: Study) -> list[Claim]:
    """The claims of the study; computed first where they are missing."""
    if not (study.folder / "claims.json").exists():
        ready_scores(study)
        stages.analyse(study)
    return read_claims(study.folder / "claims.json")


def claims_table(claims: Sequence[Claim]) -> pd.DataFrame:
    """The claims for readers: what was expected, what was found, and the two verdicts; controls say so."""
    rows = []
    expected = every_hypothesis()
    for claim in claims:
        row = expected[claim.hypothesis]
        rows.append((f"Control: {row.sentence}" if row.control else row.sentence,
                     number(claim, unit="" if row.unit == "points" else row.unit),
                     claim.units, claim.outcome, claim.status))  # fmt: skip
    columns = ["we expected", "found (points)", "units", "outcome", "status"]
    return pd.DataFrame(rows, columns=columns)


def plotted(claims: Sequence[Claim]) -> list[Claim]:
    """The claims that a forest can hold: those measured in points, in the order of the hypotheses."""
    expected = every_hypothesis()
    return [claim for claim in claims if expected[claim.hypothesis].unit == "points"]


def answer_sentence(study: Study) -> str:
    """The study's question answered in its own words, retrieval beside it, and what was corrected since."""
    primary, beside = headline(ready_claims(study))
    told = (
        f"**The answer at scale `{study.name}`: {primary.outcome}.** {primary.sentence}",
        f"**Retrieval, beside it: {beside.outcome}.** {beside.sentence}",
        *(f"**Corrected since:** {words}" for words in corrections_in(study.folder)),
    )
    return "\n>\n".join(f"> {words}" for words in told)


def frozen_note(study: Study) -> str:
    """Whether the expectations were frozen before the runs, and whether they were edited since."""
    return f"*{' '.join(map(frozen_sentence, hypotheses_for(study.scale.shared['source'])))}*"


def verdict_sentence(claims: Sequence[Claim]) -> str:
    """How many claims came out which way, and what their reproduction says."""
    outcomes = pd.Series([claim.outcome for claim in claims]).value_counts()
    told = ", ".join(f"{count} {name}" for name, count in outcomes.items())
    statuses = [claim.status for claim in claims]
    verified = sum(status.startswith("VERIFIED") for status in statuses)
    falsified = statuses.count("FALSIFIED")
    confirmatory = sum(claim.confirmatory for claim in claims)
    return (
        f"**Of {len(claims)} expectations: {told}.** Confirmatory: {confirmatory}; exploratory: "
        f"{len(claims) - confirmatory}. Verified by the gate: {verified}; falsified: {falsified}; "
        f"neither: {len(claims) - verified - falsified}."
    )


def unanswered_table(claims: Sequence[Claim]) -> pd.DataFrame:
    """The questions this scale leaves open, each with its reason."""
    rows, expected = [], every_hypothesis()
    for claim in claims:
        if claim.outcome == "undecided":
            reason = claim.sentence.partition("Outcome: undecided (")[2].partition(").")[0]
            rows.append(
                (expected[claim.hypothesis].sentence, reason or "the interval holds more than one outcome")
            )
    return pd.DataFrame(rows, columns=["left open", "why"])


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
        ("every score", "tables/scores.csv"), ("every gain over no practice", "tables/gains.csv"),
        ("the languages", "tables/languages.csv"), ("what each run cost", "tables/budget.csv"),
        ("where the seconds went", "tables/time.csv"), ("every claim with its lineage", "claims.json"),
        ("the closing page", "summary.md"), ("predictions and records of each run", "runs/"),
        ("right answers, without text", "labels/"), ("the encoders", "encoders/"),
        ("the executed chapters", "chapters/"), ("every figure", "figures/"),
    )  # fmt: skip
    root = study.folder
    shown = root.relative_to(paths.REPOSITORY) if root.is_relative_to(paths.REPOSITORY) else root
    return pd.DataFrame([(what, f"`{shown}/{where}`") for what, where in places], columns=["what", "where"])
