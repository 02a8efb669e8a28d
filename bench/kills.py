"""Kill the tiny study at random moments, let the same command go on, and compare the scores it ends with.

Some studies are run one after the other, every second one with notebooks. Each is killed several times
(`kill -9` of every process of its tree, or of some, so that orphans are left), then run to its end. A moment
is drawn as a number of finished cells and a part of a second after it, so that all of a study's course is
struck alike, whatever the speed of the machine. One row a kill: where it struck, how many orphans it left,
how many of an earlier kill this run had found and ended, and whether the study ended with the same bytes of
`tables/scores.csv` as one that was never killed.

    python bench/kills.py --kills 20 --studies 4 --out bench/kills.csv
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import psutil

from polystilts import paths
from polystilts.files import sha256, write_table

SCORES = Path("outputs/tiny/tables/scores.csv")
COLUMNS = ("study", "notebooks", "kill", "cells", "after_s", "orphans_left", "orphans_ended", "finished",
           "same_bytes")  # fmt: skip


def command(notebooks: bool) -> list[str]:
    """The command that is killed, and repeated."""
    command = [sys.executable, "-m", "polystilts", "run", "--scale", "tiny", "--cores", "2"]
    return command if notebooks else [*command, "--no-notebooks"]


def place(root: Path) -> tuple[Path, dict[str, str]]:
    """A place of its own for a study, and the environment that leads there."""
    for folder in ("notebooks", "params"):
        shutil.copytree(paths.REPOSITORY / folder, root / folder)
    shutil.copy(paths.REPOSITORY / "references.bib", root)
    return root, os.environ | {"POLYSTILTS_ROOT": str(root), "PYTHONPATH": str(paths.PACKAGE.parent)}


def finish(root: Path, environment: dict[str, str], notebooks: bool) -> subprocess.CompletedProcess:
    """Run the study to its end."""
    return subprocess.run(command(notebooks), cwd=root, env=environment, capture_output=True, text=True)


def cells_of(root: Path) -> int:
    """How many pieces of work are finished."""
    return len(list((root / "outputs/tiny/.done/cells").rglob("*.json")))


def kill_at(
    root: Path, environment: dict[str, str], notebooks: bool, cells: int, after: float, orphans: bool
) -> dict | None:
    """Start the study, kill it some seconds after a number of cells are there; nothing if it ended before."""
    log = root / "said.txt"
    with open(log, "w", encoding="utf-8") as said:
        study = subprocess.Popen(command(notebooks), cwd=root, env=environment, stdout=said, stderr=said)
        while study.poll() is None and cells_of(root) < cells:
            time.sleep(0.05)
        time.sleep(after)
        if study.poll() is not None:
            return None
        tree = [psutil.Process(study.pid), *psutil.Process(study.pid).children(recursive=True)]
        spared = tree[2::2] if orphans else []
        for process in tree:
            if process not in spared and process.is_running():
                process.kill()
        study.wait()
    words = [line for line in log.read_text(encoding="utf-8").splitlines() if "left over" in line]
    return {
        "cells": cells_of(root),
        "after_s": f"{after:.2f}",
        "orphans_left": len(spared),
        "orphans_ended": int(words[0].split()[1]) if words else 0,
    }


def main() -> int:
    """Write one row a kill; 1 if any study ended otherwise than the one that was left in peace."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--studies", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("bench/kills.csv"))
    asked = parser.parse_args()
    chance, rows = random.Random(asked.seed), []
    with tempfile.TemporaryDirectory() as folder:
        root, environment = place(Path(folder) / "whole")
        whole = finish(root, environment, notebooks=False)
        expected, cells = sha256(root / SCORES), cells_of(root)
        print(f"left in peace: exit code {whole.returncode}, {cells} cells", flush=True)
        moments = sorted((chance.randrange(cells - 3), chance.uniform(0, 3)) for _ in range(asked.kills))
        for study in range(asked.studies):
            root, environment = place(Path(folder) / f"study-{study}")
            struck, notebooks = [], study % 2 == 1
            for kill, (done, after) in enumerate(moments[study :: asked.studies]):
                row = kill_at(root, environment, notebooks, done, after, orphans=kill % 2 == 1)
                if row is None:
                    print(f"study {study} had ended before kill {kill}", flush=True)
                    break
                struck.append({"study": study, "notebooks": notebooks, "kill": kill} | row)
                print(struck[-1], flush=True)
            ended = finish(root, environment, notebooks)
            same = ended.returncode == 0 and sha256(root / SCORES) == expected
            print(
                f"study {study}: exit code {ended.returncode}, same bytes: {same}\n{ended.stderr}", flush=True
            )
            rows += [row | {"finished": ended.returncode == 0, "same_bytes": same} for row in struck]
            write_table(asked.out, pd.DataFrame(rows, columns=list(COLUMNS)))
    survived = sum(row["same_bytes"] for row in rows)
    print(f"{survived} of {len(rows)} kills ended in the same bytes")
    return int(survived < len(rows) or len(rows) < asked.kills)


if __name__ == "__main__":
    sys.exit(main())
