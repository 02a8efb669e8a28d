"""From items to rows: every item of a task worded in one language, with its label, offsets or tags."""

from dataclasses import dataclass
from random import Random

from polystilts.languages.concepts import CONTENT_WORDS
from polystilts.languages.lexicon import Lexicon
from polystilts.languages.meaning import Clause, Phrase, meaning_id
from polystilts.languages.realise import Token, realise, realise_phrase, text_of
from polystilts.sources.world.items import (
    AnswerItem,
    BitextItem,
    ChoiceItem,
    MentionItem,
    PairItem,
    SpanItem,
    TagItem,
    Text,
)


@dataclass
class Writer:
    """Words clauses in one language; with `noise`, each word is mistranslated with that chance."""

    lexicon: Lexicon
    noise: float = 0.0
    random: Random | None = None

    def sentence(self, clause: Clause) -> tuple[Token, ...]:
        return self._noisy(realise(clause, self.lexicon))

    def tokens(self, text: Text) -> tuple[Token, ...]:
        return tuple(token for clause in text for token in self.sentence(clause))

    def text(self, text: Text) -> str:
        return text_of(self.tokens(text))

    def phrase(self, phrase: Phrase) -> str:
        return text_of(self._noisy(realise_phrase(phrase, self.lexicon)))

    def _noisy(self, tokens: tuple[Token, ...]) -> tuple[Token, ...]:
        if not self.noise:
            return tokens
        return tuple(
            token._replace(form=self.lexicon.form(self.random.choice(CONTENT_WORDS)))
            if token.upos != "PUNCT" and self.random.random() < self.noise
            else token
            for token in tokens
        )


def _pair(item: PairItem, writer: Writer) -> dict:
    return {"text_a": writer.text(item.text_a), "text_b": writer.text(item.text_b), "label": item.label}


def _choice(item: ChoiceItem, writer: Writer) -> dict:
    choices = [writer.phrase(c) if isinstance(c, Phrase) else writer.text(c) for c in item.choices]
    return {
        "context": writer.text(item.context),
        "question": writer.text(item.question),
        "choices": choices,
        "label": item.label,
    }


def _tags(item: TagItem, writer: Writer, column: str) -> dict:
    tokens = writer.tokens(item.text)
    return {"words": [token.form for token in tokens], "tags": [getattr(token, column) for token in tokens]}


def _span(item: SpanItem, writer: Writer) -> dict:
    context, answer, start, offset = [], "", -1, 0
    for i, clause in enumerate(item.context):
        tokens = writer.sentence(clause)
        if i == item.answer_sentence:
            inside = [j for j, token in enumerate(tokens) if token.role == item.question.gap]
            first, last = inside[0], inside[-1] + 1
            answer = text_of(tokens[first:last])
            start = offset + len(text_of(tokens[:first])) + (first > 0)
        context.append(text_of(tokens))
        offset += len(context[-1]) + 1
    question = text_of(writer.sentence(item.question))
    return {"context": " ".join(context), "question": question, "answer_text": answer, "answer_start": start}


def _bitext(item: BitextItem, writer: Writer) -> dict:
    return {"text": writer.text(item.text)}


def _answer(item: AnswerItem, writer: Writer) -> dict:
    return {
        "question": text_of(writer.sentence(item.question)),
        "answer": text_of(writer.sentence(item.answer)),
    }


def _mention(item: MentionItem, writer: Writer) -> dict:
    tokens = writer.tokens(item.text)
    inside = [i for i, token in enumerate(tokens) if token.role == "subject"]
    start = len(text_of(tokens[: inside[0]])) + (inside[0] > 0)
    mention = text_of(tokens[inside[0] : inside[-1] + 1])
    return {
        "text": text_of(tokens),
        "mention_start": start,
        "mention_end": start + len(mention),
        "entity_id": entity_id(item),
    }


def entity_id(item: MentionItem) -> str:
    """The name of the entity that an item mentions."""
    return "entity-" + meaning_id(item.description)


def render(item: object, writer: Writer, tags: str = "upos") -> dict:
    """The row of one item: the columns of its kind, without identifiers."""
    if isinstance(item, TagItem):
        return _tags(item, writer, tags)
    return _RENDERERS[type(item)](item, writer)


_RENDERERS = {
    PairItem: _pair,
    ChoiceItem: _choice,
    SpanItem: _span,
    BitextItem: _bitext,
    AnswerItem: _answer,
    MentionItem: _mention,
}
