"""Are the published numbers what predictions and labels give? Scores, gains and claims, computed again."""

import multiprocessing
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import numpy as np
import pandas as pd

from polystilts.errors import StudyError
from polystilts.gate.evidence import Evidence, plain_words
from polystilts.gate.finding import Check, Finding, counted, falsifies
from polystilts.gate.scoring import score_again
from polystilts.gate.tables import KEY, ROUNDING, cell_in_words, metadata_differences
from polystilts.tasks import TASKS

FILES_A_PROCESS = 50  # starting a process takes as long as marking some fifty files of predictions
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
