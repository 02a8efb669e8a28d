"""Code-switching: words of source-language rows replaced through bilingual lexicons (as in CoSDA-ML)."""

from collections.abc import Iterable, Mapping
from random import Random
from typing import NamedTuple

import pandas as pd

MARKS = ".,;:!?()[]{}\"'“”‘’«»…—–-/"
SWITCHED_SHARE = 0.5  # chance of a word with a lexicon entry to be replaced in a switched row


def code_switch(
    frame: pd.DataFrame, lexicons: Mapping[str, Mapping[str, str]], source: str, random: Random
) -> pd.DataFrame:
    """The rows with words replaced; each row meets one language, `source` itself getting an equal share.

    Tags stay with their words, and answers and mentions with theirs: marks beside an answer stay outside.
    Column `language` names the language met; an empty lexicon changes nothing else.
    """
    languages = [source, *lexicons]
    drawn = [languages[i % len(languages)] for i in range(len(frame))]
    random.shuffle(drawn)
    rows = [
        row if language == source else _switch_row(row, lexicons[language], random) | {"language": language}
        for row, language in zip(frame.to_dict("records"), drawn, strict=True)
    ]
    return pd.DataFrame(rows, columns=frame.columns)


class Word(NamedTuple):
    """A word as it was and as it is; `lead` and `tail` count the marks at its edges, which stay."""

    old: str
    new: str
    lead: int = 0
    tail: int = 0


def _switch(words: Iterable[str], lexicon: Mapping[str, str], random: Random) -> list[Word]:
    switched = []
    for word in words:
        found = _looked_up(word, lexicon)
        switched.append(found if found is not None and random.random() < SWITCHED_SHARE else Word(word, word))
    return switched


def _looked_up(word: str, lexicon: Mapping[str, str]) -> Word | None:
    if word in lexicon:
        return Word(word, lexicon[word])
    core = word.strip(MARKS)
    for form in (core, core.lower()):
        if form and form in lexicon:
            lead = word.index(core)
            tail = len(word) - lead - len(core)
            return Word(word, word[:lead] + lexicon[form] + word[lead + len(core) :], lead, tail)
    return None


def translated(word: str, lexicon: Mapping[str, str]) -> str | None:
    """What a lexicon has for a word as written; marks stay around it, and case is passed over if need be.

    >>> lexicon = {"house": "nyumba", "May": "Mei"}
    >>> translated("(House),", lexicon), translated("May", lexicon), translated("may", lexicon)
    ('(nyumba),', 'Mei', None)
    """
    found = _looked_up(word, lexicon)
    return found and found.new


def _joined(words: Iterable[Word]) -> str:
    return " ".join(word.new for word in words)


def _moved(words: list[Word], place: int, end: bool = False) -> int:
    """Where a place of the old text lies in the new one; inside a replaced word, at that word's edge."""
    before = new = 0
    for word in words:
        inside = place - before
        if inside <= len(word.old):
            break
        before += len(word.old) + 1
        new += len(word.new) + 1
    if word.old == word.new or inside <= word.lead:
        return new + inside
    if inside >= len(word.old) - word.tail:
        return new + len(word.new) - (len(word.old) - inside)
    return new + (len(word.new) - word.tail if end else word.lead)


def _switch_row(row: dict, lexicon: Mapping[str, str], random: Random) -> dict:
    switched = dict(row)
    for column in ("text_a", "text_b", "question", "text", "answer"):
        if column not in row:
            continue
        words = _switch(row[column].split(" "), lexicon, random)
        switched[column] = _joined(words)
        if column == "text" and "mention_start" in row:
            switched["mention_start"] = _moved(words, row["mention_start"])
            switched["mention_end"] = _moved(words, row["mention_end"], end=True)
    if "words" in row:
        switched["words"] = [word.new for word in _switch(row["words"], lexicon, random)]
    if "choices" in row:
        switched["choices"] = [_joined(_switch(text.split(" "), lexicon, random)) for text in row["choices"]]
    if "context" in row:
        words = _switch(row["context"].split(" "), lexicon, random)
        switched["context"] = _joined(words)
        if row.get("answer_start", -1) >= 0:
            switched |= _answer(row, words, switched["context"])
    return switched


def _answer(row: dict, words: list[Word], context: str) -> dict:
    """The answer where it now stands; other ways to word it stay only where they still stand in the text."""
    start = _moved(words, row["answer_start"])
    text = context[start : _moved(words, row["answer_start"] + len(row["answer_text"]), end=True)]
    found = {"answer_text": text, "answer_start": start}
    if "answers" in row and context != row["context"]:
        others = (other for other in row["answers"] if other != row["answer_text"] and other in context)
        found["answers"] = list(dict.fromkeys([text, *others]))
    return found
