"""What an arm had already seen, with labels, of the language it is tested in."""

from collections.abc import Collection

EXPOSURES = ("none", "task", "same-task")


def exposure(
    task_kind: str,
    intermediate_kinds: str | Collection[str],
    labelled_languages: Collection[str],
    language: str,
) -> str:
    """How much of the test is new: no labels in this language, labels of another kind, or of the same kind.

    `intermediate_kinds` is the kind of the intermediate task, or the kinds where an arm mixes several; an arm
    without labelled rows has neither kinds nor languages. Zero-shot claims rest on `none` alone.

    >>> exposure("tagging", "question_answering", {"alb", "dor"}, "dor")
    'task'
    >>> exposure("question_answering", "question_answering", {"alb", "dor"}, "dor")
    'same-task'
    >>> exposure("question_answering", "question_answering", {"alb", "dor"}, "lir")
    'none'
    """
    kinds = {intermediate_kinds} if isinstance(intermediate_kinds, str) else set(intermediate_kinds)
    kinds.discard("")
    if not kinds or language not in labelled_languages:
        return "none"
    return "same-task" if task_kind in kinds else "task"
