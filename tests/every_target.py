"""Invented test items of all targets, in the form that every source leaves: small, and in two languages."""

from pathlib import Path

import pandas as pd
from small_encoder import WORDS, sentences

from polystilts.tasks import TASKS, Task

ITEMS = 8
TARGETS = [task.name for task in TASKS.values() if task.role == "target"]


def labels_of(task: Task, count: int) -> list[str]:
    """Every label in turn."""
    return [task.labels[i % len(task.labels)] for i in range(count)]


def rows(task: Task, split: str, language: str, count: int = ITEMS) -> pd.DataFrame:
    """Examples of a task whose answers differ from item to item."""
    lines, other = sentences(language, count, seed=1), sentences("alb", count, seed=2)
    names = [f"{task.name}-{split}-{language}-{i}" for i in range(count)]
    frame = pd.DataFrame({"example_id": names, "meaning_id": [f"{split}-m{i}" for i in range(count)]})
    if task.kind == "classification":
        return frame.assign(text_a=lines, text_b=lines[::-1], label=labels_of(task, count))
    if task.kind == "multiple_choice":
        number = task.choices or 2
        options = [[WORDS[language][(i + k) % 9] for k in range(number)] for i in range(count)]
        return frame.assign(
            context=lines, question="huta ?", choices=options, label=[i % number for i in range(count)]
        )
    if task.kind == "tagging":
        words = [line.split() for line in lines]
        tags = [labels_of(task, len(line) + i)[i:] for i, line in enumerate(words)]
        return frame.assign(words=words, tags=tags)
    if task.kind == "question_answering":
        starts = [line.index(" ") + 1 for line in lines]
        answers = [line[start:].split()[0] for line, start in zip(lines, starts, strict=True)]
        frame = frame.assign(context=lines, question="huta ?", answer_text=answers, answer_start=starts)
        return frame.assign(
            answers=[[text, line.split()[0]] for text, line in zip(answers, lines, strict=True)]
        )
    if task.search.entities:
        ends = [line.index(" ") for line in lines]
        entities = [f"Q{i}" for i in range(count)]
        return frame.assign(text=lines, mention_start=0, mention_end=ends, entity_id=entities)
    if task.metric == "map@20":
        return frame.assign(question=lines, answer=other)
    if task.metric == "bucc_f1":
        frame = frame.assign(text=lines, text_source=other, source_id=[f"s{i}" for i in range(count)])
        frame.loc[count - 2, "text_source"], frame.loc[count - 1, "text"] = "", ""
        return frame
    return frame.assign(text=lines, text_source=other)


def write_examples(folder: Path, names: list[str]) -> Path:
    """Training, development and test rows of tasks, in the language `alb`, and test rows in `dor`."""
    for name in names:
        task = TASKS[name]
        training = TASKS.get(task.training_task)
        parts = {(name, "test", code): task for code in ("alb", "dor")} if task.role == "target" else {}
        parts |= {(name, "dev", code): task for code in ("alb", "dor")}
        if training is not None:
            parts[training.name, "train", "alb"] = training
        for (where, split, code), row in parts.items():
            (folder / where).mkdir(parents=True, exist_ok=True)
            rows(row, split, code).to_parquet(folder / where / f"{split}-{code}.parquet")
        if task.search is not None and task.search.entities:
            texts = sentences("dor", ITEMS, seed=3)
            entities = {
                "entity_id": [f"Q{i}" for i in range(ITEMS)],
                "language": ["alb", "dor"] * 4,
                "text": texts,
            }
            for split in ("train", "dev", "test"):
                pd.DataFrame(entities).to_parquet(folder / name / f"entities-{split}.parquet")
    return folder
