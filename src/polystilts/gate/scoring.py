"""Every score a second time, from predictions and labels, by other means than the ones that published it.

Chunk F1 comes from seqeval, rankings from ir-measures, the rest is counted anew. Nothing is imported from
the rooms `evaluation` and `statistics`: a mistake there must not be repeated here.
"""

import re
import string
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import lru_cache
from itertools import repeat
from typing import NamedTuple

import numpy as np
import pandas as pd

from polystilts.errors import StudyError
from polystilts.tasks import Task

WITH_ACCURACY = "f1"  # tagging by this metric also reports the share of right words
NO_CANDIDATE = "-"  # what a sentence without a translation is answered with


class Item(NamedTuple):
    """One test item as its labels have it; only questions have a context and answers."""

    name: str
    gold: str
    language: str
    context: str = ""
    answers: Sequence[str] = ()


def score_again(task: Task, predictions: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    """Columns language, variant, metric, value (0–100) and n; raises StudyError where items do not match."""
    asked, rows = _asked(task, labels), []
    for (language, variant), given in sorted(_given(predictions).items()):
        items = asked[language]
        answers = dict(given)
        if len(answers) != len(given) or answers.keys() != {item.name for item in items}:
            lost = len({item.name for item in items} - answers.keys())
            raise StudyError(f"{task.name} in {language}: {lost} of {len(items)} items have no prediction, "
                             f"{len(given) - len(answers)} have several")  # fmt: skip
        for metric, value in _measures(task, items, [answers[item.name] for item in items]).items():
            rows.append((language, variant, metric, value, len(items)))
    return pd.DataFrame(rows, columns=["language", "variant", "metric", "value", "n"])


def _asked(task: Task, labels: pd.DataFrame) -> dict[str, list[Item]]:
    """The items of each language, in the order of their labels, as plain rows: cells are many and small."""
    asked: dict[str, list[Item]] = defaultdict(list)
    more = ("context", "answers") if task.kind == "question_answering" else ()
    columns = [labels[name].tolist() for name in ("example_id", "gold", "language", *more)]
    for name, gold, language, *rest in zip(*columns, strict=True):
        asked[language].append(Item(str(name), str(gold), language, *rest))
    return asked


def _given(predictions: pd.DataFrame) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """What each item is answered with, by language and variant."""
    given: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    variants = predictions["variant"].fillna("").tolist() if "variant" in predictions else repeat("")
    columns = [predictions[name].tolist() for name in ("language", "example_id", "prediction")]
    for variant, (language, name, prediction) in zip(variants, zip(*columns, strict=True), strict=False):
        given[language, str(variant)].append((str(name), str(prediction)))
    return given


def _measures(task: Task, asked: list[Item], given: list[str]) -> dict[str, float]:
    gold = [item.gold for item in asked]
    if task.kind == "tagging":
        return tagging(task, gold, given)
    if task.kind == "question_answering":
        return _answers(task, asked, given)
    if task.kind == "retrieval":
        return _rankings(task, asked, given)
    return {"accuracy": _accuracy(gold, given)}


def _accuracy(gold: Sequence[str], given: Sequence[str]) -> float:
    return 100 * float(np.mean([one == other for one, other in zip(gold, given, strict=True)]))


# --- tags -----------------------------------------------------------------------------------------------


def tagging(task: Task, gold: list[str], given: list[str]) -> dict[str, float]:
    right, guess = ([text.split(" ") for text in column] for column in (gold, given))
    if [*map(len, right)] != [*map(len, guess)]:
        raise StudyError(f"{task.name}: tags and words differ in number")
    by_word = _accuracy([t for s in right for t in s], [t for s in guess for t in s])
    if task.metric == "token_accuracy":
        return {"token_accuracy": by_word}
    found = {task.metric: chunk_f1(right, guess)}
    if task.metric == WITH_ACCURACY:
        found["token_accuracy"] = by_word
    return found


def chunk_f1(right: Sequence[Sequence[str]], guess: Sequence[Sequence[str]]) -> float:
    """The F1 of seqeval's chunks, on tags rewritten so that today's seqeval reads them as XTREME's did.

    XTREME scored with seqeval 0.0.12, which takes the first letter of a tag as its prefix and what follows
    the last hyphen as its type; version 1 cuts the first letter off the type. Written as `first letter-type`
    a tag means the same to both.
    """
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of tags that are not named as in IOB
        pairs = [(_chunks(*one), _chunks(*two)) for one, two in zip(right, guess, strict=True)]
    both = sum(len(one & two) for one, two in pairs)
    every = sum(len(one) + len(two) for one, two in pairs)
    return 100 * 2 * both / every if every else 0.0


@lru_cache(100_000)  # seeds and arms give many a sentence the same tags
def _chunks(*tags: str) -> frozenset:
    from seqeval.metrics.sequence_labeling import get_entities  # late: its import costs a second

    return frozenset(get_entities([_as_prefix(tag) for tag in tags]))


def _as_prefix(tag: str) -> str:
    return tag if tag == "O" else f"{tag[0]}-{tag.split('-')[-1]}"


# --- answers --------------------------------------------------------------------------------------------

ARTICLES = {  # what MLQA's evaluator drops before it compares, by language
    "en": r"\b(a|an|the)\b",
    "es": r"\b(un|una|unos|unas|el|la|los|las)\b",
    "de": r"\b(ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b",
    "vi": r"\b(của|là|cái|chiếc|những)\b",
    "ar": "ال",
}


def _answers(task: Task, asked: list[Item], given: list[str]) -> dict[str, float]:
    """SQuAD's F1 and exact match, from contexts, right answers and the places of the guesses."""
    f1, exact = [], []
    for guess, item in zip(given, asked, strict=True):
        first, last = map(int, guess.rsplit(":", 1))
        mine = answer_words(item.context[first:last] if first >= 0 else "", task.normaliser, item.language)
        right = [answer_words(str(answer), task.normaliser, item.language) for answer in item.answers]
        kept = [words for words in right if words] or [()]
        f1.append(max(_overlap(words, mine, task.unanswerable) for words in kept))
        # SQuAD 2 passes over answers that normalise to nothing; SQuAD 1.1 compares whatever is there.
        exact.append(float(mine in (kept if task.unanswerable else right)))
    return {"f1": 100 * float(np.mean(f1)), "exact_match": 100 * float(np.mean(exact))}


@lru_cache(100_000)  # every run is asked for the same right answers
def answer_words(text: str, rule: str, language: str) -> tuple[str, ...]:
    """The words of an answer as SQuAD, or MLQA in its language, compares them.

    >>> answer_words("The cat's “Hat”!", "squad", "de"), answer_words("Die „Katze“", "mlqa", "de")
    (('cats', '“hat”'), ('katze',))
    """
    marks = set(string.punctuation)
    mlqa = rule == "mlqa"
    kept = (c for c in text.lower() if c not in marks and not (mlqa and unicodedata.category(c)[0] == "P"))
    bare = "".join(kept)
    if mlqa and language == "zh":
        bare = re.sub("([\u4e00-\u9fa5])", r" \1 ", bare)
    elif not mlqa:
        bare = re.sub(ARTICLES["en"], " ", bare)
    elif language in ARTICLES:
        bare = re.sub(ARTICLES[language], " ", bare)
    return tuple(bare.split())


def _overlap(right: Sequence[str], guess: Sequence[str], nothing_may_be_right: bool) -> float:
    if not right or not guess:
        return float(nothing_may_be_right and right == guess)
    counted = Counter(right)
    shared = sum(min(count, counted[word]) for word, count in Counter(guess).items())
    precision, recall = shared / len(guess), shared / len(right)
    return 2 * precision * recall / (precision + recall) if shared else 0.0


# --- rankings -------------------------------------------------------------------------------------------


def _rankings(task: Task, asked: list[Item], given: list[str]) -> dict[str, float]:
    gold, ranked = [item.gold for item in asked], [guess.split(" ... ")[0] for guess in given]
    if task.metric == "bucc_f1":
        right = {(item.name, item.gold) for item in asked if item.gold != NO_CANDIDATE}
        mined = {(item.name, name) for item, name in zip(asked, given, strict=True) if name != NO_CANDIDATE}
        return {"bucc_f1": 200 * len(right & mined) / (len(right) + len(mined))}
    if task.metric == "accuracy":
        first = [guess.split()[0] if guess.split() else "" for guess in ranked]
        return {"accuracy": _accuracy(gold, first)}
    found = {task.metric: ranking(task.metric, gold, ranked)}
    whole = [_whole_precision(right, guess) for right, guess in zip(gold, given, strict=True)]
    if task.metric == "map@20" and None not in whole:
        found["map"] = 100 * float(np.mean(whole))
    return found


def _whole_precision(gold: str, guess: str) -> float | None:
    """Average precision over the whole ranking, where the guess says the place of every right candidate."""
    head, _, tail = guess.partition(" ... ")
    wanted = gold.split()
    places = [place for place, name in enumerate(head.split(), start=1) if name in wanted]
    places = sorted(places + [int(word.split(":")[0]) for word in tail.split()])
    if len(places) != len(wanted):
        return None
    return float(np.mean([hits / place for hits, place in enumerate(places, start=1)]))


def ranking(metric: str, gold: Sequence[str], given: Sequence[str], depth: int = 20) -> float:
    """Mean average precision or mean reciprocal rank of the first 20 candidates, by ir-measures.

    trec_eval divides average precision by all relevant candidates; the contract by as many as 20 places hold.
    """
    relevant, ranked, scale = {}, {}, {}
    for number, (right, guess) in enumerate(zip(gold, given, strict=True)):
        query = str(number)
        wanted, places = set(right.split()), list(dict.fromkeys(guess.split()[:depth]))
        relevant[query] = dict.fromkeys(wanted, 1)
        ranked[query] = {name: float(depth - place) for place, name in enumerate(places)}
        scale[query] = len(wanted) / min(len(wanted), depth) if metric == "map@20" else 1.0
    import ir_measures

    measure = ir_measures.AP if metric == "map@20" else ir_measures.RR
    values = {row.query_id: row.value for row in ir_measures.iter_calc([measure], relevant, ranked)}
    return 100 * float(np.mean([values.get(query, 0.0) * scale[query] for query in relevant]))
