"""Are the claims what the scores give? Every number, every outcome and every word of them, made again."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from polystilts.files import fingerprint
from polystilts.gate.calls import Call, Side, call_all
from polystilts.gate.evidence import Evidence, plain_words
from polystilts.gate.finding import Check, Finding, falsifies, several
from polystilts.gate.guessing import chance_findings
from polystilts.gate.headlines import contrast_text, headline, outcome_text, reason_text
from polystilts.gate.notes import no_interval
from polystilts.gate.phrases import kinds_in_order, settle
from polystilts.gate.qualifications import Background, background, ends, qualifications

# What a claim is made of: no more, so that nothing stands in it that nobody has checked.
FIELDS = (
    "id", "hypothesis", "quantifier", "scale", "estimate", "low", "high", "n", "units", "outcome", "reason",
    "factor", "family", "headline", "contrast", "qualifications", "sentence", "confirmatory", "status",
    "lineage",
)  # fmt: skip
CLOSE = 1.5e-6  # claims keep six decimals
SHOWN = 60  # letters of a difference


@plain_words
def check_claims(evidence: Evidence) -> tuple[Check, dict[str, Call]]:
    """Estimate and call every hypothesis again from the scores; also returns the gate's own calls."""
    question = "Do the scores give the published estimates, intervals, outcomes and words?"
    scores, languages = evidence.scores, evidence.table("languages")
    if scores is None or languages is None or not evidence.parameters:
        return Check("claims", question, "There are no scores, languages or runs.", (), complete=False), {}
    low, rows = evidence.low_resource, evidence.hypotheses
    calls = call_all(rows, scores, languages, low)
    known = background(scores, languages, low, evidence.real, declared_worlds(evidence))
    expected = {
        row["id"]: (row, fingerprint(content["hypotheses"]))
        for content in evidence.hypothesis_files.values()
        for row in content["hypotheses"]
    }
    findings, cells = [], {}
    for claim in evidence.claims:
        name, call = claim["id"], calls.get(claim["hypothesis"])
        if call is None:
            what = f"claim {name}: its hypothesis {claim['hypothesis']!r} is not in hypotheses.yaml"
            findings.append(falsifies(what, claims=(name,)))
            continue
        if not call.known:
            what = f"claim {name}: the gate does not know its measure; it stays unverified"
            findings.append(Finding("open", what, claims=(name,)))
            continue
        wrong = [*field_differences(claim, evidence), *claim_differences(claim, call)]
        row, today = expected[claim["hypothesis"]]
        if claim.get("lineage", {}).get("hypotheses", today) == today:  # else it is stale: see the freeze
            wrong += word_differences(claim, call, row, known)
        if wrong:
            findings.append(falsifies(f"claim {name}: {'; '.join(wrong)}", claims=(name,)))
        if call.cells is not None:
            cells[name] = call.cells
    findings += [*_missing_or_more(evidence), *chance_findings(evidence, cells)]
    measured = sum(call.estimate is not None for call in calls.values())
    done = f"{measured} estimates computed again, {len(calls)} claims told again, word by word."
    facts = {"claims": len(evidence.claims), "measured": measured}
    return Check("claims", question, done, tuple(findings), facts=facts), calls


def _missing_or_more(evidence: Evidence) -> Iterator[Finding]:
    """Every hypothesis has one claim, which bears its name."""
    told = Counter(claim["hypothesis"] for claim in evidence.claims)
    if lost := sorted({row["id"] for row in evidence.hypotheses} - set(told)):
        yield falsifies(f"claims.json says nothing of the hypotheses {several(lost)}")
    for claim in evidence.claims:
        name = claim["hypothesis"]
        if told[name] > 1:
            what = (
                f"claim {claim['id']}: {told[name]} claims are about the hypothesis {name}; there may be one"
            )
            yield falsifies(what, claims=(claim["id"],))
        elif claim["id"] != name:
            what = f"claim {claim['id']}: a claim bears the name of its hypothesis, which is {name}"
            yield falsifies(what, claims=(claim["id"],))


def declared_worlds(evidence: Evidence) -> frozenset[int]:
    """The worlds that were promised: by the scale, by the runs, and by a freeze that names one of them."""
    named, there = set(), set()
    for record in evidence.runs.values():
        there.add(int(record["seeds"]["world"]))
        named.update(map(int, record["parameters"].get("shared", {}).get("world_seeds", ())))
    if (evidence.folder / "pool.json").is_file():
        for scale in {record["scale"].split("+")[0] for record in evidence.runs.values()}:
            file = evidence.repository / "params" / f"{scale}.yaml"
            shared = (
                yaml.safe_load(file.read_text(encoding="utf-8")).get("shared", {}) if file.is_file() else {}
            )
            named.update(map(int, shared.get("world_seeds", ())))
    for content in evidence.hypothesis_files.values():
        promised = set(map(int, (content.get("frozen") or {}).get("world_seeds", ())))
        named |= promised if promised & there else set()
    return frozenset(named)


def field_differences(claim: Mapping[str, Any], evidence: Evidence) -> Iterator[str]:
    """Fields that a claim should not have, or has not; a scale that is not the study's."""
    if lost := [name for name in FIELDS if name not in claim]:
        yield f"it does not say {several(lost, 9)}"
    if more := sorted(set(claim) - set(FIELDS)):
        yield f"it has the unknown {several(more, 9)}"
    pooled = (evidence.folder / "pool.json").is_file()
    scales = {evidence.scale} if pooled else {record["scale"] for record in evidence.runs.values()}
    if claim.get("scale") not in scales:
        yield f"scale is {claim.get('scale')}, the study is {several(sorted(scales))}"


def claim_differences(claim: Mapping[str, Any], call: Call) -> list[str]:
    """Where the numbers of a claim and the gate's own call differ, in words; empty where they agree."""
    found = call.estimate
    low, high = found.ends() if found else (None, None)
    wrong = []
    for name, value in {"estimate": found.value if found else None, "low": low, "high": high}.items():
        said = claim.get(name)
        there = value is not None and not math.isnan(value)
        if (said is None) == there or (there and abs(said - value) > CLOSE):
            wrong.append(f"{name} is {said}, found {None if not there else round(value, 6)}")
    for name, value in (("n", found.n if found else 0), ("units", found.units if found else 0)):
        if claim.get(name) != value:
            wrong.append(f"{name} is {claim.get(name)}, found {value}")
    if claim.get("outcome") != call.outcome:
        wrong.append(f"outcome is {claim.get('outcome')}, found {call.outcome}")
    runs = tuple(sorted(claim.get("lineage", {}).get("runs", [])))
    if runs != call.runs and runs:
        wrong.append(f"it names {len(runs)} runs, its cells come from {len(call.runs)}")
    return wrong


def word_differences(
    claim: Mapping[str, Any], call: Call, row: Mapping[str, Any], known: Background
) -> Iterator[str]:
    """Where a claim is not what the gate's own numbers make of its hypothesis, word by word."""
    if claim.get("quantifier") != row["quantifier"]:
        yield f"quantifier is {claim.get('quantifier')}, its hypothesis says {row['quantifier']}"
    for name, right in words_of(call, row, known).items():
        if name == "qualifications":
            said, due = ([one["name"] for one in many] for many in (claim.get(name) or (), right))
            if said != due:
                told = several(said, 20) or "none"
                yield f"its qualifications are {told}, due are {several(due, 20) or 'none'}"
                continue
        if name in claim:
            yield from difference(name, claim[name], right)


def words_of(call: Call, row: Mapping[str, Any], known: Background) -> dict[str, Any]:
    """What a claim must hold beside its estimate, texts with numbers as `phrases` writes them."""
    first, text = headline(call, row, known.names, known.real), contrast_text(call, row, known.real)
    why, due = reason_text(call, row, known.names, no_interval(call)), qualifications(call, row, known)
    unit = row["contrast"].get("unit", "points")
    return {
        "reason": why,
        "factor": call.factor,
        "family": call.family,
        "headline": first,
        "contrast": {"text": text, "unit": unit, "rows": list(contrast_rows(call, row))},
        "qualifications": due,
        "sentence": " ".join([first, text, *(one["text"] for one in due), outcome_text(call, why)]),
    }


def contrast_rows(call: Call, row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The contrast, and both arms against none, as numbers: whole, and by kind where there are several."""
    if call.estimate is None:
        return
    arms = {side: row["contrast"][side] for side in ("treatment", "control")}
    own = Side(arms["treatment"], arms["control"], call.estimate, call.kinds)
    sides = {side: one for one in call.sides for side, arm in arms.items() if arm == one.arm}
    for name, side in {"contrast": own, **sides}.items():
        kinds = {kind: side.kinds[kind] for kind in kinds_in_order(side.kinds)}
        for kind, found in {"": side.estimate, **kinds}.items():
            counts = {"n": found.n, "units": found.units}
            yield {
                "side": name,
                "arm": side.arm,
                "against": side.against,
                "kind": kind,
                **ends(found),
                **counts,
            }


def difference(what: str, said: Any, right: Any) -> Iterator[str]:
    """Where something that a claim holds is not what is due, down to the number or the letter."""
    if isinstance(right, Mapping):
        if not isinstance(said, Mapping) or set(said) != set(right):
            there = several(sorted(said), 20) if isinstance(said, Mapping) else said
            yield f"its {what} has {there}, due are {several(sorted(right), 20)}"
            return
        for name, one in right.items():
            yield from difference(f"{what}, {name}", said[name], one)
    elif isinstance(right, list):
        if not isinstance(said, list) or len(said) != len(right):
            many = len(said) if isinstance(said, list) else 0
            yield f"its {what} has {many} parts, due are {len(right)}"
            return
        for one, other in zip(said, right, strict=True):
            name = (
                other.get("name") or " ".join(filter(None, (other["side"], other["kind"])))
                if isinstance(other, Mapping)
                else what
            )
            yield from difference(f"{what} '{name}'", one, other)
    elif isinstance(right, str):
        yield from text_difference(what, said, right)
    elif isinstance(right, float) and not math.isnan(right):
        if not isinstance(said, int | float) or not abs(said - right) <= CLOSE:
            yield f"its {what} is {said}, found {right:.6f}"
    elif said != (right := None if isinstance(right, float) else right):
        yield f"its {what} is {said}, found {right}"


def text_difference(what: str, said: Any, right: str) -> Iterator[str]:
    """Where a text is not the one that is due, shown from the first letter that differs.

    >>> list(text_difference("headline", "It helps a lot.", "It harms."))
    ["its headline says '…helps a lot.' where the scores give '…harms.'"]
    """
    said = said if isinstance(said, str) else ""
    right = settle(right, said)
    if said == right:
        return
    same = next((i for i, pair in enumerate(zip(said, right, strict=False)) if pair[0] != pair[1]),
                min(len(said), len(right)))  # fmt: skip
    start = right.rfind(" ", 0, same) + 1
    shown = [
        text[start : start + SHOWN] + ("…" if len(text) > start + SHOWN else "") for text in (said, right)
    ]
    before = "…" if start else ""
    yield f"its {what} says '{before}{shown[0]}' where the scores give '{before}{shown[1]}'"
