"""The gate as the command line and the last chapter use it: with today's code and hardware."""

import datetime
from pathlib import Path

from polystilts import paths
from polystilts.errors import WrongUse
from polystilts.gate import corrections, record
from polystilts.gate.evidence import open_evidence
from polystilts.gate.page import write_page
from polystilts.gate.trace import trace
from polystilts.gate.verdict import Verdict, verify
from polystilts.pipeline.records import code_now, hardware


def judge(folder: Path, replicate: int = 0, seed: int = 0, keep: bool = True, readme: bool = True) -> Verdict:
    """Verify a folder of outputs; `keep` leaves the verdict below it, in `record/`.

    A record that repeated cells of the same claims is not replaced by a verdict that repeated fewer.
    """
    verdict = verify(folder, replicate, seed, code_now, hardware(), readme=readme)
    if keep and not record.says_more(folder, verdict):
        record.write_record(folder, verdict)
        write_page(folder, verdict)
    return verdict


def folder_of(text: str) -> Path:
    """A folder of outputs, by its path or by the name of its scale."""
    for folder in (Path(text), paths.OUTPUTS / text, paths.studies() / text):
        if folder.is_dir():
            return folder
    there = ", ".join(sorted(path.parent.name for path in paths.OUTPUTS.glob("*/claims.json"))) or "none yet"
    raise WrongUse(f"no outputs at {text}; scales with claims: {there}")


def trace_claim(asked: str, outputs: str) -> str:
    """Everything between a sentence and its prediction files, as text."""
    return "\n".join(trace(open_evidence(folder_of(outputs)), asked))


def correct(outputs: str, kind: str, note: str, fields: list[str]) -> str:
    """Append one dated correction, and say what was added."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    event = corrections.correct(folder_of(outputs), kind, note, fields, now)
    return f"{event['event_id']} added at {now}; nothing else was changed"
