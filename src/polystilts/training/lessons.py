"""What a model is taught: labelled rows of a task, or text with words hidden; a batch at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import chain, islice

import numpy as np
import torch
from torch.nn.functional import cross_entropy
from transformers import PreTrainedModel

from polystilts.files import fingerprint, sha256
from polystilts.models.first_token import first_token_only
from polystilts.models.heads import contrastive_loss, mean_pool
from polystilts.models.masking import exact_length_batches, mask_tokens, masked_loss
from polystilts.training.features import IGNORED, Batch, Features, collate, inputs
from polystilts.training.recipe import Recipe

BATCHES_SORTED_TOGETHER = 50


@dataclass
class Budget:
    """What a stage has cost: equal budgets are what makes arms comparable."""

    rows: int = 0  # different labelled rows
    updates: int = 0  # with labels
    mlm_updates: int = 0
    labelled_tokens: int = 0
    mlm_tokens: int = 0
    flops: int = 0  # about 6 × parameters outside the embeddings × tokens (Kaplan et al. 2020)

    def as_dict(self) -> dict:
        return asdict(self)


class Lesson:
    """Labelled rows, and the model with the head that learns from them.

    A curriculum begins with the rows whose target is one of `first`, and goes on with all of them.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        features: Features,
        recipe: Recipe,
        draw: np.random.Generator,
        first: Sequence[int] = (),
    ):
        self.model, self.features, self.recipe = model, features, recipe
        self.rows = len(set(features.example))
        lengths = features.lengths()
        self.batches = similar_length_batches(lengths, recipe.batch_size, draw)
        if first and recipe.curriculum:
            easy = np.flatnonzero(np.isin(features.targets, first))
            batches = similar_length_batches(lengths[easy], recipe.batch_size, draw)
            begin = round(recipe.curriculum * recipe.updates)
            self.batches = chain((easy[rows] for rows in islice(batches, begin)), self.batches)

    def loss(self, device: torch.device, budget: Budget) -> torch.Tensor:
        """The loss of the next batch."""
        batch = collate(self.features, next(self.batches))
        budget.updates += 1
        budget.labelled_tokens += batch.tokens
        return task_loss(self.model, self.features.kind, batch, device, self.recipe.temperature)

    def skip(self) -> None:
        """Draw the next batch and leave it unread."""
        next(self.batches)

    def contents(self) -> str:
        """A fingerprint of the rows: of what is read, and of what should be answered."""
        texts = [text for texts in self.features.texts for text in texts]
        return _fingerprint_of(texts, [np.ravel(target) for target in self.features.targets])


class MaskedLesson:
    """Unlabelled text, and the encoder with its masked-word head.

    `mask` is the id of <mask>; the `special` ids are never hidden.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        rows: dict[str, list[np.ndarray]],
        recipe: Recipe,
        draw: np.random.Generator,
        mask: int,
        special: Sequence[int],
    ):
        self.model, self.text, self.recipe, self.draw = model, rows, recipe, draw
        self.mask, self.special = mask, list(special)
        self.batches = exact_length_batches(rows, lambda length: recipe.batch_size, recipe.alpha, draw)

    def loss(self, device: torch.device, budget: Budget) -> torch.Tensor:
        """The loss of the next batch."""
        masked = self._masked_batch()
        budget.mlm_updates += 1
        budget.mlm_tokens += masked[0].numel()
        return masked_loss(self.model, *(tensor.to(device) for tensor in masked))

    def skip(self) -> None:
        """Draw the next batch and leave it unread."""
        self._masked_batch()

    def contents(self) -> str:
        """A fingerprint of the text."""
        return _fingerprint_of(*self.text.values())

    def _masked_batch(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        ids = next(self.batches)[0]
        vocabulary = self.model.config.vocab_size
        return mask_tokens(ids, self.draw, self.recipe.mask_share, vocabulary, self.mask, self.special)


def _fingerprint_of(*lists: list[np.ndarray]) -> str:
    """A fingerprint of lists of arrays of whole numbers: of every length and every number."""
    joined = [np.concatenate([[len(array) for array in arrays], *arrays]) for arrays in lists]
    return fingerprint([sha256(numbers.astype(np.int64).tobytes()) for numbers in joined])


def similar_length_batches(
    lengths: np.ndarray, batch_size: int, draw: np.random.Generator
) -> Iterator[np.ndarray]:
    """Endless batches of row numbers in shuffled epochs; rows of similar length are put together."""
    together = max(1, min(BATCHES_SORTED_TOGETHER, len(lengths) // batch_size))
    waiting = np.empty(0, dtype=np.int64)
    while True:
        while len(waiting) < together * batch_size:
            waiting = np.concatenate([waiting, draw.permutation(len(lengths))])
        taken, waiting = np.split(waiting, [together * batch_size])
        batches = taken[np.argsort(lengths[taken], kind="stable")].reshape(together, batch_size)
        yield from batches[draw.permutation(together)]


def task_loss(
    model: PreTrainedModel, kind: str, batch: Batch, device: torch.device, temperature: float = 0.05
) -> torch.Tensor:
    """How wrong the model is on a batch, for each kind of task."""
    given, targets = inputs(kind, batch, device), batch.targets.to(device)
    with first_token_only(model, kind):
        output = model(**given)
    if kind == "retrieval":
        vectors = mean_pool(output.last_hidden_state, given["attention_mask"])
        return contrastive_loss(vectors[0::2], vectors[1::2], targets, temperature)
    if kind == "question_answering":
        starts, ends = output.start_logits.float(), output.end_logits.float()  # rows, tokens
        return (cross_entropy(starts, targets[:, 0]) + cross_entropy(ends, targets[:, 1])) / 2
    if kind == "tagging":
        logits = output.logits.float()  # rows, tokens, tags
        return cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED)
    return cross_entropy(output.logits.float(), targets)
