"""What a check did, and what it found."""

from collections.abc import Iterable
from dataclasses import dataclass, field

# What a finding does to the claims it touches, the worst first.
EFFECTS = {
    "falsifies": "the evidence does not bear the claim out",
    "stale": "the source has changed since the runs; nothing says they are wrong",
    "open": "something could not be checked",
    "weakens": "the claim stands, with less weight",
    "note": "worth knowing",
}


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be: what, and which claims it touches (none named: all of them)."""

    effect: str
    what: str  # one sentence that names the file, the cell or the line
    runs: tuple[str, ...] = ()  # touches the claims that rest on any of these runs
    claims: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.effect not in EFFECTS:
            raise ValueError(f"unknown effect {self.effect!r}; effects are {', '.join(EFFECTS)}")

    def touches(self, claim: str, its_runs: Iterable[str]) -> bool:
        """Whether a claim, given the runs it rests on, is concerned."""
        if not self.runs and not self.claims:
            return True
        return claim in self.claims or bool(set(self.runs) & set(its_runs))


@dataclass(frozen=True)
class Check:
    """One check: its question, what it did, and what it found."""

    name: str
    question: str
    done: str  # one sentence: how much was looked at, or why nothing could be
    findings: tuple[Finding, ...] = ()
    complete: bool = True  # False where the check could not look at anything
    facts: dict = field(default_factory=dict)  # counts for the record

    @property
    def passed(self) -> bool:
        """Whether it looked, and nothing it saw speaks against a claim."""
        return self.complete and not any(f.effect in ("falsifies", "stale") for f in self.findings)


def falsifies(what: str, runs: Iterable[str] = (), claims: Iterable[str] = ()) -> Finding:
    """A finding that falsifies the claims it touches."""
    return Finding("falsifies", what, tuple(runs), tuple(claims))


def counted(number: int, noun: str) -> str:
    """A number with its noun.

    >>> counted(1, "world"), counted(2, "world")
    ('1 world', '2 worlds')
    """
    return f"{number} {noun}{'s' * (number != 1)}"


def several(items: Iterable, most: int = 3) -> str:
    """The first few of many, and how many more there are.

    >>> several(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    items = [str(item) for item in items]
    rest = len(items) - most
    return ", ".join(items) if rest < 1 else f"{', '.join(items[:most])} and {rest} more"


def signed(value: float) -> str:
    """A number as the sentences of claims write it.

    >>> signed(-1.26), signed(0.01)
    ('−1.3', '0.0')
    """
    rounded = round(value, 1) + 0.0
    return f"{rounded:+.1f}".replace("-", "−") if rounded else "0.0"
