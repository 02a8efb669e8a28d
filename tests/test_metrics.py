"""The frozen measures: golden cases worked out by hand, and agreement with independent implementations."""

from collections import Counter
from importlib.metadata import version
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score

from polystilts.errors import StudyError
from polystilts.evaluation.answers import (
    NO_ANSWER,
    answer_exact,
    answer_f1,
    context_words,
    mlqa_normalise,
    offset_exact,
    offset_f1,
    overlap_f1,
    squad_normalise,
)
from polystilts.evaluation.metrics import (
    accuracy,
    average_precision,
    chunk_f1,
    chunks,
    first_is_relevant,
    mean_score,
    reciprocal_rank,
    token_accuracy,
)

# a busy machine is no error, and every run tries the same cases
settings.register_profile("marks", deadline=None, database=None, derandomize=True)
settings.load_profile("marks")

BIO = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
UPOS = ["NOUN", "VERB", "PROPN", "DET", "CCONJ", "SCONJ", "SYM", "INTJ"]


def sentence_pairs(tags):
    """Two taggings of the same sentences."""
    pair = st.tuples(st.sampled_from(tags), st.sampled_from(tags))
    sentences = st.lists(st.lists(pair, min_size=1, max_size=8), min_size=1, max_size=5)
    return sentences.map(lambda found: tuple([[p[i] for p in s] for s in found] for i in (0, 1)))


# --- labels and tags ------------------------------------------------------------------------------------


def test_accuracy_is_a_percentage():
    assert accuracy(["a", "b", "c", "c"], ["a", "b", "c", "a"]) == 75.0


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1))
def test_accuracy_agrees_with_scikit_learn(pairs):
    gold, predicted = zip(*pairs, strict=True)
    assert accuracy(gold, predicted) == pytest.approx(100 * accuracy_score(gold, predicted), abs=1e-9)


@given(st.lists(st.floats(0, 1), min_size=1), st.randoms())
def test_means_do_not_depend_on_the_order_of_items(items, random):
    shuffled = items.copy()
    random.shuffle(shuffled)
    assert mean_score(shuffled) == mean_score(items)  # to the last bit


def test_a_score_of_nothing_is_refused():
    with pytest.raises(StudyError, match="at least one item"):
        accuracy([], [])
    with pytest.raises(StudyError, match="1 predicted labels for 2 gold ones"):
        accuracy(["a", "b"], ["a"])
    with pytest.raises(StudyError, match="1 predicted tags in sentence 2 for 2 gold ones"):
        chunk_f1([["O"], ["O", "O"]], [["O"], ["O"]])


def test_token_accuracy_weighs_words_not_sentences():
    gold = [["DET"], ["DET", "NOUN", "VERB"]]
    assert token_accuracy(gold, [["NOUN"], ["DET", "NOUN", "VERB"]]) == 75.0


def test_one_wrong_word_breaks_a_run_of_equal_tags():
    # gold chunks: NOUN 0-2, VERB, DET, NOUN; predicted: NOUN, PROPN, VERB, DET, NOUN; shared: the last three.
    # precision 3/5, recall 3/4, F1 = 6/9
    gold, predicted = [["NOUN", "NOUN", "VERB", "DET", "NOUN"]], [["NOUN", "PROPN", "VERB", "DET", "NOUN"]]
    assert chunk_f1(gold, predicted) == pytest.approx(200 / 3)
    assert token_accuracy(gold, predicted) == 80.0


def test_conjunctions_are_told_apart():
    # seqeval from version 1 on drops the first letter and calls this perfect
    assert chunk_f1([["CCONJ", "VERB"]], [["SCONJ", "VERB"]]) == 50.0


def test_tags_that_begin_with_s_are_chunks_of_their_own():
    assert chunks([["SCONJ", "SCONJ"]]) == {("SCONJ", 0, 1), ("SCONJ", 1, 2)}
    assert chunks([["CCONJ", "CCONJ"]]) == {("CCONJ", 0, 2)}


def test_a_run_ends_with_its_sentence():
    assert chunks([["NOUN"], ["NOUN"]]) == {("NOUN", 0, 1), ("NOUN", 2, 3)}  # position 1 is the gap


def test_an_inside_tag_opens_a_span_where_none_is_open():
    assert chunk_f1([["O", "B-PER", "I-PER"]], [["O", "I-PER", "I-PER"]]) == 100.0
    assert chunks([["B-PER", "I-LOC"]]) == {("PER", 0, 1), ("LOC", 1, 2)}


def test_spans_count_only_with_type_and_both_ends():
    # gold: PER 0-2, LOC 3-4; predicted: PER 0-1, LOC 3-4: one of two on each side
    gold, predicted = [["B-PER", "I-PER", "O", "B-LOC"]], [["B-PER", "O", "O", "B-LOC"]]
    assert chunk_f1(gold, predicted) == 50.0
    assert chunk_f1(gold, [["B-LOC", "I-LOC", "O", "B-PER"]]) == 0.0


def test_no_spans_anywhere_score_nothing():
    assert chunk_f1([["O", "O"]], [["O", "O"]]) == 0.0


def naive_spans(sentences):
    """Spans of BIO tags, read off letter by letter: a second opinion."""
    found = set()
    for number, tags in enumerate(sentences):
        i = 0
        while i < len(tags):
            if tags[i] == "O":
                i += 1
                continue
            kind, j = tags[i][2:], i + 1
            while j < len(tags) and tags[j] == "I-" + kind:
                j += 1
            found.add((number, kind, i, j))
            i = j
    return found


def naive_runs(sentences):
    """Runs of equal tags; tags in S stand alone."""
    found = set()
    for number, tags in enumerate(sentences):
        for _, run in groupby(enumerate(tags), key=lambda pair: pair[1] + str(pair[0]) * (pair[1][0] == "S")):
            places = list(run)
            found.add((number, places[0][1], places[0][0], places[-1][0] + 1))
    return found


def naive_f1(gold, predicted):
    """Harmonic mean of precision and recall, in so many words."""
    shared = len(gold & predicted)
    if not shared:
        return 0.0
    precision, recall = shared / len(predicted), shared / len(gold)
    return 100 * 2 * precision * recall / (precision + recall)


@given(sentence_pairs(BIO))
def test_span_f1_agrees_with_a_naive_reader(pair):
    expected = naive_f1(*map(naive_spans, pair))
    assert chunk_f1(*pair) == pytest.approx(expected, abs=1e-9)


@given(sentence_pairs(UPOS))
def test_run_f1_agrees_with_a_naive_reader(pair):
    assert chunk_f1(*pair) == pytest.approx(naive_f1(*map(naive_runs, pair)), abs=1e-9)


@given(sentence_pairs(UPOS), st.randoms())
def test_sentences_may_come_in_any_order(pair, random):
    order = list(range(len(pair[0])))
    random.shuffle(order)
    shuffled = [[side[i] for i in order] for side in pair]
    assert chunk_f1(*shuffled) == chunk_f1(*pair)
    assert token_accuracy(*shuffled) == token_accuracy(*pair)


@given(sentence_pairs(UPOS))
def test_perfect_tags_score_100(pair):
    assert chunk_f1(pair[0], pair[0]) == token_accuracy(pair[0], pair[0]) == 100.0


@given(sentence_pairs([*UPOS, *BIO, "E-PER", "S-PER", ".", "_"]))
def test_chunks_agree_with_the_published_scorer(pair):
    seqeval = pytest.importorskip("seqeval.metrics.sequence_labeling", reason="seqeval is not installed")
    if version("seqeval") != "0.0.12":
        pytest.skip("XTREME's scores were published with seqeval 0.0.12")
    flat = [list(sentence) for sentence in pair[0]]
    expected = {(kind, first, last + 1) for kind, first, last in seqeval.get_entities(flat)}
    assert chunks(pair[0]) == expected


# --- rankings -------------------------------------------------------------------------------------------


def test_average_precision_by_hand():
    assert average_precision(["a", "x", "b", "y"], {"a", "b"}) == pytest.approx((1 / 1 + 2 / 3) / 2)
    assert average_precision(["x", "y"], {"a"}) == 0.0
    assert average_precision(["a", "a", "b"], {"a", "b"}) == pytest.approx((1 + 2 / 3) / 2)


def test_the_divisor_is_what_twenty_places_can_hold():
    relevant = [f"a{i}" for i in range(30)]
    assert average_precision(relevant[:20], relevant) == 1.0
    assert average_precision(relevant[:20], relevant, k=None) == pytest.approx(20 / 30)
    assert average_precision([*"wxyz", *relevant[:1]], relevant[:11]) == pytest.approx(1 / 5 / 11)


def test_what_comes_after_the_twentieth_place_is_not_seen():
    ranked = [f"x{i}" for i in range(20)] + ["a"]
    assert average_precision(ranked, {"a"}) == reciprocal_rank(ranked, {"a"}) == 0.0
    assert reciprocal_rank(ranked, {"a"}, k=None) == pytest.approx(1 / 21)


def test_a_query_without_relevant_candidates_is_refused():
    with pytest.raises(StudyError, match="at least one relevant candidate"):
        average_precision(["a"], set())


def test_reciprocal_rank_and_first_place_by_hand():
    assert reciprocal_rank(["x", "a", "b"], {"a", "b"}) == 0.5
    assert first_is_relevant(["a", "x"], {"a"}) == 1.0
    assert first_is_relevant(["x", "a"], {"a"}) == first_is_relevant([], {"a"}) == 0.0


@given(st.permutations(range(30)), st.sets(st.integers(0, 29), min_size=1), st.integers(1, 30))
def test_average_precision_agrees_with_brute_force(ranked, relevant, k):
    precisions = [
        len(relevant & set(ranked[: place + 1])) / (place + 1)
        for place in range(k)
        if ranked[place] in relevant
    ]
    assert average_precision(ranked, relevant, k) == pytest.approx(sum(precisions) / min(len(relevant), k))


# --- answers --------------------------------------------------------------------------------------------


def test_squad_normalisation_knows_english_only():
    assert squad_normalise(" The U.S.  and a 'new' An ") == "us and new"
    assert squad_normalise("die Katze – «neu»") == "die katze – «neu»"


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "The “new” mill", "new mill"),
        ("es", "La casa, ¡el río!", "casa río"),
        ("de", "Des Königs the Hut", "königs the hut"),
        ("vi", "những người", "người"),
        ("hi", "नया का।", "नया का"),
        ("ar", "السؤال", "سؤ"),  # the rule takes letters out of the middle of words too
        ("zh", "在2008年,北京 OK", "在 2008 年 北 京 ok"),
        ("dor", "The el mill!", "the el mill"),  # not a language of MLQA: nothing is an article
    ],
)
def test_mlqa_normalisation_by_language(language, text, expected):
    assert mlqa_normalise(text, language) == expected


def test_chinese_overlap_depends_on_the_normaliser():
    prediction, answers = "北京市海淀区", ["海淀区"]
    assert answer_f1(prediction, answers) == 0.0
    mlqa = answer_f1(prediction, answers, lambda text: mlqa_normalise(text, "zh"))
    assert mlqa == pytest.approx(2 / 3)  # precision 3/6, recall 3/3


def test_answers_by_hand():
    assert answer_f1("the red mill", ["old red mill"]) == pytest.approx(4 / 5)  # "the" is dropped: 2/2, 2/3
    assert answer_f1("red red", ["red mill"]) == 0.5  # a word counts as often as both have it
    assert answer_exact("The red mill!", ["red mill"]) == 1.0
    assert answer_exact("mill red", ["red mill"]) == 0.0
    assert answer_f1("mill red", ["red mill"]) == 1.0


def test_no_answer_matches_only_no_answer():
    assert (answer_f1("", []), answer_exact("", [])) == (1.0, 1.0)
    assert (answer_f1("mill", []), answer_exact("mill", [])) == (0.0, 0.0)
    assert (answer_f1("", ["mill"]), answer_exact("", ["mill"])) == (0.0, 0.0)
    assert answer_f1("", ["a"]) == 1.0  # SQuAD 2: the article is nothing
    assert answer_f1("", ["a"], empty_may_match=False) == 0.0  # SQuAD 1.1
    assert answer_exact("an", ["a", "mill"]) == 0.0
    assert answer_exact("an", ["a", "mill"], empty_may_match=False) == 1.0


def test_a_context_is_reduced_to_places_and_likeness():
    words = context_words("The mill , the “old” mill's a-b .")
    assert words.starts == (4, 15, 21, 28)
    assert words.ends == (8, 20, 27, 31)
    assert words.ids == (0, 1, 2, 3)
    assert context_words("mill, Mill (mill)").ids == (0, 0, 0)


def test_offsets_by_hand():
    text = "The red mill , the old mill ."
    words = context_words(text)
    red_mill, mill, old_mill = (4, 12), (23, 27), (15, 29)
    assert offset_f1(mill, [red_mill], words) == pytest.approx(2 / 3)  # the other mill is the same word
    assert offset_exact((8, 14), [mill], words) == 1.0  # "mill ," is the other mill and a mark
    assert offset_exact(old_mill, [(19, 27)], words) == 1.0  # "the old mill ." without article and stop
    assert offset_f1(NO_ANSWER, [NO_ANSWER], words) == 1.0
    assert offset_f1(NO_ANSWER, [mill], words) == offset_f1(mill, [NO_ANSWER], words) == 0.0
    assert offset_f1((8, 11), [(8, 12)], words) == 0.0  # "mil" is not "mill"
    assert offset_exact((8, 11), [(8, 11)], words) == 1.0
    assert offset_f1(mill, [red_mill, mill], words) == 1.0  # the best of several answers


TOKENS = [
    "the",
    "a",
    "mill",
    "Mill",
    "red",
    "mill's",
    "“red”",
    ",",
    ".",
    "--",
    "x-y",
    "(mill)",
    "ΟΔΟΣ",
    "İ",
    "an—the",
]


@st.composite
def two_spans(draw):
    """A context and two spans of it that start and end between words."""
    tokens = draw(st.lists(st.sampled_from(TOKENS), min_size=1, max_size=10))
    text, places = "", []
    for token in tokens:
        text += draw(st.sampled_from(["", " "])) if not text else draw(st.sampled_from([" ", "  ", "\n"]))
        places.append((len(text), len(text) + len(token)))
        text += token
    spans = []
    for _ in range(2):
        first = draw(st.integers(0, len(tokens) - 1))
        last = draw(st.integers(first, len(tokens) - 1))
        spans.append(draw(st.sampled_from([(places[first][0], places[last][1]), NO_ANSWER])))
    return text, *spans


@settings(max_examples=300)
@given(two_spans(), st.sampled_from(["squad", "en", "de", "dor"]))
def test_offsets_and_texts_give_the_same_score(case, rule):
    text, guess, answer = case
    normalise = squad_normalise if rule == "squad" else lambda words: mlqa_normalise(words, rule)
    words = context_words(text, normalise)
    guessed, gold = (text[max(span[0], 0) : max(span[1], 0)] for span in (guess, answer))
    for empty in (True, False):
        by_text = answer_f1(guessed, [gold], normalise, empty_may_match=empty)
        assert offset_f1(guess, [answer], words, empty_may_match=empty) == by_text
        by_text = answer_exact(guessed, [gold], normalise, empty_may_match=empty)
        assert offset_exact(guess, [answer], words, empty_may_match=empty) == by_text


@given(st.lists(st.sampled_from("abc"), min_size=1), st.lists(st.sampled_from("abc"), min_size=1))
def test_overlap_is_symmetric_and_agrees_with_precision_and_recall(gold, predicted):
    shared = sum(min(Counter(gold)[word], Counter(predicted)[word]) for word in "abc")
    precision, recall = shared / len(predicted), shared / len(gold)
    expected = 2 * precision * recall / (precision + recall) if shared else 0.0
    assert overlap_f1(gold, predicted) == pytest.approx(expected)
    assert overlap_f1(gold, predicted) == overlap_f1(predicted, gold)
    assert overlap_f1(gold, gold) == 1.0
