"""The languages of a study, counted and measured: one table for the chapters and for the statistics."""

import pandas as pd

from polystilts.files import read_json, write_table
from polystilts.languages import LANGUAGES
from polystilts.pipeline.study import Study
from polystilts.statistics.tables import LANGUAGE_COLUMNS


def languages_of(study: Study) -> pd.DataFrame:
    """The languages of the study, source first: what they are, what was counted and what was measured.

    `resource` counts subwords in the text of the first encoder; `overlap` and `distance` are shares, measured
    against the source language in the first world.
    """
    run, source = study.runs[0], study.scale.shared["source_language"]
    card = read_json(study.world_folder(run.world_seed) / "data_card.json")["languages"]
    subwords = read_json(study.encoder_folder(run) / "pretraining.json")["text_tokens"]
    codes = [source, *(code for code in study.scale.shared["languages"] if code != source)]
    rows = []
    for code in codes:
        known, measured = LANGUAGES[code], card[code]
        rows.append((code, known.name, known.family, known.script, subwords.get(code, 0),
                     measured["shared_words"], known.order or measured["order_distance"],
                     measured["order_distance"],
                     "yes" if subwords.get(code, 0) else "no",
                     "-" if code == source else known.language_set))  # fmt: skip
    return pd.DataFrame(rows, columns=list(LANGUAGE_COLUMNS))


def describe_languages(study: Study) -> pd.DataFrame:
    """Write `tables/languages.csv` for every later reader, and return it."""
    languages = languages_of(study)
    write_table(study.folder / "tables" / "languages.csv", languages)
    return languages
