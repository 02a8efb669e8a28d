"""A study is held by one process at a time, which first clears up what a killed one has left behind."""

import os
import platform
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os.path import relpath

import psutil
from filelock import FileLock, Timeout

from polystilts.errors import StudyError
from polystilts.files import DRAFT, fingerprint, read_json, sha256, whole_folder, write_json
from polystilts.pipeline.cells import damaged
from polystilts.pipeline.chapters import CHAPTER_OF_STAGE, Job, jobs_of, made_from
from polystilts.pipeline.records import is_predicted, is_recorded
from polystilts.pipeline.study import Study

PATIENCE = 15  # seconds that an orphan is given to die


class Stopped(BaseException):
    """A signal asked this process to end; nothing that guards against mere errors may swallow it."""


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Turn SIGTERM, a closed terminal and Ctrl-C into one exception, so that all is put down in order."""

    def stop(number: int, _: object) -> None:
        raise Stopped(signal.Signals(number).name)

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:  # nohup asks to be left alone
            signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def held(study: Study) -> Iterator[None]:
    """Hold a study against any second process, and say who holds it to whoever asks for it too.

    The system releases the lock of a process that dies in whatever way, so none is ever left behind.
    """
    done = study.folder / ".done"
    done.mkdir(parents=True, exist_ok=True)
    lock = FileLock(done / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise StudyError(
            f"{study.name} is being run by {holder(study)}; wait for it, or end it, and repeat the command"
        ) from None
    try:
        write_json(
            done / "holder.json",
            {"process": os.getpid(), "machine": platform.node(), "since": time.strftime("%d %b %H:%M:%S")},
        )
        yield
    finally:
        (done / "holder.json").unlink(missing_ok=True)
        lock.release()


def holder(study: Study) -> str:
    """Who holds a study, in words."""
    try:
        row = read_json(study.folder / ".done" / "holder.json")
        return f"process {row['process']} on {row['machine']} since {row['since']}"
    except (OSError, ValueError, KeyError):  # it has the lock and has not yet said so, or is just leaving
        return "another process"


def clear_up(study: Study) -> None:
    """Make sure that nothing of an earlier run is alive, half written, or taken for what it no longer is."""
    end_orphans(study)
    cancel_queued(study)
    sweep(study)
    ship(study)
    forget_stale(study)


def end_orphans(study: Study) -> None:
    """End processes of an earlier run of this study that outlived it; they would write into this one."""
    ended: set[int] = set()
    end = time.monotonic() + PATIENCE
    while orphans := orphans_of(study):  # again and again: one of them may have started another meanwhile
        if time.monotonic() > end:
            numbers = ", ".join(str(process.pid) for process in orphans)
            raise StudyError(f"processes {numbers} of a killed run do not end; end them first")
        for orphan in orphans:
            with suppress(psutil.NoSuchProcess):
                orphan.kill()
            ended.add(orphan.pid)
        psutil.wait_procs(orphans, timeout=0.5)
    if ended:
        print(f"ended {len(ended)} processes left over from a run that was killed", flush=True)


def orphans_of(study: Study) -> list[psutil.Process]:
    """The processes on this machine that were started for a study, other than this one and its ancestors."""
    here = psutil.Process()
    family = {here.pid, *(parent.pid for parent in here.parents())}
    found = []
    for process in psutil.process_iter():
        try:
            ours = process.environ().get("POLYSTILTS_STUDY") == str(study.folder)
            if ours and process.pid not in family and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def queue_name(study: Study) -> str:
    """The name under which the jobs of a study stand in a scheduler's queue."""
    return f"polystilts-{fingerprint(str(study.folder))}"


def cancel_queued(study: Study) -> None:
    """Take jobs of an earlier run out of Slurm's queue; where there is no Slurm there is nothing to take."""
    if shutil.which("squeue") is None:
        return
    listed = subprocess.run(
        ["squeue", "--me", "--noheader", "--format", "%i %j"], capture_output=True, text=True
    )
    rows = [line.split(maxsplit=1) for line in listed.stdout.splitlines()]
    left = [row[0] for row in rows if len(row) == 2 and row[1].startswith(queue_name(study))]
    if left:
        subprocess.run(["scancel", *left], capture_output=True)
        print(f"took {len(left)} jobs of a run that was killed out of the queue", flush=True)


def sweep(study: Study) -> None:
    """Remove drafts that a killed run left behind."""
    for draft in list(study.folder.rglob(f"{DRAFT}*")):
        shutil.rmtree(draft, ignore_errors=True) if draft.is_dir() else draft.unlink(missing_ok=True)


def ship(study: Study) -> None:
    """Keep a copy of results that came with the repository; they are compared with, never built upon."""
    done = study.folder / ".done"
    if (done / "cells").exists() or not (study.folder / "tables" / "scores.csv").exists():
        return
    with whole_folder(done / "shipped") as draft:
        for name in ("tables/scores.csv", "claims.json"):
            if (study.folder / name).exists():
                shutil.copy(study.folder / name, draft)


def forget_stale(study: Study) -> None:
    """Forget that a job is done when its sources changed, or when what it left is gone or was replaced."""
    jobs, broken = jobs_of(study), broken_chapters(study)
    said = set()
    for job in jobs:
        if job.stamp(study).exists() and (why := reason_to_repeat(study, job, broken)):
            job.stamp(study).unlink()
            if why not in said:
                print(f"{why}: running {job.chapter.name} again", flush=True)
                said.add(why)


def broken_chapters(study: Study) -> dict[str, str]:
    """The chapters whose work is not as they left it, each with a file that tells: of a cell, or of a run."""
    broken = {CHAPTER_OF_STAGE[stage]: file for stage, file in damaged(study) if stage in CHAPTER_OF_STAGE}
    for run in study.runs:
        file = study.run_folder(run) / "run.json"
        if is_predicted(study, run) and not is_recorded(study, run):
            broken.setdefault(CHAPTER_OF_STAGE["predict"], relpath(file, study.folder))
    return broken


def reason_to_repeat(study: Study, job: Job, broken: dict[str, str]) -> str:
    """Why a finished job must be repeated, in words; nothing if it need not be."""
    if job.chapter.name in broken:
        return f"{broken[job.chapter.name]} is not as it was left"
    try:
        stamp = read_json(job.stamp(study))
        if stamp["made_from"] != made_from(job, study):
            return f"what {job.chapter.name} is made from has changed"
        for name, expected in stamp["left"].items():
            file = study.folder / name
            if not file.exists() or sha256(file) != expected:
                return f"{name} is not as it was left"
    except (OSError, ValueError, KeyError, TypeError):
        return f"the stamp of {job.name} cannot be read"
    return ""
