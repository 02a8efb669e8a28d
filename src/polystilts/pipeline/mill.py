"""The mill: one chapter in, one executed notebook out, and an account of the time it took."""

import argparse
import ast
import json
import os
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil

from polystilts import account, paths
from polystilts.errors import StudyError, WrongUse
from polystilts.files import read_json, sha256, write_json, write_text
from polystilts.pipeline.chapters import BY_NAME, Job
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
    sys.modules["rfc3987_syntax"] = None  # an optional format checker that costs seconds to import
    import jupytext
    import papermill
    from papermill.exceptions import PapermillExecutionError

    started = psutil.Process().create_time()
    if not job.chapter.script.exists():
        raise WrongUse(f"{job.chapter.script} is missing; chapters are percent scripts in {paths.NOTEBOOKS}")
    notebook = jupytext.read(job.chapter.script)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    values = values_for(declared_knobs(notebook), job, study, given)
    target = job.notebook(study)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "account.json"
        os.environ |= surroundings(study) | {"POLYSTILTS_ACCOUNT": str(kept)}
        try:
            papermill.execute_notebook(
                notebook,
                str(target),
                values,
                kernel_name="python3",
                progress_bar=False,
                cwd=str(paths.NOTEBOOKS),
            )
        except PapermillExecutionError as error:
            raise StudyError(" ".join(f"{error.ename}: {error.evalue}".split())) from None
        finally:
            del os.environ["POLYSTILTS_ACCOUNT"]
            tidy(target)
        entries = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else []
    keep_time(study, job, started, entries)
    writes = [target.relative_to(study.folder).as_posix(), *(job.chapter.writes if job.number == 1 else ())]
    left = {path: sha256(study.folder / path) for path in writes if (study.folder / path).exists()}
    write_json(job.stamp(study), {"job": job.name, "left": left})


def tidy(file: Path) -> None:
    """Take out of an executed notebook what differs from run to run: times and paths of the execution."""
    if not file.exists():
        return
    notebook = read_json(file)
    notebook["metadata"].pop("papermill", None)
    for cell in notebook["cells"]:
        cell["metadata"].pop("papermill", None)
        cell["metadata"].pop("execution", None)
    write_text(file, json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")


def keep_time(study: Study, job: Job, started: float, entries: list[dict]) -> None:
    """Keep the time of a job; what nobody booked went into starting and importing.

    Entries of a cell are kept in the cell's own record and not a second time here.
    """
    ended, cpu = time.time(), account.cpu_seconds()
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


def end_with(driver: str) -> None:
    """End this job, and all it started, when the process that drives the study is gone."""
    identity, _, created = driver.partition(":")

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


def main() -> int:
    """Run one chapter from the command line, as the engine does."""
    parser = argparse.ArgumentParser(prog="python -m polystilts.pipeline.mill", description=__doc__)
    parser.add_argument("--scale", default="tiny")
    parser.add_argument("--tag", default="")
    parser.add_argument("chapter", choices=BY_NAME)
    parser.add_argument("batch", nargs="?", default="1/1", help="the k-th of n shares of the runs, as k/n")
    asked = parser.parse_args()
    if driver := os.environ.get("POLYSTILTS_DRIVER"):
        end_with(driver)
    began = time.time()
    number, _, batches = asked.batch.partition("/")
    job = Job(BY_NAME[asked.chapter], int(number), int(batches))
    study = open_study(asked.scale, asked.tag)
    failure = study.folder / ".done" / "failed" / f"{job.name}.json"
    failure.unlink(missing_ok=True)
    try:
        mill(study, job)
    except Exception as error:  # whatever stopped it, the driver says which chapter and why
        line = str(error) if isinstance(error, StudyError) else f"{type(error).__name__}: {error}"
        notebook = str(job.notebook(study))
        write_json(failure, {"chapter": asked.chapter, "notebook": notebook, "error": line})
        print(f"{asked.chapter}: {line}", file=sys.stderr)
        return getattr(error, "exit_code", 1)
    share = f" {asked.batch}" if batches != "1" else ""
    print(f"  {asked.chapter}{share} · {time.time() - began:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
