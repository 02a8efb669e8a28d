"""From scores to the answer: gains, claims and the closing page, written in one go without any training."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from polystilts import paths
from polystilts.evidence.claim import Claim
from polystilts.evidence.hypotheses import load_hypotheses
from polystilts.evidence.ledger import build_claims, write_claims
from polystilts.evidence.summary import write_summary
from polystilts.files import write_table
from polystilts.sources.allotments import low_resource_of
from polystilts.statistics.gains import gains
from polystilts.statistics.tables import read_table

HYPOTHESES = "hypotheses.yaml"


def conclude(folder: Path, parameters: Mapping[str, Any], hypotheses_path: Path | None = None) -> list[Claim]:
    """Write `tables/gains.csv`, `claims.json` and `summary.md` of a scale from its other tables."""
    folder, tables = Path(folder), Path(folder) / "tables"
    hypotheses_path = hypotheses_path or paths.PARAMS / HYPOTHESES
    scores, languages = read_table(tables / "scores.csv"), read_table(tables / "languages.csv")
    paired = gains(scores)
    write_table(tables / "gains.csv", paired)
    claims = build_claims(
        scores,
        paired,
        languages,
        load_hypotheses(hypotheses_path),
        scale=folder.name,
        low_resource=low_resource_of(parameters["shared"]),
        outputs=folder,
        hypotheses_path=hypotheses_path,
        declared_worlds=parameters["shared"].get("world_seeds", ()),
    )
    write_claims(folder / "claims.json", claims)
    pooled = (folder / "pool.json").is_file()
    write_summary(folder / "summary.md", folder.name, claims, scores, pooled)
    return claims
