"""A few cells of the study done again from their inputs, in the sandbox, compared with the published ones.

The sandbox shows a training only the rows that its arm may read, in the languages that it may read, and no
test items at all: predictions that come out the same prove that the run has read nothing else.
"""

import os
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd

from polystilts.gate.calls import Call, call_all
from polystilts.gate.evidence import Evidence
from polystilts.gate.finding import Check, Finding, falsifies, several
from polystilts.gate.protocol import declared
from polystilts.gate.sandbox import run_sealed
from polystilts.gate.scoring import score_again
from polystilts.tasks import STRATEGIES, TASKS

# The claims that answer the question, each with that on retrieval beside it; the first with cells counts.
MAIN_CLAIMS = (
    ("primary", "primary-retrieval"),
    ("code-switched-advantage", "code-switched-advantage-retrieval"),
)
HARDWARE = ("machine", "system", "processor", "threads")
RERUN = "polystilts.pipeline.rerun"


@dataclass(frozen=True)
class Rerun:
    """One cell done again: what came out, and what held it."""

    run: str
    target: str
    result: str  # identical, within tolerance, different, failed
    words: str
    enforced: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether it came to the same."""
        return self.result in ("identical", "within tolerance")


def draw_cells(evidence: Evidence, calls: Mapping[str, Call], count: int, seed: int) -> list[tuple[str, str]]:
    """A random sample of cells (a run and a target); the first are one for each claim of the answer.

    Where the encoders of some runs were kept and others not, it is drawn from those that can be repeated.
    """
    kept = repeatable(evidence)
    cells = [(run, target) for run, record in sorted(evidence.runs.items()) if run in kept or not kept
             for target in record["parameters"]["shared"]["target_tasks"]]  # fmt: skip
    random = Random(f"{seed} replication")
    answers = [[calls[name].cells for name in names if name in calls and calls[name].cells is not None]
               for names in MAIN_CLAIMS]  # fmt: skip
    first = []
    for rows in next(filter(None, answers), []):
        used = set(zip(rows["run_id"], rows["target_task"], strict=True)) & set(cells)
        first += [random.choice(sorted(used))] if used else []
    rest = [cell for cell in cells if cell not in first]
    random.shuffle(rest)
    return [*first, *rest][:count]


def repeatable(evidence: Evidence) -> set[str]:
    """The runs whose encoder lies beside them."""
    encoders = evidence.folder / "encoders"
    return {run for run, record in evidence.runs.items() if (encoders / record["parent"]).is_dir()}


def check_replication(
    evidence: Evidence,
    calls: Mapping[str, Call],
    worlds: Mapping[int, Path],
    workspace: Path,
    count: int,
    seed: int,
    hardware: Mapping[str, Any] | None = None,
) -> tuple[Check, list[Rerun]]:
    """Repeat some cells; the contract: identical on the same hardware, elsewhere within its tolerance."""
    question = "Does a second run, from its inputs, come to the same?"
    if not count:
        done = "No cell was repeated; `--replicate N` repeats some."
        return Check("replication", question, done, complete=False, facts={"cells": 0}), []
    drawn = draw_cells(evidence, calls, count, seed)
    places = [workspace / f"cell-{number}" for number in range(len(drawn))]
    again = partial(repeat, evidence, worlds=worlds, hardware=hardware)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:  # each waits for a process
        reruns = [*pool.map(lambda cell, place: again(*cell, place=place), drawn, places)]
    findings = [
        falsifies(f"run {one.run}, {one.target}, done again, came out different: {one.words}", (one.run,))
        for one in reruns
        if one.result == "different"
    ]
    findings += [
        Finding("open", f"run {one.run}, {one.target}, could not be done again: {one.words}", (one.run,))
        for one in reruns
        if one.result == "failed"
    ]
    enforced = several(dict.fromkeys(word for one in reruns for word in one.enforced), 9)
    good = sum(one.good for one in reruns)
    kept, runs = len(repeatable(evidence)), len(evidence.runs)
    among = f", from the {kept} of {runs} runs whose encoder was kept," if 0 < kept < runs else ""
    done = (
        f"{good} of {len(reruns)} cells drawn at random (seed {seed}){among} came to the same. "
        f"Enforced: {enforced or 'nothing'}."
    )
    return Check(
        "replication", question, done, tuple(findings), good > 0, {"cells": len(reruns), "good": good}
    ), reruns


def repeat(
    evidence: Evidence, run: str, target: str, worlds: Mapping[int, Path], place: Path,
    hardware: Mapping[str, Any] | None = None,
) -> Rerun:  # fmt: skip
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
        for name in files_for(piece, record, target, worlds[seed], sets):
            (world / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(worlds[seed] / name, world / name)
        command = [RERUN, str(inputs / "run.json"), piece, "--world", str(world), *given]
        pieces.append(run_sealed(command, place / f"work-{piece}", [inputs, world], threads))
        if pieces[-1].code:
            return Rerun(run, target, "failed", pieces[-1].output[-300:], pieces[-1].enforced)
    again = pd.read_parquet(place / "into" / "predictions.parquet")
    shutil.rmtree(place, ignore_errors=True)
    return Rerun(run, target, *judge(evidence, run, target, again, hardware), pieces[0].enforced)


def files_for(
    piece: str, record: Mapping[str, Any], target: str, world: Path, sets: Mapping[str, str]
) -> list[str]:
    """The files of a world that a piece of a run may see: what its arm allows and its target needs."""
    examples, source = "examples", record["parameters"]["shared"]["source_language"]
    if piece == "predict":
        wanted = [f"{examples}/{target}/test-*", f"{examples}/{target}/entities-test*"]
    else:
        strategy, allowed = STRATEGIES[record["arm"]["strategy"]], declared(record, sets)
        wanted = [f"{examples}/{row['task']}/{split}-{row['language']}.parquet"
                  for row in allowed for split in ("train", "native")]  # fmt: skip
        wanted += [f"lexicons/{row['language']}.csv" for row in allowed]
        wanted += ["corpus/*"] if strategy.masked_lm else []
        if (task := TASKS[target].training_task) != "none":
            wanted += [f"{examples}/{task}/train-{source}.parquet", f"{examples}/{task}/entities-train*"]
    found = {path.relative_to(world).as_posix() for pattern in wanted for path in world.glob(pattern)}
    return sorted(found)


def judge(
    evidence: Evidence, run: str, target: str, again: pd.DataFrame, hardware: Mapping[str, Any] | None
) -> tuple[str, str]:
    """Whether repeated predictions are the published ones, by the contract's two rules."""
    file = evidence.folder / "runs" / run / "predictions" / f"{target}.parquet"
    if not file.is_file():
        return "failed", f"there are no published predictions at {file.name}"
    published = pd.read_parquet(file)
    columns = ["language", "example_id", "prediction", *(["variant"] if "variant" in published else [])]
    if published[columns].equals(again[columns]):
        return "identical", f"all {len(again):,} predictions are the same"
    count = len(published.merge(again, on=columns))
    words = f"{len(published) - count:,} of {len(published):,} predictions differ"
    recorded = evidence.runs[run]["hardware"]
    if (
        hardware
        and all(recorded.get(key) == hardware.get(key) for key in HARDWARE)
        and "processor" in recorded
    ):
        return "different", f"{words}, on the hardware and thread count of the run"
    return within_tolerance(evidence, run, target, again, words)


def seed_spread(scores: pd.DataFrame, target: str) -> tuple[str, float]:
    """How far apart seeds leave a target's main test scores: which seeds, and their standard deviation.

    Pretraining seeds where there are several, seeds of training elsewhere. The deviation, in points, is the
    root of the mean variance over everything else that a score has; NaN with one seed only.
    """
    unit = "encoder_seed" if scores["encoder_seed"].nunique() > 1 else "seed"
    cells = [
        "world_seed", "encoder_seed", "seed", "strategy", "intermediate_task", "language_set", "language",
        "variant",
    ]  # fmt: skip
    cells.remove(unit)
    main = scores["metric"] == TASKS[target].metric
    rows = scores[(scores["split"] == "test") & (scores["target_task"] == target) & main]
    return unit, float(rows.groupby(cells)["value"].var().mean() ** 0.5)


def within_tolerance(
    evidence: Evidence, run: str, target: str, again: pd.DataFrame, words: str
) -> tuple[str, str]:
    """On other hardware: changed, in quadratic mean over languages, by at most two standard deviations over
    pretraining seeds (over seeds, where there is one pretraining), and every outcome the same.
    """
    labels = evidence.folder / "labels" / f"w{evidence.runs[run]['seeds']['world']}" / f"{target}.parquet"
    fresh = score_again(TASKS[target], again, pd.read_parquet(labels)).assign(run_id=run, target_task=target)
    scores = evidence.scores
    keys = ["run_id", "target_task", "language", "metric", "variant"]
    tests = scores[(scores["split"] == "test") & (scores["target_task"] == target)]
    both = tests.merge(fresh, on=keys, suffixes=("", "_again"))
    both = both[both["metric"] == TASKS[target].metric]
    unit, spread = seed_spread(scores, target)
    if not len(both) or pd.isna(spread):
        return "failed", f"{words}; with one {unit} there is no spread to compare with"
    moved = float(((both["value"] - both["value_again"]) ** 2).mean() ** 0.5)
    kind = "pretraining seeds" if unit == "encoder_seed" else "seeds (there is one pretraining only)"
    words = (
        f"{words}; scores moved by {moved:.2f} points, their standard deviation over {kind} is {spread:.2f}"
    )
    if moved > 2 * spread:
        return "different", words
    replaced = scores.merge(fresh[[*keys, "value"]], on=keys, how="left", suffixes=("", "_again"))
    replaced["value"] = replaced["value_again"].where(replaced["value_again"].notna(), replaced["value"])
    rows, low = evidence.hypotheses, evidence.low_resource
    new = call_all(rows, replaced, evidence.table("languages"), low)
    old = call_all(rows, scores, evidence.table("languages"), low)
    turned = [name for name in new if new[name].outcome != old[name].outcome]
    if turned:
        return "different", f"{words}; the outcome of {several(turned)} turns"
    return "within tolerance", f"{words}; every outcome is the same"
