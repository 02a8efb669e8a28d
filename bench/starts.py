"""What the warm start saves: nine chapters with hardly any training, started warm and one by one, in turn."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from kills import place

from polystilts.account import cpu_seconds
from polystilts.files import sha256

CHANGES = (
    "seeds=[0],arms=[none,english:squad_v2],target_tasks=[udpos],batches=1,"
    "pretraining.updates=20,intermediate_training.updates=4"
)
SIDES = {"ours": (), "every chapter by itself": ("--cold",)}


def rows(rounds: int) -> Iterator[dict]:
    """The same study by either start, in a place of its own each time; the scores must be the same bytes."""
    command = [sys.executable, "-m", "polystilts", "run", "--scale", "tiny", "--set", CHANGES, "--cores", "2"]
    for number in range(rounds):
        scores, seconds = set(), {}
        for side, options in SIDES.items():
            with tempfile.TemporaryDirectory() as folder:
                root, environment = place(Path(folder))
                start, before = time.perf_counter(), cpu_seconds()
                done = subprocess.run(
                    [*command, *options], cwd=root, env=environment, capture_output=True, text=True
                )
                seconds[side] = time.perf_counter() - start, cpu_seconds() - before
                if done.returncode:
                    raise SystemExit(f"the study stopped:\n{done.stderr}")
                (file,) = (root / "outputs").glob("*/tables/scores.csv")
                scores.add(sha256(file))
        same = "equal" if len(scores) == 1 else "OTHER"
        for side, (wall, cpu) in seconds.items():
            yield {
                "setting": "nine chapters, hardly any training", "side": side, "round": number, "amount": 1,
                "unit": "studies", "wall_s": wall, "cpu_s": cpu, "clock": "wall",
                "check": f"{cpu:.0f} CPU seconds; {same} scores",
            }  # fmt: skip
