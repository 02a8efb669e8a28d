"""Questions whose answer stands in a text: SQuAD, XQuAD, MLQA, TyDiQA, and the pairs of LAReQA."""

from random import Random

from polystilts.languages.concepts import CLASS_OF, VERB_SYNONYM
from polystilts.languages.meaning import Clause, changed, held_out
from polystilts.sources.world.items import AnswerItem, SpanItem
from polystilts.sources.world.scenes import Cast, empty, event, fill, hypernym, person, thing, verb_for

GAPS = ("subject", "object", "place", "time", "manner")


def story(random: Random, cast: Cast, sentences: int = 3, routine: float = 0.6) -> list[Clause]:
    """Events that could be taken for one another: each has its person, deed, thing and place, some a time.

    Every person, verb and thing occurs once, so that a question has one answer; every sort of answer occurs
    at least twice, so that the question has to be read.
    """
    clauses: list[Clause] = []
    timed = random.choice(("time", "manner"))
    while len(clauses) < sentences:
        what = thing(random, colour=0.2)
        clause = Clause(person(random, cast, surname=0.15), verb_for(random, what.noun, routine), what)
        if held_out(clause) != cast.held_out or any(_alike(clause, other) for other in clauses):
            continue
        clause = fill(random, cast, clause, "place")
        clauses.append(fill(random, cast, clause, timed) if len(clauses) < 2 else clause)
    random.shuffle(clauses)
    return clauses


def _alike(one: Clause, other: Clause) -> bool:
    return (
        bool(set(one.subject.names) & set(other.subject.names))
        or one.object.noun == other.object.noun
        or one.verb == other.verb
    )


def ask(random: Random, clause: Clause, weak: float = 0.6) -> Clause:
    """A question for one part of the clause, told with less than the clause itself."""
    gap = random.choice([slot for slot in GAPS if getattr(clause, slot)])
    question = clause.asking(gap)
    for slot in ("place", "time", "manner"):
        if slot != gap and random.random() < weak:
            question = empty(question, slot)
    if gap != "object":
        question = empty(question, "colour")
        if random.random() < 0.1:
            question = changed(question, object=hypernym(question.object))
    if question.verb in VERB_SYNONYM and random.random() < 0.15:
        question = changed(question, verb=VERB_SYNONYM[question.verb])
    return question


def span(random: Random, cast: Cast, unanswerable: float = 0.0, weak: float = 0.6) -> SpanItem:
    """A story, and a question that one of its sentences answers, or, with chance `unanswerable`, none does.

    Unanswerable questions are plausible, as SQuAD 2.0's are: every word of them occurs in the story, but
    they ask about one person what the story tells of another.
    """
    clauses = story(random, cast)
    answer = random.randrange(len(clauses))
    question = ask(random, clauses[answer], weak)
    if random.random() < unanswerable:
        others = [clause for i, clause in enumerate(clauses) if i != answer]
        if question.gap == "subject":
            mixed = changed(question, object=random.choice(others).object)
        else:
            mixed = changed(question, subject=random.choice(others).subject)
        if not any(_answers(clause, mixed) for clause in clauses):
            return SpanItem(tuple(clauses), mixed, -1)
    return SpanItem(tuple(clauses), question, answer)


def _answers(clause: Clause, question: Clause) -> bool:
    verbs = {clause.verb, VERB_SYNONYM.get(clause.verb)}
    same_subject = question.gap == "subject" or clause.subject == question.subject
    names = {clause.object.noun, CLASS_OF[clause.object.noun].hypernym}
    same_object = question.gap == "object" or question.object.noun in names
    return same_subject and same_object and question.verb in verbs


def question_and_answer(random: Random, cast: Cast) -> AnswerItem:
    """A question and the one sentence that answers it, to be found among the sentences of all languages."""
    clause = event(random, cast, modifiers=2, people=0.0)
    return AnswerItem(ask(random, clause), clause)
