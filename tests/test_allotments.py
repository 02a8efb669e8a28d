"""Real text in two allotments: the languages with little text change places, and every reader knows it."""

import pandas as pd
import pytest
from small_languages import FIVE_LANGUAGES as LANGUAGES

from polystilts.errors import StudyError
from polystilts.evidence.hypotheses import load_hypotheses
from polystilts.evidence.ledger import build_claims, find_claim
from polystilts.gate.calls import call_all
from polystilts.sources.allotments import low_resource_in_world, low_resource_of
from polystilts.statistics.compare import primary_contrast
from polystilts.statistics.factors import factor_effects
from polystilts.statistics.gains import contrast, gains, transfer_gap
from polystilts.statistics.intervals import highest_unit
from polystilts.statistics.planted import planted_scores
from polystilts.statistics.tables import with_levels

SHARED = {
    "source": "files", "source_language": "alb", "languages": list(LANGUAGES["language"]),
    "low_resource": ["dor", "lir"], "tested_only": [], "world_seeds": [0, 1, 2, 3],
}  # fmt: skip
ARMS = ("none", "english:squad_v2", "translated:squad_v2:A", "translated:squad_v2:B")


def table(worlds=(0, 1), advantage=(4.0, 0.0), seed_sd=0.3) -> pd.DataFrame:
    """Translated practice beats English by one advantage where text is scarce, by another where it is not."""
    scores = planted_scores(
        ARMS, LANGUAGES, ("xcopa", "panx", "tatoeba"), world_seeds=worlds, seed_sd=seed_sd
    )
    low = {world: low_resource_in_world(SHARED, world) for world in worlds}
    scarce = [row.language in low[row.world_seed] for row in scores.itertuples()]
    gain = pd.Series(scarce).map({True: advantage[0], False: advantage[1]})
    scores["value"] += gain.where(scores["strategy"] == "translated", 0.0)
    scores["value"] -= 10.0 * pd.Series(scarce)  # little text costs ten points in any arm
    return scores


def test_the_groups_change_places_in_odd_worlds_of_real_data_only():
    assert low_resource_of(SHARED) == {
        0: ("dor", "lir"),
        1: ("tul", "nar"),
        2: ("dor", "lir"),
        3: ("tul", "nar"),
    }
    assert low_resource_of(SHARED | {"source": "world"}) == ("dor", "lir")
    assert low_resource_in_world(SHARED | {"tested_only": ["lir"]}, 1) == ("lir", "tul", "nar")


def test_a_world_without_a_declaration_is_refused():
    with pytest.raises(StudyError, match="for world 1, only for \\[0\\]"):
        with_levels(table(), {0: ("dor",)})


def test_the_primary_contrast_follows_the_text():
    found = primary_contrast(table(), low_resource_of(SHARED))["primary"]
    assert found.these.estimate == pytest.approx(4.0, abs=0.5)
    assert (found.these.unit, found.these.units) == ("seed", 3)  # two allotments repeat nothing
    assert found.these.n == 2 * 2 * 3 * 2  # languages × allotments × seeds × targets, unexposed in one set
    assert "allotments" in found.limits
    fixed = primary_contrast(table(), SHARED["low_resource"])["primary"]
    assert fixed.these.estimate == pytest.approx(2.0, abs=0.5)  # what a reader who forgot would find


def test_worlds_are_units_once_an_allotment_is_repeated():
    found = primary_contrast(table(worlds=(0, 1, 2, 3)), low_resource_of(SHARED))["primary"]
    assert (found.these.unit, found.these.units) == ("world_seed", 4)
    assert found.these.estimate == pytest.approx(4.0, abs=0.5) and not found.notes
    scores = with_levels(table(worlds=(0, 1, 2, 3)), low_resource_of(SHARED))
    two = scores[scores["world_seed"] < 2]
    assert highest_unit(scores) == "world_seed" and highest_unit(two) == "seed"
    assert highest_unit(transfer_gap(two, "alb")) == "seed"  # gaps and gains repeat what their scores do
    assert highest_unit(with_levels(gains(two), low_resource_of(SHARED))) == "seed"


def test_a_cell_that_one_world_of_its_allotment_lacks_is_left_out():
    scores = table(worlds=(0, 1, 2, 3))
    hole = (scores["world_seed"] == 2) & (scores["language"] == "dor") & (scores["target_task"] == "panx")
    found = primary_contrast(scores[~hole], low_resource_of(SHARED))["primary"]
    whole = primary_contrast(scores, low_resource_of(SHARED))["primary"]
    assert found.these.n == whole.these.n - 6 and any("missing" in note for note in found.notes)


def test_the_effect_of_text_is_read_within_each_language():
    scores = with_levels(table(seed_sd=0.0), low_resource_of(SHARED))
    effects = factor_effects(scores, LANGUAGES, SHARED["low_resource"]).set_index(["target_task", "factor"])
    assert effects.loc[("panx", "resource"), "estimate"] == pytest.approx(10.0)
    assert effects.loc[("panx", "resource"), "unit"] == "seed"


@pytest.mark.parametrize("worlds", [(0, 1), (0, 1, 2, 3)])
def test_the_gate_comes_to_the_same_by_its_own_way(worlds):
    scores, hypotheses = table(worlds=worlds), load_hypotheses()
    low = low_resource_of(SHARED)
    claims = build_claims(scores, gains(scores), LANGUAGES, hypotheses, "planted", low)
    rows = [
        {"id": row.id, "family": row.family, "quantifier": row.quantifier, "contrast": row.contrast,
         "subset": row.subset, "direction": row.direction, "smallest_effect": row.smallest_effect,
         "error_rate": row.error_rate} for row in hypotheses
    ]  # fmt: skip
    calls = call_all(rows, scores, LANGUAGES, {world: frozenset(low[world]) for world in worlds})
    told = 0
    for claim in claims:
        mine = calls[claim.id]
        assert mine.outcome == claim.outcome, claim.id
        if claim.estimate is not None:
            told += 1
            assert mine.estimate.value == pytest.approx(claim.estimate), claim.id
            assert (mine.estimate.n, mine.estimate.units) == (claim.n, claim.units), claim.id
            if claim.low is not None:
                assert mine.estimate.ends() == pytest.approx((claim.low, claim.high)), claim.id
    assert told >= 8 and find_claim(claims, "growth-low-resource").estimate == pytest.approx(4.0, abs=0.5)


def test_differences_carry_their_level():
    cells = contrast(with_levels(table(), low_resource_of(SHARED)), "translated", "english")
    at = cells[cells["language"] == "dor"].groupby("world_seed")["resource_level"].unique()
    assert [list(values) for values in at] == [["low"], ["high"]]
