"""The two stages of a run: practise on an intermediate task, then learn the target in the source language.

Both leave a folder with a whole model (`save_pretrained`), or what changed of it where a part is frozen;
`curve.csv`, `budget.json` and `read.json`: which rows and lines were read, by language. Whatever starts from
such a folder takes its backbone and nothing else.
A stage of more than a few minutes keeps a resume point beside its folder until it has ended.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from transformers import PreTrainedModel

from polystilts import account
from polystilts.files import whole_folder, write_json, write_table
from polystilts.models.encoder import freeze, limit_input, longest_input, random_encoder, set_dropout
from polystilts.models.heads import load_masked_lm, share_backbone, with_fresh_head
from polystilts.models.parents import frozen_names, save_changed
from polystilts.models.pretraining import read_corpus
from polystilts.models.resume import forget
from polystilts.models.tokens import copy_tokenizer, encode_lines, load_tokenizer
from polystilts.sources.arms import arm_rows
from polystilts.tasks import STRATEGIES, TASKS, Arm, Task
from polystilts.training.features import LONGEST, Features, read_examples
from polystilts.training.kept import kept_features
from polystilts.training.lessons import Budget, Lesson, MaskedLesson
from polystilts.training.loop import train
from polystilts.training.presets import target_knobs
from polystilts.training.recipe import Recipe

UNCHANGED = ("none", "none-long")  # these hand the encoder over as it is


def source_language(parameters: Mapping) -> str:
    """The language in which tasks are taught."""
    return parameters.get("shared", {}).get("source_language", "en")


def intermediate_recipe(parameters: Mapping) -> Recipe:
    """The recipe of the intermediate stage, the same for every arm."""
    return Recipe.from_parameters(parameters["intermediate_training"])


def target_recipe(target_task: str, strategy: str, parameters: Mapping) -> Recipe:
    """The recipe of a target task; `none-long` is given the intermediate stage's updates on top."""
    knobs = target_knobs(parameters["target_finetuning"], TASKS[target_task].training_task)
    recipe = Recipe.from_parameters(knobs)
    if strategy == "none-long":
        return recipe.lengthened(intermediate_recipe(parameters).updates)
    return recipe


def train_intermediate(
    folder: str | Path, run, encoder_folder: str | Path, examples_folder: str | Path, parameters: Mapping
) -> Path:
    """Practise as the arm of this run says; afterwards the folder is where target training starts.

    Arms without intermediate training need no folder: their target training starts from the encoder itself,
    whose path is returned.
    """
    if run.strategy in UNCHANGED:
        return Path(encoder_folder)
    if STRATEGIES[run.strategy].forgets:
        return _forget(Path(folder), encoder_folder, run)
    recipe = intermediate_recipe(parameters)
    strategy = STRATEGIES[run.strategy]
    with account.spend("train", run.run_id) as entry, whole_folder(Path(folder)) as draft:
        lessons, read = [], []
        if strategy.masked_lm:
            corpus = read_corpus(Path(examples_folder).parent / "corpus")
            if run.strategy == "mlm-english":
                corpus = {source_language(parameters): corpus[source_language(parameters)]}
            lessons.append(masked_lesson(encoder_folder, corpus, recipe, run.seed))
            read += [{"text": code, "lines": len(lines)} for code, lines in sorted(corpus.items())]
        if strategy.labelled:
            frames = _labelled_frames(run, examples_folder, recipe, parameters)
            labelled = _labelled_lessons(run, encoder_folder, recipe, frames)
            lessons += labelled
            read += [row for task, frame in frames.items() for row in _rows_read(task, frame["language"])]
            read += [lost for lesson in labelled if (lost := _lost(lesson.features))]
        share_backbone([lesson.model for lesson in lessons])
        for lesson in lessons:
            adapt(lesson.model, recipe)
        timetable = make_timetable(lessons, recipe.updates, np.random.default_rng([run.seed, 3]))
        curve, budget = train(lessons, timetable, recipe, run.seed, Path(folder).parent)
        # Of several heads only the last is saved: the backbone under all of them is what is handed on, and
        # what an arm of several tasks has learned of each is not examined.
        _save(draft, lessons[-1].model, encoder_folder, curve, budget, read, run.run_id)
        entry.tokens = budget.labelled_tokens + budget.mlm_tokens
    forget(Path(folder).parent)
    return Path(folder)


def _forget(folder: Path, encoder_folder: str | Path, run) -> Path:
    """Leave an encoder of the same shape that has read nothing, with the vocabulary of the other."""
    with account.spend("train", run.run_id), whole_folder(folder) as draft:
        model, curve = random_encoder(encoder_folder, run.seed), pd.DataFrame(columns=["update", "loss"])
        _save(draft, model, encoder_folder, curve, Budget(), [], run.run_id)
    return folder


def _labelled_frames(
    run, examples_folder: str | Path, recipe: Recipe, parameters: Mapping
) -> dict[str, pd.DataFrame]:
    """The labelled rows of each task of the arm, with their language."""
    arm = Arm(run.strategy, run.intermediate_task, run.language_set)
    rows = recipe.updates * recipe.batch_size
    rows = min(rows, parameters.get("data_preparation", {}).get("rows", {}).get("intermediate", rows))
    with account.spend("data", run.run_id):
        frames = arm_rows(Path(examples_folder), arm, rows, run.seed, parameters)
    return {run.intermediate_task: frames} if isinstance(frames, pd.DataFrame) else frames


def _rows_read(task: str, languages: pd.Series) -> list[dict]:
    """How many rows of a task are read in each language."""
    counts = languages.value_counts().sort_index()
    return [{"task": task, "language": code, "rows": int(count)} for code, count in counts.items()]


def _lost(features: Features) -> dict[str, int]:
    """How many answers lie on no token, as the normaliser of a vocabulary may bring about; else nothing."""
    return {"answers_without_tokens": features.lost} if features.lost else {}


def _labelled_lessons(
    run, encoder_folder: str | Path, recipe: Recipe, frames: Mapping[str, pd.DataFrame]
) -> list[Lesson]:
    """One lesson for each task of the arm."""
    lessons, whole = [], sum(map(len, frames.values()))
    for number, (name, frame) in enumerate(frames.items()):
        task = TASKS[name]
        model = with_fresh_head(encoder_folder, task.kind, task.labels, run.seed)
        longest = min(LONGEST, longest_input(model))
        features = kept_features(task, frame, encoder_folder, longest)
        draw = np.random.default_rng([run.seed, 4, number])
        own = replace(recipe, updates=max(1, round(recipe.updates * len(frame) / whole)))
        lessons.append(Lesson(model, features, own, draw, first_targets(task)))
    return lessons


def adapt(model: PreTrainedModel, recipe: Recipe) -> None:
    """Set what a recipe says of the model itself: its dropout, and the part of it that learns nothing."""
    set_dropout(model, recipe.dropout)
    freeze(model, recipe.frozen)


def first_targets(task: Task) -> list[int]:
    """The labels that a curriculum of this task begins with, by number."""
    return [task.labels.index(label) for label in task.first_labels]


def masked_lesson(
    encoder_folder: str | Path, corpus: dict[str, list[str]], recipe: Recipe, seed: int
) -> MaskedLesson:
    """Masked language modelling that goes on from the encoder's own masked-word head."""
    model = load_masked_lm(encoder_folder)
    tokenizer = load_tokenizer(encoder_folder)
    longest = min(LONGEST, longest_input(model))
    rows = {language: encode_lines(tokenizer, lines, longest) for language, lines in corpus.items()}
    draw = np.random.default_rng([seed, 5])
    return MaskedLesson(model, rows, recipe, draw, tokenizer.mask_token_id, tokenizer.all_special_ids)


def make_timetable(lessons: list, updates: int, draw: np.random.Generator) -> list[int]:
    """Which lesson each update belongs to.

    Labelled tasks share the updates in proportion to their rows. Text beside labelled tasks adds as many
    updates again, one after each labelled one, so that the labelled budget stays that of the other arms.
    """
    labelled = [number for number, lesson in enumerate(lessons) if isinstance(lesson, Lesson)]
    masked = [number for number, lesson in enumerate(lessons) if isinstance(lesson, MaskedLesson)]
    if not labelled:
        return masked * updates
    rows = np.array([lessons[number].rows for number in labelled])
    ends = np.round(np.cumsum(rows) / rows.sum() * updates).astype(int)
    turns = np.repeat(labelled, np.diff(ends, prepend=0))
    return [number for turn in draw.permutation(turns) for number in (int(turn), *masked)]


def finetune_target(
    folder: str | Path,
    run,
    target_task: str,
    start_folder: str | Path,
    examples_folder: str | Path,
    parameters: Mapping,
) -> Path:
    """Teach the target task on source-language rows, from the backbone of any checkpoint.

    A target that needs no training (Tatoeba) is read with the starting checkpoint, whose path is returned.
    """
    if TASKS[target_task].training_task == "none":
        return Path(start_folder)
    task = TASKS[TASKS[target_task].training_task]
    recipe = target_recipe(target_task, run.strategy, parameters)
    with account.spend("train", run.run_id) as entry, whole_folder(Path(folder)) as draft:
        model = with_fresh_head(start_folder, task.kind, task.labels, run.seed)
        adapt(model, recipe)
        limit_input(model, target_knobs(parameters["target_finetuning"], task.name).get("longest"))
        longest = min(LONGEST, longest_input(model))
        language = source_language(parameters)
        frame = read_examples(examples_folder, task.name, "train", language)
        features = kept_features(task, frame, start_folder, longest)
        lesson = Lesson(model, features, recipe, np.random.default_rng([run.seed, 6]), first_targets(task))
        curve, budget = train([lesson], [0] * recipe.updates, recipe, run.seed, Path(folder).parent)
        read = [{"task": task.name, "language": language, "rows": lesson.rows} | _lost(features)]
        _save(draft, model, start_folder, curve, budget, read, run.run_id)
        entry.tokens = budget.labelled_tokens
    forget(Path(folder).parent)
    return Path(folder)


def _save(
    folder: Path,
    model: PreTrainedModel,
    start_folder: str | Path,
    curve: pd.DataFrame,
    budget: Budget,
    read: list[dict],
    run_id: str,
) -> None:
    with account.spend("io", run_id):
        if frozen_names(model):
            save_changed(model, folder, start_folder)
        else:
            model.save_pretrained(folder)
            copy_tokenizer(start_folder, folder)
        write_table(folder / "curve.csv", curve)
        write_json(folder / "budget.json", budget.as_dict())
        write_json(folder / "read.json", read)
