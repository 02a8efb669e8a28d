"""Which languages have little text: those declared, and in real data every second world the others."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any


def low_resource_in(
    allotment: int,
    low_resource: Sequence[str],
    languages: Sequence[str],
    source_language: str,
    tested_only: Collection[str] = (),
) -> tuple[str, ...]:
    """The languages that an allotment of real text gives little: the odd ones exchange the two groups.

    Languages without any text have little in both.

    >>> [low_resource_in(n, ["sw"], ["en", "sw", "te", "yo"], "en") for n in (0, 1, 2)]
    [('sw',), ('te', 'yo'), ('sw',)]
    """
    if allotment % 2 == 0:
        return tuple(low_resource)
    spared = {source_language, *low_resource} - set(tested_only)
    return tuple(code for code in languages if code not in spared)


def low_resource_of(shared: Mapping[str, Any]) -> tuple[str, ...] | dict[int, tuple[str, ...]]:
    """The low-resource languages of a study, from the `shared` section of its parameters.

    Those of each allotment where there are several, else the same in every world.
    """
    declared = tuple(shared["low_resource"])
    if shared["source"] == "world":
        return declared
    rest = shared["languages"], shared["source_language"], shared["tested_only"]
    return {int(seed): low_resource_in(seed, declared, *rest) for seed in shared["world_seeds"]}
