"""The two stages of a run: practise on an intermediate task, then learn the target in the source language.

Both leave a folder with a whole model (`save_pretrained`), `curve.csv` and `budget.json`. Whatever starts
from such a folder takes its backbone and nothing else.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from transformers import PreTrainedModel

from polystilts import account
from polystilts.files import whole_folder, write_json, write_table
from polystilts.models.encoder import longest_input
from polystilts.models.heads import load_masked_lm, share_backbone, with_fresh_head
from polystilts.models.pretraining import read_corpus
from polystilts.models.tokens import copy_tokenizer, encode_lines, load_tokenizer
from polystilts.sources.arms import arm_rows
from polystilts.tasks import STRATEGIES, TASKS, Arm
from polystilts.training.features import LONGEST, make_features, training_features
from polystilts.training.loop import Budget, Lesson, MaskedLesson, train
from polystilts.training.recipe import Recipe

UNTRAINED = ("none", "none-long")  # these hand the encoder over as it is


def source_language(parameters: Mapping) -> str:
    """The language in which tasks are taught."""
    return parameters.get("shared", {}).get("source_language", "en")


def intermediate_recipe(parameters: Mapping) -> Recipe:
    """The recipe of the intermediate stage, the same for every arm."""
    return Recipe.from_parameters(parameters["intermediate_training"])


def target_recipe(target_task: str, strategy: str, parameters: Mapping) -> Recipe:
    """The recipe of a target task; `none-long` is given the intermediate stage's updates on top."""
    knobs = dict(parameters["target_finetuning"])
    if isinstance(knobs["updates"], Mapping):
        knobs["updates"] = knobs["updates"][TASKS[target_task].training_task]
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
    if run.strategy in UNTRAINED:
        return Path(encoder_folder)
    recipe = intermediate_recipe(parameters)
    strategy = STRATEGIES[run.strategy]
    with account.spend("train", run.run_id) as entry, whole_folder(Path(folder)) as draft:
        lessons = []
        if strategy.masked_lm:
            corpus = read_corpus(Path(examples_folder).parent / "corpus")
            if run.strategy == "mlm-english":
                corpus = {source_language(parameters): corpus[source_language(parameters)]}
            lessons.append(masked_lesson(encoder_folder, corpus, recipe, run.seed))
        if strategy.labelled:
            lessons += _labelled_lessons(run, encoder_folder, examples_folder, recipe, parameters)
        share_backbone([lesson.model for lesson in lessons])
        timetable = make_timetable(lessons, recipe.updates, np.random.default_rng([run.seed, 3]))
        curve, budget = train(lessons, timetable, recipe, run.seed)
        _save(draft, lessons[-1].model, encoder_folder, curve, budget, run.run_id)
        entry.tokens = budget.labelled_tokens + budget.mlm_tokens
    return Path(folder)


def _labelled_lessons(
    run, encoder_folder: str | Path, examples_folder: str | Path, recipe: Recipe, parameters: Mapping
) -> list[Lesson]:
    """One lesson for each task of the arm."""
    arm = Arm(run.strategy, run.intermediate_task, run.language_set)
    rows = recipe.updates * recipe.batch_size
    rows = min(rows, parameters.get("data_preparation", {}).get("rows", {}).get("intermediate", rows))
    with account.spend("data", run.run_id):
        frames = arm_rows(Path(examples_folder), arm, rows, run.seed, parameters)
    if isinstance(frames, pd.DataFrame):
        frames = {run.intermediate_task: frames}
    tokenizer = load_tokenizer(encoder_folder)
    lessons = []
    for number, (name, frame) in enumerate(frames.items()):
        task = TASKS[name]
        model = with_fresh_head(encoder_folder, task.kind, task.labels, run.seed)
        longest = min(LONGEST, longest_input(model))
        features = make_features(task, frame, tokenizer, longest)
        lessons.append(Lesson(model, features, recipe, np.random.default_rng([run.seed, 4, number])))
    return lessons


def masked_lesson(
    encoder_folder: str | Path, corpus: dict[str, list[str]], recipe: Recipe, seed: int
) -> MaskedLesson:
    """Masked language modelling that goes on from the encoder's own masked-word head."""
    model = load_masked_lm(encoder_folder)
    tokenizer = load_tokenizer(encoder_folder)
    longest = min(LONGEST, longest_input(model))
    rows = {language: encode_lines(tokenizer, lines, longest) for language, lines in corpus.items()}
    return MaskedLesson(model, rows, recipe, np.random.default_rng([seed, 5]))


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
        longest = min(LONGEST, longest_input(model))
        language = source_language(parameters)
        features = training_features(task, examples_folder, language, start_folder, longest)
        lesson = Lesson(model, features, recipe, np.random.default_rng([run.seed, 6]))
        curve, budget = train([lesson], [0] * recipe.updates, recipe, run.seed)
        _save(draft, model, start_folder, curve, budget, run.run_id)
        entry.tokens = budget.labelled_tokens
    return Path(folder)


def _save(
    folder: Path,
    model: PreTrainedModel,
    start_folder: str | Path,
    curve: pd.DataFrame,
    budget: Budget,
    run_id: str,
) -> None:
    with account.spend("io", run_id):
        model.save_pretrained(folder)
        copy_tokenizer(start_folder, folder)
        write_table(folder / "curve.csv", curve)
        write_json(folder / "budget.json", budget.as_dict())
