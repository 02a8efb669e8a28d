"""The RO-Crate of a study names its files with their hashes, and notices what was changed."""

import pytest

from polystilts import paths
from polystilts.errors import StudyError
from polystilts.evidence.crate import METADATA, check_crate, write_crate
from polystilts.files import read_json, write_json, write_text

PUBLISHED = sorted(file.parent.name for file in paths.OUTPUTS.glob(f"*/{METADATA}"))


@pytest.fixture
def study(tmp_path):
    for name in ("summary.md", "tables/scores.csv", "figures/07_gains.png", "figures/06_gaps.batch-2.png"):
        write_text(tmp_path / name, name)
    record = {"run_id": "english+mlm", "parent": "w0", "hashes": {"data": "d1", "encoder": "e1"}}
    write_json(tmp_path / "runs/english+mlm/run.json", record)
    write_text(tmp_path / "runs/english+mlm/predictions/udpos.parquet", "NOUN")
    write_crate(tmp_path)
    return tmp_path


def test_every_file_is_named_once_and_a_run_says_what_it_made(study):
    entities = {entity["@id"]: entity for entity in read_json(study / METADATA)["@graph"]}
    files = {name for name, entity in entities.items() if entity["@type"] == "File"}
    made = {"runs/english%2Bmlm/run.json", "runs/english%2Bmlm/predictions/udpos.parquet"}
    assert files == {"summary.md", "tables/scores.csv", "figures/07_gains.png", *made}
    assert check_crate(study) == len(files)
    assert {one["@id"] for one in entities["#run-english+mlm"]["result"]} == made
    assert {one["@id"] for one in entities["#run-english+mlm"]["object"]} == {"#data-d1", "#encoder-e1"}


def test_a_changed_and_a_lost_file_are_named(study):
    write_text(study / "tables/scores.csv", "better ones")
    with pytest.raises(StudyError, match=r"tables/scores\.csv is changed"):
        check_crate(study)
    (study / "tables/scores.csv").unlink()
    with pytest.raises(StudyError, match=r"tables/scores\.csv is gone"):
        check_crate(study)


@pytest.mark.parametrize("scale", PUBLISHED)
def test_published_crates_fit_their_files(scale):
    assert check_crate(paths.OUTPUTS / scale)


def test_demo_has_a_crate():
    assert "demo" in PUBLISHED
