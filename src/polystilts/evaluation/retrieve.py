"""Retrieval: texts become points, and each query is answered by the candidates that lie nearest.

Every variant is reported: each layer, plain and centred. Centred means that the mean of each language is
taken off first; it shows shared meaning that language identity would otherwise hide. A variant is named by
its layer (counted from 1; 0 is the embeddings), its pooling (the mean over all tokens, special ones
included, as XTREME has it) and whether it is centred.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from polystilts.evaluation import metrics
from polystilts.evaluation.labels import NO_CANDIDATE, candidate_names, write_ranking
from polystilts.evaluation.mining import best_threshold, mined_pairs
from polystilts.models.encoder import longest_input
from polystilts.models.points import embed, nearest, places, room_for
from polystilts.models.tokens import encode_lines
from polystilts.tasks import Task
from polystilts.training.features import query_texts, read_entities, read_examples

# Candidates that a published ranking names: as many as the metric looks at, or a few to read.
NEAREST = {"accuracy": 3, "map@20": 20, "mrr@20": 20}


@dataclass(frozen=True)
class Pool:
    """What is asked and what may be found: queries with their `match`, candidates with `id` and `match`.

    Both have the columns `pool`, inside which a query looks for its candidates, and `text_language`. Points
    are texts × hidden, by layer.
    """

    queries: pd.DataFrame
    candidates: pd.DataFrame
    query_points: dict[int, np.ndarray]
    candidate_points: dict[int, np.ndarray]


def retrieve(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    task: Task,
    examples_folder: str | Path,
    languages: Sequence[str],
    source: str,
    layers: Sequence[int] | None = None,
    split: str = "test",
) -> pd.DataFrame:
    """Answers to every query in every variant: the ids of the nearest candidates, and how good they are.

    The task's `search` says what is asked and where; a task that mines pairs learns the least margin of a
    pair from the development rows of the same language.
    """
    if layers is None:
        layers = range(1, model.config.num_hidden_layers + 1)
    layers = [layer for layer in layers if layer <= model.config.num_hidden_layers]
    asked = [language for language in languages if not (task.search.source_side and language == source)]

    def pool(split: str) -> Pool:
        queries, candidates = read_pool(task, examples_folder, asked, source, split)
        longest = longest_input(model)
        lines = [encode_lines(tokenizer, texts, longest)
                 for texts in (query_texts(task, queries), list(candidates.text))]  # fmt: skip
        return Pool(queries, candidates, *(embed(model, texts, layers) for texts in lines))

    test, dev = pool(split), pool("dev") if task.metric == "bucc_f1" else None
    found = []
    for layer in layers:
        for variant in ("plain", "centred"):
            table = test.queries[["language", "example_id", "meaning_id"]].copy()
            points = points_of(test, layer, variant)
            if dev is None:
                answered = _rank(task, test, *points)
            else:
                answered = _mine(test, points, dev, points_of(dev, layer, variant))
            table["prediction"], table["item_score"] = answered
            table["variant"] = f"layer{layer}.mean.{variant}"
            found.append(table)
    return pd.concat(found, ignore_index=True)


def read_pool(
    task: Task, examples_folder: str | Path, languages: Sequence[str], source: str, split: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The queries of these languages, and the candidates that may answer them, as `Pool` has them."""
    search = task.search
    frames = {name: read_examples(examples_folder, task.name, split, name) for name in languages}
    rows = pd.concat([frame.assign(language=name) for name, frame in frames.items()], ignore_index=True)
    pool = rows.language if search.own_pool else ""
    rows = rows.assign(pool=pool, match=rows[search.match].astype(str), text_language=rows.language)
    if search.entities:
        table = read_entities(examples_folder, task.name, split)
        table = table.rename(columns={search.answer: "text", "language": "text_language"})
        names = {"id": table[search.candidate].astype(str), "match": table[search.match].astype(str)}
        return rows, table.assign(**names, pool="")
    # A row without an answer has none to be found; one without a query is there to be passed over.
    asks, answers = rows[search.query] != "", rows[search.answer] != ""
    rows["match"] = rows["match"].where(answers, "")
    candidates = rows.assign(id=candidate_names(task, rows), text=rows[search.answer])
    if search.source_side:
        (rows if search.source_side == "query" else candidates)["text_language"] = source
    return rows[asks].reset_index(drop=True), candidates[answers].reset_index(drop=True)


def points_of(pool: Pool, layer: int, variant: str) -> tuple[np.ndarray, np.ndarray]:
    """The points of queries and candidates in a layer, as they are or centred."""
    left, right = pool.query_points[layer], pool.candidate_points[layer]
    if variant == "centred":
        left = centred(left, pool.queries.text_language.to_numpy(dtype=str))
        right = centred(right, pool.candidates.text_language.to_numpy(dtype=str))
    return left, right


def centred(points: np.ndarray, languages: np.ndarray) -> np.ndarray:
    """Points with the mean of their language taken off, at length 1 again."""
    moved = room_for(*points.shape)
    for language in np.unique(languages):
        own = languages == language
        part = points[own].astype(np.float32)
        part -= part.mean(axis=0)
        moved[own] = part / np.maximum(np.linalg.norm(part, axis=1, keepdims=True), 1e-9)
    return moved


def _rank(task: Task, pool: Pool, left: np.ndarray, right: np.ndarray) -> tuple[list[str], list[float]]:
    """The nearest candidates of each query within its pool, and the query's own score."""
    queries, candidates = pool.queries, pool.candidates
    predictions, scores = [""] * len(queries), [0.0] * len(queries)
    relevant = candidates.groupby("match")["id"].agg(set).to_dict()
    for name in queries.pool.unique():
        mine = np.flatnonzero(queries.pool == name)
        there = np.flatnonzero((candidates.pool == name) & ~candidates.duplicated(["pool", "id"]))
        ids = candidates.id.to_numpy()[there]
        near = right if len(there) == len(right) else right[there]  # a large pool is not copied
        found = nearest(left[mine], near, NEAREST[task.metric])
        behind = _behind(task, ids, found, [relevant.get(key, set()) for key in queries.match.iloc[mine]],
                         left[mine], near)  # fmt: skip
        for query, positions, further in zip(mine, found, behind, strict=True):
            ranked = [str(ids[position]) for position in positions]
            right_ones = relevant.get(queries.match.iloc[query], set())
            scores[query] = MEASURES[task.metric](ranked, right_ones) if right_ones else 0.0
            predictions[query] = write_ranking(ranked, further)
    return predictions, scores


def _behind(
    task: Task,
    ids: np.ndarray,
    found: np.ndarray,
    right_ones: list[set[str]],
    left: np.ndarray,
    right: np.ndarray,
) -> list[dict[str, int]]:
    """The places of right candidates that lie behind each ranking: what a score of the whole list needs."""
    if task.metric != "map@20":
        return [{}] * len(found)
    position = {name: place for place, name in enumerate(ids)}
    wanted = [
        np.setdiff1d([position[name] for name in names], ranked).astype(np.intp)
        for names, ranked in zip(right_ones, found, strict=True)
    ]
    return [  # where two are as near as each other, the ranking may have cut either way
        {str(ids[p]): max(int(place), found.shape[1] + 1) for p, place in zip(mine, there, strict=True)}
        for mine, there in zip(wanted, places(left, right, wanted), strict=True)
    ]  # fmt: skip


def _mine(
    test: Pool, points: tuple[np.ndarray, np.ndarray], dev: Pool, dev_points: tuple[np.ndarray, np.ndarray]
) -> tuple[list[str], list[float]]:
    """The candidate that each query is paired with, or none; and whether that is right."""
    predictions = [NO_CANDIDATE] * len(test.queries)
    for name in test.queries.pool.unique():
        learned = _within(dev, dev_points, name)
        matches = pd.Series(np.arange(len(learned[1])), index=dev.candidates.match.to_numpy()[learned[1]])
        right = {
            (query, int(matches[match]))
            for query, match in enumerate(dev.queries.match.to_numpy()[learned[0]]) if match in matches.index
        }  # fmt: skip
        threshold = best_threshold(mined_pairs(*learned[2:]), right)
        queries, candidates, left, there = _within(test, points, name)
        for pair in mined_pairs(left, there):
            if pair.margin >= threshold:
                predictions[queries[pair.query]] = str(test.candidates.id.iloc[candidates[pair.candidate]])
    gold = test.queries.match.where(test.queries.match != "", NO_CANDIDATE)
    return predictions, [float(a == b) for a, b in zip(predictions, gold, strict=True)]


def _within(
    pool: Pool, points: tuple[np.ndarray, np.ndarray], name: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The positions of a pool's queries and candidates, and their points."""
    queries = np.flatnonzero(pool.queries.pool == name)
    candidates = np.flatnonzero(pool.candidates.pool == name)
    return queries, candidates, points[0][queries], points[1][candidates]


MEASURES: dict[str, Callable] = {
    "accuracy": metrics.first_is_relevant,
    "map@20": metrics.average_precision,
    "mrr@20": metrics.reciprocal_rank,
}
