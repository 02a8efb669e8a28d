"""A vocabulary cut down to the pieces that a study's texts are made of; how they are cut stays the same.

XLM-R's 250,002 pieces are two thirds of its base size and four fifths of a small encoder. A study meets half
of them. The others cost memory, disk and, where embeddings are trained, most of an optimizer's time.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256 as hashed
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from tokenizers import Tokenizer
from transformers import AutoConfig, PreTrainedTokenizerFast

from polystilts.errors import StudyError
from polystilts.files import read_json, sha256, write_json
from polystilts.models.tokens import load_tokenizer, tokenizer_hash

RECORD = "trimmed.json"  # beside the encoder: what was kept, and that every text was cut the same afterwards
AT_ONCE = 2000  # texts that are cut together
# The tensors with a row for each piece, by the end of their names: embeddings and masked-word heads.
BY_PIECE = ("word_embeddings.weight", "lm_head.bias", "lm_head.decoder.weight", "lm_head.decoder.bias",
            "predictions.bias", "predictions.decoder.weight", "predictions.decoder.bias")  # fmt: skip
KINDS = ("Unigram", "WordPiece")  # of vocabularies: pieces that no text has can be left out of these


def trim_vocabulary(folder: Path, texts: Iterable[str]) -> dict:
    """Leave in an encoder's folder only the pieces that the texts need, and return the record of it.

    Kept are the pieces that occur, the special ones, and the one of lowest score, which sets the score of the
    unknown. Every text is then cut again: raises StudyError, and changes nothing, where one comes out
    otherwise, and for vocabularies of other kinds than Unigram and WordPiece.
    """
    folder, tokenizer = Path(folder), load_tokenizer(folder)
    described = json.loads(tokenizer.backend_tokenizer.to_str())
    kind = described["model"].get("type")
    if kind not in KINDS:
        raise StudyError(
            f"{folder}: a vocabulary of the kind {kind} cannot be trimmed, only {' or '.join(KINDS)}; take "
            "another encoder"
        )
    unique = dict.fromkeys(texts)
    if not unique:
        raise StudyError(f"{folder}: no text to trim its vocabulary to; prepare the data first (chapter 02)")
    before = [ids for chunk in in_chunks(unique) for ids in cut(tokenizer, chunk)]
    kept = needed(described, np.unique(np.concatenate(before)))
    trimmed = with_pieces(tokenizer, described, kept)
    renamed = np.full(len(tokenizer), -1, dtype=np.int64)
    renamed[kept] = np.arange(len(kept))
    after = (ids for chunk in in_chunks(unique) for ids in cut(trimmed, chunk))
    differing = sum(not np.array_equal(renamed[a], b) for a, b in zip(before, after, strict=True))
    if differing:
        raise StudyError(
            f"{folder}: {differing} of {len(unique)} texts are cut otherwise with {len(kept)} of "
            f"{len(tokenizer)} pieces; this vocabulary cannot be trimmed, take another encoder"
        )
    record = {
        "pieces_before": len(tokenizer), "pieces": len(kept), "tokenizer_before": tokenizer_hash(folder),
        "texts": len(unique), "texts_sha256": hash_of_texts(unique), "tokens": sum(map(len, before)),
        "segmented_differently": differing, "kept_sha256": sha256(kept.astype("<u4").tobytes()),
    }  # fmt: skip
    slice_weights(folder, kept, len(tokenizer), trimmed)
    save_tokenizer(trimmed, folder)
    record["tokenizer"] = tokenizer_hash(folder)
    write_json(folder / RECORD, record)
    return record


def trimming_faults(folder: Path) -> list[str]:
    """What in an encoder's folder disagrees with the record of its trimming; nothing where all is well.

    Whoever judges a study asks this: the tokenizer is the recorded one, the vocabulary has the recorded size
    in tokenizer, configuration and weights, and no text was cut otherwise.
    """
    folder, faults = Path(folder), []
    if not (folder / RECORD).is_file():
        return [f"{folder} has no {RECORD}: nothing says that its vocabulary was checked"]
    record = read_json(folder / RECORD)
    sizes = {
        "tokenizer": len(load_tokenizer(folder)),
        "configuration": AutoConfig.from_pretrained(folder).vocab_size,
        **{f"tensor {name}": rows for name, rows in _rows_by_piece(folder)},
    }
    faults += [f"{what} has {size} pieces, recorded are {record['pieces']}"
               for what, size in sizes.items() if size != record["pieces"]]  # fmt: skip
    if tokenizer_hash(folder) != record["tokenizer"]:
        faults.append("tokenizer.json is not the one that was checked")
    if record["segmented_differently"]:
        faults.append(f"{record['segmented_differently']} texts are cut otherwise")
    return faults


def in_chunks(texts: Iterable[str]) -> Iterator[list[str]]:
    """The texts, some thousands at a time."""
    left = iter(texts)
    while chunk := list(islice(left, AT_ONCE)):
        yield chunk


def cut(tokenizer: PreTrainedTokenizerFast, texts: Sequence[str]) -> list[np.ndarray]:
    """The ids of each text, without special tokens around it and at full length."""
    encoded = tokenizer.backend_tokenizer.encode_batch_fast(texts, add_special_tokens=False)
    return [np.array(one.ids, dtype=np.int32) for one in encoded]


def hash_of_texts(texts: Iterable[str]) -> str:
    """The SHA-256 of texts, each ended by a byte that no UTF-8 holds."""
    found = hashed()
    for text in texts:
        found.update(text.encode("utf-8", "surrogatepass") + b"\xff")
    return found.hexdigest()


def needed(described: dict, found: np.ndarray) -> np.ndarray:
    """The ids to keep, in order: those found, those with a part of their own, and the lowest-scored one."""
    model = described["model"]
    always = [added["id"] for added in described["added_tokens"]]
    if model["type"] == "Unigram":
        always += [model["unk_id"], int(np.argmin([score for _, score in model["vocab"]]))]
    else:
        always.append(model["vocab"][model["unk_token"]])
    return np.union1d(found, [number for number in always if number is not None]).astype(np.int64)


def with_pieces(
    tokenizer: PreTrainedTokenizerFast, described: dict, kept: np.ndarray
) -> PreTrainedTokenizerFast:
    """The same tokenizer with these pieces alone, numbered anew in the same order."""
    new = {int(old): number for number, old in enumerate(kept)}
    changed = json.loads(json.dumps(described))
    model = changed["model"]
    if model["type"] == "Unigram":
        model["vocab"] = [model["vocab"][old] for old in kept if old < len(model["vocab"])]
        model["unk_id"] = new[model["unk_id"]]
    else:
        model["vocab"] = {piece: new[old] for piece, old in model["vocab"].items() if old in new}
    for added in changed["added_tokens"]:
        added["id"] = new[added["id"]]
    processor = changed.get("post_processor") or {}
    for part in (processor, *processor.get("processors", [])):
        for special in part.get("special_tokens", {}).values():
            special["ids"] = [new[old] for old in special["ids"]]
        for end in ("sep", "cls"):
            if end in part:
                part[end] = [part[end][0], new[part[end][1]]]
    changed["truncation"] = changed["padding"] = None
    named = {name: token for name, token in tokenizer.special_tokens_map.items() if isinstance(token, str)}
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(changed)),
        model_max_length=tokenizer.model_max_length,
        model_input_names=tokenizer.model_input_names,
        **named,
    )


def slice_weights(folder: Path, kept: np.ndarray, pieces: int, tokenizer: PreTrainedTokenizerFast) -> None:
    """Keep of every tensor with a row a piece the rows of these pieces, and say so in the configuration."""
    file, rows = folder / "model.safetensors", torch.from_numpy(kept)
    with safe_open(file, "pt") as stream:
        tensors, told = {name: stream.get_tensor(name) for name in stream.keys()}, stream.metadata()
    for name, tensor in tensors.items():
        if name.endswith(BY_PIECE):
            if len(tensor) < pieces:
                raise StudyError(f"{file}: {name} has {len(tensor)} rows for {pieces} pieces; take another "
                                 "encoder, for tokenizer and weights do not belong together")  # fmt: skip
            tensors[name] = tensor[rows].clone()
    save_file(tensors, file, told)
    config = AutoConfig.from_pretrained(folder)
    config.vocab_size = len(kept)
    for name in ("pad", "bos", "eos"):
        number = getattr(tokenizer, f"{name}_token_id")
        if number is not None:
            setattr(config, f"{name}_token_id", number)
    config.save_pretrained(folder)


def save_tokenizer(tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Put a tokenizer in the place of the one in a folder, whatever files that one had."""
    for pattern in ("*token*.json", "sentencepiece*", "special_tokens*", "vocab*"):
        for file in folder.glob(pattern):
            file.unlink()
    tokenizer.save_pretrained(folder)


def _rows_by_piece(folder: Path) -> Iterator[tuple[str, int]]:
    with safe_open(folder / "model.safetensors", "pt") as stream:
        for name in stream.keys():
            if name.endswith(BY_PIECE):
                yield name, stream.get_slice(name).get_shape()[0]
