"""What the chapters show: the files of a study as tidy tables, plain sentences and saved figures.

Nothing here decides a result. A chapter calls one of these functions and ends on what it returns, so that
every number on a page comes from a file of the study and none was typed.
"""

from polystilts.evidence.ledger import find_claim
from polystilts.evidence.status import with_status
from polystilts.figures.style import task_title
from polystilts.pipeline.census import describe_languages, languages_of
from polystilts.pipeline.reading.analysis import (
    contrast_words,
    effects_table,
    kind_table,
    primary_table,
    seed_table,
)
from polystilts.pipeline.reading.beside import (
    base_table,
    benchmark_table,
    choice_table,
    practice_table,
    published_table,
    regression_table,
    robust_table,
)
from polystilts.pipeline.reading.cards import example_card, example_cards, intermediate_tasks_of, one_meaning
from polystilts.pipeline.reading.closing import (
    answer_sentence,
    claims_table,
    frozen_note,
    places_table,
    plotted,
    ready_claims,
    time_so_far,
    unanswered_table,
    verdict_sentence,
)
from polystilts.pipeline.reading.data import (
    corpus_table,
    data_table,
    leak_sentence,
    names_table,
    shortcut_table,
)
from polystilts.pipeline.reading.design import (
    allotment_note,
    balance_table,
    design_table,
    expectations_table,
    language_table,
    targets_table,
)
from polystilts.pipeline.reading.encoder import (
    early_retrieval,
    fertility_of,
    pieces_table,
    pretraining_curves,
    text_table,
)
from polystilts.pipeline.reading.gate import (
    ask_gate,
    checks_table,
    findings_table,
    gate_sentence,
    judged_table,
    original_table,
    reruns_table,
    six_claims_table,
)
from polystilts.pipeline.reading.page import language_name, opening, show, table
from polystilts.pipeline.reading.parts import (
    choice_sentence,
    opposite_sentence,
    order_sentence,
    parts_of,
    parts_table,
    scarcity_sentence,
    strategies_in,
)
from polystilts.pipeline.reading.reach import detectable_table, own_size, simulated_table, spreads_of
from polystilts.pipeline.reading.scales import (
    agreement_table,
    larger_sentence,
    larger_table,
    scales_table,
    silent_sentence,
)
from polystilts.pipeline.reading.training import (
    budget_table,
    curves_of,
    learned_table,
    most_taught,
    practice_budget,
    runs_on_disk,
    start_table,
)
from polystilts.pipeline.reading.transfer import (
    exposure_table,
    flags_table,
    gap_table,
    learned_at_home,
    ready_gains,
    ready_scores,
    score_table,
    scores_for,
)
from polystilts.statistics.compare import compared
from polystilts.statistics.tables import read_table

__all__ = [
    "agreement_table",
    "allotment_note",
    "answer_sentence",
    "ask_gate",
    "balance_table",
    "base_table",
    "benchmark_table",
    "budget_table",
    "checks_table",
    "choice_sentence",
    "choice_table",
    "claims_table",
    "compared",
    "contrast_words",
    "corpus_table",
    "curves_of",
    "data_table",
    "describe_languages",
    "design_table",
    "detectable_table",
    "early_retrieval",
    "effects_table",
    "example_card",
    "example_cards",
    "expectations_table",
    "exposure_table",
    "fertility_of",
    "find_claim",
    "findings_table",
    "flags_table",
    "frozen_note",
    "gap_table",
    "gate_sentence",
    "intermediate_tasks_of",
    "judged_table",
    "kind_table",
    "language_name",
    "language_table",
    "larger_sentence",
    "larger_table",
    "languages_of",
    "leak_sentence",
    "learned_at_home",
    "learned_table",
    "most_taught",
    "names_table",
    "one_meaning",
    "opening",
    "opposite_sentence",
    "order_sentence",
    "original_table",
    "own_size",
    "parts_of",
    "parts_table",
    "pieces_table",
    "places_table",
    "plotted",
    "practice_budget",
    "practice_table",
    "pretraining_curves",
    "primary_table",
    "published_table",
    "read_table",
    "ready_claims",
    "ready_gains",
    "ready_scores",
    "regression_table",
    "reruns_table",
    "robust_table",
    "runs_on_disk",
    "scales_table",
    "scarcity_sentence",
    "score_table",
    "scores_for",
    "seed_table",
    "shortcut_table",
    "show",
    "silent_sentence",
    "simulated_table",
    "six_claims_table",
    "spreads_of",
    "start_table",
    "strategies_in",
    "table",
    "targets_table",
    "task_title",
    "text_table",
    "time_so_far",
    "unanswered_table",
    "verdict_sentence",
    "with_status",
]
