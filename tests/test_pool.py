"""Bundles become one analysis whose top unit is the bundle; those that differ are refused, saying how."""

import shutil

import pandas as pd
import pytest
import yaml
from small_languages import LANGUAGES

from polystilts import paths
from polystilts.__main__ import main
from polystilts.errors import StudyError, WrongUse
from polystilts.evidence.conclude import conclude
from polystilts.evidence.hypotheses import load_hypotheses
from polystilts.evidence.ledger import find_claim, read_claims
from polystilts.files import read_json, sha256, sha256_of_folder, write_json, write_table
from polystilts.gate.calls import Call
from polystilts.gate.estimates import differences, estimate, highest_unit
from polystilts.gate.evidence import Evidence
from polystilts.gate.headlines import contrast_text
from polystilts.gate.lineage import check_encoder, check_runs, runs_asked_for
from polystilts.gate.predictions import as_written
from polystilts.gate.protocol import check_freeze
from polystilts.gate.replication import draw_cells
from polystilts.pipeline.packing import pack_predictions
from polystilts.pipeline.params import load_scale
from polystilts.pipeline.pool import pool
from polystilts.statistics import compare
from polystilts.statistics.gains import contrast
from polystilts.statistics.planted import planted_scores
from polystilts.statistics.tables import read_table

ARMS = ("none", "english:squad_v2", "translated:squad_v2:A", "translated:squad_v2:B")
TARGETS = ("xcopa", "udpos", "panx")


def bundle(folder, worlds=(7,), advantage=3.0, random_seed=0, encoder="w64"):
    """What a finished study leaves, from planted scores."""
    scores = planted_scores(ARMS, LANGUAGES, TARGETS, {"translated": advantage}, worlds, (0, 1),
                            random_seed=random_seed)  # fmt: skip
    scores = scores.assign(
        encoder=encoder, run_id=scores["run_id"].str.replace("w64.", f"{encoder}.", regex=False)
    )
    parameters = {name: dict(knobs) for name, knobs in load_scale("tiny").sections.items()}
    parameters["shared"] |= {"arms": list(ARMS), "target_tasks": list(TARGETS), "world_seeds": list(worlds)}
    for run, part in scores.groupby("run_id"):
        row = part.iloc[0]
        arm = {"strategy": row["strategy"], "intermediate_task": row["intermediate_task"].replace("none", ""),
               "language_set": row["language_set"].replace("-", "")}  # fmt: skip
        hashes = {"code": f"code-{row['strategy']}", "encoder": f"encoder-{row['world_seed']}"}
        record = {"run_id": run, "arm": arm, "parameters": parameters, "hashes": hashes,
                  "parent": run.split("--")[0], "scale": "tiny",
                  "seeds": {"world": int(row["world_seed"])}}  # fmt: skip
        write_json(folder / "runs" / run / "run.json", record)
    write_table(folder / "tables" / "scores.csv", scores)
    write_table(folder / "tables" / "languages.csv", LANGUAGES)
    (folder / "params.yaml").write_text(yaml.safe_dump(parameters))
    conclude(folder, parameters)
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Three bundles, a world each, made once."""
    root = tmp_path_factory.mktemp("bundles")
    return [bundle(root / name, (world,)) for world, name in enumerate("abc", start=1)]


@pytest.fixture
def three(made, tmp_path):
    """Three bundles of the test's own."""
    return [shutil.copytree(folder, tmp_path / folder.name) for folder in made]


@pytest.fixture
def two(made, tmp_path):
    """Two bundles of the test's own."""
    return [shutil.copytree(folder, tmp_path / folder.name) for folder in made[:2]]


def edit_runs(folder, change, runs="*"):
    """Change the records of some runs of a bundle."""
    for file in sorted((folder / "runs").glob(f"{runs}/run.json")):
        record = read_json(file)
        change(record)
        write_json(file, record)


def test_the_bundle_is_the_unit(tmp_path):
    gains = {7: 2.0, 8: 3.0, 9: 5.5}
    folders = [bundle(tmp_path / f"w{seed}", (seed,), gain, random_seed=seed) for seed, gain in gains.items()]
    told = pool(folders, tmp_path / "all")
    primary = find_claim(read_claims(tmp_path / "all" / "claims.json"), "primary")
    by_hand = []
    for folder in folders:
        alone = find_claim(read_claims(folder / "claims.json"), "primary")
        assert alone.units == 2  # its seeds
        by_hand.append(alone.estimate)
    assert primary.units == 3 and "over 3 worlds" in primary.sentence  # each bundle is a world
    assert primary.estimate == pytest.approx(sum(by_hand) / 3, abs=1e-6)
    assert "3 bundles pooled" in told and primary.headline in told
    record = read_json(tmp_path / "all" / "pool.json")["bundles"]
    assert [one["world_seeds"] for one in record] == [[7], [8], [9]]
    summary = (tmp_path / "all" / "summary.md").read_text()
    assert "invented languages" in summary and "pool.json" in summary and "chapters/" not in summary
    (tmp_path / "all" / "chapters").mkdir()
    conclude(tmp_path / "all", load_scale("tiny").sections)  # as chapter 7 does, run on the pool
    summary = (tmp_path / "all" / "summary.md").read_text()
    assert "pool.json" in summary and "chapters/" in summary and "make book" not in summary


def test_one_folder_with_several_worlds_is_several_bundles_and_unfinished_ones_wait(tmp_path):
    folder = bundle(tmp_path / "world", (1, 2, 3, 4))
    scores = read_table(folder / "tables" / "scores.csv")
    gone = (scores["world_seed"] == 4) & (scores["strategy"] == "english")
    write_table(folder / "tables" / "scores.csv", scores[~gone])
    parameters = yaml.safe_load((folder / "params.yaml").read_text())
    parameters["shared"]["world_seeds"] = [1, 2, 3, 4, 5]
    (folder / "params.yaml").write_text(yaml.safe_dump(parameters))
    conclude(folder, parameters)
    told = pool([folder], tmp_path / "pooled")
    assert "left out, not finished: worlds 4" in told
    assert "INCOMPLETE: declared and not there: worlds 4, 5" in told
    primary = find_claim(read_claims(tmp_path / "pooled" / "claims.json"), "primary")
    assert primary.units == 3 and "Provisional: 3 of 5 declared worlds" in primary.sentence
    assert not primary.confirmatory


def test_only_runs_whose_encoder_was_kept_are_drawn_for_repetition(two, tmp_path):
    write_json(two[1] / "encoders" / "w64.w2.e0" / "config.json", {})
    pool([str(folder) for folder in two], tmp_path / "pooled")
    evidence = Evidence(tmp_path / "pooled", paths.PARAMS)
    assert (tmp_path / "pooled" / "encoders" / "w64.w2.e0" / "config.json").is_file()
    drawn = draw_cells(evidence, {}, 20, 0)
    assert len(set(drawn)) == 20 and {run.split(".")[1] for run, _ in drawn} == {"w2"}
    answers = {
        name: Call(
            name, "undecided", None, cells=pd.DataFrame([(run, target)], columns=["run_id", "target_task"])
        )
        for name, (run, target) in zip(("primary", "primary-retrieval"), drawn[-2:], strict=True)
    }
    assert draw_cells(evidence, answers, 3, 0)[:2] == drawn[-2:]  # one for each claim of the answer
    found = check_encoder(evidence).findings
    assert [one.what for one in found if one.effect == "note"] == [
        "encoders/w64.w1.e0 not kept; runs that started there cannot be repeated"
    ]
    shutil.rmtree(tmp_path / "pooled" / "encoders")
    assert {run.split(".")[1] for run, _ in draw_cells(evidence, {}, 20, 0)} == {"w1", "w2"}


def test_sites_with_encoders_of_their_own_are_units_too(tmp_path):
    folders = [
        bundle(tmp_path / name, encoder=name, random_seed=i) for i, name in enumerate(("ours", "theirs"))
    ]
    pool(folders, tmp_path / "all")
    primary = find_claim(read_claims(tmp_path / "all" / "claims.json"), "primary")
    assert primary.units == 2 and primary.low < primary.estimate < primary.high
    assert primary.n > 0 and "left out" not in primary.sentence
    cells = differences(Evidence(tmp_path / "all", paths.REPOSITORY).scores, "translated", "english")
    names = [folder.name for folder in folders]
    scores = [read_table(folder / "tables" / "scores.csv").assign(bundle=folder.name) for folder in folders]
    ours = compare.estimate(contrast(pd.concat(scores, ignore_index=True), "translated", "english"))
    assert highest_unit(cells) == ours.unit == "bundle" and set(cells["bundle"]) == set(names)
    assert estimate(cells, {}, "mean").ends() == pytest.approx((ours.low, ours.high))
    call = Call("primary", "", estimate(cells, {}, "mean"), cells=cells)
    row = {"sentence": "It helps.", "contrast": {}}
    assert ", over 2 bundles and " in contrast_text(call, row, real=False)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({("data_preparation", "translation_noise"): 0.2}, "translation_noise is 0.0 in a and 0.2 in b"),
        ({("shared", "low_resource"): ["var"]}, r"shared.low_resource is \['lir'\] in a and \['var'\] in b"),
        ({("target_finetuning", "learning_rate"): 0.1}, "learning_rate is 0.001 in a and 0.1 in b"),
    ],
)
def test_worlds_made_otherwise_are_refused_and_named(change, says, two, tmp_path):
    for (section, knob), value in change.items():
        edit_runs(two[1], lambda record: record["parameters"][section].update({knob: value}))  # noqa: B023
    with pytest.raises(StudyError, match=says):
        pool(two, tmp_path / "all")
    assert not (tmp_path / "all").exists()


def test_other_code_is_refused_and_named(two, tmp_path):
    edit_runs(two[1], lambda record: record["hashes"].update(code="other"), runs="*english*")
    with pytest.raises(StudyError, match="code of english:squad_v2 is code-english in a and other in b"):
        pool(two, tmp_path / "all")


def test_other_hypotheses_are_refused(two, tmp_path, monkeypatch):
    content = yaml.safe_load((paths.PARAMS / "hypotheses.yaml").read_text())
    content["hypotheses"][0]["smallest_effect"] = 2.0
    (tmp_path / "hypotheses.yaml").write_text(yaml.safe_dump(content))
    monkeypatch.setattr(paths, "PARAMS", tmp_path)
    with pytest.raises(StudyError, match="hypotheses of a are [0-9a-f]{16}, here they are [0-9a-f]{16}"):
        pool(two, tmp_path / "all")


def test_the_same_run_never_counts_twice(two, tmp_path):
    again = shutil.copytree(two[0], tmp_path / "again")
    with pytest.raises(StudyError, match="is in a and in again: it would count twice"):
        pool([two[0], again], tmp_path / "all")


def test_scores_edited_after_the_claims_are_refused(two, tmp_path):
    table = tmp_path / "b" / "tables" / "scores.csv"
    table.write_text(table.read_text().replace("60.", "61."))
    with pytest.raises(StudyError, match="not the file that claims.json was made of"):
        pool(two, tmp_path / "all")


def test_languages_that_are_not_the_same_are_refused(two, tmp_path):
    write_table(tmp_path / "b" / "tables" / "languages.csv", LANGUAGES.assign(script="Runic"))
    with pytest.raises(StudyError, match="alb has script Latin and Runic"):
        pool(two, tmp_path / "all")


def test_one_bundle_is_no_pool_and_the_command_says_what_is_wrong(two, tmp_path, capsys):
    folder = two[0]
    with pytest.raises(WrongUse, match="two bundles or more"):
        pool([folder], tmp_path / "all")
    with pytest.raises(WrongUse, match="one of the bundles"):
        pool([folder], folder)
    assert main(["pool", str(tmp_path / "nothing")]) == 2
    assert "no table at" in capsys.readouterr().err


def test_a_pool_takes_the_evidence_along_and_can_grow(three, tmp_path):
    *two, third = three
    whole = tmp_path / "all"
    run = next((two[0] / "runs").iterdir())
    (run / "checkpoints").mkdir()
    (run / "predictions").mkdir()
    answers = pd.DataFrame({"example_id": ["udpos-0"], "prediction": ["NOUN"]})
    write_table(run / "predictions" / "udpos.parquet", answers)
    pool(two, whole)
    taken = pd.read_parquet(whole / "runs" / run.name / "predictions" / "udpos.parquet")
    pd.testing.assert_frame_equal(taken, answers)
    assert not (whole / "runs" / run.name / "checkpoints").exists()
    pool([whole, third], whole)
    primary = find_claim(read_claims(whole / "claims.json"), "primary")
    assert primary.units == 3
    at_once = tmp_path / "at-once"
    pool(three, at_once)
    assert (whole / "tables" / "gains.csv").read_bytes() == (at_once / "tables" / "gains.csv").read_bytes()


@pytest.mark.parametrize("name", ["claims.json", "params.yaml", "runs/*/run.json"])
@pytest.mark.parametrize("content", [b'{"shared": [', b"\xff\xfe{", b"shared: 3"])
def test_a_damaged_file_of_a_bundle_is_named(two, tmp_path, capsys, name, content):
    if content == b"shared: 3" and name != "params.yaml":
        content = b""
    file = next((tmp_path / "b").glob(name))
    file.write_bytes(content)
    assert main(["pool", *map(str, two), "--to", str(tmp_path / "all")]) == 2
    said = capsys.readouterr().err
    assert str(file) in said and said.count("\n") == 1
    assert not (tmp_path / "all").exists()


def test_a_damaged_file_is_no_falsification(two, capsys):
    run = next((two[0] / "runs").iterdir()) / "run.json"
    for file, arguments in (
        (run, ["verify", str(two[0])]),
        (two[0] / "claims.json", ["trace", "primary", "--outputs", str(two[0])]),
    ):
        file.write_text('{"claims": [')
        assert main(arguments) == 2
        said = capsys.readouterr().err
        assert f"{file} is damaged" in said and said.count("\n") == 1


def test_what_is_no_pool_or_would_lose_bundles_is_not_written_over(three, tmp_path, capsys):
    two = three[:2]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("precious")
    for place, says in (
        ("mine", "mine holds something that is no pool"),
        ("mine/notes.txt", "is a file"),
        ("mine/notes.txt/deeper", "notes.txt is a file"),
        ("c", "c holds something that"),
    ):
        assert main(["pool", *map(str, two), "--to", str(tmp_path / place)]) == 2
        said = capsys.readouterr().err
        assert says in said and said.count("\n") == 1
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]
    whole = tmp_path / "all"
    pool(three, whole)
    before = sha256_of_folder(whole)
    with pytest.raises(WrongUse, match="runs that are in none of these bundles, the first is w64.w3.e0"):
        pool(two, whole)
    assert sha256_of_folder(whole) == before
    write_json(whole / "record" / "correction-record.json", {"correction_events": []})
    pool(three, whole)  # the same again, which keeps what else is in the folder
    assert sha256_of_folder(whole).items() > before.items()


def test_a_pool_whose_knobs_were_turned_confirms_nothing(tmp_path):
    worlds = load_hypotheses().frozen["world_seeds"]  # kept for the day on which they may confirm
    folder = bundle(tmp_path / "world", worlds)
    pool([folder], tmp_path / "declared")
    edit_runs(folder, lambda record: record["parameters"]["target_finetuning"].update(learning_rate=0.5))
    pool([folder], tmp_path / "turned")
    for name, may in (("declared", True), ("turned", False)):
        claims = read_claims(tmp_path / name / "claims.json")
        assert find_claim(claims, "primary").confirmatory is may
        assert check_freeze(Evidence(tmp_path / name, paths.REPOSITORY)).facts["confirmatory"] is may
    shutil.copy(tmp_path / "declared" / "claims.json", tmp_path / "turned")
    (found, *_) = check_freeze(Evidence(tmp_path / "turned", paths.REPOSITORY)).findings
    assert found.effect == "falsifies"
    assert "other knobs than their scale declares: target_finetuning.learning_rate" in found.what


def test_a_pool_that_is_cut_short_leaves_nothing(two, tmp_path, monkeypatch):
    def cut(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("polystilts.pipeline.pool.pack_predictions", cut)
    with pytest.raises(KeyboardInterrupt):
        pool(two, tmp_path / "all")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_the_gate_waits_for_the_declared_worlds_of_a_pool_and_misses_lost_runs(tmp_path):
    scale = {name: dict(knobs) for name, knobs in load_scale("tiny").sections.items()}
    whole = tmp_path / "outputs" / "grown"
    for world in (1, 2):
        scale["shared"]["world_seeds"] = [world]
        for run in runs_asked_for(scale):
            arm = {"intermediate_task": run.split("--")[2]}
            known = {"parameters": scale, "seeds": {"world": world}, "arm": arm}
            write_json(whole / "runs" / run / "run.json", known)
    write_json(whole / "pool.json", {"bundles": []})
    scale["shared"]["world_seeds"] = [1, 2, 3]
    (tmp_path / "params").mkdir()
    (tmp_path / "params" / "grown.yaml").write_text(yaml.safe_dump(scale))
    (waits,) = check_runs(Evidence(whole, tmp_path)).findings
    assert waits.effect == "open" and "worlds 3 of params/grown.yaml are to come" in waits.what
    lost = next(run for run in sorted((whole / "runs").iterdir()) if ".w2." in run.name)
    shutil.rmtree(lost)
    falsified = [f.what for f in check_runs(Evidence(whole, tmp_path)).findings if f.effect == "falsifies"]
    assert falsified == [
        f"run {lost.name} is asked for by the parameters and is not there: a seed or an arm was dropped"
    ]
    (whole / "pool.json").unlink()  # a study that is no pool has no worlds to come
    found = [finding.effect for finding in check_runs(Evidence(whole, tmp_path)).findings]
    assert len(found) == 1 + len(runs_asked_for(scale)) // 3 and set(found) == {"falsifies"}


def test_packed_predictions_are_smaller_and_known_by_the_gate(tmp_path):
    rows = pd.DataFrame({
        "language": ["alb"] * 400, "example_id": [f"xnli-test-alb-{i:05}" for i in range(400)],
        "prediction": ["neutral", "entailment"] * 200, "item_score": [0.0, 1.0] * 200,
    })  # fmt: skip
    file = tmp_path / "runs/one/predictions/xnli.parquet"
    write_table(file, rows)
    left, size = sha256(file), file.stat().st_size
    pack_predictions(tmp_path)
    assert file.stat().st_size < 0.7 * size and sha256(file) != left
    pd.testing.assert_frame_equal(pd.read_parquet(file), rows)
    assert as_written(file) == left
    packed = sha256(file)
    pack_predictions(tmp_path)
    assert sha256(file) == packed  # packing twice is packing once
    write_table(file, rows.assign(item_score=1.0))
    assert as_written(file) != left
