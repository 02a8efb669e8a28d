"""What each piece of work is told, reads, and starts from.

Only what a piece of work depends on is named here, so that nothing else makes it start again: another seed
does not train the old ones anew, and another target does not touch the intermediate stage.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from polystilts.languages import LANGUAGES
from polystilts.pipeline.cells import contents
from polystilts.pipeline.study import Run, Study
from polystilts.sources.arms import arm_languages
from polystilts.tasks import INTERMEDIATE_TASKS, STRATEGIES, TASKS, Arm, parse_arm
from polystilts.training.presets import target_knobs


def world_parameters(study: Study) -> dict[str, Any]:
    """What a world depends on: the arguments of `write_world`."""
    shared, knobs = study.scale.shared, study.scale["data_preparation"]
    arms = [parse_arm(text) for text in shared["arms"]]
    targets = {*shared["target_tasks"], *(TASKS[name].training_task for name in shared["target_tasks"])}
    used = targets.union(*(intermediate_tasks(arm) for arm in arms))
    return {
        "languages": shared["languages"],
        "source_language": shared["source_language"],
        "tasks": [name for name in TASKS if name in used],
        "rows": knobs["rows"],
        "documents_by_resource": knobs["documents"],
        "translation_noise": knobs["translation_noise"],
        "lexicon_coverage": knobs["lexicon_coverage"],
        "native": any(arm.strategy == "native" for arm in arms),
        "tested_only": shared["tested_only"],
    }


def real_parameters(study: Study) -> dict[str, Any]:
    """What real data depend on beside the files: the arguments of `write_real`, in plain values."""
    same = world_parameters(study)
    names = ("languages", "source_language", "tasks", "rows", "documents_by_resource", "lexicon_coverage",
             "tested_only")  # fmt: skip
    arms = [name for name in study.scale.shared["arms"] if parse_arm(name).language_set]
    return {name: same[name] for name in names} | {
        "low_resource": study.scale.shared["low_resource"], "arms": sorted(arms),
    }  # fmt: skip


def asked_languages(study: Study, world_seed: int, target: str) -> list[str]:
    """The languages of the study that a target is asked in: in real data, those that have a test."""
    folder = study.world_folder(world_seed) / "examples" / target
    return [code for code in study.scale.shared["languages"] if (folder / f"test-{code}.parquet").is_file()]


def encoder_parameters(study: Study) -> dict[str, Any]:
    """What an encoder depends on, beside its text."""
    return {**study.scale["pretraining"], "pieces": study.scale["data_preparation"]["pieces"]}


def intermediate_parameters(study: Study) -> dict[str, Any]:
    """What intermediate training depends on, beside its run, its encoder and its rows."""
    knobs = study.scale["data_preparation"]
    return {
        "shared": {
            "source_language": study.scale.shared["source_language"],
            "languages": taught_languages(study),
        },
        "data_preparation": {
            "rows": {"intermediate": knobs["rows"]["intermediate"]},
            "translation_noise": knobs["translation_noise"],
            "lexicon_coverage": knobs["lexicon_coverage"],
        },
        "intermediate_training": study.scale["intermediate_training"],
    }


def finetune_parameters(study: Study, run: Run, task: str) -> dict[str, Any]:
    """What target training depends on; `none-long` is lengthened by what others spend on their first task."""
    target = study.scale["target_finetuning"]
    longer = {"intermediate_training": study.scale["intermediate_training"]}
    return {
        "shared": {"source_language": study.scale.shared["source_language"]},
        "target_finetuning": target_knobs(target, task),
        **(longer if run.strategy == "none-long" else {}),
    }


def predict_parameters(study: Study) -> dict[str, Any]:
    """What prediction depends on, beside its checkpoint and its items."""
    return {
        "shared": {knob: study.scale.shared[knob] for knob in ("source_language", "languages")},
        "zero_shot_transfer": study.scale["zero_shot_transfer"],
    }


def world_seeds(study: Study) -> list[int]:
    """The worlds that the runs of a study live in."""
    return sorted({run.world_seed for run in study.runs})


def has_intermediate(run: Run) -> bool:
    """Whether anything happens to the encoder of a run before its target tasks."""
    strategy = STRATEGIES[run.strategy]
    return strategy.labelled or strategy.masked_lm or strategy.forgets


def intermediate_tasks(run: Run | Arm) -> list[str]:
    """The tasks whose labelled rows a run practises on first."""
    if not STRATEGIES[run.strategy].labelled:
        return []
    return [run.intermediate_task] if run.intermediate_task else [task.name for task in INTERMEDIATE_TASKS]


def taught_languages(study: Study) -> list[str]:
    """The languages that text and practice may be in: all but those that are only tested."""
    shared = study.scale.shared
    return [code for code in shared["languages"] if code not in shared["tested_only"]]


def training_data(task: str) -> tuple[str, ...]:
    """The parts of a world that target training reads: no test is among them."""
    return tuple(f"examples/{task}/{name}" for name in ("train-", "dev-", "entities-train"))


def intermediate_data(run: Run) -> tuple[str, ...]:
    """The parts of a world that intermediate training may read: its tasks' rows, and all that is not rows."""
    return (*(f"examples/{task}/" for task in intermediate_tasks(run)), "corpus/", "lexicons/")


def kinds_seen(run: Run) -> list[str]:
    """The task kinds that a run has practised before its target tasks."""
    return sorted({TASKS[name].kind for name in intermediate_tasks(run)})


def languages_seen(study: Study, run: Run) -> list[str]:
    """The languages in which a run saw labelled rows before its target tasks."""
    if not STRATEGIES[run.strategy].labelled:
        return []
    shared, examples = study.scale.shared, study.world_folder(run.world_seed) / "examples"
    if shared["source"] == "world":  # where every language has everything, made or not yet made
        ours = [code for code in taught_languages(study) if code != shared["source_language"]]
        in_set = [
            code for code in ours if run.language_set and LANGUAGES[code].language_set == run.language_set
        ]
        return [shared["source_language"], *in_set]
    arms = [Arm(run.strategy, task, run.language_set) for task in intermediate_tasks(run)]
    single = [replace(arm, strategy="translated") if not run.intermediate_task else arm for arm in arms]
    found = [arm_languages(examples, arm, shared["languages"], shared["source_language"]) for arm in single]
    others = {code for codes in found for code in codes}
    return [shared["source_language"], *(code for code in shared["languages"] if code in others)]


def examiner(study: Study) -> tuple[str, ...]:
    """The code that marks a checkpoint on development rows, where the scale asks for it."""
    return ("polystilts.evaluation.predict",) if study.scale["zero_shot_transfer"]["dev"] else ()


def labels_file(study: Study, world_seed: int, target: str) -> Path:
    """Where the right answers of one world's test items lie, without their text."""
    return study.folder / "labels" / f"w{world_seed}" / f"{target}.parquet"


def checkpoint(study: Study, run: Run, task: str) -> Path:
    """Where a trained encoder of a run lies; never in git."""
    return study.run_folder(run) / "checkpoints" / task


def start_folder(study: Study, run: Run) -> Path:
    """What target training starts from: the intermediate checkpoint, or the encoder as it was pretrained."""
    return checkpoint(study, run, "intermediate") if has_intermediate(run) else study.encoder_folder(run)


def start_contents(study: Study, run: Run) -> str:
    """A fingerprint of what target training starts from."""
    if has_intermediate(run):
        return contents(study, "intermediate", run.run_id)
    return contents(study, "encoder", run.encoder_id)
