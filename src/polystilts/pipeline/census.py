"""The languages of a study, counted and measured, and what its runs cost: tables for all later readers."""

from collections.abc import Sequence

import pandas as pd

from polystilts.files import read_json, write_table
from polystilts.languages import LANGUAGES
from polystilts.pipeline.study import Run, Study
from polystilts.statistics.tables import LANGUAGE_COLUMNS

BUDGET = ("rows", "updates", "labelled_tokens", "mlm_tokens", "flops")


def languages_of(study: Study) -> pd.DataFrame:
    """The languages of the study, source first: what they are, what was counted and what was measured.

    `resource` counts subwords in the text of the first encoder, in real data their mean over the encoders,
    whose allotments differ; `overlap` and `distance` are shares, measured against the source language in the
    first world.
    """
    run, source = study.runs[0], study.scale.shared["source_language"]
    card = read_json(study.world_folder(run.world_seed) / "data_card.json")["languages"]
    subwords = subwords_of(study)
    alone = (source, *study.scale.shared["tested_only"])
    codes = [source, *(code for code in study.scale.shared["languages"] if code != source)]
    rows = []
    for code in codes:
        known, measured = LANGUAGES[code], card[code]
        rows.append((code, known.name, known.family, known.script, subwords.get(code, 0),
                     measured["shared_words"], known.order or measured["order_distance"],
                     measured["order_distance"],
                     "yes" if subwords.get(code, 0) else "no",
                     "-" if code in alone else known.language_set or "-"))  # fmt: skip
    return pd.DataFrame(rows, columns=list(LANGUAGE_COLUMNS))


def subwords_of(study: Study) -> dict[str, int]:
    """The subwords of each language in the pretraining text."""
    swapped = study.scale.shared["source"] != "world"
    runs = {run.encoder_id: run for run in (study.runs if swapped else study.runs[:1])}.values()
    counts = [read_json(study.encoder_folder(run) / "pretraining.json")["text_tokens"] for run in runs]
    return {code: round(sum(count.get(code, 0) for count in counts) / len(counts)) for code in counts[0]}


def describe_languages(study: Study) -> pd.DataFrame:
    """Write `tables/languages.csv` for every later reader, and return it."""
    languages = languages_of(study)
    write_table(study.folder / "tables" / "languages.csv", languages)
    return languages


def budget_of(study: Study, runs: Sequence[Run]) -> pd.DataFrame:
    """What each run cost in all its stages: rows, updates, tokens and floating-point operations."""
    rows = []
    for run in runs:
        spent = [read_json(file) for file in sorted(study.run_folder(run).glob("checkpoints/*/budget.json"))]
        total = {name: sum(one[name] for one in spent) for name in BUDGET}
        total["updates"] += sum(one["mlm_updates"] for one in spent)
        rows.append({"run_id": run.run_id, **total})
    return pd.DataFrame(rows)


def write_budget(study: Study) -> None:
    """Write `tables/budget.csv`."""
    write_table(study.folder / "tables" / "budget.csv", budget_of(study, study.runs))
