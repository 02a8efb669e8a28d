"""Which languages gain: resource, overlap, distance and being seen, as a described secondary analysis.

Predictors belong to languages, so the language is the unit: gains are averaged within each language first,
and one ordinary regression is fitted over languages. It describes this study's languages and decides nothing.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from polystilts.statistics.averages import complete, grids_of, values_of
from polystilts.statistics.factors import EASY, HARD
from polystilts.statistics.intervals import highest_unit
from polystilts.statistics.tables import changing_levels, require

PREDICTORS = {
    "resource": "ten times as much text",
    "overlap": "all words shared, against none",
    "order": "far word order, against near",
    "distance": "one unit farther",
    "seen": "seen in pretraining, against unseen",
}


@dataclass(frozen=True)
class Regression:
    """One row a predictor, or none and the reason; `left_out` says why a predictor could not be used."""

    table: pd.DataFrame  # predictor, meaning, estimate, low, high, p, languages
    left_out: dict[str, str]
    message: str  # why there is no table, or an empty word


def regress_on_languages(
    cells: pd.DataFrame, languages: pd.DataFrame, column: str = "difference"
) -> Regression:
    """Regress what a language gains (points) on what is known of it, with 95 % intervals over languages.

    A predictor that does not vary, or that the ones before it determine, is left out with its reason; so is
    the amount of text where each language had both little and much, whose mean would tell nothing. With fewer
    than two languages to spare beyond the coefficients there is a message and no table.
    """
    require(languages, ("language", "resource", "overlap", "order", "distance", "seen"), "the language table")
    unit = highest_unit(cells)
    kept, _ = complete(cells, unit) if len(cells) else (cells, [])
    columns = ["predictor", "meaning", "estimate", "low", "high", "p", "languages"]
    gains: dict[str, float] = {}
    if len(kept):
        (grid,) = grids_of(kept, unit, [column])
        for code in sorted(kept["language"].unique()):
            mine = (grid.rows["language"] == code).to_numpy()
            gains[code] = float(np.nanmean(values_of(grid, rows=mine)))  # not every allotment asks about it
    known = predictors_of(languages).reindex(list(gains))
    swapped = {}
    if changing_levels(cells):
        swapped["resource"] = "a language has little text in one allotment and much in another"
    chosen, left_out = independent(known.drop(columns=list(swapped)))
    left_out = swapped | left_out
    spare = len(gains) - len(chosen) - 1
    if not chosen or spare < 2:
        why = (
            f"{len(gains)} languages cannot tell {len(chosen)} predictors apart: "
            f"at least {len(chosen) + 3} are needed"
            if chosen
            else "no property of the languages varies"
        )
        return Regression(pd.DataFrame(columns=columns), left_out, why)
    from statsmodels.api import OLS, add_constant  # half a second that every page would wait for

    fit = OLS(np.array(list(gains.values())), add_constant(known[chosen].to_numpy(dtype=float))).fit()
    ends = fit.conf_int(0.05)
    rows = [
        (name, PREDICTORS[name], fit.params[i], ends[i][0], ends[i][1], fit.pvalues[i], len(gains))
        for i, name in enumerate(chosen, start=1)
    ]
    return Regression(pd.DataFrame(rows, columns=columns), left_out, "")


def predictors_of(languages: pd.DataFrame) -> pd.DataFrame:
    """What is known of each language as numbers; a word that is not a number becomes 0 (near, low) or 1."""
    known = languages.set_index("language")
    table = pd.DataFrame(index=known.index)
    table["resource"] = np.log10(
        pd.to_numeric(known["resource"], errors="coerce").where(lambda size: size > 0)
    )
    for name in ("overlap", "order"):
        sides = {word: float(word not in ("low", "near")) for word in EASY | HARD}
        words = known[name].astype(str).str.lower().map(sides)
        table[name] = pd.to_numeric(known[name], errors="coerce").fillna(words)
    table["distance"] = pd.to_numeric(known["distance"], errors="coerce")
    table["seen"] = known["seen"].astype(str).str.lower().isin(("true", "1", "yes")).astype(float)
    return table


def independent(known: pd.DataFrame) -> tuple[list[str], dict[str, str]]:
    """The predictors that can be told apart, in order, and why the others cannot."""
    chosen: list[str] = []
    left_out: dict[str, str] = {}
    for name in known:
        values = known[name]
        if values.isna().any():
            left_out[name] = "not known for every language"
        elif values.nunique() < 2:
            left_out[name] = "the same in every language"
        else:
            earlier = np.column_stack([np.ones(len(known)), known[chosen].to_numpy(dtype=float)])
            rest = values - earlier @ np.linalg.lstsq(earlier, values.to_numpy(dtype=float), rcond=None)[0]
            if float((rest**2).sum()) < 0.05 * float(((values - values.mean()) ** 2).sum()):
                left_out[name] = f"almost determined by {', '.join(chosen)} (95 % or more)"
            else:
                chosen.append(name)
    return chosen, left_out
