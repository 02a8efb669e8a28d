"""WHAT IS ASKED: the tasks and the arms of the study, each of them a row.

>>> TASKS["xnli"].kind
'classification'
>>> parse_arm("translated:squad_v2:A").strategy
'translated'
"""

from polystilts.tasks.arms import STRATEGIES, Arm, Strategy, parse_arm
from polystilts.tasks.intermediate import INTERMEDIATE_TASKS
from polystilts.tasks.target import TARGET_TASKS, TRAINING_TASKS
from polystilts.tasks.task import KINDS, Task

TASKS: dict[str, Task] = {task.name: task for task in (*INTERMEDIATE_TASKS, *TARGET_TASKS, *TRAINING_TASKS)}

__all__ = [
    "INTERMEDIATE_TASKS",
    "KINDS",
    "STRATEGIES",
    "TARGET_TASKS",
    "TASKS",
    "TRAINING_TASKS",
    "Arm",
    "Strategy",
    "Task",
    "parse_arm",
]
