"""The frozen measures for labels, tags and rankings; every corpus score runs from 0 to 100.

Measures of a single query (average precision, reciprocal rank) run from 0 to 1.
Nothing here may change once scores are published: the golden cases in the tests pin each number.
"""

import math
from collections.abc import Collection, Iterable, Sequence

from polystilts.errors import StudyError

Chunk = tuple[str, int, int]  # type, first position, position after the last


def mean_score(items: Iterable[float]) -> float:
    """The mean of item scores (0–1) as a score (0–100), the same in whatever order the items come.

    >>> mean_score([1.0, 0.0, 0.0, 0.0])
    25.0
    """
    values = list(items)
    if not values:
        raise StudyError("a score of no items was asked for; there must be at least one item")
    return 100.0 * math.fsum(values) / len(values)  # fsum rounds once, so order cannot show


def accuracy(gold: Sequence, predicted: Sequence) -> float:
    """The share of items whose label is right.

    >>> accuracy(["a", "b", "b", "a"], ["a", "b", "a", "b"])
    50.0
    """
    _same_length(gold, predicted, "labels")
    return mean_score(float(a == b) for a, b in zip(gold, predicted, strict=True))


def token_accuracy(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> float:
    """The share of words whose tag is right, over all words of all sentences.

    >>> token_accuracy([["DET", "NOUN"], ["VERB"]], [["DET", "VERB"], ["VERB"]]) == 200 / 3
    True
    """
    _same_sentences(gold, predicted)
    pairs = [pair for a, b in zip(gold, predicted, strict=True) for pair in zip(a, b, strict=True)]
    return mean_score(float(a == b) for a, b in pairs)


def chunks(sentences: Iterable[Sequence[str]]) -> set[Chunk]:
    """The chunks that a row of tags describes, read as leniently as seqeval 0.0.12 reads them.

    The first letter of a tag counts as its prefix and what follows its last hyphen as its type. A chunk opens
    at B or S, at I or E after O, E or S, and wherever the type changes outside O; so an I- after O opens one.
    It closes after E or S, before B, S or O, and wherever the type changes.

    Tags without a prefix, such as parts of speech, are their own type: a run of equal tags is one chunk. The
    letters still count, so each SCONJ and each SYM is a chunk of its own. This is what XTREME's score for
    UD-POS was published with; later versions of seqeval cut off the first letter instead, and so take CCONJ
    and SCONJ for one tag.

    >>> sorted(chunks([["NOUN", "NOUN", "VERB"]]))
    [('NOUN', 0, 2), ('VERB', 2, 3)]
    >>> sorted(chunks([["O", "I-PER", "I-PER", "B-PER"]]))
    [('PER', 1, 3), ('PER', 3, 4)]
    """
    found: set[Chunk] = set()
    prefix, kind, start, position = "O", "", 0, 0
    for sentence in sentences:
        for tag in (*sentence, "O"):  # an O between sentences, so that no chunk spans two
            next_prefix, next_kind = tag[:1], tag.rsplit("-", 1)[-1]
            if chunk_closes(prefix, kind, next_prefix, next_kind):
                found.add((kind, start, position))
            if chunk_opens(prefix, kind, next_prefix, next_kind):
                start = position
            prefix, kind, position = next_prefix, next_kind, position + 1
    return found


def chunk_closes(prefix: str, kind: str, next_prefix: str, next_kind: str) -> bool:
    """Whether a chunk ends between two neighbouring tags, each a prefix and a type."""
    if prefix in ("E", "S") or (prefix in ("B", "I") and next_prefix in ("B", "S", "O")):
        return True
    return prefix not in ("O", ".") and kind != next_kind


def chunk_opens(prefix: str, kind: str, next_prefix: str, next_kind: str) -> bool:
    """Whether a chunk begins between two neighbouring tags, each a prefix and a type."""
    if next_prefix in ("B", "S") or (prefix in ("E", "S", "O") and next_prefix in ("E", "I")):
        return True
    return next_prefix not in ("O", ".") and kind != next_kind


def chunk_f1(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> float:
    """The F1 of chunks over all sentences together: XTREME's measure for PAN-X and for UD-POS.

    It is the harmonic mean of precision and recall, both over chunks whose type and both ends agree. Without
    any chunk on either side it is 0. On parts of speech one wrong word can break a run, which costs more than
    a word:

    >>> gold = [["NOUN", "NOUN", "VERB", "DET", "NOUN"]]
    >>> wrong = [["NOUN", "PROPN", "VERB", "DET", "NOUN"]]
    >>> token_accuracy(gold, wrong), round(chunk_f1(gold, wrong), 3)
    (80.0, 66.667)
    """
    _same_sentences(gold, predicted)
    right, guessed = chunks(gold), chunks(predicted)
    if not right and not guessed:
        return 0.0
    return 100.0 * 2 * len(right & guessed) / (len(right) + len(guessed))


def average_precision(ranked: Sequence[str], relevant: Collection[str], k: int | None = 20) -> float:
    """The mean precision at the ranks of the relevant candidates, among the first k, from 0 to 1.

    The divisor is the number of relevant candidates that k places can hold, min(relevant, k); `k=None` takes
    the whole ranking. A candidate named twice counts at its first place.

    >>> average_precision(["x", "a", "b"], {"a", "b"})  # (1/2 + 2/3) / 2
    0.5833333333333333
    """
    wanted = set(relevant)
    if not wanted:
        raise StudyError("average precision needs at least one relevant candidate; the query has none")
    hits, total, seen = 0, [], set()
    for rank, candidate in enumerate(ranked[:k], start=1):
        if candidate in wanted and candidate not in seen:
            hits += 1
            total.append(hits / rank)
            seen.add(candidate)
    return math.fsum(total) / (len(wanted) if k is None else min(len(wanted), k))


def average_precision_of_ranks(ranks: Iterable[int]) -> float:
    """The average precision over a whole ranking, from the places (1, 2, …) of all relevant candidates.

    >>> average_precision_of_ranks([2, 3]) == average_precision(["x", "a", "b"], {"a", "b"}, k=None)
    True
    """
    places = sorted(ranks)
    if not places:
        raise StudyError("average precision needs at least one relevant candidate; the query has none")
    return math.fsum(hits / rank for hits, rank in enumerate(places, start=1)) / len(places)


def reciprocal_rank(ranked: Sequence[str], relevant: Collection[str], k: int | None = 20) -> float:
    """One over the rank of the first relevant candidate, and 0 where the first k hold none.

    >>> reciprocal_rank(["x", "y", "a"], {"a"}) == 1 / 3
    True
    """
    ranks = (rank for rank, candidate in enumerate(ranked[:k], start=1) if candidate in relevant)
    return 1 / next(ranks, math.inf)


def first_is_relevant(ranked: Sequence[str], relevant: Collection[str]) -> float:
    """1 where the best candidate is a relevant one, else 0: retrieval accuracy, item by item."""
    return float(bool(ranked) and ranked[0] in relevant)


def bucc_f1(gold: Collection[tuple[str, str]], mined: Collection[tuple[str, str]]) -> float:
    """The F1 of mined sentence pairs against the right ones, each pair counted once: BUCC's measure.

    >>> bucc_f1({("de-1", "en-7"), ("de-2", "en-8")}, {("de-1", "en-7"), ("de-3", "en-9")})
    50.0
    """
    right, found = set(gold), set(mined)
    if not right:
        raise StudyError("the F1 of pairs needs at least one right pair; there is none")
    return 100.0 * 2 * len(right & found) / (len(right) + len(found))


def _same_length(gold: Sequence, predicted: Sequence, what: str) -> None:
    if len(gold) != len(predicted):
        raise StudyError(f"{len(predicted)} predicted {what} for {len(gold)} gold ones; give one for each")


def _same_sentences(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> None:
    _same_length(gold, predicted, "sentences")
    for number, (a, b) in enumerate(zip(gold, predicted, strict=True), start=1):
        _same_length(a, b, f"tags in sentence {number}")
