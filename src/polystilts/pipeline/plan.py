"""What a study will do and cost, before it starts."""

from collections import Counter

from polystilts.errors import StudyError
from polystilts.languages import LANGUAGES
from polystilts.pipeline.chapters import CHAPTER_OF_STAGE, jobs_of
from polystilts.pipeline.forecast import cells_of, forecast, updates_of
from polystilts.pipeline.inputs import languages_seen, taught_languages, world_seeds
from polystilts.pipeline.left import Left, left_of
from polystilts.pipeline.params import load_scale
from polystilts.pipeline.progress import in_bytes, in_time
from polystilts.pipeline.rates import measured_at, needs_gpu
from polystilts.pipeline.study import Run, Study
from polystilts.sources.allotments import low_resource_in_world, low_resource_of
from polystilts.statistics.compare import Subset, compared, unit_values
from polystilts.statistics.gains import contrast
from polystilts.statistics.intervals import UNIT_WORDS, highest_unit
from polystilts.statistics.power import detectable_by_items, minimum_detectable_effect
from polystilts.statistics.tables import read_table, with_levels
from polystilts.tasks import STRATEGIES, TASKS

FACTORS = ("world_seed", "encoder_seed", "seed", "strategy", "intermediate_task", "language_set")
SHOWN = 12  # values of a factor that are named
VARIES = {
    "world_seeds": "meanings, lexicons, text and test items",
    "encoder_seeds": "the encoder's pretraining",
    "seeds": "head initialisation and data order of both trainings",
}


def plan(study: Study, cores: int) -> str:
    """The design of a study as text: its factors, its runs, what it can see, its work, time and disk."""
    left = left_of(study)
    parts = {
        f"{study.name}: {len(study.runs)} runs in {len(jobs_of(study))} jobs": [],
        "Units of each factor": factor_lines(study),
        "Arms: labelled rows before the target tasks, and languages inside and outside": arm_lines(study),
        "Factors that cannot be told apart": alias_lines(study),
        "What could be seen": effect_lines(study),
        "Work": work_lines(study, left),
        "Cost": cost_lines(study, cores, left),
    }
    return "\n\n".join("\n".join([title, *lines]) for title, lines in parts.items())


def factor_lines(study: Study) -> list[str]:
    """One line for each factor: how many values it has, which, and what its seeds vary."""
    lines = []
    for knob in (*VARIES, "arms", "target_tasks", "languages", "low_resource"):
        values = [str(value) for value in study.scale.shared[knob]]
        more = f" and {len(values) - SHOWN} more" if len(values) > SHOWN else ""
        lines.append(f"  {knob:14} {len(values):4d}  {', '.join(values[:SHOWN])}{more}")
        if knob in VARIES:
            lines.append(f"{'':22}varies {VARIES[knob]}")
        if len(values) == 1 and knob in VARIES:
            lines.append(f"{'':22}one value: no claim of this study reaches beyond it")
    return lines


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
        inside = practised_in(study, run, languages)
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
    if not sets or lines:
        return lines
    ever = {code for run in study.runs for code in practised_in(study, run, languages)}
    if study.scale.shared["source"] != "world" and not prepared(study):
        told = "a language is in and out once where it has rows or a word list, as `data check` tells"
    elif never := [code for code in languages if code not in ever]:
        told = f"{len(ever)} languages are in and out once; without data to be in with: {' '.join(never)}"
    else:
        told = f"all {len(languages)} languages are in and out once"
    return [f"  each multilingual arm has sets A and B: {told}"]


def prepared(study: Study) -> bool:
    """Whether the data of every world of a study lie on this disk."""
    return all((study.world_folder(seed) / "data_card.json").exists() for seed in world_seeds(study))


def practised_in(study: Study, run: Run, languages: list[str]) -> list[str]:
    """The languages beside the source in which a run reads labelled rows: of real data, those that have any.

    Before real data are prepared, all languages of the run's set are named.
    """
    if not run.language_set:
        return []
    if study.scale.shared["source"] != "world" and prepared(study):
        return [code for code in languages_seen(study, run) if code in languages]
    taught = taught_languages(study)
    return [code for code in languages if code in taught and set_of(code) == run.language_set]


def alias_lines(study: Study) -> list[str]:
    """Pairs of factors that always change together, so that no run tells which of them made a difference."""
    lines = []
    seen = {factor: [getattr(run, factor) for run in study.runs] for factor in FACTORS}
    for place, one in enumerate(FACTORS):
        for other in FACTORS[place + 1 :]:
            pairs = set(zip(seen[one], seen[other], strict=True))
            if 1 < len(set(seen[one])) == len(set(seen[other])) == len(pairs):
                lines.append(f"  {one} and {other} always change together")
    groups = languages_by_resource(study)
    for name, group in (("low-resource", groups[0]), ("other", groups[1])):
        sets = {set_of(code) for code in group} - {""}
        if len(sets) == 1 and {run.language_set for run in study.runs} - {""}:
            lines.append(f"  all {name} languages are of set {sets.pop()}: resource and exposure coincide")
    return lines or ["  none"]


def languages_by_resource(study: Study) -> tuple[list[str], list[str]]:
    """The low-resource languages of a study and its others, without the source language."""
    shared = study.scale.shared
    others = [
        code
        for code in shared["languages"]
        if code not in (*shared["low_resource"], shared["source_language"])
    ]
    return list(shared["low_resource"]), others


def effect_lines(study: Study) -> list[str]:
    """The smallest effects that the study would find four times in five, by its items and by its seeds."""
    tested = study.scale["data_preparation"]["rows"]["test"]
    lines = [
        f"  one score of {tested} items: {detectable_by_items(tested):.1f} points of difference from another"
    ]
    worlds, seeds = repeated_worlds(study), len(study.scale.shared["seeds"])
    units, unit = (worlds, "worlds") if worlds > 1 else (seeds, "seeds")
    if units < 2:
        return [*lines, "  the primary contrast: nothing, with one seed of one world; add seeds"]
    spread, of, basis = primary_spread(study)
    if spread is None:
        return [*lines, f"  the primary contrast over {units} {unit}: not known before any study is measured"]
    effect = minimum_detectable_effect(spread, units)
    wanted = study.scale["xtreme_r_analysis"]["smallest_effect"]
    lines.append(
        f"  the primary contrast over {units} {unit}: {effect:.1f} points, if {unit} differ by {spread:.1f} "
        f"as {of} did at {basis}; the smallest effect that matters is {wanted:g}"
    )
    return lines


def repeated_worlds(study: Study) -> int:
    """How many worlds repeat each other: in real data those of one allotment of text."""
    shared = study.scale.shared
    alike = Counter(low_resource_in_world(shared, seed) for seed in shared["world_seeds"])
    return alike.total() if max(alike.values()) > 1 else 1


def primary_spread(study: Study) -> tuple[float | None, str, str]:
    """How far the primary contrast moved in a measured study (points), between what, and in which study."""
    for name in dict.fromkeys((study.name, study.scale.name, "demo")):
        file = next(iter(measured_at(name, "scores.csv")), None)
        if file is None:
            continue
        try:
            low = low_resource_of(load_scale(name.partition("+")[0]).shared)
            scores = with_levels(read_table(file), low)
            cells = contrast(scores, *compared(scores))
        except StudyError:  # without two arms there is no contrast
            continue
        chosen = Subset(resource="low").of(cells)
        unit = highest_unit(chosen)
        if chosen[unit].nunique() > 1:
            return float(unit_values(chosen, unit, "difference").std(ddof=1)), f"{UNIT_WORDS[unit]}s", name
    return None, "", ""


def work_lines(study: Study, left: Left) -> list[str]:
    """The pieces of work and the updates they take; of a study that has begun, how many are left."""
    whole = cells_of(study)
    still = left.counts(whole)
    lines = [
        f"  {count:6d} of {stage} ({CHAPTER_OF_STAGE[stage]})"
        + (f", {still[stage]} left" if still[stage] != count else "")
        for stage, count in whole.items()
    ]
    updates = sum(updates_of(study, run) for run in study.runs)
    first = study.scale["pretraining"]
    kinds = Counter(TASKS[name].kind for name in study.target_tasks)
    made = f"{first['updates']} to pretrain each encoder" if first["updates"] else "encoders are ready made"
    lines.append(f"  {updates:6d} training updates, and {made}")
    lines.append(
        "  targets by kind: " + ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
    )
    return lines


def cost_lines(study: Study, cores: int, left: Left) -> list[str]:
    """Time and disk of what is left, by the rates that were measured or, where that is said, assumed."""
    if not left.jobs:
        return ["  nothing is left to do"]
    found = forecast(study, cores, left)
    if found is None:
        return ["  not measured yet: `make study SCALE=tiny` leaves the rates behind"]
    what = "GPU" if needs_gpu(study.scale) else "processor"
    parts = (("training", found.train_h), ("prediction", found.read_h), ("all else", found.other_h))
    return [
        f"  {found.tokens / 1e6:.1f} million tokens of training",
        f"  {in_time(3600 * found.hours)} of one {what}: "
        + ", ".join(f"{name} {in_time(3600 * hours)}" for name, hours in parts),
        f"  {in_time(3600 * found.wall_h)} on {cores} {what}{'s' * (cores != 1)} at once",
        f"  {in_bytes(1e9 * found.disk_gb)} of disk for encoders, checkpoints and predictions",
        f"  basis: {found.basis}",
    ]
