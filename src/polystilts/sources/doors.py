"""Two doors to real data, files and the hub; both answer the same questions."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pandas as pd

from polystilts.errors import WrongUse
from polystilts.files import fingerprint, sha256
from polystilts.sources.catalogue import HUB_ROWS, hub_rows
from polystilts.sources.formats.rows import FileRow, file_rows, paths_of, read_row
from polystilts.sources.hub import files_of, read_hub, read_hub_entities, read_hub_text

# Rows of one data set that an intermediate task and a target's training both may want: each gets its half.
# On files the table of files says so; on the hub the halves are drawn by the text that several rows share.
SHARED = {"mnli": 0, "nli_train": 1, "squad_v1": 0, "squad_v2": 0, "qa_train": 1, "lareqa": 1}


class Door(Protocol):
    """Where real data come from."""

    files: dict[str, str]  # path → SHA-256 of what has been read so far
    licences: dict[str, str]  # data set → licence
    missing: list[str]  # text and word lists that the table knows and the root lacks
    notes: dict[str, str]  # task and split → what its row says a reader must know

    def examples(
        self, task: str, split: str, language: str, role: str = "original"
    ) -> pd.DataFrame | None: ...
    def entities(self, split: str) -> pd.DataFrame: ...
    def text(self, language: str, lines: int) -> list[str]: ...
    def lexicon(self, language: str) -> dict[str, list[str]]: ...


@dataclass
class FilesDoor:
    """Original files below a data root, as `files.csv` lists them."""

    root: Path
    scale: str = ""  # that the data are for, where the table says that it reads less
    files: dict[str, str] = field(default_factory=dict)
    licences: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)

    def examples(self, task: str, split: str, language: str, role: str = "original") -> pd.DataFrame | None:
        """The examples of all rows that fit, or None where the table has none."""
        rows = rows_of(task, split if role == "original" else role, language, self.scale)
        here = [row for row in rows if paths_of(self.root, row)]
        if any(not row.stands_in for row in here):
            here = [row for row in here if not row.stands_in]
        if not rows:
            return None
        frames = [self._read(row) for row in here or rows[:1]]  # the first row says what is missing
        frame = pd.concat(frames, ignore_index=True)
        frame.attrs["left_out"] = _sum(frames)
        return frame

    def entities(self, split: str) -> pd.DataFrame:
        """The entities of Mewsli-X."""
        from polystilts.sources.formats import read_mewslix_entities

        name = {"test": "candidate_set_entities", "train": "wikipedia_pairs-train"}[split]
        return read_mewslix_entities(self.root / "realdata" / "mewslix" / f"{name}.jsonl")

    def text(self, language: str, lines: int) -> list[str]:
        """Every line of text in a language; files that are not there are named in `missing`."""
        return [line for row in self._there("corpus", language) for line in self._read(row)]

    def lexicon(self, language: str) -> dict[str, list[str]]:
        """English words and their translations; empty where there is no list."""
        found: dict[str, list[str]] = {}
        for row in self._there("lexicon", language):
            for word, translations in self._read(row).items():
                found.setdefault(word, []).extend(translations)
        return found

    def _there(self, use: str, language: str) -> list[FileRow]:
        rows = [row for row in file_rows() if row.task == use and row.language == language
                and row.format != "refused" and row.read_by(self.scale)]  # fmt: skip
        self.missing += [row.path for row in rows if not paths_of(self.root, row)]
        return [row for row in rows if paths_of(self.root, row)]

    def _read(self, row: FileRow):
        from polystilts.sources.catalogue.pinned import licence_of

        found = read_row(self.root, row)
        if row.note:
            self.notes[f"{row.task} {row.split or row.language}"] = row.note
        for path in paths_of(self.root, row):
            name = path.relative_to(self.root).as_posix()
            self.files[name] = sha256(path)
            self.licences[name] = licence_of(name)
        return found


@dataclass
class HubDoor:
    """Data sets of the hub, through a mirror or `datasets`."""

    mirror: Path | None
    unpinned: bool = False
    files: dict[str, str] = field(default_factory=dict)
    licences: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)

    def examples(self, task: str, split: str, language: str, role: str = "original") -> pd.DataFrame | None:
        """The examples that the hub table has, or None."""
        if not hub_rows(task, split, language, role):
            return None
        self._note(task, split, language, role)
        frame = read_hub(task, split, language, self.mirror, self.unpinned, role=role)
        if split == "train" and task in SHARED:
            mine = [int(fingerprint(text)[:8], 16) % 2 == SHARED[task] for text in _shared_text(frame)]
            frame = frame[mine].reset_index(drop=True) if role == "original" else frame
        return frame

    def entities(self, split: str) -> pd.DataFrame:
        """The entities of Mewsli-X."""
        return read_hub_entities(split, self.mirror, self.unpinned)

    def text(self, language: str, lines: int) -> list[str]:
        """The paragraphs of the first articles of a language, `lines` articles."""
        if not hub_rows("text", "train", language):
            self.missing.append(f"text in {language}")
            return []
        self._note("text", "train", language)
        return read_hub_text(language, self.mirror, self.unpinned, lines)

    def lexicon(self, language: str) -> dict[str, list[str]]:
        """Nothing: the hub table has no word lists, so they come from files below `lexicons/` of a mirror."""
        from polystilts.sources.formats import read_lexicon

        path = self.mirror and self.mirror / "lexicons" / f"{language}.tsv"
        if not path or not path.is_file():
            return {}
        self.files[path.relative_to(self.mirror).as_posix()] = sha256(path)
        return read_lexicon(path, language)

    def _note(self, task: str, split: str, language: str, role: str = "original") -> None:
        for row in hub_rows(task, split, language, role):
            known = self.licences.get(row.hub_id, row.licence)  # one data set may hold rows of two owners
            self.licences[row.hub_id] = known if row.licence in known else f"{known}; {row.licence}"
            if task in SHARED and split == "train":
                self.notes[f"{task} {split}"] = "one half of its data set; another task has the other"
            if self.mirror is None:
                self.files[row.hub_id] = f"revision {row.revision}"
                continue
            for path in files_of(row, split, language, self.mirror):
                self.files[path.relative_to(self.mirror).as_posix()] = sha256(path)


def rows_of(task: str, split: str, language: str, scale: str = "") -> list[FileRow]:
    """The rows of the table of files that a scale reads for a task, split and language."""
    asked = (task, split, language)
    return [
        row for row in file_rows() if (row.task, row.split, row.language) == asked and row.read_by(scale)
    ]


def open_door(source: str, root: Path | None, unpinned: bool, scale: str = "") -> Door:
    """The door that a scale asks for. Raises WrongUse where files are asked for without a root."""
    if source == "hub":
        return HubDoor(root, unpinned)
    if root is None:
        raise WrongUse("files are read from a data root: give DATA=<folder with realdata/ and realtext/>, or "
                       "fetch them first: python -m polystilts data fetch --data FOLDER")  # fmt: skip
    return FilesDoor(root, scale)


def _shared_text(frame: pd.DataFrame) -> list[str]:
    """What the rows of one data set share: a premise, a passage, or the passage a sentence is cut from."""
    if "candidate_id" in frame:
        return [name.split("_")[1] for name in frame["candidate_id"]]
    return [fingerprint(text) for text in frame["context" if "context" in frame else "text_a"]]


def _sum(frames: list[pd.DataFrame]) -> dict[str, int]:
    found: dict[str, int] = {}
    for frame in frames:
        for reason, count in frame.attrs["left_out"].items():
            found[reason] = found.get(reason, 0) + count
    return found


def files_asked(
    source: str, root: Path | None, tasks: list[str], languages: list[str], scale: str = ""
) -> dict[str, str]:
    """The hash of every file that a study may read below its root, by path; of the hub, the revisions."""
    if source == "files":
        rows = [row for row in file_rows() if row.task in (*tasks, "corpus", "lexicon")
                and row.language in languages and row.read_by(scale)]  # fmt: skip
        paths = {path for row in rows for path in paths_of(root, row)}
        return {path.relative_to(root).as_posix(): sha256(path) for path in sorted(paths)}
    rows = [(row, code) for row in HUB_ROWS if row.task in (*tasks, "text")
            for code in row.languages if code in (*languages, "")]  # fmt: skip
    if root is None:
        return {row.hub_id: row.revision for row, _ in rows}
    folders = {root / row.hub_id / row.config.format(row.languages[code]) for row, code in rows}
    paths = [*(path for folder in folders for path in folder.glob("*.parquet")), *root.glob("lexicons/*.tsv")]
    return {path.relative_to(root).as_posix(): sha256(path) for path in sorted(paths)}
