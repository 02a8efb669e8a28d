"""The languages of the study, a row each. Adding a language is adding a row."""

from polystilts.languages.language import Language, parity_set


def _invented(
    code: str, name: str, family: str, script: str, resource: str, overlap: str, order: str
) -> Language:
    return Language(
        code, name, family, script, resource, overlap, order, parity_set(resource, overlap, order)
    )


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
)

LANGUAGES: dict[str, Language] = {row.code: row for row in INVENTED_LANGUAGES}
