"""`data check`: what it tells of sound data, what it refuses, and what it has compared with what."""

import pandas as pd
import pytest
from mirrors import write_mirror
from originals import write_originals
from test_real_source import ROWS

from polystilts import paths
from polystilts.__main__ import main
from polystilts.errors import WrongUse
from polystilts.files import write_table
from polystilts.pipeline.plan import balance_lines
from polystilts.pipeline.study import open_study
from polystilts.sources.doors import FilesDoor
from polystilts.sources.leakage import COMPARED, count_leaks
from polystilts.sources.real import write_real

LANGUAGES = ["en", "sw"]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_mirror(
        tmp_path_factory.mktemp("mirror"), LANGUAGES, count=30, tasks=["nli_train", "xnli", "text"]
    )


def check(root, *more: str) -> int:
    rows = "{intermediate: 20, target: 20, dev: 4, test: 20}"
    changes = {"languages": "[en,sw]", "low_resource": "[sw]", "arms": "[none]", "target_tasks": "[xnli]",
               "target_finetuning.updates": "{nli_train: 2}", "documents": "{high: 4, low: 2}",
               "rows": rows, "seeds": "[0]"}  # fmt: skip
    sets = [word for name, value in changes.items() for word in ("--set", f"{name}={value}")]
    return main(["data", "check", "--scale", "xlmr-base", *sets, "--data", str(root), *more])


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "OUTPUTS", tmp_path / "outputs")


def test_sound_data_are_described(root, capsys):
    assert check(root) == 0
    told = capsys.readouterr().out
    for words in ("nli_train", "labels contradiction", "characters", "files, SHA-256",
                  "train and test 0", f"compared: {COMPARED}"):  # fmt: skip
        assert words in told, words
    assert not (paths.OUTPUTS).exists() or not list(
        paths.OUTPUTS.rglob("*.parquet")
    )  # nothing is left behind


def test_a_leak_is_refused_unless_it_is_asked_for(tmp_path, monkeypatch, capsys):
    root = write_mirror(tmp_path / "mirror", LANGUAGES, count=30, tasks=["nli_train", "xnli", "text"])
    test = pd.read_parquet(root / "facebook/xnli/en/test.parquet")
    test.to_parquet(root / "facebook/xnli/en/train.parquet")
    monkeypatch.setattr("polystilts.sources.real.without_overlap",
                        lambda task, frame, meanings, seen, count: (frame.head(count), 0))  # fmt: skip
    assert check(root) == 1
    refused = capsys.readouterr().err
    assert (
        "items are met twice, so no result may rest on them; mend the data, or say --allow-leaks" in refused
    )
    assert check(root, "--allow-leaks") == 0
    told = capsys.readouterr()
    assert "train and test 0" not in told.out and "met twice: train and test" in told.out and not told.err


def tagged(*sentences: str) -> pd.DataFrame:
    words = [sentence.split() for sentence in sentences]
    names = {"example_id": [f"e{i}-{s}" for i, s in enumerate(sentences)], "meaning_id": list(sentences)}
    return pd.DataFrame(names | {"words": words, "tags": [["NOUN"] * len(row) for row in words]})


def test_practice_is_kept_apart_from_what_a_target_is_judged_by(tmp_path):
    """The substitute for CCG reads the treebank of UD-POS: its rows may be tuned on again, not judged by."""
    write_table(
        tmp_path / "examples/ccg/train-en.parquet", tagged("the old mill is red", "Bo sold the boat today")
    )
    write_table(tmp_path / "examples/udpos/train-en.parquet", tagged("the old mill is red"))
    assert count_leaks(tmp_path)["total"] == 0  # practised and then tuned on: no judgement rests on it
    write_table(tmp_path / "examples/udpos/dev-en.parquet", tagged("BO sold the boat, today"))
    assert count_leaks(tmp_path)["train_dev"] == 1
    write_table(tmp_path / "examples/udpos/test-en.parquet", tagged("The old mill is red ."))
    assert count_leaks(tmp_path)["train_test"] == 1  # once, though two tasks train on it


def test_rows_of_the_treebank_that_judge_a_target_are_not_practised(tmp_path):
    root = write_originals(tmp_path / "root", ["en", "tr"])
    folder = root / "realdata/ud_pos/UD_English-Mini"
    dev = root / "realdata/ud_pos/UD_Mini/en_mini-ud-dev.conllu"
    train = folder / "en_mini-ud-train.conllu"
    train.write_text(train.read_text() + "\n" + dev.read_text())
    options = {"languages": ["en", "tr"], "source_language": "en", "low_resource": ["tr"], "arms": []}
    card = write_real(tmp_path / "out", FilesDoor(root), 0, tasks=["ccg", "udpos"], rows=ROWS | {
        "intermediate": 999, "target": 999, "dev": 999}, documents_by_resource={"high": 0, "low": 0},
        **options)  # fmt: skip
    assert card["leaks"]["total"] == 0 and card["dropped"]["ccg train"] > 0
    assert card["notes"]["ccg train"].endswith("those that udpos is tuned on and none that it is judged by")
    practised, judged = (
        {" ".join(words) for words in pd.read_parquet(tmp_path / "out/examples" / name)["words"]}
        for name in ("ccg/train-en.parquet", "udpos/dev-en.parquet")
    )
    assert practised and judged and not practised & judged


def test_too_small_a_data_set_says_so(tmp_path):
    root = write_originals(tmp_path / "root", ["en", "tr"], count=2)
    options = {"languages": ["en", "tr"], "source_language": "en", "low_resource": ["tr"], "arms": []}
    with pytest.raises(WrongUse, match="mnli (dev|train): the data set is too small to have any such rows"):
        write_real(tmp_path / "out", FilesDoor(root), 0, tasks=["mnli"], rows=ROWS,
                   documents_by_resource={"high": 0, "low": 0}, **options)  # fmt: skip


# --- from the command line ------------------------------------------------------------------------------

DAMAGED = [
    ("xnli/dev-tr.tsv", "a\tb\tneutral\na\tb\tmaybe\n", ":2: unknown label 'maybe'"),
    ("xnli/dev-tr.tsv", "a\tb\tneutral\ncaf\u00e9\tb\tneutral\n".encode("latin-1"), ":2: "),
    ("xnli/dev-tr.tsv", "a\tb\nc\td\n", ":1: two fields and no label: the labels of this file are withheld"),
    ("xquad/xquad.tr.json", '{\n"data": [\n{"paragraphs":', ":3: "),
    ("ud_pos/UD_Mini/tr_mini-ud-test.conllu", "# x\n1\ta\t_\tNOUN\t_\t_\t0\troot\n", ":2: 8 columns"),
]


def check_originals(root) -> int:
    changes = {
        "languages": "[en,tr]", "low_resource": "[tr]", "arms": "[none]", "documents": "{high: 1, low: 0}",
        "target_tasks": "[xnli,xquad,udpos]", "world_seeds": "[0]",
        "target_finetuning.updates": "{nli_train: 2, qa_train: 2, udpos: 2}",
    }  # fmt: skip
    sets = [word for knob, value in changes.items() for word in ("--set", f"{knob}={value}")]
    return main(["data", "check", "--scale", "real-mini", *sets, "--data", str(root)])


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    return write_originals(tmp_path_factory.mktemp("originals"), ["en", "tr"])


@pytest.mark.parametrize(("name", "content", "says"), DAMAGED)
def test_a_malformed_file_ends_the_command_with_one_line(originals, capsys, name, content, says):
    """Exit code 2, the file and the line, and nothing written, where a study lay already."""
    study = paths.OUTPUTS / "real-mini" / "w0"
    study.mkdir(parents=True)
    (study / "kept.txt").write_text("precious")
    file = originals / "realdata" / name
    sound = file.read_bytes()
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    try:
        assert check_originals(originals) == 2
    finally:
        file.write_bytes(sound)
    line = capsys.readouterr().err
    assert f"{file}{says}" in line and line.count("\n") == 1
    assert [path.name for path in paths.OUTPUTS.rglob("*") if path.is_file()] == ["kept.txt"]
    assert (study / "kept.txt").read_text() == "precious"


def test_the_same_files_undamaged_are_accepted(originals, capsys):
    """What the damage is compared with: without it the same command ends well."""
    assert check_originals(originals) == 0
    assert "to be known" in capsys.readouterr().out


def test_a_root_that_is_none_or_lacks_files_is_refused_once(originals, tmp_path, monkeypatch, capsys):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    assert check_originals(tmp_path / "empty") == 2
    said = capsys.readouterr().err
    assert "empty lacks 10 of 10 files that real-mini" in said and "7 more; `data fetch` gets" in said
    assert said.count("\n") == 1
    assert check_originals(tmp_path / "nowhere") == 2
    assert "nowhere is not a folder" in capsys.readouterr().err
    for root, says in (("empty", " files that real-mini reads: "), ("nowhere", "nowhere is not a folder")):
        monkeypatch.setenv("POLYSTILTS_DATA", str(tmp_path / root))
        assert main(["run", "--scale", "real-mini", "--no-notebooks"]) == 2
        said = capsys.readouterr()
        assert says in said.err and said.err.count("\n") == 1 and not said.out
    assert main(["data", "fetch", "--data", str(tmp_path / "file")]) == 2
    assert "file is a file" in capsys.readouterr().err
    assert check(tmp_path / "empty") == 2
    said = capsys.readouterr().err
    assert "facebook/xnli/en/test.parquet" in said and "complete the mirror" in said
    assert not paths.OUTPUTS.exists()


# --- the plan of real data ------------------------------------------------------------------------------


def test_the_plan_counts_only_languages_that_have_data(tmp_path):
    study = open_study("real-mini")
    (line,) = balance_lines(study, study.scale.shared["languages"][1:])
    assert "where it has rows or a word list, as `data check` tells" in line
    for seed in (0, 1):
        folder = study.world_folder(seed)
        for part in ("lexicons", "examples"):
            (folder / part).mkdir(parents=True)
        (folder / "data_card.json").write_text("{}")
        for code in ("tr", "ar", "zh"):
            (folder / "lexicons" / f"{code}.csv").write_text("word,translation\n")
    (line,) = balance_lines(study, study.scale.shared["languages"][1:])
    assert "3 languages are in and out once; without data to be in with: sw ta te" in line
    (line,) = balance_lines(open_study("world"), open_study("world").scale.shared["languages"][1:])
    assert "all " in line and "languages are in and out once" in line
