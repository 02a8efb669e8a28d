"""The chain of chapters: what is done is not done again, and what is killed goes on."""

import csv
import os
import random
import resource
import shutil
import signal
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import small_study

from polystilts import paths
from polystilts.errors import WrongUse
from polystilts.files import read_json, write_json
from polystilts.pipeline.cells import code_hash, contents, finish
from polystilts.pipeline.chapters import CHAPTERS, jobs_of, needed_jobs
from polystilts.pipeline.engine import environment_of
from polystilts.pipeline.mill import declared_knobs
from polystilts.pipeline.stages import with_others
from polystilts.pipeline.study import open_study, share, tag_of


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "OUTPUTS", tmp_path)
    return open_study("tiny")


def write(draft):
    draft.mkdir()
    (draft / "a.txt").write_text("a")
    (draft / "b.txt").write_text("b")


def test_a_finished_cell_is_skipped_until_its_inputs_change(study):
    target = study.folder / "made"
    assert finish(study, "train", "x", {"seed": 0}, write, target)
    assert not finish(study, "train", "x", {"seed": 0}, write, target)
    assert finish(study, "train", "x", {"seed": 1}, write, target)


@pytest.mark.parametrize(
    "harm", [lambda f: f.unlink(), lambda f: f.write_text("c"), lambda f: f.write_text("aa")]
)
def test_a_cell_whose_files_were_touched_is_done_again(study, harm):
    target = study.folder / "made"
    finish(study, "train", "x", {}, write, target)
    harm(target / "a.txt")
    assert finish(study, "train", "x", {}, write, target)
    assert (target / "a.txt").read_text() == "a"


def test_a_cell_that_fails_leaves_nothing(study):
    def fail(draft):
        write(draft)
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        finish(study, "train", "x", {}, fail, study.folder / "made")
    assert not (study.folder / "made").exists()
    assert not list(study.folder.rglob(".tmp-*"))


def test_contents_name_only_the_files_asked_for(study):
    finish(study, "world", "w0", {}, write, study.folder / "made")
    assert contents(study, "world", "w0", "a") != contents(study, "world", "w0", "b")
    assert contents(study, "world", "w0") == contents(study, "world", "w0", "a", "b")


def test_code_that_scores_does_not_reach_training():
    assert code_hash("polystilts.training.stages") != code_hash("polystilts.evaluation.scores")


def test_shares_cover_every_run_once():
    study = open_study("demo")
    shares = [share(study, study.runs, f"{k}/5") for k in range(1, 6)]
    assert sorted(run.run_id for part in shares for run in part) == sorted(run.run_id for run in study.runs)
    assert max(map(len, shares)) - min(map(len, shares)) <= 2
    with pytest.raises(WrongUse, match="k/n"):
        share(study, study.runs, "3/2")


def test_narrowing_never_changes_what_the_study_is():
    assert [run.seed for run in open_study("tiny", seeds=[1], arms=["none"]).runs] == [1]
    assert open_study("tiny", seeds=[1]).parameters == open_study("tiny").parameters
    with pytest.raises(WrongUse, match="give a tag"):
        open_study("tiny", translation_noise=0.5)
    assert (
        open_study("tiny", "lab", translation_noise=0.5).scale["data_preparation"]["translation_noise"] == 0.5
    )


def test_run_ids_name_everything_that_varies():
    ids = [run.run_id for run in open_study("tiny").runs]
    assert len(set(ids)) == len(ids)
    assert "w48.w0.e0--translated--squad_v2--a--s1" in ids
    assert "w48.w0.e0--none--none--none--s0" in ids


def test_tags_do_not_depend_on_order():
    assert tag_of({"seeds": [0], "rows.test": 9}) == tag_of({"rows.test": 9, "seeds": [0]})
    assert len(tag_of({"languages": ["alb"] * 90})) <= 70


def test_batches_wait_for_their_own_batch_only():
    study = open_study("demo")
    jobs = {job.name: job for job in jobs_of(study)}
    needs = {name: [other.name for other in needed_jobs(job, study)] for name, job in jobs.items()}
    assert needs["05_target_finetuning.2"] == ["04_intermediate_training.2"]
    assert needs["06_zero_shot_transfer.2"] == ["05_target_finetuning.2"]
    assert needs["06_zero_shot_transfer.1"] == ["05_target_finetuning.1", "05_target_finetuning.2"]
    assert needs["04_intermediate_training.0"] == ["04_intermediate_training.1", "04_intermediate_training.2"]
    assert "06_zero_shot_transfer.0" not in jobs  # its first batch collects all scores, and shows them
    assert [chapter.name[:2] for chapter in CHAPTERS] == [f"{number:02d}" for number in range(9)]


def test_the_page_that_is_read_shows_all_runs():
    """Of a chapter that trains in batches no batch is published: each would show its own share at best."""
    study = open_study("demo")
    assert study.scale.shared["batches"] > 1
    for chapter in CHAPTERS:
        (page,) = [job for job in jobs_of(study) if job.chapter == chapter
                   and job.notebook(study).name == f"{chapter.name}.ipynb"]  # fmt: skip
        assert page.batch == "1/1" or "tables/scores.csv" in chapter.writes, chapter.name
        assert not (page.number == 0 and page.learns)
    whole = open_study("demo", "whole", batches=1)
    assert all(job.number == 1 for job in jobs_of(whole))


def test_a_batch_that_is_done_early_helps_the_others_where_they_share_a_machine(study, monkeypatch):
    own, needed = share(study, study.runs, "1/2"), "04_intermediate_training"

    def taken():
        return list(with_others(study, own, needed))

    here, queue = (environment_of(study, "", "x", profile) for profile in ("", "profiles/slurm"))
    monkeypatch.setenv("POLYSTILTS_TOGETHER", here["POLYSTILTS_TOGETHER"])
    for number in (1, 2):
        assert taken() == own  # a checkpoint that another batch is still at may not be read
        write_json(study.folder / ".done" / f"{needed}.{number}.json", {})
    assert taken() == own + [run for run in study.runs[::-1] if run not in own]
    assert sorted(run.run_id for run in taken()) == sorted(run.run_id for run in study.runs)
    monkeypatch.setenv("POLYSTILTS_TOGETHER", queue["POLYSTILTS_TOGETHER"])
    assert taken() == own


def test_only_one_parameters_cell_is_read():
    cell = SimpleNamespace(source="scale: str = 'tiny'\nseeds = [0]", metadata={"tags": ["parameters"]})
    assert declared_knobs(SimpleNamespace(cells=[cell])) == ["scale", "seeds"]
    with pytest.raises(WrongUse, match="one cell tagged"):
        declared_knobs(SimpleNamespace(cells=[]))


# --- the whole chain, with rooms that pretend -------------------------------------------------------------


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A small study run from beginning to end, and the processor time that was seen from outside."""
    root = small_study.make_repository(tmp_path_factory.mktemp("finished"))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ended = small_study.run(root)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return root, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def made(root: Path) -> dict[str, bytes]:
    """Everything a study made whose bytes must not depend on when or how often it was started."""
    folder = root / "outputs" / "tiny"
    files = [*folder.rglob("*.parquet"), *folder.rglob("model.json"), folder / "tables" / "scores.csv"]
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(files)}


def records(root: Path) -> dict[str, int]:
    """When every cell of a study was finished."""
    return {
        str(file): file.stat().st_mtime_ns for file in (root / "outputs/tiny/.done/cells").rglob("*.json")
    }


def copy_of(root: Path, target: Path) -> Path:
    shutil.copytree(root, target, symlinks=True)
    return target


@pytest.mark.slow
def test_the_kinds_of_time_sum_to_the_whole(finished):
    root, seen = finished
    with open(root / "outputs/tiny/tables/time.csv", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["scale", "stage", "run_id", "kind", "wall_s", "cpu_s", "tokens"]
    assert sum(float(row["cpu_s"]) for row in rows) == pytest.approx(seen, rel=0.1)
    trained = [row for row in rows if row["kind"] == "train" and row["run_id"]]
    assert sum(int(row["tokens"]) for row in trained) == 10 * (4 + 18)  # first tasks, and three tunings a run


@pytest.mark.slow
def test_a_finished_study_has_nothing_to_do_even_if_it_was_moved(finished, tmp_path):
    root = copy_of(finished[0], tmp_path / "moved")
    began = time.time()
    again = small_study.run(root)
    assert "nothing to do" in again.stdout
    assert time.time() - began < 10
    assert made(root) == made(finished[0])


@pytest.mark.slow
def test_another_seed_runs_only_the_new_cells(finished, tmp_path):
    root = copy_of(finished[0], tmp_path / "seed")
    before = records(root)
    file = root / "params" / "tiny.yaml"
    file.write_text(file.read_text().replace("  seeds: [0, 1]", "  seeds: [0, 1, 2]"))
    ended = small_study.run(root, "--no-notebooks")
    assert ended.returncode == 0, ended.stderr
    after = records(root)
    changed = [name for name in after if before.get(name) != after[name]]
    assert len(changed) == 2 + 9 + 12  # of three more runs: intermediate, tuning, prediction
    assert all("--s2" in name for name in changed)


@pytest.mark.slow
@pytest.mark.proof
def test_a_clone_with_committed_outputs_runs_everything_though_it_is_killed(finished, tmp_path):
    root = copy_of(finished[0], tmp_path / "clone")
    shutil.rmtree(root / "outputs/tiny/.done")
    for checkpoints in (root / "outputs/tiny/runs").glob("*/checkpoints"):
        shutil.rmtree(checkpoints)
    file = root / "params" / "tiny.yaml"
    file.write_text(file.read_text().replace("batches: 1", "batches: 2"))
    driver = subprocess.Popen(
        small_study.command("run", "--scale", "tiny", "--cores", "2"),
        cwd=root, env=small_study.surroundings(root), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    time.sleep(random.uniform(5, 14))
    family = psutil.Process(driver.pid).children(recursive=True)
    os.kill(driver.pid, signal.SIGKILL)
    for process in family[::2]:  # the others outlive it, as they do when only some are killed
        process.kill() if process.is_running() else None
    driver.wait()
    ended = small_study.run(root)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "largest difference is 0.00 points" in ended.stdout
    assert len(records(root)) == len(records(finished[0]))
    assert made(root) == made(finished[0])


@pytest.mark.slow
def test_a_failing_chapter_is_named_and_keeps_its_traceback(finished, tmp_path, monkeypatch):
    root = copy_of(finished[0], tmp_path / "failing")
    done = root / "outputs/tiny/.done"
    (done / "06_zero_shot_transfer.1.json").unlink()
    shutil.rmtree(done / "cells" / "predict")
    monkeypatch.setenv("FAILS_AT", "udpos")
    ended = small_study.run(root)
    assert ended.returncode == 1
    assert "06_zero_shot_transfer failed: ValueError: no answer came to mind" in ended.stderr
    notebook = root / "outputs/tiny/chapters/06_zero_shot_transfer.ipynb"
    assert "no answer came to mind" in notebook.read_text()
    assert not (done / "06_zero_shot_transfer.1.json").exists()


@pytest.mark.slow
def test_run_records_say_what_made_them(finished):
    root, _ = finished
    record = read_json(root / "outputs/tiny/runs/w48.w0.e0--english--squad_v2--none--s0/run.json")
    assert record["seeds"] == {"world": 0, "encoder": 0, "run": 0}
    assert [stage["stage"] for stage in record["stages"]] == ["intermediate"] + ["finetune"] * 3 + [
        "predict"
    ] * 4
    assert set(record["hashes"]) == {"input", "code", "data", "encoder"}
