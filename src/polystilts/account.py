"""Where the seconds go: every process keeps one account of its time, by kind of work.

    with account.spend("train", run_id) as entry:
        entry.tokens = train(...)

Blocks nest: what an inner block takes is taken off the outer one, so the kinds sum to the whole.
"""

import json
import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

KINDS = ("train", "predict", "start", "io", "data", "statistics", "figures", "gate", "book")
OVERHEAD = ("start", "io")


@dataclass
class Entry:
    """Seconds spent on one kind of work, by the wall clock and by the processor."""

    kind: str
    run_id: str = ""
    wall_s: float = 0.0
    cpu_s: float = 0.0
    tokens: int = 0
    cell: str = ""  # the finished piece of work that keeps this entry in its own record


_entries: list[Entry] = []
_open: list[list[float]] = []  # for each open block: wall and cpu seconds its inner blocks have taken


def cpu_seconds() -> float:
    """Processor seconds of this process and of its children that have ended."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )


@contextmanager
def spend(kind: str, run_id: str = "", tokens: int = 0) -> Iterator[Entry]:
    """Book the time of this block under `kind`; what inner blocks book is not booked twice."""
    if kind not in KINDS:
        raise ValueError(f"no kind of time is called {kind!r}; there are: {', '.join(KINDS)}")
    entry = Entry(kind, run_id, tokens=tokens)
    wall, cpu = time.perf_counter(), cpu_seconds()
    _open.append([0.0, 0.0])
    try:
        yield entry
    finally:
        inner_wall, inner_cpu = _open.pop()
        wall, cpu = time.perf_counter() - wall, cpu_seconds() - cpu
        entry.wall_s, entry.cpu_s = wall - inner_wall, cpu - inner_cpu
        if _open:
            _open[-1][0] += wall
            _open[-1][1] += cpu
        _entries.append(entry)
        _leave(asdict(entry))


def entries() -> list[dict]:
    """All entries so far, inner blocks before the outer ones."""
    return [asdict(entry) for entry in _entries]


def claim(since: int, cell: str) -> list[dict]:
    """Mark the entries from position `since` on as kept in the record of a cell, and return them."""
    for entry in _entries[since:]:
        entry.cell = cell
    _leave({"since": since, "cell": cell})
    return [asdict(entry) for entry in _entries[since:]]


def reset() -> None:
    """Start an empty account, that of this process, to be left in the file that the environment names."""
    global _file, _owner
    _entries.clear()
    _open.clear()
    # Taken out of the environment, so that processes started from this one do not write to the same file.
    _file, _owner = os.environ.pop("POLYSTILTS_ACCOUNT", ""), os.getpid()


reset()


def _leave(line: dict) -> None:
    """Leave one more line of the account in a file, for the job that started this process.

    Not at its exit: a kernel that has started processes of its own is killed, and ends without one.
    """
    if _file and os.getpid() == _owner:  # a forked child is not the process whose account this is
        with open(_file, "a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")


def _lines_of(file: Path) -> list[dict]:
    return (
        [json.loads(text) for text in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []
    )


def left_in(file: Path) -> list[dict]:
    """The entries that a process has left in a file; none if it has booked nothing."""
    found: list[dict] = []
    for line in _lines_of(file):
        if "kind" in line:
            found.append(line)
        for entry in found[line["since"] :] if "since" in line else ():
            entry["cell"] = line["cell"]
    return found


def elsewhere(file: Path, patience: float = 0.0) -> float:
    """Processor seconds, told in such a file, of processes that worked for this one and are not its children.

    They are told when such a process has ended; `patience` is how many seconds to wait for that.
    """
    end = time.monotonic() + patience
    while True:
        told = [line["elsewhere"] for line in _lines_of(file) if "elsewhere" in line]
        if told or time.monotonic() >= end:
            return sum(told)
        time.sleep(0.05)
