"""The driver: checks everything, runs the engine over the chapters, and ends with the answer.

A study killed at any moment goes on with the same command: what was finished is kept, what was half done is
done again, and processes that survived the kill are ended first.
"""

import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil
import yaml
from filelock import FileLock, Timeout

from polystilts import account, paths
from polystilts.errors import StudyError, WrongUse
from polystilts.files import DRAFT, read_json, sha256, write_json, write_text
from polystilts.pipeline import book
from polystilts.pipeline.chapters import CHAPTER_OF_STAGE, jobs_of
from polystilts.pipeline.mill import surroundings
from polystilts.pipeline.params import load_scale
from polystilts.pipeline.stages import require_world
from polystilts.pipeline.study import Study, study_of, tag_of
from polystilts.pipeline.times import compare_with_shipped, write_times


def run(scale: str, changes: Mapping[str, Any], cores: int, data: str = "") -> None:
    """Run a study from its first chapter to its last, doing only what is not done."""
    began = time.time()
    study = prepare(scale, changes, data)
    done = study.folder / ".done"
    ship(study)
    done.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(done / "lock", timeout=0):
            end_orphans(study)
            sweep(study)
            write_variant(study)
            forget_broken(study)
            invocation = uuid.uuid4().hex
            print(
                f"{study.name}: {len(study.runs)} runs, {len(jobs_of(study))} jobs, {cores} cores", flush=True
            )
            start_engine(study, cores, data, invocation)
            bind_book(study, invocation)
            overhead = write_times(study, invocation, began)
            report(study, overhead, time.time() - began)
    except Timeout:
        raise StudyError(f"{study.name} is being run by another process; wait for it, or end it") from None


def opened(scale: str, changes: Mapping[str, Any]) -> Study:
    """A scale with some knobs changed, checked; changed knobs make a variant with a folder of its own."""
    return study_of(load_scale(scale, changes), tag_of(changes))


def prepare(scale: str, changes: Mapping[str, Any], data: str = "") -> Study:
    """Check all that can be checked before anything starts."""
    study = opened(scale, changes)
    if data and not Path(data).is_dir():
        raise WrongUse(f"DATA={data} is not a folder; name the root of the real data sets")
    require_world(study)
    return study


def write_variant(study: Study) -> None:
    """Keep the parameters of a variant in its folder, where its chapters read them."""
    file = study.folder / "params.yaml"
    content = yaml.safe_dump(study.scale.sections, sort_keys=False, allow_unicode=True)
    if study.tag and (not file.exists() or file.read_text(encoding="utf-8") != content):
        write_text(file, content)


def ship(study: Study) -> None:
    """Keep a copy of results that came with the repository; they are compared with, never built upon."""
    shipped = study.folder / ".done" / "shipped"
    if (study.folder / ".done").exists() or not (study.folder / "tables" / "scores.csv").exists():
        return
    shipped.mkdir(parents=True)
    for name in ("tables/scores.csv", "claims.json"):
        if (study.folder / name).exists():
            shutil.copy(study.folder / name, shipped / Path(name).name)


def end_orphans(study: Study) -> None:
    """End processes of an earlier run of this study that outlived it; they would write into this one."""
    here = psutil.Process()
    family = {here.pid, *(parent.pid for parent in here.parents())}
    orphans = []
    for process in psutil.process_iter():
        try:
            if process.pid not in family and process.environ().get("POLYSTILTS_STUDY") == str(study.folder):
                process.kill()
                orphans.append(process)
        except psutil.Error:
            continue
    if orphans:
        psutil.wait_procs(orphans, timeout=10)
        print(f"ended {len(orphans)} processes left over from a run that was killed", flush=True)


def sweep(study: Study) -> None:
    """Remove drafts that a killed run left behind."""
    for draft in list(study.folder.rglob(f"{DRAFT}*")):
        shutil.rmtree(draft) if draft.is_dir() else draft.unlink(missing_ok=True)


def forget_broken(study: Study) -> None:
    """Forget that a job is done when what it left for readers is gone or was replaced."""
    for job in jobs_of(study):
        stamp = job.stamp(study)
        if not stamp.exists():
            continue
        for name, expected in read_json(stamp)["left"].items():
            file = study.folder / name
            if not file.exists() or sha256(file) != expected:
                print(f"{name} is not as {job.chapter.name} left it: running that chapter again", flush=True)
                stamp.unlink()
                break


def start_engine(study: Study, cores: int, data: str, invocation: str) -> None:
    """Let the engine run every job that is not done; say in one line what failed."""
    done = study.folder / ".done"
    shutil.rmtree(done / "failed", ignore_errors=True)
    (done / "engine").mkdir(exist_ok=True)
    me = psutil.Process()
    environment = os.environ | surroundings(study)
    environment |= {
        "POLYSTILTS_STUDY": str(study.folder),
        "POLYSTILTS_ROOT": str(paths.REPOSITORY),
        "POLYSTILTS_DRIVER": f"{me.pid}:{me.create_time()}",
        "POLYSTILTS_INVOCATION": invocation,
        "POLYSTILTS_DATA": data,
    }
    # No lock of its own: this process holds one, and has made sure that nobody else is at work.
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--snakefile",
        str(paths.PACKAGE / "pipeline" / "Snakefile"),
    ]
    command += ["--directory", str(done / "engine"), "--cores", str(cores), "--nolock", "--rerun-incomplete"]
    log = done / "engine.log"
    with open(log, "w", encoding="utf-8") as stream:
        engine = subprocess.Popen([*command, "--keep-going"], env=environment, stderr=stream)
        try:
            code = engine.wait()
        except KeyboardInterrupt:
            for child in me.children(recursive=True):
                child.kill()
            engine.wait()
            raise StudyError("interrupted; the same command goes on where it stopped") from None
    failures = [read_json(file) for file in sorted((done / "failed").glob("*.json"))]
    if failures:
        lines = [f"{row['chapter']} failed: {row['error']}\n  see {row['notebook']}" for row in failures]
        raise StudyError("\n".join(lines))
    if code:
        last = [line for line in log.read_text(encoding="utf-8").splitlines() if line.strip()][-3:]
        raise StudyError(f"the engine stopped: {' '.join(last)} — see {log}")


def bind_book(study: Study, invocation: str) -> None:
    """Make the book if its chapters have changed; the study is finished even if this fails."""
    began = time.time()
    try:
        with account.spend("book") as spent:
            made = book.make_book(study)
    except Exception as error:  # whatever it was, it must not cost anyone the results of a finished study
        print(f"the book was not made: {' '.join(str(error).split())}; `make book` tries again", flush=True)
        return
    if not made:
        return
    print(f"  book · {spent.wall_s:.0f} s", flush=True)
    record = {
        "stage": "book",
        "started": began,
        "ended": time.time(),
        "cpu_s": spent.cpu_s,
        "entries": [asdict(spent)],
        "invocation": invocation,
    }
    write_json(study.folder / ".done" / "time" / "book.json", record)


def report(study: Study, overhead: float | None, seconds: float) -> None:
    """Print the answer of the study, and where to read it."""
    if overhead is None:
        print(f"nothing to do: every chapter of {study.name} is done ({seconds:.0f} s)")
    else:
        share = (
            f"{overhead:.0%} of the processor time was not work on the question (starting, reading, writing)"
        )
        took = f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.1f} minutes"
        print(f"done in {took}; {share}")
    summary = study.folder / "summary.md"
    if summary.exists():
        print("\n" + summary.read_text(encoding="utf-8").strip() + "\n")
    if line := compare_with_shipped(study):
        print(line)
    index = study.folder / "book" / "index.html"
    print(f"read: {index if index.exists() else study.folder / 'chapters'}")


def status(scale: str, changes: Mapping[str, Any]) -> None:
    """Print which jobs of a study are done."""
    study = opened(scale, changes)
    for job in jobs_of(study):
        print(f"  {'done   ' if job.stamp(study).exists() else 'to do  '}{job.chapter.name} {job.batch}")
    for stage in CHAPTER_OF_STAGE:
        cells = list((study.folder / ".done" / "cells" / stage).glob("*.json"))
        print(f"  {len(cells):5d} finished cells of {stage}")
