"""The generated world: what every task's rows must be, and what must never be in them."""

import hashlib
from collections import Counter
from random import Random

import pandas as pd
import pytest

from polystilts.errors import StudyError, WrongUse
from polystilts.sources.arms import arm_rows
from polystilts.sources.world import choices as choice_items
from polystilts.sources.world import write_world
from polystilts.sources.world.pairs import adversarial_inference, inference, label_balance, paraphrase
from polystilts.sources.world.scenes import casts
from polystilts.sources.world.tasks import RECIPES, draw_items
from polystilts.tasks import (
    FURTHER_TASKS,
    INTERMEDIATE_TASKS,
    TASKS,
    TRANSLATED_TASKS,
    XTREME_TASKS,
    Arm,
    parse_arm,
)

LANGUAGES = ["alb", "dor", "lir", "var"]
ROWS = {"intermediate": 60, "target": 80, "dev": 12, "test": 20}
PARAMETERS = {"shared": {"source_language": "alb", "languages": LANGUAGES}}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    write_world(folder, 7, LANGUAGES, "alb", list(RECIPES), ROWS, {"high": 200, "low": 40}, native=True)
    return folder


def rows(world, task, file):
    return pd.read_parquet(world / "examples" / task / f"{file}.parquet")


def test_every_task_of_the_study_is_made():
    real_only = {task.name for task in (*XTREME_TASKS, *FURTHER_TASKS, *TRANSLATED_TASKS)}
    assert set(RECIPES) == set(TASKS) - real_only


@pytest.mark.parametrize("task", [name for name in RECIPES if TASKS[name].role == "target"])
def test_every_target_is_asked_in_every_language(world, task):
    for language in LANGUAGES:
        frame = rows(world, task, f"test-{language}")
        assert len(frame) == ROWS["test"]
        assert frame["example_id"].is_unique
    ids = [set(rows(world, task, f"test-{language}")["meaning_id"]) for language in LANGUAGES]
    assert (ids[0] == ids[1] == ids[3]) == RECIPES[task].parallel


def test_answers_stand_where_they_are_said_to(world):
    for task, file in (
        ("squad_v2", "train-alb"),
        ("xquad", "test-var"),
        ("mlqa", "test-dor"),
        ("tydiqa", "test-lir"),
    ):
        for row in rows(world, task, file).itertuples():
            if row.answer_start >= 0:
                assert row.context[row.answer_start :].startswith(row.answer_text)
                assert row.answer_text
            else:
                assert task == "squad_v2"
    share = (rows(world, "squad_v2", "train-alb")["answer_start"] < 0).mean()
    assert 0.1 < share < 0.5


def test_tags_are_labels_of_their_task_and_fit_their_words(world):
    for task in ("udpos", "panx", "ccg"):
        for row in rows(world, task, "dev-alb").itertuples():
            assert len(row.words) == len(row.tags)
            assert set(row.tags) <= set(TASKS[task].labels)


def test_mentions_stand_in_their_text_and_have_an_entry(world):
    for language in LANGUAGES:
        entities = rows(world, "mewslix", "entities-test")
        assert set(entities["language"]) <= set(LANGUAGES)
        for row in rows(world, "mewslix", f"test-{language}").itertuples():
            assert row.text[row.mention_start : row.mention_end].strip()
            assert row.entity_id in set(entities["entity_id"])


def test_labels_are_balanced_and_options_of_equal_number():
    cast, random = casts(3)["train"], Random(0)
    for make in (inference, adversarial_inference):
        counts = label_balance([make(random, cast) for _ in range(600)])
        assert len(counts) == 3
        assert min(counts.values()) > 150
    assert min(label_balance([paraphrase(random, cast) for _ in range(400)]).values()) > 150
    right = Counter(choice_items.next_step(random, cast).label for _ in range(400))
    assert min(right.values()) > 60


def test_an_inference_pair_differs_in_its_focus_only():
    cast, random = casts(3)["train"], Random(1)
    slots = ("place", "time", "manner")
    for _ in range(200):
        item = inference(random, cast)
        premise, hypothesis = item.text_a[0], item.text_b[0]
        told = [slot for slot in slots if getattr(hypothesis, slot)]
        unsaid = [slot for slot in told if not getattr(premise, slot)]
        changed = [
            slot for slot in told if getattr(premise, slot) not in ("", None, getattr(hypothesis, slot))
        ]
        if hypothesis.object.colour and not premise.object.colour:
            unsaid.append("colour")
        elif hypothesis.object.colour and hypothesis.object.colour != premise.object.colour:
            changed.append("colour")
        expected = {"entailment": (0, 0), "neutral": (1, 0), "contradiction": (0, 1)}[item.label]
        assert (len(unsaid), len(changed)) == expected


def test_splits_share_no_name_and_new_names_are_in_no_text(world):
    of = casts(7)
    for kind in ("given", "surnames", "towns"):
        train, dev, test, new = (set(getattr(of[split], kind)) for split in ("train", "dev", "test", "new"))
        assert not (train & dev or train & test or dev & test or new & set(getattr(of["text"], kind)))
    text = set((world / "corpus" / "alb.txt").read_text("utf-8").split())
    known = rows(world, "panx", "train-alb")["words"].explode()
    assert set(known) <= text | set(known)
    names = [
        word
        for row in rows(world, "panx", "test-alb").itertuples()
        for word, tag in zip(row.words, row.tags, strict=True)
        if tag.startswith("B-")
    ]
    assert any(name not in text for name in names)


def test_pretraining_text_asks_no_question_and_holds_no_held_out_fact(world):
    for language in LANGUAGES:
        assert "?" not in (world / "corpus" / f"{language}.txt").read_text("utf-8")
    text = set((world / "corpus" / "alb.txt").read_text("utf-8").split("\n"))
    contexts = rows(world, "xquad", "test-alb")["context"]
    assert not text & set(contexts)


def test_a_leak_is_refused(tmp_path, monkeypatch):
    from polystilts.sources.world import tasks as made

    def careless(world_seed, task, split, count, stream=""):
        return draw_items(world_seed, task, "train", count, stream)

    monkeypatch.setattr("polystilts.sources.world.build.draw_items", careless)
    with pytest.raises(StudyError, match="leaks between splits"):
        write_world(tmp_path, 7, LANGUAGES, "alb", ["udpos"], ROWS, {"high": 20, "low": 5})
    assert made.draw_items is draw_items


def test_equal_seeds_give_equal_bytes(world, tmp_path):
    write_world(tmp_path, 7, LANGUAGES, "alb", list(RECIPES), ROWS, {"high": 200, "low": 40}, native=True)
    for file in sorted(world.rglob("*")):
        if file.is_file():
            again = tmp_path / file.relative_to(world)
            assert (
                hashlib.sha256(file.read_bytes()).digest() == hashlib.sha256(again.read_bytes()).digest()
            ), file


def test_arms_get_the_same_rows_in_other_languages(world):
    examples = world / "examples"

    def take(text, seed=0):
        return arm_rows(examples, parse_arm(text), 60, seed, PARAMETERS)

    english = take("english:squad_v2")
    translated = take("translated:squad_v2:B")
    assert list(translated["meaning_id"]) == list(english["meaning_id"])
    assert set(translated["language"]) == {"alb", "lir"}  # B holds lir alone of these four
    shares = translated["language"].value_counts()
    assert shares.max() - shares.min() <= 1
    switched = take("code-switched:squad_v2:B")
    assert list(switched["meaning_id"]) == list(english["meaning_id"])
    assert (switched["context"] != english["context"]).mean() > 0.4
    for row in switched.itertuples():
        if row.answer_start >= 0:
            assert row.context[row.answer_start :].startswith(row.answer_text)
    native = take("native:squad_v2:B")
    assert len(native) == len(english)
    assert not set(native[native["language"] != "alb"]["meaning_id"]) & set(english["meaning_id"])
    shuffled = take("shuffled:squad_v2")
    assert list(shuffled["context"]) == list(english["context"])
    assert (shuffled["answer_start"] != english["answer_start"]).mean() > 0.4
    both = take("shuffled-translated:squad_v2:B")
    assert list(both["context"]) == list(translated["context"])
    assert list(both["language"]) == list(translated["language"])
    assert (both["answer_start"] != translated["answer_start"]).mean() > 0.4
    for row in both[both["answer_start"] >= 0].itertuples():
        assert row.context[row.answer_start :].startswith(row.answer_text)
    several = take("multitask-english")
    assert sum(len(frame) for frame in several.values()) == 60
    assert set(several) == {task.name for task in INTERMEDIATE_TASKS}


def test_shuffled_labels_are_the_same_in_every_language(world):
    def take(strategy, seed=0):
        arm = Arm(strategy, "mnli", "B" * ("translated" in strategy))
        return arm_rows(world / "examples", arm, 60, seed, PARAMETERS)

    english, shuffled, both = take("english"), take("shuffled"), take("shuffled-translated")
    assert set(both["language"]) == {"alb", "lir"}
    assert list(both["label"]) == list(shuffled["label"]) != list(english["label"])
    assert sorted(both["label"]) == sorted(english["label"])
    assert list(both["label"]) != list(take("shuffled-translated", 1)["label"])
    with pytest.raises(WrongUse, match="needs a language set"):
        parse_arm("shuffled-translated:mnli")


def test_a_lexicon_of_no_coverage_switches_nothing(tmp_path):
    write_world(tmp_path, 7, LANGUAGES, "alb", ["mnli"], ROWS, {"high": 20, "low": 5}, lexicon_coverage=0.0)
    arm = Arm("code-switched", "mnli", "B")
    switched = arm_rows(tmp_path / "examples", arm, 60, 0, PARAMETERS)
    english = arm_rows(tmp_path / "examples", Arm("english", "mnli"), 60, 0, PARAMETERS)
    assert list(switched["text_a"]) == list(english["text_a"])


def test_translation_noise_changes_words_and_no_label(tmp_path):
    clean, noisy = tmp_path / "clean", tmp_path / "noisy"
    for folder, noise in ((clean, 0.0), (noisy, 0.5)):
        write_world(
            folder, 7, LANGUAGES, "alb", ["mnli"], ROWS, {"high": 20, "low": 5}, translation_noise=noise
        )
    one, other = (rows(folder, "mnli", "train-dor") for folder in (clean, noisy))
    assert list(one["label"]) == list(other["label"])
    assert (one["text_a"] != other["text_a"]).mean() > 0.8
    assert list(rows(clean, "mnli", "train-alb")["text_a"]) == list(
        rows(noisy, "mnli", "train-alb")["text_a"]
    )
