"""Pinned downloads, a row each: a file of a data root, the commit it comes from, the rule that makes it."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

TABLE = "pinned.csv"


@dataclass(frozen=True)
class Pinned:
    """One file: where it belongs, the commit and path of its source, and what is known of its bytes."""

    path: str  # below the data root
    repository: str  # owner/name on GitHub
    commit: str
    source: str  # path in the repository
    rule: str  # identical, or how it is derived: see sources/fetch.py
    sha256: str  # of the file at `path`; empty where only the source can be named
    bytes: int
    licence: str
    removed: str = ""  # records that hold sentences of known tests; ours are dropped when data are prepared
    leave_out: str = ""  # records that nobody can read, `line=reason` apart by ; (no reader may mend them)

    @property
    def derived(self) -> bool:
        """Is the file something else than its source, byte for byte?"""
        return self.rule != "identical"

    @property
    def lines_left_out(self) -> dict[int, str]:
        """The lines that are read over, each with the reason; they are counted where the file is read."""
        entries = (entry.partition("=") for entry in self.leave_out.split(";") if entry)
        return {int(line): reason.strip() for line, _, reason in entries}


@cache
def pinned() -> dict[str, Pinned]:
    """Every pinned file by its path below the data root."""
    text = files("polystilts.sources.catalogue").joinpath(TABLE).read_text(encoding="utf-8")
    records = csv.DictReader((line for line in text.splitlines() if not line.startswith("#")), restval="")
    rows = (Pinned(**{**record, "bytes": int(record["bytes"])}) for record in records)
    return {row.path: row for row in rows}


def licence_of(path: str) -> str:
    """The licence of a file of a data root, or that the table does not say."""
    row = pinned().get(path)
    return row.licence if row else "not in the table of pinned files: see where you have it from"
