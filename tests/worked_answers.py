"""Study and gate asked what the files of `worked_examples/` ask, their findings by the files' own names."""

import re
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from polystilts.evaluation import guesses as study_guesses
from polystilts.evidence import evaluate as study
from polystilts.evidence.headlines import Names
from polystilts.evidence.hypotheses import Hypotheses, Hypothesis
from polystilts.evidence.telling import told
from polystilts.gate import calls, guessing, qualifications
from polystilts.gate.claims import words_of
from polystilts.statistics.flags import flag_cells
from polystilts.tasks import STRATEGIES, TASKS
from polystilts.wording import wording

FILES = sorted((Path(__file__).parent / "worked_examples").glob("*.yaml"))
SAME = {"world": 11, "encoder_seed": 0, "seed": 0, "set": "-", "split": "test", "metric": ".", "n": 100}
ROW = {"id": "h", "family": "f", "quantifier": "mean", "direction": "increase", "smallest_effect": 1.0,
       "error_rate": 0.05, "sentence": "It helps.", "test": "t"}  # fmt: skip
CONTRAST = ("treatment", "control", "measure", "column", "first", "second")
SUBSET = ("kinds", "intermediate_tasks", "languages")
LANGUAGES = pd.DataFrame(
    [("alb", "Albish", 0.0), ("dor", "Dorvan", 0.2), ("lir", "Lirish", 0.4), ("kes", "Kestran", 0.6)],
    columns=["language", "name", "distance"],
).assign(resource=1000, family="Albic", script="Latin", seen="yes", overlap=1.0, order="near", set="A")


def scores_of(example: dict) -> pd.DataFrame:
    """The few rows of an example with what all of them share."""
    head, *lines = [line.split() for line in example["scores"].splitlines()]
    rows = []
    for line in lines:
        one = SAME | dict(zip(head, line, strict=True))
        task, strategy = TASKS[one["target"]], STRATEGIES[one["strategy"]]
        own = one.get("task", "squad_v2") if strategy.needs_task else "none"
        metric = task.metric if one["metric"] == "." else one["metric"]
        run = "--".join(str(one[name]) for name in ("strategy", "world", "set", "encoder_seed", "seed"))
        rows.append(
            {"scale": "example", "run_id": f"{run}--{own}", "world_seed": int(one["world"]), "encoder": "w64",
             "encoder_seed": int(one["encoder_seed"]), "strategy": one["strategy"], "intermediate_task": own,
             "language_set": one["set"], "seed": int(one["seed"]), "finetune_task": task.training_task,
             "target_task": task.name, "task_kind": task.kind, "language": one["language"],
             "exposure": "none", "split": one["split"], "metric": metric, "variant": "",
             "value": float(one["value"]), "n": int(one["n"])}
        )  # fmt: skip
    return pd.DataFrame(rows)


def rows_of(example: dict) -> list[dict]:
    """The hypotheses of an example as their files have them."""
    found = []
    for given in example.get("hypotheses", [{"id": "h"}]):
        contrast = {name: given[name] for name in CONTRAST if name in given}
        subset = {name: given[name] for name in SUBSET if name in given}
        own = {name: value for name, value in given.items() if name not in (*CONTRAST, *SUBSET)}
        contrast = {"treatment": "translated", "control": "english", **contrast}
        subset = {"exposure": "none", "cross_task": None, **subset}
        found.append(ROW | own | {"contrast": contrast, "subset": subset})
    return found


def answers_of(example: dict) -> dict[str, dict]:
    """The answers by hypothesis."""
    many = {row["id"] for row in example.get("hypotheses", ())} == set(example["answer"])
    return example["answer"] if many else {"h": example["answer"]}


# --- what each side finds ---------------------------------------------------------------------------------


def by_the_gate(example: dict) -> dict[str, dict]:
    """The claims as the gate expects them."""
    scores, rows, real = scores_of(example), rows_of(example), example.get("real", False)
    low = {int(world): frozenset() for world in scores["world_seed"].unique()}
    called = calls.call_all(rows, scores, LANGUAGES, low)
    known = qualifications.background(scores, LANGUAGES, low, real)
    found = {}
    for row in rows:
        call, its = called[row["id"]], called[row["id"]].estimate
        low_end, high_end = its.ends() if its else (None, None)
        found[row["id"]] = words_of(call, row, known) | {
            "estimate": [its and its.value, low_end, high_end], "n": its.n if its else 0,
            "units": its.units if its else 0, "outcome": call.outcome,
        }  # fmt: skip
    return found


def by_the_study(example: dict) -> dict[str, dict]:
    """The claims as the study writes them."""
    names = dict(zip(LANGUAGES["language"], LANGUAGES["name"], strict=True))
    names |= {name: task.title for name, task in TASKS.items()}
    hypotheses = Hypotheses(tuple(Hypothesis(**row) for row in rows_of(example)), "")
    found = {}
    for one in study.evaluate(scores_of(example), LANGUAGES, hypotheses, ()):
        its = one.comparison.these if one.comparison else None
        found[one.hypothesis.id] = told(one, Names(names, example.get("real", False))) | {
            "estimate": [its and its.estimate, its and its.low, its and its.high], "n": its.n if its else 0,
            "units": its.units if its else 0, "outcome": one.call.outcome,
        }  # fmt: skip
    return found


SIDES = {"gate": by_the_gate, "study": by_the_study}


def answer(claim: dict) -> dict:
    """What a claim says, by the names that examples use."""
    arms = {arm["short"]: name for name, arm in wording()["arms"].items()}
    titles = {task.title: name for name, task in TASKS.items()}
    rows = [(row, [row["estimate"], row["low"], row["high"]]) for row in claim["contrast"]["rows"]]
    told = {name: [one for one in claim["qualifications"] if one["name"] == name]
            for name in wording()["qualifications"]}  # fmt: skip
    first = {name: many[0] if many else {} for name, many in told.items()}
    flagged, headline = first["without flagged"], claim["headline"]
    hidden = re.findall(r"The mean of (.*?) against none hides", headline)
    reasons = {text: key for key, text in wording()["reasons"].items()}
    none = [(row, numbers) for row, numbers in rows if row["side"] != "contrast"]
    return {name: claim[name] for name in ("estimate", "n", "units", "outcome", "factor", "family")} | {
        "reason": reasons.get(claim["reason"], "one_unit" if "only" in claim["reason"] else "no_spread"),
        "kinds": {row["kind"]: numbers for row, numbers in rows if row["side"] == "contrast" and row["kind"]},
        "none": {row["arm"]: numbers for row, numbers in none if not row["kind"]},
        "none_kinds": {row["arm"]: {other["kind"]: numbers for other, numbers in none
                                    if other["arm"] == row["arm"] and other["kind"]} for row, _ in none},
        "opposite": ["contrast"] * ("This mean hides" in headline) + [arms[name] for name in hidden],
        "not_null": headline.startswith(wording()["headline"]["not_null"]),
        "flagged": flagged.get("flagged", 0),
        "without_flagged": [flagged.get(name) for name in ("estimate", "low", "high")],
        "left": {titles[title]: [int(count), int(n)] for title, count, n in
                 re.findall(r"(?:left are |, )([^,:]+?) (\d+) of (\d+)", flagged.get("text", ""))},
        "new_languages": [first["languages"].get(end) for end in ("low", "high")],
        "detectable": first["detectable effect"].get("size"),
        "equivalence": [first["equivalence"].get(name) for name in ("level", "low", "high")],
        "turned": first["turned by"].get("without", []),
        "unlearned": next((one["unlearned"] for one in told["practice"] if "unlearned" in one), []),
        "unknown": next((one["unknown"] for one in told["practice"] if "unknown" in one), []),
        "nulls": {one["null"]: [[one[name] for name in ("estimate", "low", "high")],
                                [one[f"beyond_{name}"] for name in ("estimate", "low", "high")]]
                  for one in told["null control"]},
    }  # fmt: skip


def same(found: Any, right: Any) -> bool:
    """Whether a finding is the answer, its numbers to four digits behind the point."""
    if isinstance(right, dict):
        return set(found) == set(right) and all(same(found[key], right[key]) for key in right)
    if isinstance(right, list):
        return len(found) == len(right) and all(map(same, found, right))
    if isinstance(right, str) or right is None or found is None:
        return found == right
    return abs(found - right) < 1e-4


def check(file: Path, side: str) -> None:
    """Hold one side against one file: each answer that it has, and nothing else."""
    example = yaml.safe_load(file.read_text(encoding="utf-8"))
    claims = SIDES[side](example) if "answer" in example else {}
    for name, right in answers_of(example).items() if "answer" in example else ():
        found = answer(claims[name])
        wrong = {key: (found[key], value) for key, value in right.items() if not same(found[key], value)}
        assert not wrong, f"{file.name}, {name}: (found, by hand) {wrong}"
    for target, languages in example.get("flags", {}).items():
        for language, right in languages.items():
            assert FLAGS[side](scores_of(example))[target, language] == right, (target, language)
    for one in example.get("guesses", ()):
        assert same(GUESSES[side](TASKS[one["task"]], labels_of(one)), one["guess"]), one


def labels_of(one: dict) -> pd.DataFrame:
    """The items of an example, as label files have them; of a question, what it is answered with."""
    if "gold" in one:
        return pd.DataFrame({"gold": one["gold"], "language": "en"})
    columns = {"context": one["contexts"], "answers": one["answers"]}
    return pd.DataFrame(columns).assign(gold="0:1", language="en")


def flags_by_the_gate(scores: pd.DataFrame) -> dict[tuple[str, str], str]:
    found = guessing.flagged(scores).reset_index()
    return dict(zip(zip(found["target_task"], found["language"], strict=True), found[0], strict=True))


def flags_by_the_study(scores: pd.DataFrame) -> dict[tuple[str, str], str]:
    found = flag_cells(scores)
    return dict(zip(zip(found["target_task"], found["language"], strict=True), found["flag"], strict=True))


FLAGS = {"gate": flags_by_the_gate, "study": flags_by_the_study}
GUESSES = {
    "gate": lambda task, labels: guessing.guess_of(task, labels),
    "study": lambda task, labels: study_guesses.guesses(task, labels)["en"],
}
