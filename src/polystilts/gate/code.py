"""Is the source still the one that made the runs? Where it is not, cells done again say whether it matters.

A hash of code covers names, so a renamed module changes it and no result. Whatever is byte for byte the same
when it is done again by today's code was made by code that does the same: that is the rule here.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from polystilts.files import fingerprint
from polystilts.gate.evidence import Evidence
from polystilts.gate.finding import Check, Finding, counted, several
from polystilts.gate.rerun import Rerun


def changed_stages(evidence: Evidence, code_now: Mapping[str, str] | None) -> dict[str, tuple[str, ...]]:
    """The stages of each run whose code is another today; runs of unchanged code are left out."""
    changed = {}
    for run, record in evidence.runs.items() if code_now else ():
        made = {stage["stage"]: stage.get("code") for stage in record["stages"]} | (record.get("code") or {})
        stages = [stage for stage, code in made.items() if code and code != code_now.get(stage)]
        whole = fingerprint([code_now.get(stage["stage"]) for stage in record["stages"]])
        if not stages and whole != record["hashes"]["code"]:
            stages = ["training or prediction"]
        if stages:
            changed[run] = tuple(stages)
    return changed


def check_code(
    evidence: Evidence,
    code_now: Mapping[str, str] | None,
    reruns: Sequence[Rerun] = (),
    again: Collection[str] = (),
) -> Check:
    """Compare the code by its hash; where it differs, ask the cells that were done again.

    `again` names the worlds (`w8`) and encoders (`w64.w8.e0`) that were made again byte for byte. A claim of
    which no cell was repeated, or one came out otherwise, is stale, not false.
    """
    question = "Is the source still the one that made the runs, or does it do the same?"
    if code_now is None:
        return Check("code", question, "The code of today was not named.", complete=False)
    changed = changed_stages(evidence, code_now)
    alike: dict[tuple[str, str], list[str]] = defaultdict(list)
    for claim in evidence.claims:
        runs = [run for run in claim.get("lineage", {}).get("runs", []) if run in changed]
        if runs:
            alike[_weighed(evidence, claim, runs, changed, reruns, again)].append(claim["id"])
    findings = [Finding(effect, what, claims=tuple(claims)) for (effect, what), claims in alike.items()]
    findings += [*_of_no_claim(evidence, changed)]
    done = f"The code behind {len(evidence.runs)} runs compared by its hash."
    return Check("code", question, done, tuple(findings), bool(evidence.runs), {"changed": len(changed)})


def _weighed(
    evidence: Evidence,
    claim: Mapping[str, Any],
    runs: Sequence[str],
    changed: Mapping[str, Sequence[str]],
    reruns: Sequence[Rerun],
    again: Collection[str],
) -> tuple[str, str]:
    """What changed code means for one claim: an effect and its words."""
    stages = list(dict.fromkeys(stage for run in runs for stage in changed[run]))
    what = f"the code of {several(stages, 6)} has changed since {len(runs)} runs were made"
    mine = [one for one in reruns if one.run in claim["lineage"]["runs"] and one.result != "failed"]
    same = [one for one in mine if one.result == "identical"]
    if len(same) < len(mine):
        return "stale", f"{what}; {len(mine) - len(same)} of {len(mine)} repeated cells came out otherwise"
    went = {stage for one in same for stage in stages_of(evidence, one)}
    went |= {"world"} if {f"w{evidence.runs[run]['seeds']['world']}" for run in runs} <= set(again) else set()
    went |= {"encoder"} if {evidence.runs[run]["parent"] for run in runs} & set(again) else set()
    if open_ones := [stage for stage in stages if stage not in went]:
        return "stale", f"{what}; nothing that goes through {several(open_ones, 6)} was done again"
    if not same:  # only the data: they were all made again, and are the same
        return "note", f"{what}; it makes the same"
    return (
        "note",
        f"code changed since ({several(stages, 6)}); {len(same)} of {len(mine)} repeated cells identical",
    )


def stages_of(evidence: Evidence, one: Rerun) -> set[str]:
    """The stages that a repeated cell went through."""
    record = evidence.runs[one.run]
    return {
        stage["stage"]
        for stage in record["stages"]
        if stage["stage"] != "predict" or stage["task"] == one.target
    } | {"training or prediction"}


def _of_no_claim(evidence: Evidence, changed: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    """Runs of changed code that no claim rests on: worth a line, no more."""
    used = {run for claim in evidence.claims for run in claim.get("lineage", {}).get("runs", [])}
    if idle := sorted(changed.keys() - used):
        what = f"the code of {counted(len(idle), 'run')} that no claim rests on has changed"
        yield Finding("note", what, tuple(idle))
