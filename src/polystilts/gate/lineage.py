"""Are the files those the claims were made from? Hashes, parameters and encoder."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from itertools import product
from typing import Any

import yaml

from polystilts.files import fingerprint, sha256, sha256_of_folder
from polystilts.gate.evidence import HYPOTHESES, Evidence
from polystilts.gate.finding import Check, Finding, counted, falsifies, several
from polystilts.tasks import parse_arm, shut_out

CHOOSING = ("arms", "world_seeds", "encoder_seeds", "seeds", "target_tasks")  # lists that only choose runs
RESULTLESS = ("shared.batches", "pretraining.processes")  # knobs of speed, not of results


def check_files(evidence: Evidence) -> Check:
    """Every claim rests on runs, and every file of its lineage is the one it was made from."""
    question = "Does every claim rest on runs, and are their files unchanged?"
    changed, gone, findings = defaultdict(set), defaultdict(set), []
    hashes: dict[str, str | None] = {}
    for claim in evidence.claims:
        lineage = claim.get("lineage", {})
        if claim.get("estimate") is not None and not lineage.get("runs"):
            what = f"claim {claim['id']} gives a number and rests on no run"
            findings.append(falsifies(what, claims=(claim["id"],)))
        for run in set(lineage.get("runs", [])) - set(evidence.runs):
            gone[f"runs/{run}"].add(claim["id"])
        findings += _left_out(evidence, claim)
        for name, expected in lineage.get("files", {}).items():
            if name in HYPOTHESES:  # judged by the protocol: an edit may come before or after a freeze
                continue
            if name not in hashes:
                file = evidence.file(name)
                hashes[name] = sha256(file) if file.is_file() else None
            if hashes[name] is None:
                gone[name].add(claim["id"])
            elif hashes[name] != expected:
                changed[name].add(claim["id"])
    findings += [falsifies(f"{name} is not the file that {len(claims)} claims were made from", claims=claims)
                 for name, claims in sorted(changed.items())]  # fmt: skip
    for name, claims in sorted(gone.items()):
        if evidence.real and name.startswith("labels/"):
            what = f"{name} is not here, for labels of real data are not passed on; a run with DATA= makes it"
            findings.append(Finding("open", what, claims=tuple(claims)))
        else:
            findings.append(falsifies(f"{name} is gone; {len(claims)} claims rest on it", claims=claims))
    done = f"{len(hashes)} files compared with the hashes in the lineage of {len(evidence.claims)} claims."
    return Check("files", question, done, tuple(findings), facts={"files": len(hashes)})


def _left_out(evidence: Evidence, claim: Mapping[str, Any]) -> Iterator[Finding]:
    """Files that are here, that a claim rests on, and that its lineage does not name."""
    lineage = claim.get("lineage", {})
    named, runs = lineage.get("files", {}), set(lineage.get("runs", [])) & set(evidence.runs)
    names = {f"tables/{name}.csv" for name in ("scores", "gains", "languages") if runs}
    for run in runs:
        names.add(f"runs/{run}/run.json")
        world = evidence.runs[run]["seeds"]["world"]
        for target in evidence.runs[run]["parameters"]["shared"]["target_tasks"]:
            names |= {f"runs/{run}/predictions/{target}.parquet", f"labels/w{world}/{target}.parquet"}
    lacking = sorted(name for name in names - named.keys() if evidence.file(name).is_file())
    if not lacking:
        return
    what = f"claim {claim['id']}: its lineage leaves out {counted(len(lacking), 'file')} that it rests on"
    bare = (evidence.folder / "pool.json").is_file() and not set(named) - set(HYPOTHESES)
    effect = "open" if bare else "falsifies"  # a fresh pool names none: its bundles have their own
    yield Finding(effect, f"{what}, the first {lacking[0]}", claims=(claim["id"],))


# --- runs and parameters --------------------------------------------------------------------------------


def check_runs(evidence: Evidence) -> Check:
    """Every run that the parameters ask for is there, no other, and all were made with these parameters."""
    question = "Are all runs there, made with the parameters that the study names?"
    if not evidence.runs:
        lost = falsifies("there is not a single run below runs/")
        return Check("runs", question, "There are no runs.", (lost,), complete=False)
    findings = []
    for run, record in evidence.runs.items():
        differing = list(knobs_that_differ(record["parameters"], evidence.parameters))
        if differing:
            knob, mine, others = differing[0]
            findings.append(
                falsifies(f"runs/{run}/run.json says {knob} = {mine!r}, other runs say {others!r}", (run,))
            )
        for stage, knob, mine, whole in _stage_differences(record):
            findings.append(
                falsifies(
                    f"runs/{run}/run.json: {stage} was made with {knob} = {mine!r}, the run says {whole!r}",
                    (run,),
                )
            )
    name, today = parameters_today(evidence)
    for knob, mine, now in knobs_that_differ(evidence.parameters, today or evidence.parameters):
        findings.append(falsifies(f"{name} says {knob} = {now!r}; the runs were made with {mine!r}"))
    findings += _target_differences(evidence, name, today)
    asked = set().union(*(runs_asked_for(record["parameters"]) for record in evidence.runs.values()))
    if waiting := worlds_to_come(evidence, today):
        today = {**today, "shared": {**today["shared"], "world_seeds": sorted(worlds_there(evidence))}}
        worlds = ", ".join(map(str, waiting))
        findings.append(Finding("open", f"the pool is not complete: worlds {worlds} of {name} are to come"))
    asked |= runs_asked_for(today) if today else set()
    for run in sorted(asked - set(evidence.runs)):
        findings.append(
            falsifies(
                f"run {run} is asked for by the parameters and is not there: a seed or an arm was dropped"
            )
        )
    for run in sorted(set(evidence.runs) - asked):
        findings.append(falsifies(f"run {run} is there and the parameters do not ask for it", (run,)))
    done = f"{len(evidence.runs)} runs found of {len(asked)} asked for."
    return Check("runs", question, done, tuple(findings), facts={"runs": len(evidence.runs)})


def worlds_there(evidence: Evidence) -> set[int]:
    """The worlds that any run was made in."""
    return {record["seeds"]["world"] for record in evidence.runs.values()}


def worlds_to_come(evidence: Evidence, today: Mapping[str, Any] | None) -> list[int]:
    """The declared worlds that a pool has no run of yet; what is no pool has all its worlds, or lost some."""
    if today is None or not (evidence.folder / "pool.json").is_file():
        return []
    return sorted(set(today["shared"]["world_seeds"]) - worlds_there(evidence))


def parameters_today(evidence: Evidence) -> tuple[str, Mapping[str, Any] | None]:
    """The scale's file as it stands, by its name; a variant keeps its own beside its outputs."""
    file = evidence.repository / "params" / f"{evidence.scale}.yaml"
    if "+" in evidence.scale:
        file = evidence.folder / "params.yaml"
    if not file.is_file():
        return file.name, None
    name = f"params/{file.name}" if file.parent.name == "params" else file.name
    return name, yaml.safe_load(file.read_text(encoding="utf-8"))


def knobs_that_differ(
    mine: Mapping[str, Any], other: Mapping[str, Any], path: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """Knobs that both have with other values, but for lists that choose runs, and knobs of speed."""
    for key in mine.keys() & other.keys():
        knob = f"{path}.{key}" if path else str(key)
        if knob in RESULTLESS or (path == "shared" and key in CHOOSING):
            continue
        if isinstance(mine[key], Mapping) and isinstance(other[key], Mapping):
            yield from knobs_that_differ(mine[key], other[key], knob)
        elif mine[key] != other[key]:
            yield knob, mine[key], other[key]


def _target_differences(evidence: Evidence, name: str, today: Mapping[str, Any] | None) -> Iterator[Finding]:
    """Target tasks that runs leave out or add: the scale's file names them all, and every run answers all."""
    if today is None:
        name, today = "most runs", evidence.parameters
    wanted, runs = set(today["shared"]["target_tasks"]), defaultdict(list)
    for run, record in evidence.runs.items():
        mine = set(record["parameters"]["shared"]["target_tasks"])
        practised = record["arm"]["intermediate_task"]
        practised = "" if practised == "none" else practised
        if taken := sorted(name for name in mine if shut_out(practised, name)):
            what = f"run {run} was asked {several(taken)}, whose items its practice may have read"
            yield falsifies(what, (run,))
        due = {name for name in wanted if not shut_out(practised, name)}
        if mine != due:
            runs[frozenset(mine), frozenset(due)].append(run)
        answered = {stage["task"] for stage in record.get("stages", []) if stage["stage"] == "predict"}
        if "stages" in record and answered != mine:
            what = f"runs/{run}/run.json: its stages and its parameters differ in the target tasks"
            yield falsifies(f"{what} {several(sorted(answered ^ mine))}", (run,))
    for (mine, due), named in runs.items():
        if lost := sorted(due - mine):
            what = f"{name} asks for {several(lost)}, which {counted(len(named), 'run')} did not answer"
            yield falsifies(f"{what}: a target task was dropped", named)
        if more := sorted(mine - wanted):
            what = f"{counted(len(named), 'run')} answered {several(more)}, which {name} does not ask for"
            yield falsifies(f"{what}: a target task was added", named)


def _stage_differences(record: Mapping[str, Any]) -> Iterator[tuple[str, str, Any, Any]]:
    """Knobs that a stage was made with and that its run names otherwise."""
    for stage in record.get("stages", []):
        whole = record["parameters"]
        if stage["stage"] == "finetune":  # knobs may be given for each training task by its name
            tuned = {
                knob: value.get(stage["task"], value) if isinstance(value, Mapping) else value
                for knob, value in whole.get("target_finetuning", {}).items()
            }
            whole = {**whole, "target_finetuning": tuned}
        for knob, mine, other in knobs_that_differ(stage.get("parameters", {}), whole):
            yield f"{stage['stage']} of {stage['task']}", knob, mine, other


def runs_asked_for(parameters: Mapping[str, Any]) -> set[str]:
    """The names of the runs that parameters ask for: arms × world seeds × encoder seeds × seeds."""
    shared = parameters["shared"]
    names = set()
    for text, world, encoder, seed in product(*(shared[knob] for knob in CHOOSING[:4])):
        names.add(name_of_run(shared["encoder"], world, encoder, asdict(parse_arm(text)), seed))
    return names


def name_of_run(encoder: str, world: int, encoder_seed: int, arm: Mapping[str, str], seed: int) -> str:
    """The name that a run has by its encoder, its seeds and its arm."""
    words = [arm[part] or "none" for part in ("strategy", "intermediate_task", "language_set")]
    return f"{encoder}.w{world}.e{encoder_seed}--{'--'.join(words)}--s{seed}".lower()


# --- encoder ----------------------------------------------------------------------------------------------


def check_encoder(evidence: Evidence) -> Check:
    """The encoder that lies beside the runs is the one they started from."""
    question = "Is the encoder the one that the runs started from?"
    findings, looked, absent = [], 0, []
    for parent in sorted({record["parent"] for record in evidence.runs.values()}):
        runs = [name for name, record in evidence.runs.items() if record["parent"] == parent]
        folder = evidence.folder / "encoders" / parent
        if not folder.is_dir():
            absent.append(f"encoders/{parent}")
            continue
        looked += 1
        found = fingerprint(sha256_of_folder(folder))
        for run in runs:
            expected = evidence.runs[run]["hashes"]["encoder"]
            if found != expected:
                findings.append(
                    falsifies(
                        f"encoders/{parent} was replaced: run {run} started from {expected}, "
                        f"here lies {found}",
                        (run,),
                    )
                )
    if absent:
        what = f"{several(absent)} not kept; runs that started there cannot be repeated"
        findings.append(Finding("note", what))
    return Check(
        "encoder", question, f"{counted(looked, 'encoder')} compared by hash.", tuple(findings), looked > 0
    )
