"""Several studies read as one: a world, a class of students or a site each, with the bundle as the unit.

Bundles are merged only if they asked the same questions, with the same code, of worlds made alike. Otherwise
what differs is said, and nothing is merged.
"""

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from polystilts import paths
from polystilts.errors import StudyError, WrongUse
from polystilts.evidence.claim import Claim
from polystilts.evidence.hypotheses import hypotheses_for
from polystilts.evidence.ledger import claims_for, write_claims
from polystilts.evidence.summary import headline, write_summary
from polystilts.files import sha256, whole_folder, write_json, write_table
from polystilts.pipeline.bundles import Bundle, bundles_of, refuse_differences, turned_knobs
from polystilts.pipeline.packing import pack_predictions
from polystilts.statistics.gains import gains
from polystilts.statistics.tables import read_table

POOLED = "pooled"
RECORD = "pool.json"  # what was pooled; a folder that has one may grow by further bundles
BESIDE = ("budget.csv", "time.csv", "shortcuts.csv")  # joined as they are, where every bundle has them


def pool(folders: Sequence[Path], destination: Path | None = None) -> str:
    """Merge bundles into one analysis, in a folder of its own, and say what was merged and what it found."""
    folders = [Path(folder) for folder in folders]
    destination = Path(destination or paths.studies() / POOLED)
    refuse_place(folders, destination)
    bundles = [bundle for folder in folders for bundle in bundles_of(folder)]
    if len(bundles) < 2:
        raise WrongUse(
            f"pool needs two bundles or more; {', '.join(map(str, folders))} holds {len(bundles)} finished: "
            "run another world seed, or name another folder"
        )
    source = bundles[0].parameters["shared.source"]
    refuse_differences(bundles, ",".join(sorted(one.hash for one in hypotheses_for(source))))
    scores = pd.concat([one.scores.assign(bundle=one.name) for one in bundles], ignore_index=True)
    refuse_loss(scores, destination)
    languages = merged_languages(bundles)
    paired = gains(scores)
    declared = sorted({seed for one in bundles for seed in one.declared})
    low = {int(seed): one.low_resource for one in bundles for seed in one.scores["world_seed"].unique()}
    claims = claims_for(source, scores, paired, languages, scale=destination.name, low_resource=low,
                        declared_worlds=declared, turned=turned_knobs(bundles[0]))  # fmt: skip
    with whole_folder(destination) as draft:
        if destination.is_dir():  # a pool that grows keeps what else it holds: its pages and its record
            shutil.copytree(destination, draft, dirs_exist_ok=True, symlinks=True)
        write_table(draft / "tables" / "scores.csv", scores)
        write_table(draft / "tables" / "gains.csv", paired)
        write_table(draft / "tables" / "languages.csv", languages)
        for name in BESIDE:
            files = list(dict.fromkeys(one.folder / "tables" / name for one in bundles))
            (draft / "tables" / name).unlink(missing_ok=True)
            if all(file.exists() for file in files):
                write_table(draft / "tables" / name, pd.concat([read_table(file) for file in files]))
        for one in bundles:
            if one.folder.resolve() != destination.resolve():
                take_evidence(one, draft)
        pack_predictions(draft)
        write_claims(draft / "claims.json", claims)
        write_summary(draft / "summary.md", destination.name, claims, scores, True, chapters=False)
        write_json(draft / RECORD, {"bundles": [record_of(one) for one in bundles]})
    return told(bundles, claims, declared, destination)


def refuse_place(folders: Sequence[Path], destination: Path) -> None:
    """Refuse a destination that is a file, or a folder with something in it that is no pool."""
    file = next((path for path in (destination, *destination.parents) if path.exists()), destination)
    if file.exists() and not file.is_dir():
        raise WrongUse(f"{file} is a file; name a folder with --to")
    if (destination / RECORD).exists() or not destination.is_dir() or not any(destination.iterdir()):
        return
    if destination.resolve() in {folder.resolve() for folder in folders}:
        raise WrongUse(f"{destination} is one of the bundles and no pool; name another folder with --to")
    raise WrongUse(f"{destination} holds something that is no pool; name a new folder with --to")


def refuse_loss(scores: pd.DataFrame, destination: Path) -> None:
    """Refuse to write over a pool with runs that the new one would not have."""
    table = destination / "tables" / "scores.csv"
    lost = sorted(set(read_table(table)["run_id"]) - set(scores["run_id"])) if table.exists() else []
    if lost:
        raise WrongUse(
            f"{destination} is a pool with {len(lost)} runs that are in none of these bundles, the first is "
            f"{lost[0]}; name {destination} among them to let it grow, or a new folder with --to"
        )


def take_evidence(one: Bundle, destination: Path) -> None:
    """Copy what the scores of a bundle rest on: its runs, right answers, and encoders that were kept."""
    for run in sorted(set(one.scores["run_id"])):
        copy_folder(one.folder / "runs" / run, destination / "runs" / run)
    for seed in one.scores["world_seed"].unique():
        copy_folder(one.folder / "labels" / f"w{seed:.0f}", destination / "labels" / f"w{seed:.0f}")
    for encoder in sorted({run.split("--")[0] for run in one.scores["run_id"]}):
        copy_folder(one.folder / "encoders" / encoder, destination / "encoders" / encoder)


def copy_folder(source: Path, target: Path) -> None:
    """Copy a folder without its checkpoints; nothing where there is none."""
    if source.is_dir():
        with whole_folder(target) as draft:
            shutil.copytree(source, draft, dirs_exist_ok=True, ignore=shutil.ignore_patterns("checkpoints"))


def merged_languages(bundles: Sequence[Bundle]) -> pd.DataFrame:
    """The languages of all bundles: measured numbers are averaged, words that differ are refused."""
    tables = {str(one.folder): one.languages for one in bundles}
    together = pd.concat(tables.values(), ignore_index=True)
    rows = []
    for code, part in together.groupby("language", sort=False):
        row = {}
        for column in together.columns:
            numbers = pd.to_numeric(part[column], errors="coerce")
            if numbers.notna().all():
                row[column] = round(numbers.mean()) if column == "resource" else numbers.mean()
            elif part[column].nunique() == 1:
                row[column] = part[column].iloc[0]
            else:
                told = " and ".join(map(str, part[column].unique()))
                raise StudyError(f"{code} has {column} {told} in different bundles: not the same language")
        rows.append(row)
    if any(len(table) != len(rows) for table in tables.values()):
        raise StudyError("the bundles have different languages; pool those with the same ones")
    return pd.DataFrame(rows)


def record_of(one: Bundle) -> dict[str, Any]:
    """What the record of a pool keeps of a bundle."""
    tables = ("scores.csv", "languages.csv")
    return {
        "name": one.name,
        "world_seeds": sorted(int(seed) for seed in one.scores["world_seed"].unique()),
        "encoders": sorted(one.scores["encoder"].unique()),
        "runs": int(one.scores["run_id"].nunique()),
        "status": one.status,
        "files": {f"tables/{name}": sha256(one.folder / "tables" / name) for name in tables},
        "unfinished_worlds": list(one.left_out),
    }


def told(
    bundles: Sequence[Bundle], claims: Sequence[Claim], declared: Iterable[int], destination: Path
) -> str:
    """What was pooled, what is missing of what was declared, and the answer."""
    worlds = {int(seed) for one in bundles for seed in one.scores["world_seed"].unique()}
    lines = [f"{len(bundles)} bundles pooled into {destination}: {', '.join(one.name for one in bundles)}"]
    open_ones = [one.name for one in bundles if one.status != "VERIFIED"]
    if open_ones:
        lines.append(f"not reproduced by an independent run yet: {', '.join(open_ones)}")
    unfinished = sorted({seed for one in bundles for seed in one.left_out})
    if unfinished:
        lines.append(f"left out, not finished: worlds {', '.join(map(str, unfinished))}")
    missing = sorted(set(declared) - worlds)
    if missing:
        lines.append(f"INCOMPLETE: declared and not there: worlds {', '.join(map(str, missing))}")
    return "\n".join([*lines, headline(claims)[0].sentence])
