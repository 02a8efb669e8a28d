"""From scores to the answer: gains, claims and the closing page, written in one go without any training."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from polystilts.evaluation.guesses import labels_in, with_guesses
from polystilts.evaluation.scores import write_scores
from polystilts.evidence.claim import Claim
from polystilts.evidence.ledger import claims_for, write_claims
from polystilts.evidence.summary import write_summary
from polystilts.files import write_table
from polystilts.sources.allotments import low_resource_of
from polystilts.statistics.gains import gains
from polystilts.statistics.tables import read_table


def conclude(folder: Path, parameters: Mapping[str, Any]) -> list[Claim]:
    """Write `tables/gains.csv`, `claims.json` and `summary.md` of a scale from its other tables.

    Scores that do not say what guessing reaches are told it first, where labels lie beside them: those of
    before it was computed, or of real data, whose labels are not passed on.
    """
    folder, tables = Path(folder), Path(folder) / "tables"
    shared = parameters["shared"]
    known, languages = read_table(tables / "scores.csv"), read_table(tables / "languages.csv")
    scores = with_guesses(known, labels_in(folder))
    if scores is not known:
        scores = write_scores(tables / "scores.csv", scores)
    paired = gains(scores)
    write_table(tables / "gains.csv", paired)
    claims = claims_for(
        shared["source"],
        scores,
        paired,
        languages,
        scale=folder.name,
        low_resource=low_resource_of(shared),
        outputs=folder,
        declared_worlds=shared.get("world_seeds", ()),
    )
    write_claims(folder / "claims.json", claims)
    pooled = (folder / "pool.json").is_file()
    chapters = (folder / "chapters").is_dir()  # none where the work was done without notebooks
    write_summary(folder / "summary.md", folder.name, claims, scores, pooled, chapters)
    return claims
