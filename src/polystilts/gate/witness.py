"""Who may plead other hardware: nobody, where this machine makes as long a training byte for byte."""

from collections.abc import Sequence
from dataclasses import replace

from polystilts.gate.evidence import Evidence
from polystilts.gate.rerun import Rerun, repeatable
from polystilts.tasks import STRATEGIES, TASKS


def updates_behind(evidence: Evidence, run: str, target: str) -> int:
    """How many updates the model that answers a target made, in its first stage and on the target's task."""
    record = evidence.runs[run]
    parameters, task = record["parameters"], TASKS[target].training_task
    first = parameters["intermediate_training"]["updates"]
    own = parameters["target_finetuning"]["updates"].get(task, 0)
    strategy = STRATEGIES[record["arm"]["strategy"]]
    longer = record["arm"]["strategy"] == "none-long" and task != "none"
    return own + first * (int(strategy.labelled) + int(strategy.masked_lm) + int(longer))


def witness_for(evidence: Evidence, reruns: Sequence[Rerun]) -> tuple[str, str] | None:
    """A further cell, of another arm and as much training, where cells came out close and none identical.

    A record may name any processor. A machine that makes one cell byte for byte makes all of that machine's
    that took no more updates.
    """
    close = [one for one in reruns if one.result == "within tolerance"]
    if not close or _excused(evidence, reruns) != close:
        return None
    drawn = {evidence.runs[one.run]["arm"]["strategy"] for one in reruns}
    suspect = close[0]
    least = updates_behind(evidence, suspect.run, suspect.target)
    others = [
        run
        for run in sorted(repeatable(evidence))
        if evidence.runs[run]["arm"]["strategy"] not in drawn
        and updates_behind(evidence, run, suspect.target) >= least
    ]
    others.sort(key=lambda run: updates_behind(evidence, run, suspect.target))
    return (others[0], suspect.target) if others else None


def _excused(evidence: Evidence, reruns: Sequence[Rerun]) -> list[Rerun]:
    """The cells that came out close while no cell of as many updates came out identical."""
    most = max(
        (updates_behind(evidence, one.run, one.target) for one in reruns if one.result == "identical"),
        default=-1,
    )
    return [
        one
        for one in reruns
        if one.result == "within tolerance" and updates_behind(evidence, one.run, one.target) > most
    ]


def judged_by_the_witness(evidence: Evidence, reruns: Sequence[Rerun]) -> list[Rerun]:
    """The cells again: where one of as many updates is identical, hardware excuses no other."""
    excused = _excused(evidence, reruns)
    same = [one for one in reruns if one.result == "identical"]
    if not same:
        return [*reruns]
    best = max(same, key=lambda one: updates_behind(evidence, one.run, one.target))
    why = f"; this machine made {best.run}, {best.target}, byte for byte, so hardware does not excuse it"
    return [
        replace(one, result="different", words=one.words + why)
        if one.result == "within tolerance" and one not in excused
        else one
        for one in reruns
    ]
