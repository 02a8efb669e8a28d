"""One bundle: what a study left, or one finished world of it, and what it must share with other bundles."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from polystilts import paths
from polystilts.errors import StudyError, WrongUse
from polystilts.evaluation.guesses import labels_in, with_guesses
from polystilts.evidence.claim import Claim
from polystilts.evidence.ledger import read_claims
from polystilts.evidence.summary import headline
from polystilts.files import read_json, sha256
from polystilts.pipeline.params import load_scale
from polystilts.pipeline.study import RUN_LISTS
from polystilts.sources.allotments import low_resource_in_world
from polystilts.statistics.tables import read_table, require

# What bundles may differ in: what each of them is one draw of, and how its work was split.
FREE = {"world_seeds", "encoder_seeds", "batches", "encoder", "processes"}
FREE_SECTIONS = {"pretraining"}  # a site may bring an encoder of its own


@dataclass(frozen=True)
class Bundle:
    """One study, or one finished world of it, with what it must share with the others."""

    name: str
    folder: Path
    scores: pd.DataFrame
    languages: pd.DataFrame
    hypotheses: str  # hash of the hypotheses its claims were judged by; empty where it has no claims
    code: Mapping[str, str]  # hash of the code behind each arm
    parameters: Mapping[str, Any]  # every knob that bundles must share, by its path
    low_resource: tuple[str, ...]
    declared: tuple[int, ...]  # the worlds its scale names
    scale: str  # what its runs belong to, without the name of a variant
    status: str  # what the gate said of its primary claim
    left_out: tuple[int, ...] = ()  # worlds of the folder that are not finished


def bundles_of(folder: Path) -> list[Bundle]:
    """The bundles in one folder: one for each finished world, from the tables its claims were made of."""
    scores = with_guesses(read_table(folder / "tables" / "scores.csv"), labels_in(folder))
    require(scores, ("run_id", "world_seed", "target_task"), f"{folder}/tables/scores.csv")
    claims = read_claims(folder / "claims.json") if (folder / "claims.json").exists() else []
    refuse_other_scores(folder, claims)
    records = {run: read_json(folder / "runs" / run / "run.json") for run in sorted(set(scores["run_id"]))
               if (folder / "runs" / run / "run.json").exists()}  # fmt: skip
    lost = sorted(set(scores["run_id"]) - set(records))
    if lost:
        raise StudyError(f"{folder}: {len(lost)} runs have scores and no run.json, the first is {lost[0]}; "
                         "fetch the whole bundle")  # fmt: skip
    scale_file = folder / "params.yaml"
    scale_file = scale_file if scale_file.exists() else paths.PARAMS / f"{folder.name.partition('+')[0]}.yaml"
    declared = declared_worlds(scale_file) if scale_file.exists() else ()
    languages = read_table(folder / "tables" / "languages.csv")
    hashes = {claim.lineage.get("hypotheses", "") for claim in claims} or {""}
    whole = max(part["run_id"].nunique() for _, part in scores.groupby("world_seed"))
    found, unfinished = [], []
    for seed, part in scores.groupby("world_seed"):
        if not finished(part, [records[run] for run in part["run_id"].unique()], whole):
            unfinished.append(int(seed))
            continue
        runs = [records[run] for run in sorted(part["run_id"].unique())]
        several = scores["world_seed"].nunique() > 1
        found.append(Bundle(
            name=f"{folder.name}/w{seed:.0f}" if several else folder.name,
            folder=folder, scores=part, languages=languages, hypotheses=",".join(sorted(hashes)),
            code={arm_of(run): run["hashes"]["code"] for run in runs},
            parameters=shared_knobs(runs[0]["parameters"]),
            low_resource=low_resource_in_world(runs[0]["parameters"]["shared"], int(seed)),
            declared=declared,
            scale=runs[0]["scale"].partition("+")[0],
            status=headline(claims)[0].status if claims else "no claims",
        ))  # fmt: skip
    if found:
        found[0] = replace(found[0], left_out=tuple(unfinished))
    return found


def declared_worlds(file: Path) -> tuple[int, ...]:
    """The worlds that a file of parameters names."""
    try:
        return tuple(yaml.safe_load(file.read_text(encoding="utf-8"))["shared"]["world_seeds"])
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError):
        raise WrongUse(f"{file} does not say shared.world_seeds; fetch the whole bundle again") from None


def refuse_other_scores(folder: Path, claims: Sequence[Claim]) -> None:
    """Refuse a bundle whose scores are not the ones its claims were computed from."""
    told = {claim.lineage.get("files", {}).get("tables/scores.csv") for claim in claims} - {None}
    if told and told != {sha256(folder / "tables" / "scores.csv")}:
        raise StudyError(
            f"{folder}: tables/scores.csv is not the file that claims.json was made of; run chapter 07 again"
        )


def finished(part: pd.DataFrame, records: Sequence[Mapping], whole: int) -> bool:
    """Whether a world has every run that its parameters, and the fullest world, name, with every target."""
    shared = records[0]["parameters"]["shared"]
    wanted = len(shared["arms"]) * len(shared["encoder_seeds"]) * len(shared["seeds"])
    targets = part[part["split"] == "test"].groupby("run_id")["target_task"].agg(set)
    return part["run_id"].nunique() >= max(whole, wanted) and all(
        set(shared["target_tasks"]) <= found for found in targets
    )


def arm_of(record: Mapping[str, Any]) -> str:
    """An arm as scale files write it."""
    return ":".join(
        filter(None, (record["arm"][key] for key in ("strategy", "intermediate_task", "language_set")))
    )


def shared_knobs(parameters: Mapping[str, Any], place: str = "") -> dict[str, Any]:
    """Every knob that bundles must have in common, flat, by its path."""
    found: dict[str, Any] = {}
    for key, value in parameters.items():
        if key in FREE or (not place and key in FREE_SECTIONS):
            continue
        path = f"{place}{key}"
        found |= shared_knobs(value, f"{path}.") if isinstance(value, Mapping) else {path: value}
    return found


def turned_knobs(one: Bundle) -> list[str]:
    """The knobs of a bundle that are not as its scale declares them; which runs there are does not count."""
    if not (paths.PARAMS / f"{one.scale}.yaml").is_file():
        return [f"params/{one.scale}.yaml"]
    declared = shared_knobs(load_scale(one.scale).sections)
    chosen = {f"shared.{name}" for name in RUN_LISTS}
    return sorted(knob for knob in {*declared, *one.parameters} - chosen
                  if declared.get(knob) != one.parameters.get(knob))  # fmt: skip


def refuse_differences(bundles: Sequence[Bundle], hypotheses: str) -> None:
    """Refuse bundles that do not answer the same question in the same way, naming what differs and where."""
    first, problems = bundles[0], []
    for one in bundles:
        if one.hypotheses not in ("", hypotheses):
            problems.append(f"hypotheses of {one.name} are {one.hypotheses}, here they are {hypotheses}")
    for one in bundles[1:]:
        for what, ours, theirs in (
            ("code of", first.code, one.code),
            ("", first.parameters, one.parameters),
        ):
            problems += [
                f"{what} {key} is {ours.get(key, 'absent')} in {first.name} and {theirs.get(key, 'absent')} "
                f"in {one.name}".strip()
                for key in sorted({*ours, *theirs})
                if ours.get(key) != theirs.get(key)
            ]
    seen: dict[str, str] = {}
    for one in bundles:
        for run in sorted(set(one.scores["run_id"])):
            if run in seen:
                problems.append(f"run {run} is in {seen[run]} and in {one.name}: it would count twice")
                break
            seen[run] = one.name
    if problems:
        more = f" (and {len(problems) - 3} more differences)" if len(problems) > 3 else ""
        raise StudyError(f"these bundles cannot be pooled: {'; '.join(problems[:3])}{more}")
