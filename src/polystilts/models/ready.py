"""An encoder that somebody else pretrained, taken over in the form of one that the study makes itself."""

from pathlib import Path

import pandas as pd

from polystilts import account
from polystilts.files import whole_folder, write_json, write_table
from polystilts.models.encoder import fetch_encoder
from polystilts.models.pretraining import read_corpus
from polystilts.models.tokens import fertility, load_tokenizer

GIB = 2**30
SAMPLE = 2000  # lines of each language that fertility is measured on


def take_encoder(
    folder: Path,
    name: str,
    corpus_folder: Path,
    pretrained_gib: dict[str, float],
    revision: str | None = None,
) -> Path:
    """Leave a ready-made encoder with the record that the study's own ones have: `pretraining.json`.

    `name` is a folder or a hub id, `pretrained_gib` the published amount of text in each language. Subwords
    of that text are estimated: its bytes, over the bytes of a subword in our own text of the language. The
    learning curve is empty, for nobody here saw it.
    """
    with account.spend("io"), whole_folder(folder) as draft:
        fetch_encoder(name, draft, revision)
        tokenizer = load_tokenizer(draft)
        cut, per_byte = {}, {}
        for language, lines in read_corpus(corpus_folder).items():
            sample = [line for line in lines[:SAMPLE] if line] or ["-"]
            cut[language] = round(fertility(tokenizer, sample), 4)
            words, size = sum(len(line.split()) for line in sample), len("".join(sample).encode())
            per_byte[language] = cut[language] * words / size
        estimate = {code: round(pretrained_gib.get(code, 0.0) * GIB * per_byte[code]) for code in per_byte}
        write_table(draft / "pretraining.csv",
                    pd.DataFrame(columns=["update", "loss", "tokens", "learning_rate"]))  # fmt: skip
        write_json(draft / "pretraining.json", {
            "ready_made": name, "revision": revision, "vocabulary": len(tokenizer), "fertility": cut,
            "text_tokens": estimate, "tokens": estimate, "estimated": True,
        })  # fmt: skip
    return folder
