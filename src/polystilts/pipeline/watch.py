"""What would stop a study without a word: too little memory, a full disk, jobs that sleep for ever."""

import resource
import shutil
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import psutil

from polystilts.errors import StudyError, WrongUse
from polystilts.pipeline.progress import in_bytes

# Bytes of addresses that the smallest study takes: `tiny` ended with so many, with a quarter less its kernels
# died, and with half of them one slept for ever, as a thread had died on its way up. Most are never filled.
NEEDED = 4_000_000_000
CGROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")

PATIENCE = 120.0  # seconds in which no job takes as much of a processor as
AWAKE = 0.2  # seconds: a job that waits for another's work polls, but then that other one is busy
LOOK = 5.0  # seconds between two looks

LITTLE = 4 << 20  # bytes of free disk below which a failure is put down to a full disk

# How errors begin, in whatever library, that come of too little memory.
SIGNS = ("MemoryError", "Cannot allocate memory", "can't start new thread", "bad_alloc", "Kernel died",
         "failed to map segment", "out of memory", "CellExecutionError:", "DefaultCPUAllocator")  # fmt: skip


def address_limit() -> int | None:
    """The bytes of memory that this process may address (`ulimit -v`); nothing if there is no limit."""
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if soft == resource.RLIM_INFINITY else soft


def require_memory() -> None:
    """Refuse to start where processes may not have the memory that any study takes."""
    limit = address_limit()
    if limit is not None and limit < NEEDED:
        raise WrongUse(
            f"a process may have {in_bytes(limit)} of memory here (ulimit -v), and a chapter takes "
            f"{in_bytes(NEEDED)} or more: raise the limit, or start the study where there is none"
        )


def memory_here() -> str:
    """How much memory processes have on this machine, and by what it is limited."""
    limits = [(psutil.virtual_memory().total, "in this machine")]
    if (limit := address_limit()) is not None:
        limits.append((limit, "a process, by ulimit -v"))
    for file in CGROUPS:
        with suppress(OSError, ValueError):
            limits.append((int(Path(file).read_text()), "for all processes of this container"))
    size, whose = min(limits)
    return f"{in_bytes(size)} {whose}, {in_bytes(psutil.virtual_memory().available)} of them free"


def memory_line(errors: Iterable[str]) -> list[str]:
    """A line on memory, if errors look as if there was too little of it."""
    if not any(sign in error for error in errors for sign in SIGNS):
        return []
    return [
        f"  memory may have run out: there are {memory_here()}; close other programs, ask for fewer jobs "
        "at a time (CORES=1), or raise the limit, then the same command goes on"
    ]


class Sleepers:
    """Notices when all jobs of a study sleep, of which none will ever wake another."""

    def __init__(self, resting: Iterable[int] = (), clock: Callable[[], float] = time.monotonic) -> None:
        """`resting` are processes that may sleep: the engine, which waits for its jobs."""
        self.resting = set(resting)
        self.clock = clock
        self.looked = clock()
        self.asleep = self.used = 0.0
        self.spent: dict[int, float] = {}

    def look(self) -> None:
        """Raise StudyError once no job has done anything for some minutes; looks every few seconds."""
        now = self.clock()
        passed = now - self.looked
        if passed < LOOK:
            return
        self.looked = now
        spent, names, waiting = {}, [], False
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):
                if process.pid in self.resting:
                    continue
                spent[process.pid] = sum(process.cpu_times()[:2])
                waiting |= process.status() == psutil.STATUS_DISK_SLEEP
                names += job_name(process.cmdline())
        self.used += sum(seconds - self.spent.get(number, 0.0) for number, seconds in spent.items())
        self.asleep += min(passed, 2 * LOOK)  # a study that was stopped for an hour has not slept for an hour
        self.spent = spent
        if self.used >= AWAKE or waiting or not names:
            self.asleep = self.used = 0.0
        if self.asleep >= PATIENCE:
            raise StudyError(
                f"{names[0]} failed: it has done nothing for {self.asleep:.0f} seconds and never will; "
                f"there may be too little memory: {memory_here()}"
            )


def job_name(words: list[str]) -> list[str]:
    """The chapter that a process was started for, by its command line; none if for none."""
    jobs = "serve" not in words and any(word == "mill" or word.endswith(".mill") for word in words)
    return [words[-2]] if jobs else []


def room_line(folder: Path) -> list[str]:
    """A line on the disk, if it is full."""
    if shutil.disk_usage(folder).free >= LITTLE:
        return []
    return [f"  the disk of {folder} is full: make room, then the same command goes on"]
