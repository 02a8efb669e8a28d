"""The record of a run: what it was made from, by what, and how long it took."""

import os
import platform

from polystilts.files import fingerprint, read_json, write_json
from polystilts.pipeline.cells import contents, record_file, versions
from polystilts.pipeline.inputs import has_intermediate
from polystilts.pipeline.study import Run, Study

LIBRARIES = ("numpy", "pandas", "sentencepiece", "tokenizers", "torch", "transformers")


def write_run_record(study: Study, run: Run) -> None:
    """Write `run.json`: what a run was made from, by what, and how long it took."""
    keys = [("intermediate", run.run_id)] if has_intermediate(run) else []
    keys += [("finetune", f"{run.run_id}--{task}") for task in study.training_tasks]
    keys += [("predict", f"{run.run_id}--{target}") for target in study.target_tasks]
    records = {(stage, key): read_json(record_file(study, stage, key)) for stage, key in keys}
    times = [entry for record in records.values() for entry in record["time"]]
    write_json(
        study.run_folder(run) / "run.json",
        {
            "run_id": run.run_id,
            "scale": study.name,
            "parent": run.encoder_id,
            "arm": {
                "strategy": run.strategy,
                "intermediate_task": run.intermediate_task,
                "language_set": run.language_set,
            },
            "seeds": {"world": run.world_seed, "encoder": run.encoder_seed, "run": run.seed},
            "parameters": {section: dict(knobs) for section, knobs in study.parameters.items()},
            "stages": [
                {
                    "stage": stage,
                    "task": key.removeprefix(run.run_id).removeprefix("--") or run.intermediate_task,
                    "hash": record["hash"],
                    "parameters": record["inputs"]["parameters"],
                    "files": {path: row["sha256"] for path, row in record["outputs"].items()},
                    "tokens": sum(entry["tokens"] for entry in record["time"]),
                    "wall_s": round(sum(entry["wall_s"] for entry in record["time"]), 3),
                    "cpu_s": round(sum(entry["cpu_s"] for entry in record["time"]), 3),
                }
                for (stage, key), record in records.items()
            ],
            "hashes": {
                "input": fingerprint([record["hash"] for record in records.values()]),
                "code": fingerprint([record["inputs"]["code"] for record in records.values()]),
                "data": contents(study, "world", f"w{run.world_seed}"),
                "encoder": contents(study, "encoder", run.encoder_id),
            },
            "versions": {"python": platform.python_version(), **versions(*LIBRARIES)},
            "hardware": {"machine": platform.machine(), "system": platform.system(), "cores": os.cpu_count()},
            "wall_s": round(sum(entry["wall_s"] for entry in times), 3),
            "cpu_s": round(sum(entry["cpu_s"] for entry in times), 3),
        },
    )
