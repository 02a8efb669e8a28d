"""What the shortcut baselines look at, and the two small learners they are made of."""

import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from polystilts.evaluation.answers import mlqa_normalise

SEED = 0
MOST_CUES = 20_000  # the commonest are kept: a rare cue cannot lift a score


@lru_cache(maxsize=1 << 16)  # every baseline asks for the same texts
def bare_words(text: str) -> tuple[str, ...]:
    """Words in lower case without punctuation, of any language."""
    return tuple(mlqa_normalise(text, language="").split())


def with_pairs(words: Sequence[str], part: str = "") -> list[str]:
    """Words and pairs of neighbouring words, marked with the part of the input they come from."""
    return [f"{part} {word}" for word in (*words, *map("_".join, zip(words, words[1:], strict=False)))]


def commonest(values: Iterable) -> Any:
    """The value seen most often; of equally frequent ones the first in order, so that runs agree."""
    return min(Counter(values).items(), key=lambda item: (-item[1], item[0]))[0]


def linear(train: list[list[str]], labels: Sequence, test: list[list[str]]) -> tuple[np.ndarray, np.ndarray]:
    """Logistic regression on bags of features: its classes, and a score for each (items × classes)."""
    # the empty cue is there for items without any: a bag must hold something
    bag = CountVectorizer(analyzer=lambda cues: ["", *cues], binary=True, max_features=MOST_CUES)
    counts = bag.fit_transform(train)
    counts.sort_indices()  # in the order in which new items are counted
    if len(set(labels)) < 2:
        return np.array(sorted(set(labels))), np.zeros((len(test), 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # near its best is near enough to find a leak
        model = LogisticRegression(C=1.0, max_iter=100).fit(counts, labels)
    return model.classes_, model.predict_proba(bag.transform(test))


def boosted(train: np.ndarray, labels: Sequence, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A few small trees on counts: their classes, and a score for each (items × classes)."""
    if len(set(labels)) < 2:
        return np.array(sorted(set(labels))), np.zeros((len(test), 1))
    model = GradientBoostingClassifier(n_estimators=50, max_depth=3, random_state=SEED).fit(train, labels)
    return model.classes_, model.predict_proba(test)


def likeness(a: Sequence[str], b: Sequence[str]) -> list[float]:
    """Counts of shared and unshared words, and whether the two begin and end alike."""
    first, second = set(a), set(b)
    shared = len(first & second)
    ends = [float(bool(a) and bool(b) and a[i] == b[i]) for i in (0, -1)]
    return [shared, len(first) - shared, len(second) - shared, len(a) - len(b), len(a), *ends]
