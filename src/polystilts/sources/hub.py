"""Data sets of the hub, read into the study's example tables; from a mirror on disk or through `datasets`.

A mirror is a folder `<root>/<owner>/<name>/<config>/<split>.parquet` (in parts: `<split>-*.parquet`). The hub
itself, or its offline cache, answers where no mirror is given.
"""

import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow.parquet

from polystilts.errors import StudyError, WrongUse
from polystilts.sources.catalogue import UNPINNED, HubRow, hub_rows
from polystilts.sources.formats import FORMATS, read_mewslix_entities
from polystilts.sources.formats.frames import MANY
from polystilts.sources.hub_shapes import SHAPES, LeftOut, Record


def read_hub(
    task: str,
    split: str,
    language: str,
    mirror: Path | None = None,
    unpinned: bool = False,
    first: int | None = None,
    role: str = "original",
) -> pd.DataFrame:
    """The examples of a task's split in a language, as every source gives them.

    `first` reads so many records of each data set and no more. Raises WrongUse where the table has no such
    data, where they are not to be had, or where no commit of them is pinned and there is no mirror
    (`unpinned` then reads whatever the hub has now).
    """
    rows = hub_rows(task, split, language, role)
    if not rows:
        raise WrongUse(f"{task} {split} in {language}: the hub table has no {role} data; leave it out, or "
                       "take source: files")  # fmt: skip
    frames = [_read_row(row, split, language, mirror, unpinned, first) for row in rows]
    frame = pd.concat(frames, ignore_index=True)
    if frame["example_id"].duplicated().any():
        twice = frame.loc[frame["example_id"].duplicated(), "example_id"].iloc[0]
        raise WrongUse(f"{task} {split} in {language}: the item {twice!r} is there twice; keep one")
    if "label" in frame and len(frame) >= MANY and frame["label"].nunique() == 1:
        raise WrongUse(f"{task} {split} in {language}: all {len(frame)} labels are the same, a placeholder; "
                       "take a split that has labels")  # fmt: skip
    frame.attrs["left_out"] = dict(sum((Counter(part.attrs["left_out"]) for part in frames), Counter()))
    return frame


def read_hub_entities(split: str, mirror: Path | None = None, unpinned: bool = False) -> pd.DataFrame:
    """The entities that Mewsli-X may find: entity_id, language, text."""
    code, wanted = ("", "entities-test") if split == "test" else ("en", split)
    (row,) = hub_rows("mewslix", wanted, code)
    with _as_json_lines(records(row, wanted, code, mirror, unpinned)) as file:
        return read_mewslix_entities(Path(file.name))


def read_hub_text(language: str, mirror: Path | None, unpinned: bool, first: int) -> list[str]:
    """The paragraphs of the first articles of a language, a line each."""
    rows = hub_rows("text", "train", language)
    found = (r["text"] for row in rows for r in records(row, "train", language, mirror, unpinned, first))
    return [line.strip() for text in found for line in text.splitlines() if line.strip()]


def files_of(row: HubRow, split: str, language: str, mirror: Path) -> list[Path]:
    """The parquet files of a mirror that hold a split; several where the split is a sum of splits."""
    folder = Path(mirror) / row.hub_id / row.config.format(row.languages[language])
    found = []
    for name in row.splits[split].split("+"):
        parts = sorted([*folder.glob(f"{name}.parquet"), *folder.glob(f"{name}-*.parquet")])
        if not parts:
            there = ", ".join(sorted(path.name for path in folder.glob("*.parquet"))) or "nothing"
            raise WrongUse(f"{folder / name}.parquet: no such file; there is {there}. Put {row.hub_id} into "
                           "the mirror, or leave the task or language out")  # fmt: skip
        found += parts
    return found


def records(
    row: HubRow, split: str, language: str, mirror: Path | None, unpinned: bool, first: int | None = None
) -> Iterator[Record]:
    """The records of one row, as the hub has them, with the names of labels in the place of their numbers."""
    import datasets  # a second's import that only the hub needs

    datasets.disable_progress_bars()
    if mirror is not None:
        loaded = []
        for path in files_of(row, split, language, mirror):
            try:
                loaded.append(datasets.Dataset(pyarrow.parquet.read_table(path)))
            except (OSError, ValueError) as error:
                reason = " ".join(str(error).split())[:120]
                raise WrongUse(f"{path}: not to be read as parquet ({reason}); copy it again") from None
    else:
        loaded = [_from_hub(row, name, language, unpinned, first) for name in row.splits[split].split("+")]
    for part in loaded:
        missing = [column for column in row.columns if column not in part.column_names]
        if missing:
            raise WrongUse(f"{row.hub_id} {split} in {language}: no column {', '.join(missing)}; it has "
                           f"{', '.join(part.column_names)}")  # fmt: skip
        names = {column: _names(part.features[column]) for column in row.columns}
        for number, record in enumerate(part):
            if first is not None and number == first:
                break
            yield {column: _named(record[column], names[column]) for column in row.columns}


def _from_hub(row: HubRow, name: str, language: str, unpinned: bool, first: int | None):
    import datasets

    if row.revision == UNPINNED and not unpinned:
        raise WrongUse(
            f"{row.hub_id}: no commit of it is pinned; give a mirror (DATA=), or let the scale read what is "
            "there now (unpinned: true)"
        )
    revision = None if row.revision == UNPINNED else row.revision
    config = row.config.format(row.languages[language])
    try:
        if first is not None and not datasets.config.HF_DATASETS_OFFLINE:
            name = f"{name}[:{first}]"
        return datasets.load_dataset(row.hub_id, config, split=name, revision=revision)
    except Exception as error:  # `datasets` raises what its many file systems raise
        reason = " ".join(str(error).split())[:160]
        raise StudyError(f"{row.hub_id} ({config}, {name}) is not to be had: {reason}; otherwise: "
                         f"{row.fallback or 'none known'}") from None  # fmt: skip


def _names(feature) -> list[str] | None:
    """The label names of a column, where the hub keeps them."""
    return getattr(feature, "names", None) or getattr(getattr(feature, "feature", None), "names", None)


def _named(value, names: list[str] | None):
    if names is None:
        return value
    if isinstance(value, list):
        return [names[number] for number in value]
    return value if value is None or value < 0 else names[value]


def _read_row(row: HubRow, split, language, mirror, unpinned, first) -> pd.DataFrame:
    if row.shape == "mentions":
        with _as_json_lines(records(row, split, language, mirror, unpinned, first)) as file:
            return FORMATS["mewslix"](Path(file.name), row.task, split, language)
    left_out: Counter = Counter()
    rows = []
    for number, record in enumerate(records(row, split, language, mirror, unpinned, first)):
        try:
            found = SHAPES[row.shape](row, record, number, (row.task, split, language))
        except LeftOut as reason:
            left_out[str(reason)] += 1
            continue
        except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
            raise WrongUse(f"{row.hub_id} {split} in {language}, record {number}: {error}; the copy is "
                           "broken, or the hub has changed its form") from None  # fmt: skip
        rows += found
    if not rows:
        raise WrongUse(f"{row.hub_id} {split} in {language}: no example in it")
    frame = pd.DataFrame(rows)
    frame.attrs["left_out"] = dict(left_out)
    return frame


def _as_json_lines(found: Iterator[Record]):
    """Records that are the authors' own JSON, as a file for the reader of that format."""
    file = tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8")
    file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in found)
    file.flush()
    return file
