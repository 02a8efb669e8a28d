"""Target training as others did it: the rows, the knob that chooses them, and what becomes of it."""

from dataclasses import dataclass

import pandas as pd
import pytest
from small_encoder import sentences, write_encoder

from polystilts.__main__ import main
from polystilts.files import read_json
from polystilts.models.encoder import longest_input
from polystilts.models.heads import load_whole
from polystilts.pipeline.inputs import finetune_parameters
from polystilts.pipeline.params import load_scale
from polystilts.pipeline.plan import updates_of
from polystilts.pipeline.study import study_of
from polystilts.tasks import TASKS
from polystilts.training import presets
from polystilts.training.presets import PHANG2020, PRESETS, XTREME, target_knobs
from polystilts.training.recipe import Recipe
from polystilts.training.stages import finetune_target, target_recipe


def test_the_rows_say_what_the_scripts_say():
    """Written out once more: learning rate, epochs, effective batch and length of the two references."""

    def said(rows):
        return {n: (row.learning_rate, row.epochs, row.batch_size, row.longest) for n, row in rows.items()}

    assert said(XTREME) == {
        "nli_train": (2e-5, 5, 32, 128), "pawsx": (2e-5, 5, 32, 128), "copa_train": (2e-5, 5, 32, 128),
        "udpos": (2e-5, 10, 32, 128), "panx": (2e-5, 10, 32, 128), "qa_train": (3e-5, 3, 32, 384),
        "tydiqa": (3e-5, 3, 32, 384), "lareqa": (2e-5, 3, 16, 256), "mewslix": (2e-5, 2, 256, 64),
    }  # fmt: skip
    assert said(PHANG2020) == {
        "nli_train": (1e-5, 2, 32, 256), "pawsx": (1e-5, 5, 32, 256), "udpos": (1e-5, 10, 32, 256),
        "panx": (1e-5, 10, 32, 256), "qa_train": (1e-5, 2, 16, 384), "tydiqa": (1e-5, 2, 16, 384),
    }  # fmt: skip
    large = PRESETS["xtreme-large"]
    assert {n: row.learning_rate for n, row in large.items() if row != XTREME[n]} == {
        "nli_train": 3e-5, "copa_train": 3e-5, "mewslix": 1e-5,
    }  # fmt: skip


def test_every_trained_target_of_a_benchmark_has_its_row():
    def trained(*benchmarks):
        found = {task.training_task for task in TASKS.values() if task.benchmark in benchmarks}
        return found - {"none"}

    assert trained("XTREME-R", "XTREME") == set(XTREME)
    assert set(PHANG2020) == trained("XTREME-R", "XTREME") - {"copa_train", "lareqa", "mewslix"}


@pytest.mark.parametrize("name", [f"{p}/{task}" for p, rows in PRESETS.items() for task in rows])
def test_a_preset_is_a_recipe_that_warms_up_and_runs_out(name):
    protocol, task = name.split("/")
    knobs = target_knobs({"updates": {}, "batch_size": 1, "learning_rate": 1, "protocol": protocol}, task)
    recipe, row = Recipe.from_parameters(knobs), PRESETS[protocol][task]
    assert recipe.updates == row.updates == -(-row.rows * row.epochs // row.batch_size)
    warmup = row.warmup_updates or round(row.warmup_share * row.updates)
    assert recipe.rate(warmup) == pytest.approx(row.learning_rate, rel=2e-3)
    middle = (warmup + recipe.updates) // 2
    assert recipe.rate(middle) == pytest.approx(row.learning_rate / 2, rel=2e-2)
    assert recipe.rate(recipe.updates - 1) < row.learning_rate / 100 + row.learning_rate / len(range(middle))
    assert recipe.weight_decay == row.weight_decay


def test_the_knob_reaches_training_and_the_plan():
    ours, theirs = (
        study_of(load_scale("xlmr-base", {"target_finetuning.protocol": p})) for p in ("ours", "xtreme")
    )
    run = ours.runs[0]
    assert finetune_parameters(ours, run, "panx")["target_finetuning"].keys() == {
        "updates", "batch_size", "learning_rate", "curriculum",
    }  # fmt: skip
    knobs = finetune_parameters(theirs, run, "panx")
    assert knobs["target_finetuning"]["updates"] == 6250 and knobs["target_finetuning"]["longest"] == 128
    assert target_recipe("panx", "none", knobs).learning_rate == 2e-5
    assert updates_of(theirs, run) == sum(XTREME[task].updates for task in theirs.training_tasks)


def test_what_a_protocol_or_the_world_does_not_have_is_refused_in_one_line(capsys):
    for changes, says in (
        ("target_finetuning.protocol=theirs", "unknown protocol 'theirs'; there are: ours, xtreme, "),
        (
            "target_tasks=[xcopa],target_finetuning.protocol=phang2020",
            "phang2020 does not say how to tune on copa",
        ),
        ("target_tasks=[pawsx,bucc]", "the world makes no items of pawsx, bucc"),
    ):
        assert main(["plan", "--scale", "tiny", "--set", changes]) == 2
        line = capsys.readouterr().err
        assert says in line and line.count("\n") == 1


@dataclass
class SomeRun:
    run_id: str = "some-run"
    strategy: str = "none"
    seed: int = 0


def test_inputs_are_cut_where_the_preset_cuts_them(tmp_path, monkeypatch):
    """In training, and again whenever the checkpoint is read."""
    short = presets.Preset(rows=8, epochs=2, learning_rate=1e-3, longest=12, batch_size=4)
    monkeypatch.setitem(PRESETS, "short", {"pawsx": short})
    encoder = write_encoder(tmp_path / "encoder")
    (tmp_path / "pawsx").mkdir()
    rows = {"text_a": sentences("alb", 8), "text_b": sentences("dor", 8), "label": ["same", "different"] * 4}
    ids = {"example_id": [f"e{i}" for i in range(8)], "meaning_id": [f"m{i}" for i in range(8)]}
    pd.DataFrame(ids | rows).to_parquet(tmp_path / "pawsx" / "train-alb.parquet")
    section = {"updates": {}, "batch_size": 1, "learning_rate": 1.0, "protocol": "short"}
    parameters = {"shared": {"source_language": "alb"}, "target_finetuning": section}
    tuned = finetune_target(tmp_path / "tuned", SomeRun(), "pawsx", encoder, tmp_path, parameters)
    budget = read_json(tuned / "budget.json")
    assert budget["updates"] == 4 and budget["labelled_tokens"] <= 4 * 4 * 12
    assert longest_input(load_whole(tuned, "classification")) == 12
