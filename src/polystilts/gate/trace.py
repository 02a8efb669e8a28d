"""From a sentence to the prediction files behind it."""

from collections.abc import Iterator

from polystilts.errors import WrongUse
from polystilts.files import sha256
from polystilts.gate.calls import call_all
from polystilts.gate.evidence import Evidence


def trace(evidence: Evidence, asked: str) -> Iterator[str]:
    """A claim, by its id or words of its sentence: its score rows, its runs, its files with their SHA-256."""
    claim = find(evidence, asked)
    lineage = claim["lineage"]
    yield f"claim {claim['id']} ({claim['outcome']}): {claim['sentence']}"
    row = [row for row in evidence.hypotheses if row["id"] == claim["hypothesis"]]
    scores, languages = evidence.scores, evidence.table("languages")
    if scores is not None and languages is not None and evidence.parameters and row:
        low = evidence.low_resource
        cells = call_all(row, scores, languages, low)[claim["hypothesis"]].cells
        if cells is not None:
            yield f"\n{len(cells)} differences, from these rows of {lineage.get('scores')}:"
            for cell in cells.sort_values(["target_task", "language", "run_id"]).itertuples():
                yield (
                    f"  {cell.target_task} {cell.language} {cell.metric} {cell.variant} "
                    f"{cell.value:.6f} ({cell.run_id}) minus {cell.value_c:.6f} ({cell.run_id_c})"
                )
    yield f"\n{len(lineage.get('runs', []))} runs:"
    for run in lineage.get("runs", []):
        record = evidence.runs.get(run)
        start = "its record is gone" if record is None else f"encoder {record['hashes']['encoder']}"
        yield f"  {run}: {start}"
    yield f"\n{len(lineage.get('files', {}))} files, with the SHA-256 that the claim was made from:"
    for name, expected in lineage.get("files", {}).items():
        file = evidence.file(name)
        state = "gone" if not file.is_file() else "as it was" if sha256(file) == expected else "CHANGED"
        yield f"  {expected}  {name}  {state}"


def find(evidence: Evidence, asked: str) -> dict:
    """The claim with this id, or the only one whose sentence holds these words."""
    named = [claim for claim in evidence.claims if claim["id"] == asked]
    named = named or [claim for claim in evidence.claims if asked.lower() in claim["sentence"].lower()]
    if len(named) != 1:
        known = ", ".join(claim["id"] for claim in (named or evidence.claims))
        raise WrongUse(f"{asked!r} names {len(named)} claims; give the id of one: {known}")
    return named[0]
