"""Files are written whole or not at all, and known by their hash.

A killed process leaves a draft named `.tmp-…` behind, never a half-written file under its real name.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the engine and the runner use this module and should not wait for pandas
    import pandas as pd


DRAFT = ".tmp-"


def draft_of(target: Path) -> Path:
    """The name that `target` has while it is being written: same folder, same suffix."""
    return target.with_name(f"{DRAFT}{os.getpid()}-{target.name}")


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """A temporary sibling to write to, which becomes `target` only when the block ends well."""
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = draft_of(target)
    try:
        yield draft
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """A temporary sibling folder, which takes the place of `target` only when the block ends well."""
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = draft_of(target)
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    try:
        yield draft
        put_folder(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def put_folder(draft: Path, target: Path) -> None:
    """Give a finished folder its real name, in the place of an older one."""
    if target.exists():  # a folder cannot be replaced in one step: the older one steps aside first
        old = draft.with_name(f"{draft.name}-old")
        os.rename(target, old)
        os.rename(draft, target)
        shutil.rmtree(old)
    else:
        os.rename(draft, target)


def write_bytes(path: Path, content: bytes) -> None:
    """Write bytes, whole or not at all."""
    with whole_file(path) as draft:
        draft.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """Write text as UTF-8 with plain newlines, whole or not at all."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, content: Any) -> None:
    """Write JSON with sorted keys, so that equal content is equal bytes."""
    write_text(path, json.dumps(content, sort_keys=True, indent=1, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def write_table(path: Path, frame: "pd.DataFrame") -> None:
    """Write a table as parquet or CSV, by the suffix of its name; CSV with six decimals.

    Six decimals are more than any score is worth, and let equal results be equal bytes.
    """
    with whole_file(path) as draft:
        if Path(path).suffix == ".parquet":
            frame.to_parquet(draft, index=False, compression="zstd")
        else:
            frame.to_csv(draft, index=False, lineterminator="\n", encoding="utf-8", float_format="%.6f")


def sha256(content: Path | bytes) -> str:
    """The SHA-256 of a file, or of bytes, in hex.

    >>> sha256(b"")[:8]
    'e3b0c442'
    """
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    with open(content, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_of_folder(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file below a folder, by its path inside the folder."""
    paths = sorted(path for path in Path(folder).rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256(path) for path in paths}


def fingerprint(content: Any) -> str:
    """Sixteen hex digits that name a plain value: equal values, equal names, whatever the key order.

    >>> fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    True
    """
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return sha256(text.encode("utf-8"))[:16]
