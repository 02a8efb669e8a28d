"""The vocabulary, the encoder, its heads and its pretraining."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from small_encoder import SIZE, sentences, write_corpus, write_encoder
from torch.nn.functional import cross_entropy

from polystilts.errors import StudyError
from polystilts.files import read_json
from polystilts.models import heads, tokens
from polystilts.models.encoder import load_encoder
from polystilts.models.masking import exact_length_batches, mask_tokens, masked_loss
from polystilts.models.points import embed, nearest
from polystilts.models.pretraining import make_encoder, read_corpus

KINDS = [*heads.HEADS, "retrieval"]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory) -> Path:
    return write_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="module")
def tokenizer(encoder):
    return tokens.load_tokenizer(encoder)


def ids_of(tokenizer, text: str) -> list[int]:
    return tokenizer(text, add_special_tokens=False)["input_ids"]


# --- vocabulary -----------------------------------------------------------------------------------------


def test_special_tokens_lie_where_xlmr_has_them(tokenizer):
    assert tokenizer.convert_tokens_to_ids(["<s>", "<pad>", "</s>", "<unk>"]) == [0, 1, 2, 3]
    assert tokenizer.mask_token_id == len(tokenizer) - 1
    assert tokenizer("mira", "tolo")["input_ids"] == [
        0, *ids_of(tokenizer, "mira"), 2, 2, *ids_of(tokenizer, "tolo"), 2
    ]  # fmt: skip


def test_tokenizer_segments_as_sentencepiece_does(tmp_path):
    lines = sentences("alb", 200) + sentences("dor", 200)
    unigram = tokens.train_unigram(lines, 60, tmp_path)
    tokenizer = tokens.as_xlmr_tokenizer(unigram, 48)
    for line in [*lines[::9], "miratolo", "  two  spaces ", "γαβεζη mir", "unseen Ω!"]:
        # XLM-R's ids are SentencePiece's, moved up by the three special tokens before <unk>.
        assert ids_of(tokenizer, line) == [piece + 3 for piece in unigram.encode(line)], line


def test_frequent_words_are_one_piece(tokenizer):
    assert tokens.fertility(tokenizer, ["mira tolo venas", "γαβε ζητα"]) == 1.0
    assert len(ids_of(tokenizer, "venaskuti")) == 1 + len(ids_of(tokenizer, "venaskuti")[1:]) > 1


def test_equal_lines_give_equal_bytes(tmp_path):
    for name in ("one", "two"):
        tokens.train_vocabulary(sentences("alb", 100), 40, tmp_path / name)
    assert tokens.tokenizer_hash(tmp_path / "one") == tokens.tokenizer_hash(tmp_path / "two")
    assert sorted(file.name for file in (tmp_path / "one").iterdir()) == [
        "tokenizer.json",
        "tokenizer_config.json",
    ]


def test_no_lines_are_refused(tmp_path):
    with pytest.raises(StudyError, match="at least one line"):
        tokens.train_vocabulary([], 40, tmp_path)


def test_seed_pieces_score_frequency_times_length():
    found = dict(tokens.seed_pieces(["ab ab", "ab"], 10))
    assert found == {"▁a": 6, "ab": 6, "▁ab": 9}


def test_words_keep_their_first_subword(tokenizer):
    words = ["mira", "venaskuti", "tolo"]
    ((ids, starts, begin),) = tokens.encode_words(tokenizer, words, 48)
    assert begin == 0
    assert [ids[start] for start in starts] == [ids_of(tokenizer, word)[0] for word in words]
    assert starts[2] == starts[1] + len(ids_of(tokenizer, "venaskuti"))


def test_long_sentences_are_read_in_pieces_and_lose_no_word(tokenizer):
    pieces = tokens.encode_words(tokenizer, ["mira"] * 25, 12)
    assert [(len(ids), len(starts), begin) for ids, starts, begin in pieces] == [
        (12, 10, 0), (12, 10, 10), (7, 5, 20),
    ]  # fmt: skip


def test_character_spans_lead_back_to_the_context(tokenizer):
    context = "mira tolo, venaskuti."
    ((ids, spans),) = tokens.encode_question_context(tokenizer, "huta ?", context, 48)
    inside = [(start, end) for start, end in spans.tolist() if start >= 0]
    assert "".join(context[start:end] for start, end in inside) == context.replace(" ", "")
    assert not any(context[start].isspace() for start, end in inside if end > start)
    assert spans[0].tolist() == [-1, -1] and len(ids) == len(spans)


def test_windows_cover_a_long_context(tokenizer):
    context = " ".join(["mira", "tolo", "venas"] * 20)
    windows = tokens.encode_question_context(tokenizer, "huta", context, 24)
    assert len(windows) > 2 and max(len(ids) for ids, _ in windows) == 24
    covered = {start for _, spans in windows for start, _ in spans.tolist() if start >= 0}
    assert covered == {i for i in range(len(context)) if i == 0 or context[i - 1] == " "}


# --- heads ----------------------------------------------------------------------------------------------


def backbone(model) -> dict[str, torch.Tensor]:
    parts = (model.base_model.embeddings, model.base_model.encoder)
    return {f"{i}.{name}": value for i, part in enumerate(parts) for name, value in part.state_dict().items()}


def head(model) -> dict[str, torch.Tensor]:
    return {name: value for name, value in model.state_dict().items()
            if not name.startswith(("roberta.embeddings", "roberta.encoder"))}  # fmt: skip


@pytest.mark.parametrize("second", KINDS)
@pytest.mark.parametrize("first", KINDS)
def test_only_the_backbone_is_carried_over(encoder, tmp_path, first, second):
    model = heads.with_fresh_head(encoder, first, ("a", "b", "c"), seed=1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.5)  # as if it had been trained
    model.save_pretrained(tmp_path)
    carried = heads.with_fresh_head(tmp_path, second, ("x", "y"), seed=1)
    expected = backbone(model)
    assert all(torch.equal(value, expected[name]) for name, value in backbone(carried).items())
    if second == "retrieval":
        return
    fresh = heads.with_fresh_head(encoder, second, ("x", "y"), seed=1)
    assert head(carried).keys() == head(fresh).keys() and head(fresh)
    assert all(torch.equal(value, head(fresh)[name]) for name, value in head(carried).items())
    assert carried.config.num_labels == 2


def test_a_head_depends_on_its_seed_alone(encoder):
    one, two, other = (heads.with_fresh_head(encoder, "classification", ("a", "b"), s) for s in (1, 1, 2))
    assert torch.equal(one.classifier.dense.weight, two.classifier.dense.weight)
    assert not torch.equal(one.classifier.dense.weight, other.classifier.dense.weight)
    assert one.config.id2label == {0: "a", 1: "b"}


def test_a_shared_backbone_is_one_backbone(encoder):
    models = [heads.with_fresh_head(encoder, kind, ("a", "b"), 0) for kind in heads.HEADS]
    heads.share_backbone(models)
    with torch.no_grad():
        models[0].base_model.encoder.layer[0].output.dense.weight.zero_()
    assert all(not model.base_model.encoder.layer[0].output.dense.weight.any() for model in models)


def test_contrastive_loss_leaves_other_right_answers_out():
    left = right = torch.eye(3)
    groups = torch.tensor([0, 0, 1])  # the first two texts are answers to the same thing
    kept = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    expected = (
        2 * cross_entropy(kept, torch.zeros(2).long()) + cross_entropy(torch.eye(3)[2:], torch.tensor([2]))
    ) / 3
    assert torch.isclose(heads.contrastive_loss(left, right, groups, 1.0), expected)


def test_padding_does_not_move_a_point():
    hidden = torch.randn(1, 3, 4)
    padded = torch.cat([hidden, torch.full((1, 2, 4), 9.0)], dim=1)
    mask = torch.tensor([[1, 1, 1, 0, 0]])
    assert torch.allclose(heads.mean_pool(hidden, None), heads.mean_pool(padded, mask), atol=1e-6)


def test_each_text_is_its_own_nearest(encoder, tokenizer):
    rows = tokens.encode_lines(tokenizer, ["mira tolo", "huta lanor bixe donu .", "γαβε"], 48)
    points = embed(load_encoder(encoder).eval(), rows, [0, 1])
    assert sorted(points) == [0, 1] and points[1].shape == (3, 16)
    assert np.allclose(np.linalg.norm(points[1], axis=1), 1, atol=1e-5)
    assert nearest(points[1], points[1], 2)[:, 0].tolist() == [0, 1, 2]


# --- masked language modelling --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def masked_lm(encoder):
    return heads.load_masked_lm(encoder).eval()


def test_masked_loss_equals_the_full_loss(masked_lm):
    draw = np.random.default_rng(0)
    ids = draw.integers(4, 40, size=(6, 9))
    read, hidden, answers = mask_tokens(ids, draw, 0.3, masked_lm.config.vocab_size)
    labels = torch.full(read.shape, -100)
    labels.view(-1)[hidden] = answers
    full = masked_lm(input_ids=read, labels=labels).loss
    assert torch.isclose(masked_loss(masked_lm, read, hidden, answers), full, atol=1e-6)


def test_exact_length_rows_need_no_mask(masked_lm):
    rows = torch.randint(4, 40, (5, 7))
    padded = torch.cat([rows, torch.ones(5, 4, dtype=torch.long)], dim=1)
    mask = (padded != 1).long()
    alone = masked_lm.base_model(rows).last_hidden_state
    beside = masked_lm.base_model(padded, attention_mask=mask).last_hidden_state[:, :7]
    assert torch.allclose(alone, beside, atol=1e-5)


def test_masking_hides_the_asked_share_and_no_special_token():
    ids = np.tile(np.array([0, *range(4, 14), 2]), (2000, 1))
    read, hidden, answers = mask_tokens(ids, np.random.default_rng(0), 0.25, 50)
    assert len(hidden) / (2000 * 10) == pytest.approx(0.25, abs=0.01)
    assert torch.equal(answers, torch.from_numpy(ids.reshape(-1))[hidden]) and answers.min() >= 4
    became = read.reshape(-1)[hidden]
    assert (became == 49).float().mean().item() == pytest.approx(0.8, abs=0.02)
    untouched = np.setdiff1d(np.arange(ids.size), hidden)
    assert (read.reshape(-1)[untouched].numpy() == ids.reshape(-1)[untouched]).all()


def test_batches_have_one_length_and_the_asked_languages():
    rows = {"a": [np.arange(3), np.arange(5)] * 50, "b": [np.arange(5)] * 25}
    batches = exact_length_batches(rows, lambda length: 30 // length, 0.5, np.random.default_rng(0))
    first = [next(batches) for _ in range(400)]
    assert {batch.shape for batch, _ in first} == {(10, 3), (6, 5)}
    languages = np.concatenate([numbers for _, numbers in first])
    assert (languages == 1).mean() == pytest.approx(1 / 3, abs=0.05)  # √25 of √100 + √25


def small(**knobs) -> dict:
    return {**SIZE, "pieces": 60, "vocabulary_lines": 200, "updates": 60, "tokens_per_update": 256} | knobs


def test_pretraining_learns_and_is_byte_identical(tmp_path):
    corpus = write_corpus(tmp_path / "corpus")
    folders = [make_encoder(tmp_path / n, corpus, small(processes=1), 3) for n in ("one", "two")]
    other = make_encoder(tmp_path / "other", corpus, small(processes=1, updates=1), 4)
    weights = [(folder / "model.safetensors").read_bytes() for folder in (*folders, other)]
    assert weights[0] == weights[1] != weights[2]
    curve = pd.read_csv(folders[0] / "pretraining.csv")
    assert list(curve.columns) == ["update", "loss", "tokens", "learning_rate"]
    assert curve["update"].tolist() == [50, 60] and curve.loss.iloc[1] < curve.loss.iloc[0]
    card = read_json(folders[0] / "pretraining.json")
    assert sum(card["tokens"].values()) == curve.tokens.iloc[-1]
    assert card["fertility"] == {"alb": 1.0, "dor": 1.0}
    assert tokens.load_tokenizer(folders[0]).mask_token_id == card["vocabulary"] - 1
    assert load_encoder(folders[0]).config.hidden_size == 16


@pytest.mark.slow
@pytest.mark.slow
@pytest.mark.proof
def test_two_processes_share_the_tokens_of_an_update(tmp_path):
    """That two processes always come to the same bytes is seen in test_resume.py."""
    knobs = small(processes=2, updates=5, tokens_per_update=512)
    folder = make_encoder(tmp_path / "encoder", write_corpus(tmp_path / "corpus"), knobs, 0)
    read = sum(read_json(folder / "pretraining.json")["tokens"].values())
    assert read == pytest.approx(5 * 512, rel=0.05)


def test_a_folder_without_text_is_refused(tmp_path):
    with pytest.raises(StudyError, match="<language>.txt"):
        read_corpus(tmp_path)
