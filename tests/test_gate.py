"""The gate's own instruments: independent, hand-checked, and unable to award themselves anything."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import psutil
import pytest

from polystilts import __main__, paths
from polystilts.errors import StudyError, WrongUse
from polystilts.evaluation.labels import gold_labels
from polystilts.evidence.claim import Claim, as_record
from polystilts.evidence.status import with_status
from polystilts.files import read_json, sha256, write_json, write_table, write_text
from polystilts.gate import corrections, record
from polystilts.gate.budgets import check_budgets
from polystilts.gate.calls import Call, decide
from polystilts.gate.controls import untrained_findings
from polystilts.gate.counterexamples import hunt
from polystilts.gate.data import leaks
from polystilts.gate.estimates import CELL, Estimate, estimate
from polystilts.gate.finding import Check, Finding
from polystilts.gate.labels import labels_again
from polystilts.gate.numbers import numbers_in
from polystilts.gate.original import judge_original, original, reasons_against, six_claims
from polystilts.gate.page import page
from polystilts.gate.prose import bibliography, published_numbers
from polystilts.gate.rerun import Rerun
from polystilts.gate.sandbox import namespaces, run_sealed
from polystilts.gate.schemas import FOLDER, check_document
from polystilts.gate.scoring import chunk_f1, ranking, score_again
from polystilts.gate.typed import scan_sources, typed_results
from polystilts.gate.verdict import Judged, Verdict
from polystilts.pipeline.reading import gate_sentence
from polystilts.tasks import TASKS


def test_the_recomputation_imports_nothing_from_the_rooms_it_checks():
    modules = (
        "scoring estimates calls claims evidence finding recompute lineage predictions tables protocol "
        "budgets controls counterexamples data labels languages design history copies development "
        "candidates guessing code rerun tolerance"
    )
    code = f"import sys; from polystilts.gate import {', '.join(modules.split())}; " \
           "print([name for name in sys.modules if name.startswith(('polystilts.evaluation', " \
           "'polystilts.statistics', 'polystilts.evidence', 'polystilts.pipeline'))])"  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


# --- scores ---------------------------------------------------------------------------------------------


def labels(**columns) -> pd.DataFrame:
    count = len(next(iter(columns.values())))
    return pd.DataFrame({"language": "lir", "example_id": [f"i{n}" for n in range(count)]} | columns)


def given(answers: list[str]) -> pd.DataFrame:
    return labels(prediction=answers)


def values(task: str, predictions: list[str], **columns) -> dict[str, float]:
    found = score_again(TASKS[task], given(predictions), labels(**columns))
    return dict(zip(found["metric"], found["value"], strict=True))


def test_labels_and_choices_by_hand():
    assert values("xcopa", ["0", "1", "1", "1"], gold=["0", "1", "0", "1"]) == {"accuracy": 75.0}


def test_answers_by_hand():
    context = "The old red mill."
    found = values("xquad", ["8:16", "4:7"], gold=["4:16", "4:7"], context=[context] * 2,
                   answers=[["old red mill"], ["old"]])  # fmt: skip
    assert found["f1"] == pytest.approx(100 * (0.8 + 1) / 2)  # precision 2/2, recall 2/3; and all of it
    assert found["exact_match"] == 50.0


def test_parts_of_speech_are_chunks_as_in_xtreme():
    gold = [["NOUN", "NOUN", "VERB", "DET", "NOUN"]]
    wrong = [["NOUN", "PROPN", "VERB", "DET", "NOUN"]]
    assert chunk_f1(gold, wrong) == pytest.approx(100 * 2 * 3 / (4 + 5))
    assert chunk_f1([["SCONJ", "SCONJ"]], [["CCONJ", "SCONJ"]]) == 50.0  # two tags, and chunks of their own


def test_rankings_by_hand():
    assert ranking("map@20", ["a b"], ["x a b"]) == pytest.approx(100 * (1 / 2 + 2 / 3) / 2)
    assert ranking("mrr@20", ["a", "b"], ["x y a", "c d"]) == pytest.approx(100 / 3 / 2)
    many = " ".join(f"r{n}" for n in range(30))  # more are right than 20 places hold
    assert ranking("map@20", [many], [many]) == pytest.approx(100.0)
    assert values("tatoeba", ["i0 i1", "i0 i1"], gold=["i0", "i1"]) == {"accuracy": 50.0}


ITEMS = {
    "lareqa": {  # two questions that one sentence answers, a query without and a candidate without a question
        "lir": {"question": ["q", "q", ""], "answer": ["one", "one", "two"], "meaning_id": ["m", "n", "m"]},
        "nar": {"question": ["q", "q"], "answer": ["eins", ""], "meaning_id": ["m", "n"]},
    },
    "bucc": {"lir": {"text": ["a", "b", ""], "text_source": ["x", "", "z"], "source_id": ["s0", "s1", "s2"]}},
    "mewslix": {"lir": {"text": ["a", "b"], "entity_id": ["Q1", "Q2"]}},
    "xquad": {"lir": {"context": ["The old mill."] * 3, "answer_text": ["old", "mill", ""],
                      "answer_start": [4, 8, -1], "answers": [["old", "old mill"], None, []]}},
}  # fmt: skip


@pytest.mark.parametrize("task", ITEMS)
def test_labels_are_made_again_as_they_were_made(task):
    frames = {}
    for code, columns in ITEMS[task].items():
        names = [f"{code}{n}" for n in range(len(next(iter(columns.values()))))]
        frames[code] = pd.DataFrame({"example_id": names, "meaning_id": names} | columns)
    again = labels_again(TASKS[task], frames)
    pd.testing.assert_frame_equal(again, gold_labels(TASKS[task], frames))
    assert (
        again["gold"].tolist()
        == {
            "lareqa": ["lir0 lir2 nar0", "lir0", "lir0 lir2 nar0", "lir0"],
            "bucc": ["s0", "-"],
            "mewslix": ["Q1", "Q2"],
            "xquad": ["4:7", "8:12", "-1:-1"],
        }[task]
    )


def test_missing_and_doubled_items_are_refused():
    with pytest.raises(StudyError, match="1 of 2 items have no prediction"):
        score_again(TASKS["xcopa"], given(["0"]), labels(gold=["0", "1"]))


# --- estimates and counterexamples ----------------------------------------------------------------------


def cells(differences: dict[tuple[str, str, int], float]) -> pd.DataFrame:
    """Matched differences by target, language and seed."""
    same = dict.fromkeys(CELL, "-") | {"world_seed": 0, "encoder_seed": 0, "allotment": 0}
    rows = [
        same
        | {"target_task": target, "task_kind": TASKS[target].kind}
        | {"language": language, "seed": seed, "difference": value}
        for (target, language, seed), value in differences.items()
    ]
    return pd.DataFrame(rows).assign(resource_level="low", family="f", script="s", exposure="none")


def test_an_estimate_by_hand():
    table = cells({("xnli", "lir", 0): 1.0, ("xnli", "nar", 0): 3.0, ("udpos", "lir", 0): 6.0,
                   ("xnli", "lir", 1): 2.0, ("xnli", "nar", 1): 2.0, ("udpos", "lir", 1): 8.0})  # fmt: skip
    found = estimate(table, {}, "mean")
    assert (found.value, found.units, found.n) == (4.5, 2, 6)  # seeds: (2 + 6) / 2 and (2 + 8) / 2
    assert found.error == pytest.approx(0.5)
    low, high = found.ends()
    assert high - low == pytest.approx(2 * 12.706 * 0.5, rel=1e-3)  # t with one degree of freedom
    assert estimate(table, {}, "most").value == 50.0
    assert estimate(table, {}, "every").value == 1.5  # xnli in lir
    assert estimate(table, {"measure": "median"}, "mean") is None  # unknown: never guessed


def test_cells_that_one_seed_lacks_are_left_out_of_all():
    table = cells({("xnli", "lir", 0): 1.0, ("xnli", "nar", 0): 9.0, ("xnli", "lir", 1): 2.0})
    assert estimate(table, {}, "mean").n == 2


def two_arms(gaps: dict[str, float]) -> pd.DataFrame:
    """Scores of the encoder and of random weights, so many points lower, in two languages and two seeds."""
    same = {
        "split": "test",
        "world_seed": 0,
        "encoder": "w",
        "encoder_seed": 0,
        "finetune_task": "-",
        "intermediate_task": "none",
        "language_set": "-",
        "exposure": "none",
        "variant": "",
        "n": 100,
    }
    rows = [
        same | {"strategy": arm, "target_task": target, "task_kind": TASKS[target].kind, "seed": seed,
                "metric": TASKS[target].metric, "language": code,
                "value": 60.0 - lower * gap * (1 + seed / 10)}
        for target, gap in gaps.items() for lower, arm in enumerate(("none", "untrained"))
        for seed in (0, 1) for code in ("alb", "lir")
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_the_gate_calls_every_cell_and_every_truth_of_a_family_too():
    sure, unsure = Estimate(1.0, 0.04, 9, 10, 10), Estimate(1.2, 2.3, 9, 10, 10)
    row = {"direction": "increase", "smallest_effect": 1.0, "error_rate": 0.05}
    assert decide(replace(sure, cells=(sure, unsure)), row, 1.0, None) == "undecided"
    assert decide(replace(sure, cells=(sure, replace(unsure, error=0.04))), row, 1.0, None) == "supported"
    both = Estimate(0.7, 0.15, 9, 10, 10)
    assert [decide(both, row, factor, None) for factor in (1.0, 3.0, 100.0)] == [
        "equivalent", "supported", "undecided"
    ]  # fmt: skip


def test_an_encoder_no_better_than_random_weights_weakens_every_claim():
    assert untrained_findings(two_arms({"udpos": 20.0, "xnli": 5.0}), "alb") == []
    found = untrained_findings(two_arms({"udpos": 20.0, "xnli": -3.0}), "alb")
    assert [f.effect for f in found] == ["weakens"] and "on xnli" in found[0].what
    assert "−3.1 points (from −5.1 to −1.2)" in found[0].what  # t with one degree of freedom: 12.7 × 0.15


def test_the_strongest_counterexample_comes_first():
    table = cells({(target, language, seed): value + 0.1 * seed
                   for (target, language), value in {("xnli", "lir"): 5.0, ("xnli", "nar"): -4.0,
                                                     ("udpos", "lir"): 6.0, ("udpos", "nar"): 1.0}.items()
                   for seed in (0, 1)})  # fmt: skip
    table = table.assign(intermediate_task="mnli")
    call = Call("x", "supported", estimate(table, {}, "mean"), cells=table)
    row = {
        "contrast": {},
        "quantifier": "mean",
        "direction": "increase",
        "smallest_effect": 1.0,
        "error_rate": 0.05,
    }
    found = hunt(call, row)
    assert {one.where for one in found[:2]} == {"only language nar", "without language lir"}
    assert found[0].turns and not found[-1].turns
    assert found[0].value == pytest.approx(-1.45)


# --- typed numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "scores = {'a': 71.5, 'b': 68.2}",
        "table = {'XLM-R': 79.2, 'mBERT': 65.4}",
        "x = max({'alb': 81.5, 'dor': 70.25})",
        "pd.DataFrame({'accuracy': [71.5, 68.2, 70.1]})",
        "reported_gain = -3.5",
    ],
)
def test_typed_results_are_found(source):
    assert len(typed_results(source)) == 1


@pytest.mark.parametrize(
    "source",
    ["rate = 0.001", "TOKENS = {'cpu': 8192, 'cuda': 65536}", "sizes = {'alb': 4000, 'dor': 300}",
     "updates = {'udpos': 150, 'panx': 250}", "score = 0.0", "rates = {'nli_train': 3e-05, 'panx': 1e-05}"],
)  # fmt: skip
def test_knobs_and_sizes_are_no_results(source):
    assert typed_results(source) == ()


def test_the_study_itself_has_no_typed_result():
    sources = [*paths.PACKAGE.rglob("*.py"), *paths.NOTEBOOKS.glob("*.py")]
    assert scan_sources(sorted(sources), paths.REPOSITORY) == []


def test_numbers_of_others_name_their_source():
    entries = bibliography(paths.REPOSITORY / "references.bib")
    for row in published_numbers():
        assert row["source"] in entries and row["read"]
    assert numbers_in("a gain of −3.8 points; 95 %; Python 3.11; 9 languages") == ["−3.8"]


# --- the sandbox ----------------------------------------------------------------------------------------


def test_the_sandbox_has_no_network_and_cannot_write_its_inputs(tmp_path):
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    module = tmp_path / "probe.py"
    module.write_text(
        "import pathlib, socket, sys\n"
        "try:\n    socket.create_connection(('127.0.0.1', 9), 1)\nexcept PermissionError as error:\n"
        "    print(error)\n"
        f"try:\n    pathlib.Path({str(inputs / 'x')!r}).write_text('x'); print('written')\n"
        "except OSError as error:\n    print(error.strerror)\n"
    )
    ended = run_sealed(["runpy_probe"], tmp_path / "empty", [inputs])
    assert ended.code == 1 and "No module named" in ended.output
    place = tmp_path / "place"
    place.mkdir()
    (place / "probe.py").write_text(module.read_text())
    ended = run_sealed(["probe"], place, [inputs])
    assert "the sandbox has no network" in ended.output
    if namespaces():
        assert "Read-only file system" in ended.output and not (inputs / "x").exists()
        assert any("network namespace" in word for word in ended.enforced)
    else:
        assert not any("namespace" in word for word in ended.enforced)  # nothing is claimed that was not done


# --- the record -----------------------------------------------------------------------------------------


def claim(name: str = "primary", **change) -> Claim:
    return Claim(
        name,
        name,
        "Found: +1.0 points. Outcome: supported.",
        "mean",
        1.0,
        0.5,
        1.5,
        4,
        2,
        "supported",
        **change,
    )


def verdict(status: str = "UNVERIFIED", effect: str = "") -> Verdict:
    findings = (Finding(effect, "something was found"),) if effect else ()
    checks = (Check("scores", "Do they?", "4 scores.", findings), Check("citations", "Do they?", "2 rows."),
              Check("replication", "Does it?", "No cell was repeated.", complete=False))  # fmt: skip
    judged = Judged("primary", "It rose.", "supported", status, "none of its cells was repeated", (), None, 0)
    return Verdict("tiny", status, "nothing was repeated", checks, (judged,), (), "2026-11-23T10:00:00+00:00",
                   {"replicate": 0, "seed": 0})  # fmt: skip


@pytest.fixture
def folder(tmp_path) -> Path:
    folder = tmp_path / "tiny"
    write_json(folder / "claims.json", {"claims": [as_record(claim())]})
    return folder


def test_the_record_fits_its_schemas_and_awards_itself_nothing(folder):
    written = record.write_record(folder, verdict())
    assert {file.stem for file in written} == {file.stem for file in FOLDER.glob("*.json")}
    levels = read_json(folder / "record" / "verification-levels.json")
    assert (
        levels["claim_summary"]["independently_reproduced"] == 0
        and levels["claim_summary"]["sandbox_executed"] == 0
    )
    quality = read_json(folder / "record" / "quality-dimensions.json")["dimensions"]
    assert {row["score"] for row in quality.values()} == {None}
    assert quality["novelty"]["level"] == quality["reproducibility_status"]["level"] == "UNASSESSED"
    assert quality["numerical_consistency"]["level"] == "HIGH"
    assert not any("tier" in file.read_text() for file in written)
    for file in written:
        if file.stem != "gate":
            assert "derived from the published field list" in read_json(file)["note"]
    broken = quality | {"novelty": quality["novelty"] | {"score": 9}}
    document = read_json(folder / "record" / "quality-dimensions.json") | {"dimensions": broken}
    with pytest.raises(StudyError, match="does not fit its schema at dimensions/novelty/score"):
        check_document("quality-dimensions", document)


def test_counting_again_does_not_undo_a_repetition_and_news_does(folder, monkeypatch):
    write_text(folder / "tables" / "scores.csv", "run_id,target_task,split\nrun,xnli,test\n")
    committed = []
    monkeypatch.setattr(record, "is_committed", lambda file, repository: bool(committed))
    assert not record.says_more(folder, verdict())  # nothing lies there
    assert "record" not in gate_sentence(verdict(), folder)
    repeated = Rerun("run", "xnli", "identical", "all predictions are the same", ("no network",))
    record.write_record(folder, replace(verdict("VERIFIED"), reruns=(repeated,)))
    assert not record.says_more(folder, verdict())  # anybody could have written that
    committed.append("by somebody")
    assert record.says_more(folder, verdict())
    told = gate_sentence(verdict(), folder)
    assert "this study: UNVERIFIED.**" in told
    assert "For this page it did no cell again." in told
    assert "record of the study says VERIFIED**, for there it did 1 cell of" in told
    assert not record.says_more(folder, replace(verdict("VERIFIED"), reruns=(repeated,)))  # as many
    record.write_record(folder, replace(verdict("VERIFIED"), reruns=(repeated,) * 3))
    fewer = replace(verdict("VERIFIED"), reruns=(repeated,) * 2)
    assert record.says_more(folder, fewer) and "it did 2 cells again. " in gate_sentence(fewer, folder)
    assert not record.says_more(folder, verdict("UNVERIFIED (stale)"))
    assert not record.says_more(folder, verdict("FALSIFIED", "falsifies"))
    write_json(folder / "claims.json", {"claims": [as_record(replace(claim(), estimate=2.0))]})
    assert not record.says_more(folder, verdict())  # another claim than the one that was repeated


def test_a_record_is_kept_only_while_its_repeated_predictions_are_the_published_ones(folder, monkeypatch):
    monkeypatch.setattr(record, "is_committed", lambda file, repository: True)
    file = folder / "runs" / "run" / "predictions" / "xnli.parquet"
    table = pd.DataFrame({"language": ["lir"], "example_id": ["a"], "prediction": ["neutral"]})
    write_table(file, table)
    repeated = Rerun("run", "xnli", "identical", "the same", ("no network",), sha256(file))
    record.write_record(folder, replace(verdict("VERIFIED"), reruns=(repeated,)))
    assert record.says_more(folder, verdict())
    write_table(file, table.assign(prediction="entailment"))
    assert not record.says_more(folder, verdict())


KILLED = """
import multiprocessing, os, time
from concurrent.futures import ProcessPoolExecutor
from polystilts.gate.recompute import leave_with_parent
if __name__ == "__main__":
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), leave_with_parent) as pool:
        print(pool.submit(os.getpid).result(), flush=True)
        time.sleep(60)
"""


def test_a_killed_gate_leaves_no_process(tmp_path):
    (tmp_path / "killed.py").write_text(KILLED)
    with subprocess.Popen(
        [sys.executable, tmp_path / "killed.py"], stdout=subprocess.PIPE, text=True
    ) as gate:
        worker = psutil.Process(int(gate.stdout.readline()))
        gate.kill()
    worker.wait(30)


def test_what_was_found_lowers_the_level(folder):
    record.write_record(folder, verdict("FALSIFIED", "falsifies"))
    quality = read_json(folder / "record" / "quality-dimensions.json")["dimensions"]
    assert quality["numerical_consistency"]["level"] == "LOW"
    assert read_json(folder / "record" / "gate-verdict.json")["status"] == "FALSIFIED"
    assert read_json(folder / "record" / "verification-levels.json")["paper_level"] == 0


def test_a_status_belongs_to_the_claim_as_it_stood(folder):
    record.write_record(folder, verdict("VERIFIED"))
    assert with_status([claim()], folder)[0].status == "VERIFIED"
    assert with_status([claim(confirmatory=True)], folder)[0].status == "UNVERIFIED"  # changed since
    assert with_status([claim("other")], folder)[0].status == "UNVERIFIED"
    assert with_status([claim(status="VERIFIED")], folder.parent)[0].status == "UNVERIFIED"  # said by nobody


def test_corrections_are_only_ever_added(folder):
    for number in (1, 2):
        event = corrections.correct(
            folder, "CLAIM", f"note {number}", ["claims.json:primary"], f"2026-11-2{number}"
        )
        assert event["event_id"] == f"correction-{number}"
    file = folder / "record" / "correction-record.json"
    content = read_json(file)
    assert (content["correction_state"], content["correction_count"]) == ("CORRECTED", 2)
    record.write_record(folder, verdict())  # a new verdict keeps them
    assert read_json(file)["correction_events"] == content["correction_events"]
    content["correction_events"][0]["public_note"] = "nothing happened"
    write_json(file, content)
    with pytest.raises(StudyError, match="rewritten before correction-2"):
        corrections.correct(folder, "CLAIM", "note", [], "2026-11-24")
    with pytest.raises(WrongUse, match="kinds are METADATA"):
        corrections.correct(folder, "COSMETIC", "note", [], "2026-11-24")


def test_the_page_says_what_was_found_and_what_not(folder):
    text = page(verdict("FALSIFIED", "falsifies"))
    assert "something was found" in text and "could not be looked at" in text and "<script" not in text


# --- the claim that the study grew from -----------------------------------------------------------------


def test_the_original_claim_is_falsified_for_the_right_reasons(tmp_path):
    write_text(tmp_path / "params" / "hypotheses.yaml", "frozen: null\nhypotheses: []\n")
    found = judge_original(tmp_path / "original", tmp_path)
    assert found.status == "FALSIFIED" and found.exit_code == 1
    reasons = reasons_against(found)
    assert any("rests on no run" in reason for reason in reasons)
    assert any("hard-coded score dictionary" in reason for reason in reasons)
    assert found.claims[0].status == "FALSIFIED"


def test_the_six_claims_are_told_with_what_we_cannot_say():
    rows = six_claims([as_record(claim("english-helps")) | {"hypothesis": "english-helps"}])
    assert len(rows) == len(original()["six_claims"]) == 6
    assert rows[0]["our runs"] == "english-helps: supported"
    assert rows[3]["our runs"] == "nothing" and all(row["what they cannot say"] for row in rows)


# --- the command line -----------------------------------------------------------------------------------


def test_wrong_use_is_one_line_and_exit_code_two(tmp_path, capsys):
    assert __main__.main(["verify", str(tmp_path)]) == 2
    assert "holds no claims.json" in capsys.readouterr().err
    assert __main__.main(["verify", str(tmp_path / "nowhere")]) == 2
    assert "no outputs at" in capsys.readouterr().err


@pytest.mark.skipif(not (paths.OUTPUTS / "demo" / "claims.json").is_file(), reason="demo is not here")
def test_a_claim_of_the_published_study_leads_to_its_predictions(capsys):
    assert __main__.main(["trace", "primary"]) == 0
    printed = capsys.readouterr().out
    assert "differences, from these rows of tables/scores.csv" in printed and "runs/" in printed
    claims = json.loads((paths.OUTPUTS / "demo" / "claims.json").read_text())["claims"]
    runs = next(row for row in claims if row["id"] == "primary")["lineage"]["runs"]
    assert all(run in printed for run in runs)


@pytest.mark.parametrize(
    ("words", "real", "effects"),
    [
        ("' Moldova '", True, ["note"]),  # a name in quotation marks coincides
        ("' Moldova '", False, ["falsifies"]),
        ("the old mill was sold", True, ["falsifies", "falsifies"]),  # in training rows, and in the text
        ("the mill was sold .", True, ["note"]),
        ("the mill was sold .", False, ["falsifies", "falsifies"]),
        ("北京市海淀区中关村大街", True, ["falsifies"]),
    ],
)
def test_short_items_of_real_text_coincide_and_longer_ones_leak(tmp_path, words, real, effects):
    for split in ("test", "train"):
        row = {"example_id": [split], "meaning_id": [f"panx-{split}"], "words": [words.split(" ")]}
        write_table(tmp_path / f"examples/panx/{split}-en.parquet", pd.DataFrame(row))
    write_text(tmp_path / "corpus/en.txt", f"{words}\n")
    found = list(leaks(tmp_path, real))
    assert [effect for effect, _ in found] == effects
    assert not real or all(words not in told for _, told in found)  # nothing of real data is quoted


def spending(source: str, rows: dict[str, int], updates: dict[str, int]) -> SimpleNamespace:
    """Runs of three arms with what they spent: 10 updates of practice, 5 of tuning, 60 tokens."""
    parameters = {
        "shared": {"source": source},
        "intermediate_training": {"updates": 10},
        "target_finetuning": {"updates": {"udpos": 5}},
        "pretraining": {"updates": 9, "hidden": 2, "feed_forward": 3, "layers": 1},
    }
    stages = [{"stage": "finetune", "task": "udpos", "tokens": 60}]
    same = {"parameters": parameters, "stages": stages, "parent": "w", "seeds": {"run": 0}, "cpu_s": 1.0}
    runs = {arm: {"arm": {"strategy": arm}, **same} for arm in rows}
    spent = pd.DataFrame({"run_id": list(rows), "rows": rows.values(), "updates": updates.values()})
    spent = spent.assign(labelled_tokens=60, mlm_tokens=0, flops=6 * 60 * 49)
    tables = {"budget": spent}
    return SimpleNamespace(runs=runs, parameters=parameters, real=source != "world", table=tables.get)


@pytest.mark.parametrize(
    ("source", "odd_rows", "beside", "wrong"),
    [
        ("world", 1000, 25, ""),  # masked words beside the labels come on top
        ("world", 1000, 15, "its parameters give 25"),
        ("world", 995, 25, "spent 995 rows"),
        ("files", 995, 25, ""),  # the last batch of an epoch of another size
        ("files", 980, 25, "spent 980 rows"),
    ],
)
def test_labelled_arms_spend_the_same_on_labels(source, odd_rows, beside, wrong):
    rows = {"english": 1000, "translated": 1000, "code-switched": odd_rows, "english+mlm": 1000}
    updates = dict.fromkeys(rows, 15) | {"english+mlm": beside}
    found = [finding.what for finding in check_budgets(spending(source, rows, updates)).findings]
    assert any(wrong in what for what in found) if wrong else not found
