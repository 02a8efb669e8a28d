"""How fast a study works: what another one was measured at or, where there is none, what is assumed.

For each token and weight of the encoder's body 6 operations in training and 2 in reading (Kaplan et al. 2020,
arXiv:2001.08361, section 2.1), attention and heads left out. The rate, in operations a second, is measured;
an assumed one is called so.
"""

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from polystilts import paths
from polystilts.pipeline.chapters import jobs_of
from polystilts.pipeline.params import Scale, load_scale
from polystilts.pipeline.study import Study, run_rows, study_of

TRAIN, READ = 6, 2  # operations a token and weight
POSITIONS = 514  # places in a text that an encoder of this kind knows
BENCH = paths.REPOSITORY / "bench" / "gpu.csv"  # our loop on a GPU, as `python bench/gpu.py` measures it

# Assumptions for scales with a ready-made encoder, until one of them has been measured.
ASSUMED_RATE = 1.0e14  # operations a second where there is no such file: a third of what an A100 lists
ASSUMED_TOKENS = {"question_answering": 384, "retrieval": 96}  # a row's, padding left out; others:
ASSUMED_OTHER = 128


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


def items_of(study: Study) -> int:
    """Test items that one run answers, over targets and languages; at most, as some languages lack a task."""
    return (
        len(study.target_tasks)
        * len(study.scale.shared["languages"])
        * study.scale["data_preparation"]["rows"]["test"]
    )


def rates_for(study: Study) -> Rates | None:
    """The rates to foresee a study with: its own, its scale's, those of another generated world; or none.

    A scale for GPUs takes its own measured rates, the bench's where there are none, or a stated assumption.
    """
    names = [study.name, study.scale.name] + ([] if needs_gpu(study.scale) else ["demo", "tiny"])
    for name in dict.fromkeys(names):
        for file in measured_at(name, "time.csv"):
            if found := measured_rates(name, file):
                return found
    if needs_gpu(study.scale):
        words, rate = benched_rate(study.scale)
        return Rates(words, rate, rate, 0.0, 0.0, 0.0, 0.0)
    return None


def measured_at(name: str, table: str) -> list[Path]:
    """The tables of this name that a study left: on this machine, then the one that is published."""
    places = dict.fromkeys((paths.studies(), paths.OUTPUTS))
    return [file for place in places if (file := place / name / "tables" / table).exists()]


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
