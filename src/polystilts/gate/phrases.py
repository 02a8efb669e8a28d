"""How claims print numbers and names, done again: each number in the one or two ways that rounding allows.

Study and gate find a number each by its own way, equal but for the last bits. Just at a half these decide
which way it is rounded, so such a number is written in both ways, and `settle` takes the one that a text has.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from polystilts.gate.estimates import Estimate
from polystilts.wording import wording

CLOSE = 1e-6  # numbers that differ by no more may round either way
FIRST, OTHER, LAST = "\ue000", "\ue001", "\ue002"  # around the ways, and between them


def _both(value: float, written: Callable[[float], str]) -> str:
    """A number as `written` has it, rounded to six decimals; in two ways where it is close to a half."""
    if math.isnan(value):
        return "unknown"
    ways = dict.fromkeys(written(round(value + shift, 6) + 0.0) for shift in (0.0, -CLOSE, CLOSE))
    return next(iter(ways)) if len(ways) == 1 else FIRST + OTHER.join(ways) + LAST


def settle(text: str, said: str) -> str:
    """The text, each number that may be written in two ways as `said` has it.

    >>> settle(signed(0.25), "+0.3"), settle(signed(0.25), "+0.2"), settle(signed(0.26), "+0.2")
    ('+0.3', '+0.2', '+0.3')
    """
    done = ""
    for part in re.split(f"({FIRST}[^{LAST}]*{LAST})", text):
        if part[:1] == FIRST:
            ways = part[1:-1].split(OTHER)
            part = max((way for way in ways if said.startswith(done + way)), key=len, default=ways[0])
        done += part
    return done


def signed(value: float) -> str:
    """With its sign and one decimal, a true minus, and no sign where nothing is left."""

    def written(number: float) -> str:
        rounded = round(number, 1) + 0.0
        return f"{rounded:+.1f}".replace("-", "−") if rounded else "0.0"

    return _both(value, written)


def plain(value: float) -> str:
    """Without a sign, one decimal."""
    return _both(abs(value), "{:.1f}".format)


def score(value: float) -> str:
    """A score or a share: one decimal."""
    return _both(value, lambda number: f"{number:.1f}".replace("-", "−"))


def short(value: float) -> str:
    """One decimal, of which nothing is said where it is 0.

    >>> short(90.0), short(96.666)
    ('90', '96.7')
    """
    return _both(value, lambda number: f"{number:.1f}".removesuffix(".0"))


def margin(row: Mapping[str, Any]) -> str:
    """The smallest effect of a hypothesis, with its noun."""
    edge = row["smallest_effect"]
    return f"{edge:g} point{'s' * (edge != 1)}"


def between(low: float | None, high: float | None, written: Callable[[float], str] = signed) -> str:
    """An interval, or the words that say that there is none."""
    if low is None or high is None:
        return wording()["no_interval"]
    return f"{written(low)} to {written(high)}"


def interval(found: Estimate) -> str:
    """The 95 % interval of an estimate."""
    return between(*found.ends())


def several(unit: str, count: int, real: bool) -> str:
    """How many units there are, with their noun."""
    return f"{count} {noun(unit, count, real)}"


def noun(unit: str, count: int, real: bool) -> str:
    """What a unit is called; real languages have allotments of text for worlds."""
    one, more = wording()["units"]["allotment" if real and unit == "world_seed" else unit]
    return one if count == 1 else more


def kinds_in_order(kinds: Iterable[str]) -> list[str]:
    """Kinds of task in the order in which they are told."""
    order = list(wording()["kinds"])
    return sorted(kinds, key=order.index)


def kind_parts(kinds: Mapping[str, Estimate]) -> str:
    """Each kind of task with its estimate and its interval."""
    return ", ".join(
        wording()["kind_part"].format(
            kind=wording()["kinds"][kind], estimate=signed(kinds[kind].value), interval=interval(kinds[kind])
        )
        for kind in kinds_in_order(kinds)
    )


def practice(arm: str) -> str:
    """What an arm does, as the subject of a sentence."""
    return wording()["arms"][arm]["practice"]


def in_short(arm: str) -> str:
    """What an arm is called beside another."""
    return wording()["arms"][arm]["short"]
