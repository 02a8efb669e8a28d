"""Who takes part, and what is done: the arms, the targets, the expectations, the languages."""

from collections.abc import Sequence

import pandas as pd

from polystilts.evidence.hypotheses import hypotheses_for
from polystilts.figures.style import KIND_TITLES, METRIC_TITLES, task_title
from polystilts.languages import LANGUAGES
from polystilts.pipeline.inputs import has_intermediate, languages_seen
from polystilts.pipeline.reading.page import ARM, in_arm_order, in_words, language_name, run_title
from polystilts.pipeline.study import Study
from polystilts.sources.allotments import low_resource_in_world
from polystilts.statistics.factors import FACTORS, levels
from polystilts.tasks import STRATEGIES, TASKS


def design_table(study: Study) -> pd.DataFrame:
    """One row an arm: what it does before the target task, at what budget, and whom it leaves unlabelled."""
    recipe, source = study.scale["intermediate_training"], study.scale.shared["source_language"]
    rows = []
    for run in {run_title(run): run for run in in_arm_order(study.runs)}.values():
        strategy, seen = STRATEGIES[run.strategy], languages_seen(study, run)
        updates = recipe["updates"] if has_intermediate(run) else 0
        unlabelled = [code for code in study.scale.shared["languages"] if code not in (*seen, source)]
        rows.append((run_title(run), strategy.sentence, updates, updates * recipe["batch_size"],
                     in_words(seen), in_words(unlabelled)))  # fmt: skip
    columns = [ARM, "what happens", "updates", "examples read", "labels in", "never labelled"]
    return pd.DataFrame(rows, columns=columns)


def targets_table(study: Study) -> pd.DataFrame:
    """One row a target task: what is asked, how it is marked, what it is taught from."""
    rows = []
    for name in study.target_tasks:
        task = TASKS[name]
        taught = "nothing: read as it is" if task.training_task == "none" else task_title(task.training_task)
        metric = METRIC_TITLES.get(task.metric, task.metric)
        rows.append((task.title, KIND_TITLES[task.kind].lower(), task.question, metric, taught))
    return pd.DataFrame(rows, columns=["target task", "kind", "what is asked", "metric", "taught from"])


def expectations_table(study: Study) -> pd.DataFrame:
    """What was expected, as it was written down before any reported run."""
    rows = [(row.sentence, row.quantifier, row.direction.replace("_", " "), f"{row.smallest_effect:g}")
            for of_file in hypotheses_for(study.scale.shared["source"]) for row in of_file]  # fmt: skip
    return pd.DataFrame(rows, columns=["we expected", "quantifier", "direction", "smallest effect"])


def language_table(languages: pd.DataFrame, low_resource: Sequence[str]) -> pd.DataFrame:
    """The languages for readers, farthest last: names, not codes, and shares in percent.

    The order of real languages is no share of anything but a distance, and has no word of its own beside it.
    """
    languages = languages.sort_values(["distance", "overlap"], ascending=[True, False], kind="stable")
    level = ["low" if code in low_resource else "high" for code in languages["language"]]
    distance = languages["distance"].astype(float)
    if any(not LANGUAGES[code].invented for code in languages["language"] if code in LANGUAGES):
        order = {"syntactic distance (URIEL, 0–1)": distance.map("{:.2f}".format)}
    else:
        order = {"word order": languages["order"], "pairs of words turned round (%)": 100 * distance}
    return pd.DataFrame({
        "language": languages["name"], "family": languages["family"], "script": languages["script"],
        "text": level, "subwords of text": languages["resource"].astype(int),
        "words shared (%)": 100 * languages["overlap"].astype(float), **order, "set": languages["set"],
    })  # fmt: skip


def allotment_note(study: Study) -> str:
    """Which languages have little text: the same throughout, or other ones in every second allotment."""
    shared = study.scale.shared
    groups = {seed: low_resource_in_world(shared, seed) for seed in shared["world_seeds"]}
    told = "; ".join(f"in allotment {world}: {several(names)}" for world, names in groups.items())
    if len(set(groups.values())) < 2:
        return f"The same {len(groups[min(groups)])} languages have little text throughout this study."
    return (
        f"**Little text changes hands**; it is given {told}. The table calls *low* those of the first "
        "allotment, and counts the mean over allotments: to be poor in text is no property of a language "
        "here."
    )


def several(codes: Sequence[str]) -> str:
    """Languages by their names, in a row."""
    return ", ".join(language_name(code) for code in codes)


def balance_table(languages: pd.DataFrame, low_resource: Sequence[str]) -> pd.DataFrame:
    """How often each set meets each level of the three factors: equal counts mean nothing is confounded."""
    easier = levels(languages, low_resource)
    easier["set"] = languages.set_index("language")["set"]
    counted = easier.groupby("set")[list(FACTORS)].sum()
    counted.columns = ["much text", "many shared words", "near word order"]
    counted.insert(0, "languages", easier.groupby("set").size())
    return counted.reset_index()
