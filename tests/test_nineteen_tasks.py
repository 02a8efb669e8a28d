"""All nine intermediate tasks and all ten targets: generated, trained for one step, answered, marked."""

from pathlib import Path

import pandas as pd
import pytest
import torch
from transformers import XLMRobertaForMaskedLM

from polystilts.evaluation.labels import gold_labels
from polystilts.evaluation.predict import examine, predict_target
from polystilts.evaluation.scores import metrics_of, score_run
from polystilts.files import read_json
from polystilts.models.encoder import encoder_config
from polystilts.models.pretraining import read_corpus
from polystilts.models.tokens import train_vocabulary
from polystilts.pipeline.study import Run
from polystilts.sources.world import write_world
from polystilts.sources.world.tasks import RECIPES
from polystilts.tasks import (
    FURTHER_TASKS,
    INTERMEDIATE_TASKS,
    KINDS,
    TARGET_TASKS,
    TASKS,
    TRANSLATED_TASKS,
    XTREME_TASKS,
)
from polystilts.training.stages import finetune_target, train_intermediate

SPOKEN = ("alb", "dor", "lir", "var")  # the source language, near relatives, and a far stranger
TEST, DEV = 12, 10
PARAMETERS = {
    "shared": {"source_language": "alb", "languages": list(SPOKEN)},
    "data_preparation": {"rows": {"intermediate": 24, "target": 24, "dev": DEV, "test": TEST}},
    "intermediate_training": {"updates": 1, "batch_size": 4, "learning_rate": 1e-3, "warmup_share": 0.1},
    "target_finetuning": {"updates": 1, "batch_size": 4, "learning_rate": 1e-3},
    "zero_shot_transfer": {"retrieval_layers": [1]},
}
SIZE = {"hidden": 16, "layers": 1, "heads": 2, "feed_forward": 32, "longest": 128}

# Written out by hand, so that a row of the task tables cannot change its kind or its metric unseen.
INTERMEDIATES = {
    "anli": ("classification", "accuracy"),
    "mnli": ("classification", "accuracy"),
    "qqp": ("classification", "accuracy"),
    "squad_v2": ("question_answering", "f1"),
    "squad_v1": ("question_answering", "f1"),
    "hellaswag": ("multiple_choice", "accuracy"),
    "ccg": ("tagging", "token_accuracy"),
    "cosmosqa": ("multiple_choice", "accuracy"),
    "commonsenseqa": ("multiple_choice", "accuracy"),
}
TARGETS = {
    "xnli": ("classification", ("accuracy",)),
    "xcopa": ("multiple_choice", ("accuracy",)),
    "udpos": ("tagging", ("f1", "token_accuracy")),
    "panx": ("tagging", ("span_f1",)),
    "xquad": ("question_answering", ("f1", "exact_match")),
    "mlqa": ("question_answering", ("f1", "exact_match")),
    "tydiqa": ("question_answering", ("f1", "exact_match")),
    "tatoeba": ("retrieval", ("accuracy",)),
    "lareqa": ("retrieval", ("map@20", "map")),
    "mewslix": ("retrieval", ("mrr@20",)),
}
# These come with real data only: the world has no recipe for them.
XTREME = {"pawsx": ("classification", ("accuracy",)), "bucc": ("retrieval", ("bucc_f1",))}
FURTHER = {
    "masakhaner": ("tagging", ("span_f1",)),
    "masakhapos": ("tagging", ("f1", "token_accuracy")),
    "americasnli": ("classification", ("accuracy",)),
    "afrixnli": ("classification", ("accuracy",)),
    "sib200": ("classification", ("accuracy",)),
}


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    rows = PARAMETERS["data_preparation"]["rows"]
    card = write_world(folder, 0, SPOKEN, "alb", RECIPES, rows, {"high": 40, "low": 20})
    assert card["leaks"]["total"] == 0
    return folder


@pytest.fixture(scope="module")
def encoder(world, tmp_path_factory) -> Path:
    """An encoder that has read nothing, with a vocabulary of the world's own text."""
    folder = tmp_path_factory.mktemp("encoder")
    lines = [line for text in read_corpus(world / "corpus").values() for line in text]
    tokenizer = train_vocabulary(lines, 500, folder, SIZE["longest"])
    torch.manual_seed(0)
    XLMRobertaForMaskedLM(encoder_config(SIZE, len(tokenizer))).save_pretrained(folder)
    return folder


def some_run(strategy: str = "none", task: str = "") -> Run:
    return Run("w16", 0, 0, strategy, task, "", 0)


def weights(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()


def test_there_are_nine_and_ten_and_every_kind_is_among_them():
    assert {row.name: (row.kind, row.metric) for row in INTERMEDIATE_TASKS} == INTERMEDIATES
    assert {row.name: (row.kind, metrics_of(row)) for row in TARGET_TASKS} == TARGETS
    assert {row.kind for row in TARGET_TASKS} == set(KINDS)
    assert len(INTERMEDIATES) == 9 and len(TARGETS) == 10


def test_further_targets_are_rows_of_known_kinds():
    assert {row.name: (row.kind, metrics_of(row)) for row in XTREME_TASKS} == XTREME
    assert {row.name: (row.kind, metrics_of(row)) for row in FURTHER_TASKS} == FURTHER
    benchmarks = {row.name: row.benchmark for row in TASKS.values() if row.role == "target"}
    assert benchmarks == (
        dict.fromkeys(TARGETS, "XTREME-R")
        | dict.fromkeys(XTREME, "XTREME")
        | dict.fromkeys(FURTHER, "further")
    )
    assert all(TASKS[row.training_task].labels == row.labels for row in FURTHER_TASKS)  # one head serves both
    assert {row.kind for row in TRANSLATED_TASKS} == {"classification", "tagging"}
    assert all(row.role == "intermediate" and row.name not in INTERMEDIATES for row in TRANSLATED_TASKS)
    assert set(RECIPES) == set(TASKS) - set(XTREME) - set(FURTHER) - {row.name for row in TRANSLATED_TASKS}


@pytest.mark.parametrize("name", INTERMEDIATES)
def test_an_intermediate_task_is_practised_and_marked(world, encoder, tmp_path, name):
    run = some_run("english", name)
    practised = train_intermediate(tmp_path / "practised", run, encoder, world / "examples", PARAMETERS)
    budget = read_json(practised / "budget.json")
    assert (budget["updates"], budget["rows"], budget["mlm_updates"]) == (1, 4, 0)
    assert budget["labelled_tokens"] > 0
    assert weights(practised) != weights(encoder)
    mark = examine(practised, name, world / "examples", PARAMETERS)
    assert (mark["metric"], mark["n"]) == (INTERMEDIATES[name][1], DEV)
    assert 0 <= mark["value"] <= 100 and 0 <= mark["majority"] <= 100
    assert read_json(practised / "dev.json") == mark


@pytest.mark.parametrize("name", INTERMEDIATES)
def test_an_intermediate_task_speaks_the_languages_of_the_sets(world, name):
    """Rows of the multilingual arms: translations of the source language's rows, label for label."""
    home = pd.read_parquet(world / "examples" / name / "train-alb.parquet").set_index("meaning_id")
    assert len(home) == 24
    for language in SPOKEN[1:]:
        theirs = pd.read_parquet(world / "examples" / name / f"train-{language}.parquet")
        assert len(theirs) and set(theirs["meaning_id"]) <= set(home.index)
        if "label" in home:
            assert theirs["label"].tolist() == home.loc[theirs["meaning_id"], "label"].tolist()


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_task_is_learned_answered_and_marked(world, encoder, tmp_path, name):
    task, run, examples = TASKS[name], some_run(), world / "examples"
    start = train_intermediate(tmp_path / "start", run, encoder, examples, PARAMETERS)
    assert start == encoder  # the baseline starts from the encoder itself
    reader = finetune_target(tmp_path / "reader", run, name, start, examples, PARAMETERS)
    if name == "tatoeba":
        assert reader == start  # there is nothing to learn
    else:
        assert read_json(reader / "budget.json")["updates"] == 1
        assert weights(reader) != weights(encoder)
    found = predict_target(tmp_path / "found.parquet", run, name, reader, examples, SPOKEN, PARAMETERS)
    languages = SPOKEN[1:] if name == "tatoeba" else SPOKEN  # the source language is not looked for in itself
    asked = {language: read(examples, name, language) for language in languages}
    labels = gold_labels(task, asked)
    rows = score_run(run, "tiny", task, found, labels, source_language="alb")
    kind, wanted = TARGETS[name]
    assert set(rows["language"]) == set(asked)
    assert set(rows["metric"]) == set(wanted)
    assert set(rows["task_kind"]) == {kind}
    assert set(rows["n"]) == {TEST}
    assert rows["value"].between(0, 100).all()  # no value is missing: between refuses them
    assert rows.duplicated(["language", "metric", "variant"]).sum() == 0
    assert (rows["variant"] != "").all() == (kind == "retrieval")
    if kind != "retrieval":
        assert len(rows) == len(SPOKEN) * len(wanted)
        assert found["item_score"].between(0, 1).all()


def read(examples: Path, name: str, language: str) -> pd.DataFrame:
    return pd.read_parquet(examples / name / f"test-{language}.parquet")


@pytest.mark.parametrize("name", TARGETS)
def test_perfect_answers_score_100(world, name):
    """Right answers of generated items are right in every language, whatever its script."""
    task = TASKS[name]
    labels = gold_labels(task, {language: read(world / "examples", name, language) for language in SPOKEN})
    perfect = labels.rename(columns={"gold": "prediction"}).assign(variant="")
    rows = score_run(some_run(), "tiny", task, perfect, labels, source_language="alb")
    assert rows["value"].tolist() == [100.0] * len(SPOKEN) * len(TARGETS[name][1])


def test_the_three_question_answering_tests_differ_as_their_models_do(world):
    """XQuAD is parallel; MLQA gives each language texts of its own; TyDiQA has little to train on."""

    def meanings(name: str, language: str) -> set[str]:
        return set(read(world / "examples", name, language)["meaning_id"])

    assert meanings("xquad", "alb") == meanings("xquad", "var")
    assert not meanings("mlqa", "alb") & meanings("mlqa", "var")
    assert not meanings("tydiqa", "alb") & meanings("tydiqa", "var")
    rows = [
        len(pd.read_parquet(world / "examples" / name / "train-alb.parquet"))
        for name in ("qa_train", "tydiqa")
    ]
    assert rows == [24, 7]
