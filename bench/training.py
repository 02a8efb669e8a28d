"""Training rivals: our loop, transformers' Trainer set well and as its examples set it, and XTREME's loop.

All start from the same weights, read rows of the same lengths for the same number of updates, and have the
same rows in an update. Rates count tokens without padding. Collation of the Trainer's batches is our own,
which is faster than the one of its library.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import replace

import numpy as np
import torch
from features import ENCODER
from transformers import (
    PrinterCallback,
    Trainer,
    TrainingArguments,
    XLMRobertaConfig,
    XLMRobertaForQuestionAnswering,
    XLMRobertaForSequenceClassification,
)

from polystilts.files import read_json
from polystilts.models.device import arithmetic, attend, choose_device, precision
from polystilts.models.heads import with_fresh_head
from polystilts.training.features import Features
from polystilts.training.lessons import Lesson
from polystilts.training.loop import train
from polystilts.training.recipe import Recipe

HEADS = {
    "classification": XLMRobertaForSequenceClassification,
    "question_answering": XLMRobertaForQuestionAnswering,
}
MICRO_BATCH = 8  # rows at a time in XTREME's scripts, which collect gradients over several


def drawn_rows(kind: str, count: int, mean: float, longest: int, vocabulary: int, seed: int = 0) -> Features:
    """Rows of random ids, as long as real texts are: log-normal lengths, cut at the longest."""
    draw = np.random.default_rng(seed)
    spread = 0.45
    lengths = draw.lognormal(np.log(mean) - spread**2 / 2, spread, count).round().clip(8, longest).astype(int)
    features = Features(kind)
    for example, length in enumerate(lengths):
        ids = draw.integers(4, vocabulary - 1, length).astype(np.int32)
        ids[0], ids[-1] = 0, 2
        place = tuple(sorted(int(p) for p in draw.integers(1, length, 2)))
        features.add([ids], place if kind == "question_answering" else int(draw.integers(3)), example)
    return features


def drawn_model(kind: str, hidden: int, layers: int, vocabulary: int, longest: int = 512):
    """A random encoder in XLM-R's architecture, with a head."""
    torch.manual_seed(0)
    config = XLMRobertaConfig(
        vocab_size=vocabulary, hidden_size=hidden, num_hidden_layers=layers, intermediate_size=4 * hidden,
        num_attention_heads=max(1, hidden // 64), max_position_embeddings=longest + 2, type_vocab_size=1,
        pad_token_id=1, bos_token_id=0, eos_token_id=2, layer_norm_eps=1e-5, attn_implementation="sdpa",
        num_labels=2 if kind == "question_answering" else 3,
    )  # fmt: skip
    return HEADS[kind](config)


class Rows(torch.utils.data.Dataset):
    """The same rows, as the Trainer wants them."""

    def __init__(self, features: Features):
        self.rows = [
            {"input_ids": texts[0], "target": target}
            for texts, target in zip(features.texts, features.targets, strict=True)
        ]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict:
        return self.rows[index]


class Collator:
    """Batches padded to their longest row or to a fixed width, and the tokens that were no padding."""

    def __init__(self, kind: str, width: int | None):
        self.kind, self.width, self.tokens = kind, width, 0

    def __call__(self, rows: list[dict]) -> dict[str, torch.Tensor]:
        lengths = [len(row["input_ids"]) for row in rows]
        width = self.width or max(lengths)
        ids = np.ones((len(rows), width), dtype=np.int64)
        for place, row in enumerate(rows):
            ids[place, : lengths[place]] = row["input_ids"]
        self.tokens += sum(lengths)
        mask = torch.from_numpy((np.arange(width) < np.array(lengths)[:, None]).astype(np.int64))
        found = {"input_ids": torch.from_numpy(ids), "attention_mask": mask}
        targets = torch.tensor([row["target"] for row in rows])
        if self.kind == "question_answering":
            return found | {"start_positions": targets[:, 0], "end_positions": targets[:, 1]}
        return found | {"labels": targets}


SET_WELL = {"train_sampling_strategy": "group_by_length", "optim": "adamw_torch_fused"}

Work = Callable[[], tuple[int, float]]  # trains; the tokens it read, and its mean loss


def ours(model, features: Features, recipe: Recipe, width: int) -> Work:
    """Our loop, on a model that is on the device before the clock starts, as the Trainer's is."""
    lesson = Lesson(model.to(choose_device()), features, recipe, np.random.default_rng(0))

    def work() -> tuple[int, float]:
        curve, budget = train([lesson], [0] * recipe.updates, recipe, 0)
        return budget.labelled_tokens, float(curve["loss"].mean())

    return work


def trainer_of(
    model, features: Features, recipe: Recipe, width: int | None, callbacks: Sequence = (), **settings
) -> Work:
    """The Trainer, in the arithmetic that is fastest on this device and with the attention that suits it."""
    collator, how = Collator(features.kind, width), arithmetic(choose_device(), model.config.hidden_size)
    attend(model, how.attention)  # half of an update in bfloat16 on a processor is the other kind's backward
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder, max_steps=recipe.updates, per_device_train_batch_size=recipe.batch_size,
            learning_rate=recipe.learning_rate, weight_decay=recipe.weight_decay, seed=0,
            use_cpu=not torch.cuda.is_available(), bf16=how.dtype == torch.bfloat16, save_strategy="no",
            logging_strategy="no", report_to="none", disable_tqdm=True, remove_unused_columns=False,
            dataloader_pin_memory=torch.cuda.is_available(), **settings,
        )  # fmt: skip
        trainer = Trainer(model, arguments, train_dataset=Rows(features), data_collator=collator,
                          callbacks=[*callbacks])  # fmt: skip
        trainer.remove_callback(PrinterCallback)

    def work() -> tuple[int, float]:
        loss = trainer.train().training_loss
        return collator.tokens, loss

    return work


def trainer_set_well(model, features: Features, recipe: Recipe, width: int) -> Work:
    """The Trainer at its best: padded to the longest row, like lengths together, fused AdamW, no reports."""
    return trainer_of(model, features, recipe, None, **SET_WELL)


def trainer_as_in_examples(model, features: Features, recipe: Recipe, width: int) -> Work:
    """The Trainer as the example scripts leave it: every row padded to the longest length allowed."""
    return trainer_of(model, features, recipe, width)


def padded_loop(model, features: Features, recipe: Recipe, width: int) -> Work:
    """The loop of XTREME's scripts: rows padded to the full width, eight at a time, gradients collected."""
    device = choose_device()
    model.to(device).train()
    collator, rows = Collator(features.kind, width), Rows(features)
    optimizer = torch.optim.AdamW(model.parameters(), lr=recipe.learning_rate, foreach=False)
    order, losses = np.random.default_rng(0).permutation(len(rows)), []
    rows_at_once = min(MICRO_BATCH, recipe.batch_size)
    steps = recipe.batch_size // rows_at_once

    def work() -> tuple[int, float]:
        for micro in range(recipe.updates * steps):
            chosen = order.take(range(micro * rows_at_once, (micro + 1) * rows_at_once), mode="wrap")
            batch = {name: t.to(device) for name, t in collator([rows[i] for i in chosen]).items()}
            with precision(device):
                loss = model(**batch).loss / steps
            loss.backward()
            losses.append(loss.item() * steps)
            if (micro + 1) % steps == 0:
                torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
                optimizer.step()
                optimizer.zero_grad()
        return collator.tokens, float(np.mean(losses))

    return work


SIDES: dict[str, Callable] = {
    "ours": ours,
    "Trainer, set well": trainer_set_well,
    "Trainer, as in the examples": trainer_as_in_examples,
    "XTREME's loop": padded_loop,
}


FULL_WIDTH = ("Trainer, as in the examples", "XTREME's loop")


def race(
    setting: str,
    model,
    features: Features,
    recipe: Recipe,
    width: int,
    rounds: int,
    sides=tuple(SIDES),
    clock: str = "cpu",
) -> Iterator[dict]:
    """Every side in turn, in every round, from the same weights.

    Sides that pad every row to the full width read a part of the rows: their rate is the same for all.
    """
    for number in range(rounds):
        for side in sides:
            part = replace(recipe, updates=max(1, recipe.updates // 8)) if side in FULL_WIDTH else recipe
            work = SIDES[side](deepcopy(model), features, part, width)
            wall, cpu = time.perf_counter(), time.process_time()
            tokens, loss = work()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            yield {
                "setting": setting, "side": side, "round": number, "amount": tokens, "unit": "tokens",
                "wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu, "clock": clock,
                "check": f"mean loss {loss:.3f}",
            }  # fmt: skip


def rows(rounds: int, small: bool = False) -> Iterator[dict]:
    """The settings on a CPU, one thread: the demo's encoder, and one of four layers of 256."""
    choose_device()
    vocabulary = read_json(ENCODER / "config.json")["vocab_size"]
    for kind, labels, mean in (("classification", ("a", "b", "c"), 21), ("question_answering", (), 35)):
        recipe = Recipe(updates=8 if small else 250, batch_size=16)
        features = drawn_rows(kind, recipe.updates * recipe.batch_size, mean, 128, vocabulary)
        model = with_fresh_head(ENCODER, kind, labels)
        yield from race(f"64 × 3, {kind}", model, features, recipe, 128, rounds)
    for name, kind, mean, width, batch, updates in (
        ("MNLI", "classification", 33, 128, 8, 100),
        ("SQuAD", "question_answering", 165, 384, 4, 50),
    ):
        recipe = Recipe(updates=2 if small else updates, batch_size=batch, learning_rate=1e-4)
        features = drawn_rows(kind, recipe.updates * batch, mean, width, 8000)
        model = drawn_model(kind, 256, 4, 8000)
        yield from race(f"256 × 4, {name} lengths", model, features, recipe, width, rounds)


def device_name() -> str:
    """The name of the GPU, or nothing."""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else ""
