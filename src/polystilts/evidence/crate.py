"""Provenance of a whole study as an RO-Crate: which run made which files from what, with every hash."""

from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from polystilts import __version__
from polystilts.errors import StudyError
from polystilts.evidence.json_schema import problems
from polystilts.files import read_json, sha256, whole_file

METADATA = "ro-crate-metadata.json"
SCHEMA = Path(__file__).with_name("ro-crate.schema.json")
LICENCE = "https://www.apache.org/licenses/LICENSE-2.0"
KEPT = ("claims.json", "summary.md", "tables/*.csv", "labels/*/*.parquet", "encoders/*/*", "figures/*.png",
        "chapters/*.ipynb")  # fmt: skip
BATCH = ".batch-"  # pictures of a chapter's further batches, whose pages are not passed on


def write_crate(folder: Path) -> Path:
    """Write `ro-crate-metadata.json` for a finished study: its files, and one action for each run."""
    from rocrate.model.contextentity import ContextEntity
    from rocrate.rocrate import ROCrate

    folder = Path(folder)
    crate = ROCrate()
    crate.name = f"polystilts, scale {folder.name}"
    crate.description = "Tables, claims, predictions and labels of one study, with the runs that made them."
    crate.license = LICENCE
    software = crate.add(ContextEntity(crate, "#polystilts", properties={
        "@type": "SoftwareApplication", "name": "polystilts", "softwareVersion": __version__,
        "softwareRequirements": [f"{name} {version(name)}" for name in ("torch", "transformers", "numpy")],
    }))  # fmt: skip
    for pattern in KEPT:
        for file in sorted(folder.glob(pattern)):
            if BATCH not in file.name:
                _add_file(crate, folder, file)
    for record_file in sorted(folder.glob("runs/*/run.json")):
        record = read_json(record_file)
        results = [
            _add_file(crate, folder, file)
            for file in [record_file, *sorted(record_file.parent.glob("predictions/*.parquet"))]
        ]
        inputs = [
            _hashed(crate, kind, record["hashes"][kind], record["parent"]) for kind in ("data", "encoder")
        ]
        crate.add(ContextEntity(crate, f"#run-{record['run_id']}", properties={
            "@type": "CreateAction", "name": record["run_id"],
            "instrument": {"@id": software.id}, "object": [{"@id": one} for one in inputs],
            "result": [{"@id": one} for one in results],
        }))  # fmt: skip
    with whole_file(folder / METADATA) as draft:
        place = draft.with_name(f"{draft.name}-crate")
        place.mkdir()
        try:
            crate.metadata.write(place)
            (place / METADATA).replace(draft)
        finally:
            place.rmdir()
    return folder / METADATA


def _add_file(crate: Any, folder: Path, file: Path) -> str:
    """The file's name in the crate, which is a URI: `+` is written `%2B` there."""
    properties = {"sha256": sha256(file), "contentSize": str(file.stat().st_size)}
    return crate.add_file(file, dest_path=file.relative_to(folder).as_posix(), properties=properties).id


def _hashed(crate: Any, kind: str, found: str, parent: str) -> str:
    """What a run started from, known by its fingerprint: it need not lie in the folder."""
    from rocrate.model.contextentity import ContextEntity

    name = f"#{kind}-{found}"
    if crate.get(name) is None:
        words = f"{kind} of {parent}"
        crate.add(
            ContextEntity(crate, name, properties={"@type": "PropertyValue", "name": words, "value": found})
        )
    return name


def check_crate(folder: Path) -> int:
    """Read the crate back, hold it against the schema, compare every file with its hash; how many."""
    from rocrate.rocrate import ROCrate

    folder = Path(folder)
    content = read_json(folder / METADATA)
    for place, words in problems(content, read_json(SCHEMA)):
        raise StudyError(f"{METADATA} does not fit its schema at {place}: {words}")
    ROCrate(folder)  # the library's own reading refuses what is no crate
    files = [entity for entity in content["@graph"] if entity["@type"] == "File"]
    for entity in files:
        file = folder / unquote(entity["@id"])
        if not file.is_file() or sha256(file) != entity["sha256"]:
            state = "changed" if file.is_file() else "gone"
            raise StudyError(
                f"{folder / METADATA}: {entity['@id']} is {state} since the study ended; the same study, run "
                "again, makes what is missing and writes the crate anew"
            )
    return len(files)
