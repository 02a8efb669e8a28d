"""Pairs of texts: inference (MNLI, XNLI, ANLI) and paraphrase (QQP)."""

from collections import Counter
from random import Random

from polystilts.languages.concepts import CLASS_OF, OBJECTS, TRADE_VERBS, VERB_SYNONYM
from polystilts.languages.meaning import Clause, changed, held_out
from polystilts.sources.world.items import PairItem
from polystilts.sources.world.scenes import (
    Cast,
    empty,
    event,
    fill,
    hypernym,
    other_person,
    person,
    thing,
    verb_for,
)
from polystilts.tasks.intermediate import NLI_LABELS

SLOTS = ("colour", "place", "time", "manner")


def inference(random: Random, cast: Cast, label: str | None = None) -> PairItem:
    """Premise and hypothesis about one event; the label lies in the relation of the two, in neither alone.

    The hypothesis is drawn first and knows nothing of the label: subject, verb, thing and two of colour,
    place, time and manner. Entailment: the premise tells the same, and more. Neutral: the premise does not
    tell one of the two. Contradiction: the premise gives one of the two another value, or has another deed
    or thing (one event has one place, one time, one deed: the reading that annotators of SNLI and MNLI were
    asked for). The premise always tells three of the four. Half of the hypotheses name the thing by its
    class, half of the possible verbs by a synonym, whatever the label, so that new words do not give the
    label away.
    """
    label = label or random.choice(NLI_LABELS)
    while True:
        what = thing(random, colour=0)
        clause = Clause(person(random, cast), verb_for(random, what.noun, routine=0.5), what)
        if held_out(clause) == cast.held_out:
            break
    told = random.sample(SLOTS, 2)
    hypothesis = clause
    for slot in told:
        hypothesis = fill(random, cast, hypothesis, slot)
    focus, kept = random.sample(told, 2)
    unsaid = [slot for slot in SLOTS if slot not in told]
    if label == "neutral":
        premise = empty(hypothesis, focus)
        for slot in unsaid:
            premise = fill(random, cast, premise, slot)
    else:
        premise = fill(random, cast, hypothesis, random.choice(unsaid))
        if label == "contradiction":
            other_core = random.random() < 0.5
            premise = _another_core(random, premise) if other_core else fill(random, cast, premise, focus)
    if random.random() < 0.5:
        named = hypernym(hypothesis.object)
        hypothesis = changed(hypothesis, object=changed(named, colour=hypothesis.object.colour))
    if hypothesis.verb in VERB_SYNONYM and random.random() < 0.5:
        hypothesis = changed(hypothesis, verb=VERB_SYNONYM[hypothesis.verb])
    return PairItem((premise,), (hypothesis,), label)


def _another_core(random: Random, clause: Clause) -> Clause:
    """The event with another deed, or, where the deed goes with anything, a thing of another class."""
    own = CLASS_OF[clause.object.noun]
    if clause.verb in VERB_SYNONYM and random.random() < 0.5:
        others = [noun for noun in OBJECTS if CLASS_OF[noun] is not own]
        return changed(clause, object=changed(clause.object, noun=random.choice(others)))
    verbs = VERB_SYNONYM if clause.verb in VERB_SYNONYM else own.routine
    return changed(clause, verb=random.choice([verb for verb in verbs if verb != clause.verb]))


def _overlap_guess(item: PairItem) -> str:
    """The label that counting shared parts suggests: all shared, entailment; else one of the others."""
    premise, hypothesis = item.text_a[0], item.text_b[0]
    told = [slot for slot in ("place", "time", "manner") if getattr(hypothesis, slot)]
    new = sum(getattr(hypothesis, slot) != getattr(premise, slot) for slot in told)
    new += hypothesis.object.colour != premise.object.colour and bool(hypothesis.object.colour)
    new += hypothesis.object.noun != premise.object.noun
    new += hypothesis.verb != premise.verb
    return "entailment" if new == 0 else "not"


def adversarial_inference(random: Random, cast: Cast) -> PairItem:
    """An inference item that survives a word-overlap adversary, as ANLI's items survived a model.

    Entailments whose words are all shared are sent back, so in what remains the number of new words carries
    almost no information on the label (Nie et al. 2020 sent back what their model already got right).
    """
    label = random.choice(NLI_LABELS)
    wanted = random.choice((1, 2))
    while True:
        item = inference(random, cast, label)
        if _overlap_guess(item) == "not" and _new_parts(item) == wanted:
            return item


def _new_parts(item: PairItem) -> int:
    premise, hypothesis = item.text_a[0], item.text_b[0]
    pairs = [
        (getattr(hypothesis, slot), getattr(premise, slot)) for slot in ("place", "time", "manner", "verb")
    ]
    pairs += [
        (hypothesis.object.colour, premise.object.colour),
        (hypothesis.object.noun, premise.object.noun),
    ]
    return sum(bool(told) and told != known for told, known in pairs)


def paraphrase(random: Random, cast: Cast) -> PairItem:
    """Two questions that ask the same thing, or that differ in one part or in who did it to whom."""
    same = random.random() < 0.5
    swap = random.random() < 0.5
    clause = event(random, cast, modifiers=random.choice((1, 2)), people=1.0 if swap else 0.0)
    if not swap and random.random() < 0.6:
        while True:
            traded = changed(clause, verb=random.choice(TRADE_VERBS)[0])
            if held_out(traded) == cast.held_out:
                clause = traded
                break
            clause = event(random, cast, modifiers=1, people=0.0)
    slots = [slot for slot in ("place", "time", "manner") if getattr(clause, slot)]
    first = clause.asking(random.choice(slots))
    second = first
    if not same:
        if swap:
            second = changed(second, subject=first.object, object=first.subject)
        else:
            second = changed(second, subject=other_person(random, cast, first.subject))
    if second.verb in VERB_SYNONYM and random.random() < 0.7:
        second = changed(second, verb=VERB_SYNONYM[second.verb])
    if second.object.noun in CLASS_OF and random.random() < 0.5:
        second = empty(second, "colour")
    return PairItem((first,), (second,), "same" if same else "different")


def label_balance(items: list[PairItem]) -> dict[str, int]:
    """How many items carry each label."""
    return dict(Counter(item.label for item in items))
