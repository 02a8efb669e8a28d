"""The right answers of a test set: all that is needed to mark its predictions again.

Answers to questions are compared by their words, so labels of questions hold texts and contexts; labels of a
data set that may not be passed on are not for publication. All others hold ids and tags.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from polystilts.errors import StudyError
from polystilts.tasks import Task

LABEL_COLUMNS = ("language", "example_id", "meaning_id", "gold")
ANSWER_COLUMNS = ("context", "answers")  # of question answering: a text, and the texts that are right
CANDIDATE_ID = "candidate_id"  # a column that retrieval examples may have
NO_CANDIDATE = "-"  # what a query that has no right candidate is answered with
FURTHER_BEHIND = "..."  # in a ranking, before the places of right candidates that it does not reach


def gold_labels(task: Task, examples: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """What is needed to mark predictions again: ids and right answers; for questions their contexts too.

    `examples` holds one frame of test examples a language. Where candidates of all languages lie in one pool
    (LAReQA), the right ones are looked for in the frames given here, so give them all.
    """
    if not examples:
        raise StudyError(f"labels of {task.name} were asked for without examples; give one frame a language")
    parts = []
    for language, frame in examples.items():
        _refuse_twice(frame["example_id"], f"{task.name} in {language}: example ids")
        if task.search is not None and task.search.query in frame:
            frame = frame[frame[task.search.query] != ""]  # rows that only are candidates
        part = pd.DataFrame({
            "language": language,
            "example_id": frame["example_id"].astype(str).to_numpy(),
            "meaning_id": frame["meaning_id"].astype(str).to_numpy(),
        })  # fmt: skip
        if task.kind == "question_answering":
            rows = list(frame.to_dict("records"))
            part["gold"] = [_answer_span(task, language, row) for row in rows]
            part["context"] = frame["context"].to_numpy()
            part["answers"] = [right_answers(row) for row in rows]
        elif task.kind == "tagging":
            part["gold"] = [" ".join(tags) for tags in frame["tags"]]
        elif task.kind == "retrieval":
            part["gold"] = _right_candidates(task, examples, frame)
        else:
            part["gold"] = frame["label"].astype(str).to_numpy()
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def right_answers(example: Mapping[str, Any]) -> list[str]:
    """Every text that answers a question: `answer_text`, and whatever an `answers` column adds to it.

    >>> right_answers({"answer_text": "red mill", "answer_start": 4, "answers": ["red mill", "mill"]})
    ['red mill', 'mill']
    >>> right_answers({"answer_text": "", "answer_start": -1})
    []
    """
    first = [example["answer_text"]] if example["answer_start"] >= 0 else []
    more = example.get("answers")
    more = list(more) if isinstance(more, Iterable) and not isinstance(more, str) else []
    return list(dict.fromkeys(str(text) for text in (*first, *more)))


def candidate_names(task: Task, rows: pd.DataFrame) -> pd.Series:
    """The name of each row's candidate, as rankings report it.

    Two questions that one sentence answers have one candidate, so that neither finds the other's by mistake:
    the one that `candidate_id` names, or else the first of their language with the same text.
    """
    if CANDIDATE_ID in rows:
        return rows[CANDIDATE_ID].astype(str)
    names = rows[task.search.candidate].astype(str)
    if task.search.match == task.search.candidate:
        return names
    return names.groupby([rows["language"], rows[task.search.answer]]).transform("first")


def write_ranking(ranked: Sequence[str], behind: Mapping[str, int]) -> str:
    """A ranking as predictions hold it: the best candidates, and the places of right ones further behind.

    >>> write_ranking(["a", "x"], {"b": 37})
    'a x ... 37:b'
    """
    if not behind:
        return " ".join(ranked)
    places = [f"{place}:{name}" for name, place in sorted(behind.items(), key=lambda item: item[1])]
    return " ".join([*ranked, FURTHER_BEHIND, *places])


def read_ranking(prediction: str) -> tuple[list[str], dict[str, int]]:
    """The two parts of a ranking that `write_ranking` wrote."""
    ranked = prediction.split()
    if FURTHER_BEHIND not in ranked:
        return ranked, {}
    cut = ranked.index(FURTHER_BEHIND)
    places = (text.partition(":") for text in ranked[cut + 1 :])
    return ranked[:cut], {name: int(place) for place, _, name in places}


def _right_candidates(task: Task, examples: Mapping[str, pd.DataFrame], frame: pd.DataFrame) -> list[str]:
    search = task.search
    if search.match == search.candidate:  # a query's row names the one candidate that is right, if any is
        there = [True] * len(frame) if search.entities else frame[search.answer] != ""
        names = zip(frame[search.match], there, strict=True)
        return [str(name) if found else NO_CANDIDATE for name, found in names]
    rows = pd.concat([part.assign(language=code) for code, part in examples.items()], ignore_index=True)
    rows = rows[rows[search.answer] != ""]
    _refuse_twice(rows["example_id"], f"{task.name}: candidate ids")
    right = candidate_names(task, rows).groupby(rows[search.match].astype(str)).agg(set)
    return [" ".join(sorted(right[str(match)])) for match in frame[search.match]]


def _refuse_twice(names: Iterable[str], what: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise StudyError(f"{what} must be unique, and {name!r} is there twice; rename one of the two")
        seen.add(name)


def _answer_span(task: Task, language: str, row: Mapping[str, Any]) -> str:
    start, text = int(row["answer_start"]), str(row["answer_text"])
    if start < 0 and not text:
        return "-1:-1"
    if not text or start < 0 or row["context"][start : start + len(text)] != text:
        raise StudyError(f"{task.name} in {language}, example {row['example_id']}: the context does not hold "
                         f"{text!r} at {start}; correct answer_start or answer_text")  # fmt: skip
    return f"{start}:{start + len(text)}"
