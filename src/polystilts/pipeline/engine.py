"""The engine at work: Snakemake over the jobs of a study, here or through a queue; or no engine at all."""

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import IO

import psutil
import yaml

from polystilts import paths
from polystilts.errors import StudyError, WrongUse
from polystilts.files import read_json
from polystilts.pipeline.alone import WORK
from polystilts.pipeline.chapters import Job, jobs_of, needed_jobs
from polystilts.pipeline.hold import queue_name
from polystilts.pipeline.mill import surroundings
from polystilts.pipeline.study import Study
from polystilts.pipeline.warm import COMMAND
from polystilts.pipeline.watch import Sleepers, memory_line, room_line

SLURM = "snakemake_executor_plugin_slurm"  # what `pip install polystilts[slurm]` adds


def environment_of(study: Study, data: str, invocation: str, profile: str = "") -> dict[str, str]:
    """What every job of a study is told through its environment."""
    me = psutil.Process()
    return {
        **os.environ,
        **surroundings(study),
        "POLYSTILTS_STUDY": str(study.folder),
        "POLYSTILTS_ROOT": str(paths.REPOSITORY),
        "POLYSTILTS_DRIVER": f"{platform.node()}:{me.pid}:{me.create_time()}",
        "POLYSTILTS_INVOCATION": invocation,
        "POLYSTILTS_DATA": str(Path(data).resolve()) if data else os.environ.get("POLYSTILTS_DATA", ""),
        "POLYSTILTS_TOGETHER": "" if profile else "1",
        "POLYSTILTS_GPUS": gpus_of_a_cluster(study) if profile else ",".join(gpus_here()),
    }


def gpus_here() -> list[str]:
    """The GPUs of this machine that may be used, by the names CUDA_VISIBLE_DEVICES takes."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        names = [name.strip() for name in chosen.split(",")]
        return [name for name in takewhile(lambda name: name != "-1", names) if name]  # as CUDA reads it
    if shutil.which("nvidia-smi") is None:
        return []
    listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True)
    count = sum(line.startswith("GPU ") for line in listed.stdout.splitlines())
    return [str(number) for number in range(count)]


def gpus_of_a_cluster(study: Study) -> str:
    """Whether the jobs of a study ask a queue for a GPU each: those with a ready-made encoder do."""
    return "queue" if study.scale["pretraining"]["updates"] == 0 else ""


def require_profile(profile: str) -> None:
    """Refuse a profile that is none, or whose queue the engine cannot reach for want of its plugin."""
    file = Path(profile) / "config.yaml"
    if not file.is_file():
        raise WrongUse(f"{profile} is not a profile: it has no config.yaml; there is profiles/slurm")
    try:
        settings = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise WrongUse(f"{file} is not YAML: {' '.join(str(error).split())}") from None
    executor = settings.get("executor") if isinstance(settings, dict) else None
    if executor == "slurm" and importlib.util.find_spec(SLURM) is None:
        raise WrongUse(f"{profile} sends jobs to Slurm, and {SLURM.replace('_', '-')} is not installed: "
                       f'{sys.executable} -m pip install -e "{paths.REPOSITORY}[slurm]"')  # fmt: skip


def dry_run(command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Let the engine count the jobs to do, and start none."""
    ended = subprocess.run(
        [*command, "--dry-run", "--quiet", "rules"], env=dict(environment),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
    )  # fmt: skip
    if ended.returncode:
        raise StudyError(f"the engine cannot count the jobs: {last_words(ended.stdout.splitlines())}")
    print(ended.stdout, end="", flush=True)


def last_words(said: Sequence[str]) -> str:
    """The end of what the engine said, as one line."""
    return " ".join([line.strip() for line in said if line.strip()][-3:]) or "it said nothing"


def engine_command(study: Study, cores: int, gpus: str, profile: str = "") -> list[str]:
    """The command line of the engine."""
    engine = study.folder / ".done" / "engine"
    # No lock of its own: the driver holds one, and has made sure that nobody else is at work. Stamps of jobs
    # whose sources changed are gone by now, so all that is left to compare is which stamp is newer.
    command = [sys.executable, "-m", "snakemake", "--directory", str(engine)]
    command += ["--snakefile", str(paths.PACKAGE / "pipeline" / "Snakefile")]
    command += ["--nolock", "--rerun-incomplete", "--rerun-triggers", "mtime", "--keep-going"]
    if profile:
        folder = Path(profile).resolve()
        name = ["--slurm-jobname-prefix", queue_name(study)] if "slurm" in folder.name else []
        return [*command, "--workflow-profile", str(folder), *name]
    command += ["--resources", f"gpu={len(gpus.split(','))}"] if gpus else []
    return [*command, "--cores", str(cores)]


def run_engine(
    study: Study, command: list[str], environment: Mapping[str, str], tick: Callable, queued: bool = False
) -> None:
    """Run the engine to its end, keeping what it says in `.done/engine.log`.

    Unless the jobs are `queued` for other machines, where nobody can see it, none may sleep for ever.
    """
    log = study.folder / ".done" / "engine.log"
    with subprocess.Popen(
        command,
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as engine:
        said: deque[str] = deque(maxlen=400)
        reader = threading.Thread(target=keep, args=(engine.stdout, log, said), daemon=True)
        reader.start()
        try:
            sleepers = Sleepers([engine.pid])
            while engine.poll() is None:
                tick()
                if not queued:
                    sleepers.look()
                time.sleep(0.2)
        except BaseException:
            end_children()
            raise
        finally:
            reader.join(timeout=5)  # before the pipe that it reads is closed
    if engine.returncode:
        fail(study, said)


def run_alone(study: Study, cores: int, environment: Mapping[str, str], tick: Callable) -> None:
    """Do the work of all jobs without notebooks or engine, some at a time, each after those it needs.

    A job that failed keeps all that need it, at any depth, from starting; the others go on.
    """
    waiting = [job for job in jobs_of(study) if job.chapter.name in WORK and job.number]
    needs = {job: [other for other in needed_jobs(job, study) if other in waiting] for job in waiting}
    running: dict[Job, tuple[subprocess.Popen, IO[str]]] = {}
    ended: dict[Job, int] = {}
    said: list[str] = []
    gpus, sleepers = environment["POLYSTILTS_GPUS"], Sleepers()
    places = min(cores, len(gpus.split(","))) if gpus else cores
    try:
        while waiting or running:
            for job in [job for job, (process, _) in running.items() if process.poll() is not None]:
                process, stream = running.pop(job)
                ended[job] = process.returncode
                stream.seek(0)
                said += stream.read().splitlines() if process.returncode else []
            for job in [job for job in waiting if any(ended.get(other) for other in needs[job])]:
                waiting.remove(job)
                ended[job] = 1
            for job in [job for job in waiting if all(ended.get(other) == 0 for other in needs[job])]:
                if len(running) < places:
                    waiting.remove(job)
                    stream = tempfile.TemporaryFile("w+", encoding="utf-8")
                    command = [
                        *COMMAND,
                        "mill",
                        "--no-notebook",
                        "--scale",
                        study.scale.name,
                        f"--tag={study.tag}",
                    ]
                    command += [job.chapter.name, job.batch]
                    running[job] = subprocess.Popen(command, env=dict(environment), stderr=stream), stream
            tick()
            sleepers.look()
            time.sleep(0.2)
    except BaseException:
        end_children()
        raise
    if any(ended.values()):
        fail(study, said)


def keep(stream, log: Path, said: deque) -> None:
    """Keep what the engine says on disk and, should the disk be full, at least its end in memory."""
    with open(log, "w", encoding="utf-8", buffering=1) as kept:
        full = False
        for line in stream:
            said.append(line.rstrip())
            try:
                if not full:
                    kept.write(line)
            except OSError:
                full = True


def end_children() -> None:
    """End everything this process has started."""
    for child in psutil.Process().children(recursive=True):
        try:
            child.kill()
        except psutil.NoSuchProcess:
            continue


def fail(study: Study, said: Sequence[str]) -> None:
    """Say in a line for each failed job what failed, with the exit code of the first."""
    failures = []
    kept = (study.folder / ".done" / "failed").glob("*.json")
    for file in sorted(kept, key=lambda file: (file.stat().st_mtime_ns, file.name)):
        try:
            failures.append(read_json(file))
        except ValueError:  # cut short by a full disk
            continue
    lines = [told_failure(row) for row in failures]
    lines = lines or sorted({line.strip() for line in said if " failed: " in line})
    if not lines:
        lines = [f"the study stopped: {last_words(said)} — see {study.folder / '.done' / 'engine.log'}"]
    lines += memory_line([*lines, *said]) + room_line(study.folder)
    error = WrongUse if failures and failures[0].get("exit_code") == 2 else StudyError
    raise error("\n".join(lines))


def told_failure(row: Mapping[str, str]) -> str:
    """What failed and why, and the executed chapter, if it came to one."""
    page = Path(row["notebook"] or "no page")
    return f"{row['chapter']} failed: {row['error']}" + (f"\n  see {page}" if page.is_file() else "")
