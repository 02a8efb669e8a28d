"""Retrieval at full size: LAReQA's pool with its measure, and a million candidates kept in a file."""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from polystilts.evaluation.metrics import average_precision
from polystilts.models.points import QUERIES_AT_ONCE, nearest

LAREQA = (13_090, 13_014)  # questions and candidate sentences of XQuAD-R, 11 right ones a question
MEWSLIX = 1_003_893  # candidate entities
HIDDEN, RIGHT = 768, 11


def drawn_points(count: int, hidden: int, seed: int) -> np.ndarray:
    """Random points at length 1."""
    points = np.random.default_rng(seed).standard_normal((count, hidden), dtype=np.float32)
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def mean_precision(places: np.ndarray, names: list[str], relevant: list[set[str]]) -> float:
    """mAP@20 of rankings given as candidate numbers."""
    ranked = ([names[place] for place in row] for row in places.tolist())
    return 100 * float(np.mean([average_precision(r, g) for r, g in zip(ranked, relevant, strict=True)]))


def lareqa(rounds: int, queries: int, candidates: int, hidden: int, compared: int) -> Iterator[dict]:
    """Ours over all questions; a full sort of all candidates for some of them; the matrix product alone."""
    torch.set_num_threads(os.cpu_count() or 1)
    there = drawn_points(candidates, hidden, 0)
    groups = (
        np.arange(queries) * (candidates // RIGHT) // queries
    )  # questions ask for one of the sentence groups
    signal = 5.5 / hidden**0.5  # hard enough that some right ones are missed
    asked = drawn_points(queries, hidden, 1) + signal * there[groups * RIGHT]
    asked /= np.linalg.norm(asked, axis=1, keepdims=True)
    there[np.arange(candidates)] += 0.8 * there[np.arange(candidates) // RIGHT * RIGHT]
    there /= np.linalg.norm(there, axis=1, keepdims=True)
    names = [f"c{number}" for number in range(candidates)]
    relevant = [{f"c{group * RIGHT + n}" for n in range(RIGHT)} for group in groups]

    def all_of_them() -> str:
        places = nearest(asked, there, 20)
        some = mean_precision(places[:compared], names, relevant[:compared])
        return f"mAP@20 {mean_precision(places, names, relevant):.4f}; of the compared ones {some:.10f}"

    def full_sort() -> str:
        order = [np.argsort(-(there @ query), kind="stable")[:20] for query in asked[:compared]]
        return f"of the compared ones {mean_precision(np.array(order), names, relevant[:compared]):.10f}"

    def product() -> str:
        for start in range(0, queries, QUERIES_AT_ONCE):
            torch.from_numpy(asked[start : start + QUERIES_AT_ONCE]) @ torch.from_numpy(there).T
        return "the matrix product alone"

    sides = (("ours", all_of_them, queries), ("a full sort a question", full_sort, compared),
             ("floor", product, queries))  # fmt: skip
    for number in range(rounds):
        for side, work, amount in sides:
            yield _timed(f"LAReQA, {queries:,} × {candidates:,}", side, number, amount, work)
    torch.set_num_threads(1)


def mewslix(queries: int, candidates: int, hidden: int) -> Iterator[dict]:
    """The search through a file, in a process of its own whose memory is measured."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "points"
        there = np.memmap(file, dtype=np.float16, mode="w+", shape=(candidates, hidden))
        for start in range(0, candidates, 2**14):
            block = there[start : start + 2**14]
            block[:] = drawn_points(len(block), hidden, start)
        there.flush()
        del there
        call = [sys.executable, __file__, str(file), str(queries), str(candidates), str(hidden)]
        found = subprocess.run(call, capture_output=True, text=True, check=True).stdout.splitlines()
    for line in found:
        side, wall, cpu, check = line.split("\t")
        yield {
            "setting": f"Mewsli-X, {queries:,} × {candidates:,} in half precision, in a file", "side": side,
            "round": 0, "amount": queries, "unit": "queries", "wall_s": float(wall), "cpu_s": float(cpu),
            "clock": "wall", "check": check,
        }  # fmt: skip


def _search(file: str, queries: int, candidates: int, hidden: int) -> None:
    """The measured process: the search, its peak of memory, and the product alone."""
    torch.set_num_threads(os.cpu_count() or 1)
    there = np.memmap(file, dtype=np.float16, mode="r", shape=(candidates, hidden))
    asked = drawn_points(queries, hidden, 10**9)
    asked[:20] = there[:: candidates // 20][:20]  # twenty that must find themselves

    def search() -> str:
        places = nearest(asked, there, 20)
        sure = int((places[:20, 0] == np.arange(0, candidates, candidates // 20)[:20]).sum())
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        return f"peak {peak:.2f} GiB; {sure} of 20 planted ones found"

    def product() -> str:
        block = torch.from_numpy(there[: 2**14].astype(np.float32))
        left = torch.from_numpy(asked)
        for _ in range(0, candidates, 2**14):
            left @ block.T
        return "the matrix product alone"

    for side, work in (("ours", search), ("floor", product)):
        row = _timed("", side, 0, queries, work)
        print(side, row["wall_s"], row["cpu_s"], row["check"], sep="\t")


def _timed(setting: str, side: str, number: int, amount: int, work) -> dict:
    wall, cpu = time.perf_counter(), time.process_time()
    check = work()
    return {
        "setting": setting, "side": side, "round": number, "amount": amount, "unit": "queries",
        "wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu, "clock": "wall",
        "check": check,
    }  # fmt: skip


def rows(rounds: int, small: bool = False) -> Iterator[dict]:
    """Both searches, at full size or at a hundredth of it."""
    if small:
        yield from lareqa(rounds, 130, 132, 16, 20)
        yield from mewslix(40, 10_000, 16)
    else:
        yield from lareqa(rounds, *LAREQA, HIDDEN, 300)
        yield from mewslix(1_000, MEWSLIX, HIDDEN)


if __name__ == "__main__":
    _search(sys.argv[1], *map(int, sys.argv[2:]))
