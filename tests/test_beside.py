"""Own studies beside the published ones: a clone stays clean, and what variants share is done once."""

import json
import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import small_study

from polystilts import __main__ as command
from polystilts import paths
from polystilts.errors import WrongUse
from polystilts.evidence.json_schema import problems
from polystilts.files import read_json, write_json, write_text
from polystilts.pipeline import mill, published
from polystilts.pipeline.cells import finish, record_file
from polystilts.pipeline.documents import SCHEMAS, status_document, status_words
from polystilts.pipeline.drive import opened, plain
from polystilts.pipeline.forecast import cells_of, forecast
from polystilts.pipeline.left import left_of
from polystilts.pipeline.plan import cost_lines, work_lines
from polystilts.pipeline.study import open_study

ALONE = ("--scale", "tiny", "--cores", "2", "--no-notebooks")


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "OUTPUTS", tmp_path)
    return open_study("tiny")


# --- where studies lie ------------------------------------------------------------------------------------


def test_in_a_clone_studies_lie_beside_the_published_ones(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "OUTPUTS", tmp_path / "outputs")
    monkeypatch.delenv("POLYSTILTS_OUTPUTS", raising=False)
    assert open_study("tiny").folder == tmp_path / "outputs" / "tiny"
    (tmp_path / ".git").mkdir()
    assert open_study("tiny").folder == tmp_path / "outputs" / "mine" / "tiny"
    monkeypatch.setenv("POLYSTILTS_OUTPUTS", str(tmp_path / "outputs"))  # as `--outputs outputs` sets it
    assert open_study("tiny").folder == tmp_path / "outputs" / "tiny"


def test_links_of_executed_chapters_lead_to_the_repository_from_wherever_they_lie(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "REPOSITORY", tmp_path)
    for place in ("outputs/tiny/chapters", "outputs/mine/tiny/chapters"):
        page = tmp_path / place / "00.ipynb"
        cell = {"cell_type": "markdown", "metadata": {}, "source": "[Contents](../README.md)"}
        write_json(page, {"metadata": {}, "cells": [cell]})
        mill.tidy(page)
        link = read_json(page)["cells"][0]["source"].partition("](")[2].rstrip(")")
        assert (page.parent / link).resolve() == tmp_path / "README.md"


def ask(root: Path, *words: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        small_study.command(*words),
        cwd=root,
        env=small_study.surroundings(root),
        capture_output=True,
        text=True,
        timeout=240,
    )


def records(folder: Path) -> dict[str, dict]:
    cells = folder / ".done" / "cells"
    return {str(file.relative_to(cells)): read_json(file) for file in cells.rglob("*.json")}


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A clone with a published study, in which a study of one's own was run."""
    root = small_study.make_repository(tmp_path_factory.mktemp("clone"))
    shutil.copy(paths.REPOSITORY / ".gitignore", root)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    table = "run_id,target_task,value,n\nw48.w0.e0--none--none--none--s0,udpos,1.0,1\n"
    write_text(root / "outputs/tiny/tables/time.csv", "scale\n")  # of tiny only this is kept in git
    write_text(root / "outputs/tiny/tables/scores.csv", table)
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "Publish"]):
        subprocess.run([*git, *words], cwd=root, check=True)
    ended = ask(root, "run", *ALONE)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return root, ended.stdout


def changes_of(root: Path) -> str:
    return subprocess.run(["git", "status", "--porcelain"], cwd=root, capture_output=True, text=True).stdout


@pytest.mark.slow
def test_a_study_in_a_clone_leaves_it_clean_and_is_compared_with_the_published_one(clone):
    root, printed = clone
    assert changes_of(root) == ""
    assert (root / "outputs/mine/tiny/tables/scores.csv").is_file()
    assert "Beside the published study: 1 of " in printed and "largest difference is " in printed
    assert "Why: another processor. Equal bytes come only from the same processor" in printed
    assert "Its numbers" not in (root / "outputs/tiny/tables/time.csv").read_text()


@pytest.mark.slow
def test_one_more_seed_is_priced_and_done_alone(clone):
    root, _ = clone
    before = records(root / "outputs/mine/tiny")
    more = ("--scale", "tiny", "--set", "seeds=[0,1,2]")
    told = json.loads(ask(root, "plan", *more, "--json").stdout)
    assert {
        stage: row["left"] for stage, row in told["work"].items() if row["left"] and stage != "labels"
    } == {
        "intermediate": 2,
        "finetune": 9,
        "predict": 12,
    }
    ended = ask(root, "run", *more, "--tag", "more", "--no-notebooks")
    assert ended.returncode == 0, ended.stderr
    made = records(root / "outputs/mine/tiny+more")
    assert {name for name, row in made.items() if "from" not in row and not name.startswith("labels")} == {
        name for name in made if "--s2" in name
    }
    assert before.keys() < made.keys()
    some = root / "outputs/mine/tiny/runs/w48.w0.e0--none--none--none--s0/predictions/udpos.parquet"
    assert some.samefile(root / "outputs/mine/tiny+more" / some.relative_to(root / "outputs/mine/tiny"))
    again = ask(root, "status", "--scale", "tiny", "--tag", "more")
    assert "    36 of 36 pieces of predict are done" in again.stdout
    assert changes_of(root) == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    "harm",
    [
        lambda file: file.unlink(),
        lambda file: file.write_text("{"),
        lambda file: file.write_text(file.read_text().replace('"run": 0', '"run": 7')),
    ],
)
def test_a_record_of_a_run_that_is_lost_cut_or_altered_is_made_again(clone, tmp_path, harm):
    root = shutil.copytree(clone[0], tmp_path / "harmed", symlinks=True)
    file = root / "outputs/mine/tiny/runs/w48.w0.e0--english--squad_v2--none--s0/run.json"
    right = read_json(file)
    harm(file)
    assert ask(root, "run", *ALONE).returncode == 0
    again = read_json(file)
    assert {key: again[key] for key in again if key != "hardware"} == {
        key: right[key] for key in right if key != "hardware"
    }


# --- what is left -----------------------------------------------------------------------------------------


def write(draft: Path) -> None:
    draft.write_text("made")


def test_what_another_variant_has_done_is_taken_over_and_what_differs_is_not(study):
    other = opened("tiny", {"seeds": [0, 1, 2]})
    assert finish(study, "predict", "x", {"seed": 0}, write, study.folder / "made")

    def fail(draft):
        raise AssertionError("it was done before")

    assert finish(other, "predict", "x", {"seed": 0}, fail, other.folder / "made")
    assert read_json(record_file(other, "predict", "x"))["from"] == "tiny"
    assert not finish(other, "predict", "x", {"seed": 0}, fail, other.folder / "made")
    with pytest.raises(AssertionError):
        finish(other, "predict", "x", {"seed": 1}, fail, other.folder / "made")
    (study.folder / "made").write_text("else")  # a file that is not as it was left is nobody's
    third = opened("tiny", {"seeds": [0]})
    shutil.rmtree(other.folder)
    with pytest.raises(AssertionError):
        finish(third, "predict", "x", {"seed": 0}, fail, third.folder / "made")


def test_the_plan_prices_only_what_is_left(study):
    text = "scale,stage,run_id,kind,wall_s,cpu_s,tokens\ntiny,x,a,train,0,9,9\ntiny,x,a,predict,0,9,9\n"
    write_text(study.folder / "tables" / "time.csv", text)
    cells = {("finetune", key): "--s1" in key for key in ("a--s0--udpos", "a--s1--udpos")}
    rest = replace(left_of(study), cells=cells | {("encoder", "w48.w0.e0"): False})
    assert "      18 of finetune (05_target_finetuning), 1 left" in work_lines(study, rest)
    whole, left = forecast(study, 1), forecast(study, 1, rest)
    assert 0 < left.tokens < whole.tokens and left.wall_h < whole.wall_h
    done = replace(rest, jobs={})
    assert cost_lines(study, 1, done) == ["  nothing is left to do"]


def test_of_a_study_that_has_not_begun_all_is_left(study):
    left, whole = left_of(study), cells_of(study)
    assert left.counts(whole) == whole and len(left.jobs) == 14  # two of them pages of chapters in batches
    words = status_words(status_document(study))
    assert words.count("to do") == 14 and "    0 of 24 pieces of predict are done" in words


# --- documents for machines -------------------------------------------------------------------------------


def document(capsys, name: str, *words: str) -> dict:
    assert command.main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(problems(found, read_json(SCHEMAS / f"{name}.json"))) == []
    broken = {key: value for key, value in found.items() if key != next(iter(found))}
    assert list(problems(broken, read_json(SCHEMAS / f"{name}.json")))  # the schema asks for something
    return found


def test_plan_and_status_as_json(capsys):
    assert document(capsys, "plan", "plan", "--scale", "tiny")["work"]["predict"]["all"] == 24
    jobs = document(capsys, "status", "status", "--scale", "world")["jobs"]
    assert jobs[0]["chapter"] == "00_the_question"


@pytest.mark.skipif(not (paths.OUTPUTS / "demo" / "claims.json").is_file(), reason="demo is not here")
def test_trace_as_json(capsys):
    found = document(capsys, "trace", "trace", "primary", "--outputs", str(paths.OUTPUTS / "demo"))
    assert found["claim"]["id"] == "primary" and found["files"] and found["runs"][0]["recorded"]


def test_scores_as_json(capsys, tmp_path):
    for folder in ("answers", "labels"):
        write_text(tmp_path / folder / "xnli" / "test-sw.tsv", "neutral\nentailment\n")
    found = document(
        capsys, "score", "score", str(tmp_path / "answers"), "--labels", str(tmp_path / "labels")
    )
    assert found["scores"] == [
        {"target_task": "xnli", "language": "sw", "metric": "accuracy", "value": 100.0, "n": 2, "note": ""}
    ]


# --- comparing and naming ---------------------------------------------------------------------------------


def test_outcomes_that_turned_are_named_and_counted(tmp_path):
    for name, outcomes in (("theirs", "ab"), ("ours", "aB")):
        claims = [{"id": str(number), "outcome": outcome} for number, outcome in enumerate(outcomes)]
        write_json(tmp_path / name, {"claims": claims})
    (line,) = published.compare_outcomes(tmp_path / "theirs", tmp_path / "ours")
    assert line == "1 of 2 outcomes are the same: 1 is B here, b there."


def test_a_terminal_shows_no_marks():
    assert (
        plain("# The answer\n\n**The answer: supported.** 2 ** 3")
        == "The answer\n\nThe answer: supported. 2 ** 3"
    )


def test_a_variant_may_be_called_by_a_name(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "OUTPUTS", tmp_path)
    changed = opened("tiny", {"translation_noise": 0.2}, "noisy")
    assert changed.folder == tmp_path / "tiny+noisy"
    with pytest.raises(WrongUse, match="no variant of tiny is called 'noisy'"):
        opened("tiny", {}, "noisy")
    with pytest.raises(WrongUse, match="no name for a folder"):
        opened("tiny", {"translation_noise": 0.2}, "../noisy")
    from polystilts.pipeline.drive import write_variant

    write_variant(changed)
    assert opened("tiny", {}, "noisy").parameters == changed.parameters


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["plan", "--set", "sedes=[0]"], "did you mean seeds?"),
        (["plan", "--scale", "dmeo"], "did you mean demo?"),
        (["plan", "--scale", "tiny", "--set", "target_tasks=[udpoz]"], "did you mean udpos?"),
        (["plan", "--data", "/nowhere"], "DATA=/nowhere is not a folder"),
    ],
)
def test_what_is_misspelt_is_answered_with_what_was_meant(words, says, capsys):
    assert command.main(words) == 2
    said = capsys.readouterr().err
    assert says in said and said.count("\n") == 1


@pytest.mark.parametrize(
    "verb", ["plan", "run", "status", "book", "data", "pool", "submit", "score", "verify", "trace", "correct"]
)
def test_every_verb_has_examples_and_the_exit_codes(verb, capsys):
    with pytest.raises(SystemExit):
        command.main([verb, "--help"])
    said = capsys.readouterr().out
    assert f"examples:\n  polystilts {verb} " in said and "3 UNVERIFIED, 4 crashed" in said


RUNS = sorted((paths.OUTPUTS / "demo" / "runs").glob("*--s0"))


@pytest.mark.skipif(not RUNS, reason="demo is not here")
@pytest.mark.slow
def test_a_published_run_can_be_handed_in(tmp_path, capsys):
    words = ["submit", os.fspath(RUNS[0]), "--output", str(tmp_path / "answers")]
    assert command.main([*words, "--labels", str(tmp_path / "labels")]) == 0
    assert command.main(["score", str(tmp_path / "answers"), "--labels", str(tmp_path / "labels")]) == 0
    assert re.search(r"\n[1-9]\d* tasks and [1-9]\d* languages scored\n", capsys.readouterr().out)
