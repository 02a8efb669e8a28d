"""One output head per task kind, always new: a checkpoint hands over its backbone and nothing else."""

from pathlib import Path

import torch
from torch.nn.functional import normalize
from transformers import (
    AutoConfig,
    AutoModelForMaskedLM,
    AutoModelForMultipleChoice,
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    PreTrainedModel,
)

from polystilts.errors import WrongUse
from polystilts.models.encoder import LONGEST_READ, has_masked_head, load_encoder
from polystilts.models.parents import is_partial, read_weights

HEADS = {
    "classification": AutoModelForSequenceClassification,
    "multiple_choice": AutoModelForMultipleChoice,
    "tagging": AutoModelForTokenClassification,
    "question_answering": AutoModelForQuestionAnswering,
}


def with_fresh_head(
    checkpoint: str | Path, kind: str, labels: tuple[str, ...] = (), seed: int = 0
) -> PreTrainedModel:
    """The backbone of any checkpoint under a head of this kind that has learned nothing yet.

    Retrieval needs no head: its model is the backbone itself, read by a dual encoder. Poolers count as heads.
    """
    backbone = load_encoder(checkpoint)
    vars(backbone.config).pop(LONGEST_READ, None)  # what another task was cut at is no concern of this one
    if kind == "retrieval":
        return backbone
    config = AutoConfig.from_pretrained(str(checkpoint))
    config.architectures = None
    vars(config).pop(LONGEST_READ, None)
    config.num_labels = 2 if kind == "question_answering" else max(len(labels), 1)
    if labels:
        config.id2label = dict(enumerate(labels))
        config.label2id = {label: index for index, label in enumerate(labels)}
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = HEADS[kind].from_config(config, attn_implementation="sdpa")
    carry_backbone(backbone, model)
    return model


def load_whole(checkpoint: str | Path, kind: str) -> PreTrainedModel:
    """A fine-tuned checkpoint with the head it was tuned with."""
    if kind == "retrieval":
        return load_encoder(checkpoint)
    if is_partial(checkpoint):
        config = AutoConfig.from_pretrained(str(checkpoint))
        model = HEADS[kind].from_config(config, attn_implementation="sdpa")
        model.load_state_dict(read_weights(checkpoint, model))
        return model.eval()
    return HEADS[kind].from_pretrained(str(checkpoint), attn_implementation="sdpa")


def load_masked_lm(checkpoint: str | Path) -> PreTrainedModel:
    """The encoder with the masked-word head it was pretrained with: of XLM-R's form, or BERT's."""
    if not has_masked_head(AutoConfig.from_pretrained(str(checkpoint))):
        raise WrongUse(
            f"{checkpoint}: this encoder has no masked-word head; leave out the arms with mlm, or take "
            "another encoder"
        )
    model = AutoModelForMaskedLM.from_pretrained(str(checkpoint), attn_implementation="sdpa")
    if not hasattr(model, "lm_head") and model.config.model_type != "bert":
        raise WrongUse(
            f"{checkpoint}: words can be masked for encoders of the form of XLM-R or BERT, and this is "
            f"{model.config.model_type}; leave out the arms with mlm, or take another encoder"
        )
    return model


def carry_backbone(source: PreTrainedModel, target: PreTrainedModel) -> None:
    """Copy embeddings and layers from one model to another; heads and poolers stay as they are."""
    for part in ("embeddings", "encoder"):
        getattr(target.base_model, part).load_state_dict(getattr(source.base_model, part).state_dict())


def share_backbone(models: list[PreTrainedModel]) -> None:
    """Let all models read with the first one's embeddings and layers: training one then trains all."""
    first = models[0].base_model
    for model in models[1:]:
        model.base_model.embeddings, model.base_model.encoder = first.embeddings, first.encoder


def mean_pool(hidden: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    """The mean over the tokens of each text, at length 1; padding does not count."""
    if mask is None:
        return normalize(hidden.float().mean(dim=1), dim=-1)
    weight = mask.unsqueeze(-1).to(hidden.dtype)
    return normalize(((hidden * weight).sum(dim=1) / weight.sum(dim=1)).float(), dim=-1)


def contrastive_loss(
    left: torch.Tensor, right: torch.Tensor, groups: torch.Tensor, temperature: float
) -> torch.Tensor:
    """In-batch softmax: each left text has to find its own right text among those of the batch.

    `left` and `right` are pairs × hidden. A right text of the same group is another correct answer, not a
    wrong one, so it is left out of the softmax.
    """
    scores = left @ right.T / temperature
    same = groups.unsqueeze(0) == groups.unsqueeze(1)
    same.fill_diagonal_(False)
    scores = scores.masked_fill(same, float("-inf"))
    return torch.nn.functional.cross_entropy(scores, torch.arange(len(scores), device=scores.device))
