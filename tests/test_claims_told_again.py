"""The gate makes every number and every word of a claim again by its own way, and lets nothing else stand."""

import copy
from functools import cache

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_languages import FIVE_LANGUAGES as LANGUAGES

from polystilts.evidence.claim import as_record
from polystilts.evidence.hypotheses import load_hypotheses
from polystilts.evidence.ledger import build_claims
from polystilts.gate.calls import call_all
from polystilts.gate.claims import claim_differences, text_difference, word_differences
from polystilts.gate.guessing import lesson, wilson
from polystilts.gate.phrases import settle, signed
from polystilts.gate.qualifications import background
from polystilts.statistics.gains import gains
from polystilts.statistics.intervals import wilson_interval
from polystilts.statistics.planted import planted_scores
from polystilts.wording import wording

ARMS = (
    "none", "untrained", "none-long", "shuffled:squad_v2", "english:squad_v2", "english:mnli",
    "translated:squad_v2:A", "translated:squad_v2:B", "translated:mnli:A", "english+mlm:mnli",
)  # fmt: skip
TARGETS = ("xcopa", "panx", "xquad", "tatoeba")
LOW = ("dor", "lir")
EFFECTS = ({"translated": 3.0, "shuffled": -4.0}, {"translated": -1.0, "english": 1.0, "none-long": 0.2})


def table(draw: int) -> pd.DataFrame:
    """Planted scores with what claims tell of: cells at both ends, lessons not learned, a harmful control."""
    worlds, seeds = ((0, 1, 2), (0, 1)) if draw == 0 else ((0,), (0, 1, 2))
    scores = planted_scores(ARMS, LANGUAGES, TARGETS, EFFECTS[draw], worlds, seeds, cell_sd=2.0, world_sd=1.0,
                            language_sd=2.0, random_seed=draw)  # fmt: skip
    at_chance = (scores["target_task"] == "xcopa") & (scores["language"] == "lir")
    at_the_top = (scores["target_task"] == "panx") & (scores["language"] == "dor")
    scores["value"] += -12.0 * at_chance + 37.0 * at_the_top
    scores["value"] = scores["value"].clip(0, 100)
    lost = (scores["world_seed"] == 1) & (scores["language"] == "tul") & (scores["target_task"] == "xquad")
    scores = scores[~(lost & (scores["strategy"] == "translated"))]
    english = scores[(scores["strategy"] == "english") & (scores["language"] == "alb")].drop_duplicates(
        "run_id"
    )
    dev = english.assign(target_task=english["intermediate_task"], split="dev", n=200)
    dev["metric"] = dev["target_task"].map({"squad_v2": "f1", "mnli": "accuracy"})
    dev["value"] = dev["target_task"].map({"squad_v2": 70.0, "mnli": 40.0})
    guess = dev.assign(metric="majority", value=dev["target_task"].map({"squad_v2": 50.0, "mnli": 36.0}))
    return pd.concat([scores, dev, guess], ignore_index=True)


@cache
def judged(draw: int):
    """The claims as the ledger writes them, and what the gate judges them by."""
    scores, hypotheses = table(draw), load_hypotheses()
    worlds = sorted(scores["world_seed"].unique())
    promised = (*worlds, 9)  # a world that was declared and is not there
    claims = build_claims(
        scores, gains(scores), LANGUAGES, hypotheses, "planted", LOW, declared_worlds=promised
    )
    rows = {
        row.id: {"id": row.id, "family": row.family, "quantifier": row.quantifier, "contrast": row.contrast,
                 "subset": row.subset, "direction": row.direction, "smallest_effect": row.smallest_effect,
                 "error_rate": row.error_rate, "sentence": row.sentence}
        for row in hypotheses
    }  # fmt: skip
    low = {int(world): frozenset(LOW) for world in worlds}
    known = background(scores, LANGUAGES, low, False, frozenset(map(int, promised)))
    calls = call_all(list(rows.values()), scores, LANGUAGES, low)
    return {claim.id: as_record(claim) for claim in claims}, calls, rows, known


def found_in(draw: int, name: str, claim: dict | None = None) -> list[str]:
    claims, calls, rows, known = judged(draw)
    claim = claim or claims[name]
    return [*claim_differences(claim, calls[name]), *word_differences(claim, calls[name], rows[name], known)]


@pytest.mark.parametrize("draw", range(2))
def test_the_gate_comes_to_the_same_claims_by_its_own_way(draw):
    assert {name: found_in(draw, name) for name in judged(draw)[0]} == dict.fromkeys(judged(draw)[0], [])


def test_the_planted_tables_hold_nearly_every_qualification_and_outcome():
    claims = [claim for draw in range(2) for claim in judged(draw)[0].values()]
    told = {one["name"] for claim in claims for one in claim["qualifications"]}
    assert set(wording()["qualifications"]) - told <= {"equivalence"}
    assert {claim["outcome"] for claim in claims} >= {"supported", "undecided", "not testable", "not run"}


def places(part, path=()):
    """Every number and text of a claim, by the keys that lead there."""
    if isinstance(part, dict | list):
        pairs = part.items() if isinstance(part, dict) else enumerate(part)
        for key, one in pairs:
            yield from places(one, (*path, key))
    elif part is not None and not isinstance(part, bool):
        yield path


TOLD = (
    "estimate", "low", "high", "n", "units", "outcome", "reason", "factor", "family", "headline", "contrast",
    "qualifications", "sentence", "quantifier",
)  # fmt: skip


@cache
def all_places() -> list[tuple[int, str, tuple]]:
    claims = [(draw, name, claim) for draw in range(2) for name, claim in judged(draw)[0].items()]
    return [(draw, name, path) for draw, name, claim in claims for path in places(claim) if path[0] in TOLD]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_whatever_is_changed_in_a_claim_is_named(data):
    draw, name, path = data.draw(st.sampled_from(all_places()))
    claim = copy.deepcopy(judged(draw)[0][name])
    *before, last = path
    part = claim
    for key in before:
        part = part[key]
    if isinstance(part[last], str):
        cut = data.draw(st.integers(0, len(part[last])))
        more = data.draw(
            st.sampled_from([" without exception", "9", "a", " ", ". In Lirish it is +30.0 points."])
        )
        part[last] = part[last][:cut] + more + part[last][cut:]
    else:
        part[last] += data.draw(st.sampled_from([1, -1, 30])) * (
            0.001 if isinstance(part[last], float) else 1
        )
    assert found_in(draw, name, claim)


@pytest.mark.parametrize("field", ["contrast", "qualifications"])
def test_what_is_added_or_left_out_is_named(field):
    for name, claim in judged(0)[0].items():
        if not claim["qualifications"] or not claim["contrast"]["rows"]:
            continue
        more, fewer = copy.deepcopy(claim), copy.deepcopy(claim)
        many = {"contrast": lambda one: one["contrast"]["rows"], "qualifications": lambda one: one[field]}[
            field
        ]
        many(more).append(many(more)[0])
        many(fewer).pop()
        assert found_in(0, name, more) and found_in(0, name, fewer), name
        more = copy.deepcopy(claim)
        (more["contrast"] if field == "contrast" else more[field][0])["remark"] = "in every language"
        assert "remark" in found_in(0, name, more)[0]


def test_a_number_just_at_a_half_may_be_rounded_either_way_and_no_other():
    assert list(text_difference("headline", "It is +0.3.", f"It is {signed(0.25)}.")) == []
    assert list(text_difference("headline", "It is +0.2.", f"It is {signed(0.2500009)}.")) == []
    assert list(text_difference("headline", "It is +0.2.", f"It is {signed(0.25001)}.")) != []
    assert list(text_difference("headline", "It is +0.4.", f"It is {signed(0.25)}.")) != []
    assert settle(signed(-0.0499999), "−0.1") == "−0.1" and settle(signed(0.04), "") == "0.0"


@pytest.mark.parametrize("n", [20, 150, 999])
def test_both_intervals_of_wilson_are_the_same(n):
    for value in range(0, 101, 5):
        assert wilson(value, n) == pytest.approx(wilson_interval(value, n), abs=1e-9)


def test_a_shuffled_arm_is_never_asked_what_it_learned():
    scores = table(0)
    dev = scores["split"] == "dev"
    scores.loc[dev, "strategy"] = "shuffled"
    assert lesson(scores, "mnli", ["shuffled"]) is None
    scores.loc[dev, "strategy"] = "translated"
    assert lesson(scores, "mnli", ["translated", "shuffled"]) == (40.0, 200.0, 36.0)
