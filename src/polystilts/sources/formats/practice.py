"""Practice that people translated: SIB-200's topics of one text, and XNLI's rows in further languages."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from polystilts.sources.formats.frames import identity, known_label, make_frame, task_named
from polystilts.sources.formats.strict import clean, field, read_csv, read_lines, read_tsv, refuse


def unquoted(cell: str) -> str:
    r"""A cell as it was before a CSV writer wrapped it because of its quotation marks; others as they are.

    >>> unquoted('"He said ""no""."'), unquoted('"quoted" word'), unquoted("plain")
    ('He said "no".', '"quoted" word', 'plain')
    """
    inner = cell[1:-1]
    wrapped = len(cell) > 1 and cell[0] == cell[-1] == '"' and '"' in inner
    if wrapped and '"' not in inner.replace('""', ""):
        return inner.replace('""', '"')
    return cell


def read_topics(path: Path, task: str, split: str, language: str) -> pd.DataFrame:
    """SIB-200 (train.tsv): id, topic and one text; a row has the same id in every language.

    The second text of each item is empty: the topic is that of the first alone.
    """
    names = {label: label for label in task_named(task).labels}

    def records() -> Iterator[tuple[int, dict]]:
        for line, row in read_tsv(path, ("index_id", "category", "text")):
            name = field(row, "index_id", path, line)
            text = field(row | {"text": unquoted(row["text"])}, "text", path, line)
            label = known_label(path, line, row["category"], names)
            yield (
                line,
                identity(task, split, language, name, "sib200")
                | {"text_a": text, "text_b": "", "label": label},
            )

    return make_frame(path, language, records(), "label", ("text_a",))


def read_afrixnli(
    path: Path, task: str, split: str, language: str, english_from: Path, items_from: Path
) -> pd.DataFrame:
    """AfriXNLI (dev.csv): rows of XNLI in languages of Africa, in the order of the English file beside them.

    Which item of XNLI a row is says the English pair: `english_from` has it, in the same row, and
    `items_from`, a file of XNLI, has it in the line that names the item. Other pairs are items of AfriXNLI's
    own. Raises WrongUse where the two files differ in their number of rows or in a label.
    """
    names = {label: label for label in task_named(task).labels}
    columns = ("premise", "hypothesis", "label")
    places = {_pair(*line.split("\t")[:2]): number for number, line in enumerate(read_lines(items_from), 1)}
    english = [row for _, row in read_csv(english_from, columns)]

    def records() -> Iterator[tuple[int, dict]]:
        count = 0
        for line, row in read_csv(path, columns):
            if count == len(english):
                refuse(english_from, count + 1, f"ends before {path.name}: they are not the same rows")
            same = english[count]
            label = known_label(path, line, row["label"], names)
            if same["label"].strip() != row["label"].strip():
                refuse(path, line, f"another label than row {count + 1} of {english_from.name}, "
                       f"{same['label'].strip()!r}: they are not the same rows")  # fmt: skip
            count += 1
            item = places.get(_pair(same["premise"], same["hypothesis"]))
            names_of = identity(task, split, language, item or f"own-{count}", "xnli" if item else "afrixnli")
            texts = {
                "text_a": field(row, "premise", path, line),
                "text_b": field(row, "hypothesis", path, line),
            }
            yield line, names_of | texts | {"label": label}
        if count < len(english):
            refuse(path, count + 1, f"ends before {english_from.name}, which has {len(english)} rows")

    return make_frame(path, language, records(), "label", ("text_a", "text_b"))


def _pair(premise: str, hypothesis: str) -> tuple[str, str]:
    return clean(unquoted(premise)), clean(unquoted(hypothesis))
