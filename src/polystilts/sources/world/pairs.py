"""Pairs of texts: inference (MNLI, XNLI, ANLI) and paraphrase (QQP)."""

from collections import Counter
from dataclasses import replace
from random import Random

from polystilts.languages.concepts import CLASS_OF, TRADE_VERBS, VERB_SYNONYM
from polystilts.languages.meaning import Clause, held_out
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
    place, time and manner. One of the two is the focus. Entailment: the premise tells the same, and more.
    Contradiction: the premise gives the focus another value (one event has one place, one time …, the reading
    that annotators of SNLI and MNLI were asked for). Neutral: the premise does not tell the focus. The premise
    always tells three of the four. Half of the hypotheses name the thing by its class, half of the possible
    verbs by a synonym, whatever the label, so that new words in the hypothesis do not give the label away.
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
    if label == "entailment":
        premise = fill(random, cast, hypothesis, random.choice(unsaid))
    elif label == "contradiction":
        premise = fill(random, cast, fill(random, cast, hypothesis, focus), random.choice(unsaid))
    else:
        premise = empty(hypothesis, focus)
        for slot in unsaid:
            premise = fill(random, cast, premise, slot)
    if random.random() < 0.5:
        named = hypernym(hypothesis.object)
        hypothesis = replace(hypothesis, object=replace(named, colour=hypothesis.object.colour))
    if hypothesis.verb in VERB_SYNONYM and random.random() < 0.5:
        hypothesis = replace(hypothesis, verb=VERB_SYNONYM[hypothesis.verb])
    return PairItem((premise,), (hypothesis,), label)


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
            traded = replace(clause, verb=random.choice(TRADE_VERBS)[0])
            if held_out(traded) == cast.held_out:
                clause = traded
                break
            clause = event(random, cast, modifiers=1, people=0.0)
    slots = [slot for slot in ("place", "time", "manner") if getattr(clause, slot)]
    first = clause.asking(random.choice(slots))
    second = first
    if not same:
        if swap:
            second = replace(second, subject=first.object, object=first.subject)
        else:
            second = replace(second, subject=other_person(random, cast, first.subject))
    if second.verb in VERB_SYNONYM and random.random() < 0.7:
        second = replace(second, verb=VERB_SYNONYM[second.verb])
    if second.object.noun in CLASS_OF and random.random() < 0.5:
        second = empty(second, "colour")
    return PairItem((first,), (second,), "same" if same else "different")


def label_balance(items: list[PairItem]) -> dict[str, int]:
    """How many items carry each label."""
    return dict(Counter(item.label for item in items))
