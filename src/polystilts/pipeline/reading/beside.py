"""What stands beside the primary contrast: the benchmark's tables, controls, choices, others' numbers."""

import math
from dataclasses import replace

import pandas as pd

from polystilts.errors import StudyError
from polystilts.evidence.claim import interval_words, signed
from polystilts.evidence.published import published_scores
from polystilts.figures.heatmap import ORDER
from polystilts.figures.style import METRIC_TITLES, STRATEGY_TITLES, in_order, task_title
from polystilts.pipeline.reading.page import ARM, language_name
from polystilts.statistics.aggregate import aggregates
from polystilts.statistics.compare import Subset, estimate
from polystilts.statistics.gains import contrasting
from polystilts.statistics.intervals import Interval, highest_unit, t_interval
from polystilts.statistics.regression import Regression
from polystilts.statistics.selection import optimism
from polystilts.statistics.tables import main_scores, with_main_variant
from polystilts.tasks import STRATEGIES, TASKS


def in_cell(found: Interval) -> str:
    """An estimate and half of its interval, as a table cell; its spaces do not break.

    >>> in_cell(t_interval([60.0, 62.0, 64.0])), in_cell(t_interval([60.0]))
    ('62.0\\xa0±\\xa05.0', '60.0')
    """
    half = f"\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}{found.half_width:.1f}" if found.known else ""
    return f"{found.estimate:.1f}{half}"


def benchmark_table(scores: pd.DataFrame) -> pd.DataFrame:
    """The benchmark's own table: each target's score after each arm, over all its languages, and the mean.

    As XTREME-R reports it: its own targets only, the source language and exposed languages among them. ± is
    half the 95 % interval over worlds, else seeds; a target counts equally in the mean, whatever its kind.
    Targets go down and strategies across, so that ten tasks fit a page.
    """
    rows = with_main_variant(main_scores(scores))
    rows = rows[[TASKS[name].benchmark == "XTREME-R" for name in rows["target_task"]]]
    unit = highest_unit(rows)
    by_language = rows.groupby(["strategy", "target_task", unit, "language"])["value"].mean()
    by_unit = by_language.groupby(level=["strategy", "target_task", unit]).mean()
    targets = [name for name in ORDER if name in set(rows["target_task"])]
    table = pd.DataFrame({"target task": [*map(task_title, targets), "mean", "units", "scores"]})
    for strategy in in_order(rows["strategy"]):
        own = by_unit[strategy].unstack("target_task")
        told = [in_cell(t_interval(own[name], unit=unit)) if name in own else "not run" for name in targets]
        mean = t_interval(own.mean(axis=1, skipna=False), unit=unit)
        count = f"{(rows['strategy'] == strategy).sum():,}"
        table[STRATEGY_TITLES[strategy]] = [*told, in_cell(mean), str(mean.units), count]
    return table


def practice_table(scores: pd.DataFrame) -> pd.DataFrame:
    """Every strategy against the baseline, controls among them: zero-shot, cross-task, low-resource.

    `scores` carry the levels of their languages, as `ready_scores` gives them.
    """
    rows, differences = [], contrasting(scores)
    for name in (one for one in in_order(scores["strategy"]) if one != "none"):
        cells = differences(name, "none")
        found = estimate(Subset(resource="low").of(cells))
        beside = estimate(Subset(resource="low", kinds=("retrieval",)).of(cells))
        rows.append({
            ARM: STRATEGY_TITLES[name],
            "part": "control" if STRATEGIES[name].control else "treatment",
            "gain": signed(found.estimate), "95 % interval": interval_words(found),
            "retrieval": signed(beside.estimate), "its interval": interval_words(beside),
            "units": found.units, "differences": found.n,
        })  # fmt: skip
    return pd.DataFrame(rows)


def robust_table(cells: pd.DataFrame) -> pd.DataFrame:
    """The mean beside two summaries that no single cell decides, with their intervals."""
    mean = estimate(cells)
    rows = [("mean difference (points)", signed(mean.estimate), interval_words(mean), mean.units, mean.n)]
    for name, found in aggregates(cells).items():
        share = name == "probability of improvement"
        unit, digits = ("%", f"{found.estimate:.0f}") if share else ("points", signed(found.estimate))
        ends = share_interval(found) if share else interval_words(found)
        rows.append((f"{name} ({unit})", digits, ends, found.units, found.n))
    return pd.DataFrame(rows, columns=["summary", "estimate", "95 % interval", "units", "differences"])


def share_interval(found: Interval) -> str:
    """The interval of a share in percent, made on the scale of log odds, so that it ends between 0 and 100.

    >>> share_interval(Interval(65.0, 12.0, 2, 3)), share_interval(Interval(65.0, None, 0, 1))
    ('16 to 95', 'no interval')
    """
    share = found.estimate / 100
    if not found.known or not 0 < share < 1:
        return "no interval"
    spread = found.se / 100 / (share * (1 - share))
    odds = replace(found, estimate=math.log(share / (1 - share)), se=spread)
    low, high = (100 / (1 + math.exp(-end)) for end in (odds.low, odds.high))
    return f"{low:.0f} to {high:.0f}"


def regression_table(found: Regression) -> pd.DataFrame:
    """The secondary regression over languages; what could not be told apart stands in it with the reason."""
    rows = [
        (row.meaning, signed(row.estimate), f"{signed(row.low)} to {signed(row.high)}", str(row.languages))
        for row in found.table.itertuples()
    ]
    rows += [(f"{name}: not estimated", "–", why, "–") for name, why in found.left_out.items()]
    if found.message:
        rows.append(("no regression", "–", found.message, "–"))
    columns = ["the gain changes with", "points", "95 % interval, or why there is none", "languages"]
    return pd.DataFrame(rows, columns=columns)


def choice_table(scores: pd.DataFrame, source: str) -> pd.DataFrame:
    """What choosing the best arm yields: chosen in the source language, and, forbidden, on the targets.

    Empty where nothing is asked in the source language, as Tatoeba alone: then nothing can be chosen by it.
    """
    rows = []
    try:
        found = optimism(scores, source)
    except StudyError:
        found = {}
    for name in (task for task in ORDER if task in found):
        fair, best, more = found[name]
        rows.append((task_title(name), in_cell(fair), in_cell(best), signed(more.estimate),
                     interval_words(more), more.units))  # fmt: skip
    columns = ["target task", f"chosen in {language_name(source)}", "FORBIDDEN: chosen on the targets",
               "bought by it", "95 % interval", "units"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def published_table() -> pd.DataFrame:
    """English intermediate training at full size, as published: without it, with it, and the difference."""
    table = published_scores("XTREME test")
    wide = table.pivot(index="task", columns="system", values="value")
    metric = table.groupby("task")["metric"].first()
    rows = [
        (task_title(task), METRIC_TITLES[metric[task]], row["XLM-R Large"], row["X-STILTs"],
         signed(row["X-STILTs"] - row["XLM-R Large"]))
        for task, row in wide.iterrows()
    ]  # fmt: skip
    columns = ["task", "metric", "XLM-R Large", "after its best English task", "difference, derived"]
    return pd.DataFrame(rows, columns=columns)


def base_table() -> pd.DataFrame:
    """What a base-size encoder reached on XTREME-R, as published: Tatoeba and LAReQA after English SQuAD."""
    table = published_scores("XTREME-R zero-shot")
    order = table.set_index("task").loc[[name for name in ORDER if name in set(table["task"])]]
    rows = [(task_title(name), METRIC_TITLES[row["metric"]], row["value"]) for name, row in order.iterrows()]
    return pd.DataFrame(rows, columns=["target task", "metric", "XLM-R base, as published"])
