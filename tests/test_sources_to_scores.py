"""From the hub's files and from the original ones, each task as far as its scores.

Examples, features, one training step, answers, submission and scores on a small random XLM-R; once for a
mirror of the hub, once for a root of original files.
"""

from pathlib import Path

import pandas as pd
import pytest
from mirrors import Writer, write_mirror
from originals import write_originals
from transformers import XLMRobertaForMaskedLM

from polystilts.evaluation.labels import gold_labels
from polystilts.evaluation.marking import score_tree
from polystilts.evaluation.predict import examine, predict_target
from polystilts.evaluation.scores import score_predictions
from polystilts.evaluation.submission import submit
from polystilts.files import read_json, write_json
from polystilts.models.encoder import encoder_config
from polystilts.models.tokens import train_vocabulary
from polystilts.pipeline.study import Run
from polystilts.sources.doors import FilesDoor, HubDoor
from polystilts.sources.real import write_real
from polystilts.statistics.tables import main_variant
from polystilts.tasks import INTERMEDIATE_TASKS, TARGET_TASKS, TASKS
from polystilts.training.stages import finetune_target, train_intermediate

SPOKEN = ["en", "sw", "qu", "de", "tr"]
INTERMEDIATES = [task.name for task in INTERMEDIATE_TASKS]
TARGETS = [*(task.name for task in TARGET_TASKS), "pawsx", "bucc"]
TUNED = sorted({TASKS[name].training_task for name in TARGETS} - {"none"} - set(TARGETS))
LACKING = {"hub": {"ccg"}, "files": set()}  # the hub has no CCGbank, and no substitute for it
PARAMETERS = {
    "shared": {"source_language": "en", "languages": SPOKEN},
    "intermediate_training": {"updates": 1, "batch_size": 4, "learning_rate": 1e-3, "warmup_share": 0.1},
    "target_finetuning": {"updates": 1, "batch_size": 4, "learning_rate": 1e-3},
    "zero_shot_transfer": {"retrieval_layers": [1]},
}
ROWS = {"intermediate": 8, "target": 8, "dev": 4, "test": 6}
RUN = Run("xlmr", 0, 0, "none", "", "", 0)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory) -> Path:
    """XLM-R's architecture with random weights and a vocabulary of the letters in use."""
    folder = tmp_path_factory.mktemp("xlmr-random")
    text = [Writer(code, "vocabulary").text(12) for code in SPOKEN for _ in range(40)]
    size = {"hidden": 16, "layers": 2, "heads": 2, "feed_forward": 32, "longest": 128}
    XLMRobertaForMaskedLM(
        encoder_config(size, len(train_vocabulary(text, 300, folder, 128)))
    ).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", params=["hub", "files"])
def study(request, tmp_path_factory) -> Path:
    """The prepared data of all tasks, from one source."""
    root, folder = tmp_path_factory.mktemp("root"), tmp_path_factory.mktemp("study")
    if request.param == "hub":
        door = HubDoor(write_mirror(root, SPOKEN, count=40))
    else:
        door = FilesDoor(write_originals(root, SPOKEN))
    tasks = [name for name in (*INTERMEDIATES, *TUNED, *TARGETS) if name not in LACKING[request.param]]
    write_real(folder / "w0", door, 0, SPOKEN, "en", ["sw", "qu"], tasks, [], ROWS, {"high": 0, "low": 0})
    write_json(folder / "source.json", request.param)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", INTERMEDIATES)
def test_an_intermediate_task_is_practised(study, encoder, tmp_path, name):
    if name in LACKING[read_json(study / "source.json")]:
        pytest.skip(f"this source has no {name}; that a study asking for it is refused is tested elsewhere")
    run = Run("xlmr", 0, 0, "english", name, "", 0)
    practised = train_intermediate(
        tmp_path / "practised", run, encoder, study / "w0" / "examples", PARAMETERS
    )
    assert 0 <= examine(practised, name, study / "w0" / "examples", PARAMETERS)["value"] <= 100


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_a_target_is_learned_answered_submitted_and_scored(study, encoder, tmp_path, name):
    task, examples = TASKS[name], study / "w0" / "examples"
    languages = [code for code in SPOKEN if (examples / name / f"test-{code}.parquet").exists()]
    assert set(languages) - {"en"}  # each is asked in a language that it is not tuned in
    reader = finetune_target(tmp_path / "tuned", RUN, name, encoder, examples, PARAMETERS)
    run = study / "runs" / f"{RUN.run_id}.{name}"
    predict_target(
        run / "predictions" / f"{name}.parquet", RUN, name, reader, examples, languages, PARAMETERS
    )
    write_json(run / "run.json", {"seeds": {"world": 0, "encoder": 0, "run": 0}})
    submit(run, tmp_path / "answers", main_variant, tmp_path / "labels")
    theirs = score_tree(tmp_path / "answers", tmp_path / "labels").set_index(["language", "metric"])["value"]
    found = pd.read_parquet(run / "predictions" / f"{name}.parquet")
    found = found[found["variant"] == main_variant(list(found["variant"]))]
    frames = {code: pd.read_parquet(examples / name / f"test-{code}.parquet") for code in languages}
    ours = score_predictions(task, found, gold_labels(task, frames))
    ours = ours[ours["metric"] != "map"].set_index(["language", "metric"])["value"]
    assert set(theirs.index.get_level_values("language")) == set(languages)
    assert theirs.to_dict() == pytest.approx(ours.to_dict(), abs=1e-9)
