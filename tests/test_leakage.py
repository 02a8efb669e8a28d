"""What was met twice is found: by meaning, by text, across lines and cases; and short texts are let be."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polystilts.files import write_table, write_text
from polystilts.sources.leakage import Sentences, count_leaks, recognised, tells, text_sentences, words_of
from polystilts.tasks import TASKS


def pairs(*rows: tuple[str, str, str]) -> pd.DataFrame:
    """XNLI rows: meaning, and two texts."""
    return pd.DataFrame(
        [(f"{name}-row", name, a, b, "neutral") for name, a, b in rows],
        columns=["example_id", "meaning_id", "text_a", "text_b", "label"],
    )


@pytest.fixture
def study(tmp_path):
    """A prepared study without a leak: training rows, a test, and text."""
    train = pairs(("a", "The mill is old and red.", "It is red."), ("b", "Ann sold her boat today.", "No."))
    test = pairs(("c", "Kinu ni kikuukuu na chekundu sana.", "Ni chekundu."), ("d", "Siku.", "Usiku."))
    write_table(tmp_path / "examples/nli_train/train-en.parquet", train)
    write_table(tmp_path / "examples/xnli/test-sw.parquet", test)
    write_text(tmp_path / "corpus/sw.txt", "Leo ni siku njema sana kwetu.\nSiku. Usiku.\n")
    return tmp_path


def test_a_study_without_a_leak_has_none(study):
    assert count_leaks(study) == {"train_test": 0, "train_dev": 0, "dev_test": 0, "text_test": 0, "total": 0}


def test_the_same_meaning_is_a_leak_whatever_its_words(study):
    write_table(study / "examples/americasnli/test-qu.parquet", pairs(("a", "Huk rimay.", "Huk.")))
    assert count_leaks(study)["train_test"] == 1
    assert count_leaks(study, by_text=False)["train_test"] == 1


def test_the_same_words_are_a_leak_whatever_their_marks(study):
    same = pairs(("e", "the MILL is old — and red!", "It is red"))
    write_table(study / "examples/xnli/test-en.parquet", same)
    assert count_leaks(study)["train_test"] == 1
    assert count_leaks(study, by_text=False)["total"] == 0


def test_native_rows_are_training_rows(study):
    write_table(study / "examples/mnli/native-sw.parquet",
                pairs(("n", "kinu ni kikuukuu na chekundu sana", "ni chekundu")))  # fmt: skip
    assert count_leaks(study)["train_test"] == 1


def test_development_rows_are_compared_with_their_own_task(study):
    same = pairs(("f", "Ann sold her boat today.", "No."))
    write_table(study / "examples/mnli/dev-en.parquet", same)
    assert count_leaks(study)["total"] == 0  # another task's training rows
    write_table(study / "examples/nli_train/dev-en.parquet", same)
    assert count_leaks(study)["train_dev"] == 1


def test_a_test_sentence_inside_a_longer_line_of_text_is_a_leak(study):
    write_text(study / "corpus/sw.txt", "Yeye alisema: KINU ni kikuukuu, na chekundu sana, leo.\n")
    assert count_leaks(study)["text_test"] == 1
    write_text(study / "corpus/en.txt", "kinu ni kikuukuu na chekundu sana\n")  # in another language's text
    assert count_leaks(study)["text_test"] == 1


def test_too_short_a_text_says_nothing():
    assert not tells(words_of("Ndiyo, ni kweli.")) and tells(words_of("one two three four five"))
    assert not tells(words_of("北京是首都")) and tells(words_of("北京是一个很大的城市啊"))
    (row,) = pairs(("d", "Siku.", "Usiku.")).to_dict("records")
    assert recognised(TASKS["xnli"], row) == []


def test_a_passage_is_known_by_each_of_its_sentences():
    row = {"context": "The old mill stands by the river. It was sold in spring.", "question": "When?"}
    assert recognised(TASKS["xquad"], row) == ["the old mill stands by the river", "it was sold in spring"]
    frame = pd.DataFrame([{"example_id": "1", "meaning_id": "m", **row}])
    assert text_sentences(TASKS["xquad"], frame) == set(recognised(TASKS["xquad"], row))


WORDS = st.lists(st.sampled_from("mill river boat sold old red stands".split()), min_size=5, max_size=9)


@given(WORDS, WORDS, WORDS)
def test_a_sentence_is_found_exactly_where_its_words_follow_one_another(sentence, before, after):
    looked_for = Sentences([" ".join(sentence)])
    assert looked_for.within(f"{' '.join(before)}, {' '.join(sentence).upper()}! {' '.join(after)}")
    words = before + after
    there = any(words[i : i + len(sentence)] == sentence for i in range(len(words)))
    assert looked_for.within(" ".join(words)) == there
