"""The stages of the study, one function each; a stage first calls the stages it needs.

What is finished is skipped, so a chapter may call any of them, alone or in order. The rooms that do the work
are imported inside the functions: reading scores must not wait for torch.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from polystilts import account
from polystilts.errors import StudyError
from polystilts.files import write_table
from polystilts.languages import LANGUAGES
from polystilts.pipeline.cells import code_hash, contents, finish, versions
from polystilts.pipeline.development import development_rows, keep_development
from polystilts.pipeline.inputs import (
    asked_languages,
    checkpoint,
    encoder_parameters,
    examiner,
    finetune_parameters,
    has_intermediate,
    intermediate_data,
    intermediate_parameters,
    kinds_seen,
    labels_file,
    languages_seen,
    predict_parameters,
    start_contents,
    start_folder,
    training_data,
    world_parameters,
    world_seeds,
)
from polystilts.pipeline.real_data import data_root, prepare_real, require_real, take_encoders
from polystilts.pipeline.records import keep_run_record
from polystilts.pipeline.study import Run, Study
from polystilts.tasks import TASKS, Task

TORCH = ("numpy", "tokenizers", "torch", "transformers")  # what training and prediction depend on


def prepare_data(study: Study) -> None:
    """Generate the worlds of the study: text, examples and lexicons in every language."""
    from polystilts.sources.world import write_world

    require_world(study)
    if study.scale.shared["source"] != "world":
        prepare_real(study)
        return
    parameters = world_parameters(study)
    for seed in world_seeds(study):
        finish(
            study, "world", f"w{seed}",
            {
                "parameters": parameters,
                "languages": [asdict(LANGUAGES[code]) for code in parameters["languages"]],
                "world_seed": seed,
                "code": code_hash("polystilts.sources.world"),
                "versions": versions("numpy"),
            },
            lambda draft, seed=seed: write_world(draft, seed, **parameters),
            study.world_folder(seed), "data",
        )  # fmt: skip


def make_encoders(study: Study) -> None:
    """Pretrain the encoders that the runs start from, each on the text of its own world."""
    prepare_data(study)
    if not study.scale["pretraining"]["updates"]:
        take_encoders(study)
        return
    parameters = encoder_parameters(study)
    for run in {run.encoder_id: run for run in study.runs}.values():

        def work(draft: Path, run: Run = run) -> None:
            from polystilts.models.pretraining import make_encoder

            make_encoder(draft, study.world_folder(run.world_seed) / "corpus", parameters, run.encoder_seed)

        finish(
            study, "encoder", run.encoder_id,
            {
                "parameters": parameters,
                "encoder_seed": run.encoder_seed,
                "data": contents(study, "world", f"w{run.world_seed}", "corpus/"),
                "code": code_hash("polystilts.models.pretraining"),
                "versions": versions("sentencepiece", *TORCH),
            },
            work, study.encoder_folder(run), "train",
        )  # fmt: skip


def train_intermediates(study: Study, runs: Sequence[Run]) -> None:
    """Train each run on its intermediate task; runs of the baseline have nothing to do here."""
    make_encoders(study)
    parameters = intermediate_parameters(study)
    for run in runs:
        if not has_intermediate(run):
            continue

        def work(draft: Path, run: Run = run) -> None:
            from polystilts.training.stages import train_intermediate

            examples = study.world_folder(run.world_seed) / "examples"
            train_intermediate(draft, run, study.encoder_folder(run), examples, parameters)
            examine_checkpoint(study, draft, run.intermediate_task, examples, parameters)

        finish(
            study, "intermediate", run.run_id,
            {
                "run": run.run_id,
                "parameters": parameters,
                "encoder": contents(study, "encoder", run.encoder_id),
                "data": contents(study, "world", f"w{run.world_seed}", *intermediate_data(run)),
                "code": code_hash("polystilts.training.stages", *examiner(study)),
                "versions": versions(*TORCH),
            },
            work, checkpoint(study, run, "intermediate"), "train", run.run_id,
        )  # fmt: skip


def with_others(study: Study, runs: Sequence[Run], needed: str) -> Iterator[Run]:
    """These runs, then those of other batches from the last backwards: whoever is done early helps.

    Only where all batches share one machine, for one that waits in a queue brings time of its own; and only
    once every batch of the chapter that is `needed` is done.
    """
    yield from runs
    jobs = range(1, min(study.scale.shared["batches"], len(study.runs)) + 1)
    done = all((study.folder / ".done" / f"{needed}.{number}.json").exists() for number in jobs)
    if done and os.environ.get("POLYSTILTS_TOGETHER"):
        yield from (run for run in study.runs[::-1] if run not in runs)


def finetune_targets(study: Study, runs: Sequence[Run]) -> None:
    """Tune each run on source-language rows; targets that share rows share a checkpoint."""
    train_intermediates(study, runs)
    for run in with_others(study, runs, "04_intermediate_training"):
        for task in study.training_tasks_of(run):
            parameters = finetune_parameters(study, run, task)

            def work(draft: Path, run: Run = run, task: str = task, parameters: dict = parameters) -> None:
                from polystilts.training.stages import finetune_target

                examples = study.world_folder(run.world_seed) / "examples"
                finetune_target(draft, run, task, start_folder(study, run), examples, parameters)
                examine_checkpoint(study, draft, task, examples, parameters)

            finish(
                study, "finetune", f"{run.run_id}--{task}",
                {
                    "run": run.run_id,
                    "task": task,
                    "parameters": parameters,
                    "start": start_contents(study, run),
                    "data": contents(study, "world", f"w{run.world_seed}", *training_data(task)),
                    "code": code_hash("polystilts.training.stages", *examiner(study)),
                    "versions": versions(*TORCH),
                },
                work, checkpoint(study, run, task), "train", run.run_id,
            )  # fmt: skip


def predict_targets(study: Study, runs: Sequence[Run]) -> None:
    """Let each run answer its target tasks in every language it is asked in."""
    finetune_targets(study, runs)
    parameters = predict_parameters(study)
    for run in with_others(study, runs, "05_target_finetuning"):
        fresh = []
        for target in study.targets_of(run):
            task = TASKS[target].training_task
            tuned = task != "none"
            reader = checkpoint(study, run, task) if tuned else start_folder(study, run)

            def work(draft: Path, run: Run = run, target: str = target, reader: Path = reader) -> None:
                from polystilts.evaluation.predict import predict_target

                examples = study.world_folder(run.world_seed) / "examples"
                languages = asked_languages(study, run.world_seed, target)
                predict_target(draft, run, target, reader, examples, languages, parameters)

            fresh.append(finish(
                study, "predict", f"{run.run_id}--{target}",
                {
                    "run": run.run_id,
                    "target_task": target,
                    "parameters": parameters,
                    "checkpoint": contents(study, "finetune", f"{run.run_id}--{task}")
                    if tuned else start_contents(study, run),
                    "data": contents(study, "world", f"w{run.world_seed}", f"examples/{target}/"),
                    "code": code_hash("polystilts.evaluation.predict"),
                    "versions": versions(*TORCH),
                },
                work, study.run_folder(run) / "predictions" / f"{target}.parquet", "predict", run.run_id,
            ))  # fmt: skip
        keep_run_record(study, run, fresh=any(fresh))


def collect_scores(study: Study) -> None:
    """Mark all predictions and write `tables/scores.csv`, and what each run cost beside it."""
    from polystilts.evaluation.scores import write_scores
    from polystilts.pipeline.census import write_budget

    # From the last run backwards: another job may be working forwards on the runs it was given.
    predict_targets(study, study.runs[::-1])
    keep_development(study)
    write_scores(study.folder / "tables" / "scores.csv", mark_runs(study, study.runs))
    write_budget(study)


def mark_runs(study: Study, runs: Sequence[Run]) -> list[Any]:
    """Mark the predictions of some runs; what they score is returned, and written nowhere."""
    import pandas as pd

    from polystilts.evaluation.guesses import guess_rows, guesses
    from polystilts.evaluation.scores import score_run

    write_labels(study)
    source, tables = study.scale.shared["source_language"], []
    with account.spend("statistics"):
        asked = [(seed, name) for seed in {run.world_seed for run in runs} for name in study.target_tasks]
        labels = {key: pd.read_parquet(labels_file(study, *key)) for key in asked}
        pools = {key: candidates_of(study, *key) for key in asked if has_more_candidates(study, key[1])}
        asked_of_none = {run.world_seed for run in runs if run.strategy == "none"}
        guessed = {key: guesses(TASKS[key[1]], labels[key], pools.get(key))
                   for key in asked if key[0] in asked_of_none}  # fmt: skip
        for run in runs:
            seen = {
                "intermediate_kinds": kinds_seen(run), "labelled_languages": languages_seen(study, run),
            }  # fmt: skip
            for target in study.targets_of(run):
                predictions = pd.read_parquet(study.run_folder(run) / "predictions" / f"{target}.parquet")
                key = run.world_seed, target
                scored = score_run(
                    run, study.name, TASKS[target], predictions, labels[key], source_language=source, **seen
                )
                tables.append(scored)
                if run.strategy == "none" and guessed[key]:
                    tables.append(guess_rows(scored, guessed[key]))
            tables += development_rows(study, run)
    return tables


def has_more_candidates(study: Study, target: str) -> bool:
    """Whether a target's questions are fewer than what may answer them: real rankings are asked for some."""
    task = TASKS[target]
    ranks = task.kind == "retrieval" and task.metric != "bucc_f1"  # which mines pairs
    return ranks and study.scale.shared["source"] != "world"


def candidates_of(study: Study, world_seed: int, target: str) -> dict[str, int]:
    """How many candidates a question in each language may be answered with."""
    import pandas as pd

    from polystilts.evaluation.guesses import candidate_counts

    folder = study.world_folder(world_seed) / "examples" / target
    frames = {
        code: pd.read_parquet(folder / f"test-{code}.parquet")
        for code in asked_languages(study, world_seed, target)
    }
    entities = folder / "entities-test.parquet"
    return candidate_counts(
        TASKS[target], frames, len(pd.read_parquet(entities)) if entities.is_file() else 0
    )


def write_labels(study: Study) -> None:
    """Keep what is needed to score again, without any text, for every world and target."""
    import pandas as pd

    from polystilts.evaluation.labels import gold_labels

    for seed in world_seeds(study):
        for target in study.target_tasks:

            def work(draft: Path, seed: int = seed, target: str = target) -> None:
                folder = study.world_folder(seed) / "examples" / target
                languages = asked_languages(study, seed, target)
                frames = {code: pd.read_parquet(folder / f"test-{code}.parquet") for code in languages}
                write_table(draft, gold_labels(TASKS[target], frames))

            finish(
                study, "labels", f"w{seed}--{target}",
                {
                    "data": contents(study, "world", f"w{seed}", f"examples/{target}/"),
                    "code": code_hash("polystilts.evaluation.labels"),
                },
                work, labels_file(study, seed, target), "io",
            )  # fmt: skip


def write_shortcuts(study: Study) -> None:
    """What guessing without understanding scores on each target, in the source language.

    Left as `tables/shortcuts.csv`. Retrieval, where likeness of texts is the task itself, has no row there.
    """
    import pandas as pd

    prepare_data(study)
    source, tables = study.scale.shared["source_language"], []
    for seed in world_seeds(study):
        for target in study.target_tasks:
            task = TASKS[target]
            if task.kind == "retrieval" or source not in asked_languages(study, seed, target):
                continue
            file = study.folder / ".done" / "shortcuts" / f"w{seed}--{target}.csv"

            def work(draft: Path, seed: int = seed, task: Task = task) -> None:
                from polystilts.evaluation.shortcuts import shortcut_scores

                examples = study.world_folder(seed) / "examples"
                train = pd.read_parquet(examples / task.training_task / f"train-{source}.parquet")
                test = pd.read_parquet(examples / task.name / f"test-{source}.parquet")
                found = shortcut_scores(task, train, test)
                found.insert(0, "target_task", task.name)
                found.insert(0, "world_seed", seed)
                write_table(draft, found)

            finish(
                study, "shortcuts", f"w{seed}--{target}",
                {
                    "train": contents(study, "world", f"w{seed}", f"examples/{task.training_task}/"),
                    "test": contents(study, "world", f"w{seed}", f"examples/{target}/"),
                    "code": code_hash("polystilts.evaluation.shortcuts"),
                    "versions": versions("scikit-learn"),
                },
                work, file, "statistics",
            )  # fmt: skip
            tables.append(pd.read_csv(file))
    none = pd.DataFrame(columns=["world_seed", "target_task", "baseline", "metric", "value", "n"])
    found = pd.concat(tables, ignore_index=True) if tables else none
    write_table(study.folder / "tables" / "shortcuts.csv", found)


def analyse(study: Study) -> None:
    """Turn scores into gains, claims and the summary; needs no training, only `tables/scores.csv`."""
    from polystilts.evidence.conclude import conclude

    if not (study.folder / "tables" / "scores.csv").exists():
        raise StudyError(
            f"{study.folder / 'tables' / 'scores.csv'} is missing; run 06_zero_shot_transfer, "
            f"or `python -m polystilts run --scale {study.scale.name}`"
        )
    tell_labels(study)
    with account.spend("statistics"):
        conclude(study.folder, study.parameters)


def tell_labels(study: Study) -> None:
    """Lay the labels of real data beside scores that do not say what guessing reaches, if data are at hand.

    Labels of questions hold texts that are not passed on, so published scores come without them.
    """
    from polystilts.evaluation.guesses import without_guess
    from polystilts.statistics.tables import read_table

    at_hand = study.scale.shared["source"] != "world" and data_root() is not None
    if at_hand and len(without_guess(read_table(study.folder / "tables" / "scores.csv"))):
        prepare_data(study)
        write_labels(study)


def require_world(study: Study) -> None:
    """Refuse a scale whose examples cannot be had: real data that are not there, arms without rows."""
    if study.scale.shared["source"] != "world":
        require_real(study)


def examine_checkpoint(study: Study, folder: Path, task: str, examples: Path, parameters: dict) -> None:
    """Mark a fresh checkpoint on the development rows of its own task; retrieval has no such measure."""
    if task and examiner(study) and TASKS[task].kind != "retrieval":
        from polystilts.evaluation.predict import examine

        examine(folder, task, examples, parameters)
