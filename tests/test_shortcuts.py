"""Baselines that find a planted leak, and find nothing where there is none."""

from random import Random

import pandas as pd
import pytest

from polystilts.errors import WrongUse
from polystilts.evaluation.partial import partial_input, partial_views
from polystilts.evaluation.shortcuts import shortcut_scores
from polystilts.tasks import TASKS

WORDS = [f"w{i}" for i in range(40)]
NLI = TASKS["mnli"].labels


def scores(task, make, **more):
    """The baselines' scores on items made one by one from a seeded source of chance."""
    frames = [
        pd.DataFrame([make(Random(f"{part} {i}")) for i in range(size)])
        for part, size in (("a", 300), ("b", 200))
    ]
    table = shortcut_scores(TASKS[task], *frames, **more)
    assert list(table.columns) == ["baseline", "metric", "value", "n"]
    assert set(table["n"]) == {200}
    assert set(table["metric"]) == {TASKS[task].metric}
    return dict(zip(table["baseline"], table["value"], strict=True))


# --- sentence pairs -------------------------------------------------------------------------------------


def fair_pair(random):
    """Neither text alone tells the label, nor do shared words: only the sum of the two numbers does."""
    a, b = random.randrange(9), random.randrange(9)
    first, second = random.sample(WORDS[:20], 4), random.sample(WORDS[20:], 4)
    return {
        "text_a": " ".join([*first, f"a{a}"]),
        "text_b": " ".join([*second, f"b{b}"]),
        "label": NLI[(a + b) % 3],
    }


def test_fair_pairs_stay_near_chance():
    found = scores("mnli", fair_pair, negations=["w1", "w21"])
    assert set(found) == {
        "majority", "words of the premise", "words of the hypothesis", "words of both", "negation counts",
        "counts of the most telling word", "word overlap",
    }  # fmt: skip
    assert max(found.values()) <= 47, found


def test_a_hypothesis_that_gives_the_label_away_is_found():
    def leaky(random):
        pair = fair_pair(random)
        cue = ["some", "many", "no"][NLI.index(pair["label"])]
        return pair | {"text_b": f"{pair['text_b']} {cue}"}

    found = scores("mnli", leaky)
    assert found["words of the hypothesis"] >= 90
    assert found["words of both"] >= 90
    assert found["words of the premise"] <= 47


def test_negation_that_gives_the_label_away_is_found():
    def leaky(random):
        pair = fair_pair(random)
        return pair | {"text_b": pair["text_b"] + " not" * NLI.index(pair["label"])}

    found = scores("mnli", leaky, negations=["Not"])
    assert found["negation counts"] == found["counts of the most telling word"] == 100.0


def test_overlap_that_gives_the_label_away_is_found():
    def leaky(random):
        pair = fair_pair(random)
        shared = pair["text_a"].split()[: 2 * NLI.index(pair["label"])]
        return pair | {"text_b": " ".join(shared + random.sample(WORDS[20:], 5 - len(shared)))}

    found = scores("mnli", leaky)
    assert found["word overlap"] >= 90


# --- options --------------------------------------------------------------------------------------------


def fair_choice(random):
    """The context names one option, but two of four hold its word; the question tells which one is meant."""
    right, wrong = random.sample(range(4), 2)
    name, other = random.sample(WORDS[:20], 2)
    hand, foot = random.sample(["hand", "foot"], 2)
    choices = [f"{other} hand", f"{other} foot"] if right > wrong else [f"{other} foot", f"{other} hand"]
    for place, text in sorted([(right, f"{name} {hand}"), (wrong, f"{name} {foot}")]):
        choices.insert(place, text)
    return {
        "context": f"{name} came . {other} left",
        "question": f"who {hand} came",
        "choices": choices,
        "label": right,
    }


def test_fair_choices_stay_near_chance():
    found = scores("cosmosqa", fair_choice)
    assert set(found) == {
        "majority", "words of the options", "likeness of the options", "words of question and option",
        "words of context and option", "word overlap",
    }  # fmt: skip
    partial = {name: value for name, value in found.items() if name != "word overlap"}  # it sees both parts
    assert max(partial.values()) <= 62, found  # context or question alone leaves two of four


def test_options_that_give_themselves_away_are_found():
    def leaky(random):
        label = random.randrange(4)
        choices = [" ".join(random.sample(WORDS, 3)) for _ in range(4)]
        choices[label] += " sun"
        return {
            "context": " ".join(random.sample(WORDS, 5)),
            "question": "",
            "choices": choices,
            "label": label,
        }

    found = scores("cosmosqa", leaky)
    assert found["words of the options"] >= 90
    assert "words of question and option" not in found  # there are no questions
    assert found["likeness of the options"] >= 90  # the right one is a word longer


def test_a_favoured_place_is_found():
    found = scores("xcopa", lambda random: fair_choice(random) | {"choices": ["x", "y"], "label": 1})
    assert found["majority"] == 100.0


def test_an_option_that_repeats_the_context_is_found():
    def leaky(random):
        label, story = random.randrange(4), random.sample(WORDS, 5)
        rest = [word for word in WORDS if word not in story]
        choices = [" ".join(random.sample(story if i == label else rest, 3)) for i in range(4)]
        return {"context": " ".join(story), "question": "what next", "choices": choices, "label": label}

    found = scores("cosmosqa", leaky)
    assert found["word overlap"] >= 90
    assert found["words of the options"] <= 40


# --- tags -----------------------------------------------------------------------------------------------


def test_words_that_always_have_one_tag_are_found():
    def sentence(random):
        words = random.sample(WORDS, 6)
        return {"words": words, "tags": [["NOUN", "VERB", "DET"][int(word[1:]) % 3] for word in words]}

    found = scores("udpos", sentence)
    assert found["commonest tag of the word"] == 100.0
    assert found["neighbouring words"] <= 50
    assert found["majority"] <= 50


def test_neighbours_that_give_the_tag_away_are_found():
    def sentence(random):
        kind = random.choice(["PER", "LOC"])
        return {
            "words": [{"PER": "mr", "LOC": "in"}[kind], str(random.random()), "."],
            "tags": ["O", "B-" + kind, "O"],
        }

    found = scores("panx", sentence)
    assert found["neighbouring words"] == 100.0
    assert found["commonest tag of the word"] == found["majority"] == 0.0


# --- answers --------------------------------------------------------------------------------------------


def question(random, where=None):
    """Five sentences of five words; the answer is a word of the sentence whose second word is asked for."""
    words = random.sample([f"x{i}" for i in range(200)], 25)
    sentence, place = random.randrange(5), random.choice([0, 2, 3, 4])
    if where is not None:
        sentence, place = where
    context = " ".join(" ".join(words[5 * i : 5 * i + 5]) + " ." for i in range(5))
    answer = words[5 * sentence + place]
    asked = [words[5 * sentence + 1], *(f"q{place}" for _ in range(1))]
    return {"context": context, "question": " ".join(asked), "answer_text": answer,
            "answer_start": f" {context} ".index(f" {answer} ")}  # fmt: skip


def test_fair_questions_stay_near_chance():
    found = scores("squad_v1", question)
    assert set(found) == {
        "random span", "commonest position", "position in the sentence like the question",
        "new words in the sentence like the question", "words of the context",
    }  # fmt: skip
    assert found["random span"] <= 10
    assert found["commonest position"] <= 15
    assert found["words of the context"] <= 15
    assert max(found.values()) <= 50, found  # one of four words, or all three in a row, of the right sentence


def test_an_answer_in_a_fixed_place_is_found():
    found = scores("squad_v1", lambda random: question(random, (3, 2)))
    assert found["commonest position"] == 100.0
    assert found["words of the context"] >= 90


def test_an_answer_beside_the_words_of_the_question_is_found():
    found = scores("squad_v1", lambda random: question(random, (random.randrange(5), 2)))
    assert found["position in the sentence like the question"] == 100.0
    assert found["commonest position"] <= 40


def test_an_answer_that_a_word_announces_is_found():
    def leaky(random):
        item = question(random)
        context = item["context"].replace(item["answer_text"] + " ", "namely " + item["answer_text"] + " ")
        return item | {"context": context, "answer_start": context.index("namely ") + 7}

    assert scores("squad_v1", leaky)["words of the context"] >= 90


def test_questions_without_answers_are_counted():
    def half(random):
        item = question(random)
        return item if random.random() < 0.5 else item | {"answer_text": "", "answer_start": -1}

    assert 40 <= scores("squad_v2", half)["no answer"] <= 60


# --- rankings -------------------------------------------------------------------------------------------


def test_translations_that_share_words_are_found():
    def alike(random):
        text = " ".join(random.sample(WORDS, 6))
        return {"text": text, "text_source": text}

    def unlike(random):
        item = alike(random)
        return item | {"text_source": item["text"].replace("w", "z")}

    found = scores("tatoeba", alike)
    assert found["random order"] <= 5
    assert found["shared words"] >= 90
    assert scores("tatoeba", unlike)["shared words"] <= 5


def test_pools_of_answers_and_of_entities():
    def pair(random):
        text = " ".join(random.sample(WORDS, 6))
        return {"question": text, "answer": text, "text": text, "meaning_id": text, "entity_id": text}

    assert scores("lareqa", pair)["shared words"] >= 90
    entities = pd.DataFrame([pair(Random(f"b {i}")) for i in range(200)])
    assert scores("mewslix", pair, candidates=entities)["shared words"] >= 90
    with pytest.raises(WrongUse, match="mewslix needs its entities: pass candidates"):
        scores("mewslix", pair)


# --- partial input --------------------------------------------------------------------------------------


def test_views_blank_a_part_and_keep_the_rest():
    pairs = pd.DataFrame({"text_a": ["x"], "text_b": ["y"], "label": ["neutral"]})
    task = TASKS["xnli"]
    assert partial_views(task, pairs) == ("hypothesis only", "premise only")
    assert partial_input(task, pairs, "hypothesis only").to_dict("records") == [
        {"text_a": "", "text_b": "y", "label": "neutral"}
    ]
    assert partial_input(task, pairs, "premise only")["text_b"].tolist() == [""]
    assert pairs["text_a"].tolist() == ["x"]  # the frame itself is left alone


def test_views_of_options_depend_on_what_there_is():
    items = pd.DataFrame({"context": ["c"], "question": ["q"], "choices": [["x", "y"]], "label": [0]})
    task = TASKS["cosmosqa"]
    assert partial_views(task, items) == ("options only", "no question", "no context")
    blank = partial_input(task, items, "options only")
    assert blank[["context", "question"]].to_numpy().tolist() == [["", ""]]
    assert partial_input(task, items, "no question")["context"].tolist() == ["c"]
    unasked = items.assign(question="")
    assert partial_views(TASKS["hellaswag"], unasked) == ("options only",)
    with pytest.raises(WrongUse, match="hellaswag has no view 'no question' .*; its views are options only"):
        partial_input(TASKS["hellaswag"], unasked, "no question")


def test_a_context_without_its_question():
    item = pd.DataFrame([question(Random(0))])
    assert partial_views(TASKS["xquad"], item) == ("context only",)
    blank = partial_input(TASKS["xquad"], item, "context only")
    assert blank["question"].tolist() == [""] and blank["context"].tolist() == item["context"].tolist()
    with pytest.raises(WrongUse, match="udpos has no view 'context only' .*; its views are none"):
        partial_input(TASKS["udpos"], item, "context only")


def test_equal_frames_give_equal_scores():
    assert scores("squad_v1", question) == scores("squad_v1", question)


def test_an_empty_frame_is_refused():
    with pytest.raises(WrongUse, match="one frame is empty"):
        shortcut_scores(TASKS["mnli"], pd.DataFrame(), pd.DataFrame())
