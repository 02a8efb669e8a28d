"""Two jobs beside each other and one job alone, on the same target trainings of the demo's encoder."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from features import ENCODER, write_rows

from polystilts.files import sha256
from polystilts.training.stages import finetune_target


@dataclass(frozen=True)
class Cell:
    """One target training, with its seed."""

    seed: int
    strategy: str = "none"

    @property
    def run_id(self) -> str:
        return f"cell-{self.seed}"


def work_through(examples: Path, out: Path, updates: int, seeds: list[int]) -> None:
    """One job: the cells of these seeds, one after another."""
    parameters = {
        "shared": {"source_language": "alb"},
        "target_finetuning": {"updates": updates, "batch_size": 16, "learning_rate": 1e-3},
    }
    for seed in seeds:
        finetune_target(out / str(seed), Cell(seed), "xquad", ENCODER, examples, parameters)


def rows(rounds: int, small: bool = False) -> Iterator[dict]:
    """The same cells in one process and in two; start-up of the processes is part of it."""
    cells, updates = (2, 4) if small else (8, 700)
    with tempfile.TemporaryDirectory() as folder:
        examples = write_rows(Path(folder) / "world", 200 if small else 4000)
        for number in range(rounds):
            hashes = {}
            for side, jobs in (("ours", 2), ("one job", 1)):
                out = Path(folder) / f"{number}-{jobs}"
                start = time.perf_counter()
                running = [
                    subprocess.Popen(
                        [sys.executable, __file__, str(examples), str(out), str(updates),
                         *map(str, range(job, cells, jobs))]
                    )
                    for job in range(jobs)
                ]  # fmt: skip
                if any(process.wait() for process in running):
                    raise SystemExit("a job failed; its message stands above")
                wall = time.perf_counter() - start
                hashes[jobs] = [sha256(out / str(seed) / "model.safetensors") for seed in range(cells)]
                same = "equal" if len({tuple(found) for found in hashes.values()}) == 1 else "OTHER"
                yield {
                    "setting": f"{cells} target trainings of {updates} updates", "side": side,
                    "round": number, "amount": cells, "unit": "trainings", "wall_s": wall, "cpu_s": wall,
                    "clock": "wall", "check": f"{jobs} at a time; {same} weights",
                }  # fmt: skip


def main(given: list[str]) -> None:
    """Be one job, as its command says."""
    examples, out, updates, *seeds = given
    work_through(Path(examples), Path(out), int(updates), [int(seed) for seed in seeds])


if __name__ == "__main__":
    main(sys.argv[1:])
