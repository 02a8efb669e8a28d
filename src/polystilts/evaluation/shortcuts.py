"""How far one gets without understanding: guesses that a sound test must leave near chance.

Each baseline sees less than a reader would: one part of the input, word counts without order, or places
alone. A high score here means that the test can be passed for the wrong reason.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer

from polystilts.errors import WrongUse
from polystilts.evaluation import metrics
from polystilts.evaluation.answers import answer_f1
from polystilts.evaluation.cues import SEED, bare_words, boosted, commonest, likeness, linear, with_pairs
from polystilts.evaluation.guessed_spans import guessed_spans
from polystilts.tasks import Task

MOST_ROWS = 3000  # training rows that a baseline reads: enough to find a leak, quick enough for a test

Guess = tuple[str, list]  # the name of a baseline, and one prediction an item


def shortcut_scores(
    task: Task,
    train_frame: pd.DataFrame,
    test_frame: pd.DataFrame,
    *,
    negations: Iterable[str] = (),
    candidates: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """What every baseline of the task's kind scores (0–100), trained on one frame and tested on the other.

    `negations` are the words whose counts are tried as a cue of their own; `candidates` are the entities of
    Mewsli-X. Baselines are seeded: equal frames give equal scores.
    """
    train = train_frame.iloc[:MOST_ROWS].reset_index(drop=True)
    test = test_frame.reset_index(drop=True)
    if not len(train) or not len(test):
        raise WrongUse(
            f"shortcuts of {task.name} need examples to train on and to test on; one frame is empty"
        )
    if task.kind == "classification":
        guesses = _classification(train, test, {word.lower() for word in negations})
    elif task.kind == "retrieval":
        guesses = _retrieval(task, test, candidates)
    else:
        guesses = _GUESSERS[task.kind](train, test)
    rows = [(name, task.metric, _score(task, predictions, test), len(test)) for name, predictions in guesses]
    return pd.DataFrame(rows, columns=["baseline", "metric", "value", "n"])


def _score(task: Task, predictions: list, test: pd.DataFrame) -> float:
    if task.kind == "retrieval":
        return metrics.mean_score(predictions)
    if task.kind == "question_answering":
        right = [[text] if text else [] for text in test["answer_text"]]
        pairs = zip(predictions, right, strict=True)
        return metrics.mean_score(answer_f1(p, a, empty_may_match=task.unanswerable) for p, a in pairs)
    if task.kind == "tagging":
        measure = metrics.token_accuracy if task.metric == "token_accuracy" else metrics.chunk_f1
        return measure([list(tags) for tags in test["tags"]], predictions)
    return metrics.accuracy(list(test["label"]), predictions)


# --- classification -------------------------------------------------------------------------------------


def _classification(train: pd.DataFrame, test: pd.DataFrame, negations: set[str]) -> Iterator[Guess]:
    labels = list(train["label"])
    yield "majority", [commonest(labels)] * len(test)
    first, second = (
        [(bare_words(a), bare_words(b)) for a, b in zip(frame["text_a"], frame["text_b"], strict=True)]
        for frame in (train, test)
    )
    for name, sides in (("the premise", [0]), ("the hypothesis", [1]), ("both", [0, 1])):
        bags = [
            [[cue for side in sides for cue in with_pairs(pair[side], str(side))] for pair in pairs]
            for pairs in (first, second)
        ]
        yield f"words of {name}", _best(*linear(bags[0], labels, bags[1]))
    often = Counter(word for a, b in first for word in {*a, *b})
    common = sorted(often, key=lambda word: (-often[word], word))[:100]  # ties by name, so that runs agree
    cues = list(dict.fromkeys((*common, *negations)))
    counted = [_counts(pairs, cues) for pairs in (first, second)]
    if negations:
        denied = [counts[..., [cues.index(word) for word in negations]].sum(axis=-1) for counts in counted]
        yield "negation counts", _told_by(*denied, labels)[1]
    tables = (_told_by(*(counts[..., cue] for counts in counted), labels) for cue in range(len(common)))
    yield "counts of the most telling word", max(tables, key=lambda table: table[0])[1]
    shared = [np.array([likeness(a, b) for a, b in pairs]) for pairs in (first, second)]
    yield "word overlap", _best(*boosted(shared[0], labels, shared[1]))


def _best(classes: np.ndarray, scores: np.ndarray) -> list:
    return [classes[i] for i in scores.argmax(axis=1)]


def _counts(pairs: list, cues: Sequence[str]) -> np.ndarray:
    """How often each cue stands on either side of each item: items × sides × cues."""
    place = {cue: number for number, cue in enumerate(cues)}
    found = np.zeros((len(pairs), 2, len(cues)), dtype=int)
    for item, pair in enumerate(pairs):
        for side, words in enumerate(pair):
            for word in words:
                if word in place:
                    found[item, side, place[word]] += 1
    return found


def _told_by(train: np.ndarray, test: np.ndarray, labels: list) -> tuple[int, list]:
    """Guess the label from a count on either side, to three and more; also the hits in training."""
    first, second = (np.minimum(counts, 3) @ (4, 1) for counts in (train, test))
    classes, numbers = np.unique(labels, return_inverse=True)
    seen = np.zeros((16, len(classes)), dtype=int)
    np.add.at(seen, (first, numbers), 1)
    best = np.where(seen.any(axis=1), seen.argmax(axis=1), seen.sum(axis=0).argmax())
    return int(seen.max(axis=1).sum()), list(classes[best[second]])


# --- multiple choice ------------------------------------------------------------------------------------


def _multiple_choice(train: pd.DataFrame, test: pd.DataFrame) -> Iterator[Guess]:
    frames = [frame.to_dict("records") for frame in (train, test)]
    yield "majority", [commonest(int(label) for label in train["label"])] * len(test)

    def read(features: Callable[[dict, int], list], learn: Callable) -> list[int]:
        """Score each option by itself, as right or wrong, and choose the best."""
        items = [[features(row, i) for row in rows for i in range(len(row["choices"]))] for rows in frames]
        right = [int(i == row["label"]) for row in frames[0] for i in range(len(row["choices"]))]
        scores = learn(items[0], right, items[1])[1][:, -1]
        ends = np.cumsum([len(row["choices"]) for row in frames[1]])
        return [int(part.argmax()) for part in np.split(scores, ends[:-1])]

    def trees(first: list, labels: list, second: list) -> tuple[np.ndarray, np.ndarray]:
        return boosted(np.array(first), labels, np.array(second))

    yield "words of the options", read(lambda row, i: with_pairs(bare_words(row["choices"][i])), linear)
    yield "likeness of the options", read(_beside_the_others, trees)
    for part in ("question", "context"):
        if (train[part] != "").any():
            yield f"words of {part} and option", read(lambda row, i, p=part: _crossed(row, i, p), linear)
    yield "word overlap", read(_overlap_of_option, trees)


def _crossed(row: dict, i: int, part: str) -> list[str]:
    option = bare_words(row["choices"][i])
    return [*with_pairs(option), *(f"{a}|{b}" for a in sorted(set(bare_words(row[part]))) for b in option)]


def _beside_the_others(row: dict, i: int) -> list[float]:
    options = [bare_words(choice) for choice in row["choices"]]
    others = [words for j, words in enumerate(options) if j != i]
    shared = [len(set(options[i]) & set(words)) for words in others]
    lengths = [len(words) for words in others]
    length = len(options[i])
    return [sum(shared), max(shared), length, length - max(lengths), length - min(lengths)]


def _overlap_of_option(row: dict, i: int) -> list[float]:
    option, context = bare_words(row["choices"][i]), bare_words(row["context"])
    places = [place for place, word in enumerate(context) if word in option]
    last = (places[-1] + 1) / len(context) if places else 0.0
    return [*likeness(context, option), *likeness(bare_words(row["question"]), option), last]


# --- tagging --------------------------------------------------------------------------------------------


def _tagging(train: pd.DataFrame, test: pd.DataFrame) -> Iterator[Guess]:
    majority = commonest(tag for tags in train["tags"] for tag in tags)
    yield "majority", [[majority] * len(tags) for tags in test["tags"]]
    yield "commonest tag of the word", _tag_table(train, test, lambda left, word, right: [word], majority)
    sides = [lambda left, word, right: [(left, right), (left,), ("", right)], majority]
    yield "neighbouring words", _tag_table(train, test, *sides)


def _tag_table(train: pd.DataFrame, test: pd.DataFrame, keys: Callable, majority: str) -> list[list[str]]:
    """Give each word the commonest tag of the first key that was seen in training."""
    seen: dict = {}
    for words, tags in zip(train["words"], train["tags"], strict=True):
        for place, tag in zip(_with_neighbours(words), tags, strict=True):
            for key in keys(*place):
                seen.setdefault(key, []).append(tag)
    table = {key: commonest(tags) for key, tags in seen.items()}

    def guess(place: tuple[str, str, str]) -> str:
        return next((table[key] for key in keys(*place) if key in table), majority)

    return [[guess(place) for place in _with_neighbours(words)] for words in test["words"]]


def _with_neighbours(words: Sequence[str]) -> list[tuple[str, str, str]]:
    padded = ["<", *words, ">"]
    return list(zip(padded, padded[1:], padded[2:], strict=False))


# --- retrieval ------------------------------------------------------------------------------------------


def _retrieval(task: Task, test: pd.DataFrame, candidates: pd.DataFrame | None) -> Iterator[Guess]:
    if task.metric == "mrr@20":
        if candidates is None:
            raise WrongUse(f"{task.name} needs its entities: pass candidates, a frame of entity_id and text")
        queries, texts = test["text"], candidates["text"]
        asked, keys = test["entity_id"], candidates["entity_id"]
    elif task.metric == "map@20":
        queries, texts, asked, keys = test["question"], test["answer"], test["meaning_id"], test["meaning_id"]
    else:
        queries, texts, asked, keys = test["text"], test["text_source"], test.index, test.index
    keys = np.asarray(keys)
    right = [set(map(str, np.flatnonzero(keys == key))) for key in asked]
    measure = {"map@20": metrics.average_precision, "mrr@20": metrics.reciprocal_rank}
    mark = measure.get(task.metric, metrics.first_is_relevant)

    def marks(scores: np.ndarray) -> list[float]:
        ranked = np.argsort(-scores, axis=1, kind="stable")[:, :20]
        return [mark(list(map(str, row)), wanted) for row, wanted in zip(ranked, right, strict=True)]

    yield "random order", marks(np.random.default_rng(SEED).random((len(queries), len(texts))))
    for name, analyzer in (("shared words", bare_words), ("shared letters", _letters)):
        model = TfidfVectorizer(analyzer=analyzer).fit([*queries, *texts])
        yield name, marks((model.transform(queries) @ model.transform(texts).T).toarray())


def _letters(text: str) -> list[str]:
    line = f" {' '.join(bare_words(text))} "
    return [line[i : i + 3] for i in range(len(line) - 2)]


_GUESSERS: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Iterator[Guess]]] = {
    "multiple_choice": _multiple_choice,
    "tagging": _tagging,
    "question_answering": guessed_spans,
}
