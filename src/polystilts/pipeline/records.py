"""The record of a run: what it was made from, by what, and how long it took."""

import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from polystilts.files import fingerprint, read_json, write_json
from polystilts.pipeline.cells import code_hash, contents, is_survey, record_file, versions
from polystilts.pipeline.inputs import checkpoint, has_intermediate
from polystilts.pipeline.study import Run, Study
from polystilts.tasks import shut_out

WORK = ("run_id", "scale", "parent", "arm", "seeds", "hashes", "code")  # what a record tells of the work
LIBRARIES = ("numpy", "pandas", "sentencepiece", "tokenizers", "torch", "transformers")


def parameters_of(study: Study, run: Run) -> dict[str, dict[str, Any]]:
    """Every knob, by section, with the targets that the run itself is asked."""
    told = {section: dict(knobs) for section, knobs in study.parameters.items()}
    targets = told["shared"]["target_tasks"]
    told["shared"]["target_tasks"] = [name for name in targets if not shut_out(run.intermediate_task, name)]
    return told


def keep_run_record(study: Study, run: Run, fresh: bool) -> None:
    """Write `run.json` after fresh work, or where it is lost, cut short, or of other work than was done."""
    if not is_survey() and (fresh or not is_recorded(study, run)):
        write_json(study.run_folder(run) / "run.json", run_record(study, run))


def is_predicted(study: Study, run: Run) -> bool:
    """Whether a run has answered all its targets."""
    return all(record_file(study, "predict", f"{run.run_id}--{target}").exists()
               for target in study.targets_of(run))  # fmt: skip


def is_recorded(study: Study, run: Run) -> bool:
    """Whether `run.json` is there and tells of the work that was done; where and with what is not asked.

    Nor is what the trainings read, which is known only while their checkpoints are there.
    """
    file = study.run_folder(run) / "run.json"
    try:
        kept, found = read_json(file), run_record(study, run)
        stages = [[{**stage, "read": []} for stage in record["stages"]] for record in (kept, found)]
        return stages[0] == stages[1] and all(kept[key] == found[key] for key in WORK)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def cells_of_run(study: Study, run: Run) -> list[tuple[str, str]]:
    """The pieces of work of a run, by stage and key."""
    keys = [("intermediate", run.run_id)] if has_intermediate(run) else []
    keys += [("finetune", f"{run.run_id}--{task}") for task in study.training_tasks_of(run)]
    return keys + [("predict", f"{run.run_id}--{target}") for target in study.targets_of(run)]


def run_record(study: Study, run: Run) -> dict[str, Any]:
    """What a run was made from, by what, and how long it took."""
    cells = cells_of_run(study, run)
    records = {(stage, key): read_json(record_file(study, stage, key)) for stage, key in cells}
    times = [entry for record in records.values() for entry in record["time"]]
    return {
        "run_id": run.run_id,
        "scale": study.name,
        "parent": run.encoder_id,
        "arm": {
            "strategy": run.strategy,
            "intermediate_task": run.intermediate_task,
            "language_set": run.language_set,
        },
        "seeds": {"world": run.world_seed, "encoder": run.encoder_seed, "run": run.seed},
        "parameters": parameters_of(study, run),
        "stages": [
            {
                "stage": stage,
                "task": key.removeprefix(run.run_id).removeprefix("--") or run.intermediate_task,
                "hash": record["hash"],
                "parameters": record["inputs"]["parameters"],
                "code": record["inputs"]["code"],
                "read": read_in(study, run, stage, key),
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
        "code": {
            stage: read_json(record_file(study, stage, key))["inputs"]["code"]
            for stage, key in (("world", f"w{run.world_seed}"), ("encoder", run.encoder_id))
        },
        "hardware": hardware(),
        "wall_s": round(sum(entry["wall_s"] for entry in times), 3),
        "cpu_s": round(sum(entry["cpu_s"] for entry in times), 3),
    }


def read_in(study: Study, run: Run, stage: str, key: str) -> list[dict]:
    """The rows and lines that a training stage has read, by language; other stages read no labels."""
    folder = checkpoint(study, run, "intermediate" if stage == "intermediate" else key.rpartition("--")[2])
    file = folder / "read.json"
    return read_json(file) if stage in ("intermediate", "finetune") and file.is_file() else []


def hardware() -> dict[str, Any]:
    """What a result may depend on beside code and data: equal hardware and threads give equal bytes."""
    cpu = Path("/proc/cpuinfo")
    lines = cpu.read_text(encoding="utf-8").splitlines() if cpu.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "machine": platform.machine(),
        "system": platform.system(),
        "processor": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "threads": int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1),
    }


def code_now(parameters: Mapping[str, Any]) -> dict[str, str]:
    """The fingerprint of the code of each stage as it is today; what differs from a run's record is stale."""
    examiner = ("polystilts.evaluation.predict",) if parameters["zero_shot_transfer"]["dev"] else ()
    training = code_hash("polystilts.training.stages", *examiner)
    invented, made = parameters["shared"]["source"] == "world", parameters["pretraining"]["updates"]
    return {
        "world": code_hash("polystilts.sources.world" if invented else "polystilts.sources.real"),
        "encoder": code_hash("polystilts.models.pretraining" if made else "polystilts.models.ready"),
        "intermediate": training,
        "finetune": training,
        "predict": code_hash("polystilts.evaluation.predict"),
    }
