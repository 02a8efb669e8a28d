"""Scales agree with each other, and what they do not understand is refused in one line that helps."""

import nbformat
import papermill
import pytest
import yaml

from polystilts import paths
from polystilts.__main__ import main
from polystilts.errors import WrongUse
from polystilts.pipeline import drive
from polystilts.pipeline.params import KNOBS, OPTIONAL, load_scale, parse_changes, scale_names
from polystilts.pipeline.study import refuse_undeclared

ALL = ["tiny", "demo", "world", "real-mini", "real-small", "xlmr-base", "xlmr-large"]


def test_every_scale_is_there():
    assert scale_names() == ALL


@pytest.mark.parametrize("scale", ALL)
def test_scales_have_the_same_knobs_in_the_same_order(scale):
    sections = yaml.safe_load((paths.PARAMS / f"{scale}.yaml").read_text())
    assert [(section, list(knobs)) for section, knobs in sections.items()] == [
        (section, [knob for knob in knobs if (section, knob) not in OPTIONAL or knob in sections[section]])
        for section, knobs in KNOBS.items()
    ]
    assert load_scale(scale).sections == sections


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("seedz=[0]", "unknown knob 'seedz'; there are: source, "),
        ("pretraining.hiden=3", "unknown knob 'hiden' in pretraining; there are: hidden, "),
        ("updates=3", "write pretraining.updates or intermediate_training.updates or "),
        ("target_tasks=[xnlii]", "unknown target task 'xnlii'; there are: xnli, "),
        ("target_tasks=[mnli]", "unknown target task 'mnli'; there are: xnli, "),
        ("languages=[alb,xx]", "unknown language 'xx'; there are: alb, dor, "),
        ("source_language=dora", "unknown language 'dora'"),
        ("low_resource=[alb]", "'alb' is not one of dor, "),
        ("arms=[englisch:mnli]", "unknown strategy 'englisch'; strategies are none, "),
        ("arms=[english]", "needs an intermediate task"),
        ("arms=['translated:mnli']", "needs a language set"),
        ("arms=['translated:mnli:A'],languages=[alb,lir]", "needs a language of set A"),
        ("seeds=0", "0 is not a list; write [0] for one"),
        ("seeds='[0]'", "'[0]' is text, not a list; leave out its quotes, or for papermill write -y"),
        ("seeds=[]", "the list is empty"),
        ("seeds=[-1]", "-1 is not between 0 and 4294967295"),
        ("world_seeds=[4294967296]", "4294967296 is not between 0 and 4294967295"),
        ("seeds=[1],shared.seeds=[2]", "shared.seeds is set twice"),
        ("languages=[alb,no]", "quote it: 'no'"),
        ("arms=[none,no]", "quote it: 'no'"),
        ("retrieval_layers=[1,3]", "3 is above pretraining.layers, 2; the encoder has layers 0 to 2"),
        ("pieces=20", "20 is not at least 150"),
        ("documents.high=0", "0 is no text to make an encoder from"),
        ("seeds=[0.5]", "0.5 is not a whole number"),
        ("seeds=[true]", "True is not a whole number"),
        ("seeds=[1,1]", "1 is named twice"),
        ("hidden=wide", "'wide' is not a whole number"),
        ("heads=5", "must be a multiple"),
        ("mask_share=1.5", "1.5 is not between 0.0 and 1.0"),
        ("source=disk", "unknown source 'disk'; there are: world, hub, files"),
        ("rows.tset=5", "unknown key 'tset'; there are: intermediate, target, dev, test"),
        ("seeds", "write knob=value"),
    ],
)
def test_wrong_knobs_are_refused_in_one_line(change, says, capsys):
    assert main(["plan", "--scale", "tiny", "--set", change]) == 2
    line = capsys.readouterr().err
    assert says in line
    assert line.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--scale", "tinny"], "no scale is called 'tinny'; there are: tiny, demo, "),
        (["--scale", "tiny", "--data", "/nowhere"], "DATA=/nowhere is not a folder"),
        (["--scale", "xlmr-base"], "no commit of FacebookAI/xlm-roberta-base is pinned"),
    ],
)
def test_a_wrong_run_is_refused_before_anything_starts(arguments, says, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "OUTPUTS", tmp_path)
    assert main(["run", *arguments]) == 2
    assert says in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_settings_are_read_as_in_a_scale_file():
    assert parse_changes(["seeds=[0,1],rows={test: 3, dev: 2}", "source=hub"]) == {
        "seeds": [0, 1],
        "rows": {"test": 3, "dev": 2},
        "source": "hub",
    }


def test_a_missing_knob_is_named(tmp_path):
    sections = yaml.safe_load((paths.PARAMS / "tiny.yaml").read_text())
    del sections["pretraining"]["layers"]
    file = tmp_path / "tiny.yaml"
    file.write_text(yaml.safe_dump(sections))
    with pytest.raises(WrongUse, match="pretraining.layers is missing"):
        load_scale("tiny", file=file)
    with pytest.raises(WrongUse, match="none.yaml is missing"):
        load_scale("tiny", file=tmp_path / "none.yaml")


def test_changes_reach_inside_a_knob():
    scale = load_scale("tiny", {"rows.test": 7, "pretraining.updates": 5})
    assert scale["data_preparation"]["rows"]["test"] == 7
    assert scale["pretraining"]["updates"] == 5


@pytest.mark.parametrize("arms", [["none"], ["english:squad_v2"]])
def test_pages_that_would_compare_nothing_are_refused_before_anything_runs(arms, tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "OUTPUTS", tmp_path)
    with pytest.raises(WrongUse, match="compare arms with `none`.*--no-notebooks"):
        drive.run("tiny", {"arms": arms}, 1)
    assert not list(tmp_path.iterdir())


# --- knobs that papermill is given ------------------------------------------------------------------------

DECLARED = 'scale: str = "tiny"  # which\ntag: str = "lab"\nseeds: list = [0, 1]'


@pytest.mark.slow
def test_a_knob_that_a_chapter_does_not_declare_is_refused(tmp_path):
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "language": "python",
                                                                 "display_name": "Python 3"}})  # fmt: skip
    told = nbformat.v4.new_code_cell(DECLARED, metadata={"tags": ["parameters"]})
    use = "from polystilts.pipeline.study import open_study\nprint(open_study(scale, tag, seeds=seeds).name)"
    notebook.cells = [told, nbformat.v4.new_code_cell(use)]
    nbformat.write(notebook, tmp_path / "chapter.ipynb")
    asked = str(tmp_path / "chapter.ipynb"), str(tmp_path / "mine.ipynb")
    papermill.execute_notebook(*asked, {"seeds": [0]}, progress_bar=False)
    with pytest.raises(papermill.PapermillExecutionError, match="no knob seedz; it has scale, tag, seeds"):
        papermill.execute_notebook(*asked, {"seedz": [0]}, progress_bar=False)


def test_only_the_cell_that_papermill_adds_is_looked_at():
    refuse_undeclared([])
    refuse_undeclared(["import os", "# Parameters\nmine = 1", DECLARED, "other = 2", "%pip list", "x = 3"])
    with pytest.raises(WrongUse, match="no knob seedz"):
        refuse_undeclared(["", DECLARED, "# Parameters\nseeds = [0]\nseedz = [1]\n", "x = 3"])
