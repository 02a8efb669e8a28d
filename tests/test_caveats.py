"""What a claim says beside its number: the gate finds the same caveats by its own way, and misses none."""

import re
from functools import cache

import pandas as pd
import pytest
from small_languages import FIVE_LANGUAGES as LANGUAGES

from polystilts.evidence.claim import as_record
from polystilts.evidence.hypotheses import load_hypotheses
from polystilts.evidence.ledger import build_claims
from polystilts.gate.calls import call_all
from polystilts.gate.caveats import LEADS, above, background, caveat_differences, visible
from polystilts.gate.estimates import Estimate
from polystilts.statistics.gains import gains
from polystilts.statistics.intervals import t_interval, wilson_interval
from polystilts.statistics.planted import planted_scores

ARMS = (
    "none",
    "untrained",
    "none-long",
    "english:squad_v2",
    "translated:squad_v2:A",
    "translated:squad_v2:B",
)
TARGETS = ("xcopa", "panx", "xquad", "tatoeba")
LOW = ("dor", "lir")


def table(draw: int) -> pd.DataFrame:
    """Planted scores with all that caveats are about: cells at both ends, practice that was not learned."""
    scores = planted_scores(
        ARMS, LANGUAGES, TARGETS, {"translated": 1.0}, (0, 1, 2), (0, 1),
        cell_sd=2.0, world_sd=1.0, language_sd=2.0, random_seed=draw,
    )  # fmt: skip
    at_chance = (scores["target_task"] == "xcopa") & (scores["language"] == "lir")
    at_the_top = (scores["target_task"] == "panx") & (scores["language"] == "dor")
    all_at_the_top = (scores["target_task"] == "xquad") & (draw == 1)
    scores["value"] += -12.0 * at_chance + 37.0 * at_the_top + 45.0 * all_at_the_top
    scores["value"] = scores["value"].clip(0, 100)
    english = scores[(scores["strategy"] == "english") & (scores["language"] == "alb")]
    dev = english.drop_duplicates("run_id").assign(
        target_task="squad_v2", split="dev", metric="f1", value=50.0
    )
    return pd.concat([scores, dev, dev.assign(metric="majority", value=49.0)], ignore_index=True)


@cache
def judged(draw: int):
    """The claims as the ledger writes them, and what the gate judges them by."""
    scores, hypotheses = table(draw), load_hypotheses()
    claims = build_claims(scores, gains(scores), LANGUAGES, hypotheses, "planted", LOW)
    rows = {
        row.id: {"id": row.id, "family": row.family, "quantifier": row.quantifier, "contrast": row.contrast,
                 "subset": row.subset, "direction": row.direction, "smallest_effect": row.smallest_effect,
                 "error_rate": row.error_rate}
        for row in hypotheses
    }  # fmt: skip
    low = dict.fromkeys((0, 1, 2), frozenset(LOW))
    known = background(scores, LANGUAGES, low, real=False)
    return (
        {claim.id: as_record(claim) for claim in claims},
        call_all(list(rows.values()), scores, LANGUAGES, low),
        rows,
        known,
    )


def found_in(draw: int, name: str, sentence: str | None = None) -> list[str]:
    claims, calls, rows, known = judged(draw)
    claim = claims[name] if sentence is None else claims[name] | {"sentence": sentence}
    return caveat_differences(claim, calls[name], rows[name], known)


@pytest.mark.parametrize("draw", range(2))
def test_the_gate_comes_to_the_same_caveats_by_its_own_way(draw):
    assert {name: found_in(draw, name) for name in judged(draw)[0]} == dict.fromkeys(judged(draw)[0], [])


@pytest.mark.parametrize("lead", LEADS)
def test_a_caveat_that_is_left_out_or_made_up_is_named(lead):
    told = [(draw, name, claim["sentence"]) for draw in range(2) for name, claim in judged(draw)[0].items()
            if claim["estimate"] is not None]  # fmt: skip
    having = [one for one in told if lead in one[2]]
    lacking = [one for one in told if lead not in one[2]]
    assert having, f"no claim says {lead}"
    draw, name, sentence = having[-1]
    without = re.sub(rf"[^.]*{re.escape(lead.strip())}(\d\.\d|[^.])*\.", "", sentence)
    assert any(lead.strip().split(" ")[0] in what for what in found_in(draw, name, without)), without
    for draw, name, sentence in lacking[:1]:
        made_up = sentence.replace(" Outcome:", f" {lead} Outcome:")
        assert f"its sentence has no right to '{lead.strip()}'" in found_in(draw, name, made_up)


def test_another_number_in_a_caveat_is_named():
    for pattern, other in (
        (r"(new languages:) \S+", r"\1 +99.9"),
        (r"(effect of) \S+", r"\1 99.9"),
        (r"(above 95:) \S+\.", r"\1 +99.9."),
        (r"Without the (\d+)", r"Without the 9\1"),
    ):
        name = next(name for name, claim in judged(0)[0].items() if re.search(pattern, claim["sentence"]))
        words = re.sub(pattern, other, judged(0)[0][name]["sentence"])
        assert len(found_in(0, name, words)) == 1, words


@pytest.mark.parametrize("n", [20, 150, 999])
@pytest.mark.parametrize("guess", [0.5, 25.0, 50.0])
def test_the_score_test_decides_as_wilsons_interval_does(n, guess):
    for value in (0.0, guess, *(guess + step / 4 for step in range(100))):
        assert above(value, guess, n) == (wilson_interval(value, n)[0] > guess + 1e-9), value


@pytest.mark.parametrize("values", [(1.0, 2.0), (0.5, 0.6, 3.0), tuple(range(10))])
def test_the_effect_that_would_be_seen_is_found_from_either_side(values):
    found = t_interval(values)
    mine, told = Estimate(found.estimate, found.se, int(found.df), found.units, 9), found.smallest_visible()
    assert visible(mine, round(told, 1))
    assert not visible(mine, round(told, 1) + 0.2) and not visible(mine, round(told, 1) - 0.2)
