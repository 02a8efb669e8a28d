"""Are the data what their seed makes, free of leaks, and are the labels theirs?"""

import os
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

from polystilts.files import fingerprint, read_json, sha256_of_folder
from polystilts.gate.evidence import Evidence
from polystilts.gate.finding import Check, Finding, counted, falsifies, several
from polystilts.gate.sandbox import run_sealed
from polystilts.languages import LANGUAGES
from polystilts.tasks import TASKS, Task, shut_out

SPLITS = ("train", "native", "dev", "test")
TEXTS = ("text_a", "text_b", "context", "question", "choices", "words", "text", "answer", "mention_start")
ITEM = ["language", "example_id"]
NO_CANDIDATE = "-"  # what a query that has no right candidate is answered with
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
    runs_of: dict[int, list[str]] = defaultdict(list)
    for name, record in evidence.runs.items():
        runs_of[record["seeds"]["world"]].append(name)
    made = _made_again(evidence, workspace, runs_of)
    for seed, runs in sorted(runs_of.items()):
        record = evidence.runs[runs[0]]
        asked = record["parameters"]["shared"]["languages"]
        folder = evidence.folder / f"w{seed}"
        old_code = (record.get("code") or {}).get("world")
        stale = bool(code_now and old_code and old_code != code_now.get("world"))
        if not folder.is_dir():
            if record["parameters"]["shared"]["source"] != "world":
                findings.append(
                    Finding("open", f"the data of {evidence.scale} are not in this folder: not checked")
                )
                continue
            folder, problem = made[seed]
            if problem:
                findings.append(
                    Finding(
                        "stale" if stale else "open",
                        f"world {seed} cannot be made again: {problem}",
                        tuple(runs),
                    )
                )
                continue
        if findings_of_hash := list(_compare_hash(evidence, folder, runs, workspace, stale)):
            findings += findings_of_hash
        real = record["parameters"]["shared"]["source"] != "world"
        findings += [
            Finding(effect, f"world {seed}: {leak}", tuple(runs)) for effect, leak in leaks(folder, real)
        ]
        findings += [falsifies(problem, runs) for problem in _labels(evidence, folder, seed, asked)]
        worlds[seed] = folder
    findings += _languages(evidence, worlds)
    again = len(made.keys() & worlds.keys())
    done = f"{counted(len(worlds), 'world')} looked through, {again} of them made again from their seed."
    return Check("data", question, done, tuple(findings), bool(worlds), {"worlds": len(worlds)}), worlds


def _made_again(
    evidence: Evidence, workspace: Path, runs_of: Mapping[int, Sequence[str]]
) -> dict[int, tuple[Path, str]]:
    """Every generated world that is not in the folder, made again, as many at a time as there are cores."""
    absent = [seed for seed, runs in runs_of.items() if not (evidence.folder / f"w{seed}").is_dir()
              and evidence.runs[runs[0]]["parameters"]["shared"]["source"] == "world"]  # fmt: skip
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:  # each waits for a process
        made = pool.map(lambda seed: world_again(evidence, runs_of[seed][0], workspace / f"w{seed}"), absent)
        return dict(zip(absent, made, strict=True))


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


# --- labels ---------------------------------------------------------------------------------------------


def _labels(evidence: Evidence, world: Path, seed: int, asked: Sequence[str]) -> Iterator[str]:
    """Labels that are not those of the test items, one for each, with their right answers."""
    for file in sorted((evidence.folder / "labels" / f"w{seed}").glob("*.parquet")):
        task, labels = TASKS[file.stem], pd.read_parquet(file).astype({"example_id": str})
        name = f"labels/w{seed}/{file.name}"
        tests = {code: world / "examples" / task.name / f"test-{code}.parquet" for code in asked}
        items = {code: pd.read_parquet(test) for code, test in tests.items() if test.is_file()}
        if not items:
            yield f"{name} has no test items behind it"
            continue
        right = labels_again(task, items)
        if lacking := sorted(set(right) - set(labels)):
            yield f"{name} lacks {several(lacking)}"
            continue
        both = labels.merge(right, on=ITEM, how="outer", suffixes=("", "_right"), indicator=True)
        known = both["_merge"] == "both"
        differ = {
            column: known & (both[column].map(_exact) != both[f"{column}_right"].map(_exact))
            for column in right.columns.drop(ITEM)
        }
        for what, rows in (
            ("labels are of no test item", both["_merge"] == "left_only"),
            ("test items have no label", both["_merge"] == "right_only"),
            ("labels are there twice", both.duplicated(ITEM)),
            *((f"labels are not the right answers of the data: another {column}", rows)
              for column, rows in differ.items()),
        ):  # fmt: skip
            if rows.any():
                one = both[rows].iloc[0]
                yield f"{name}: {rows.sum()} {what}, the first {one['example_id']} in {one['language']}"


def _exact(value) -> str | tuple[str, ...]:
    return value if isinstance(value, str) else tuple(value) if hasattr(value, "__len__") else str(value)


def labels_again(task: Task, items: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The labels that test items make, by language; for questions their contexts and right answers too."""
    pool = _answers_in_pool(task, items) if task.search and task.search.match != task.search.candidate else {}
    parts = []
    for language, frame in items.items():
        if task.search and task.search.query in frame:  # the others are only there to be found
            frame = frame[frame[task.search.query] != ""]
        rows = frame.to_dict("records")
        part = pd.DataFrame({
            "language": language,
            "example_id": [str(row["example_id"]) for row in rows],
            "meaning_id": [str(row["meaning_id"]) for row in rows],
            "gold": [_gold(task, row, pool) for row in rows],
        })  # fmt: skip
        if task.kind == "question_answering":
            part["context"] = [row["context"] for row in rows]
            part["answers"] = [_texts_that_answer(row) for row in rows]
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _gold(task: Task, row: Mapping[str, Any], pool: Mapping[str, set[str]]) -> str:
    """The right answer of one item, as labels write it."""
    if task.kind == "tagging":
        return " ".join(row["tags"])
    if task.kind == "question_answering":
        start, text = int(row["answer_start"]), row["answer_text"]
        if start < 0:
            return "-1:-1"
        end = start + len(text)
        return f"{start}:{end}" if row["context"][start:end] == text else "not in its context"
    if task.kind != "retrieval":
        return str(row["label"])
    search, wanted = task.search, str(row[task.search.match])
    if search.match != search.candidate:
        return " ".join(sorted(pool.get(wanted, ())))
    # descriptions of entities lie in a file of their own; elsewhere an empty answer means there is none
    return wanted if search.entities or row[search.answer] != "" else NO_CANDIDATE


def _answers_in_pool(task: Task, items: Mapping[str, pd.DataFrame]) -> dict[str, set[str]]:
    """The candidates of all languages that are right for each meaning.

    Where one text answers two questions of a language it is one candidate, named as the first of them.
    """
    search, right = task.search, defaultdict(set)
    for frame in items.values():
        first: dict[str, str] = {}
        for row in frame[frame[search.answer] != ""].to_dict("records"):
            name = row.get("candidate_id") or first.setdefault(row[search.answer], row[search.candidate])
            right[str(row[search.match])].add(str(name))
    return right


def _texts_that_answer(row: Mapping[str, Any]) -> list[str]:
    """The text that is marked in the context, and the further ones that annotators gave."""
    marked = [row["answer_text"]] if row["answer_start"] >= 0 else []
    further = row.get("answers")
    further = [] if further is None or isinstance(further, str | float) else further
    return list(dict.fromkeys(map(str, [*marked, *further])))


# --- languages ------------------------------------------------------------------------------------------


def _languages(evidence: Evidence, worlds: Mapping[int, Path]) -> Iterator[Finding]:
    """What `tables/languages.csv` says that the table of languages and the data do not bear out."""
    table = evidence.table("languages")
    if table is None or not evidence.runs:
        return
    shared = evidence.parameters["shared"]
    source = shared["source_language"]
    wanted = [source, *(code for code in shared["languages"] if code != source)]
    if table["language"].tolist() != wanted:  # the source is the first: others may lie as near as itself
        yield falsifies(f"tables/languages.csv has {', '.join(table['language'])}; the study's languages are "
                        f"{', '.join(wanted)}")  # fmt: skip
    measured = _measured(evidence, worlds)
    for row in table.to_dict("records"):
        code, what = row["language"], f"tables/languages.csv says of {row['language']}"
        if code not in LANGUAGES:
            yield Finding("open", f"{what} what nobody can check: it is not in the table of languages")
            continue
        for column, right in _declared(code, row, shared).items():
            if row[column] != right:
                yield falsifies(f"{what} {column} = {row[column]!r}, it is {right!r}")
        for column, ends in measured.items():
            low, high = ends.get(code, (0.0, 0.0))
            slack = 0.51 if column == "resource" else 1e-6  # whole subwords; shares of six decimals
            value = pd.to_numeric(row[column], errors="coerce")
            if not low - slack <= value <= high + slack:
                found = f"{low:g}" if low == high else f"{low:g} to {high:g}"
                yield falsifies(f"{what} {column} = {value:g}, the data say {found}")
    counts = ("resource", "overlap") if evidence.real else ("resource", "overlap", "distance")
    if unseen := [column for column in counts if column not in measured]:
        what = f"tables/languages.csv: {several(unseen)} not measured again"
        yield Finding("note", f"{what}, for what they were measured in is not here")


def _declared(code: str, row: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of a language beforehand, in the columns of its row, and what follows from them."""
    known, untaught = LANGUAGES[code], code in shared["tested_only"]
    alone = code == shared["source_language"] or untaught
    right = {"name": known.name, "family": known.family, "script": known.script,
             "set": "-" if alone else known.language_set or "-"}  # fmt: skip
    if known.invented:
        return right | {"order": known.order, "seen": "no" if untaught else "yes"}
    seen = "yes" if row["resource"] > 0 else "no"  # encoders from elsewhere have read what they have read
    distance = known.distance or 0.0
    return right | {"distance": distance, "order": f"{distance:.6f}", "seen": seen}


def _measured(evidence: Evidence, worlds: Mapping[int, Path]) -> dict[str, dict[str, tuple[float, float]]]:
    """The least and the most that each column may say of each language, by the data and encoders at hand.

    A study measures overlap and distance in its first world and counts subwords in its first encoder; real
    data have the mean of all encoders. A pool has a mean of its bundles, which lies among theirs.
    """
    found = {}
    studies = [record["parameters"]["shared"] for record in evidence.runs.values()]
    firsts = {(one["encoder"], one["world_seeds"][0], one["encoder_seeds"][0]) for one in studies}
    cards = [worlds[world] / "data_card.json" for _, world, _ in firsts if world in worlds]
    if len(cards) == len(firsts) and all(card.is_file() for card in cards):
        of = [read_json(card)["languages"] for card in cards]
        for column, key in (("overlap", "shared_words"), ("distance", "order_distance")):
            found[column] = _ends([{code: facts[key] for code, facts in card.items()} for card in of])
    names = {f"{encoder}.w{world}.e{seed}" for encoder, world, seed in firsts}
    if evidence.real:
        names = {record["parent"] for record in evidence.runs.values()}
    counts = [evidence.folder / "encoders" / name / "pretraining.json" for name in sorted(names)]
    if all(file.is_file() for file in counts):
        of = [read_json(file)["text_tokens"] for file in counts]
        if evidence.real and len(firsts) == 1:
            of = [{code: sum(one.get(code, 0) for one in of) / len(of) for code in of[0]}]
        found["resource"] = _ends(of)
    return found


def _ends(several_counts: Sequence[Mapping[str, float]]) -> dict[str, tuple[float, float]]:
    """The least and the most that several counts have of each language."""
    codes = set().union(*several_counts)
    values = {code: [one.get(code, 0) for one in several_counts] for code in codes}
    return {code: (min(numbers), max(numbers)) for code, numbers in values.items()}
