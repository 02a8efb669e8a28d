"""Examples to arrays: what the model reads, and what it should answer, for each task kind."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from polystilts.errors import StudyError
from polystilts.models import tokens
from polystilts.tasks import TASKS, Task

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
    padding: int = 1  # the id that fills up shorter texts; 1 in XLM-R
    separator: int | None = None  # the id between two texts, for encoders (BERT) that are told them apart
    texts: list[list[np.ndarray]] = field(default_factory=list)  # rows × texts of a row
    targets: list = field(default_factory=list)
    example: list[int] = field(default_factory=list)
    places: list = field(default_factory=list)
    lost: int = 0  # answers to questions that lie on no tokens in any window: nothing can be learned of them

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
    segments: torch.Tensor | None = None  # 1 in the second text of a pair, for encoders that are told


def make_features(task: Task, frame: pd.DataFrame, tokenizer, longest: int) -> Features:
    """All examples of a frame as arrays."""
    features = BUILDERS[task.kind](task, frame, tokenizer, longest)
    features.padding = tokenizer.pad_token_id
    if "token_type_ids" in tokenizer.model_input_names:
        features.separator = tokenizer.sep_token_id
    return features


def collate(features: Features, rows: Sequence[int]) -> Batch:
    """A batch of these rows, padded to its longest text; without a mask where nothing had to be padded.

    Where rows differ in their number of texts, as items with two and with three choices do, the shorter ones
    are filled up with texts of one token, which are never the right choice.
    """
    most = max(len(features.texts[row]) for row in rows)
    texts = [text for row in rows for text in _filled(features.texts[row], most)]
    ids, mask = tokens.pad(texts, features.padding)
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
        segments=None if features.separator is None else torch.from_numpy(_segments(ids, features.separator)),
    )


def _filled(texts: list[np.ndarray], count: int) -> list[np.ndarray]:
    return texts + [texts[0][:1]] * (count - len(texts))


def _segments(ids: np.ndarray, separator: int) -> np.ndarray:
    """1 from behind the first separator to the second one, else 0: texts × tokens."""
    before = np.cumsum(ids == separator, axis=1) - (ids == separator)
    return (before == 1).astype(np.int64)


def inputs(kind: str, batch: Batch, device: torch.device) -> dict[str, torch.Tensor | None]:
    """What the model is called with: rows × choices × tokens for multiple choice, rows × tokens otherwise."""
    found = {"input_ids": batch.ids.to(device), "attention_mask": None}
    if batch.mask is not None:
        found["attention_mask"] = batch.mask.to(device)
    if batch.segments is not None:
        found["token_type_ids"] = batch.segments.to(device)
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
        found = start < 0
        for ids, spans in tokens.encode_question_context(tokenizer, question, context, longest):
            target = answer_tokens(spans, int(start), int(end))
            found = found or target != (0, 0)
            features.add([ids], target, example, spans)
        features.lost += not found
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
    queries = tokens.encode_lines(tokenizer, query_texts(task, frame), longest)
    answer = DESCRIPTION if task.search.entities else task.search.answer
    found = tokens.encode_lines(tokenizer, list(frame[answer]), longest)
    groups = pd.factorize(frame[task.search.match])[0]
    for example, pair in enumerate(zip(queries, found, strict=True)):
        features.add(list(pair), int(groups[example]), example)
    return features


def query_texts(task: Task, frame: pd.DataFrame) -> list[str]:
    """What a retrieval task asks with: a text, or a mention before the text that it is marked in.

    A mention is written as XTREME-R writes it, `mention: left { mention } right`.
    """
    if not task.search.entities:
        return list(frame[task.search.query])
    columns = zip(frame[task.search.query], frame.mention_start, frame.mention_end, strict=True)
    return [f"{t[a:b]}: {t[:a]}{{ {t[a:b]} }}{t[b:]}" for t, a, b in columns]


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


DESCRIPTION = "entity_text"  # the column that an entity's description has beside its mentions


def read_examples(examples_folder: str | Path, name: str, split: str, language: str) -> pd.DataFrame:
    """The examples of one task, split and language; rows that mention an entity come with its description."""
    frame = pd.read_parquet(examples_file(examples_folder, name, split, language))
    search = TASKS[name].search if name in TASKS else None
    if search is not None and search.entities:
        described = read_entities(examples_folder, name, split).set_index(search.candidate)[search.answer]
        frame = frame.assign(**{DESCRIPTION: frame[search.match].map(described)})
    return frame


def read_entities(examples_folder: str | Path, name: str, split: str) -> pd.DataFrame:
    """The entities that a task asks about, each described in one language: entity_id, language, text."""
    return pd.read_parquet(examples_file(examples_folder, name, "entities", split))
