"""The encoder itself: made from a few numbers, in XLM-R's architecture, or ready made, by its name."""

from pathlib import Path

import torch
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForMaskedLM,
    AutoTokenizer,
    PretrainedConfig,
    XLMRobertaConfig,
)
from transformers.utils import logging

from polystilts.errors import StudyError, WrongUse
from polystilts.models.parents import is_partial, read_weights

# Loading reports and progress bars would fill the chapters with lines nobody reads.
logging.set_verbosity_error()
logging.disable_progress_bar()


def encoder_config(parameters: dict, vocab_size: int) -> XLMRobertaConfig:
    """XLM-R in small: hidden size, layers, heads and feed-forward size come from the scale's parameters."""
    return XLMRobertaConfig(
        vocab_size=vocab_size,
        hidden_size=parameters["hidden"],
        num_hidden_layers=parameters["layers"],
        num_attention_heads=parameters["heads"],
        intermediate_size=parameters["feed_forward"],
        max_position_embeddings=parameters.get("longest", 192) + 2,  # positions start after the padding id
        hidden_dropout_prob=0.0,  # a small encoder on much text underfits: dropout only slows it down
        attention_probs_dropout_prob=0.0,
        initializer_range=0.05,  # 0.02 is for wide layers; narrow ones learned faster from 0.05
        type_vocab_size=1,
        layer_norm_eps=1e-5,
        bos_token_id=0,
        pad_token_id=1,
        eos_token_id=2,
    )


def fetch_encoder(name: str | Path, folder: str | Path, revision: str | None = None) -> Path:
    """Leave a ready-made encoder in a folder, in the form of one that the study makes itself.

    `name` is a folder or the id of a model on the hub, which is then downloaded or taken from its cache. The
    encoder comes with its masked-word head, where it has one, and its tokenizer, and runs no code of its
    author's: weights are read as safetensors only. `revision` is the commit of a hub model.
    """
    try:
        if has_masked_head(AutoConfig.from_pretrained(str(name), revision=revision)):
            model = AutoModelForMaskedLM.from_pretrained(str(name), revision=revision, use_safetensors=True)
        else:
            model = AutoModel.from_pretrained(
                str(name), revision=revision, use_safetensors=True, add_pooling_layer=False
            )
        tokenizer = AutoTokenizer.from_pretrained(str(name), revision=revision, use_fast=True)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise StudyError(
            f"encoder {name}: neither a folder, nor in the hub's cache, nor to be had from the hub "
            f"({reason}); give the path of a folder, or download it first"
        ) from None
    if not getattr(tokenizer, "is_fast", False):
        raise WrongUse(f"encoder {name}: its tokenizer tells no character places; take one that does")
    model.config.pad_token_id = tokenizer.pad_token_id  # some state another id than their tokenizer pads with
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return Path(folder)


def has_masked_head(config: PretrainedConfig) -> bool:
    """Whether an encoder was saved with a masked-word head, by the class that its configuration names."""
    named = config.architectures or []
    return not named or not all(name.endswith("Model") for name in named)


def load_encoder(folder: str | Path) -> torch.nn.Module:
    """The backbone of any checkpoint, without pooler and without head."""
    if is_partial(folder):
        config = AutoConfig.from_pretrained(str(folder))
        model = AutoModel.from_config(config, add_pooling_layer=False, attn_implementation="sdpa")
        model.load_state_dict(read_weights(folder, model))
        return model.eval()
    return AutoModel.from_pretrained(str(folder), add_pooling_layer=False, attn_implementation="sdpa")


def random_encoder(folder: str | Path, seed: int) -> torch.nn.Module:
    """A backbone of the shape of the one in a folder, with random weights in place of its own."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return AutoModel.from_config(AutoConfig.from_pretrained(str(folder)), add_pooling_layer=False)


def longest_input(model: torch.nn.Module) -> int:
    """How many tokens the model reads at once: what its positions allow, or fewer if it was tuned on fewer.

    XLM-R counts positions from behind the id of its padding, BERT from 0.
    """
    first = getattr(model.base_model.embeddings, "padding_idx", None)
    room = model.config.max_position_embeddings - (0 if first is None else first + 1)
    return min(room, getattr(model.config, LONGEST_READ, None) or room)


def limit_input(model: torch.nn.Module, longest: int | None) -> None:
    """Let the model, and whoever loads it again, cut inputs at so many tokens; None leaves it as it is."""
    if longest is not None:
        setattr(model.config, LONGEST_READ, longest)


def set_dropout(model: torch.nn.Module, share: float | None) -> None:
    """Let a share of a model's values be left out while it learns; None leaves it as its maker had it."""
    if share is None:
        return
    for name in ("hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout"):
        if hasattr(model.config, name):
            setattr(model.config, name, share)
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = share


def freeze(model: torch.nn.Module, part: str) -> None:
    """Let a part of the backbone learn nothing: `embeddings`, or nothing at all for an empty name."""
    if part:
        getattr(model.base_model, part).requires_grad_(False)


LONGEST_READ = "longest_read"  # in a checkpoint's config: the tokens an input was cut at when it was tuned


def backbone_parameters(model: torch.nn.Module) -> int:
    """Parameters that multiply every token: the layers, without the embedding tables."""
    return sum(parameter.numel() for parameter in model.base_model.encoder.parameters())
