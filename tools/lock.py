"""Derive requirements.lock from pyproject.toml: every package of the study, at one version.

pip decides the versions in an environment of its own. There are no hashes, because the builds of torch differ
between machines, and the names of such builds (`+cpu`) are left out for the same reason.
"""

import json
import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEAD = """\
# Derived from pyproject.toml by `make lock`; edit that file, not this one.
# A machine without a GPU needs no CUDA packages: add PyTorch's CPU index to pip's configuration before
# installing, and pip takes that build of the same version.
"""


def normal(name: str) -> str:
    """A package's name as pip compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def asked() -> list[str]:
    """What pyproject.toml asks for: the study and its tests, torch first."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = project["dependencies"] + project["optional-dependencies"]["test"]
    return sorted(names, key=lambda name: (not name.startswith("torch"), name))


def resolved(requirements: list[str]) -> dict[str, str]:
    """The version pip would install of every package that these need."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        report = Path(folder) / "report.json"
        pip = [str(Path(folder) / "bin" / "python"), "-m", "pip", "install", "--quiet", "--dry-run"]
        subprocess.run([*pip, "--report", str(report), *requirements], check=True)
        found = json.loads(report.read_text(encoding="utf-8"))["install"]
    return {normal(item["metadata"]["name"]): item["metadata"]["version"].partition("+")[0] for item in found}


def main() -> None:
    """Write the lock."""
    versions = resolved(sys.argv[1:] or asked())
    cuda = [name for name in versions if re.match(r"nvidia-|cuda-|triton$", name)]
    for name in cuda:  # torch asks for its own, and only its CUDA build does
        del versions[name]
    order = sorted(versions, key=lambda name: (name != "torch", name))
    lines = "".join(f"{name}=={versions[name]}\n" for name in order)
    (ROOT / "requirements.lock").write_text(HEAD + lines, encoding="utf-8")


if __name__ == "__main__":
    main()
