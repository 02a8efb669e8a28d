"""CCGbank's derivations (LDC2005T13), for those who own them: words and their lexical categories."""

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from polystilts.sources.formats.columns import Word, tagged_frame
from polystilts.sources.formats.strict import read_lines, refuse

# A leaf of a derivation: category, two parts of speech, word, category with its arguments numbered
# (CCGbank manual, section D.2).
LEAF = re.compile(r"<L ([^ ]+) ([^ ]+) ([^ ]+) ([^ ]+) ([^ >]+)>")


def read_ccgbank(path: Path, task: str, split: str, language: str = "en") -> pd.DataFrame:
    """CCGbank's .auto files: two lines a sentence, its name and its derivation; the tags are categories.

    The set of categories is open: the tags of a frame are those that occur in the file.
    """

    def sentences() -> Iterator[list[Word]]:
        name = 0
        for number, line in enumerate(read_lines(path), 1):
            if line.startswith("ID="):
                if name:
                    refuse(path, name, "a name without a derivation on the next line")
                name = number
                continue
            if not line.strip():
                continue
            leaves = LEAF.findall(line)
            if not name or not leaves:
                refuse(path, number, "an ID= line and then a derivation with leaves (<L …>) belong here")
            if (held := line.count("<L ")) != len(leaves):
                refuse(path, number, f"{held} leaves, of which {len(leaves)} have CCGbank's five fields")
            if line.count("(") != line.count(")"):
                refuse(path, number, "the brackets of the derivation do not close; is the file cut short?")
            yield [(number, word, category) for category, _, _, word, _ in leaves]
            name = 0
        if name:
            refuse(path, name, "a name without a derivation; is the file cut short?")

    return tagged_frame(path, task, split, language, sentences())
