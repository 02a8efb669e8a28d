"""Was the design chosen before the results? Languages, worlds, seeds, arms, targets, layers and dates.

Whatever a claim depends on and a person could choose afterwards is evidence too. Three witnesses are asked:
the rows of the table of languages, the frozen block of the hypotheses, and git, where there is any.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
import yaml

from polystilts.files import fingerprint
from polystilts.gate.evidence import Evidence
from polystilts.gate.finding import Check, Finding, counted, falsifies, several
from polystilts.gate.history import History, history_of
from polystilts.languages import LANGUAGES
from polystilts.tasks import TASKS

SPEED = ("batches",)  # of `shared:`, how the work was split: no claim depends on it
UNIONS = (
    "arms",
    "world_seeds",
    "encoder_seeds",
    "seeds",
    "target_tasks",
)  # bundles of a pool have a part each
SEALED = ("date", "hash", "world_seeds", "scales", "designs")  # what the seal of a freeze covers
UNSEEN = "whether the design was chosen before the results nobody can tell from files alone"


def design_of(sections: Mapping[str, Any]) -> dict[str, Any]:
    """What of a scale claims depend on: `shared:` without its speed, and the retrieval layers."""
    shared = {
        knob: sorted(value, key=str) if isinstance(value, list) else value
        for knob, value in sections["shared"].items()
        if knob not in SPEED
    }
    return shared | {"retrieval_layers": sorted(sections["zero_shot_transfer"]["retrieval_layers"])}


def design_run(evidence: Evidence) -> dict[str, Any]:
    """The design that the runs declare; where the bundles of a pool have a part each, all parts together."""
    designs = [design_of(record["parameters"]) for record in evidence.runs.values()]
    whole = design_of(evidence.parameters)
    for knob in UNIONS:
        whole[knob] = sorted({value for one in designs for value in one[knob]}, key=str)
    return whole


def designs_differ(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """The knobs of two designs that differ, with both values; the order of a list is no matter."""
    return [
        f"{knob} = {one.get(knob)} there, {other.get(knob)} here"
        for knob in sorted(one.keys() | other.keys())
        if one.get(knob, []) != other.get(knob, [])
    ]


def check_design(evidence: Evidence) -> Check:
    """Hold the design against the rows of the languages, the frozen block, and what git remembers."""
    question = "Was the design chosen before the results?"
    if not evidence.runs or not evidence.parameters:
        return Check("design", question, "There are no runs.", complete=False)
    findings = [*_levels(evidence), *_resources(evidence), *_variants(evidence), *_frozen_designs(evidence)]
    history, why = history_of(evidence.repository)
    if history is None:
        told = f"Git was not asked: {why}; {UNSEEN}."
        findings.append(Finding("note", f"{why}: {UNSEEN}"))
        if confirming := _confirming(evidence):
            what = (
                f"{counted(len(confirming), 'claim')} say that they confirm, and {why} to bear the date out"
            )
            findings.append(Finding("open", what, claims=confirming))
    else:
        found, told = _remembered(evidence, history)
        findings += found
    done = f"Languages, worlds, seeds, arms, targets and layers of {len(evidence.runs)} runs compared. {told}"
    return Check("design", question, done, tuple(findings), facts={"git": history is not None})


def _confirming(evidence: Evidence, rows: Sequence[Mapping[str, Any]] | None = None) -> tuple[str, ...]:
    """The claims that say that they confirm: all, or those of these hypotheses."""
    asked = None if rows is None else {row["id"] for row in rows}
    return tuple(
        claim["id"]
        for claim in evidence.claims
        if claim.get("confirmatory") and (asked is None or claim["hypothesis"] in asked)
    )


# --- the languages --------------------------------------------------------------------------------------


def _levels(evidence: Evidence) -> Iterator[Finding]:
    """Lists of low-resource languages that the rows of the languages do not bear out."""
    for (low, codes, alone), runs in _lists(evidence).items():
        known = [code for code in codes if code in LANGUAGES and code not in alone]
        invented = [code for code in known if LANGUAGES[code].invented]
        right = {code for code in invented if LANGUAGES[code].resource == "low"}
        if wrong := sorted(right ^ {code for code in low if code in invented}):
            levels = ", ".join(f"{code} is {LANGUAGES[code].resource}" for code in wrong)
            what = f"low_resource = [{', '.join(low)}] is not what the table of languages says"
            yield falsifies(f"{what}: {levels}-resource", runs)
        classes = {code: LANGUAGES[code].joshi_class for code in known if code not in invented}
        updates = evidence.runs[runs[0]]["parameters"]["pretraining"]["updates"]
        poor = [classes[code] for code in low if code in classes]
        rich = [value for code, value in classes.items() if code not in low]
        ready = not updates and poor and rich and None not in [*poor, *rich]
        if ready and max(poor) >= min(rich):  # the encoder is ready, so no text was cut: the rows must say it
            what = f"low_resource = [{', '.join(low)}] cuts no line through the classes of languages"
            yield Finding(
                "open", f"{what}: the poor go up to {max(poor)}, the rich begin at {min(rich)}", runs
            )


def _lists(evidence: Evidence) -> dict[tuple, tuple[str, ...]]:
    found: dict[tuple, tuple[str, ...]] = {}
    for run, record in evidence.runs.items():
        shared = record["parameters"]["shared"]
        alone = (shared["source_language"], *shared["tested_only"])
        key = tuple(shared["low_resource"]), tuple(shared["languages"]), alone
        found[key] = (*found.get(key, ()), run)
    return found


def _resources(evidence: Evidence) -> Iterator[Finding]:
    """Low-resource languages with as much text as a high-resource one, by tables/languages.csv."""
    table = evidence.table("languages")
    worlds = set(evidence.low_resource.values())
    if table is None or len(worlds) != 1 or not evidence.parameters["pretraining"]["updates"]:
        return  # where allotments exchange the groups, a mean over them says nothing of either
    shared, low = evidence.parameters["shared"], next(iter(worlds))
    alone = {shared["source_language"], *shared["tested_only"]}
    counts = dict(zip(table["language"], pd.to_numeric(table["resource"], errors="coerce"), strict=True))
    poor = {code: counts[code] for code in counts if code in low and code not in alone}
    rich = {code: counts[code] for code in counts if code not in low and code not in alone}
    if poor and rich and not max(poor.values()) < min(rich.values()):
        one, other = max(poor, key=poor.get), min(rich, key=rich.get)
        yield falsifies(
            f"low_resource has {one} with {poor[one]:,.0f} subwords and not {other} with "
            f"{rich[other]:,.0f}: tables/languages.csv bears no such line out"
        )


# --- retrieval ------------------------------------------------------------------------------------------


def _variants(evidence: Evidence) -> Iterator[Finding]:
    """Layers that the runs were to report on retrieval and did not: the best of some is no result of all."""
    scores = evidence.scores
    if scores is None:
        return
    ranks = {name for name, task in TASKS.items() if task.kind == "retrieval"}
    rows = scores[
        (scores["split"] == "test") & scores["target_task"].isin(ranks) & (scores["metric"] != "chance")
    ]
    there = {key: set(part) for key, part in rows.groupby(["run_id", "target_task", "language"])["variant"]}
    lost: dict[tuple[str, ...], set[str]] = {}
    for (run, _, _), variants in there.items():
        if run in evidence.runs:
            layers = evidence.runs[run]["parameters"]["zero_shot_transfer"]["retrieval_layers"]
            wanted = {f"layer{layer}.mean.{how}" for layer in layers for how in ("plain", "centred")}
            if wanted ^ variants:
                lost.setdefault(tuple(sorted(wanted ^ variants)), set()).add(run)
    for variants, runs in lost.items():
        what = f"tables/scores.csv and retrieval_layers differ in {several(variants)}"
        yield falsifies(
            f"{what} for {counted(len(runs), 'run')}: a variant was dropped or added", sorted(runs)
        )


# --- the freeze -----------------------------------------------------------------------------------------


def seal_of(frozen: Mapping[str, Any]) -> str:
    """The hash over a whole frozen block: its date, its worlds and scales, and the designs it covers."""
    return fingerprint({key: frozen[key] for key in SEALED if key in frozen})


def _frozen_designs(evidence: Evidence) -> Iterator[Finding]:
    """Frozen blocks that were edited, and designs that are not the ones frozen."""
    for name, content in evidence.hypothesis_files.items():
        frozen = content.get("frozen") or {}
        confirming = _confirming(evidence, content["hypotheses"])
        if "seal" in frozen and frozen["seal"] != seal_of(frozen):
            yield falsifies(
                f"{name}: the frozen block was edited since {frozen.get('date')}: its seal is "
                f"{frozen['seal']}, today {seal_of(frozen)}"
            )
        if not confirming:
            continue
        if "designs" not in frozen:
            yield Finding(
                "note",
                f"{name} was frozen before designs were: its worlds and scales are compared, "
                "and git is asked about the rest",
                claims=confirming,
            )
        elif frozen["designs"].get(evidence.scale) != fingerprint(design_run(evidence)):
            what = f"{name} froze no design like that of {evidence.scale}'s runs"
            yield falsifies(
                f"{what}; {counted(len(confirming), 'claim')} say that they confirm", claims=confirming
            )


# --- git ------------------------------------------------------------------------------------------------


def _remembered(evidence: Evidence, history: History) -> tuple[list[Finding], str]:
    """What git says of the freeze, of the design and of the first results; and that it was asked."""
    findings: list[Finding] = []
    scale = evidence.scale.partition("+")[0]
    place = f"outputs/{evidence.scale}"
    if evidence.folder.is_relative_to(evidence.repository):
        place = evidence.folder.relative_to(evidence.repository).as_posix()
    published = history.commits(place)
    first = published[0] if published else ""
    told = (
        f"Git was asked: results first committed on {history.day(first)}"
        if first
        else ("Git was asked: it has no results of this name")
    )
    for name, content in evidence.hypothesis_files.items():
        confirming = _confirming(evidence, content["hypotheses"])
        if content.get("frozen") and confirming:
            at = _first_with(history, name, content)
            if not at:
                effect = "falsifies" if first else "open"
                what = f"{name}: the freeze as it stands is in no commit"
                findings.append(
                    Finding(
                        effect,
                        f"{what}; nothing bears out that it came before the results",
                        claims=confirming,
                    )
                )
            elif first and not history.precedes(at, first):
                findings.append(
                    falsifies(
                        f"{name}: the freeze as it stands was first committed on "
                        f"{history.day(at)} ({at[:10]}), not before the first results "
                        f"({first[:10]}, {history.day(first)})",
                        claims=confirming,
                    )
                )
            else:
                told += f"; {name} as it is frozen on {history.day(at)}"
    findings += _designs_before(evidence, history, f"params/{scale}.yaml", first)
    return findings, f"{told}."


def _first_with(history: History, name: str, content: Mapping[str, Any]) -> str:
    """The first commit of a file with this freeze and these rows; empty where none has them."""
    wanted = content["frozen"], fingerprint(content["hypotheses"])
    for commit in history.commits(name):
        then = yaml.safe_load(history.content(commit, name) or b"") or {}
        if then.get("frozen") == wanted[0] and fingerprint(then.get("hypotheses")) == wanted[1]:
            return commit
    return ""


def _designs_before(evidence: Evidence, history: History, name: str, first: str) -> Iterator[Finding]:
    """Designs of this scale that git has and that are not the one its runs declare."""
    if "+" in evidence.scale or (committed := history.committed(name)) is None:
        return  # a variant declares its knobs in its own name, and is exploratory
    mine = design_run(evidence)
    confirming = _confirming(evidence)
    if differing := designs_differ(design_of(yaml.safe_load(committed)), mine):
        waiting = (evidence.folder / "pool.json").is_file() and all("world_seeds" in one for one in differing)
        if not waiting:  # a pool that grows has not all its worlds yet: the runs' check says which
            what = f"{name} as committed declares another design: {several(differing, 2)}"
            yield Finding("open", f"{what}; this is not the study that was committed")
    before = history.content(f"{first}^", name) or history.content(first, name) if first else None
    if before is None or not (differing := designs_differ(_known(before, mine), mine)):
        return
    what = f"{name} declared another design before the first results ({first[:10]}): {several(differing, 2)}"
    if confirming:
        yield falsifies(f"{what}; it was chosen after a look", claims=confirming)
    else:
        yield Finding("note", f"{what}; it may have been chosen after a look, and nothing here confirms")


def _known(content: bytes, mine: Mapping[str, Any]) -> dict[str, Any]:
    """The design of an older file; knobs that it did not know yet are taken as they are now."""
    sections = yaml.safe_load(content) or {}
    layers = sections.get("zero_shot_transfer", {}).get("retrieval_layers", mine["retrieval_layers"])
    whole = {"shared": sections.get("shared", {}), "zero_shot_transfer": {"retrieval_layers": layers}}
    return dict(mine) | design_of(whole)
