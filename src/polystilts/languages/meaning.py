"""Meanings: who did what to what, where, when and how, before any language puts them into words."""

from dataclasses import dataclass
from hashlib import sha256


def changed(whole, **parts):
    """A copy of a phrase or clause with some parts changed; `dataclasses.replace`, several times as fast.

    A world changes clauses by the million, which makes this the one place where copying by hand pays.
    """
    copy = object.__new__(type(whole))
    copy.__dict__.update(whole.__dict__, **parts)
    return copy


@dataclass(frozen=True)
class Phrase:
    """A person, place, organisation or thing. `names` are name identifiers; `noun` is a concept."""

    noun: str = ""
    names: tuple[str, ...] = ()
    entity: str = ""  # PER, LOC, ORG, or "" for things
    colour: str = ""
    number: str = ""
    pronoun: bool = False  # she, it

    @property
    def definite(self) -> bool:
        """Does the phrase carry an article? Names, numbered things and pronouns do not."""
        return not self.names and not self.number and not self.pronoun


@dataclass(frozen=True)
class Clause:
    """One statement, or the question that asks for one of its parts.

    `gap` names the part a question asks for: subject, object, place, time or manner. `cleft` states the
    same part as "who washed the pot is Ana". `fronted` puts the time first, a freedom all languages have.
    """

    subject: Phrase
    verb: str  # a verb, or "is" for a statement of being
    object: Phrase | None = None
    place: Phrase | None = None
    time: str = ""
    manner: str = ""
    past: bool = True
    negated: bool = False
    fronted: bool = False
    gap: str = ""
    cleft: bool = False
    opening: str = ""  # a connecting word before the clause: then, because, so

    def asking(self, gap: str) -> "Clause":
        """The question whose answer is this clause's `gap`."""
        return changed(self, gap=gap, fronted=False, opening="")


def meaning_id(*parts: object) -> str:
    """A short name for a meaning; equal meanings have equal names in every language and every file."""
    return sha256(repr(parts).encode()).hexdigest()[:16]


def fact_core(clause: Clause) -> tuple[object, ...]:
    """What a fact is about, its modifiers aside: the part that training and test never share."""
    place = (clause.place.names, clause.place.noun) if clause.place and clause.object is None else ()
    thing = (clause.object.noun, clause.object.names) if clause.object else ()
    return (clause.subject.names, clause.verb, thing, place)


def held_out(clause: Clause, one_in: int = 8) -> bool:
    """Is this fact kept for development and test items, and out of every training and pretraining text?"""
    return int(sha256(repr(fact_core(clause)).encode()).hexdigest()[:8], 16) % one_in == 0
