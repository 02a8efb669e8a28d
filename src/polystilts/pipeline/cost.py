"""What the largest study costs, as a page whose every number is computed: `docs/cost.md`.

`python -m polystilts.pipeline.cost` writes the page; a test keeps it in step with the scales and the rates.
"""

from pathlib import Path

from polystilts import paths
from polystilts.files import write_text
from polystilts.pipeline.drive import opened
from polystilts.pipeline.forecast import (
    ASSUMED_OTHER,
    ASSUMED_TOKENS,
    Forecast,
    all_weights,
    body_weights,
    cells_of,
    forecast,
)
from polystilts.pipeline.progress import in_time
from polystilts.pipeline.study import Study

PAGE = paths.REPOSITORY / "docs" / "cost.md"
SCALES = ("xlmr-base", "xlmr-large")
GPUS = (1, 8, 64)
NODE_DISK = 2000  # GB that a node of a cluster is assumed to have for one study


def page() -> str:
    """The page as Markdown."""
    studies = {name: opened(name, {}) for name in SCALES}
    found = {name: forecast(study, 1) for name, study in studies.items()}
    large, cost = studies["xlmr-large"], found["xlmr-large"]
    rows = [
        "| | " + " | ".join(f"`{name}`" for name in SCALES) + " |",
        "|:--|" + "--:|" * len(SCALES),
        *(line(title, [text(studies[name], found[name]) for name in SCALES]) for title, text in ROWS),
    ]
    return "\n".join([
        "# What the large grids cost", "",
        "Nobody has run these scales. Every number below is computed from the scale files by "
        "`python -m polystilts.pipeline.cost`; none is typed.", "",
        *rows, "",
        f"The basis for `xlmr-base`: *{found['xlmr-base'].basis}*. For `xlmr-large`: *{cost.basis}*. "
        "`bench/gpu.csv` has each of these trainings, with rows of drawn lengths, and bench/README.md what "
        "held the card up; once a study has run on a GPU its `tables/time.csv` takes their place. A training "
        f"row is assumed to have {ASSUMED_TOKENS['question_answering']} tokens in question "
        f"answering, {ASSUMED_TOKENS['retrieval']} in retrieval and {ASSUMED_OTHER} elsewhere, a test item "
        f"{ASSUMED_OTHER}. Each token costs 6 operations for every weight of the encoder's body in training "
        "and 2 in reading (Kaplan et al. 2020, arXiv:2001.08361); attention and heads are left out.", "",
        "## Which part limits first", "",
        limit(large, cost), "",
        f"Training is {cost.train_h / cost.hours:.0%} of the GPU hours of `xlmr-large`, prediction "
        f"{cost.read_h / cost.hours:.0%}: {cells_of(large)['finetune']} tunings against "
        f"{cells_of(large)['predict']} sets of predictions. The prediction figure is an upper one, as if "
        "every target were asked in every language.", "",
        "## What to do about it", "",
        "- Remove tuned checkpoints that have been predicted from: nothing misses them until the chapter "
        "that made them runs again, as it does for a new seed.",
        "- Ask for fewer arms or seeds first: `make plan SCALE=xlmr-large SET=\"seeds=[0]\"` shows what is "
        "left.",
        "- Send one run a job to a queue with `--profile profiles/slurm`; what is finished is not repeated.",
        "",
    ])  # fmt: skip


ROWS = (
    ("runs", lambda study, cost: f"{cost.runs}"),
    ("pieces of work", lambda study, cost: f"{cost.cells}"),
    ("weights of the encoder", lambda study, cost: f"{all_weights(study.scale) / 1e6:.0f} million"),
    ("of which in its body", lambda study, cost: f"{body_weights(study.scale) / 1e6:.0f} million"),
    ("training tokens", lambda study, cost: f"{cost.tokens / 1e9:.1f} billion"),
    ("training, one GPU", lambda study, cost: in_time(3600 * cost.train_h)),
    ("prediction, one GPU", lambda study, cost: in_time(3600 * cost.read_h)),
    *((f"all, {gpus} GPU{'s' * (gpus > 1)}", lambda study, cost, gpus=gpus: in_time(3600 * cost.hours / gpus))
      for gpus in GPUS),
    ("disk with every checkpoint", lambda study, cost: f"{cost.disk_gb:.0f} GB"),
    ("disk without those predicted from", lambda study, cost: f"{kept_gb(study, cost):.0f} GB"),
)  # fmt: skip


def line(title: str, cells: list[str]) -> str:
    """A row of the table."""
    return f"| {title} | " + " | ".join(cells) + " |"


def kept_gb(study: Study, cost: Forecast) -> float:
    """Disk when tuned checkpoints are removed once their predictions are there."""
    cells = cells_of(study)
    checkpoints = cells["encoder"] + cells["intermediate"] + cells["finetune"]
    return cost.disk_gb * (checkpoints - cells["finetune"]) / checkpoints


def limit(study: Study, cost: Forecast) -> str:
    """The sentence that says what runs out first on a node of eight GPUs."""
    days = cost.hours / 24 / 8
    full = days * NODE_DISK / cost.disk_gb
    if cost.disk_gb > NODE_DISK:
        return (
            f"**Disk.** With every checkpoint kept, the {NODE_DISK} GB that a node is assumed to give are "
            f"full after {in_time(86400 * full)} of the {in_time(86400 * days)} that eight GPUs need: "
            f"{cells_of(study)['finetune']} tuned checkpoints of "
            f"{4 * all_weights(study.scale) / 1e9:.1f} GB are what fills it."
        )
    need = in_time(86400 * days)
    return f"**GPU hours.** {cost.disk_gb:.0f} GB fit a node of {NODE_DISK} GB; eight GPUs need {need}."


def write_page(file: Path = PAGE) -> None:
    """Write the page where the documentation is kept."""
    write_text(file, page())


if __name__ == "__main__":
    write_page()
