"""Every data set of the hub, from a tiny mirror with exactly its columns, becomes example tables."""

from pathlib import Path

import datasets
import huggingface_hub
import pandas as pd
import pyarrow.parquet
import pytest
from mirrors import mirror_types, write_mirror

from polystilts.errors import StudyError, WrongUse
from polystilts.evaluation.labels import gold_labels
from polystilts.sources.catalogue import HUB_ROWS
from polystilts.sources.hub import read_hub, read_hub_entities, read_hub_text
from polystilts.tasks import TASKS

LANGUAGES = ["en", "sw", "qu", "ar", "zh", "de"]
COLUMNS = {
    "classification": {"text_a", "text_b", "label"},
    "multiple_choice": {"context", "question", "choices", "label"},
    "tagging": {"words", "tags"},
    "question_answering": {"context", "question", "answer_text", "answer_start"},
}
ASKED = [
    (row.task, split, language, row.role)
    for row in HUB_ROWS for split in row.splits for language in row.languages
    if row.task in TASKS and language in LANGUAGES
]  # fmt: skip


@pytest.fixture(scope="module")
def mirror(tmp_path_factory) -> Path:
    return write_mirror(tmp_path_factory.mktemp("mirror"), LANGUAGES)


@pytest.mark.parametrize("task", dict.fromkeys(row.task for row in HUB_ROWS if row.task in TASKS))
def test_every_data_set_is_read_into_the_columns_of_its_kind(mirror, task):
    asked = [row for row in ASKED if row[0] == task]
    assert asked
    for _, split, language, role in asked:
        frame = read_hub(task, split, language, mirror, role=role)
        row = TASKS[task]
        wanted = COLUMNS.get(row.kind)
        if row.search:
            wanted = {row.search.query, row.search.candidate, row.search.match}
        assert {"example_id", "meaning_id", *wanted} <= set(frame.columns), (split, language)
        assert frame["example_id"].is_unique and len(frame) >= 12
        if row.kind == "classification":
            assert set(frame["label"]) == set(row.labels)
        if row.kind == "tagging":
            assert {tag for tags in frame["tags"] for tag in tags} <= set(row.labels)
        if split == "test":
            gold_labels(row, {language: frame})  # every right answer is where the table says


def test_every_data_set_of_the_table_is_in_some_test():
    assert {row.task for row in HUB_ROWS} - set(TASKS) == {"text"}
    assert {row.task for row in HUB_ROWS if row.task in TASKS} == {task for task, *_ in ASKED}
    assert len({row.hub_id for row in HUB_ROWS}) >= 20
    for row in HUB_ROWS:
        assert set(mirror_types(row)) == set(row.columns)
        assert row.licence and row.fallback, f"{row.hub_id} names no licence or no stand-in"


def test_translations_have_the_names_of_what_they_translate(mirror):
    english = read_hub("mnli", "train", "en", mirror)
    swahili = read_hub("mnli", "train", "sw", mirror, role="translated")
    assert swahili["meaning_id"].tolist() == english["meaning_id"].tolist()
    assert swahili["label"].tolist() == english["label"].tolist()
    one, other = (read_hub("xnli", "test", code, mirror) for code in ("en", "sw"))
    assert one["meaning_id"].tolist() == other["meaning_id"].tolist()
    assert not set(one["meaning_id"]) & set(english["meaning_id"])
    arabic = read_hub("squad_v1", "train", "ar", mirror, role="translated")
    assert set(arabic["meaning_id"]) == set(read_hub("squad_v1", "train", "en", mirror)["meaning_id"])


def test_entities_and_running_text_are_read(mirror):
    entities = read_hub_entities("test", mirror)
    queries = read_hub("mewslix", "test", "ar", mirror)
    assert list(entities) == ["entity_id", "language", "text"]
    assert set(queries["entity_id"]) <= set(entities["entity_id"])
    for text, start, end in queries[["text", "mention_start", "mention_end"]].itertuples(index=False):
        assert text[start:end].strip()
    lines = read_hub_text("qu", mirror, False, first=5)
    assert len(lines) == 5 and all(line.count(".") == 8 for line in lines)


def test_questions_in_other_languages_are_left_out_and_counted(mirror):
    frame = read_hub("tydiqa", "test", "sw", mirror)
    assert len(frame) == 12 and frame["example_id"].str.contains("swahili-").all()
    assert frame.attrs["left_out"] == {"questions in arabic": 12, "questions in english": 12}


def test_pairs_without_an_agreed_label_are_left_out(mirror, tmp_path):
    folder = write_mirror(tmp_path, ["en"], tasks=["anli"])
    file = folder / "stanfordnlp/snli/plain_text/train.parquet"
    table = datasets.Dataset(pyarrow.parquet.read_table(file))
    rows = table.to_list()
    rows[3]["label"] = -1
    datasets.Dataset.from_list(rows, features=table.features).to_parquet(str(file))
    frame = read_hub("anli", "train", "en", folder)
    assert frame.attrs["left_out"] == {"pairs without an agreed label": 1}
    assert len(frame) == 3 * 12 + 11  # three rounds of ANLI and what is left of SNLI


def broken(folder: Path, change) -> Path:
    """A mirror of XNLI in English whose test rows were changed."""
    write_mirror(folder, ["en"], count=24, tasks=["xnli"])
    file = folder / "facebook/xnli/en/test.parquet"
    frame = pd.read_parquet(file)
    change(frame).to_parquet(file)
    return folder


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda frame: frame.assign(label=-1), "record 0: the label is withheld"),
        (lambda frame: frame.assign(label=0), "all 24 labels are the same, a placeholder"),
        (lambda frame: frame.assign(label=frame.index), "record 3: unknown label '3'; labels are entail"),
        (lambda frame: frame.drop(columns="hypothesis"), "no column hypothesis; it has premise, label"),
        (lambda frame: frame.assign(premise=" "), "record 0: an empty text"),
        (lambda frame: frame.head(0), "no example in it"),
    ],
)
def test_a_broken_mirror_is_refused_in_one_line(tmp_path, change, says):
    with pytest.raises(WrongUse, match=says) as refusal:
        read_hub("xnli", "test", "en", broken(tmp_path, change))
    assert "\n" not in str(refusal.value)


def test_what_is_not_there_is_named(mirror, tmp_path):
    with pytest.raises(WrongUse, match="panx test in yo: .* no such file|test.parquet: no such file"):
        read_hub("panx", "test", "yo", mirror)
    with pytest.raises(WrongUse, match="masakhaner test in sw: the hub table has no original data"):
        read_hub("masakhaner", "test", "sw", mirror)
    (tmp_path / "facebook/xnli/en").mkdir(parents=True)
    (tmp_path / "facebook/xnli/en/test.parquet").write_bytes(b"PAR1 no more than a beginning")
    with pytest.raises(WrongUse, match="not to be read as parquet"):
        read_hub("xnli", "test", "en", tmp_path)


def test_an_unpinned_data_set_is_not_read_from_the_hub_unless_told(monkeypatch):
    with pytest.raises(WrongUse, match="facebook/xnli: no commit of it is pinned"):
        read_hub("xnli", "test", "en")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(
        StudyError, match="is not to be had: .* otherwise: https://dl.fbaipublicfiles.com/XNLI"
    ):
        read_hub("xnli", "test", "en", unpinned=True)


def test_the_hub_and_its_cache_come_through_the_same_door(mirror, monkeypatch):
    """`datasets.load_dataset` with id, configuration, split and revision is the door; a mirror stands in."""
    seen = []

    def load(hub_id, config, split, revision):
        seen.append((hub_id, config, split, revision))
        return datasets.Dataset(pyarrow.parquet.read_table(mirror / hub_id / config / f"{split}.parquet"))

    monkeypatch.setattr(datasets, "load_dataset", load)
    from_hub = read_hub("xcopa", "test", "qu", unpinned=True)
    pd.testing.assert_frame_equal(from_hub, read_hub("xcopa", "test", "qu", mirror))
    assert seen == [("cambridgeltl/xcopa", "qu", "test", None)]
