"""Languages as `tables/languages.csv` describes them, for tests that need no world."""

import pandas as pd

from polystilts.statistics.tables import LANGUAGE_COLUMNS

LANGUAGES = pd.DataFrame(
    [
        ("alb", "Albish", "Albic", "Latin", 400, 1.0, "near", 0.0, "yes", "-"),
        ("dor", "Dorvan", "Albic", "Latin", 300, 0.6, "near", 0.0, "yes", "A"),
        ("lir", "Lirish", "Albic", "Latin", 50, 0.6, "near", 0.0, "yes", "B"),
        ("var", "Varazi", "Narran", "Georgian", 350, 0.1, "far", 0.2, "yes", "A"),
    ],
    columns=LANGUAGE_COLUMNS,
)

# Relatives and strangers, with much text and little, near and far: all that statistics must tell apart.
FIVE_LANGUAGES = pd.DataFrame(
    [
        ("alb", "Albish", "Albic", "Latin", 400_000, "high", "near", 0.0, True, "-"),
        ("dor", "Dorvan", "Albic", "Latin", 400_000, "high", "near", 0.2, True, "A"),
        ("lir", "Lirish", "Albic", "Latin", 30_000, "high", "near", 0.3, True, "B"),
        ("tul", "Tulmic", "Albic", "Latin", 30_000, "low", "near", 0.4, True, "A"),
        ("nar", "Narekhi", "Narran", "Armenian", 30_000, "low", "far", 0.9, True, "B"),
    ],
    columns=LANGUAGE_COLUMNS,
)
