"""Jobs without an engine: each after those it needs, and none behind one that failed."""

import sys

import pytest

from polystilts import paths
from polystilts.__main__ import main
from polystilts.errors import StudyError, WrongUse
from polystilts.pipeline import engine
from polystilts.pipeline.study import open_study

# Plays a job: says in `started` that it ran, and fails with the code that a file of its chapter's name holds.
JOB = """
import json, os, pathlib, sys
chapter, batch = sys.argv[-2:]
root = pathlib.Path(os.environ["ROOT"])
with open(root / "started", "a") as stream:
    print(chapter, batch, file=stream)
if (root / chapter).exists():
    code = int((root / chapter).read_text())
    row = {"chapter": chapter, "notebook": "", "error": "as it was told", "exit_code": code}
    (root / f"outputs/tiny/.done/failed/{chapter}.json").write_text(json.dumps(row))
    sys.exit(code)
"""


@pytest.fixture
def started(tmp_path, monkeypatch):
    """Runs the jobs of tiny, of which some chapters fail, and tells which were started."""
    monkeypatch.setattr(paths, "OUTPUTS", tmp_path / "outputs")
    monkeypatch.setattr(engine, "COMMAND", [sys.executable, "-c", JOB])
    (tmp_path / "outputs/tiny/.done/failed").mkdir(parents=True)

    def run(error, **codes):
        for chapter, code in codes.items():
            (tmp_path / chapter.strip("_")).write_text(str(code))
        with pytest.raises(StudyError, match="as it was told") as refused:
            engine.run_alone(
                open_study("tiny"), 2, {"ROOT": str(tmp_path), "POLYSTILTS_GPUS": ""}, lambda: None
            )
        assert refused.type is error
        return {line.split()[0][:2] for line in (tmp_path / "started").read_text().splitlines()}

    return run


def test_nothing_behind_a_failure_is_started_at_any_depth(started):
    assert started(StudyError, _03_pretraining=1) == {"02", "03"}


def test_the_first_failure_gives_the_exit_code(started):
    assert started(WrongUse, _02_data_preparation=2) == {"02"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["plan", "--cores", "0"], ["run", "--cores", "-2"], ["plan", "--cores", "1.5"],
        ["verify", "demo", "--replicate", "-1"],
    ],
)  # fmt: skip
def test_numbers_that_ask_for_nothing_are_refused(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "is not a whole number of at least" in capsys.readouterr().err


# --- the engine of a queue --------------------------------------------------------------------------------


@pytest.mark.parametrize(("profile", "says"), [("no/such/profile", "there is profiles/slurm"),
                                               ("profiles/slurm", "pip install -e ")])  # fmt: skip
def test_a_queue_that_cannot_be_reached_is_refused_before_anything_starts(
    profile, says, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(paths, "OUTPUTS", tmp_path)
    monkeypatch.setattr(engine.importlib.util, "find_spec", lambda name: None)
    assert main(["run", "--scale", "tiny", "--profile", str(paths.REPOSITORY / profile)]) == 2
    said = capsys.readouterr().err
    assert says in said and said.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_queue_is_not_asked_to_run_no_chapters(capsys):
    assert main(["run", "--scale", "tiny", "--profile", "profiles/slurm", "--no-notebooks"]) == 2
    assert "--no-notebooks makes none: leave it or --profile out" in capsys.readouterr().err


def test_a_dry_run_that_fails_ends_with_the_engines_last_words():
    says = [sys.executable, "-c", "print('no rule to make it'); raise SystemExit(1)"]
    with pytest.raises(StudyError, match="cannot count the jobs: no rule to make it"):
        engine.dry_run(says, {})
