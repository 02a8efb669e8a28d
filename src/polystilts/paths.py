"""Every folder of the repository, named once.

Use them as `paths.OUTPUTS`, so that one place decides where the study lives.
"""

import os
from pathlib import Path


def find_repository() -> Path:
    """The folder that holds `params/`: named by POLYSTILTS_ROOT, else above this file, else above here."""
    named = os.environ.get("POLYSTILTS_ROOT")
    if named:
        return Path(named).resolve()
    for start in (Path(__file__).resolve(), Path.cwd() / "here"):
        for folder in start.parents:
            if (folder / "params").is_dir():
                return folder
    return Path.cwd()


PACKAGE = Path(__file__).resolve().parent
REPOSITORY = find_repository()
NOTEBOOKS = REPOSITORY / "notebooks"
PARAMS = REPOSITORY / "params"
OUTPUTS = REPOSITORY / "outputs"  # the published studies
OWN = "mine"


def studies() -> Path:
    """Where studies leave what they make: in a clone, whose `outputs/` are published, `outputs/mine/`.

    POLYSTILTS_OUTPUTS (`--outputs FOLDER`, `make OUTPUTS=FOLDER`) names another place: `outputs`, to publish.
    """
    named = os.environ.get("POLYSTILTS_OUTPUTS")
    if named:
        return (REPOSITORY / named).resolve()  # a kernel works in another folder than who named it
    return OUTPUTS / OWN if (OUTPUTS.parent / ".git").exists() else OUTPUTS


def shown(folder: Path) -> str:
    """A folder as a reader in the repository would name it."""
    inside = folder.is_relative_to(REPOSITORY)
    return folder.relative_to(REPOSITORY).as_posix() if inside else str(folder)
