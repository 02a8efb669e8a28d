"""All intermediate and target tasks: examples, features, one training step, answers, submission, scores."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from every_target import TARGETS, write_examples
from small_encoder import ENCODERS

from polystilts.evaluation.labels import gold_labels
from polystilts.evaluation.marking import score_tree
from polystilts.evaluation.overall import AVERAGES, overall
from polystilts.evaluation.predict import examine, predict_target
from polystilts.evaluation.scores import score_predictions
from polystilts.evaluation.submission import answer_file, submit
from polystilts.files import write_json
from polystilts.pipeline.study import Run
from polystilts.statistics.tables import main_variant
from polystilts.tasks import INTERMEDIATE_TASKS, TASKS
from polystilts.training.stages import finetune_target, train_intermediate

INTERMEDIATES = [task.name for task in INTERMEDIATE_TASKS]
PARAMETERS = {
    "shared": {"source_language": "alb", "languages": ["alb", "dor"]},
    "intermediate_training": {"updates": 1, "batch_size": 4, "learning_rate": 1e-3, "warmup_share": 0.1},
    "target_finetuning": {"updates": 1, "batch_size": 4, "learning_rate": 1e-3},
    "zero_shot_transfer": {"retrieval_layers": [1]},
}
RUN = Run("xlmr", 0, 0, "none", "", "", 0)


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """The folder of a study: examples of all tasks, an XLM-R, and one run that answers every target."""
    folder = tmp_path_factory.mktemp("study")
    examples = write_examples(folder / "w0" / "examples", [*INTERMEDIATES, *TARGETS])
    encoder = ENCODERS["xlmr"](folder / "encoder")
    run = folder / "runs" / RUN.run_id
    for name in TARGETS:
        reader = finetune_target(folder / "tuned" / name, RUN, name, encoder, examples, PARAMETERS)
        file = run / "predictions" / f"{name}.parquet"
        predict_target(file, RUN, name, reader, examples, ["alb", "dor"], PARAMETERS)
    write_json(run / "run.json", {"seeds": {"world": 0, "encoder": 0, "run": 0}})
    return folder


@pytest.fixture(scope="module")
def trees(study, tmp_path_factory) -> tuple[Path, Path]:
    """What the run answers and what is right, as XTREME lays them out."""
    folder = tmp_path_factory.mktemp("trees")
    submit(study / "runs" / RUN.run_id, folder / "answers", main_variant, folder / "labels")
    return folder / "answers", folder / "labels"


@pytest.mark.parametrize("name", INTERMEDIATES)
def test_an_intermediate_task_is_practised(study, tmp_path, name):
    run = Run("xlmr", 0, 0, "english", name, "", 0)
    examples = study / "w0" / "examples"
    folder = train_intermediate(tmp_path / "practised", run, study / "encoder", examples, PARAMETERS)
    assert 0 <= examine(folder, name, examples, PARAMETERS)["value"] <= 100


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_scores_the_same_from_its_submission(study, trees, name):
    """The tree of text answers gives what predictions and labels of the study give."""
    task = TASKS[name]
    found = pd.read_parquet(study / "runs" / RUN.run_id / "predictions" / f"{name}.parquet")
    found = found[found["variant"] == main_variant(list(found["variant"]))]
    languages = sorted(found["language"].unique())
    assert languages == (["dor"] if task.search and task.search.source_side else ["alb", "dor"])
    frames = {
        code: pd.read_parquet(study / "w0" / "examples" / name / f"test-{code}.parquet") for code in languages
    }
    ours = score_predictions(task, found, gold_labels(task, frames))
    ours = ours[ours["metric"] != "map"].set_index(["language", "metric"])["value"]
    theirs = score_tree(*trees)
    theirs = theirs[theirs["target_task"] == name].set_index(["language", "metric"])["value"]
    assert theirs.to_dict() == pytest.approx(ours.to_dict(), abs=1e-9)
    assert all(answer_file(trees[0], task, code).is_file() for code in languages)


def answers_from_labels(labels: Path, folder: Path) -> Path:
    """A tree that answers everything as the labels do."""
    shutil.copytree(labels, folder)
    for name in ("xquad", "mlqa", "tydiqa"):
        for file in (folder / name).glob("*.json"):
            articles = json.loads(file.read_text("utf-8"))["data"]
            asked = [question for row in articles for part in row["paragraphs"] for question in part["qas"]]
            write_json(file, {question["id"]: question["answers"][-1]["text"] for question in asked})
    return folder


def test_right_answers_score_100_and_every_average_is_there(trees, tmp_path):
    scores = score_tree(answers_from_labels(trees[1], tmp_path / "right"), trees[1])
    assert set(scores["target_task"]) == set(TARGETS) and not scores["note"].any()
    assert scores["value"].tolist() == [100.0] * len(scores)
    averages = overall(scores)
    assert averages["average"].tolist() == list(AVERAGES) and (averages["value"] == 100).all()
