"""Time what it takes to plan a grid of more than ten thousand cells, and to let the engine look at its jobs.

The grid is the scale `world`, one job a run; nothing of it is run. Seconds of the processor are the steady
figure; seconds by the clock depend on what else the machine does, so its load stands beside them.

    python bench/plan.py --out bench/plan.csv
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from polystilts import paths
from polystilts.files import write_table
from polystilts.pipeline.chapters import jobs_of
from polystilts.pipeline.drive import opened
from polystilts.pipeline.forecast import cells_of

SEEDS = list(range(12))  # of each world, so that the grid has more than ten thousand cells
SETTING = f"batches=10000,seeds={SEEDS}"  # at most one job a run
COMMANDS = {"plan": ["plan"], "dry run": ["run", "--dry-run"]}


def main() -> int:
    """Write one row a command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("bench/plan.csv"))
    asked = parser.parse_args()
    study, rows = opened("world", {"batches": 10000, "seeds": SEEDS}), []
    with tempfile.TemporaryDirectory() as folder:
        for name in ("params", "notebooks"):
            (Path(folder) / name).symlink_to(paths.REPOSITORY / name)
        environment = os.environ | {"POLYSTILTS_ROOT": folder, "PYTHONPATH": str(paths.PACKAGE.parent)}
        for name, verb in COMMANDS.items():
            before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
            command = [sys.executable, "-m", "polystilts", *verb, "--scale", "world", "--set", SETTING]
            subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
            wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            rows.append((name, len(study.runs), len(jobs_of(study)), cells_of(study).total(), wall, cpu,
                         os.cpu_count(), os.getloadavg()[0]))  # fmt: skip
            print(rows[-1], flush=True)
    columns = ["command", "runs", "jobs", "cells", "wall_s", "cpu_s", "cores", "load"]
    write_table(asked.out, pd.DataFrame(rows, columns=columns))
    return 0


if __name__ == "__main__":
    sys.exit(main())
