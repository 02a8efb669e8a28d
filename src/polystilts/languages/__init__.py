"""WHO SPEAKS: the languages, their words and grammar where we invented them, and how far apart they lie.

>>> LANGUAGES["nar"].cell, LANGUAGES["nar"].script
('LLF', 'Armenian')
"""

from polystilts.languages.language import Language, parity_set
from polystilts.languages.rows import INVENTED_LANGUAGES, LANGUAGES

__all__ = ["INVENTED_LANGUAGES", "LANGUAGES", "Language", "parity_set"]
