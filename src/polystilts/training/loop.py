"""The one training loop: every kind of task, several at once, and masked language modelling beside them.

A plain loop instead of transformers' Trainer, for three reasons. Several lessons, each with a head of its
own, share one backbone in one timetable, which the Trainer has no place for. Batches of one length need no
attention mask, which makes it somewhat faster (bench/trainer.csv has both sides). And importing the Trainer
costs more than fine-tuning the small encoder on some tasks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
import torch
from torch.nn.functional import cross_entropy
from transformers import PreTrainedModel

from polystilts.models.device import choose_device, make_deterministic, precision
from polystilts.models.encoder import backbone_parameters
from polystilts.models.heads import contrastive_loss, mean_pool
from polystilts.models.masking import exact_length_batches, mask_tokens, masked_loss
from polystilts.training.features import Batch, Features, collate, inputs
from polystilts.training.recipe import Recipe

RECORD_EVERY = 10  # updates between two rows of a learning curve
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
    """Labelled rows, and the model with the head that learns from them."""

    def __init__(self, model: PreTrainedModel, features: Features, recipe: Recipe, draw: np.random.Generator):
        self.model, self.features, self.recipe = model, features, recipe
        self.rows = len(set(features.example))
        self.batches = similar_length_batches(features.lengths(), recipe.batch_size, draw)

    def loss(self, device: torch.device, budget: Budget) -> torch.Tensor:
        """The loss of the next batch."""
        batch = collate(self.features, next(self.batches))
        budget.updates += 1
        budget.labelled_tokens += batch.tokens
        return task_loss(self.model, self.features.kind, batch, device, self.recipe.temperature)


class MaskedLesson:
    """Unlabelled text, and the encoder with its masked-word head."""

    def __init__(
        self,
        model: PreTrainedModel,
        rows: dict[str, list[np.ndarray]],
        recipe: Recipe,
        draw: np.random.Generator,
    ):
        self.model, self.recipe, self.draw = model, recipe, draw
        self.batches = exact_length_batches(rows, lambda length: recipe.batch_size, recipe.alpha, draw)

    def loss(self, device: torch.device, budget: Budget) -> torch.Tensor:
        """The loss of the next batch."""
        ids = next(self.batches)[0]
        budget.mlm_updates += 1
        budget.mlm_tokens += ids.size
        vocabulary = self.model.config.vocab_size
        masked = mask_tokens(ids, self.draw, self.recipe.mask_share, vocabulary)
        return masked_loss(self.model, *(tensor.to(device) for tensor in masked))


def train(
    lessons: Sequence[Lesson | MaskedLesson], timetable: Sequence[int], recipe: Recipe, seed: int
) -> tuple[pd.DataFrame, Budget]:
    """Give the lessons in the order of the timetable, one update each; the learning curve, and what it cost.

    The lessons may share a backbone. The models are left ready to be read: on the device, in evaluation mode.
    """
    device = choose_device()
    make_deterministic(seed)
    models = [lesson.model.to(device).train() for lesson in lessons]
    whole = Recipe(**asdict(recipe) | {"updates": len(timetable)})
    parameters = list({id(p): p for model in models for p in model.parameters()}.values())
    optimizer = torch.optim.AdamW(
        [
            {"params": [p for p in parameters if p.ndim > 1], "weight_decay": recipe.weight_decay},
            {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
        ],
        lr=recipe.learning_rate,
        fused=True,
    )
    budget = Budget(rows=sum(lesson.rows for lesson in lessons if isinstance(lesson, Lesson)))
    losses: list[torch.Tensor] = []
    curve = []
    for update, turn in enumerate(timetable):
        with precision(device):
            loss = lessons[turn].loss(device, budget)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, recipe.clip)
        for group in optimizer.param_groups:
            group["lr"] = whole.rate(update)
        optimizer.step()
        losses.append(loss.detach())
        if (update + 1) % RECORD_EVERY == 0 or update + 1 == len(timetable):
            curve.append((update + 1, round(torch.stack(losses).mean().item(), 6)))
            losses = []
    for model in models:
        model.eval()
    budget.flops = 6 * backbone_parameters(models[0]) * (budget.labelled_tokens + budget.mlm_tokens)
    return pd.DataFrame(curve, columns=["update", "loss"]), budget


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
    if kind == "retrieval":
        vectors = mean_pool(model(**given).last_hidden_state, given["attention_mask"])
        return contrastive_loss(vectors[0::2], vectors[1::2], targets, temperature)
    output = model(**given)
    if kind == "question_answering":
        starts, ends = output.start_logits.float(), output.end_logits.float()  # rows, tokens
        return (cross_entropy(starts, targets[:, 0]) + cross_entropy(ends, targets[:, 1])) / 2
    logits = output.logits.float()
    if kind == "tagging":
        return cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-100)
    return cross_entropy(logits, targets)
