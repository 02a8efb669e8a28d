"""Numbers of other people's work, as context: only those that were read on a public page, with that page."""

import pandas as pd

from polystilts import paths

COLUMNS = ("system", "benchmark", "task", "metric", "value", "arxiv", "read_at")


def published_scores(benchmark: str = "") -> pd.DataFrame:
    """Published scores (0-100), one a row, of one benchmark or of all.

    `arxiv` is the paper they are reported in or by, `read_at` the page on which the number was read. They are
    single numbers without intervals, from other encoders and other data: context, never a comparison.
    """
    table = pd.read_csv(paths.PACKAGE / "evidence" / "published.csv", dtype={"arxiv": str})
    return table[table["benchmark"] == benchmark].reset_index(drop=True) if benchmark else table
