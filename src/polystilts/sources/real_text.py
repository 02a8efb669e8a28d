"""Text and word lists of real languages: cleaned, cut to an allotment, free of test sentences."""

import re
from pathlib import Path

import pandas as pd

from polystilts import files
from polystilts.sources.doors import Door
from polystilts.sources.leakage import Sentences, words_of

CHARACTERS_PER_DOCUMENT = 200  # what a `document` of a scale file counts for in real text, a few sentences
LONGEST_LINE = 400  # characters: some hundred subwords, so that a small encoder reads lines whole
SHORTEST_LINE = 10
_ENDS = re.compile(r"(?<=[.!?…؟।።])\s+|(?<=[。！？])")


def lines_of(text: str) -> list[str]:
    """A paragraph as lines of at most LONGEST_LINE characters, cut at ends of sentences, else between words.

    >>> [len(line) for line in lines_of("x" * 150 + ". " + "y" * 300)], lines_of("too short")
    ([151, 300], [])
    """
    lines, line = [], ""
    for sentence in _ENDS.split(" ".join(text.split())):
        for part in _cut(sentence):
            if line and len(line) + 1 + len(part) > LONGEST_LINE:
                lines.append(line)
                line = part
            else:
                line = f"{line} {part}".strip()
    return [line for line in [*lines, line] if len(line) >= SHORTEST_LINE]


def _cut(sentence: str) -> list[str]:
    parts = []
    while len(sentence) > LONGEST_LINE:
        place = sentence.rfind(" ", 0, LONGEST_LINE)
        place = place if place > 0 else LONGEST_LINE
        parts.append(sentence[:place])
        sentence = sentence[place:].strip()
    return [*parts, sentence]


def write_text_of(
    folder: Path, language: str, given: list[str], documents: int, forbidden: Sentences, draw: int = 0
) -> tuple[dict, set[str]]:
    """Write `<language>.txt` from the given paragraphs, up to its allotment; say what, and the words in it.

    Lines are taken each once, in the order of their hash with the number of the draw: within a draw a smaller
    allotment is part of a larger one, and another draw takes other lines. A line that holds a sentence of a
    test is passed over. A language with less text gives all it has.
    """
    wanted, held = documents * CHARACTERS_PER_DOCUMENT, 0
    lines = {line for text in given for line in lines_of(text)}
    kept: list[str] = []
    size = 0
    for line in sorted(lines, key=lambda line: files.sha256(f"{draw} {line}".encode())):
        if size >= wanted:
            break
        if forbidden.within(line):
            held += 1
            continue
        kept.append(line)
        size += len(line)
    files.write_text(folder / f"{language}.txt", "".join(f"{line}\n" for line in kept))
    words = {word for line in kept for word in words_of(line)}
    told = {
        "lines": len(kept), "characters": size, "asked": wanted, "held_test_sentences": held,
        "words": sum(len(line.split()) for line in kept),
    }  # fmt: skip
    return told, words


def write_lexicon(folder: Path, door: Door, language: str, coverage: float) -> int:
    """Write `<language>.csv`: for each English word its first translation of one word; say how many.

    `coverage` keeps that share of the words, always the same ones. No file is left where there is no list.
    """
    pairs = {}
    for word, translations in door.lexicon(language).items():
        single = [one for one in translations if " " not in one]
        known = int(files.fingerprint([language, word])[:8], 16) < coverage * 16**8
        if " " not in word and single and known:
            pairs[word] = single[0]
    if pairs:
        table = pd.DataFrame(sorted(pairs.items()), columns=["word", "translation"])
        files.write_table(folder / f"{language}.csv", table)
    return len(pairs)
