"""What guessing reaches, against slow computations that follow the words of docs/claims.md one by one."""

import statistics
from itertools import permutations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_scores import frame

from polystilts.evaluation import metrics
from polystilts.evaluation.answers import answer_f1, normaliser
from polystilts.evaluation.guesses import (
    candidate_counts,
    guess_rows,
    guesses,
    other_tags,
    random_ranking,
    random_span,
    with_guesses,
)
from polystilts.evaluation.labels import gold_labels
from polystilts.evaluation.scores import SCORE_COLUMNS, write_scores
from polystilts.tasks import TASKS

WORDS = st.sampled_from(["the", "red", "Mill,", "“mill”", "北京市", "-", "ΟΔΟΣ", "a", "de", "old."])
TEXTS = st.lists(WORDS, min_size=1, max_size=6)


@st.composite
def questions(draw):
    """Labels of one language: contexts, and right answers that are spans of them, sometimes none."""
    rows = []
    for number in range(draw(st.integers(1, 4))):
        words = draw(TEXTS)
        start = draw(st.integers(0, len(words) - 1))
        end = draw(st.integers(start + 1, len(words)))
        texts = draw(
            st.sampled_from([[" ".join(words[start:end])], [" ".join(words[start:end]), words[0]], []])
        )
        rows.append((f"e{number}", " ".join(words), texts))
    language = draw(st.sampled_from(["en", "zh", "de"]))
    return pd.DataFrame(rows, columns=["example_id", "context", "answers"]).assign(language=language)


@settings(max_examples=150, deadline=None)
@given(questions(), st.sampled_from(["xquad", "mlqa", "squad_v2"]))
def test_a_random_span_reaches_the_mean_over_all_lengths_and_starts(labels, name):
    task, language = TASKS[name], labels["language"].iloc[0]
    rule = {"empty_may_match": task.unanswerable}
    lengths = [len(texts[0].split()) for texts in labels["answers"] if texts]
    reached = []
    for context, texts in zip(labels["context"], labels["answers"], strict=True):
        words, of_lengths = context.split(), []
        for length in (min(length, len(words)) for length in lengths):
            spans = [" ".join(words[start : start + length]) for start in range(len(words) - length + 1)]
            of_lengths.append(statistics.fmean(
                answer_f1(span, texts, normaliser(task.normaliser, language), **rule) for span in spans
            ))  # fmt: skip
        reached.append(statistics.fmean(of_lengths) if of_lengths else 0.0)
    silent = statistics.fmean(float(not texts) for texts in labels["answers"]) if task.unanswerable else 0.0
    assert random_span(task, labels) == pytest.approx(100 * max(statistics.fmean(reached), silent))


TAGS = st.sampled_from(["O", "B-PER", "I-PER", "I-LOC", "S-LOC", "SCONJ", "E-PER", "NOUN", "."])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(TAGS, min_size=1, max_size=5), min_size=1, max_size=6))
def test_tags_from_another_place_are_marked_as_the_measure_marks_them(sentences):
    tags, reached = [tag for sentence in sentences for tag in sentence], []
    for place in range(1, 11):
        shift, cut, at = place * len(tags) // 11, [], 0
        moved = tags[shift:] + tags[:shift]
        for sentence in sentences:
            cut.append(moved[at : at + len(sentence)])
            at += len(sentence)
        reached.append(metrics.chunk_f1(sentences, cut))
    labels = pd.DataFrame({"gold": [" ".join(sentence) for sentence in sentences]})
    assert other_tags(TASKS["panx"], labels) == pytest.approx(statistics.fmean(reached))


def test_only_questions_and_tags_need_labels_to_say_what_a_guess_reaches():
    assert guesses(TASKS["xnli"], pd.DataFrame({"language": ["sw"], "gold": ["neutral"]})) == {}
    assert guesses(TASKS["tatoeba"], pd.DataFrame({"language": ["sw"], "gold": ["x"]})) == {}


def scored(strategy: str, language: str, run: str, metric: str = "span_f1") -> dict:
    row = dict.fromkeys(SCORE_COLUMNS, "-")
    return row | {"strategy": strategy, "language": language, "run_id": run, "target_task": "panx",
                  "variant": "", "task_kind": "tagging", "split": "test", "metric": metric,
                  "world_seed": 0, "value": 50.0, "n": 2}  # fmt: skip


def test_published_scores_are_given_what_guessing_reaches_once_and_only_where_labels_are(tmp_path):
    rows = [scored(*cell) for cell in (("none", "sw", "r0"), ("none", "sw", "r1"), ("none", "te", "r0"),
                                       ("english", "sw", "r2"))]  # fmt: skip
    scores = pd.DataFrame(rows + [scored("none", "sw", "r0", "token_accuracy")])
    labels = pd.DataFrame({"language": "sw", "gold": ["B-PER O O", "O B-LOC O O"]})
    whole = with_guesses(scores, lambda world, target: labels)
    added = whole[whole["metric"] == "chance"]
    assert added[["run_id", "language", "n"]].to_numpy().tolist() == [["r0", "sw", 2], ["r1", "sw", 2]]
    assert added["value"].tolist() == pytest.approx([other_tags(TASKS["panx"], labels)] * 2)
    assert whole["value"].iloc[: len(scores)].tolist() == scores["value"].tolist()
    assert with_guesses(whole, lambda world, target: labels) is whole
    assert with_guesses(scores, lambda world, target: None) is scores
    write_scores(tmp_path / "a.csv", whole)
    write_scores(tmp_path / "b.csv", whole.sample(frac=1, random_state=0))
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


@pytest.mark.parametrize("metric", ["accuracy", "mrr@20", "map@20"])
@pytest.mark.parametrize(("candidates", "right"), [(4, 1), (5, 2), (5, 5)])
def test_a_random_ranking_scores_the_mean_over_all_orders(metric, candidates, right):
    measure = {"accuracy": metrics.first_is_relevant, "mrr@20": metrics.reciprocal_rank,
               "map@20": metrics.average_precision}[metric]  # fmt: skip
    wanted = [str(name) for name in range(right)]
    orders = permutations([str(name) for name in range(candidates)])
    mean = statistics.fmean(measure(list(order), wanted) for order in orders)
    assert random_ranking(metric, candidates, right) == pytest.approx(100 * mean)


def test_what_guessing_reaches_counts_all_candidates_and_not_only_those_that_are_asked():
    asked = ["one", "two", "", ""]  # four sentences, two of them asked
    rows = {code: frame(text_source=asked, text=[f"{code} {i}" for i in range(4)]) for code in ("dor", "lir")}
    counts = candidate_counts(TASKS["tatoeba"], rows)
    assert counts == {"dor": 4, "lir": 4}
    labels = gold_labels(TASKS["tatoeba"], rows)
    scored = pd.DataFrame({"language": ["dor", "lir"], "metric": "accuracy", "variant": "layer1.mean.plain",
                           "value": 50.0, "n": 2, "run_id": "r"})  # fmt: skip
    found = guess_rows(scored, guesses(TASKS["tatoeba"], labels, counts))
    assert found["metric"].unique().tolist() == ["chance"] and found["value"].tolist() == [25.0, 25.0]
    pooled = {code: part.assign(question=asked) for code, part in rows.items()}
    pooled = {
        code: part.rename(columns={"text": TASKS["lareqa"].search.answer}) for code, part in pooled.items()
    }
    pooled = {code: part.assign(example_id=code + part["example_id"]) for code, part in pooled.items()}
    assert candidate_counts(TASKS["lareqa"], pooled) == {"dor": 8, "lir": 8}
