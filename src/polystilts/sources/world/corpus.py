"""Pretraining text: what the speakers of a language write when nobody examines them.

Little stories, lasting facts and definitions, in each language its own (comparable, never parallel). No
question is ever asked and no question mark appears; the question words occur only inside pseudo-clefts
("who washed the pot is Ana"), which we state openly: without them a target language would meet its question
words for the first time at the test. No held-out fact is ever written.
"""

from random import Random

from polystilts.languages.concepts import CLASS_OF, NUMBERS, OBJECTS
from polystilts.languages.meaning import Clause, Phrase, changed
from polystilts.sources.world.scenes import Cast, casts, event, fact, routine_event, step, weaker

CLEFT_SHARE = 0.30  # of the restatements, which makes about one sentence in eight
RARE_SHARE = 0.15  # of the documents tell of people and places with rare names


def cleft(random: Random, clause: Clause) -> Clause:
    """The clause as a pseudo-cleft on one of the parts it tells."""
    gaps = ["subject"]
    if clause.object is not None:
        gaps.append("object")
    gaps += [slot for slot in ("place", "time", "manner") if getattr(clause, slot)]
    return changed(clause, gap=random.choice(gaps), cleft=True, fronted=False, opening="")


def _restated(random: Random, clause: Clause) -> Clause:
    if random.random() < CLEFT_SHARE:
        return cleft(random, clause)
    return clause if random.random() < 0.6 else weaker(random, clause, drop=0.5)


def _loosely(random: Random, clause: Clause) -> Clause:
    return changed(clause, fronted=True) if clause.time and random.random() < 0.3 else clause


def retelling(random: Random, cast: Cast) -> tuple[Clause, ...]:
    """Two events, and one or both of them told again, word for word or a little more weakly.

    This is the text from which the encoder can learn to look a fact up in another sentence. Now and then
    both people did the same sort of thing, so that the verb does not tell the facts apart.
    """
    first = event(random, cast, modifiers=random.choice((1, 1, 2)))
    second = event(random, cast, modifiers=1, verb=first.verb if random.random() < 0.15 else "")
    told = [first, second]
    random.shuffle(told)
    return (first, second, *(_restated(random, clause) for clause in told[: random.choice((1, 2))]))


def report(random: Random, cast: Cast) -> tuple[Clause, ...]:
    """One event, sometimes told again."""
    first = event(random, cast)
    return (
        (_loosely(random, first), _restated(random, first))
        if random.random() < 0.5
        else (_loosely(random, first),)
    )


def routine(random: Random, cast: Cast) -> tuple[Clause, ...]:
    """Steps of a routine in their order, or an event with its cause or its effect."""
    first = routine_event(random, cast)
    second = step(first, 1, pronouns=random.random() < 0.7)
    told = random.random()
    if told < 0.25:
        return (first, changed(step(first, -1), opening="because"))
    if told < 0.5:
        return (first, changed(second, opening="so"))
    return (first, changed(second, opening="then"), changed(step(first, 2), opening="then"))


def definition(random: Random, cast: Cast) -> tuple[Clause, ...]:
    """What a thing is: the pot is the vessel."""
    noun = random.choice(OBJECTS)
    return (Clause(Phrase(noun=noun), "is", Phrase(noun=CLASS_OF[noun].hypernym), past=False),)


def habit(random: Random, cast: Cast) -> tuple[Clause, ...]:
    """What somebody does again and again, with numbered things, in the present."""
    clause = changed(event(random, cast), past=False)
    if clause.object.noun in CLASS_OF:
        clause = changed(clause, object=Phrase(noun=clause.object.noun, number=random.choice(NUMBERS)))
    return (clause,)


def lasting(random: Random, cast: Cast) -> tuple[Clause, ...]:
    """Where somebody lives or works, or what they are, sometimes said twice."""
    first = fact(random, cast)
    return (first, cleft(random, first)) if random.random() < 0.4 else (first,)


def denial(random: Random, cast: Cast) -> tuple[Clause, ...]:
    """What did not happen, and what did."""
    return (changed(event(random, cast), negated=True), event(random, cast))


# What a document is about, and its share of the text.
DOCUMENT_KINDS = (
    (retelling, 0.36), (report, 0.20), (routine, 0.20), (lasting, 0.10),
    (definition, 0.05), (habit, 0.05), (denial, 0.04),
)  # fmt: skip


def document(random: Random, cast: Cast) -> tuple[Clause, ...]:
    """One line of pretraining text: one to four sentences that belong together."""
    makers, shares = zip(*DOCUMENT_KINDS, strict=True)
    return random.choices(makers, shares)[0](random, cast)


def documents(world_seed: int, language: str, count: int) -> list[tuple[Clause, ...]]:
    """The first `count` documents of a language; a poorer language's text is a prefix of a richer one's."""
    random, of = Random(f"{world_seed} {language} text"), casts(world_seed)
    return [document(random, of["rare" if random.random() < RARE_SHARE else "text"]) for _ in range(count)]
