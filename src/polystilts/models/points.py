"""Texts as points: the mean of a layer's vectors over the tokens of a text."""

from collections.abc import Sequence

import numpy as np
import torch
from transformers import PreTrainedModel

from polystilts.models.device import precision
from polystilts.models.heads import mean_pool
from polystilts.models.tokens import pad

TEXTS_PER_BATCH = 256


@torch.inference_mode()
def embed(
    model: PreTrainedModel, texts: Sequence[np.ndarray], layers: Sequence[int]
) -> dict[int, np.ndarray]:
    """One point a text (given as ids) for each layer, all out of one pass; layer 0 is the embeddings.

    Arrays are texts × hidden, every point at length 1.
    """
    points = {layer: np.empty((len(texts), model.config.hidden_size), dtype=np.float32) for layer in layers}
    order = np.argsort([len(text) for text in texts], kind="stable")
    for start in range(0, len(order), TEXTS_PER_BATCH):
        chosen = order[start : start + TEXTS_PER_BATCH]
        ids, mask = pad([texts[number] for number in chosen])
        ids = torch.from_numpy(ids).to(model.device)
        mask = None if mask is None else torch.from_numpy(mask).to(model.device)
        with precision(model.device):
            hidden = model.base_model(ids, attention_mask=mask, output_hidden_states=True).hidden_states
        for layer in layers:
            points[layer][chosen] = mean_pool(hidden[layer], mask).cpu().numpy()
    return points


def nearest(queries: np.ndarray, candidates: np.ndarray, count: int) -> np.ndarray:
    """The positions of each query's nearest candidates, best first: queries × count."""
    scores = torch.from_numpy(queries) @ torch.from_numpy(candidates).T
    return torch.topk(scores, min(count, len(candidates)), dim=1).indices.numpy()
