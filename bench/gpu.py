"""The training rivals on a GPU: XLM-R's two sizes with random weights, beside the machine's own rate.

    python bench/gpu.py

Writes bench/gpu.csv and the table of bench/README.md. Without a GPU it says so and writes nothing.
"""

import time
from collections.abc import Iterator

import report
import torch
import training

from polystilts.models.device import choose_device, precision
from polystilts.models.encoder import backbone_parameters
from polystilts.training.recipe import Recipe

SIZES = {"base": (768, 12), "large": (1024, 24)}  # hidden size and layers of XLM-R
VOCABULARY = 250_002
LENGTHS = {"MNLI": ("classification", 33, 128, 256), "SQuAD": ("question_answering", 165, 384, 64)}
SIDES = ("ours", "Trainer, set well", "Trainer, as in the examples")


def matmul_rate(size: int = 8192, times: int = 20) -> float:
    """Floating-point operations a second that a large product in the training's precision reaches here."""
    device = choose_device()
    kind = torch.bfloat16 if device.type == "cuda" else torch.float32
    left, right = (torch.randn(size, size, device=device, dtype=kind) for _ in range(2))
    for counted in (False, True):
        if device.type == "cuda":
            torch.cuda.synchronize()
        start = time.perf_counter()
        for _ in range(times if counted else 2):
            left @ right
        if device.type == "cuda":
            torch.cuda.synchronize()
    return 2 * size**3 * times / (time.perf_counter() - start)


def rows(
    rounds: int,
    sizes: dict = SIZES,
    lengths: dict = LENGTHS,
    vocabulary: int = VOCABULARY,
    updates: int = 80,
    product: int = 8192,
) -> Iterator[dict]:
    """Every size and length: all sides, and the share of the matrix rate that each reaches."""
    best = matmul_rate(product)
    for size, (hidden, layers) in sizes.items():
        for name, (kind, mean, width, batch) in lengths.items():
            model = training.drawn_model(kind, hidden, layers, vocabulary)
            operations = 6 * backbone_parameters(model)  # for each token, forwards and backwards
            features = training.drawn_rows(kind, 20 * batch, mean, width, vocabulary)
            recipe = Recipe(updates=updates, batch_size=batch, learning_rate=1e-5)
            setting = f"XLM-R-{size}, {name} lengths, {batch} rows"
            for row in training.race(setting, model, features, recipe, width, rounds, SIDES, clock="wall"):
                share = operations * row["amount"] / row["wall_s"] / best
                yield row | {"check": f"{row['check']}; {100 * share:.0f} % of the matrix rate"}


def main() -> None:
    device = choose_device()
    if device.type != "cuda":
        raise SystemExit("no GPU here; nothing was measured")
    with precision(device):  # fails here, with its own message, where the GPU has no bfloat16
        pass
    report.write_rows(report.HERE, "gpu", list(rows(3)), training.device_name())
    report.refresh()


if __name__ == "__main__":
    main()
