"""Bilingual word lists: GATITOS and MUSE, two columns with the English word first."""

import re
from pathlib import Path

from polystilts.sources.formats.scripts import refuse_other_script
from polystilts.sources.formats.strict import clean, is_blank, is_visible, read_lines, refuse


def read_lexicon(path: Path, language: str = "", source_language: str = "en") -> dict[str, list[str]]:
    """English words and their translations, in the order of the file: word ⇥ translation, or by a space.

    GATITOS has tabs, MUSE a tab or a space, even within a language's files; phrases of several words need
    the tab. With a language, a list in another script is refused. MUSE's list for sw is Swedish, which no
    script shows: the table of files refuses it by name.
    """
    found: dict[str, list[str]] = {}
    for number, line in enumerate(read_lines(path), 1):
        if is_blank(line):
            continue
        cells = line.split("\t") if "\t" in line else re.split(" +", line.strip(" "))
        if len(cells) != 2 or not all(is_visible(clean(cell)) for cell in cells):
            refuse(path, number, f"{len(cells)} fields where a word and its translation belong")
        translations = found.setdefault(clean(cells[0]), [])
        if clean(cells[1]) not in translations:
            translations.append(clean(cells[1]))
    if language:
        refuse_other_script(path, language, (word for words in found.values() for word in words))
        refuse_other_script(path, source_language, found)
    return found
