"""WHAT IS ASKED: the tasks and the arms of the study, each of them a row.

>>> TASKS["xnli"].kind
'classification'
>>> parse_arm("translated:squad_v2:A").strategy
'translated'
"""

from polystilts.tasks.arms import STRATEGIES, Arm, Strategy, parse_arm
from polystilts.tasks.intermediate import INTERMEDIATE_TASKS, TRANSLATED_TASKS
from polystilts.tasks.target import FURTHER_TASKS, TARGET_TASKS, TRAINING_TASKS, XTREME_TASKS
from polystilts.tasks.task import KINDS, Search, Task

TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        *INTERMEDIATE_TASKS, *TRANSLATED_TASKS, *TARGET_TASKS, *XTREME_TASKS, *FURTHER_TASKS, *TRAINING_TASKS
    )
}  # fmt: skip



def shut_out(intermediate_task: str, target: str) -> bool:
    """Is a run that practised this task (none: "") not asked this target, whose items it may have read?

    >>> [shut_out("xnli_practice", name) for name in ("americasnli", "udpos")], shut_out("", "xnli")
    ([True, False], False)
    """
    practised = TASKS.get(intermediate_task)
    return practised is not None and practised.shuts_out(TASKS[target])


__all__ = [
    "FURTHER_TASKS",
    "INTERMEDIATE_TASKS",
    "KINDS",
    "STRATEGIES",
    "TARGET_TASKS",
    "TASKS",
    "TRAINING_TASKS",
    "TRANSLATED_TASKS",
    "XTREME_TASKS",
    "Arm",
    "Search",
    "Strategy",
    "Task",
    "parse_arm",
    "shut_out",
]
