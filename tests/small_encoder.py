"""A vocabulary of two invented languages and an encoder of 16 dimensions, for the tests that need a model."""

import json
from pathlib import Path
from random import Random

import torch
from transformers import (
    BertConfig,
    BertForPreTraining,
    BertTokenizerFast,
    XLMRobertaForMaskedLM,
    XLMRobertaTokenizerFast,
)

from polystilts.models.encoder import encoder_config
from polystilts.models.tokens import train_vocabulary

WORDS = {
    "alb": "mira tolo venas kuti parod esim huta lanor bixe donu wark".split(),
    "dor": "γαβε ζητα δεγι θαλο βιζα ληδε ταμι νεγο σαβι ροτε".split(),
}
SIZE = {"hidden": 16, "layers": 1, "heads": 2, "feed_forward": 32, "longest": 48}


def sentences(language: str, count: int, seed: int = 0) -> list[str]:
    """Sentences of three to eight words, ending in a full stop."""
    draw = Random(f"{language} {seed}")
    return [" ".join(draw.choices(WORDS[language], k=draw.randint(3, 8))) + " ." for _ in range(count)]


def write_corpus(folder: Path, count: int = 200) -> Path:
    """A text file a language, the second language with a quarter of the lines."""
    folder.mkdir(parents=True, exist_ok=True)
    for language, lines in (("alb", count), ("dor", count // 4)):
        (folder / f"{language}.txt").write_text("\n".join(sentences(language, lines)) + "\n", "utf-8")
    return folder


def write_encoder(folder: Path) -> Path:
    """An encoder that has read nothing, in the form of any other."""
    tokenizer = train_vocabulary(sentences("alb", 200) + sentences("dor", 200), 60, folder, SIZE["longest"])
    torch.manual_seed(0)
    XLMRobertaForMaskedLM(encoder_config(SIZE, len(tokenizer))).save_pretrained(folder)
    return folder


def write_xlmr(folder: Path) -> Path:
    """A random XLM-R as the hub has it: its own tokenizer class, with the pieces of the small vocabulary."""
    write_encoder(folder)
    pieces = json.loads((folder / "tokenizer.json").read_text("utf-8"))["model"]["vocab"]
    tokenizer = XLMRobertaTokenizerFast(vocab=[tuple(piece) for piece in pieces])
    tokenizer.save_pretrained(folder)
    return folder


def write_bert(folder: Path) -> Path:
    """A random multilingual BERT: word pieces of single letters, two segments, a pooler, positions from 0."""
    letters = sorted(set("".join(sentences("alb", 200) + sentences("dor", 200))) - {" "})
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters)]
    tokenizer = BertTokenizerFast(vocab={p: i for i, p in enumerate(pieces)}, do_lower_case=False)
    tokenizer.save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(pieces), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=64,
    )  # fmt: skip
    torch.manual_seed(0)
    BertForPreTraining(config).save_pretrained(folder)
    return folder


ENCODERS = {"ours": write_encoder, "xlmr": write_xlmr, "mbert": write_bert}
