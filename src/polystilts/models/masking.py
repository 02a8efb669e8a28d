"""Masked language modelling, step by step: draw a batch, hide words, score the vocabulary where they were."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch.nn.functional import cross_entropy
from transformers import PreTrainedModel

SPECIAL = (0, 1, 2, 3)  # in XLM-R's layout: <s> <pad> </s> <unk>; they are never hidden
DRAWN_AT_ONCE = 16384


def language_shares(counts: list[int], alpha: float) -> np.ndarray:
    """How often each language is drawn: its size to the power alpha, so that small languages are seen more.

    >>> language_shares([900, 100], 0.5).round(2).tolist()
    [0.75, 0.25]
    """
    weights = np.asarray(counts, dtype=float) ** alpha
    return weights / weights.sum()


def exact_length_batches(
    rows: dict[str, list[np.ndarray]],
    rows_of: Callable[[int], int],
    alpha: float,
    draw: np.random.Generator,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Endless batches: `rows × length` ids, and the language number of each row.

    `rows_of(length)` says how many rows of that length make a batch. All rows of a batch have one length, so
    it needs no padding and no attention mask. Rows come in shuffled epochs within their language; rows left
    over for want of a full batch wait for the next draw.
    """
    shares = language_shares([len(of_language) for of_language in rows.values()], alpha)
    epochs = [_epochs(of_language, draw) for of_language in rows.values()]
    waiting: dict[int, list[tuple[np.ndarray, int]]] = {}
    while True:
        ready = []
        for language in draw.choice(len(shares), size=DRAWN_AT_ONCE, p=shares):
            row = next(epochs[language])
            queue = waiting.setdefault(len(row), [])
            queue.append((row, language))
            if len(queue) >= max(1, rows_of(len(row))):
                ready.append(queue)
                waiting[len(row)] = []
        for index in draw.permutation(len(ready)):
            yield np.stack([row for row, _ in ready[index]]), np.array([number for _, number in ready[index]])


def _epochs(rows: list[np.ndarray], draw: np.random.Generator) -> Iterator[np.ndarray]:
    while True:
        for index in draw.permutation(len(rows)):
            yield rows[index]


def mask_tokens(
    ids: np.ndarray,
    draw: np.random.Generator,
    share: float,
    vocabulary: int,
    mask: int | None = None,
    special: Sequence[int] = SPECIAL,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Hide a share of the tokens: (ids to read, flat positions that were hidden, ids to be found there).

    Of these 80 % become <mask>, 10 % a random token and 10 % stay, as in BERT (Devlin et al. 2019). `mask` is
    the id of <mask>, in XLM-R the last one.
    """
    flat = ids.reshape(-1).astype(np.int64)
    mask = vocabulary - 1 if mask is None else mask
    candidates = np.flatnonzero(~np.isin(flat, special))
    hidden = candidates[draw.random(len(candidates)) < share]
    if len(hidden) == 0:
        hidden = candidates[draw.integers(len(candidates), size=1)]
    answers = flat[hidden]
    luck = draw.random(len(hidden))
    read = flat.copy()
    read[hidden[luck < 0.8]] = mask
    swapped = hidden[luck >= 0.9]
    read[swapped] = draw.integers(len(SPECIAL), vocabulary - 1, size=len(swapped))
    return torch.from_numpy(read.reshape(ids.shape)), torch.from_numpy(hidden), torch.from_numpy(answers)


def masked_loss(
    model: PreTrainedModel, ids: torch.Tensor, masked: torch.Tensor, answers: torch.Tensor
) -> torch.Tensor:
    """Cross entropy at the hidden positions only: equal to the full loss, at a fraction of the work."""
    hidden = model.base_model(ids).last_hidden_state  # rows, tokens, hidden
    head = model.cls if model.config.model_type == "bert" else model.lm_head
    found = head(hidden.flatten(0, 1)[masked])  # hidden positions, vocabulary
    return cross_entropy(found.float(), answers)
