"""Pairs of texts: inference (MNLI, XNLI, ANLI) and paraphrase (QQP)."""

from collections import Counter
from random import Random

from polystilts.languages.concepts import CLASS_OF, OPPOSITE_OF, TRADE_VERBS, VERB_SYNONYM
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
OPPOSED_SLOTS = ("colour", "time", "manner")  # those whose values have opposites


def inference(random: Random, cast: Cast, label: str | None = None) -> PairItem:
    """Premise and hypothesis about one event; the label lies in the relation of the two, in neither alone.

    The hypothesis is drawn first and knows nothing of the label: subject, verb, thing and two of colour,
    place, time and manner. Entailment: the premise tells the same, and more. Neutral: the premise does not
    tell one of the two. Contradiction: the premise gives one of them, not the place, the opposite value (one
    event has one time, one manner …, the reading that annotators of SNLI and MNLI were asked for). The
    premise always tells three of the four, each as often whatever the label. Half of the hypotheses name
    the thing by its class, half of the possible verbs by a synonym, whatever the label, so that new words
    do not give the label away.
    """
    label = label or random.choice(NLI_LABELS)
    while True:
        what = thing(random, colour=0)
        clause = Clause(person(random, cast), verb_for(random, what.noun, routine=0.5), what)
        if held_out(clause) == cast.held_out:
            break
    premise, hypothesis = _told_apart(random, cast, clause, label)
    if random.random() < 0.5:
        hypothesis = _by_class(hypothesis)
    if hypothesis.verb in VERB_SYNONYM and random.random() < 0.5:
        hypothesis = changed(hypothesis, verb=VERB_SYNONYM[hypothesis.verb])
    return PairItem((premise,), (hypothesis,), label)


def _told_apart(random: Random, cast: Cast, clause: Clause, label: str) -> tuple[Clause, Clause]:
    """A premise and a hypothesis about one event, still in the same words."""
    told = random.sample(SLOTS, 2)
    hypothesis = clause
    for slot in told:
        hypothesis = fill(random, cast, hypothesis, slot)
    unsaid = [slot for slot in SLOTS if slot not in told]
    if label == "neutral":
        premise = empty(hypothesis, random.choice(told))
        for slot in unsaid:
            premise = fill(random, cast, premise, slot)
    else:
        premise = fill(random, cast, hypothesis, random.choice(unsaid))
        if label == "contradiction":
            premise = _turned(premise, random.choice([slot for slot in told if slot in OPPOSED_SLOTS]))
    return premise, hypothesis


def _turned(clause: Clause, slot: str) -> Clause:
    """The clause with one slot at its opposite value."""
    if slot == "colour":
        return changed(clause, object=changed(clause.object, colour=OPPOSITE_OF[clause.object.colour]))
    return changed(clause, **{slot: OPPOSITE_OF[getattr(clause, slot)]})


def _by_class(clause: Clause) -> Clause:
    """The clause with its thing named by the class, in the same colour."""
    return changed(clause, object=changed(hypernym(clause.object), colour=clause.object.colour))


def adversarial_inference(random: Random, cast: Cast) -> PairItem:
    """An inference item against the word-overlap reader, as ANLI's items were written against a model.

    The hypothesis has one new word, or two where it names the thing by its class, whatever the label. So an
    entailment too has a word that its premise has not: the class for the thing, or a synonym for the verb. As
    in `inference`, the hypothesis knows nothing of the label; how it is told decides what the premise says.
    """
    label = random.choice(NLI_LABELS)
    while True:
        clause = Clause(person(random, cast), random.choice(list(VERB_SYNONYM)), thing(random, colour=0))
        if held_out(clause) == cast.held_out:
            break
    premise, hypothesis = _told_apart(random, cast, clause, label)
    by_class = random.random() < 0.5
    new = random.choice((1, 2)) if by_class else 1
    left = new - (label != "entailment")  # new words beside the focus
    other_noun = by_class and (left == 2 or (left == 1 and random.random() < 0.5))
    if by_class:
        hypothesis = _by_class(hypothesis)
        premise = premise if other_noun else _by_class(premise)
    other_verb = left - other_noun
    if random.random() < 0.5:
        hypothesis = changed(hypothesis, verb=VERB_SYNONYM[clause.verb])
        premise = premise if other_verb else changed(premise, verb=hypothesis.verb)
    elif other_verb:
        premise = changed(premise, verb=VERB_SYNONYM[clause.verb])
    return PairItem((premise,), (hypothesis,), label)


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
