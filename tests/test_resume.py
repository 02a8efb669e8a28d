"""A long training that is killed goes on from its resume point as if nothing had happened, bit for bit."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from small_encoder import SIZE, sentences, write_corpus, write_encoder
from test_training import EXAMPLES

from polystilts.models import resume
from polystilts.models.heads import share_backbone, with_fresh_head
from polystilts.models.pretraining import make_encoder
from polystilts.models.tokens import load_tokenizer
from polystilts.tasks import TASKS
from polystilts.training.features import make_features
from polystilts.training.lessons import Lesson
from polystilts.training.loop import train
from polystilts.training.recipe import Recipe
from polystilts.training.stages import make_timetable, masked_lesson

RECIPE = Recipe(updates=12, batch_size=4, learning_rate=3e-3)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory) -> Path:
    return write_encoder(tmp_path_factory.mktemp("encoder"))


class Killed(BaseException):
    """What a test kills a training with."""


def arm(encoder: Path, seed: int = 0, dies_at: int | None = None) -> list:
    """Two tasks and text on one backbone, with dropout: everything that chance decides is there."""
    corpus = {name: sentences(name, 40) for name in ("alb", "dor")}
    lessons = [masked_lesson(encoder, corpus, RECIPE, seed)]
    for number, name in enumerate(("xnli", "squad_v2")):
        task = TASKS[name]
        model = with_fresh_head(encoder, task.kind, task.labels, seed)
        features = make_features(task, EXAMPLES[name], load_tokenizer(encoder), 48)
        lessons.append(Lesson(model, features, RECIPE, np.random.default_rng([seed, number])))
    share_backbone([lesson.model for lesson in lessons])
    for module in lessons[0].model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.1
    if dies_at is not None:
        given, answer = [0], lessons[0].loss

        def loss(*arguments):
            given[0] += 1
            if given[0] == dies_at:
                raise Killed
            return answer(*arguments)

        lessons[0].loss = loss
    return lessons


def learn(lessons: list, folder: Path | None, seed: int = 0) -> tuple:
    """What a training leaves: curve, budget, and the weights of every head and of the backbone."""
    timetable = make_timetable(lessons, RECIPE.updates, np.random.default_rng([seed, 3]))
    curve, budget = train(lessons, timetable, RECIPE, seed, folder)
    weights = [tensor.clone() for lesson in lessons for tensor in lesson.model.state_dict().values()]
    return curve, budget, weights


def same(one: tuple, two: tuple) -> bool:
    equal = all(torch.equal(a, b) for a, b in zip(one[2], two[2], strict=True))
    return equal and one[0].equals(two[0]) and one[1] == two[1]


@pytest.fixture
def often(monkeypatch):
    """A resume point after every update."""
    monkeypatch.setattr(resume, "EVERY_S", 0.0)


@pytest.fixture(scope="module")
def undisturbed(encoder) -> tuple:
    return learn(arm(encoder), None)


@pytest.mark.parametrize("dies_at", [1, 5, 12])
def test_a_killed_training_ends_as_an_undisturbed_one(often, encoder, undisturbed, tmp_path, dies_at, capsys):
    with pytest.raises(Killed):
        learn(arm(encoder, dies_at=dies_at), tmp_path)
    read = []
    lessons = arm(encoder)
    answer = lessons[0].loss
    lessons[0].loss = lambda *arguments: read.append(1) or answer(*arguments)
    assert same(learn(lessons, tmp_path), undisturbed)
    assert len(read) == RECIPE.updates - dies_at + 1  # what was learned before the kill is not learned again
    assert f"after update {2 * dies_at - 1}," in capsys.readouterr().err


def test_another_seed_is_not_resumed(often, encoder, tmp_path, capsys):
    with pytest.raises(Killed):
        learn(arm(encoder, dies_at=5), tmp_path)
    assert not same(learn(arm(encoder, seed=1), tmp_path, seed=1), learn(arm(encoder), None))
    assert "goes on" not in capsys.readouterr().err


@pytest.mark.parametrize("damage", ["cut", "flipped bit", "other progress"])
def test_a_damaged_point_is_left_aside(often, encoder, undisturbed, tmp_path, capsys, damage):
    with pytest.raises(Killed):
        learn(arm(encoder, dies_at=5), tmp_path)
    (file,) = tmp_path.glob(".resume-*")
    content = bytearray(file.read_bytes())
    if damage == "cut":
        content = content[: len(content) // 2]
    elif damage == "flipped bit":
        content[-9] ^= 1
    else:
        content = content.replace(rb"\"mlm_updates\": 4", rb"\"mlm_updates\": 3")
    assert bytes(content) != file.read_bytes()
    file.write_bytes(content)
    assert same(learn(arm(encoder), tmp_path), undisturbed)
    assert "is damaged: leaving it aside" in capsys.readouterr().err


def test_a_short_training_leaves_no_point(encoder, tmp_path):
    learn(arm(encoder), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_finished_stage_forgets_its_point(tmp_path):
    (tmp_path / ".resume-0123.safetensors").touch()
    (tmp_path / "model").touch()
    resume.forget(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["model"]


def pretraining_knobs(processes: int) -> dict:
    return {**SIZE, "pieces": 60, "vocabulary_lines": 200, "updates": 60, "tokens_per_update": 512,
            "processes": processes}  # fmt: skip


def ends_as_undisturbed(root: Path, corpus: Path, knobs: dict, capfd) -> None:
    """The pretraining that was killed in `root` goes on, and leaves what one without a kill leaves."""
    assert list(root.glob("killed/.resume-*")) and not (root / "killed" / "e").exists()
    killed = make_encoder(root / "killed" / "e", corpus, knobs, 0)
    assert "training goes on after update" in capfd.readouterr().err
    whole = make_encoder(root / "whole" / "e", corpus, knobs, 0)
    for name in ("model.safetensors", "pretraining.csv", "pretraining.json"):
        assert (killed / name).read_bytes() == (whole / name).read_bytes(), name
    assert not list(root.glob("*/.resume-*"))


def test_a_stopped_pretraining_ends_as_an_undisturbed_one(tmp_path, monkeypatch, capfd):
    corpus, knobs = write_corpus(tmp_path / "corpus"), pretraining_knobs(processes=1)
    write = resume.ResumePoint.write

    def write_and_die(point, progress):
        write(point, progress)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(resume, "EVERY_S", 0.0)
        patch.setattr(resume.ResumePoint, "write", write_and_die)
        with pytest.raises(Killed):
            make_encoder(tmp_path / "killed" / "e", corpus, knobs, 0)
    ends_as_undisturbed(tmp_path, corpus, knobs, capfd)


PRETRAIN = """
import sys
from pathlib import Path
from polystilts.models import pretraining, resume
resume.EVERY_S = 0.0
pretraining.make_encoder(Path(sys.argv[1]), Path(sys.argv[2]), {knobs}, 0)
"""


@pytest.mark.slow
@pytest.mark.proof
def test_a_killed_pretraining_of_two_processes_ends_as_an_undisturbed_one(tmp_path, capfd):
    corpus, knobs = write_corpus(tmp_path / "corpus"), pretraining_knobs(processes=2)
    command = [sys.executable, "-c", PRETRAIN.format(knobs=knobs), tmp_path / "killed" / "e", corpus]
    child = subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, start_new_session=True)
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("killed/.resume-*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    ends_as_undisturbed(tmp_path, corpus, knobs, capfd)
