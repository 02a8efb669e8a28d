"""Where a claim comes from: the runs it averages, the files they left and the encoder they started from."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from polystilts.files import fingerprint, read_json, sha256

TABLES = tuple(f"tables/{name}.csv" for name in ("scores", "gains", "languages", "budget", "shortcuts"))


def lineage(outputs: Path | None, runs: Iterable[str], hypotheses_path: Path | None = None) -> dict[str, Any]:
    """The lineage of a claim: the score table, its runs, every file with its SHA-256, and the encoder's hash.

    The files are the tables, and of each run its record, its predictions and the labels they are marked with.
    Paths are relative to the scale's folder; files that are not there are left out, never guessed.
    """
    runs = sorted(set(runs))
    files: dict[str, str] = {}
    encoders: set[str] = set()
    if outputs is not None:
        outputs = Path(outputs)
        names = [*TABLES, *(name for run in runs for name in files_of_run(outputs, run))]
        for name in dict.fromkeys(names):
            if (outputs / name).is_file():
                files[name] = _hash(outputs / name, (outputs / name).stat().st_mtime_ns)
        for run in runs:
            record = outputs / "runs" / run / "run.json"
            if record.is_file():
                found = encoder_hash(read_json(record))
                encoders.update([found] if found else [])
    if hypotheses_path is not None and Path(hypotheses_path).is_file():
        files[f"params/{Path(hypotheses_path).name}"] = sha256(Path(hypotheses_path))
    # One encoder keeps its own hash; several (a world each) are named by one hash over all of theirs.
    encoder = (
        next(iter(encoders)) if len(encoders) == 1 else fingerprint(sorted(encoders)) if encoders else None
    )
    return {"scores": TABLES[0], "runs": runs, "files": files, "encoder": encoder}


def files_of_run(outputs: Path, run: str) -> list[str]:
    """What a run left for readers, and the labels of its world, by their path inside the scale's folder."""
    names = [f"runs/{run}/run.json"]
    predictions = sorted((outputs / "runs" / run / "predictions").glob("*.parquet"))
    names += [file.relative_to(outputs).as_posix() for file in predictions]
    record = outputs / names[0]
    world = read_json(record).get("seeds", {}).get("world") if record.is_file() else None
    return names + [f"labels/w{world}/{file.name}" for file in predictions]


@cache
def _hash(file: Path, changed: int) -> str:
    """The SHA-256 of a file: claims share theirs, and a file is read once while it is unchanged."""
    return sha256(file)


def encoder_hash(run: dict[str, Any]) -> str | None:
    """The encoder's hash in a `run.json`, wherever hashes are kept in it."""
    hashes = run.get("hashes", {})
    for place in (hashes.get("encoder"), run.get("encoder_hash")):
        if isinstance(place, str):
            return place
    return None


def caption(text: str, chapter: str, scale: str, runs: int, commit: str = "") -> str:
    """A figure's caption sentence followed by its provenance.

    >>> caption("Gains by target.", "07", "demo", 18)
    'Gains by target. (Chapter 07, scale demo, 18 runs.)'
    """
    at = f", commit {commit[:10]}" if commit else ""
    return f"{text} (Chapter {chapter}, scale {scale}, {runs} run{'s' * (runs != 1)}{at}.)"
