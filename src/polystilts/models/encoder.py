"""The encoder itself: XLM-R's architecture, at any size, from a folder or from a few numbers."""

from pathlib import Path

import torch
from transformers import AutoModel, XLMRobertaConfig
from transformers.utils import logging

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


def load_encoder(folder: str | Path) -> torch.nn.Module:
    """The backbone of any checkpoint, without pooler and without head."""
    return AutoModel.from_pretrained(str(folder), add_pooling_layer=False, attn_implementation="sdpa")


def longest_input(model: torch.nn.Module) -> int:
    """How many tokens the encoder can read at once."""
    return model.config.max_position_embeddings - 2


def backbone_parameters(model: torch.nn.Module) -> int:
    """Parameters that multiply every token: the layers, without the embedding tables."""
    return sum(parameter.numel() for parameter in model.base_model.encoder.parameters())
