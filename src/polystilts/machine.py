"""What a machine may lack, made up for before anything is done: letters, a home, the right environment."""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

from polystilts import paths
from polystilts.errors import WrongUse


def make_do() -> None:
    """Make up for what this machine lacks, for this process and all that it starts."""
    for stream in (sys.stdout, sys.stderr):  # a letter that a terminal lacks is escaped, not died of
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    if not has_home():
        home = tempfile.mkdtemp(prefix="polystilts-home-")
        os.environ["HOME"] = home
        atexit.register(shutil.rmtree, home, ignore_errors=True)


def has_home() -> bool:
    """Whether libraries can keep their caches below the home of this user."""
    try:
        home = Path.home()
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home):
            return True
    except (OSError, RuntimeError):  # read-only, nowhere, or a user without one
        return False


def require_one_clone() -> None:
    """Refuse to work on one clone with the code of another, as the environment of another clone would.

    Raises WrongUse; whoever names a repository by POLYSTILTS_ROOT knows what they do.
    """
    if os.environ.get("POLYSTILTS_ROOT"):
        return
    here = Path.cwd()
    for folder in (here, *here.parents):
        code = folder / "src" / "polystilts"
        if (folder / "params").is_dir() and code.is_dir():
            if code.resolve() != paths.PACKAGE:
                raise WrongUse(
                    f"this environment has the code of {paths.PACKAGE.parent.parent}, and you are in "
                    f"{folder}: `make` there sees to it, or set PYTHONPATH={folder / 'src'}"
                )
            return


def require_clone() -> None:
    """Refuse what needs notebooks, scales and outputs where there is no clone. Raises WrongUse."""
    if not paths.PARAMS.is_dir():
        raise WrongUse(
            "this works in a clone, whose scales, chapters and outputs it reads, and there is none at or "
            f"above {Path.cwd()}: go to one, or name it by POLYSTILTS_ROOT; `score` works anywhere"
        )
