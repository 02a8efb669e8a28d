"""Features made once: what keeping them in the process saves, beside the training that reads them."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from polystilts import paths
from polystilts.models.device import choose_device
from polystilts.models.heads import with_fresh_head
from polystilts.pipeline.study import open_study
from polystilts.sources.world import write_world
from polystilts.tasks import TASKS
from polystilts.training import kept
from polystilts.training.lessons import Lesson
from polystilts.training.loop import train
from polystilts.training.recipe import Recipe

DEMO = open_study("demo")
ENCODER = paths.OUTPUTS / "demo" / "encoders" / DEMO.runs[0].encoder_id  # the published one
WORLD_SEED = DEMO.runs[0].world_seed  # the world that encoder was pretrained on


def write_rows(folder: Path, rows: int) -> Path:
    """Training rows of the demo's world, in its source language; the folder of its examples."""
    counts = {"intermediate": 10, "target": rows, "dev": 10, "test": 10}
    write_world(folder, WORLD_SEED, ["alb"], "alb", ["qa_train"], counts, {"high": 10, "low": 10})
    return folder / "examples"


def rows(rounds: int, small: bool = False) -> Iterator[dict]:
    """Making features, finding them again, and one training of the demo's length on them."""
    choose_device()
    task = TASKS["qa_train"]
    with tempfile.TemporaryDirectory() as folder:
        examples = write_rows(Path(folder), 200 if small else 8000)
        frame = pd.read_parquet(examples / "qa_train" / "train-alb.parquet")
    recipe = Recipe(updates=5 if small else 1000, batch_size=16)

    def teach() -> None:
        model = with_fresh_head(ENCODER, task.kind)
        features = kept.kept_features(task, frame, ENCODER, 192)
        train([Lesson(model, features, recipe, np.random.default_rng(0))], [0] * recipe.updates, recipe, 0)

    for number in range(rounds):
        kept._kept.clear()
        sides = (
            ("made", lambda: kept.kept_features(task, frame, ENCODER, 192)),
            ("ours", lambda: kept.kept_features(task, frame, ENCODER, 192)),
            (f"training of {recipe.updates} updates on them", teach),
        )
        for side, work in sides:
            wall, cpu = time.perf_counter(), time.process_time()
            work()
            yield {
                "setting": f"features of {len(frame):,} questions", "side": side, "round": number,
                "amount": len(frame), "unit": "rows", "wall_s": time.perf_counter() - wall,
                "cpu_s": time.process_time() - cpu, "clock": "cpu",
                "check": f"{time.process_time() - cpu:.2f} s",
            }  # fmt: skip
