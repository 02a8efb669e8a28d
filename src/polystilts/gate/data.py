"""Are the data what their seed makes, free of leaks, and are the labels theirs?"""

import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

from polystilts.files import fingerprint, sha256_of_folder
from polystilts.gate.evidence import Evidence
from polystilts.gate.finding import Check, Finding, counted, falsifies, several
from polystilts.gate.sandbox import run_sealed
from polystilts.tasks import TASKS

TEXTS = ("text_a", "text_b", "context", "question", "choices", "words", "text", "answer", "mention_start")
LEAST_WORDS = 5  # shorter texts, a name in quotation marks say, coincide in any two collections of real text
WORD = re.compile(r"\w+")
UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")


def check_data(
    evidence: Evidence, workspace: Path, code_now: Mapping[str, str] | None
) -> tuple[Check, dict[int, Path]]:
    """Compare the data with the hash in the runs' records, look for leaks, and compare the labels.

    Data that are not in the folder are made again from their seed. Also returns where each world lies.
    """
    question = "Are the data those of the runs, without a leak, and are the labels theirs?"
    findings: list[Finding] = []
    worlds: dict[int, Path] = {}
    made = 0
    for seed in sorted({record["seeds"]["world"] for record in evidence.runs.values()}):
        runs = [name for name, record in evidence.runs.items() if record["seeds"]["world"] == seed]
        record = evidence.runs[runs[0]]
        folder = evidence.folder / f"w{seed}"
        old_code = (record.get("code") or {}).get("world")
        stale = bool(code_now and old_code and old_code != code_now.get("world"))
        if not folder.is_dir():
            if record["parameters"]["shared"]["source"] != "world":
                findings.append(
                    Finding("open", f"the data of {evidence.scale} are not in this folder: not checked")
                )
                continue
            folder, problem = world_again(evidence, runs[0], workspace / f"w{seed}")
            if problem:
                findings.append(
                    Finding(
                        "stale" if stale else "open",
                        f"world {seed} cannot be made again: {problem}",
                        tuple(runs),
                    )
                )
                continue
            made += 1
        if findings_of_hash := list(_compare_hash(evidence, folder, runs, workspace, stale)):
            findings += findings_of_hash
        real = record["parameters"]["shared"]["source"] != "world"
        findings += [
            Finding(effect, f"world {seed}: {leak}", tuple(runs)) for effect, leak in leaks(folder, real)
        ]
        findings += [falsifies(problem, runs) for problem in _labels(evidence, folder, seed)]
        worlds[seed] = folder
    done = f"{counted(len(worlds), 'world')} looked through, {made} of them made again from their seed."
    return Check("data", question, done, tuple(findings), bool(worlds), {"worlds": len(worlds)}), worlds


def world_again(evidence: Evidence, run: str, into: Path) -> tuple[Path, str]:
    """Make the world of a run again in the sandbox; its folder, and what went wrong."""
    record = evidence.folder / "runs" / run / "run.json"
    place = into.parent / f"make-{into.name}"
    ended = run_sealed(["polystilts.pipeline.rerun", str(record), "world", "--into", str(into)], place,
                       [record.parent])  # fmt: skip
    return into, "" if ended.code == 0 else ended.output[-300:]


def _compare_hash(
    evidence: Evidence, folder: Path, runs: list[str], workspace: Path, stale: bool
) -> Iterator[Finding]:
    files = sha256_of_folder(folder)
    found = fingerprint(files)
    wrong = [run for run in runs if evidence.runs[run]["hashes"]["data"] != found]
    if not wrong:
        return
    if stale:
        yield Finding("stale", f"{folder.name} is made otherwise by the source of today", tuple(wrong))
        return
    named = ""
    if folder.parent == evidence.folder:  # made again, it shows which of its files was changed
        again, problem = world_again(evidence, runs[0], workspace / f"again-{folder.name}")
        if not problem:
            fresh = sha256_of_folder(again)
            odd = sorted(name for name in files.keys() | fresh.keys() if files.get(name) != fresh.get(name))
            named = f": {several(odd)}" if odd else ""
        shutil.rmtree(again, ignore_errors=True)
    yield falsifies(f"the data of {folder.name} are not those that {len(wrong)} runs read{named}", wrong)


def leaks(world: Path, real: bool = False) -> Iterator[tuple[str, str]]:
    """Test items that training could have read, by their meaning and word by word: effect, and what it was.

    In real text short items coincide: those of fewer than five words are counted in a note. Their sentences
    are not ours, so nothing of them is quoted.
    """

    def first(shared: set) -> str:
        return "" if real else f", the first {min(map(str, shared))[:80]}"

    tests, test_rows = _identities(world, ("test",))
    least = LEAST_WORDS if real else 0
    for split in ("train", "native", "dev"):
        meanings, rows = _identities(world, (split,))
        same = test_rows & rows
        long = {row for row in same if _words(" ".join(row)) >= least}
        for what, shared in (("meanings", tests & meanings), ("items, word by word,", long)):
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


def _identities(world: Path, splits: tuple[str, ...]) -> tuple[set[str], set[tuple[str, ...]]]:
    meanings: set[str] = set()
    rows: set[tuple[str, ...]] = set()
    for split in splits:
        for file in sorted((world / "examples").glob(f"*/{split}-*.parquet")):
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


def _labels(evidence: Evidence, world: Path, seed: int) -> Iterator[str]:
    """Labels that are not the right answers of the data."""
    for file in sorted((evidence.folder / "labels" / f"w{seed}").glob("*.parquet")):
        task, labels = TASKS[file.stem], pd.read_parquet(file).astype({"example_id": str})
        tests = sorted((world / "examples" / task.name).glob("test-*.parquet"))
        frames = [pd.read_parquet(test).assign(language=test.stem.partition("-")[2]) for test in tests]
        if not frames:
            yield f"labels/w{seed}/{file.name} has no test items behind it"
            continue
        items = pd.concat(frames, ignore_index=True).astype({"example_id": str})
        both = labels.merge(
            items, on=["language", "example_id"], how="left", suffixes=("", "_item"), indicator=True
        )
        right = _right_answers(task, both)
        wrong = both[
            (both["_merge"] != "both") | (False if right is None else right != both["gold"].astype(str))
        ]
        if len(wrong):
            one = wrong.iloc[0]
            yield (
                f"labels/w{seed}/{file.name}: {len(wrong)} labels are not the right answers of the data, the "
                f"first {one['example_id']} in {one['language']}"
            )


def _right_answers(task, items: pd.DataFrame) -> pd.Series | None:
    """The right answer of each item as labels write it; None where a label is made from many items."""
    if task.kind in ("classification", "multiple_choice"):
        known = items["label"].notna()
        return items["label"].where(~known, items["label"].map(lambda value: str(value).removesuffix(".0")))
    if task.kind == "tagging":
        return items["tags"].map(_plain)
    if task.kind == "question_answering":
        start = items["answer_start"].fillna(-1).astype(int)
        ends = start + items["answer_text"].fillna("").str.len()
        spans = [f"{a}:{b}" if a >= 0 else "-1:-1" for a, b in zip(start, ends, strict=True)]
        found = pd.Series(spans, items.index)
        if "context_item" in items:  # labels of questions hold their contexts
            found = found.where(items["context"] == items["context_item"], "another context")
        return found
    return None
