"""A study is a scale opened for work: its folder, its parameters, and the runs it consists of."""

import ast
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from polystilts import paths
from polystilts.errors import WrongUse
from polystilts.files import fingerprint
from polystilts.pipeline.params import Scale, load_scale
from polystilts.tasks import TASKS, parse_arm, shut_out
from polystilts.training.presets import target_knobs

INJECTED = "# Parameters\n"  # how papermill begins the cell that it adds
# Lists that only choose among runs. They never reach the work itself, so choosing fewer spoils nothing.
RUN_LISTS = ("arms", "world_seeds", "encoder_seeds", "seeds", "target_tasks")


@dataclass(frozen=True)
class Run:
    """One arm with one set of seeds; it holds all its target tasks."""

    encoder: str
    world_seed: int
    encoder_seed: int
    strategy: str
    intermediate_task: str
    language_set: str
    seed: int

    @property
    def run_id(self) -> str:
        """The name of the run, from which everything that varies can be read.

        >>> Run("w64", 0, 0, "translated", "squad_v2", "A", 1).run_id
        'w64.w0.e0--translated--squad_v2--a--s1'
        """
        arm = f"{self.strategy}--{self.intermediate_task or 'none'}--{self.language_set or 'none'}"
        return f"{self.encoder_id}--{arm}--s{self.seed}".lower()

    @property
    def encoder_id(self) -> str:
        """The name of the encoder the run starts from."""
        return f"{self.encoder}.w{self.world_seed}.e{self.encoder_seed}"


@dataclass(frozen=True)
class Study:
    """A scale opened for work, in a folder of its own."""

    scale: Scale
    tag: str
    runs: tuple[Run, ...]
    target_tasks: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name of the study and of its folder: the scale, and the tag of a variant."""
        return study_name(self.scale.name, self.tag)

    @property
    def folder(self) -> Path:
        """Where everything that the study makes is kept."""
        return paths.studies() / self.name

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Every knob, by section."""
        return self.scale.sections

    def world_folder(self, world_seed: int) -> Path:
        """Where one world's examples and text lie."""
        return self.folder / f"w{world_seed}"

    def encoder_folder(self, run: Run) -> Path:
        """Where the encoder of a run lies."""
        return self.folder / "encoders" / run.encoder_id

    def run_folder(self, run: Run) -> Path:
        """Where a run leaves what it makes."""
        return self.folder / "runs" / run.run_id

    def targets_of(self, run: Run) -> tuple[str, ...]:
        """The targets that a run is asked: all but those whose items its practice may have read."""
        return tuple(name for name in self.target_tasks if not shut_out(run.intermediate_task, name))

    def training_tasks_of(self, run: Run) -> tuple[str, ...]:
        """The rows that a run's own targets are tuned on, each once."""
        names = (TASKS[name].training_task for name in self.targets_of(run))
        return tuple(dict.fromkeys(name for name in names if name != "none"))

    @property
    def training_tasks(self) -> tuple[str, ...]:
        """The rows the targets are tuned on, each once: XQuAD and MLQA share theirs."""
        names = (TASKS[name].training_task for name in self.target_tasks)
        return tuple(dict.fromkeys(name for name in names if name != "none"))


def study_name(scale: str, tag: str) -> str:
    """The folder name of a study.

    >>> study_name("demo", ""), study_name("demo", "lab")
    ('demo', 'demo+lab')
    """
    return f"{scale}+{tag}" if tag else scale


def tag_of(changes: Mapping[str, Any]) -> str:
    """A name for a set of changed knobs, the same whatever their order.

    >>> tag_of({"translation_noise": 0.2, "seeds": [0, 1]})
    'seeds-0-1+translation_noise-0.2'
    """
    words = (
        re.sub(r"[^A-Za-z0-9._]+", "-", f"{knob}={changes[knob]}").strip("-") for knob in sorted(changes)
    )
    tag = "+".join(words)
    return tag if len(tag) <= 60 else f"{tag[:44]}-{fingerprint(dict(changes))}"


def open_study(scale: str, tag: str = "", **narrow: Any) -> Study:
    """Open a scale; keyword arguments choose fewer runs, or, under a tag, change any knob.

    Without a tag the study is the published one, so there they only choose among its runs.
    """
    refuse_undeclared(cells_so_far())
    file = paths.studies() / study_name(scale, tag) / "params.yaml"
    whole = load_scale(scale, file=file if tag and file.exists() else None)
    changes = {knob: value for knob, value in narrow.items() if not chooses(whole, knob, value)}
    for knob, value in changes.items() if not tag else ():
        there = (
            f"it has {', '.join(map(str, whole.shared[knob]))}"
            if knob in RUN_LISTS
            else "only runs are chosen"
        )
        raise WrongUse(
            f"{knob}={value!r} would change what {scale} is ({there}); "
            f"to try it, give a tag: open_study({scale!r}, 'lab', {knob}={value!r})"
        )
    if changes:
        whole = load_scale(scale, narrow, file if file.exists() else None)
    lists = {knob: value for knob, value in narrow.items() if knob in RUN_LISTS}
    return study_of(whole, tag, Scale(scale, {**whole.sections, "shared": {**whole.shared, **lists}}))


def cells_so_far() -> Sequence[str]:
    """The source of the cells that the notebook around this call has run; none outside a notebook."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return shell.user_ns.get("In", ()) if shell else ()


def refuse_undeclared(cells: Sequence[str]) -> None:
    """Refuse knobs that papermill was given and a chapter does not declare: they would change nothing.

    Papermill puts what it is given into a cell of its own, right after the one that declares the knobs.
    """
    for declaring, given in pairwise(cells):
        declared = assigned(declaring) if given.startswith(INJECTED) else []
        unknown = [name for name in assigned(given) if name not in declared] if "scale" in declared else []
        if unknown:
            raise WrongUse(f"this chapter has no knob {', '.join(unknown)}; it has {', '.join(declared)}")


def assigned(source: str) -> list[str]:
    """The names that the statements of a cell give a value to.

    >>> assigned("scale: str = 'tiny'\\nseeds = [0, 1]")
    ['scale', 'seeds']
    """
    try:
        statements = ast.parse(source).body
    except SyntaxError:  # a cell may hold commands of the notebook, which are no Python
        return []
    targets = [t for one in statements for t in getattr(one, "targets", [getattr(one, "target", None)])]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def chooses(scale: Scale, knob: str, value: Any) -> bool:
    """Whether a value only chooses among the runs that a scale has."""
    return (
        knob in RUN_LISTS
        and isinstance(value, list)
        and bool(value)
        and all(v in scale.shared[knob] for v in value)
    )


def study_of(scale: Scale, tag: str = "", narrowed: Scale | None = None) -> Study:
    """The study that a scale describes, or fewer of its runs."""
    chosen = narrowed or scale
    return Study(scale, tag, tuple(runs_of(chosen)), tuple(chosen.shared["target_tasks"]))


def runs_of(scale: Scale) -> list[Run]:
    """All runs of a scale: arms × world seeds × encoder seeds × seeds."""
    shared = scale.shared
    arms = [parse_arm(text) for text in shared["arms"]]
    name = Path(shared["encoder"]).name  # a ready-made encoder may be named by its folder
    return [
        Run(name, world, encoder, arm.strategy, arm.intermediate_task, arm.language_set, seed)
        for world in shared["world_seeds"]
        for encoder in shared["encoder_seeds"]
        for seed in shared["seeds"]
        for arm in arms
    ]


def run_rows(study: Study, run: Run) -> int:
    """Labelled rows and text lines a run learns from: what it costs, up to the machine's speed."""
    first, target = study.parameters["intermediate_training"], study.parameters["target_finetuning"]
    knobs = [target_knobs(target, task) for task in study.training_tasks_of(run)]
    rows = sum(one["updates"] * one["batch_size"] for one in knobs)
    extra = first["updates"] * first["batch_size"]
    if run.strategy == "none":
        return rows
    return rows + extra * (len(knobs) if run.strategy == "none-long" else 1)


def share(study: Study, runs: Sequence[Run], batch: str) -> list[Run]:
    """The k-th of n batches of runs, `batch` being "k/n": batches cost about the same and never overlap."""
    match = re.fullmatch(r"(\d+)/(\d+)", batch)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise WrongUse(f"batch {batch!r} is not one of n; write k/n, for example 1/2")
    k, n = int(match[1]), int(match[2])
    loads: list[float] = [0.0] * n
    batches: list[list[Run]] = [[] for _ in range(n)]
    for run in sorted(runs, key=lambda run: -run_rows(study, run)):  # the costly first, each to the lightest
        lightest = loads.index(min(loads))
        loads[lightest] += run_rows(study, run)
        batches[lightest].append(run)
    chosen = set(batches[k - 1])
    return [run for run in runs if run in chosen]
