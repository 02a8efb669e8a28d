"""Whoever cheats is caught and told what was found: every way of tampering, one test each."""

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml
from small_evidence import make_repository

from polystilts.files import fingerprint, read_json, sha256, write_json
from polystilts.gate import recompute
from polystilts.gate.evidence import Evidence, open_evidence
from polystilts.gate.verdict import verify
from polystilts.pipeline.records import code_now

ENGLISH, OTHER = (f"w48.w0.e0--english--squad_v2--none--s{seed}" for seed in (0, 1))
TRANSLATED = "w48.w0.e0--translated--squad_v2--a--s0"


@pytest.fixture(scope="module")
def untouched(tmp_path_factory) -> Path:
    return make_repository(tmp_path_factory.mktemp("study")).parents[1]


@pytest.fixture
def root(untouched, tmp_path) -> Path:
    """A copy that a test may tamper with."""
    return Path(
        shutil.copytree(untouched, tmp_path / "copy", ignore=shutil.ignore_patterns(".done", "checkpoints"))
    )


def outputs(root: Path) -> Path:
    return root / "outputs" / "tiny"


def judged(root: Path, **more):
    return verify(outputs(root), repository=root, code_now=more.pop("code_now", code_now), **more)


def reseal(root: Path) -> None:
    """Write the hashes of today into every lineage, as a careful cheat would."""
    file = outputs(root) / "claims.json"
    content = read_json(file)
    for claim in content["claims"]:
        for name in claim["lineage"]["files"]:
            there = (root if name.startswith("params/") else outputs(root)) / name
            if there.is_file():
                claim["lineage"]["files"][name] = sha256(there)
    write_json(file, content)


def edit_table(root: Path, name: str, change) -> None:
    file = outputs(root) / "tables" / f"{name}.csv"
    table = pd.read_csv(file, keep_default_na=False)
    change(table)
    table.to_csv(file, index=False, float_format="%.6f", lineterminator="\n")


def edit_claim(root: Path, name: str, **change) -> None:
    file = outputs(root) / "claims.json"
    content = read_json(file)
    for claim in content["claims"]:
        if claim["id"] == name:
            claim.update(change)
    write_json(file, content)


def edit_json(file: Path, change) -> None:
    content = read_json(file)
    change(content)
    write_json(file, content)


def predictions(root: Path, run: str = ENGLISH, target: str = "udpos") -> Path:
    return outputs(root) / "runs" / run / "predictions" / f"{target}.parquet"


def test_an_honest_study_has_nothing_found_against_it(root):
    verdict = judged(root)
    assert [f.what for _, f in verdict.findings if f.effect in ("falsifies", "stale", "open")] == []
    assert verdict.status == "UNVERIFIED"  # nothing was repeated, so nothing is verified
    assert verdict.exit_code == 3


# --- the ways of cheating -------------------------------------------------------------------------------


def edited_score(root):
    def change(table):
        table.loc[(table.run_id == ENGLISH) & (table.target_task == "udpos"), "value"] += 5

    edit_table(root, "scores", change)
    reseal(root)


def edited_gain(root):
    edit_table(root, "gains", lambda table: table.__setitem__("gain", table["gain"] + 1))
    reseal(root)


def swapped(root):
    one, other = predictions(root), predictions(root, TRANSLATED)
    one_bytes, other_bytes = one.read_bytes(), other.read_bytes()
    one.write_bytes(other_bytes)
    other.write_bytes(one_bytes)


def another_seed(root):
    shutil.copy(predictions(root, OTHER), predictions(root, ENGLISH))


def truncated(root):
    frame = pd.read_parquet(predictions(root))
    frame.drop(frame.index[-3:]).to_parquet(predictions(root), index=False)


def reordered(root):
    pd.read_parquet(predictions(root)).iloc[::-1].to_parquet(predictions(root), index=False)


def edited_answers(root):
    file = predictions(root, target="tatoeba")
    frame = pd.read_parquet(file)
    frame["prediction"] = frame["example_id"]  # every translation found
    frame.to_parquet(file, index=False)


def edited_answers_sealed(root):
    """Predictions, their item scores, the record of the run and the lineage: all made to fit."""
    edited_answers(root)
    file = predictions(root, target="tatoeba")

    def change(record):
        for stage in record["stages"]:
            if (stage["stage"], stage["task"]) == ("predict", "tatoeba"):
                stage["files"]["."] = sha256(file)

    edit_json(outputs(root) / "runs" / ENGLISH / "run.json", change)
    reseal(root)


def dropped_seed(root):
    for folder in (outputs(root) / "runs").glob("*--s1"):
        shutil.rmtree(folder)
    for name in ("scores", "gains"):
        edit_table(root, name, lambda table: table.drop(table.index[table.seed == 1], inplace=True))
    reseal(root)


def changed_parameter(root):
    file = root / "params" / "tiny.yaml"
    sections = yaml.safe_load(file.read_text())
    sections["intermediate_training"]["learning_rate"] = 0.5
    file.write_text(yaml.safe_dump(sections))


def changed_record(root):
    def change(record):
        record["parameters"]["intermediate_training"]["updates"] = 4000

    edit_json(outputs(root) / "runs" / ENGLISH / "run.json", change)
    reseal(root)


def typed_in_readme(root):
    file = root / "README.md"
    file.write_text(file.read_text() + "\nTranslated practice helps by +12.3 points.\n")


def typed_in_chapter(root):
    file = root / "notebooks" / "00_a_chapter.py"
    file.write_text(file.read_text() + "\n# %% [markdown]\n# It reached 71.4 on Tatoeba.\n")


def typed_in_caption(root):
    file = root / "notebooks" / "00_a_chapter.py"
    file.write_text(file.read_text() + '\n# %%\ncaption = "Gains, 4.2 points on average."\n')


def typed_in_summary(root):
    file = outputs(root) / "summary.md"
    file.write_text(file.read_text() + "\nTranslated practice gains +9.9 points.\n")


def score_dictionary(root):
    file = root / "notebooks" / "00_a_chapter.py"
    file.write_text(file.read_text() + '\n# %%\nfound = {"english": 50.5, "translated": 61.2}\nmax(found)\n')


def leaked_test_item(root):
    examples = outputs(root) / "w0" / "examples" / "udpos"
    train, test = (pd.read_parquet(examples / f"{split}-alb.parquet") for split in ("train", "test"))
    pd.concat([train, test.head(1)]).to_parquet(examples / "train-alb.parquet", index=False)


def unequal_budgets(root):
    def change(table):
        table.loc[table.run_id == TRANSLATED, "rows"] += 1

    edit_table(root, "budget", change)
    reseal(root)


def longer_training(root):
    def change(table):
        table.loc[table.run_id == TRANSLATED, "updates"] *= 2

    edit_table(root, "budget", change)
    reseal(root)


def wrong_exposure(root):
    def change(table):
        table.loc[table.exposure == "task", "exposure"] = "none"

    edit_table(root, "scores", change)
    reseal(root)


def read_target_labels(root):
    def change(record):
        for stage in record["stages"]:
            if stage["stage"] == "finetune":
                stage["read"].append({"task": stage["task"], "language": "lir", "rows": 5})

    edit_json(outputs(root) / "runs" / ENGLISH / "run.json", change)
    reseal(root)


def thawed_hypothesis(root):
    file = root / "params" / "hypotheses.yaml"
    content = yaml.safe_load(file.read_text())
    content["frozen"] = {"date": "2026-11-01", "hash": fingerprint(content["hypotheses"]), "world_seeds": [0]}
    content["hypotheses"][0]["smallest_effect"] = 0.01
    file.write_text(yaml.safe_dump(content, sort_keys=False))
    reseal(root)


def false_confirmation(root):
    edit_claim(root, "primary", confirmatory=True)


def claim_without_runs(root):
    claim = next(row for row in read_json(outputs(root) / "claims.json")["claims"] if row["id"] == "primary")
    edit_claim(root, "primary", lineage=claim["lineage"] | {"runs": [], "files": {}})


def changed_estimate(root):
    edit_claim(root, "primary", estimate=9.9)


def changed_outcome(root):
    edit_claim(root, "primary", outcome="supported")


def changed_sentence(root):
    claim = next(row for row in read_json(outputs(root) / "claims.json")["claims"] if row["id"] == "primary")
    edit_claim(root, "primary", sentence=claim["sentence"].replace("Found: ", "Found: +9.9 points, once "))


def flattered_side(root):
    claim = next(row for row in read_json(outputs(root) / "claims.json")["claims"] if row["id"] == "primary")
    words = re.sub(r"no practice: translated \S+ ", "no practice: translated +9.9 ", claim["sentence"])
    assert words != claim["sentence"]
    edit_claim(root, "primary", sentence=words)


def forgotten_claim(root):
    file = outputs(root) / "claims.json"
    content = read_json(file)
    write_json(file, {"claims": content["claims"][1:]})


def changed_data(root):
    file = outputs(root) / "w0" / "lexicons" / "dor.csv"
    file.write_text(file.read_text() + "one,more\n")


def changed_labels(root):
    file = outputs(root) / "labels" / "w0" / "udpos.parquet"
    frame = pd.read_parquet(file)
    frame.loc[0, "gold"] = " ".join(["X"] * len(frame.loc[0, "gold"].split()))
    frame.to_parquet(file, index=False)
    reseal(root)


def replaced_encoder(root):
    file = outputs(root) / "encoders" / "w48.w0.e0" / "model.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(bytes(content))


def lost_citation(root):
    file = root / "references.bib"
    file.write_text(file.read_text().replace("phang2020english", "phang1999other"))


TAMPERS = [
    (edited_score, "scores of run .*english.* differ from its predictions, the first udpos in alb"),
    (edited_gain, "gains of run .* are not the difference of its scores"),
    (swapped, f"english.*udpos.parquet holds the predictions of {TRANSLATED} for udpos"),
    (another_seed, f"--s0/predictions/udpos.parquet holds the predictions of {OTHER} for udpos"),
    (truncated, "udpos.parquet was truncated: 9 of 12 items in var"),
    (reordered, "udpos.parquet was reordered"),
    (edited_answers, "tatoeba.parquet was edited: answers do not fit the item scores"),
    (edited_answers_sealed, "scores of run .* differ from its predictions, the first tatoeba"),
    (dropped_seed, "--s1 is asked for by the parameters and is not there: a seed or an arm was dropped"),
    (changed_parameter, "params/tiny.yaml says intermediate_training.learning_rate = 0.5"),
    (changed_record, "run.json says intermediate_training.updates = 4000"),
    (typed_in_readme, r"README.md, outside its markers: typed numbers in prose: \+12.3"),
    (typed_in_chapter, "00_a_chapter.py, line .*: typed numbers in prose: 71.4"),
    (typed_in_caption, "in code: typed numbers in prose: 4.2"),
    (typed_in_summary, r"summary.md: \+9.9 stand there and in no claim"),
    (score_dictionary, "a hard-coded score dictionary, found = {'english': 50.5"),
    (leaked_test_item, "1 meanings of test items are in train files"),
    (unequal_budgets, f"budgets are unequal: run {TRANSLATED} spent .* rows"),
    (longer_training, f"budget.csv: run {TRANSLATED} spent 24 updates, its parameters give 12"),
    (wrong_exposure, "exposure is given as 'none', what was read makes it 'task'"),
    (read_target_labels, "read target labels of .* in lir: that is not zero-shot"),
    (thawed_hypothesis, "hypotheses.yaml was edited after the freeze of 2026-11-01"),
    (false_confirmation, "claim primary calls itself confirmatory"),
    (claim_without_runs, "claim primary gives a number and rests on no run"),
    (changed_estimate, "claim primary: estimate is 9.9, found"),
    (changed_outcome, "claim primary: outcome is supported, found undecided"),
    (changed_sentence, "claim primary: its sentence does not say 'Found:"),
    (flattered_side, "claim primary: its sentence does not say '"),
    (forgotten_claim, "claims.json says nothing of the hypotheses primary"),
    (changed_data, "the data of w0 are not those that 6 runs read: lexicons/dor.csv"),
    (changed_labels, "labels/w0/udpos.parquet: 1 labels are not the right answers of the data"),
    (replaced_encoder, "encoders/w48.w0.e0 was replaced"),
    (lost_citation, "'phang2020english' is not in references.bib"),
]


@pytest.mark.parametrize(("tamper", "found"), TAMPERS, ids=[tamper.__name__ for tamper, _ in TAMPERS])
def test_tampering_is_caught_and_named(root, tamper, found):
    import re

    tamper(root)
    verdict = judged(root)
    said = [finding.what for _, finding in verdict.findings if finding.effect == "falsifies"]
    assert verdict.status == "FALSIFIED" and verdict.exit_code == 1
    assert any(re.search(found, what) for what in said), "\n".join(said)


def test_changed_source_makes_claims_stale_and_not_false(root):
    verdict = judged(root, code_now=lambda parameters: code_now(parameters) | {"predict": "0" * 16})
    assert verdict.status == "UNVERIFIED (stale)" and verdict.exit_code == 3
    assert {claim.status for claim in verdict.claims if "not run" not in claim.reason} == {
        "UNVERIFIED (stale)"
    }
    assert any("the code of predict has changed since 6 runs" in f.what for _, f in verdict.findings)


def test_a_finding_touches_only_the_claims_that_rest_on_it(root):
    edit_claim(root, "primary", estimate=9.9)
    status = {claim.id: claim.status for claim in judged(root).claims}
    assert status["primary"] == "FALSIFIED" and status["english-helps"] == "UNVERIFIED"


def test_data_that_are_not_there_are_made_again_from_their_seed(root):
    shutil.rmtree(outputs(root) / "w0")
    checks = {check.name: check for check in judged(root).checks}
    assert checks["data"].facts["worlds"] == 1 and not checks["data"].findings
    changed_labels(root)
    assert any("not the right answers" in f.what for _, f in judged(root).findings)


@pytest.mark.parametrize(("real", "status"), [(False, "FALSIFIED"), (True, "UNVERIFIED")])
def test_labels_that_are_gone_falsify_a_study_unless_they_could_not_be_passed_on(
    root, monkeypatch, real, status
):
    shutil.rmtree(outputs(root) / "labels")
    monkeypatch.setattr(Evidence, "real", real)
    verdict = judged(root)
    effects = {finding.effect for _, finding in verdict.findings if "labels/w0/udpos" in finding.what}
    assert verdict.status == status and ("falsifies" not in effects) == real
    assert any("not scored again" in finding.what for _, finding in verdict.findings)


def test_a_language_dropped_from_one_run_is_missed_without_labels_too(root, monkeypatch):
    shutil.rmtree(outputs(root) / "labels")
    monkeypatch.setattr(Evidence, "real", True)
    edit_table(
        root, "scores", lambda t: t.drop(t.index[(t.run_id == ENGLISH) & (t.language == "lir")], inplace=True)
    )
    reseal(root)
    said = [f.what for _, f in judged(root).findings if f.effect == "falsifies"]
    assert any(f"run {ENGLISH} has no score for" in what for what in said)


def test_several_processes_mark_as_one_does(untouched, monkeypatch):
    evidence = open_evidence(outputs(untouched), untouched)
    alone, table = recompute.check_scores(evidence)
    monkeypatch.setattr(recompute, "FILES_A_PROCESS", 1)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    together, again = recompute.check_scores(evidence)
    assert together == alone and together.facts["prediction_files"] == 18
    pd.testing.assert_frame_equal(again, table)


@pytest.mark.slow
def test_a_cell_repeated_in_the_sandbox_verifies_its_claims(root):
    verdict = judged(
        root, replicate=1, hardware=read_json(outputs(root) / "runs" / ENGLISH / "run.json")["hardware"]
    )
    assert [(one.result, one.words) for one in verdict.reruns] == [("identical", verdict.reruns[0].words)], (
        json.dumps([one.words for one in verdict.reruns])
    )
    assert verdict.status == "VERIFIED" and verdict.exit_code == 0
    assert {claim.id: claim.status for claim in verdict.claims}["primary"] == "VERIFIED"
