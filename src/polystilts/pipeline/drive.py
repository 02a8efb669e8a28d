"""The driver: checks everything, runs the engine over the chapters, and ends with the answer.

A study killed at any moment goes on with the same command: what was finished is kept, what was half done is
done again, and processes that survived the kill are ended first.
"""

import os
import re
import shutil
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from polystilts import account, paths
from polystilts.errors import REFUSED, StudyError, WrongUse
from polystilts.files import write_json, write_text
from polystilts.pipeline.chapters import jobs_of
from polystilts.pipeline.engine import (
    dry_run,
    end_children,
    engine_command,
    environment_of,
    require_profile,
    run_alone,
    run_engine,
)
from polystilts.pipeline.forecast import (
    cell_seconds,
    cells_of,
    compare_with_plan,
    keep_forecast,
    page_seconds,
)
from polystilts.pipeline.hold import Stopped, clear_up, held, stopped_by_signals
from polystilts.pipeline.params import load_scale
from polystilts.pipeline.progress import Progress, in_time
from polystilts.pipeline.published import compare_with_published
from polystilts.pipeline.stages import require_world
from polystilts.pipeline.study import Study, study_name, study_of, tag_of
from polystilts.pipeline.times import write_times
from polystilts.pipeline.warm import warm_start
from polystilts.pipeline.watch import require_memory

TAG = r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,99}"  # what a variant may be called


def run(
    scale: str,
    changes: Mapping[str, Any],
    cores: int,
    data: str = "",
    notebooks: bool = True,
    profile: str = "",
    dry: bool = False,
    cold: bool = False,
    tag: str = "",
) -> None:
    """Run a study from its first chapter to its last, doing only what is not done.

    A `profile` sends the jobs to a cluster's queue; without `notebooks` the work is done and no page made; a
    `dry` run only counts the jobs that are to do; in a `cold` one every chapter imports its own libraries.
    """
    if profile and not notebooks:
        raise WrongUse("a queue is given chapters, and --no-notebooks makes none: leave it or --profile out")
    if profile:
        require_profile(profile)
    require_memory()
    study = prepare(scale, changes, data, tag)
    if notebooks:
        require_comparison(study)
    try:
        with stopped_by_signals(), held(study):
            run_held(study, cores, data, notebooks, profile, dry, cold)
    except Stopped as signal:
        end_children()
        raise StudyError(f"ended by {signal}; the same command goes on where it stopped") from None
    except OSError as error:
        if error.errno not in REFUSED:
            raise
        where = error.filename or study.folder
        raise StudyError(
            f"{where} cannot be written ({error.strerror.lower()}); make room, or a folder that can be "
            "written, and repeat the command: what is finished is kept"
        ) from None


def run_held(
    study: Study, cores: int, data: str, notebooks: bool, profile: str, dry: bool, cold: bool
) -> None:
    """Run a study that this process holds."""
    began, invocation = time.time(), uuid.uuid4().hex
    clear_up(study)
    write_variant(study)
    place = f"the queue of {profile}" if profile else f"{cores} cores"
    print(f"{study.name}: {len(study.runs)} runs, {len(jobs_of(study))} jobs, {place}", flush=True)
    environment = environment_of(study, data, invocation, profile)
    shutil.rmtree(study.folder / ".done" / "failed", ignore_errors=True)
    (study.folder / ".done" / "engine").mkdir(exist_ok=True)
    if dry:
        command = engine_command(study, cores, environment["POLYSTILTS_GPUS"], profile)
        dry_run(command, environment)
        return
    keep_forecast(study, cores)
    progress = Progress(
        study,
        invocation,
        cells_of(study),
        cell_seconds(study),
        page=page_seconds(study) if notebooks else 0.0,
    )
    warm = not (cold or profile or environment["POLYSTILTS_GPUS"]) and may_be_warm(study)
    with warm_start(environment, notebooks) if warm else nullcontext(environment) as told:
        if notebooks:
            command = engine_command(study, cores, environment["POLYSTILTS_GPUS"], profile)
            run_engine(study, command, told, progress.look, queued=bool(profile))
        else:
            run_alone(study, cores, told, progress.look)
    progress.close()
    if notebooks:
        bind_book(study, invocation)
    overhead = write_times(study, invocation, began)
    compared = compare_with_plan(study) if overhead is not None else []
    if notebooks and overhead is not None:
        from polystilts.evidence.crate import write_crate

        write_crate(study.folder)  # the last: it has the hash of every file
    report(study, overhead, time.time() - began, compared)


def may_be_warm(study: Study) -> bool:
    """Whether a warm start works here and there is a job to gain by it."""
    return sys.platform == "linux" and not all(job.stamp(study).exists() for job in jobs_of(study))


def opened(scale: str, changes: Mapping[str, Any], tag: str = "") -> Study:
    """A scale with some knobs changed, checked; changed knobs make a variant with a folder of its own.

    The folder is named by what is changed, or by a `tag`; the tag alone opens a variant that is there.
    """
    if not tag:
        return study_of(load_scale(scale, changes), tag_of(changes))
    if not re.fullmatch(TAG, tag):
        raise WrongUse(f"--tag {tag!r} is no name for a folder; use letters, digits and . _ - +")
    kept = paths.studies() / study_name(scale, tag) / "params.yaml"
    if not changes and not kept.is_file():
        raise WrongUse(f"no variant of {scale} is called {tag!r}; say what it changes: --set KNOB=VALUE")
    return study_of(load_scale(scale, changes, file=None if changes else kept), tag)


def require_data(data: str) -> None:
    """Refuse a root of real data that is not there."""
    if data and not Path(data).is_dir():
        raise WrongUse(f"DATA={data} is not a folder; name the root of the real data sets")


def prepare(scale: str, changes: Mapping[str, Any], data: str = "", tag: str = "") -> Study:
    """Check all that can be checked before anything starts."""
    study = opened(scale, changes, tag)
    require_data(data)
    if data:  # jobs, and calls of this process, find it there
        os.environ["POLYSTILTS_DATA"] = str(Path(data).resolve())
    require_world(study)
    return study


def require_comparison(study: Study) -> None:
    """Refuse, before anything runs, pages that would compare nothing: their analysis could not be written."""
    strategies = {run.strategy for run in study.runs}
    if "none" not in strategies or len(strategies) < 2:
        raise WrongUse(
            f"arms are {', '.join(study.scale.shared['arms'])}: the chapters compare arms with `none`; name "
            "both, or leave the pages out with --no-notebooks"
        )


def write_variant(study: Study) -> None:
    """Keep the parameters of a variant in its folder, where its chapters read them."""
    file = study.folder / "params.yaml"
    content = yaml.safe_dump(study.scale.sections, sort_keys=False, allow_unicode=True)
    if study.tag and (not file.exists() or file.read_text(encoding="utf-8") != content):
        write_text(file, content)


def bind_book(study: Study, invocation: str) -> None:
    """Make the book if its chapters have changed; the study is finished even if this fails."""
    from polystilts.pipeline import book  # it needs the notebook tools, which the rest can do without

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


def report(study: Study, overhead: float | None, seconds: float, compared: Sequence[str]) -> None:
    """Print the answer of the study, what it cost beside what was foreseen, and where to read it."""
    if overhead is None:
        print(f"nothing to do: every chapter of {study.name} is done ({seconds:.0f} s)")
    else:
        share = (
            f"{overhead:.0%} of the processor time was not work on the question (starting, reading, writing)"
        )
        print(f"done in {in_time(seconds)}; {share}")
        for line in compared:
            print(line)
    summary = study.folder / "summary.md"
    if summary.exists():
        print("\n" + plain(summary.read_text(encoding="utf-8")).strip() + "\n")
    for line in compare_with_published(study):
        print(line)
    places = [study.folder / "book" / "index.html", study.folder / "chapters"]
    print(f"read: {next((place for place in places if place.exists()), summary)}")
    if (study.folder / "claims.json").exists():
        print(f"try to falsify it: python -m polystilts verify '{paths.shown(study.folder)}'")


def plain(text: str) -> str:
    """Markdown as a terminal shows it: without the marks of headings and of bold words.

    >>> plain("# The answer: **undecided.** More")
    'The answer: undecided. More'
    """
    return re.sub(r"(?m)^#+ ", "", re.sub(r"\*\*(\S.*?)\*\*", r"\1", text))
