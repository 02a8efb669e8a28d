"""Items: what is asked, as meanings, before any language words it. One shape for each task kind."""

from dataclasses import dataclass

from polystilts.languages.meaning import Clause, Phrase

Text = tuple[Clause, ...]


@dataclass(frozen=True)
class PairItem:
    """Two texts and the label of their relation."""

    text_a: Text
    text_b: Text
    label: str


@dataclass(frozen=True)
class ChoiceItem:
    """A context, a question (possibly none, an empty text) and options, one of them right."""

    context: Text
    question: Text
    choices: tuple[Text | Phrase, ...]
    label: int


@dataclass(frozen=True)
class TagItem:
    """A text whose words are to be tagged."""

    text: Text


@dataclass(frozen=True)
class SpanItem:
    """A context, a question and the sentence of the context that answers it (-1: none does)."""

    context: Text
    question: Clause
    answer_sentence: int


@dataclass(frozen=True)
class BitextItem:
    """A text to be found again in another language."""

    text: Text


@dataclass(frozen=True)
class AnswerItem:
    """A question and the sentence that answers it."""

    question: Clause
    answer: Clause


@dataclass(frozen=True)
class MentionItem:
    """A text that mentions a person, and the description of that person."""

    text: Text
    person: Phrase
    description: Text
