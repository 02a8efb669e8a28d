"""One cell of a study, done again: what came out, by what it was held, and how such results are told."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from polystilts.gate.evidence import Evidence
from polystilts.gate.tolerance import Shift

RESULTS = ("identical", "within tolerance", "different", "failed")


@dataclass(frozen=True)
class Rerun:
    """One cell done again: what came out, and what held it."""

    run: str
    target: str
    result: str  # identical, within tolerance, different, failed
    words: str
    enforced: tuple[str, ...] = ()
    predictions: str = ""  # the SHA-256 of what was predicted again, as runs write it
    dev: Mapping[str, Any] | None = None  # what the repeated intermediate stage reached on development rows
    shift: Shift | None = None  # how far it lies from what was published, where it differs

    @property
    def good(self) -> bool:
        """Whether it came to the same."""
        return self.result in ("identical", "within tolerance")


def results_in_words(reruns: Sequence[Rerun]) -> str:
    """How many cells came out which way.

    >>> results_in_words([Rerun("r", "xnli", "identical", ""), Rerun("r", "udpos", "within tolerance", "")])
    '1 identical, 1 within tolerance'
    """
    counts = Counter(one.result for one in reruns)
    return ", ".join(f"{counts[result]} {result}" for result in RESULTS if counts[result]) or "none"


def repeatable(evidence: Evidence) -> set[str]:
    """The runs whose encoder lies beside them."""
    encoders = evidence.folder / "encoders"
    return {run for run, record in evidence.runs.items() if (encoders / record["parent"]).is_dir()}
