"""Files are whole or not there."""

import pandas as pd
import pytest

from polystilts.files import (
    fingerprint,
    sha256,
    sha256_of_folder,
    whole_file,
    whole_folder,
    write_json,
    write_table,
    write_text,
)


def test_a_failed_write_keeps_the_old_file(tmp_path):
    file = tmp_path / "a.txt"
    write_text(file, "old")
    with pytest.raises(RuntimeError), whole_file(file) as draft:
        draft.write_text("half")
        raise RuntimeError
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_is_replaced_as_a_whole(tmp_path):
    target = tmp_path / "made"
    for name in ("a", "b"):
        with whole_folder(target) as draft:
            (draft / name).write_text(name)
    assert sha256_of_folder(target) == {"b": sha256(b"b")}
    with pytest.raises(RuntimeError), whole_folder(target) as draft:
        raise RuntimeError
    assert [path.name for path in tmp_path.rglob("*")] == ["made", "b"]


def test_equal_tables_are_equal_bytes(tmp_path):
    file = tmp_path / "t.csv"
    write_table(file, pd.DataFrame({"value": [1 / 3, 50.0], "name": ["ä", "b"]}))
    assert file.read_bytes() == "value,name\n0.333333,ä\n50.000000,b\n".encode()
    write_table(tmp_path / "t.parquet", pd.DataFrame({"ids": [[1, 2], []]}))
    assert list(pd.read_parquet(tmp_path / "t.parquet")["ids"][0]) == [1, 2]


def test_equal_content_has_equal_fingerprints(tmp_path):
    assert fingerprint({"a": 1, "b": [2]}) == fingerprint({"b": [2], "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": 2})
    write_json(tmp_path / "a.json", {"b": 1, "a": "ä"})
    assert (tmp_path / "a.json").read_text() == '{\n "a": "ä",\n "b": 1\n}\n'
