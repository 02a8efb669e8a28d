"""The verdict: every check on one folder of outputs, a status for each claim and for the study."""

import datetime
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from polystilts import account
from polystilts.files import fingerprint, sha256_of_folder
from polystilts.gate.budgets import check_budgets
from polystilts.gate.calls import Call
from polystilts.gate.claims import check_claims
from polystilts.gate.code import changed_stages, check_code
from polystilts.gate.controls import check_controls
from polystilts.gate.copies import check_copies
from polystilts.gate.corrections import check_corrections
from polystilts.gate.counterexamples import Counterexample, check_counterexamples
from polystilts.gate.data import check_data
from polystilts.gate.design import check_design
from polystilts.gate.development import check_development
from polystilts.gate.evidence import Evidence, open_evidence
from polystilts.gate.finding import Check, Finding
from polystilts.gate.lineage import check_encoder, check_files, check_runs
from polystilts.gate.predictions import check_predictions
from polystilts.gate.prose import check_citations, check_prose
from polystilts.gate.protocol import check_exposure, check_freeze, check_selection
from polystilts.gate.published import check_published
from polystilts.gate.recompute import check_scores, marking
from polystilts.gate.replication import check_replication, encoder_again
from polystilts.gate.rerun import Rerun, results_in_words
from polystilts.gate.tables import check_gains

CLOSE = "VERIFIED (within tolerance)"  # repeated elsewhere, and close; VERIFIED alone means byte for byte
EXIT_CODES = {"VERIFIED": 0, CLOSE: 0, "FALSIFIED": 1, "UNVERIFIED": 3, "UNVERIFIED (stale)": 3}
WHOLE_STUDY = ("prose", "citations")  # they speak about texts, not about one claim's evidence


@dataclass(frozen=True)
class Judged:
    """One claim with both its verdicts: what it found (outcome), and whether that can be trusted (status)."""

    id: str
    sentence: str
    outcome: str
    status: str
    reason: str
    weakened: tuple[str, ...]
    counterexample: Counterexample | None
    cells_repeated: int


@dataclass(frozen=True)
class Verdict:
    """What the gate says about a study."""

    scale: str
    status: str
    reason: str
    checks: tuple[Check, ...]
    claims: tuple[Judged, ...]
    reruns: tuple[Rerun, ...]
    evaluated_at: str
    asked: Mapping[str, Any] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """0 VERIFIED, 1 FALSIFIED, 3 UNVERIFIED."""
        return EXIT_CODES[self.status]

    @property
    def findings(self) -> list[tuple[str, Finding]]:
        """Every finding with the name of its check, the gravest first."""
        order = ("falsifies", "stale", "open", "weakens", "note")
        found = [(check.name, finding) for check in self.checks for finding in check.findings]
        return sorted(found, key=lambda pair: order.index(pair[1].effect))


def verify(
    folder: Path,
    replicate: int = 0,
    seed: int = 0,
    code_now: Any = None,
    hardware: Mapping[str, Any] | None = None,
    repository: Path | None = None,
    readme: bool = True,
) -> Verdict:
    """Try to falsify a study: every check, and `replicate` cells drawn by `seed` done again.

    `code_now` is a function from parameters to the fingerprint of each stage's code today; without it the
    gate cannot tell whether the source has changed, and says so. `readme=False` leaves README.md out, whose
    numbers are filled in after a study.
    """
    evidence = open_evidence(folder, repository)
    with account.spend("gate"), tempfile.TemporaryDirectory(prefix="polystilts-gate-") as place:
        checks, calls, hunted, reruns = _all_checks(
            evidence, Path(place), replicate, seed, code_now, hardware, readme
        )
    claims = tuple(_judge(claim, checks, calls, hunted, reruns) for claim in evidence.claims)
    status, reason = _study(checks, claims)
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    asked = {"replicate": replicate, "seed": seed}
    return Verdict(evidence.scale, status, reason, tuple(checks), claims, tuple(reruns), now, asked)


def _all_checks(
    evidence: Evidence,
    place: Path,
    replicate: int,
    seed: int,
    code_now: Any,
    hardware: Mapping[str, Any] | None,
    readme: bool,
) -> tuple[list[Check], dict[str, Call], dict[str, list[Counterexample]], list[Rerun]]:
    today = code_now(evidence.parameters) if code_now and evidence.parameters else None
    with marking(evidence) as marked:
        claims, calls = check_claims(evidence)
        data, worlds = check_data(evidence, place, today)
        hunt, hunted = check_counterexamples(evidence, calls, evidence.hypotheses)
        prose = check_prose(evidence, readme)
        scores, _ = check_scores(evidence, marked)
    changed = changed_stages(evidence, today)
    again, reruns = check_replication(evidence, calls, worlds, place, replicate, seed, hardware, changed)
    made = {f"w{world}" for world in worlds if _same_world(evidence, world, worlds[world])}
    if reruns and any("encoder" in stages for stages in changed.values()):
        run = reruns[0].run
        made |= (
            {evidence.runs[run]["parent"]}
            if encoder_again(evidence, run, worlds, place / "encoder")
            else set()
        )
    checks = [
        check_files(evidence),
        check_runs(evidence),
        check_predictions(evidence),
        check_copies(evidence),
        check_encoder(evidence),
        check_code(evidence, today, reruns, made),
        data,
        scores,
        check_development(evidence, calls, worlds, reruns),
        check_gains(evidence),
        claims,
        again,
        hunt,
        check_published(evidence, readme),
        check_corrections(evidence),
        prose,
        check_citations(evidence),
        check_controls(evidence, calls),
        check_exposure(evidence),
        check_budgets(evidence),
        check_selection(evidence),
        check_design(evidence),
        check_freeze(evidence),
    ]
    return checks, calls, hunted, reruns


def _same_world(evidence: Evidence, seed: int, folder: Path) -> bool:
    """Whether a world made again is the one that every run of it read."""
    found = fingerprint(sha256_of_folder(folder))
    return all(
        record["hashes"]["data"] == found
        for record in evidence.runs.values()
        if record["seeds"]["world"] == seed
    )


# What must have been looked at before a claim can be verified; the rest is additional.
NEEDED = (
    "files",
    "runs",
    "predictions",
    "copies",
    "encoder",
    "code",
    "data",
    "scores",
    "gains",
    "claims",
    "exposure",
    "budgets",
    "selection",
    "design",
    "freeze",
)


def _judge(
    claim: Mapping[str, Any],
    checks: list[Check],
    calls: Mapping[str, Call],
    hunted: Mapping[str, list[Counterexample]],
    reruns: list[Rerun],
) -> Judged:
    runs = claim.get("lineage", {}).get("runs", [])
    mine = [
        (check.name, finding)
        for check in checks
        if check.name not in WHOLE_STUDY
        for finding in check.findings
        if finding.touches(claim["id"], runs)
    ]
    mine += [
        (check.name, finding)
        for check in checks
        if check.name in WHOLE_STUDY
        for finding in check.findings
        if claim["id"] in finding.claims
    ]
    effects = {
        effect: [f"{name}: {finding.what}" for name, finding in mine if finding.effect == effect]
        for effect in ("falsifies", "stale", "open", "weakens", "note")
    }
    call = calls.get(claim["hypothesis"])
    cells = set()
    if call is not None and call.cells is not None:
        cells = {
            (run, target)
            for column in ("run_id", "run_id_c")
            for run, target in zip(call.cells[column], call.cells["target_task"], strict=True)
        }
    repeated = [one for one in reruns if one.good and (one.run, one.target) in cells]
    unseen = [check.name for check in checks if check.name in NEEDED and not check.complete]
    if effects["falsifies"]:
        status, reason = "FALSIFIED", effects["falsifies"][0]
    elif effects["stale"]:
        status, reason = "UNVERIFIED (stale)", effects["stale"][0]
    elif claim.get("estimate") is None:
        status, reason = "UNVERIFIED", "there is no number to verify: not run at this scale"
    elif effects["open"] or unseen:
        status = "UNVERIFIED"
        reason = (
            effects["open"][0] if effects["open"] else f"nothing could be looked at for {', '.join(unseen)}"
        )
    elif not repeated:
        status = "UNVERIFIED"
        reason = f"recomputed in full; none of its {len(cells)} cells was trained again"
    else:
        close = any(one.result != "identical" for one in repeated)
        status = CLOSE if close else "VERIFIED"
        how = results_in_words(repeated) if close else "identical"
        reason = f"recomputed in full; {len(repeated)} of {len(cells)} cells trained again, {how}"
        reason += "".join(
            f"; {what.removeprefix('code: ')}" for what in effects["note"] if what.startswith("code:")
        )
    found = hunted.get(claim["hypothesis"]) or []
    return Judged(
        claim["id"],
        claim["sentence"],
        claim["outcome"],
        status,
        reason,
        tuple(effects["weakens"]),
        found[0] if found else None,
        len(repeated),
    )


def _study(checks: list[Check], claims: tuple[Judged, ...]) -> tuple[str, str]:
    """The study is what its worst finding makes it; verified only where repeated cells came out the same."""

    def first(effect: str, but: tuple[str, ...] = ()) -> str:
        return next(
            (
                f"{check.name}: {finding.what}"
                for check in checks
                for finding in check.findings
                if finding.effect == effect and check.name not in but
            ),
            "",
        )

    if reason := first("falsifies"):
        return "FALSIFIED", reason
    verified = [claim for claim in claims if claim.status.startswith("VERIFIED")]
    if reason := first("stale", ("code",) if verified else ()):  # the rest of its claims may be sound
        return "UNVERIFIED (stale)", reason
    if reason := first("open"):
        return "UNVERIFIED", reason
    unseen = [check.name for check in checks if check.name in NEEDED and not check.complete]
    if unseen:
        return "UNVERIFIED", f"nothing could be looked at for {', '.join(unseen)}"
    if not verified:
        return "UNVERIFIED", "recomputed in full from predictions and labels; no cell was trained again"
    close = sum(claim.status == CLOSE for claim in verified)
    words = f", {close} of them within tolerance only" if close else ""
    status = CLOSE if close else "VERIFIED"
    return status, f"{len(verified)} of {len(claims)} claims are verified{words}, none is falsified"
