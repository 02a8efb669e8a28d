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
OUTPUTS = REPOSITORY / "outputs"
