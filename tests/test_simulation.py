"""Planted truth: false alarms, coverage and power of the study's own statistics; breaking them shows."""

import numpy as np
import pandas as pd
import pytest

from polystilts import paths
from polystilts.errors import StudyError, WrongUse
from polystilts.statistics.compare import Subset, estimate, unit_values
from polystilts.statistics.gains import contrast
from polystilts.statistics.intervals import highest_unit, t_interval
from polystilts.statistics.power import detectable_by_items, minimum_detectable_effect, power
from polystilts.statistics.simulate import (
    Design,
    as_score_table,
    draw_scores,
    simulated,
    unit_means,
    unit_spread,
    with_world,
)
from polystilts.statistics.spreads import Spreads, measured_spreads
from polystilts.statistics.tables import read_table

TARGETS = ("xnli", "panx")
EVERY = {name: 2.0 for name in ("xnli", "xcopa", "udpos", "panx")}
STUDIES = 300


def spreads(shared=0.0, tuning=1.0, cell=1.0, world=0.0) -> Spreads:
    """The same spreads for every target."""
    parts = ({name: size for name in TARGETS} for size in (shared, tuning, cell))
    return Spreads(*parts, world, float("inf"), 3, 2)


def many_tables(design: Design, found: Spreads, effect: float, random_seed: int = 0) -> pd.DataFrame:
    """Many drawn studies in one score table, each with worlds of its own."""
    return as_score_table(design, draw_scores(design, found, effect, STUDIES, random_seed))


def verdicts(design: Design, table: pd.DataFrame, effect: float, unit: str = "") -> dict[str, float]:
    """What the study's own functions make of many drawn studies: scores, pairs, units, intervals."""
    cells = Subset().of(contrast(table, "translated", "english"))
    if (unit or highest_unit(cells[cells["world_seed"] < design.worlds])) == "seed":
        cells["world_seed"] = cells["world_seed"] * design.seeds + cells["seed"]  # each run counts for itself
    values = unit_values(cells, "world_seed", "difference").to_numpy().reshape(STUDIES, -1)
    intervals = [t_interval(one) for one in values]
    return {
        "called": float(np.mean([one.low > 0 or one.high < 0 for one in intervals])),
        "covered": float(np.mean([one.low <= effect <= one.high for one in intervals])),
        "half_width": float(np.mean([one.half_width for one in intervals])),
    }


WORLDS = Design(worlds=3, seeds=2, languages=4, target_tasks=TARGETS)
SEEDS = Design(worlds=1, seeds=3, languages=4, target_tasks=TARGETS)


# --- the chain, on scores -------------------------------------------------------------------------------


@pytest.mark.parametrize("design", [WORLDS, SEEDS])
def test_the_fast_simulation_is_what_the_study_computes(design):
    found = spreads(shared=2.0, world=1.0)
    scores = draw_scores(design, found, 2.0, 3, 1)
    table = as_score_table(design, scores)
    for study, values in enumerate(unit_means(design, scores)):
        mine = table[table["world_seed"] // design.worlds == study]
        cells = Subset().of(contrast(mine, "translated", "english"))
        slow, fast = estimate(cells), t_interval(values)
        assert (slow.estimate, slow.low, slow.units) == pytest.approx((fast.estimate, fast.low, fast.units))


@pytest.mark.parametrize("design", [WORLDS, SEEDS])
def test_nothing_planted_is_nothing_found_and_intervals_hold_the_truth(design):
    found = spreads(shared=3.0, world=2.0 * (design.worlds > 1))
    told = verdicts(design, many_tables(design, found, 0.0, 3), 0.0)
    error = 2 * (0.05 * 0.95 / STUDIES) ** 0.5  # two Monte Carlo standard errors
    assert told["called"] <= 0.05 + error
    assert 0.95 - error <= told["covered"] <= 0.95 + error


def test_worlds_taken_for_seeds_would_be_noticed():
    """Broken clustering: six runs counted as six units although three worlds were drawn."""
    table = many_tables(WORLDS, spreads(world=2.0), 0.0, 3)
    error = 2 * (0.05 * 0.95 / STUDIES) ** 0.5
    assert verdicts(WORLDS, table, 0.0, unit="seed")["covered"] < 0.95 - error


def test_pairs_torn_apart_would_be_noticed():
    """Broken pairing: what a seed does to both arms no longer cancels, and the intervals give it away."""
    table = many_tables(SEEDS, spreads(shared=6.0), 2.0, 5)
    alone = many_tables(SEEDS, spreads(), 2.0, 5)
    paired, quiet = (verdicts(SEEDS, one, 2.0)["half_width"] for one in (table, alone))
    assert paired == pytest.approx(quiet, rel=0.1)  # however loud the seed is, both arms hear it
    english = table["strategy"] == "english"
    torn = table.assign(seed=table["seed"].where(~english, (table["seed"] + 1) % SEEDS.seeds))
    assert verdicts(SEEDS, torn, 2.0)["half_width"] > 1.5 * paired


# --- many studies at once -------------------------------------------------------------------------------


def test_false_alarms_coverage_and_power_at_the_sizes_of_the_study():
    designs = [Design(worlds=2, seeds=3), Design(worlds=6, seeds=1), Design(worlds=12, seeds=2)]
    found = Spreads(EVERY, EVERY, EVERY, 1.0, 2.0, 3, 2)
    table = simulated(designs, found, effects=(0.0, 2.0), studies=4000)
    quiet, loud = table[table["effect"] == 0.0], table[table["effect"] == 2.0]
    assert (quiet["called"] <= 0.05 + 3 * 0.0034).all()  # three Monte Carlo standard errors of 5 %
    assert table["covered"].between(0.93, 0.97).all()
    for design, row in zip(designs, loud.itertuples(), strict=True):
        exact = power(2.0, unit_spread(design, found), design.units)
        assert row.called == pytest.approx(exact, abs=0.03)
    assert loud["called"].is_monotonic_increasing


def test_seeds_of_one_world_speak_of_that_world_only():
    """Why worlds are drawn anew: seeds cover the truth of their own world, not that of others."""
    design, found = Design(worlds=1, seeds=3), Spreads(EVERY, EVERY, EVERY, 0.0, 2.0, 3, 2)
    here = simulated([design], found, effects=(0.0,)).iloc[0]
    at_large = simulated([design], with_world(found, 2.0), effects=(0.0,)).iloc[0]
    assert 0.93 <= here["covered"] <= 0.97
    assert at_large["covered"] < 0.9


def test_five_seeds_with_a_spread_of_two_see_two_points_two_times_in_five():
    assert power(2.0, 2.0, 5) == pytest.approx(0.40, abs=0.01)
    draws = np.random.default_rng(0).normal(2.0, 2.0, (2000, 5))
    found = np.mean([one.low > 0 or one.high < 0 for one in map(t_interval, draws)])
    assert found == pytest.approx(power(2.0, 2.0, 5), abs=0.035)


@pytest.mark.parametrize("units", [2, 3, 8, 40])
def test_the_minimum_detectable_effect_is_found_four_times_in_five(units):
    assert power(minimum_detectable_effect(1.7, units), 1.7, units) == pytest.approx(0.8, abs=1e-6)


def test_one_unit_can_find_nothing_and_no_spread_is_refused():
    assert power(50.0, 1.0, 1) == 0.0 and minimum_detectable_effect(1.0, 1) is None
    with pytest.raises(WrongUse, match="measure it over at least two runs"):
        minimum_detectable_effect(0.0, 5)


def test_a_hundred_items_show_only_a_landslide():
    # z: (1.96 + 0.84) × sqrt(2 × 0.25 / 100) = 19.8 points
    assert detectable_by_items(100) == pytest.approx(19.8, abs=0.05)
    assert detectable_by_items(400) == pytest.approx(19.8 / 2, abs=0.05)


# --- spreads, measured ----------------------------------------------------------------------------------


def test_planted_spreads_are_measured_again():
    design = Design(worlds=60, seeds=4, languages=8, target_tasks=TARGETS)
    planted = spreads(shared=3.0, tuning=2.0, cell=1.5, world=1.0)
    table = as_score_table(design, draw_scores(design, planted, 0.0, 1, 2))
    languages = [f"language-{number}" for number in range(8)]
    found = measured_spreads([table], languages)
    for target in TARGETS:
        assert found.of(target) == pytest.approx((3.0, 2.0, 1.5), abs=0.35)
    assert found.world == pytest.approx(1.0, abs=0.3) and found.world_at_most > found.world
    assert (found.worlds, found.seeds) == (60, 4)


def test_a_target_that_was_not_run_takes_the_spread_of_its_kind():
    found = Spreads(
        {"panx": 3.0, "xnli": 0.0}, {"panx": 4.0, "xnli": 1.0}, {"panx": 1.0, "xnli": 1.0}, 0, 0, 3, 1
    )
    assert found.of("udpos") == (3.0, 4.0, 1.0)  # tagging, as WikiANN is
    assert found.of("xcopa") == pytest.approx((4.5**0.5, 8.5**0.5, 1.0))  # all of them


def test_one_seed_measures_no_spread():
    design = Design(worlds=2, seeds=1, target_tasks=TARGETS)
    table = as_score_table(design, draw_scores(design, spreads(), 0.0, 1))
    with pytest.raises(StudyError, match="two seeds of each world.*one seed"):
        measured_spreads([table], ["language-0", "language-3"])


DEMO = paths.REPOSITORY / "outputs" / "demo" / "tables" / "scores.csv"


@pytest.mark.skipif(not DEMO.exists(), reason="no published demo")
def test_the_measured_spreads_tell_the_spread_of_the_primary_contrast():
    """Two ways to the same number: components from all labelled arms, and the contrast itself."""
    table = read_table(DEMO)
    low = ("lir", "tul", "ost", "nar")
    worlds, seeds = table["world_seed"].nunique(), table["seed"].nunique()
    if seeds < 2 or "translated" not in set(table["strategy"]):
        pytest.skip("the published demo has no seeds to compare")
    found = measured_spreads([table], low)
    one = table[table["world_seed"] == table["world_seed"].min()]
    direct = estimate(Subset(languages=low).of(contrast(one, "translated", "english")))
    told = unit_spread(
        Design(worlds=1, seeds=seeds, target_tasks=tuple(found.tuning)), with_world(found, 0.0)
    )
    # With three seeds a standard deviation is known to within a factor of six (chi-square, 2 df)
    assert direct.se * seeds**0.5 / 6.3 < told < direct.se * seeds**0.5 * 6.3
    assert worlds >= 1
