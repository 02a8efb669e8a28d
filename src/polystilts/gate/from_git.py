"""The gate as a commit has it: for whoever does not trust the gate that lies beside the study."""

import io
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from polystilts.errors import WrongUse
from polystilts.gate.history import history_of


def verify_from_git(repository: Path, commit: str, arguments: Sequence[str]) -> int:
    """Run `verify` with the source of a commit, against this repository and its outputs; its exit code.

    Raises WrongUse where there is no git, no such commit, or no gate in it.
    """
    history, why = history_of(repository)
    if history is None:
        raise WrongUse(
            f"--from-git {commit}: {why}; clone the repository with its history, and name a commit of it"
        )
    known = history.git("rev-parse", "--verify", "--end-of-options", f"{commit}^{{commit}}")
    if known is None:
        raise WrongUse(f"--from-git {commit}: there is no such commit; `git log --oneline` lists them")
    name = known.decode().strip()
    packed = history.git("archive", "--format=tar", name, "src")
    if packed is None:
        raise WrongUse(f"--from-git {commit}: that commit has no src/, so no gate")
    with tempfile.TemporaryDirectory(prefix="polystilts-gate-") as place:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(place, filter="data")
        environment = os.environ | {
            "PYTHONPATH": str(Path(place) / "src"),
            "POLYSTILTS_ROOT": str(repository),
        }
        print(f"the gate of {name[:10]} ({history.day(name)})", flush=True)
        command = [sys.executable, "-m", "polystilts", "verify", *arguments]
        return subprocess.run(command, env=environment, cwd=place).returncode
