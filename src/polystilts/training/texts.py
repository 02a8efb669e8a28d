"""Every text that an encoder of a study may read, so that its vocabulary can be cut down to them."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from polystilts.sources.code_switching import translated
from polystilts.tasks import TASKS
from polystilts.training.features import query_texts

# Columns of examples that no encoder reads: names and classes. Whatever else holds text is read.
NOT_READ = ("example_id", "meaning_id", "entity_id", "source_id", "language", "label", "tags")


def texts_of(world: Path, source: str) -> Iterator[str]:
    """The texts of a world: of all examples in all languages, of the corpus, and of what arms make of them.

    `source` is the language whose rows code-switching mixes with others. Texts come more than once where
    examples share them.
    """
    for file in sorted((world / "examples").rglob("*.parquet")):
        frame = pd.read_parquet(file)
        for column in frame.columns.difference(NOT_READ):
            yield from _strings(frame[column])
        task = TASKS.get(file.parent.name)
        if task is not None and task.search is not None and "mention_start" in frame:
            yield from query_texts(task, frame)
    for file in sorted((world / "corpus").glob("*.txt")):
        yield from file.read_text(encoding="utf-8").splitlines()
    yield from switched_words(world, source)


def switched_words(world: Path, source: str) -> Iterator[str]:
    """What code-switching can put in the place of a source-language word: each with the marks around it."""
    lexicons = [
        dict(zip(table["word"], table["translation"], strict=True))
        for table in (
            pd.read_csv(file, keep_default_na=False) for file in sorted((world / "lexicons").glob("*.csv"))
        )
    ]
    words: dict[str, None] = {}
    for file in sorted((world / "examples").rglob(f"train-{source}.parquet")) if lexicons else ():
        frame = pd.read_parquet(file)
        for column in frame.columns.difference(NOT_READ):
            words |= dict.fromkeys(word for text in _strings(frame[column]) for word in text.split(" "))
    for lexicon in lexicons:
        yield from (new for word in words if (new := translated(word, lexicon)) is not None)


def _strings(column: pd.Series) -> Iterator[str]:
    """The strings of a column: its values, or the members of its lists."""
    for value in column:
        if isinstance(value, str):
            yield value
        elif hasattr(value, "__len__"):
            yield from (one for one in value if isinstance(one, str))
