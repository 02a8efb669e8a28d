"""Checks of the values of a scale file: each refuses in one line what it does not understand."""

from collections.abc import Callable, Iterable
from typing import Any

from polystilts.errors import WrongUse, meant
from polystilts.tasks import TASKS, parse_arm


def one_of(choices: Iterable[str], what: str) -> Callable:
    """A check that a value is one of the choices."""
    choices = tuple(choices)

    def check(value: Any, where: str) -> None:
        if value not in choices:
            known = [str(choice) for choice in choices]
            near = meant(value, known)
            raise WrongUse(f"{where}: unknown {what} {value!r}; there are: {', '.join(known)}{near}")

    return check


def number(kind: type, low: float, high: float = float("inf")) -> Callable:
    """A check that a value is a number within its limits."""

    def check(value: Any, where: str) -> None:
        if isinstance(value, bool) or not isinstance(value, int if kind is int else int | float):
            raise WrongUse(f"{where}: {value!r} is not {'a whole number' if kind is int else 'a number'}")
        if not low <= value <= high:
            limits = f"at least {low}" if high == float("inf") else f"between {low} and {high}"
            raise WrongUse(f"{where}: {value!r} is not {limits}")

    return check


def list_of(check_one: Callable, least: int = 1) -> Callable:
    """A check that a value is a list, long enough, without repetition, each of its members right."""

    def check(value: Any, where: str) -> None:
        if isinstance(value, str) and value.startswith("["):
            knob = where.rpartition(".")[2]
            raise WrongUse(
                f"{where}: {value!r} is text, not a list; leave out its quotes, or for papermill write "
                f'-y "{{{knob}: {value}}}"'
            )
        if not isinstance(value, list):
            raise WrongUse(f"{where}: {value!r} is not a list; write [{value}] for one")
        if len(value) < least:
            raise WrongUse(f"{where}: the list is empty; name at least one")
        for one in value:
            check_one(one, where)
        twice = sorted({str(one) for one in value if value.count(one) > 1})
        if twice:
            raise WrongUse(f"{where}: {', '.join(twice)} is named twice")

    return check


def mapping_of(check_one: Callable, names: tuple[str, ...] = (), what: str = "key") -> Callable:
    """A check that a value is a mapping: of exactly these names, if names are given."""

    def check(value: Any, where: str) -> None:
        if not isinstance(value, dict) or not value:
            raise WrongUse(f"{where}: {value!r} is not a mapping of {what}s to numbers")
        for name in names:
            if name not in value:
                raise WrongUse(f"{where}: {name} is missing; it needs {', '.join(names)}")
        for name, one in value.items():
            if names and name not in names:
                raise WrongUse(f"{where}: unknown {what} {name!r}; there are: {', '.join(names)}")
            check_one(one, f"{where}.{name}")

    return check


def text(value: Any, where: str) -> None:
    """A check that a value is a word."""
    if isinstance(value, bool):
        raise WrongUse(f"{where}: YAML reads no, off, yes and on as answers, here as {value}; quote it: 'no'")
    if not isinstance(value, str) or not value:
        raise WrongUse(f"{where}: {value!r} is not a name")


def arm(value: Any, where: str) -> None:
    """A check that a value names an arm: strategy[:intermediate_task[:language_set]]."""
    text(value, where)
    try:
        parse_arm(value)
    except WrongUse as error:
        raise WrongUse(f"{where}: {error}") from None


def updates_by_task(value: Any, where: str) -> None:
    """A check that a value gives updates for training rows that exist."""
    mapping_of(positive)(value, where)
    trained = dict.fromkeys(TASKS[name].training_task for name in target_names())
    for name in value:
        one_of((task for task in trained if task != "none"), "task")(name, where)


def target_names() -> list[str]:
    """The tasks that a scale may name as its targets."""
    return [task.name for task in TASKS.values() if task.role == "target"]


def target(value: Any, where: str) -> None:
    """A check that a value is a target task."""
    text(value, where)
    one_of(target_names(), "target task")(value, where)


positive, count = number(int, 1), number(int, 0)
seed = number(int, 0, 2**32 - 1)  # what numpy takes
pieces = number(int, 150)  # the trainer wants a piece for every letter: all scripts of the world have 111
rate, share = number(float, 1e-9, 1.0), number(float, 0.0, 1.0)
