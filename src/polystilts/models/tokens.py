"""Text to tokens: a SentencePiece Unigram vocabulary in XLM-R's layout; words and characters stay aligned."""

import io
import shutil
from collections import Counter
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

import numpy as np
import sentencepiece
from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers
from tokenizers.decoders import Metaspace as MetaspaceDecoder
from tokenizers.models import Unigram
from tokenizers.processors import TemplateProcessing
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from polystilts.errors import StudyError
from polystilts.files import sha256
from polystilts.models.parents import root_of

SPACE = "▁"  # how SentencePiece writes the start of a word
FIRST_TOKENS = ["<s>", "<pad>", "</s>", "<unk>"]  # ids 0 to 3, as in XLM-R; <mask> comes last
LONGEST_PIECE = 16
SEEDS_PER_PIECE = 60  # candidates handed to the Unigram trainer for each piece that is wanted


def seed_pieces(lines: list[str], limit: int) -> list[tuple[str, int]]:
    """Every substring of the words, scored by frequency times length: the candidates Unigram prunes from.

    Left alone the trainer counts each distinct word once and never proposes a word that occurs inside no
    other word, so its vocabulary shrinks to syllables. Handing it the candidates cures that.
    """
    words = Counter(word for line in lines for word in line.split())
    scores: Counter[str] = Counter()
    for word, count in words.items():
        spelled = SPACE + word
        for start in range(len(spelled)):
            for end in range(start + 2, min(start + LONGEST_PIECE, len(spelled)) + 1):
                scores[spelled[start:end]] += count * (end - start)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:limit]


def train_unigram(lines: list[str], pieces: int, folder: Path) -> sentencepiece.SentencePieceProcessor:
    """A SentencePiece Unigram model of about `pieces` pieces: equal lines give equal bytes."""
    seeds = folder / "seeds.tsv"
    seeds.write_text("".join(f"{p}\t{s}\n" for p, s in seed_pieces(lines, SEEDS_PER_PIECE * pieces)), "utf-8")
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        model_writer=model,
        model_type="unigram",
        vocab_size=pieces,
        hard_vocab_limit=False,
        seed_sentencepieces_file=str(seeds),
        normalization_rule_name="identity",
        character_coverage=1.0,
        num_threads=1,
        max_sentencepiece_length=LONGEST_PIECE,
        unk_id=0,
        bos_id=-1,
        eos_id=-1,
        minloglevel=2,
    )
    seeds.unlink()
    return sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())


def as_xlmr_tokenizer(unigram: sentencepiece.SentencePieceProcessor, longest: int) -> PreTrainedTokenizerFast:
    """The same segmentation as a fast tokenizer whose special tokens have the ids they have in XLM-R."""
    known = [(unigram.id_to_piece(i), unigram.get_score(i)) for i in range(1, unigram.get_piece_size())]
    vocabulary = [(token, 0.0) for token in FIRST_TOKENS] + known + [("<mask>", 0.0)]
    tokenizer = Tokenizer(Unigram(vocabulary, unk_id=3, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Strip(), normalizers.Replace(Regex(" {2,}"), " ")]  # as SentencePiece does
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement=SPACE, prepend_scheme="always")
    tokenizer.decoder = MetaspaceDecoder(replacement=SPACE, prepend_scheme="always")
    tokenizer.post_processor = TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", 0), ("</s>", 2)],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        eos_token="</s>",
        cls_token="<s>",
        sep_token="</s>",
        unk_token="<unk>",
        pad_token="<pad>",
        mask_token="<mask>",
        model_max_length=longest,
        model_input_names=["input_ids", "attention_mask"],
    )


def train_vocabulary(
    lines: list[str], pieces: int, folder: str | Path, longest: int = 192
) -> PreTrainedTokenizerFast:
    """Train a vocabulary on the lines and leave it in the folder, where AutoTokenizer finds it."""
    if not lines:
        raise StudyError("A vocabulary was asked for from no lines at all; give at least one line of text.")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = as_xlmr_tokenizer(train_unigram(lines, pieces, folder), longest)
    tokenizer.save_pretrained(folder)
    return tokenizer


def load_tokenizer(folder: str | Path) -> PreTrainedTokenizerFast:
    """The tokenizer that lies beside an encoder, or beside the one that a checkpoint started from."""
    return AutoTokenizer.from_pretrained(str(root_of(folder)))


def copy_tokenizer(source: str | Path, target: str | Path) -> None:
    """Lay the tokenizer of one checkpoint beside another, byte for byte."""
    for pattern in ("*token*.json", "sentencepiece*", "special_tokens*", "vocab*"):
        for file in root_of(source).glob(pattern):
            shutil.copyfile(file, Path(target) / file.name)


def tokenizer_hash(folder: str | Path) -> str:
    """The hash of a saved tokenizer: the same for an encoder and for every checkpoint made from it."""
    return sha256(root_of(folder) / "tokenizer.json")


def fertility(tokenizer: PreTrainedTokenizerFast, lines: list[str]) -> float:
    """Subwords per word: 1.0 means that every word is one token."""
    words = sum(len(line.split()) for line in lines)
    encoded = tokenizer(lines, add_special_tokens=False, return_attention_mask=False)["input_ids"]
    return sum(map(len, encoded)) / max(words, 1)


def encode_lines(tokenizer: PreTrainedTokenizerFast, lines: list[str], longest: int) -> list[np.ndarray]:
    """One array of ids a line, between the first and last special token, cut at the longest length."""
    encoded = tokenizer(lines, truncation=True, max_length=longest, return_attention_mask=False)["input_ids"]
    return [np.asarray(ids, dtype=np.int32) for ids in encoded]


def encode_pairs(
    tokenizer: PreTrainedTokenizerFast, first: list[str], second: list[str], longest: int
) -> list[np.ndarray]:
    """Two texts as one sequence, in XLM-R `<s> a </s></s> b </s>`; the longer one is cut first.

    Where every second text is empty, as in a task of one text, there is one alone: `<s> a </s>`.
    """
    if not any(second):
        second = None
    encoded = tokenizer(first, second, truncation=True, max_length=longest, return_attention_mask=False)
    return [np.asarray(ids, dtype=np.int32) for ids in encoded["input_ids"]]


def encode_words(
    tokenizer: PreTrainedTokenizerFast, words: list[str], longest: int
) -> list[tuple[np.ndarray, np.ndarray, int]]:
    """A sentence given as words: pieces of (ids, first subword of each word, number of the first word).

    A sentence longer than the encoder reads becomes several pieces, so that no word goes without a label.
    """
    subwords = tokenizer(words, add_special_tokens=False, return_attention_mask=False)["input_ids"]
    room = longest - 2
    subwords = [(ids or [tokenizer.unk_token_id])[:room] for ids in subwords]
    pieces, begin = [], 0
    while begin < len(words):
        end, length = begin, 0
        while end < len(words) and length + len(subwords[end]) <= room:
            length += len(subwords[end])
            end += 1
        taken = subwords[begin:end]
        flat = [tokenizer.cls_token_id, *(token for ids in taken for token in ids), tokenizer.sep_token_id]
        lengths = [len(ids) for ids in taken]
        starts = 1 + np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int32)
        pieces.append((np.asarray(flat, dtype=np.int32), starts, begin))
        begin = end
    return pieces


def encode_question_context(
    tokenizer: PreTrainedTokenizerFast, question: str, context: str, longest: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """A question before its context, as windows of (ids, character spans in the context).

    Spans are `tokens × 2`; they are (-1, -1) outside the context, and never start on a space. Characters that
    the tokenizer's normaliser swallows (the parts of a Hangul syllable after its first, a soft hyphen) belong
    to the token beside them. Neighbouring windows of a long context share a quarter of their tokens; a
    question takes a quarter at most.
    """
    words = tokenizer(question, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    if len(words) > longest // 4:
        question = question[: words[longest // 4 - 1][1]]
    encoded = tokenizer(
        question,
        context,
        truncation="only_second",
        max_length=longest,
        stride=longest // 4,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
    )
    windows = []
    for encoding in encoded.encodings:
        first, last = not windows, len(windows) == len(encoded.encodings) - 1
        spans = [
            _without_space(context, *offsets) if sequence == 1 else (-1, -1)
            for offsets, sequence in zip(encoding.offsets, encoding.sequence_ids, strict=True)
        ]
        spans = _with_swallowed(context, spans, first_window=first, last_window=last)
        windows.append((np.asarray(encoding.ids, dtype=np.int32), np.asarray(spans, dtype=np.int32)))
    return windows


def _with_swallowed(
    text: str, spans: list[tuple[int, int]], first_window: bool, last_window: bool
) -> list[tuple[int, int]]:
    """Spans that reach to the next token, or to white space: no character beside a token is in none.

    What stands before the first token of a window, or behind its last, may be a neighbouring window's: only
    the first window reaches back to the start of the text, and only the last one on to its end.
    """
    found = list(spans)
    inside = [place for place, (start, end) in enumerate(spans) if 0 <= start < end]
    before = 0 if first_window else None  # the end of the token before, where it is in this window
    for place, following in zip_longest(inside, inside[1:]):
        start, end = spans[place]
        while before is not None and start > before and not text[start - 1].isspace():
            start -= 1
        limit = spans[following][0] if following is not None else len(text) if last_window else end
        while end < limit and not text[end].isspace():
            end += 1
        found[place] = (start, end)
        before = end
    return found


def _without_space(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    return start, end


def pad(texts: Sequence[np.ndarray], padding: int = 1) -> tuple[np.ndarray, np.ndarray | None]:
    """Texts as one array, texts × tokens, and the attention mask; None where all have the same length."""
    lengths = np.array([len(text) for text in texts])
    width = int(lengths.max())
    ids = np.full((len(texts), width), padding, dtype=np.int64)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = text
    if (lengths == width).all():
        return ids, None
    return ids, (np.arange(width) < lengths[:, None]).astype(np.int64)
