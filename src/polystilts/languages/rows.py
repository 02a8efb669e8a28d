"""The languages of the study, a row each. Adding a language is adding a row."""

from dataclasses import replace

from polystilts.errors import WrongUse
from polystilts.languages.language import Language, parity_set
from polystilts.languages.real import REAL_LANGUAGES


def _invented(
    code: str, name: str, family: str, script: str, resource: str, overlap: str, order: str
) -> Language:
    return Language(
        code, name, family, script, resource, overlap, order, parity_set(resource, overlap, order)
    )


def _new_order(code: str, name: str, family: str, script: str, resource: str, overlap: str) -> Language:
    return Language(code, name, family, script, resource, overlap, "verb-first")


SOURCE = Language("alb", "Albish", "Albic", "Latin", "high", "high", "near")

# Two languages for every cell of resource × overlap × order; the first eight are the family of `demo`.
# Languages of high overlap are relatives of the source language: same script, shared words and names.
INVENTED_LANGUAGES = (
    SOURCE,
    _invented("dor", "Dorvan", "Albic", "Latin", "high", "high", "near"),
    _invented("lir", "Lirish", "Albic", "Latin", "low", "high", "near"),
    _invented("kes", "Kestran", "Albic", "Latin", "high", "high", "far"),
    _invented("tul", "Tulmic", "Albic", "Latin", "low", "high", "far"),
    _invented("pel", "Pelagic", "Pelasgian", "Greek", "high", "low", "near"),
    _invented("ost", "Ostravian", "Pelasgian", "Cyrillic", "low", "low", "near"),
    _invented("var", "Varazi", "Narran", "Georgian", "high", "low", "far"),
    _invented("nar", "Narekhi", "Narran", "Armenian", "low", "low", "far"),
    _invented("bel", "Belmaric", "Albic", "Latin", "high", "high", "near"),
    _invented("fen", "Fennish", "Albic", "Latin", "low", "high", "near"),
    _invented("gal", "Galtic", "Albic", "Latin", "high", "high", "far"),
    _invented("wes", "Wesling", "Albic", "Latin", "low", "high", "far"),
    _invented("mir", "Mirene", "Pelasgian", "Cyrillic", "high", "low", "near"),
    _invented("sol", "Solonic", "Pelasgian", "Greek", "low", "low", "near"),
    _invented("har", "Harani", "Narran", "Armenian", "high", "low", "far"),
    _invented("zan", "Zanuri", "Narran", "Georgian", "low", "low", "far"),
    # A third order, which none of the above shows: the verb comes first. They are of no set, so that no arm
    # practises in them and their order is new to every run; families and scripts are those of the others.
    _new_order("eri", "Erish", "Albic", "Latin", "high", "high"),
    _new_order("hal", "Halnish", "Albic", "Latin", "low", "high"),
    _new_order("kor", "Korvian", "Pelasgian", "Greek", "high", "low"),
    _new_order("tav", "Tavazi", "Narran", "Armenian", "low", "low"),
)

LANGUAGES: dict[str, Language] = {row.code: row for row in (*INVENTED_LANGUAGES, *REAL_LANGUAGES)}


def invent(code: str, name: str, cell: str, shared_names: float = 0.9) -> Language:
    """Invent a language of a cell of the design, or let the invented one of that code change its factors.

    The cell is written as everywhere: resource, overlap, order, such as "LHF" for little text, shared words
    and another word order. The row lasts as long as the process; a language that stays is a row of the table.
    Raises WrongUse for a cell that is no cell, and for the code of a real language.

    >>> invent("own", "Ownish", "LHF").order
    'far'
    >>> LANGUAGES.pop("own").resource
    'low'
    """
    levels = {"H": "high", "L": "low"}, {"H": "high", "L": "low"}, {"N": "near", "F": "far"}
    if len(cell) != 3 or any(letter not in known for letter, known in zip(cell, levels, strict=True)):
        raise WrongUse(f"{cell!r} is no cell of the design; write H or L, H or L, N or F, such as LHF")
    before = LANGUAGES.get(code)
    if before and not before.invented:
        raise WrongUse(f"{code} is a real language, {before.name}; choose another code")
    resource, overlap, order = (known[letter] for letter, known in zip(cell, levels, strict=True))
    drawn = _invented(
        code, name, "Invented", "Latin" if overlap == "high" else "Greek", resource, overlap, order
    )
    if before and before.overlap == overlap:
        drawn = replace(drawn, family=before.family, script=before.script)
    LANGUAGES[code] = replace(drawn, shared_names=shared_names)
    return LANGUAGES[code]
