"""The right answers of a test set without its text: ids, tags and the places of words."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from polystilts.errors import StudyError
from polystilts.evaluation.answers import ContextWords, context_words, mlqa_normalise, squad_normalise
from polystilts.tasks import Task

LABEL_COLUMNS = ("language", "example_id", "meaning_id", "gold")
WORD_COLUMNS = ("word_starts", "word_ends", "word_ids")  # of question answering, see `answers.ContextWords`


def gold_labels(task: Task, examples: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """What is needed to mark predictions again: ids, right answers and word places, but no text.

    `examples` holds one frame of test examples a language. Where candidates of all languages lie in one pool
    (LAReQA), the right ones are looked for in the frames given here, so give them all.
    """
    if not examples:
        raise StudyError(f"labels of {task.name} were asked for without examples; give one frame a language")
    pool: dict[str, list[str]] = {}
    if task.metric == "map@20":
        for frame in examples.values():
            for example_id, meaning_id in zip(frame["example_id"], frame["meaning_id"], strict=True):
                pool.setdefault(str(meaning_id), []).append(str(example_id))
        _refuse_twice([name for names in pool.values() for name in names], f"{task.name}: candidate ids")
    parts = []
    for language, frame in examples.items():
        _refuse_twice(frame["example_id"], f"{task.name} in {language}: example ids")
        part = pd.DataFrame({
            "language": language,
            "example_id": frame["example_id"].astype(str).to_numpy(),
            "meaning_id": frame["meaning_id"].astype(str).to_numpy(),
        })  # fmt: skip
        rows = list(frame.to_dict("records"))
        if task.kind == "question_answering":
            part["gold"] = [_answer_span(task, language, row) for row in rows]
            words = _words_of_contexts([row["context"] for row in rows], task, language)
            part["word_starts"] = [list(found.starts) for found in words]
            part["word_ends"] = [list(found.ends) for found in words]
            part["word_ids"] = [list(found.ids) for found in words]
        elif task.kind == "tagging":
            part["gold"] = [" ".join(row["tags"]) for row in rows]
        elif task.metric == "map@20":
            part["gold"] = [" ".join(sorted(pool[str(row["meaning_id"])])) for row in rows]
        elif task.kind == "retrieval":
            right = "entity_id" if task.metric == "mrr@20" else "example_id"
            part["gold"] = [str(row[right]) for row in rows]
        else:
            part["gold"] = [str(row["label"]) for row in rows]
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _refuse_twice(names: Iterable[str], what: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise StudyError(f"{what} must be unique, and {name!r} is there twice; rename one of the two")
        seen.add(name)


def _words_of_contexts(contexts: list[str], task: Task, language: str) -> list[ContextWords]:
    def normalise(text: str) -> str:
        return mlqa_normalise(text, language) if task.name == "mlqa" else squad_normalise(text)

    reduced = {text: context_words(text, normalise) for text in set(contexts)}  # questions share contexts
    return [reduced[text] for text in contexts]


def _answer_span(task: Task, language: str, row: Mapping[str, Any]) -> str:
    start, text = int(row["answer_start"]), str(row["answer_text"])
    if start < 0 and not text:
        return "-1:-1"
    if not text or start < 0 or row["context"][start : start + len(text)] != text:
        raise StudyError(f"{task.name} in {language}, example {row['example_id']}: the context does not hold "
                         f"{text!r} at {start}; correct answer_start or answer_text")  # fmt: skip
    return f"{start}:{start + len(text)}"
