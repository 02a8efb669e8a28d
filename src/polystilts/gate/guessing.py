"""What a guess reaches, computed again from the labels; which baselines and which lessons are no better.

As docs/claims.md defines it; nothing is taken from the room `evaluation`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
import scipy

from polystilts.gate.estimates import NOTHING, main_rows
from polystilts.gate.evidence import Evidence, plain_words
from polystilts.gate.finding import Finding, falsifies, several
from polystilts.gate.scoring import answer_words, tagging
from polystilts.tasks import TASKS, Task

BASELINE = ["world_seed", "encoder", "encoder_seed", "target_task", "language", "metric", "variant"]
CEILING = 95.0
PLACES = 11  # tags are shifted round by one eleventh after the other
ROUNDING = 1.5e-6  # tables keep six decimals
NULL_CONTROLS = {"shuffled": "english", "shuffled-translated": "translated"}  # and the arm of the same input


def wilson(value: float, n: float) -> tuple[float, float]:
    """The 95 % Wilson interval of a score (0 to 100) on n items, in per cent.

    >>> [round(end, 2) for end in wilson(50.0, 100)]
    [40.38, 59.62]
    """
    z, share = float(scipy.special.ndtri(0.975)), value / 100
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * (max(share * (1 - share), 0.0) / n + z**2 / (4 * n**2)) ** 0.5
    return 100 * (centre - half), 100 * (centre + half)


def flagged(scores: pd.DataFrame) -> pd.Series:
    """Which cells of the baseline are at the ceiling, at the floor or (an empty word) neither."""
    rows = main_rows(scores)
    cells = rows[rows["strategy"] == "none"].groupby(BASELINE).agg(value=("value", "mean"), n=("n", "min"))
    told = scores[scores["metric"] == "chance"]
    told = told.groupby(["world_seed", "target_task", "language"])["value"].mean()
    found = []
    for key, value, n in cells.itertuples():
        world, task, language = key[0], TASKS[key[3]], key[4]
        guess = 100 / n if task.kind == "retrieval" else task.chance
        if not task.chance:
            guess = told.get((world, task.name, language), guess)
        floor = guess >= wilson(value, n)[0]
        found.append("ceiling" if value > CEILING else "floor" if floor else "")
    return pd.Series(found, index=cells.index, dtype=object)


def flags_of(cells: pd.DataFrame, flags: pd.Series) -> np.ndarray:
    """Of each matched difference, whether its baseline cell is at a guess or above 95."""
    keys = pd.MultiIndex.from_frame(cells[BASELINE])
    return flags.reindex(keys).fillna("").to_numpy() != ""


def lesson(scores: pd.DataFrame, task: str, arms: Iterable[str]) -> tuple[float, float, float] | None:
    """An intermediate task's development score, its number of items and what a guess reaches there.

    The score is that of `english`, else of the arms that practise it; None where nobody was tested.
    """
    dev = scores[(scores["split"] == "dev") & (scores["target_task"] == task)]
    own = dev[(dev["intermediate_task"] == task) & (dev["metric"] == TASKS[task].metric)]
    own = own[own["value"].notna()]
    asked = own[own["strategy"] == "english"]
    if asked.empty:
        asked = own[own["strategy"].isin(set(arms) - set(NULL_CONTROLS))]
    if asked.empty:
        return None
    usual = dev[dev["metric"] == "majority"]["value"].mean()
    guess = TASKS[task].chance if np.isnan(usual) else float(usual)
    return float(asked["value"].mean()), float(asked["n"].min()), guess


def learned(told: tuple[float, float, float]) -> bool:
    """Whether the interval of a lesson's score lies above what a guess reaches."""
    value, n, guess = told
    return wilson(value, n)[0] > guess


def practised(cells: pd.DataFrame) -> list[str]:
    """The intermediate tasks of these differences."""
    return sorted(set(cells["intermediate_task"]) - set(NOTHING))


# --- from the labels ------------------------------------------------------------------------------------


def guess_of(task: Task, labels: pd.DataFrame) -> float:
    """What a guess reaches in the items of one language: a random span, or tags from another place."""
    gold = labels["gold"].astype(str).tolist()
    if task.kind == "tagging":
        return tags_from_another_place(task, gold)
    answers = [[str(answer) for answer in given] for given in labels["answers"]]
    texts = labels["context"].astype(str).tolist()
    return random_span(task, texts, answers, str(labels["language"].iloc[0]))


def tags_from_another_place(task: Task, gold: Sequence[str]) -> float:
    """The mean score of the gold tags themselves, shifted round by 1 to 10 elevenths of their number."""
    sentences = [text.split(" ") for text in gold]
    tags = np.array([tag for sentence in sentences for tag in sentence], dtype=object)
    ends = np.cumsum([len(sentence) for sentence in sentences])[:-1]
    found = []
    for place in range(1, PLACES):
        moved = np.roll(tags, -(place * len(tags) // PLACES))
        given = [" ".join(part) for part in np.split(moved, ends)]
        found.append(tagging(task, gold, given)[task.metric])
    return float(np.mean(found))


def random_span(
    task: Task, contexts: Sequence[str], answers: Sequence[Sequence[str]], language: str
) -> float:
    """The mean F1 of a span of whole words, over all starts, as long as one of the first right answers."""
    answered = [[answer for answer in given if answer] for given in answers]
    lengths = Counter(max(1, len(given[0].split())) for given in answered if given)
    found = []
    for context, right in zip(contexts, answered, strict=True):
        if right:
            words = [answer_words(word, task.normaliser, language) for word in context.split()]
            wanted = {answer_words(answer, task.normaliser, language) for answer in right} - {()}
            found.append(_expected_overlap(words, wanted, lengths))
        else:
            found.append(0.0)
    silent = sum(not right for right in answered) if task.unanswerable else 0
    return 100 * max(float(np.mean(found)), silent / len(answered))


def _expected_overlap(
    words: Sequence[Sequence[str]], wanted: Iterable[Sequence[str]], lengths: Counter
) -> float:
    """The F1 with the best of several right answers, as the mean over lengths and starts of spans."""
    before = np.concatenate([[0], np.cumsum([len(parts) for parts in words])])
    seen = {
        part: np.concatenate([[0], np.cumsum([parts.count(part) for parts in words])])
        for part in {part for right in wanted for part in right}
    }
    total = 0.0
    for length, weight in lengths.items():
        size = min(length, len(words))
        if not size:
            continue
        best = np.zeros(len(words) - size + 1)
        for right in wanted:
            shared = sum(
                np.minimum(seen[part][size:] - seen[part][:-size], count)
                for part, count in Counter(right).items()
            )
            best = np.maximum(best, 2 * shared / (before[size:] - before[:-size] + len(right)))
        total += weight * float(best.mean())
    return total / lengths.total()


# --- against the table ----------------------------------------------------------------------------------


@plain_words
def chance_findings(evidence: Evidence, cells: Mapping[str, pd.DataFrame]) -> Iterator[Finding]:
    """Rows of `chance` that are not what the labels give, that are missing, or that belong nowhere.

    What cannot be computed again concerns the claims whose differences (`cells`, by claim) have that target.
    Candidates of retrieval are counted elsewhere: labels do not name them all.
    """
    scores, unseen = evidence.scores, set()
    for (world, name), rows in scores[scores["split"] == "test"].groupby(["world_seed", "target_task"]):
        task, told = TASKS[name], rows[rows["metric"] == "chance"]
        base = rows[(rows["strategy"] == "none") & (rows["metric"] == task.metric)]
        odd = told if task.chance else told[told["strategy"] != "none"]
        if len(odd):
            what = f"tables/scores.csv: {len(odd)} rows of chance for {name} in world {world} belong nowhere"
            yield falsifies(what, sorted(set(odd["run_id"])))
        if task.chance or base.empty or task.kind == "retrieval":
            continue
        file = evidence.folder / "labels" / f"w{world}" / f"{name}.parquet"
        if file.is_file():
            yield from _differences(task, base, told, pd.read_parquet(file), f"{name} in world {world}")
        else:
            unseen.add(name)
    touched = [claim for claim, part in cells.items() if unseen & set(part["target_task"])]
    if touched:
        what = (
            f"what a guess reaches on {several(sorted(unseen), 9)} is not computed again: no labels are here"
        )
        yield Finding("open", what, claims=tuple(touched))


def _differences(
    task: Task, base: pd.DataFrame, told: pd.DataFrame, labels: pd.DataFrame, where: str
) -> Iterator[Finding]:
    """Cells of the baseline whose row of `chance` is not what the labels give."""
    items = {
        language: part for language, part in labels.groupby("language") if language in set(base["language"])
    }
    again = {language: guess_of(task, part) for language, part in items.items()}
    asked = base[["run_id", "language"]].drop_duplicates()
    both = asked.merge(told[["run_id", "language", "value", "n"]], how="left")
    right, size = (
        both["language"].map(again),
        both["language"].map({name: len(part) for name, part in items.items()}),
    )
    wrong = both[~((both["value"] - right).abs() <= ROUNDING) | (both["n"] != size)]
    if len(wrong):
        one = wrong.iloc[0]
        said = "nothing" if np.isnan(one["value"]) else f"{one['value']:.6f} on {one['n']:.0f} items"
        found = f"{again.get(one['language'], np.nan):.6f} on {len(items.get(one['language'], ()))}"
        what = f"tables/scores.csv: {len(wrong)} rows of chance for {where} are not what its labels give"
        what += f", the first in {one['language']}: published {said}, found {found}"
        yield falsifies(what, sorted(set(wrong["run_id"])))
