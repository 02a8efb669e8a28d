"""The status of a claim is what the gate recorded, as long as the claim has not changed since."""

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
