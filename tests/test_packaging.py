"""The container, the archive's record and the changelog speak of this package, at this version."""

import json
import re
import shutil
import subprocess

import pytest
import yaml

import polystilts
from polystilts import paths

ROOT = paths.REPOSITORY
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions in order, lines that go on joined."""
    lines = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.M)).splitlines()
    return [tuple(line.split(None, 1)) for line in lines if line.strip()]


def test_the_container_runs_as_somebody_else_than_root_and_takes_no_gpu_build():
    said = instructions()
    assert said[0] == ("FROM", "python:3.11-slim-bookworm")
    users = [place for place, (word, _) in enumerate(said) if word == "USER"]
    installs = [
        place for place, (word, rest) in enumerate(said) if "pip install" in rest or "make env" in rest
    ]
    assert users and min(installs) > users[0], "packages belong to the user who runs the study"
    index = next(place for place, (word, rest) in enumerate(said) if "PIP_EXTRA_INDEX_URL" in rest)
    assert index < min(installs) and said[index][1].split()[0].endswith("/whl/cpu")
    assert not [rest for word, rest in said if word == "ADD"], "nothing is fetched that no hash pins"


def test_what_the_container_copies_is_there_and_what_it_leaves_out_is_made():
    copied = [rest.split()[1] for word, rest in instructions() if word == "COPY"]
    assert copied == ["requirements.lock", "."] and (ROOT / "requirements.lock").is_file()
    left_out = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert {".git", ".venv*"} <= set(left_out)
    assert not any(name in left_out for name in ("outputs", "notebooks", "params", "src"))


@pytest.mark.proof
@pytest.mark.skipif(not shutil.which("docker"), reason="no container builder on this machine")
def test_a_builder_accepts_the_container():
    alive = subprocess.run(["docker", "info"], capture_output=True, text=True)
    if alive.returncode:
        pytest.skip("a builder's client is here, and no builder answers it")
    checked = subprocess.run(["docker", "build", "--check", "."], cwd=ROOT, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


def test_the_development_container_is_the_same_container():
    place = ROOT / ".devcontainer" / "devcontainer.json"
    told = json.loads(place.read_text(encoding="utf-8"))
    assert (place.parent / told["build"]["dockerfile"]).resolve() == ROOT / "Dockerfile"
    assert (place.parent / told["build"]["context"]).resolve() == ROOT
    assert re.search(rf"^ARG NB_USER={told['remoteUser']}$", DOCKERFILE, flags=re.M)


def test_the_archive_and_the_citation_name_the_same_work():
    archive = json.loads((ROOT / ".zenodo.json").read_text(encoding="utf-8"))
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert archive["title"] == citation["title"] and archive["keywords"] == citation["keywords"]
    assert archive["license"] == citation["license"] == "Apache-2.0"
    assert archive["version"] == citation["version"] == polystilts.__version__
    cited = {one["identifier"] for one in archive["related_identifiers"]}
    assert cited == {part["value"] for work in citation["references"] for part in work["identifiers"]}


def test_the_changelog_begins_with_this_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## (\S+)", text, flags=re.M)[1] == polystilts.__version__


def test_workflows_publish_the_book_and_hold_no_more_rights_than_that_takes():
    pages = yaml.safe_load((ROOT / ".github/workflows/pages.yml").read_text(encoding="utf-8"))
    assert pages["permissions"] == {"contents": "read", "pages": "write", "id-token": "write"}
    steps = pages["jobs"]["book"]["steps"]
    made = next(step["run"] for step in steps if "run" in step)
    published = next(step["with"]["path"] for step in steps if "path" in step.get("with", {}))
    assert made == f"make book SCALE={published.split('/')[1]}" and published.endswith("/book")
