"""CONTRIBUTING.md promises that languages, tasks, arms and scales are rows: one of each is added here."""

import ast
import re
import shutil
from dataclasses import dataclass, replace

import pandas as pd
import pytest
import yaml
from originals import write_originals
from small_encoder import sentences, write_encoder

from polystilts import paths, tasks
from polystilts.errors import StudyError, WrongUse
from polystilts.evaluation.labels import gold_labels
from polystilts.evaluation.scores import score_run
from polystilts.languages import LANGUAGES, Language, parity_set, real
from polystilts.languages.lexicon import SCRIPTS
from polystilts.pipeline.inputs import has_intermediate, languages_seen, taught_languages, world_parameters
from polystilts.pipeline.params import load_scale, scale_names
from polystilts.pipeline.plan import plan
from polystilts.pipeline.study import Run, study_of
from polystilts.sources import arms, doors
from polystilts.sources.formats.rows import FileRow
from polystilts.sources.real import write_real
from polystilts.sources.world import choices, write_world
from polystilts.sources.world.tasks import RECIPES, Recipe
from polystilts.tasks import INTERMEDIATE_TASKS, STRATEGIES, TASKS, Search, Strategy, Task, parse_arm

ROWS = {"intermediate": 24, "target": 24, "dev": 6, "test": 8}
TEXT = {"high": 30, "low": 10}
HERE = ["alb", "dor", "lir", "var"]


def rows(world, task, file):
    """One file of examples."""
    return pd.read_parquet(world / "examples" / task / f"{file}.parquet")


# --- a language -------------------------------------------------------------------------------------------


@pytest.fixture
def quillan(monkeypatch):
    """A language that the study does not have."""
    level = ("low", "low", "near")
    row = Language("qui", "Quillan", "Pelasgian", "Greek", *level, parity_set(*level))
    monkeypatch.setitem(LANGUAGES, row.code, row)
    return row


def test_a_new_language_has_words_text_test_rows_and_practice_rows(quillan, tmp_path):
    made = ["xcopa", "udpos", "squad_v2"]
    with_it, without = tmp_path / "with", tmp_path / "without"
    card = write_world(with_it, 7, [*HERE, "qui"], "alb", made, ROWS, TEXT)
    write_world(without, 7, HERE, "alb", made, ROWS, TEXT)
    text = (with_it / "corpus" / "qui.txt").read_text()
    assert set(SCRIPTS["Greek"]) & set(text) and card["languages"]["qui"]["lines"] == TEXT["low"]
    lexicon = pd.read_csv(with_it / "lexicons" / "qui.csv")
    assert len(lexicon) > 100 and (lexicon["word"] != lexicon["translation"]).mean() > 0.5
    for task in ("xcopa", "udpos"):
        ours, theirs = rows(with_it, task, "test-qui"), rows(with_it, task, "test-alb")
        assert len(ours) == ROWS["test"] and ours["meaning_id"].tolist() == theirs["meaning_id"].tolist()
    # two of its factors are at their harder level, so it stands in set A beside dor and var
    parameters = {"shared": {"source_language": "alb", "languages": [*HERE, "qui"]}}
    practice = arms.arm_rows(with_it / "examples", parse_arm("translated:squad_v2:A"), 24, 0, parameters)
    assert set(practice["language"]) == {"alb", "dor", "var", "qui"}
    # and no other language changes a word
    same = ["corpus/lir.txt", "lexicons/var.csv", "examples/xcopa/test-dor.parquet"]
    assert all((with_it / name).read_bytes() == (without / name).read_bytes() for name in same)


def test_a_language_that_is_only_tested_has_tests_and_nothing_else(quillan, tmp_path):
    with_it, without = tmp_path / "with", tmp_path / "without"
    made = ["udpos", "squad_v2"]
    write_world(with_it, 7, [*HERE, "qui"], "alb", made, ROWS, TEXT, tested_only=["qui"])
    write_world(without, 7, HERE, "alb", made, ROWS, TEXT)
    ours, theirs = ({p.relative_to(folder).as_posix() for p in folder.rglob("*.*")}
                    for folder in (with_it, without))  # fmt: skip
    assert ours - theirs == {"examples/udpos/test-qui.parquet"} and theirs <= ours
    same = theirs - {"data_card.json"}
    assert all((with_it / name).read_bytes() == (without / name).read_bytes() for name in same)


def test_a_language_without_text_is_a_low_resource_one(quillan):
    languages = {"shared.languages": [*HERE, "qui"], "shared.tested_only": ["qui"]}
    with pytest.raises(WrongUse, match="'qui' has no text, so it must be in low_resource"):
        load_scale("tiny", languages)
    study = study_of(load_scale("tiny", languages | {"shared.low_resource": ["lir", "qui"]}))
    assert taught_languages(study) == HERE
    assert "in: dor var " in plan(study, 2) and "qui" not in languages_seen(study, study.runs[-1])


def test_a_scale_may_name_a_new_language(quillan):
    languages = {"shared.languages": [*HERE, "qui"], "shared.low_resource": ["lir", "qui"]}
    study = study_of(load_scale("tiny", languages))
    assert world_parameters(study)["languages"][-1] == "qui"
    assert "in: dor var qui" in plan(study, 2)


def test_the_rows_that_the_guide_shows_are_new_and_work(monkeypatch, tmp_path):
    text = (paths.REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    shown, path = re.search(r"^_real\((.+)\),$", text, re.M), re.search(r"^\w+,test,(\w+),(.+)$", text, re.M)
    row = real._real(*ast.literal_eval(f"({shown[1]})"))
    assert row.code == path[1] and row.code not in LANGUAGES
    task, split, language, place, form = path[0].split(",")[:5]
    assert (task, split, language) not in {(one.task, one.split, one.language) for one in doors.file_rows()}
    monkeypatch.setitem(LANGUAGES, row.code, row)
    languages = {"languages": ["en", "sw", "zh", "ta", "te", row.code], "tested_only": [row.code]}
    wider = load_scale("real-mini", languages | {"low_resource": ["sw", row.code]})
    assert row.code not in taught_languages(study_of(wider))
    file = tmp_path / place.format(language=row.code)
    file.parent.mkdir(parents=True)
    file.write_text(f"id\tlanguage\tpremise\thypothesis\tlabel\n1\t{row.code}\ta\tb\tneutral\n")
    added = FileRow(task, split, language, place.format(language=language), form, split)
    monkeypatch.setattr(doors, "file_rows", lambda: (added,))
    assert len(doors.FilesDoor(tmp_path).examples(task, split, row.code)) == 1


# --- a task of a known kind -------------------------------------------------------------------------------


@dataclass
class SomeRun:
    """As much of a run as a score names."""

    run_id: str = "some-run"
    world_seed: int = 7
    encoder: str = "w16"
    encoder_seed: int = 0
    strategy: str = "none"
    intermediate_task: str = ""
    language_set: str = ""
    seed: int = 0


@pytest.fixture
def storycloze(monkeypatch):
    """A target of a known kind that the study does not have: which of four sentences goes on?"""
    row = Task("xstory", "Story Cloze", "multiple_choice", "accuracy", "target", "What next?", choices=4)
    monkeypatch.setitem(TASKS, row.name, row)
    monkeypatch.setitem(RECIPES, row.name, Recipe(choices.next_step))
    return row


def test_a_new_target_is_made_learned_answered_and_scored(storycloze, tmp_path):
    from polystilts.evaluation.predict import predict_target
    from polystilts.training.stages import finetune_target

    write_world(tmp_path / "world", 7, ["alb", "dor"], "alb", ["xstory"], ROWS, TEXT)
    examples = tmp_path / "world" / "examples"
    for file, count in (("train-alb", 24), ("dev-alb", 6), ("test-dor", 8)):
        assert len(rows(tmp_path / "world", "xstory", file)) == count
    parameters = {
        "shared": {"source_language": "alb"},
        "target_finetuning": {"updates": {"xstory": 2}, "batch_size": 4, "learning_rate": 0.001},
    }
    encoder = write_encoder(tmp_path / "encoder")
    tuned = finetune_target(tmp_path / "tuned", SomeRun(), "xstory", encoder, examples, parameters)
    answers = predict_target(
        tmp_path / "answers.parquet", SomeRun(), "xstory", tuned, examples, ["alb", "dor"], parameters
    )
    tests = {code: rows(tmp_path / "world", "xstory", f"test-{code}") for code in ("alb", "dor")}
    labels = gold_labels(storycloze, tests)
    scores = score_run(SomeRun(), "tiny", storycloze, answers, labels, source_language="alb")
    assert scores["language"].tolist() == ["alb", "dor"] and set(scores["metric"]) == {"accuracy"}
    right = answers.groupby("language")["item_score"].mean() * 100
    assert scores["value"].tolist() == pytest.approx([right["alb"], right["dor"]])
    perfect = labels[["language", "example_id"]].assign(prediction=labels["gold"], variant="")
    scores = score_run(SomeRun(), "tiny", storycloze, perfect, labels, source_language="alb")
    assert scores["value"].tolist() == [100.0, 100.0]


def test_a_new_retrieval_task_of_a_known_form_is_a_row(monkeypatch, tmp_path):
    """A search for the summary of a text, in one pool of all languages: nothing but a row says how."""
    from polystilts.evaluation.predict import predict_target
    from polystilts.training.stages import finetune_target

    search = Search("body", "summary", "example_id", "meaning_id")
    row = Task("xsummary", "Summaries", "retrieval", "map@20", "target", "Which summary?", search=search)
    monkeypatch.setitem(TASKS, row.name, row)
    texts = sentences("alb", 12)
    folder = tmp_path / "examples" / row.name
    folder.mkdir(parents=True)
    frames = {}
    for language in ("alb", "dor"):
        ids = {
            "example_id": [f"{language}-{i}" for i in range(12)],
            "meaning_id": [f"m{i}" for i in range(12)],
        }
        frames[language] = pd.DataFrame(ids | {"body": texts, "summary": texts})
        frames[language].to_parquet(folder / f"test-{language}.parquet")
    frames["alb"].to_parquet(folder / "train-alb.parquet")
    parameters = {
        "shared": {"source_language": "alb"},
        "target_finetuning": {"updates": 2, "batch_size": 4, "learning_rate": 0.001},
    }
    encoder = write_encoder(tmp_path / "encoder")
    given = (tmp_path / "tuned", SomeRun(), row.name, encoder, tmp_path / "examples", parameters)
    tuned = finetune_target(*given)
    given = (tmp_path / "answers.parquet", SomeRun(), row.name, tuned, tmp_path / "examples")
    answers = predict_target(*given, ["alb", "dor"], parameters)
    scores = score_run(SomeRun(), "tiny", row, answers, gold_labels(row, frames), source_language="alb")
    assert set(scores["language"]) == {"alb", "dor"} and set(scores["metric"]) == {"map@20", "map"}
    assert (scores.loc[scores["variant"] == "layer1.mean.plain", "value"] > 99).all()  # a text finds itself


def test_a_new_intermediate_task_is_an_arm_at_once(monkeypatch, tmp_path):
    row = replace(TASKS["hellaswag"], name="swag", title="SWAG")
    monkeypatch.setitem(TASKS, row.name, row)
    monkeypatch.setitem(RECIPES, row.name, Recipe(choices.next_step))
    monkeypatch.setattr(tasks.intermediate, "INTERMEDIATE_TASKS", (*INTERMEDIATE_TASKS, row))
    arm = parse_arm("translated:swag:A")
    study = study_of(load_scale("tiny", {"arms": ["none", str(arm)]}))
    assert "swag" in world_parameters(study)["tasks"] and "translated:swag:A" in plan(study, 2)
    write_world(tmp_path, 7, HERE, "alb", ["swag"], ROWS, TEXT)
    parameters = {"shared": {"source_language": "alb", "languages": HERE}}
    practice = arms.arm_rows(tmp_path / "examples", arm, 24, 0, parameters)
    assert len(practice) == 24 and set(practice["language"]) == {"alb", "dor", "var"}


# --- a data set -------------------------------------------------------------------------------------------


def test_real_data_of_a_new_language_and_a_new_task_are_rows(monkeypatch, tmp_path):
    """Rows of the table of files: XNLI in a language it lacked there, and an intermediate task, SNLI."""
    row = replace(TASKS["mnli"], name="snli", title="SNLI")
    monkeypatch.setitem(TASKS, row.name, row)
    root = write_originals(tmp_path / "root", ["en", "sw"])
    (root / "realdata/snli").mkdir()
    shutil.copy(root / "realdata/xnli/dev-sw.tsv", root / "realdata/xnli/dev-de.tsv")
    lines = [f"The mill of number {i} is old.,It is new.,{label}" for i in range(30) for label in row.labels]
    (root / "realdata/snli/train.csv").write_text("\n".join(["premise,hypothesis,label", *lines]))
    added = [
        FileRow("xnli", "test", "de", "realdata/xnli/dev-de.tsv", "xtreme-pairs", "dev"),
        FileRow("snli", "train", "en", "realdata/snli/train.csv", "mnli", "train"),
    ]
    table = (*doors.file_rows(), *added)
    monkeypatch.setattr(doors, "file_rows", lambda: table)
    door, made = doors.FilesDoor(root), ["snli", "nli_train", "xnli"]
    given = ["en", "sw", "de"], "en", ["sw"], made, [], ROWS, {"high": 0, "low": 0}
    card = write_real(tmp_path / "study", door, 0, *given)
    assert set(card["tasks"]["xnli"]) == {"test-en", "test-sw", "test-de"} and card["leaks"]["total"] == 0
    german, swahili = (rows(tmp_path / "study", "xnli", f"test-{code}") for code in ("de", "sw"))
    assert german["meaning_id"].tolist() == swahili["meaning_id"].tolist()  # parallel at once
    assert len(rows(tmp_path / "study", "snli", "train-en")) == ROWS["intermediate"]
    parameters = {"shared": {"source_language": "en", "languages": ["en", "sw", "de"]}}
    monkeypatch.setattr(tasks.intermediate, "INTERMEDIATE_TASKS", (*INTERMEDIATE_TASKS, row))
    practice = arms.arm_rows(tmp_path / "study" / "examples", parse_arm("english:snli"), 24, 0, parameters)
    assert set(practice["label"]) == set(row.labels)


# --- an arm -----------------------------------------------------------------------------------------------


def test_a_new_arm_of_text_alone_is_a_row(monkeypatch):
    row = Strategy("mlm-again", "masked language modelling once more", False, False, False, masked_lm=True)
    monkeypatch.setitem(STRATEGIES, row.name, row)
    assert has_intermediate(parse_arm("mlm-again"))
    study = study_of(load_scale("tiny", {"arms": ["none", "mlm-again"]}))
    assert study.runs[1] == Run("w48", 0, 0, "mlm-again", "", "", 0)
    with pytest.raises(WrongUse, match="says more than mlm-again takes"):
        parse_arm("mlm-again:squad_v2")


@pytest.mark.skipif(not hasattr(arms, "LABELLED_ROWS"), reason="labelled arms are not yet a table")
def test_a_new_labelled_arm_is_a_row_and_a_function(monkeypatch, tmp_path):
    row = Strategy("backwards", "the rows of `english`, last to first", True, True, False)
    monkeypatch.setitem(STRATEGIES, row.name, row)
    write_world(tmp_path, 7, ["alb", "dor"], "alb", ["squad_v2"], ROWS, TEXT)
    asked = (tmp_path / "examples", parse_arm("backwards:squad_v2"), 20, 0)
    parameters = {"shared": {"source_language": "alb", "languages": ["alb", "dor"]}}
    with pytest.raises(StudyError, match="nothing says which rows it reads"):
        arms.arm_rows(*asked, parameters)
    monkeypatch.setitem(arms.LABELLED_ROWS, row.name, lambda asked: asked.english[::-1])
    ours = arms.arm_rows(*asked, parameters)
    theirs = arms.arm_rows(asked[0], parse_arm("english:squad_v2"), 20, 0, parameters)
    assert ours["example_id"].tolist() == theirs["example_id"].tolist()[::-1] and len(ours) == 20


# --- a scale ----------------------------------------------------------------------------------------------


def test_a_new_scale_is_a_file(monkeypatch, tmp_path):
    shutil.copytree(paths.PARAMS, tmp_path / "params")
    monkeypatch.setattr(paths, "PARAMS", tmp_path / "params")
    sections = yaml.safe_load((tmp_path / "params" / "tiny.yaml").read_text())
    sections["shared"]["seeds"] = [0, 1, 2, 3]
    (tmp_path / "params" / "village.yaml").write_text(yaml.safe_dump(sections, sort_keys=False))
    assert scale_names()[-1] == "village"
    assert plan(study_of(load_scale("village")), 2).startswith("village: 12 runs")  # three arms, four seeds
    del sections["shared"]["seeds"]
    (tmp_path / "params" / "village.yaml").write_text(yaml.safe_dump(sections, sort_keys=False))
    with pytest.raises(WrongUse, match="village.yaml: shared.seeds is missing; every scale names every knob"):
        load_scale("village")
