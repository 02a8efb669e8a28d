"""Scores beside those of XTREME's own evaluator, for every task and language that it knows, to 1e-9.

Needs a checkout of google-research/xtreme, which the environment variable XTREME_CHECKOUT names, and
seqeval 0.0.12, with which its scores were published. LAReQA has no place in that evaluator.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pandas as pd
import pytest
from test_metrics import published_scorer  # noqa: F401

from polystilts.evaluation.answers import NO_ANSWER
from polystilts.evaluation.labels import NO_CANDIDATE, gold_labels
from polystilts.evaluation.marking import score_tree
from polystilts.evaluation.overall import AVERAGES, overall, task_scores
from polystilts.evaluation.scores import score_predictions
from polystilts.evaluation.submission import FOLDERS, write_answers, write_labels
from polystilts.tasks import TASKS, Task

ITEMS = 7
FOLDER_TASKS = {FOLDERS.get(name, name): name for name in TASKS}
# Articles, punctuation of several kinds, digits and capitals: all that the normalisers look at.
WORDS = {
    "en": "The a an cat Dog's mill, “red” 12 (old)",
    "de": "die Der ein Eines Katze „Mühle“ groß, 3.5 — dies",
    "es": "El una los ¿qué? gato Molino, «rojo» laso 7",
    "ar": "ال الكتاب والبيت في، كتاب؟ حال 12 المال",
    "hi": "एक बिल्ली। और चक्की, लाल १२ the",
    "vi": "của Là cái chiếc những con mèo, Đỏ 4 calà",
    "zh": "北京市 ， 海淀区。 A1 the 《书》 12 。 中b",
}

RUNNER = """
import json, sys
sys.path[:0] = [sys.argv[1], sys.argv[2]]
import evaluate
asked = json.load(sys.stdin)
found = asked and evaluate.evaluate(asked["answers"], asked["labels"], asked["version"])
print("RESULT" + json.dumps(found or evaluate.XTREME_VERSIONS_LANG_DICT))
"""


@pytest.fixture(scope="module")
def evaluator(request):
    """Their evaluator: of two trees and a version, the group averages and the scores of tasks; of nothing,
    the languages of each task in each version."""
    checkout = os.environ.get("XTREME_CHECKOUT")
    if not checkout:
        pytest.skip("set XTREME_CHECKOUT to a checkout of google-research/xtreme to compare with evaluate.py")
    command = [sys.executable, "-W", "ignore", "-c", RUNNER, checkout]
    command.append(str(request.getfixturevalue("published_scorer")))

    def ask(**asked):
        given = json.dumps(asked)
        done = subprocess.run(command, input=given, capture_output=True, text=True, check=False, cwd=checkout)
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout.rpartition("RESULT")[2])

    return ask


def some_text(draw: Random, language: str) -> str:
    words = (WORDS.get(language) or " ".join(WORDS.values())).split()
    return "".join(draw.choice(words) + draw.choice(["", " ", " ", "  "]) for _ in range(12)).strip()


def some_span(draw: Random, text: str) -> tuple[int, int]:
    start = draw.randrange(len(text))
    return start, min(len(text), start + draw.randint(1, 12))


def some_item(draw: Random, task: Task, language: str, number: int) -> tuple[dict, str]:
    """An invented example and an answer to it that may be right, nearly right or wrong."""
    item = {"example_id": f"{task.name}-test-{language}-{number}", "meaning_id": f"m{number}"}
    names = [f"{task.name}-test-{language}-{other}" for other in range(ITEMS)]
    if task.kind in ("classification", "multiple_choice"):
        answers = task.labels or range(task.choices)
        return item | {"label": draw.choice(answers)}, str(draw.choice(answers))
    if task.kind == "tagging":
        tags = [draw.choice(task.labels) for _ in range(draw.randint(1, 9))]
        given = [tag if draw.random() < 0.7 else draw.choice(task.labels) for tag in tags]
        return item | {"words": ["w"] * len(tags), "tags": tags}, " ".join(given)
    if task.kind == "question_answering":
        text = some_text(draw, language)
        (start, end), *more = (some_span(draw, text) for _ in range(draw.randint(1, 3)))
        answers = [text[start:end], *(text[a:b] for a, b in more)]
        near = (max(start - draw.randint(0, 4), 0), min(end + draw.randint(0, 4), len(text)))
        given = draw.choice([(start, end), near, some_span(draw, text)])
        span = f"{given[0]}:{given[1]}" if draw.random() < 0.9 else NO_ANSWER
        item |= {"context": text, "question": "?", "answer_start": start, "answer_text": answers[0]}
        return item | {"answers": answers}, span
    if task.search.entities:
        ranked = [f"Q{place}" for place in draw.sample(range(40), 25)]
        item |= {"text": "w", "mention_start": 0, "mention_end": 1, "entity_id": f"Q{draw.randrange(40)}"}
        return item, " ".join(ranked)
    if task.metric == "bucc_f1":
        sides = draw.choice([("w", "v"), ("w", "v"), ("w", "")])
        item |= {"text": sides[0], "text_source": sides[1], "source_id": f"bucc-test-{language}-s{number}"}
        wrong = draw.choice([f"bucc-test-{language}-s{draw.randrange(ITEMS)}", NO_CANDIDATE])
        return item, item["source_id"] if draw.random() < 0.5 else wrong
    sentence = f"{draw.choice('abcdefg')} {number}"  # so that the order of the English side is another one
    draw.shuffle(names)
    first = [item["example_id"]] if draw.random() < 0.5 else []
    return item | {"text": "w", "text_source": sentence}, " ".join([*first, *names])


def write_trees(folder: Path, draw: Random, languages: dict[str, list[str]]) -> pd.DataFrame:
    """The answers and labels of invented items, as `submit` writes them; what predictions score here."""
    scores = []
    for name, codes in languages.items():
        task = TASKS[name]
        drawn = {code: [some_item(draw, task, code, n) for n in range(ITEMS)] for code in codes}
        frames = {code: pd.DataFrame([item for item, _ in found]) for code, found in drawn.items()}
        parts = []
        for code, found in drawn.items():
            names = frames[code]["example_id"]
            given = pd.DataFrame({"example_id": names, "prediction": [answer for _, answer in found]})
            write_answers(folder / "answers", task, code, given, frames[code])
            parts.append(given.assign(language=code))
        write_labels(folder / "labels", task, frames)
        scores.append(score_predictions(task, pd.concat(parts), gold_labels(task, frames)))
        scores[-1]["target_task"] = name
    return pd.concat(scores)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("version", "ours", "whole"),
    [("xtreme", "XTREME", "XTREME overall"), ("xtreme-r", "XTREME-R", "XTREME-R without LAReQA")],
)
def test_scores_are_those_of_xtremes_own_evaluator(evaluator, tmp_path, version, ours, whole, seed):
    languages = {FOLDER_TASKS[task]: codes for task, codes in evaluator()[version].items() if codes}
    assert set(languages) == set(AVERAGES[whole])
    predicted = write_trees(tmp_path, Random(seed), languages)
    trees = tmp_path / "answers", tmp_path / "labels"
    groups, tasks = evaluator(answers=str(trees[0]), labels=str(trees[1]), version=version)
    keys, differences = ["target_task", "language", "metric"], []
    for scores in (predicted, score_tree(*trees)):
        values = scores.set_index(keys)["value"]
        for (name, language, metric), value in values.items():
            row = tasks[FOLDERS.get(name, name)]
            theirs = row.get({"mrr@20": "map@20", "span_f1": "f1", "bucc_f1": "f1"}.get(metric, metric))
            if theirs is not None:  # the accuracy of tags, which stands beside the F1, is ours alone
                differences.append((abs(value - theirs[language]), name, language, metric))
        means = task_scores(scores)
        differences += [(abs(means[n] - tasks[FOLDERS.get(n, n)]["avg_metric"]), n) for n in languages]
        averages = overall(scores).set_index("average")["value"]
        names = {"all_task": "overall"}
        differences += [
            (abs(averages[f"{ours} {names.get(g, g)}"] - value), g) for g, value in groups.items()
        ]
    compared = {row[1:3] for row in differences if len(row) == 4}
    assert compared == {(name, code) for name, codes in languages.items() for code in codes}
    assert len(groups) == 5  # four groups and the overall score of XTREME; five groups of XTREME-R
    assert max(differences)[0] < 1e-9, max(differences)
    assert 0 < predicted["value"].mean() < 100  # neither all right nor all wrong
