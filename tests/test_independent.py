"""Every number of every published claim recomputed from its tables, by `independent.py` and nothing of ours.

Here are the outcomes and what is told beside them; docs/claims.md defines both.
"""

import json
from collections import defaultdict
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import yaml
from independent import ABSENT, NULLS, TEACHING, Study, complete, estimate, unit_of
from scipy import optimize, stats

ROOT = Path(__file__).parents[1]
STUDIES = sorted(file.parent.name for file in (ROOT / "outputs").glob("*/claims.json"))


def p_values(found, row):
    if found.cells:
        each = [p_values(one, row) for one in found.cells]
        worst = {name: max(p[name] for p in each) for name in each[0]}
        return worst | {"contradicted": min(1, len(each) * min(p["contradicted"] for p in each))}
    m, direction = row["smallest_effect"], row["direction"]
    up, down, inside = 2 * found.above(0), 2 * found.below(0), max(found.above(-m), found.below(m))
    if direction == "at_most":
        return {"supported": found.below(m), "contradicted": 2 * found.above(m)}
    if direction == "equivalent":
        return {"supported": inside, "contradicted": 2 * min(found.above(m), found.below(-m))}
    if direction == "increase":
        return {"equivalent": inside, "supported": up, "contradicted": down, "not larger": found.below(m)}
    return {"equivalent": inside, "supported": down, "contradicted": up, "not larger": found.above(-m)}


def outcome(found, row, factor=1.0, logit=None):
    if found.error is None:
        return "undecided"
    for name, p in p_values(found, row).items():
        if p < row["error_rate"] and p * factor < row["error_rate"]:
            signed = row["direction"] in ("increase", "decrease") and name in ("supported", "contradicted")
            return "undecided" if signed and logit is not None and logit * found.value <= 0 else name
    return "undecided"


def detectable(found, alpha):
    edge, df = stats.t.isf(alpha / 2, found.units - 1), found.units - 1

    def missed(shift):  # far out no number is given: nothing is missed there
        return np.nan_to_num(stats.nct.cdf(edge, df, shift)) - np.nan_to_num(stats.nct.cdf(-edge, df, shift))

    return optimize.bisect(lambda shift: 0.2 - missed(shift), 0, 10 * edge, xtol=1e-10) * found.error


def lacks(cells, contrast):
    if contrast.get("measure") == "between":
        return not all(cells[contrast["column"]].isin(contrast[name]).any() for name in ("first", "second"))
    few = contrast.get("measure") == "slope" and cells.groupby("language")["distance"].first().nunique() < 3
    return cells.empty or few


def by_kind(cells, side):
    unit = unit_of(cells)
    parts = dict(list(complete(cells, unit).groupby("task_kind")))
    parts = {"": cells, **(parts if len(parts) > 1 else {})}
    return {(side, kind): estimate(part, {}, "mean", unit=unit) for kind, part in parts.items()}


def measured(study, row):
    """A hypothesis over the differences that may count, with everything that is told beside it."""
    contrast, (one, two) = row["contrast"], (row["contrast"]["treatment"], row["contrast"]["control"])
    here, rule = set(study.rows["strategy"]), (row["contrast"], row["quantifier"])
    cells = study.differences(one, two, row["subset"]) if {one, two} <= here else None
    if cells is None or lacks(cells, contrast):
        return None
    tasks = set(cells["intermediate_task"]) - set(ABSENT) if TEACHING & {one, two} else ()
    unlearned = [task for task in tasks if not study.learned(task, (one, two))]
    left = cells[~cells["intermediate_task"].isin(unlearned)]
    testable = not lacks(left, contrast) and 2 * (~left["flagged"]).sum() >= len(left)
    cells = left if testable else cells
    unit, mean = unit_of(cells), row["quantifier"] == "mean" and "measure" not in contrast
    found, beside = estimate(cells, *rule), defaultdict(list)
    rows = by_kind(cells, "contrast") if mean else {("contrast", ""): found}

    def against(arm, other):
        part = study.differences(arm, other, row["subset"])
        return part[part["intermediate_task"].isin([*cells["intermediate_task"], *ABSENT])]

    sides = {"control": two, "treatment": one} if mean and two != "none" and "none" in here else {}
    for side, arm in sides.items():
        rows |= by_kind(against(arm, "none"), side)
    for arm in sides.values() or ([one] if two == "none" else []):
        for null in [null for null, same in NULLS.items() if same == arm and null in here - {one, two}]:
            alone = estimate(against(null, "none"), {}, "mean")
            if alone.error is not None and not alone.ends()[0] <= 0 <= alone.ends()[1]:
                beyond = estimate(against(arm, null), {}, "mean")
                beside["null control"].append([*alone.numbers(), *beyond.numbers()])
    if cells["flagged"].any():
        rest = estimate(cells[~cells["flagged"]], *rule, unit=unit, whole=False)
        numbers = rest.numbers() if rest.n else []
        beside["without flagged"] = [[cells["flagged"].sum(), len(cells), *numbers]]
    if (contrast.get("measure") or row["quantifier"]) in ("mean", "between"):
        kept, without = complete(cells, unit), {}
        for column in ("language", "target_task"):
            names = sorted(kept[column].unique()) if kept[column].nunique() > 1 else ()
            without |= {
                (column, name): estimate(kept[kept[column] != name], *rule, unit=unit) for name in names
            }
        jack = np.array([it.value for (column, _), it in without.items() if column == "language"])
        if found.error is not None and (study.real or unit != "world_seed") and len(jack) > 2:
            error = (found.error**2 + (len(jack) - 1) * jack.var()) ** 0.5
            ends = stats.t.interval(0.95, min(found.units - 1, len(jack) - 1), found.value, error)
            beside["languages"] = [] if np.isnan(error) else [list(ends)]
        signed, whole = row["direction"] in ("increase", "decrease"), outcome(found, row)
        turned = [name for (_, name), it in without.items()
                  if (it.value * found.value < 0 if signed else outcome(it, row) != whole)]  # fmt: skip
        beside["turned by"] = [[turned]] if turned else []
    logit = estimate(cells, *rule, "logit").value
    return {"estimate": found, "testable": testable, "rows": rows, "beside": beside, "logit": logit}


def called(study, rows):
    """Every hypothesis of a study measured, and called with the others of its family."""
    found = {row["id"]: measured(study, row) for row in rows}
    tested = {name: told["estimate"] for name, told in found.items() if told and told["testable"]}
    p = {row["id"]: min(p_values(tested[row["id"]], row).values()) for row in rows
         if row["id"] in tested and tested[row["id"]].error is not None}  # fmt: skip
    for row in rows:
        told, name = found[row["id"]], row["id"]
        family = [one["id"] for one in rows if one["family"] == row["family"] and one["id"] in p]
        if not told:
            continue
        m, it, largest, factors = len(family), told["estimate"], 0.0, {}
        told |= {"family": m, "outcome": "undecided" if told["testable"] else "not testable"}
        for place, other in enumerate(sorted(family, key=p.get)):
            largest = max(largest, min(1.0, (m - place) * p[other]))
            factors[other] = largest / p[other] if p[other] else float(m)
        if name not in p:
            continue
        told |= {"factor": factors[name], "outcome": outcome(it, row, factors[name], told["logit"])}
        if (
            told["outcome"] == ("supported" if row["direction"] == "equivalent" else "equivalent")
            and not it.cells
        ):
            level = 1 - 2 * row["error_rate"] / factors[name]
            told["beside"]["equivalence"] = [[100 * level, *it.ends(level)]]
        size = detectable(it, row["error_rate"] / m / max(1, len(it.cells)))
        told["beside"] |= {"detectable effect": [[size, m]]}
        told["beside"] |= {"correction": [[factors[name], m]]} if m > 1 else {}
    return found


FIELDS = {
    "null control": ["estimate", "low", "high", "beyond_estimate", "beyond_low", "beyond_high"],
    "without flagged": ["flagged", "n", "estimate", "low", "high"],
    "languages": ["low", "high"],
    "turned by": ["without"],
    "equivalence": ["level", "low", "high"],
    "detectable effect": ["size", "family"],
    "correction": ["factor", "family"],
}


def differing(claim, told):
    """What a published claim says otherwise than its tables."""
    if told is None:
        wanted = {"estimate": None, "low": None, "high": None, "n": 0, "units": 0, "outcome": "not run"}
    else:
        it = told["estimate"]
        wanted = dict(zip(("estimate", "low", "high"), it.numbers(), strict=True)) | {
            "n": it.n,
            "units": it.units,
        }
        if "contrast" in claim:  # claims of before had neither these outcomes nor numbers beside theirs
            wanted |= {"outcome": told["outcome"], "family": told["family"], "factor": told.get("factor")}
    said = {name: claim[name] for name in wanted if name != "outcome" or "contrast" in claim}
    wanted = {name: wanted[name] for name in said}
    if told is not None and "contrast" in claim:
        rows = {(row["side"], row["kind"]): row for row in claim["contrast"]["rows"]}
        said |= {key: [row[name] for name in ("estimate", "low", "high", "n")] for key, row in rows.items()}
        wanted |= {key: [*it.numbers(), it.n] for key, it in told["rows"].items()}
        for name, fields in FIELDS.items():
            many = [one for one in claim["qualifications"] if one["name"] == name and set(one) & set(fields)]
            said[name] = [[one[field] for field in fields if field in one] for one in many]
            wanted[name] = told["beside"][name]
    names = [name for name in {**wanted, **said} if not alike(said.get(name), wanted.get(name))]
    return {name: (said.get(name), wanted.get(name)) for name in names}


def alike(said, right):
    if isinstance(right, list):
        return isinstance(said, list) and len(said) == len(right) and all(map(alike, said, right))
    if right is None or said is None or isinstance(right, str):
        return said == right
    return abs(said - right) <= 2e-6


@cache
def claims_and_findings(folder):
    params = yaml.safe_load((ROOT / "params" / f"{folder.name}.yaml").read_text(encoding="utf-8"))
    study, found = Study(folder, params), {}
    for file in ["hypotheses.yaml", "hypotheses-real.yaml"][: 1 + study.real]:
        rows = yaml.safe_load((ROOT / "params" / file).read_text(encoding="utf-8"))["hypotheses"]
        found |= called(study, rows)
    claims = json.loads((folder / "claims.json").read_text(encoding="utf-8"))["claims"]
    return {claim["hypothesis"]: claim for claim in claims}, found


@pytest.mark.parametrize("name", STUDIES)
def test_every_number_of_a_published_claim_follows_from_its_tables(name):
    claims, found = claims_and_findings(ROOT / "outputs" / name)
    assert set(claims) == set(found)
    assert {id: wrong for id, claim in claims.items() if (wrong := differing(claim, found[id]))} == {}


@pytest.mark.parametrize("name", STUDIES)
def test_a_number_that_does_not_follow_is_noticed(name):
    claims, found = claims_and_findings(ROOT / "outputs" / name)
    for id, claim in claims.items():
        for field in ("estimate", "low", "high", "n"):
            wrong = claim | {field: (claim[field] or 0) + 0.001}
            assert set(differing(wrong, found[id])) == {field}
