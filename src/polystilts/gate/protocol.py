"""Were the rules kept? Labels, exposure, selection and the freeze, from what the runs recorded."""

from collections.abc import Mapping
from functools import cache, partial
from typing import Any

import pandas as pd
import yaml

from polystilts.files import fingerprint, sha256
from polystilts.gate.evidence import Evidence
from polystilts.gate.finding import Check, Finding, counted, falsifies, several
from polystilts.tasks import INTERMEDIATE_TASKS, STRATEGIES, TASKS


def labels_read(record: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """The labelled rows that a run says its intermediate stage read; None where its record is silent."""
    for stage in record.get("stages", []):
        if stage["stage"] == "intermediate":
            read = stage.get("read")
            return None if read is None else [row for row in read if "task" in row]
    return []


def _silent(record: Mapping[str, Any]) -> bool:
    """Whether a training stage of a run does not say what it read; only forgetting reads nothing."""
    training = [stage for stage in record.get("stages", []) if stage["stage"] in ("intermediate", "finetune")]
    strategy = STRATEGIES[record["arm"]["strategy"]]
    reads = {"finetune": True, "intermediate": strategy.labelled or strategy.masked_lm}
    silent = any(reads[stage["stage"]] and not stage.get("read") for stage in training)
    return silent or bool(strategy.labelled and not labels_read(record))


def declared(record: Mapping[str, Any], sets: Mapping[str, str]) -> list[dict[str, Any]]:
    """The tasks and languages that an arm's own definition lets it read labels of."""
    arm, shared = record["arm"], record["parameters"]["shared"]
    if not STRATEGIES[arm["strategy"]].labelled:
        return []
    tasks = [arm["intermediate_task"]] if arm["intermediate_task"] else [t.name for t in INTERMEDIATE_TASKS]
    source = shared["source_language"]
    languages = [source, *(code for code in shared["languages"] if arm["language_set"]
                           and code != source and sets.get(code) == arm["language_set"])]  # fmt: skip
    return [{"task": task, "language": code} for task in tasks for code in languages]


def exposure_of(target: str, language: str, read: list[dict[str, Any]], source: str) -> str:
    """What an arm that read these rows had seen, with labels, of a language that it is tested in."""
    if language == source and TASKS[target].training_task != "none":
        return "same-task"
    kinds = {TASKS[row["task"]].kind for row in read if row["language"] == language}
    return "none" if not kinds else "same-task" if TASKS[target].kind in kinds else "task"


def check_exposure(evidence: Evidence) -> Check:
    """Compute the exposure of every score again, from the rows that its run read."""
    question = "Had the arm really seen no labels where a score counts as zero-shot?"
    languages, scores = evidence.table("languages"), evidence.scores
    if languages is None or scores is None or not evidence.runs:
        return Check("exposure", question, "There are no scores, languages or runs.", complete=False)
    sets = dict(zip(languages["language"], languages["set"], strict=True))
    findings, from_records = [], 0
    silent = [run for run, record in evidence.runs.items() if _silent(record)]
    if silent:
        what = f"{counted(len(silent), 'run')} do not say what they read, the first {silent[0]}"
        findings.append(Finding("open", f"{what}: exposure rests on what their arms allow", tuple(silent)))
    for run, record in evidence.runs.items():
        source = record["parameters"]["shared"]["source_language"]
        allowed, read = declared(record, sets), labels_read(record)
        from_records += read is not None
        strange = [
            row for row in read or [] if {"task": row["task"], "language": row["language"]} not in allowed
        ]
        if strange:
            row = strange[0]
            findings.append(
                falsifies(
                    f"run {run} read labels of {row['task']} in {row['language']}, which its "
                    "arm does not allow",
                    (run,),
                )
            )
        for stage in record["stages"]:
            for row in (stage.get("read") or []) if stage["stage"] == "finetune" else []:
                if row["language"] != source:
                    findings.append(
                        falsifies(
                            f"run {run} read target labels of {row['task']} in "
                            f"{row['language']}: that is not zero-shot",
                            (run,),
                        )
                    )
        tests = scores[(scores["run_id"] == run) & (scores["split"] == "test")]
        keys = ["target_task", "language", "exposure"]
        for target, language, said in tests[keys].drop_duplicates().itertuples(index=False):
            found = exposure_of(target, language, read if read is not None else allowed, source)
            if found != said:
                findings.append(
                    falsifies(
                        f"run {run}, {target} in {language}: exposure is given as {said!r}, "
                        f"what was read makes it {found!r}",
                        (run,),
                    )
                )
    others = len(evidence.runs) - from_records
    how = f"rows read, as recorded, for {from_records} runs; as the arm allows, for {others}"
    return Check(
        "exposure", question, f"Exposure of {len(scores):,} scores computed again ({how}).", tuple(findings)
    )


def _one_side_is_source(target: str) -> bool:
    """Whether a search is between a language and the source language, which then is not asked in itself."""
    search = TASKS[target].search
    return bool(search and search.source_side)


def _asked_in(evidence: Evidence, world: int, target: str, languages: tuple[str, ...]) -> set[str]:
    """The languages that a target has test items in: those of its labels, else all of the scale.

    Labels of real data are not passed on, and not every target has every language: without them it is the
    languages that any run of this world has answered it in.
    """
    file = evidence.folder / "labels" / f"w{world}" / f"{target}.parquet"
    files = [file] if file.is_file() else []
    if not files and evidence.real:
        runs = [run for run, record in evidence.runs.items() if record["seeds"]["world"] == world]
        answered = [evidence.folder / "runs" / run / "predictions" / f"{target}.parquet" for run in runs]
        files = [file for file in answered if file.is_file()]
    read = [set(pd.read_parquet(file, columns=["language"])["language"]) for file in files]
    return set().union(*read) if read else set(languages)


def check_selection(evidence: Evidence) -> Check:
    """Every run is scored on every target in every language: nothing was left out after looking."""
    question = "Was anything chosen after looking at the targets?"
    scores = evidence.scores
    if scores is None or not evidence.runs:
        return Check("selection", question, "There are no scores or no runs.", complete=False)
    tests = scores[scores["split"] == "test"]
    findings, cells = [], 0
    asked_in = cache(partial(_asked_in, evidence))
    for run, record in evidence.runs.items():
        shared = record["parameters"]["shared"]
        mine = tests[tests["run_id"] == run]
        there = set(zip(mine["target_task"], mine["language"], strict=True))
        wanted = {(target, code) for target in shared["target_tasks"]
                  for code in asked_in(record["seeds"]["world"], target, tuple(shared["languages"]))
                  if not (_one_side_is_source(target) and code == shared["source_language"])}  # fmt: skip
        cells += len(wanted)
        lost = sorted(wanted - there)
        if lost:
            findings.append(falsifies(f"run {run} has no score for {several(' in '.join(c) for c in lost)}",
                                      (run,)))  # fmt: skip
    other = sorted(set(scores["split"]) - {"test", "dev"})
    abroad = scores[(scores["split"] == "dev") & (scores["exposure"] != "same-task")]
    if other or len(abroad):
        findings.append(
            falsifies(f"scores on {several(other) or 'development rows abroad'} could have served to choose")
        )
    return Check("selection", question, f"{cells:,} cells asked for, each looked up.", tuple(findings))


def check_freeze(evidence: Evidence) -> Check:
    """The hypotheses are those that were frozen, and only runs after the freeze count as confirmatory."""
    question = "Were the hypotheses left alone after the freeze?"
    findings, told, confirm, turned = [], [], False, _turned(evidence)
    for name, content in evidence.hypothesis_files.items():
        found, words, may = _freeze_of(evidence, name, content, turned)
        findings += found
        told.append(words)
        confirm = confirm or may
    frozen = any(content.get("frozen") for content in evidence.hypothesis_files.values())
    done = f"{len(evidence.hypotheses)} hypotheses compared with their frozen hash. {' '.join(told)}"
    return Check("freeze", question, done, tuple(findings), facts={"frozen": frozen, "confirmatory": confirm})


def _freeze_of(
    evidence: Evidence, name: str, content: Mapping[str, Any], turned: list[str]
) -> tuple[list[Finding], str, bool]:
    """What is wrong with the freeze of one file, when it was, and whether its claims may confirm."""
    frozen, rows = content.get("frozen"), content["hypotheses"]
    today, now = fingerprint(rows), sha256(evidence.file(name))
    worlds = {record["seeds"]["world"] for record in evidence.runs.values()}
    findings, confirm = [], False
    if frozen and frozen["hash"] != today:
        findings.append(falsifies(f"{name} was edited after the freeze of {frozen.get('date')}: frozen "
                                  f"{frozen['hash']}, today {today}"))  # fmt: skip
    elif frozen:
        named = set(map(int, frozen.get("world_seeds", ())))
        kept = bool(named) and worlds == named or evidence.scale in frozen.get("scales", ())
        confirm = kept and "+" not in evidence.scale and not turned  # as it may have been after a look
    mine = {row["id"] for row in rows}
    old = []
    for claim in (claim for claim in evidence.claims if claim["hypothesis"] in mine):
        lineage = claim.get("lineage", {})
        rows_then, file_then = lineage.get("hypotheses"), lineage.get("files", {}).get(name, now)
        if rows_then != today if rows_then else file_then != now:
            old.append(claim["id"])
        if claim.get("confirmatory") and not confirm:
            why = (
                f"its runs have other knobs than their scale declares: {several(turned)}"
                if turned
                else f"its worlds ({several(sorted(worlds))}) are not those that a freeze kept for it"
            )
            findings.append(
                falsifies(f"claim {claim['id']} calls itself confirmatory; {why}", claims=(claim["id"],))
            )
    if old and not (frozen and frozen["hash"] != today):
        findings.append(Finding("stale", f"{name} has changed since the claims were made", claims=tuple(old)))
    when = f"{frozen.get('date')} ({name})" if frozen else f"never ({name}): all is exploratory"
    return findings, f"Frozen: {when}.", confirm


# Knobs that say which runs there are, or how their work was split; a site may bring an encoder of its own.
NOT_TURNED = {"arms", "world_seeds", "encoder_seeds", "seeds", "target_tasks", "batches", "encoder"}


def _turned(evidence: Evidence) -> list[str]:
    """The knobs of the runs, of a variant or a pool of variants, that differ from the file of their scale."""
    found, files = set(), {}
    for record in evidence.runs.values():
        name = f"params/{record['scale'].partition('+')[0]}.yaml"
        if not evidence.file(name).is_file():
            return [f"{name} is not there"]
        if name not in files:
            files[name] = yaml.safe_load(evidence.file(name).read_text(encoding="utf-8"))
        for section, knobs in record["parameters"].items():
            free = section == "pretraining"
            found |= {
                f"{section}.{knob}"
                for knob, value in knobs.items()
                if not free and knob not in NOT_TURNED and files[name].get(section, {}).get(knob) != value
            }
    return sorted(found)
