"""Rows that are called translations: sound ones pass with their figures, shuffled and copied ones do not."""

from random import Random

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polystilts.errors import WrongUse
from polystilts.sources.dealing import refuse_other_labels
from polystilts.sources.parallel import agreements, refuse_shuffled

ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
LABELS = ("entailment", "neutral", "contradiction")


def text(number: int, language: str, numbers: bool) -> str:
    """A sentence whose length depends on its number, alike in all languages."""
    random = Random(number)
    words = ["".join(random.choices("aeioubdgk", k=random.randint(2, 7))) for _ in range(3 + number * 7 % 19)]
    if numbers:
        words.insert(1, f"{1000 + number:,}")
    if language == "en":
        return " ".join(words)
    other = Random(f"{language} {number}")
    told = ["".join(other.choices("aeioumnlswy", k=len(word) + 1)) for word in words]
    if numbers:
        told[1] = f"{1000 + number}".translate(ARABIC)
    return " ".join(told)


def rows(order: list[int], language: str, numbers: bool) -> pd.DataFrame:
    """Row i says what row order[i] of the English says."""
    return pd.DataFrame([
        {"meaning_id": f"m{place}", "label": LABELS[place % 3], "text_a": text(number, language, numbers),
         "text_b": text(number + 500, language, numbers)} for place, number in enumerate(order)
    ])  # fmt: skip


def within_labels(count: int, share: float, seed: int) -> list[int]:
    """An order in which a share of the rows has changed places with rows of the same label."""
    random, order = Random(seed), list(range(count))
    for label in range(3):
        moved = [place for place in range(label, count, 3) if random.random() < share]
        for place, number in zip(moved, random.sample(moved, len(moved)), strict=True):
            order[place] = number
    return order


@settings(deadline=None, max_examples=20)
@given(st.integers(60, 150), st.booleans(), st.integers(0, 10**6))
def test_translations_pass_with_their_figures_and_shuffled_ones_do_not(count, numbers, seed):
    english = rows(list(range(count)), "en", numbers)
    told = refuse_other_labels("mnli", "sw", english, rows(list(range(count)), "sw", numbers))
    assert told.startswith(f"{count} rows compared; text_a: lengths go together by ")
    assert agreements(english.merge(rows(list(range(count)), "sw", numbers), on="meaning_id",
                                    suffixes=("", "_theirs")))[0].lengths > 0.9  # fmt: skip
    assert f"numbers in 100% of {count if numbers else 0} rows" in told
    shuffled = rows(within_labels(count, 1.0, seed), "sw", numbers)
    assert (shuffled["label"] == english["label"]).all()
    with pytest.raises(WrongUse, match="translated:mnli in sw: rows do not go together .* the orders differ"):
        refuse_other_labels("mnli", "sw", english, shuffled)


def test_four_fifths_shuffled_are_noticed_by_numbers_and_in_large_sets_by_lengths():
    for count, numbers in ((60, True), (600, False)):
        english = rows(list(range(count)), "en", numbers)
        with pytest.raises(WrongUse, match="do not go together"):
            refuse_other_labels("mnli", "sw", english, rows(within_labels(count, 0.8, 1), "sw", numbers))


def test_rows_that_were_never_translated_are_refused():
    english = rows(list(range(40)), "en", True)
    with pytest.raises(WrongUse, match="most rows are not translated .*100% untranslated"):
        refuse_other_labels("mnli", "sw", english, english)


def test_few_rows_and_lengths_much_alike_are_told_and_not_judged():
    english = rows(list(range(12)), "en", False)
    assert "12 rows compared" in refuse_other_labels("mnli", "sw", english, rows([*range(1, 12), 0], "sw",
         False)
                                                      .assign(label=english["label"]))  # fmt: skip
    alike = pd.DataFrame({"text_a": ["a lamp burns"] * 30, "text_a_theirs": ["taa yawaka"] * 30})
    assert "lengths are too much alike to tell" in refuse_shuffled("translated:x", alike)


def test_lists_of_words_and_contexts_are_compared_as_texts():
    frame = pd.DataFrame({"words": [["a", "lamp", "7"], ["no"]], "words_theirs": [["taa", "٧"], ["la",
         "sivyo"]],
                          "context": ["x", "y"]})  # fmt: skip
    (one,) = agreements(frame)
    assert (one.column, one.rows, one.numbered, one.numbers, one.copied) == ("words", 2, 1, 1.0, 0.0)
