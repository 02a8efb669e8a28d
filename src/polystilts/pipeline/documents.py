"""What plan, status, score and trace tell, as JSON for machines; each document has a schema in `schemas/`."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from polystilts import paths
from polystilts.evaluation.overall import overall
from polystilts.files import sha256
from polystilts.gate.evidence import Evidence
from polystilts.gate.trace import find
from polystilts.pipeline.chapters import jobs_of
from polystilts.pipeline.forecast import cells_of, forecast, updates_of
from polystilts.pipeline.left import Left, left_of
from polystilts.pipeline.progress import in_time
from polystilts.pipeline.study import Study

SCHEMAS = Path(__file__).with_name("schemas")


def study_document(study: Study, left: Left) -> dict[str, Any]:
    """What a study is, and how much of its work is left."""
    whole = cells_of(study)
    still = left.counts(whole)
    return {
        "study": study.name,
        "scale": study.scale.name,
        "folder": paths.shown(study.folder),
        "work": {stage: {"all": count, "left": still[stage]} for stage, count in whole.items()},
    }


def plan_document(study: Study, cores: int) -> dict[str, Any]:
    """What a study will do and cost, all of it and what is left; a cost is null if nothing was measured."""
    left = left_of(study)
    priced = forecast(study, cores), forecast(study, cores, left)
    whole, rest = (asdict(cost) if cost else None for cost in priced)
    return study_document(study, left) | {
        "runs": [run.run_id for run in study.runs],
        "jobs": {"all": len(jobs_of(study)), "left": len(left.jobs)},
        "updates": sum(updates_of(study, run) for run in study.runs),
        "cores": cores,
        "cost": {"all": whole, "left": rest},
    }


def status_document(study: Study) -> dict[str, Any]:
    """Which chapters of a study are done, and why others will run again."""
    left = left_of(study)
    cost = forecast(study, 1, left)
    return study_document(study, left) | {
        "jobs": [
            {"chapter": job.chapter.name, "batch": job.batch, "done": job not in left.jobs,
             "why": left.jobs.get(job, "")}
            for job in jobs_of(study)
        ],
        "hours_left": cost.hours if cost and left.jobs else None if left.jobs else 0.0,
    }  # fmt: skip


def status_words(document: Mapping[str, Any]) -> str:
    """The status for a reader."""
    lines = [document["folder"]]
    for job in document["jobs"]:
        why = f" ({job['why']})" if job["why"] else ""
        lines.append(f"  {'done   ' if job['done'] else 'to do  '}{job['chapter']} {job['batch']}{why}")
    for stage, count in document["work"].items():
        lines.append(f"  {count['all'] - count['left']:5d} of {count['all']} pieces of {stage} are done")
    hours = document["hours_left"]
    if hours == 0.0:
        lines.append("  nothing is left to do")
    elif hours is not None:
        lines.append(f"  left: about {in_time(3600 * hours)} of processor time")
    return "\n".join(lines)


def scores_document(scores: pd.DataFrame) -> dict[str, Any]:
    """What a tree of answers scores; a value is null where its labels are withheld."""
    rows = [{**row, "value": None if row["note"] else row["value"]} for row in scores.to_dict("records")]
    averages = overall(scores[scores["note"] == ""]).to_dict("records")
    return {
        "scores": rows,
        "averages": [{**row, "value": None if row["missing"] else row["value"]} for row in averages],
        "missing": dict(scores.attrs.get("missing", {})),
        "unknown": list(scores.attrs.get("unknown", [])),
    }


def trace_document(evidence: Evidence, asked: str) -> dict[str, Any]:
    """A claim, its runs, and its files with what became of them since."""
    claim = find(evidence, asked)
    lineage, files = claim["lineage"], []
    for name, expected in lineage.get("files", {}).items():
        file = evidence.file(name)
        state = "gone" if not file.is_file() else "as it was" if sha256(file) == expected else "changed"
        files.append({"file": name, "sha256": expected, "state": state})
    return {
        "claim": {key: claim[key] for key in ("id", "hypothesis", "sentence", "outcome")},
        "scores": lineage.get("scores"),
        "runs": [
            {"run": run, "recorded": evidence.runs.get(run) is not None} for run in lineage.get("runs", [])
        ],
        "files": files,
    }
