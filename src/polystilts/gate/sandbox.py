"""A place to repeat work in: a fresh process and folder, inputs that cannot be written, and no network."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from polystilts import paths

# Where namespaces are not allowed, sockets are at least refused inside Python.
NO_SOCKETS = """import sys
def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        raise PermissionError("the sandbox has no network")
sys.addaudithook(refuse)
"""
# Mounts every input upon itself, read-only, and then becomes the command.
READ_ONLY = (
    'set -f; IFS="$GATE_END"; for input in $GATE_INPUTS; do mount --bind "$input" "$input"; '
    'mount -o remount,bind,ro "$input"; done; unset IFS; '
)


@dataclass(frozen=True)
class Sealed:
    """How a command ended in the sandbox, and what held it there."""

    code: int
    output: str
    enforced: tuple[str, ...]


@cache
def namespaces() -> tuple[str, ...]:
    """The command that gives a process its own network and mounts, or nothing where that is not allowed."""
    for flags in (("-n", "-m"), ("-r", "-n", "-m")):
        command = ("unshare", *flags, "sh", "-c", "mount --bind /tmp /tmp && mount -o remount,bind,ro /tmp")
        if shutil.which("unshare") and subprocess.run(command, capture_output=True).returncode == 0:
            return ("unshare", *flags)
    return ()


def run_sealed(
    arguments: Sequence[str], folder: Path, inputs: Sequence[Path], threads: int = 1, timeout: float = 3600
) -> Sealed:
    """Run `python -m …` in a folder of its own; `inputs` are folders without line ends in their names."""
    folder.mkdir(parents=True, exist_ok=True)
    refuse = folder / "no-network"
    refuse.mkdir(exist_ok=True)
    (refuse / "sitecustomize.py").write_text(NO_SOCKETS, encoding="utf-8")
    source = paths.PACKAGE.parent
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(folder),
        "PYTHONPATH": os.pathsep.join([str(refuse), str(source)]),
        "POLYSTILTS_ROOT": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"),
                        str(threads)),
    }  # fmt: skip
    command = [sys.executable, "-m", *arguments]
    sealed = [path.resolve() for path in (*inputs, paths.PACKAGE)]
    space = namespaces()
    enforced = ["a fresh process in a folder of its own", "an environment of its own", "no Python sockets"]
    if space and not any("\n" in str(path) for path in sealed):
        environment |= {"GATE_INPUTS": "\n".join(map(str, sealed)), "GATE_END": "\n"}
        command = [*space, "sh", "-e", "-c", READ_ONLY + 'exec "$@"', "sandbox", *command]
        enforced += ["no network (a network namespace)", "inputs and source mounted read-only"]
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=timeout
        )
    except subprocess.TimeoutExpired:
        return Sealed(124, f"not finished after {timeout:.0f} s", tuple(enforced))
    return Sealed(done.returncode, (done.stdout + done.stderr).strip(), tuple(enforced))
