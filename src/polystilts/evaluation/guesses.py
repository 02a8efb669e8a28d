"""What guessing reaches: rows whose metric is `chance`, computed from the right answers alone.

A guess here is an informed one: it knows how long answers are, or which tags there are and in what order, and
reads not one word. docs/claims.md defines each.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from polystilts.evaluation.answers import Normaliser, normaliser
from polystilts.evaluation.labels import candidate_names
from polystilts.evaluation.metrics import chunk_closes, chunk_opens
from polystilts.tasks import TASKS, Task

CHANCE = "chance"  # the metric of a row that says what guessing reaches, where the number of items cannot
PLACES = 11  # tags are shifted round by one to ten elevenths of their number
FROM_LABELS = ("question_answering", "tagging")  # kinds whose guess is computed from labels alone
CELL = ["run_id", "target_task", "language"]


def guesses(task: Task, labels: pd.DataFrame, counts: Mapping[str, int] | None = None) -> dict[str, float]:
    """What guessing reaches (0–100) in each language of a target; nothing where its labels or items tell.

    `counts` holds how many candidates there are, where retrieval has more of them than questions.
    """
    if task.kind == "retrieval" and counts is not None:
        right = labels["gold"].str.split().str.len().groupby(labels["language"]).mean()
        return {code: random_ranking(task.metric, counts[code], right[code]) for code in right.index}
    if task.kind not in FROM_LABELS:
        return {}
    guess = random_span if task.kind == "question_answering" else other_tags
    return {code: guess(task, part) for code, part in labels.groupby("language", sort=False)}


def guess_rows(scored: pd.DataFrame, found: Mapping[str, float]) -> pd.DataFrame:
    """The rows of `scores.csv` that say what guessing reaches, beside what runs scored on a target."""
    rows = scored[scored["language"].isin(list(found))].drop_duplicates(["run_id", "language"])
    return rows.assign(metric=CHANCE, variant="", value=rows["language"].map(found).astype(float))


def without_guess(scores: pd.DataFrame) -> pd.DataFrame:
    """The rows of the baseline for which labels could tell what guessing reaches, and no row does."""
    rows = scores[(scores["strategy"] == "none") & (scores["split"] == "test")]
    told = pd.MultiIndex.from_frame(rows.loc[rows["metric"] == CHANCE, CELL])
    rows = rows[rows["task_kind"].isin(FROM_LABELS)]
    return rows[~pd.MultiIndex.from_frame(rows[CELL]).isin(told)]


def with_guesses(scores: pd.DataFrame, labels_of: Callable[[int, str], pd.DataFrame | None]) -> pd.DataFrame:
    """The scores with what guessing reaches in every cell of the baseline where none of its rows says so.

    `labels_of` gives the labels of a world's target, or None where they are not kept: nothing is added there.
    Where nothing is missing the table itself comes back.
    """
    added = []
    for (world, target), part in without_guess(scores).groupby(["world_seed", "target_task"]):
        labels = labels_of(int(world), target)
        if labels is not None:
            added.append(guess_rows(part, guesses(TASKS[target], labels)))
    added = [rows for rows in added if len(rows)]
    return pd.concat([scores, *added], ignore_index=True) if added else scores


def labels_in(folder: Path) -> Callable[[int, str], pd.DataFrame | None]:
    """The labels that a study left in its folder, as `with_guesses` asks for them."""

    def labels_of(world: int, target: str) -> pd.DataFrame | None:
        file = Path(folder) / "labels" / f"w{world}" / f"{target}.parquet"
        return pd.read_parquet(file) if file.is_file() else None

    return labels_of


# --- questions ------------------------------------------------------------------------------------------


def random_span(task: Task, labels: pd.DataFrame) -> float:
    """The mean F1 (0–100) of a random span of whole words of the context, in one language.

    Its length is drawn from those of all first right answers, cut to the context's; every start is equally
    likely; the mean over both is exact. Where questions may have no answer, saying always so is the guess if
    it reaches more.
    """
    normalise = _by_word(normaliser(task.normaliser, labels["language"].iloc[0]))
    answers = [list(texts) for texts in labels["answers"]]
    lengths = Counter(max(1, len(texts[0].split())) for texts in answers if texts)
    found = [
        _expected_f1(task, context.split(), texts, lengths, normalise)
        for context, texts in zip(labels["context"], answers, strict=True)
    ]
    silent = float(np.mean([not texts for texts in answers])) if task.unanswerable else 0.0
    return 100.0 * max(float(np.mean(found)), silent)


def _by_word(normalise: Normaliser) -> Callable[[str], list[str]]:
    """The rule for one word, which is that for a text: no rule looks beyond a space. Words come again."""
    known: dict[str, list[str]] = {}

    def words_of(word: str) -> list[str]:
        if word not in known:
            known[word] = normalise(word).split()
        return known[word]

    return words_of


def _expected_f1(
    task: Task, words: Sequence[str], answers: Sequence[str], lengths: Counter, normalise: Callable
) -> float:
    """The mean over lengths and starts of the best F1 with any right answer, from 0 to 1."""
    if not words or not lengths:
        return 0.0
    cut = Counter()
    for length, count in lengths.items():
        cut[min(length, len(words))] += count
    starts = np.concatenate([np.arange(len(words) - length + 1) for length in cut])
    places = np.array([len(words) - length + 1 for length in cut])
    ends = starts + np.repeat(np.array(list(cut)), places)
    weights = np.repeat(np.array(list(cut.values())) / cut.total() / places, places)
    tokens = [normalise(word) for word in words]
    sizes = _inside(np.array([len(own) for own in tokens]), starts, ends)
    right = [
        bag for bag in (Counter(t for w in text.split() for t in normalise(w)) for text in answers) if bag
    ]
    best = np.zeros(len(starts))
    if not right:  # nothing to share: only where questions may have no answer, no words are right
        best = (sizes == 0).astype(float) * task.unanswerable
    for bag in right:
        shared = sum(
            np.minimum(count, _inside(np.array([own.count(token) for own in tokens]), starts, ends))
            for token, count in bag.items()
        )
        best = np.maximum(best, np.where(sizes > 0, 2 * shared / (sizes + bag.total()), 0.0))
    return float(weights @ best)


def _inside(counts: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """The sum of the counts from each start up to its end."""
    before = np.concatenate([[0], np.cumsum(counts)])
    return before[ends] - before[starts]


# --- tags -----------------------------------------------------------------------------------------------


def other_tags(task: Task, labels: pd.DataFrame) -> float:
    """The chunk F1 (0–100) of tags from another place of the same test set, in one language.

    All tags in the order of the file are joined, moved on by k/11 of their number, cut into the same
    sentences again, and marked, for k = 1 … 10; the guess is the mean. `task` has no other measure of tags.

    >>> other_tags(TASKS["udpos"], pd.DataFrame({"gold": ["DET NOUN", "DET NOUN VERB"] * 20})) < 60
    True
    """
    sentences = [text.split(" ") for text in labels["gold"]]
    names = {
        tag: number for number, tag in enumerate(dict.fromkeys(["O", *(t for s in sentences for t in s)]))
    }
    tags = np.array([names[tag] for sentence in sentences for tag in sentence])
    # An O behind each sentence, as the measure has it, so that no chunk spans two.
    places = np.arange(len(tags)) + np.repeat(np.arange(len(sentences)), [len(s) for s in sentences])
    rule = _chunk_rule(list(names))
    gold = _chunks(tags, places, len(tags) + len(sentences), *rule)
    found = []
    for place in range(1, PLACES):
        shifted = _chunks(
            np.roll(tags, -(place * len(tags) // PLACES)), places, len(tags) + len(sentences), *rule
        )
        right = ((gold == shifted) & (gold >= 0)).sum()
        both = (gold >= 0).sum() + (shifted >= 0).sum()
        found.append(2 * right / both if both else 0.0)
    return 100.0 * float(np.mean(found))


def _chunk_rule(names: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each pair of neighbouring tags whether a chunk opens and closes there; the type of each tag."""
    parts = [(tag[:1], tag.rsplit("-", 1)[-1]) for tag in names]
    opens, closes = (
        np.array([[rule(*a, *b) for b in parts] for a in parts]) for rule in (chunk_opens, chunk_closes)
    )
    kinds = {kind: number for number, kind in enumerate(dict.fromkeys(kind for _, kind in parts))}
    return opens, closes, np.array([kinds[kind] for _, kind in parts])


def _chunks(
    tags: np.ndarray,
    places: np.ndarray,
    length: int,
    opens: np.ndarray,
    closes: np.ndarray,
    kinds: np.ndarray,
) -> np.ndarray:
    """At each place where a chunk has just closed one number for its start and type, elsewhere -1."""
    row = np.zeros(length + 1, dtype=int)  # what is no word is O, and so is what stands before the first
    row[places + 1] = tags
    before, here = row[:-1], row[1:]
    last = np.maximum.accumulate(np.where(opens[before, here], np.arange(length), 0))
    start = np.concatenate([[0], last[:-1]])
    return np.where(closes[before, here], start * len(kinds) + kinds[before], -1)


# --- rankings -------------------------------------------------------------------------------------------


def candidate_counts(task: Task, examples: Mapping[str, pd.DataFrame], entities: int = 0) -> dict[str, int]:
    """How many candidates a question in each language may be answered with; `entities` where those are."""
    rows = pd.concat([part.assign(language=code) for code, part in examples.items()], ignore_index=True)
    rows = rows[rows[task.search.answer] != ""]
    names = candidate_names(task, rows)
    own = names.groupby(rows["language"]).nunique()
    return {
        code: entities or int(own[code] if task.search.own_pool else names.nunique()) for code in examples
    }


def random_ranking(metric: str, candidates: int, right: int = 1) -> float:
    """The score (0–100) that candidates in random order are expected to reach, `right` of them being right.

    >>> random_ranking("accuracy", 200), round(random_ranking("mrr@20", 200), 1)
    (0.5, 1.8)
    >>> round(random_ranking("map@20", 20), 1), round(random_ranking("map@20", 5, right=5), 1)
    (18.0, 100.0)
    """
    if metric == "accuracy":
        return 100.0 * right / candidates
    places = range(1, min(20, candidates) + 1)
    if metric == "mrr@20":
        none_before, found = 1.0, 0.0
        for place in places:
            hit = min(1.0, right / (candidates - place + 1))
            found += none_before * hit / place
            none_before *= 1 - hit
        return 100 * found
    # The right one at a place has all others of its kind as likely before it as anywhere.
    others = (right - 1) / max(1, candidates - 1)
    hits = sum(right / candidates * (1 + others * (place - 1)) / place for place in places)
    return 100 * hits / min(20, right)
