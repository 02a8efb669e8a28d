"""Fetching pinned files: each from its commit, verified by its hash; what was cut is cut again by a rule.

A file that is there and right is not fetched again, so an interrupted fetch goes on where it stopped. A file
that is there and wrong is left alone and named.
"""

import fnmatch
import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pooch
import requests

from polystilts.errors import StudyError
from polystilts.files import sha256, write_bytes
from polystilts.sources.catalogue.pinned import Pinned, pinned
from polystilts.sources.formats.rows import FileRow

BASE = "https://raw.githubusercontent.com"
SOURCES = ".sources"  # below the data root: what derived files were made from
# Files that are read together with the one that the table of files names.
COMPANIONS = {"tatoeba": (".eng",), "bucc": (".en", ".gold"), "siqa": ("-labels.lst",)}


@dataclass(frozen=True)
class Outcome:
    """What became of one file: there, fetched, derived, left out (with the reason), wrong or failed."""

    path: str
    status: str
    why: str = ""

    @property
    def usable(self) -> bool:
        """Can the file be read now?"""
        return self.status in ("there", "fetched", "derived")


def needed(rows: Iterable[FileRow]) -> list[Pinned]:
    """The pinned files that rows of the table of files read, each once, in the order of the table."""
    patterns: list[str] = []
    for row in rows:
        patterns.append(row.path)
        stem = row.path.rpartition(".")[0]
        patterns += [stem + ending for ending in COMPANIONS.get(row.format, ())]
        patterns += [value for value in row.arguments.values() if "/" in value and "." in value]
    return [row for path, row in pinned().items() if any(fnmatch.fnmatchcase(path, p) for p in patterns)]


def fetch(root: Path, wanted: Iterable[Pinned], base: str = BASE) -> list[Outcome]:
    """Fetch files into a data root and say what became of each; nothing that is there is overwritten."""
    pooch.get_logger().setLevel("ERROR")
    return [_fetch_one(Path(root), row, base.rstrip("/")) for row in wanted]


def _fetch_one(root: Path, row: Pinned, base: str) -> Outcome:
    target = root / row.path
    if target.exists():
        return check_file(root, row)
    if row.rule == "joined":
        return Outcome(row.path, "left out", f"joined from many files of {row.repository}@{row.commit[:10]} "
                       f"({row.source}); no single address holds it")  # fmt: skip
    try:
        if not row.derived:
            _download(row, target, base, row.sha256)
            return Outcome(row.path, "fetched")
        source = root / SOURCES / row.repository / row.commit / row.source
        if not source.exists():
            _download(row, source, base, None)
        content = derive(row.rule, source.read_bytes())
    except (requests.RequestException, OSError) as error:
        return Outcome(row.path, "failed", f"{address(row, base)}: {' '.join(str(error).split())[:120]}")
    except ValueError as error:
        return Outcome(row.path, "failed", " ".join(str(error).split())[:160])
    if row.sha256 and sha256(content) != row.sha256:
        return Outcome(row.path, "failed", f"the rule {row.rule!r} gives other bytes than the pinned ones; "
                       f"the source is kept at {source}")  # fmt: skip
    write_bytes(target, content)
    return Outcome(row.path, "derived", row.rule if row.sha256 else f"{row.rule}; its hash is not pinned")


def address(row: Pinned, base: str = BASE) -> str:
    """Where a file's source is downloaded from: the file as it was at one commit."""
    return f"{base}/{row.repository}/{row.commit}/{quote(row.source)}"


def _download(row: Pinned, target: Path, base: str, known: str | None) -> None:
    """Download through pooch: to a temporary name, which becomes the file only if its hash is right."""
    target.parent.mkdir(parents=True, exist_ok=True)
    hash_ = f"sha256:{known}" if known else None
    pooch.retrieve(address(row, base), known_hash=hash_, fname=target.name, path=target.parent)


def check_file(root: Path, row: Pinned) -> Outcome:
    """Whether a file of a data root is there and as it was pinned."""
    target = Path(root) / row.path
    if not target.exists():
        return Outcome(row.path, "missing", f"from {row.repository}@{row.commit[:10]}:{row.source}")
    if row.sha256 and sha256(target) != row.sha256:
        return Outcome(row.path, "wrong", "its bytes are not the pinned ones; move it away and fetch again")
    known = "" if row.sha256 else "derived: no hash is pinned to compare it with"
    return Outcome(row.path, "there", known)


# --- rules: how a file of the table is made from its source -------------------------------------------------


def derive(rule: str, content: bytes) -> bytes:
    """The file that a rule makes of its source. Raises StudyError for a rule that is not known.

    >>> derive("leading:9", b"one\\ntwo\\nthree\\n"), derive("leading-lines:9", b"one\\ntwo\\nthree\\n")
    (b'one\\ntwo\\nt', b'one\\ntwo\\n')
    >>> derive("unique-lines", b"a\\nb\\na\\n"), derive("without:b", b"a\\nB 1\\n")
    (b'a\\nb\\n', b'a\\n')
    """
    name, _, argument = rule.partition(":")
    if name not in RULES:
        raise StudyError(f"no rule is called {name!r}; there are {', '.join(RULES)}")
    return RULES[name](content, argument)


def _leading(content: bytes, argument: str) -> bytes:
    return content[: int(argument)]


def _leading_lines(content: bytes, argument: str) -> bytes:
    """The first bytes, without the line that they break off in."""
    cut = content[: int(argument)]
    return cut[: cut.rfind(b"\n") + 1] or cut


def _unique_lines(content: bytes, argument: str) -> bytes:
    return b"".join(dict.fromkeys(content.splitlines(keepends=True)))


def _comment_lines(content: bytes, argument: str) -> bytes:
    """The comments of CoNLL-U that name a document or a sentence, or hold its text."""
    kept = (b"# sent_id", b"# text =", b"# newdoc")
    return b"".join(line for line in content.splitlines(keepends=True) if line.startswith(kept))


def _without(content: bytes, argument: str) -> bytes:
    """The lines of a table whose first column does not hold a word."""
    lines = content.splitlines(keepends=True)
    return b"".join(line for line in lines if argument.encode() not in line.split(b"\t")[0].lower())


def _translation_units(content: bytes, argument: str) -> bytes:
    """The first units of a translation memory inside an archive, closed again."""
    member, _, count = argument.rpartition(":")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        text = archive.read(member)
    end = 0
    for _ in range(int(count)):
        end = text.find(b"</tu>", end) + len(b"</tu>")
        if end < len(b"</tu>"):
            raise ValueError(f"{member} holds fewer than {count} translation units")
    return text[:end] + b"\n</body>\n</tmx>\n"


RULES = {
    "leading": _leading,
    "leading-lines": _leading_lines,
    "whole": lambda content, argument: content,
    "unique-lines": _unique_lines,
    "comment-lines": _comment_lines,
    "without": _without,
    "tmx": _translation_units,
}
