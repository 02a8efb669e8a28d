"""Questions about a passage: SQuAD 1.1 and 2.0, XQuAD, MLQA and TyDiQA-GoldP, all in SQuAD's JSON."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

from polystilts.errors import WrongUse
from polystilts.sources.formats.frames import identity, make_frame
from polystilts.sources.formats.scripts import LEAST, refuse_other_script, share_of_script
from polystilts.sources.formats.strict import (
    BYTE_ORDER_MARK,
    clean,
    field,
    is_json_lines,
    read_json,
    read_json_lines,
    refuse,
    whole_number,
)

# TyDiQA names its questions after the language: swahili-8211684794284159625-4 (google-research/tydiqa).
TYDIQA_NAMES = {
    "ar": "arabic", "bn": "bengali", "en": "english", "fi": "finnish", "id": "indonesian", "ko": "korean",
    "ru": "russian", "sw": "swahili", "te": "telugu",
}  # fmt: skip


def paragraphs(path: Path) -> Iterator[tuple[int | str, dict]]:
    """Every paragraph of a file in SQuAD's JSON, with its path inside the file.

    In JSON lines each record is one question with its context (`_paragraph_of`), and its place is the line.
    """
    if is_json_lines(path):
        for line, record in read_json_lines(path):
            yield line, _paragraph_of(path, line, record)
        return
    content = read_json(path)
    for i, article in enumerate(field(content, "data", path, "data", list)):
        for j, paragraph in enumerate(field(article, "paragraphs", path, f"data[{i}]", list)):
            yield f"data[{i}].paragraphs[{j}]", paragraph


# Where a record of JSON lines has the question and the answers: as the hub flattens SQuAD, and as AfriQA
# does, whose question is in an African language and whose passage and answer are in English or French.
QUESTIONS, ANSWERS = ("question", "question_lang"), ("answers", "answer_pivot")


def _paragraph_of(path: Path, line: int, record: dict) -> dict:
    """One question of JSON lines as a paragraph of SQuAD's: `answers` holds lists of texts and starts."""
    asked = next((key for key in QUESTIONS if key in record), QUESTIONS[0])
    told = field(record, next((key for key in ANSWERS if key in record), ANSWERS[0]), path, line, dict)
    texts, starts = (field(told, key, path, line, list) for key in ("text", "answer_start"))
    if len(texts) != len(starts):
        refuse(path, line, f"{len(texts)} texts of answers and {len(starts)} places; each answer has both")
    answers = [{"text": text, "answer_start": start} for text, start in zip(texts, starts, strict=True)]
    question = {"id": record.get("id"), "question": field(record, asked, path, line), "answers": answers}
    return {"context": record.get("context"), "qas": [question | {"is_impossible": not answers}]}


def _inside(place: int | str, more: str) -> int | str:
    """A place further in; a line stays the line."""
    return place if isinstance(place, int) else f"{place}.{more}"


def questions(path: Path, place: int | str, paragraph: dict) -> Iterator[tuple[int | str, dict, str]]:
    """Every question of a paragraph with its place, and the context as it stands (offsets count in it)."""
    context = field(paragraph, "context", path, place) and paragraph["context"]
    for k, question in enumerate(field(paragraph, "qas", path, place, list)):
        inside = _inside(place, f"qas[{k}]")
        field(question, "answers", path, inside, list)
        yield inside, question, context


def gold_answers(path: Path, place: int | str, question: dict, context: str) -> list[tuple[str, int]]:
    """Text and start of each answer, the first one first; none where SQuAD 2.0 calls it impossible."""
    found = []
    impossible = question.get("is_impossible", False)
    for number, answer in enumerate(question["answers"] if not impossible else []):
        inside = _inside(place, f"answers[{number}]")
        text = answer.get("text") if isinstance(answer, dict) else None
        if text == "" and answer.get("answer_start") in (0, -1):
            refuse(path, inside, "the answer is empty: the labels of this file are withheld (XTREME strips "
                   "its test files); take a file that has them")  # fmt: skip
        text = field(answer, "text", path, inside) and answer["text"]
        start = field(answer, "answer_start", path, inside, int)
        if start < 0 or context[start : start + len(text)] != text:
            refuse(path, inside, misplaced(context, text, start))
        found.append(_trimmed(text, start))
    if not found and not impossible:
        refuse(path, place, "no answer, and not marked is_impossible; add one or the mark")
    return found


def misplaced(context: str, text: str, start: int) -> str:
    """Why `text` is not found at `start` of the context: what is there, and what the number may count.

    >>> misplaced("é red", "red", 3)
    "the context does not hold 'red' at 3 but 'ed': the number counts bytes of UTF-8; count characters"
    """
    there = context[max(start, 0) : max(start, 0) + len(text)]
    told = f"the context does not hold {text[:40]!r} at {start} but {there[:40]!r}"
    if start < 0:
        return told
    if context.encode("utf-8")[start:].startswith(text.encode("utf-8")):
        return f"{told}: the number counts bytes of UTF-8; count characters"
    if context.encode("utf-16-le")[2 * start :].startswith(text.encode("utf-16-le")):
        return f"{told}: the number counts UTF-16 units, of which an emoji has two; count characters"
    if context.replace("\r\n", "\n")[start:].startswith(text):
        return f"{told}: the number counts CRLF as one character; count characters as they stand"
    same = [unicodedata.normalize("NFC", one) for one in (text, context)]
    if text not in context and same[0] in same[1]:
        return f"{told}: context and answer are composed differently (NFC, NFD); normalise both alike"
    return told


def _trimmed(text: str, start: int) -> tuple[str, int]:
    """The answer without white space (and byte order marks) around it, and where it then starts."""
    kept = text.lstrip().lstrip(BYTE_ORDER_MARK).lstrip()
    return kept.rstrip().rstrip(BYTE_ORDER_MARK).rstrip(), start + len(text) - len(kept)


# MLQA's files across languages: test-context-hi-question-en.json.
ACROSS = re.compile(r"context-(\w+)-question-(\w+)$")


def read_squad(
    path: Path, task: str, split: str, language: str, ids: str = "", question_language: str = ""
) -> pd.DataFrame:
    """SQuAD 1.1 and 2.0, XQuAD and MLQA: question ids are the same in every language of a parallel set.

    `answer_text` and `answer_start` are those of the first gold answer, `answers` the different texts of all;
    where there is none they are "", -1 and an empty list.
    `ids="tydiqa"` keeps the questions of one language (see `read_tydiqa`). `language` is that of the contexts
    and of the questions, unless `question_language`, or the name of MLQA's file, says another. JSON lines
    with a question each are read too; there contexts may be in any language.
    """
    left_out: Counter = Counter()
    across = ACROSS.search(path.stem)
    if across and across[1] != language:
        refuse(path, 1, f"its contexts are in {across[1]!r} by its name, and it is read as {language!r}")
    question_language = question_language or (across[2] if across else language)

    def records() -> Iterator[tuple[int | str, dict]]:
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
            elif whole_number(name) is not None and isinstance(place, int):
                name, family = f"{language}-{name}", ""  # AfriQA numbers each language from 0
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

    frame = make_frame(path, language, records(), left_out=left_out)
    _refuse_other_scripts(path, frame, language, question_language)
    return frame


def _refuse_other_scripts(path: Path, frame: pd.DataFrame, language: str, question_language: str) -> None:
    """Refuse questions, or contexts, in another script than that of their language."""
    if question_language == language and not is_json_lines(path):
        told = share_of_script(language, frame["context"]), share_of_script(language, frame["question"])
        if None not in told and min(told) < LEAST <= max(told):
            inside, other = ("questions", "contexts") if told[0] > told[1] else ("contexts", "questions")
            refuse(path, 1, f"the {other} are in the script of {language!r} and the {inside} are not: a file "
                   "across languages, as MLQA has them? language= is that of the contexts, and "
                   "question_language= says that of the questions")  # fmt: skip
        refuse_other_script(path, language, frame["context"])
    refuse_other_script(path, question_language, frame["question"])


def _all_questions(path: Path) -> Iterator[tuple[int | str, dict, str]]:
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
