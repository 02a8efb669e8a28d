"""Where a long training stands: written every few minutes, and taken up again after a kill, bit for bit.

Weights, the optimizer's state, torch's random numbers and a record of progress are kept. The position in the
data is not: whoever resumes draws the same batches once more, unread, which costs next to nothing.
"""

import json
import sys
import time
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from polystilts.files import fingerprint, whole_file

EVERY_S = 300.0  # seconds between two points; what ends sooner never writes one
POINT = ".resume-"  # how the names of resume points start
ROOMS = ("models", "training")  # whose code a point belongs to


class ResumePoint:
    """The one resume point of one training, named for everything that decides how that training goes.

    So it can serve no other: other data, other knobs, other starting weights or other code have another name.
    `folder` is where it is kept; None keeps nothing.
    """

    def __init__(self, folder: str | Path | None, optimizer: torch.optim.Optimizer, decides: Mapping) -> None:
        self.optimizer = optimizer
        self.weights = [weights for group in optimizer.param_groups for weights in group["params"]]
        self.file = None
        if folder is not None:
            started = digest({str(number): weights for number, weights in enumerate(self.weights)})
            name = fingerprint({**decides, "start": started, "code": _code(), "torch": torch.__version__})
            self.file = Path(folder) / f"{POINT}{name}.safetensors"
        self.written = time.monotonic()

    def due(self) -> bool:
        """Whether it is time to write the point."""
        return self.file is not None and time.monotonic() - self.written >= EVERY_S

    def write(self, progress: Mapping[str, Any]) -> None:
        """Keep the present state, and what the training needs to know to go on from it."""
        tensors = {name: tensor.cpu().contiguous() for name, tensor in self._tensors().items()}
        text = json.dumps(progress)
        with whole_file(self.file) as draft:
            save_file(tensors, draft, {"progress": text, "digest": digest(tensors, text)})
        self.written = time.monotonic()

    def read(self) -> dict[str, Any] | None:
        """Put the kept state back and return the progress kept with it; None without a sound point."""
        if self.file is None or not self.file.exists():
            return None
        try:
            with safe_open(self.file, "pt") as stream:
                tensors = {name: stream.get_tensor(name) for name in stream.keys()}
                kept = stream.metadata() or {}
        except (SafetensorError, OSError):
            kept, tensors = {}, {}
        if not tensors or kept.get("digest") != digest(tensors, kept.get("progress", "")):
            print(f"{self.file} is damaged: leaving it aside, training starts anew", file=sys.stderr)
            self.file.unlink(missing_ok=True)
            return None
        self._restore(tensors)
        progress = json.loads(kept["progress"])
        print(f"training goes on after update {progress['update']}, from {self.file}", file=sys.stderr)
        return progress

    def _tensors(self) -> dict[str, torch.Tensor]:
        found = {"random": torch.get_rng_state()}
        if torch.cuda.is_available():
            found["random.cuda"] = torch.cuda.get_rng_state()
        for number, weights in enumerate(self.weights):
            found[f"{number}.weights"] = weights.data
            for name, value in self.optimizer.state.get(weights, {}).items():
                found[f"{number}.{name}"] = value
        return found

    def _restore(self, tensors: dict[str, torch.Tensor]) -> None:
        torch.set_rng_state(tensors["random"])
        if "random.cuda" in tensors and torch.cuda.is_available():
            torch.cuda.set_rng_state(tensors["random.cuda"])
        for number, weights in enumerate(self.weights):
            mine = {name.partition(".")[2]: t for name, t in tensors.items() if name.startswith(f"{number}.")}
            weights.data.copy_(mine.pop("weights"))
            if mine:
                self.optimizer.state[weights] = {name: t.to(weights.device) for name, t in mine.items()}


def forget(folder: str | Path) -> None:
    """Remove the resume points in a folder, once what was trained there is saved."""
    for file in Path(folder).glob(f"{POINT}*"):
        file.unlink(missing_ok=True)


def digest(tensors: Mapping[str, torch.Tensor], text: str = "") -> str:
    """The SHA-256 of named tensors and a text, in hex."""
    found = sha256(text.encode())
    for name in sorted(tensors):
        found.update(name.encode())
        found.update(tensors[name].detach().cpu().contiguous().numpy().data)
    return found.hexdigest()


def _code() -> str:
    package = Path(__file__).parents[1]
    return fingerprint({
        file.relative_to(package).as_posix(): sha256(file.read_bytes()).hexdigest()
        for room in ROOMS for file in sorted((package / room).rglob("*.py"))
    })  # fmt: skip
