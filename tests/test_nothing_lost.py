"""What goes wrong around a study costs one clear message and nothing that was finished.

The chain runs without notebooks, over rooms that pretend (`small_study`): each of its runs takes seconds.
"""

import ctypes
import errno
import os
import shutil
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import small_study

from polystilts import paths
from polystilts.files import read_json, write_json
from polystilts.pipeline import cells, hold
from polystilts.pipeline.cells import damaged, finish
from polystilts.pipeline.chapters import jobs_of, made_from
from polystilts.pipeline.study import open_study

SCORES = Path("outputs/tiny/tables/scores.csv")
ALONE = ("run", "--scale", "tiny", "--cores", "2", "--no-notebooks")


def run(root: Path, **options) -> subprocess.CompletedProcess:
    return subprocess.run(
        small_study.command(*ALONE), cwd=root, env=small_study.surroundings(root),
        capture_output=True, text=True, timeout=240, **options,
    )  # fmt: skip


def start(root: Path) -> subprocess.Popen:
    return subprocess.Popen(
        small_study.command(*ALONE), cwd=root, env=small_study.surroundings(root),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def wait_for(condition, seconds: float = 60) -> None:
    end = time.time() + seconds
    while not condition():
        assert time.time() < end, "waited in vain"
        time.sleep(0.05)


def records(root: Path) -> dict[str, int]:
    folder = root / "outputs/tiny/.done/cells"
    return {str(file.relative_to(folder)): file.stat().st_mtime_ns for file in folder.rglob("*.json")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    root = small_study.make_repository(tmp_path_factory.mktemp("whole"))
    ended = run(root)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return root


def copy_of(root: Path, target: Path) -> Path:
    shutil.copytree(root, target, symlinks=True)
    return target


@pytest.mark.slow
@pytest.mark.proof
def test_a_second_run_is_told_who_holds_the_study_and_touches_nothing(tmp_path):
    root = small_study.make_repository(tmp_path / "held", batches=2)
    first = start(root)
    holder = root / "outputs/tiny/.done/holder.json"
    wait_for(lambda: holder.exists() and len(records(root)) > 2)
    second = run(root)
    assert second.returncode == 1 and second.stdout == ""
    assert f"tiny is being run by process {first.pid} on " in second.stderr
    assert second.stderr.count("\n") == 1
    said, _ = first.communicate(timeout=120)
    assert first.returncode == 0 and "ended" not in said
    assert not holder.exists()


@pytest.mark.slow
def test_a_scheduler_that_ends_the_study_leaves_no_process_no_lock_and_one_message(whole, tmp_path):
    root = small_study.make_repository(tmp_path / "ended", batches=2)
    driver = start(root)
    wait_for(lambda: len(records(root)) > 4)
    family = psutil.Process(driver.pid).children(recursive=True)
    driver.send_signal(signal.SIGTERM)
    _, errors = driver.communicate(timeout=30)
    assert driver.returncode == 1
    assert errors == "polystilts: ended by SIGTERM; the same command goes on where it stopped\n"
    assert not psutil.wait_procs(family, timeout=5)[1]
    assert not (root / "outputs/tiny/.done/holder.json").exists()
    before = records(root)
    assert run(root).returncode == 0
    assert before.items() <= records(root).items()  # what was finished was not done again
    assert (root / SCORES).read_bytes() == (whole / SCORES).read_bytes()


@pytest.mark.slow
@pytest.mark.proof
def test_orphans_of_a_killed_run_are_found_and_ended_before_anything_starts(whole, tmp_path):
    root = small_study.make_repository(tmp_path / "orphans", batches=2)
    driver = start(root)
    wait_for(lambda: len(records(root)) > 4)
    for process in (psutil.Process(driver.pid), *psutil.Process(driver.pid).children(recursive=True)):
        process.kill()
    driver.communicate()
    draft = root / "outputs/tiny/runs/.tmp-7-half"
    draft.mkdir(parents=True)
    told = small_study.surroundings(root) | {"POLYSTILTS_STUDY": str(root / "outputs/tiny")}
    orphan = subprocess.Popen(["sleep", "600"], env=told)
    stranger = subprocess.Popen(["sleep", "600"], env=told | {"POLYSTILTS_STUDY": "/elsewhere"})
    try:
        ended = run(root)
        assert ended.returncode == 0
        assert "ended 1 processes left over from a run that was killed" in ended.stdout
        assert orphan.wait(timeout=5) == -signal.SIGKILL and stranger.poll() is None
    finally:
        for process in (orphan, stranger):
            process.kill()
            process.wait()
    assert not draft.exists()
    assert (root / SCORES).read_bytes() == (whole / SCORES).read_bytes()


def without_right_to_ignore_modes() -> None:
    """Take from root the right to write where it may not (CAP_DAC_OVERRIDE); others never had it."""
    ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)


@pytest.mark.slow
def test_a_folder_that_cannot_be_written_is_named_in_one_line(whole, tmp_path):
    root = copy_of(whole, tmp_path / "read-only")
    before = records(root)
    (root / "outputs/tiny/.done").chmod(0o555)
    try:
        ended = run(root, preexec_fn=without_right_to_ignore_modes)
    finally:
        (root / "outputs/tiny/.done").chmod(0o755)
    if ended.returncode == 0:
        pytest.skip("this user may write anywhere")
    assert ended.returncode == 1 and ended.stderr.count("\n") == 1
    assert "outputs/tiny/.done" in ended.stderr and "cannot be written (permission denied)" in ended.stderr
    assert records(root) == before


SMALL_DISK = """
mount -t tmpfs -o size=240k small "$1/outputs" || exit 77
shift 1; "$@"; first=$?
mount -o remount,size=50m small "$ROOT/outputs" && df --output=used "$ROOT/outputs" >&2
"$@"; echo "codes $first $?"; cp -r "$ROOT/outputs" "$ROOT/kept"
"""


@pytest.mark.slow
@pytest.mark.proof
def test_a_full_disk_is_said_in_words_and_room_lets_the_same_command_finish(whole, tmp_path):
    root = small_study.make_repository(tmp_path / "full")
    (root / "outputs").mkdir()
    ended = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "bash", "-c", SMALL_DISK,
         "small", str(root), *small_study.command(*ALONE)],
        cwd=root, env=small_study.surroundings(root) | {"ROOT": str(root)},
        capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    if "codes" not in ended.stdout:
        pytest.skip(f"no small disk can be made here: {ended.stderr.strip()[-200:]}")
    assert "codes 1 0" in ended.stdout, ended.stdout + ended.stderr
    assert "No space left on device" in ended.stderr or "no space left on device" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert (root / "kept/tiny/tables/scores.csv").read_bytes() == (whole / SCORES).read_bytes()


@pytest.mark.slow
def test_what_was_damaged_after_it_was_finished_is_made_again(whole, tmp_path):
    root = copy_of(whole, tmp_path / "damaged")
    before, right = records(root), {}
    for pattern, harm in (
        ("runs/*/checkpoints/intermediate/model.json", lambda text: text[::-1]),  # as long as it was
        ("runs/*/predictions/udpos.parquet", lambda text: text[: len(text) // 2]),
        ("w0/examples/udpos/train-alb.json", lambda text: ""),
    ):
        file = sorted((root / "outputs/tiny").glob(pattern))[0]
        right[file] = file.read_text()
        file.write_text(harm(right[file]))
    assert run(root).returncode == 0
    assert {file: file.read_text() for file in right} == right
    assert (root / SCORES).read_bytes() == (whole / SCORES).read_bytes()
    after = records(root)
    assert len([name for name in after if after[name] != before[name]]) == 3  # these cells, and no others


@pytest.mark.slow
def test_another_arm_runs_only_its_own_cells(whole, tmp_path):
    root = copy_of(whole, tmp_path / "arm")
    before, file = records(root), root / "params" / "tiny.yaml"
    file.write_text(
        file.read_text().replace("    - none\n", "    - none\n    - code-switched:squad_v2:A\n", 1)
    )
    assert run(root).returncode == 0
    after = records(root)
    changed = [name for name in after if before.get(name) != after[name]]
    assert len(changed) == 2 + 6 + 8  # of two runs: intermediate, tuning, prediction
    assert all("--code-switched--" in name for name in changed)


@pytest.mark.slow
def test_a_language_that_is_only_tested_trains_nothing(whole, tmp_path):
    root = copy_of(whole, tmp_path / "language")
    before, file = records(root), root / "params" / "tiny.yaml"
    text = file.read_text().replace("lir, var]", "lir, var, zan]").replace("[lir]", "[lir, zan]")
    file.write_text(text.replace("tested_only: []", "tested_only: [zan]"))
    assert run(root).returncode == 0
    after = records(root)
    changed = {name.split("/")[0] for name in after if before.get(name) != after[name]}
    assert changed == {"world", "predict"}  # read with the encoder and the checkpoints that are there


# --- inside one process -----------------------------------------------------------------------------------


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "OUTPUTS", tmp_path)
    return open_study("tiny")


def write(draft: Path) -> None:
    draft.mkdir()
    (draft / "model.txt").write_text("weights")


def test_a_disk_that_is_full_when_the_record_is_written_leaves_no_finished_cell(study, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(cells, "write_json", full)
        with pytest.raises(OSError, match="No space"):
            finish(study, "finetune", "x", {}, write, study.folder / "made")
    assert finish(study, "finetune", "x", {}, write, study.folder / "made")


def stamped(study, name: str):
    """A job that is done, as its stamp says."""
    job = next(job for job in jobs_of(study) if job.name == name)
    write_json(job.stamp(study), {"job": name, "made_from": made_from(job, study), "left": {}})
    return job.stamp(study)


def test_chapters_over_damaged_cells_are_no_longer_done(study, capsys):
    first, other = stamped(study, "05_target_finetuning.1"), stamped(study, "03_pretraining.1")
    target = study.run_folder(study.runs[0]) / "checkpoints" / "udpos"
    finish(study, "finetune", "x", {}, write, target)
    hold.forget_stale(study)
    assert first.exists() and other.exists()
    (target / "model.txt").write_text("vvights")
    hold.forget_stale(study)
    assert not first.exists() and other.exists()
    assert "model.txt is not as it was left: running 05_target_finetuning again" in capsys.readouterr().out


def test_checkpoints_may_be_removed_and_predictions_may_not(study):
    finish(study, "finetune", "x", {}, write, study.folder / "checkpoint")
    finish(study, "predict", "x", {}, write, study.folder / "predictions")
    shutil.rmtree(study.folder / "checkpoint")
    assert not list(damaged(study))
    shutil.rmtree(study.folder / "predictions")
    assert [stage for stage, _ in damaged(study)] == ["predict"]


@pytest.mark.parametrize("content", ["", "{", "null", "{}", '{"hash": 1}'])
def test_a_damaged_record_or_stamp_vouches_for_nothing(study, content):
    finish(study, "finetune", "x", {}, write, study.folder / "made")
    (study.folder / ".done/cells/finetune/x.json").write_text(content)
    stamp = stamped(study, "08_what_we_learned.1")
    stamp.write_text(content)
    hold.forget_stale(study)
    assert not stamp.exists()
    assert finish(study, "finetune", "x", {}, write, study.folder / "made")


def test_another_source_or_another_share_of_the_runs_makes_a_job_undone(study, monkeypatch):
    stamp = stamped(study, "04_intermediate_training.1")
    hold.forget_stale(study)
    assert stamp.exists()
    row = read_json(stamp)
    write_json(stamp, row | {"made_from": row["made_from"][::-1]})
    hold.forget_stale(study)
    assert not stamp.exists()
    job = jobs_of(study)[4]
    assert made_from(job, study) != made_from(replace(job, batches=3), study)


def test_results_that_came_with_the_repository_are_kept_once_and_before_any_cell(study):
    scores = study.folder / "tables" / "scores.csv"
    scores.parent.mkdir(parents=True)
    scores.write_text("theirs")
    hold.ship(study)
    scores.write_text("ours")
    finish(study, "finetune", "x", {}, write, study.folder / "made")
    hold.ship(study)
    assert (study.folder / ".done/shipped/scores.csv").read_text() == "theirs"
    assert os.listdir(study.folder / ".done/shipped") == ["scores.csv"]
