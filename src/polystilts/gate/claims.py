"""Are the claims what the scores give? Every number, every outcome and every word of them, made again."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from polystilts.files import fingerprint
from polystilts.gate.calls import Call, call_all
from polystilts.gate.evidence import Evidence, plain_words
from polystilts.gate.finding import Check, Finding, falsifies, several
from polystilts.gate.guessing import chance_findings, practised
from polystilts.gate.headlines import contrast_text, headline, outcome_text
from polystilts.gate.notes import no_interval
from polystilts.gate.phrases import settle
from polystilts.gate.qualifications import Background, background, qualifications

# What a claim is made of: no more, so that nothing stands in it that nobody has checked.
FIELDS = (
    "id", "hypothesis", "quantifier", "scale", "estimate", "low", "high", "n", "units", "outcome", "headline",
    "contrast", "qualifications", "sentence", "confirmatory", "status", "lineage",
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
        findings += untested_lessons(claim, call)
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
    """Where the words of a claim are not those that the gate's own numbers fill the templates with."""
    if claim.get("quantifier") != row["quantifier"]:
        yield f"quantifier is {claim.get('quantifier')}, its hypothesis says {row['quantifier']}"
    due = words_of(call, row, known)
    yield from text_difference("headline", claim.get("headline"), due["headline"])
    yield from text_difference("contrast", (claim.get("contrast") or {}).get("text"), due["contrast"])
    said = [(one.get("name"), one.get("text")) for one in claim.get("qualifications") or ()]
    names = [name for name, _ in due["qualifications"]]
    if [name for name, _ in said] != names:
        told = several((name for name, _ in said), 20)
        yield f"its qualifications are {told or 'none'}, due are {several(names, 20) or 'none'}"
    else:
        for (name, text), (_, right) in zip(said, due["qualifications"], strict=True):
            yield from text_difference(f"qualification '{name}'", text, right)
    yield from text_difference("sentence", claim.get("sentence"), due["sentence"])


def words_of(call: Call, row: Mapping[str, Any], known: Background) -> dict[str, Any]:
    """Headline, contrast, qualifications and sentence of a claim, numbers as `phrases` writes them."""
    first = headline(call, row, known.names, known.real)
    contrast = contrast_text(call, row, known.real)
    due = qualifications(call, row, known)
    last = outcome_text(call, row, known.names, no_interval(call))
    sentence = " ".join([first, contrast, *(text for _, text in due), last])
    return {"headline": first, "contrast": contrast, "qualifications": due, "sentence": sentence}


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


def untested_lessons(claim: Mapping[str, Any], call: Call) -> Iterator[Finding]:
    """Development scores decide what was learned, and no predictions of them are kept to mark again."""
    if call.cells is not None and call.lessons:
        tasks = several(practised(call.cells))
        what = (
            f"claim {claim['id']}: whether {tasks} was learned rests on development scores, whose predictions"
        )
        yield Finding("open", f"{what} are not kept: nobody can mark them again", claims=(claim["id"],))
