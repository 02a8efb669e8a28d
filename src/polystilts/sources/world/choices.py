"""Multiple choice: an effect (COPA), what comes next (HellaSwag), reading, common knowledge."""

from random import Random

from polystilts.languages.concepts import CLASS_OF, OBJECT_CLASSES
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


def effect(random: Random, cast: Cast) -> ChoiceItem:
    """COPA: given a step of a routine, which sentence tells its effect?

    The options speak of "it", so no word of the premise recurs. Half of the wrong options are the step
    before, the others are from routines of other things: every option sentence is as often right as wrong.
    XCOPA asks for causes too. These items do not: asked both ways, the small encoder took whatever goes with
    the thing and never read the word that tells a cause from an effect (76 % in a calibration world, where
    that alone gives 75 %).
    """
    premise = routine_event(random, cast)
    right = (changed(step(premise, 1), opening="so"),)
    if random.random() < 0.5:
        wrong = (changed(step(premise, -1), opening="so"),)
    else:
        wrong = (Clause(SHE, random.choice(_other_class(random, premise.object.noun)), IT, opening="so"),)
    choices, label = _shuffled(random, right, [wrong])
    return ChoiceItem((premise,), (), choices, label)


def next_step(random: Random, cast: Cast) -> ChoiceItem:
    """HellaSwag: two steps of a routine are told; which of four sentences goes on?

    One wrong option repeats either of the two steps, the others are two steps of one other routine. So the
    options are two pairs, each from one routine, and nothing in them tells which pair or which half is right.
    """
    first = routine_event(random, cast)
    second = changed(step(first, 1), opening="then")
    other = random.sample(_other_class(random, first.object.noun), 2)
    wrong = [step(first, random.choice((0, 1))), *(Clause(SHE, verb, IT) for verb in other)]
    right, *rest = [(changed(clause, opening="then"),) for clause in (step(first, 2), *wrong)]
    choices, label = _shuffled(random, right, rest)
    return ChoiceItem((first, second), (), choices, label)


def reading(random: Random, cast: Cast) -> ChoiceItem:
    """Cosmos QA: a story of four events and a question; all four options occur in the story.

    Things are offered by the name of their class, so the reader has to know what sort of thing each is. All
    verbs go with anything, else the verb of the question would name the class without the story.
    """
    while True:
        clauses = story(random, cast, sentences=4, routine=0.0)
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
    """The things a split asks common knowledge about: of every class two, one and one; none in two splits."""
    random = Random(f"{world_seed} common knowledge")
    part = {"train": slice(0, 2), "dev": slice(2, 3), "test": slice(3, 4)}[split]
    return tuple(
        thing for row in OBJECT_CLASSES for thing in random.sample(row.members, len(row.members))[part]
    )


def common_knowledge(random: Random, things: tuple[str, ...]) -> ChoiceItem:
    """CommonsenseQA: what is the pot? Five classes to choose from, no text to read it in."""
    noun = random.choice(things)
    right = Phrase(noun=CLASS_OF[noun].hypernym)
    others = [Phrase(noun=row.hypernym) for row in OBJECT_CLASSES if row is not CLASS_OF[noun]]
    choices, label = _shuffled(random, right, random.sample(others, 4))
    question = Clause(Phrase(noun=noun), "is", Phrase(), past=False, gap="object")
    return ChoiceItem((), (question,), choices, label)
