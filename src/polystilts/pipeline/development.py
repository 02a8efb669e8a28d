"""What intermediate checkpoints reach on development rows of their own task: was it learned at all?

The predictions behind these scores are published like any other, so that the words *learned* and *not
learned* can be checked without training: `predictions/dev-TASK.parquet` of a run, beside
`labels/wN/dev-TASK.parquet`.
"""

from typing import Any

from polystilts.files import read_json, write_bytes, write_table
from polystilts.pipeline.inputs import checkpoint, has_intermediate, labels_file
from polystilts.pipeline.study import Run, Study
from polystilts.tasks import TASKS

PREFIX = "dev-"


def keep_development(study: Study) -> None:
    """Publish the development predictions of all intermediate checkpoints, and the right answers to them."""
    import pandas as pd

    from polystilts.evaluation.labels import gold_labels

    source = study.scale.shared["source_language"]
    for run in study.runs:
        file = checkpoint(study, run, "intermediate") / "dev.parquet"
        if not has_intermediate(run) or not file.is_file():
            continue
        task, name = TASKS[run.intermediate_task], f"{PREFIX}{run.intermediate_task}"
        kept = study.run_folder(run) / "predictions" / f"{name}.parquet"
        if not kept.is_file() or kept.read_bytes() != file.read_bytes():
            write_bytes(kept, file.read_bytes())
        labels = labels_file(study, run.world_seed, name)
        if not labels.is_file():
            rows = study.world_folder(run.world_seed) / "examples" / task.name / f"dev-{source}.parquet"
            write_table(labels, gold_labels(task, {source: pd.read_parquet(rows)}))


def development_rows(study: Study, run: Run) -> list[Any]:
    """The score of an intermediate checkpoint on its own task's development rows: was it learned at all?"""
    import pandas as pd

    file = checkpoint(study, run, "intermediate") / "dev.json"
    if not has_intermediate(run) or not file.exists():
        return []
    task, found = TASKS[run.intermediate_task], read_json(file)
    row = {
        "scale": study.name,
        "run_id": run.run_id,
        "world_seed": run.world_seed,
        "encoder": run.encoder,
        "encoder_seed": run.encoder_seed,
        "strategy": run.strategy,
        "intermediate_task": run.intermediate_task,
        "language_set": run.language_set or "-",
        "seed": run.seed,
        "finetune_task": task.name,
        "target_task": task.name,
        "task_kind": task.kind,
        "language": study.scale.shared["source_language"],
        "exposure": "same-task",
        "split": "dev",
        "variant": "",
        "n": found["n"],
    }
    reached = row | {"metric": found["metric"], "value": found["value"]}
    guessed = row | {"metric": "majority", "value": found["majority"]}  # the same answer for everybody
    return [pd.DataFrame([reached, guessed])]
