"""The design of a study: what its claims depend on and a person could choose after a look at the results.

It is frozen together with the hypotheses, scale by scale, as a hash. The gate computes it by itself.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from polystilts.errors import WrongUse
from polystilts.files import fingerprint

NOT_DESIGN = ("batches",)  # knobs of `shared:` that only split the work
COVERED = ("date", "hash", "world_seeds", "scales", "designs")  # what a freeze seals


def design_hash(sections: Mapping[str, Any]) -> str:
    """The fingerprint of a design: `shared:` of a scale's parameters, and the layers that retrieval reports.

    Neither the order of a list nor how the work is split makes another design.
    """
    design = {"retrieval_layers": sections["zero_shot_transfer"]["retrieval_layers"], **sections["shared"]}
    for knob in NOT_DESIGN:
        design.pop(knob, None)
    return fingerprint({
        knob: sorted(value, key=str) if isinstance(value, list) else value for knob, value in design.items()
    })  # fmt: skip


def design_of_scale(params: Path, scale: str) -> str:
    """The design of a scale as its file has it today."""
    file = Path(params) / f"{scale}.yaml"
    if not file.is_file():
        raise WrongUse(f"no scale {scale!r} in {params}, so no design of it to freeze")
    return design_hash(yaml.safe_load(file.read_text(encoding="utf-8")))


def scales_of(params: Path, world_seeds: Sequence[int]) -> list[str]:
    """The scales of generated worlds whose every world is among these: their designs are frozen too."""
    found = []
    for file in sorted(Path(params).glob("*.yaml")):
        shared = (yaml.safe_load(file.read_text(encoding="utf-8")) or {}).get("shared")
        if shared and shared["source"] == "world" and set(shared["world_seeds"]) <= set(world_seeds):
            found.append(file.stem)
    return found


def seal(frozen: Mapping[str, Any]) -> str:
    """The hash over everything that a freeze says."""
    return fingerprint({key: frozen[key] for key in COVERED if key in frozen})
