"""WHO SPEAKS: the languages, their words and grammar where we invented them, and how far apart they lie.

>>> LANGUAGES["nar"].cell, LANGUAGES["nar"].script
('LLF', 'Armenian')
>>> LANGUAGES["qu"].name, LANGUAGES["qu"].joshi_class, LANGUAGES["qu"].xlmr_gib
('Quechua', 1, 0.0)
"""

from polystilts.languages.language import Language, parity_set
from polystilts.languages.rows import INVENTED_LANGUAGES, LANGUAGES, REAL_LANGUAGES, invent

__all__ = ["INVENTED_LANGUAGES", "LANGUAGES", "REAL_LANGUAGES", "Language", "invent", "parity_set"]
