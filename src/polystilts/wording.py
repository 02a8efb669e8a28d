"""The words of claims, read from `wording.yaml`: templates that the study fills, and the gate fills again."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("wording.yaml")


@cache
def wording() -> dict[str, Any]:
    """All templates, as the file has them; it says of each what its places hold."""
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))


def listed(names: list[str]) -> str:
    """Several names in a sentence.

    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    *before, last = names
    return f"{', '.join(before)} and {last}" if before else last


def note_of(name: str, **places: Any) -> str:
    """A note about an estimate, with its places filled.

    >>> note_of("one_unit", unit="seed")
    'one seed only: no spread can be measured, so no interval is given'
    """
    return wording()["notes"][name].format(**places)
