"""The JSON Schemas of the documents that the gate leaves, and what every one of them says of itself."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from polystilts.errors import StudyError
from polystilts.evidence.json_schema import problems
from polystilts.files import read_json

FOLDER = Path(__file__).parent
DERIVED = "derived from the published field list of {0}; filled by the study, not issued by the publisher"


def check_document(name: str, document: Mapping[str, Any]) -> None:
    """Refuse a document that does not fit its schema, naming the place."""
    for place, words in problems(document, read_json(FOLDER / f"{name}.json")):
        raise StudyError(f"record/{name}.json does not fit its schema at {place}: {words}")


def about(contract: str, scale: str = "", evaluated_at: str = "") -> dict[str, Any]:
    """The fields that say after which contract a document is filled, and that nobody issued it."""
    found = {"schema": contract, "schema_version": "derived", "contract_version": "v1",
             "note": DERIVED.format(contract)}  # fmt: skip
    return found | ({"scale": scale, "evaluated_at": evaluated_at} if scale else {})
