"""Print what pip needs to hear to take the small PyTorch, without CUDA, where no GPU could use the large one.

pip's usual PyTorch for Linux is some gigabytes larger. Nothing is said where pip was told an index of its
own: whoever set one up has decided what comes from it.
"""

import os
import subprocess
import sys
from pathlib import Path

CPU = "--extra-index-url https://download.pytorch.org/whl/cpu"


def has_gpu(devices: Path = Path("/dev")) -> bool:
    """Whether a GPU of NVIDIA is in this machine."""
    return any(devices.glob("nvidia[0-9]*"))


def is_configured(settings: str) -> bool:
    """Whether pip's settings, as `pip config list` tells them, name a place to look for packages.

    >>> is_configured("global.index-url='https://pypi.example/simple'"), is_configured("global.timeout='60'")
    (True, False)
    """
    names = [line.partition("=")[0].rpartition(".")[2] for line in settings.splitlines()]
    return any("index" in name or name == "find-links" for name in names)


def options(system: str, gpu: bool, settings: str) -> str:
    """The options for pip, or nothing.

    >>> options("linux", False, "")
    '--extra-index-url https://download.pytorch.org/whl/cpu'
    >>> options("linux", True, ""), options("darwin", False, "")
    ('', '')
    """
    return "" if system != "linux" or gpu or is_configured(settings) else CPU


def settings_of_pip() -> str:
    """What pip was told in its files, and in the environment."""
    listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True)
    named = [name[4:].lower().replace("_", "-") for name in os.environ if name.startswith("PIP_")]
    return "\n".join([listed.stdout, *(f"environment.{name}=" for name in named)])


if __name__ == "__main__":
    print(options(sys.platform, has_gpu(), settings_of_pip()))
