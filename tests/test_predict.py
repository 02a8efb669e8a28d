"""Predictions: the right encodings, the best spans, and retrieval in its pools."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from small_encoder import WORDS, sentences, write_encoder

from polystilts.evaluation import predict, retrieve
from polystilts.files import read_json
from polystilts.models.heads import with_fresh_head
from polystilts.models.tokens import load_tokenizer
from polystilts.tasks import TASKS
from polystilts.training.features import Features, make_features


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
    for name in ("xquad", "udpos", "tatoeba", "lareqa", "mewslix"):
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
