"""Our training loop beside transformers' Trainer: same weights, rows, updates and batch size, in one run.

    python bench/trainer.py --encoder outputs/demo/encoders/w64.w2.e0 --world-seed 2 --out bench/trainer.csv

Both train the question-answering head of one encoder on training rows of the world it was pretrained on, on
one thread, in turn, `--rounds` times; nothing is scored. The Trainer is set as well as we know how: padding
to the longest row of a batch, rows of similar length together, fused AdamW, no evaluation, no saving, no
reports. Speed is counted in tokens without padding per CPU second; the ratio is ours over the Trainer's.
"""

import argparse
import platform
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
import torch
from transformers import DataCollatorWithPadding, Trainer, TrainingArguments

from polystilts.files import write_table
from polystilts.models.heads import with_fresh_head
from polystilts.models.tokens import load_tokenizer
from polystilts.sources.world import write_world
from polystilts.tasks import TASKS
from polystilts.training.features import Features, make_features
from polystilts.training.loop import Lesson, train
from polystilts.training.recipe import Recipe


class Rows(torch.utils.data.Dataset):
    """The same ids and targets as our loop reads, as the Trainer wants them."""

    def __init__(self, features: Features):
        self.rows = [
            {"input_ids": texts[0].tolist(), "start_positions": int(start), "end_positions": int(end)}
            for texts, (start, end) in zip(features.texts, features.targets, strict=True)
        ]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict:
        return self.rows[index]


def ours(encoder: Path, features: Features, recipe: Recipe) -> tuple[float, float]:
    """CPU seconds and tokens of our loop."""
    task = TASKS["qa_train"]
    model = with_fresh_head(encoder, task.kind, task.labels, seed=0)
    start = time.process_time()
    _, budget = train(
        [Lesson(model, features, recipe, np.random.default_rng(0))], [0] * recipe.updates, recipe, 0
    )
    return time.process_time() - start, budget.labelled_tokens


def theirs(encoder: Path, features: Features, recipe: Recipe) -> tuple[float, float]:
    """CPU seconds and tokens of the Trainer."""
    task = TASKS["qa_train"]
    model = with_fresh_head(encoder, task.kind, task.labels, seed=0)
    rows = Rows(features)
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder, max_steps=recipe.updates, per_device_train_batch_size=recipe.batch_size,
            learning_rate=recipe.learning_rate, warmup_steps=0.1, weight_decay=recipe.weight_decay,
            train_sampling_strategy="group_by_length", optim="adamw_torch_fused", use_cpu=True, seed=0,
            save_strategy="no", logging_strategy="no", report_to="none", disable_tqdm=True,
            dataloader_pin_memory=False,
        )  # fmt: skip
        trainer = Trainer(
            model,
            arguments,
            train_dataset=rows,
            data_collator=DataCollatorWithPadding(load_tokenizer(encoder)),
        )
        start = time.process_time()
        trainer.train()
        seconds = time.process_time() - start
    mean_length = float(np.mean([len(row["input_ids"]) for row in rows.rows]))
    return seconds, mean_length * recipe.updates * recipe.batch_size


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--encoder", type=Path, required=True)
    parser.add_argument("--world-seed", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--updates", type=int, default=300)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    recipe = Recipe(updates=chosen.updates, batch_size=16, learning_rate=1e-3)
    with tempfile.TemporaryDirectory() as folder:
        rows = {"intermediate": 10, "target": 4000, "dev": 10, "test": 10}
        write_world(
            Path(folder), chosen.world_seed, ["alb"], "alb", ["qa_train"], rows, {"high": 10, "low": 10}
        )
        frame = pd.read_parquet(Path(folder) / "examples/qa_train/train-alb.parquet")
    features = make_features(TASKS["qa_train"], frame, load_tokenizer(chosen.encoder), 192)
    table = []
    for number in range(chosen.rounds):
        for name, side in (("ours", ours), ("trainer", theirs)):
            seconds, tokens = side(chosen.encoder, features, recipe)
            table.append((number, name, round(seconds, 2), round(tokens), round(tokens / seconds)))
    frame = pd.DataFrame(table, columns=["round", "side", "cpu_s", "tokens", "tokens_per_cpu_s"])
    speed = frame.pivot(index="round", columns="side", values="tokens_per_cpu_s")
    ratios = speed["ours"] / speed["trainer"]
    frame["ratio"] = frame["round"].map(ratios).round(2)
    frame["torch"], frame["machine"] = torch.__version__, platform.machine()
    write_table(chosen.out, frame)
    print(frame.to_string(index=False))
    print(
        f"ours over the Trainer: median {median(ratios):.2f}, from {ratios.min():.2f} to {ratios.max():.2f}"
    )


if __name__ == "__main__":
    main()
