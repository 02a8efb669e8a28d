"""What a checkpoint answers: predictions on disk, for all languages of a target task in one go.

Predictions are label names, tags, character offsets and ids, never text, so they may be published.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from polystilts import account
from polystilts.evaluation import answers, metrics
from polystilts.evaluation.labels import right_answers
from polystilts.evaluation.retrieve import retrieve
from polystilts.files import write_json, write_table
from polystilts.models.device import for_reading, precision
from polystilts.models.encoder import longest_input
from polystilts.models.first_token import first_token_only
from polystilts.models.heads import load_whole
from polystilts.models.tokens import load_tokenizer, tokenizer_hash
from polystilts.tasks import TASKS, Task
from polystilts.training.features import (
    LONGEST,
    Features,
    collate,
    examples_file,
    inputs,
    make_features,
    read_examples,
)

LONGEST_ANSWER = 30  # tokens
WEIGHED = 20  # starts and ends of an answer that are weighed against each other
TOKENS_PER_BATCH = {"cpu": 8192, "cuda": 65536}
ENOUGH_TEXTS = 64  # a batch of as many texts ends where the next length begins, and needs no padding


def load_finetuned(folder: str | Path, task: Task) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
    """A fine-tuned model with its head, ready to be read, and its tokenizer."""
    return for_reading(load_whole(folder, task.kind)), load_tokenizer(folder)


def predict(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    task: Task,
    frame: pd.DataFrame,
    features: Features | None = None,
) -> pd.DataFrame:
    """One prediction an example, with the share of it that is right (`item_score`, 0 to 1)."""
    if features is None:
        features = make_features(task, frame, tokenizer, min(LONGEST, longest_input(model)))
    outputs = _outputs(model, features)
    predictions = DECODERS[task.kind](task, features, outputs, len(frame))
    scores = [
        item_score(task, prediction, example)
        for prediction, example in zip(predictions, frame.to_dict("records"), strict=True)
    ]
    return pd.DataFrame({"prediction": predictions, "item_score": scores})


def item_score(task: Task, prediction: str, example: Mapping) -> float:
    """How much of one prediction is right: 0 or 1, the share of tags, or the words shared with the answer."""
    if task.kind == "tagging":
        pairs = list(zip(prediction.split(" "), example["tags"], strict=True))
        return sum(a == b for a, b in pairs) / len(pairs)
    if task.kind == "question_answering":
        given = answers.text_of(example["context"], prediction)
        normalise = answers.normaliser(task.normaliser, example.get("language", ""))
        right = right_answers(example)
        return answers.answer_f1(given, right, normalise, empty_may_match=task.unanswerable)
    return float(prediction == str(example["label"]))


def length_batches(features: Features, budget: int) -> Iterator[np.ndarray]:
    """Row numbers in batches of similar length that hold at most `budget` tokens, padding included."""
    lengths = features.lengths()
    texts = len(features.texts[0]) if len(features) else 1
    batch: list[int] = []
    for row in np.argsort(lengths, kind="stable"):
        full = (len(batch) + 1) * texts * lengths[row] > budget
        enough = len(batch) * texts >= ENOUGH_TEXTS and lengths[row] != lengths[batch[-1]]
        if batch and (full or enough):
            yield np.array(batch)
            batch = []
        batch.append(int(row))
    if batch:
        yield np.array(batch)


@torch.inference_mode()
def _outputs(model: PreTrainedModel, features: Features) -> list:
    """What the head says about each row: scores of labels or choices, tags, or (score, first, last, none)."""
    device = model.device
    outputs: list = [None] * len(features)
    for rows in length_batches(features, TOKENS_PER_BATCH[device.type]):
        batch = collate(features, rows)
        with precision(device), first_token_only(model, features.kind):
            output = model(**inputs(features.kind, batch, device))
        if features.kind == "question_answering":
            within = torch.zeros(batch.ids.shape, dtype=torch.bool)
            for i, row in enumerate(rows):  # tokens that stand for some character of the context
                spans = features.places[row]
                within[i, : len(spans)] = torch.from_numpy(spans[:, 1] > spans[:, 0])
            logits = [output.start_logits.float().cpu(), output.end_logits.float().cpu()]
            if batch.mask is not None:  # no answer may depend on how far a batch is padded
                logits = [values.masked_fill(batch.mask == 0, float("-inf")) for values in logits]
            found = best_spans(*logits, within)
            values = list(zip(*(column.tolist() for column in found), strict=True))
        elif features.kind == "tagging":
            values = list(output.logits.argmax(-1).cpu().numpy())
        else:
            values = output.logits.argmax(-1).tolist()
        for row, value in zip(rows, values, strict=True):
            outputs[row] = value
    return outputs


def best_spans(
    starts: torch.Tensor,
    ends: torch.Tensor,
    within: torch.Tensor,
    longest: int = LONGEST_ANSWER,
    weighed: int = WEIGHED,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """The best answer of each row: its score, first and last token, and the score of having no answer.

    An answer lies within the context, does not end before it starts, and has at most `longest` tokens.
    Its start and its end are among the `weighed` best of all tokens, as in the reference (BERT's run_squad
    and the example scripts after it); where no such pair is allowed the score is -inf. All arguments are
    rows × tokens. A token that several windows hold is weighed in each, where run_squad takes one window.
    """
    none = starts[:, 0] + ends[:, 0]
    starts, ends = (_best(values, weighed).masked_fill(~within, float("-inf")) for values in (starts, ends))
    behind = torch.nn.functional.pad(ends, (0, longest - 1), value=float("-inf")).unfold(1, longest, 1)
    best, place = (starts.unsqueeze(2) + behind).flatten(1).max(dim=1)  # of starts × lengths of an answer
    first = place // longest
    return best, first, first + place % longest, none


def _best(values: torch.Tensor, count: int) -> torch.Tensor:
    """The best values of each row; the others become -inf."""
    least = values.topk(min(count, values.shape[1]), dim=1).values[:, -1:]
    return values.masked_fill(values < least, float("-inf"))


def _decode_labels(task: Task, features: Features, outputs: list, count: int) -> list[str]:
    return [task.labels[label] if task.kind == "classification" else str(label) for label in outputs]


def _decode_tags(task: Task, features: Features, outputs: list, count: int) -> list[str]:
    tags: list[list[str]] = [[] for _ in range(count)]  # rows of one example follow each other in order
    for example, (starts, _), labels in zip(features.example, features.places, outputs, strict=True):
        tags[example] += [task.labels[label] for label in labels[starts]]
    return [" ".join(sentence) for sentence in tags]


def _decode_spans(task: Task, features: Features, outputs: list, count: int) -> list[str]:
    """The best span over all windows of an example; none where every window says so more strongly."""
    best = [(float("-inf"), -1, -1)] * count
    none = [float("inf")] * count
    for row, (score, first, last, nothing) in enumerate(outputs):
        example, spans = features.example[row], features.places[row]
        if score > best[example][0]:
            best[example] = (score, int(spans[first][0]), int(spans[last][1]))
        none[example] = min(none[example], nothing)
    return [
        "-1:-1" if task.unanswerable and nothing > score else f"{start}:{end}"
        for (score, start, end), nothing in zip(best, none, strict=True)
    ]


DECODERS = {
    "classification": _decode_labels,
    "multiple_choice": _decode_labels,
    "tagging": _decode_tags,
    "question_answering": _decode_spans,
}


def predict_target(
    file: str | Path,
    run,
    target_task: str,
    checkpoint_folder: str | Path,
    examples_folder: str | Path,
    languages: Sequence[str],
    parameters: Mapping,
    split: str = "test",
) -> pd.DataFrame:
    """Answer a target task in all languages and write the answers to a file."""
    task = TASKS[target_task]
    with account.spend("predict", run.run_id) as entry:
        model, tokenizer = load_finetuned(checkpoint_folder, task)
        if task.kind == "retrieval":
            layers = parameters.get("zero_shot_transfer", {}).get("retrieval_layers")
            source = parameters.get("shared", {}).get("source_language", "en")
            found = retrieve(model, tokenizer, task, examples_folder, languages, source, layers, split)
        else:
            longest = min(LONGEST, longest_input(model))
            asked = (task, str(examples_folder), tuple(languages), split, str(checkpoint_folder), longest)
            frame, features = _examples_in_all(*asked)
            entry.tokens = sum(len(text) for texts in features.texts for text in texts)
            answered = predict(model, tokenizer, task, frame, features)
            found = pd.concat([frame[["language", "example_id", "meaning_id"]], answered], axis=1)
            found["variant"] = ""
    with account.spend("io", run.run_id):
        write_table(Path(file), found)
    return found


_kept: dict[tuple, tuple[pd.DataFrame, Features]] = {}


def _examples_in_all(
    task: Task, examples_folder: str, languages: tuple[str, ...], split: str, checkpoint: str, longest: int
) -> tuple[pd.DataFrame, Features]:
    """The examples of all languages in one frame, kept while the process lives: all runs answer the same."""
    files = [examples_file(examples_folder, task.name, split, language) for language in languages]
    made = tuple(file.stat().st_mtime_ns for file in files)
    key = (task.name, tuple(map(str, files)), made, tokenizer_hash(checkpoint), longest)
    if key not in _kept:
        frames = [read_examples(examples_folder, task.name, split, language) for language in languages]
        named = [frame.assign(language=name) for name, frame in zip(languages, frames, strict=True)]
        frame = pd.concat(named, ignore_index=True)
        _kept[key] = frame, make_features(task, frame, load_tokenizer(checkpoint), longest)
    return _kept[key]


def examine(
    folder: str | Path, task_name: str, examples_folder: str | Path, parameters: Mapping, split: str = "dev"
) -> dict:
    """Mark a checkpoint on the source language's development rows; leave `dev.json` and `dev.parquet` there.

    `majority` is what the commonest answer alone would score: at that level nothing has been learned.
    """
    task = TASKS[task_name]
    with account.spend("predict"):
        model, tokenizer = load_finetuned(folder, task)
        language = parameters.get("shared", {}).get("source_language", "en")
        frame = read_examples(examples_folder, task.name, split, language).assign(language=language)
        predictions = list(predict(model, tokenizer, task, frame).prediction)
        result = {
            "task": task.name,
            "split": split,
            "metric": task.metric,
            "value": round(score(task, predictions, frame), 6),
            "majority": round(score(task, majority(task, frame), frame), 6),
            "n": len(frame),
        }
    answered = frame[["language", "example_id", "meaning_id"]].assign(prediction=predictions)
    write_table(Path(folder) / f"{split}.parquet", answered)
    write_json(Path(folder) / f"{split}.json", result)
    return result


def score(task: Task, predictions: Sequence[str], frame: pd.DataFrame) -> float:
    """The task's main metric over all rows, 0 to 100."""
    if task.kind == "tagging":
        measure = metrics.token_accuracy if task.metric == "token_accuracy" else metrics.chunk_f1
        return measure([list(tags) for tags in frame.tags], [tags.split(" ") for tags in predictions])
    records = frame.to_dict("records")
    return metrics.mean_score(item_score(task, p, r) for p, r in zip(predictions, records, strict=True))


def majority(task: Task, frame: pd.DataFrame) -> list[str]:
    """The commonest label or tag for everyone; for questions no answer where allowed, else the whole text."""
    if task.kind == "tagging":
        commonest = Counter(tag for tags in frame.tags for tag in tags).most_common(1)[0][0]
        return [" ".join([commonest] * len(tags)) for tags in frame.tags]
    if task.kind == "question_answering":
        if task.unanswerable:
            return ["-1:-1"] * len(frame)
        return [f"0:{len(context)}" for context in frame.context]
    return [str(Counter(frame.label).most_common(1)[0][0])] * len(frame)
