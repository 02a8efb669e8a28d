"""A claim: one sentence of the study with its number, its interval, its outcome and where it comes from."""

import math
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from polystilts.errors import WrongUse
from polystilts.statistics.intervals import Interval
from polystilts.statistics.outcomes import OUTCOMES

STATUSES = ("VERIFIED", "VERIFIED (within tolerance)", "FALSIFIED", "UNVERIFIED", "UNVERIFIED (stale)")


@dataclass(frozen=True)
class Claim:
    """One sentence the study stands behind. `outcome` judges the hypothesis, `status` the reproduction."""

    id: str
    hypothesis: str
    sentence: str
    quantifier: str
    estimate: float | None
    low: float | None
    high: float | None
    n: int  # matched differences
    units: int  # replicated units behind the interval
    outcome: str
    status: str = "UNVERIFIED"
    confirmatory: bool = False
    scale: str = ""
    lineage: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for what, value, allowed in (("outcome", self.outcome, OUTCOMES), ("status", self.status, STATUSES)):
            if value not in allowed:
                raise WrongUse(f"claim {self.id}: {what} is {value!r}; it may be {', '.join(allowed)}")


def as_record(claim: Claim) -> dict[str, Any]:
    """The claim as it stands in `claims.json`; numbers that are not there are null, never NaN."""
    record = asdict(claim)
    for key in ("estimate", "low", "high"):
        value = record[key]
        record[key] = None if value is None or math.isnan(value) else round(float(value), 6)
    return record


def from_record(record: dict[str, Any]) -> Claim:
    """The claim that a record of `claims.json` holds."""
    known = [one.name for one in fields(Claim)]
    wrong = set(record) ^ set(known)
    if wrong:
        raise WrongUse(f"a claim has the fields {', '.join(known)}; these differ: {', '.join(sorted(wrong))}")
    return Claim(**record)


def signed(value: float | None, digits: int = 1) -> str:
    """A number with its sign, a true minus, and no minus zero.

    >>> signed(1.25), signed(-0.44), signed(-0.04), signed(None)
    ('+1.2', '−0.4', '0.0', 'unknown')
    """
    if value is None or math.isnan(value):
        return "unknown"
    rounded = round(value, digits) + 0.0
    return f"{rounded:+.{digits}f}".replace("-", "−") if rounded else f"{0:.{digits}f}"


def interval_words(interval: "Interval | Claim", digits: int = 1) -> str:
    """An interval, or that of a claim, as readers meet it.

    >>> interval_words(Interval(2.0, 0.577, 2, 3)), interval_words(Interval(2.0, None, 0, 1))
    ('−0.5 to +4.5', 'no interval')
    """
    if interval.low is None:
        return "no interval"
    return f"{signed(interval.low, digits)} to {signed(interval.high, digits)}"


def number(claim: Claim, digits: int = 1, unit: str = "points") -> str:
    """The claim's number as prose: estimate and interval, or why there is no interval.

    >>> number(Claim("x", "x", "", "mean", 1.84, -0.36, 4.04, 144, 3, "undecided"))
    '+1.8 points (95 % interval −0.4 to +4.0)'
    >>> number(Claim("x", "x", "", "mean", None, None, None, 0, 0, "undecided"))
    'not measured'
    """
    if claim.estimate is None or math.isnan(claim.estimate):
        return "not measured"
    estimate = f"{signed(claim.estimate, digits)} {unit}".strip()
    if claim.low is None or claim.high is None:
        return f"{estimate} (no interval)"
    return f"{estimate} (95 % interval {signed(claim.low, digits)} to {signed(claim.high, digits)})"
