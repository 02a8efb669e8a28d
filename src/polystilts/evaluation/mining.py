"""Which sentences of two texts translate each other, as BUCC asks and XTREME mines it (Hu et al. 2020).

A pair is as good as its likeness is against that of either sentence's nearest neighbours (ratio margin,
Artetxe and Schwenk 2019, arXiv 1811.01136). Pairs are taken best first, each sentence once, down to a margin
that is learned where the right pairs are known.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from polystilts.errors import StudyError
from polystilts.models.points import nearest_with_scores

NEIGHBOURS = 4  # XTREME, third_party/utils_retrieve.py


@dataclass(frozen=True)
class Pair:
    """A mined pair: its margin, the position of its query and the position of its candidate."""

    margin: float
    query: int
    candidate: int


def mined_pairs(queries: np.ndarray, candidates: np.ndarray, neighbours: int = NEIGHBOURS) -> list[Pair]:
    """Pairs of a query and a candidate by falling margin, each of both once; points are texts × hidden.

    Every query proposes its best candidate and every candidate its best query.
    """
    forth, there = nearest_with_scores(queries, candidates, neighbours)
    back, here = nearest_with_scores(candidates, queries, neighbours)
    around_query, around_candidate = forth.mean(axis=1), back.mean(axis=1)
    margins = forth / _positive((around_query[:, None] + around_candidate[there]) / 2)
    proposed = [(margins[q, best], q, there[q, best]) for q, best in enumerate(margins.argmax(axis=1))]
    margins = back / _positive((around_candidate[:, None] + around_query[here]) / 2)
    proposed += [(margins[c, best], here[c, best], c) for c, best in enumerate(margins.argmax(axis=1))]
    taken: list[Pair] = []
    queries_taken, candidates_taken = set(), set()
    for margin, query, candidate in sorted(proposed, key=lambda pair: -pair[0]):
        if query not in queries_taken and candidate not in candidates_taken:
            queries_taken.add(query)
            candidates_taken.add(candidate)
            taken.append(Pair(float(margin), int(query), int(candidate)))
    return taken


def _positive(likeness: np.ndarray) -> np.ndarray:
    return np.maximum(likeness, 1e-6)  # neighbours at right angles would turn the order round


def best_threshold(pairs: list[Pair], right: Collection[tuple[int, int]]) -> float:
    """The margin above which these pairs, best first, have the highest F1 against the right ones."""
    right = set(right)
    if not right:
        raise StudyError("the least margin of a pair is learned from right pairs, and there is none")
    threshold, best, hits = float("inf"), 0.0, 0
    for count, pair in enumerate(pairs, start=1):
        hits += (pair.query, pair.candidate) in right
        f1 = 2 * hits / (count + len(right))
        if f1 > best:
            behind = pairs[count].margin if count < len(pairs) else pair.margin
            best, threshold = f1, (pair.margin + behind) / 2
    return threshold
