"""Words are replaced through lexicons; answers, mentions and tags stay with their words, marks outside."""

from random import Random

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polystilts import files
from polystilts.sources.code_switching import code_switch

PIECES = st.sampled_from(
    "mill|Mill|(mill),|“Mill”|river.|'river'|1889|ex-mill||\n|\u00a0|—|U.S.|中。".split("|")
)
TEXT = st.lists(PIECES, min_size=1, max_size=8).map(" ".join)
LEXICON = {"mill": "kinu", "river": "mto", "U.S.": "Marekani", "1889": "mwaka huo"}


@st.composite
def spans(draw) -> tuple[str, int, int]:
    """A text and a stretch of it that begins and ends anywhere, in the middle of words too."""
    text = draw(TEXT.filter(str.strip))
    start = draw(st.integers(0, len(text) - 1))
    return text, start, draw(st.integers(start + 1, len(text)))


def _question_answering(draw) -> dict:
    text, start, end = draw(spans())
    found = {"context": text, "question": draw(TEXT), "answer_text": text[start:end], "answer_start": start}
    if draw(st.booleans()):
        found |= {"answer_text": "", "answer_start": -1}
    return found | {"answers": [found["answer_text"], draw(TEXT)]}


def _mention(draw) -> dict:
    text, start, end = draw(spans())
    return {"text": text, "mention_start": start, "mention_end": end, "entity_id": "Q1"}


def _tagging(draw) -> dict:
    words = draw(st.lists(PIECES, min_size=1, max_size=8))
    return {"words": words, "tags": ["O"] * len(words)}


ROWS = {
    "classification": lambda draw: {"text_a": draw(TEXT), "text_b": draw(TEXT), "label": "neutral"},
    "one text": lambda draw: {"text_a": draw(TEXT), "text_b": "", "label": "sports"},
    "multiple_choice": lambda draw: {
        "context": draw(TEXT), "question": draw(TEXT), "choices": [draw(TEXT), draw(TEXT)], "label": 1},
    "tagging": _tagging,
    "question_answering": _question_answering,
    "bitext": lambda draw: {"text": draw(TEXT), "text_source": draw(TEXT)},
    "answer sentences": lambda draw: {"question": draw(TEXT), "answer": draw(TEXT), "candidate_id": "c"},
    "mentions": _mention,
}  # fmt: skip


def frame_of(kind: str, data, count: int = 3) -> pd.DataFrame:
    rows = [{"example_id": f"x-{n}", "meaning_id": f"m-{n}"} | ROWS[kind](data.draw) for n in range(count)]
    return pd.DataFrame(rows).assign(language="en")


def switched(frame: pd.DataFrame, lexicon: dict[str, str], seed: int = 0) -> pd.DataFrame:
    return code_switch(frame, {"sw": lexicon}, "en", Random(seed))


@pytest.mark.parametrize("kind", ROWS)
@given(data=st.data())
def test_an_empty_lexicon_changes_no_byte_of_any_row(kind, data, tmp_path_factory):
    frame = frame_of(kind, data)
    found = switched(frame, {})
    assert "sw" in set(found["language"])  # rows did meet the lexicon
    folder = tmp_path_factory.mktemp("rows")
    for name, rows in (("before", frame), ("after", found)):
        files.write_table(folder / f"{name}.parquet", rows.drop(columns="language"))
    assert (folder / "before.parquet").read_bytes() == (folder / "after.parquet").read_bytes()


@given(data=st.data(), seed=st.integers(0, 9))
def test_answers_stand_where_they_are_said_to_and_marks_stay_where_they_were(data, seed):
    frame = frame_of("question_answering", data)
    found = switched(frame, LEXICON, seed)
    for before, after in zip(frame.to_dict("records"), found.to_dict("records"), strict=True):
        start, text = after["answer_start"], after["answer_text"]
        if before["answer_start"] < 0:
            assert (start, text) == (-1, "")
            continue
        assert after["context"][start : start + len(text)] == text == after["answers"][0]
        # Whatever stands around the answer is what stood there, up to words that were replaced as a whole.
        assert text.count(" ") >= before["answer_text"].count(" ")
        if before["answer_text"] in (" ", "—", "(", ".", "“"):
            assert text == before["answer_text"]


@given(data=st.data(), seed=st.integers(0, 9))
def test_mentions_move_with_their_text(data, seed):
    frame = frame_of("mentions", data)
    for before, after in zip(
        frame.to_dict("records"), switched(frame, LEXICON, seed).to_dict("records"), strict=True
    ):
        assert 0 <= after["mention_start"] <= after["mention_end"] <= len(after["text"])
        words = before["text"][: before["mention_start"]].count(" ")
        assert after["text"][: after["mention_start"]].count(" ") >= words


@pytest.mark.parametrize(
    ("answer", "becomes"),
    [("mill", "kinu"), ("(mill)", "(kinu)"), ("old (mill", "old (kinu"), ("ill", "kinu"), ("),", "),")],
)
def test_marks_beside_an_answer_do_not_join_it(answer, becomes):
    context = "an old (mill), they say."
    row = {"context": context, "question": "?", "answer_text": answer, "answer_start": context.index(answer),
           "answers": [answer, "they", "the mill"], "language": "en"}  # fmt: skip
    seen = set()
    for seed in range(20):
        for found in switched(pd.DataFrame([row, row]), {"mill": "kinu"}, seed).to_dict("records"):
            if found["context"] == "an old (kinu), they say.":
                seen.add(found["answer_text"])
                assert found["answers"] == [becomes, "they"]
                assert found["context"][found["answer_start"] :].startswith(becomes)
            else:
                assert found["context"] == context and found["answers"] == row["answers"]
    assert seen == {becomes}
