"""Are the published numbers what predictions and labels give? Scores, gains and claims, computed again."""

import math
import multiprocessing
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pandas as pd

from polystilts.errors import StudyError
from polystilts.files import fingerprint
from polystilts.gate.calls import Call, call_all
from polystilts.gate.caveats import background, caveat_differences, says
from polystilts.gate.estimates import highest_unit
from polystilts.gate.evidence import Evidence, plain_words
from polystilts.gate.finding import Check, Finding, counted, falsifies, several, signed
from polystilts.gate.scoring import score_again
from polystilts.gate.tables import KEY, ROUNDING, cell_in_words, metadata_differences
from polystilts.tasks import TASKS

FILES_A_PROCESS = 50  # starting a process takes as long as marking some fifty files of predictions
UNIT_NOUNS = {"bundle": "bundle", "world_seed": "world", "encoder_seed": "encoder", "seed": "seed"}
Asked = tuple[str, str, Path, Path]  # a run, a target task, and the files of its predictions and labels


@dataclass(frozen=True)
class Marking:
    """The marking of every prediction file: what was asked, what could not be, and answers as they come."""

    asked: Sequence[Asked]
    unseen: Mapping[Path, set[tuple[str, str]]]  # files that are not there, and whose cells they would be
    answers: Iterable[pd.DataFrame | str]  # the scores of each file, or why it cannot be marked


@contextmanager
def marking(evidence: Evidence) -> Iterator[Marking]:
    """Begin to mark every prediction again; many files share the cores, while other checks are at work."""
    asked, unseen = [], defaultdict(set)
    for run, record in evidence.runs.items():
        world = record["seeds"]["world"]
        for target in record["parameters"]["shared"]["target_tasks"]:
            predictions = evidence.folder / "runs" / run / "predictions" / f"{target}.parquet"
            labels = evidence.folder / "labels" / f"w{world}" / f"{target}.parquet"
            missing = [file for file in (predictions, labels) if not file.is_file()]
            if missing:
                unseen[missing[0].relative_to(evidence.folder)].add((run, target))
                continue
            asked.append((run, target, predictions, labels))
    processes = min(os.cpu_count() or 1, len(asked) // FILES_A_PROCESS)
    if processes < 2 or evidence.scores is None:
        yield Marking(asked, unseen, map(_mark_again, asked))
        return
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), leave_with_parent) as pool:
        yield Marking(asked, unseen, pool.map(_mark_again, asked, chunksize=10))


@plain_words
def check_scores(evidence: Evidence, marked: Marking) -> tuple[Check, pd.DataFrame]:
    """Compare what every prediction was marked with, a second time, with `tables/scores.csv`.

    Also returns the new scores.
    """
    question = "Do predictions and labels give the published scores?"
    published = evidence.scores
    if published is None:
        lost = falsifies("tables/scores.csv is not there: no score can be checked")
        return Check("scores", question, "There is no score table.", (lost,), complete=False), pd.DataFrame()
    findings: list[Finding] = []
    tables, unseen = [], marked.unseen
    for (run, target, predictions, _), again in zip(marked.asked, marked.answers, strict=True):
        if isinstance(again, str):
            name = predictions.relative_to(evidence.folder)
            findings.append(falsifies(f"{name} cannot be marked: {again}", (run,)))
            continue
        tables.append(again.assign(run_id=run, target_task=target))
    again = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=[*KEY, "value", "n"])
    for name, cells in unseen.items():
        runs = tuple(sorted({run for run, _ in cells}))
        what = f"{name} is not there: {counted(len(cells), 'prediction file')} not scored again"
        findings.append(Finding("open", what, runs))
    lost = set().union(*unseen.values())
    seen = [cell not in lost for cell in zip(published["run_id"], published["target_task"], strict=True)]
    guesses = published["metric"] == "chance"
    tests = np.array(seen, dtype=bool) & (published["split"] == "test") & ~guesses
    findings += _differences(published[tests], again)
    findings += metadata_differences(evidence, published)
    done = f"{len(again):,} scores computed again from {len(tables)} prediction files."
    facts = {"scores": len(again), "prediction_files": len(tables)}
    return Check("scores", question, done, tuple(findings), bool(tables), facts), again


def leave_with_parent() -> None:
    """End this process once its parent is gone: a killed gate leaves nobody waiting for work."""
    parent = multiprocessing.parent_process()

    def leave() -> None:
        parent.join()
        os._exit(1)

    Thread(target=leave, daemon=True).start()


@plain_words
def _mark_again(asked: Asked) -> pd.DataFrame | str:
    _, target, predictions, labels = asked
    try:
        return score_again(TASKS[target], pd.read_parquet(predictions), pd.read_parquet(labels))
    except (StudyError, KeyError, ValueError) as problem:
        return str(problem)


def _differences(published: pd.DataFrame, again: pd.DataFrame) -> list[Finding]:
    findings = []
    both = published.merge(again, on=KEY, how="outer", suffixes=("", "_again"), indicator=True)
    for row in both[both["_merge"] == "right_only"].groupby("run_id"):
        cells = row[1]
        first = cell_in_words(cells.iloc[0])
        what = f"{len(cells)} scores of run {row[0]} are not in tables/scores.csv, the first {first}"
        findings.append(falsifies(what, (row[0],)))
    known = set(again["run_id"])
    for run, cells in both[both["_merge"] == "left_only"].groupby("run_id"):
        why = "have no prediction behind them" if run in known else "belong to a run that is not there"
        findings.append(
            falsifies(
                f"{len(cells)} scores of run {run} {why}, the first {cell_in_words(cells.iloc[0])}",
                (run,),
            )
        )
    inner = both[both["_merge"] == "both"]
    wrong = inner[
        ((inner["value"] - inner["value_again"]).abs() > ROUNDING) | (inner["n"] != inner["n_again"])
    ]
    for run, cells in wrong.groupby("run_id"):
        one = cells.iloc[0]
        findings.append(
            falsifies(
                f"{len(cells)} scores of run {run} differ from its predictions, the first "
                f"{cell_in_words(one)}: published "
                f"{one['value']:.6f} on {one['n']:.0f} items, found {one['value_again']:.6f} on "
                f"{one['n_again']:.0f}",
                (run,),
            )
        )
    return findings


@plain_words
def check_claims(evidence: Evidence) -> tuple[Check, dict[str, Call]]:
    """Estimate and call every hypothesis again from the scores; also returns the gate's own calls."""
    question = "Do the scores give the published estimates, intervals and outcomes?"
    scores, languages = evidence.scores, evidence.table("languages")
    if scores is None or languages is None or not evidence.parameters:
        return Check("claims", question, "There are no scores, languages or runs.", (), complete=False), {}
    low = evidence.low_resource
    rows = evidence.hypotheses
    calls = call_all(rows, scores, languages, low)
    contents = evidence.hypothesis_files.values()
    expected = {row["id"]: (row, fingerprint(content["hypotheses"]))
                for content in contents for row in content["hypotheses"]}  # fmt: skip
    known, findings = background(scores, languages, low, evidence.real), []
    for claim in evidence.claims:
        call = calls.get(claim["hypothesis"])
        if call is None:
            what = f"claim {claim['id']}: its hypothesis {claim['hypothesis']!r} is not in hypotheses.yaml"
            findings.append(falsifies(what, claims=(claim["id"],)))
        elif not call.known:
            what = f"claim {claim['id']}: the gate does not know its measure; it stays unverified"
            findings.append(Finding("open", what, claims=(claim["id"],)))
        else:
            wrong = claim_differences(claim, call, evidence.real)
            row, today = expected[claim["hypothesis"]]
            if claim.get("lineage", {}).get("hypotheses", today) == today:  # else it is stale: see the freeze
                wrong += _expectation_differences(claim, row)
                wrong += caveat_differences(claim, call, row, known)
            if claim.get("scale") not in (scales := _scales(evidence)):
                wrong.append(f"scale is {claim.get('scale')}, the study is {several(sorted(scales))}")
            if wrong:
                findings.append(falsifies(f"claim {claim['id']}: {'; '.join(wrong)}", claims=(claim["id"],)))
    lost = sorted({row["id"] for row in rows} - {claim["hypothesis"] for claim in evidence.claims})
    if lost:
        findings.append(falsifies(f"claims.json says nothing of the hypotheses {several(lost)}"))
    measured = sum(call.estimate is not None for call in calls.values())
    done = f"{measured} estimates with their intervals computed again, {len(calls)} outcomes called again."
    facts = {"claims": len(evidence.claims), "measured": measured}
    return Check("claims", question, done, tuple(findings), facts=facts), calls


def _scales(evidence: Evidence) -> set[str]:
    """The names that claims may give their scale: a pool has that of its folder, others of their runs."""
    if (evidence.folder / "pool.json").is_file():
        return {evidence.scale}
    return {record["scale"] for record in evidence.runs.values()}


def claim_differences(claim: dict, call: Call, real: bool = False) -> list[str]:
    """Where a claim and the gate's own call differ, in words; empty where they agree."""
    found = call.estimate
    low, high = found.ends() if found else (None, None)
    mine = {"estimate": found.value if found else None, "low": low, "high": high}
    wrong = []
    for name, value in mine.items():
        said = claim.get(name)
        there = value is not None and not math.isnan(value)
        if (said is None) == there or (there and abs(said - value) > 2e-6 * max(1, abs(value))):
            wrong.append(f"{name} is {said}, found {None if not there else round(value, 6)}")
    for name, value in (("n", found.n if found else 0), ("units", found.units if found else 0)):
        if claim.get(name) != value:
            wrong.append(f"{name} is {claim.get(name)}, found {value}")
    if claim.get("outcome") != call.outcome:
        wrong.append(f"outcome is {claim.get('outcome')}, found {call.outcome}")
    wrong += _sentence_differences(claim, call, real)
    runs = tuple(sorted(claim.get("lineage", {}).get("runs", [])))
    if runs != call.runs and runs:
        wrong.append(f"it names {len(runs)} runs, its cells come from {len(call.runs)}")
    return wrong


def _expectation_differences(claim: dict, row: Mapping[str, Any]) -> list[str]:
    """Where a claim is not about the hypothesis as its file has it: its quantifier, its words, its unit."""
    wrong, sentence = [], claim.get("sentence", "")
    if claim.get("quantifier") != row["quantifier"]:
        wrong.append(f"quantifier is {claim.get('quantifier')}, its hypothesis says {row['quantifier']}")
    told = "Outcome:" if claim.get("estimate") is None else "Found:"
    if not sentence.startswith(f"Expected: {row['sentence']} {told} "):
        wrong.append("its sentence does not expect what its hypothesis says")
    unit = row["contrast"].get("unit", "points")
    if told == "Found:" and not re.search(rf" Found: \S+ {re.escape(unit)} \(", sentence):
        wrong.append(f"its sentence does not count in {unit}")
    return wrong


def _sentence_differences(claim: dict, call: Call, real: bool) -> list[str]:
    """Numbers of the claim, and of its sides, that its own sentence does not say, or says otherwise."""
    sentence, wrong = claim.get("sentence", ""), []
    said = re.findall(r"Outcome: (\w*)", sentence)
    if said != [claim.get("outcome")]:
        wrong.append("its sentence names another outcome")
    if claim.get("estimate") is None or call.estimate is None:
        return wrong
    if sentence.count("Found: ") != 1:
        wrong.append("its sentence has found more than one number")
    counts = _counts_told(call, real)
    if counts not in sentence or sentence.count("matched differences") != 1:
        wrong.append(f"its sentence does not say '{counts}'")
    told = [("Found: {} ", [claim["estimate"]])]
    if claim.get("low") is not None and claim.get("high") is not None:
        told.append(("interval {} to {})", [claim["low"], claim["high"]]))
    for side in call.against_none:
        ends = side.ends()
        told.append(
            (" {} ({} to {})", [side.value, *ends]) if None not in ends else (" {} (no", [side.value])
        )
    wrong += [f"its sentence does not say '{words.format(*map(signed, values)).strip()}'"
              for words, values in told if not says(sentence, words, values)]  # fmt: skip
    return wrong


def _counts_told(call: Call, real: bool) -> str:
    """How many units and differences a sentence must name; real data have allotments of text for worlds."""
    noun, rest = UNIT_NOUNS[highest_unit(call.cells)], ""
    if real and noun == "world":
        noun, rest = "allotment", " of text"
    return f", over {counted(call.estimate.units, noun)}{rest} and {call.estimate.n} matched differences."
