"""Code-switching: words of source-language rows replaced through bilingual lexicons (as in CoSDA-ML)."""

from collections.abc import Mapping
from random import Random

import pandas as pd

MARKS = ".,;:!?()[]{}\"'“”‘’«»…—–-/"
SWITCHED_SHARE = 0.5  # chance of a word with a lexicon entry to be replaced in a switched row


def code_switch(
    frame: pd.DataFrame, lexicons: Mapping[str, Mapping[str, str]], source: str, random: Random
) -> pd.DataFrame:
    """The rows with words replaced; each row meets one language, `source` itself getting an equal share.

    Tags stay with their words and answer offsets move with them. Column `language` names the language met.
    """
    languages = [source, *lexicons]
    drawn = [languages[i % len(languages)] for i in range(len(frame))]
    random.shuffle(drawn)
    rows = [
        row if language == source else _switch_row(row, lexicons[language], random) | {"language": language}
        for row, language in zip(frame.to_dict("records"), drawn, strict=True)
    ]
    return pd.DataFrame(rows, columns=frame.columns)


def _switch(words: list[str], lexicon: Mapping[str, str], random: Random) -> list[str]:
    found = [translated(word, lexicon) for word in words]
    return [
        new if new is not None and random.random() < SWITCHED_SHARE else word
        for word, new in zip(words, found, strict=True)
    ]


def translated(word: str, lexicon: Mapping[str, str]) -> str | None:
    """What a lexicon has for a word as written; marks stay around it, and case is passed over if need be.

    >>> lexicon = {"house": "nyumba", "May": "Mei"}
    >>> translated("(House),", lexicon), translated("May", lexicon), translated("may", lexicon)
    ('(nyumba),', 'Mei', None)
    """
    if word in lexicon:
        return lexicon[word]
    core = word.strip(MARKS)
    for form in (core, core.lower()):
        if form and form in lexicon:
            return word.replace(core, lexicon[form], 1)
    return None


def _switch_row(row: dict, lexicon: Mapping[str, str], random: Random) -> dict:
    switched = dict(row)
    for column in ("text_a", "text_b", "question", "text", "answer"):
        if column in row:
            switched[column] = " ".join(_switch(row[column].split(" "), lexicon, random))
    if "words" in row:
        switched["words"] = _switch(list(row["words"]), lexicon, random)
    if "choices" in row:
        switched["choices"] = [
            " ".join(_switch(choice.split(" "), lexicon, random)) for choice in row["choices"]
        ]
    if "context" in row:
        words = row["context"].split(" ")
        changed = _switch(words, lexicon, random)
        switched["context"] = " ".join(changed)
        if row.get("answer_start", -1) >= 0:
            first = row["context"][: row["answer_start"]].count(" ")
            size = len(row["answer_text"].split(" "))
            switched["answer_text"] = " ".join(changed[first : first + size])
            switched["answer_start"] = len(" ".join(changed[:first])) + (first > 0)
            if "answers" in row:  # other ways to word the answer need not stand in the new text
                switched["answers"] = [switched["answer_text"]]
    return switched
