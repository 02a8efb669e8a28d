"""Checkpoints that leave out what did not change: frozen weights and the vocabulary stay with their parent.

A small encoder's embeddings are most of it. Where they are frozen, a checkpoint holds the other weights, in
`changed.safetensors`, and `parent.json`: where the rest lies, and its hash. No ordinary loader takes such a
folder for a whole model.
"""

import os
from functools import cache
from pathlib import Path

import torch
from safetensors.torch import load_file, safe_open, save_file
from transformers import PreTrainedModel

from polystilts.errors import StudyError
from polystilts.files import read_json, sha256, write_json

PARENT, CHANGED, WHOLE = "parent.json", "changed.safetensors", "model.safetensors"


def is_partial(folder: str | Path) -> bool:
    """Whether a checkpoint holds only what changed."""
    return (Path(folder) / PARENT).is_file()


def root_of(folder: str | Path) -> Path:
    """The folder that holds what a checkpoint leaves out: its parent, or itself where it is whole."""
    folder = Path(folder)
    if not is_partial(folder):
        return folder
    # Without following links, and from where the folder is now: a study may be moved as a whole.
    parent = Path(os.path.normpath(folder / read_json(folder / PARENT)["folder"]))
    if not parent.is_dir():
        raise StudyError(f"{folder} holds what changed of {parent}, which is gone; run chapter 03 again, or "
                         "remove the checkpoint")  # fmt: skip
    return parent


def frozen_names(model: PreTrainedModel) -> list[str]:
    """The names of the weights that learn nothing."""
    named = model.named_parameters(remove_duplicate=False)
    return sorted(name for name, parameter in named if not parameter.requires_grad)


def save_changed(model: PreTrainedModel, folder: str | Path, start: str | Path) -> None:
    """Save a model without its frozen weights, which are those of the checkpoint that it started from."""
    folder, parent, frozen = Path(folder), root_of(start), set(frozen_names(model))
    changed = {name: tensor.cpu().contiguous() for name, tensor in model.state_dict().items()
               if name not in frozen}  # fmt: skip
    model.config.save_pretrained(folder)
    save_file(changed, folder / CHANGED, {"format": "pt"})
    write_json(folder / PARENT, {
        "folder": os.path.relpath(parent, folder), "sha256": sha256(parent / WHOLE),
        "frozen": [short_name(name, model) for name in sorted(frozen) if in_backbone(name, model)],
    })  # fmt: skip


def read_weights(folder: str | Path, model: PreTrainedModel) -> dict[str, torch.Tensor]:
    """All weights of a partial checkpoint, by the names that its backbone's parts have in `model`.

    `model` may be the backbone itself or have a head. Weights of heads that it has not are left out. Raises
    StudyError where the parent is another than the one that training started from.
    """
    folder, parent = Path(folder), root_of(folder)
    kept = read_json(folder / PARENT)
    file = parent / WHOLE
    status = file.stat() if file.is_file() else None
    if status is None or _hash_of(file, status.st_mtime_ns, status.st_size) != kept["sha256"]:
        raise StudyError(
            f"{folder}: {file} is not the one that it was trained from; run chapters 03 to 05 again"
        )
    found = {short_name(name, model): tensor for name, tensor in load_file(folder / CHANGED).items()}
    with safe_open(file, "pt") as stream:
        names = {short_name(name, model): name for name in stream.keys()}
        found |= {name: stream.get_tensor(names[name]) for name in kept["frozen"]}
    own = {short_name(name, model): name for name in model.state_dict()}
    return {own[name]: tensor for name, tensor in found.items() if name in own}


def short_name(name: str, model: PreTrainedModel) -> str:
    """The name of a weight without the name of the backbone before it, the same with and without a head."""
    return name.removeprefix(f"{model.base_model_prefix}.")


def in_backbone(name: str, model: PreTrainedModel) -> bool:
    """Whether a weight belongs to the embeddings or the layers."""
    return short_name(name, model).startswith(("embeddings.", "encoder."))


@cache
def _hash_of(file: Path, made: int, size: int) -> str:
    """The hash of a file that is read by many checkpoints, taken once while it stays as it is."""
    return sha256(file)
