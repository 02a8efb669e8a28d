"""Examples to arrays: what the model reads, and what it should answer, for each task kind."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from polystilts.errors import StudyError
from polystilts.models import tokens
from polystilts.tasks import Task

LONGEST = 384  # tokens per input, where the encoder can read as many
IGNORED = -100  # the label of tokens that are not asked about


@dataclass
class Features:
    """The rows of one task, as ids.

    A row holds one text (classification, tagging, question answering), one per choice (multiple choice) or
    two (retrieval). `example` says which example a row comes from: long ones give several rows. `places`
    leads from tokens back to the example: character spans, or the first subwords of the words.
    """

    kind: str
    texts: list[list[np.ndarray]] = field(default_factory=list)  # rows × texts of a row
    targets: list = field(default_factory=list)
    example: list[int] = field(default_factory=list)
    places: list = field(default_factory=list)

    def add(self, texts: list[np.ndarray], target, example: int, place=None) -> None:
        self.texts.append(texts)
        self.targets.append(target)
        self.example.append(example)
        self.places.append(place)

    def __len__(self) -> int:
        return len(self.texts)

    def lengths(self) -> np.ndarray:
        """The longest text of each row, in tokens."""
        return np.array([max(map(len, texts)) for texts in self.texts])


@dataclass
class Batch:
    """Ids and, where lengths differ, attention mask: (rows · texts of a row) × tokens; and the targets."""

    ids: torch.Tensor
    mask: torch.Tensor | None
    targets: torch.Tensor
    texts_per_row: int
    tokens: int  # without padding


def make_features(task: Task, frame: pd.DataFrame, tokenizer, longest: int) -> Features:
    """All examples of a frame as arrays."""
    return BUILDERS[task.kind](task, frame, tokenizer, longest)


def collate(features: Features, rows: Sequence[int]) -> Batch:
    """A batch of these rows, padded to its longest text; without a mask where nothing had to be padded."""
    texts = [text for row in rows for text in features.texts[row]]
    ids, mask = tokens.pad(texts)
    targets = [features.targets[row] for row in rows]
    if features.kind == "tagging":
        targets = np.full(ids.shape, IGNORED, dtype=np.int64)
        for i, row in enumerate(rows):
            targets[i, : len(features.targets[row])] = features.targets[row]
    return Batch(
        ids=torch.from_numpy(ids),
        mask=None if mask is None else torch.from_numpy(mask),
        targets=torch.as_tensor(np.asarray(targets)),
        texts_per_row=len(texts) // len(rows),
        tokens=sum(map(len, texts)),
    )


def inputs(kind: str, batch: Batch, device: torch.device) -> dict[str, torch.Tensor | None]:
    """What the model is called with: rows × choices × tokens for multiple choice, rows × tokens otherwise."""
    found = {"input_ids": batch.ids.to(device), "attention_mask": None}
    if batch.mask is not None:
        found["attention_mask"] = batch.mask.to(device)
    if kind == "multiple_choice":
        shape = (-1, batch.texts_per_row)
        return {name: None if value is None else value.unflatten(0, shape) for name, value in found.items()}
    return found


def _classification(task: Task, frame: pd.DataFrame, tokenizer, longest: int) -> Features:
    features = Features(task.kind)
    pairs = tokens.encode_pairs(tokenizer, list(frame.text_a), list(frame.text_b), longest)
    for example, (ids, label) in enumerate(zip(pairs, frame.label, strict=True)):
        features.add([ids], task.labels.index(label), example)
    return features


def _multiple_choice(task: Task, frame: pd.DataFrame, tokenizer, longest: int) -> Features:
    features = Features(task.kind)
    asked = [f"{c} {q}".strip() for c, q in zip(frame.context, frame.question, strict=True)]
    counts = [len(choices) for choices in frame.choices]
    first = [text for text, count in zip(asked, counts, strict=True) for _ in range(count)]
    second = [choice for choices in frame.choices for choice in choices]
    pairs = tokens.encode_pairs(tokenizer, first, second, longest)
    start = 0
    for example, (count, label) in enumerate(zip(counts, frame.label, strict=True)):
        features.add(pairs[start : start + count], int(label), example)
        start += count
    return features


def _tagging(task: Task, frame: pd.DataFrame, tokenizer, longest: int) -> Features:
    features = Features(task.kind)
    number = {tag: index for index, tag in enumerate(task.labels)}
    for example, (words, tags) in enumerate(zip(frame.words, frame.tags, strict=True)):
        for ids, starts, begin in tokens.encode_words(tokenizer, list(words), longest):
            target = np.full(len(ids), IGNORED, dtype=np.int64)
            target[starts] = [number.get(tag, IGNORED) for tag in tags[begin : begin + len(starts)]]
            features.add([ids], target, example, (starts, begin))
    return features


def _question_answering(task: Task, frame: pd.DataFrame, tokenizer, longest: int) -> Features:
    features = Features(task.kind)
    columns = zip(frame.question, frame.context, frame.answer_text, frame.answer_start, strict=True)
    for example, (question, context, answer, start) in enumerate(columns):
        end = start + len(answer)
        for ids, spans in tokens.encode_question_context(tokenizer, question, context, longest):
            target = answer_tokens(spans, int(start), int(end))
            features.add([ids], target, example, spans)
    return features


def answer_tokens(spans: np.ndarray, start: int, end: int) -> tuple[int, int]:
    """First and last token of the characters start:end; (0, 0), the place of <s>, where they are missing."""
    if start < 0:
        return 0, 0
    touched = np.flatnonzero((spans[:, 0] < end) & (spans[:, 1] > start) & (spans[:, 0] >= 0))
    if len(touched) == 0 or spans[touched[0], 0] > start or spans[touched[-1], 1] < end:
        return 0, 0
    return int(touched[0]), int(touched[-1])


def _retrieval(task: Task, frame: pd.DataFrame, tokenizer, longest: int) -> Features:
    features = Features(task.kind)
    queries = encode_queries(task, frame, tokenizer, longest)
    found = tokens.encode_lines(tokenizer, list(frame[ANSWER_COLUMN[task.name]]), longest)
    groups = pd.factorize(frame["entity_id" if task.name == "mewslix" else "meaning_id"])[0]
    for example, pair in enumerate(zip(queries, found, strict=True)):
        features.add(list(pair), int(groups[example]), example)
    return features


ANSWER_COLUMN = {"tatoeba": "text_source", "lareqa": "answer", "mewslix": "entity_text"}


def encode_queries(task: Task, frame: pd.DataFrame, tokenizer, longest: int) -> list[np.ndarray]:
    """What a retrieval task asks with: a sentence, a question, or a mention followed by its sentence."""
    if task.name == "mewslix":
        columns = zip(frame.text, frame.mention_start, frame.mention_end, strict=True)
        mentions = [text[start:end] for text, start, end in columns]
        return tokens.encode_pairs(tokenizer, mentions, list(frame.text), longest)
    texts = frame.question if task.name == "lareqa" else frame.text
    return tokens.encode_lines(tokenizer, list(texts), longest)


BUILDERS = {
    "classification": _classification,
    "multiple_choice": _multiple_choice,
    "tagging": _tagging,
    "question_answering": _question_answering,
    "retrieval": _retrieval,
}


def examples_file(examples_folder: str | Path, name: str, split: str, language: str) -> Path:
    """Where the examples of a task lie; says what there is when they do not."""
    file = Path(examples_folder) / name / f"{split}-{language}.parquet"
    if not file.exists():
        there = ", ".join(sorted(path.stem for path in file.parent.glob("*.parquet"))) or "nothing"
        raise StudyError(
            f"{name} has no {split}-{language} in {file.parent}; there is {there}. Prepare the data again."
        )
    return file


def read_examples(examples_folder: str | Path, name: str, split: str, language: str) -> pd.DataFrame:
    """The examples of one task, split and language; Mewsli-X rows come with their entity's description."""
    frame = pd.read_parquet(examples_file(examples_folder, name, split, language))
    if name == "mewslix":
        described = read_entities(examples_folder, split).set_index("entity_id")["text"]
        frame = frame.assign(entity_text=frame.entity_id.map(described))
    return frame


def read_entities(examples_folder: str | Path, split: str) -> pd.DataFrame:
    """The entities that Mewsli-X asks about, each described in one language: entity_id, language, text."""
    return pd.read_parquet(examples_file(examples_folder, "mewslix", "entities", split))


_kept: dict[tuple, Features] = {}


def training_features(
    task: Task, examples_folder: str | Path, language: str, checkpoint: str | Path, longest: int
) -> Features:
    """The training rows of a task, kept while the process lives: every arm and seed reads the same ones."""
    file = examples_file(examples_folder, task.name, "train", language)
    key = (str(file), file.stat().st_mtime_ns, tokens.tokenizer_hash(checkpoint), longest)
    if key not in _kept:
        frame = read_examples(examples_folder, task.name, "train", language)
        _kept[key] = make_features(task, frame, tokens.load_tokenizer(checkpoint), longest)
    return _kept[key]
