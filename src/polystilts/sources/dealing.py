"""Translated rows as they are dealt out: which row of practice stands in which language."""

from collections import Counter
from collections.abc import Iterable, Mapping
from random import Random

import pandas as pd

from polystilts.errors import WrongUse
from polystilts.sources.parallel import refuse_shuffled


def dealt(
    task: str, language_set: str, source: str, meanings: Iterable[str], given: Mapping[str, pd.DataFrame]
) -> dict[str, str]:
    """The language of each row of a multilingual arm, by its meaning: shares as equal as the data allow.

    Where every row exists in every language the shares are equal, in an order fixed by task and set. Where
    some languages have fewer rows, the rows come in a fixed order and each goes to the language that has it
    and was served least, the one with fewer rows first; rows that no other language has stay in `source`.

    >>> few, all_ = (pd.DataFrame({"meaning_id": names}) for names in (["a"], ["a", "b", "c"]))
    >>> sorted(dealt("mnli", "A", "en", "abc", {"sw": all_, "ta": all_}).values())
    ['en', 'sw', 'ta']
    >>> dealt("mnli", "A", "en", "abc", {"sw": all_, "wo": few})["a"]
    'wo'
    """
    meanings, languages = list(meanings), [source, *given]
    has = {code: set(frame["meaning_id"]) for code, frame in given.items()} | {source: set(meanings)}
    order = Random(f"{task} {language_set} languages")
    if all(found.issuperset(meanings) for found in has.values()):
        drawn = [languages[i % len(languages)] for i in range(len(meanings))]
        order.shuffle(drawn)
        return dict(zip(meanings, drawn, strict=True))
    size = {code: len(found.intersection(meanings)) for code, found in has.items()}
    served: Counter = Counter()
    found = {}
    for meaning in order.sample(meanings, len(meanings)):
        able = [code for code in languages if meaning in has[code]]
        found[meaning] = min(able, key=lambda code: (served[code], size[code], languages.index(code)))
        served[found[meaning]] += 1
    return found


def refuse_other_labels(task: str, code: str, english: pd.DataFrame, theirs: pd.DataFrame) -> str:
    """Refuse rows that are called translations and have other labels, numbers or lengths; say how alike."""
    both = english.merge(theirs, on="meaning_id", suffixes=("", "_theirs"))
    if both.empty:
        raise WrongUse(f"translated:{task}: no row in {code} translates a row in use; take another data set")
    if "label" in both and (wrong := int((both["label"] != both["label_theirs"]).sum())):
        raise WrongUse(f"translated:{task}: {wrong} of {len(both)} rows in {code} have another label than "
                       "the row they should translate: the orders differ; drop the arm")  # fmt: skip
    return refuse_shuffled(f"translated:{task} in {code}", both)
