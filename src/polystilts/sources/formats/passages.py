"""Questions about a passage: SQuAD 1.1 and 2.0, XQuAD, MLQA and TyDiQA-GoldP, all in SQuAD's JSON."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

from polystilts.errors import WrongUse
from polystilts.sources.formats.frames import identity, make_frame
from polystilts.sources.formats.strict import BYTE_ORDER_MARK, clean, field, read_json, refuse

# TyDiQA names its questions after the language: swahili-8211684794284159625-4 (google-research/tydiqa).
TYDIQA_NAMES = {
    "ar": "arabic", "bn": "bengali", "en": "english", "fi": "finnish", "id": "indonesian", "ko": "korean",
    "ru": "russian", "sw": "swahili", "te": "telugu",
}  # fmt: skip


def paragraphs(path: Path) -> Iterator[tuple[str, dict]]:
    """Every paragraph of a file in SQuAD's JSON, with its path inside the file."""
    content = read_json(path)
    for i, article in enumerate(field(content, "data", path, "data", list)):
        for j, paragraph in enumerate(field(article, "paragraphs", path, f"data[{i}]", list)):
            yield f"data[{i}].paragraphs[{j}]", paragraph


def questions(path: Path, place: str, paragraph: dict) -> Iterator[tuple[str, dict, str]]:
    """Every question of a paragraph with its place, and the context as it stands (offsets count in it)."""
    context = field(paragraph, "context", path, place) and paragraph["context"]
    for k, question in enumerate(field(paragraph, "qas", path, place, list)):
        field(question, "answers", path, f"{place}.qas[{k}]", list)
        yield f"{place}.qas[{k}]", question, context


def gold_answers(path: Path, place: str, question: dict, context: str) -> list[tuple[str, int]]:
    """Text and start of each answer, the first one first; none where SQuAD 2.0 calls it impossible."""
    found = []
    impossible = question.get("is_impossible", False)
    for number, answer in enumerate(question["answers"] if not impossible else []):
        inside = f"{place}.answers[{number}]"
        text = answer.get("text") if isinstance(answer, dict) else None
        if text == "" and answer.get("answer_start") in (0, -1):
            refuse(path, inside, "the answer is empty: the labels of this file are withheld (XTREME strips "
                   "its test files); take a file that has them")  # fmt: skip
        text = field(answer, "text", path, inside) and answer["text"]
        start = field(answer, "answer_start", path, inside, int)
        if start < 0 or context[start : start + len(text)] != text:
            there = context[max(start, 0) : max(start, 0) + len(text)]
            refuse(path, inside, f"the context does not hold {text[:40]!r} at {start} but {there[:40]!r}")
        found.append(_trimmed(text, start))
    if not found and not impossible:
        refuse(path, place, "no answer, and not marked is_impossible; add one or the mark")
    return found


def _trimmed(text: str, start: int) -> tuple[str, int]:
    """The answer without white space (and byte order marks) around it, and where it then starts."""
    kept = text.lstrip().lstrip(BYTE_ORDER_MARK).lstrip()
    return kept.rstrip().rstrip(BYTE_ORDER_MARK).rstrip(), start + len(text) - len(kept)


def read_squad(path: Path, task: str, split: str, language: str, ids: str = "") -> pd.DataFrame:
    """SQuAD 1.1 and 2.0, XQuAD and MLQA: question ids are the same in every language of a parallel set.

    `answer_text` and `answer_start` are those of the first gold answer, `answers` the different texts of all;
    where there is none they are "", -1 and an empty list.
    `ids="tydiqa"` keeps the questions of one language (see `read_tydiqa`).
    """
    left_out: Counter = Counter()

    def records() -> Iterator[tuple[str, dict]]:
        for count, (place, question, context) in enumerate(_all_questions(path)):
            name, family = field(question, "id", path, place), "="
            if ids == "tydiqa":
                spoken = name.split("-")[0]
                if spoken in TYDIQA_NAMES.values() and spoken != TYDIQA_NAMES.get(language):
                    left_out[f"questions in {spoken}"] += 1
                    continue
                if spoken not in TYDIQA_NAMES.values():
                    # Cut by XTREME to the last part, which is often twice in a file.
                    name, family = f"{language}-{count + 1}", ""
            answers = gold_answers(path, place, question, context)
            text, start = answers[0] if answers else ("", -1)
            yield (
                place,
                identity(task, split, language, name, family)
                | {
                    "context": context,
                    "question": field(question, "question", path, place),
                    "answer_text": text,
                    "answer_start": start,
                    "answers": list(dict.fromkeys(text for text, _ in answers)),
                },
            )

    return make_frame(path, language, records(), texts=("question",), left_out=left_out)


def _all_questions(path: Path) -> Iterator[tuple[str, dict, str]]:
    for place, paragraph in paragraphs(path):
        yield from questions(path, place, paragraph)


def read_tydiqa(path: Path, task: str, split: str, language: str) -> pd.DataFrame:
    """TyDiQA-GoldP: one file a language or one for all; the language is the first part of a question's id.

    XTREME's own copies of the training files cut the ids to their last part, which is not unique: there the
    place in the file names the question.
    """
    if language not in TYDIQA_NAMES:
        raise WrongUse(f"{path}: TyDiQA-GoldP has no {language!r}; it has {', '.join(TYDIQA_NAMES)}")
    return read_squad(path, task, split, language, ids="tydiqa")


def without_contexts_of(frame: pd.DataFrame, others: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """The rows of a frame whose context is in none of the other frames, white space aside.

    SQuAD shares passages with XQuAD and LAReQA: what is trained on must leave theirs out. How many rows went
    is added to `frame.attrs["left_out"]`.
    """

    def key(context: str) -> str:
        return " ".join(clean(context).split())

    theirs = {key(context) for other in others for context in other["context"]}
    kept = frame[[key(context) not in theirs for context in frame["context"]]].reset_index(drop=True)
    left_out = frame.attrs.get("left_out", {}) | {"questions on shared contexts": len(frame) - len(kept)}
    kept.attrs["left_out"] = left_out
    return kept
