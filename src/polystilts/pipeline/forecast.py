"""What a study will cost, foreseen from what another one was measured at, and compared once it has run.

Tokens follow from rows, operations from tokens, seconds from operations: for each token and weight of the
encoder's body 6 operations in training and 2 in reading (Kaplan et al. 2020, arXiv:2001.08361, section 2.1),
attention and heads left out. The rate, in operations a second, is measured; an assumed one is called so.
"""

import csv
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from polystilts import paths
from polystilts.files import read_json, write_json, write_text
from polystilts.pipeline.chapters import CHAPTER_OF_STAGE, jobs_of
from polystilts.pipeline.inputs import has_intermediate
from polystilts.pipeline.params import Scale, load_scale
from polystilts.pipeline.progress import in_time
from polystilts.pipeline.study import Run, Study, run_rows, study_of
from polystilts.tasks import TASKS
from polystilts.training.presets import target_knobs

TRAIN, READ = 6, 2  # operations a token and weight
POSITIONS = 514  # places in a text that an encoder of this kind knows
FLOAT = 4  # bytes of a weight on disk

BENCH = paths.REPOSITORY / "bench" / "gpu.csv"  # our loop on a GPU, as `python bench/gpu.py` measures it

# Assumptions for scales with a ready-made encoder, until one of them has been measured.
ASSUMED_RATE = 1.0e14  # operations a second where there is no such file: a third of what an A100 lists
ASSUMED_TOKENS = {"question_answering": 384, "retrieval": 96}  # a row's, padding left out; others:
ASSUMED_OTHER = 128
ASSUMED_READ_BYTES = 60  # of one prediction on disk


@dataclass(frozen=True)
class Rates:
    """What one study was measured at."""

    basis: str  # the study, or what is taken in its place
    train: float  # operations a second in training
    read: float  # operations a second in prediction
    row_tokens: float  # tokens of a training row; 0 where they are assumed by kind of task
    item_tokens: float  # tokens of a test item
    job_s: float  # processor seconds to start a job
    other_s: float  # processor seconds of everything else, a run


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


def needs_gpu(scale: Scale) -> bool:
    """Whether a scale starts from a ready-made encoder, which is too large to be trained on processors."""
    return scale["pretraining"]["updates"] == 0


def body_weights(scale: Scale) -> int:
    """The weights of the encoder's layers, without embeddings: 4 h² of attention and 2 h f of feed-forward.

    >>> body_weights(load_scale("xlmr-large")) / 1e6
    301.989888
    """
    knobs = scale["pretraining"]
    return knobs["layers"] * (4 * knobs["hidden"] ** 2 + 2 * knobs["hidden"] * knobs["feed_forward"])


def all_weights(scale: Scale) -> int:
    """All weights of an encoder, with its vocabulary and its positions."""
    return (
        body_weights(scale)
        + (scale["data_preparation"]["pieces"] + POSITIONS) * scale["pretraining"]["hidden"]
    )


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


def items_of(study: Study) -> int:
    """Test items that one run answers, over targets and languages; at most, as some languages lack a task."""
    return (
        len(study.target_tasks)
        * len(study.scale.shared["languages"])
        * study.scale["data_preparation"]["rows"]["test"]
    )


def run_tokens(study: Study, run: Run, rates: Rates) -> float:
    """Tokens that one run is trained on."""
    if rates.row_tokens:
        return run_rows(study, run) * rates.row_tokens
    first, target = study.scale["intermediate_training"], study.scale["target_finetuning"]
    tokens = 0.0
    for task in study.training_tasks_of(run):
        knobs = target_knobs(target, task)
        tokens += knobs["updates"] * knobs["batch_size"] * assumed_tokens(task)
    extra = first["updates"] * first["batch_size"] * assumed_tokens(run.intermediate_task)
    times = len(study.training_tasks) if run.strategy == "none-long" else int(has_intermediate(run))
    return tokens + times * extra


def assumed_tokens(task: str) -> int:
    """Tokens that a row of a task is assumed to have in a real data set."""
    return ASSUMED_TOKENS.get(TASKS[task].kind, ASSUMED_OTHER) if task in TASKS else ASSUMED_OTHER


def pretraining_tokens(study: Study) -> int:
    """Tokens that one encoder of the study is pretrained on."""
    return study.scale["pretraining"]["updates"] * study.scale["pretraining"]["tokens_per_update"]


def rates_for(study: Study) -> Rates | None:
    """The rates to foresee a study with: its own, its scale's, those of another generated world; or none.

    A scale for GPUs takes its own measured rates, the bench's where there are none, or a stated assumption.
    """
    names = [study.name, study.scale.name] + ([] if needs_gpu(study.scale) else ["demo", "tiny"])
    for name in dict.fromkeys(names):
        file = paths.OUTPUTS / name / "tables" / "time.csv"
        if file.exists() and (found := measured_rates(name, file)):
            return found
    if needs_gpu(study.scale):
        words, rate = benched_rate(study.scale)
        return Rates(words, rate, rate, 0.0, 0.0, 0.0, 0.0)
    return None


def benched_rate(scale: Scale, file: Path = BENCH) -> tuple[str, float]:
    """Operations a second of training an encoder of this size on one GPU, and in words where that is from."""
    size = "XLM-R-" + scale.shared["encoder"].rpartition("-")[2]
    rates, device = [], ""
    if file.exists():
        with open(file, encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                if row["side"] == "ours" and row["setting"].startswith(size + ","):
                    rates.append(TRAIN * body_weights(scale) * float(row["amount"]) / float(row["wall_s"]))
                    device = row["processor"]
    if not rates:
        return f"assumed, not measured: {ASSUMED_RATE:.0e} operations a second on one GPU", ASSUMED_RATE
    rate = median(rates)
    words = f"{rate:.1e} operations a second, the median of {len(rates)} trainings of {size} on one {device}"
    return f"{words}; prediction is taken to be as fast", rate


def measured_rates(name: str, file: Path) -> Rates | None:
    """What a finished study was measured at, from its `time.csv`; nothing if it has no training in it."""
    parameters = file.parent.parent / "params.yaml"
    scale, _, tag = name.partition("+")
    if tag and not parameters.exists():
        return None
    study = study_of(load_scale(scale, file=parameters if tag else None), tag)
    spent, tokens = Counter(), Counter()
    with open(file, encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            kind = row["kind"] if row["run_id"] or row["kind"] == "start" else "shared-" + row["kind"]
            spent[kind] += float(row["cpu_s"])
            tokens[kind] += int(row["tokens"])
    if not (tokens["train"] and tokens["predict"] and spent["train"] and spent["predict"]):
        return None
    weights = body_weights(study.scale)
    train = spent["train"] + spent["shared-train"]
    other = sum(spent.values()) - train - spent["predict"] - spent["start"]
    return Rates(
        basis=f"measured at {name}",
        train=TRAIN * weights * (tokens["train"] + tokens["shared-train"]) / train,
        read=READ * weights * tokens["predict"] / spent["predict"],
        row_tokens=tokens["train"] / sum(run_rows(study, run) for run in study.runs),
        item_tokens=tokens["predict"] / (len(study.runs) * items_of(study)),
        job_s=spent["start"] / len(jobs_of(study)),
        other_s=other / len(study.runs),
    )


def forecast(study: Study, cores: int) -> Forecast | None:
    """What a study is thought to cost on some processors, or GPUs; nothing if nothing was ever measured."""
    rates = rates_for(study)
    if rates is None:
        return None
    weights, cells = body_weights(study.scale), cells_of(study)
    tokens = sum(run_tokens(study, run, rates) for run in study.runs) + cells["encoder"] * pretraining_tokens(
        study
    )
    items = len(study.runs) * items_of(study)
    read = items * (rates.item_tokens or ASSUMED_OTHER)
    train_s, read_s = TRAIN * weights * tokens / rates.train, READ * weights * read / rates.read
    other_s = len(jobs_of(study)) * rates.job_s + len(study.runs) * rates.other_s
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


def keep_forecast(study: Study, cores: int) -> None:
    """Keep what is foreseen before any work is done, so that it cannot be improved afterwards."""
    file = study.folder / ".done" / "forecast.json"
    foreseen = forecast(study, cores)
    if foreseen and not (study.folder / ".done" / "cells").exists():
        write_json(file, {"parameters": study.scale.sections, **asdict(foreseen)})


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
        f"{foreseen.disk_gb:.2g} GB; it took {in_time(3600 * spent.total())} and {rows[-1][3]:.2g} GB"
    ]
