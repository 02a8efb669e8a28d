"""What a machine may lack or do costs one clear line, never a traceback, and never a study.

Where a chain runs, it is over rooms that pretend (`small_study`), without notebooks unless they matter.
"""

import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import small_study

from polystilts import __main__ as command
from polystilts import machine, paths
from polystilts.errors import CRASH, StudyError, WrongUse, lack
from polystilts.gate import sandbox
from polystilts.pipeline import engine, watch

ALONE = ("run", "--scale", "tiny", "--cores", "2", "--no-notebooks")


def ask(*words: str, root: Path = paths.REPOSITORY, **env: str) -> subprocess.CompletedProcess:
    """What the command line answers, with some of the environment changed."""
    told = {name: value for name, value in os.environ.items() if not name.startswith("POLYSTILTS")}
    return subprocess.run(
        [sys.executable, "-m", "polystilts", *words],
        cwd=root,
        capture_output=True,
        env=told | {"PYTHONPATH": str(paths.PACKAGE.parent), **env},
        timeout=120,
    )


# --- letters, homes, places -------------------------------------------------------------------------------


@pytest.mark.skipif(not (paths.OUTPUTS / "demo" / "claims.json").is_file(), reason="demo is not here")
@pytest.mark.parametrize(
    "env", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}]
)
def test_a_terminal_without_our_letters_is_told_all_the_same(env):
    asked = ask("trace", "primary", "--outputs", "outputs/demo", **env)
    assert asked.returncode == 0 and not asked.stderr
    assert asked.stdout.isascii() and b"claim primary" in asked.stdout and b"\\u2212" in asked.stdout


def test_a_home_that_cannot_be_written_is_made_up_for(monkeypatch):
    monkeypatch.setenv("HOME", "/proc/nowhere")
    assert not machine.has_home()
    machine.make_do()
    assert machine.has_home() and os.environ["HOME"] != "/proc/nowhere"
    monkeypatch.setenv("HOME", "/proc/nowhere")  # and back to what this test began with


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a{b} c", "l'été de Zoë"])
def test_a_study_runs_in_odd_places_without_a_home_and_without_letters(tmp_path, name):
    root = small_study.make_repository(tmp_path / name)
    ended = subprocess.run(
        small_study.command("run", "--scale", "tiny", "--cores", "2"),
        cwd=root,
        capture_output=True,
        text=True,
        timeout=240,
        env=small_study.surroundings(root) | {"HOME": "/proc/nowhere", "PYTHONIOENCODING": "ascii"},
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert (root / "outputs/tiny/chapters/08_what_we_learned.ipynb").is_file()


@pytest.mark.skipif(not sandbox.namespaces(), reason="no namespaces are allowed here")
def test_spaces_in_a_path_leave_the_sandbox_sealed(tmp_path):
    place = tmp_path / "l'été {de} Zoë"
    (place / "in put").mkdir(parents=True)
    write = f"import pathlib; pathlib.Path({str(place / 'in put' / 'file')!r}).write_text('x')"
    sealed = sandbox.run_sealed(["timeit", "-n", "1", "-r", "1", write], place / "work", [place / "in put"])
    assert sealed.code and "Read-only file system" in sealed.output
    assert "inputs and source mounted read-only" in sealed.enforced


# --- which code, which clone ------------------------------------------------------------------------------


def test_the_environment_of_another_clone_is_named(tmp_path):
    (tmp_path / "params").mkdir()
    (tmp_path / "src" / "polystilts").mkdir(parents=True)
    asked = ask("plan", "--scale", "tiny", root=tmp_path)
    assert asked.returncode == 2 and asked.stderr.count(b"\n") == 1
    assert f"the code of {paths.REPOSITORY}, and you are in {tmp_path}".encode() in asked.stderr


def test_make_runs_the_code_of_its_own_clone_whatever_the_environment(tmp_path):
    told = subprocess.run(
        ["make", "-n", "-p", "VENV=/elsewhere/.venv", "help"],
        cwd=paths.REPOSITORY,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": "/more"},
    )
    assert f"PYTHONPATH := {paths.REPOSITORY}/src:/more" in told.stdout
    lab = subprocess.run(
        ["make", "-n", "-W", "none", "VENV=/elsewhere/.venv", "lab"],
        cwd=paths.REPOSITORY,
        capture_output=True,
        text=True,
    )
    assert "\n/elsewhere/.venv/bin/python -m jupyterlab --ServerApp.root_dir=. lab/" in lab.stdout


def test_make_installs_nothing_into_the_environment_of_another_clone(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").touch()
    told = subprocess.run(
        ["make", "-n", f"VENV={tmp_path}", "plan"], cwd=paths.REPOSITORY, capture_output=True, text=True
    )
    assert told.returncode == 0 and f"{tmp_path}/bin/python -m polystilts plan" in told.stdout
    assert "pip install" not in told.stdout


def test_outside_a_clone_the_command_says_so_and_still_scores(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(paths, "PARAMS", tmp_path / "params")
    monkeypatch.chdir(tmp_path)
    assert command.main(["plan", "--scale", "tiny"]) == 2
    said = capsys.readouterr().err
    assert "this works in a clone" in said and said.count("\n") == 1
    assert command.main(["score", "nowhere", "--labels", "nowhere"]) == 2
    assert "nowhere is not a folder" in capsys.readouterr().err


def test_names_in_small_letters_are_not_taken_for_nothing():
    asked = subprocess.run(
        ["make", "-n", "study", "scale=tiny"], cwd=paths.REPOSITORY, capture_output=True, text=True
    )
    assert (
        asked.returncode == 2 and "in capitals here, and scale is not: make study SCALE=tiny" in asked.stderr
    )


# --- exit codes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (ValueError("no"), CRASH, "a fault of the program"),
        (MemoryError(), CRASH, "not enough memory"),
        (OSError(28, "No space left on device", "/x"), CRASH, "/x cannot be used (no space left on device)"),
        (StudyError("the sandbox went away"), CRASH, "the sandbox went away"),
        (WrongUse("no such folder"), 2, "no such folder"),
    ],
)
def test_a_crash_of_the_gate_never_says_that_a_study_is_falsified(error, code, says, monkeypatch, capsys):
    def fail(asked):
        raise error

    monkeypatch.setitem(command.DEEDS, "verify", fail)
    assert command.main(["verify", "demo"]) == code
    said = capsys.readouterr().err
    assert says in said.splitlines()[-1]
    assert ("Traceback" in said) == isinstance(error, ValueError)


def test_a_reader_that_has_seen_enough_is_no_falsification():
    code = f"{sys.executable} -m polystilts plan --scale tiny | true; echo ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", code], cwd=paths.REPOSITORY, capture_output=True, text=True)
    assert ended.stdout.strip() in ("0", str(CRASH)) and "Traceback" not in ended.stderr


def test_only_a_refusal_of_the_machine_is_told_as_one():
    assert lack(FileNotFoundError(2, "No such file", "/x")) == ""


# --- memory, sleep, devices -------------------------------------------------------------------------------


def test_too_little_memory_is_named_before_anything_starts(tmp_path):
    def little():
        resource.setrlimit(resource.RLIMIT_AS, (1_600_000_000, 1_600_000_000))

    root = tmp_path
    shutil.copytree(paths.PARAMS, root / "params")
    ended = subprocess.run(
        [sys.executable, "-m", "polystilts", "run", "--scale", "tiny"],
        cwd=root,
        preexec_fn=little,
        env=os.environ | {"POLYSTILTS_ROOT": str(root), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 2 and ended.stderr.count("\n") == 1
    assert "a process may have 1.6 GB of memory here (ulimit -v)" in ended.stderr
    assert not (root / "outputs").exists()


def test_errors_that_come_of_little_memory_are_told_with_what_there_is():
    (line,) = watch.memory_line(["04 failed: DeadKernelError: Kernel died"])
    assert "memory may have run out: there are " in line and "CORES=1" in line
    assert watch.memory_line(["04 failed: ValueError: no answer came to mind"]) == []


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def watch_jobs(minutes: float, pause: float = 0.0) -> None:
    """Watch the jobs of this process for so many minutes by a clock that is ahead of time."""
    clock = Clock()
    sleepers = watch.Sleepers(clock=clock)
    for _ in range(int(60 * minutes / watch.LOOK) + 1):
        clock.now += watch.LOOK
        time.sleep(pause)
        sleepers.look()


@pytest.fixture
def job(request):
    process = subprocess.Popen([sys.executable, "-c", request.param, "mill", "05_target_finetuning", "2/2"])
    time.sleep(1.0)
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize("job", ["import time; time.sleep(600)"], indirect=True)
def test_jobs_that_sleep_for_ever_are_ended_and_named(job):
    with pytest.raises(StudyError, match="05_target_finetuning failed: it has done nothing for 1.. seconds"):
        watch_jobs(3)


@pytest.mark.parametrize("job", ["while True: pass"], indirect=True)
def test_a_job_at_work_is_left_alone(job):
    watch_jobs(5, pause=0.1)


@pytest.mark.parametrize("job", ["import time; time.sleep(600)"], indirect=True)
def test_a_study_that_was_stopped_for_a_day_did_not_sleep_for_a_day(job):
    clock = Clock()
    sleepers = watch.Sleepers(clock=clock)
    clock.now += 86400
    sleepers.look()
    assert sleepers.asleep <= 2 * watch.LOOK


@pytest.mark.parametrize(
    ("visible", "found"),
    [("", []), ("0,1", ["0", "1"]), ("-1", []), ("0,-1,1", ["0"]), ("GPU-0a, GPU-2c", ["GPU-0a", "GPU-2c"])],
)
def test_what_cuda_hides_is_no_gpu(visible, found, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert engine.gpus_here() == found


def test_a_formatter_that_can_be_imported_changes_no_byte_of_a_chapter(tmp_path):
    (tmp_path / "black.py").write_text(
        "class FileMode:\n    def __init__(self, **more):\n        pass\n"
        "def format_str(source, mode=None):\n    return '# formatted by somebody\\n' + source\n"
    )
    code = (
        "from polystilts.pipeline import mill\n"
        "mill.without_formatter()\n"
        "from papermill.translators import PythonTranslator\n"
        "print(PythonTranslator.codify({'seeds': [0, 1]}))"
    )
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(paths.PACKAGE.parent)])}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("# Parameters\nseeds = [0, 1]")


@pytest.mark.slow
@pytest.mark.proof
def test_a_study_that_is_ended_under_load_says_one_line(tmp_path):
    root = small_study.make_repository(tmp_path / "loaded", batches=2)
    driver = subprocess.Popen(
        small_study.command("run", "--scale", "tiny", "--cores", "2"),
        cwd=root,
        env=small_study.surroundings(root),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    burners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(3)]
    try:
        end = time.monotonic() + 90
        while not list((root / "outputs").rglob("00_the_question.1.json")) and time.monotonic() < end:
            time.sleep(0.2)
        driver.terminate()
        _, said = driver.communicate(timeout=60)
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()
    assert said == "polystilts: ended by SIGTERM; the same command goes on where it stopped\n"
    assert not [p for p in psutil.process_iter(["cmdline"]) if str(root) in " ".join(p.info["cmdline"] or [])]
