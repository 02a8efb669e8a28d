"""From records to example tables: names of items, labels that are known, and no item twice."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from polystilts.errors import WrongUse
from polystilts.sources.formats.scripts import refuse_other_script
from polystilts.sources.formats.strict import refuse
from polystilts.tasks import TASKS, Task

WITHHELD = ("", "-1", "hidden", "?")  # what public test files print where the label is kept back
MISSING = "nan"  # what programs write where a text is missing; in one item it is bread
FEW = 3  # items with that text from which it is a missing value
MANY = 20  # rows from which one and the same label throughout is a placeholder (as in COPA's test-en)


def task_named(name: str) -> Task:
    """The task row of this name. Raises WrongUse for a name that is no task."""
    if name not in TASKS:
        raise WrongUse(f"no task is called {name!r}; tasks are {', '.join(TASKS)}")
    return TASKS[name]


def identity(task: str, split: str, language: str, name: object, family: str = "") -> dict[str, str]:
    """The two names of an item: its own, and the one it shares with its translations.

    `family` is the data set whose items these are, where it is not the task's own: AmericasNLI holds items
    of XNLI. With `family="="` the name is known beyond its file (the question ids of SQuAD) and stands alone.

    >>> identity("americasnli", "dev", "quy", 7, family="xnli")
    {'example_id': 'americasnli-dev-quy-7', 'meaning_id': 'xnli-dev-7'}
    """
    meaning = str(name) if family == "=" else f"{family or task}-{split}-{name}"
    return {"example_id": f"{task}-{split}-{language}-{name}", "meaning_id": meaning}


def known_label(path: Path, place: int | str, value: object, names: Mapping[str, object]) -> object:
    """The label that the file's word `value` stands for; says `labels withheld` where there is none."""
    word = str(value).strip()
    if word in names:
        return names[word]
    if value is None or word.lower() in WITHHELD:
        refuse(path, place, "no label: the labels of this file are withheld; take a file that has them")
    refuse(path, place, f"unknown label {word[:40]!r}; labels are {', '.join(names)}")


def make_frame(
    path: Path,
    language: str,
    records: Iterable[tuple[int | str, dict]],
    labels: str = "",
    texts: tuple[str, ...] = (),
    left_out: Mapping[str, int] | None = None,
) -> pd.DataFrame:
    """The example table of one file; each record comes with its place in the file.

    Refuses a file without records, an item that is there twice, a label column that says the same in MANY or
    more rows, and texts in another script than the language's. What was left out is told in
    `frame.attrs["left_out"]`: reason → number of records.
    """
    first: dict[str, int | str] = {}
    rows = []
    for place, row in records:
        name = row["example_id"]
        if name in first:
            refuse(path, place, f"the item {name!r} is there twice (first at {first[name]}); keep one")
        first[name] = place
        rows.append(row)
    if not rows:
        refuse(path, 1, f"no example for language {language!r} in this file")
    told = {label for row in rows for label in _several(row[labels])} if labels else set()
    if len(rows) >= MANY and len(told) == 1:
        refuse(path, first[rows[0]["example_id"]], f"all labels of {len(rows)} items are {told.pop()!r}: a "
               "placeholder, the labels of this file are withheld; take a file that has them")  # fmt: skip
    for column in texts:
        _refuse_missing(path, column, first, rows)
        refuse_other_script(path, language, (text for row in rows for text in _several(row[column])))
    frame = pd.DataFrame(rows)
    frame.attrs["left_out"] = dict(Counter(left_out or {}))
    return frame


def _refuse_missing(path: Path, column: str, places: Mapping[str, int | str], rows: list[dict]) -> None:
    """Refuse a column that is `nan` in several items; a list of words may have it as often as it likes."""
    if column == "words":
        return
    found = [row["example_id"] for row in rows if MISSING in map(str.lower, _several(row[column]))]
    if len(found) >= FEW:
        refuse(path, places[found[0]], f"{column!r} is nan in {len(found)} items: taken for a missing value; "
               "fill them in or take the records out")  # fmt: skip


def _several(value: object) -> list:
    """The value as a list: tags and choices are several, a label and a text are one."""
    return value if isinstance(value, list) else [value]
