"""Every number of every published claim, recomputed from its tables by `independent.py` and nothing of ours."""

import json
from pathlib import Path

import pytest
import yaml
from independent import Study, called

ROOT = Path(__file__).parents[1]
STUDIES = sorted(file.parent.name for file in (ROOT / "outputs").glob("*/claims.json"))
FIELDS = {"null control": ["estimate", "low", "high", "beyond_estimate", "beyond_low", "beyond_high"],
          "without flagged": ["flagged", "n", "estimate", "low", "high"], "languages": ["low", "high"],
          "turned by": ["without"], "equivalence": ["level", "low", "high"], "detectable effect": ["size", "family"],
          "correction": ["factor", "family"]}  # fmt: skip


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
    if told is not None and "contrast" in claim:
        rows = {(row["side"], row["kind"]): row for row in claim["contrast"]["rows"]}
        said |= {key: [row[name] for name in ("estimate", "low", "high", "n")] for key, row in rows.items()}
        wanted |= {key: [*it.numbers(), it.n] for key, it in told["rows"].items()}
        for name, fields in FIELDS.items():
            many = [one for one in claim["qualifications"] if one["name"] == name and set(one) & set(fields)]
            said[name] = [[one[field] for field in fields if field in one] for one in many]
            wanted[name] = (
                told["beside"][name] if name != "turned by" else [[names] for names in told["beside"][name]]
            )
    return {name: (said.get(name), right) for name, right in wanted.items() if not alike(said.get(name), right)
            and (name in said or right is not None)} | {name: said[name] for name in set(said) - set(wanted)}  # fmt: skip


def alike(said, right):
    if isinstance(right, list):
        return isinstance(said, list) and len(said) == len(right) and all(map(alike, said, right))
    if right is None or said is None or isinstance(right, str):
        return said == right
    return abs(said - right) <= 2e-6 * max(1, abs(right))


def claims_and_findings(folder):
    params = yaml.safe_load((ROOT / "params" / f"{folder.name}.yaml").read_text(encoding="utf-8"))
    study, found = Study(folder, params), {}
    for file in ["hypotheses.yaml", "hypotheses-real.yaml"][: 1 + study.real]:
        found |= called(
            study, yaml.safe_load((ROOT / "params" / file).read_text(encoding="utf-8"))["hypotheses"]
        )
    claims = json.loads((folder / "claims.json").read_text(encoding="utf-8"))["claims"]
    return {claim["hypothesis"]: claim for claim in claims}, found


@pytest.mark.parametrize("name", STUDIES)
def test_every_number_of_a_published_claim_follows_from_its_tables(name):
    claims, found = claims_and_findings(ROOT / "outputs" / name)
    assert set(claims) == set(found)
    assert {id: wrong for id, claim in claims.items() if (wrong := differing(claim, found[id]))} == {}
