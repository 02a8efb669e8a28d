"""From a meaning to a sentence: words in the order, morphology and script of one language.

Near languages build sentences as the source language does (subject verb object, prepositions). Far languages
put the object before the verb and their adpositions after the noun. Verb-first languages put the verb before
its subject, and its object and prepositional phrases after it.
"""

from typing import NamedTuple

from polystilts.languages.concepts import VERBS
from polystilts.languages.lexicon import Lexicon
from polystilts.languages.meaning import Clause, Phrase, changed

QUESTION_WORDS = {"subject": "who", "object": "what", "place": "where", "time": "when", "manner": "how"}


class Token(NamedTuple):
    """One written word with everything the labelled tasks need to know about it."""

    form: str
    upos: str  # Universal Dependencies part of speech
    entity: str  # BIO tag
    category: str  # CCG-like supertag
    role: str  # subject, object, place, time, manner, verb or "": what an answer span is made of
    concept: str


def realise(clause: Clause, lexicon: Lexicon) -> tuple[Token, ...]:
    """The sentence of a clause in one language, its final mark included."""
    far = lexicon.language.order == "far"
    if clause.cleft:
        asked = changed(clause.asking(clause.gap), cleft=False)
        body = _clause(asked, lexicon, far)
        told = _copula(lexicon, far, _answer(clause, lexicon, far), clause.gap)
        return (*(told + body if verb_first(lexicon) else body + told), _mark(".", lexicon))
    return (*_clause(clause, lexicon, far), _mark("?" if clause.gap else ".", lexicon))


def verb_first(lexicon: Lexicon) -> bool:
    """Does the verb of this language come before its subject?"""
    return lexicon.language.order == "verb-first"


def text_of(tokens: tuple[Token, ...]) -> str:
    """The tokens as running text, words and marks parted by single spaces."""
    return " ".join(token.form for token in tokens)


def _mark(mark: str, lexicon: Lexicon) -> Token:
    return Token(lexicon.form(mark), "PUNCT", "O", "PUNCT", "", mark)


def _word(
    lexicon: Lexicon, concept: str, upos: str, category: str, role: str = "", past: bool = False
) -> Token:
    key = (concept, upos, category, role, past)
    token = lexicon.tokens.get(key)
    if token is None:  # the same few words are written by the million
        token = Token(lexicon.form(concept, past), upos, "O", category, role, concept)
        lexicon.tokens[key] = token
    return token


def _phrase(phrase: Phrase, lexicon: Lexicon, role: str, pronoun: str = "it") -> tuple[Token, ...]:
    if phrase.pronoun:
        return (_word(lexicon, pronoun, "PRON", "NP", role),)
    words = []
    for i, name in enumerate(phrase.names):
        last = i + 1 == len(phrase.names) and not phrase.noun
        tag = ("B-" if i == 0 else "I-") + phrase.entity
        words.append(Token(lexicon.form(name), "PROPN", tag, "NP" if last else "NP/NP", role, name))
    if phrase.names and phrase.noun:  # an organisation: the kato mill
        words.append(Token(lexicon.form(phrase.noun), "PROPN", "I-" + phrase.entity, "NP", role, phrase.noun))
    elif phrase.noun:
        if phrase.definite:
            words.append(_word(lexicon, "the", "DET", "NP/N", role))
        if phrase.number:
            words.append(_word(lexicon, phrase.number, "NUM", "NP/N", role))
        if phrase.colour:
            words.append(_word(lexicon, phrase.colour, "ADJ", "N/N", role))
        words.append(_word(lexicon, phrase.noun, "NOUN", "N", role))
    return tuple(words)


def _place(phrase: Phrase, lexicon: Lexicon, far: bool) -> tuple[Token, ...]:
    inside = _phrase(phrase, lexicon, "place")
    adposition = _word(lexicon, "in", "ADP", "PP\\NP" if far else "PP/NP")
    return (*inside, adposition) if far else (adposition, *inside)


def _verb(clause: Clause, lexicon: Lexicon, far: bool) -> tuple[Token, ...]:
    slash = "\\" if far else "/"
    upos = "AUX" if clause.verb == "is" else "VERB"
    place = "PP" if clause.place is not None else ""
    second = "NP" if clause.verb == "is" or clause.object is not None else place  # what it takes beside
    if verb_first(lexicon):  # its subject stands on the other side, before what it takes beside
        category = f"S/{second}/NP" if second else "S/NP"
    else:
        category = f"S\\NP{slash}{second}" if second else "S\\NP"
    past = clause.past and clause.verb in VERBS
    verb = _word(lexicon, clause.verb, upos, category, "verb", past)
    return (_word(lexicon, "not", "PART", "NEG"), verb) if clause.negated else (verb,)


def _clause(clause: Clause, lexicon: Lexicon, far: bool) -> tuple[Token, ...]:
    gap = clause.gap
    opening = [_word(lexicon, clause.opening, "CCONJ", "CONJ")] if clause.opening else []
    if gap:
        kind = "what" if gap == "subject" and not clause.subject.names else QUESTION_WORDS[gap]
        opening.append(_word(lexicon, kind, "PRON" if gap in ("subject", "object") else "ADV", "WH"))
    subject = () if gap == "subject" else _phrase(clause.subject, lexicon, "subject", "she")
    thing = () if gap == "object" or clause.object is None else _phrase(clause.object, lexicon, "object")
    verb = _verb(clause, lexicon, far)
    manner, place, time = (), (), ()
    if clause.manner and gap != "manner":
        manner = (_word(lexicon, clause.manner, "ADV", "S\\S", "manner"),)
    if clause.place is not None and gap != "place":
        place = _place(clause.place, lexicon, far)
    if clause.time and gap != "time":
        time = (_word(lexicon, clause.time, "ADV", "S/S" if clause.fronted else "S\\S", "time"),)
    if clause.fronted:
        opening, time = [*opening, *time], ()
    if far and clause.object is None:  # the complement, too, comes before the verb: in kato lives
        return (*opening, *subject, *place, *verb, *manner, *time)
    if verb_first(lexicon):
        return (*opening, *verb, *subject, *thing, *manner, *place, *time)
    core = (*thing, *verb) if far else (*verb, *thing)
    return (*opening, *subject, *core, *manner, *place, *time)


def _copula(lexicon: Lexicon, far: bool, complement: tuple[Token, ...], role: str) -> tuple[Token, ...]:
    category = "S/NP/NP" if verb_first(lexicon) else "S\\NP\\NP" if far else "S\\NP/NP"
    being = _word(lexicon, "is", "AUX", category, "verb")
    return (*complement, being) if far else (being, *complement)


def _answer(clause: Clause, lexicon: Lexicon, far: bool) -> tuple[Token, ...]:
    """The words that fill a clause's gap, as they stand after "is" in a cleft."""
    if clause.gap == "subject":
        return _phrase(clause.subject, lexicon, "subject", "she")
    if clause.gap == "object":
        return _phrase(clause.object, lexicon, "object")
    if clause.gap == "place":
        return _place(clause.place, lexicon, far)
    concept = clause.time if clause.gap == "time" else clause.manner
    return (_word(lexicon, concept, "ADV", "S\\S", clause.gap),)


def realise_phrase(phrase: Phrase, lexicon: Lexicon) -> tuple[Token, ...]:
    """A phrase by itself, as an option of a question or an entry of a list."""
    return _phrase(phrase, lexicon, "")
