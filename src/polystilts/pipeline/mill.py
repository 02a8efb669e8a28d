"""The mill: one chapter in, one executed notebook out, and an account of the time it took.

On a machine without notebooks it does the work of the chapter and leaves no page.
"""

import argparse
import ast
import json
import os
import platform
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock, Timeout

from polystilts import account, paths
from polystilts.errors import StudyError, WrongUse
from polystilts.evidence.json_schema import without_address_checker
from polystilts.files import read_json, sha256, write_json, write_text
from polystilts.pipeline import warm
from polystilts.pipeline.alone import work_of
from polystilts.pipeline.chapters import BY_NAME, Job, made_from
from polystilts.pipeline.study import Study, open_study

# One thread for each process: two processes of one thread are faster than one process of two.
ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")


def surroundings(study: Study) -> dict[str, str]:
    """The environment in which chapters run: one thread, no downloads, nobody's own settings."""
    return {
        **dict.fromkeys(ONE_THREAD, "1"),
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONHASHSEED": "0",
        "JUPYTER_PREFER_ENV_PATH": "1",
        "PYTHONUTF8": "1",
        "PYTHONIOENCODING": "utf-8",  # whatever the terminal lacks, pages and logs do not
        "IPYTHONDIR": str(study.folder / ".done" / "ipython"),
        **({"HF_HUB_OFFLINE": "1"} if study.scale.shared["source"] == "world" else {}),
    }


def declared_knobs(notebook: Any) -> list[str]:
    """The names that a notebook's `parameters` cell declares."""
    cells = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    if len(cells) != 1:
        raise WrongUse(f"a chapter needs one cell tagged `parameters`; this one has {len(cells)}")
    names = []
    for node in ast.parse(cells[0].source).body:
        targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
        names += [target.id for target in targets if isinstance(target, ast.Name)]
    return names


def values_for(names: list[str], job: Job, study: Study, given: dict[str, Any]) -> dict[str, Any]:
    """The value of every knob a chapter declares and the study knows; a knob it lacks is refused."""
    known = {"scale": study.scale.name, "tag": study.tag, "batch": job.batch}
    known |= study.parameters["shared"] | study.parameters.get(job.chapter.section, {})
    must = {"scale", "tag", *given} | ({"batch"} if job.batches > 1 else set())
    unknown = sorted(must - set(names))
    if unknown:
        raise WrongUse(f"{job.chapter.name} has no knob {', '.join(unknown)}; it has: {', '.join(names)}")
    return {name: known[name] for name in names if name in known} | given


def mill(study: Study, job: Job, **given: Any) -> None:
    """Run one chapter; leave its notebook, its time record and, if it ended well, its stamp."""
    without_address_checker()
    without_formatter()
    import jupytext
    import papermill
    from papermill.exceptions import PapermillExecutionError

    source = made_from(job, study)
    if not job.chapter.script.exists():
        raise WrongUse(f"{job.chapter.script} is missing; chapters are percent scripts in {paths.NOTEBOOKS}")
    notebook = jupytext.read(job.chapter.script)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    values = values_for(declared_knobs(notebook), job, study, given)
    target = job.notebook(study)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "account.jsonl"
        os.environ |= surroundings(study) | {"POLYSTILTS_ACCOUNT": str(kept)}
        try:
            papermill.execute_notebook(
                notebook,
                without_fields(target),
                values,
                kernel_name="python3",
                progress_bar=False,
                request_save_on_cell_execute=False,  # half a minute is often enough
                cwd=str(paths.NOTEBOOKS),
                **({"kernel_manager_class": warm_kernels()} if warm.ADDRESS in os.environ else {}),
            )
        except PapermillExecutionError as error:
            known = {"StudyError": StudyError, "WrongUse": WrongUse}.get(error.ename)
            words = error.evalue if known else f"{error.ename}: {error.evalue}"
            raise (known or StudyError)(" ".join(words.split())) from None
        finally:
            del os.environ["POLYSTILTS_ACCOUNT"]
            tidy(target)
        entries = account.left_in(kept)
        elsewhere = account.elsewhere(kept, patience=5.0 if warm.ADDRESS in os.environ else 0.0)
    keep_time(study, job, entries, elsewhere)
    writes = [target.relative_to(study.folder).as_posix(), *(job.chapter.writes if job.number == 1 else ())]
    left = {path: sha256(study.folder / path) for path in writes if (study.folder / path).exists()}
    write_json(job.stamp(study), {"job": job.name, "made_from": source, "left": left})


def without_fields(path: Path) -> str:
    """A path whose braces papermill does not take for parameters to be filled in.

    >>> without_fields(Path("a{b}"))
    'a{{b}}'
    """
    return str(path).replace("{", "{{").replace("}", "}}")


def without_formatter() -> None:
    """Keep papermill from formatting the cell that it adds, as it would wherever Black can be imported."""
    sys.modules["black"] = None  # type: ignore[assignment]


def warm_kernels() -> type:
    """The manager of kernels that are copies of a warm process."""
    from jupyter_client.manager import AsyncKernelManager

    class WarmKernels(AsyncKernelManager):
        def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
            return [*warm.COMMAND, "kernel", os.path.realpath(self.connection_file)]

    return WarmKernels


def work_alone(study: Study, job: Job) -> None:
    """Do the work of a chapter without its page; no stamp says that the page is made."""
    work_of(study, job)
    keep_time(study, job, account.entries())


def tidy(file: Path) -> None:
    """Take out of an executed notebook what differs from run to run: times and paths of the execution.

    Its links to files of the repository are those of the chapter, which lies nearer to them.
    """
    if not file.exists():
        return
    notebook, up = read_json(file), Path(os.path.relpath(paths.REPOSITORY, file.parent)).as_posix()
    notebook["metadata"].pop("papermill", None)
    for cell in notebook["cells"]:
        cell["metadata"].pop("papermill", None)
        cell["metadata"].pop("execution", None)
        if cell["cell_type"] == "markdown":
            cell["source"] = "".join(cell["source"]).replace("](../", f"]({up}/")
    write_text(file, json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")


def keep_time(study: Study, job: Job, entries: list[dict], elsewhere: float = 0.0) -> None:
    """Keep the time of a job; what nobody booked went into starting and importing.

    Entries of a cell are kept in the cell's own record and not a second time here.
    """
    started, ended = psutil.Process().create_time(), time.time()
    cpu = account.cpu_seconds() + elsewhere
    own = [entry for entry in entries if not entry["cell"]]
    own.append(
        {
            "kind": "start",
            "run_id": "",
            "wall_s": max(0.0, ended - started - sum(entry["wall_s"] for entry in entries)),
            "cpu_s": max(0.0, cpu - sum(entry["cpu_s"] for entry in entries)),
            "tokens": 0,
        }
    )
    record = {
        "stage": job.chapter.name,
        "started": started,
        "ended": ended,
        "cpu_s": cpu,
        "entries": own,
        "invocation": os.environ.get("POLYSTILTS_INVOCATION", ""),
    }
    write_json(study.folder / ".done" / "time" / f"{job.name}.json", record)


@contextmanager
def one_gpu(study: Study, job: Job) -> Iterator[None]:
    """Keep one of several GPUs of this machine to this job; a scheduler that has chosen one is obeyed."""
    devices = [name for name in os.environ.get("POLYSTILTS_GPUS", "").split(",") if name]
    if not job.learns or len(devices) < 2:
        yield
        return
    while True:  # the engine starts no more jobs than there are GPUs, so this ends at once
        for device in devices:
            lock = FileLock(study.folder / ".done" / f"gpu-{device}.lock")
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue
            with lock:
                os.environ["CUDA_VISIBLE_DEVICES"] = device
                yield
            return
        time.sleep(1)


def end_with(driver: str) -> None:
    """End this job, and all it started, when the process that drives the study is gone.

    A job on another machine cannot see that process; the next run of the study takes it out of the queue.
    """
    machine, identity, created = driver.rsplit(":", 2)
    if machine != platform.node():
        return

    def lives() -> bool:
        try:
            return str(psutil.Process(int(identity)).create_time()) == created
        except psutil.NoSuchProcess:
            return False

    def watch() -> None:
        while lives():
            time.sleep(1)
        for child in psutil.Process().children(recursive=True):
            child.send_signal(signal.SIGKILL)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def main(arguments: list[str] | None = None) -> int:
    """Run one chapter from the command line, as the engine does."""
    parser = argparse.ArgumentParser(prog="python -m polystilts.pipeline.mill", description=__doc__)
    parser.add_argument("--scale", default="tiny")
    parser.add_argument("--tag", default="")
    parser.add_argument("--no-notebook", action="store_true", help="do the work and leave no page")
    parser.add_argument("chapter", choices=BY_NAME)
    parser.add_argument(
        "batch", nargs="?", default="1/1",
        help="the k-th of n shares of the runs, as k/n; 0/n is the page of all of them",
    )  # fmt: skip
    asked = parser.parse_args(arguments)
    if driver := os.environ.get("POLYSTILTS_DRIVER"):
        end_with(driver)
    number, _, batches = asked.batch.partition("/")
    job = Job(BY_NAME[asked.chapter], int(number), int(batches))
    study = open_study(asked.scale, asked.tag)
    failure = study.folder / ".done" / "failed" / f"{job.name}.json"
    try:
        failure.unlink(missing_ok=True)
        with one_gpu(study, job):
            (work_alone if asked.no_notebook else mill)(study, job)
    except Exception as error:  # whatever stopped it, the driver says which chapter and why
        line = str(error) if isinstance(error, StudyError) else f"{type(error).__name__}: {error}"
        print(f"{asked.chapter} failed: {line}", file=sys.stderr, flush=True)
        code = getattr(error, "exit_code", 1)
        notebook = "" if asked.no_notebook else str(job.notebook(study))
        row = {"chapter": asked.chapter, "notebook": notebook, "error": line, "exit_code": code}
        write_json(failure, row)  # on a full disk this fails as well, and the line above remains
        return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
