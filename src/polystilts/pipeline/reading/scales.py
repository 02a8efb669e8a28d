"""This scale beside the others: where they agree, what this one cannot say, and what larger ones cost."""

from collections import Counter
from collections.abc import Sequence

import pandas as pd

from polystilts import paths
from polystilts.evidence.claim import Claim, interval_words, signed
from polystilts.evidence.hypotheses import every_hypothesis
from polystilts.evidence.ledger import judged_claims
from polystilts.evidence.readme import TOLD
from polystilts.evidence.status import corrections_of
from polystilts.evidence.summary import headline, is_world, practice_of
from polystilts.figures.heatmap import ORDER
from polystilts.figures.style import task_title
from polystilts.pipeline import cost
from polystilts.pipeline.drive import opened
from polystilts.pipeline.forecast import all_weights, forecast
from polystilts.pipeline.params import load_scale
from polystilts.pipeline.progress import in_time
from polystilts.pipeline.study import Study
from polystilts.sources.allotments import low_resource_of
from polystilts.statistics.compare import primary_contrast
from polystilts.statistics.flags import flag_cells
from polystilts.statistics.intervals import Interval
from polystilts.statistics.tables import main_scores, read_table, with_main_variant

OTHERS, RETRIEVAL = "all other kinds", "retrieval"


def scales_table(study: Study) -> pd.DataFrame:
    """The answer of every published scale and of this one, and retrieval beside it, from their ledgers.

    Where a scale is asked about translated practice and ran code-switched practice too, its tables are read
    for that contrast as well: a number, and no claim.
    """
    rows = []
    for scale in dict.fromkeys((*TOLD, study.name)):
        claims = judged_claims(paths.OUTPUTS / scale)
        if not claims:
            continue
        answer, retrieval = headline(claims)
        practice = practice_of(answer)
        speakers = "invented" if is_world(scale) else "real"
        for claim, what in ((answer, OTHERS), (retrieval, RETRIEVAL)):
            rows.append((scale, speakers, f"{practice} − English", what,
                         signed(claim.estimate), interval_words(claim), claim.outcome))  # fmt: skip
        if practice != "code-switched":
            for what, found in switched_at(scale).items():
                rows.append((scale, speakers, "code-switched − English", what, signed(found.estimate),
                             interval_words(found), "no claim"))  # fmt: skip
    columns = ["scale", "languages", "contrast", "targets", "points", "95 % interval", "outcome"]
    return pd.DataFrame(rows, columns=columns)


def switched_at(scale: str) -> dict[str, Interval]:
    """The code-switched contrast in low-resource languages without labels, from the tables of a scale."""
    scores = read_table(paths.OUTPUTS / scale / "tables" / "scores.csv")
    if not {"code-switched", "english"} <= set(scores["strategy"]):
        return {}
    low = low_resource_of(load_scale(scale.partition("+")[0]).shared)
    found = primary_contrast(scores, low, "code-switched", "english")
    return {OTHERS: found["primary"].these, RETRIEVAL: found["retrieval"].these}


def agreement_table(study: Study) -> pd.DataFrame:
    """What this scale and its counterpart, invented or real, found of the same expectation.

    Nothing is said of the two together where one of them was corrected since.
    """
    other = "real-mini" if is_world(study.name) else "world"
    theirs = {claim.id: claim for claim in judged_claims(paths.OUTPUTS / other)}
    corrected = {*corrections_of(study.folder), *corrections_of(paths.OUTPUTS / other)}
    expected, rows = every_hypothesis(), []
    for claim in judged_claims(study.folder):
        there = theirs.get(claim.id)
        if there is not None and None not in (claim.low, there.low) and expected[claim.id].unit == "points":
            together = "one of them was corrected" if claim.id in corrected else agreement(claim, there)
            rows.append((expected[claim.id].sentence, _found(claim), _found(there), together))
    return pd.DataFrame(rows, columns=["we expected", f"`{study.name}`", f"`{other}`", "together"])


def _found(claim: Claim) -> str:
    return f"{signed(claim.estimate)} ({interval_words(claim)}): {claim.outcome}"


CALLED = ("supported", "contradicted", "equivalent", "not larger")


def agreement(one: Claim, other: Claim) -> str:
    """Whether two scales agree: by their outcomes where both are called, else by their intervals.

    >>> claim = Claim("a", "a", "", "mean", 2.0, 1.0, 3.0, 9, 3, "supported")
    >>> from dataclasses import replace
    >>> agreement(claim, claim), agreement(claim, replace(claim, outcome="contradicted", low=-3.0, high=-1.0))
    ('agree', 'DISAGREE')
    >>> agreement(claim, replace(claim, outcome="undecided", low=-1.0, high=1.5))
    'not told apart: the intervals overlap'
    >>> agreement(claim, replace(claim, outcome="not testable"))
    'nothing: one of them could not be tested'
    """
    outcomes = [claim.outcome for claim in (one, other)]
    if "not testable" in outcomes:
        return "nothing: one of them could not be tested"
    if all(outcome in CALLED for outcome in outcomes):
        return "agree" if outcomes[0] == outcomes[1] else "DISAGREE"
    if one.low <= other.high and other.low <= one.high:
        return "not told apart: the intervals overlap"
    return "differ: the intervals lie apart, though not both are called"


def silent_sentence(scores: pd.DataFrame, source: str) -> str:
    """Which targets of the baseline stand at chance, so that this encoder says nothing by them."""
    chosen = with_main_variant(main_scores(scores))[["target_task", "variant"]].drop_duplicates()
    cells = flag_cells(scores).merge(chosen)
    cells = cells[cells["language"] != source]
    share = (cells["flag"] == "floor").groupby(cells["target_task"]).agg(["sum", "count"])
    parts = []
    for title, chosen in (
        ("Silent", share[share["sum"] == share["count"]]),
        ("Mostly silent", share[(share["sum"] > share["count"] / 2) & (share["sum"] < share["count"])]),
        ("Speaking", share[share["sum"] <= share["count"] / 2]),
    ):
        named = [f"{task_title(name)} ({chosen['sum'][name]} of {chosen['count'][name]})"
                 for name in ORDER if name in chosen.index]  # fmt: skip
        parts.append(f"**{title}**: {', '.join(named) or 'none'}.")
    return f"Cells of the baseline that are at chance, target by target. {' '.join(parts)}"


def larger_table() -> pd.DataFrame:
    """What the scales with published encoders would ask and cost, from their files and a stated rate."""
    rows = []
    for name in cost.SCALES:
        study = opened(name, {})
        found = forecast(study, 1)
        weights, languages = all_weights(study.scale), study.scale.shared["languages"]
        rows.append((name, f"{weights / 1e6:.0f} million", len(languages), len(study.target_tasks),
                     found.runs, f"{found.tokens / 1e9:.1f} billion", in_time(3600 * found.hours),
                     f"{found.disk_gb:.0f} GB"))  # fmt: skip
    columns = ["scale", "weights", "languages", "targets", "runs", "training tokens", "one GPU", "disk"]
    return pd.DataFrame(rows, columns=columns)


def larger_sentence(claims: Sequence[Claim]) -> str:
    """How many of the expectations need arms, tasks or learning that this scale does not have."""
    counts = Counter(claim.outcome for claim in claims)
    return (
        f"Of {len(claims)} expectations {counts['not run']} need arms or tasks that this scale does not run, "
        f"{counts['not testable']} were run and could not be tested, since too little was learned, and "
        f"{counts['undecided']} were tested and not decided."
    )
