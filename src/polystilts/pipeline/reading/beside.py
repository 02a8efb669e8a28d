"""What stands beside the primary contrast: the benchmark's tables, controls, choices, others' numbers."""

import pandas as pd

from polystilts.errors import StudyError
from polystilts.evidence.claim import interval_words, signed
from polystilts.evidence.published import published_scores
from polystilts.figures.heatmap import ORDER
from polystilts.figures.style import METRIC_TITLES, STRATEGY_TITLES, task_title
from polystilts.pipeline.reading.page import language_name
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
    """The benchmark's own table: each strategy's score on each target, over all its languages, and the mean.

    As XTREME-R reports it: its own targets only, the source language and exposed languages among them. ± is
    half the 95 % interval over worlds, else seeds; a target counts equally in the mean, whatever its kind.
    """
    rows = with_main_variant(main_scores(scores))
    rows = rows[[TASKS[name].benchmark == "XTREME-R" for name in rows["target_task"]]]
    unit = highest_unit(rows)
    by_language = rows.groupby(["strategy", "target_task", unit, "language"])["value"].mean()
    by_unit = by_language.groupby(level=["strategy", "target_task", unit]).mean()
    targets = [name for name in ORDER if name in set(rows["target_task"])]
    table = []
    for strategy in (name for name in STRATEGIES if name in set(rows["strategy"])):
        own = by_unit[strategy].unstack("target_task")
        row = {"practice": STRATEGY_TITLES[strategy]}
        row |= {
            task_title(name): in_cell(t_interval(own[name], unit=unit)) for name in targets if name in own
        }
        mean = t_interval(own.mean(axis=1, skipna=False), unit=unit)
        part = rows[rows["strategy"] == strategy]
        table.append(row | {"mean": in_cell(mean), "units": mean.units, "scores": len(part)})
    return pd.DataFrame(table).fillna("not run")


def practice_table(scores: pd.DataFrame) -> pd.DataFrame:
    """Every strategy against no practice, controls among them: zero-shot, cross-task, low-resource.

    `scores` carry the levels of their languages, as `ready_scores` gives them.
    """
    rows, differences = [], contrasting(scores)
    for name in (one for one in STRATEGIES if one in set(scores["strategy"]) and one != "none"):
        cells = differences(name, "none")
        found = estimate(Subset(resource="low").of(cells))
        beside = estimate(Subset(resource="low", kinds=("retrieval",)).of(cells))
        rows.append({
            "practice": STRATEGY_TITLES[name],
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
        ends = f"{found.low:.0f} to {found.high:.0f}" if share and found.known else interval_words(found)
        rows.append((f"{name} ({unit})", digits, ends, found.units, found.n))
    return pd.DataFrame(rows, columns=["summary", "estimate", "95 % interval", "units", "differences"])


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
    """English practice at full size, as published: with it, without it, and the difference, task by task."""
    table = published_scores("XTREME test")
    wide = table.pivot(index="task", columns="system", values="value")
    metric = table.groupby("task")["metric"].first()
    rows = [
        (task_title(task), METRIC_TITLES[metric[task]], row["XLM-R Large"], row["X-STILTs"],
         signed(row["X-STILTs"] - row["XLM-R Large"]))
        for task, row in wide.iterrows()
    ]  # fmt: skip
    columns = ["task", "metric", "XLM-R Large", "after its best English practice", "difference, derived"]
    return pd.DataFrame(rows, columns=columns)


def base_table() -> pd.DataFrame:
    """What a base-size encoder reached on XTREME-R, as published: Tatoeba and LAReQA after English SQuAD."""
    table = published_scores("XTREME-R zero-shot")
    order = table.set_index("task").loc[[name for name in ORDER if name in set(table["task"])]]
    rows = [(task_title(name), METRIC_TITLES[row["metric"]], row["value"]) for name, row in order.iterrows()]
    return pd.DataFrame(rows, columns=["target task", "metric", "XLM-R base, as published"])
