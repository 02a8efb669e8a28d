"""Multiple choice: cause and effect (COPA), what comes next (HellaSwag), reading, common knowledge."""

from random import Random

from polystilts.languages.concepts import CLASS_OF, OBJECT_CLASSES, OBJECTS
from polystilts.languages.meaning import Clause, Phrase, changed
from polystilts.sources.world.items import ChoiceItem
from polystilts.sources.world.scenes import IT, SHE, Cast, routine_event, step
from polystilts.sources.world.spans import GAPS, story


def _other_class(random: Random, noun: str) -> tuple[str, ...]:
    return random.choice([row.routine for row in OBJECT_CLASSES if row is not CLASS_OF[noun]])


def _shuffled(random: Random, right: object, wrong: list) -> tuple[tuple, int]:
    options = [right, *wrong]
    random.shuffle(options)
    return tuple(options), options.index(right)


def cause_or_effect(random: Random, cast: Cast) -> ChoiceItem:
    """COPA: given a step of a routine, which sentence tells its cause (`because`) or its effect (`so`)?

    The options speak of "it", so no word of the premise recurs. Wrong options are drawn from the routines
    of other things, one in four from the wrong side of the right routine: every option sentence is as often
    right as wrong.
    """
    premise = routine_event(random, cast)
    word, ahead = random.choice((("because", -1), ("so", 1)))
    right = (step(premise, ahead),)
    if random.random() < 0.25:
        wrong = (step(premise, -ahead),)
    else:
        wrong = (Clause(SHE, random.choice(_other_class(random, premise.object.noun)), IT),)
    choices, label = _shuffled(random, right, [wrong])
    return ChoiceItem((premise,), word, choices, label)


def next_step(random: Random, cast: Cast) -> ChoiceItem:
    """HellaSwag: two steps of a routine are told; which of four sentences goes on?"""
    first = routine_event(random, cast)
    second = changed(step(first, 1), opening="then")
    right = (changed(step(first, 2), opening="then"),)
    wrong = [(changed(step(first, 0), opening="then"),)]
    verbs: set[str] = set()
    while len(wrong) < 3:
        verb = random.choice(_other_class(random, first.object.noun))
        if verb not in verbs:
            verbs.add(verb)
            wrong.append((Clause(SHE, verb, IT, opening="then"),))
    choices, label = _shuffled(random, right, wrong)
    return ChoiceItem((first, second), "", choices, label)


def reading(random: Random, cast: Cast) -> ChoiceItem:
    """Cosmos QA: a story of four events and a question; all four options occur in the story.

    Things are offered by the name of their class, so the reader has to know what sort of thing each is.
    """
    while True:
        clauses = story(random, cast, sentences=4)
        kinds = {CLASS_OF[clause.object.noun].hypernym for clause in clauses}
        if len(kinds) == 4:
            break
    asked = random.randrange(4)
    gap = random.choice(("subject", "object"))
    question = clauses[asked].asking(gap)
    for slot in GAPS[2:]:
        question = changed(question, **{slot: None if slot == "place" else ""})
    if gap == "subject":
        options = [clause.subject for clause in clauses]
    else:
        options = [Phrase(noun=CLASS_OF[clause.object.noun].hypernym) for clause in clauses]
    right = options[asked]
    choices, label = _shuffled(random, right, [option for option in options if option is not right])
    return ChoiceItem(tuple(clauses), (question,), choices, label)


def known_objects(world_seed: int, split: str) -> tuple[str, ...]:
    """The things a split asks common knowledge about: no thing is asked about in two splits."""
    things = list(OBJECTS)
    Random(f"{world_seed} common knowledge").shuffle(things)
    return tuple({"train": things[:26], "dev": things[26:30], "test": things[30:]}[split])


def common_knowledge(random: Random, things: tuple[str, ...]) -> ChoiceItem:
    """CommonsenseQA: what is the pot? Five classes to choose from, no text to read it in."""
    noun = random.choice(things)
    right = Phrase(noun=CLASS_OF[noun].hypernym)
    others = [Phrase(noun=row.hypernym) for row in OBJECT_CLASSES if row is not CLASS_OF[noun]]
    choices, label = _shuffled(random, right, random.sample(others, 4))
    question = Clause(Phrase(noun=noun), "is", Phrase(), past=False, gap="object")
    return ChoiceItem((), (question,), choices, label)
