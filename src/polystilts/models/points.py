"""Texts as points: the mean of a layer's vectors over the tokens of a text, and which points lie nearest."""

from collections.abc import Sequence
from tempfile import TemporaryFile

import numpy as np
import torch
from transformers import PreTrainedModel

from polystilts.models.device import precision
from polystilts.models.heads import mean_pool
from polystilts.models.tokens import pad

TEXTS_PER_BATCH = 256
# A million candidates of 768 numbers would be 3 GB a layer: points above this size lie in a file, not in
# memory, and in half precision, which moves the likeness of two points by less than 0.001.
BYTES_IN_MEMORY = 2**29
QUERIES_AT_ONCE, CANDIDATES_AT_ONCE = 2048, 2**14  # a block of scores is 128 MB at most


def room_for(points: int, hidden: int) -> np.ndarray:
    """An array of points × hidden; a large one, in half precision, lies in a file that goes when it does."""
    shape = (points, hidden)
    if points * hidden * np.dtype(np.float32).itemsize <= BYTES_IN_MEMORY:
        return np.empty(shape, dtype=np.float32)
    with TemporaryFile() as file:  # in $TMPDIR; the array keeps it open, and nothing else does
        return np.memmap(file, dtype=np.float16, mode="w+", shape=shape)


@torch.inference_mode()
def embed(
    model: PreTrainedModel, texts: Sequence[np.ndarray], layers: Sequence[int]
) -> dict[int, np.ndarray]:
    """One point a text (given as ids) for each layer, all out of one pass; layer 0 is the embeddings.

    Arrays are texts × hidden, every point at length 1.
    """
    points = {layer: room_for(len(texts), model.config.hidden_size) for layer in layers}
    order = np.argsort([len(text) for text in texts], kind="stable")
    for start in range(0, len(order), TEXTS_PER_BATCH):
        chosen = order[start : start + TEXTS_PER_BATCH]
        ids, mask = pad([texts[number] for number in chosen], model.config.pad_token_id)
        ids = torch.from_numpy(ids).to(model.device)
        mask = None if mask is None else torch.from_numpy(mask).to(model.device)
        with precision(model.device):
            hidden = model.base_model(ids, attention_mask=mask, output_hidden_states=True).hidden_states
        for layer in layers:
            points[layer][chosen] = mean_pool(hidden[layer], mask).cpu().numpy()
    return points


def nearest(queries: np.ndarray, candidates: np.ndarray, count: int) -> np.ndarray:
    """The positions of each query's nearest candidates, best first: queries × count."""
    return nearest_with_scores(queries, candidates, count)[1]


def nearest_with_scores(
    queries: np.ndarray, candidates: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """How near each query's nearest candidates are, and their positions: two arrays, queries × count.

    Candidates are read block by block, and of each block only what is nearest is kept: memory does not grow
    with their number.
    """
    starts = range(0, len(queries), QUERIES_AT_ONCE)
    parts = [_nearest_of_all(_block(queries, first, QUERIES_AT_ONCE), candidates, count) for first in starts]
    scores, places = (torch.cat(columns).numpy() for columns in zip(*parts, strict=True))
    return scores, places


def _nearest_of_all(
    queries: torch.Tensor, candidates: np.ndarray, count: int
) -> tuple[torch.Tensor, torch.Tensor]:
    found: list[tuple[torch.Tensor, torch.Tensor]] = []
    for start in range(0, len(candidates), CANDIDATES_AT_ONCE):
        block = _block(candidates, start, CANDIDATES_AT_ONCE)
        scores, places = torch.topk(queries @ block.T, min(count, len(block)), dim=1)
        found.append((scores, places + start))
    if len(found) == 1:
        return found[0]
    scores, places = (torch.cat(columns, dim=1) for columns in zip(*found, strict=True))
    scores, order = torch.topk(scores, min(count, len(candidates)), dim=1)
    return scores, places.gather(1, order)


def places(queries: np.ndarray, candidates: np.ndarray, wanted: Sequence[np.ndarray]) -> list[np.ndarray]:
    """At which place, from 1, the wanted candidates of each query (given as positions) come among all.

    A candidate comes behind those that are nearer, and behind those as near that come first in the list.
    """
    found, order = [], np.arange(len(candidates))
    for start in range(0, len(queries), QUERIES_AT_ONCE):
        scores = (_block(queries, start, QUERIES_AT_ONCE) @ _block(candidates, 0, len(candidates)).T).numpy()
        for likeness, positions in zip(scores, wanted[start : start + QUERIES_AT_ONCE], strict=True):
            own = likeness[positions, None]
            before = (likeness > own) | ((likeness == own) & (order < np.asarray(positions)[:, None]))
            found.append(1 + before.sum(axis=1))
    return found


def _block(points: np.ndarray, start: int, count: int) -> torch.Tensor:
    """Some of the points, in memory and in single precision, wherever and however they are kept."""
    return torch.from_numpy(np.array(points[start : start + count], dtype=np.float32))
