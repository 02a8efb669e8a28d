"""The verdict as JSON for machines: documents after the field lists of a publisher of research records.

The field lists were read from published contracts and paraphrased; the documents say that they are derived
from them and are nobody's certificate. No score and no tier is awarded: what the gate did not assess is
UNASSESSED.
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from polystilts import __version__, paths
from polystilts.files import fingerprint, read_json, sha256, write_json
from polystilts.gate.corrections import correction_record
from polystilts.gate.history import is_committed
from polystilts.gate.limits import LIMITS
from polystilts.gate.predictions import as_written
from polystilts.gate.schemas import about, check_document
from polystilts.gate.verdict import Verdict

LEVELS = (
    "source_grounded",
    "cross_source_corroborated",
    "artifact_inspected",
    "sandbox_executed",
    "independently_reproduced",
    "externally_reviewed_or_formally_verified",
)
DIMENSIONS = {
    "evidence_strength": "How far the evidence bears the claims out",
    "citation_grounding": "Whether numbers of others name a source in which they were read",
    "numerical_consistency": "Whether published numbers are those that the files give",
    "benchmark_validity": "Whether the benchmark measures what its name says",
    "novelty": "Whether the finding is new",
    "uncertainty_disclosure": "Whether numbers come with their intervals and limits",
    "reproducibility_status": "Whether a second run came to the same",
    "safety_impact": "Whether the work could do harm",
}
CHECK_OF = {
    "citation_grounding": "citations",
    "numerical_consistency": "scores",
    "reproducibility_status": "replication",
}


def write_record(folder: Path, verdict: Verdict) -> list[Path]:
    """Write `record/`: one JSON file a document, each refused unless it fits its schema in the repository."""
    documents = {
        "gate": study_verdict(folder, verdict),
        "gate-verdict": gate_verdict(verdict),
        "verification-levels": verification_levels(verdict),
        "quality-dimensions": quality_dimensions(verdict),
        "source-provenance": source_provenance(folder, verdict),
        "paper-manifest": paper_manifest(folder, verdict),
        "correction-record": correction_record(folder, verdict.scale),
    }
    for name, document in documents.items():
        check_document(name, document)
    for name, document in documents.items():
        write_json(folder / "record" / f"{name}.json", document)
    return [folder / "record" / f"{name}.json" for name in documents]


def claim_fingerprint(claim: Mapping[str, Any]) -> str:
    """What a status was given to: the claim as it stood, without its status."""
    return fingerprint({key: value for key, value in claim.items() if key != "status"})


def says_more(folder: Path, verdict: Verdict, repository: Path | None = None) -> bool:
    """Whether the record that lies there repeated more cells of the same claims, and may keep its verdict.

    Anybody can write that cells were repeated. A record is kept only as it was committed, and only while what
    it says was predicted again is what the runs predicted. Whatever speaks against a claim, a changed source
    among it, is news and replaces any record.
    """
    file = folder / "record" / "gate.json"
    if not verdict.status.startswith(("UNVERIFIED", "VERIFIED")) or "stale" in verdict.status:
        return False
    if not file.is_file() or not is_committed(file, repository or paths.REPOSITORY):
        return False
    there = read_json(file)
    done = sum(one["result"] != "failed" for one in there["reruns"])
    now = {claim["id"]: claim_fingerprint(claim) for claim in read_json(folder / "claims.json")["claims"]}
    same = now == {row["id"]: row["fingerprint"] for row in there["claims"]}
    fits = all(_fits(folder, one) for one in there["reruns"])
    return same and fits and done > sum(one.good for one in verdict.reruns)


def _fits(folder: Path, one: Mapping[str, Any]) -> bool:
    """Whether a cell that a record calls identical predicted what its run did; older ones kept no hash."""
    if one["result"] != "identical" or not one.get("predictions"):
        return True
    file = folder / "runs" / one["run"] / "predictions" / f"{one['target']}.parquet"
    return file.is_file() and one["predictions"] in (sha256(file), as_written(file))


def study_verdict(folder: Path, verdict: Verdict) -> dict[str, Any]:
    """Our own document: every check, every finding, every claim with outcome and status apart."""
    claims = {claim["id"]: claim for claim in read_json(folder / "claims.json")["claims"]}
    return {
        "scale": verdict.scale,
        "status": verdict.status,
        "reason": verdict.reason,
        "evaluated_at": verdict.evaluated_at,
        "asked": dict(verdict.asked),
        "checks": [
            {
                "name": check.name,
                "question": check.question,
                "done": check.done,
                "complete": check.complete,
                "findings": [{"effect": one.effect, "what": one.what} for one in check.findings],
            }
            for check in verdict.checks
        ],
        "claims": [
            {
                "id": one.id,
                "outcome": one.outcome,
                "status": one.status,
                "reason": one.reason,
                "weakened": list(one.weakened),
                "cells_repeated": one.cells_repeated,
                "counterexample": None if one.counterexample is None else asdict(one.counterexample),
                "fingerprint": claim_fingerprint(claims[one.id]),
            }
            for one in verdict.claims
        ],
        "reruns": [
            {
                "run": one.run,
                "target": one.target,
                "result": one.result,
                "words": one.words,
                "enforced": list(one.enforced),
                "predictions": one.predictions,
            }
            for one in verdict.reruns
        ],
        "limits": [{"how": how, "forgeries": forgeries} for how, forgeries in LIMITS],
    }


def gate_verdict(verdict: Verdict) -> dict[str, Any]:
    """After gate-verdict-v1: status, reason, and what was enforced."""
    status, _, more = verdict.status.partition(" ")
    definitions = {
        "VERIFIED": "A run in a sealed sandbox came to the published results within the tolerance stated.",
        "FALSIFIED": "A counterexample was found, or a number did not come out again.",
        "UNVERIFIED": "No run was repeated, or something could not be checked.",
    }
    return about("gate-verdict-v1", verdict.scale, verdict.evaluated_at) | {
        "status": status,
        "label": f"{status} {more}".strip(),
        "definition": definitions[status],
        "reason": verdict.reason,
        "gate": {"name": "polystilts.gate", "version": __version__, **verdict.asked},
        "enforcement": sorted({word for one in verdict.reruns for word in one.enforced})
        or ["no run was repeated"],
        "evidence": [
            f"{name}: {finding.what}" for name, finding in verdict.findings if finding.effect != "note"
        ],
    }


def verification_levels(verdict: Verdict) -> dict[str, Any]:
    """After verification-levels-v1: how many claims reached what; what others must give stays at zero."""
    passed = {check.name for check in verdict.checks if check.passed}
    sound = [claim for claim in verdict.claims if claim.status != "FALSIFIED"]
    measured = [claim for claim in sound if "not run at this scale" not in claim.reason]
    repeated = sum(
        claim.cells_repeated > 0 and claim.status.startswith("VERIFIED") for claim in verdict.claims
    )
    counts = dict.fromkeys(LEVELS, 0)
    counts["artifact_inspected"] = len(measured) if {"scores", "claims", "files"} <= passed else 0
    counts["sandbox_executed"] = repeated
    level = 4 if repeated else 3 if counts["artifact_inspected"] else 0
    keys = ["none", *LEVELS]
    return about("verification-levels-v1", verdict.scale, verdict.evaluated_at) | {
        "paper_level": level,
        "paper_level_key": keys[level],
        "paper_level_label": keys[level].replace("_", " "),
        "basis": "counts of claims whose numbers this gate computed again, and of those with a cell repeated",
        "generated_from": ["record/gate.json", "claims.json"],
        "claim_summary": {
            **counts,
            "claims": len(verdict.claims),
            "measured": len(measured),
            "falsified": len(verdict.claims) - len(sound),
        },
        "artifact_types": ["predictions", "labels", "scores", "run records", "encoder", "source"],
        "levels": list(LEVELS),
        "unsupported_upper_levels": ["independently_reproduced", "externally_reviewed_or_formally_verified"],
        "enforcement": "the gate is run by the study on itself; a reproduction by others would stand higher",
        "limitations": [
            "the sandbox repeats a sample of cells, not the study",
            "the encoder is taken as committed; its pretraining is not repeated",
        ],
    }


def quality_dimensions(verdict: Verdict) -> dict[str, Any]:
    """After quality-dimensions-v1: every dimension with its basis, or UNASSESSED; never a score."""
    checks = {check.name: check for check in verdict.checks}
    rows = {}
    for name, definition in DIMENSIONS.items():
        check = checks.get(CHECK_OF.get(name, ""))
        level, basis = "UNASSESSED", "the gate has no way to judge this"
        if check is not None and check.complete:
            level, basis = ("HIGH" if check.passed else "LOW"), check.done
        elif check is not None:
            basis = check.done
        rows[name] = {"score": None, "level": level, "basis": basis, "definition": definition}
    return about("quality-dimensions-v1", verdict.scale, verdict.evaluated_at) | {
        "dimensions": rows,
        "interpretation": "HIGH: the check named as basis found nothing; LOW: it found something.",
        "limitations": ["no score is given: a number would suggest a precision that the checks do not have"],
    }


def source_provenance(folder: Path, verdict: Verdict) -> dict[str, Any]:
    """After source-provenance-v1: what was made from what, by hash, claim by claim."""
    claims = read_json(folder / "claims.json")["claims"]
    runs = {file.parent.name: read_json(file) for file in sorted(folder.glob("runs/*/run.json"))}
    return about("source-provenance-v1", verdict.scale, verdict.evaluated_at) | {
        "work": {"title": f"polystilts, scale {verdict.scale}", "version": __version__},
        "provenance_level": "local: hashes of files in this repository, no external archive",
        "public_artifacts": _artifacts(folder),
        "runs": {name: record["hashes"] | {"parent": record["parent"]} for name, record in runs.items()},
        "claim_lineage": {claim["id"]: claim.get("lineage", {}) for claim in claims},
        "limitations": ["checkpoints are not kept; their hashes are in the records of the runs"],
    }


def paper_manifest(folder: Path, verdict: Verdict) -> dict[str, Any]:
    """After paper-manifest-v1: the files a reader may look at, the claims, and what was assessed."""
    return about("paper-manifest-v1", verdict.scale, verdict.evaluated_at) | {
        "work": {"title": f"polystilts, scale {verdict.scale}", "version": __version__},
        "public_artifacts": _artifacts(folder),
        "claims": [{"id": one.id, "outcome": one.outcome, "status": one.status} for one in verdict.claims],
        "quality_assessment": "record/quality-dimensions.json",
        "provenance_level": "local: hashes of files in this repository, no external archive",
        "limitations": [verdict.reason],
    }


def _artifacts(folder: Path) -> list[dict[str, str]]:
    names = [
        "claims.json",
        "summary.md",
        *(f"tables/{name}.csv" for name in ("scores", "gains", "languages", "budget")),
    ]
    return [{"path": name, "sha256": sha256(folder / name)} for name in names if (folder / name).is_file()]
