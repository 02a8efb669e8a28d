"""Are the data what their seed makes, free of leaks, and are the labels theirs?"""

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import pandas as pd

from polystilts.files import fingerprint, sha256_of_folder
from polystilts.gate.evidence import Evidence
from polystilts.gate.finding import Check, Finding, counted, falsifies, several
from polystilts.gate.labels import wrong_labels
from polystilts.gate.languages import wrong_languages
from polystilts.gate.sandbox import run_sealed
from polystilts.tasks import TASKS, shut_out

SPLITS = ("train", "native", "dev", "test")
TEXTS = ("text_a", "text_b", "context", "question", "choices", "words", "text", "answer", "mention_start")
LEAST_WORDS = 5  # shorter texts, a name in quotation marks say, coincide in any two collections of real text
WORD = re.compile(r"\w+")
UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")


def check_data(
    evidence: Evidence, workspace: Path, code_now: Mapping[str, str] | None
) -> tuple[Check, dict[int, Path]]:
    """Make every generated world again and compare it with the runs' records; look for leaks; compare labels.

    A world that lies in the folder is compared with the one made again, and not believed. Real data cannot be
    made: what lies there is compared with the hash in the records. Also returns where each world lies.
    """
    question = "Are the data those of the runs, without a leak, and are the labels theirs?"
    findings: list[Finding] = []
    worlds: dict[int, Path] = {}
    runs_of: dict[int, list[str]] = defaultdict(list)
    for name, record in evidence.runs.items():
        runs_of[record["seeds"]["world"]].append(name)
    made = _made_again(evidence, workspace, runs_of)
    for seed, runs in sorted(runs_of.items()):
        shared = evidence.runs[runs[0]]["parameters"]["shared"]
        kept, real = evidence.folder / f"w{seed}", shared["source"] != "world"
        stale = _other_code(evidence, runs, code_now)
        folder, problem = (kept, "") if real else made[seed]
        if real and not kept.is_dir():
            what = f"the data of {evidence.scale} are not in this folder: not checked"
            findings.append(Finding("open", what))
            continue
        if problem:
            what = f"world {seed} cannot be made again: {problem}"
            findings.append(Finding("stale" if stale else "open", what, tuple(runs)))
            continue
        differing = [*_compare_hash(evidence, seed, folder, kept, runs, stale)]
        findings += differing
        searched = {folder, kept} if differing and kept.is_dir() else {folder}
        findings += [Finding(effect, f"world {seed}: {leak}", tuple(runs))
                     for place in sorted(searched) for effect, leak in leaks(place, real)]  # fmt: skip
        asked = shared["languages"]
        findings += [falsifies(problem, runs) for problem in wrong_labels(evidence, folder, seed, asked)]
        worlds[seed] = folder
    findings += wrong_languages(evidence, worlds)
    again = len(made.keys() & worlds.keys())
    done = f"{counted(len(worlds), 'world')} looked through, {again} of them made again from their seed."
    return Check("data", question, done, tuple(findings), bool(worlds), {"worlds": len(worlds)}), worlds


def _other_code(evidence: Evidence, runs: Sequence[str], code_now: Mapping[str, str] | None) -> bool:
    """Whether worlds are made by other code today than when the runs read theirs."""
    then = {(evidence.runs[run].get("code") or {}).get("world") for run in runs} - {None}
    return bool(code_now and then - {code_now.get("world")})


def _made_again(
    evidence: Evidence, workspace: Path, runs_of: Mapping[int, Sequence[str]]
) -> dict[int, tuple[Path, str]]:
    """Every generated world, made again, as many at a time as there are cores."""
    seeds = [seed for seed, runs in runs_of.items()
             if evidence.runs[runs[0]]["parameters"]["shared"]["source"] == "world"]  # fmt: skip
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:  # each waits for a process
        made = pool.map(lambda seed: world_again(evidence, runs_of[seed][0], workspace / f"w{seed}"), seeds)
        return dict(zip(seeds, made, strict=True))


def world_again(evidence: Evidence, run: str, into: Path) -> tuple[Path, str]:
    """Make the world of a run again in the sandbox; its folder, and what went wrong."""
    record = evidence.folder / "runs" / run / "run.json"
    place = into.parent / f"make-{into.name}"
    ended = run_sealed(["polystilts.pipeline.rerun", str(record), "world", "--into", str(into)], place,
                       [record.parent])  # fmt: skip
    return into, "" if ended.code == 0 else ended.output[-300:]


def _compare_hash(
    evidence: Evidence, seed: int, folder: Path, kept: Path, runs: list[str], stale: bool
) -> Iterator[Finding]:
    """Runs that read other data than these, and a folder of the study that holds other data than these."""
    files = sha256_of_folder(folder)
    found = fingerprint(files)
    wrong = [run for run in runs if evidence.runs[run]["hashes"]["data"] != found]
    named = ""
    if kept.is_dir() and kept != folder:
        there = sha256_of_folder(kept)
        odd = sorted(name for name in files.keys() | there.keys() if files.get(name) != there.get(name))
        named = f": {several(odd)}" if odd else ""
    if (wrong or named) and stale:
        what = f"w{seed} is made otherwise by the source of today{named}"
        yield Finding("stale", what, tuple(wrong or runs))
    elif wrong:
        made = "" if folder == kept else f": seed {seed} makes others"
        yield falsifies(
            f"the data of w{seed} are not those that {len(wrong)} runs read{named or made}", wrong
        )
    elif named:
        yield falsifies(f"the data in w{seed} are not those that seed {seed} makes{named}", runs)
    elif stale:
        what = f"the code that makes worlds has changed, and makes world {seed} byte for byte again"
        yield Finding("note", what, tuple(runs))


def leaks(world: Path, real: bool = False) -> Iterator[tuple[str, str]]:
    """Test items that training could have read, by their meaning and word by word: effect, and what it was.

    In real text short items coincide: those of fewer than five words are counted in a note. Their sentences
    are not ours, so nothing of them is quoted.
    """

    def first(shared: set) -> str:
        return "" if real else f", the first {min(map(str, shared))[:80]}"

    least = LEAST_WORDS if real else 0
    tasks = [folder.name for folder in sorted((world / "examples").glob("*"))]
    found = {(name, split): _identities(world, name, split) for name in tasks for split in SPLITS}
    test_rows = set().union(*(found[name, "test"][1] for name in tasks))
    for split in ("train", "native", "dev"):
        met: list[set] = [set(), set()]  # meanings and rows of tests that runs which read them are asked
        for name, target in product(tasks, tasks):
            if target not in TASKS or not shut_out(name, target):
                for both, mine, theirs in zip(met, found[name, split], found[target, "test"], strict=True):
                    both |= mine & theirs
        meanings, same = met
        long = {row for row in same if _words(" ".join(row)) >= least}
        for what, shared in (("meanings", meanings), ("items, word by word,", long)):
            if shared:
                yield "falsifies", f"{len(shared)} {what} of test items are in {split} files{first(shared)}"
        if len(long) < len(same):
            yield (
                "note",
                f"{len(same - long)} test items of fewer than {least} words are in {split} files too",
            )
    lines = {
        line for file in (world / "corpus").glob("*.txt") for line in file.read_text("utf-8").splitlines()
    }
    sentences = {text for row in test_rows for text in row if text.count(" ") > 3 and _words(text) >= least}
    if shared := sentences & lines:
        yield "falsifies", f"{len(shared)} test sentences are lines of the pretraining text{first(shared)}"


def _words(text: str) -> int:
    """How many words a text has; where words are not spaced, two letters count as one."""
    words = WORD.findall(text)
    unspaced = sum(len(word) for word in words if UNSPACED.search(word))
    return sum(not UNSPACED.search(word) for word in words) + unspaced // 2


def _identities(world: Path, task: str, split: str) -> tuple[set[str], set[tuple[str, ...]]]:
    meanings: set[str] = set()
    rows: set[tuple[str, ...]] = set()
    for file in sorted((world / "examples" / task).glob(f"{split}-*.parquet")):
        frame = pd.read_parquet(file)
        meanings.update(frame["meaning_id"].astype(str))
        columns = [name for name in TEXTS if name in frame]
        rows.update(zip(*(frame[name].map(_plain) for name in columns), strict=True))
    return meanings, rows


def _plain(value) -> str:
    return (
        value
        if isinstance(value, str)
        else " ".join(map(str, value))
        if hasattr(value, "__len__")
        else str(value)
    )
