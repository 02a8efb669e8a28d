"""The lock and the conda file say what pyproject.toml says."""

import re
import subprocess
import tomllib

import pytest
import yaml

from polystilts import paths

ROOT = paths.REPOSITORY
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = [line for line in (ROOT / "requirements.lock").read_text().splitlines() if not line.startswith("#")]


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_lock_holds_everything_that_is_asked_for():
    locked = dict(line.split("==") for line in LOCK)
    for asked in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"]:
        name, _, version = asked.partition("==")
        assert normal(name) in locked, f"{name} is not locked: run `make lock`"
        assert not version or locked[normal(name)] == version


def test_the_lock_is_plain_and_starts_with_torch():
    assert LOCK[0].startswith("torch==")
    names = [line.partition("==")[0] for line in LOCK[1:]]
    assert names == sorted(names)
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][a-z0-9.]*", line) for line in LOCK), (
        "no hashes, builds or paths"
    )
    assert not [line for line in LOCK if re.match(r"nvidia-|triton", line)]


def test_the_conda_file_only_points_to_the_lock():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    python, pip, packages = environment["dependencies"]
    assert pip == "pip"
    assert packages == {"pip": ["-r requirements.lock", "-e ."]}
    wanted = tuple(map(int, python.removeprefix("python=").split(".")))
    assert wanted >= tuple(map(int, PROJECT["requires-python"].removeprefix(">=").split(".")))


@pytest.mark.parametrize("verb", ["help", "env", "plan", "study", "status", "test", "lab", "clean"])
def test_make_help_names_every_verb(verb):
    text = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.search(rf"^  {verb} ", text, re.MULTILINE)
