"""What a claim must say beside its number, computed again: how far it carries, and what it hangs on.

A caveat that is left out makes a claim look better than it is, so each is asked for where it is due, and
nowhere else.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy

from polystilts.gate.calls import Call, cells_of, decide, language_groups
from polystilts.gate.estimates import Estimate, estimate, highest_unit, main_rows, subset
from polystilts.gate.finding import signed
from polystilts.tasks import TASKS

BASELINE = ["world_seed", "encoder", "encoder_seed", "target_task", "language", "metric", "variant"]
CEILING = 95.0  # the contract's line
LEADS = (  # what is in each caveat, whatever its numbers
    "For new languages:",
    "in cells at chance or above 95",
    "Every cell is at chance",
    " turns when any one of these is left out",
    "an encoder with random weights",
    "Not learned as practice",
    "Only one ",
)
VISIBLE = re.compile(r"An effect of (\d+\.\d) [^.]*? would be seen four times in five\.")
ONCE = {  # what may have been there only once, by the columns that tell
    "world": ["world_seed"],
    "kind of encoder": ["encoder"],
    "pretraining": ["world_seed", "encoder_seed"],
    "intermediate task": ["intermediate_task"],
    "target task": ["target_task"],
}


@dataclass(frozen=True)
class Background:
    """What the caveats of all claims are computed from."""

    scores: pd.DataFrame
    languages: pd.DataFrame
    low_resource: Mapping[int, frozenset[str]]
    flags: pd.Series  # "floor", "ceiling" or "" by the keys of BASELINE
    unlearned: frozenset[str]
    names: Mapping[str, str]
    real: bool


def background(
    scores: pd.DataFrame, languages: pd.DataFrame, low_resource: Mapping[int, frozenset[str]], real: bool
) -> Background:
    """Flags, practice that was not learned, and names, found once for all claims."""
    names = dict(zip(languages["language"], languages["name"], strict=True))
    names |= {name: task.title for name, task in TASKS.items()}
    return Background(scores, languages, low_resource, flagged(scores), unlearned(scores), names, real)


def flagged(scores: pd.DataFrame) -> pd.Series:
    """Which cells of the baseline are above 95, or no better than guessing by the score test for a share."""
    rows = main_rows(scores)
    cells = rows[rows["strategy"] == "none"].groupby(BASELINE).agg(value=("value", "mean"), n=("n", "min"))
    told = (
        scores[scores["metric"] == "chance"]
        .groupby(["world_seed", "target_task", "language"])["value"]
        .mean()
    )
    found = []
    for key, value, n in cells.itertuples():
        world, target, language = key[0], key[3], key[4]
        guess = 100 / n if TASKS[target].kind == "retrieval" else TASKS[target].chance
        guess = told.get((world, target, language), guess)
        found.append("ceiling" if value > CEILING else "" if above(value, guess, n) else "floor")
    return pd.Series(found, index=cells.index, dtype=object)


def above(value: float, guess: float, n: float) -> bool:
    """Whether a score on n items is better than a guess: the score test, two-sided at five per cent.

    >>> above(60.0, 50.0, 100), above(59.0, 50.0, 100), above(1.0, 0.0, 100)
    (True, False, True)
    """
    error = (guess * (100 - guess) / n) ** 0.5
    return value - guess > float(scipy.special.ndtri(0.975)) * error + 1e-9


def unlearned(scores: pd.DataFrame) -> frozenset[str]:
    """The intermediate tasks that English practice did not teach: no better than the commonest answer."""
    main = scores["target_task"].map({name: task.metric for name, task in TASKS.items()})
    dev = scores[scores["split"] == "dev"]
    own = dev[(dev["strategy"] == "english") & (dev["intermediate_task"] == dev["target_task"])]
    own = own[own["metric"] == main.reindex(own.index)]
    found = set()
    for task, part in own.groupby("target_task"):
        usual = dev[(dev["target_task"] == task) & (dev["metric"] == "majority")]["value"]
        guess = float(usual.mean()) if len(usual) else TASKS[task].chance
        if not above(float(part["value"].mean()), guess, float(part["n"].min())):
            found.add(task)
    return frozenset(found)


def caveats(call: Call, row: Mapping[str, Any], known: Background) -> Iterator[tuple[str, list[float]]]:
    """The caveats that a claim must carry, as words with places for numbers, and the numbers."""
    found, cells, measure = call.estimate, call.cells, row["contrast"].get("measure") or row["quantifier"]
    unit = highest_unit(cells)
    able = measure in ("mean", "between")
    without = _without(cells, row, unit) if able else {}
    if able and (reach := _new_languages(found, without)) is not None:
        yield "For new languages: {} to {}.", reach
    keys = pd.MultiIndex.from_frame(cells[BASELINE])
    flags = known.flags.reindex(keys).fillna("").to_numpy() != ""
    if flags.any():
        rest = estimate(cells[~flags], row["contrast"], row["quantifier"], unit=unit)
        if rest.n:
            words = f"Without the {flags.sum()} differences in cells at chance or above 95: {{}}."
            yield words, [rest.value]
        else:
            yield "Every cell is at chance or above 95.", []
    turned = [known.names.get(name, name) for name in _turning(found, without, row)]
    if turned:
        what = "sign" if row["direction"] in ("increase", "decrease") else "outcome"
        yield f"The {what} turns when any one of these is left out: {', '.join(turned)}.", []
    for target, ahead in _untrained(row, known):
        ends = [end for end in ahead.ends() if end is not None]
        words = (
            f"On {known.names[target]} an encoder with random weights does about as well: pretrained minus "
            f"random {{}} ({'{} to {}' if ends else 'no interval'}); shared words may suffice."
        )
        yield words, [ahead.value, *ends]
    if missed := sorted(known.unlearned & set(cells["intermediate_task"])):
        yield f"Not learned as practice: {', '.join(known.names[task] for task in missed)}.", []
    if limits := _limits(cells, unit, known.real):
        yield f"Only one {', one '.join(limits)}: nothing is said about others.", []


def _without(cells: pd.DataFrame, row: Mapping[str, Any], unit: str) -> dict[str, tuple[str, Estimate]]:
    """The estimate again without each language, and each target task, where there are others."""
    found = {}
    for column in ("language", "target_task"):
        values = sorted(cells[column].unique())
        for value in values if len(values) > 1 else ():
            part = cells[cells[column] != value]
            found[value] = column, estimate(part, row["contrast"], row["quantifier"], unit=unit)
    return found


def _new_languages(found: Estimate, without: Mapping[str, tuple[str, Estimate]]) -> list[float] | None:
    """The ends for languages that are not here: the jackknife over languages beside the spread of units."""
    left = np.array([rest.value for column, rest in without.values() if column == "language"])
    if found.error is None or len(left) < 3 or np.isnan(left).any():
        return None
    between = (len(left) - 1) ** 2 / len(left) * float(left.var(ddof=1))
    error, freedom = (found.error**2 + between) ** 0.5, min(found.freedom, len(left) - 1)
    half = float(scipy.stats.t.isf(0.025, freedom)) * error
    return [found.value - half, found.value + half]


def _turning(
    found: Estimate, without: Mapping[str, tuple[str, Estimate]], row: Mapping[str, Any]
) -> Iterator[str]:
    """The languages and targets without any one of which the sign, or of a bound the outcome, is another."""
    for name, (_, rest) in without.items():
        if row["direction"] in ("increase", "decrease"):
            turns = np.sign(rest.value) == -np.sign(found.value) != 0
        else:
            turns = decide(rest, row, 1.0, None) != decide(found, row, 1.0, None)
        if turns:
            yield name


def _untrained(row: Mapping[str, Any], known: Background) -> Iterator[tuple[str, Estimate]]:
    """The retrieval targets of a claim on which pretraining is not ahead of random weights."""
    arms, kinds = (
        [row["contrast"][side] for side in ("treatment", "control")],
        row["subset"].get("kinds") or (),
    )
    there = set(known.scores["strategy"])
    if "untrained" in arms or "retrieval" not in kinds or not {"none", "untrained"} <= there:
        return
    cells = cells_of(known.scores, known.languages, known.low_resource, "none", "untrained")
    asked = {"languages": row["subset"].get("languages", "all"), "kinds": ["retrieval"], "exposure": None,
             "cross_task": None}  # fmt: skip
    part = subset(cells, asked, language_groups(known.languages))
    for target, rows in part.groupby("target_task"):
        ahead = estimate(rows, {}, "mean")
        low, _ = ahead.ends()
        if low is None or low <= 0:
            yield target, ahead


def _limits(cells: pd.DataFrame, unit: str, real: bool) -> list[str]:
    """What was there only once; real data have allotments of text for worlds."""
    there = {column: cells[column].nunique(dropna=False) for columns in ONCE.values() for column in columns}
    limits = [word for word, columns in ONCE.items() if all(there[column] == 1 for column in columns)]
    if cells["allotment"].nunique() > 1 and unit == "seed":
        limits.append("pretraining for each allotment of text")
    return ["allotment of text" if real and word == "world" else word for word in limits]


def visible(found: Estimate, effect: float) -> bool:
    """Whether an effect of this size, give or take its rounding, is what would be seen four times in five."""
    edge = float(scipy.stats.t.isf(0.025 / max(1, len(found.cells)), found.freedom))

    def power(size: float) -> float:
        beyond = scipy.stats.nct.sf(edge, found.freedom, size / found.error)
        below = scipy.stats.nct.cdf(-edge, found.freedom, size / found.error)
        return float(np.nan_to_num(beyond, nan=1.0) + np.nan_to_num(below))  # no number is given far out

    return power(effect - 0.0501) <= 0.8 <= power(effect + 0.0501)


def says(sentence: str, words: str, values: Sequence[float]) -> bool:
    """Whether a sentence has these words with these numbers, rounded as the ledger rounds.

    It rounds before it cuts to six decimals: just at a half, either way is right.
    """
    ways = (words.format(*(signed(value + shift) for value in values)) for shift in (-1e-6, 1e-6))
    return any(way in sentence for way in ways)


def caveat_differences(
    claim: Mapping[str, Any], call: Call, row: Mapping[str, Any], known: Background
) -> list[str]:
    """Caveats that the sentence of a claim lacks, has otherwise, or has without a right to them."""
    if claim.get("estimate") is None or call.estimate is None:
        return []
    sentence, due = claim["sentence"], list(caveats(call, row, known))
    wrong = [f"its sentence does not say '{words.format(*map(signed, values))}'"
             for words, values in due if not says(sentence, words, values)]  # fmt: skip
    for lead in LEADS:
        if sentence.count(lead) > sum(lead in words for words, _ in due):
            wrong.append(f"its sentence has no right to '{lead.strip()}'")
    told = [float(number) for number in VISIBLE.findall(sentence)]
    known_spread = call.estimate.error is not None
    if len(told) != known_spread or (told and not visible(call.estimate, told[0])):
        wrong.append("its sentence does not say which effect would be seen four times in five")
    return wrong
