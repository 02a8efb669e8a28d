"""The invented languages: their words, their order, and the design they are rows of."""

from collections import Counter
from itertools import combinations

import pandas as pd
import pytest

from polystilts.errors import WrongUse
from polystilts.languages import INVENTED_LANGUAGES, LANGUAGES, rows
from polystilts.languages.concepts import CONTENT_WORDS, FUNCTION_WORDS
from polystilts.languages.distance import order_distance, shared_words
from polystilts.languages.lexicon import LETTERS, NAMES, SCRIPTS, make_lexicons
from polystilts.languages.meaning import Clause, Phrase, held_out, meaning_id
from polystilts.languages.realise import realise, text_of
from polystilts.pipeline.params import load_scale
from polystilts.sources.arms import arm_rows
from polystilts.sources.world import write_world
from polystilts.tasks import parse_arm

SOURCE = LANGUAGES["alb"]
FAMILY = INVENTED_LANGUAGES[1:9]
ANA, POT = Phrase(names=("common given 0",), entity="PER"), Phrase(noun="pot", colour="red")
WASHED = Clause(
    ANA, "wash", POT, place=Phrase(names=("common town 0",), entity="LOC"), time="yesterday", manner="slowly"
)


@pytest.fixture(scope="module")
def lexicons():
    return make_lexicons(0, INVENTED_LANGUAGES, SOURCE)


def glosses(clause, lexicon):
    return [token.concept for token in realise(clause, lexicon)]


def test_the_family_is_a_full_factorial_and_each_set_a_balanced_half():
    assert len({row.cell for row in FAMILY}) == 8
    for name in ("A", "B"):
        half = [row for row in FAMILY if row.language_set == name]
        assert len(half) == 4
        factors = [[getattr(row, factor) for row in half] for factor in ("resource", "overlap", "order")]
        for levels in factors:
            assert sorted(Counter(levels).values()) == [2, 2]
        for one, other in combinations(factors, 2):
            assert len(set(zip(one, other, strict=True))) == 4  # every pair of levels meets once
    declared = load_scale("world").shared["languages"]  # rows added since are nobody's balance
    cells = Counter(LANGUAGES[code].cell for code in declared if code != "alb")
    assert cells == {row.cell: 2 for row in FAMILY}


def test_near_and_far_word_order(lexicons):
    near = ["common given 0", "wash", "the", "red", "pot", "slowly", "in", "common town 0", "yesterday", "."]
    assert glosses(WASHED, lexicons["alb"]) == near
    assert glosses(WASHED, lexicons["ost"]) == near
    far = ["common given 0", "the", "red", "pot", "wash", "slowly", "common town 0", "in", "yesterday", "."]
    assert glosses(WASHED, lexicons["nar"]) == far


def test_the_verb_first_order_is_no_arms_and_puts_the_verb_before_its_subject(lexicons):
    new = [row for row in INVENTED_LANGUAGES if row.order == "verb-first"]
    assert {row.resource for row in new} == {row.overlap for row in new} == {"high", "low"} and len(new) == 4
    assert not any(row.language_set for row in new)
    wanted = "wash|common given 0|the|red|pot|slowly|in|common town 0|yesterday|.".split("|")
    cleft = Clause(ANA, "wash", POT, gap="object", cleft=True)
    for row in new:
        lexicon = lexicons[row.code]
        assert glosses(WASHED, lexicon) == wanted
        assert glosses(WASHED.asking("subject"), lexicon)[:3] == ["who", "wash", "the"]
        assert glosses(cleft, lexicon) == [
            "is", "the", "red", "pot", "what", "wash", "common given 0", "."]  # fmt: skip
        assert realise(WASHED, lexicon)[0].category == "S/NP/NP"
        assert realise(cleft, lexicon)[0].category == "S/NP/NP"
    # one pair of ten words changes places: the verb passes its subject
    assert order_distance([WASHED], lexicons["alb"], lexicons["hal"]) == pytest.approx(1 / 45)


def test_a_world_may_hold_the_new_order_and_nobody_practises_it(tmp_path):
    codes, rows = ["alb", "lir", "hal", "kor"], {"intermediate": 12, "target": 12, "dev": 4, "test": 6}
    tasks = ["squad_v1", "xquad", "udpos"]
    card = write_world(tmp_path, 3, codes, "alb", tasks, rows, {"high": 20, "low": 5})
    assert card["leaks"]["total"] == 0
    for code in ("hal", "kor"):
        assert (tmp_path / "corpus" / f"{code}.txt").is_file()  # they have text of their own
        assert not list(tmp_path.glob(f"examples/*/train-{code}.parquet"))
        for row in pd.read_parquet(tmp_path / f"examples/xquad/test-{code}.parquet").itertuples():
            assert row.context[row.answer_start :].startswith(row.answer_text)
    parameters = {"shared": {"source_language": "alb", "languages": codes}}
    practice = arm_rows(tmp_path / "examples", parse_arm("translated:squad_v1:B"), 12, 0, parameters)
    assert set(practice["language"]) == {"alb", "lir"}


def test_questions_and_clefts_share_their_gap(lexicons):
    question = WASHED.asking("place")
    assert glosses(question, lexicons["alb"]) == [
        "where", "common given 0", "wash", "the", "red", "pot", "slowly", "yesterday", "?",
    ]  # fmt: skip
    cleft = Clause(ANA, "wash", POT, gap="subject", cleft=True)
    assert glosses(cleft, lexicons["alb"]) == [
        "who",
        "wash",
        "the",
        "red",
        "pot",
        "is",
        "common given 0",
        ".",
    ]
    assert glosses(cleft, lexicons["kes"])[-3:] == ["common given 0", "is", "."]


def test_tags_of_a_sentence(lexicons):
    tokens = realise(WASHED, lexicons["alb"])
    assert [token.upos for token in tokens] == [
        "PROPN", "VERB", "DET", "ADJ", "NOUN", "ADV", "ADP", "PROPN", "ADV", "PUNCT",
    ]  # fmt: skip
    assert [token.entity for token in tokens if token.entity != "O"] == ["B-PER", "B-LOC"]
    assert tokens[1].category == "S\\NP/NP"
    assert realise(WASHED, lexicons["var"])[4].category == "S\\NP\\NP"


def test_overlap_is_what_the_row_says(lexicons):
    for row in INVENTED_LANGUAGES[1:]:
        share = shared_words(lexicons["alb"], lexicons[row.code])
        assert (share > 0.45) if row.overlap == "high" else (share < 0.15), row.name


def test_order_distance_is_zero_for_near_languages_only(lexicons):
    assert order_distance([WASHED], lexicons["alb"], lexicons["pel"]) == 0
    # of the 45 pairs of words, the verb passes three words and the adposition one
    assert order_distance([WASHED], lexicons["alb"], lexicons["tul"]) == pytest.approx(4 / 45)


def test_scripts_write_every_letter_once():
    for name, letters in SCRIPTS.items():
        assert len(letters) == len(LETTERS) == len(set(letters)), name


def test_adding_a_language_changes_no_other(lexicons):
    fewer = make_lexicons(0, INVENTED_LANGUAGES[:4], SOURCE)
    assert fewer["kes"].words == lexicons["kes"].words


def test_words_differ_between_worlds_and_not_between_runs():
    first, again, other = (make_lexicons(seed, FAMILY, SOURCE)["dor"].words for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_every_concept_has_a_word_in_every_language(lexicons):
    for lexicon in lexicons.values():
        assert set(CONTENT_WORDS) | set(FUNCTION_WORDS) <= set(lexicon.words)
        assert all(form and " " not in form for form in lexicon.words.values())


def test_facts_are_held_out_by_what_they_are_about():
    bare = Clause(ANA, "wash", Phrase(noun="pot"))
    assert held_out(bare) == held_out(WASHED)  # modifiers and colour do not move a fact to the other side
    share = (
        sum(held_out(Clause(Phrase(names=(f"common given {i}",)), "wash", POT)) for i in range(4000)) / 4000
    )
    assert 0.10 < share < 0.15


def test_meaning_ids_tell_meanings_apart():
    assert meaning_id(WASHED) == meaning_id(WASHED) != meaning_id(WASHED.asking("time"))


def test_text_parts_words_by_single_spaces(lexicons):
    words = text_of(realise(WASHED, lexicons["nar"])).split(" ")
    assert len(words) == 10
    assert words[-1] == "."


def test_an_invented_language_lasts_and_can_change_its_factors_only(monkeypatch):
    monkeypatch.setattr(rows, "LANGUAGES", dict(rows.LANGUAGES))
    own = rows.invent("own", "Ownish", "LLF")
    assert (own.resource, own.overlap, own.order, own.script, own.language_set) == (
        "low", "low", "far", "Greek", "B",
    )  # fmt: skip
    before = make_lexicons(0, (SOURCE, LANGUAGES["dor"]), SOURCE)["dor"]
    turned = rows.invent("dor", "Dorvan, turned", "HHF")
    after = make_lexicons(0, (SOURCE, turned), SOURCE)["dor"]
    assert after.words == before.words and after.language.order == "far"
    nameless = rows.invent("dor", "Dorvan without names", "HHN", shared_names=0.0)
    words = make_lexicons(0, (SOURCE, nameless), SOURCE)["dor"].words
    theirs = make_lexicons(0, (SOURCE,), SOURCE)[SOURCE.code].words
    assert not any(words[name] == theirs[name] for name in NAMES)
    with pytest.raises(WrongUse, match="LHX.*is no cell"):
        rows.invent("own", "Ownish", "LHX")
