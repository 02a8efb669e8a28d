"""Guessed answers to questions: by place, by likeness to the question, or without looking at the question."""

import re
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pandas as pd

from polystilts.evaluation.cues import SEED, bare_words, commonest, linear

CLOSING = set(".?!。؟।։")  # marks that end a sentence


def guessed_spans(train: pd.DataFrame, test: pd.DataFrame) -> Iterator[tuple[str, list[str]]]:
    """Baselines for questions, each with one guessed answer text an item."""
    if (train["answer_text"] == "").any():
        yield "no answer", [""] * len(test)
    learned = [_Context(row) for row in train[train["answer_text"] != ""].to_dict("records")]
    asked = [_Context(row) for row in test.to_dict("records")]
    if not learned:
        return
    lengths = [item.last - item.first for item in learned]
    random = np.random.default_rng(SEED)
    yield "random span", [item.text(random.integers(len(item)), random.choice(lengths)) for item in asked]

    first, length = commonest((item.first, item.last - item.first) for item in learned)
    yield "commonest position", [item.text(first, length) for item in asked]

    alike = [(item, item.sentence_like_question()) for item in learned]
    there = [(item.first - a, item.last - item.first) for item, (a, b) in alike if a <= item.first < b]
    place, length = commonest(there) if there else (0, 1)
    found = [(item, item.sentence_like_question()) for item in asked]
    guesses = [item.text(first + place, length) for item, (first, _) in found]
    yield "position in the sentence like the question", guesses
    yield "new words in the sentence like the question", [item.unasked_run(a, b) for item, (a, b) in found]

    bags = [[item.around(i) for item in items for i in range(len(item))] for items in (learned, asked)]
    starts = [int(i == item.first) for item in learned for i in range(len(item))]
    scores = linear(bags[0], starts, bags[1])[1][:, -1]
    ends = np.cumsum([len(item) for item in asked])
    best = [int(part.argmax()) for part in np.split(scores, ends[:-1])]
    length = commonest(lengths)
    yield "words of the context", [item.text(i, length) for item, i in zip(asked, best, strict=True)]


class _Context:
    """A context as words with places; `first` and `last` bound the answer, in words."""

    def __init__(self, row: dict) -> None:
        self.context = row["context"]
        self.places = [match.span() for match in re.finditer(r"\S+", self.context)]
        self.words = [" ".join(bare_words(self.context[a:b])) for a, b in self.places]  # "" for a mark
        self.question = set(bare_words(row["question"]))
        start, end = row["answer_start"], row["answer_start"] + len(row["answer_text"])
        inside = [i for i, (a, b) in enumerate(self.places) if a < end and start < b] or [0]
        self.first, self.last = inside[0], inside[-1] + 1

    def __len__(self) -> int:
        return len(self.places)

    def text(self, first: int, length: int) -> str:
        """A span of so many words, shifted into the text where it would leave it."""
        first = max(0, min(int(first), len(self) - 1))
        last = min(first + max(int(length), 1), len(self))
        return self.context[self.places[first][0] : self.places[last - 1][1]]

    def sentence_like_question(self) -> tuple[int, int]:
        """The sentence that shares most words with the question: first word, and the one after the last."""
        closed = {i + 1 for i, (_, end) in enumerate(self.places) if self.context[end - 1] in CLOSING}
        sentences = pairwise(sorted({0, len(self)} | closed))
        return max(sentences, key=lambda found: len(self.question & set(self.words[slice(*found)])))

    def unasked_run(self, first: int, last: int) -> str:
        """The longest run of words there that the question does not have."""
        best, start = (first, first), first
        for i in range(first, last + 1):
            if i == last or not self.words[i] or self.words[i] in self.question:
                best = max(best, (start, i), key=lambda run: run[1] - run[0])
                start = i + 1
        return self.text(best[0], best[1] - best[0])

    def around(self, i: int) -> list[str]:
        """A word, its neighbours and its place: all that a reader without the question can go by."""
        words = ["<", *self.words, ">"]
        return [f"here {words[i + 1]}", f"left {words[i]}", f"right {words[i + 2]}", f"place {min(i, 30)}"]
