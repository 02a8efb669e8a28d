"""Are the predictions those that the runs left? Where not, what was done to them?"""

from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from polystilts.files import sha256, write_table
from polystilts.gate.evidence import Evidence
from polystilts.gate.finding import Check, falsifies


def check_predictions(evidence: Evidence) -> Check:
    """Every prediction file is the one its run left; where it is not, say what was done to it."""
    question = "Are the predictions those that the runs left?"
    left = {}
    for run, record in evidence.runs.items():
        for stage in record.get("stages", []):
            if stage["stage"] == "predict":
                left[run, stage["task"]] = stage["files"]["."]
    owner = {expected: cell for cell, expected in left.items()}
    findings = []
    for (run, target), expected in left.items():
        file = evidence.folder / "runs" / run / "predictions" / f"{target}.parquet"
        name = file.relative_to(evidence.folder)
        if not file.is_file():
            findings.append(falsifies(f"{name} is gone", (run,)))
        elif (found := sha256(file)) != expected and as_written(file) != expected:
            what = f"{name} holds the predictions of {' for '.join(owner[found])}" if found in owner else ""
            findings.append(falsifies(what or f"{name} {_what_changed(evidence, run, target)}", (run,)))
    done = (
        f"{len(left)} prediction files compared with the hashes in the records of {len(evidence.runs)} runs."
    )
    return Check("predictions", question, done, tuple(findings), bool(left))


def as_written(file: Path) -> str:
    """The SHA-256 of the same rows, written as runs write them: a packed file comes back to its own."""
    try:
        rows = pd.read_parquet(file)
    except (OSError, ValueError):
        return "unreadable"
    with TemporaryDirectory() as place:
        again = Path(place) / file.name
        write_table(again, rows)
        return sha256(again)


def _what_changed(evidence: Evidence, run: str, target: str) -> str:
    """What was done to a prediction file, as far as it can be told without the original."""
    file = evidence.folder / "runs" / run / "predictions" / f"{target}.parquet"
    labels = evidence.folder / "labels" / f"w{evidence.runs[run]['seeds']['world']}" / f"{target}.parquet"
    try:
        found, right = pd.read_parquet(file), pd.read_parquet(labels)
    except (OSError, ValueError):
        return "was changed after the run and cannot be read beside its labels"
    for language, part in found.groupby("language"):
        wanted = right[right["language"] == language]
        for _, one in part.groupby("variant" if "variant" in part else "language"):
            ids, asked = one["example_id"].tolist(), wanted["example_id"].tolist()
            if len(ids) < len(asked):
                return f"was truncated: {len(ids)} of {len(asked)} items in {language}"
            if ids != asked and sorted(ids) == sorted(asked):
                return (
                    f"was reordered: the items in {language} stand in another order than when it was written"
                )
    if "item_score" in found and len(_against_item_scores(found, right)):
        return "was edited: answers do not fit the item scores written beside them"
    return "was changed after the run"


def _against_item_scores(found: pd.DataFrame, right: pd.DataFrame) -> pd.DataFrame:
    """Rows of plain answers that are right with an item score of 0, or wrong with one of 1."""
    both = found.merge(right[["language", "example_id", "gold"]], on=["language", "example_id"])
    first = both["prediction"].astype(str).str.split(" ").str[0]
    same = (both["prediction"].astype(str) == both["gold"].astype(str)) | (first == both["gold"].astype(str))
    whole = both["item_score"].isin([0.0, 1.0])
    return both[whole & (same != (both["item_score"] == 1.0))]
