"""Scores as readers meet them: by language, by exposure, and what is lost on the way."""

from collections.abc import Sequence

import pandas as pd

from polystilts.evidence.claim import interval_words
from polystilts.figures.heatmap import ORDER
from polystilts.figures.style import arm_title, in_order, names, task_title
from polystilts.pipeline import stages
from polystilts.pipeline.census import describe_languages
from polystilts.pipeline.reading.page import ARM, language_name
from polystilts.pipeline.study import Run, Study, study_of
from polystilts.sources.allotments import low_resource_of
from polystilts.statistics.flags import flag_cells, learned_targets
from polystilts.statistics.gains import transfer_gap
from polystilts.statistics.intervals import highest_unit, t_interval
from polystilts.statistics.power import detectable_by_items
from polystilts.statistics.tables import main_scores, read_table, with_levels, with_main_variant


def scores_for(study: Study, runs: Sequence[Run], batch: str = "1/1") -> pd.DataFrame:
    """The scores a page shows: the first batch collects those of all runs, the others mark their own."""
    whole = len(study.runs) == len(study_of(study.scale, study.tag).runs)
    if batch.startswith("1/") and whole:
        stages.collect_scores(study)
        scores = read_table(study.folder / "tables" / "scores.csv")
    else:
        scores = pd.concat(stages.mark_runs(study, runs), ignore_index=True)
    return with_levels(scores, low_resource_of(study.scale.shared))


def ready_scores(study: Study) -> pd.DataFrame:
    """The score table, made first where it is missing or holds other runs; finished runs are kept.

    A table of some of its worlds, each whole, is read as it is: its claims say that they are provisional.
    The scores come with the resource level of their language in their world.
    """
    file = study.folder / "tables" / "scores.csv"
    there = set(read_table(file)["run_id"]) if file.exists() else set()
    worlds = {run.world_seed for run in study.runs if run.run_id in there}
    if not there or there != {run.run_id for run in study.runs if run.world_seed in worlds}:
        scores_for(study, study.runs)
    if not (study.folder / "tables" / "languages.csv").exists():
        describe_languages(study)
    return with_levels(read_table(file), low_resource_of(study.scale.shared))


def ready_gains(study: Study) -> pd.DataFrame:
    """The table of gains that the analysis left, with the resource level of their language in their world."""
    gains = read_table(study.folder / "tables" / "gains.csv")
    return with_levels(gains, low_resource_of(study.scale.shared))


def score_table(scores: pd.DataFrame, languages: pd.DataFrame, strategy: str = "none") -> pd.DataFrame:
    """Mean scores of one strategy over its runs: target tasks down, languages across, from near to far."""
    rows = with_main_variant(main_scores(scores))
    rows = rows[rows["strategy"] == strategy]
    if rows.empty:
        return pd.DataFrame()
    wide = rows.groupby(["target_task", "language"])["value"].mean().unstack("language")
    wide = wide.loc[[name for name in ORDER if name in wide.index]]
    order = languages.sort_values(["distance", "overlap"], ascending=[True, False], kind="stable")["language"]
    wide = wide[[code for code in order if code in wide]].rename(columns=names(languages))
    wide.insert(0, "target task", [task_title(name) for name in wide.index])
    return wide.reset_index(drop=True).rename_axis(columns=None)


def learned_at_home(study: Study, scores: pd.DataFrame) -> pd.DataFrame:
    """The baseline at home beside the best guess that needs no understanding: was the target learned?"""
    stages.write_shortcuts(study)
    shortcuts = read_table(study.folder / "tables" / "shortcuts.csv")
    found = learned_targets(scores, shortcuts, study.scale.shared["source_language"])
    return pd.DataFrame({
        "target task": found["target_task"].map(task_title),
        "score": found["value"],
        "from": found["low"],
        "to": found["high"],
        "best shortcut": found["shortcut"],
        "its score": found["shortcut_value"],
        "verdict": found["learned"].map({True: "learned", False: "not learned beyond it"}),
    })  # fmt: skip


def exposure_table(scores: pd.DataFrame) -> pd.DataFrame:
    """How many scores of each strategy are zero-shot, and how many had labels in their language."""
    rows = with_main_variant(main_scores(scores))
    counts = rows.groupby(["strategy", "exposure"]).size().unstack(fill_value=0)
    counts = counts.reindex(columns=["none", "task", "same-task"], fill_value=0)
    counts = counts.loc[in_order(counts.index)]
    counts.columns = ["no labels in it", "labels of another kind", "labels of the same kind"]
    counts.insert(0, ARM, [arm_title(name) for name in counts.index])
    return counts.reset_index(drop=True)


def gap_table(scores: pd.DataFrame, source: str, strategy: str = "none") -> pd.DataFrame:
    """The transfer gap of one strategy: the source language's score minus the mean of the others.

    With its 95 % interval over worlds, else seeds.
    """
    gaps = transfer_gap(scores[scores["strategy"] == strategy], source)
    unit = highest_unit(gaps)
    mean = gaps.groupby("target_task")[["source", "others", "gap"]].mean()
    found = {name: t_interval(part.groupby(unit)["gap"].mean(), unit=unit, n=len(part))
             for name, part in gaps.groupby("target_task")}  # fmt: skip
    mean["95 % interval"] = [interval_words(found[name]) for name in mean.index]
    mean["units"] = [found[name].units for name in mean.index]
    mean = mean.loc[[name for name in ORDER if name in mean.index]].rename(
        columns={"source": language_name(source)}
    )
    mean.insert(0, "target task", [task_title(name) for name in mean.index])
    return mean.reset_index(drop=True)


def flags_table(scores: pd.DataFrame, source: str = "") -> pd.DataFrame:
    """How many cells of the baseline are at chance or at the ceiling, and what the fewest items can show.

    `source` leaves the source language out. The visible difference is that of two scores of so many items at
    the baseline's mean, found four times in five.
    """
    cells = with_main_variant(flag_cells(scores).assign(task_kind=""))
    cells = cells[cells["language"] != source]
    rows = []
    for name, part in sorted(cells.groupby("target_task"), key=lambda pair: ORDER.index(pair[0])):
        counts = part["flag"].value_counts()
        fewest, level = int(part["n"].min()), float(part["baseline_value"].mean().clip(1, 99))
        rows.append((task_title(name), float(part["chance"].mean()), len(part), int(counts.get("floor", 0)),
                     int(counts.get("ceiling", 0)), fewest, detectable_by_items(fewest, level)))  # fmt: skip
    columns = ["target task", "chance", "cells", "at chance", "above 95", "fewest items", "visible (points)"]
    return pd.DataFrame(rows, columns=columns)
