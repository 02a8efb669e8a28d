"""How far a language lies from the source language, by measures that can be counted."""

from collections.abc import Iterable
from itertools import combinations

from polystilts.languages.lexicon import Lexicon
from polystilts.languages.meaning import Clause
from polystilts.languages.realise import realise


def shared_words(ours: Lexicon, theirs: Lexicon) -> float:
    """The share of words that two languages write alike: lexical overlap, 0 to 1, names included."""
    concepts = [concept for concept in ours.words if concept not in (".", "?", ",")]
    return sum(ours.words[concept] == theirs.words[concept] for concept in concepts) / len(concepts)


def order_distance(clauses: Iterable[Clause], ours: Lexicon, theirs: Lexicon) -> float:
    """The share of word pairs that stand in the opposite order: mean Kendall distance, 0 to 1."""
    distances = []
    for clause in clauses:
        here = [token.concept for token in realise(clause, ours)]
        there = [token.concept for token in realise(clause, theirs)]
        if len(set(here)) < len(here) or set(here) != set(there):
            continue  # a word said twice has no single place
        place = {concept: i for i, concept in enumerate(there)}
        pairs = list(combinations([place[concept] for concept in here], 2))
        distances.append(sum(a > b for a, b in pairs) / len(pairs))
    return sum(distances) / len(distances) if distances else 0.0
