"""Decoding and marking answers to questions: ours beside the reference, from the same logits."""

import re
import time
from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch

from polystilts.evaluation import predict
from polystilts.tasks import TASKS
from polystilts.training.features import Features

WIDTH = 384
BEST, LONGEST = 20, 30


def drawn_questions(count: int, width: int = WIDTH, seed: int = 0):
    """Examples, their windows, and logits with a planted answer: strong in most, weak or absent in some."""
    draw = np.random.default_rng(seed)
    features, examples, logits = Features("question_answering"), [], []
    for number in range(count):
        words = [f"w{n}" for n in draw.integers(0, 900, draw.integers(60, int(1.5 * width)))]
        ends = np.cumsum([len(word) + 1 for word in words]) - 1
        spans = np.stack([ends - [len(word) for word in words], ends], axis=1).astype(np.int32)
        first = int(draw.integers(0, len(words) - 5))
        last = first + int(draw.integers(0, 4))
        context = " ".join(words)
        start, end = int(spans[first, 0]), int(spans[last, 1])
        answer = context[start:end]
        examples.append({"context": context, "answer_text": answer, "answer_start": start})
        for begin in range(0, len(words), width // 2):
            taken = spans[begin : begin + width - 14]
            question = np.full((12, 2), -1, dtype=np.int32)  # twelve tokens before the context, two behind
            place = np.concatenate([question, taken, question[:2]])
            features.add([np.zeros(len(place), dtype=np.int32)], (0, 0), number, place)
            scores = draw.normal(0, 2, (2, len(place))).astype(np.float32)
            if begin <= first and last < begin + len(taken):
                scores[0, 12 + first - begin] += draw.choice([0, 4, 9])
                scores[1, 12 + last - begin] += draw.choice([0, 4, 9])
            logits.append(scores)
            if begin + len(taken) >= len(words):
                break
    return pd.DataFrame(examples), features, logits


def ours(frame: pd.DataFrame, features: Features, logits: list) -> tuple[list[str], list[float]]:
    """The answers and their scores, as `predict` finds and marks them; windows in batches of like length."""
    task, outputs = TASKS["xquad"], [()] * len(features)
    for rows in predict.length_batches(features, predict.TOKENS_PER_BATCH["cpu"]):
        width = max(logits[row].shape[1] for row in rows)
        scores = np.full((2, len(rows), width), -np.inf, dtype=np.float32)
        within = torch.zeros((len(rows), width), dtype=torch.bool)
        for place, row in enumerate(rows):
            spans = features.places[row]
            scores[:, place, : len(spans)] = logits[row]
            within[place, : len(spans)] = torch.from_numpy(spans[:, 1] > spans[:, 0])
        found = predict.best_spans(*torch.from_numpy(scores), within)
        for row, value in zip(rows, zip(*(column.tolist() for column in found), strict=True), strict=True):
            outputs[row] = value
    answers = predict._decode_spans(task, features, outputs, len(frame))
    examples = frame.to_dict("records")
    return answers, [predict.item_score(task, a, e) for a, e in zip(answers, examples, strict=True)]


def reference(frame: pd.DataFrame, features: Features, logits: list) -> tuple[list[str], list[float]]:
    """The published algorithm in its own loops: the 20 best starts by the 20 best ends of every window."""
    windows: dict[int, list[int]] = {}
    for row, example in enumerate(features.example):
        windows.setdefault(example, []).append(row)
    answers, scores = [], []
    for number, example in enumerate(frame.to_dict("records")):
        found = []
        for row in windows.get(number, []):
            starts, ends = logits[row]
            spans = features.places[row]
            for first in np.argsort(starts)[-1 : -BEST - 1 : -1].tolist():
                for last in np.argsort(ends)[-1 : -BEST - 1 : -1].tolist():
                    if (
                        spans[first][0] < 0
                        or spans[last][0] < 0
                        or last < first
                        or last - first + 1 > LONGEST
                    ):
                        continue
                    found.append((starts[first] + ends[last], int(spans[first][0]), int(spans[last][1])))
        best = max(found, key=lambda item: item[0]) if found else (0.0, -1, -1)
        answers.append(f"{best[1]}:{best[2]}")
        text = example["context"][best[1] : best[2]] if found else ""
        scores.append(_f1(text, example["answer_text"]))
    return answers, scores


def _f1(given: str, right: str) -> float:
    """Word overlap as in SQuAD's evaluator."""

    def words(text: str) -> list[str]:
        bare = re.sub(r"[!-/:-@\[-`{-~]", "", text.lower())
        return re.sub(r"\b(a|an|the)\b", " ", bare).split()

    one, two = words(given), words(right)
    shared = sum(min(one.count(word), two.count(word)) for word in set(one))
    return 2 * shared / (len(one) + len(two)) if shared else 0.0


def rows(rounds: int, small: bool = False) -> Iterator[dict]:
    """Both sides on the same questions, one thread."""
    torch.set_num_threads(1)
    frame, features, logits = drawn_questions(20 if small else 400)
    right = reference(frame, features, logits)
    for number in range(rounds):
        for side, decode in (("ours", ours), ("reference loops", reference)):
            wall, cpu = time.perf_counter(), time.process_time()
            answers, scores = decode(frame, features, logits)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            other = sum(a != b for a, b in zip(answers, right[0], strict=True))
            yield {
                "setting": "logits to answers and F1, windows of 384", "side": side, "round": number,
                "amount": len(frame), "unit": "questions", "wall_s": wall, "cpu_s": cpu, "clock": "cpu",
                "check": f"{1000 * cpu / len(frame):.2f} ms each; {other} of {len(frame)} answers differ; "
                         f"F1 {100 * np.mean(scores):.4f}",
            }  # fmt: skip
