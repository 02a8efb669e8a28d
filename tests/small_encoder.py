"""A vocabulary of two invented languages and an encoder of 16 dimensions, for the tests that need a model."""

from pathlib import Path
from random import Random

import torch
from transformers import XLMRobertaForMaskedLM

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
