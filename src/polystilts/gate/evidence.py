"""What the gate reads: one folder of outputs, as it lies there, with nothing of it believed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from polystilts import paths
from polystilts.errors import WrongUse
from polystilts.files import read_json

HYPOTHESES = ("params/hypotheses.yaml", "params/hypotheses-real.yaml")  # the second for real data only
NUMBERS = ("world_seed", "encoder_seed", "seed", "value", "n", "baseline_value", "gain", "gain_logit", "rows",
           "updates", "labelled_tokens", "mlm_tokens", "flops", "distance", "resource")  # fmt: skip

# What a claim and a run must say of themselves, so that they can be looked at.
CLAIM_FIELDS = ("id", "hypothesis", "sentence", "outcome", "lineage")
RUN_FIELDS = ("run_id", "scale", "arm", "seeds", "parent", "parameters", "hashes", "stages")

# Words as Python's own: Arrow's, made for long columns, take twice the time in a few hundred rows.
plain_words = pd.option_context("mode.string_storage", "python")


@dataclass(frozen=True)
class Evidence:
    """A folder of outputs and the repository it belongs to; tables and records are read when asked for."""

    folder: Path
    repository: Path

    @property
    def scale(self) -> str:
        """The name of the scale, or of its variant."""
        return self.folder.name

    @cached_property
    def claims(self) -> list[dict[str, Any]]:
        """The claims as they are written."""
        content = _read(self.folder / "claims.json")
        if not isinstance(content, dict) or not isinstance(content.get("claims"), list):
            raise WrongUse(f"{self.folder}/claims.json holds no list of claims; fetch the whole study again")
        return content["claims"]

    @cached_property
    def runs(self) -> dict[str, dict[str, Any]]:
        """The record of every run that is there, by its name."""
        found = {file.parent.name: file for file in sorted(self.folder.glob("runs/*/run.json"))}
        return {name: _read(file) for name, file in found.items()}

    @cached_property
    def scores(self) -> pd.DataFrame | None:
        """The score table, or nothing; in a pool each row knows its bundle."""
        table = self.table("scores")
        if table is None or not (self.folder / "pool.json").is_file():
            return table
        bundles = {
            (world, encoder): one["name"]
            for one in read_json(self.folder / "pool.json")["bundles"]
            for world in one["world_seeds"]
            for encoder in one["encoders"]
        }
        keys = zip(table["world_seed"].astype(int), table["encoder"], strict=True)
        return table.assign(bundle=[bundles.get(key, "") for key in keys])

    @cached_property
    def parameters(self) -> Mapping[str, Any]:
        """What most runs say they were run with; empty where there is no run."""
        given = [record.get("parameters", {}) for record in self.runs.values()]
        return max(given, key=given.count) if given else {}

    @cached_property
    def real(self) -> bool:
        """Whether the study read real data, whose labels may hold texts that are not ours to pass on."""
        return self.parameters.get("shared", {}).get("source", "world") != "world"

    @cached_property
    def hypothesis_files(self) -> dict[str, dict[str, Any]]:
        """What each file of hypotheses that judges this study says today: `frozen` and `hypotheses`."""
        files = {name: self.file(name) for name in HYPOTHESES[: 1 + self.real]}
        return {name: yaml.safe_load(file.read_text(encoding="utf-8")) for name, file in files.items()
                if file.is_file()}  # fmt: skip

    @property
    def hypotheses(self) -> list[dict[str, Any]]:
        """The rows of those files."""
        return [row for content in self.hypothesis_files.values() for row in content["hypotheses"]]

    @cached_property
    def low_resource(self) -> dict[int, frozenset[str]]:
        """The languages with little text in each world; real text has them change places in odd worlds."""
        shared = self.parameters["shared"]
        declared = frozenset(shared["low_resource"])
        given = frozenset(shared["languages"]) - {shared["source_language"]}
        swapped = (given - declared) | frozenset(shared["tested_only"])
        worlds = {int(record["seeds"]["world"]) for record in self.runs.values()}
        return {world: swapped if self.real and world % 2 else declared for world in sorted(worlds)}

    def table(self, name: str) -> pd.DataFrame | None:
        """One table by its name; nothing where there is none."""
        file = self.folder / "tables" / f"{name}.csv"
        return read_table(file) if file.is_file() else None

    def file(self, name: str) -> Path:
        """Where a file of a lineage lies: `params/` in the repository, everything else in the folder."""
        return (self.repository if name.startswith("params/") else self.folder) / name


@plain_words
def read_table(file: Path) -> pd.DataFrame:
    """A table as studies write it: words stay words, numbers become numbers."""
    table = pd.read_csv(file, keep_default_na=False, dtype=str)
    for column in set(NUMBERS) & set(table.columns):
        table[column] = pd.to_numeric(table[column], errors="coerce")
    return table


def open_evidence(folder: Path, repository: Path | None = None) -> Evidence:
    """The evidence in a folder of outputs.

    Raises WrongUse where there are no claims to verify, or a claim or a run does not say what it is: whoever
    cannot read a study has not falsified it.
    """
    folder = Path(folder)
    if not (folder / "claims.json").is_file():
        there = sorted(path.parent.name for path in paths.OUTPUTS.glob("*/claims.json"))
        raise WrongUse(
            f"{folder} holds no claims.json; verify a finished study, for example "
            f"outputs/{(there or ['demo'])[0]}"
        )
    evidence = Evidence(folder.resolve(), Path(repository or paths.REPOSITORY).resolve())
    for number, claim in enumerate(evidence.claims, 1):
        _require(claim, CLAIM_FIELDS, f"{folder}/claims.json: claim {number}")
    for run, record in evidence.runs.items():
        _require(record, RUN_FIELDS, f"{folder}/runs/{run}/run.json")
    return evidence


def _read(file: Path) -> Any:
    """A file of JSON; whoever cannot read one has not falsified it."""
    try:
        return read_json(file)
    except (OSError, ValueError) as problem:
        raise WrongUse(f"{file} is damaged ({problem}); fetch the whole study again") from None


def _require(record: Mapping[str, Any], fields: Iterable[str], where: str) -> None:
    absent = [field for field in fields if field not in record]
    if absent:
        raise WrongUse(f"{where} does not say {', '.join(absent)}; fetch the whole study again")


def stage_of(record: Mapping[str, Any], stage: str, task: str) -> Mapping[str, Any] | None:
    """One stage in the record of a run: `predict` of a target, `finetune` of a task, `intermediate`."""
    for one in record.get("stages", []):
        if one["stage"] == stage and (one["task"] == task or stage == "intermediate"):
            return one
    return None
