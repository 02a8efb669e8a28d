"""Retrieval: texts become points, and each query is answered by the candidates that lie nearest.

Every variant is reported: each layer, plain and centred. Centred means that the mean of each language is
taken off first; it shows shared meaning that language identity would otherwise hide.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from polystilts.evaluation import metrics
from polystilts.models.encoder import longest_input
from polystilts.models.points import embed, nearest
from polystilts.models.tokens import encode_lines
from polystilts.tasks import Task
from polystilts.training.features import encode_queries, read_entities, read_examples

# Candidates that a published ranking names: as many as the metric looks at, or a few to read.
NEAREST = {"accuracy": 3, "map@20": 20, "mrr@20": 20}


def centred(points: np.ndarray, languages: np.ndarray) -> np.ndarray:
    """Points with the mean of their language taken off, at length 1 again."""
    moved = points.copy()
    for language in np.unique(languages):
        own = languages == language
        moved[own] -= points[own].mean(axis=0)
    return moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-9)


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

    Tatoeba asks in each language for the source-language sentence of the same file. LAReQA and Mewsli-X ask
    in one pool of all languages.
    """
    if layers is None:
        layers = range(1, model.config.num_hidden_layers + 1)
    layers = [layer for layer in layers if layer <= model.config.num_hidden_layers]
    asked = [language for language in languages if task.name != "tatoeba" or language != source]
    frames = {name: read_examples(examples_folder, task.name, split, name) for name in asked}
    queries = pd.concat([f.assign(language=name) for name, f in frames.items()], ignore_index=True)
    longest = longest_input(model)
    query_points = embed(model, encode_queries(task, queries, tokenizer, longest), layers)
    candidates = _candidates(task, queries, examples_folder, split, source)
    candidate_points = embed(model, encode_lines(tokenizer, list(candidates.text), longest), layers)
    found = []
    for layer in layers:
        for variant in ("plain", "centred"):
            left, right = query_points[layer], candidate_points[layer]
            if variant == "centred":
                left = centred(left, queries.language.to_numpy(dtype=str))
                right = centred(right, candidates.text_language.to_numpy(dtype=str))
            table = queries[["language", "example_id", "meaning_id"]].copy()
            table["prediction"], table["item_score"] = _rank(task, queries, candidates, left, right)
            table["variant"] = f"layer{layer}.mean.{variant}"
            found.append(table)
    return pd.concat(found, ignore_index=True)


def _candidates(
    task: Task, queries: pd.DataFrame, examples_folder: str | Path, split: str, source: str
) -> pd.DataFrame:
    """What may be found: `id` as reported, `key` that makes it right, `pool` it belongs to, and its text."""
    if task.name == "tatoeba":
        table = queries.rename(columns={"text": "_", "text_source": "text"})
        return table.assign(
            id=table.example_id, key=table.example_id, pool=table.language, text_language=source
        )
    if task.name == "lareqa":
        table = queries.rename(columns={"answer": "text"})
        return table.assign(id=table.example_id, key=table.meaning_id, pool="", text_language=table.language)
    table = read_entities(examples_folder, split)
    return table.assign(id=table.entity_id, key=table.entity_id, pool="", text_language=table.language)


def _rank(
    task: Task, queries: pd.DataFrame, candidates: pd.DataFrame, left: np.ndarray, right: np.ndarray
) -> tuple[list[str], list[float]]:
    """The nearest candidates of each query within its pool, and the query's own score."""
    asks = queries[{"tatoeba": "example_id", "lareqa": "meaning_id", "mewslix": "entity_id"}[task.name]]
    predictions, scores = [""] * len(queries), [0.0] * len(queries)
    most = NEAREST[task.metric]
    relevant = candidates.groupby("key")["id"].agg(set).to_dict()
    pool_of = queries.language if task.name == "tatoeba" else pd.Series("", index=queries.index)
    for pool in pool_of.unique():
        mine = np.flatnonzero(pool_of == pool)
        there = np.flatnonzero(candidates.pool == pool)
        ids = candidates.id.to_numpy()[there]
        for query, positions in zip(mine, nearest(left[mine], right[there], most), strict=True):
            ranked = [str(ids[position]) for position in positions]
            predictions[query] = " ".join(ranked)
            scores[query] = MEASURES[task.metric](ranked, relevant.get(asks.iloc[query], set()))
    return predictions, scores


MEASURES = {
    "accuracy": metrics.first_is_relevant,
    "map@20": metrics.average_precision,
    "mrr@20": metrics.reciprocal_rank,
}
