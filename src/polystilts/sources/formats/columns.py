"""A word and its tag on each line, a blank line between sentences: XTREME, PAN-X and Masakhane files."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import pandas as pd

from polystilts.sources.formats.frames import identity, make_frame, task_named
from polystilts.sources.formats.strict import (
    BYTE_ORDER_MARK,
    clean,
    is_blank,
    read_lines,
    refuse,
    whole_number,
)

Word = tuple[int, str, str]  # line, word, tag


def _cells(path: Path, number: int, line: str) -> list[str]:
    """Word and tag, apart by a tab, or in lines without tabs by spaces; a word of white space is kept.

    Any other number of columns is refused: which of four is the tag is not for the reader to guess.
    """
    if "\t" in line:
        cells = line.rstrip(" ").split("\t")
    else:
        word, space, tag = line.rstrip(" ").rpartition(" ")
        # Spaces before the last one are a word of white space, as tokenisers of news leave it.
        words = word.strip(" ").split(" ") if word.strip(" ") else [word]
        cells = [*words, tag] if space else [tag]
    if len(cells) > 2:
        refuse(path, number, f"{len(cells)} columns where two belong, a word and its tag; "
               "cut the other columns out")  # fmt: skip
    return [clean(cells[0]) or cells[0].replace(BYTE_ORDER_MARK, ""), *map(clean, cells[1:])]


def _sentences(path: Path, tags: Collection[str]) -> Iterator[list[Word]]:
    """The sentences of a file with two columns; tags are checked against those of the task."""
    sentence: list[Word] = []
    for number, line in enumerate(read_lines(path), 1):
        if is_blank(line):
            if sentence:
                yield sentence
            sentence = []
            continue
        cells = _cells(path, number, line)
        if len(cells) == 1:
            refuse(path, number, f"no tag beside {cells[0][:30]!r}: the labels of this file are withheld "
                   "(XTREME strips its test files), or the line is broken")  # fmt: skip
        if not cells[0] and BYTE_ORDER_MARK not in line:
            refuse(path, number, f"the tag {cells[1][:30]!r} without a word; mend the line")
        if cells[1] not in tags:
            refuse(path, number, f"unknown tag {cells[1][:30]!r}; tags are {', '.join(tags)}")
        sentence.append((number, *cells))
    if sentence:
        yield sentence


def tagged_frame(
    path: Path,
    task: str,
    split: str,
    language: str,
    sentences: Iterable[list[Word]],
    left_out: Counter | None = None,
    tags: str = "tags",
    names: list[str] | None = None,
    family: str = "",
) -> pd.DataFrame:
    """The table of tagged sentences: lists of equal length in `words` and `tags` ("" for no such column).

    `names` are those of the sentences in the treebanks of `family`, which translate one another.
    """

    def records() -> Iterator[tuple[int, dict]]:
        for count, sentence in enumerate(sentences, 1):
            lines, words, told = (list(column) for column in zip(*sentence, strict=True))
            row = identity(task, split, language, names[count - 1] if names else count, family)
            if not names:  # not parallel: the language is part of what they mean
                row["meaning_id"] = row["example_id"]
            # A word of nothing but a byte order mark stays a word, so that words and tags stay in step.
            row["words"] = [word or "\ufffd" for word in words]
            yield lines[0], row | ({tags: told} if tags else {})

    return make_frame(path, language, records(), tags, ("words",), left_out)


def read_tagged(path: Path, task: str, split: str, language: str) -> pd.DataFrame:
    """XTREME's word ⇥ tag (dev-sw.tsv of panx and udpos) and MasakhaPOS's word and tag apart by a space.

    As in XTREME an I- tag may follow O or another type: it opens a name. Unknown tags are refused.
    """
    return tagged_frame(path, task, split, language, _sentences(path, task_named(task).labels))


def read_panx(path: Path, task: str, split: str, language: str) -> pd.DataFrame:
    """PAN-X as given out (sw-train): the language stands before each word, `sw:Nairobi ⇥ B-LOC`."""

    def sentences() -> Iterator[list[Word]]:
        for sentence in _sentences(path, task_named(task).labels):
            yield [(line, _without_language(path, line, word, language), tag) for line, word, tag in sentence]

    return tagged_frame(path, task, split, language, sentences())


def _without_language(path: Path, line: int, word: str, language: str) -> str:
    prefix, colon, rest = word.partition(":")
    if not colon or prefix != language:
        refuse(path, line, f"{word[:30]!r} does not begin with {language}: as PAN-X writes its words; "
               "is it of another language, or preprocessed by XTREME (format tagged)?")  # fmt: skip
    return clean(rest)


def read_masakhaner(path: Path, task: str, split: str, language: str) -> pd.DataFrame:
    """MasakhaNER 1.0 (word and tag apart by a space): dates, no class of PAN-X, become O and are counted."""
    labels = task_named(task).labels
    left_out: Counter = Counter()

    def sentences() -> Iterator[list[Word]]:
        for sentence in _sentences(path, (*labels, "B-DATE", "I-DATE")):
            left_out["names of dates read as O"] += sum(tag == "B-DATE" for _, _, tag in sentence)
            yield [(line, word, "O" if tag.endswith("-DATE") else tag) for line, word, tag in sentence]

    return tagged_frame(path, task, split, language, sentences(), left_out)


# UNER annotates what is a name and no person, place or organisation as OTH, which PAN-X has no class for. The
# first release also tagged a few words B-O, which is no name at all.
UNER_OTHERS = {"B-OTH": "O", "I-OTH": "O", "B-O": "O", "I-O": "O"}


def read_uner(path: Path, task: str, split: str, language: str) -> pd.DataFrame:
    """Universal NER (en_ewt-ud-dev.iob2): number ⇥ word ⇥ tag, and for names two columns on the annotation.

    Names of the class OTH, which PAN-X does not have, become O and are counted.
    """
    labels = task_named(task).labels
    left_out: Counter = Counter()

    def sentences() -> Iterator[list[Word]]:
        sentence: list[Word] = []
        for number, line in enumerate([*read_lines(path), ""], 1):
            if line.startswith("# ") or line == "#":
                continue
            if is_blank(line):
                if sentence:
                    yield sentence
                sentence = []
                continue
            cells = line.split("\t")
            if len(cells) not in (3, 5):
                refuse(path, number, f"{len(cells)} columns where Universal NER has three or five: number, "
                       "word, tag and two on the annotation")  # fmt: skip
            if whole_number(cells[0]) != len(sentence) + 1:
                refuse(path, number, f"word {cells[0][:20]!r} where word {len(sentence) + 1} belongs: is a "
                       "line missing?")  # fmt: skip
            tag = clean(cells[2])
            left_out["names of class OTH read as O"] += tag == "B-OTH"
            tag = UNER_OTHERS.get(tag, tag)
            if tag not in labels:
                refuse(path, number, f"unknown tag {tag[:30]!r}; tags are {', '.join(labels)}, OTH")
            if not cells[1]:
                refuse(path, number, f"the tag {tag!r} without a word; mend the line")
            sentence.append((number, clean(cells[1]) or cells[1], tag))

    return tagged_frame(path, task, split, language, sentences(), left_out)


def read_words(path: Path, task: str, split: str, language: str) -> pd.DataFrame:
    """XTREME's test files of panx and udpos, whose tags are stripped: one word a line, no `tags` column."""

    def sentences() -> Iterator[list[Word]]:
        sentence: list[Word] = []
        for number, line in enumerate(read_lines(path), 1):
            if not is_blank(line):
                if "\t" in line.strip(" \t"):
                    refuse(
                        path, number, "two columns where one belongs: read it with its tags (format tagged)"
                    )
                sentence.append((number, clean(line) or line, ""))
            elif sentence:
                yield sentence
                sentence = []
        if sentence:
            yield sentence

    return tagged_frame(path, task, split, language, sentences(), tags="")
