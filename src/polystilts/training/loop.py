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
from transformers import PreTrainedModel

from polystilts.files import sha256
from polystilts.models.device import choose_device, make_deterministic, precision
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
    parts = [[Vector(some) for some in part if some] for part in _parts(models)]
    vectors = [vector for part in parts for vector in part]
    optimizer = torch.optim.AdamW(
        [
            {"params": [v.weights], "weight_decay": recipe.weight_decay * (v.parameters[0].ndim > 1)}
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
        with precision(device):
            loss = lessons[turn].loss(device, budget)
        loss.backward()
        for vector in vectors:
            vector.collect() if vector in moving else vector.drop()
        torch.nn.utils.clip_grad_norm_([vector.weights for vector in moving], recipe.clip)
        for group in optimizer.param_groups:
            group["lr"] = whole.rate(update)
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
        model.eval()
    budget.flops = 6 * backbone_parameters(models[0]) * (budget.labelled_tokens + budget.mlm_tokens)
    return pd.DataFrame(curve, columns=["update", "loss"]), budget


def _parts(models: Sequence[PreTrainedModel]) -> list[tuple[list, list]]:
    """The parameters that all models share, then those of each alone; matrices, which decay, and the rest."""
    owned = [{id(parameter): parameter for parameter in model.parameters()} for model in models]
    shared = set(owned[0]).intersection(*owned)
    parts = [[parameter for number, parameter in owned[0].items() if number in shared]]
    parts += [[parameter for number, parameter in own.items() if number not in shared] for own in owned]
    return [([p for p in part if p.ndim > 1], [p for p in part if p.ndim < 2]) for part in parts]
