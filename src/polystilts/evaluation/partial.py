"""Examples with parts of their input blanked, to learn what the rest gives away.

Word counts alone miss leaks that an encoder finds, so a sound test is also tried on an encoder that is
trained and tested on a part of the input.
"""

import pandas as pd

from polystilts.errors import WrongUse
from polystilts.tasks import Task

# What each view leaves blank. Labels stay as they are.
VIEWS: dict[str, dict[str, tuple[str, ...]]] = {
    "classification": {"hypothesis only": ("text_a",), "premise only": ("text_b",)},
    "multiple_choice": {
        "options only": ("context", "question"),
        "no question": ("question",),
        "no context": ("context",),
    },
    "question_answering": {"context only": ("question",)},
}


def partial_views(task: Task, frame: pd.DataFrame) -> tuple[str, ...]:
    """The views that take something away from these examples, each only once.

    Where no item has a question, "no question" is the whole input and "no context" is "options only".
    """
    views: dict[tuple[str, ...], str] = {}
    for view, blank in VIEWS.get(task.kind, {}).items():
        taken = tuple(column for column in blank if (frame[column] != "").any())
        if taken:
            views.setdefault(taken, view)
    return tuple(views.values())


def partial_input(task: Task, frame: pd.DataFrame, view: str) -> pd.DataFrame:
    """The same examples with parts of their input blanked, to train and test a model on what is left."""
    possible = partial_views(task, frame)
    if view not in possible:
        known = ", ".join(possible) or "none"
        raise WrongUse(f"{task.name} has no view {view!r} that blanks anything; its views are {known}")
    return frame.assign(**{column: "" for column in VIEWS[task.kind][view]})
