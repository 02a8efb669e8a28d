"""The real study at its smallest, from its first chapter to its answer."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from time import sleep

import pandas as pd
import psutil
import pytest

from polystilts import account, paths
from polystilts.evidence.crate import check_crate
from polystilts.evidence.hypotheses import load_hypotheses
from polystilts.files import read_json, sha256
from polystilts.pipeline.chapters import CHAPTERS, jobs_of
from polystilts.pipeline.study import open_study


def command() -> list[str]:
    return [sys.executable, "-m", "polystilts", "run", "--scale", "tiny", "--cores", "2"]


def surroundings(root: Path) -> dict[str, str]:
    return os.environ | {"POLYSTILTS_ROOT": str(root), "PYTHONPATH": str(paths.PACKAGE.parent)}


def copy_of_the_study(root: Path) -> Path:
    """The chapters, scales and guides in a place of their own, with nothing run yet."""
    for folder in ("notebooks", "params", "docs"):
        shutil.copytree(paths.REPOSITORY / folder, root / folder)
    shutil.copy(paths.REPOSITORY / "references.bib", root)
    return root


def run_tiny(root: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        command(), env=surroundings(root), cwd=root, capture_output=True, text=True, timeout=400
    )


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    root = copy_of_the_study(tmp_path_factory.mktemp("tiny"))
    done = run_tiny(root)
    assert done.returncode == 0, done.stdout + done.stderr
    return root, done.stdout


@pytest.mark.slow
def test_the_tiny_study_runs_from_its_first_chapter_to_its_answer(tiny):
    root, printed = tiny
    folder = root / "outputs" / "tiny"
    (answer,) = (one for one in read_json(folder / "claims.json")["claims"] if one["id"] == "primary")
    assert answer["headline"] in printed and "**" not in printed and "book/index.html" in printed
    pages = [file.name for file in (folder / "chapters").glob("*.ipynb")]
    study = open_study("tiny")
    assert sorted(pages) == sorted(job.notebook(study).name for job in jobs_of(study))
    assert len(read_json(folder / "claims.json")["claims"]) == len(load_hypotheses().rows)
    assert check_crate(folder) > len(CHAPTERS)  # whatever was written last, it knows of it
    gains = pd.read_csv(folder / "tables" / "gains.csv")
    assert set(gains["strategy"]) == {"english", "translated"}
    scores = pd.read_csv(folder / "tables" / "scores.csv")
    assert set(scores["target_task"]) == {*study.target_tasks, "squad_v2"}
    assert set(scores["language"]) == set(study.scale.shared["languages"])
    assert set(scores.loc[scores["split"] == "dev", "target_task"]) == {"squad_v2"}
    assert scores["value"].between(0, 100).all()
    for run in study.runs:
        assert read_json(folder / "runs" / run.run_id / "run.json")["run_id"] == run.run_id
    time = pd.read_csv(folder / "tables" / "time.csv")
    assert set(account.KINDS) - {"io"} <= set(time["kind"])
    budget = pd.read_csv(folder / "tables" / "budget.csv").set_index("run_id")
    labelled = budget[budget.index.str.contains("english|translated")]
    assert labelled["rows"].nunique() == labelled["updates"].nunique() == 1  # equal budgets


@pytest.mark.slow
def test_the_finished_tiny_study_has_nothing_to_do(tiny):
    root, _ = tiny
    file = root / "outputs" / "tiny" / "tables" / "scores.csv"
    before = sha256(file)
    again = run_tiny(root)
    assert again.returncode == 0 and "nothing to do" in again.stdout
    assert sha256(file) == before


NOTEBOOK_TOOLS = ("IPython", "ipykernel", "jupyter_client", "jupytext", "matplotlib", "myst_nb", "nbformat",
                  "papermill", "seaborn", "snakemake", "sphinx")  # fmt: skip
BLOCKED = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names}:
            raise ImportError(name + " is not on this machine")
sys.meta_path.insert(0, Blocked())
"""


@pytest.mark.slow
@pytest.mark.proof
def test_killed_twice_and_without_notebook_tools_the_scores_are_the_same_bytes(tiny, tmp_path):
    root = copy_of_the_study(tmp_path / "alone")
    (tmp_path / "sitecustomize.py").write_text(BLOCKED.format(names=NOTEBOOK_TOOLS))
    env = surroundings(root)
    env["PYTHONPATH"] = os.pathsep.join([str(tmp_path), env["PYTHONPATH"]])
    probe = subprocess.run(
        [sys.executable, "-c", "import papermill"], env=env, capture_output=True, text=True
    )
    assert "is not on this machine" in probe.stderr
    alone, records = [*command(), "--no-notebooks"], root / "outputs" / "tiny" / ".done" / "cells"
    for enough in (2, 12):  # cells: the first kill hits early training, the second the target stage
        study = subprocess.Popen(
            alone, env=env, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        waited = 0.0
        while len(list(records.rglob("*.json"))) < enough and study.poll() is None and waited < 120:
            sleep(0.1)
            waited += 0.1
        assert study.poll() is None, "the study ended before it could be killed"
        for process in [psutil.Process(study.pid), *psutil.Process(study.pid).children(recursive=True)]:
            process.kill()
        study.wait()
    done = subprocess.run(alone, env=env, cwd=root, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("scores", "gains", "languages", "shortcuts"):
        file = Path(f"outputs/tiny/tables/{name}.csv")
        assert (root / file).read_bytes() == (tiny[0] / file).read_bytes(), name
    assert not (root / "outputs/tiny/chapters").exists()
