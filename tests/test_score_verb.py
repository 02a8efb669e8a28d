"""`submit` and `score` from the command line: what they write, what they print, and what they refuse."""

import json
from pathlib import Path

import pandas as pd
import pytest
from every_target import rows

from polystilts.__main__ import main
from polystilts.evaluation.overall import overall, task_scores
from polystilts.evaluation.retrieve import read_pool
from polystilts.evaluation.submission import answer_file, submit, write_answers, write_labels
from polystilts.statistics.tables import main_variant
from polystilts.tasks import TASKS

QUESTIONS = {"data": [{"paragraphs": [{"context": "c", "qas": [
    {"id": "q1", "answers": [{"text": "the red mill"}, {"text": "mill"}]},
    {"id": "q2", "answers": [{"text": "海淀区"}]},
]}]}]}  # fmt: skip

# One file of labels and one of answers for each layout; every fourth thing is wrong.
TREE = {
    "xnli/test-de.tsv": ("neutral\nneutral\nneutral\nentailment\n", "neutral\nneutral\nneutral\nneutral\n"),
    "pawsx/test-de.tsv": ("0\n1\n", "1\n1\n"),
    "udpos/test-de.tsv": ("NOUN\nNOUN\nVERB\nDET\nNOUN\n", "NOUN\nPROPN\nVERB\nDET\nNOUN\n"),
    "panx/test-de.tsv": ("B-PER\nI-PER\n\nO\nB-LOC\n", "B-PER\nO\n\nO\nB-LOC\n"),
    "xcopa/test-ht.jsonl": ('{"label": 0, "idx": 7}\n{"label": 1}\n', '{"label": 0}\n{"label": 0}\n'),
    "xquad/test-zh.json": (QUESTIONS, {"q1": "Mill!", "q2": "北京市海淀区"}),
    "mlqa/test-zh.json": (QUESTIONS["data"], {"q1": "mill", "q2": "北京市海淀区"}),
    "tatoeba/test-sw.tsv": ("1\n0\n2\n", "1\n2\n2\n"),
    "bucc2018/test-de.tsv": ("de-1\ten-1\nde-2\ten-2\n", "de-2\ten-2\nde-3\ten-9\n"),
    "mewslix/test-ta.json": ({"m1": ["Q1"], "m2": ["Q2"]}, {"m1": ["Q5", "Q1"], "m2": ["Q2"]}),
    "xquad_r/test-el.json": ({"q1": ["a", "b"]}, {"q1": ["x", "a", "b"]}),
}  # fmt: skip
SCORES = {
    ("xnli", "de", "accuracy"): 75.0, ("pawsx", "de", "accuracy"): 50.0,
    ("udpos", "de", "f1"): 200 / 3, ("udpos", "de", "token_accuracy"): 80.0, ("panx", "de", "span_f1"): 50.0,
    ("xcopa", "ht", "accuracy"): 50.0, ("xquad", "zh", "f1"): 50.0, ("xquad", "zh", "exact_match"): 50.0,
    ("mlqa", "zh", "f1"): 100 * (1 + 2 / 3) / 2, ("mlqa", "zh", "exact_match"): 50.0,
    ("tatoeba", "sw", "accuracy"): 200 / 3, ("bucc", "de", "bucc_f1"): 50.0,
    ("mewslix", "ta", "mrr@20"): 75.0, ("lareqa", "el", "map@20"): 100 * (1 / 2 + 2 / 3) / 2,
}  # fmt: skip


def put(path: Path, content) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, indent=0)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def trees(tmp_path) -> tuple[Path, Path]:
    for name, (gold, given) in TREE.items():
        put(tmp_path / "labels" / name, gold)
        put(tmp_path / "answers" / name, given)
    return tmp_path / "answers", tmp_path / "labels"


def run(answers: Path, labels: Path) -> int:
    return main(["score", str(answers), "--labels", str(labels)])


def printed(text: str) -> dict:
    found = {}
    for line in text.splitlines()[1:]:
        if not line:
            break
        task, language, metric, *value = line.split()
        found[task, language, metric] = float(value[0]) if value[0][0].isdigit() else " ".join(value)
    return found


def test_anyones_tree_is_scored(trees, capsys):
    assert run(*trees) == 0
    assert printed(capsys.readouterr().out) == pytest.approx(SCORES, abs=6e-4)


def test_whatever_is_there_is_scored_and_withheld_labels_are_no_zero(trees, capsys):
    answers, labels = trees
    (labels / "pawsx" / "test-de.tsv").unlink()
    put(labels / "udpos" / "test-de.tsv", "_\n_\n_\n_\n_\n")
    put(labels / "xcopa" / "test-ht.jsonl", '{"label": -1}\n{"label": -1}\n')
    put(labels / "xnli" / "test-de.tsv", "neutral\n" * 20)  # XTREME's own placeholder
    put(answers / "xnli" / "test-de.tsv", "neutral\n" * 20)
    stripped = {"data": [{"paragraphs": [{"context": "c", "qas": [{"id": "q1", "answers": []}]}]}]}
    put(labels / "xquad" / "test-zh.json", stripped)
    put(answers / "tatoeba" / "test-xx.tsv", "0\n")
    assert run(*trees) == 0
    text = capsys.readouterr().out
    found = printed(text)
    withheld = {key for key, value in found.items() if value == "labels withheld"}
    assert {key[:2] for key in withheld} == {
        ("pawsx", "de"), ("udpos", "de"), ("xcopa", "ht"), ("xnli", "de"), ("xquad", "zh"), ("tatoeba", "xx"),
    }  # fmt: skip
    rest = {key: value for key, value in SCORES.items() if key not in withheld}
    assert {key: value for key, value in found.items() if key not in withheld} == pytest.approx(
        rest, abs=6e-4
    )
    assert "XTREME-R overall" in text and "lacks xnli xcopa udpos xquad tydiqa" in text


def test_what_was_not_scored_is_listed(trees, capsys):
    answers, labels = trees
    put(labels / "xnli" / "test-sw.tsv", "neutral\n")
    put(labels / "xnli" / "test-zh.tsv", "neutral\n")
    put(answers / "xnly" / "test-de.tsv", "neutral\n")
    assert run(answers, labels) == 0
    text = capsys.readouterr().out
    assert "xnli: no answers in 2 languages that have labels: sw zh\n" in text
    assert "no task has such a folder: xnly\n" in text
    assert "11 tasks and 6 languages scored\n" in text


def test_labels_of_other_answers_are_refused(trees, tmp_path, capsys):
    put(tmp_path / "others" / "xnli" / "test-fr.tsv", "neutral\n")
    assert run(trees[0], tmp_path / "others") == 2
    said = capsys.readouterr().err
    assert "holds no labels of any of these answers" in said and "others/xnli/test-de.tsv" in said


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("xnli/test-de.tsv", "neutral\nmaybe\nneutral\nneutral\n", ":2: unknown label 'maybe'; labels are"),
        ("xnli/test-de.tsv", "entailment\nneutral\nneutral\n", ":3: 3 answers here, 4 in "),
        ("xnli/test-de.tsv", "neutral\n" * 5, ":5: 5 answers here, 4 in "),
        ("pawsx/test-de.tsv", "same\n1\n", ":1: unknown label 'same'; labels are 0, 1"),
        ("udpos/test-de.tsv", "NOUN\nNOUN\nVERB\nDET\n", ":1: sentence 1 has 4 tags here, 5 in "),
        ("panx/test-de.tsv", "B-PER\nO\n\nO\nB-DOG\n", ":5: unknown tag 'B-DOG'; tags are O, B-PER"),
        ("panx/test-de.tsv", "B-PER\nO\n\n\nO\nB-LOC\n", ":4: two blank lines, an empty sentence"),
        ("panx/test-de.tsv", "B-PER\nO\n", ":1: 1 sentences here, 2 in "),
        ("panx/test-de.tsv", "B-PER\nO\n\nO\n", ":4: sentence 2 has 1 tags here, 2 in "),
        ("xcopa/test-ht.jsonl", '{"label": 0}\n{"label": 2}\n', ":2: unknown choice '2'; choices are 0, 1"),
        ("xcopa/test-ht.jsonl", '{"label": 0}\n{"label": 1', ":2: is not JSON here: "),
        ("xcopa/test-ht.jsonl", '{"label": 0}\n0\n', ':2: {"label": number} belongs here'),
        ("xcopa/test-ht.jsonl", '{"label": 0}\n{"label": NaN}\n', ":2: unknown choice 'nan'"),
        ("xquad/test-zh.json", {"q1": "Mill!"}, ":3: no answer to question 'q2'; 1 of 2 are there"),
        ("xquad/test-zh.json", {"q1": "a", "q2": "b", "q3": "c"}, ":4: unknown question 'q3'; "),
        ("xquad/test-zh.json", {"q1": "a", "q2": 7}, ":3: 'q2': the text of an answer belongs here, not '7'"),
        ("xquad/test-zh.json", '{"q1": "a",\n"q2": "b",\n"q1": "c"}', ":3: 'q1' is there twice; keep one"),
        ("xquad/test-zh.json", '{"q1": "a",\n"q2": ', ":2: is not JSON here: "),
        ("xquad/test-zh.json", ["a"], ":1: a JSON object, name to the text of an answer, belongs here"),
        ("tatoeba/test-sw.tsv", "[1]\n[2]\n[2]\n", ":1: '[1]' has brackets; write the bare number"),
        ("xnli/test-de.tsv", "neutral\rneutral\rneutral\rneutral\r", ":1: a carriage return (CR)"),
        ("xnli/test-de.tsv", "neutral\nneu\0tral\nneutral\nneutral\n", ":2: a zero byte"),
        ("panx/test-de.tsv", "a\tX\tB-PER\nb\tX\tO\n", ":1: 3 columns where a tag, or a word and its tag"),
        ("panx/test-de.tsv", "B-PER\nO\n\u00a0\nO\nB-LOC\n", ":3: unknown tag ''"),
        ("xcopa/test-ht.jsonl", '{"label": "\u0661"}\n{"label": 1}\n', ":1: unknown choice '\u0661'"),
        ("xcopa/test-ht.jsonl", '{"label": ' + "9" * 5000 + "}\n", ":1: has a number of thousands of digits"),
        ("xcopa/test-ht.jsonl", "[" * 50_000 + "\n", ":1: is nested too deeply to be read"),
        ("xquad/test-zh.json", '{"q1": "a",\n"q2": "b \\ud83d"}', ":2: q2: half a surrogate pair"),
        ("tatoeba/test-sw.tsv", "1\n\u0662\n2\n", ":2: '\u0662' is no line number"),
        ("tatoeba/test-sw.tsv", "1\n-2\n2\n", ":2: '-2' is no line number, counted from 0"),
        ("bucc2018/test-de.tsv", "de-2\ten-2\nde-3 en-9\n", ":2: the names of two sentences, a tab between"),
        ("mewslix/test-ta.json", {"m1": "Q1", "m2": ["Q2"]}, ":2: 'm1': a list of candidates belongs here"),
        ("mewslix/test-ta.json", {"m1": ["Q1"]}, ":5: no answer to query 'm2'; 1 of 2 are there"),
    ],
)  # fmt: skip
def test_the_first_offence_is_named_with_file_and_line(trees, capsys, name, content, says):
    file = put(trees[0] / name, content)
    assert run(*trees) == 2
    line = capsys.readouterr().err
    assert f"{file}{says}" in line and line.count("\n") == 1


def test_other_files_and_folders_are_refused(trees, capsys, tmp_path):
    answers, labels = trees
    (answers / "xnli" / "test-de.tsv").write_bytes(b"entailment\nneutr\xff\n")
    assert run(answers, labels) == 2 and "test-de.tsv:2: is not UTF-8" in capsys.readouterr().err
    put(answers / "xnli" / "test-de.tsv", TREE["xnli/test-de.tsv"][1])
    put(labels / "xquad" / "test-zh.json", {"data": [{"paragraphs": [{"context": "c"}]}]})
    assert run(answers, labels) == 2 and "is not laid out as SQuAD is" in capsys.readouterr().err
    assert run(tmp_path / "nowhere", labels) == 2 and "nowhere is not a folder" in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    assert run(tmp_path / "empty", labels) == 2 and "holds no answers" in capsys.readouterr().err


# --- submit ---------------------------------------------------------------------------------------------


@pytest.fixture
def finished(tmp_path) -> Path:
    """A run that has answered questions and Tatoeba, beside its examples."""
    study = tmp_path / "study"
    for name, language in (("xquad", "alb"), ("xquad", "dor"), ("tatoeba", "dor"), ("udpos", "dor")):
        file = study / "w0" / "examples" / name / f"test-{language}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        rows(TASKS[name], "test", language).to_parquet(file)
    folder = study / "runs" / "w16.w0.e0--none--none--none--s0" / "predictions"
    folder.mkdir(parents=True)
    for name in ("xquad", "tatoeba", "udpos"):
        found = []
        for file in (study / "w0" / "examples" / name).glob("test-*.parquet"):
            frame, language = pd.read_parquet(file), file.stem.removeprefix("test-")
            given = {
                "xquad": lambda f: [
                    f"{s}:{s + len(t)}" for s, t in zip(f.answer_start, f.answer_text, strict=True)
                ],
                "tatoeba": lambda f: list(f.example_id[::-1]),
                "udpos": lambda f: [" ".join(tags) for tags in f.tags],
            }[name](frame)  # fmt: skip
            found.append(frame[["example_id", "meaning_id"]].assign(language=language, prediction=given))
        pd.concat(found).assign(variant="", item_score=1.0).to_parquet(folder / f"{name}.parquet")
    return folder.parent


def test_a_run_is_submitted_and_scored(finished, tmp_path, capsys):
    answers, labels = tmp_path / "answers", tmp_path / "labels"
    assert main(["submit", str(finished), "--output", str(answers), "--labels", str(labels)]) == 0
    assert capsys.readouterr().out == f"4 files of answers are in {answers}\n"
    example = rows(TASKS["xquad"], "test", "dor").iloc[2]
    assert json.loads((answers / "xquad" / "test-dor.json").read_text())["2"] == example["answer_text"]
    assert run(answers, labels) == 0
    found = printed(capsys.readouterr().out)
    assert found["xquad", "dor", "f1"] == found["xquad", "alb", "exact_match"] == 100.0
    assert found["udpos", "dor", "token_accuracy"] == 100.0 and found["tatoeba", "dor", "accuracy"] == 0.0


def test_tatoeba_is_asked_in_english_and_written_in_the_order_of_sorted_english(tmp_path):
    task = TASKS["tatoeba"]
    frame = pd.DataFrame({
        "example_id": ["a", "b", "c"], "meaning_id": ["m0", "m1", "m2"],
        "text": ["moja", "mbili", "tatu"], "text_source": ["two", "one", "three"],
    })  # fmt: skip
    (tmp_path / "tatoeba").mkdir()
    frame.to_parquet(tmp_path / "tatoeba" / "test-sw.parquet")
    queries, candidates = read_pool(task, tmp_path, ["sw"], "en", "test")
    assert list(queries[task.search.query]) == ["two", "one", "three"] and set(queries.text_language) == {
        "en"
    }
    assert list(candidates.text) == ["moja", "mbili", "tatu"] and set(candidates.text_language) == {"sw"}
    # sorted English: one (line 1), three (line 2), two (line 0)
    write_labels(tmp_path / "labels", task, {"sw": frame})
    assert (tmp_path / "labels" / "tatoeba" / "test-sw.tsv").read_text() == "1\n2\n0\n"
    given = pd.DataFrame({"example_id": ["a", "b", "c"], "prediction": ["c a", "b a", "a b"]})
    write_answers(tmp_path / "answers", task, "sw", given, frame)
    assert (tmp_path / "answers" / "tatoeba" / "test-sw.tsv").read_text() == "1\n0\n2\n"


def test_the_layout_is_that_of_the_benchmark():
    files = {name: answer_file("p", TASKS[name], "sw").as_posix() for name in TASKS if TASKS[name].benchmark}
    assert files == {
        "xnli": "p/xnli/test-sw.tsv", "xcopa": "p/xcopa/test-sw.jsonl", "udpos": "p/udpos/test-sw.tsv",
        "panx": "p/panx/test-sw.tsv", "xquad": "p/xquad/test-sw.json", "mlqa": "p/mlqa/test-sw.json",
        "tydiqa": "p/tydiqa/test-sw.json", "tatoeba": "p/tatoeba/test-sw.tsv",
        "lareqa": "p/xquad_r/test-sw.json", "mewslix": "p/mewslix/test-sw.json",
        "pawsx": "p/pawsx/test-sw.tsv", "bucc": "p/bucc2018/test-sw.tsv",
        "masakhaner": "p/masakhaner/test-sw.tsv", "masakhapos": "p/masakhapos/test-sw.tsv",
        "americasnli": "p/americasnli/test-sw.tsv", "afrixnli": "p/afrixnli/test-sw.tsv",
        "sib200": "p/sib200/test-sw.tsv",
    }  # fmt: skip


def test_answers_in_words_need_their_examples(finished, tmp_path, capsys):
    (finished.parents[1] / "w0" / "examples" / "xquad" / "test-dor.parquet").unlink()
    assert main(["submit", str(finished), "--output", str(tmp_path / "answers")]) == 1
    assert "xquad in dor: this needs its examples, which are not beside the run" in capsys.readouterr().err
    assert not (tmp_path / "answers").exists()


@pytest.mark.parametrize(("output", "labels"), [("a", "a"), ("a", "a/b"), ("a/b", "a")])
def test_answers_and_labels_do_not_share_a_folder(finished, tmp_path, capsys, output, labels):
    asked = ["--output", str(tmp_path / output), "--labels", str(tmp_path / labels)]
    assert main(["submit", str(finished), *asked]) == 2
    assert "cannot share a folder" in capsys.readouterr().err and not (tmp_path / "a").exists()


@pytest.mark.parametrize("cut", [0, 10, 400, -600])
def test_damaged_predictions_are_named(finished, tmp_path, capsys, cut):
    file = finished / "predictions" / "udpos.parquet"
    content = file.read_bytes()
    file.write_bytes(content[:cut] if cut >= 0 else bytes(200) + content[200:])
    assert main(["submit", str(finished), "--output", str(tmp_path / "a")]) == 2
    said = capsys.readouterr().err
    assert f"{file} is damaged" in said and said.count("\n") == 1 and not (tmp_path / "a").exists()


def test_predictions_of_an_unknown_task_are_refused(finished, tmp_path, capsys):
    (finished / "predictions" / "udpos.parquet").rename(finished / "predictions" / "udposs.parquet")
    assert main(["submit", str(finished), "--output", str(tmp_path / "a")]) == 2
    assert "udposs.parquet: no task is called 'udposs'; there are xnli" in capsys.readouterr().err


def test_nothing_is_overwritten_and_nothing_is_made_of_nothing(finished, tmp_path, capsys):
    put(tmp_path / "answers" / "mine.txt", "precious")
    assert main(["submit", str(finished), "--output", str(tmp_path / "answers")]) == 2
    assert "holds something already" in capsys.readouterr().err
    assert (tmp_path / "answers" / "mine.txt").read_text() == "precious"
    assert main(["submit", str(tmp_path), "--output", str(tmp_path / "new")]) == 2
    assert "holds no predictions; give a finished run" in capsys.readouterr().err
    assert (
        main(["submit", str(finished), "--output", str(tmp_path / "n"), "--variant", "layer9.mean.plain"])
        == 0
    )


# --- one number -----------------------------------------------------------------------------------------


def table(**values: float) -> pd.DataFrame:
    rows = [(name.split("_")[0], "de", "accuracy", value) for name, value in values.items()]
    return pd.DataFrame(rows, columns=["target_task", "language", "metric", "value"])


def test_questions_count_by_both_measures_and_tags_by_f1_alone():
    columns = ["target_task", "language", "metric", "value"]
    rows = [("xquad", "de", "f1", 60.0), ("xquad", "zh", "f1", 80.0), ("xquad", "de", "exact_match", 40.0),
            ("xquad", "zh", "exact_match", 50.0), ("udpos", "de", "f1", 50.0),
            ("udpos", "de", "token_accuracy", 90.0), ("lareqa", "de", "map@20", 30.0),
            ("lareqa", "de", "map", 99.0)]  # fmt: skip
    assert task_scores(pd.DataFrame(rows, columns=columns)).to_dict() == {
        "lareqa": 30.0, "udpos": 50.0, "xquad": (70.0 + 45.0) / 2,
    }  # fmt: skip


def test_an_average_without_all_its_tasks_has_no_value():
    found = overall(table(xnli=60.0, xcopa=50.0, tatoeba=40.0)).set_index("average")
    assert found.value["XTREME-R classification"] == 55.0 and found.value["XTREME-R multi_choice"] == 50.0
    assert pd.isna(found.value["XTREME-R overall"]) and pd.isna(found.value["XTREME-R retrieval"])
    assert found.missing["XTREME-R retrieval"] == "mewslix"
    names = "xnli xcopa udpos panx xquad mlqa tydiqa tatoeba mewslix lareqa".split()
    ten = overall(table(**{name: float(i) for i, name in enumerate(names)})).set_index("average")
    assert ten.value["XTREME-R overall"] == 4.5 and ten.value["XTREME-R without LAReQA"] == 4.0
    assert ten.value["XTREME-R retrieval"] == 7.5 and ten.missing["XTREME overall"] == "pawsx bucc"


def test_the_variant_of_a_submission_can_be_chosen(finished, tmp_path, capsys):
    file = finished / "predictions" / "tatoeba.parquet"
    found = pd.read_parquet(file)
    right = found.assign(prediction=found["example_id"], variant="layer1.mean.plain")
    pd.concat([found.assign(variant="layer1.mean.centred"), right]).to_parquet(file)
    submit(finished, tmp_path / "one", main_variant)
    assert (
        main(["submit", str(finished), "--output", str(tmp_path / "two"), "--variant", "layer1.mean.plain"])
        == 0
    )
    lines = [(tmp_path / name / "tatoeba" / "test-dor.tsv").read_text().split() for name in ("one", "two")]
    assert lines[0] != lines[1] and sorted(lines[1]) == [str(i) for i in range(8)]
    capsys.readouterr()
    assert (
        main(["submit", str(finished), "--output", str(tmp_path / "x"), "--variant", "layer9.mean.plain"])
        == 2
    )
    assert "no retrieval was read from 'layer9.mean.plain'; there are layer1" in capsys.readouterr().err
