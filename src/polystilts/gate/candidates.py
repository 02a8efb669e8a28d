"""What candidates in random order reach on a search: how many there are, and how many of them are right."""

from pathlib import Path

import pandas as pd

from polystilts.tasks import Task


def candidates_in(task: Task, world: Path) -> dict[str, int]:
    """How many candidates a query of each language has: those of its file, of all, or all entities."""
    folder, search = world / "examples" / task.name, task.search
    described = folder / "entities-test.parquet"
    names: dict[str, set[str]] = {}
    for file in sorted(folder.glob("test-*.parquet")):
        frame = pd.read_parquet(file)
        code, frame = file.stem.removeprefix("test-"), frame[frame[search.answer] != ""]
        first: dict[str, str] = {}
        given = frame["candidate_id"] if "candidate_id" in frame else frame[search.candidate]
        named = set()
        for name, text in zip(given.astype(str), frame[search.answer], strict=True):
            merges = "candidate_id" not in frame and search.match != search.candidate
            named.add(first.setdefault(text, name) if merges else name)
        names[code] = named
    if described.is_file():
        return dict.fromkeys(names, len(pd.read_parquet(described)))
    everybody = len(set().union(*names.values()))
    return {code: len(own) if search.own_pool else everybody for code, own in names.items()}


def chance_of(metric: str, candidates: int, right: float) -> float:
    """The expected score (0–100) of a random order, place by place.

    >>> [round(chance_of(*one), 1) for one in (("accuracy", 200, 1), ("mrr@20", 200, 1), ("map@20", 20, 1))]
    [0.5, 1.8, 18.0]
    """
    if metric == "accuracy":
        return 100.0 * right / candidates
    value, unfound = 0.0, 1.0
    for place in range(1, min(20, candidates) + 1):
        if metric == "mrr@20":
            chance = min(1.0, right / (candidates - place + 1))
            value += unfound * chance / place
            unfound *= 1.0 - chance
        else:  # right here, and before it as many right ones as chance brings
            before = (place - 1) * (right - 1) / max(1, candidates - 1)
            value += right / candidates * (1.0 + before) / place
    return 100.0 * value / (1.0 if metric == "mrr@20" else min(20, right))
