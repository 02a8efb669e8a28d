"""What a study cost: every second by stage, run and kind of work."""

import time
from collections import defaultdict
from collections.abc import Iterable

from polystilts.account import OVERHEAD, cpu_seconds
from polystilts.files import read_json, write_text
from polystilts.pipeline.chapters import CHAPTER_OF_STAGE
from polystilts.pipeline.study import Study

COLUMNS = ("scale", "stage", "run_id", "kind", "wall_s", "cpu_s", "tokens")


def write_times(study: Study, invocation: str, began: float) -> float | None:
    """Write `tables/time.csv` if any chapter ran just now; return the share that was overhead."""
    records = [read_json(file) for file in sorted((study.folder / ".done" / "time").glob("*.json"))]
    ran = [record for record in records if record["invocation"] == invocation]
    if all(record["stage"] == "book" for record in ran):
        return None
    rows: dict[tuple, list] = defaultdict(lambda: [0.0, 0.0, 0])
    for record in records:
        for entry in record["entries"]:
            add(rows, record["stage"], entry)
    for stage, entry in cell_times(study):
        add(rows, CHAPTER_OF_STAGE[stage], entry)
    add(rows, "engine", engine_entry(ran, began))
    lines = [",".join(COLUMNS)]
    for (stage, run_id, kind), (wall, cpu, tokens) in sorted(rows.items()):
        lines.append(f"{study.name},{stage},{run_id},{kind},{wall:.6f},{cpu:.6f},{tokens}")
    write_text(study.folder / "tables" / "time.csv", "\n".join(lines) + "\n")
    whole = sum(cpu for _, cpu, _ in rows.values())
    return sum(cpu for (_, _, kind), (_, cpu, _) in rows.items() if kind in OVERHEAD) / whole


def add(rows: dict, stage: str, entry: dict) -> None:
    """Add an entry to the row it belongs to."""
    row = rows[stage, entry["run_id"], entry["kind"]]
    row[0] += entry["wall_s"]
    row[1] += entry["cpu_s"]
    row[2] += entry["tokens"]


def cell_times(study: Study) -> Iterable[tuple[str, dict]]:
    """The time entries of all finished cells that belong to the study's runs."""
    names = {run.run_id for run in study.runs} | {run.encoder_id for run in study.runs}
    names |= {f"w{run.world_seed}" for run in study.runs}
    for stage in CHAPTER_OF_STAGE:
        for file in sorted((study.folder / ".done" / "cells" / stage).glob("*.json")):
            if file.stem in names or file.stem.rpartition("--")[0] in names:
                for entry in read_json(file)["time"]:
                    yield stage, entry


def engine_entry(ran: list[dict], began: float) -> dict:
    """What the engine and the driver took themselves: all of it is overhead."""
    busy, reached = 0.0, began
    for record in sorted(ran, key=lambda record: record["started"]):
        busy += max(0.0, record["ended"] - max(reached, record["started"]))
        reached = max(reached, record["ended"])
    cpu = cpu_seconds() - sum(record["cpu_s"] for record in ran)
    wall = time.time() - began - busy
    return {"run_id": "", "kind": "start", "wall_s": max(0.0, wall), "cpu_s": max(0.0, cpu), "tokens": 0}
