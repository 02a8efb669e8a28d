"""The warm start: copies do what they are asked, end with whoever asked, and are never of outdated code."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from polystilts import account, paths
from polystilts.pipeline import warm

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every chapter starts afresh")


def ask(told: dict[str, str], role: str, *arguments: str) -> subprocess.CompletedProcess:
    """What somebody gets who asks for a copy."""
    return subprocess.run([*warm.COMMAND, role, *arguments], env=told, capture_output=True, text=True)


def until(true, patience: float = 60.0):
    """Wait for something to be true, and return it."""
    end = time.monotonic() + patience
    while not (found := true()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def copies_of(server: psutil.Process) -> list[psutil.Process]:
    """The copies at work."""
    return [copy for copy in server.children() if copy.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """The environment of jobs beside a process that stands by."""
    with warm.warm_start({**os.environ, "OMP_NUM_THREADS": "1"}, notebooks=False) as environment:
        until(Path(environment[warm.ADDRESS]).exists)
        yield environment


@pytest.fixture(scope="module")
def server(told) -> psutil.Process:
    """The process that stands by."""
    return next(child for child in psutil.Process().children() if "serve" in child.cmdline())


def test_a_copy_ends_as_the_chapter_would_and_its_seconds_are_told(told, tmp_path):
    file = tmp_path / "account.jsonl"
    asked = ask(told | {"POLYSTILTS_ACCOUNT": str(file)}, "mill", "--help")
    assert asked.returncode == 0
    assert "The mill" in asked.stdout
    assert 0 < account.elsewhere(file) < 60
    refused = ask(told, "mill", "no_such_chapter")
    assert refused.returncode == 2
    assert "invalid choice: 'no_such_chapter'" in refused.stderr


def test_whoever_hangs_up_disturbs_nobody(told):
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(told[warm.ADDRESS])
    assert ask(told, "mill", "--help").stdout.startswith("usage: ")


def test_a_copy_ends_with_whoever_asked_for_it_and_its_seconds_are_told_all_the_same(told, server, tmp_path):
    file = tmp_path / "account.jsonl"
    asked = subprocess.Popen(
        [*warm.COMMAND, "kernel", str(tmp_path / "connection.json")],
        env=told | {"POLYSTILTS_ACCOUNT": str(file)},
    )
    assert until(lambda: copies_of(server))
    assert until((tmp_path / "connection.json").exists), "it is a kernel"
    asked.kill()
    asked.wait()
    assert until(lambda: not copies_of(server), patience=10)
    assert 0 < account.elsewhere(file, patience=10) < 60


def test_the_process_that_is_copied_has_one_thread(server):
    def at_rest() -> bool:
        """Whether all is imported: a process that only waits takes next to no time."""
        before = sum(server.cpu_times()[:2])
        time.sleep(1)
        assert server.num_threads() == 1
        return sum(server.cpu_times()[:2]) - before < 0.1

    assert until(at_rest)
    assert any("libtorch" in place.path for place in server.memory_maps())


def test_changed_code_is_never_copied(tmp_path, monkeypatch):
    monkeypatch.setattr(warm, "WORK", ("polystilts.pipeline.mill",))  # the rest would be imported in vain
    package = tmp_path / "polystilts"
    shutil.copytree(paths.PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    with warm.warm_start({**os.environ, "PYTHONPATH": str(tmp_path)}, notebooks=False) as told:
        until(Path(told[warm.ADDRESS]).exists)
        assert "The mill" in ask(told, "mill", "--help").stdout
        mill = package / "pipeline" / "mill.py"
        mill.write_text(mill.read_text().replace("The mill", "The windmill"))
        assert "The windmill" in ask(told, "mill", "--help").stdout


@pytest.mark.parametrize("address", ["", "nobody-is-here", None])
def test_where_nobody_answers_the_work_is_started_afresh(address):
    environment = {**os.environ} | ({} if address is None else {warm.ADDRESS: address})
    refused = ask(environment, "mill", "no_such_chapter")
    assert refused.returncode == 2
    assert "invalid choice: 'no_such_chapter'" in refused.stderr


def test_what_a_copy_was_doing_is_named_when_its_original_is_gone(tmp_path):
    door = socket.socket(socket.AF_UNIX)
    door.bind(str(tmp_path / "warm"))
    door.listen()
    asked = subprocess.Popen(
        [*warm.COMMAND, "mill", "--scale", "tiny", "--tag=no-such", "05_target_finetuning", "2/2"],
        env={**os.environ, warm.ADDRESS: str(tmp_path / "warm")}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with door, door.accept()[0] as line:
        assert b"05_target_finetuning" in line.makefile("rb").readline()
        line.sendall(b"1\n")  # a copy begins, and nobody says how it ended
    _, said = asked.communicate(timeout=20)
    assert asked.returncode == 1 and said.count("\n") == 1
    assert said.startswith("05_target_finetuning 2/2 failed: the process it was copied from is gone")


def test_a_copy_that_leaves_does_what_is_to_be_done_at_the_end_and_loses_no_word():
    ends = "atexit.register(print, 'last'); print('first'); leave(3)"
    code = f"import atexit; from polystilts.pipeline.warm import leave; {ends}"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    left = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert (left.returncode, left.stdout) == (3, "first\nlast\n")
