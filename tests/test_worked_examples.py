"""Every quantity that a claim may print, by the answers that were worked out by hand in `worked_examples/`.

Study and gate are both held to each file; and each definition, once broken, is noticed by its example.
"""

import numpy as np
import pandas as pd
import pytest
import yaml
from worked_answers import FILES, SIDES, check

from polystilts.gate import calls, estimates, guessing, headlines, outcomes, qualifications


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_side_comes_to_the_answers_that_were_worked_out_by_hand(file, side):
    check(file, side)


def test_every_file_asks_something():
    assert len(FILES) > 15
    for file in FILES:
        example = yaml.safe_load(file.read_text(encoding="utf-8"))
        assert any(example.get(name) for name in ("answer", "flags", "guesses")), file.name


# --- each definition, broken once -------------------------------------------------------------------------


def kinds_are_not_weighed(table):
    return estimates._means((unit, value) for (unit, _), value in table.items())


def normal_ends(found, level=0.95):
    half = 1.96 * (found.error or 0)
    return (found.value - half, found.value + half) if half else (None, None)


def score_test(value, n):
    return value - 196 * (value / 100 * (1 - value / 100) / n) ** 0.5, 100.0


def any_signs(kinds):
    return "hidden" if len({found.value > 0 for found in kinds.values()}) > 1 else ""


def whole_cells_only(call, row, unit=""):
    return estimates.estimate(call.cells[~call.flags], row["contrast"], row["quantifier"], unit=unit)


def plain_variance(found, without):
    left = [rest.value for column, rest in without.values() if column == "language"]
    error = (found.error**2 + float(pd.Series(left).var())) ** 0.5
    half = 12.706205 * error
    return (found.value - half, found.value + half) if len(left) > 2 else None


def no_running_maximum(p):
    return {name: float(len(p) - rank) for rank, name in enumerate(sorted(p, key=p.get))}


def nothing_is_not_larger(found, row):
    return {word: p for word, p in surprises(found, row).items() if word != "not larger"}


def two_values_are_enough(row, cells):
    why = lacking(row, cells)
    return () if why[:1] == ("values",) else why


def ties_are_won(rows, contrast):
    table = estimates.by_language(rows)
    share = estimates._means((key[0], float(value >= 0)) for key, value in table.items())
    return {unit: 100 * value - 50 for unit, value in share.items()}


decision, surprises, lacking = outcomes.decision, outcomes.surprises, calls.lacking
detectable = outcomes.detectable
BROKEN = [
    ("estimate", estimates, "over_kinds", kinds_are_not_weighed),
    ("estimate", estimates, "_everywhere", lambda rows: [True] * len(rows)),
    ("interval", estimates.Estimate, "ends", normal_ends),
    ("log_odds", calls, "decision", lambda found, row, factor, logit: decision(found, row, factor, None)),
    ("one_seed", estimates, "highest_unit", lambda cells: "seed"),
    ("against_none", calls, "by_kind", lambda cells: {}),
    ("opposite_effects", headlines, "_opposite", any_signs),
    ("flags", guessing, "CEILING", 94.9),
    ("flags", guessing, "wilson", score_test),
    ("without_flagged", qualifications, "without_flagged", whole_cells_only),
    ("new_languages", qualifications, "new_languages", plain_variance),
    ("detectable", qualifications, "detectable", lambda found, row, tests: detectable(found, row, 1)),
    ("holm", calls, "holm", no_running_maximum),
    ("equivalence", qualifications, "equivalence", lambda found, row, factor: (95.0, *found.ends())),
    ("not_larger", outcomes, "surprises", nothing_is_not_larger),
    ("turned", qualifications, "decide", lambda *of: "supported"),
    ("learned", calls, "learned", lambda told: told[0] > told[2]),
    ("not_testable", calls, "flags_of", lambda cells, flags: np.zeros(len(cells), dtype=bool)),
    ("not_run", calls, "lacking", two_values_are_enough),
    ("null_control", calls, "holds_zero", lambda found: True),
    ("guess_span", guessing, "answer_words", lambda text, rule, language: (text,)),
    ("guess_tags", guessing, "PLACES", 10),
]


@pytest.mark.parametrize(("name", "where", "what", "broken"), BROKEN)
def test_a_broken_definition_is_noticed_by_its_example(name, where, what, broken, monkeypatch):
    (file,) = [file for file in FILES if file.stem == name]
    guessing.tags_from_another_place.cache_clear()
    monkeypatch.setattr(where, what, broken)
    with pytest.raises(AssertionError):
        check(file, "gate")
    guessing.tags_from_another_place.cache_clear()


def test_every_example_of_the_gate_has_a_definition_that_breaks_it(monkeypatch):
    monkeypatch.setitem(estimates.MEASURES, "most", ties_are_won)
    with pytest.raises(AssertionError):
        check(next(file for file in FILES if file.stem == "measures"), "gate")
    assert {file.stem for file in FILES} == {name for name, *_ in BROKEN} | {"measures"}
