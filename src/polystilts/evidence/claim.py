"""A claim: what a study found out about one hypothesis, in numbers and words, and where it comes from.

`headline` is for people, `sentence` is everything; between them stand the contrast by task kind and against
none (`kind_table`) and the qualifications (`qualification_table`).
"""

import math
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import pandas as pd

from polystilts.errors import WrongUse
from polystilts.statistics.intervals import Interval
from polystilts.statistics.outcomes import OUTCOMES
from polystilts.wording import wording

STATUSES = ("VERIFIED", "FALSIFIED", "UNVERIFIED", "UNVERIFIED (stale)")
TOLD = ("headline", "reason", "factor", "family", "contrast", "qualifications")  # earlier claims had none


@dataclass(frozen=True)
class Claim:
    """What the study stands behind. `outcome` judges the hypothesis, `status` the reproduction."""

    id: str
    hypothesis: str
    sentence: str  # the whole of it: headline, contrast, qualifications, outcome
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
    headline: str = ""  # one sentence for people
    reason: str = ""  # why it is undecided, not testable or not run
    factor: float | None = None  # what Holm multiplies p by
    family: int = 0  # the tests of its family that were run and can be tested
    # Its `text`, its `unit`, and `rows`: side ("contrast", "control", "treatment"), arm, against, kind (""
    # for the whole), estimate, low, high, n, units.
    contrast: dict[str, Any] = field(default_factory=dict)
    qualifications: list[dict[str, Any]] = field(default_factory=list)  # each with name, text and numbers

    def __post_init__(self) -> None:
        for what, value, allowed in (("outcome", self.outcome, OUTCOMES), ("status", self.status, STATUSES)):
            if value not in allowed:
                raise WrongUse(f"claim {self.id}: {what} is {value!r}; it may be {', '.join(allowed)}")

    @property
    def told(self) -> str:
        """What it says to people; claims of before they were told so have their sentence only."""
        return self.headline or self.sentence


def as_record(claim: Claim) -> dict[str, Any]:
    """The claim as it stands in `claims.json`: six decimals, and null for a number that is not there."""
    record = _rounded(asdict(claim))
    if not claim.headline:  # a claim of before stays what it was
        for name in TOLD:
            del record[name]
    return record


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(one) for one in value]
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 6) + 0.0
    return value


def from_record(record: dict[str, Any]) -> Claim:
    """The claim that a record of `claims.json` holds."""
    known = {one.name for one in fields(Claim)}
    wrong = (set(record) - known) | (known - set(TOLD) - set(record))
    if wrong:
        names = ", ".join(one.name for one in fields(Claim))
        raise WrongUse(f"a claim has the fields {names}; these differ: {', '.join(sorted(wrong))}")
    return Claim(**record)


# --- numbers in words -----------------------------------------------------------------------------------


def signed(value: float | None, digits: int = 1) -> str:
    """A number with its sign, a true minus and no minus zero, from its six decimals in the ledger.

    >>> signed(1.25), signed(-0.44), signed(-0.04), signed(None)
    ('+1.2', '−0.4', '0.0', 'unknown')
    """
    if value is None or math.isnan(value):
        return "unknown"
    told = f"{round(value, 6):+.{digits}f}"
    return told.replace("-", "−") if float(told) else f"{0:.{digits}f}"


def interval_words(interval: "Interval | Claim", digits: int = 1) -> str:
    """An interval, or that of a claim, as readers meet it.

    >>> interval_words(Interval(2.0, 0.577, 2, 3)), interval_words(Interval(2.0, None, 0, 1))
    ('−0.5 to +4.5', 'no interval')
    """
    if interval.low is None:
        return wording()["no_interval"]
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


# --- tables for readers ---------------------------------------------------------------------------------


def kind_table(claim: Claim) -> pd.DataFrame:
    """The contrast and each side against none, whole and by kind of task: one row a comparison, in words.

    Columns: comparison, whole, and one for each kind of task; empty where a claim has no such numbers.
    """
    words, cells = wording(), {}
    for row in claim.contrast.get("rows", ()):
        arm, against = (words["arms"][row[name]]["short"] for name in ("arm", "against"))
        told = f"{signed(row['estimate'])} ({words['no_interval']})"
        if row["low"] is not None:
            told = f"{signed(row['estimate'])} ({signed(row['low'])} to {signed(row['high'])})"
        kind = words["kinds"][row["kind"]] if row["kind"] else "whole"
        cells.setdefault(f"{arm} minus {against}", {})[kind] = told
    kinds = [kind for kind in words["kinds"].values() if any(kind in row for row in cells.values())]
    rows = [[name, row["whole"], *(row.get(kind, "") for kind in kinds)] for name, row in cells.items()]
    return pd.DataFrame(rows, columns=["comparison", "whole", *kinds])


def qualification_table(claim: Claim) -> pd.DataFrame:
    """The qualifications of a claim, in order: columns qualification and what it says."""
    rows = [(one["name"], one["text"]) for one in claim.qualifications]
    return pd.DataFrame(rows, columns=["qualification", "what it says"])


def kind_words(claim: Claim) -> str:
    """What stands below the table of a claim by kind of task.

    >>> kind_words(Claim("x", "x", "", "mean", 1, 0, 2, 9, 3, "undecided", contrast={"unit": "points"}))
    'Differences in points, each with its 95 % interval.'
    """
    return f"Differences in {claim.contrast['unit']}, each with its 95 % interval."


def as_markdown(table: pd.DataFrame, right: bool = True) -> str:
    """A table of words in Markdown; every column but the first to the right, where they are numbers.

    >>> print(as_markdown(pd.DataFrame({"claim": ["a | b"], "found": ["+1.0"]})))
    | claim | found |
    |:--|--:|
    | a \\| b | +1.0 |
    """
    rows = [list(table.columns), *table.to_numpy().tolist()]
    lines = ["| " + " | ".join(str(cell).replace("|", r"\|") for cell in row) + " |" for row in rows]
    sides = "|:--" + ("|--:" if right else "|:--") * (len(table.columns) - 1) + "|"
    return "\n".join([lines[0], sides, *lines[1:]])
