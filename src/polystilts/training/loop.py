"""The one training loop: every kind of task, several at once, and masked language modelling beside them.

A plain loop instead of transformers' Trainer, for three reasons. Several lessons, each with a head of its
own, share one backbone in one timetable, which the Trainer has no place for. With the small encoders it is
faster: weights are stepped as a few long vectors, and what a head does not read is not computed
(bench/README.md has both sides, and the sizes at which there is no difference). And importing the Trainer
costs more than fine-tuning the small encoder on some tasks.
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import torch
from torch.nn import Parameter
from transformers import PreTrainedModel

from polystilts.files import sha256
from polystilts.models.device import READING, arithmetic, attend, choose_device, make_deterministic
from polystilts.models.encoder import backbone_parameters
from polystilts.models.resume import ResumePoint
from polystilts.models.vectors import Vector
from polystilts.training.lessons import Budget, Lesson, MaskedLesson
from polystilts.training.recipe import Recipe

RECORD_EVERY = 10  # updates between two rows of a learning curve


def train(
    lessons: Sequence[Lesson | MaskedLesson],
    timetable: Sequence[int],
    recipe: Recipe,
    seed: int,
    keep_in: str | Path | None = None,
) -> tuple[pd.DataFrame, Budget]:
    """Give the lessons in the order of the timetable, one update each; the learning curve, and what it cost.

    The lessons may share a backbone. The models are left ready to be read: on the device, in evaluation mode.
    A long training keeps a resume point in the folder `keep_in`, and goes on from one that it finds there as
    if it had never stopped.
    """
    device = choose_device()
    make_deterministic(seed)
    models = [lesson.model.to(device).train() for lesson in lessons]
    whole = Recipe(**asdict(recipe) | {"updates": len(timetable)})
    how = arithmetic(device, models[0].config.hidden_size)
    for model in models:
        attend(model, how.attention)
    parts = [
        [Vector(some) for some in part if some]
        for part in _parts(models, heads_apart=recipe.head_learning_rate is not None)
    ]
    vectors = [vector for part in parts for vector in part]
    backbone = {id(parameter) for parameter in backbone_of(models[0])}
    optimizer = torch.optim.AdamW(
        [
            {
                "params": [v.weights],
                "weight_decay": recipe.weight_decay * (v.parameters[0].ndim > 1),
                "times": 1.0 if id(v.parameters[0]) in backbone else recipe.head_times,
            }
            for v in vectors
        ],
        lr=recipe.learning_rate,
        fused=True,
    )
    budget = Budget(rows=sum(lesson.rows for lesson in lessons if isinstance(lesson, Lesson)))
    losses: list[torch.Tensor] = []
    curve: list[tuple[int, float]] = []
    decides = {"recipe": asdict(whole), "timetable": sha256(bytes(timetable)), "seed": seed}
    if keep_in is not None:
        decides["lessons"] = [lesson.contents() for lesson in lessons]
    point = ResumePoint(keep_in, optimizer, decides)
    done = 0
    if reached := point.read():
        done, curve, budget = reached["update"], reached["curve"], Budget(**reached["budget"])
        losses = list(torch.tensor(reached["losses"], device=device))
        for turn in timetable[:done]:
            lessons[turn].skip()
    for update, turn in enumerate(timetable[done:], start=done):
        moving = [*parts[0], *parts[turn + 1]]
        with how.products():
            loss = lessons[turn].loss(device, budget)
        loss.backward()
        for vector in vectors:
            vector.collect() if vector in moving else vector.drop()
        torch.nn.utils.clip_grad_norm_([vector.weights for vector in moving], recipe.clip)
        for group in optimizer.param_groups:
            group["lr"] = whole.rate(update) * group["times"]
        optimizer.step()
        losses.append(loss.detach())
        if (update + 1) % RECORD_EVERY == 0 or update + 1 == len(timetable):
            curve.append((update + 1, round(torch.stack(losses).mean().item(), 6)))
            losses = []
        if point.due():
            pending = [value.item() for value in losses]
            point.write({"update": update + 1, "curve": curve, "budget": budget.as_dict(), "losses": pending})
    for vector in vectors:
        vector.release()
    for model in models:
        attend(model.eval(), READING)
    budget.flops = 6 * backbone_parameters(models[0]) * (budget.labelled_tokens + budget.mlm_tokens)
    return pd.DataFrame(curve, columns=["update", "loss"]), budget


def backbone_of(model: PreTrainedModel) -> list[Parameter]:
    """The parameters of the embeddings and the layers; poolers count as heads."""
    backbone = model.base_model
    return [*backbone.embeddings.parameters(), *backbone.encoder.parameters()]


def _parts(models: Sequence[PreTrainedModel], heads_apart: bool) -> list[list[list[Parameter]]]:
    """The parameters that all models share, then those of each alone; matrices, which decay, and the rest.

    Frozen ones are left out. Where heads learn at a rate of their own they are told from the backbone.
    """
    owned = [{id(p): p for p in model.parameters() if p.requires_grad} for model in models]
    shared = set(owned[0]).intersection(*owned)
    parts = [[parameter for number, parameter in owned[0].items() if number in shared]]
    parts += [[parameter for number, parameter in own.items() if number not in shared] for own in owned]
    if not heads_apart:
        return [_matrices_and_rest(part) for part in parts]
    backbone = {id(parameter) for parameter in backbone_of(models[0])}
    sides = [([p for p in part if id(p) in backbone], [p for p in part if id(p) not in backbone])
             for part in parts]  # fmt: skip
    return [[some for side in two for some in _matrices_and_rest(side)] for two in sides]


def _matrices_and_rest(part: Sequence[Parameter]) -> list[list[Parameter]]:
    return [[p for p in part if p.ndim > 1], [p for p in part if p.ndim < 2]]
