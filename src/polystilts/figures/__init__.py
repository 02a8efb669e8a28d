"""WHAT WE SHOW: a tidy table in, one figure out, with its question as the title.

Every function draws on `style`: one font, one width that a phone can show, one table with the colour, mark
and place of every arm, and another scheme for language families, so that a figure also reads in grey.
"""

from polystilts.figures.curves import learning_curves, pretraining_curve
from polystilts.figures.effects import factor_effects
from polystilts.figures.forest import forest
from polystilts.figures.heatmap import gains_heatmap
from polystilts.figures.languages import fertility_bars, language_map
from polystilts.figures.method import method_drawing
from polystilts.figures.parts import contrasts_by_kind
from polystilts.figures.power import what_it_takes
from polystilts.figures.retrieval import retrieval_by_layer
from polystilts.figures.scatter import gain_by_language, gain_by_property
from polystilts.figures.slopes import gap_slopes, none_scores, transfer_slopes
from polystilts.figures.time import time_bars

__all__ = [
    "contrasts_by_kind",
    "factor_effects",
    "fertility_bars",
    "forest",
    "gain_by_language",
    "gain_by_property",
    "gains_heatmap",
    "gap_slopes",
    "language_map",
    "learning_curves",
    "method_drawing",
    "none_scores",
    "pretraining_curve",
    "retrieval_by_layer",
    "time_bars",
    "transfer_slopes",
    "what_it_takes",
]
