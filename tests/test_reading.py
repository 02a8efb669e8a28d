"""What chapters show: tables and sentences, checked on files small enough to check by hand."""

import json
import re
from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest
from matplotlib.figure import Figure
from small_languages import LANGUAGES

from polystilts import account, figures, paths
from polystilts.errors import WrongUse
from polystilts.evidence.claim import Claim, as_record
from polystilts.evidence.status import corrections_of
from polystilts.evidence.summary import ANSWERS
from polystilts.figures.forest import TITLES
from polystilts.files import write_json, write_table
from polystilts.pipeline import reading
from polystilts.pipeline.census import budget_of
from polystilts.pipeline.inputs import checkpoint
from polystilts.pipeline.reading.cards import glosses
from polystilts.pipeline.reading.gate import cells_in, recomputed_words, trained_again
from polystilts.pipeline.reading.parts import GROWTH, IN_PARTICULAR
from polystilts.pipeline.study import open_study
from polystilts.statistics.gains import contrast
from polystilts.statistics.outcomes import OUTCOMES
from polystilts.statistics.planted import planted_scores
from polystilts.statistics.tables import LANGUAGE_COLUMNS, with_levels
from polystilts.tasks import INTERMEDIATE_TASKS


@pytest.fixture
def study(tmp_path, monkeypatch):
    """The smallest study, with a world and an encoder of which only the records exist."""
    monkeypatch.setattr(paths, "OUTPUTS", tmp_path)
    study = open_study("tiny")
    run = study.runs[0]
    measured = {"lines": 2, "words": 9, "shared_words": 0.5, "order_distance": 0.25}
    write_json(
        study.world_folder(0) / "data_card.json",
        {
            "languages": {
                code: measured | ({"shared_words": 1.0, "order_distance": 0.0} if code == "alb" else {})
                for code in ("alb", "dor", "lir", "var")
            },
            "tasks": {
                "qa_train": {"train-alb": 7, "dev-alb": 3},
                "xquad": {"dev-alb": 3, "test-alb": 4, "test-dor": 4},
            },
            "leaks": {"train_test": 0, "train_dev": 1, "dev_test": 0, "text_test": 0, "total": 1},
        },
    )
    counts = {"alb": 40, "dor": 30, "lir": 5, "var": 0}
    write_json(
        study.encoder_folder(run) / "pretraining.json",
        {"text_tokens": counts, "tokens": counts, "fertility": dict.fromkeys(counts, 1.25)},
    )
    return study


def scores(rows) -> pd.DataFrame:
    """A score table from (strategy, seed, target, language, exposure, value)."""
    kinds = {"xquad": ("qa_train", "question_answering", "f1"),
             "xcopa": ("copa_train", "multiple_choice", "accuracy")}  # fmt: skip
    table = []
    for strategy, seed, target, language, exposure, value in rows:
        tuned, kind, metric = kinds[target]
        task = "none" if strategy == "none" else "squad_v2"
        table.append({
            "scale": "tiny", "run_id": f"{strategy}-{seed}", "world_seed": 0, "encoder": "w",
            "encoder_seed": 0, "strategy": strategy, "intermediate_task": task,
            "language_set": "A" if strategy == "translated" else "-", "seed": seed, "finetune_task": tuned,
            "target_task": target, "task_kind": kind, "language": language, "exposure": exposure,
            "split": "test", "metric": metric, "variant": "", "value": value, "n": 100,
        })  # fmt: skip
    return pd.DataFrame(table)


# --- pages ----------------------------------------------------------------------------------------------


def test_the_opening_of_a_batch_says_how_many_runs_it_shows(study):
    assert "It trains 2 of the study's 6 runs, and shows all" in reading.opening(study, study.runs[:2])
    assert "It trains" not in reading.opening(study, study.runs)


def test_the_opening_names_the_scale_and_says_that_invented_languages_are_invented(study):
    told = reading.opening(study)
    assert "scale `tiny`" in told and "3 arms, 2 seeds, 4 target tasks, 4 languages" in told
    assert "**The languages are invented**" in told and "Albish stands in the place of English" in told


def test_a_table_puts_numbers_right_rounds_them_and_keeps_bars_apart():
    frame = pd.DataFrame({"what": ["a|b", "c"], "value": [-1.25, float("nan")], "n": [1200, 3]})
    assert reading.table(frame).data.splitlines() == [
        "| what | value | n |",
        "| :-- | --: | --: |",
        "| a\\|b | −1.2 | 1,200 |",
        "| c | – | 3 |",
    ]


def test_an_empty_table_is_a_sentence():
    assert reading.table(pd.DataFrame()).data.startswith("*Nothing to show")


def test_a_figure_is_saved_under_the_name_of_its_chapter_and_its_time_is_booked(study, capsys):
    account.reset()
    caption = reading.show(Figure(), study, "07_gains", "What is seen.", runs=6)
    assert caption.data == "*What is seen. (Chapter 07, scale tiny, 6 runs.)*"
    assert (study.folder / "figures" / "07_gains.png").read_bytes().startswith(b"\x89PNG")
    assert [entry["kind"] for entry in account.entries()] == ["figures"]


def test_a_later_batch_does_not_overwrite_the_figure_of_the_first(study, capsys):
    reading.show(Figure(), study, "04_practice", "What is seen.", batch="2/3")
    assert [path.name for path in (study.folder / "figures").iterdir()] == ["04_practice.batch-2.png"]


# --- design and languages -------------------------------------------------------------------------------


def test_the_design_says_who_is_labelled_and_who_never(study):
    table = reading.design_table(study).set_index("intermediate training")
    row = table.loc["Translated SQuAD 2.0 (A)"]
    assert (row["labels in"], row["never labelled"]) == ("Albish, Dorvan, Varazi", "Lirish")
    assert (row["updates"], row["examples read"]) == (40, 640)
    assert table.loc["No intermediate training", "updates"] == 0
    assert table.loc["No intermediate training", "labels in"] == "none"


def test_arms_stand_in_one_order_in_tables_whatever_the_scale_file_says():
    arms = ["shuffled:squad_v2", "translated:squad_v2:A", "english:squad_v2", "none"]
    study = open_study("tiny", "mixed", arms=arms)
    titles = list(reading.design_table(study)["intermediate training"])
    assert titles == ["No intermediate training", "English SQuAD 2.0", "Translated SQuAD 2.0 (A)",
                      "Shuffled labels SQuAD 2.0"]  # fmt: skip


def test_targets_say_what_they_are_taught_from(study):
    table = reading.targets_table(study).set_index("target task")
    assert table.loc["Tatoeba", "taught from"] == "nothing: read as it is"
    assert table.loc["XQuAD", "taught from"] == "QA training rows"
    assert table.loc["XQuAD", "metric"] == "F1"


def test_languages_are_described_source_first_and_written_for_later_readers(study):
    table = reading.describe_languages(study)
    assert tuple(table.columns) == LANGUAGE_COLUMNS
    assert list(table["language"]) == ["alb", "dor", "lir", "var"]
    assert list(table["set"]) == ["-", "A", "B", "A"]
    assert list(table["resource"]) == [40, 30, 5, 0]
    assert list(table["seen"]) == ["yes", "yes", "yes", "no"]
    assert list(table["overlap"]) == [1.0, 0.5, 0.5, 0.5]
    again = reading.read_table(study.folder / "tables" / "languages.csv")
    assert list(again["distance"]) == [0.0, 0.25, 0.25, 0.25]


def test_languages_for_readers_stand_from_near_to_far():
    table = reading.language_table(LANGUAGES, ["lir"])
    assert list(table["language"]) == ["Albish", "Dorvan", "Lirish", "Varazi"]
    assert list(table["text"]) == ["high", "high", "low", "high"]
    assert list(table["words shared (%)"]) == [100.0, 60.0, 60.0, 10.0]
    assert "pairs of words turned round (%)" in table and "word order" in table


def test_of_real_languages_no_order_is_counted():
    rows = [("en", "English", "Indo-European", "Latin", 40, 1.0, 0.0, 0.0, "yes", "-"),
            ("sw", "Swahili", "Niger-Congo", "Latin", 5, 0.06, 0.526, 0.526, "yes", "A"),
            ("zh", "Chinese", "Sino-Tibetan", "Han", 40, 0.01, 0.288, 0.288, "yes", "B")]  # fmt: skip
    table = reading.language_table(pd.DataFrame(rows, columns=list(LANGUAGE_COLUMNS)), ["sw"])
    assert list(table["language"]) == ["English", "Chinese", "Swahili"]
    assert list(table["syntactic distance (URIEL, 0–1)"]) == ["0.00", "0.29", "0.53"]
    assert not {"word order", "pairs of words turned round (%)"} & set(table)


def test_balance_counts_the_easier_levels_of_each_set():
    table = reading.balance_table(LANGUAGES, ["lir"])
    assert table.to_dict("records") == [
        {"set": "A", "languages": 2, "much text": 2, "many shared words": 1, "near word order": 1},
        {"set": "B", "languages": 1, "much text": 0, "many shared words": 1, "near word order": 1},
    ]


# --- examples -------------------------------------------------------------------------------------------


def question(study, language: str) -> None:
    """One question in one language, in words that its lexicon has."""
    words = {meaning: word for word, meaning in glosses(study, language).items() if meaning != "NAME"}
    context = f"{words['the']} {words['red']} ."
    row = {"example_id": "q0", "meaning_id": "m0", "context": context, "question": f"{words['what']} ?",
           "answer_text": words["red"], "answer_start": len(words["the"]) + 1}  # fmt: skip
    write_table(
        study.world_folder(0) / "examples" / "xquad" / f"test-{language}.parquet", pd.DataFrame([row])
    )


def test_a_card_shows_what_is_asked_with_its_gloss(study):
    question(study, "alb")
    card = reading.example_card(study, "xquad")
    assert "**XQuAD** · question answering · Albish" in card
    assert "*the red .*" in card and "*what ?*" in card and "*red*" in card


def test_a_missing_card_names_what_is_there(study):
    question(study, "alb")
    with pytest.raises(WrongUse, match="no test examples of xquad in dor; there are: test-alb"):
        reading.example_card(study, "xquad", language="dor")


def test_the_same_meaning_is_told_in_every_language(study):
    study = open_study("tiny", target_tasks=["xquad"])
    for code in study.scale.shared["languages"]:
        question(study, code)
    table = reading.one_meaning(study)
    assert list(table["language"]) == ["Albish", "Dorvan", "Lirish", "Varazi"]
    assert set(table["word for word"]) == {"what ?"}


def test_data_are_counted_and_leaks_are_told(study):
    table = reading.data_table(study).set_index("examples of")
    assert list(table.loc["QA training rows"])[1:] == [7, 3, 0, 0]
    assert list(table.loc["XQuAD"])[1:] == [0, 3, 4, 2]
    assert reading.leak_sentence(study).startswith("**Leaks found: 1.** Meanings in training and test: 0; ")


def test_names_of_tests_are_new(study):
    table = reading.names_table(study).set_index("where")
    assert list(table.loc[["development", "test"], "also in training"]) == [0, 0]
    assert (
        table.loc["training", "also in training"]
        == table.loc["training", ["given names", "surnames", "towns"]].sum()
    )


# --- training -------------------------------------------------------------------------------------------


@pytest.fixture
def trained(study):
    """Checkpoints of which only the records exist: two seeds of English practice."""
    runs = [run for run in study.runs if run.strategy == "english"]
    for run, loss, value in zip(runs, (2.0, 4.0), (60.0, 80.0), strict=True):
        folder = checkpoint(study, run, "intermediate")
        write_table(folder / "curve.csv", pd.DataFrame({"update": [10, 20], "loss": [loss, loss / 2]}))
        write_json(folder / "dev.json", {"task": "squad_v2", "metric": "f1", "split": "dev", "value": value,
                                         "majority": 40.0, "n": 100})  # fmt: skip
        spent = {"rows": 400, "updates": 40, "mlm_updates": 2, "labelled_tokens": 10, "mlm_tokens": 5}
        write_json(folder / "budget.json", spent | {"flops": 2_000_000_000})
    return study, runs


def test_curves_carry_the_titles_of_their_arms(trained):
    study, runs = trained
    curves = reading.curves_of(study, runs, "intermediate")
    assert set(curves["arm"]) == {"English SQuAD 2.0"}
    assert list(curves["loss"]) == [2.0, 1.0, 4.0, 2.0]
    assert set(curves["run"]) == {run.run_id for run in runs}
    assert reading.curves_of(study, runs, "qa_train").empty


def test_the_page_of_a_batch_shows_every_run_on_disk(trained):
    """The runs that a page shows are those that are finished, whichever batch has trained them."""
    study, runs = trained
    assert reading.runs_on_disk(study, study.runs, "intermediate") == runs
    assert set(reading.curves_of(study, study.runs, "intermediate")["run"]) == {run.run_id for run in runs}


def test_losses_of_two_tasks_stand_in_two_panels(study):
    arms = ["none", "mlm-multilingual", "english:mnli", "english:squad_v2"]
    two = open_study("tiny", "two-tasks", arms=arms)
    for run in two.runs:
        for task in ("intermediate", "qa_train"):
            curve = pd.DataFrame({"update": [10, 20], "loss": [2.0, 1.0]})
            write_table(checkpoint(two, run, task) / "curve.csv", curve)
    panels = {task: reading.curves_of(two, two.runs, task).set_index("strategy")["panel"].to_dict()
              for task in ("intermediate", "qa_train")}  # fmt: skip
    assert panels["intermediate"]["mlm-multilingual"] == "No task"
    assert panels["qa_train"]["none"] == panels["qa_train"]["mlm-multilingual"] == ""
    drawn = figures.learning_curves(reading.curves_of(two, two.runs, "qa_train"), y="loss")
    assert [axes.get_title(loc="left") for axes in drawn.axes] == ["after MNLI", "after SQuAD 2.0"]
    assert len({line.get_label() for line in drawn.axes[0].lines if "No inter" in line.get_label()}) == 1


def test_runs_of_one_seed_in_two_worlds_are_two_lines(study):
    """Joined into one line they would zigzag, and the later start would be nobody's start."""
    two = open_study("tiny", "two-worlds", world_seeds=[0, 1], seeds=[0])
    runs = [run for run in two.runs if run.strategy == "english"]
    for run, loss in zip(runs, (2.0, 4.0), strict=True):
        file = checkpoint(two, run, "intermediate") / "curve.csv"
        write_table(file, pd.DataFrame({"update": [10, 20], "loss": [loss, loss / 2]}))
    assert reading.curves_of(two, runs, "intermediate")["run"].nunique() == 2
    row = reading.start_table(two, runs, "intermediate").iloc[0]
    assert (row["loss at the start"], row["loss at the end"]) == (3.0, 1.5)


def test_learned_means_above_the_majority_beyond_doubt(trained):
    study, runs = trained
    row = reading.learned_table(study, runs, "intermediate").iloc[0]
    assert (row["runs"], row["score"], row["verdict"]) == (2, 70.0, "learned")
    write_json(checkpoint(study, runs[1], "intermediate") / "dev.json",
               {"task": "squad_v2", "metric": "f1", "value": 30.0, "majority": 40.0, "n": 100})  # fmt: skip
    assert reading.learned_table(study, runs, "intermediate").iloc[0]["verdict"] == "not learned"


def test_the_target_that_is_taught_longest_is_shown_first():
    updates = {"target_finetuning.updates.udpos": 3, "target_finetuning.updates.qa_train": 9}
    study = open_study("tiny", "longest", target_tasks=["udpos", "xquad", "tatoeba"], **updates)
    assert study.training_tasks == ("udpos", "qa_train")
    assert reading.most_taught(study) == ["qa_train", "udpos"]


def test_a_head_start_is_the_mean_first_loss(trained):
    study, runs = trained
    row = reading.start_table(study, runs, "intermediate").iloc[0]
    assert (row["loss at the start"], row["loss at the end"]) == (3.0, 1.5)


def test_budgets_of_practice_and_of_whole_runs(trained):
    study, runs = trained
    row = reading.practice_budget(study, runs).iloc[0]
    assert (row["labelled rows"], row["labelled updates"], row["text updates"]) == (400, 40, 2)
    spent = budget_of(study, runs)
    write_table(study.folder / "tables" / "budget.csv", spent)
    assert list(spent["updates"]) == [42, 42]
    assert reading.budget_table(study).to_dict("records") == [
        {"intermediate training": "English SQuAD 2.0", "labelled rows": 400.0, "updates": 42.0,
         "labelled tokens": 10.0, "text tokens": 5.0, "operations (billions)": 2.0}
    ]  # fmt: skip


# --- scores and differences -----------------------------------------------------------------------------


TABLE = scores([
    (strategy, seed, target, language, exposure, base + gain)
    for strategy, gain in (("none", 0.0), ("english", 2.0), ("translated", 5.0))
    for seed, base in ((0, 60.0), (1, 62.0))
    for target in ("xquad", "xcopa")
    for language, exposure in (
        ("alb", "same-task"), ("dor", "task" if strategy == "translated" else "none"), ("lir", "none"),
    )
])  # fmt: skip


def test_scores_are_means_over_seeds_in_the_order_of_distance_and_of_the_benchmark():
    table = reading.score_table(TABLE, LANGUAGES)
    assert list(table.columns) == ["target task", "Albish", "Dorvan", "Lirish"]
    assert list(table["target task"]) == ["XCOPA", "XQuAD"]
    assert list(table["Lirish"]) == [61.0, 61.0]
    assert reading.score_table(TABLE, LANGUAGES, "native").empty


def test_exposure_is_counted_for_each_strategy():
    table = reading.exposure_table(TABLE).set_index("intermediate training")
    assert list(table.loc["No intermediate training"]) == [8, 0, 4]
    assert list(table.loc["Translated"]) == [4, 4, 4]


def test_the_gap_is_the_source_minus_the_mean_of_the_others():
    rows = [
        ("none", 0, "xquad", code, "none", value) for code, value in (("alb", 80), ("dor", 60), ("lir", 40))
    ]
    row = reading.gap_table(scores(rows), "alb").iloc[0]
    assert (row["Albish"], row["others"], row["gap"]) == (80.0, 50.0, 30.0)


def test_a_scale_without_translated_practice_compares_english_with_none():
    assert reading.compared(TABLE) == ("translated", "english")
    assert reading.compared(TABLE[TABLE["strategy"] != "translated"]) == ("english", "none")


def test_seeds_are_matched():
    cells = contrast(TABLE, "translated", "english")
    table = reading.seed_table(cells[cells["language"] == "lir"], "translated", "english")
    assert table[["seed", "Translated", "English", "difference"]].values.tolist() == [
        [0, 65, 62, 3],
        [1, 67, 64, 3],
    ]


def test_the_primary_contrast_counts_only_cells_without_labels():
    table = reading.primary_table(with_levels(TABLE, ["lir"]))
    assert len(table) == 1  # there is no retrieval in this table
    row = table.iloc[0]
    assert (row["difference"], row["units"], row["differences"]) == (
        "+3.0",
        2,
        2,
    )  # xquad is of the same kind


def test_cells_at_chance_are_counted():
    rows = [("none", 0, "xcopa", "dor", "none", 51.0), ("none", 0, "xcopa", "lir", "none", 97.0)]
    row = reading.flags_table(scores(rows)).iloc[0]
    assert (row["cells"], row["at chance"], row["above 95"]) == (2, 1, 1)


# --- the contrasts taken apart ---------------------------------------------------------------------------


def planted(effects, kinds=("xcopa", "panx", "tatoeba"), **more):
    """A score table of five languages, three of them with little text, with known gains."""
    arms = ("none", "english:squad_v2", "translated:squad_v2:A", "translated:squad_v2:B")
    table = planted_scores(arms, FIVE, kinds, effects, seed_sd=0.1, cell_sd=0.2, **more)
    return with_levels(table, LITTLE)


FIVE = pd.DataFrame(
    [
        (code, code, "F", "Latin", 9, "high", order, distance, True, half)
        for code, order, distance, half in (
            ("alb", "near", 0.0, "-"), ("dor", "near", 0.1, "A"), ("lir", "near", 0.1, "B"),
            ("gal", "far", 0.8, "A"), ("tul", "far", 0.8, "B"), ("nar", "far", 0.9, "A"),
        )
    ],
    columns=[*LANGUAGE_COLUMNS],
)  # fmt: skip
LITTLE = ["lir", "tul"]


def test_the_parts_are_those_of_kind_order_and_text_with_the_source_beside():
    parts = reading.parts_of(planted({"translated": 3.0}), FIVE)
    assert set(parts["group"]) == {
        "source language", "near order, much text", "near order, little text", "far order, much text",
        "far order, little text",
    }  # fmt: skip
    assert set(parts["kind"]) == {"multiple_choice", "tagging", "retrieval", "mean"}
    chosen = parts[(parts["control"] == "none") & (parts["treatment"] == "translated")]
    at = chosen.set_index(["kind", "group"])["estimate"]
    two = at["multiple_choice", "far order, little text"], at["tagging", "far order, little text"]
    assert at["mean", "far order, little text"] == pytest.approx(sum(two) / 2)
    table = reading.parts_table(parts)
    assert list(table.columns)[:3] == ["kind of task", "languages", "Translated − English"]
    assert table["kind of task"].iloc[-1] == "Mean of kinds, without retrieval"


def test_the_source_language_is_no_language_without_labels():
    """Labels in the source language would pass for zero-shot transfer if it were counted among the groups."""
    scores = planted({"translated": 3.0})
    raised = scores.assign(value=scores["value"] + 20 * ((scores["language"] == "alb")
                                                         & (scores["strategy"] == "translated")))  # fmt: skip
    keys = ["treatment", "control", "kind", "group"]
    one, other = (reading.parts_of(table, FIVE).set_index(keys)["estimate"] for table in (scores, raised))
    changed = set((one - other)[lambda gap: gap.abs() > 1e-9].reset_index()["group"])
    assert changed == {"source language"}


def growth(outcome: str, **more) -> list[Claim]:
    """The claims that answer the question and its *in particular*, the latter with an outcome."""
    told = claim("growth-low-resource", outcome, -0.4, "")
    rest = [claim(name, "supported", 3.0, "") for name in ("primary", "primary-retrieval")]
    return [*rest, replace(told, **more)]


@pytest.mark.parametrize(("outcome", "words"), [
    ("not larger", "No more than elsewhere."), ("supported", "Yes, more than elsewhere."),
    ("contradicted", "No, less than elsewhere."), ("undecided", "Not known"),
    ("equivalent", "neither more nor less"),
])  # fmt: skip
def test_whether_it_is_more_where_text_is_little_is_told_as_its_claim_was_called(outcome, words):
    told = reading.scarcity_sentence(growth(outcome), planted({"translated": 3.0}))
    assert words in told and "the first less the second is −0.4 (−1.4 to +0.6)" in told
    found = re.search(r"Translated minus English is \+(\d\.\d) ", told)[1]
    assert abs(float(found) - 3.0) <= 0.2


def test_what_was_not_asked_of_little_text_is_not_answered():
    missing = growth("not run", estimate=None, low=None, high=None, reason="no runs of translated")
    told = reading.scarcity_sentence(missing, planted({"translated": 3.0}))
    assert told == "**In particular in languages with little text? Not run**: no runs of translated."
    one_side = with_levels(planted({"translated": 3.0}), [])
    told = reading.scarcity_sentence(growth("undecided"), one_side)
    assert told.endswith("Not asked**: no language without labels has little text here.")
    dropped = growth("not testable", reason="the encoder did not learn MNLI")
    assert "Not testable**: the encoder" in reading.scarcity_sentence(dropped, planted({}))


def test_every_outcome_of_a_claim_has_an_answer():
    assert {*IN_PARTICULAR, "not testable", "not run"} == set(OUTCOMES)
    assert set(GROWTH) == set(ANSWERS)


def test_two_effects_of_opposite_sign_are_told_by_rule():
    scores = planted({"translated": 0.0}, seeds=tuple(range(6)))
    tagged = (scores["strategy"] == "translated") & (scores["task_kind"] == "tagging")
    chosen = (scores["strategy"] == "translated") & (scores["task_kind"] == "multiple_choice")
    split = scores.assign(value=scores["value"] + 5.0 * tagged - 5.0 * chosen)
    told = reading.opposite_sentence(split)
    assert "**Translated minus none is two effects of opposite sign**" in told
    assert "above zero tagging +5" in told and "below zero multiple choice −" in told
    assert "English minus none: not two effects" in told
    both = tagged | chosen
    assert "**" not in reading.opposite_sentence(scores.assign(value=scores["value"] + 9.0 * both))


def test_how_the_intermediate_tasks_were_chosen_is_said_of_every_number_of_them(study):
    assert "**One intermediate task, and it was picked.**" in reading.choice_sentence(study)
    assert "after prototypes" in reading.choice_sentence(study)
    two = open_study("tiny", "two", arms=["none", "english:mnli", "english:squad_v2"])
    assert reading.choice_sentence(two).startswith("**2 of 9 intermediate tasks, and they were picked**")
    tasks = [f"english:{task.name}" for task in INTERMEDIATE_TASKS]
    every = open_study("tiny", "every", arms=["none", *tasks])
    assert "none was picked" in reading.choice_sentence(every)
    other = open_study("tiny", "other", arms=["none", "english:mnli"])
    told = reading.choice_sentence(other)
    assert "prototypes" not in told and "MNLI alone" in told


def test_word_orders_that_no_arm_met_are_told(study):
    near = FIVE[FIVE["language"].isin(["alb", "dor", "lir", "tul"])]
    met = near.assign(language=["alb", "dor", "lir", "var"])
    assert "**No language here has a word order that no arm met**" in reading.order_sentence(study, met)
    new = met.assign(order=["near", "near", "verb first", "far"])
    assert "Only languages of verb first order are new" in reading.order_sentence(study, new)


# --- claims ---------------------------------------------------------------------------------------------


def claim(name: str, outcome: str, estimate: float | None, sentence: str) -> Claim:
    low, high = (None, None) if estimate is None else (estimate - 1, estimate + 1)
    return Claim(name, name, sentence, "mean", estimate, low, high, 4, 2, outcome, scale="tiny")


CLAIMS = [
    claim("primary", "supported", 3.0, "Found: +3. Outcome: supported."),
    claim("primary-retrieval", "undecided", None, "Outcome: undecided (no runs at this scale: native)."),
    claim("more-text", "contradicted", 2.0, "Outcome: contradicted."),
]


CORRECTION = {
    "corrected_at": "2026-11-27T21:18:04+00:00", "affected_fields": ["claims.json:more-text", "README.md"],
    "public_note": "Read it as undecided.",
}  # fmt: skip


def test_the_answer_is_the_primary_claim_with_retrieval_beside_it(study):
    write_json(study.folder / "claims.json", {"claims": [as_record(one) for one in CLAIMS]})
    told = reading.answer_sentence(study)
    assert told.startswith("> **The answer at scale `tiny`: supported.** Found: +3.")
    assert "**Retrieval, beside it: undecided.**" in told and "Corrected" not in told
    write_json(study.folder / "record" / "correction-record.json", {"correction_events": [CORRECTION]})
    assert reading.answer_sentence(study).endswith(
        "\n>\n> **Corrected since:** 2026-11-27, claims.json:more-text, README.md: Read it as undecided."
    )
    assert corrections_of(study.folder) == {"more-text": ["2026-11-27: Read it as undecided."]}


def test_two_scales_do_not_agree_on_what_was_corrected(study):
    other = study.folder.parent / "real-mini"
    for folder in (study.folder, other):
        write_json(folder / "claims.json", {"claims": [as_record(one) for one in CLAIMS]})
    assert list(reading.agreement_table(study)["together"]) == ["agree", "agree"]
    write_json(other / "record" / "correction-record.json", {"correction_events": [CORRECTION]})
    assert list(reading.agreement_table(study)["together"]) == ["agree", "one of them was corrected"]


def test_outcomes_and_statuses_are_counted_apart():
    silent = [
        claim("longer-training", "not run", None, ""),
        claim("shuffled-labels", "not testable", 1.0, ""),
    ]
    told = reading.verdict_sentence([*CLAIMS, *silent])
    assert told.startswith(
        "**Of 5 expectations: 1 supported, 1 contradicted, 1 undecided; and 1 not testable, 1 not run.**"
    )
    assert told.endswith("Their status by the gate: 5 UNVERIFIED.")
    assert "none could be asked; and 1 not run" in reading.verdict_sentence(silent[:1])


def test_claims_for_readers_lead_with_one_sentence_and_have_a_title_for_an_id():
    told = replace(CLAIMS[0], headline="English harms; translated harms less.")
    table = reading.claims_table([told, *CLAIMS[1:]])
    assert list(table["outcome"]) == ["supported", "undecided", "contradicted"]
    assert list(table["about"]) == [TITLES[one.id] for one in CLAIMS]
    assert table["in one sentence"].iloc[0] == "English harms; translated harms less."
    assert table["in one sentence"].iloc[2] == CLAIMS[2].sentence  # of before there were headlines


ROW = {"side": "contrast", "arm": "translated", "against": "english", "kind": "", "estimate": 4.3, "low": 2.7,
       "high": 5.9, "n": 9, "units": 3}  # fmt: skip
SIDE = ROW | {"side": "control", "arm": "english", "against": "none", "estimate": -3.8}
FULL = replace(
    CLAIMS[0],
    headline="English harms; translated harms less.",
    contrast={"text": "", "unit": "points", "rows": [ROW, ROW | {"kind": "tagging"}, SIDE]},
    qualifications=[{"name": "only one", "text": "Only one world: nothing is said about others."}],
)


def test_every_measured_claim_unfolds_to_its_contrasts_and_qualifications():
    told = reading.claim_details([FULL, *CLAIMS[1:]])
    assert told.count("<details>") == told.count("</details>") == 1  # the others were not told so
    assert f"<summary>{TITLES['primary']}: <b>supported</b></summary>" in told
    assert "| translated minus English | +4.3 (+2.7 to +5.9) | +4.3 (+2.7 to +5.9) |" in told
    assert "| English minus none | −3.8 (+2.7 to +5.9) |  |" in told
    assert "| only one | Only one world: nothing is said about others. |" in told
    assert "No claim of this study was measured" in reading.claim_details(CLAIMS)
    assert [len(table) for table in reading.answer_tables([FULL, *CLAIMS[1:]])] == [2, 1]


def test_what_is_left_open_stands_apart_from_what_was_never_asked():
    asked = [
        claim("primary", "undecided", 1.0, ""),
        replace(claim("longer-training", "not run", None, ""), reason="no runs of longer fine-tuning"),
        replace(claim("english-helps", "not testable", 1.0, ""), reason="the encoder did not learn MNLI"),
        claim("more-text", "supported", 1.0, ""),
    ]
    table = reading.unanswered_table(asked)
    assert list(table["outcome"]) == ["undecided", "not testable", "not run"]
    assert list(table["why"]) == [
        "the interval holds more than one outcome",
        "the encoder did not learn MNLI",
        "no runs of longer fine-tuning",
    ]
    assert "1 need arms or tasks" in reading.larger_sentence(asked)


def test_a_verdict_says_how_much_was_trained_again(study):
    checks = [SimpleNamespace(name=name, complete=True) for name in ("scores", "gains", "claims")]
    reruns = [SimpleNamespace(good=True), SimpleNamespace(good=False)]
    verdict = SimpleNamespace(checks=checks, reruns=reruns)
    write_table(study.folder / "tables" / "scores.csv", TABLE)
    cells = cells_in(study.folder)
    assert cells == 3 * 2 * 2  # strategies, seeds, targets
    words = recomputed_words(verdict, trained_again(verdict), cells)
    assert words == "recomputed in full; 1 of 12 cells trained again"
    checks[0].complete = False
    assert recomputed_words(verdict, 0, 12) == "recomputed in part; 0 of 12 cells trained again"


def test_a_forest_holds_what_is_measured_in_points():
    slope = claim("distance-predicts-gain", "undecided", 1.0, "Outcome: undecided.")
    assert [one.id for one in reading.plotted([*CLAIMS, slope])] == [
        "primary",
        "primary-retrieval",
        "more-text",
    ]


def test_the_account_is_summed_by_stage_and_kind(study):
    entry = {"kind": "train", "wall_s": 2.0, "cpu_s": 1.0, "run_id": "", "tokens": 0}
    folder = study.folder / ".done" / "time"
    folder.mkdir(parents=True)
    (folder / "a.json").write_text(json.dumps({"stage": "03_pretraining", "entries": [entry, entry]}))
    assert reading.time_so_far(study).to_dict("records") == [
        {"stage": "03_pretraining", "kind": "train", "wall_s": 4.0, "cpu_s": 2.0}
    ]
    whole = pd.DataFrame([entry | {"stage": "03_pretraining", "cpu_s": 9.0}])
    write_table(study.folder / "tables" / "time.csv", whole)
    assert reading.time_so_far(study)["cpu_s"].tolist() == [2.0]  # of an earlier run of the same study
    write_json(study.folder / "pool.json", {})
    assert reading.time_so_far(study)["cpu_s"].tolist() == [11.0]  # and of its bundles


def test_text_is_counted_with_how_often_it_was_read(study):
    table = reading.text_table(study).set_index("language")
    assert list(table.loc["Lirish"]) == [1.25, 5, 5, 1.0]
    assert table.loc["Varazi", "times read"] == 0.0
    assert list(reading.fertility_of(study)["fertility"]) == [1.25] * 4


def test_a_language_without_spaces_has_no_subwords_per_word(study):
    file = study.encoder_folder(study.runs[0]) / "pretraining.json"
    found = json.loads(file.read_text(encoding="utf-8"))
    write_json(file, found | {"fertility": found["fertility"] | {"zh": 20.0, "th": 9.0, "ko": 2.0}})
    assert set(reading.fertility_of(study)["language"]) == {"alb", "dor", "lir", "var", "ko"}


def test_without_rows_to_tune_on_or_a_choice_to_make_the_tables_are_empty(study):
    small = open_study("tiny", "small", target_tasks=["tatoeba"])
    assert reading.most_taught(small) == ["none"]
    assert reading.curves_of(small, small.runs, "none").empty
    abroad = scores([("none", 0, "xquad", "lir", "none", 40.0), ("english", 0, "xquad", "lir", "none", 41.0)])
    assert reading.choice_table(abroad, "alb").empty
