"""All intermediate and target tasks: examples, features, one training step, answers, submission, scores."""

import json
import os
import shutil
import subprocess
import sys
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
from polystilts.evaluation.submission import FOLDERS, answer_file, submit
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


# --- against XTREME's own evaluator ---------------------------------------------------------------------

EVALUATOR = """
import json, sys
sys.path.insert(0, sys.argv[1])
import evaluate
found = {}
for task, language in json.loads(sys.argv[4]):
    row = evaluate.evaluate_one_task(
        f"{sys.argv[2]}/{task}", f"{sys.argv[3]}/{task}", task, language=language)
    found[f"{task} {language}"] = row
print("RESULT" + json.dumps(found))
"""
# What that evaluator calls the measures that we report. It cannot score LAReQA.
THEIR_NAMES = {
    "f1": "f1",
    "span_f1": "f1",
    "accuracy": "accuracy",
    "exact_match": "exact_match",
    "bucc_f1": "f1",
}


@pytest.mark.parametrize("given", ["answers", "right"])
def test_scores_are_those_of_xtremes_own_evaluator(trees, tmp_path, given):
    """Every shared task, to 1e-9; needs a checkout of google-research/xtreme and seqeval 0.0.12."""
    checkout = os.environ.get("XTREME_CHECKOUT")
    if not checkout:
        pytest.skip(
            "set XTREME_CHECKOUT to a checkout of google-research/xtreme to compare with its evaluate.py"
        )
    answers = trees[0] if given == "answers" else answers_from_labels(trees[1], tmp_path / "right")
    benchmark = [name for name in TARGETS if TASKS[name].benchmark != "further" and name != "lareqa"]
    folders = {FOLDERS.get(name, name): name for name in benchmark}
    asked = [(folder, "dor") for folder in folders]
    command = [sys.executable, "-W", "ignore", "-c", EVALUATOR, checkout, str(answers), str(trees[1])]
    done = subprocess.run(
        [*command, json.dumps(asked)], cwd=checkout, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    theirs = json.loads(done.stdout.rpartition("RESULT")[2])
    ours = score_tree(answers, trees[1]).set_index(["target_task", "language", "metric"])["value"]
    for folder, name in folders.items():
        row = theirs[f"{folder} dor"]
        for metric, value in ours[name, "dor"].items():
            if metric == "token_accuracy":
                continue
            wanted = row.get(THEIR_NAMES.get(metric, metric), row.get("avg_metric"))
            if metric == "mrr@20":
                wanted *= 100 if wanted <= 1 else 1
            assert value == pytest.approx(wanted, abs=1e-9), (name, metric)
