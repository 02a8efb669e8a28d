"""How answers to questions are marked: by the words they share with the right answer, once normalised.

Predictions hold character offsets; the words lie in the context, which labels and examples have.
"""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import lru_cache, partial

Normaliser = Callable[[str], str]
NO_ANSWER = "-1:-1"  # the span of a question that has no answer

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


def normaliser(name: str, language: str) -> Normaliser:
    """The rule by which a task compares answers in a language, by the name it has in the task's row.

    >>> normaliser("mlqa", "de")("Die Katze"), normaliser("squad", "de")("Die Katze")
    ('katze', 'die katze')
    """
    return {"squad": squad_normalise, "mlqa": partial(mlqa_normalise, language=language)}[name]


def text_of(context: str, span: str) -> str:
    """The answer that a prediction `start:end` stands for; `-1:-1` stands for none.

    >>> text_of("The red mill", "4:7"), text_of("The red mill", "-1:-1")
    ('red', '')
    """
    start, end = map(int, span.split(":"))
    return context[start:end] if start >= 0 else ""


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
        for answer in _right_ones(map(normalise, answers))
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
    right = _right_ones(normalised) if empty_may_match else normalised
    return float(normalise(prediction) in right)


def _right_ones(answers: Iterable[str]) -> list[str]:
    """The answers that have words, as SQuAD 2 keeps them; no words where there are none."""
    return [answer for answer in answers if answer] or [""]
