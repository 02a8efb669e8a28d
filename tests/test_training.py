"""Examples become arrays, the loop learns from them, and the two stages leave what they promise."""

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from small_encoder import WORDS, sentences, write_corpus, write_encoder
from transformers import (
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    BertConfig,
    XLMRobertaConfig,
)

from polystilts.errors import StudyError, WrongUse
from polystilts.files import read_json
from polystilts.models.first_token import KINDS, first_token_only
from polystilts.models.heads import share_backbone, with_fresh_head
from polystilts.models.masking import mask_tokens, masked_loss
from polystilts.models.tokens import load_tokenizer
from polystilts.models.vectors import Vector
from polystilts.tasks import TASKS
from polystilts.training import kept, stages
from polystilts.training.features import answer_tokens, collate, inputs, make_features, read_examples
from polystilts.training.lessons import Lesson, similar_length_batches, task_loss
from polystilts.training.loop import train
from polystilts.training.recipe import Recipe

SENTENCES = sentences("alb", 8)
EXAMPLES = {
    "xnli": pd.DataFrame({
        "text_a": SENTENCES, "text_b": sentences("alb", 8, seed=1),
        "label": ["entailment", "neutral", "contradiction", "neutral"] * 2,
    }),
    "xcopa": pd.DataFrame({
        "context": SENTENCES, "question": "huta ?",
        "choices": [[WORDS["alb"][i], WORDS["alb"][i + 1]] for i in range(8)], "label": [0, 1] * 4,
    }),
    "udpos": pd.DataFrame({
        "words": [line.split() for line in SENTENCES],
        "tags": [["NOUN", "VERB", *["ADJ"] * 9][: len(line.split())] for line in SENTENCES],
    }),
    "squad_v2": pd.DataFrame({
        "context": SENTENCES, "question": [line.split()[0] + " ?" for line in SENTENCES],
        "answer_text": [line.split()[1] if i % 4 else "" for i, line in enumerate(SENTENCES)],
        "answer_start": [line.index(" ") + 1 if i % 4 else -1 for i, line in enumerate(SENTENCES)],
    }),
    "lareqa": pd.DataFrame({"question": SENTENCES, "answer": sentences("dor", 8)}),
}  # fmt: skip
for name, frame in EXAMPLES.items():
    frame.insert(0, "example_id", [f"{name}-{i}" for i in range(8)])
    frame.insert(1, "meaning_id", [f"m{i}" for i in range(8)])


@pytest.fixture(scope="module")
def encoder(tmp_path_factory) -> Path:
    return write_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="module")
def tokenizer(encoder):
    return load_tokenizer(encoder)


# --- features -------------------------------------------------------------------------------------------


def test_labels_sit_on_first_subwords(tokenizer):
    frame = pd.DataFrame({"words": [["mira", "venaskuti", "tolo"]], "tags": [["NOUN", "VERB", "ADJ"]]})
    features = make_features(TASKS["udpos"], frame, tokenizer, 48)
    target = features.targets[0]
    labels = TASKS["udpos"].labels
    assert [labels[i] for i in target if i >= 0] == ["NOUN", "VERB", "ADJ"]
    assert (target == -100).sum() == len(target) - 3


def test_an_answer_is_found_again_by_its_tokens(tokenizer):
    features = make_features(TASKS["squad_v2"], EXAMPLES["squad_v2"], tokenizer, 48)
    for row, example in EXAMPLES["squad_v2"].iterrows():
        first, last = features.targets[row]
        if example.answer_start < 0:
            assert (first, last) == (0, 0)
        else:
            spans = features.places[row]
            assert example.context[spans[first][0] : spans[last][1]] == example.answer_text


def test_an_answer_outside_the_window_is_no_answer():
    spans = np.array([[-1, -1], [0, 4], [5, 9], [-1, -1]])
    assert answer_tokens(spans, 5, 9) == (2, 2)
    assert answer_tokens(spans, 0, 9) == (1, 2)
    assert answer_tokens(spans, 5, 12) == (0, 0)  # cut by the end of the window
    assert answer_tokens(spans, -1, -1) == (0, 0)


def test_batches_carry_a_mask_only_where_they_pad(tokenizer):
    frame = pd.DataFrame(
        {"words": [["mira"] * 3, ["tolo"] * 3, ["tolo"]], "tags": [["X"] * 3, ["X"] * 3, ["X"]]}
    )
    features = make_features(TASKS["udpos"], frame, tokenizer, 48)
    assert collate(features, [0, 1]).mask is None
    batch = collate(features, [0, 2])
    assert batch.mask.tolist() == [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]
    assert batch.ids[1].tolist()[3:] == [1, 1] and batch.targets[1].tolist()[3:] == [-100, -100]
    assert batch.tokens == 8


def test_choices_of_a_row_stay_together(tokenizer):
    features = make_features(TASKS["xcopa"], EXAMPLES["xcopa"], tokenizer, 48)
    batch = collate(features, [0, 3])
    assert batch.ids.shape[0] == 4 and batch.texts_per_row == 2 and batch.targets.tolist() == [0, 1]


def test_missing_examples_are_named(tmp_path):
    (tmp_path / "xnli").mkdir()
    EXAMPLES["xnli"].to_parquet(tmp_path / "xnli" / "test-dor.parquet")
    with pytest.raises(StudyError, match="no test-lir .* there is test-dor"):
        read_examples(tmp_path, "xnli", "test", "lir")


# --- the loop -------------------------------------------------------------------------------------------


def test_every_row_comes_once_an_epoch():
    lengths = np.array([5, 9, 5, 7, 9, 7, 5, 9])
    batches = list(islice(similar_length_batches(lengths, 2, np.random.default_rng(0)), 8))
    for epoch in (batches[:4], batches[4:]):
        assert sorted(np.concatenate(epoch)) == list(range(8))
    assert sorted(next(similar_length_batches(lengths[:3], 6, np.random.default_rng(0)))) == [
        0,
        0,
        1,
        1,
        2,
        2,
    ]


def lesson(encoder, tokenizer, name: str, recipe: Recipe, seed: int = 0) -> Lesson:
    task = TASKS[name]
    model = with_fresh_head(encoder, task.kind, task.labels, seed)
    features = make_features(task, EXAMPLES[name], tokenizer, 48)
    return Lesson(model, features, recipe, np.random.default_rng(seed))


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_loop_learns_eight_examples_by_heart(encoder, tokenizer, name):
    recipe = Recipe(updates=300, batch_size=8, learning_rate=1e-2)
    curve, budget = train([lesson(encoder, tokenizer, name, recipe)], [0] * 300, recipe, seed=0)
    assert curve.loss.iloc[-1] < 0.1 < curve.loss.iloc[0]
    assert curve["update"].tolist() == list(range(10, 301, 10))
    assert (budget.rows, budget.updates, budget.mlm_tokens) == (8, 300, 0)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_loop_learns_what_a_plain_loop_learns(encoder, tokenizer, name):
    """Weights stepped as vectors, and a last layer worked out in part, leave the learning curve as it is."""
    recipe = Recipe(updates=30, batch_size=3, learning_rate=3e-3, clip=0.5)
    curve, _ = train([lesson(encoder, tokenizer, name, recipe)], [0] * 30, recipe, seed=0)
    plain = lesson(encoder, tokenizer, name, recipe)
    kind, model = TASKS[name].kind, plain.model
    parameters = list(model.parameters())
    optimizer = torch.optim.AdamW([
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ])  # fmt: skip
    losses = []
    for update in range(30):
        batch = collate(plain.features, next(plain.batches))
        loss = task_loss(model, kind, batch, torch.device("cpu"))
        if kind in KINDS:
            logits = model(**inputs(kind, batch, loss.device)).logits  # of a last layer worked out in full
            loss = torch.nn.functional.cross_entropy(logits, batch.targets)
        optimizer.zero_grad()
        loss.backward()
        assert all(parameter.grad is not None for parameter in parameters)
        torch.nn.utils.clip_grad_norm_(parameters, recipe.clip)
        for group in optimizer.param_groups:
            group["lr"] = recipe.rate(update)
        optimizer.step()
        losses.append(loss.item())
    assert curve.loss.tolist() == pytest.approx(np.reshape(losses, (3, 10)).mean(axis=1), abs=2e-5)


def test_a_head_that_has_no_turn_stays_as_it_is(encoder, tokenizer):
    recipe = Recipe(updates=1, batch_size=4, warmup_share=0.0, decay_share=0.0)
    heads = []
    for timetable in ([0], [0, 1, 1, 1], [0, 1, 0]):
        lessons = [lesson(encoder, tokenizer, name, recipe) for name in ("xnli", "udpos")]
        share_backbone([each.model for each in lessons])
        train(lessons, timetable, recipe, 0)
        heads.append(lessons[0].model.classifier.out_proj.weight)
    assert torch.equal(heads[0], heads[1]) and not torch.equal(heads[0], heads[2])


def test_parameters_in_a_vector_keep_their_values_and_join_their_gradients():
    parameters = [torch.nn.Parameter(torch.randn(3, 5)), torch.nn.Parameter(torch.randn(7))]
    before = [parameter.detach().clone() for parameter in parameters]
    vector = Vector(parameters)
    assert all(torch.equal(a, b) for a, b in zip(parameters, before, strict=True))
    for _ in range(2):  # the gradients of one pass do not reach into the next
        (parameters[0].sum() * 2 + parameters[1].sum() * 3).backward()
        vector.collect()
        assert vector.weights.grad.tolist() == [2.0] * 15 + [3.0] * 7
    vector.drop()
    assert vector.weights.grad is None
    vector.weights.data += 1
    assert torch.equal(parameters[1], before[1] + 1)
    vector.release()
    vector.weights.data += 1
    assert torch.equal(parameters[1], before[1] + 1)


@pytest.mark.parametrize("config", [BertConfig, XLMRobertaConfig])
def test_the_first_token_is_the_same_alone_as_among_the_others(config):
    torch.manual_seed(0)
    size = dict(vocab_size=50, hidden_size=16, num_hidden_layers=2, num_attention_heads=2)
    dropout = dict(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    made = config(**size, **dropout, intermediate_size=32, num_labels=3, initializer_range=0.5)
    model = AutoModelForSequenceClassification.from_config(made, attn_implementation="sdpa")
    ids = torch.randint(4, 50, (4, 9))
    padded = (torch.arange(9) < torch.tensor([9, 5, 7, 9])[:, None]).long()
    for mask in (None, padded):
        found = []
        for only in (False, True):
            model.zero_grad()
            with first_token_only(model, "classification" if only else "tagging"):
                logits = model(ids, attention_mask=mask).logits
                length = model.base_model(ids, attention_mask=mask).last_hidden_state.shape[1]
            assert length == (1 if only else 9)
            torch.nn.functional.cross_entropy(logits, torch.tensor([0, 1, 2, 0])).backward()
            gradients = torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])
            found.append((logits.detach(), gradients))
        for one, two in zip(*found, strict=True):
            assert torch.allclose(one, two, atol=1e-5)
    assert model.base_model(ids).last_hidden_state.shape[1] == 9  # outside the block all is as before


def test_equal_seeds_learn_equal_weights(encoder, tokenizer):
    recipe = Recipe(updates=6, batch_size=4)
    lessons = [lesson(encoder, tokenizer, "xnli", recipe, seed) for seed in (5, 5, 6)]
    for one, seed in zip(lessons, (5, 5, 6), strict=True):
        train([one], [0] * 6, recipe, seed)
    one, two, other = (each.model.base_model.embeddings.word_embeddings.weight for each in lessons)
    assert torch.equal(one, two) and not torch.equal(one, other)


def test_flops_count_the_layers_and_the_tokens(encoder, tokenizer):
    recipe = Recipe(updates=1, batch_size=8)
    one = lesson(encoder, tokenizer, "udpos", recipe)
    _, budget = train([one], [0], recipe, 0)
    words = sum(map(len, EXAMPLES["udpos"].words))
    assert budget.labelled_tokens == words + 2 * 8  # every word is one token, and <s> and </s> a sentence
    layer = 4 * (16 * 16 + 16) + 2 * 32 + (16 * 32 + 32) + (32 * 16 + 16)  # attention, two norms, two steps
    assert budget.flops == 6 * layer * budget.labelled_tokens


def test_tasks_share_the_updates_by_their_rows(encoder, tokenizer):
    recipe = Recipe(updates=12, batch_size=4)
    lessons = [lesson(encoder, tokenizer, name, recipe) for name in ("xnli", "udpos", "xcopa")]
    lessons[0].rows = 16
    share_backbone([each.model for each in lessons])
    timetable = stages.make_timetable(lessons, 12, np.random.default_rng(0))
    assert sorted(timetable) == [0] * 6 + [1] * 3 + [2] * 3
    before = lessons[2].model.base_model.encoder.layer[0].output.dense.weight.clone()
    train(lessons, [0] * 3, recipe, 0)
    assert not torch.equal(before, lessons[2].model.base_model.encoder.layer[0].output.dense.weight)


def test_a_recipe_without_updates_is_refused():
    with pytest.raises(WrongUse, match="at least one update"):
        Recipe(updates=0)


# --- stages ---------------------------------------------------------------------------------------------


@dataclass
class SomeRun:
    strategy: str
    intermediate_task: str = ""
    language_set: str = ""
    seed: int = 0
    run_id: str = "some-run"


PARAMETERS = {
    "shared": {"source_language": "alb"},
    "intermediate_training": {"updates": 4, "batch_size": 4, "learning_rate": 1e-3, "warmup_share": 0.1},
    "target_finetuning": {"updates": {"udpos": 3}, "batch_size": 2, "learning_rate": 1e-3},
}


@pytest.fixture(scope="module")
def examples(tmp_path_factory) -> Path:
    world = tmp_path_factory.mktemp("world")
    write_corpus(world / "corpus")
    for name, frame in EXAMPLES.items():
        (world / "examples" / name).mkdir(parents=True)
        frame.to_parquet(world / "examples" / name / "train-alb.parquet")
    return world / "examples"


@pytest.fixture
def arms(monkeypatch):
    """Arms that read the eight examples; the real ones are tested with their sources."""
    asked = []

    def labelled_lessons(run, encoder_folder, recipe, frames):
        asked.append(run.strategy)
        names = ("xnli", "udpos") if run.strategy.startswith("multitask") else ("squad_v2",)
        return [lesson(encoder_folder, load_tokenizer(encoder_folder), name, recipe) for name in names]

    rows = {"squad_v2": pd.DataFrame({"language": ["alb", "dor", "alb"]})}
    monkeypatch.setattr(stages, "_labelled_frames", lambda *given: rows)
    monkeypatch.setattr(stages, "_labelled_lessons", labelled_lessons)
    return asked


@pytest.mark.parametrize(
    ("strategy", "updates", "mlm_updates"),
    [
        ("english", 4, 0),
        ("multitask-english", 4, 0),
        ("english+mlm", 4, 4),
        ("mlm-english", 0, 4),
        ("mlm-multilingual", 0, 4),
    ],
)
def test_labelled_budgets_are_equal_over_arms(
    arms, encoder, examples, tmp_path, strategy, updates, mlm_updates
):
    run = SomeRun(strategy)
    folder = stages.train_intermediate(tmp_path / "checkpoint", run, encoder, examples, PARAMETERS)
    budget = read_json(folder / "budget.json")
    assert (budget["updates"], budget["mlm_updates"]) == (updates, mlm_updates)
    assert (budget["labelled_tokens"] > 0, budget["mlm_tokens"] > 0) == (updates > 0, mlm_updates > 0)
    assert len(arms) == (updates > 0)
    tuned = stages.finetune_target(tmp_path / "tuned", run, "udpos", folder, examples, PARAMETERS)
    assert read_json(tuned / "budget.json")["updates"] == 3
    labelled = [row for row in read_json(folder / "read.json") if "task" in row]
    assert labelled == ([{"task": "squad_v2", "language": "alb", "rows": 2},
                         {"task": "squad_v2", "language": "dor", "rows": 1}] if updates else [])  # fmt: skip
    assert read_json(tuned / "read.json") == [
        {"task": "udpos", "language": "alb", "rows": len(EXAMPLES["udpos"])}
    ]
    assert pd.read_csv(tuned / "curve.csv").columns.tolist() == ["update", "loss"]
    assert (tuned / "tokenizer.json").read_bytes() == (encoder / "tokenizer.json").read_bytes()


def test_untrained_arms_hand_the_encoder_over(encoder, examples, tmp_path):
    for strategy, updates in (("none", 3), ("none-long", 7)):
        run = SomeRun(strategy)
        start = stages.train_intermediate(tmp_path / "unused", run, encoder, examples, PARAMETERS)
        assert start == encoder and not (tmp_path / "unused").exists()
        tuned = stages.finetune_target(tmp_path / strategy, run, "udpos", start, examples, PARAMETERS)
        assert read_json(tuned / "budget.json")["updates"] == updates
    assert stages.finetune_target(tmp_path / "no", run, "tatoeba", start, examples, PARAMETERS) == encoder


def test_the_untrained_arm_has_the_shape_of_the_encoder_and_none_of_its_weights(encoder, examples, tmp_path):
    from polystilts.models.encoder import load_encoder

    run = SomeRun("untrained")
    start = stages.train_intermediate(tmp_path / "start", run, encoder, examples, PARAMETERS)
    ours, theirs = load_encoder(start).state_dict(), load_encoder(encoder).state_dict()
    assert {name: w.shape for name, w in ours.items()} == {name: w.shape for name, w in theirs.items()}
    matrices = [name for name, weights in ours.items() if weights.ndim == 2 and weights.std() > 0]
    assert matrices and not any(torch.equal(ours[name], theirs[name]) for name in matrices)
    again = stages.train_intermediate(tmp_path / "again", run, encoder, examples, PARAMETERS)
    assert all(torch.equal(weights, ours[name]) for name, weights in load_encoder(again).state_dict().items())
    assert set(read_json(start / "budget.json").values()) == {0} and read_json(start / "read.json") == []
    tuned = stages.finetune_target(tmp_path / "tuned", run, "udpos", start, examples, PARAMETERS)
    assert read_json(tuned / "budget.json")["updates"] == 3


def test_a_stage_repeats_itself_byte_for_byte(encoder, examples, tmp_path):
    folders = [
        stages.finetune_target(tmp_path / name, SomeRun("none"), "udpos", encoder, examples, PARAMETERS)
        for name in ("one", "two")
    ]
    one, two = ((folder / "model.safetensors").read_bytes() for folder in folders)
    assert one == two


def test_other_layouts_of_special_tokens_are_hidden_right():
    ids = np.tile(np.array([101, 7, 8, 9, 102]), (400, 1))  # as in BERT: [CLS] … [SEP], and [MASK] is 103
    read, hidden, answers = mask_tokens(ids, np.random.default_rng(0), 0.5, 200, 103, (0, 100, 101, 102, 103))
    assert set(answers.tolist()) == {7, 8, 9}
    assert (read.reshape(-1)[hidden] == 103).float().mean().item() == pytest.approx(0.8, abs=0.05)


def test_a_bert_learns_masked_words_too():
    size = dict(vocab_size=40, hidden_size=16, num_hidden_layers=1, num_attention_heads=2)
    model = AutoModelForMaskedLM.from_config(BertConfig(**size, intermediate_size=32)).eval()
    ids = torch.randint(5, 40, (4, 6))
    labels = torch.full_like(ids, -100)
    labels.view(-1)[[3, 8]] = torch.tensor([7, 9])
    found = masked_loss(model, ids, torch.tensor([3, 8]), torch.tensor([7, 9]))
    assert torch.isclose(found, model(ids, labels=labels).loss, atol=1e-6)


def test_arms_and_seeds_that_read_the_same_rows_share_their_features(encoder, monkeypatch):
    monkeypatch.setattr(kept, "MOST", 2)
    monkeypatch.setattr(kept, "_kept", {})
    task, frame = TASKS["xnli"], EXAMPLES["xnli"]
    first = kept.kept_features(task, frame, encoder, 48)
    assert kept.kept_features(task, frame.copy(), encoder, 48) is first
    changed = kept.kept_features(task, frame.assign(label=frame.label[::-1].values), encoder, 48)
    assert changed is not first and changed.targets == first.targets[::-1]
    assert kept.kept_features(task, frame, encoder, 48) is first
    kept.kept_features(task, frame, encoder, 20)  # a third set: the one used least recently goes
    assert kept.kept_features(task, frame, encoder, 48) is first
    assert kept.kept_features(task, frame.assign(label=frame.label[::-1].values), encoder, 48) is not changed
