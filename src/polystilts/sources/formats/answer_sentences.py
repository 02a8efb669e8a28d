"""Sentences that answer questions: XQuAD-R of LAReQA, and SQuAD cut the same way to train on."""

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from polystilts.sources.formats.frames import identity, make_frame
from polystilts.sources.formats.passages import gold_answers, paragraphs, questions
from polystilts.sources.formats.strict import field, refuse

Break = tuple[int, int]  # first character of a sentence and the one after its last

# Our rule where a file has no sentence breaks (SQuAD): a sentence ends at its mark before white space and
# something that can begin one. It takes "St. Peter" for two sentences; XQuAD-R brings breaks of its own.
_END = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+(?=[\"'“‘(\[]*[A-Z0-9])")


def plain_breaks(context: str) -> list[Break]:
    """Where the sentences of an English passage begin and end, by a plain rule.

    >>> plain_breaks("It rained. We went home.")
    [(0, 10), (11, 24)]
    """
    ends = [(match.start(), match.end()) for match in _END.finditer(context)]
    starts = [0, *(after for _, after in ends)]
    return list(zip(starts, [*(before for before, _ in ends), len(context)], strict=True))


def candidate_text(sentence: str, context: str) -> str:
    """What XTREME-R encodes of a candidate: the sentence and at once its paragraph, newlines removed."""
    return (sentence + context).replace("\n", "")


def _sentences(path: Path, place: int | str, paragraph: dict, context: str) -> list[Break]:
    if "sentence_breaks" not in paragraph:
        return plain_breaks(context)
    breaks = field(paragraph, "sentence_breaks", path, place, list)
    for pair in breaks:
        numbers = isinstance(pair, list) and len(pair) == 2 and all(type(end) is int for end in pair)
        if not (numbers and 0 <= pair[0] < pair[1] <= len(context)):
            refuse(path, place, f"sentence break {pair} does not lie in a context of {len(context)} letters")
    return [tuple(pair) for pair in breaks]


def read_lareqa(path: Path, task: str, split: str, language: str) -> pd.DataFrame:
    """LAReQA's XQuAD-R: a question and the sentence, with its paragraph, in which the answer starts.

    `answer` is the text to encode (`candidate_text`), `candidate_id` names its sentence; `meaning_id`, the
    question's id, is the same in every language. Sentences that no question asks for are candidates too: in
    splits other than train they follow as rows with an empty question, and are never asked.
    """

    def records() -> Iterator[tuple[int | str, dict]]:
        for number, (place, paragraph) in enumerate(paragraphs(path), 1):
            context = field(paragraph, "context", path, place) and paragraph["context"]
            sentences = _sentences(path, place, paragraph, context)
            unasked = dict(enumerate(sentences))
            for inside, question, _ in questions(path, place, paragraph):
                answers = gold_answers(path, inside, question, context)
                start = answers[0][1] if answers else -1
                held = [i for i, (first, end) in enumerate(sentences) if first <= start < end]
                if not held:
                    refuse(path, inside, f"no sentence holds the start of the answer, letter {start}")
                unasked.pop(held[0], None)
                name = field(question, "id", path, inside)
                yield (
                    inside,
                    identity(task, split, language, name, family="=")
                    | {
                        "question": field(question, "question", path, inside),
                        **_candidate(language, number, held[0], sentences, context),
                    },
                )
            if split != "train":
                for i in unasked:
                    candidate = _candidate(language, number, i, sentences, context)
                    names = identity(task, split, language, candidate["candidate_id"])
                    yield place, names | {"question": ""} | candidate

    return make_frame(path, language, records(), texts=("question",))


def _candidate(language: str, paragraph: int, i: int, sentences: list[Break], context: str) -> dict[str, str]:
    first, end = sentences[i]
    text = candidate_text(context[first:end], context)
    return {"answer": text, "candidate_id": f"{language}_{paragraph}_{i}"}
