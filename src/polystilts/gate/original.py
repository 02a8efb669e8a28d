"""The claim that this study grew from, brought before the same gate, and the six claims that it repeated."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from polystilts.files import sha256, write_json, write_text
from polystilts.gate.verdict import Verdict, verify

ORIGINAL = Path(__file__).with_name("original.yaml")


def original() -> dict[str, Any]:
    """What is known of the record: its identifier, its claim, its evidence and the six claims it repeats."""
    return yaml.safe_load(ORIGINAL.read_text(encoding="utf-8"))


def write_original(folder: Path) -> Path:
    """Lay the record's claim and its evidence out as a folder of outputs, as the gate reads any study."""
    known = original()
    write_text(folder / "check.py", known["evidence"])
    lineage = {
        "scores": "check.py",
        "runs": [],
        "files": {"check.py": sha256(folder / "check.py")},
        "encoder": None,
    }
    claim = {
        "id": "original", "hypothesis": "original", "sentence": known["claim"], "quantifier": "mean",
        "estimate": known["estimate"], "low": None, "high": None, "n": 0, "units": 0, "outcome": "supported",
        "status": "UNVERIFIED", "confirmatory": False, "scale": folder.name, "lineage": lineage,
    }  # fmt: skip
    write_json(folder / "claims.json", {"claims": [claim]})
    return folder


def judge_original(folder: Path, repository: Path | None = None) -> Verdict:
    """Verify the record's own claim: the same function, the same checks, nothing made easier or harder."""
    return verify(write_original(folder), repository=repository)


def reasons_against(verdict: Verdict) -> list[str]:
    """What the gate holds against the record's claim itself, in its own words."""
    return [finding.what for _, finding in verdict.findings
            if finding.effect == "falsifies" and "original" in finding.claims]  # fmt: skip


def six_claims(claims: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Each of the six: what the paper says, what our runs say of it, and what they cannot say."""
    ours = {claim["hypothesis"]: claim for claim in claims}
    rows = []
    for row in original()["six_claims"]:
        found = []
        for name in row["hypotheses"]:
            claim = ours.get(name)
            if claim is None or claim.get("estimate") is None:
                found.append(f"{name}: not run at this scale")
            else:
                found.append(f"{name}: {claim['outcome']}")
        rows.append(
            {
                "the paper": row["text"],
                "our runs": "; ".join(found) or "nothing",
                "what they cannot say": row["beyond"],
            }
        )
    return rows
