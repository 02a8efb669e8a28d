"""What a study will cost is foreseen from what one was measured at, and compared afterwards."""

import csv
import io
import os
import time

import pytest

from polystilts import paths
from polystilts.files import write_json, write_text
from polystilts.pipeline import cost, engine, forecast, mill, rates
from polystilts.pipeline.chapters import jobs_of
from polystilts.pipeline.drive import opened
from polystilts.pipeline.plan import alias_lines, effect_lines, plan
from polystilts.pipeline.progress import Progress, fresh_files
from polystilts.pipeline.study import open_study, run_rows

HEADER = "scale,stage,run_id,kind,wall_s,cpu_s,tokens\n"


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "OUTPUTS", tmp_path)
    return open_study("tiny")


def measure(study, train_s: float = 100.0) -> int:
    """A `time.csv` with round numbers: tokens of training are ten a row."""
    tokens = 10 * sum(run_rows(study, run) for run in study.runs)
    read = forecast.pretraining_tokens(study)
    rows = [("", "train", 50.0, read), ("", "start", 18.0, 0), ("", "data", 6.0, 0),
            ("a-run", "train", train_s - 50.0, tokens), ("a-run", "predict", 4.0, 9000)]  # fmt: skip
    lines = [f"tiny,x,{run},{kind},0.0,{seconds},{count}" for run, kind, seconds, count in rows]
    write_text(study.folder / "tables" / "time.csv", HEADER + "\n".join(lines) + "\n")
    return tokens


def test_the_weights_of_an_encoder_can_be_counted_by_hand():
    assert forecast.body_weights(open_study("tiny").scale) == 2 * (4 * 48 * 48 + 2 * 48 * 96)


def test_a_study_foreseen_at_its_own_rates_is_itself(study):
    assert forecast.forecast(study, 2) is None
    tokens = measure(study)
    found = forecast.forecast(study, 2)
    assert found.tokens == pytest.approx(tokens + forecast.pretraining_tokens(study))
    assert 3600 * found.train_h == pytest.approx(100.0)
    assert 3600 * found.read_h == pytest.approx(4.0)
    assert 3600 * found.other_h == pytest.approx(24.0)
    assert found.wall_h == pytest.approx(found.hours / 2)
    assert found.basis == "measured at tiny"


def test_twice_the_seeds_take_twice_the_training_of_runs(study):
    measure(study)
    more = opened("tiny", {"seeds": [0, 1, 2, 3]})
    assert 3600 * forecast.forecast(more, 1).train_h == pytest.approx(
        100.0 * (forecast.forecast(more, 1).tokens / forecast.forecast(study, 1).tokens)
    )
    assert forecast.cells_of(more)["finetune"] == 2 * forecast.cells_of(study)["finetune"]


def test_large_scales_say_what_their_rate_rests_on(study):
    text = plan(opened("xlmr-large", {}), 8)
    assert "of one GPU" in text and "trainings of XLM-R-large on one" in text


def test_the_rate_of_a_gpu_is_the_median_of_our_side_at_the_same_size(study, tmp_path):
    scale, file = opened("xlmr-large", {}).scale, tmp_path / "gpu.csv"
    assert rates.benched_rate(scale, file) == (
        "assumed, not measured: 1e+14 operations a second on one GPU", rates.ASSUMED_RATE,
    )  # fmt: skip
    file.write_text(
        "setting,side,amount,wall_s,processor\n"
        '"XLM-R-large, short",ours,1000,2,A card\n'
        '"XLM-R-large, long",ours,1000,1,A card\n'
        '"XLM-R-large, longer",ours,3000,1,A card\n'
        '"XLM-R-large, short",Trainer,9000,1,A card\n'
        '"XLM-R-base, short",ours,9000,1,A card\n'
    )
    words, rate = rates.benched_rate(scale, file)
    assert rate == pytest.approx(6 * 301_989_888 * 1000)
    assert "3 trainings of XLM-R-large on one A card" in words


def test_what_was_foreseen_is_kept_before_any_work_and_compared_with_the_truth(study):
    measure(study)
    forecast.keep_forecast(study, 2)
    measure(study, train_s=200.0)
    (study.folder / ".done" / "cells").mkdir()
    forecast.keep_forecast(study, 2)  # too late: work has begun
    said = forecast.compare_with_plan(study)
    with open(study.folder / "tables" / "plan.csv", newline="") as stream:
        rows = {row["what"]: row for row in csv.DictReader(stream)}
    assert 3600 * float(rows["training"]["foreseen"]) == pytest.approx(100.0, abs=0.01)
    assert 3600 * float(rows["training"]["measured"]) == pytest.approx(200.0, abs=0.01)
    assert len(said) == 1 and "it took" in said[0]
    grown = opened("tiny", {"seeds": [0, 1, 2]})
    write_json(grown.folder / ".done/forecast.json", forecast.read_json(study.folder / ".done/forecast.json"))
    assert forecast.compare_with_plan(grown) == []


def test_factors_that_change_together_are_named():
    mixed = open_study("tiny", "lab", arms=["english:squad_v2", "translated:squad_v1:A"])
    assert "  strategy and intermediate_task always change together" in alias_lines(mixed)
    assert alias_lines(open_study("demo")) == ["  none"]


def test_one_seed_can_see_nothing_and_says_so(study):
    assert "add seeds" in effect_lines(opened("tiny", {"seeds": [0]}))[-1]
    assert "not known before" in effect_lines(study)[-1]


def test_a_grid_of_ten_thousand_cells_is_planned():
    grid = opened("world", {"batches": 10000, "seeds": list(range(12))})
    assert forecast.cells_of(grid).total() > 10000
    assert len(jobs_of(grid)) == 3 * len(grid.runs) + 6  # a job a run in three chapters
    assert f"{len(grid.runs)} runs in {len(jobs_of(grid))} jobs" in plan(grid, 2)


def test_the_page_on_cost_is_in_step():
    assert cost.PAGE.read_text(encoding="utf-8") == cost.page(), "run python -m polystilts.pipeline.cost"


# --- machines ---------------------------------------------------------------------------------------------


def test_each_job_that_learns_has_a_gpu_of_its_own(study, monkeypatch):
    (study.folder / ".done").mkdir(parents=True)
    monkeypatch.setenv("POLYSTILTS_GPUS", "0,1")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "before")
    training, telling = jobs_of(study)[4], jobs_of(study)[0]
    with mill.one_gpu(study, telling):
        assert os.environ["CUDA_VISIBLE_DEVICES"] == "before"
    with mill.one_gpu(study, training):
        first = os.environ["CUDA_VISIBLE_DEVICES"]
        with mill.one_gpu(study, training):
            assert {first, os.environ["CUDA_VISIBLE_DEVICES"]} == {"0", "1"}


def test_a_gpu_that_a_scheduler_has_chosen_is_obeyed(study, monkeypatch):
    monkeypatch.setenv("POLYSTILTS_GPUS", "queue")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    with mill.one_gpu(study, jobs_of(study)[4]):
        assert os.environ["CUDA_VISIBLE_DEVICES"] == "3"
    assert engine.gpus_here() == ["3"]


def test_jobs_of_a_cluster_ask_for_a_gpu_where_the_encoder_is_ready_made(study):
    assert engine.gpus_of_a_cluster(opened("xlmr-base", {})) == "queue"
    assert engine.gpus_of_a_cluster(study) == ""
    command = engine.engine_command(study, 2, "", str(paths.REPOSITORY / "profiles" / "slurm"))
    assert "--workflow-profile" in command and "--slurm-jobname-prefix" in command


# --- progress ---------------------------------------------------------------------------------------------


def test_a_finished_job_is_one_line_with_the_share_of_the_work(study):
    stream = io.StringIO()
    progress = Progress(
        study, "now", {"encoder": 1, "finetune": 3}, {"encoder": 30.0, "finetune": 10.0}, stream
    )
    progress.began = time.time() - 30
    folder = study.folder / ".done" / "time"
    for name, invocation in (("03_pretraining.1", "now"), ("05_target_finetuning.1", "an older run")):
        write_json(
            folder / f"{name}.json",
            {"stage": name, "started": 0, "ended": 12.0, "invocation": invocation, "entries": [], "cpu_s": 1},
        )
    progress.look(now=True)
    progress.look(now=True)
    assert stream.getvalue().count("\n") == 1
    assert "03_pretraining · 12 s" in stream.getvalue()
    assert "[############............]  50%, about 30 s to go" in stream.getvalue()
    assert fresh_files(folder, time.time() + 5) == set()
