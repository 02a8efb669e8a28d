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


def low_resource_in_world(shared: Mapping[str, Any], world_seed: int) -> tuple[str, ...]:
    """The low-resource languages in one world of a study, from the `shared` section of its parameters."""
    if shared["source"] == "world":
        return tuple(shared["low_resource"])
    rest = shared["languages"], shared["source_language"], shared["tested_only"]
    return low_resource_in(world_seed, shared["low_resource"], *rest)


def low_resource_of(shared: Mapping[str, Any]) -> tuple[str, ...] | dict[int, tuple[str, ...]]:
    """The low-resource languages of a study: the same everywhere in invented worlds, else world by world."""
    if shared["source"] == "world":
        return tuple(shared["low_resource"])
    return {int(seed): low_resource_in_world(shared, seed) for seed in shared["world_seeds"]}
