"""The study without notebooks: the work of each chapter as plain calls.

For machines that have torch and transformers but no kernel, engine or plotting. The work, its cells and its
tables are the same to the byte; only the pages are missing, and `make study` adds them anywhere else.
"""

from collections.abc import Callable

from polystilts.pipeline import stages
from polystilts.pipeline.chapters import Job
from polystilts.pipeline.study import Run, Study, share


def describe_languages(study: Study, runs: list[Run]) -> None:
    """The table of languages; it alone needs pandas before there are scores."""
    from polystilts.pipeline import census

    census.describe_languages(study)


# The work of each chapter on its share of the runs; chapters that only tell have none.
WORK: dict[str, Callable[[Study, list[Run]], object]] = {
    "01_languages": describe_languages,
    "02_data_preparation": lambda study, runs: stages.write_shortcuts(study),
    "03_pretraining": lambda study, runs: stages.make_encoders(study),
    "04_intermediate_training": stages.train_intermediates,
    "05_target_finetuning": stages.finetune_targets,
    "06_zero_shot_transfer": stages.predict_targets,
    "07_xtreme_r_analysis": lambda study, runs: stages.analyse(study),
}


def work_of(study: Study, job: Job) -> None:
    """Do the work of one job; the first batch of the last training chapter also collects all scores."""
    if job.chapter.name in WORK:
        WORK[job.chapter.name](study, share(study, study.runs, job.batch))
    if "tables/scores.csv" in job.chapter.writes and job.number == 1:
        stages.collect_scores(study)
