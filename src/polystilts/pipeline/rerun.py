"""One piece of a run again, from its record alone: its world, its training, or its predictions.

    python -m polystilts.pipeline.rerun RUN_JSON world --into FOLDER
    python -m polystilts.pipeline.rerun RUN_JSON train --target TASK --world DIR --encoder DIR --into DIR

and `predict` after `train`, with the same words; `encoder`, with `--world` and `--into`, pretrains again.

This is how the gate repeats what a study did. Nothing of the study is read but what the command names, so a
caller decides what a training may see by what it puts into the world's folder.
"""

import argparse
import sys
from pathlib import Path

from polystilts.errors import StudyError, WrongUse
from polystilts.files import read_json
from polystilts.pipeline.inputs import (
    encoder_parameters,
    finetune_parameters,
    has_intermediate,
    intermediate_parameters,
    predict_parameters,
    world_parameters,
)
from polystilts.pipeline.params import Scale
from polystilts.pipeline.stages import examine_checkpoint
from polystilts.pipeline.study import Run, Study, study_of
from polystilts.tasks import TASKS


def from_record(record: dict) -> tuple[Study, Run]:
    """The study and the run that a `run.json` describes."""
    name, _, tag = record["scale"].partition("+")
    study = study_of(Scale(name, record["parameters"]), tag)
    for run in study.runs:
        if run.run_id == record["run_id"]:
            return study, run
    raise WrongUse(f"{record['run_id']} is not a run of its own parameters; its record was changed")


def make_world(study: Study, run: Run, into: Path) -> None:
    """Generate the world of a run."""
    from polystilts.sources.world import write_world

    if study.scale.shared["source"] != "world":
        raise WrongUse(
            f"{study.name} takes its examples from elsewhere; only a generated world can be made again"
        )
    write_world(into, run.world_seed, **world_parameters(study))


def train(study: Study, run: Run, target: str, world: Path, encoder: Path, into: Path) -> None:
    """Train what the predictions of a target need: the intermediate stage, then the target task."""
    from polystilts.training.stages import finetune_target, train_intermediate

    start, task = encoder, TASKS[target].training_task
    if has_intermediate(run):
        start = into / "intermediate"
        train_intermediate(start, run, encoder, world / "examples", intermediate_parameters(study))
    if task != "none":
        parameters = finetune_parameters(study, run, task)
        finetune_target(into / "target", run, task, start, world / "examples", parameters)


def predict(study: Study, run: Run, target: str, world: Path, encoder: Path, into: Path) -> None:
    """Answer a target with what `train` left, or with the encoder itself; leaves `predictions.parquet`."""
    from polystilts.evaluation.predict import predict_target

    tuned, practised = into / "target", into / "intermediate"
    reader = (
        tuned if TASKS[target].training_task != "none" else practised if has_intermediate(run) else encoder
    )
    asked = world / "examples" / target  # real data have no test of some targets in some languages
    every = study.scale.shared["languages"]
    languages = [code for code in every if (asked / f"test-{code}.parquet").is_file()] or every
    file, parameters = into / "predictions.parquet", predict_parameters(study)
    predict_target(file, run, target, reader, world / "examples", languages, parameters)
    practised_rows = world / "examples" / str(run.intermediate_task)
    if has_intermediate(run) and any(practised_rows.glob("dev-*")):  # was the intermediate task learned?
        examine_checkpoint(study, practised, run.intermediate_task, world / "examples",
                           intermediate_parameters(study))  # fmt: skip


def pretrain(study: Study, run: Run, world: Path, into: Path) -> None:
    """Pretrain the encoder of a run again."""
    from polystilts.models.pretraining import make_encoder

    make_encoder(into, world / "corpus", encoder_parameters(study), run.encoder_seed)


def main(arguments: list[str] | None = None) -> int:
    """Do one piece again."""
    parser = argparse.ArgumentParser(prog="python -m polystilts.pipeline.rerun", description=main.__doc__)
    parser.add_argument("record", type=Path)
    parser.add_argument("piece", choices=["world", "encoder", "train", "predict"])
    parser.add_argument("--target", choices=list(TASKS))
    parser.add_argument("--world", type=Path)
    parser.add_argument("--encoder", type=Path)
    parser.add_argument("--into", type=Path, required=True)
    asked = parser.parse_args(arguments)
    try:
        study, run = from_record(read_json(asked.record))
        if asked.piece == "world":
            make_world(study, run, asked.into)
        elif asked.piece == "encoder":
            pretrain(study, run, asked.world, asked.into)
        else:
            piece = train if asked.piece == "train" else predict
            piece(study, run, asked.target, asked.world, asked.encoder, asked.into)
    except StudyError as error:
        print(f"polystilts: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
