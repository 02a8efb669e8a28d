"""What the record of a study says of its claims: their status, and what was corrected since."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from polystilts.evidence.claim import Claim, as_record
from polystilts.files import fingerprint, read_json


def with_status(claims: Sequence[Claim], folder: Path) -> list[Claim]:
    """The claims with the status that `record/gate.json` gives them; a changed claim is UNVERIFIED again.

    `claims.json` is written before the gate has looked, so every status in it is UNVERIFIED.
    """
    file = Path(folder) / "record" / "gate.json"
    if not file.is_file():
        return [replace(claim, status="UNVERIFIED") for claim in claims]
    judged = {row["id"]: row for row in read_json(file)["claims"]}
    return [replace(claim, status=_status(claim, judged.get(claim.id))) for claim in claims]


def _status(claim: Claim, row: dict | None) -> str:
    record = {key: value for key, value in as_record(claim).items() if key != "status"}
    return row["status"] if row and row["fingerprint"] == fingerprint(record) else "UNVERIFIED"


def reproductions(claims: Sequence[Claim], folder: Path) -> dict[str, str]:
    """How each claim was reproduced, in words that say no more than was done; those that were, by their name.

    VERIFIED means that all of it was computed again and that at least one of its cells was trained again.
    """
    file = Path(folder) / "record" / "gate.json"
    rows = {row["id"]: row for row in read_json(file)["claims"]} if file.is_file() else {}
    told = {}
    for claim in with_status(claims, folder):
        row = rows.get(claim.id, {})
        cells = re.search(r"of its (\d+) cells", row.get("reason", ""))
        if claim.status == "VERIFIED" and cells:
            told[claim.id] = f"recomputed in full; {row['cells_repeated']} of {cells[1]} cells trained again"
    return told


def corrections_in(folder: Path) -> list[str]:
    """What was corrected since, in public and with its date, as `correct` wrote it."""
    return [f"{one['corrected_at'][:10]}, {', '.join(one['affected_fields'])}: {one['public_note']}"
            for one in _events(folder)]  # fmt: skip


def corrections_of(folder: Path) -> dict[str, list[str]]:
    """What was corrected since of each claim, by its name; claims without a correction are left out."""
    found: dict[str, list[str]] = {}
    for one in _events(folder):
        for field in one["affected_fields"]:
            file, _, claim = field.partition(":")
            if file == "claims.json":
                found.setdefault(claim, []).append(f"{one['corrected_at'][:10]}: {one['public_note']}")
    return found


def _events(folder: Path) -> list[dict]:
    file = Path(folder) / "record" / "correction-record.json"
    return read_json(file)["correction_events"] if file.is_file() else []
