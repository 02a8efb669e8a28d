"""What a study will do and cost, before it starts."""

import csv
from collections import Counter

from polystilts import paths
from polystilts.languages import LANGUAGES
from polystilts.pipeline.chapters import CHAPTER_OF_STAGE, jobs_of
from polystilts.pipeline.inputs import has_intermediate
from polystilts.pipeline.study import Run, Study
from polystilts.tasks import STRATEGIES, TASKS


def plan(study: Study, cores: int) -> str:
    """The design of a study as text: its factors, its runs, its work, and the time it takes."""
    shared = study.scale.shared
    lines = [
        f"{study.name}: {len(study.runs)} runs in {len(jobs_of(study))} jobs",
        "",
        "Units of each factor",
    ]
    for knob in (
        "world_seeds",
        "encoder_seeds",
        "seeds",
        "arms",
        "target_tasks",
        "languages",
        "low_resource",
    ):
        lines.append(f"  {knob:14} {len(shared[knob]):4d}  {', '.join(map(str, shared[knob]))}")
        if len(shared[knob]) == 1 and knob.endswith("seeds"):
            lines.append(f"{'':22}one value: no claim of this study reaches beyond it")
    lines += ["", "Arms: labelled rows before the target tasks, and languages inside and outside"]
    lines += arm_lines(study) + ["", "Work"] + work_lines(study) + ["", "Time", *time_lines(study, cores)]
    return "\n".join(lines)


def arm_lines(study: Study) -> list[str]:
    """One line for each arm: its budget, and which languages it sees labels in."""
    first = study.scale["intermediate_training"]
    rows_made = study.scale["data_preparation"]["rows"]["intermediate"]
    budget = min(first["updates"] * first["batch_size"], rows_made)
    languages = [
        code for code in study.scale.shared["languages"] if code != study.scale.shared["source_language"]
    ]
    lines = []
    for run in {(run.strategy, run.intermediate_task, run.language_set): run for run in study.runs}.values():
        rows = budget if STRATEGIES[run.strategy].labelled else 0
        inside = [code for code in languages if run.language_set and set_of(code) == run.language_set]
        outside = [code for code in languages if code not in inside]
        name = ":".join(part for part in (run.strategy, run.intermediate_task, run.language_set) if part)
        lines.append(f"  {name:32} {rows:7d} rows  in: {' '.join(inside) or '-':16} out: {' '.join(outside)}")
    return lines + balance_lines(study, languages)


def set_of(code: str) -> str:
    """The language set a language belongs to."""
    return LANGUAGES[code].language_set if code in LANGUAGES else ""


def balance_lines(study: Study, languages: list[str]) -> list[str]:
    """Whether every language is measured once inside and once outside each multilingual strategy."""
    sets: dict[tuple[str, str], set[str]] = {}
    for run in study.runs:
        if run.language_set:
            sets.setdefault((run.strategy, run.intermediate_task), set()).add(run.language_set)
    lines = []
    for (strategy, task), seen in sets.items():
        if seen != {"A", "B"}:
            lines.append(f"  {strategy}:{task} has set {', '.join(seen)} only: exposure is not balanced")
    if sets and not lines:
        lines.append(
            f"  each multilingual arm has sets A and B: all {len(languages)} languages are in and out once"
        )
    return lines


def cells_of(study: Study) -> Counter:
    """How many pieces of work each stage has."""
    targets, tasks = len(study.target_tasks), len(study.training_tasks)
    return Counter(
        world=len({run.world_seed for run in study.runs}),
        encoder=len({run.encoder_id for run in study.runs}),
        intermediate=sum(has_intermediate(run) for run in study.runs),
        finetune=len(study.runs) * tasks,
        predict=len(study.runs) * targets,
        labels=len({run.world_seed for run in study.runs}) * targets,
    )


def updates_of(study: Study, run: Run) -> int:
    """Training updates of one run."""
    first, target = study.scale["intermediate_training"], study.scale["target_finetuning"]
    updates = sum(target["updates"][task] for task in study.training_tasks)
    extra = round(first["updates"] * first["batch_size"] / target["batch_size"])
    if run.strategy == "none-long":
        return updates + extra * len(study.training_tasks)
    return updates + (first["updates"] if has_intermediate(run) else 0)


def work_lines(study: Study) -> list[str]:
    """The pieces of work and the updates they take."""
    lines = [
        f"  {count:6d} of {stage} ({CHAPTER_OF_STAGE[stage]})" for stage, count in cells_of(study).items()
    ]
    updates = sum(updates_of(study, run) for run in study.runs)
    first = study.scale["pretraining"]
    kinds = Counter(TASKS[name].kind for name in study.target_tasks)
    lines.append(f"  {updates:6d} training updates, and {first['updates']} to pretrain each encoder")
    lines.append(
        "  targets by kind: " + ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
    )
    return lines


def time_lines(study: Study, cores: int) -> list[str]:
    """Time by the rates that this scale, or else the demo, was measured at."""
    for name in (study.name, study.scale.name, "demo"):
        file = paths.OUTPUTS / name / "tables" / "time.csv"
        if file.exists():
            break
    else:
        return ["  not measured yet: `make study SCALE=demo` leaves the rates behind"]
    with open(file, encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    whole = sum(float(row["cpu_s"]) for row in rows)
    if name != "demo" or study.scale.name == "demo":
        return [
            f"  {name} took {whole / 60:.1f} processor minutes: {whole / 60 / cores:.1f} on {cores} cores"
        ]
    runs = len({row["run_id"] for row in rows if row["run_id"]})
    each = sum(float(row["cpu_s"]) for row in rows if row["run_id"]) / max(runs, 1)
    hours = each * len(study.runs) / 3600
    return [f"  at the size of a run of the demo: {hours:.1f} processor hours, more for larger encoders"]
