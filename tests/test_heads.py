"""What one stage hands to the next: an encoder, whoever made it, and never a head or an optimiser."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest
import torch
from small_encoder import ENCODERS, sentences
from transformers import ElectraConfig, ElectraForMaskedLM

from polystilts.errors import StudyError, WrongUse
from polystilts.evaluation.predict import predict
from polystilts.models import heads
from polystilts.models.encoder import fetch_encoder, limit_input, load_encoder, longest_input
from polystilts.models.tokens import load_tokenizer, tokenizer_hash
from polystilts.tasks import TASKS
from polystilts.training.features import collate, inputs, make_features
from polystilts.training.loop import Budget
from polystilts.training.recipe import Recipe
from polystilts.training.stages import finetune_target, masked_lesson

KINDS = [*heads.HEADS, "retrieval"]
# One task of each kind, with a number of labels of its own.
TASK_OF_KIND = {
    "classification": "xnli", "multiple_choice": "xcopa", "tagging": "udpos",
    "question_answering": "xquad", "retrieval": "lareqa",
}  # fmt: skip


@pytest.fixture(scope="module", params=ENCODERS)
def encoder(request, tmp_path_factory) -> Path:
    """An encoder of our own, an XLM-R and a multilingual BERT, each fetched as from the hub."""
    made = ENCODERS[request.param](tmp_path_factory.mktemp(request.param))
    return fetch_encoder(made, tmp_path_factory.mktemp("fetched"))


def some_rows(kind: str) -> pd.DataFrame:
    """Six examples of a kind, made of the small vocabulary."""
    lines, words = sentences("alb", 6), [line.split() for line in sentences("dor", 6)]
    columns = {
        "classification": {"text_a": lines, "text_b": lines[::-1], "label": ["neutral", "entailment"] * 3},
        "multiple_choice": {"context": lines, "question": "huta ?", "choices": [["mira", "tolo"]] * 6,
                            "label": [0, 1] * 3},
        "tagging": {"words": words, "tags": [["NOUN"] * len(line) for line in words]},
        "question_answering": {"context": lines, "question": "huta ?", "answer_start": 0,
                               "answer_text": [line.split()[0] for line in lines]},
        "retrieval": {"question": lines, "answer": lines[::-1]},
    }[kind]  # fmt: skip
    ids = {"example_id": [f"e{i}" for i in range(6)], "meaning_id": [f"m{i}" for i in range(6)]}
    return pd.DataFrame(ids | columns)


def head(model) -> dict[str, torch.Tensor]:
    base = model.base_model_prefix
    names = (f"{base}.embeddings", f"{base}.encoder", "embeddings", "encoder")
    return {name: value for name, value in model.state_dict().items() if not name.startswith(names)}


def backbone(model) -> dict[str, torch.Tensor]:
    parts = (model.base_model.embeddings, model.base_model.encoder)
    return {f"{i}.{name}": value for i, part in enumerate(parts) for name, value in part.state_dict().items()}


def labels_of(kind: str) -> tuple[str, ...]:
    return TASKS[TASK_OF_KIND[kind]].labels


@pytest.fixture(scope="module")
def fresh(encoder):
    """The encoder under a new head, made once a kind."""
    return cache(lambda kind: heads.with_fresh_head(encoder, kind, labels_of(kind), seed=1))


@pytest.fixture(scope="module")
def tuned(encoder, tmp_path_factory):
    """A checkpoint of a kind as training would leave it, and its backbone; made once a kind."""

    @cache
    def make(kind: str) -> tuple[Path, dict[str, torch.Tensor]]:
        model = heads.with_fresh_head(encoder, kind, labels_of(kind), seed=1)
        limit_input(model, 7)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(0.5)
        folder = tmp_path_factory.mktemp(kind)
        model.save_pretrained(folder)
        return folder, backbone(model)

    return make


@pytest.mark.parametrize("second", KINDS)
@pytest.mark.parametrize("first", KINDS)
def test_from_any_kind_to_any_kind_the_head_is_new(fresh, tuned, first, second):
    folder, trained = tuned(first)
    assert longest_input(heads.load_whole(folder, first)) == 7
    carried = heads.with_fresh_head(folder, second, labels_of(second), seed=1)
    found = backbone(carried)
    assert found.keys() == trained.keys()
    assert all(torch.equal(value, trained[name]) for name, value in found.items())
    assert longest_input(carried) > 7  # what the first task was cut at
    if second != "retrieval":
        new = head(fresh(second))
        assert head(carried).keys() == new.keys() and new
        assert all(torch.equal(value, new[name]) for name, value in head(carried).items())
        outputs = {"question_answering": 2, "multiple_choice": 1}.get(second, len(labels_of(second)))
        assert carried.config.num_labels == max(outputs, 1) == fresh(second).config.num_labels


@dataclass
class SomeRun:
    run_id: str = "some-run"
    strategy: str = "none"
    seed: int = 3


PARAMETERS = {
    "shared": {"source_language": "alb"},
    "target_finetuning": {"updates": 2, "batch_size": 4, "learning_rate": 1e-2},
}


@pytest.fixture(scope="module")
def examples(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("examples")
    for kind, name in TASK_OF_KIND.items():
        (folder / TASKS[name].training_task).mkdir()
        some_rows(kind).to_parquet(folder / TASKS[name].training_task / "train-alb.parquet")
    return folder


def test_an_optimiser_beside_a_checkpoint_is_never_read(encoder, examples, tmp_path):
    """Neither leftovers of another trainer nor a number in a folder's name reach the next stage."""
    start = finetune_target(tmp_path / "start", SomeRun(), "xnli", encoder, examples, PARAMETERS)
    assert not list(start.glob("*optim*")) and not list(start.glob("*sched*"))
    littered = finetune_target(
        tmp_path / "checkpoint-12000", SomeRun(), "xnli", encoder, examples, PARAMETERS
    )
    for name in ("optimizer.pt", "scheduler.pt", "trainer_state.json", "rng_state.pth"):
        (littered / name).write_bytes(b"not for you")
    made = [
        finetune_target(tmp_path / f"next-{number}", SomeRun(), "udpos", folder, examples, PARAMETERS)
        for number, folder in enumerate((start, littered))
    ]
    one, two = ((folder / "model.safetensors").read_bytes() for folder in made)
    assert one == two
    assert not [file for file in made[1].iterdir() if file.suffix in (".pt", ".pth", ".bin")]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_learned_and_answered_with_every_encoder(encoder, examples, tmp_path, kind):
    task = TASKS[TASK_OF_KIND[kind]]
    folder = finetune_target(tmp_path / "tuned", SomeRun(), task.name, encoder, examples, PARAMETERS)
    assert tokenizer_hash(folder) == tokenizer_hash(encoder)
    before, after = backbone(load_encoder(encoder)), backbone(load_encoder(folder))
    assert any(not torch.equal(value, after[name]) for name, value in before.items())
    if kind != "retrieval":
        model = heads.load_whole(folder, kind).eval()
        found = predict(model, load_tokenizer(folder), task, some_rows(kind))
        assert len(found) == 6 and found["item_score"].between(0, 1).all()


def test_pairs_are_read_as_the_tokenizer_writes_them(encoder):
    """Ids, mask and, for BERT, segments: those of the library's own batch."""
    rows, tokenizer = some_rows("classification"), load_tokenizer(encoder)
    features = make_features(TASKS["xnli"], rows, tokenizer, 200)
    batch = inputs("classification", collate(features, range(6)), torch.device("cpu"))
    theirs = tokenizer(list(rows.text_a), list(rows.text_b), padding=True, return_tensors="pt")
    assert all(torch.equal(batch[name], theirs[name]) for name in theirs)
    assert ("token_type_ids" in batch) == ("token_type_ids" in theirs)


def test_positions_start_where_the_model_starts_them(encoder):
    model = load_encoder(encoder)
    room = longest_input(model)
    assert (
        room == {"xlm-roberta": model.config.max_position_embeddings - 2, "bert": 64}[model.config.model_type]
    )
    model(torch.full((1, room), 5))
    with pytest.raises((IndexError, RuntimeError)):
        model(torch.full((1, room + 1), 5))


def test_items_of_two_and_of_three_choices_may_share_a_batch(encoder):
    rows = some_rows("multiple_choice")
    rows["choices"] = [["mira", "tolo", "venas"], ["mira", "tolo"]] * 3
    features = make_features(TASKS["copa_train"], rows, load_tokenizer(encoder), 40)
    batch = collate(features, range(6))
    assert batch.texts_per_row == 3
    model = heads.with_fresh_head(encoder, "multiple_choice").eval()
    mixed = model(**inputs("multiple_choice", batch, torch.device("cpu"))).logits
    alone = model(**inputs("multiple_choice", collate(features, [1, 3, 5]), torch.device("cpu"))).logits
    assert mixed.shape == (6, 3) and alone.shape == (3, 2)
    assert torch.allclose(mixed[1::2, :2], alone, atol=1e-5)


def test_an_encoder_that_is_nowhere_is_refused(tmp_path, monkeypatch):
    with pytest.raises(StudyError, match="encoder .*nowhere: neither a folder, nor in the hub's cache"):
        fetch_encoder(tmp_path / "nowhere", tmp_path / "fetched")
    assert not (tmp_path / "fetched").exists()


def test_words_can_be_masked_for_every_encoder(encoder):
    lesson = masked_lesson(encoder, {"alb": sentences("alb", 20)}, Recipe(updates=1, batch_size=2), seed=0)
    loss = lesson.loss(torch.device("cpu"), Budget())
    assert torch.isfinite(loss) and loss > 0
    other = ElectraConfig(vocab_size=40, hidden_size=8, embedding_size=8, num_hidden_layers=1,
                          num_attention_heads=1, intermediate_size=8)  # fmt: skip
    with TemporaryDirectory() as folder:
        ElectraForMaskedLM(other).save_pretrained(folder)
        with pytest.raises(WrongUse, match="of the form of XLM-R or BERT, and this is electra"):
            heads.load_masked_lm(folder)
