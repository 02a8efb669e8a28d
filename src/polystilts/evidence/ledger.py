"""The ledger of claims: one for every hypothesis, made from the tables and kept in `claims.json`."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from polystilts.errors import StudyError, WrongUse
from polystilts.evidence.claim import Claim, as_record, from_record, number
from polystilts.evidence.evaluate import Evaluation, evaluate
from polystilts.evidence.headlines import Names
from polystilts.evidence.hypotheses import Hypotheses, confirmatory, hypotheses_for
from polystilts.evidence.provenance import lineage
from polystilts.evidence.status import with_status
from polystilts.evidence.telling import told
from polystilts.files import read_json, write_json
from polystilts.languages import LANGUAGES
from polystilts.statistics.tables import ARM, MATCH, LowResource, plain_words, require
from polystilts.tasks import TASKS


@plain_words
def build_claims(
    scores: pd.DataFrame,
    gains: pd.DataFrame,
    languages: pd.DataFrame,
    hypotheses: Hypotheses,
    scale: str,
    low_resource: LowResource,
    outputs: Path | None = None,
    declared_worlds: Sequence[int] = (),
    turned: Sequence[str] = (),
) -> list[Claim]:
    """One claim for every hypothesis; what this scale has no runs for is "not run" and says so.

    Every status is UNVERIFIED: only a reproduction by the gate may change it. `gains` is part of the lineage
    and is checked to belong to the same scores. While worlds are missing of those that the scale or the
    freeze declared, claims are provisional, and exploratory: nobody may stop when he likes the answer. So are
    they where knobs were `turned` away from what the scale declares.
    """
    same_runs(scores, gains)
    worlds = [int(seed) for seed in sorted(scores["world_seed"].dropna().unique())]
    promised = set((hypotheses.frozen or {}).get("world_seeds", ()))
    waiting = {*map(int, declared_worlds), *(promised if promised & set(worlds) else ())} - set(worlds)
    confirm = confirmatory(hypotheses, worlds, scale) and not waiting and not turned
    of = dict(zip(languages["language"], languages["name"], strict=True))
    of |= {name: task.title for name, task in TASKS.items()}
    real = any(code in LANGUAGES and not LANGUAGES[code].invented for code in languages["language"])
    provisional = (len(worlds), len(worlds) + len(waiting)) if waiting else None
    claims = []
    for one in evaluate(scores, languages, hypotheses, low_resource):
        claim = claim_of(one, scale, Names(of, real), provisional)
        runs = one.comparison.runs if one.comparison else ()
        origin = {**lineage(outputs, runs, hypotheses.file), "hypotheses": hypotheses.hash}
        claims.append(replace(claim, confirmatory=confirm and bool(runs), lineage=origin))
    return claims


def claims_for(source: str, *tables: pd.DataFrame, **options: Any) -> list[Claim]:
    """The claims of a study, by every file of hypotheses that judges it; the rest is as in `build_claims`."""
    return [claim for hypotheses in hypotheses_for(source)
            for claim in build_claims(*tables, hypotheses, **options)]  # fmt: skip


def same_runs(scores: pd.DataFrame, gains: pd.DataFrame) -> None:
    """Refuse gains whose values are not in the scores: a stale table is worse than none."""
    require(gains, (*MATCH, *ARM, "value"), "the gains table")
    keys = [*MATCH, *ARM]
    found = gains[[*keys, "value"]].merge(
        scores[[*keys, "value"]], on=keys, how="left", suffixes=("", "_score")
    )
    same = (found["value"] - found["value_score"]).abs() < 1e-5
    strange = int((~same).sum())
    if strange:
        raise StudyError(f"{strange} rows of the gains table differ from the scores; compute the gains again")


def claim_of(one: Evaluation, scale: str, names: Names, provisional: tuple[int, int] | None) -> Claim:
    """The claim that an evaluation supports."""
    row, found = one.hypothesis, one.comparison.these if one.comparison else None
    numbers = (None, None, None, 0, 0)
    if found:
        numbers = (found.estimate, found.low, found.high, found.n, found.units)
    words = told(one, names, provisional)
    sentence = words.pop("sentence")
    return Claim(row.id, row.id, sentence, row.quantifier, *numbers, one.call.outcome, scale=scale, **words)


def write_claims(path: Path, claims: Sequence[Claim]) -> None:
    """Write `claims.json`, claims in the order of the hypotheses."""
    names = [claim.id for claim in claims]
    if len(set(names)) < len(names):
        raise StudyError(f"two claims share an id: {', '.join(sorted(names))}")
    write_json(path, {"claims": [as_record(claim) for claim in claims]})


def read_claims(path: Path) -> list[Claim]:
    """Read `claims.json`."""
    if not Path(path).is_file():
        raise WrongUse(f"no claims at {path}; chapter 07 of the study writes them")
    return [from_record(record) for record in read_json(path)["claims"]]


def judged_claims(folder: Path) -> list[Claim]:
    """The claims of a study, each with what the gate says of it; none where the study left no claims."""
    file = Path(folder) / "claims.json"
    return with_status(read_claims(file), folder) if file.is_file() else []


def find_claim(claims: Sequence[Claim], name: str) -> Claim:
    """One claim by its id."""
    for claim in claims:
        if claim.id == name:
            return claim
    raise WrongUse(f"no claim {name!r}; there are {', '.join(claim.id for claim in claims)}")


def in_points(claims: Sequence[Claim], hypotheses: Hypotheses) -> list[Claim]:
    """The claims measured in points: those that one axis can hold."""
    return [claim for claim in claims if hypotheses[claim.hypothesis].unit == "points"]


def sentence(claim: Claim) -> str:
    """The claim as a reader meets it: its sentence, its kind and its status."""
    kind = "confirmatory" if claim.confirmatory else "exploratory"
    return f"{claim.sentence} [{kind}; {claim.status}]"


def as_table(claims: Sequence[Claim]) -> pd.DataFrame:
    """The claims as a table for readers, undecided and negative ones as prominent as the others."""
    return pd.DataFrame(
        {
            "claim": [claim.id for claim in claims],
            "estimate": [number(claim, unit="") for claim in claims],
            "differences": [claim.n for claim in claims],
            "units": [claim.units for claim in claims],
            "outcome": [claim.outcome for claim in claims],
            "kind": ["confirmatory" if claim.confirmatory else "exploratory" for claim in claims],
            "status": [claim.status for claim in claims],
        }
    )
