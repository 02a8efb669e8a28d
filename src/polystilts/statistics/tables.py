"""The tables of the study: their columns, how they are read, and what is refused before it can mislead."""

from collections.abc import Collection, Mapping
from pathlib import Path

import pandas as pd

from polystilts.errors import StudyError, WrongUse
from polystilts.evaluation.scores import SCORE_COLUMNS
from polystilts.tasks import TASKS
from polystilts.wording import note_of

GAIN_COLUMNS = (
    "world_seed", "encoder", "encoder_seed", "seed", "strategy", "intermediate_task", "language_set",
    "baseline", "finetune_task", "target_task", "language", "exposure", "metric", "variant", "value",
    "baseline_value", "gain", "gain_logit",
)  # fmt: skip
LANGUAGE_COLUMNS = (
    "language", "name", "family", "script", "resource", "overlap", "order", "distance", "seen", "set",
)  # fmt: skip

# What must agree for two scores to differ by their arm alone.
MATCH = (
    "world_seed", "encoder", "encoder_seed", "seed", "finetune_task", "target_task", "language", "metric",
    "variant",
)  # fmt: skip
ARM = ("strategy", "intermediate_task", "language_set")
NUMBERS = {"world_seed", "encoder_seed", "seed", "value", "n", "baseline_value", "gain", "gain_logit",
           "resource", "distance", "wall_s", "cpu_s", "tokens"}  # fmt: skip
ABSENT = {"", "-", "none", "nan", "<NA>"}
LEVELS = ("resource_level", "allotment")  # what `with_levels` adds
LowResource = Collection[str] | Mapping[int, Collection[str]]  # languages with little text, or each world's


# Words as Python's own: Arrow's, made for long columns, take twice the time in a few hundred rows.
plain_words = pd.option_context("mode.string_storage", "python")


@plain_words
def read_table(path: Path) -> pd.DataFrame:
    """Read one of the study's CSV tables; an empty cell of a word column stays an empty word."""
    path = Path(path)
    if not path.is_file():
        raise WrongUse(f"no table at {path}; run the study of this scale first (make study SCALE=...)")
    table = pd.read_csv(path, keep_default_na=False, dtype=str)
    for column in NUMBERS & set(table.columns):
        table[column] = pd.to_numeric(table[column], errors="coerce")
    return table


def require(table: pd.DataFrame, columns: tuple[str, ...], what: str) -> None:
    """Refuse a table that lacks a column, naming what is missing and what is there."""
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise WrongUse(f"{what} lacks the columns {', '.join(missing)}; it has {', '.join(table.columns)}")


def is_absent(values: pd.Series) -> pd.Series:
    """True where an intermediate task or a language set is absent, however the absence was written.

    >>> is_absent(pd.Series(["none", "-", "", "squad_v2"])).tolist()
    [True, True, True, False]
    """
    return values.isna() | values.astype(str).isin(ABSENT)


def main_scores(scores: pd.DataFrame, split: str = "test") -> pd.DataFrame:
    """The scores that comparisons are made of: one split, each task's main metric, no missing values.

    `attrs["notes"]` says how many cells had no value. A score that is there twice is refused: no pairing
    could tell which of the two to use.
    """
    require(scores, SCORE_COLUMNS, "the score table")
    rows = scores[scores["split"] == split].copy()
    unknown = sorted(set(rows["target_task"]) - set(TASKS))
    if unknown:
        raise WrongUse(f"unknown target tasks {', '.join(unknown)}; tasks are {', '.join(TASKS)}")
    rows = rows[rows["metric"] == rows["target_task"].map(lambda name: TASKS[name].metric)]
    rows["variant"] = rows["variant"].fillna("").astype(str)
    impossible = ~rows["value"].between(0, 100) & rows["value"].notna() | ~(rows["n"] >= 1)
    if impossible.any():
        first = rows[impossible].iloc[0]
        raise StudyError(
            f"{int(impossible.sum())} scores are not between 0 and 100 over one item or more, the first for "
            f"run {first['run_id']}, {first['target_task']} in {first['language']}: {first['value']} over "
            f"{first['n']}; score its predictions again"
        )
    empty = rows["value"].isna()
    notes = [note_of("empty", n=int(empty.sum()))] if empty.any() else []
    rows = rows[~empty]
    twice = rows.duplicated([*MATCH, *ARM], keep=False)
    if twice.any():
        first = rows[twice].iloc[0]
        raise StudyError(
            f"{int(twice.sum())} scores are there more than once, the first for run {first['run_id']}, "
            f"{first['target_task']} in {first['language']}; keep one row for each cell"
        )
    rows = rows.reset_index(drop=True)
    rows.attrs["notes"] = notes
    return rows


def main_variant(variants: list[str]) -> str:
    """The representation that retrieval is read from, fixed beforehand: middle layer, mean-pooled, centred.

    The middle is one past half of the layers, the rule behind layer 13 of 24 and 7 of 12 in XTREME.

    >>> main_variant(["layer1.mean.centred", "layer2.mean.centred", "layer3.mean.centred"])
    'layer2.mean.centred'
    >>> main_variant([f"layer{i}.mean.centred" for i in range(1, 13)])
    'layer7.mean.centred'
    >>> main_variant([""])
    ''
    """
    found = sorted(set(variants))
    if len(found) == 1:
        return found[0]
    layers = {variant: layer_of(variant) for variant in found}
    numbers = sorted({layer for layer in layers.values() if layer is not None})
    middle = numbers[-1] // 2 + 1 if numbers else None

    def rank(variant: str) -> tuple:
        parts = variant.split(".")
        distance = abs(layers[variant] - middle) if layers[variant] is not None else len(found)
        return (distance, "mean" not in parts, "centred" not in parts, variant)

    return min(found, key=rank)


def layer_of(variant: str) -> int | None:
    """The layer a retrieval variant was read from.

    >>> layer_of("layer2.mean.centred")
    2
    """
    digits = variant.split(".")[0].removeprefix("layer")
    return int(digits) if digits.isdigit() else None


def with_main_variant(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep one representation for each target task, the one fixed beforehand by `main_variant`."""
    chosen = {task: main_variant(list(part["variant"])) for task, part in rows.groupby("target_task")}
    kept = rows[rows["variant"] == rows["target_task"].map(chosen)]
    kept.attrs.update(rows.attrs)
    return kept


def source_language(languages: pd.DataFrame) -> str:
    """The source language: the one at distance zero."""
    require(languages, ("language", "distance"), "the language table")
    nearest = languages.loc[languages["distance"].astype(float).idxmin()]
    return str(nearest["language"])


def with_levels(rows: pd.DataFrame, low_resource: LowResource) -> pd.DataFrame:
    """The rows with the `resource_level` of their language in their world, and with the world's `allotment`.

    Worlds that give little text to the same languages share an allotment, a number: what is asked of a
    language in one allotment may not be asked in another.

    >>> rows = pd.DataFrame({"world_seed": [0, 1], "language": ["sw", "sw"]})
    >>> with_levels(rows, {0: ["sw"], 1: ["te"]})[["resource_level", "allotment"]].values.tolist()
    [['low', 0], ['high', 1]]
    """
    worlds = rows["world_seed"].unique()
    of_world = low_resource if isinstance(low_resource, Mapping) else dict.fromkeys(worlds, low_resource)
    if lost := sorted(set(worlds) - set(of_world)):
        raise StudyError(
            f"no low-resource languages are declared for world {lost[0]}, only for "
            f"{sorted(of_world)}; name it in world_seeds"
        )
    low = {world: frozenset(of_world[world]) for world in sorted(worlds)}
    numbers = {names: number for number, names in enumerate(dict.fromkeys(low.values()))}
    pairs = zip(rows["world_seed"], rows["language"], strict=True)
    levels = ["low" if language in low[world] else "high" for world, language in pairs]
    allotments = rows["world_seed"].map({world: numbers[names] for world, names in low.items()})
    told = rows.assign(resource_level=levels, allotment=allotments.astype(int))
    told.attrs.update(rows.attrs)
    return told


def changing_levels(rows: pd.DataFrame) -> bool:
    """Whether some language has little text in one allotment and much in another.

    >>> rows = pd.DataFrame({"world_seed": [0, 1], "language": ["sw", "sw"]})
    >>> changing_levels(with_levels(rows, {0: ["sw"], 1: ["te"]})), changing_levels(with_levels(rows, ["sw"]))
    (True, False)
    """
    return "resource_level" in rows and bool((rows.groupby("language")["resource_level"].nunique() > 1).any())


def task_kind(name: str) -> str:
    """The kind of a task, and an empty word for arms that name no task.

    >>> task_kind("squad_v2"), task_kind("none")
    ('question_answering', '')
    """
    return TASKS[name].kind if name in TASKS else ""
