"""Was it learned? Development scores from kept predictions, and what guessing would reach, computed again.

The words "learned" and "not learned" of a claim, and its cells "at chance", rest on these numbers.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from polystilts.errors import StudyError
from polystilts.files import sha256
from polystilts.gate.calls import Call
from polystilts.gate.candidates import candidates_in, chance_of
from polystilts.gate.evidence import Evidence, stage_of
from polystilts.gate.finding import Check, Finding, counted, falsifies
from polystilts.gate.labels import DEV
from polystilts.gate.predictions import as_written
from polystilts.gate.rerun import Rerun
from polystilts.gate.scoring import score_again
from polystilts.tasks import TASKS, Task

ROUNDING = 1.5e-6  # tables keep six decimals


def check_development(
    evidence: Evidence, calls: Mapping[str, Call], worlds: Mapping[int, Path], reruns: Sequence[Rerun]
) -> Check:
    """Mark development predictions again, and compute what guessing reaches."""
    question = "Was every intermediate task learned as it is said, and is guessing worth what is said?"
    scores = evidence.scores
    if scores is None or not evidence.runs:
        return Check("development", question, "There are no scores or no runs.", complete=False)
    findings, lost, marked = [], [], 0
    for run, record in evidence.runs.items():
        name = record["arm"]["intermediate_task"]
        if (
            not name
            or not record["parameters"]["zero_shot_transfer"]["dev"]
            or TASKS[name].kind == "retrieval"
        ):
            continue
        rows = scores[(scores["run_id"] == run) & (scores["split"] == "dev")]
        said = dict(zip(rows["metric"], rows["value"], strict=True))
        if len(rows) != 2 or "majority" not in said:
            what = f"run {run} has {len(rows)} development scores, not its own and that of guessing"
            findings.append(falsifies(f"{what}: whether it learned {name} was left out", (run,)))
            continue
        again = _marked(evidence, run, TASKS[name])
        if isinstance(again, str):
            findings.append(falsifies(f"run {run}: {again}", (run,)))
        elif again is None:
            lost.append(run)
        else:
            marked += 1
            for metric, value in again.items():
                if abs(said.get(metric, -1.0) - value) > ROUNDING:
                    what = f"run {run}: its development score ({metric}) is {said.get(metric)}"
                    findings.append(falsifies(f"{what}, its predictions give {value:.6f}", (run,)))
    findings += [*_unkept(evidence, calls, lost, reruns), *_guesses(evidence, calls, worlds)]
    done = f"{counted(marked, 'file')} of development predictions marked again, {len(lost)} were not kept."
    return Check("development", question, done, tuple(findings), facts={"marked": marked, "lost": len(lost)})


def _marked(evidence: Evidence, run: str, task: Task) -> dict[str, float] | str | None:
    """What a run's development predictions score, and a guess; nothing where they were not kept."""
    name = f"{DEV}{task.name}.parquet"
    file = evidence.folder / "runs" / run / "predictions" / name
    labels = evidence.folder / "labels" / f"w{evidence.runs[run]['seeds']['world']}" / name
    stage = stage_of(evidence.runs[run], "intermediate", "") or {}
    left = stage.get("files", {}).get("dev.parquet")
    if not file.is_file() or not labels.is_file():
        return f"its predictions/{name} or their labels are gone" if left and not evidence.real else None
    if left not in (sha256(file), as_written(file)):
        return f"its predictions/{name} are not those that its intermediate stage left"
    try:
        right = pd.read_parquet(labels)
        own = score_again(task, pd.read_parquet(file), right)
        guess = score_again(task, right.assign(prediction=majority(task, right)), right)
    except (StudyError, KeyError, ValueError) as problem:
        return f"its predictions/{name} cannot be marked: {problem}"
    main = own[own["metric"] == task.metric]["value"]
    return {
        task.metric: float(main.iloc[0]),
        "majority": float(guess[guess["metric"] == task.metric]["value"].iloc[0]),
    }


def majority(task: Task, labels: pd.DataFrame) -> list[str]:
    """The commonest answer for every item: a label, a tag for each word, none, or else the whole context.

    >>> majority(TASKS["xnli"], pd.DataFrame({"gold": ["neutral", "neutral", "entailment"]}))
    ['neutral', 'neutral', 'neutral']
    """
    if task.kind == "tagging":
        tag = Counter(tag for tags in labels["gold"] for tag in tags.split(" ")).most_common(1)[0][0]
        return [" ".join([tag] * len(tags.split(" "))) for tags in labels["gold"]]
    if task.kind == "question_answering":
        return ["-1:-1" if task.unanswerable else f"0:{len(context)}" for context in labels["context"]]
    return [Counter(labels["gold"]).most_common(1)[0][0]] * len(labels)


def _unkept(
    evidence: Evidence, calls: Mapping[str, Call], lost: Sequence[str], reruns: Sequence[Rerun]
) -> Iterator[Finding]:
    """What rests on development scores whose predictions nobody kept."""
    if not lost:
        return
    again = [one.run for one in reruns if one.dev and one.result == "identical"]
    what = f"the development predictions of {counted(len(lost), 'run')} were not kept"
    if again:
        told = f"{counted(len(again), 'development score')} came out again in the sandbox"
        yield Finding("note", f"{what}; {told}", tuple(lost))
        return
    touched = tuple(
        claim["id"] for claim in evidence.claims if set(lost) & _practised(calls, claim["hypothesis"])
    )
    if touched:
        yield Finding(
            "open", f"{what}: the words 'learned' and 'not learned' cannot be checked", claims=touched
        )


def _practised(calls: Mapping[str, Call], hypothesis: str) -> set[str]:
    """The runs of a claim's cells that practised something first."""
    call = calls.get(hypothesis)
    if call is None or call.cells is None or call.estimate is None:
        return set()
    return {run for column in ("run_id", "run_id_c") for run in call.cells[column]}


def _guesses(evidence: Evidence, calls: Mapping[str, Call], worlds: Mapping[int, Path]) -> Iterator[Finding]:
    """Rows that say what guessing reaches in retrieval, and are not what the candidates give."""
    scores = evidence.scores
    rows = scores[(scores["metric"] == "chance") & (scores["task_kind"] == "retrieval")]
    if rows.empty:
        return
    if not evidence.real:
        yield falsifies(
            f"{len(rows)} rows say what guessing reaches: in a generated world one in n says it",
            sorted(set(rows["run_id"])),
        )
        return
    unseen: set[str] = set()
    for (world, target, run), part in rows.groupby(["world_seed", "target_task", "run_id"]):
        folder, labels = (
            worlds.get(int(world)),
            evidence.folder / "labels" / f"w{world:.0f}" / f"{target}.parquet",
        )
        if folder is None or not labels.is_file():
            unseen.add(target)
            continue
        counts, gold = candidates_in(TASKS[target], folder), pd.read_parquet(labels)
        right = gold["gold"].str.split().str.len().groupby(gold["language"]).mean()
        for code, said in zip(part["language"], part["value"], strict=True):
            known = counts.get(code) and code in right
            value = chance_of(TASKS[target].metric, counts[code], right[code]) if known else 0.0
            if abs(said - value) > ROUNDING:
                what = f"guessing is said to reach {said} on {target} in {code}"
                yield falsifies(f"{what}; {counts.get(code, 0)} candidates give {value:.6f}", (run,))
    if unseen:
        touched = tuple(
            claim["id"]
            for claim in evidence.claims
            if (call := calls.get(claim["hypothesis"])) is not None
            and call.cells is not None
            and unseen & set(call.cells["target_task"])
        )
        what = f"what guessing reaches on {', '.join(sorted(unseen))} is not computed again without the data"
        yield Finding("open", f"{what}; cells 'at chance' rest on it", claims=touched)
