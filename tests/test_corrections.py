"""A correction is checked before anything is written: a refused one leaves no file."""

import pytest

from polystilts.__main__ import main
from polystilts.errors import StudyError
from polystilts.files import read_json, write_json
from polystilts.gate import corrections


def test_a_refused_correction_leaves_no_file(tmp_path, capsys):
    asked = ["correct", str(tmp_path), "--type", "CLAIM", "--note"]
    assert main([*asked, "what was wrong"]) == 2
    assert "has no claims.json" in capsys.readouterr().err
    write_json(tmp_path / "claims.json", {"claims": []})
    assert main([*asked, " "]) == 2
    assert "the note is empty" in capsys.readouterr().err
    with pytest.raises(StudyError, match="does not fit its schema"):
        corrections.correct(tmp_path, "CLAIM", "what was wrong", [7], "2026-11-21")
    assert [path.name for path in tmp_path.iterdir()] == ["claims.json"]
    assert main([*asked, "what was wrong"]) == 0
    assert read_json(tmp_path / "record" / "correction-record.json")["correction_count"] == 1
