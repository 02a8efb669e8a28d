"""Where arithmetic happens: device, precision, attention and determinism are chosen here and nowhere else."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache

import torch
from transformers import PreTrainedModel

# What lets a processor multiply bfloat16 in hardware, by torch's names. With it, 12 layers of 384 trained
# 2.5 times as fast in bfloat16 as in float32; without, layers of that size took almost four times as long.
BFLOAT16_FEATURES = ("amx_bf16", "avx512_bf16")
WIDE = 256  # hidden size below which casting costs what the products save
READING = "sdpa"  # torch's fused attention: nothing reads faster on any device


@dataclass(frozen=True)
class Arithmetic:
    """How a model calculates: the type of its products, and the kernel of its attention while it learns.

    Weights stay float32 whatever the products are. On a processor half of an update in bfloat16 went into the
    backward pass of torch's fused attention, so there attention is written out; in float32, and for reading,
    the fused kernel is as fast or faster.
    """

    device: str  # cpu or cuda
    dtype: torch.dtype
    attention: str  # sdpa: fused; eager: written out

    def products(self) -> AbstractContextManager:
        """Calculate in this way within the block."""
        if self.dtype == torch.float32:
            return nullcontext()
        return torch.autocast(self.device, dtype=self.dtype)


@cache
def processor_features() -> frozenset[str]:
    """What this processor can do beyond any other's, of what decides how a model calculates on it."""
    able = torch.cpu.get_capabilities()
    return frozenset(name for name in BFLOAT16_FEATURES if able.get(name))


def arithmetic(device: torch.device, hidden: int = 0) -> Arithmetic:
    """How a model of this hidden size calculates on a device: always the same on one machine.

    A small or unknown size is float32 on every processor.
    """
    if device.type == "cuda":
        return Arithmetic("cuda", torch.bfloat16, READING)
    if hidden >= WIDE and processor_features():
        return Arithmetic("cpu", torch.bfloat16, "eager")
    return Arithmetic("cpu", torch.float32, READING)


def choose_device() -> torch.device:
    """The first CUDA device where there is one, otherwise the CPU with one thread.

    One thread is a measured choice: with a 64-wide encoder two threads were slower than one, and much slower
    as soon as anything else ran on the machine. Two processes of one thread each are what two cores do best.
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


def precision(device: torch.device, hidden: int = 0) -> AbstractContextManager:
    """The precision of a model of this hidden size on a device, within a block."""
    return arithmetic(device, hidden).products()


def attend(model: PreTrainedModel, kernel: str) -> None:
    """Let a model's attention be worked out by this kernel."""
    if model.config._attn_implementation != kernel:
        model.set_attn_implementation(kernel)


def for_reading(model: PreTrainedModel) -> PreTrainedModel:
    """The model on its device, ready to be read: without dropout, and in the type it is read fastest in.

    Where products are bfloat16 on a processor the weights are cast once, for a cast in every batch costs more
    than the batch gains.
    """
    device = choose_device()
    how = arithmetic(device, model.config.hidden_size)
    if how.device == "cpu" and how.dtype != torch.float32:
        model = model.to(how.dtype)
    return model.to(device).eval()
