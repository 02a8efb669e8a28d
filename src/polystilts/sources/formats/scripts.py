"""The script a language is written in, to notice a file of another language under its name."""

import unicodedata
from collections.abc import Iterable
from pathlib import Path

from polystilts.languages import LANGUAGES
from polystilts.sources.formats.strict import refuse

# How Unicode begins the names of a script's letters, where it is not just the script's name in capitals.
LETTER_NAMES = {"Han": ("CJK",), "Japanese": ("CJK", "HIRAGANA", "KATAKANA")}
LETTERS = 2000  # letters looked at
FEW = 40  # with fewer letters nothing is said
LEAST = 0.3  # their share that must be of the language's script: names and formulas are often Latin


def share_of_script(language: str, texts: Iterable[str]) -> float | None:
    """The share of letters in the script of the language; None for few letters and unknown languages.

    >>> share_of_script("ta", ["வணக்கம்" * 20]), share_of_script("ta", ["vanakkam" * 20])
    (1.0, 0.0)
    """
    if language not in LANGUAGES:
        return None
    script = LANGUAGES[language].script
    names = LETTER_NAMES.get(script, (script.upper(),))
    seen = own = 0
    for text in texts:
        for letter in filter(str.isalpha, text):
            seen += 1
            own += unicodedata.name(letter, "").startswith(names)
        if seen >= LETTERS:
            break
    return own / seen if seen >= FEW else None


def refuse_other_script(path: Path, language: str, texts: Iterable[str]) -> None:
    """Refuse a file hardly any of whose letters are of the language's script: it is of another language.

    Between languages of one script it sees nothing: such files have rows of their own in the table of files.
    """
    share = share_of_script(language, texts)
    if share is not None and share < LEAST:
        script = LANGUAGES[language].script
        refuse(path, 1, f"only {share:.0%} of the letters are {script}, the script of {language!r}: "
               "a file of another language?")  # fmt: skip
