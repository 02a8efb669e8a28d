"""The verdict as lines for the terminal."""

from collections.abc import Iterator

from polystilts.gate.finding import signed
from polystilts.gate.verdict import Verdict


def told(verdict: Verdict) -> Iterator[str]:
    """The verdict as lines for the terminal."""
    yield f"{verdict.scale}: {verdict.status}. {verdict.reason}"
    yield ""
    for check in verdict.checks:
        bad = [finding for finding in check.findings if finding.effect in ("falsifies", "stale")]
        mark = "FOUND" if bad else "ok" if check.complete else "-"
        yield f"  {mark:6}{check.name:16}{check.done}"
    yield ""
    for name, finding in verdict.findings:
        yield f"  {finding.effect}: {name}: {finding.what}"
    yield ""
    for claim in verdict.claims:
        yield f"  {claim.status:19} {claim.outcome:13} {claim.id}: {claim.reason}"
        if claim.counterexample is not None and claim.counterexample.turns:
            yield (
                f"{'':36}strongest counterexample: {claim.counterexample.where}, "
                f"{signed(claim.counterexample.value)}"
            )
