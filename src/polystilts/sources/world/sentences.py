"""Sentences to tag, to translate and to link: POS, names, supertags, Tatoeba, Mewsli-X."""

from random import Random

from polystilts.languages.concepts import CLASS_OF, NUMBERS, ROLES
from polystilts.languages.meaning import Clause, Phrase, changed
from polystilts.sources.world.corpus import cleft
from polystilts.sources.world.items import BitextItem, MentionItem, TagItem
from polystilts.sources.world.scenes import Cast, event, fact, person, place, routine_event, step, thing, town


def any_sentence(random: Random, cast: Cast) -> Clause:
    """A sentence of any sort the world writes."""
    kind = random.random()
    if kind < 0.45:
        clause = event(random, cast)
        return changed(clause, fronted=True) if clause.time and random.random() < 0.4 else clause
    if kind < 0.60:
        return fact(random, cast)
    if kind < 0.72:
        return cleft(random, event(random, cast))
    if kind < 0.80:
        habit = event(random, cast, people=0.0)
        return changed(
            habit, past=False, object=Phrase(noun=habit.object.noun, number=random.choice(NUMBERS))
        )
    if kind < 0.87:
        return changed(event(random, cast), negated=True)
    if kind < 0.94:
        following = step(routine_event(random, cast), 1, pronouns=random.random() < 0.5)
        return changed(
            following, subject=person(random, cast), opening=random.choice(("then", "so", "because"))
        )
    clause = event(random, cast)
    return clause.asking(
        random.choice([slot for slot in ("place", "time", "manner") if getattr(clause, slot)])
    )


def tagged(random: Random, cast: Cast) -> TagItem:
    return TagItem((any_sentence(random, cast),))


def named(random: Random, cast: Cast) -> TagItem:
    """A sentence with at least two names in it."""
    if random.random() < 0.4:
        return TagItem((fact(random, cast),)) if random.random() < 0.5 else TagItem((_visit(random, cast),))
    return TagItem((changed(event(random, cast, people=0.4), place=place(random, cast)),))


def _visit(random: Random, cast: Cast) -> Clause:
    """Somebody sold something to nobody in particular, at a place that may be a town or an organisation."""
    clause = event(random, cast, modifiers=1, people=0.0)
    return changed(clause, place=place(random, cast), manner="", fronted=bool(clause.time))


def bitext(random: Random, cast: Cast) -> BitextItem:
    return BitextItem((event(random, cast, modifiers=2),))


def mention(random: Random, cast: Cast) -> MentionItem:
    """A person in action near home, and the entry that describes the person: role and home town."""
    who = Phrase(names=(random.choice(cast.given), random.choice(cast.surnames)), entity="PER")
    home = town(random, cast)
    told = Phrase(names=who.names[:1], entity="PER") if random.random() < 0.3 else who
    what = thing(random)
    act = Clause(told, random.choice(CLASS_OF[what.noun].routine), what, place=home)
    about = (
        Clause(who, "is", Phrase(noun=random.choice(ROLES)), past=False),
        Clause(Phrase(pronoun=True), "live", place=home, past=False),
    )
    return MentionItem((act,), told, about)
