"""No task of the generated world can be passed with a part of its input, and a planted leak is found.

The bounds are in bench/shortcuts.py. World 100 is a calibration world: no result is drawn from it.
"""

import sys
from pathlib import Path

import pandas as pd
import pytest
import torch
from transformers import XLMRobertaForMaskedLM

from polystilts import paths
from polystilts.languages.concepts import CLASS_OF, OBJECT_CLASSES
from polystilts.models.encoder import encoder_config
from polystilts.models.tokens import train_vocabulary
from polystilts.pipeline.study import open_study
from polystilts.sources.world.choices import known_objects
from polystilts.tasks import TASKS
from polystilts.training.recipe import Recipe

sys.path.insert(0, str(paths.REPOSITORY / "bench"))
import shortcuts

WORLD, SOURCE = 100, "alb"
CHOSEN = (
    "anli", "mnli", "xnli", "qqp", "hellaswag", "cosmosqa", "commonsenseqa", "xcopa",
    "squad_v1", "squad_v2", "xquad", "mlqa", "tydiqa",
)  # fmt: skip


@pytest.fixture(scope="module")
def examples(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    return shortcuts.make_examples(folder, WORLD, [SOURCE], SOURCE, CHOSEN, rows=2000, test=600)


def frames(examples: Path, name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    return shortcuts.frames(examples, TASKS[name], SOURCE)


def found_by_words(name: str, train: pd.DataFrame, test: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The leaks, and the whole table to show when there are any."""
    negations = [shortcuts.negation(WORLD, SOURCE)]
    table = shortcuts.word_scores(TASKS[name], train, test, negations)
    return shortcuts.leaks(TASKS[name], table), f"{name}\n{table.round(1).to_string(index=False)}"


# --- words ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CHOSEN)
def test_words_of_a_part_of_the_input_do_not_give_the_answer(examples, name):
    leaks, shown = found_by_words(name, *frames(examples, name))
    assert leaks.empty, shown


def test_common_knowledge_is_asked_about_every_class_in_every_split():
    """Else the class itself would tell which split a thing is in, and so which answer is rare in training."""
    for split in ("train", "dev", "test"):
        asked = [CLASS_OF[thing].hypernym for thing in known_objects(WORLD, split)]
        assert len({asked.count(row.hypernym) for row in OBJECT_CLASSES}) == 1, (split, sorted(asked))


def leaky(frame: pd.DataFrame, name: str, word: str) -> pd.DataFrame:
    """Some of these items with a word at the right answer, or in the hypotheses of one label."""
    task, frame = TASKS[name], frame.head(600).copy()
    if task.kind == "classification":
        sides = zip(frame["text_b"], frame["label"], strict=True)
        frame["text_b"] = [f"{text} {word}" if label == task.labels[-1] else text for text, label in sides]
    elif task.kind == "multiple_choice":
        items = zip(frame["choices"], frame["label"], strict=True)
        frame["choices"] = [
            [f"{c} {word}" if i == right else c for i, c in enumerate(cs)] for cs, right in items
        ]
    else:
        cut = zip(frame["context"], frame["answer_start"], strict=True)
        frame["context"] = [f"{text[:start]}{word} {text[start:]}" for text, start in cut]
        frame["answer_start"] += len(word) + 1
    return frame


@pytest.mark.parametrize(
    ("name", "view", "model"),
    [
        ("xnli", "hypothesis only", "words of the hypothesis"),
        ("qqp", "hypothesis only", "words of the hypothesis"),
        ("hellaswag", "options only", "words of the options"),
        ("xcopa", "options only", "words of the options"),
        ("xquad", "context only", "words of the context"),
    ],
)
def test_a_planted_word_is_found(examples, name, view, model):
    leaks, shown = found_by_words(name, *(leaky(frame, name, "hum") for frame in frames(examples, name)))
    assert (view, model) in set(zip(leaks["view"], leaks["model"], strict=True)), shown


def test_planted_negation_is_found(examples):
    word = shortcuts.negation(WORLD, SOURCE)
    leaks, shown = found_by_words("xnli", *(leaky(frame, "xnli", word) for frame in frames(examples, "xnli")))
    assert "negation counts" in set(leaks["model"]), shown


def test_readers_of_the_whole_input_may_score():
    scores = [
        ("hypothesis only", "words of the hypothesis", 45.0),
        ("hypothesis only", "encoder", 45.1),
        ("nothing", "majority", 33.3),
        ("whole input", "word overlap", 70.0),
        ("whole input", "negation counts", 46.0),
        ("whole input", "encoder", 90.0),
    ]
    table = pd.DataFrame(scores, columns=["view", "model", "value"])
    assert shortcuts.leaks(TASKS["xnli"], table).index.tolist() == [1, 4]
    assert shortcuts.leaks(TASKS["qqp"], table).empty
    bounds = {
        name: shortcuts.most_allowed(TASKS[name]) for name in ("xcopa", "hellaswag", "commonsenseqa", "xquad")
    }
    assert bounds == {"xcopa": 60.0, "hellaswag": 35.0, "commonsenseqa": 30.0, "xquad": 40.0}


# --- an encoder -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def new_encoder(examples, tmp_path_factory) -> Path:
    """A very small encoder that has read nothing: enough to find a word."""
    folder = tmp_path_factory.mktemp("encoder")
    train, _ = frames(examples, "xnli")
    word = shortcuts.negation(WORLD, SOURCE)
    lines = [f"{text} {word}" for text in train["text_a"]]
    tokenizer = train_vocabulary(lines, 400, folder, 96)
    torch.manual_seed(0)
    size = {"hidden": 16, "layers": 1, "heads": 2, "feed_forward": 32, "longest": 96}
    XLMRobertaForMaskedLM(encoder_config(size, len(tokenizer))).save_pretrained(folder)
    return folder


def found_by_encoder(
    encoder: Path, name: str, train, test, recipe: Recipe, view: str
) -> tuple[pd.DataFrame, str]:
    table = shortcuts.encoder_scores(encoder, TASKS[name], train, test, recipe, [view])
    return shortcuts.leaks(TASKS[name], table), f"{name}\n{table.round(1).to_string(index=False)}"


@pytest.mark.parametrize(("name", "view"), [("xnli", "hypothesis only"), ("xcopa", "options only")])
def test_an_encoder_finds_a_planted_word_in_a_part_of_the_input(examples, new_encoder, name, view):
    """The check can fail: the same encoder is flagged once the answer is planted in the part it sees.

    Without the word, an encoder this small prefers some verbs for no reason. The test set has few facts a
    verb, so such a whim scores up to ten points off chance either way; the plant has to stand far above it.
    """
    recipe = Recipe(updates=150, batch_size=16, learning_rate=5e-3)
    given = frames(examples, name)
    word = shortcuts.negation(WORLD, SOURCE)
    planted = [leaky(frame, name, word) for frame in given]
    leaks, shown = found_by_encoder(new_encoder, name, *planted, recipe, view)
    assert len(leaks) == 1, shown
    fair = shortcuts.encoder_scores(new_encoder, TASKS[name], *given, recipe, [view])
    assert leaks["value"].iloc[0] > fair["value"].iloc[0] + 25, shown


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> tuple[Path, Path]:
    """The encoder of the demo as it is committed, and items of the world that it was pretrained on."""
    study = open_study("demo")
    run = study.runs[0]
    encoder = study.encoder_folder(run)
    if not (encoder / "config.json").is_file():
        pytest.skip(f"{encoder} is missing; `make study` pretrains it and the repository carries it")
    folder = tmp_path_factory.mktemp("demo")
    asked = ("xnli", "xcopa", "xquad")
    return encoder, shortcuts.make_examples(
        folder, run.world_seed, [SOURCE], SOURCE, asked, rows=6000, test=600
    )


@pytest.mark.slow
@pytest.mark.proof
@pytest.mark.parametrize(
    ("name", "view"),
    [
        ("xnli", "hypothesis only"),
        ("xnli", "premise only"),
        ("xcopa", "options only"),
        ("xquad", "context only"),
    ],
)
def test_the_demo_encoder_cannot_answer_from_a_part_of_the_input(demo, name, view):
    encoder, examples = demo
    recipe = Recipe(updates=300, batch_size=32, learning_rate=1e-3)
    leaks, shown = found_by_encoder(encoder, name, *frames(examples, name), recipe, view)
    assert leaks.empty, shown
