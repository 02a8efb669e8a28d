"""A real encoder at its size, 12 layers of 384: speed of training, and time to a fixed development score.

The encoder is the packaged multilingual-e5-small, trimmed to invented texts, with frozen embeddings and no
dropout on every side. Texts have the lengths of MNLI's and SQuAD's. One thread each: two such processes side
by side are how a study trains on two cores.
"""

import time
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from training import SET_WELL, drawn_rows, race, trainer_of
from transformers import TrainerCallback

from polystilts.models.device import arithmetic, choose_device
from polystilts.models.e5_package import save_packaged
from polystilts.models.encoder import freeze, load_encoder, longest_input, set_dropout
from polystilts.models.heads import with_fresh_head
from polystilts.models.tokens import encode_lines, load_tokenizer
from polystilts.models.trimming import trim_vocabulary
from polystilts.sources.catalogue import ENCODERS
from polystilts.sources.packages import download_package
from polystilts.training.features import Features, collate, inputs
from polystilts.training.lessons import Lesson
from polystilts.training.loop import train
from polystilts.training.recipe import Recipe

LABELS = ("rivers", "kitchens", "engines")
TOPIC_WORDS, TOPIC_SHARE = 30, 0.25  # words that tell of a topic, and how much of a text they are
SCORE = 90.0  # accuracy that is waited for
EVERY = 5  # updates between two looks at the development rows


def invented_texts(words: list[str], count: int, seed: int) -> tuple[list[str], list[int]]:
    """Texts of random words as long as MNLI's pairs, some of them of the text's topic; and the topics."""
    draw = np.random.default_rng(seed)
    own = min(TOPIC_WORDS, len(words) // (2 * len(LABELS)))  # words of each topic
    lengths = draw.lognormal(np.log(33) - 0.1, 0.45, count).round().clip(8, 126).astype(int)
    topics = draw.integers(len(LABELS), size=count)
    texts = []
    for length, topic in zip(lengths, topics, strict=True):
        plain = draw.integers(len(LABELS) * own, len(words), length)
        told = topic * own + draw.integers(own, size=length)
        chosen = np.where(draw.random(length) < TOPIC_SHARE, told, plain)
        texts.append(" ".join(words[number] for number in chosen))
    return texts, topics.tolist()


def known_words(folder: Path, count: int = 3000) -> list[str]:
    """Words that are one piece each, drawn from the encoder's vocabulary."""
    pieces = load_tokenizer(folder).get_vocab()
    words = sorted(
        p[1:] for p in pieces if p.startswith("▁") and len(p) > 4 and p[1:].isascii() and p[1:].isalpha()
    )
    return [words[number] for number in np.random.default_rng(0).permutation(len(words))[:count]]


def as_features(folder: Path, texts: list[str], topics: list[int], longest: int) -> Features:
    """Texts and topics as the loop reads them."""
    features = Features("classification")
    for example, ids in enumerate(encode_lines(load_tokenizer(folder), texts, longest)):
        features.add([ids], topics[example], example)
    return features


def adapted(folder: Path, kind: str):
    """The encoder under a new head, with frozen embeddings and without dropout."""
    model = with_fresh_head(folder, kind, LABELS if kind == "classification" else ())
    set_dropout(model, 0.0)
    freeze(model, "embeddings")
    return model


class Watch:
    """Looks at the development rows every few updates, with the clock stopped."""

    def __init__(self, features: Features) -> None:
        self.batches = [
            collate(features, range(i, min(i + 32, len(features)))) for i in range(0, len(features), 32)
        ]
        self.updates, self.away, self.reached_s, self.score = 0, 0.0, None, 0.0
        self.begin = time.process_time()

    def look(self, model) -> bool:
        """Count an update; whether the score has been reached."""
        self.updates += 1
        if self.updates % EVERY or self.reached_s is not None:
            return self.reached_s is not None
        now = time.process_time()
        model.eval()
        with torch.inference_mode():
            right = [model(**inputs("classification", batch, model.device)).logits.argmax(-1) == batch.targets
                     for batch in self.batches]  # fmt: skip
        model.train()
        self.score = 100 * torch.cat(right).float().mean().item()
        if self.score >= SCORE:
            self.reached_s = now - self.begin - self.away
        self.away += time.process_time() - now
        return self.reached_s is not None


class Reached(Exception):
    """Ends our loop where the score has been reached."""


class WatchedLesson(Lesson):
    """A lesson that looks at the development rows before each batch."""

    watch: Watch

    def loss(self, device, budget):
        if budget.updates and self.watch.look(self.model):
            raise Reached
        return super().loss(device, budget)


class Callback(TrainerCallback):
    """The same for the Trainer."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch

    def on_step_end(self, args, state, control, model=None, **rest):
        control.should_training_stop |= self.watch.look(model)


def times_to_score(model, rows: Features, dev: Features, recipe: Recipe, number: int) -> Iterator[dict]:
    """Processor seconds of our loop and of the Trainer until the development score is reached."""
    for side in ("ours", "Trainer, set well"):
        mine = deepcopy(model)
        if side == "ours":
            lesson = WatchedLesson(mine, rows, recipe, np.random.default_rng(0))
            lesson.watch = watch = Watch(dev)
            try:
                train([lesson], [0] * recipe.updates, recipe, 0)
                watch.look(lesson.model)  # behind the last update
            except Reached:
                pass
        else:
            watch = Watch(dev)
            trained = trainer_of(
                mine,
                rows,
                recipe,
                None,
                callbacks=[Callback(watch)],
                warmup_steps=round(recipe.warmup_share * recipe.updates),
                **SET_WELL,
            )
            watch.begin = time.process_time()
            trained()
        took = watch.reached_s or float("inf")
        yield {
            "setting": f"12 × 384, development accuracy of {SCORE:.0f}", "side": side, "round": number,
            "amount": 1, "unit": "times", "wall_s": took, "cpu_s": took, "clock": "cpu",
            "check": f"{watch.score:.0f} after {watch.updates} updates, {took:.0f} s",
        }  # fmt: skip


def rows(rounds: int, small: bool = False) -> Iterator[dict]:
    """Tokens in a second at MNLI's and SQuAD's lengths, then the time to a score."""
    row = ENCODERS["multilingual-e5-small"]
    device = choose_device()
    with TemporaryDirectory() as scratch:
        folder = Path(scratch) / "encoder"
        save_packaged(row, download_package(row.package, Path(scratch)), folder)
        words = known_words(folder)
        texts, topics = invented_texts(words, 1600, seed=1)
        unseen, theirs = invented_texts(words, 200, seed=2)
        trim_vocabulary(folder, [*texts, *unseen])
        pieces = len(load_tokenizer(folder))
        whole = load_encoder(folder)
        longest, how = longest_input(whole), arithmetic(device, whole.config.hidden_size)
        name = f"12 × 384, {str(how.dtype).removeprefix('torch.')}"
        for task, kind, mean, width, batch, updates in (
            ("MNLI", "classification", 33, 128, 32, 12),
            ("SQuAD", "question_answering", 165, 384, 8, 8),
        ):
            recipe = Recipe(updates=2 if small else updates, batch_size=batch, learning_rate=1e-4)
            width = min(width, longest)
            features = drawn_rows(kind, recipe.updates * batch, mean, width, pieces)
            sides = ("ours", "Trainer, set well", "Trainer, as in the examples")
            yield from race(
                f"{name}, {task} lengths", adapted(folder, kind), features, recipe, width, rounds, sides
            )
        recipe = Recipe(
            updates=EVERY + 1 if small else 100, batch_size=16, learning_rate=1e-4, decay_share=0.9
        )
        train_rows = as_features(folder, texts, topics, min(128, longest))
        dev = as_features(folder, unseen, theirs, min(128, longest))
        for number in range(1 if small else rounds):
            yield from times_to_score(adapted(folder, "classification"), train_rows, dev, recipe, number)
