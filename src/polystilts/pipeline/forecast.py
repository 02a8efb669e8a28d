"""What a study will cost, foreseen from what another one was measured at, and compared once it has run.

Tokens follow from rows, operations from tokens, seconds from operations and the rates at hand.
"""

import csv
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from polystilts.files import read_json, write_json, write_text
from polystilts.pipeline.chapters import CHAPTER_OF_STAGE, jobs_of
from polystilts.pipeline.inputs import has_intermediate
from polystilts.pipeline.left import Left, cells_left
from polystilts.pipeline.progress import in_bytes, in_time
from polystilts.pipeline.rates import (
    ASSUMED_OTHER,
    ASSUMED_TOKENS,
    READ,
    TRAIN,
    Rates,
    all_weights,
    body_weights,
    items_of,
    rates_for,
)
from polystilts.pipeline.study import Run, Study
from polystilts.tasks import TASKS
from polystilts.training.presets import target_knobs

FLOAT = 4  # bytes of a weight on disk
ASSUMED_READ_BYTES = 60  # of one prediction on disk


@dataclass(frozen=True)
class Forecast:
    """What a study is thought to cost; hours are of one processor, or of one GPU."""

    runs: int
    cells: int
    tokens: float
    train_h: float
    read_h: float
    other_h: float
    wall_h: float
    disk_gb: float
    basis: str

    @property
    def hours(self) -> float:
        """All hours of a processor or GPU."""
        return self.train_h + self.read_h + self.other_h


def cells_of(study: Study) -> Counter:
    """How many pieces of work each stage has."""
    targets, worlds = len(study.target_tasks), len({run.world_seed for run in study.runs})
    return Counter(
        world=worlds,
        encoder=len({run.encoder_id for run in study.runs}),
        intermediate=sum(has_intermediate(run) for run in study.runs),
        finetune=sum(len(study.training_tasks_of(run)) for run in study.runs),
        predict=sum(len(study.targets_of(run)) for run in study.runs),
        labels=worlds * targets,
    )


def updates_of(study: Study, run: Run) -> int:
    """Training updates of one run."""
    first, target = study.scale["intermediate_training"], study.scale["target_finetuning"]
    knobs = [target_knobs(target, task) for task in study.training_tasks_of(run)]
    updates = sum(one["updates"] for one in knobs)
    if run.strategy == "none-long":
        rows = first["updates"] * first["batch_size"]
        return updates + sum(round(rows / one["batch_size"]) for one in knobs)
    return updates + (first["updates"] if has_intermediate(run) else 0)


def training_tokens(study: Study, run: Run, rates: Rates) -> dict[tuple[str, str], float]:
    """Tokens of each training of a run, by stage and key: its intermediate one, and each of its tunings."""
    first, target = study.scale["intermediate_training"], study.scale["target_finetuning"]

    def tokens(rows: int, task: str) -> float:
        return rows * (rates.row_tokens or assumed_tokens(task))

    rows, found = first["updates"] * first["batch_size"], {}
    if has_intermediate(run):
        found["intermediate", run.run_id] = tokens(rows, run.intermediate_task)
    for task in study.training_tasks_of(run):
        knobs = target_knobs(target, task)
        longer = tokens(rows, run.intermediate_task) if run.strategy == "none-long" else 0.0
        found["finetune", f"{run.run_id}--{task}"] = (
            tokens(knobs["updates"] * knobs["batch_size"], task) + longer
        )
    return found


def run_tokens(study: Study, run: Run, rates: Rates) -> float:
    """Tokens that one run is trained on."""
    return sum(training_tokens(study, run, rates).values())


def assumed_tokens(task: str) -> int:
    """Tokens that a row of a task is assumed to have in a real data set."""
    return ASSUMED_TOKENS.get(TASKS[task].kind, ASSUMED_OTHER) if task in TASKS else ASSUMED_OTHER


def pretraining_tokens(study: Study) -> int:
    """Tokens that one encoder of the study is pretrained on."""
    return study.scale["pretraining"]["updates"] * study.scale["pretraining"]["tokens_per_update"]


def forecast(study: Study, cores: int, left: Left | None = None) -> Forecast | None:
    """What a study is thought to cost on some processors, or GPUs; nothing if nothing was ever measured.

    Only what is `left` is priced, if that is told, and the whole study if it is not.
    """
    rates = rates_for(study)
    if rates is None:
        return None

    def is_left(stage: str, key: str) -> bool:
        return left is None or left.has(stage, key)

    weights, whole = body_weights(study.scale), cells_of(study)
    cells = whole if left is None else left.counts(whole)
    jobs = jobs_of(study) if left is None else left.jobs
    tokens = sum(
        tokens
        for run in study.runs
        for cell, tokens in training_tokens(study, run, rates).items()
        if is_left(*cell)
    )
    tokens += cells["encoder"] * pretraining_tokens(study)
    items = cells["predict"] * items_of(study) / len(study.target_tasks)
    read = items * (rates.item_tokens or ASSUMED_OTHER)
    train_s, read_s = TRAIN * weights * tokens / rates.train, READ * weights * read / rates.read
    # The last chapters read, draw and judge the whole study, however little of it is new.
    other_s = len(jobs) * rates.job_s + (len(study.runs) * rates.other_s if jobs else 0.0)
    disk = FLOAT * all_weights(study.scale) * (cells["encoder"] + cells["intermediate"] + cells["finetune"])
    return Forecast(
        runs=len(study.runs),
        cells=cells.total(),
        tokens=tokens,
        train_h=train_s / 3600,
        read_h=read_s / 3600,
        other_h=other_s / 3600,
        wall_h=(train_s + read_s + other_s) / 3600 / cores,
        disk_gb=(disk + items * ASSUMED_READ_BYTES) / 1e9,
        basis=rates.basis,
    )


def cell_seconds(study: Study) -> Mapping[str, float]:
    """What one piece of work of each stage is thought to take, for the bar; an even split if unmeasured."""
    rates, cells = rates_for(study), cells_of(study)
    if rates is None:
        return dict.fromkeys(CHAPTER_OF_STAGE, 1.0)
    weights = body_weights(study.scale)
    updates = sum(updates_of(study, run) for run in study.runs)
    first = cells["intermediate"] * study.scale["intermediate_training"]["updates"]
    tokens = sum(run_tokens(study, run, rates) for run in study.runs)
    train_s = TRAIN * weights * tokens / rates.train
    read_s = (
        READ * weights * len(study.runs) * items_of(study) * (rates.item_tokens or ASSUMED_OTHER) / rates.read
    )
    return {
        "world": 1.0,
        "encoder": TRAIN * weights * pretraining_tokens(study) / rates.train,
        "intermediate": train_s * first / updates / max(cells["intermediate"], 1),
        "finetune": train_s * (updates - first) / updates / max(cells["finetune"], 1),
        "predict": read_s / max(cells["predict"], 1),
        "labels": 0.0,
    }


def page_seconds(study: Study) -> float:
    """What a job is thought to take beside its cells: to start, to read and draw, and to make its page."""
    rates, jobs = rates_for(study), len(jobs_of(study))
    return rates.job_s + rates.other_s * len(study.runs) / jobs if rates else 1.0


def keep_forecast(study: Study, cores: int) -> None:
    """Keep what is foreseen before any work is done, so that it cannot be improved afterwards.

    Not where another variant has done a part of it: that part was not foreseen here.
    """
    if (study.folder / ".done" / "cells").exists() or cells_left(study) is not None:
        return
    if foreseen := forecast(study, cores):
        write_json(
            study.folder / ".done" / "forecast.json",
            {"parameters": study.scale.sections, **asdict(foreseen)},
        )


def compare_with_plan(study: Study) -> list[str]:
    """Write `tables/plan.csv`, what was foreseen beside what was measured, and say it in a line."""
    file, times = study.folder / ".done" / "forecast.json", study.folder / "tables" / "time.csv"
    if not file.exists() or not times.exists():
        return []
    kept = read_json(file)
    if kept.pop("parameters") != study.scale.sections:  # the study has grown since: it was another one's
        return []
    foreseen = Forecast(**kept)
    spent, tokens = Counter(), 0
    with open(times, encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            kind = row["kind"] if row["kind"] in ("train", "predict") else "other"
            spent[kind] += float(row["cpu_s"]) / 3600
            tokens += int(row["tokens"]) if kind == "train" else 0
    made = [path for part in ("encoders", "runs") for path in (study.folder / part).rglob("*")]
    rows = [
        ("runs", "", foreseen.runs, len(study.runs)),
        ("training tokens", "million", foreseen.tokens / 1e6, tokens / 1e6),
        ("training", "hours", foreseen.train_h, spent["train"]),
        ("prediction", "hours", foreseen.read_h, spent["predict"]),
        ("all else", "hours", foreseen.other_h, spent["other"]),
        ("all work", "hours", foreseen.hours, spent.total()),
        (
            "encoders and runs on disk",
            "GB",
            foreseen.disk_gb,
            sum(p.stat().st_size for p in made if p.is_file()) / 1e9,
        ),
    ]
    lines = ["scale,what,unit,foreseen,measured,basis"]
    lines += [f"{study.name},{what},{unit},{a:.6f},{b:.6f},{foreseen.basis}" for what, unit, a, b in rows]
    write_text(study.folder / "tables" / "plan.csv", "\n".join(lines) + "\n")
    return [
        f"foreseen: {in_time(3600 * foreseen.hours)} of processor time ({foreseen.basis}), "
        f"{in_bytes(1e9 * foreseen.disk_gb)}; it took {in_time(3600 * spent.total())} and "
        f"{in_bytes(1e9 * rows[-1][3])}"
    ]
