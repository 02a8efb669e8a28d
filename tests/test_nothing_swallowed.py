"""What a tokenizer swallows: every word keeps a token and every answer is found, or is counted as lost."""

import unicodedata

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import normalizers

from polystilts.models.tokens import encode_lines, encode_question_context, encode_words, train_vocabulary
from polystilts.tasks import TASKS
from polystilts.training.features import answer_tokens, make_features
from polystilts.training.stages import _lost

LINES = ["the old red mill stands by the river", "낡은 방앗간은 강 옆에 있다", "मिल नदी के पास है"] * 20
DECOMPOSED = unicodedata.normalize("NFD", "낡은 방앗간은 강 옆에 있다 the café naïve")
PIECES = st.sampled_from(
    [*"aeü강낡नि字", "\u00ad", "\u200d", "\u200b", "…", "ﬁ", "½", "e\u0301", "\u1100\u1161\u11a8"]
)


@pytest.fixture(scope="module", params=["plain", "NFKC", "lower"])
def tokenizer(request, tmp_path_factory):
    found = train_vocabulary(LINES, 150, tmp_path_factory.mktemp("vocabulary"), 512)
    steps = {
        "plain": [],
        "NFKC": [normalizers.NFKC()],
        "lower": [normalizers.NFD(), normalizers.StripAccents()],
    }
    own = found.backend_tokenizer.normalizer
    found.backend_tokenizer.normalizer = normalizers.Sequence([*steps[request.param], own])
    return found


def asked(context: str, answers: list[str]) -> pd.DataFrame:
    return pd.DataFrame([{"question": "where", "context": context, "answer_text": answer,
                          "answer_start": context.index(answer)} for answer in answers])  # fmt: skip


def test_every_word_of_a_decomposed_text_is_found_as_an_answer(tokenizer):
    features = make_features(TASKS["xquad"], asked(DECOMPOSED, DECOMPOSED.split()), tokenizer, 192)
    assert features.lost == 0
    for (first, last), spans, answer in zip(
        features.targets, features.places, DECOMPOSED.split(), strict=True
    ):
        assert DECOMPOSED[spans[first][0] : spans[last][1]] == answer


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(PIECES, min_size=1, max_size=4).map("".join), min_size=1, max_size=6), st.data())
def test_no_character_between_two_tokens_of_a_window_is_in_neither(tokenizer, words, data):
    context = " ".join(words)
    for _, spans in encode_question_context(tokenizer, "where", context, 192):
        inside = [tuple(span) for span in spans if 0 <= span[0] < span[1]]
        for (_, end), (start, _) in zip(inside, inside[1:], strict=False):
            gap = context[end:start]  # white space, and between white space words that are swallowed whole
            assert gap.strip() == "" or (gap[0].isspace() and gap[-1].isspace())
    frame = asked(context, [data.draw(st.sampled_from(words))])
    lost = make_features(TASKS["xquad"], frame, tokenizer, 192).lost
    first = encode_question_context(tokenizer, "where", context, 192)
    start = int(frame["answer_start"][0])
    found = [answer_tokens(spans, start, start + len(frame["answer_text"][0])) for _, spans in first]
    assert lost == all(place == (0, 0) for place in found)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(st.sampled_from(" \u00a0\u200b\u00ad\u0301a강"), min_size=1, max_size=3), min_size=1,
    max_size=9),
       st.integers(6, 20))  # fmt: skip
def test_every_word_has_a_first_token_through_cuts_too(tokenizer, words, longest):
    pieces = encode_words(tokenizer, words, longest)
    assert sum(len(starts) for _, starts, _ in pieces) == len(words)
    for ids, starts, _ in pieces:
        assert len(ids) <= longest and (np.diff(starts) > 0).all() and starts.max() < len(ids) - 1
    assert all(len(ids) >= 2 for ids in encode_lines(tokenizer, words, longest))


def test_an_answer_that_is_swallowed_whole_is_counted_as_lost(tmp_path):
    tokenizer = train_vocabulary(LINES, 150, tmp_path, 512)
    own, steps = tokenizer.backend_tokenizer.normalizer, [normalizers.NFD(), normalizers.StripAccents()]
    tokenizer.backend_tokenizer.normalizer = normalizers.Sequence([*steps, own])
    frame = asked("the \u0301\u0302 mill \u0301a", ["\u0301\u0302", "mill", "\u0301a", "the"])
    features = make_features(TASKS["xquad"], frame, tokenizer, 192)
    assert features.lost == 1 and features.targets[0] == (0, 0)
    none = make_features(TASKS["xquad"], frame.assign(answer_text="", answer_start=-1), tokenizer, 192)
    assert none.lost == 0  # a question that has no answer loses none
    assert (_lost(features), _lost(none)) == ({"answers_without_tokens": 1}, {})
