"""Where arithmetic happens: device, precision and determinism are chosen here and nowhere else."""

from contextlib import AbstractContextManager, nullcontext

import torch


def choose_device() -> torch.device:
    """The first CUDA device where there is one, otherwise the CPU with one thread.

    One thread is a measured choice: with a 64-wide encoder two threads were slower than one, and much slower
    as soon as anything else ran on the machine.
    """
    if torch.cuda.is_available():
        return torch.device("cuda")
    torch.set_num_threads(1)
    return torch.device("cpu")


def make_deterministic(seed: int) -> None:
    """Fix every source of chance in torch: equal seeds then give equal bytes on the same machine."""
    torch.manual_seed(seed)
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True


def precision(device: torch.device) -> AbstractContextManager:
    """Full precision on a CPU, where bfloat16 was half as fast; bfloat16 autocast on a GPU."""
    if device.type == "cuda":
        return torch.autocast("cuda", dtype=torch.bfloat16)
    return nullcontext()
