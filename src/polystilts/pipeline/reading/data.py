"""What the data are, counted: sizes, leaks, names, text, and what shortcuts would score."""

import pandas as pd

from polystilts.figures.style import KIND_TITLES, METRIC_TITLES, task_title
from polystilts.files import read_json
from polystilts.pipeline import stages
from polystilts.pipeline.reading.page import language_name
from polystilts.pipeline.study import Study
from polystilts.statistics.tables import read_table
from polystilts.tasks import TASKS


def data_table(study: Study) -> pd.DataFrame:
    """How many examples each task has, by split: rows of training, and of tests in each language."""
    source = study.scale.shared["source_language"]
    card = read_json(study.world_folder(study.runs[0].world_seed) / "data_card.json")["tasks"]
    rows = []
    for task, counts in card.items():
        tests = [name for name in counts if name.startswith("test-")]
        sizes = [counts.get(f"{split}-{source}", 0) for split in ("train", "dev", "test")]
        rows.append((task_title(task), KIND_TITLES[TASKS[task].kind].lower(), *sizes, len(tests)))
    columns = ["examples of", "kind", "training", "development", "test", "test languages"]
    return pd.DataFrame(rows, columns=columns)


def leak_sentence(study: Study) -> str:
    """What the check for leaks counted: meanings in two splits, or in pretraining text and a test."""
    found = read_json(study.world_folder(study.runs[0].world_seed) / "data_card.json")["leaks"]
    return (
        f"**Leaks found: {found['total']}.** Meanings in training and test: {found['train_test']}; "
        f"in training and development: {found['train_dev']}; in development and test: {found['dev_test']}; "
        f"in pretraining text and test: {found['text_test']}. A world with a single leak is refused."
    )


def names_table(study: Study) -> pd.DataFrame:
    """How many names each split of an invented world may use, and how many of them training uses too."""
    if study.scale.shared["source"] != "world":
        return pd.DataFrame()
    from polystilts.sources.world.scenes import casts

    found = casts(study.runs[0].world_seed)
    known = {*found["train"].given, *found["train"].surnames, *found["train"].towns}
    titles = {"train": "training", "dev": "development", "test": "test", "text": "pretraining text",
              "new": "test, new in pretraining too"}  # fmt: skip
    rows = []
    for name, title in titles.items():
        cast = found[name]
        every = {*cast.given, *cast.surnames, *cast.towns}
        rows.append((title, len(cast.given), len(cast.surnames), len(cast.towns), len(every & known)))
    columns = ["where", "given names", "surnames", "towns", "also in training"]
    return pd.DataFrame(rows, columns=columns)


def shortcut_table(study: Study) -> pd.DataFrame:
    """The best score of a simple counter on each target, beside what guessing gives.

    All of them are asked; those that count as ways round the task are chosen in `learned_at_home`.
    """
    stages.write_shortcuts(study)
    found = read_table(study.folder / "tables" / "shortcuts.csv")
    best = found.loc[found.groupby("target_task", sort=False)["value"].idxmax()]
    return pd.DataFrame({
        "target task": [TASKS[name].title for name in best["target_task"]],
        "best shortcut": best["baseline"].tolist(),
        "metric": [METRIC_TITLES.get(name, name) for name in best["metric"]],
        "its score": best["value"].tolist(),
        "chance": [TASKS[name].chance for name in best["target_task"]],
    })  # fmt: skip


def corpus_table(study: Study) -> pd.DataFrame:
    """How much text each language has to be pretrained on; and its first line, if we invented it."""
    world = study.world_folder(study.runs[0].world_seed)
    card = read_json(world / "data_card.json")["languages"]
    rows = []
    for code in study.scale.shared["languages"]:
        with open(world / "corpus" / f"{code}.txt", encoding="utf-8") as stream:
            first = stream.readline().strip()
        rows.append((language_name(code), card[code]["lines"], card[code]["words"], first))
    shown = pd.DataFrame(rows, columns=["language", "lines of text", "words", "its first line"])
    return shown if study.scale.shared["source"] == "world" else shown.drop(columns="its first line")
