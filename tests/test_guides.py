"""README, guides and contributing: links lead somewhere, and commands shown are commands that work."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from polystilts import paths
from polystilts.pipeline.verbs import parser

PAGES = [paths.REPOSITORY / "README.md", paths.REPOSITORY / "CONTRIBUTING.md",
         *sorted((paths.REPOSITORY / "docs").glob("*.md"))]  # fmt: skip
EVERY = pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
COOKBOOK = paths.REPOSITORY / "docs" / "cookbook.md"


def blocks(page: Path, kind: str) -> list[str]:
    """The fenced blocks of one kind ('' for those without a name)."""
    found = re.findall(r"^```(\w*)\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.S | re.M)
    return [code.strip() for name, code in found if name == kind]


def commands(page: Path) -> list[list[str]]:
    """Every call of the study's command line that a page shows, in words."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    found = re.findall(r"python -m polystilts ([^`\n#]+)", text)
    return [shlex.split(line) for line in found]


def anchors(page: Path) -> set[str]:
    """The names by which the headings of a page can be linked to, as GitHub makes them."""
    headings = re.findall(r"(?m)^#+ (.+)$", page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@EVERY
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        path, _, fragment = target.partition("#")
        if path.startswith("http"):
            assert path.startswith("https://"), target
            continue
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{page.name} links to {target}"
        if fragment and file.suffix == ".md":
            assert fragment in anchors(file), f"{page.name} links to {target}"


@EVERY
def test_every_command_shown_is_one_that_the_study_understands(page):
    for words in commands(page):
        try:
            parser().parse_args(words if len(words) > 1 else [*words, "--help"])  # a verb that is only named
        except SystemExit as stop:
            assert stop.code == 0, f"{page.name}: python -m polystilts {shlex.join(words)}"


def test_the_guides_name_every_verb():
    shown = {words[0] for page in PAGES for words in commands(page)}
    verbs = set(parser()._subparsers._group_actions[0].choices)
    assert verbs - shown == set(), "a verb that no page shows"


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The repository without its outputs, so that the cookbook has a place of its own."""
    target = tmp_path_factory.mktemp("cookbook") / "study"
    leave = shutil.ignore_patterns(".*", "outputs", "__pycache__", "*.egg-info")
    shutil.copytree(paths.REPOSITORY, target, ignore=leave)
    return target


@pytest.mark.slow
@pytest.mark.proof
def test_the_cookbook_works_as_written(copy):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    where = {**os.environ, "PATH": path, "PYTHONPATH": str(copy / "src"), "OMP_NUM_THREADS": "1"}
    shown = blocks(COOKBOOK, "sh")
    assert len(shown) >= 5
    for command in shown:
        done = subprocess.run(command, shell=True, cwd=copy, env=where, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        assert (done.stdout + done.stderr).strip(), f"{command} says nothing"
