"""One's own study beside the published one: scores, outcomes, and why another machine gives other numbers."""

import csv
from pathlib import Path

from polystilts import paths
from polystilts.files import read_json
from polystilts.pipeline.study import Study

MEASURES = ("value", "n")  # every other column of scores.csv names the score
SHOWN = 6  # outcomes that differ and are told one by one


def compare_with_published(study: Study) -> list[str]:
    """How a study compares with the one that came with the repository, in lines; none if none came."""
    theirs, ours = published(study, "tables/scores.csv"), study.folder / "tables" / "scores.csv"
    if not theirs.exists() or not ours.exists():
        return []
    before, now = read_scores(theirs), read_scores(ours)
    common = before.keys() & now.keys()
    if not common:
        return ["None of these scores is in the published study."]
    equal = sum(before[key] == now[key] for key in common)
    largest = max(abs(before[key] - now[key]) for key in common)
    lines = [
        f"Beside the published study: {len(common)} of {len(now)} scores are in both, {equal} of them equal, "
        f"their largest difference is {largest:.2f} points."
    ]
    lines += compare_outcomes(published(study, "claims.json"), study.folder / "claims.json")
    return [*lines, why_they_differ(study)] if equal < len(common) else lines


def published(study: Study, name: str) -> Path:
    """A file of the published study; where a study is run over it, the copy that was kept aside."""
    folder = paths.OUTPUTS / study.name
    if folder == study.folder:
        return study.folder / ".done" / "shipped" / Path(name).name
    return folder / name


def read_scores(file: Path) -> dict[tuple, float]:
    """Scores by everything that names them."""
    with open(file, encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return {
        tuple(value for column, value in row.items() if column not in MEASURES): float(row["value"])
        for row in rows
    }


def compare_outcomes(theirs: Path, ours: Path) -> list[str]:
    """How many conclusions of two studies are the same, and those that are not, one by one."""
    if not (theirs.exists() and ours.exists()):
        return []
    before, now = (
        {row["id"]: row["outcome"] for row in read_json(file)["claims"]} for file in (theirs, ours)
    )
    both = sorted(before.keys() & now.keys())
    turned = [name for name in both if before[name] != now[name]]
    told = [f"{name} is {now[name]} here, {before[name]} there" for name in turned[:SHOWN]]
    told += [f"and {len(turned) - SHOWN} more"] if len(turned) > SHOWN else []
    same = f"{len(both) - len(turned)} of {len(both)} outcomes are the same"
    return [f"{same}{': ' if told else ''}{'; '.join(told)}."]


def why_they_differ(study: Study) -> str:
    """Why equal work gives other numbers elsewhere, as far as the records of the runs tell."""
    record = study.run_folder(study.runs[0]) / "run.json"
    there = paths.OUTPUTS / study.name / "runs" / study.runs[0].run_id / "run.json"
    changed = []
    if record != there and record.exists() and there.exists():
        ours, theirs = read_json(record), read_json(there)
        if ours["hardware"] != theirs["hardware"]:
            changed.append("another processor or number of threads")
        if ours["versions"] != theirs["versions"]:
            changed.append("other versions of libraries")
        if ours["hashes"]["code"] != theirs["hashes"]["code"]:
            changed.append("other code")
        if ours["parameters"] != theirs["parameters"]:
            changed.append("other knobs")
    return (
        f"Why: {' and '.join(changed) or 'another processor'}. Equal bytes come only from the same "
        "processor, threads, libraries and code: elsewhere sums are rounded in another order, and training "
        "makes much of the last digit. Single scores move by points; an outcome that turns was a close call."
    )
