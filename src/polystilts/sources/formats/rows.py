"""The table of files: which file of a data root holds which task, split and language, and how to read it."""

import csv
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path

import pandas as pd

from polystilts.errors import WrongUse
from polystilts.sources.catalogue.pinned import pinned
from polystilts.sources.formats import FORMATS, read_lexicon, read_text, without_contexts_of

TABLE = "files.csv"  # in sources/catalogue
USES = ("corpus", "lexicon")  # what stands in the place of a task's name in rows of text and of word lists


@dataclass(frozen=True)
class FileRow:
    """One file (or, with * in its path, several that are read as one) and its use."""

    task: str  # a task, or one of USES
    split: str  # what the study uses it for: train, translated, native, dev, test, or unlabelled
    language: str
    path: str  # relative to the data root
    format: str  # a name in FORMATS or TEXT_FORMATS; `lexicon`; `refused`
    given_as: str  # the split as the authors call it, by which parallel items are named
    arguments: Mapping[str, str] = field(default_factory=dict)
    note: str = ""

    @property
    def stands_in(self) -> bool:
        """Is the file read only where no other of its task, split and language is at hand?"""
        return "stands_in" in self.arguments

    def read_by(self, scale: str) -> bool:
        """Does a scale read it? One whose data were published before the row was there does not."""
        return not scale or scale not in self.arguments.get("not_in", "").split("+")


def _expanded(record: dict[str, str]) -> list[FileRow]:
    """One row a language: `sw=swh` in `languages` puts swh where the path has {code}."""
    found = []
    for entry in record["languages"].split():
        language, _, code = entry.partition("=")
        names = {"language": language, "code": code or language}
        pairs = (part.split("=", 1) for part in record["arguments"].format(**names).split(";") if part)
        found.append(
            FileRow(
                record["task"], record["split"], language, record["path"].format(**names), record["format"],
                record["given_as"] or record["split"], dict(pairs), record["note"],
            )
        )  # fmt: skip
    return found


@cache
def file_rows() -> tuple[FileRow, ...]:
    """All rows of the table of files, one a language, in the order of the table."""
    text = files("polystilts.sources.catalogue").joinpath(TABLE).read_text(encoding="utf-8")
    records = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return tuple(row for record in records for row in _expanded(record))


def paths_of(root: Path, row: FileRow) -> list[Path]:
    """The files of a row that are there, by name; empty where none is."""
    if "*" in row.path:
        return sorted(Path(root).glob(row.path))
    path = Path(root) / row.path
    return [path] if path.is_file() else []


def read_row(root: Path, row: FileRow) -> pd.DataFrame | list[str] | dict[str, list[str]]:
    """What a row's files hold: examples, lines of text, or a word list.

    Raises WrongUse where there is no file, where the row says that the file must not be read, and for
    everything that the format does not allow.
    """
    paths = paths_of(root, row)
    if row.format == "refused":
        raise WrongUse(f"{Path(root) / row.path}: {row.note}")
    if not paths:
        raise WrongUse(f"{Path(root) / row.path}: no such file, asked for as {row.task} {row.split} in "
                       f"{row.language}; fetch it, or leave the task or language out")  # fmt: skip
    options = _options(root, row)
    if row.task == "lexicon":
        return read_lexicon(paths[0], row.language)
    if row.task == "corpus":
        return [line for path in paths for line in read_text(path, row.format, row.language, **options)]
    frames = [_examples(root, row, path, options, len(paths) > 1) for path in paths]
    left_out = sum((Counter(frame.attrs["left_out"]) for frame in frames), Counter())
    frame = pd.concat(frames, ignore_index=True)
    frame.attrs["left_out"] = dict(left_out)
    frame = _part(frame, row.arguments.get("part", "1/1"))
    return _answerable(frame) if "answerable" in row.arguments else frame


def _options(root: Path, row: FileRow) -> dict:
    """The reader's own arguments: `yes` is True, names that end in `_from` are paths below the root.

    Records that the table of pinned files names as unreadable go to the reader too.
    """
    options: dict = {}
    if (known := pinned().get(row.path)) and known.leave_out:
        options["leave_out"] = known.lines_left_out
    for name, value in row.arguments.items():
        if name not in ("part", "without", "answerable", "stands_in", "not_in"):
            options[name] = Path(root) / value if name.endswith("_from") else {"yes": True}.get(value, value)
    return options


def _examples(root: Path, row: FileRow, path: Path, options: dict, several: bool) -> pd.DataFrame:
    frame = FORMATS[row.format](path, row.task, row.given_as, row.language, **options)
    if several:  # the names of items count within their file
        for column in ("example_id", "meaning_id"):
            frame[column] = f"{path.parent.name}/{path.stem}:" + frame[column]
    if "without" in row.arguments:
        other = Path(root) / row.arguments["without"]
        frame = without_contexts_of(frame, [FORMATS["squad"](other, "xquad", "test", "en")])
    return frame


def _answerable(frame: pd.DataFrame) -> pd.DataFrame:
    kept = frame[frame["answer_start"] >= 0].reset_index(drop=True)
    kept.attrs["left_out"] = frame.attrs["left_out"] | {"questions without an answer": len(frame) - len(kept)}
    return kept


def _part(frame: pd.DataFrame, part: str) -> pd.DataFrame:
    """`2/3` is the second third of the rows in their order, so that parts of a file never share a row."""
    place, of = map(int, part.split("/"))
    bounds = [len(frame) * number // of for number in (place - 1, place)]
    kept = frame.iloc[slice(*bounds)].reset_index(drop=True)
    kept.attrs = dict(frame.attrs)
    return kept
