"""How far a study has come: one line a step, and on a terminal one bar for the whole chain.

It reads only files that jobs leave, so it is the same with the engine, on a cluster and without notebooks; no
line of it passes through a notebook.
"""

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from polystilts.files import read_json
from polystilts.pipeline.chapters import CHAPTER_OF_STAGE, Job, jobs_of
from polystilts.pipeline.study import Study

WIDTH = 24  # letters of the bar
EARLY = 0.1  # of the work: before so much of it is done, the pace says nothing yet
CLEAR = "\r\033[K"  # back to the start of the line, and empty it


class Progress:
    """Watches the records of finished jobs and cells, and tells what is new since it last looked."""

    def __init__(
        self,
        study: Study,
        invocation: str,
        cells: Mapping[str, int],
        seconds: Mapping[str, float],
        stream: TextIO | None = None,
        page: float = 0.0,
    ) -> None:
        """`cells` counts the pieces of work of each stage; `seconds` is what one is thought to take.

        A `page` is what a job takes beside its cells, and the book once more, which is made after all others.
        """
        self.done = study.folder / ".done"
        self.invocation = invocation
        self.jobs = {f"{job.name}.json": job for job in jobs_of(study)}
        self.cells = {stage: count for stage, count in cells.items() if count}
        self.work = {stage: count * seconds.get(stage, 1.0) for stage, count in self.cells.items()}
        self.page = page
        self.whole = sum(self.work.values()) + page * (len(self.jobs) + 1)
        self.finished = {name for name, job in self.jobs.items() if job.stamp(study).exists()}
        self.told: set[str] = set()
        self.stream = stream or sys.stdout
        self.began = time.time()
        self.next_look = 0.0
        self.at_start = self.work_done()

    def look(self, now: bool = False) -> None:
        """Tell what was finished since the last look; the files are looked at once a second at most."""
        began = time.time()
        if began < self.next_look and not now:
            return
        fresh, terminal = self.finished_jobs(), self.stream.isatty()
        for job, seconds in fresh:
            share = f" {job.batch if job.number else 'page'}" if job.batches > 1 else ""
            name = f"{job.chapter.name}{share} · {in_time(seconds)}"
            self.stream.write(f"{CLEAR if terminal else ''}  {name:38} {self.bar()}\n")
        if terminal:
            self.stream.write(f"{CLEAR}  {self.bar()}")
        if fresh or terminal:
            self.stream.flush()
        self.next_look = time.time() + max(1.0, 20 * (time.time() - began))

    def close(self) -> None:
        """Tell the last of it, and take the bar off the terminal."""
        self.look(now=True)
        if self.stream.isatty():
            self.stream.write(CLEAR)
            self.stream.flush()

    def finished_jobs(self) -> list[tuple[Job, float]]:
        """Jobs that have ended since the last look, and the seconds they took."""
        found = []
        for name in sorted(fresh_files(self.done / "time", self.began) - self.told):
            record = read_json(self.done / "time" / name)
            if name in self.jobs and record["invocation"] == self.invocation:
                self.told.add(name)
                found.append((self.jobs[name], record["ended"] - record["started"]))
        return found

    def work_done(self) -> float:
        """The work in ended jobs and fresh cells, in the seconds it was thought to take."""
        ended = [self.jobs[name].chapter.name for name in self.finished | self.told]
        whole = [job.chapter.name for job in self.jobs.values()]
        done = self.page * len(ended)
        for stage, work in self.work.items():
            chapter = CHAPTER_OF_STAGE[stage]
            fresh = len(fresh_files(self.done / "cells" / stage, self.began)) / self.cells[stage]
            done += work * min(1.0, max(ended.count(chapter) / whole.count(chapter), fresh))
        return done

    def bar(self) -> str:
        """How much of the work is done, and how long the rest will take at the pace of this run so far."""
        whole, done = self.whole, self.work_done()
        share = done / whole if whole else 1.0
        full = int(share * WIDTH)
        drawn = f"[{'#' * full}{'.' * (WIDTH - full)}] {int(100 * share):3d}%"  # 100 is said of all alone
        if share >= 1.0 or done - self.at_start < EARLY * whole:
            return drawn
        left = (time.time() - self.began) * (whole - done) / (done - self.at_start)
        return f"{drawn}, about {in_time(left)} to go"


def fresh_files(folder: Path, since: float) -> set[str]:
    """The names of the records in a folder that were written after a moment."""
    if not folder.is_dir():
        return set()
    with os.scandir(folder) as entries:
        return {
            entry.name
            for entry in entries
            if entry.name.endswith(".json")
            and not entry.name.startswith(".")
            and entry.stat().st_mtime >= since
        }


def in_time(seconds: float) -> str:
    """A duration in the unit a reader would choose.

    >>> in_time(44), in_time(600), in_time(9000), in_time(400000)
    ('44 s', '10 min', '2.5 h', '4.6 days')
    """
    for limit, unit, size, digits in ((100, "s", 1, 0), (6000, "min", 60, 0), (172800, "h", 3600, 1)):
        if seconds < limit:
            return f"{seconds / size:.{digits}f} {unit}"
    return f"{seconds / 86400:.1f} days"


def in_bytes(size: float) -> str:
    """A number of bytes in words.

    >>> in_bytes(1_600_000_000), in_bytes(3_200_000)
    ('1.6 GB', '3.2 MB')
    """
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= unit:
            return f"{size / unit:.2g} {name}" if size < 10 * unit else f"{size / unit:,.0f} {name}"
    return f"{size:.0f} bytes"
