"""Four languages as `tables/languages.csv` describes them, for tests that need no world."""

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
