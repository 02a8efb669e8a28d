"""Did all arms spend the same, and do the tables of it agree with each other and with arithmetic?"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from polystilts.gate.evidence import Evidence
from polystilts.gate.finding import Check, Finding, counted, falsifies
from polystilts.tasks import STRATEGIES

ALIKE = 0.15  # how far one seed's tokens of the same arm may lie from the others': texts differ in length
SPARE = (
    0.25,
    30.0,
)  # a time may differ from its record by this share, and by so many seconds: of interruptions


def check_budgets(evidence: Evidence) -> Check:
    """Labelled arms spend the same rows and updates; every run spends what its parameters say."""
    question = "Do all arms spend the same?"
    table = evidence.table("budget")
    if table is None or not evidence.runs:
        return Check(
            "budgets",
            question,
            "There is no tables/budget.csv.",
            (Finding("open", "tables/budget.csv is not there: budgets were not compared"),),
            complete=False,
        )
    findings = []
    spent = table.set_index("run_id")
    for run in sorted(set(evidence.runs) ^ set(spent.index)):
        findings.append(falsifies(f"run {run} is in only one of runs/ and tables/budget.csv", (run,)))
    for run in sorted(set(evidence.runs) & set(spent.index)):
        record, row = evidence.runs[run], spent.loc[run]
        updates = planned_updates(record)
        if row["updates"] != updates:
            findings.append(
                falsifies(
                    f"tables/budget.csv: run {run} spent {row['updates']:.0f} updates, its "
                    f"parameters give {updates}",
                    (run,),
                )
            )
        tokens = sum(stage["tokens"] for stage in record["stages"] if stage["stage"] != "predict")
        if tokens != row["labelled_tokens"] + row["mlm_tokens"]:
            findings.append(
                falsifies(
                    f"tables/budget.csv: run {run} read "
                    f"{row['labelled_tokens'] + row['mlm_tokens']:.0f} tokens, its record says "
                    f"{tokens}",
                    (run,),
                )
            )
        if flops := _flops_wrong(record, row, tokens):
            findings.append(falsifies(f"tables/budget.csv: run {run} {flops}", (run,)))
    findings += [*_uneven_tokens(evidence), *_odd_times(evidence)]
    labelled = spent[
        [
            STRATEGIES[evidence.runs[run]["arm"]["strategy"]].labelled if run in evidence.runs else False
            for run in spent.index
        ]
    ]
    for column in ("rows", "updates"):
        spent_on_labels = labelled[column].copy()
        if column == "updates":  # masked words beside the labels come on top, as the arm's name says
            spent_on_labels -= [_masked_beside(evidence.runs[run]) for run in labelled.index]
        usual = spent_on_labels.mode()
        # An epoch ends with a smaller batch: real data sets, of unequal sizes, give some rows fewer for equal
        # updates. Invented ones are all as large as they were asked to be.
        spare = 0.01 if column == "rows" and evidence.real else 0.0
        for run, value in spent_on_labels.items() if len(usual) else ():
            if abs(value - usual[0]) > spare * usual[0]:
                findings.append(
                    falsifies(
                        f"tables/budget.csv: budgets are unequal: run {run} spent {value:.0f} "
                        f"{column}, most labelled arms {usual[0]:.0f}",
                        (run,),
                    )
                )
    done = f"The budgets of {len(spent)} runs compared with each other and with their parameters."
    return Check("budgets", question, done, tuple(findings))


def planned_updates(record: Mapping[str, Any]) -> int:
    """How many updates a run spends, by its parameters: nothing is stopped early, nothing chosen after."""
    parameters, arm = record["parameters"], record["arm"]
    target, first = parameters["target_finetuning"], parameters["intermediate_training"]
    tasks = [stage["task"] for stage in record["stages"] if stage["stage"] == "finetune"]
    updates = sum(target["updates"][task] for task in tasks)
    strategy = STRATEGIES[arm["strategy"]]
    if arm["strategy"] == "none-long":
        return updates + first["updates"] * len(tasks)
    times = 2 if strategy.labelled and strategy.masked_lm else int(strategy.labelled or strategy.masked_lm)
    return updates + first["updates"] * times


def _masked_beside(record: Mapping[str, Any]) -> int:
    """The updates of masked words that an arm makes beside its labelled ones."""
    strategy = STRATEGIES[record["arm"]["strategy"]]
    beside = strategy.labelled and strategy.masked_lm
    return record["parameters"]["intermediate_training"]["updates"] if beside else 0


def backbone_parameters(pretraining: Mapping[str, Any]) -> int:
    """The parameters of an encoder of ours outside its embeddings, layer by layer.

    >>> backbone_parameters({"hidden": 64, "feed_forward": 128, "layers": 3})
    100416
    """
    hidden, inner = pretraining["hidden"], pretraining["feed_forward"]
    attention = 4 * (hidden * hidden + hidden)
    return pretraining["layers"] * (attention + 2 * hidden * inner + inner + hidden + 4 * hidden)


def _flops_wrong(record: Mapping[str, Any], row: pd.Series, tokens: int) -> str:
    """Where a run's operations are not six for each parameter and token (Kaplan et al. 2020)."""
    pretraining = record["parameters"]["pretraining"]
    if not pretraining["updates"] or "flops" not in row:
        return ""  # an encoder from elsewhere: its size is not in the parameters
    right = 6 * backbone_parameters(pretraining) * tokens
    return (
        ""
        if row["flops"] == right
        else f"is said to take {row['flops']:.0f} operations, its size gives {right}"
    )


def _uneven_tokens(evidence: Evidence) -> Iterator[Finding]:
    """Trainings on the same rows, in the same order, that say they read other numbers of tokens."""
    same: dict[tuple, dict[str, int]] = defaultdict(dict)
    arms: dict[tuple, dict[str, int]] = defaultdict(dict)
    for run, record in evidence.runs.items():
        for stage in record["stages"]:
            if stage["stage"] == "finetune" and record["arm"]["strategy"] != "none-long":
                same[record["parent"], record["seeds"]["run"], stage["task"]][run] = stage["tokens"]
            elif stage["stage"] == "intermediate":
                arms[record["parent"], run.rpartition("--")[0]][run] = stage["tokens"]
    for groups, share in ((same, 0.0), (arms, ALIKE)):
        for key, tokens in groups.items():
            usual = pd.Series(tokens).mode()[0] if not share else float(pd.Series(tokens).median())
            odd = [run for run, count in tokens.items() if abs(count - usual) > share * usual]
            if odd and len(tokens) > 1:
                what = (
                    f"run {odd[0]} says it read {tokens[odd[0]]:,} tokens of {key[-1]}, its like {usual:,.0f}"
                )
                yield falsifies(what, odd)


def _odd_times(evidence: Evidence) -> Iterator[Finding]:
    """Runs whose time in tables/time.csv is far from what their records say; no claim rests on it."""
    times = evidence.table("time")
    if times is None or not {"run_id", "cpu_s"} <= set(times):
        return
    spent = pd.to_numeric(times["cpu_s"], errors="coerce").groupby(times["run_id"]).sum()
    odd = [
        run
        for run, record in evidence.runs.items()
        if run in spent.index and abs(spent[run] - record["cpu_s"]) > SPARE[0] * record["cpu_s"] + SPARE[1]
    ]
    if odd:
        what = f"tables/time.csv: {counted(len(odd), 'run')} took other times than their records say"
        yield Finding(
            "weakens",
            f"{what}, the first {odd[0]}: {spent[odd[0]]:.0f} s of processor time and "
            f"{evidence.runs[odd[0]]['cpu_s']:.0f} s",
            tuple(odd),
        )
