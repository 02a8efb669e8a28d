"""Target training as others did it: their learning rate, epochs, batch and length for each task, as rows.

A scale's knob `protocol` chooses `ours`, which are the other knobs of its section, or one of these presets,
which then takes the place of those knobs. Two things are not taken over: all presets keep the last
checkpoint, where the reference picks one on English development rows for some tasks (`selection`); and the
windows of a long context overlap as ours do. Epochs become updates by the size of the published training
set, so a smaller set is read more often.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

from polystilts.errors import WrongUse


@dataclass(frozen=True)
class Preset:
    """How a reference tunes on one training set."""

    rows: int  # of the published training set; for questions, which give several windows, its questions
    epochs: int
    learning_rate: float
    longest: int  # tokens an input is cut at
    batch_size: int = 32  # gradients accumulated over smaller batches are one batch here
    warmup_updates: int = 0
    warmup_share: float = 0.0
    weight_decay: float = 0.0
    selection: str = "last checkpoint"  # what the reference keeps

    @property
    def updates(self) -> int:
        """The updates that the epochs come to."""
        return ceil(self.rows * self.epochs / self.batch_size)

    def knobs(self) -> dict[str, Any]:
        """The same as knobs of a recipe; after the warm-up the rate falls in a straight line to zero."""
        warmup = self.warmup_share or self.warmup_updates / self.updates
        return {
            "updates": self.updates,
            "batch_size": self.batch_size,
            "learning_rate": self.learning_rate,
            "warmup_share": warmup,
            "decay_share": 1 - warmup,
            "weight_decay": self.weight_decay,
            "longest": self.longest,
        }


# Sizes: the hub's cards of mnli, siqa and copa, paws-x, xtreme's udpos, wikiann, squad, tydiqa and mewsli-x.
MNLI, SIQA_AND_COPA, PAWSX, UDPOS, PANX, SQUAD, TYDIQA, MEWSLIX = (
    392_702, 33_410 + 400, 49_401, 21_253, 20_000, 87_599, 3_696, 167_719,
)  # fmt: skip

# google-research/xtreme at 838c13b, scripts/train_*.sh, for base-size encoders. LAReQA accumulates four
# batches of 4, each with its own negatives; here the negatives of 16 are seen together.
XTREME = {
    "nli_train": Preset(MNLI, 5, 2e-5, 128, selection="best English dev accuracy, every 100 updates"),
    "pawsx": Preset(PAWSX, 5, 2e-5, 128, selection="best English dev accuracy, every 200 updates"),
    "copa_train": Preset(SIQA_AND_COPA, 5, 2e-5, 128),
    "udpos": Preset(UDPOS, 10, 2e-5, 128, selection="best English dev F1, every 500 updates"),
    "panx": Preset(PANX, 10, 2e-5, 128, selection="best English dev F1, every 1000 updates"),
    "qa_train": Preset(SQUAD, 3, 3e-5, 384, warmup_updates=500, weight_decay=1e-4),
    "tydiqa": Preset(TYDIQA, 3, 3e-5, 384, warmup_updates=500, weight_decay=1e-4),
    "lareqa": Preset(SQUAD, 3, 2e-5, 256, batch_size=16, selection="the checkpoint after 9000 updates"),
    "mewslix": Preset(MEWSLIX, 2, 2e-5, 64, batch_size=256),
}
_XTREME_LARGE = {"nli_train": 3e-5, "copa_train": 3e-5, "mewslix": 1e-5}

# Phang et al. 2020 as their group published it: nyu-mll/jiant at daa5a25, scripts/benchmarks/xtreme, for
# XLM-R large. It has the trained tasks of XTREME, not those that XTREME-R added.
_STOP = "every 1000 updates on 500 English dev examples, stopped after 30 without gain"
PHANG2020 = {
    "nli_train": Preset(MNLI, 2, 1e-5, 256, warmup_share=0.1, selection=_STOP),
    "pawsx": Preset(PAWSX, 5, 1e-5, 256, warmup_share=0.1, selection=_STOP),
    "udpos": Preset(UDPOS, 10, 1e-5, 256, warmup_share=0.1, selection=_STOP),
    "panx": Preset(PANX, 10, 1e-5, 256, warmup_share=0.1, selection=_STOP),
    "qa_train": Preset(SQUAD, 2, 1e-5, 384, batch_size=16, warmup_share=0.1, selection=_STOP),
    "tydiqa": Preset(TYDIQA, 2, 1e-5, 384, batch_size=16, warmup_share=0.1, selection=_STOP),
}

PRESETS: dict[str, dict[str, Preset]] = {
    "xtreme": XTREME,
    "xtreme-large": {
        name: replace(row, learning_rate=_XTREME_LARGE.get(name, row.learning_rate))
        for name, row in XTREME.items()
    },
    "phang2020": PHANG2020,
}
PROTOCOLS = ("ours", *PRESETS)


def target_knobs(target_finetuning: Mapping[str, Any], training_task: str) -> dict[str, Any]:
    """The knobs of one target training: those of the section, or those of the preset that it names.

    >>> section = {"updates": {"panx": 500}, "batch_size": 8, "learning_rate": 0.001, "protocol": "ours"}
    >>> target_knobs(section, "panx")
    {'updates': 500, 'batch_size': 8, 'learning_rate': 0.001}
    >>> target_knobs(section | {"protocol": "xtreme"}, "panx")["updates"]
    6250
    >>> target_knobs(section | {"learning_rate": {"udpos": 0.1}}, "panx")
    Traceback (most recent call last):
    polystilts.errors.WrongUse: learning_rate says nothing of panx, only of udpos
    """
    knobs = dict(target_finetuning)
    protocol = knobs.pop("protocol", "ours")
    if protocol != "ours":
        known = PRESETS[protocol]
        if training_task not in known:
            raise WrongUse(
                f"protocol {protocol} does not say how to tune on {training_task}, only on "
                f"{', '.join(known)}; leave out the targets that need it, or take another protocol"
            )
        return known[training_task].knobs()
    for knob, value in knobs.items():
        if isinstance(value, Mapping):
            if training_task not in value:
                raise WrongUse(f"{knob} says nothing of {training_task}, only of {', '.join(value)}")
            knobs[knob] = value[training_task]
    return knobs
