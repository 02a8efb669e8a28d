"""Predictions: the right encodings, the best spans, and retrieval in its pools."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from small_encoder import WORDS, sentences, write_encoder

from polystilts.evaluation import predict, retrieve
from polystilts.evaluation.labels import gold_labels
from polystilts.evaluation.metrics import average_precision
from polystilts.evaluation.scores import item_scores, score_predictions
from polystilts.files import read_json
from polystilts.models import points
from polystilts.models.heads import with_fresh_head
from polystilts.models.points import embed
from polystilts.models.tokens import encode_lines, load_tokenizer
from polystilts.tasks import TASKS
from polystilts.training.features import Features, make_features, read_examples


@dataclass
class SomeRun:
    run_id: str = "some-run"


@pytest.fixture(scope="module")
def encoder(tmp_path_factory) -> Path:
    return write_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="module")
def tokenizer(encoder):
    return load_tokenizer(encoder)


# --- spans ----------------------------------------------------------------------------------------------


def test_best_spans_equal_brute_force():
    draw = torch.Generator().manual_seed(0)
    starts, ends = torch.randn(40, 12, generator=draw), torch.randn(40, 12, generator=draw)
    within = torch.rand(40, 12, generator=draw) < 0.7
    within[:, 5] = True
    best, first, last, none = predict.best_spans(starts, ends, within, longest=4)
    for row in range(40):
        legal = [
            (float(starts[row, i] + ends[row, j]), i, j)
            for i in range(12) for j in range(i, min(i + 4, 12)) if within[row, i] and within[row, j]
        ]  # fmt: skip
        assert max(legal)[1:] == (first[row], last[row])
        assert max(legal)[0] == pytest.approx(float(best[row]), abs=1e-6)
        assert float(none[row]) == pytest.approx(float(starts[row, 0] + ends[row, 0]))


def test_the_best_window_wins_and_no_answer_must_win_in_every_window():
    features = Features("question_answering")
    for start in (0, 10):  # two windows of one example
        features.add(
            [np.arange(3)], (0, 0), 0, np.array([[-1, -1], [start, start + 4], [start + 5, start + 9]])
        )
    outputs = [(2.0, 1, 1, 1.0), (3.0, 1, 2, 9.0)]  # score, first, last, no answer
    assert predict._decode_spans(TASKS["xquad"], features, outputs, 1) == ["10:19"]
    assert predict._decode_spans(TASKS["squad_v2"], features, outputs, 1) == ["10:19"]
    doubtful = [(2.0, 1, 1, 4.0), (3.0, 1, 2, 9.0)]
    assert predict._decode_spans(TASKS["squad_v2"], features, doubtful, 1) == ["-1:-1"]
    assert predict._decode_spans(TASKS["xquad"], features, doubtful, 1) == ["10:19"]


def test_item_scores():
    question = {"context": "mira tolo venas", "answer_text": "tolo venas", "answer_start": 5}
    assert predict.item_score(TASKS["xquad"], "5:15", question) == 1.0
    assert predict.item_score(TASKS["xquad"], "0:9", question) == 0.5
    nothing = {"context": "mira tolo", "answer_text": "", "answer_start": -1}
    assert predict.item_score(TASKS["squad_v2"], "-1:-1", nothing) == 1.0
    assert predict.item_score(TASKS["squad_v2"], "0:4", nothing) == 0.0
    assert predict.item_score(TASKS["udpos"], "NOUN VERB", {"tags": ["NOUN", "NOUN"]}) == 0.5
    assert predict.item_score(TASKS["xcopa"], "1", {"label": 1}) == 1.0


def test_any_of_several_right_answers_counts():
    question = {"context": "mira tolo venas", "answer_text": "venas", "answer_start": 10}
    assert predict.item_score(TASKS["xquad"], "5:9", question) == 0.0
    assert predict.item_score(TASKS["xquad"], "5:9", question | {"answers": ["venas", "tolo"]}) == 1.0
    german = {"context": "die Katze", "answer_text": "Katze", "answer_start": 4, "language": "de"}
    assert predict.item_score(TASKS["mlqa"], "0:9", german) == 1.0
    assert predict.item_score(TASKS["xquad"], "0:9", german) == pytest.approx(2 / 3)


def reference_best(starts, ends, spans, context_left, longest):
    """The reference's n-best decoding (BERT's run_squad): 20 best starts × 20 best ends, widest contexts.

    Arguments are lists by window; the score and the characters of the best span, or None if none survives.
    """
    best = None
    for window, (start, end, span) in enumerate(zip(starts, ends, spans, strict=True)):
        for i in np.argsort(-start)[:20]:
            for j in np.argsort(-end)[:20]:
                if span[i][0] < 0 or span[j][0] < 0 or j < i or j - i + 1 > longest:
                    continue
                widest = max(range(len(spans)), key=lambda w: context_left[w].get(int(span[i][0]), -1))
                if widest != window:
                    continue
                score = start[i] + end[j]
                if best is None or score > best[0]:
                    best = (float(score), int(span[i][0]), int(span[j][1]))
    return best


def test_every_span_of_the_reference_is_weighed():
    """The best of all spans is never worse than the reference's; and is it, wherever that saw every pair."""
    draw = np.random.default_rng(0)
    same = 0
    for case in range(60):
        length, windows = int(draw.integers(10, 60)), int(draw.integers(1, 4))
        spans, lefts = [], []
        for window in range(windows):  # windows overlap: they start half a window after one another
            first = window * (length // 2)
            places = [(-1, -1), *((10 * (first + t), 10 * (first + t) + 9) for t in range(length))]
            spans.append(np.array(places))
            lefts.append({10 * (first + t): min(t, length - 1 - t) for t in range(length)})
        starts = [draw.normal(size=length + 1).astype(np.float32) for _ in range(windows)]
        ends = [draw.normal(size=length + 1).astype(np.float32) for _ in range(windows)]
        features, outputs = Features("question_answering"), []
        for start, end, span in zip(starts, ends, spans, strict=True):
            features.add([np.arange(length + 1)], (0, 0), 0, span)
            within = torch.from_numpy(span[:, 1] > span[:, 0])[None]
            found = predict.best_spans(torch.from_numpy(start)[None], torch.from_numpy(end)[None], within)
            outputs.append(tuple(column.tolist()[0] for column in found))
        (ours,) = predict._decode_spans(TASKS["xquad"], features, outputs, 1)
        theirs = reference_best(starts, ends, spans, lefts, predict.LONGEST_ANSWER)
        best = max(output[0] for output in outputs)
        assert theirs is None or best >= theirs[0] - 1e-6, case
        if windows == 1 and length < 20:
            assert ours == f"{theirs[1]}:{theirs[2]}", case
        same += theirs is not None and ours == f"{theirs[1]}:{theirs[2]}"
    assert same > 30


# --- batches --------------------------------------------------------------------------------------------


def test_length_batches_cover_all_rows_within_the_budget():
    features = Features("tagging")
    draw = np.random.default_rng(0)
    for row, length in enumerate(draw.integers(3, 20, size=500)):
        features.add([np.arange(length)], 0, row)
    lengths = features.lengths()
    batches = list(predict.length_batches(features, 200))
    assert sorted(np.concatenate(batches)) == list(range(500))
    assert all(len(rows) * lengths[rows].max() <= 200 for rows in batches)
    assert list(predict.length_batches(Features("tagging"), 200)) == []


FRAMES = {
    "xnli": pd.DataFrame({"text_a": sentences("alb", 9), "text_b": sentences("dor", 9), "label": "neutral"}),
    "xcopa": pd.DataFrame({
        "context": sentences("alb", 9), "question": "", "label": [0, 1, 1] * 3,
        "choices": [["mira", "tolo venas kuti"]] * 9,
    }),
    "udpos": pd.DataFrame({
        "words": [line.split() for line in sentences("alb", 9)],
        "tags": [["NOUN"] * len(line.split()) for line in sentences("alb", 9)],
    }),
    "xquad": pd.DataFrame({
        "context": sentences("alb", 9), "question": "huta ?", "answer_start": 0,
        "answer_text": [line.split()[0] for line in sentences("alb", 9)],
    }),
}  # fmt: skip


@pytest.mark.parametrize("name", FRAMES)
def test_a_prediction_does_not_depend_on_its_neighbours(encoder, tokenizer, name):
    task, frame = TASKS[name], FRAMES[name]
    model = with_fresh_head(encoder, task.kind, task.labels, 1).eval()
    together = predict.predict(model, tokenizer, task, frame)
    alone = [predict.predict(model, tokenizer, task, frame.iloc[[i]]) for i in range(len(frame))]
    assert together.prediction.tolist() == [row.prediction.iloc[0] for row in alone]
    assert together.item_score.between(0, 1).all()


def test_a_long_sentence_gets_a_tag_for_every_word(encoder, tokenizer):
    task = TASKS["udpos"]
    frame = pd.DataFrame({"words": [["mira"] * 100], "tags": [["NOUN"] * 100]})
    features = make_features(task, frame, tokenizer, 48)
    assert len(features) == 3
    found = predict.predict(with_fresh_head(encoder, task.kind, task.labels).eval(), tokenizer, task, frame)
    assert len(found.prediction[0].split(" ")) == 100


# --- whole target tasks ---------------------------------------------------------------------------------


def ids(name: str, language: str, count: int) -> dict:
    return {"example_id": [f"{name}-{language}-{i}" for i in range(count)],
            "meaning_id": [f"m{i}" for i in range(count)]}  # fmt: skip


@pytest.fixture(scope="module")
def examples(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("examples")
    for name in ("xquad", "udpos", "tatoeba", "lareqa", "mewslix", "bucc"):
        (folder / name).mkdir()
    home = [" ".join(WORDS["alb"][i : i + 3]) for i in range(6)]
    for language in ("alb", "dor"):
        for name in ("xquad", "udpos"):
            frame = FRAMES[name].assign(**ids(name, language, 9))
            frame.to_parquet(folder / name / f"test-{language}.parquet")
            frame.to_parquet(folder / name / f"dev-{language}.parquet")
        # The "translation" of Tatoeba is the sentence itself, so even a new encoder finds it.
        tatoeba = {"text": home, "text_source": home}
        pd.DataFrame(ids("tatoeba", language, 6) | tatoeba).to_parquet(
            folder / "tatoeba" / f"test-{language}.parquet"
        )
        lareqa = {"question": home, "answer": home}
        pd.DataFrame(ids("lareqa", language, 6) | lareqa).to_parquet(
            folder / "lareqa" / f"test-{language}.parquet"
        )
        mentions = {"text": home, "mention_start": 0, "mention_end": [line.index(" ") for line in home],
                    "entity_id": [f"E{i}" for i in range(6)]}  # fmt: skip
        pd.DataFrame(ids("mewslix", language, 6) | mentions).to_parquet(
            folder / "mewslix" / f"test-{language}.parquet"
        )
    # of four sentences the first two have a translation, of four possible ones the first two are one
    bitext = {"text": [*home[:4], "", ""], "text_source": [*home[:2], "", "", *home[4:]],
              "source_id": ["s0", "s1", "x2", "x3", "s4", "s5"]}  # fmt: skip
    for split in ("dev", "test"):
        pd.DataFrame(ids("bucc", "dor", 6) | bitext).to_parquet(folder / "bucc" / f"{split}-dor.parquet")
    pd.DataFrame(
        {"entity_id": [f"E{i}" for i in range(6)], "language": ["alb", "dor"] * 3, "text": home}
    ).to_parquet(folder / "mewslix" / "entities-test.parquet")
    return folder


PARAMETERS = {"shared": {"source_language": "alb"}, "zero_shot_transfer": {"retrieval_layers": [0, 1]}}


def answer(name: str, checkpoint: Path, examples: Path, file: Path) -> pd.DataFrame:
    predict.predict_target(file, SomeRun(), name, checkpoint, examples, ["alb", "dor"], PARAMETERS)
    return pd.read_parquet(file)


def tuned(name: str, encoder: Path, folder: Path) -> Path:
    model = with_fresh_head(encoder, TASKS[name].kind, TASKS[name].labels, 0)
    model.save_pretrained(folder)
    load_tokenizer(encoder).save_pretrained(folder)
    return folder


def test_predictions_hold_no_text(encoder, examples, tmp_path):
    checkpoint = tuned("xquad", encoder, tmp_path / "tuned")
    found = answer("xquad", checkpoint, examples, tmp_path / "xquad.parquet")
    assert found.columns.tolist() == [
        "language", "example_id", "meaning_id", "prediction", "item_score", "variant",
    ]  # fmt: skip
    assert len(found) == 18 and set(found.language) == {"alb", "dor"}
    for (start, end), context in zip(
        (map(int, text.split(":")) for text in found.prediction), [*FRAMES["xquad"].context] * 2, strict=True
    ):
        assert 0 <= start < end <= len(context)


def test_development_score_lies_beside_the_checkpoint(encoder, examples, tmp_path):
    checkpoint = tuned("udpos", encoder, tmp_path)
    result = predict.examine(checkpoint, "udpos", examples, PARAMETERS)
    assert result == read_json(tmp_path / "dev.json")
    assert result["majority"] == 100.0 and result["n"] == 9 and result["metric"] == "f1"


def test_tatoeba_asks_in_other_languages_within_one_file(encoder, examples, tmp_path):
    found = answer("tatoeba", encoder, examples, tmp_path / "tatoeba.parquet")
    assert set(found.language) == {"dor"}
    assert set(found.variant) == {f"layer{n}.mean.{kind}" for n in (0, 1) for kind in ("plain", "centred")}
    assert found[found.variant == "layer1.mean.plain"].item_score.tolist() == [1.0] * 6
    assert all(name.startswith("tatoeba-dor-") for text in found.prediction for name in text.split())


def test_lareqa_candidates_of_all_languages_lie_in_one_pool(encoder, examples, tmp_path):
    found = answer("lareqa", encoder, examples, tmp_path / "lareqa.parquet")
    plain = found[found.variant == "layer1.mean.plain"]
    assert plain.item_score.tolist() == [1.0] * 12  # both languages' answers come first
    assert set(plain.prediction.iloc[0].split()[:2]) == {"lareqa-alb-0", "lareqa-dor-0"}


def test_pairs_are_mined_down_to_a_margin_learned_elsewhere(encoder, examples, tmp_path):
    found = answer("bucc", encoder, examples, tmp_path / "bucc.parquet")
    plain = found[found.variant == "layer1.mean.plain"]
    assert plain.example_id.tolist() == [f"bucc-dor-{i}" for i in range(4)]
    assert plain.prediction.tolist() == ["s0", "s1", "-", "-"] and plain.item_score.tolist() == [1.0] * 4


def test_one_sentence_that_answers_two_questions_is_one_candidate(encoder, tmp_path):
    texts = [" ".join(WORDS["alb"][i : i + 3]) for i in range(3)]
    rows = {"question": [*texts, texts[0]], "answer": [*texts, texts[0]]}
    (tmp_path / "lareqa").mkdir()
    pd.DataFrame(ids("lareqa", "alb", 4) | rows).to_parquet(tmp_path / "lareqa" / "test-alb.parquet")
    predict.predict_target(
        tmp_path / "found.parquet", SomeRun(), "lareqa", encoder, tmp_path, ["alb"], PARAMETERS
    )
    found = pd.read_parquet(tmp_path / "found.parquet")
    assert found.prediction.map(lambda text: len(text.split())).tolist() == [3] * len(found)
    assert found[found.variant == "layer1.mean.plain"].item_score.tolist() == [1.0] * 4


def test_a_sentence_that_nobody_asks_for_is_a_candidate_too(encoder, tmp_path):
    texts = sentences("alb", 4)
    rows = {"question": [*texts[:2], "", ""], "answer": texts, "candidate_id": ["p0", "p1", "p2", "p3"]}
    (tmp_path / "lareqa").mkdir()
    pd.DataFrame(ids("lareqa", "alb", 4) | rows).to_parquet(tmp_path / "lareqa" / "test-alb.parquet")
    queries, candidates = retrieve.read_pool(TASKS["lareqa"], tmp_path, ["alb"], "alb", "test")
    assert len(queries) == 2 and candidates.id.tolist() == ["p0", "p1", "p2", "p3"]


def test_places_behind_the_twentieth_are_told_and_complete_the_score(encoder, tmp_path):
    """LAReQA as its paper has it, over the whole ranking, from predictions that name twenty candidates."""
    (tmp_path / "lareqa").mkdir()
    frames = {}
    for language in ("alb", "dor"):
        rows = {"question": sentences(language, 30), "answer": sentences(language, 30, seed=1)}
        frames[language] = pd.DataFrame(ids("lareqa", language, 30) | rows)
        frames[language].to_parquet(tmp_path / "lareqa" / f"test-{language}.parquet")
    given = (tmp_path / "found.parquet", SomeRun(), "lareqa", encoder, tmp_path, ["alb", "dor"], PARAMETERS)
    found = predict.predict_target(*given)
    labels = gold_labels(TASKS["lareqa"], frames)
    scores = score_predictions(TASKS["lareqa"], found, labels).set_index(["language", "variant", "metric"])
    queries, candidates = retrieve.read_pool(TASKS["lareqa"], tmp_path, ["alb", "dor"], "alb", "test")
    model, tokenizer = predict.load_finetuned(encoder, TASKS["lareqa"])
    left, right = (embed(model, encode_lines(tokenizer, list(texts), 48), [1])[1]
                   for texts in (queries.question, candidates.text))  # fmt: skip
    order = np.argsort(-(left @ right.T), axis=1, kind="stable")
    ranked = [[candidates.id[i] for i in row] for row in order]
    right = [{f"lareqa-{code}-{name[1:]}" for code in ("alb", "dor")} for name in queries.meaning_id]
    for k, metric in ((20, "map@20"), (None, "map")):
        whole = [average_precision(names, gold, k) for names, gold in zip(ranked, right, strict=True)]
        for language in ("alb", "dor"):
            mine = 100 * np.mean(np.array(whole)[(queries.language == language).to_numpy()])
            assert scores.value[language, "layer1.mean.plain", metric] == pytest.approx(mine, abs=1e-6)


def test_a_large_pool_is_searched_by_blocks_and_kept_in_a_file(monkeypatch):
    draw = np.random.default_rng(0)
    # numbers that half precision, in which large pools are kept, holds exactly
    queries, candidates = (draw.normal(size=(n, 8)).astype(np.float16).astype(np.float32) for n in (50, 333))
    expected = np.argsort(-(queries @ candidates.T), axis=1)[:, :20]
    monkeypatch.setattr(points, "CANDIDATES_AT_ONCE", 7)
    monkeypatch.setattr(points, "QUERIES_AT_ONCE", 9)
    monkeypatch.setattr(points, "BYTES_IN_MEMORY", 100)
    room = points.room_for(333, 8)
    assert isinstance(room, np.memmap)
    room[:] = candidates
    assert (points.nearest(queries, room, 20) == expected).all()
    assert points.nearest(queries, room[:5], 20).shape == (50, 5)
    centred = retrieve.centred(room, np.repeat(["a", "b", "c"], 111))
    lengths = np.linalg.norm(centred.astype(float), axis=1)
    assert isinstance(centred, np.memmap) and np.allclose(lengths, 1, atol=2e-3)


@pytest.mark.parametrize("name", ["xquad", "udpos", "tatoeba", "lareqa", "mewslix", "bucc"])
def test_items_are_marked_as_their_scores_will_be(encoder, examples, tmp_path, name):
    """The share that predictions carry is the one that labels give them again."""
    tuned_for = "none" if TASKS[name].kind == "retrieval" else name
    checkpoint = encoder if tuned_for == "none" else tuned(name, encoder, tmp_path / "tuned")
    found = answer(name, checkpoint, examples, tmp_path / f"{name}.parquet")
    frames = {code: read_examples(examples, name, "test", code) for code in set(found.language)}
    labels = gold_labels(TASKS[name], frames)
    assert item_scores(TASKS[name], found, labels).tolist() == pytest.approx(found.item_score.tolist())


def test_mewsli_finds_entities_by_their_id(encoder, examples, tmp_path):
    found = answer("mewslix", encoder, examples, tmp_path / "mewslix.parquet")
    assert found.prediction.map(lambda text: sorted(text.split()) == [f"E{i}" for i in range(6)]).all()
    row = found.iloc[3]
    assert row.item_score == 1 / (1 + row.prediction.split().index("E3"))


def test_centred_points_have_no_language_mean():
    points = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0], [0.8, 0.6]], dtype=np.float32)
    moved = retrieve.centred(points, np.array(["a", "a", "b", "b"]))
    assert np.allclose(moved[0], -moved[1]) and np.allclose(moved[2], -moved[3])
    assert np.allclose(np.linalg.norm(moved, axis=1), 1)
