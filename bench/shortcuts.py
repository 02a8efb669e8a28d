"""What each task of a generated world gives away to a reader who sees less than the whole input.

    python bench/shortcuts.py --scale demo --world-seed 100 --encoder FOLDER --out shortcuts.csv

The world seeds 100, 101 and 102 are calibration worlds: tasks are tuned on them, and no result of the study
is ever drawn from them. The encoder must have been pretrained on the text of the same world.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from polystilts.errors import StudyError, WrongUse
from polystilts.evaluation.partial import partial_input, partial_views
from polystilts.evaluation.predict import predict, score
from polystilts.evaluation.shortcuts import shortcut_scores
from polystilts.files import write_table
from polystilts.languages import LANGUAGES
from polystilts.languages.lexicon import make_lexicons
from polystilts.models.encoder import longest_input
from polystilts.models.heads import with_fresh_head
from polystilts.models.tokens import load_tokenizer
from polystilts.pipeline.params import load_scale
from polystilts.sources.world import write_world
from polystilts.tasks import INTERMEDIATE_TASKS, TARGET_TASKS, TASKS, Task
from polystilts.training.features import LONGEST, make_features, read_entities, read_examples
from polystilts.training.lessons import Lesson
from polystilts.training.loop import train
from polystilts.training.recipe import Recipe
from polystilts.training.stages import first_targets, intermediate_recipe, target_recipe

COLUMNS = ("task", "view", "model", "metric", "value", "n")
WHOLE = "whole input"
NOTHING = "nothing"
MOST_OF_AN_ANSWER = 40.0  # F1 of an answer without its question
MOST_BY_CHANCE = {
    2: 60.0,
    3: 45.0,
    4: 35.0,
    5: 30.0,
}  # accuracy of a partial reader, by the number of answers
RETRIEVED = 100  # rows of each language in a retrieval pool: word likeness needs no more

# What each baseline of evaluation/shortcuts.py looks at; the others look at the whole input.
LOOKS_AT = {
    "majority": NOTHING,
    "no answer": NOTHING,
    "random order": NOTHING,
    "words of the premise": "premise only",
    "words of the hypothesis": "hypothesis only",
    "words of the options": "options only",
    "likeness of the options": "options only",
    "words of question and option": "no context",
    "words of context and option": "no question",
    "random span": "context only",
    "commonest position": "context only",
    "words of the context": "context only",
}


def make_examples(
    folder: Path,
    world_seed: int,
    languages: Sequence[str],
    source: str,
    tasks: Iterable[str],
    rows: int,
    test: int,
) -> Path:
    """The examples of some tasks of a world, with next to no pretraining text; returns their folder."""
    wanted = {name for task in tasks for name in (task, TASKS[task].training_task) if name != "none"}
    many = {"intermediate": rows, "target": rows, "dev": test, "test": test}
    names = [name for name in TASKS if name in wanted]
    write_world(folder, world_seed, languages, source, names, many, {"high": 1, "low": 1})
    return folder / "examples"


def frames(examples: Path, task: Task, source: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training rows, and the rows to be marked: of a target its test set, else the development set."""
    split = "test" if task.role == "target" else "dev"
    trained_on = read_examples(examples, task.training_task, "train", source)
    return trained_on, read_examples(examples, task.name, split, source)


def negation(world_seed: int, source: str) -> str:
    """The word of the source language that negates."""
    speaker = LANGUAGES[source]
    return make_lexicons(world_seed, (speaker,), speaker)[source].form("not")


def word_scores(
    task: Task, train_frame: pd.DataFrame, test_frame: pd.DataFrame, negations: Iterable[str] = ()
) -> pd.DataFrame:
    """The baselines that count words, each with the view it has: view, model, metric, value, n."""
    views = (NOTHING, *partial_views(task, test_frame))
    table = shortcut_scores(task, train_frame, test_frame, negations=negations)
    seen = [LOOKS_AT.get(name, WHOLE) for name in table["baseline"]]
    table.insert(0, "view", [view if view in views else WHOLE for view in seen])
    return table.rename(columns={"baseline": "model"})


def encoder_score(
    encoder: Path,
    task: Task,
    train_frame: pd.DataFrame,
    test_frame: pd.DataFrame,
    recipe: Recipe,
    seed: int = 0,
) -> float:
    """The main metric (0–100) of the encoder fine-tuned on one frame and marked on the other."""
    tokenizer = load_tokenizer(encoder)
    model = with_fresh_head(encoder, task.kind, task.labels, seed)
    features = make_features(task, train_frame, tokenizer, min(LONGEST, longest_input(model)))
    lesson = Lesson(
        model, features, recipe, np.random.default_rng([seed, 6]), first_targets(TASKS[task.training_task])
    )
    train([lesson], [0] * recipe.updates, recipe, seed)
    return score(task, list(predict(model, tokenizer, task, test_frame)["prediction"]), test_frame)


def encoder_scores(
    encoder: Path,
    task: Task,
    train_frame: pd.DataFrame,
    test_frame: pd.DataFrame,
    recipe: Recipe,
    views: Iterable[str] | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """The same encoder with the same budget on the whole input and on each view of it.

    Columns are view, model, metric, value and n. A view is blanked in training and in the test, so that the
    encoder learns whatever the rest gives away.
    """
    rows = []
    for view in views or (WHOLE, *partial_views(task, test_frame)):
        both = (train_frame, test_frame)
        if view != WHOLE:
            both = tuple(partial_input(task, frame, view) for frame in both)
        value = encoder_score(encoder, task, *both, recipe, seed)
        rows.append((view, "encoder", task.metric, value, len(test_frame)))
    return pd.DataFrame(rows, columns=list(COLUMNS[1:]))


def recipe_of(task: Task, parameters: Mapping) -> Recipe:
    """The recipe by which a scale trains this task."""
    return (
        intermediate_recipe(parameters)
        if task.role == "intermediate"
        else target_recipe(task.name, "none", parameters)
    )


def most_allowed(task: Task) -> float:
    """The highest score that a reader of a part of the input may reach.

    >>> most_allowed(TASKS["xnli"]), most_allowed(TASKS["xcopa"]), most_allowed(TASKS["xquad"])
    (45.0, 60.0, 40.0)
    """
    if task.kind == "question_answering":
        return MOST_OF_AN_ANSWER
    return MOST_BY_CHANCE[len(task.labels) if task.kind == "classification" else task.choices]


def leaks(task: Task, table: pd.DataFrame) -> pd.DataFrame:
    """The rows of a table of scores that a sound task would not have: partial readers far above chance.

    Readers of the whole input may score, word overlap among them, which is legitimate evidence; counting
    negations may not, though it looks at both texts.
    """
    if task.kind in ("tagging", "retrieval"):
        return table.iloc[:0]
    partial = (table["view"] != WHOLE) | (table["model"] == "negation counts")
    return table[partial & (table["value"] > most_allowed(task))]


def retrieval_scores(task: Task, examples: Path, languages: Sequence[str], source: str) -> pd.DataFrame:
    """How far shared words and letters lead to the right candidate, over all languages of the pool.

    Retrieval has no partial view: a query without its text asks nothing.
    """
    tests = {
        language: read_examples(examples, task.name, "test", language).head(RETRIEVED)
        for language in languages
        if language != source or task.name != "tatoeba"
    }
    if task.name == "tatoeba":  # every language is asked against the source language alone
        each = pd.concat([shortcut_scores(task, frame, frame) for frame in tests.values()])
        table = each.groupby(["baseline", "metric"], sort=False, as_index=False).agg(
            {"value": "mean", "n": "sum"}
        )
    else:
        pool = pd.concat(tests.values(), ignore_index=True)
        entities = read_entities(examples, "test") if task.name == "mewslix" else None
        table = shortcut_scores(task, pool, pool, candidates=entities)
    table.insert(0, "view", [LOOKS_AT.get(name, WHOLE) for name in table["baseline"]])
    return table.rename(columns={"baseline": "model"})


def measure(
    examples: Path, world_seed: int, encoder: Path, parameters: Mapping, tasks: Iterable[str]
) -> Iterator[pd.DataFrame]:
    """The rows of each task, one table at a time."""
    languages, source = parameters["shared"]["languages"], parameters["shared"]["source_language"]
    for name in tasks:
        task = TASKS[name]
        if task.kind == "retrieval":
            parts = [retrieval_scores(task, examples, languages, source)]
        else:
            given = frames(examples, task, source)
            parts = [
                word_scores(task, *given, negations=[negation(world_seed, source)]),
                encoder_scores(encoder, task, *given, recipe_of(task, parameters)),
            ]
        yield pd.concat(parts, ignore_index=True).assign(task=name)[list(COLUMNS)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, say how far it has got, and write one whole table."""
    names = [task.name for task in (*INTERMEDIATE_TASKS, *TARGET_TASKS)]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", default="demo", help="whose languages, updates and rows")
    parser.add_argument("--world-seed", type=int, default=100, help="100 to 102 are calibration worlds")
    parser.add_argument("--encoder", type=Path, required=True, help="a folder; pretrained on the same world")
    parser.add_argument("--out", type=Path, required=True, help="the table to write, a csv")
    parser.add_argument("--tasks", nargs="+", default=names, metavar="TASK", help="by default all nineteen")
    parser.add_argument("--test-rows", type=int, default=1000, help="rows to mark: 1000 leave ±3 points")
    chosen = parser.parse_args(arguments)
    try:
        parameters = load_scale(chosen.scale).sections
        unknown = [name for name in chosen.tasks if name not in names]
        if unknown:
            raise WrongUse(f"no task is called {unknown[0]!r}; tasks are {', '.join(names)}")
        if not (chosen.encoder / "config.json").is_file():
            raise WrongUse(f"{chosen.encoder} holds no encoder; name a folder that chapter 03 has left")
        knobs, shared = parameters["data_preparation"]["rows"], parameters["shared"]
        rows = max(knobs["intermediate"], knobs["target"])
        asked = (shared["languages"], shared["source_language"], chosen.tasks, rows, chosen.test_rows)
        with tempfile.TemporaryDirectory() as folder:
            examples = make_examples(Path(folder), chosen.world_seed, *asked)
            tables, start = [], time.perf_counter()
            for table in measure(examples, chosen.world_seed, chosen.encoder, parameters, chosen.tasks):
                tables.append(table)
                print(f"{time.perf_counter() - start:6.0f} s  {table['task'].iloc[0]}", file=sys.stderr)
        done = pd.concat(tables, ignore_index=True).round({"value": 2})
        write_table(chosen.out, done)
    except StudyError as problem:
        print(problem, file=sys.stderr)
        return problem.exit_code
    print(done.to_string(index=False))
    found = [leaks(TASKS[name], part) for name, part in done.groupby("task", sort=False)]
    print(f"\nReaders of a part of the input that score too high: {sum(map(len, found))}")
    for table in found:
        for row in table.to_dict("records"):
            print("  {task}, {view}: {model} {value:.1f}".format(**row))
    return 0


if __name__ == "__main__":
    sys.exit(main())
