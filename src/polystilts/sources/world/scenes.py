"""Scenes: people doing things, drawn at random from a cast of names that one split may use."""

from dataclasses import dataclass
from random import Random

from polystilts.languages.concepts import (
    CLASS_OF,
    COLOURS,
    MANNERS,
    NAME_COUNTS,
    OBJECTS,
    PERSON_VERBS,
    ROLE_NOUNS,
    ROLES,
    ROUTINE_OF,
    TIMES,
    TRADE_VERBS,
    VERB_SYNONYM,
)
from polystilts.languages.lexicon import name_ids
from polystilts.languages.meaning import Clause, Phrase, changed, held_out

SPLITS = ("train", "dev", "test")
SPLIT_SHARES = {"train": 0.5, "dev": 0.2, "test": 0.3}
SHE = Phrase(pronoun=True)
IT = Phrase(pronoun=True)


@dataclass(frozen=True)
class Cast:
    """The names one split may use, and whether its facts are held out of every training text."""

    given: tuple[str, ...]
    surnames: tuple[str, ...]
    towns: tuple[str, ...]
    held_out: bool


def casts(world_seed: int) -> dict[str, Cast]:
    """The casts of a world, by name.

    `train`, `dev` and `test` share no name. `text` is what pretraining tells of most of the time, `rare` the
    many names it tells of now and then. `new` names occur in no training and no pretraining text at all.
    """
    random = Random(f"{world_seed} casts")
    names: dict[str, dict[str, tuple[str, ...]]] = {cast: {} for cast in (*SPLITS, "text", "rare", "new")}
    for kind in NAME_COUNTS["common"]:
        names["text"][kind] = name_ids("common", kind)
        names["rare"][kind] = name_ids("rare", kind)
        names["new"][kind] = name_ids("new", kind)
        shuffled = list(names["text"][kind])
        random.shuffle(shuffled)
        start = 0
        for split in SPLITS:
            size = round(len(shuffled) * SPLIT_SHARES[split])
            names[split][kind] = tuple(shuffled[start : start + size])
            start += size
    return {
        cast: Cast(kinds["given"], kinds["surname"], kinds["town"], cast in ("dev", "test", "new"))
        for cast, kinds in names.items()
    }


def person(random: Random, cast: Cast, surname: float = 0.3) -> Phrase:
    """A person by given name, with chance `surname` followed by a surname."""
    names = (random.choice(cast.given),)
    return Phrase(
        names=names + ((random.choice(cast.surnames),) if random.random() < surname else ()), entity="PER"
    )


def town(random: Random, cast: Cast) -> Phrase:
    return Phrase(names=(random.choice(cast.towns),), entity="LOC")


def organisation(random: Random, cast: Cast) -> Phrase:
    """An organisation named for a town or a family: the same word is then no place and no person."""
    name = random.choice(cast.towns if random.random() < 0.5 else cast.surnames)
    return Phrase(noun=random.choice(ROLE_NOUNS), names=(name,), entity="ORG")


def place(random: Random, cast: Cast) -> Phrase:
    return town(random, cast) if random.random() < 0.6 else organisation(random, cast)


def thing(random: Random, colour: float = 0.5) -> Phrase:
    return Phrase(
        noun=random.choice(OBJECTS), colour=random.choice(COLOURS) if random.random() < colour else ""
    )


def verb_for(random: Random, noun: str, routine: float = 0.6) -> str:
    """A verb that goes with the thing: a step of its class's routine, or buying, selling, finding, losing."""
    if random.random() < routine:
        return random.choice(CLASS_OF[noun].routine)
    return random.choice(TRADE_VERBS)[0]


def event(
    random: Random, cast: Cast, modifiers: int | None = None, people: float = 0.15, verb: str = ""
) -> Clause:
    """One thing somebody did, held out or not as the cast demands.

    `modifiers` says how many of place, time and manner are told (by default one to three); with chance
    `people` the thing done is done to another person. A given `verb` is kept, with an object that fits it.
    """
    while True:
        subject = person(random, cast)
        if verb in PERSON_VERBS or (not verb and random.random() < people):
            clause = Clause(subject, verb or random.choice(PERSON_VERBS), other_person(random, cast, subject))
        else:
            what = thing(random)
            if verb in ROUTINE_OF:
                what = changed(what, noun=random.choice(ROUTINE_OF[verb].members))
            clause = Clause(subject, verb or verb_for(random, what.noun), what)
        if held_out(clause) == cast.held_out:
            return with_modifiers(random, cast, clause, modifiers or random.choice((1, 1, 2, 2, 3)))


def other_person(random: Random, cast: Cast, first: Phrase) -> Phrase:
    while True:
        second = person(random, cast)
        if not set(second.names) & set(first.names):
            return second


def with_modifiers(random: Random, cast: Cast, clause: Clause, count: int) -> Clause:
    """The clause with `count` of place, time and manner filled in."""
    for slot in random.sample(("place", "time", "manner"), count):
        clause = fill(random, cast, clause, slot)
    return clause


def fill(random: Random, cast: Cast, clause: Clause, slot: str) -> Clause:
    """The clause with one slot (colour, place, time or manner) given a value other than the one it has."""
    if slot == "colour":
        colour = random.choice([value for value in COLOURS if value != clause.object.colour])
        return changed(clause, object=changed(clause.object, colour=colour))
    if slot == "place":
        while True:
            where = town(random, cast)
            if where != clause.place:
                return changed(clause, place=where)
    values = TIMES if slot == "time" else MANNERS
    return changed(
        clause, **{slot: random.choice([value for value in values if value != getattr(clause, slot)])}
    )


def empty(clause: Clause, slot: str) -> Clause:
    """The clause with one slot left unsaid."""
    if slot == "colour":
        return changed(clause, object=changed(clause.object, colour=""))
    return changed(clause, **{slot: None if slot == "place" else ""})


def fact(random: Random, cast: Cast) -> Clause:
    """A lasting fact: where somebody lives or works, or what they are."""
    while True:
        who, kind = person(random, cast), random.random()
        if kind < 0.4:
            clause = Clause(who, "live", place=town(random, cast), past=False)
        elif kind < 0.75:
            clause = Clause(who, "work", place=organisation(random, cast), past=False)
        else:
            clause = Clause(who, "is", Phrase(noun=random.choice(ROLES)), past=False)
        if held_out(clause) == cast.held_out:
            return clause


def step(clause: Clause, ahead: int, pronouns: bool = True) -> Clause:
    """The next step (or the one before) of the routine that the clause's verb belongs to, told of "it"."""
    routine = CLASS_OF[clause.object.noun].routine
    verb = routine[(routine.index(clause.verb) + ahead) % len(routine)]
    return Clause(SHE, verb, IT if pronouns else Phrase(noun=CLASS_OF[clause.object.noun].hypernym))


def routine_event(random: Random, cast: Cast, modifiers: int = 1) -> Clause:
    """An event whose verb is a step of a routine."""
    while True:
        what = thing(random)
        clause = Clause(person(random, cast), random.choice(CLASS_OF[what.noun].routine), what)
        if held_out(clause) == cast.held_out:
            return with_modifiers(random, cast, clause, modifiers)


def hypernym(phrase: Phrase) -> Phrase:
    """The thing by the common name of its class, colour unsaid."""
    return Phrase(noun=CLASS_OF[phrase.noun].hypernym, number=phrase.number)


def weaker(random: Random, clause: Clause, drop: float = 0.6) -> Clause:
    """The same fact told with less: modifiers dropped, sometimes a common name or a synonym instead."""
    for slot in ("place", "time", "manner"):
        if random.random() < drop:
            clause = empty(clause, slot)
    if clause.object is not None and clause.object.noun in CLASS_OF:
        if random.random() < 0.35:
            clause = changed(clause, object=hypernym(clause.object))
        elif random.random() < 0.6:
            clause = empty(clause, "colour")
    if clause.verb in VERB_SYNONYM and random.random() < 0.5:
        clause = changed(clause, verb=VERB_SYNONYM[clause.verb])
    return clause
