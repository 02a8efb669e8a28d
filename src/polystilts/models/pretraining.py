"""Masked language modelling from scratch: how the study makes an encoder of its own.

A plain loop instead of transformers' Trainer, which has no place for its three savings: batches of one exact
length need neither padding nor attention mask; the vocabulary is scored only where a word was masked; and
two processes of one thread each average their gradients.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import torch.distributed as dist
from transformers import XLMRobertaForMaskedLM

from polystilts import account
from polystilts.errors import StudyError
from polystilts.files import sha256, whole_folder, write_json, write_table
from polystilts.models.device import choose_device, make_deterministic, precision
from polystilts.models.encoder import encoder_config
from polystilts.models.masking import exact_length_batches, mask_tokens, masked_loss
from polystilts.models.resume import ResumePoint, forget
from polystilts.models.tokens import encode_lines, fertility, load_tokenizer, train_vocabulary
from polystilts.models.vectors import Vector

RECORD_EVERY = 50  # updates between two rows of the learning curve


@dataclass(frozen=True)
class Pretraining:
    """The knobs of an encoder that the study makes itself; the defaults are those of the laptop study."""

    pieces: int = 1500  # vocabulary: about 0.9 × the word types keeps subwords per word near 1.1
    vocabulary_lines: int = 4000  # lines per language the vocabulary is trained on, the same for all
    hidden: int = 64
    layers: int = 3
    heads: int = 2
    feed_forward: int = 128
    longest: int = 192  # tokens the encoder can read at once
    updates: int = 3500
    tokens_per_update: int = 3072  # over all processes together
    learning_rate: float = 4e-3  # learned faster than 2e-3 and 1e-3
    warmup_share: float = 0.02
    weight_decay: float = 0.01
    mask_share: float = 0.25
    alpha: float = 0.5  # languages are drawn in proportion to (number of lines) ** alpha
    processes: int = 2

    @classmethod
    def from_parameters(cls, parameters: dict) -> "Pretraining":
        """The knobs named in a scale's sections (or in a flat mapping), the defaults for the others."""
        for section in ("data_preparation", "pretraining"):
            parameters = {**parameters, **parameters.get(section, {})}
        return cls(**{f.name: parameters[f.name] for f in fields(cls) if f.name in parameters})


def read_corpus(folder: str | Path) -> dict[str, list[str]]:
    """The text of each language, one example a line; examples are never joined into longer blocks.

    Short examples that all start at position 0 are what made languages share a space in small encoders.
    """
    files = sorted(Path(folder).glob("*.txt"))
    if not files:
        raise StudyError(
            f"No text to pretrain on in {folder}: put one <language>.txt there, one example a line."
        )
    return {file.stem: file.read_text("utf-8").splitlines() for file in files}


def make_encoder(folder: str | Path, corpus_folder: str | Path, parameters: dict, encoder_seed: int) -> Path:
    """Train a vocabulary and an encoder on the corpus; leave an ordinary `save_pretrained` folder.

    A long pretraining keeps a resume point beside that folder and goes on from one that it finds there.
    """
    knobs = Pretraining.from_parameters(parameters)
    corpus = read_corpus(corpus_folder)
    with account.spend("train") as entry, whole_folder(Path(folder)) as draft:
        balanced = [line for lines in corpus.values() for line in _repeated(lines, knobs.vocabulary_lines)]
        tokenizer = train_vocabulary(balanced, knobs.pieces, draft, knobs.longest)
        job = {
            "folder": str(draft),
            "corpus_folder": str(corpus_folder),
            "knobs": asdict(knobs),
            "encoder_seed": encoder_seed,
            "keep_in": str(Path(folder).parent),
        }
        curve, tokens = _run_processes(job, knobs.processes)
        entry.tokens = sum(tokens.values())
        write_table(draft / "pretraining.csv", curve)
        subwords = {name: fertility(tokenizer, lines[:2000]) for name, lines in corpus.items()}
        write_json(
            draft / "pretraining.json",
            {
                "parameters": asdict(knobs),
                "encoder_seed": encoder_seed,
                "vocabulary": len(tokenizer),
                "tokens": tokens,
                "text_tokens": {n: _count_tokens(tokenizer, lines) for n, lines in corpus.items()},
                "fertility": {name: round(value, 4) for name, value in subwords.items()},
            },
        )
    forget(Path(folder).parent)
    return Path(folder)


def _repeated(lines: list[str], count: int) -> list[str]:
    """The first `count` lines, starting over where a language has fewer."""
    return [lines[i % len(lines)] for i in range(count)]


def _count_tokens(tokenizer, lines: list[str]) -> int:
    return sum(map(len, tokenizer(lines, add_special_tokens=False, return_attention_mask=False)["input_ids"]))


def pretrain(job: dict, rank: int = 0, processes: int = 1) -> tuple[pd.DataFrame, dict[str, int]]:
    """One process's share of pretraining; process 0 saves the encoder and returns curve and tokens."""
    knobs = Pretraining(**job["knobs"])
    seed = job["encoder_seed"]
    corpus = read_corpus(job["corpus_folder"])
    tokenizer = load_tokenizer(job["folder"])
    device = choose_device()
    make_deterministic(seed)
    model = XLMRobertaForMaskedLM(encoder_config(job["knobs"], len(tokenizer))).to(device)
    rows = {name: encode_lines(tokenizer, lines, knobs.longest) for name, lines in corpus.items()}
    draw = np.random.default_rng([seed, 1])  # the same in every process: they take turns in one stream
    share = knobs.tokens_per_update // processes
    batches = exact_length_batches(rows, lambda length: share // length, knobs.alpha, draw)
    noise = np.random.default_rng([seed, 2, rank])
    vector = Vector(list(model.parameters()))
    optimizer = torch.optim.AdamW(
        [vector.weights], lr=knobs.learning_rate, betas=(0.9, 0.98), weight_decay=knobs.weight_decay,
        fused=True,
    )  # fmt: skip
    warmup = max(1, round(knobs.warmup_share * knobs.updates))
    curve, losses = [], []
    tokens = dict.fromkeys(rows, 0)
    languages = list(rows)
    text = [sha256(np.concatenate(lines).tobytes()) for lines in rows.values()]
    decides = {"knobs": job["knobs"], "seed": seed, "text": text, "processes": processes}
    point = ResumePoint(job["keep_in"], optimizer, decides)
    reached = point.read() or {"update": 0}
    if reached["update"]:
        curve, tokens = reached["curve"], reached["tokens"]
        losses = list(torch.tensor(reached["losses"], device=device))
    for update in range(knobs.updates):
        turn = [next(batches) for _ in range(processes)]
        ids, masked, answers = mask_tokens(turn[rank][0], noise, knobs.mask_share, len(tokenizer))
        if update < reached["update"]:  # drawn again to come to where the data were left
            continue
        rate = knobs.learning_rate * min((update + 1) / warmup, 1 - update / knobs.updates)
        for group in optimizer.param_groups:
            group["lr"] = rate
        with precision(device):
            loss = masked_loss(model, ids.to(device), masked.to(device), answers.to(device))
        loss.backward()
        vector.collect()
        if processes > 1:
            dist.all_reduce(vector.weights.grad)
            vector.weights.grad /= processes
        optimizer.step()
        losses.append(loss.detach())
        for batch, of_language in turn:
            for language in np.unique(of_language):
                tokens[languages[language]] += int((of_language == language).sum()) * batch.shape[1]
        if (update + 1) % RECORD_EVERY == 0 or update + 1 == knobs.updates:
            mean = torch.stack(losses).mean().item()
            curve.append((update + 1, round(mean, 6), sum(tokens.values()), rate))
            losses = []
        if rank == 0 and point.due():
            pending = [value.item() for value in losses]
            point.write({"update": update + 1, "curve": curve, "tokens": tokens, "losses": pending})
    vector.release()
    if rank == 0:
        model.save_pretrained(job["folder"])
    return pd.DataFrame(curve, columns=["update", "loss", "tokens", "learning_rate"]), tokens


def _run_processes(job: dict, processes: int) -> tuple[pd.DataFrame, dict[str, int]]:
    """This process is process 0; the others are children that end when it does."""
    if processes == 1 or torch.cuda.is_available():  # one GPU is faster than any number of its processes
        return pretrain(job)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "job.json"
        write_json(file, job | {"address": address, "processes": processes, "parent": os.getpid()})
        command = [sys.executable, "-m", "polystilts.models.pretraining", str(file)]
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        children = [
            subprocess.Popen([*command, str(rank)], env=environment, stdout=subprocess.DEVNULL)
            for rank in range(1, processes)
        ]
        try:
            with _together(address, 0, processes):
                return pretrain(job, 0, processes)
        finally:
            for child in children:
                try:
                    child.wait(timeout=30)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()


@contextmanager
def _together(address: str, rank: int, processes: int) -> Iterator[None]:
    """A group of processes on this machine: when one dies, the others fail at the next exchange."""
    dist.init_process_group(
        "gloo", init_method=address, rank=rank, world_size=processes, timeout=timedelta(minutes=10)
    )
    try:
        yield
    finally:
        dist.destroy_process_group()


def _end_with(parent: int) -> None:
    """End this process as soon as its parent is gone, so that a killed run leaves no orphan behind."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


if __name__ == "__main__":
    given = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    threading.Thread(target=_end_with, args=(given["parent"],), daemon=True).start()
    with _together(given["address"], int(sys.argv[2]), given["processes"]):
        pretrain(given, int(sys.argv[2]), given["processes"])
