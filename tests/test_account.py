"""The account of time books every second once."""

import os
import subprocess
import sys
import time

import pytest

from polystilts import account


@pytest.fixture(autouse=True)
def empty_account():
    account.reset()
    yield
    account.reset()


def test_inner_time_is_taken_off_the_outer():
    began = time.perf_counter()
    with account.spend("train", "r"):
        time.sleep(0.05)
        with account.spend("io"):
            time.sleep(0.1)
    took = time.perf_counter() - began
    io, train = account.entries()
    assert (io["kind"], train["kind"], train["run_id"]) == ("io", "train", "r")
    assert io["wall_s"] == pytest.approx(0.1, abs=0.04)
    assert io["wall_s"] + train["wall_s"] == pytest.approx(took, abs=0.01)


def test_children_count_as_processor_time():
    with account.spend("data"):
        subprocess.run([sys.executable, "-c", "sum(range(3_000_000))"], check=True)
    assert account.entries()[0]["cpu_s"] > 0.02


def test_unknown_kinds_are_refused():
    with pytest.raises(ValueError, match="train, predict, start, io"), account.spend("tea"):
        pass


def test_time_is_booked_when_the_work_fails():
    with pytest.raises(RuntimeError), account.spend("train"):
        raise RuntimeError
    assert [entry["kind"] for entry in account.entries()] == ["train"]


def test_a_process_leaves_its_account_even_if_killed_and_its_children_do_not(tmp_path):
    file = tmp_path / "account.jsonl"
    program = (
        "import os, subprocess, sys\n"
        "from polystilts import account\n"
        "with account.spend('train') as entry:\n"
        "    entry.tokens = 7\n"
        "with account.spend('io'): pass\n"
        "account.claim(1, 'train/x')\n"
        "assert 'POLYSTILTS_ACCOUNT' not in os.environ\n"
        "other = 'from polystilts import account\\nwith account.spend(\"io\"): pass'\n"
        "subprocess.run([sys.executable, '-c', other], check=True)\n"
        "if os.fork() == 0:\n"
        "    with account.spend('io'): pass\n"
        "    os._exit(0)\n"
        "os.wait()\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], env=os.environ | {"POLYSTILTS_ACCOUNT": str(file)})
    assert done.returncode == -9
    left = [(entry["kind"], entry["tokens"], entry["cell"]) for entry in account.left_in(file)]
    assert left == [("train", 7, ""), ("io", 0, "train/x")]
    assert account.left_in(tmp_path / "nothing was booked") == []
