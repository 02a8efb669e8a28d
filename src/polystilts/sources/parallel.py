"""Do rows that are said to translate each other do so? What a translation keeps is compared, row by row.

Whoever translates keeps numbers, and says in many words what was said in many. Rows that were shuffled, even
among those of one label, keep neither. No model is asked, so what is found can be looked up in the rows.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from polystilts.errors import WrongUse

TEXTS = ("text_a", "text_b", "context", "question", "words", "choices")  # columns that are translated
THOUSANDS = re.compile(r"(?<=[0-9])[,.\u066c](?=[0-9]{3})")  # the marks that languages write differently
FEWEST = 20  # rows below which chance could be taken for a pattern
# Rank correlation of lengths: rows of XNLI and XQuAD reach 0.75 and more against English, in Arabic, Chinese,
# Swahili and Turkish; shuffled rows about 0, half-shuffled ones half as much.
LEAST_ALIKE = 0.6
LEAST_SPREAD = 0.15  # standard deviation of lengths over their mean; texts more alike tell nothing by it
LEAST_NUMBERS = 0.5  # of the rows with numbers, the share that has one again; there it is 0.8 and more
MOST_COPIED = 0.5  # share of rows that are the source-language ones, letter by letter


@dataclass(frozen=True)
class Agreement:
    """How far the rows of one column go together: rows, lengths, numbers, copies."""

    column: str
    rows: int
    lengths: float  # Spearman's correlation of the lengths in characters; NaN where they are much alike
    numbered: int  # rows whose source has a number
    numbers: float  # share of these whose numbers are found again, 1.0 where there are none
    copied: float  # share of the rows that were not translated at all

    def told(self) -> str:
        """One line for a reader.

        >>> Agreement("text_a", 90, 0.913, 40, 0.95, 0.0).told()
        'text_a: lengths go together by 0.91, numbers in 95% of 40 rows that have any, 0% untranslated'
        """
        numbers = f"numbers in {self.numbers:.0%} of {self.numbered} rows that have any"
        lengths = f"lengths go together by {self.lengths:.2f}"
        if np.isnan(self.lengths):
            lengths = "lengths are too much alike to tell"
        return f"{self.column}: {lengths}, {numbers}, {self.copied:.0%} untranslated"


def agreements(both: pd.DataFrame, theirs: str = "_theirs") -> list[Agreement]:
    """The agreement of each text column of rows beside their translations, whose columns end in `theirs`."""
    return [
        _agreement(column, both[column].map(_plain), both[column + theirs].map(_plain))
        for column in TEXTS
        if column in both and column + theirs in both
    ]


def refuse_shuffled(what: str, both: pd.DataFrame) -> str:
    """Refuse rows that are no translations of those beside them; otherwise say in one line how they agree.

    A column with numbers is refused where they are not found again, one without where lengths do not go
    together, and each where most of it is not translated. Raises WrongUse with the figures.
    """
    found = agreements(both)
    for one in found:
        if one.rows < FEWEST:
            continue
        known = one.numbered >= FEWEST  # are there numbers enough to go by?
        chance = 2 / np.sqrt(one.rows)  # how far a correlation of so many rows may be off
        unlike = one.lengths + chance < LEAST_ALIKE
        if (known and one.numbers < LEAST_NUMBERS) or (unlike and not known):
            raise WrongUse(
                f"{what}: rows do not go together with those they should translate ({one.told()}): the "
                "orders differ; put them in order, or drop the arm"
            )
        if one.copied > MOST_COPIED:
            raise WrongUse(f"{what}: most rows are not translated ({one.told()}); take another data set")
    return f"{len(both)} rows compared; " + "; ".join(one.told() for one in found)


def _agreement(column: str, ours: pd.Series, theirs: pd.Series) -> Agreement:
    ours, theirs = list(ours), list(theirs)
    numbers = [(_numbers(a), _numbers(b)) for a, b in zip(ours, theirs, strict=True)]
    # One number in common is enough: "2 of 10" is "two of ten" in some languages, and years stay figures.
    asked = [bool(a & b) for a, b in numbers if a]
    long = [(a, b) for a, b in zip(ours, theirs, strict=True) if len(a.split()) > 2]
    return Agreement(
        column,
        len(ours),
        _rank_correlation(map(len, ours), map(len, theirs)),
        len(asked),
        sum(asked) / len(asked) if asked else 1.0,
        sum(a == b for a, b in long) / len(long) if long else 0.0,
    )


def _plain(value: object) -> str:
    return value if isinstance(value, str) else " ".join(map(str, value))


def _numbers(text: str) -> set[str]:
    """The numbers of a text, in whatever digits, without the marks between thousands."""
    digits = "".join(str(unicodedata.decimal(char, char)) for char in text)
    return {number.lstrip("0") or "0" for number in re.findall("[0-9]+", THOUSANDS.sub("", digits))}


def _rank_correlation(first: Iterable[int], second: Iterable[int]) -> float:
    both = [pd.Series(list(lengths), dtype=float) for lengths in (first, second)]
    if any(lengths.std(ddof=0) <= LEAST_SPREAD * lengths.mean() for lengths in both):
        return float("nan")
    return float(np.corrcoef(*(lengths.rank() for lengths in both))[0, 1])
