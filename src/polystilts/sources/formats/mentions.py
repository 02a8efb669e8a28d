"""Mentions of entities in Mewsli-X, and the descriptions among which each is looked for."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from polystilts.sources.formats.frames import identity, make_frame
from polystilts.sources.formats.passages import misplaced
from polystilts.sources.formats.strict import field, read_json_lines, refuse


def _span(path: Path, line: int, record: dict, text: str) -> tuple[int, int]:
    start, end = (field(record, key, path, line, int) for key in ("start", "end"))
    if not 0 <= start < end <= len(text):
        refuse(path, line, f"the span {start}:{end} does not lie in a text of {len(text)} letters")
    return start, end


def _sentence(path: Path, line: int, context: dict, text: str, start: int, end: int) -> tuple[int, int]:
    """The sentence that holds the mention, as XTREME-R cuts its queries; the whole text where none does."""
    for record in field(context, "sentence_spans", path, line, list):
        first, last = _span(path, line, record, text)
        if first <= start and end <= last:
            return first, last
    return 0, len(text)


def _mention(path: Path, line: int, context: dict, mention: dict, where: tuple[str, str, str]) -> dict:
    if context.get("text") == "":
        refuse(path, line, "the text is withheld: Mewsli-X is given out without WikiNews' text; "
               "get-mewsli-x.sh of its authors puts it back")  # fmt: skip
    text = field(context, "text", path, line) and context["text"]
    span = field(mention, "mention_span", path, line, dict)
    start, end = _span(path, line, span, text)
    told = str(span.get("text", text[start:end]))
    if text[start:end] != told:
        reason = misplaced(text, told, start)
        refuse(path, line, f"the mention {told[:30]!r} is not what stands at {start}:{end}; {reason}")
    first, last = _sentence(path, line, context, text, start, end)
    return identity(*where, field(mention, "example_id", path, line)) | {
        "text": text[first:last],
        "mention_start": start - first,
        "mention_end": end - first,
        "entity_id": field(mention, "entity_id", path, line),
    }


def read_mewslix(path: Path, task: str, split: str, language: str) -> pd.DataFrame:
    """Mewsli-X in JSON lines: WikiNews articles with their mentions, or Wikipedia's pairs to train on.

    The text of a row is the sentence of the mention, its offsets count in that sentence.
    """

    def records() -> Iterator[tuple[int, dict]]:
        for line, row in read_json_lines(path):
            if "contextual_mention" in row:
                row = field(row, "contextual_mention", path, line, dict)
            context = field(row, "context", path, line, dict)
            if field(context, "language", path, line) != language:
                continue
            mentions = [row["mention"]] if "mention" in row else field(row, "mentions", path, line, list)
            for mention in mentions:
                yield line, _mention(path, line, context, mention, (task, split, language))

    return make_frame(path, language, records(), texts=("text",))


def read_mewslix_entities(path: Path, first: int | None = None) -> pd.DataFrame:
    """Mewsli-X's candidates, or the entities of its training pairs: entity_id, language, text (description).

    `first` reads so many entities only. An entity that pairs name often is kept once.
    """
    rows: dict[str, tuple[str, str]] = {}
    for line, row in read_json_lines(path):
        entity = field(row, "entity", path, line, dict) if "contextual_mention" in row else row
        name = field(entity, "entity_id", path, line)
        if name in rows and entity is row:
            refuse(path, line, f"the entity {name!r} is there twice; keep one")
        told = [field(entity, key, path, line) for key in ("description_language", "description")]
        rows.setdefault(name, (told[0], told[1]))
        if len(rows) == first:
            break
    return pd.DataFrame(
        [(name, *told) for name, told in rows.items()], columns=["entity_id", "language", "text"]
    )
