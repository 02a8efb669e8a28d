"""Scales agree with each other, and what they do not understand is refused in one line that helps."""

import pytest
import yaml

from polystilts import paths
from polystilts.__main__ import main
from polystilts.errors import WrongUse
from polystilts.pipeline import drive
from polystilts.pipeline.params import KNOBS, OPTIONAL, load_scale, parse_changes, scale_names

ALL = ["tiny", "demo", "world", "real-mini", "xlmr-base", "xlmr-large"]


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
        ("seeds=[-1]", "-1 is not at least 0"),
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
