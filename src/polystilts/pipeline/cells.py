"""A cell is one finished piece of work, known by what went into it and skipped while that is unchanged.

Its record lies in `.done/cells/`, which is never in git: a fresh clone repeats the work, whatever
outputs were committed with it.
"""

import ast
import glob
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock

from polystilts import account, paths
from polystilts.errors import StudyError
from polystilts.files import draft_of, fingerprint, put_folder, read_json, sha256, write_json
from polystilts.pipeline.study import Study

# These decide no result: what they do can change without any work being repeated.
RESULTLESS = ("polystilts", "polystilts.account", "polystilts.errors", "polystilts.paths")

CHECKPOINTS = ("intermediate", "finetune")  # stages that leave a trained model


def finish(
    study: Study,
    stage: str,
    key: str,
    inputs: dict[str, Any],
    work: Callable[[Path], Any],
    target: Path,
    kind: str = "io",
    run_id: str = "",
) -> bool:
    """Do a piece of work unless it is finished already; say whether it had to be done.

    `work` writes a file or a folder at the path it is given, which then takes the name `target`. Two
    processes that need the same cell take turns: the second finds it finished. What another variant of the
    scale has done from the same inputs is taken over.
    """
    record = record_file(study, stage, key)
    wanted = fingerprint(inputs)
    if (survey := _survey.get()) is not None:
        return survey.look(study, stage, key, wanted, target)
    record.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(record.with_suffix(".lock")):
        if is_finished(record, wanted, target):
            return False
        if (done := done_elsewhere(study, stage, key, wanted)) is not None:
            take_over(study, done, record, target)
            return True
        record.unlink(missing_ok=True)
        since = len(account.entries())
        draft = draft_of(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with account.spend(kind, run_id):
                work(draft)
            with account.spend("io", run_id):
                if not draft.exists():
                    raise StudyError(f"{stage} {key} left nothing at {target}; it was told to write {draft}")
                files = {path: sha256(draft / path) for path in relative_files(draft)}
                put_folder(draft, target) if draft.is_dir() else os.replace(draft, target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
            if draft.is_file():
                draft.unlink()
        outputs = {path: {"sha256": files[path], **stamp(target / path)} for path in files}
        times = account.claim(since, f"{stage}/{key}")
        place = os.path.relpath(target, study.folder)
        write_json(
            record, {"hash": wanted, "inputs": inputs, "target": place, "outputs": outputs, "time": times}
        )
    return True


@dataclass
class Survey:
    """What of a study is left, seen without doing any of it; cells are named by stage and key."""

    asked: dict[tuple[str, str], bool] = field(default_factory=dict)  # whether a cell is left
    records: dict[tuple[str, str], Path] = field(default_factory=dict)  # of cells that are done

    def look(self, study: Study, stage: str, key: str, wanted: str, target: Path) -> bool:
        """Note whether a cell would have to be done, and say it; each cell counts once."""
        if (stage, key) not in self.asked:
            record: Path | None = record_file(study, stage, key)
            if not is_finished(record, wanted, target):
                record = done_elsewhere(study, stage, key, wanted)
            if record is not None:
                self.records[stage, key] = record
            self.asked[stage, key] = record is None
        return self.asked[stage, key]


_survey: ContextVar[Survey | None] = ContextVar("survey", default=None)


@contextmanager
def surveyed() -> Iterator[Survey]:
    """While this lasts, stages that are called do nothing, and tell what they would have to do."""
    survey = Survey()
    token = _survey.set(survey)
    try:
        yield survey
    finally:
        _survey.reset(token)


def is_survey() -> bool:
    """Whether stages only tell what they would have to do."""
    return _survey.get() is not None


def done_elsewhere(study: Study, stage: str, key: str, wanted: str) -> Path | None:
    """The record of the same cell, from the same inputs, of another variant of the scale; none if nowhere."""
    for folder in variants(study):
        record = folder / ".done" / "cells" / stage / f"{key}.json"
        if record.is_file():
            with suppress(OSError, ValueError, KeyError, TypeError):
                if is_finished(record, wanted, folder / read_json(record)["target"]):
                    return record
    return None


def variants(study: Study) -> list[Path]:
    """The folders of the same scale with other knobs, beside that of a study."""
    scale, place = study.scale.name, study.folder
    found = [place.with_name(scale), *sorted(place.parent.glob(f"{glob.escape(scale)}+*"))]
    return [folder for folder in found if folder != place]


def take_over(study: Study, done: Path, record: Path, target: Path) -> None:
    """Take over what another variant has done: its files, linked where the disk can, and its record."""
    found, folder = read_json(done), done.parents[3]
    source, draft = folder / found["target"], draft_of(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        if source.is_dir():
            shutil.copytree(source, draft, copy_function=link)
            put_folder(draft, target)
        else:
            link(source, draft)
            os.replace(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        draft.unlink(missing_ok=True)
    outputs = {path: {**row, **stamp(target / path)} for path, row in found["outputs"].items()}
    write_json(record, {**found, "outputs": outputs, "from": folder.name})


def link(source: str | Path, target: str | Path) -> None:
    """A second name for a file or, where the disk has none, a copy: finished files are never written to."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def record_file(study: Study, stage: str, key: str) -> Path:
    """Where a cell's record lies."""
    return study.folder / ".done" / "cells" / stage / f"{key}.json"


def relative_files(target: Path) -> list[str]:
    """The files of a cell by their path inside it; a cell that is one file holds `.`"""
    if target.is_file():
        return ["."]
    return sorted(path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file())


def stamp(file: Path) -> dict[str, int]:
    """Size and time of a file: while they stand, its hash need not be computed again."""
    status = file.stat()
    return {"size": status.st_size, "mtime_ns": status.st_mtime_ns}


def is_finished(record: Path, wanted: str, target: Path) -> bool:
    """Whether a cell was made from the same inputs and all its files are still as it left them."""
    try:
        found = read_json(record)
        return found["hash"] == wanted and all(
            is_intact(target / path, expected) for path, expected in found["outputs"].items()
        )
    except (OSError, ValueError, KeyError, TypeError):  # a damaged record vouches for nothing
        return False


def damaged(study: Study) -> Iterator[tuple[str, str]]:
    """The stage of every finished cell whose files are not as it left them, and the file that tells.

    Checkpoints may be removed to make room: one that is gone altogether is made again only when needed.
    """
    for record in sorted((study.folder / ".done" / "cells").rglob("*.json")):
        stage = record.parent.name
        try:
            found = read_json(record)
            target = study.folder / found["target"]
            if stage in CHECKPOINTS and not target.exists():
                continue
            for path, expected in found["outputs"].items():
                if not is_intact(target / path, expected):
                    yield stage, os.path.relpath(target / path, study.folder)
                    break
        except (OSError, ValueError, KeyError, TypeError):
            yield stage, os.path.relpath(record, study.folder)


def is_intact(file: Path, expected: dict) -> bool:
    """Whether a file is as its cell left it."""
    if not file.is_file():
        return False
    now = stamp(file)
    if now["size"] != expected["size"]:
        return False
    return now["mtime_ns"] == expected["mtime_ns"] or sha256(file) == expected["sha256"]


def contents(study: Study, stage: str, key: str, *within: str) -> str:
    """A fingerprint of what a finished cell left, or of the parts of it whose path starts with `within`."""
    record = record_file(study, stage, key)
    if (survey := _survey.get()) is not None:
        if (stage, key) not in survey.records:
            return "not made yet"  # so whatever is made from it is not made either
        record = survey.records[stage, key]
    outputs = read_json(record)["outputs"]
    return fingerprint(
        {path: row["sha256"] for path, row in outputs.items() if not within or path.startswith(within)}
    )


@cache
def code_hash(*modules: str) -> str:
    """A fingerprint of all code that these modules reach in the study, without comments and docstrings."""
    reached: dict[str, str] = {}
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        if module not in reached and module not in RESULTLESS:
            meaning, imports = read_module(module)
            reached[module] = sha256(meaning.encode())
            waiting += [*imports, module.rpartition(".")[0]]
    return fingerprint(reached)


@cache
def read_module(module: str) -> tuple[str, tuple[str, ...]]:
    """What a module means, without its comments and docstrings, and the modules of the study it imports."""
    tree = ast.parse(source_of(module).read_text(encoding="utf-8"))
    imports = tuple(dict.fromkeys(imported(tree)))
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)
            and ast.get_docstring(node) is not None
        ):
            node.body = node.body[1:]
    return ast.dump(tree), imports


def imported(tree: ast.AST) -> Iterator[str]:
    """The modules of the study that a module imports, anywhere in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            if name.split(".")[0] == "polystilts" and source_of(name):
                yield name


def source_of(module: str) -> Path | None:
    """The file of a module of the study, found without importing it; nothing if it is no module."""
    place = paths.PACKAGE.joinpath(*module.split(".")[1:])
    for file in (place.with_name(f"{place.name}.py"), place / "__init__.py"):
        if file.is_file():
            return file
    return None


def versions(*libraries: str) -> dict[str, str]:
    """The installed versions of libraries that results depend on, without the build they come from."""
    return {name: version_of(name) for name in libraries}


@cache
def version_of(library: str) -> str:
    """The installed version of one library: every cell asks for the same few, and reading one takes time."""
    return version(library).partition("+")[0]
