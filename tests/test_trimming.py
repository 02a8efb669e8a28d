"""A trimmed vocabulary cuts every text as before, and the encoder under it computes what it did."""

import json
from pathlib import Path

import pandas as pd
import pytest
import torch
from every_target import write_examples
from safetensors.torch import load_file, save_file
from small_e5 import write_image, write_wheel
from small_encoder import ENCODERS, sentences
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

from polystilts.errors import StudyError
from polystilts.files import read_json, write_json
from polystilts.models import heads
from polystilts.models.e5_package import save_packaged
from polystilts.models.encoder import fetch_encoder, has_masked_head, load_encoder
from polystilts.models.ready import take_encoder
from polystilts.models.tokens import encode_lines, encode_pairs, load_tokenizer, tokenizer_hash
from polystilts.models.trimming import RECORD, trim_vocabulary, trimming_faults
from polystilts.sources.arms import arm_rows
from polystilts.tasks import Arm
from polystilts.training.texts import texts_of

TEXTS = [*sentences("alb", 40), "mira ☃ tolo", "mira-tolo, huta!", ""]


def packaged(folder: Path) -> Path:
    """The encoder of a small package."""
    row, file = write_wheel(folder / "index", write_image())
    save_packaged(row, file, folder / "encoder")
    return folder / "encoder"


MAKERS = {**ENCODERS, "e5": packaged}


@pytest.fixture(params=MAKERS)
def encoder(request, tmp_path) -> Path:
    return fetch_encoder(MAKERS[request.param](tmp_path / "made"), tmp_path / "fetched")


def test_what_is_left_reads_the_same_texts_in_the_same_way(encoder):
    tokenizer, model = load_tokenizer(encoder), load_encoder(encoder).eval()
    masked = has_masked_head(model.config)
    head = heads.load_masked_lm(encoder).eval() if masked else None
    before = encode_pairs(tokenizer, TEXTS, TEXTS[::-1], 48)
    record = trim_vocabulary(encoder, TEXTS + TEXTS)
    trimmed, smaller = load_tokenizer(encoder), load_encoder(encoder).eval()
    after = encode_pairs(trimmed, TEXTS, TEXTS[::-1], 48)
    assert [tokenizer.convert_ids_to_tokens(ids) for ids in before] == [
        trimmed.convert_ids_to_tokens(ids) for ids in after
    ]
    assert tokenizer.special_tokens_map == trimmed.special_tokens_map
    assert tokenizer.model_input_names == trimmed.model_input_names
    assert record["pieces"] == len(trimmed) == smaller.config.vocab_size < len(tokenizer)
    assert (record["texts"], record["segmented_differently"]) == (len(TEXTS), 0)
    assert smaller.config.pad_token_id == trimmed.pad_token_id
    for old, new in zip(before, after, strict=True):
        with torch.inference_mode():
            one, two = (m(torch.from_numpy(ids).long()[None]) for m, ids in ((model, old), (smaller, new)))
        assert torch.equal(one.last_hidden_state, two.last_hidden_state)
    if masked:
        ids = [torch.from_numpy(some[0]).long()[None] for some in (before, after)]
        kept = tokenizer.convert_tokens_to_ids(trimmed.convert_ids_to_tokens(range(len(trimmed))))
        with torch.inference_mode():
            full, cut = head(ids[0]).logits, heads.load_masked_lm(encoder).eval()(ids[1]).logits
        assert torch.allclose(full[..., kept], cut, atol=1e-6)


@pytest.mark.parametrize("name", ["ours", "xlmr", "e5"])
def test_the_unknown_keeps_its_score(tmp_path, name):
    """It is scored below the lowest piece, so that piece stays, wherever it occurs."""
    encoder = fetch_encoder(MAKERS[name](tmp_path / "made"), tmp_path / "fetched")
    described = json.loads((encoder / "tokenizer.json").read_text("utf-8"))["model"]
    lowest = min(described["vocab"], key=lambda piece: piece[1])[0]
    assert lowest not in load_tokenizer(encoder).tokenize("mira")
    trim_vocabulary(encoder, ["mira"])
    assert lowest in load_tokenizer(encoder).get_vocab()


def test_a_damaged_or_exchanged_trimming_is_found(encoder):
    assert "nothing says that its vocabulary was checked" in trimming_faults(encoder)[0]
    trim_vocabulary(encoder, TEXTS)
    assert trimming_faults(encoder) == []
    record = read_json(encoder / RECORD)
    write_json(encoder / RECORD, record | {"segmented_differently": 3})
    assert trimming_faults(encoder) == ["3 texts are cut otherwise"]
    write_json(encoder / RECORD, record)
    weights = load_file(encoder / "model.safetensors")
    name = next(name for name in weights if name.endswith("word_embeddings.weight"))
    save_file(weights | {name: weights[name][:-1].clone()}, encoder / "model.safetensors", {"format": "pt"})
    assert "word_embeddings.weight has" in " ".join(trimming_faults(encoder))
    text = (encoder / "tokenizer.json").read_text("utf-8")
    (encoder / "tokenizer.json").write_text(text + " ", "utf-8")
    assert "tokenizer.json is not the one that was checked" in trimming_faults(encoder)


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def refuses(folder: Path, texts: list[str], says: str) -> None:
    before = contents(folder)
    with pytest.raises(StudyError, match=says) as refusal:
        trim_vocabulary(folder, texts)
    assert "\n" not in str(refusal.value) and contents(folder) == before


def test_a_vocabulary_whose_cuts_would_change_is_refused(tmp_path):
    """`mira` begins with `mi`, behind which nothing fits: it is unknown. Without `mi` it would be known."""
    encoder = ENCODERS["mbert"](tmp_path)
    described = json.loads((encoder / "tokenizer.json").read_text("utf-8"))
    vocabulary = described["model"]["vocab"]
    vocabulary["mi"], vocabulary["##ira"] = vocabulary.pop("##r"), vocabulary.pop("##w")
    (encoder / "tokenizer.json").write_text(json.dumps(described), "utf-8")
    cut = [load_tokenizer(encoder).tokenize(word) for word in ("mira", "kira", "ma")]
    assert cut == [["[UNK]"], ["k", "##ira"], ["m", "##a"]]
    refuses(encoder, ["mira", "kira", "ma"], "1 of 3 texts are cut otherwise with")


def test_other_vocabularies_and_no_texts_are_refused(tmp_path):
    encoder = ENCODERS["ours"](tmp_path)
    refuses(encoder, [], "no text to trim its vocabulary to")
    pairs = models.BPE({"<s>": 0, "a": 1}, [])
    PreTrainedTokenizerFast(tokenizer_object=Tokenizer(pairs), cls_token="<s>").save_pretrained(encoder)
    refuses(encoder, ["a"], "of the kind BPE cannot be trimmed")


# --- the texts of a study -------------------------------------------------------------------------------


@pytest.fixture
def world(tmp_path) -> Path:
    """Examples of every kind, a corpus, and a word list for code-switching."""
    folder = tmp_path / "w0"
    write_examples(folder / "examples", ["mnli", "xnli", "udpos", "xquad", "xcopa", "lareqa", "mewslix"])
    (folder / "corpus").mkdir()
    (folder / "corpus" / "dor.txt").write_text("θαλο δεγι\nνεγο\n", "utf-8")
    (folder / "lexicons").mkdir()
    lexicon = {"word": ["mira", "tolo"], "translation": ["ζγδ", "δθζ"]}
    pd.DataFrame(lexicon).to_csv(folder / "lexicons" / "dor.csv", index=False)
    return folder


def test_every_text_that_is_read_is_among_them(world):
    found = set(texts_of(world, "alb"))
    for file in (world / "examples").rglob("*.parquet"):
        frame = pd.read_parquet(file)
        for column in {"text_a", "context", "question", "answer", "text"} & set(frame):
            assert set(frame[column]) <= found
        for column in {"words", "choices"} & set(frame):
            assert {word for row in frame[column] for word in row} <= found
    mentions = pd.read_parquet(world / "examples" / "mewslix" / "test-dor.parquet")["text"]
    first = mentions[0].split()[0]
    assert f"{first}: {{ {first} }}{mentions[0][len(first) :]}" in found  # as a mention is written
    assert {"θαλο δεγι", "νεγο"} <= found
    assert not found & {"xnli-test-dor-0", "entailment", "NOUN", "Q0"}  # names and classes are not read


def test_code_switched_rows_are_cut_as_before_whatever_the_seed(world, tmp_path, monkeypatch):
    full = fetch_encoder(ENCODERS["xlmr"](tmp_path / "made"), tmp_path / "full")
    tokenizer = load_tokenizer(full)
    trim_vocabulary(full, texts_of(world, "alb"))
    trimmed = load_tokenizer(full)
    arm = Arm("code-switched", "mnli", "A")
    monkeypatch.setattr("polystilts.sources.arms.arm_languages", lambda *asked: ["dor"])
    shared = {"shared": {"source_language": "alb", "languages": ["alb", "dor"]}}
    switched = 0
    for seed in range(5):
        frame = arm_rows(world / "examples", arm, 8, seed, shared)
        switched += frame["text_a"].str.contains("ζγδ|δθζ").sum()
        lines = [*frame["text_a"], *frame["text_b"]]
        for one, two in zip(
            encode_lines(tokenizer, lines, 48), encode_lines(trimmed, lines, 48), strict=True
        ):
            assert tokenizer.convert_ids_to_tokens(one) == trimmed.convert_ids_to_tokens(two)
    assert switched  # some words were exchanged, so the test saw them


def test_a_ready_made_encoder_is_trimmed_as_it_is_taken(world, tmp_path):
    made = ENCODERS["xlmr"](tmp_path / "made")
    folder = take_encoder(
        tmp_path / "taken", str(made), world / "corpus", {"dor": 1.0}, texts_of(world, "alb")
    )
    assert trimming_faults(folder) == []
    told = read_json(folder / "pretraining.json")
    assert told["came_from"] == str(made) and told["vocabulary"] == read_json(folder / RECORD)["pieces"]
    assert read_json(folder / RECORD)["tokenizer_before"] == tokenizer_hash(made)
