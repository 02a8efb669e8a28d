"""Tables with holes: an answer with a warning, or a refusal in one line, and never a wrong interval."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_languages import FIVE_LANGUAGES as LANGUAGES

from polystilts.errors import StudyError, WrongUse
from polystilts.evidence.hypotheses import load_hypotheses
from polystilts.evidence.ledger import build_claims, find_claim
from polystilts.pipeline.reading import benchmark_table, choice_table, flags_table, gap_table, practice_table
from polystilts.statistics.aggregate import aggregates
from polystilts.statistics.averages import Measure
from polystilts.statistics.compare import Subset, compare, estimate, primary_contrast
from polystilts.statistics.factors import factor_effects
from polystilts.statistics.gains import contrast, gains
from polystilts.statistics.planted import planted_scores
from polystilts.statistics.regression import regress_on_languages
from polystilts.statistics.selection import chosen_arms
from polystilts.statistics.spreads import measured_spreads
from polystilts.statistics.tables import with_levels

LOW = ("lir", "tul", "nar")
ARMS = ("none", "english:squad_v2", "translated:squad_v2:A", "translated:squad_v2:B")
TARGETS = ("xcopa", "panx", "tatoeba")


def table(**options) -> pd.DataFrame:
    """Three planted points, with what moves from seed to seed."""
    options = {"effects": {"translated": 3.0}, "seed_sd": 0.5, "cell_sd": 0.5} | options
    return planted_scores(ARMS, LANGUAGES, TARGETS, **options)


def claims_of(scores: pd.DataFrame):
    """Every claim that a table supports."""
    return build_claims(scores, gains(scores), LANGUAGES, load_hypotheses(), "planted", LOW)


def sound(found) -> bool:
    """An interval has ends only where at least two units stand behind it, and holds its estimate."""
    if found.low is None:
        return found.high is None and bool(found.notes)
    return found.units >= 2 and found.low < found.estimate < found.high


# --- holes ----------------------------------------------------------------------------------------------


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.02, 0.9))
def test_whatever_is_missing_no_interval_is_wrong(seed, share):
    """Rows are lost at random: what is still said rests on cells that every unit has, or is not said."""
    scores = table(seeds=(0, 1, 2, 3))
    kept = scores.sample(frac=1 - share, random_state=seed)
    try:
        cells = Subset(languages=LOW).of(contrast(kept, "translated", "english"))
    except StudyError as refusal:
        assert "no runs of strategy" in str(refusal)
        return
    found = estimate(cells)
    assert sound(found)
    if found.known and not any("left out" in note for note in found.notes):
        whole = cells.groupby(["seed"])["target_task"].count()
        assert whole.nunique() == 1 or any("missing" in note for note in found.notes)
    for measure in (Measure("most"), Measure("every")):
        assert sound(estimate(cells, measure=measure)) or estimate(cells, measure=measure).n == 0


def test_a_seed_that_lost_its_worst_language_does_not_look_better():
    """The trap: a mean over other cells is another quantity, so the cell leaves every unit."""
    scores = table(cell_sd=0.0)
    bad = (scores["language"] == "nar") & (scores["strategy"] == "translated")
    scores["value"] -= 20.0 * bad
    holed = scores[~(bad & (scores["seed"] == 2))]
    found = primary_contrast(holed, LOW)["primary"].these
    assert found.estimate == pytest.approx(3.0, abs=1.0) and "left out" in found.notes[0]
    assert "differences left out: their cell is missing" in find_claim(claims_of(holed), "primary").sentence


def test_a_world_with_fewer_seeds_is_named():
    scores = table(world_seeds=(0, 1, 2), seeds=(0, 1))
    scores = scores[~((scores["world_seed"] == 2) & (scores["seed"] == 1))]
    found = primary_contrast(scores, LOW)["primary"]
    assert found.these.known and found.these.units == 3
    assert "worlds have between 2 and 4 runs" in " ".join(found.notes)


def test_a_target_without_its_control_is_told():
    scores = table()
    gone = (scores["strategy"] == "english") & (scores["target_task"] == "panx")
    cells = contrast(scores[~gone], "translated", "english")
    assert set(cells["target_task"]) == {"xcopa", "tatoeba"}
    assert "scores of translated have no matching english score" in cells.attrs["notes"][0]


def test_without_a_baseline_nothing_is_flagged_and_that_is_said():
    scores = table()
    cells = contrast(scores[scores["strategy"] != "none"], "translated", "english")
    assert set(cells["flag"]) == {""} and "not known there" in cells.attrs["notes"][-1]
    with pytest.raises(StudyError, match="no runs of the baseline 'none'"):
        gains(scores[scores["strategy"] != "none"])


# --- too little of something ------------------------------------------------------------------------------


def test_one_seed_answers_without_a_single_interval():
    scores = with_levels(table(seeds=(0,)), LOW)
    for claim in claims_of(scores):
        assert claim.low is None and claim.high is None and claim.outcome in ("undecided", "not run")
    for shown in (
        benchmark_table(scores),
        practice_table(scores),
        choice_table(scores, "alb"),
    ):
        assert (
            "±" not in shown.to_string()
            and " to " not in shown.drop(columns="intermediate training", errors="ignore").to_string()
        )
    assert "no interval" in gap_table(scores, "alb").to_string()


def test_two_worlds_of_one_seed_have_worlds_for_units():
    found = primary_contrast(table(world_seeds=(0, 1), seeds=(0,)), LOW)["primary"].these
    assert (found.unit, found.units, found.df) == ("world_seed", 2, 1)


def test_one_language_is_answered_for_itself_alone():
    scores = table()
    found = primary_contrast(scores, ("nar",))["primary"]
    assert sound(found.these) and not found.new.known
    cells = Subset(languages=("nar",)).of(contrast(scores, "translated", "english"))
    assert regress_on_languages(cells, LANGUAGES).table.empty


def test_no_language_outside_the_source_is_refused():
    with pytest.raises(StudyError, match="need the other languages"):
        factor_effects(table()[lambda rows: rows["language"] == "alb"], LANGUAGES, LOW)
    with pytest.raises(StudyError, match="nothing can be chosen"):
        chosen_arms(table()[lambda rows: rows["language"] == "alb"], "alb")


def test_an_empty_table_and_an_empty_subset_are_no_answer():
    with pytest.raises(StudyError, match="strategies with runs are"):
        contrast(table().head(0), "translated", "english")
    cells = Subset(languages=("xx",)).of(contrast(table(), "translated", "english"))
    for found in (compare(cells).these, *aggregates(cells).values()):
        assert np.isnan(found.estimate) and not found.known and "no cells to compare" in found.notes
    assert regress_on_languages(cells, LANGUAGES).message


# --- values that cannot be --------------------------------------------------------------------------------


def test_all_scores_equal_give_no_interval_and_no_call():
    scores = table(seed_sd=0.0, cell_sd=0.0)
    found = primary_contrast(scores, LOW)["primary"].these
    assert found.estimate == pytest.approx(3.0) and not found.known and "same value" in found.notes[0]
    assert find_claim(claims_of(scores), "primary").outcome == "undecided"
    for summary in aggregates(Subset().of(contrast(scores, "translated", "english"))).values():
        assert not summary.known


def test_missing_values_are_left_out_counted_and_do_not_spread():
    scores = table()
    hole = scores.index[(scores["strategy"] == "translated") & (scores["language"] == "nar")][0]
    scores.loc[hole, "value"] = np.nan
    found = primary_contrast(scores, LOW)["primary"]
    assert sound(found.these) and "1 scores without a value" in found.notes[0]
    assert not flags_table(scores).isna().any().any()


@pytest.mark.parametrize(
    ("column", "value"), [("value", 101.0), ("value", -0.5), ("value", np.inf), ("n", 0)]
)
def test_a_score_that_cannot_be_is_refused_by_name(column, value):
    scores = table()
    scores[column] = scores[column].astype(float)
    scores.loc[7, column] = value
    with pytest.raises(StudyError, match="1 scores are not between 0 and 100 over one item or more.*w64.w0"):
        gains(scores)


def test_a_count_that_is_not_there_is_refused():
    scores = table()
    scores["n"] = np.nan
    with pytest.raises(StudyError, match="over one item or more"):
        contrast(scores, "translated", "english")


def test_unknown_tasks_strategies_and_columns_are_refused():
    scores = table()
    with pytest.raises(WrongUse, match="unknown target tasks sudoku"):
        gains(scores.assign(target_task="sudoku"))
    with pytest.raises(WrongUse, match="lacks the columns seed"):
        contrast(scores.drop(columns="seed"), "translated", "english")
    with pytest.raises(WrongUse, match="lacks the columns overlap"):
        regress_on_languages(contrast(scores, "translated", "english"), LANGUAGES.drop(columns="overlap"))


def test_spreads_are_not_guessed():
    with pytest.raises(StudyError, match="no such scores"):
        measured_spreads([table()], ["xx"])
    with pytest.raises(StudyError, match="one seed"):
        measured_spreads([table(seeds=(0,))], LOW)


# --- the tables that readers see --------------------------------------------------------------------------


def test_the_benchmarks_table_averages_languages_then_targets_and_carries_its_interval():
    scores = table(seed_sd=0.0, cell_sd=0.0, effects={})
    none = scores["strategy"] == "none"
    scores.loc[none & (scores["target_task"] == "xcopa"), "value"] = 70.0
    for seed, value in enumerate((50.0, 52.0, 54.0)):
        scores.loc[none & (scores["target_task"] == "panx") & (scores["seed"] == seed), "value"] = value
    row = benchmark_table(scores).set_index("target task")["No intermediate training"]
    half = 4.303 * 2.0 / 3**0.5  # t with two degrees of freedom
    assert row["WikiANN-NER"] == f"52.0\xa0±\xa0{half:.1f}"
    assert row["XCOPA"] == "70.0"  # no spread was seen: no interval
    assert row["mean"] == f"{(70 + 52 + 60) / 3:.1f}\xa0±\xa0{half / 3:.1f}"
    assert (row["units"], row["scores"]) == ("3", str(3 * 3 * 5))


def test_controls_stand_among_the_treatments():
    shown = practice_table(with_levels(table(), LOW)).set_index("intermediate training")
    assert set(shown["part"]) == {"treatment"} and shown.loc["Translated", "units"] == 3
    assert shown.loc["Translated", "differences"] == 3 * 2 * 3  # languages × targets × seeds
