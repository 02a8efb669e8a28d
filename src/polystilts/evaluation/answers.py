"""How answers to questions are marked: by the words they share with the right answer.

Two ways to the same number. With the texts at hand, both answers are normalised and their words compared.
Published predictions hold character offsets and no text; for them every context is reduced to a list of words
that keeps only where each lies and which words are alike, and spans are compared on that.
"""

import re
import string
import unicodedata
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

Normaliser = Callable[[str], str]
Span = tuple[int, int]  # first character, and the one after the last
NO_ANSWER: Span = (-1, -1)

_ENGLISH_ARTICLES = re.compile(r"\b(a|an|the)\b")
# Articles that MLQA's own evaluator removes, by language (Lewis et al. 2020, arXiv 1910.07475). The Arabic
# rule takes the letters out wherever they stand, inside words too; published scores rest on it, so it stays.
_MLQA_ARTICLES = {
    "en": _ENGLISH_ARTICLES,
    "es": re.compile(r"\b(un|una|unos|unas|el|la|los|las)\b"),
    "de": re.compile(r"\b(ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b"),
    "vi": re.compile(r"\b(của|là|cái|chiếc|những)\b"),
    "ar": re.compile("ال"),
}
_HAN = re.compile("([\u4e00-\u9fa5])")
_WITHOUT_ASCII_PUNCTUATION = str.maketrans("", "", string.punctuation)


def squad_normalise(text: str) -> str:
    """An answer as SQuAD compares it: lower case, no ASCII punctuation, no English articles, single spaces.

    XQuAD and TyDiQA use it in every language, so curly quotes and German articles survive.

    >>> squad_normalise("The  cat's “Hat”!")
    'cats “hat”'
    """
    return " ".join(_ENGLISH_ARTICLES.sub(" ", text.lower().translate(_WITHOUT_ASCII_PUNCTUATION)).split())


def mlqa_normalise(text: str, language: str) -> str:
    """An answer as MLQA compares it: all Unicode punctuation goes, and the articles of its own language.

    Chinese is compared character by character. Languages that MLQA does not have keep all their words.

    >>> mlqa_normalise("Die „Katze“", "de"), mlqa_normalise("北京市", "zh")
    ('katze', '北 京 市')
    """
    bare = "".join(char for char in text.lower() if not _is_punctuation(char))
    if language == "zh":
        bare = _HAN.sub(r" \1 ", bare)
    elif language in _MLQA_ARTICLES:
        bare = _MLQA_ARTICLES[language].sub(" ", bare)
    return " ".join(bare.split())


@lru_cache(maxsize=4096)
def _is_punctuation(char: str) -> bool:
    return char in string.punctuation or unicodedata.category(char).startswith("P")


def overlap_f1(
    gold: Sequence[Hashable], predicted: Sequence[Hashable], *, empty_may_match: bool = True
) -> float:
    """The F1 of two bags of words, from 0 to 1.

    SQuAD 2 lets "no answer" match "no answer" and nothing else. SQuAD 1.1 (`empty_may_match=False`) knows no
    such answer: two empty bags share no word and score 0.

    >>> overlap_f1(["old", "red", "mill"], ["red", "mill"])  # precision 2/2, recall 2/3
    0.8
    """
    if not gold or not predicted:
        return float(empty_may_match and not gold and not predicted)
    shared = (Counter(gold) & Counter(predicted)).total()
    return 2 * shared / (len(gold) + len(predicted))


def answer_f1(
    prediction: str,
    answers: Iterable[str],
    normalise: Normaliser = squad_normalise,
    *,
    empty_may_match: bool = True,
) -> float:
    """The best word overlap between a predicted answer and any of the right ones, from 0 to 1.

    No right answer at all means the question has none; then only an empty prediction is right.

    >>> answer_f1("the red mill", ["Red mill.", "mill"]), answer_f1("", []), answer_f1("mill", [])
    (1.0, 1.0, 0.0)
    """
    words = normalise(prediction).split()
    return max(
        overlap_f1(answer.split(), words, empty_may_match=empty_may_match)
        for answer in _right_ones(map(normalise, answers), "")
    )


def answer_exact(
    prediction: str,
    answers: Iterable[str],
    normalise: Normaliser = squad_normalise,
    *,
    empty_may_match: bool = True,
) -> float:
    """1 where the normalised prediction is one of the right answers, else 0."""
    normalised = [normalise(answer) for answer in answers]
    # SQuAD 1.1 compares whatever is there; SQuAD 2 passes over answers that normalise to nothing
    right = _right_ones(normalised, "") if empty_may_match else normalised
    return float(normalise(prediction) in right)


def _right_ones(answers: Iterable, nothing: Any) -> list:
    """The answers that have words, as SQuAD 2 keeps them; `nothing` where there are none."""
    return [answer for answer in answers if answer] or [nothing]


@dataclass(frozen=True)
class ContextWords:
    """The words of a text without the text: where each starts and ends, and which ones are alike."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    ids: tuple[int, ...]  # equal numbers are equal normalised words, numbered within the text

    def within(self, span: Span) -> list[Hashable]:
        """The words of a span of characters; none for `NO_ANSWER`.

        A word that the span cuts is no longer that word: it matches only the same cut of the same word.
        """
        first, last = span
        found: list[Hashable] = []
        for position in range(bisect_right(self.ends, first), bisect_left(self.starts, last)):
            start, end = self.starts[position], self.ends[position]
            if first <= start and end <= last:
                found.append(self.ids[position])
            else:
                found.append(("cut", position, max(first, start), min(last, end)))
        return found


def context_words(context: str, normalise: Normaliser = squad_normalise) -> ContextWords:
    """Reduce a context to the places and identities of its normalised words.

    What normalisation drops (marks, articles) is no word, so a span may include it or not.

    >>> context_words("The mill, the old mill.")
    ContextWords(starts=(4, 14, 18), ends=(8, 17, 22), ids=(0, 1, 0))
    """
    starts, ends, ids = [], [], []
    numbers: dict[str, int] = {}
    for match in re.finditer(r"\S+", context):
        forms, lead, trail = _core(match.group(), normalise)
        for form in forms:
            starts.append(match.start() + lead)
            ends.append(match.end() - trail)
            ids.append(numbers.setdefault(form, len(numbers)))
    return ContextWords(tuple(starts), tuple(ends), tuple(ids))


def _core(token: str, normalise: Normaliser) -> tuple[list[str], int, int]:
    """The normalised forms in a token, and how many characters at its two ends they do not need."""
    whole = normalise(token)
    if not whole:
        return [], 0, 0
    lead = next(i for i in range(len(token)) if normalise(token[i + 1 :]) != whole)
    trail = next(i for i in range(len(token)) if normalise(token[lead : len(token) - i - 1]) != whole)
    return whole.split(), lead, trail


def offset_f1(
    guess: Span, answers: Iterable[Span], words: ContextWords, *, empty_may_match: bool = True
) -> float:
    """`answer_f1` computed from character offsets alone, from 0 to 1."""
    predicted = words.within(guess)
    return max(
        overlap_f1(answer, predicted, empty_may_match=empty_may_match)
        for answer in _right_ones(map(words.within, answers), [])
    )


def offset_exact(
    guess: Span, answers: Iterable[Span], words: ContextWords, *, empty_may_match: bool = True
) -> float:
    """`answer_exact` computed from offsets alone: 1 for the same words in the same order, else 0."""
    found = [words.within(answer) for answer in answers]
    return float(words.within(guess) in (_right_ones(found, []) if empty_may_match else found))
