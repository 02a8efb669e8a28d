"""A few cells of the study done again from their inputs, in the sandbox, compared with the published ones.

The sandbox shows a training only the rows that its arm may read, in the languages that it may read, and no
test items at all: predictions that come out the same prove that the run has read nothing else.
"""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd

from polystilts.files import fingerprint, read_json, sha256, sha256_of_folder
from polystilts.gate.calls import Call
from polystilts.gate.evidence import Evidence
from polystilts.gate.finding import Check, Finding, falsifies, several
from polystilts.gate.protocol import declared
from polystilts.gate.rerun import Rerun, repeatable, results_in_words
from polystilts.gate.sandbox import run_sealed
from polystilts.gate.tolerance import compare, suspicious
from polystilts.gate.witness import judged_by_the_witness, witness_for
from polystilts.tasks import STRATEGIES, TASKS

# The claims that answer the question, each with that on retrieval beside it; the first with cells counts.
MAIN_CLAIMS = (
    ("primary", "primary-retrieval"),
    ("code-switched-advantage", "code-switched-advantage-retrieval"),
)
RERUN = "polystilts.pipeline.rerun"
LONGEST = 1800  # seconds that a pretraining may take to be done again


def draw_cells(evidence: Evidence, calls: Mapping[str, Call], count: int, seed: int) -> list[tuple[str, str]]:
    """A random sample of cells (a run and a target); the first are one for each claim of the answer.

    Where the encoders of some runs were kept and others not, it is drawn from those that can be repeated.
    """
    kept = repeatable(evidence)
    cells = [
        (run, target)
        for run, record in sorted(evidence.runs.items())
        if run in kept or not kept
        for target in record["parameters"]["shared"]["target_tasks"]
    ]
    random = Random(f"{seed} replication")
    answers = [
        [calls[name].cells for name in names if name in calls and calls[name].cells is not None]
        for names in MAIN_CLAIMS
    ]
    first = []
    for rows in next(filter(None, answers), []):
        used = set(zip(rows["run_id"], rows["target_task"], strict=True)) & set(cells)
        first += [random.choice(sorted(used))] if used else []
    rest = [cell for cell in cells if cell not in first]
    random.shuffle(rest)
    return [*first, *rest][:count]


def check_replication(
    evidence: Evidence,
    calls: Mapping[str, Call],
    worlds: Mapping[int, Path],
    workspace: Path,
    count: int,
    seed: int,
    hardware: Mapping[str, Any] | None = None,
    changed: Mapping[str, Sequence[str]] | None = None,
) -> tuple[Check, list[Rerun]]:
    """Repeat some cells; the contract: identical on the same hardware, elsewhere within its tolerance.

    `changed` names the stages of each run whose code is another today: what comes out otherwise there is
    stale.
    """
    question = "Does a second run, from its inputs, come to the same?"
    if not count:
        done = "No cell was repeated; `--replicate N` repeats some."
        return Check("replication", question, done, complete=False, facts={"cells": 0}), []
    drawn = draw_cells(evidence, calls, count, seed)
    again = partial(repeat, evidence, worlds=worlds, hardware=hardware)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:  # each waits for a process
        places = [workspace / f"cell-{number}" for number in range(len(drawn))]
        reruns = [*pool.map(lambda cell, place: again(*cell, place=place), drawn, places)]
    if witness := witness_for(evidence, reruns):
        reruns.append(again(*witness, place=workspace / "witness"))
    reruns = judged_by_the_witness(evidence, reruns)
    changed = changed or {}
    findings = [_different(one, changed) for one in reruns if one.result == "different"]
    findings += [
        Finding("open", f"run {one.run}, {one.target}, could not be done again: {one.words}", (one.run,))
        for one in reruns
        if one.result == "failed"
    ]
    findings += [Finding("open", what) for what in suspicious([one.shift for one in reruns if one.shift])]
    findings += dev_differences(evidence, reruns)
    enforced = several(dict.fromkeys(word for one in reruns for word in one.enforced), 9)
    good = sum(one.good for one in reruns)
    kept, runs = len(repeatable(evidence)), len(evidence.runs)
    among = f", from the {kept} of {runs} runs whose encoder was kept," if 0 < kept < runs else ""
    done = (
        f"{results_in_words(reruns)} of {len(reruns)} cells drawn at random (seed {seed}){among} and trained "
        f"again. Enforced: {enforced or 'nothing'}."
    )
    return Check(
        "replication", question, done, tuple(findings), good > 0, {"cells": len(reruns), "good": good}
    ), reruns


def _different(one: Rerun, changed: Mapping[str, Sequence[str]]) -> Finding:
    """A cell that came out otherwise: false if the same code made it, stale if the code is another."""
    what = f"run {one.run}, {one.target}, done again, came out different: {one.words}"
    if one.run in changed:
        return Finding(
            "stale", f"{what}; the code of {several(changed[one.run])} has changed since", (one.run,)
        )
    return falsifies(what, (one.run,))


def dev_differences(evidence: Evidence, reruns: Sequence[Rerun]) -> Iterator[Finding]:
    """Development scores that a repeated intermediate stage, otherwise identical, does not reach."""
    scores = evidence.scores
    for one in reruns:
        if scores is None or not one.dev or one.result != "identical":
            continue
        rows = scores[(scores["run_id"] == one.run) & (scores["split"] == "dev")]
        for metric in (one.dev["metric"], "majority"):
            right = one.dev["majority" if metric == "majority" else "value"]
            said = rows.loc[rows["metric"] == metric, "value"].tolist()
            if len(said) != 1 or abs(said[0] - right) > 2e-6:
                what = f"run {one.run}: the development score ({metric}) is {said or 'nowhere'}"
                yield falsifies(f"{what}, its intermediate stage done again reaches {right}", (one.run,))


def repeat(
    evidence: Evidence,
    run: str,
    target: str,
    worlds: Mapping[int, Path],
    place: Path,
    hardware: Mapping[str, Any] | None = None,
) -> Rerun:
    """Train and predict one cell again, from its record, the committed encoder and the world of its seed."""
    record = evidence.runs[run]
    seed, encoder = record["seeds"]["world"], evidence.folder / "encoders" / record["parent"]
    if not encoder.is_dir():
        return Rerun(run, target, "failed", f"encoders/{record['parent']} is not here")
    if seed not in worlds:
        return Rerun(run, target, "failed", f"the data of w{seed} are not here, nor can they be made again")
    languages = evidence.table("languages")
    sets = dict(zip(languages["language"], languages["set"], strict=True))
    seen, inputs = place / "seen", place / "inputs"
    shutil.copytree(encoder, inputs / "encoder")
    shutil.copy(evidence.folder / "runs" / run / "run.json", inputs / "run.json")
    given = ["--target", target, "--encoder", str(inputs / "encoder"), "--into", str(place / "into")]
    threads = int(record["hardware"].get("threads", 1))
    pieces = []
    for piece in ("train", "predict"):
        world = seen / piece
        world.mkdir(parents=True)  # some cells are not trained, and see nothing
        for name in files_for(piece, record, target, worlds[seed], sets):
            (world / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(worlds[seed] / name, world / name)
        command = [RERUN, str(inputs / "run.json"), piece, "--world", str(world), *given]
        pieces.append(run_sealed(command, place / f"work-{piece}", [inputs, world], threads))
        if pieces[-1].code:
            return Rerun(run, target, "failed", pieces[-1].output[-300:], pieces[-1].enforced)
    file, dev = place / "into" / "predictions.parquet", place / "into" / "intermediate" / "dev.json"
    again, made = pd.read_parquet(file), sha256(file)
    reached = read_json(dev) if dev.is_file() else None
    shutil.rmtree(place, ignore_errors=True)
    result, words, shift = compare(evidence, run, target, again, hardware)
    return Rerun(run, target, result, words, pieces[0].enforced, made, reached, shift)


def encoder_again(evidence: Evidence, run: str, worlds: Mapping[int, Path], place: Path) -> bool:
    """Whether a run's encoder, pretrained again in the sandbox, is the same byte for byte."""
    record = evidence.runs[run]
    world, corpus = worlds.get(record["seeds"]["world"]), place / "seen" / "corpus"
    if world is None or not record["parameters"]["pretraining"]["updates"]:
        return False
    shutil.copytree(world / "corpus", corpus)
    (place / "inputs").mkdir()
    shutil.copy(evidence.folder / "runs" / run / "run.json", place / "inputs")
    command = [RERUN, str(place / "inputs" / "run.json"), "encoder", "--world", str(corpus.parent)]
    inputs = [place / "inputs", corpus.parent]
    ended = run_sealed([*command, "--into", str(place / "into")], place / "work", inputs, timeout=LONGEST)
    made = fingerprint(sha256_of_folder(place / "into")) if not ended.code else ""
    shutil.rmtree(place, ignore_errors=True)
    return made == record["hashes"]["encoder"]


def files_for(
    piece: str, record: Mapping[str, Any], target: str, world: Path, sets: Mapping[str, str]
) -> list[str]:
    """The files of a world that a piece of a run may see: what its arm allows and its target needs."""
    examples, source = "examples", record["parameters"]["shared"]["source_language"]
    if piece == "predict":
        wanted = [f"{examples}/{target}/test-*", f"{examples}/{target}/entities-test*"]
        if task := record["arm"]["intermediate_task"]:  # was it learned at all?
            wanted += [f"{examples}/{task}/dev-{source}.parquet"]
    else:
        strategy, allowed = STRATEGIES[record["arm"]["strategy"]], declared(record, sets)
        wanted = [
            f"{examples}/{row['task']}/{split}-{row['language']}.parquet"
            for row in allowed
            for split in ("train", "native")
        ]
        wanted += [f"lexicons/{row['language']}.csv" for row in allowed]
        wanted += ["corpus/*"] if strategy.masked_lm else []
        if (task := TASKS[target].training_task) != "none":
            wanted += [f"{examples}/{task}/train-{source}.parquet", f"{examples}/{task}/entities-train*"]
    found = {path.relative_to(world).as_posix() for pattern in wanted for path in world.glob(pattern)}
    return sorted(found)
