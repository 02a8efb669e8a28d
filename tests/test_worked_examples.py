"""Every quantity that a claim may print, by the answers that were worked out by hand in `worked_examples/`.

Study and gate are both held to each file; and each definition, once broken, is noticed by its example.
"""

import math
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from polystilts.evaluation import guesses as study_guesses
from polystilts.evidence import evaluate as study
from polystilts.evidence import headlines as study_headlines
from polystilts.evidence.hypotheses import Hypotheses, Hypothesis
from polystilts.evidence.telling import told
from polystilts.gate import calls, estimates, guessing, outcomes, qualifications
from polystilts.gate.claims import words_of
from polystilts.statistics import compare as study_compare
from polystilts.statistics.flags import flag_cells
from polystilts.tasks import STRATEGIES, TASKS

FILES = sorted((Path(__file__).parent / "worked_examples").glob("*.yaml"))
SAME = {"world": 11, "encoder_seed": 0, "seed": 0, "set": "-", "split": "test", "metric": ".", "n": 100}
ROW = {"id": "h", "family": "f", "quantifier": "mean", "direction": "increase", "smallest_effect": 1.0,
       "error_rate": 0.05, "sentence": "It helps.", "test": "t"}  # fmt: skip
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
        run = "--".join(str(one.get(name, "")) for name in ("strategy", "world", "set", "encoder_seed", "seed"))
        rows.append(
            {"scale": "example", "run_id": f"{run}--{own}", "world_seed": int(one["world"]), "encoder": "w64",
             "encoder_seed": int(one["encoder_seed"]), "strategy": one["strategy"], "intermediate_task": own,
             "language_set": one["set"], "seed": int(one["seed"]), "finetune_task": task.training_task,
             "target_task": task.name, "task_kind": task.kind, "language": one["language"], "exposure": "none",
             "split": one["split"], "metric": task.metric if one["metric"] == "." else one["metric"],
             "variant": "", "value": float(one["value"]), "n": int(one["n"])}
        )  # fmt: skip
    return pd.DataFrame(rows)


def rows_of(example: dict) -> list[dict]:
    """The hypotheses of an example as their files have them."""
    found = []
    for given in example.get("hypotheses", [{"id": "h"}]):
        given = dict(given)
        contrast = {"treatment": given.pop("treatment", "translated"), "control": given.pop("control", "english")}
        contrast |= {name: given.pop(name) for name in ("measure", "column", "first", "second") if name in given}
        subset = {"exposure": "none", "cross_task": None}
        subset |= {name: given.pop(name) for name in ("kinds", "intermediate_tasks", "languages") if name in given}
        found.append(ROW | given | {"contrast": contrast, "subset": subset})
    return found


def answers_of(example: dict) -> dict[str, dict]:
    """The answers by hypothesis."""
    rows = example.get("hypotheses", [{"id": "h"}])
    return example["answer"] if {row["id"] for row in rows} == set(example["answer"]) else {"h": example["answer"]}


# --- what each side finds ---------------------------------------------------------------------------------


def by_the_gate(example: dict) -> dict[str, dict]:
    """The claims that the gate would expect."""
    scores, rows, real = scores_of(example), rows_of(example), example.get("real", False)
    low = {int(world): frozenset() for world in scores["world_seed"].unique()}
    called = calls.call_all(rows, scores, LANGUAGES, low)
    known = qualifications.background(scores, LANGUAGES, low, real)
    found = {}
    for row in rows:
        call = called[row["id"]]
        words = words_of(call, row, known)
        estimate = call.estimate
        ends = (None, None) if estimate is None else estimate.ends()
        found[row["id"]] = words | {
            "estimate": None if estimate is None else estimate.value, "low": ends[0], "high": ends[1],
            "n": estimate.n if estimate else 0, "units": estimate.units if estimate else 0,
            "outcome": call.outcome, "left": left_of(call.cells, call.flags),
        }  # fmt: skip
    return found


def by_the_study(example: dict) -> dict[str, dict]:
    """The claims that the study would write."""
    names = dict(zip(LANGUAGES["language"], LANGUAGES["name"], strict=True))
    names = study_headlines.Names(names | {name: task.title for name, task in TASKS.items()}, example.get("real", False))
    hypotheses = Hypotheses(tuple(Hypothesis(**row) for row in rows_of(example)), None)
    found = {}
    for one in study.evaluate(scores_of(example), LANGUAGES, hypotheses, ()):
        these = one.comparison.these if one.comparison else None
        cells = one.cells
        found[one.hypothesis.id] = told(one, names) | {
            "estimate": these.estimate if these else None, "low": these.low if these else None,
            "high": these.high if these else None, "n": these.n if these else 0,
            "units": these.units if these else 0, "outcome": one.call.outcome,
            "left": left_of(cells, None if cells is None else (cells["flag"] != "").to_numpy()),
        }  # fmt: skip
    return found


def left_of(cells: pd.DataFrame | None, flags: np.ndarray | None) -> dict[str, list[int]]:
    """Of each target, how many differences are not flagged, and how many there are."""
    if cells is None:
        return {}
    targets = cells["target_task"].to_numpy()
    return {name: [int((~flags & (targets == name)).sum()), int((targets == name).sum())] for name in set(targets)}
