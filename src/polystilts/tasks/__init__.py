"""WHAT IS ASKED: the tasks and the arms of the study, each of them a row.

>>> TASKS["xnli"].kind
'classification'
>>> parse_arm("translated:squad_v2:A").strategy
'translated'
"""

from polystilts.tasks.arms import STRATEGIES, Arm, Strategy, parse_arm
from polystilts.tasks.intermediate import INTERMEDIATE_TASKS
from polystilts.tasks.target import FURTHER_TASKS, TARGET_TASKS, TRAINING_TASKS, XTREME_TASKS
from polystilts.tasks.task import KINDS, Search, Task

TASKS: dict[str, Task] = {
    task.name: task
    for task in (*INTERMEDIATE_TASKS, *TARGET_TASKS, *XTREME_TASKS, *FURTHER_TASKS, *TRAINING_TASKS)
}

__all__ = [
    "FURTHER_TASKS",
    "INTERMEDIATE_TASKS",
    "KINDS",
    "STRATEGIES",
    "TARGET_TASKS",
    "TASKS",
    "TRAINING_TASKS",
    "XTREME_TASKS",
    "Arm",
    "Search",
    "Strategy",
    "Task",
    "parse_arm",
]
