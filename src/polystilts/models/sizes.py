"""How large an encoder and its checkpoints are, reckoned from a scale's numbers: nothing here needs torch."""

from collections.abc import Mapping

POSITIONS = 514  # places in a text that an encoder of this kind knows
FLOAT = 4  # bytes of a weight on disk
PIECE, NORMALISER = 67, 320_000  # bytes of tokenizer.json: for each piece of XLM-R's, and beside them


def body_weights(shape: Mapping[str, int]) -> int:
    """The weights of the layers: matrices of attention and feed-forward, their biases, and two norms.

    `shape` has hidden, layers and feed_forward, as the section `pretraining` of a scale.
    """
    hidden, forward = shape["hidden"], shape["feed_forward"]
    return shape["layers"] * (4 * hidden**2 + 2 * hidden * forward + 9 * hidden + forward)


def embedding_weights(shape: Mapping[str, int], pieces: int) -> int:
    """The weights that a token's piece and place look up, and the norm over them."""
    return (pieces + POSITIONS + 3) * shape["hidden"]


def tokenizer_bytes(pieces: int) -> int:
    """What a tokenizer of XLM-R's kind takes on disk."""
    return PIECE * pieces + NORMALISER


def encoder_bytes(shape: Mapping[str, int], pieces: int) -> int:
    """What an encoder takes on disk, with its tokenizer; `pieces` are those left by trimming, if it was."""
    return FLOAT * (body_weights(shape) + embedding_weights(shape, pieces)) + tokenizer_bytes(pieces)


def checkpoint_bytes(shape: Mapping[str, int], pieces: int, frozen: str = "") -> int:
    """What a checkpoint takes on disk: without the embeddings and the tokenizer where those are frozen.

    `frozen` is the knob of the training stage. A head is small beside the layers; its pooler is counted.
    """
    layers = FLOAT * (body_weights(shape) + shape["hidden"] ** 2)
    return layers if frozen else layers + encoder_bytes(shape, pieces) - FLOAT * body_weights(shape)
