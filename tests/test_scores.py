"""Labels without text, marks for every kind of task, and the table of scores."""

import subprocess
import sys
from types import SimpleNamespace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polystilts.errors import StudyError
from polystilts.evaluation.exposure import exposure
from polystilts.evaluation.labels import gold_labels
from polystilts.evaluation.scores import (
    SCORE_COLUMNS,
    item_scores,
    score_predictions,
    score_run,
    write_scores,
)
from polystilts.tasks import TASKS

# a busy machine is no error, and every run tries the same cases
settings.register_profile("marks", deadline=None, database=None, derandomize=True)
settings.load_profile("marks")

RUN = SimpleNamespace(
    run_id="w64.w0.e1--translated--squad_v2--a--s2", world_seed=0, encoder="w64", encoder_seed=1,
    strategy="translated", intermediate_task="squad_v2", language_set="A", seed=2,
)  # fmt: skip


def frame(**columns):
    """Examples whose ids are e0, e1, ... and whose meanings are m0, m1, ..."""
    size = len(next(iter(columns.values())))
    ids = {"example_id": [f"e{i}" for i in range(size)], "meaning_id": [f"m{i}" for i in range(size)]}
    return pd.DataFrame(ids | columns)


def answers(predictions, language="alb", **more):
    """Predictions for the examples e0, e1, ... of one language."""
    ids = [f"e{i}" for i in range(len(predictions))]
    return pd.DataFrame({"language": language, "example_id": ids, "prediction": predictions} | more)


def values(rows):
    """Scores by language, variant and metric."""
    return {
        (row.language, row.variant, row.metric): (round(row.value, 6), row.n) for row in rows.itertuples()
    }


NLI = gold_labels(TASKS["xnli"], {
    "alb": frame(text_a=["x"] * 3, text_b=["y"] * 3, label=["neutral", "entailment", "neutral"]),
    "dor": frame(text_a=["x"] * 2, text_b=["y"] * 2, label=["entailment", "contradiction"]),
})  # fmt: skip


# --- one golden case a kind -----------------------------------------------------------------------------


def test_classification():
    given = pd.concat([answers(["neutral", "neutral", "neutral"]), answers(["entailment", "neutral"], "dor")])
    assert values(score_predictions(TASKS["xnli"], given, NLI)) == {
        ("alb", "", "accuracy"): (66.666667, 3),
        ("dor", "", "accuracy"): (50.0, 2),
    }
    assert item_scores(TASKS["xnli"], given, NLI).tolist() == [1, 0, 1, 1, 0]


def test_multiple_choice():
    examples = frame(context=["c"] * 4, question=[""] * 4, choices=[["x", "y"]] * 4, label=[0, 1, 1, 0])
    labels = gold_labels(TASKS["xcopa"], {"alb": examples})
    assert labels["gold"].tolist() == ["0", "1", "1", "0"]
    scores = score_predictions(TASKS["xcopa"], answers(["0", "1", "1", "1"]), labels)
    assert values(scores) == {("alb", "", "accuracy"): (75.0, 4)}


def test_parts_of_speech():
    examples = frame(words=[["a"] * 5, ["b"]], tags=[["NOUN", "NOUN", "VERB", "DET", "NOUN"], ["VERB"]])
    labels = gold_labels(TASKS["udpos"], {"alb": examples})
    given = answers(["NOUN PROPN VERB DET NOUN", "VERB"])
    # chunks: 5 gold, 6 predicted, 4 shared: F1 = 8/11; words: 5 of 6
    assert values(score_predictions(TASKS["udpos"], given, labels)) == {
        ("alb", "", "f1"): (72.727273, 2),
        ("alb", "", "token_accuracy"): (83.333333, 2),
    }
    assert item_scores(TASKS["udpos"], given, labels).tolist() == [0.8, 1.0]


def test_names():
    examples = frame(words=[["a"] * 4], tags=[["B-PER", "I-PER", "O", "B-LOC"]])
    labels = gold_labels(TASKS["panx"], {"alb": examples})
    scores = score_predictions(TASKS["panx"], answers(["B-PER O O B-LOC"]), labels)
    assert values(scores) == {("alb", "", "span_f1"): (50.0, 1)}


TEXT = "The red mill , the old mill ."
QUESTIONS = frame(
    context=[TEXT, TEXT, TEXT],
    question=["?"] * 3,
    answer_text=["red mill", "mill", ""],
    answer_start=[4, 23, -1],
)


def test_question_answering_compares_the_words_of_spans():
    labels = gold_labels(TASKS["squad_v2"], {"alb": QUESTIONS})
    assert labels["gold"].tolist() == ["4:12", "23:27", "-1:-1"]
    assert labels["answers"].tolist() == [["red mill"], ["mill"], []]
    assert "question" not in labels.columns
    # the other mill: F1 2/3 · "the old mill ." for "mill": 2/3 · no answer: right
    given = answers(["23:27", "15:29", "-1:-1"])
    assert values(score_predictions(TASKS["squad_v2"], given, labels)) == {
        ("alb", "", "f1"): (77.777778, 3),
        ("alb", "", "exact_match"): (33.333333, 3),
    }
    assert item_scores(TASKS["squad_v2"], given, labels).tolist() == pytest.approx([2 / 3, 2 / 3, 1])


def test_labels_survive_a_parquet_file(tmp_path):
    labels = gold_labels(TASKS["squad_v2"], {"alb": QUESTIONS})
    labels.to_parquet(tmp_path / "squad_v2.parquet", index=False)
    given = answers(["23:27", "15:29", "-1:-1"])
    again = score_predictions(TASKS["squad_v2"], given, pd.read_parquet(tmp_path / "squad_v2.parquet"))
    pd.testing.assert_frame_equal(again, score_predictions(TASKS["squad_v2"], given, labels))


def test_mlqa_has_a_normaliser_of_its_own():
    examples = frame(context=["«Die Mühle»"], question=["?"], answer_text=["Mühle"], answer_start=[5])
    for name, expected in (("mlqa", 100.0), ("xquad", 0.0)):
        labels = gold_labels(TASKS[name], {"de": examples})
        scores = score_predictions(TASKS[name], answers(["0:11"], "de"), labels)
        # SQuAD's rule keeps the article and the quotes: «die mühle» is not mühle
        assert scores["value"].tolist() == [expected, expected]


def test_chinese_is_compared_by_character_in_mlqa_alone():
    text = "在北京市海淀区。北京市"
    examples = frame(context=[text], question=["?"], answer_text=["海淀区"], answer_start=[4])
    for name, f1 in (("mlqa", 66.666667), ("xquad", 0.0)):
        labels = gold_labels(TASKS[name], {"zh": examples})
        scores = values(score_predictions(TASKS[name], answers(["1:7"], "zh"), labels))
        assert scores == {("zh", "", "f1"): (f1, 1), ("zh", "", "exact_match"): (0.0, 1)}
    # the same words elsewhere in a text without spaces are the same answer
    again = examples.assign(answer_text="北京市", answer_start=1)
    labels = gold_labels(TASKS["xquad"], {"zh": again})
    assert score_predictions(TASKS["xquad"], answers(["8:11"], "zh"), labels)["value"].tolist() == [100, 100]


def test_several_right_answers_count_the_best():
    more = QUESTIONS[:2].assign(answers=[["red mill", "old mill"], []])
    labels = gold_labels(TASKS["tydiqa"], {"alb": more})
    assert labels["answers"].tolist() == [["red mill", "old mill"], ["mill"]]
    scores = score_predictions(TASKS["tydiqa"], answers(["19:27", "23:27"]), labels)
    assert scores["value"].tolist() == [100.0, 100.0]


def test_an_answer_that_the_context_does_not_hold_is_refused():
    wrong = QUESTIONS.assign(answer_start=[5, 23, -1])
    with pytest.raises(StudyError, match="squad_v1 in alb, example e0: .*'red mill' at 5"):
        gold_labels(TASKS["squad_v1"], {"alb": wrong})


def test_tatoeba_with_variants():
    labels = gold_labels(TASKS["tatoeba"], {"dor": frame(text=["x", "y"], text_source=["X", "Y"])})
    given = pd.concat([
        answers(["e0 e1", "e0 e1"], "dor", variant="layer1.mean.plain"),
        answers(["e0 e1", "e1 e0"], "dor", variant="layer1.mean.centred"),
    ])  # fmt: skip
    assert values(score_predictions(TASKS["tatoeba"], given, labels)) == {
        ("dor", "layer1.mean.centred", "accuracy"): (100.0, 2),
        ("dor", "layer1.mean.plain", "accuracy"): (50.0, 2),
    }


def test_lareqa_finds_its_answers_in_all_languages():
    examples = {
        code: frame(question=["x", "y"], answer=["X", "Y"]).assign(example_id=[f"{code}-0", f"{code}-1"])
        for code in ("alb", "dor", "lir")
    }
    labels = gold_labels(TASKS["lareqa"], examples)
    assert labels["gold"][0] == "alb-0 dor-0 lir-0"
    given = labels[["language", "example_id"]].assign(prediction="alb-0 alb-1 dor-0")
    # for meaning 0: (1/1 + 2/3) / 3; for meaning 1: (1/2) / 3
    expected = round(100 * ((1 + 2 / 3) / 3 + 1 / 6) / 2, 6)
    assert set(values(score_predictions(TASKS["lareqa"], given, labels)).values()) == {(expected, 2)}
    # places behind the ranking complete it: 1/1, 2/3 and 3/30 of meaning 0
    full = ["alb-0 alb-1 dor-0 ... 30:lir-0", "alb-1 dor-1 lir-1"] * 3
    scores = score_predictions(TASKS["lareqa"], given.assign(prediction=full), labels)
    wanted = round(100 * ((1 + 2 / 3 + 3 / 30) / 3 + 1) / 2, 6)
    assert values(scores)["alb", "", "map"] == (wanted, 2)
    assert values(scores)["alb", "", "map@20"] == (round(100 * ((1 + 2 / 3) / 3 + 1) / 2, 6), 2)
    twice = {code: part.assign(example_id=["0", "1"]) for code, part in examples.items()}
    with pytest.raises(StudyError, match="candidate ids must be unique, and '0' is there twice"):
        gold_labels(TASKS["lareqa"], twice)


def test_questions_that_one_sentence_answers_have_one_candidate():
    examples = {"alb": frame(question=["x", "y", "z"], answer=["X", "X", "Z"])}
    assert gold_labels(TASKS["lareqa"], examples)["gold"].tolist() == ["e0", "e0", "e2"]


def test_sentences_have_the_names_that_the_data_give_them():
    rows = frame(question=["x", "y", ""], answer=["X", "X", "Z"], candidate_id=["p1", "p1", "p2"])
    assert gold_labels(TASKS["lareqa"], {"alb": rows})["gold"].tolist() == ["p1", "p1"]


def test_mined_pairs_are_marked_together():
    columns = {"text": ["a", "b", "", "d"], "text_source": ["A", "", "C", "D"]}
    # a name without a sentence is no translation
    labels = gold_labels(TASKS["bucc"], {"de": frame(**columns, source_id=["s0", "e1", "s2", "s3"])})
    assert labels[["example_id", "gold"]].to_numpy().tolist() == [["e0", "s0"], ["e1", "-"], ["e3", "s3"]]
    given = labels[["language", "example_id"]].assign(prediction=["s0", "s2", "-"])
    assert values(score_predictions(TASKS["bucc"], given, labels)) == {("de", "", "bucc_f1"): (50.0, 3)}
    assert item_scores(TASKS["bucc"], given, labels).tolist() == [1, 0, 0]


def test_mewslix_counts_one_over_the_rank():
    examples = frame(text=["x", "y"], mention_start=[0, 0], mention_end=[1, 1], entity_id=["Q1", "Q2"])
    labels = gold_labels(TASKS["mewslix"], {"alb": examples})
    scores = score_predictions(TASKS["mewslix"], answers(["Q3 Q1", "Q1 Q3 Q4 Q2"]), labels)
    assert values(scores) == {("alb", "", "mrr@20"): (37.5, 2)}


# --- properties -----------------------------------------------------------------------------------------


@settings(max_examples=25)
@given(st.lists(st.sampled_from(TASKS["xnli"].labels), min_size=5, max_size=5), st.randoms())
def test_rows_may_come_in_any_order(labels_given, random):
    given = pd.concat([answers(labels_given[:3]), answers(labels_given[3:], "dor")], ignore_index=True)
    order = list(range(5))
    random.shuffle(order)
    once, again = (score_predictions(TASKS["xnli"], rows, NLI) for rows in (given, given.iloc[order]))
    pd.testing.assert_frame_equal(once, again)


def test_perfect_predictions_score_100():
    examples = {
        "xnli": frame(text_a=["x"] * 3, text_b=["y"] * 3, label=list(TASKS["xnli"].labels)),
        "udpos": frame(words=[["a", "b"]], tags=[["NOUN", "SCONJ"]]),
        "panx": frame(words=[["a", "b"]], tags=[["B-ORG", "O"]]),
        "xquad": QUESTIONS[:2],
        "squad_v2": QUESTIONS,
        "xcopa": frame(context=["c"], question=[""], choices=[["x", "y"]], label=[1]),
        "tatoeba": frame(text=["x", "y"], text_source=["X", "Y"]),
        "lareqa": frame(question=["x", "y"], answer=["X", "Y"]),
        "mewslix": frame(text=["x"], mention_start=[0], mention_end=[1], entity_id=["Q1"]),
    }
    for name, rows in examples.items():
        labels = gold_labels(TASKS[name], {"alb": rows})
        scores = score_predictions(TASKS[name], answers(labels["gold"].tolist()), labels)
        assert scores["value"].tolist() == [100.0] * len(scores), name
        assert scores["metric"][0] == TASKS[name].metric


# --- what is refused ------------------------------------------------------------------------------------

GOOD = answers(["neutral", "neutral", "neutral"])


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (GOOD.assign(example_id=["e0", "e9", "e2"]), r"row 2 \(alb, example e9\): unknown example"),
        (GOOD[:2], r"1 of 3 examples in alb have no prediction, the first is e2"),
        (
            GOOD.assign(example_id=["e0", "e1", "e1"]),
            r"row 3 \(alb, example e1\): the example is predicted twice",
        ),
        (GOOD.assign(prediction=["neutral", None, "neutral"]), r"row 2 \(alb, example e1\): no prediction"),
        (
            GOOD.assign(prediction=["neutral", float("nan"), "neutral"]),
            r"row 2 \(alb, example e1\): no prediction",
        ),
        (
            GOOD.assign(prediction=["neutral", "no", "neutral"]),
            r"row 2 .*unknown label 'no'; labels are entail",
        ),
        (GOOD.assign(language="xx"), r"row 1 \(xx, example e0\): no labels for this language; .* alb, dor"),
        (GOOD.drop(columns="prediction"), r"lacks the columns prediction; it has language, example_id"),
        (GOOD[:0], r"is empty; predict xnli first"),
    ],
)
def test_broken_predictions_are_refused_by_file_and_row(broken, message):
    with pytest.raises(StudyError, match=r"^runs/x/xnli\.parquet.*" + message):
        score_predictions(TASKS["xnli"], broken, NLI, "runs/x/xnli.parquet")


def test_broken_answers_of_other_kinds_are_refused():
    tags = gold_labels(TASKS["panx"], {"alb": frame(words=[["a", "b"]], tags=[["O", "B-PER"]])})
    with pytest.raises(StudyError, match=r"row 1 \(alb, example e0\): 1 tags for 2 words"):
        score_predictions(TASKS["panx"], answers(["O"]), tags)
    with pytest.raises(StudyError, match=r"unknown tag 'B-DOG'; tags are O, B-PER"):
        score_predictions(TASKS["panx"], answers(["O B-DOG"]), tags)
    spans = gold_labels(TASKS["xquad"], {"alb": QUESTIONS[:1]})
    for wrong in ("4-12", "12:4", "4:", "-1:4", ""):
        with pytest.raises(StudyError, match=rf"'{wrong}' is no span; write start:end"):
            score_predictions(TASKS["xquad"], answers([wrong]), spans)
    choices = gold_labels(TASKS["xcopa"], {"alb": frame(choices=[["x", "y"]], label=[1])})
    with pytest.raises(StudyError, match="unknown choice '2'; choices are 0, 1"):
        score_predictions(TASKS["xcopa"], answers(["2"]), choices)
    pairs = gold_labels(TASKS["tatoeba"], {"alb": frame(text=["x"], text_source=["X"])})
    with pytest.raises(StudyError, match="no candidates; give the ids of the best ones"):
        score_predictions(TASKS["tatoeba"], answers([""]), pairs)


def test_broken_labels_are_refused():
    with pytest.raises(StudyError, match="labels of xnli, row 1 .* the label is withheld"):
        score_predictions(TASKS["xnli"], GOOD, NLI.assign(gold=None))
    with pytest.raises(StudyError, match="labels of xnli, row 6 .* labelled twice"):
        score_predictions(TASKS["xnli"], GOOD, pd.concat([NLI, NLI[:1]]))
    with pytest.raises(StudyError, match="xnli in alb: example ids must be unique, and 'e0' is there twice"):
        gold_labels(TASKS["xnli"], {"alb": frame(label=["neutral"] * 2).assign(example_id="e0")})


# --- the table ------------------------------------------------------------------------------------------


def rows_of_run(**more):
    given = pd.concat([answers(["neutral", "neutral", "neutral"]), answers(["entailment", "neutral"], "dor")])
    return score_run(RUN, "demo", TASKS["xnli"], given, NLI, source_language="alb", **more)


def test_a_run_fills_every_column():
    rows = rows_of_run(intermediate_kinds="question_answering", labelled_languages={"alb", "dor"})
    assert tuple(rows.columns) == SCORE_COLUMNS
    assert rows.iloc[1].tolist() == [
        "demo", RUN.run_id, 0, "w64", 1, "translated", "squad_v2", "A", 2, "nli_train", "xnli",
        "classification", "dor", "task", "test", "accuracy", "", 50.0, 2,
    ]  # fmt: skip
    baseline = SimpleNamespace(
        **vars(RUN) | {"strategy": "none", "intermediate_task": "", "language_set": ""}
    )
    rows = score_run(baseline, "demo", TASKS["xnli"], GOOD, NLI, source_language="alb", split="dev")
    assert rows.loc[0, ["intermediate_task", "language_set", "split"]].tolist() == ["none", "-", "dev"]


def test_exposure_is_that_of_the_language():
    assert exposure("tagging", (), (), "dor") == exposure("tagging", "", {"dor"}, "dor") == "none"
    assert exposure("tagging", {"tagging", "classification"}, {"dor"}, "dor") == "same-task"
    # the source language is what the target task is tuned on, whatever came before
    assert rows_of_run()["exposure"].tolist() == ["same-task", "none"]
    both = rows_of_run(intermediate_kinds="classification", labelled_languages={"alb", "dor"})
    assert both["exposure"].tolist() == ["same-task", "same-task"]
    # retrieval with an encoder that is not tuned has no such labels
    labels = gold_labels(TASKS["tatoeba"], {"alb": frame(text=["x"], text_source=["X"])})
    rows = score_run(RUN, "demo", TASKS["tatoeba"], answers(["e0"]), labels, source_language="alb")
    assert rows[["exposure", "finetune_task"]].to_numpy().tolist() == [["none", "none"]]


def test_equal_scores_are_equal_bytes(tmp_path):
    rows = rows_of_run()
    write_scores(tmp_path / "a.csv", rows)
    write_scores(tmp_path / "b.csv", [rows[1:], rows[:1]])
    text = (tmp_path / "a.csv").read_bytes()
    assert text == (tmp_path / "b.csv").read_bytes()
    assert text.decode().splitlines() == [
        ",".join(SCORE_COLUMNS),
        f"demo,{RUN.run_id},0,w64,1,translated,squad_v2,A,2,nli_train,xnli,classification,"
        "alb,same-task,test,accuracy,,66.666667,3",
        f"demo,{RUN.run_id},0,w64,1,translated,squad_v2,A,2,nli_train,xnli,classification,"
        "dor,none,test,accuracy,,50.000000,2",
    ]
    assert b"\r" not in text


def test_a_score_is_written_once_and_with_a_value(tmp_path):
    rows = rows_of_run()
    with pytest.raises(StudyError, match="xnli in alb: the accuracy is there twice"):
        write_scores(tmp_path / "scores.csv", [rows, rows[:1]])
    with pytest.raises(StudyError, match="xnli in alb: the accuracy has no value"):
        write_scores(tmp_path / "scores.csv", rows.assign(value=float("nan")))
    assert not list(tmp_path.iterdir())


def test_scores_are_made_without_torch():
    modules = "polystilts.evaluation.scores, polystilts.evaluation.labels, polystilts.evaluation.shortcuts"
    code = f"import sys, {modules}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
