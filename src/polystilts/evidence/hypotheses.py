"""What we expected, read from `params/hypotheses.yaml` and refused where a field is missing or unknown.

Studies of real data are judged by `params/hypotheses-real.yaml` as well, which has a freeze of its own.
"""

import argparse
import csv
import datetime
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from polystilts import paths
from polystilts.errors import StudyError, WrongUse
from polystilts.evidence.design import design_of_scale, scales_of, seal
from polystilts.files import fingerprint, write_text
from polystilts.statistics.averages import MEASURES, Measure
from polystilts.statistics.outcomes import DIRECTIONS
from polystilts.tasks import KINDS, STRATEGIES, TASKS

FILE, FILE_OF_REAL_DATA = "hypotheses.yaml", "hypotheses-real.yaml"
QUANTIFIERS = ("mean", "most", "every")
TESTS = ("t", "tost")
LANGUAGE_GROUPS = ("all", "low", "high", "seen", "unseen")
FIELDS = ("id", "family", "sentence", "quantifier", "contrast", "subset", "direction", "smallest_effect",
          "test", "error_rate")  # fmt: skip
OPTIONAL = ("source", "control")
FROZEN_FIELDS = ("date", "hash", "world_seeds", "scales", "designs", "seal")
SUBSET_FIELDS = ("exposure", "cross_task", "languages", "kinds", "intermediate_tasks")
CONTRAST_FIELDS = ("treatment", "control", "measure", "column", "first", "second", "unit")


@dataclass(frozen=True)
class Hypothesis:
    """One expectation: a sentence, the contrast that decides it and the rule it is decided by."""

    id: str
    family: str  # tests of one family are counted together (Holm)
    sentence: str
    quantifier: str  # "mean", "most" or "every": part of the sentence
    contrast: dict[str, Any]
    subset: dict[str, Any]
    direction: str
    smallest_effect: float
    test: str
    error_rate: float
    source: str = ""  # the publication it restates, as in references.bib
    control: bool = False  # a control of the method, not an answer to the question

    @property
    def measure(self) -> Measure:
        """What is computed from the differences."""
        how = self.contrast.get("measure") or self.quantifier
        groups = (tuple(self.contrast.get(name, ())) for name in ("first", "second"))
        return Measure(how, self.contrast.get("column", ""), *groups)

    @property
    def unit(self) -> str:
        """What the estimate is measured in."""
        return self.contrast.get("unit", "points")


@dataclass(frozen=True)
class Hypotheses:
    """All expectations, with the hash that a freeze fixes."""

    rows: tuple[Hypothesis, ...]
    hash: str
    frozen: dict[str, Any] | None = field(default=None)
    file: Path | None = None

    def __iter__(self):
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, name: str) -> Hypothesis:
        for row in self.rows:
            if row.id == name:
                return row
        raise WrongUse(f"no hypothesis {name!r}; there are {', '.join(row.id for row in self.rows)}")


@lru_cache
def content_of(text: str) -> Any:
    """What a text of YAML says, read once by a process: a chapter asks for the hypotheses ten times."""
    return yaml.safe_load(text)


def load_hypotheses(path: Path | None = None) -> Hypotheses:
    """Read and check the hypotheses; the hash covers what they say, not how the file is laid out."""
    path = Path(path or paths.PARAMS / FILE)
    if not path.is_file():
        raise WrongUse(f"no hypotheses at {path}; they are written before any run")
    content = content_of(path.read_text(encoding="utf-8"))
    if (
        not isinstance(content, dict)
        or set(content) - {"frozen", "hypotheses"}
        or not content.get("hypotheses")
    ):
        raise WrongUse(f"{path.name} holds two keys, `frozen` and `hypotheses`, the second a list of rows")
    rows = tuple(checked(row) for row in content["hypotheses"])
    names = [row.id for row in rows]
    if len(set(names)) < len(names):
        raise WrongUse(f"{path.name} names a hypothesis twice: {', '.join(sorted(names))}")
    frozen = content.get("frozen")
    if frozen is not None and not ({"hash", "date"} <= set(frozen) <= {*FROZEN_FIELDS}):
        raise WrongUse(f"{path.name}: `frozen` is null, or holds {', '.join(FROZEN_FIELDS)}")
    return Hypotheses(rows, fingerprint(content["hypotheses"]), frozen, path)


def hypotheses_for(source: str) -> tuple[Hypotheses, ...]:
    """The hypotheses that a study is judged by, file by file; `source` is where its data come from."""
    files = (FILE,) if source == "world" else (FILE, FILE_OF_REAL_DATA)
    return tuple(load_hypotheses(paths.PARAMS / name) for name in files)


def every_hypothesis() -> dict[str, Hypothesis]:
    """The hypotheses of all studies by their id."""
    return {row.id: row for of_file in hypotheses_for("files") for row in of_file}


def checked(row: dict[str, Any]) -> Hypothesis:
    """One row as a hypothesis, or a refusal that names the field and what it may hold."""
    name = row.get("id", "without an id")
    missing = [key for key in FIELDS if key not in row]
    unknown = [key for key in row if key not in (*FIELDS, *OPTIONAL)]
    if missing or unknown:
        wrong = f"lacks {', '.join(missing)}" if missing else f"has unknown fields {', '.join(unknown)}"
        raise WrongUse(f"hypothesis {name} {wrong}; fields are {', '.join((*FIELDS, *OPTIONAL))}")

    def one_of(what: str, value: Any, allowed: Sequence[str]) -> None:
        if value not in allowed:
            raise WrongUse(
                f"hypothesis {name}: {what} is {value!r}; it may be {', '.join(map(str, allowed))}"
            )

    one_of("quantifier", row["quantifier"], QUANTIFIERS)
    one_of("direction", row["direction"], DIRECTIONS)
    one_of("test", row["test"], TESTS)
    contrast, subset = row["contrast"], row["subset"]
    for key in contrast:
        one_of("contrast field", key, CONTRAST_FIELDS)
    for key in subset:
        one_of("subset field", key, SUBSET_FIELDS)
    for arm in ("treatment", "control"):
        one_of(arm, contrast.get(arm), tuple(STRATEGIES))
    one_of("measure", contrast.get("measure", "mean"), MEASURES)
    one_of("languages", subset.get("languages", "all"), LANGUAGE_GROUPS)
    for kind in subset.get("kinds") or ():
        one_of("kind", kind, KINDS)
    for task in subset.get("intermediate_tasks") or ():
        one_of("intermediate task", task, tuple(TASKS))
    if not 0 < row["error_rate"] < 1 or row["smallest_effect"] <= 0:
        raise WrongUse(f"hypothesis {name}: error_rate lies between 0 and 1, smallest_effect above 0")
    if row["direction"] in ("equivalent", "at_most") and row["test"] != "tost":
        raise WrongUse(f"hypothesis {name}: direction {row['direction']} needs test tost")
    return Hypothesis(**row)


def confirmatory(hypotheses: Hypotheses, world_seeds: Sequence[int], scale: str = "") -> bool:
    """Whether runs may confirm: only on world seeds, or data of a real scale, first run after the freeze.

    `frozen: null` means never. Otherwise `frozen` holds the `hash` that was frozen, and the `world_seeds` and
    real `scales` that were still unused on that day; an edit afterwards changes the hash and everything is
    exploratory again, as after an edit of the design that was frozen with them, or of the frozen block. A
    variant is exploratory too: its knobs may have been turned after a look.
    """
    frozen = hypotheses.frozen
    if not frozen or frozen["hash"] != hypotheses.hash or "+" in scale or edited(hypotheses, scale):
        return False
    if scale in frozen.get("scales", ()):
        return True
    return bool(world_seeds) and set(map(int, world_seeds)) <= set(frozen.get("world_seeds", ()))


def edited(hypotheses: Hypotheses, scale: str = "") -> str:
    """What of a freeze was edited since, besides the rows: its own block, or a design that it covers.

    Freezes made before designs were frozen have neither; git is asked about them.
    """
    frozen = hypotheses.frozen or {}
    if "seal" in frozen and frozen["seal"] != seal(frozen):
        return "the frozen block"
    designs, params = frozen.get("designs", {}), (hypotheses.file or paths.PARAMS / FILE).parent
    for name in [scale] if scale else designs:
        there = (params / f"{name}.yaml").is_file()
        if designs and not (there and designs.get(name) == design_of_scale(params, name)):
            return f"the design of {name}"
    return ""


def frozen_sentence(hypotheses: Hypotheses) -> str:
    """Whether the hypotheses are frozen, since when, and whether they were edited afterwards."""
    frozen = hypotheses.frozen
    which = " about real data" if hypotheses.file and hypotheses.file.name == FILE_OF_REAL_DATA else ""
    if not frozen:
        return f"The hypotheses{which} are not frozen: every finding is exploratory."
    fresh = {"world seeds": frozen.get("world_seeds", ()), "scales": frozen.get("scales", ())}
    named = "; ".join(f"{kind} {', '.join(map(str, names))}" for kind, names in fresh.items() if names)
    kept = f"Only runs on what had not been run by then can confirm: {named}."
    if frozen["hash"] != hypotheses.hash:
        return (
            f"The hypotheses{which} were frozen on {frozen['date']} ({frozen['hash']}) and EDITED since "
            f"({hypotheses.hash}): every finding is exploratory."
        )
    if what := edited(hypotheses):
        return f"The hypotheses{which} were frozen on {frozen['date']} and {what} was EDITED since. {kept}"
    return f"The hypotheses{which} were frozen on {frozen['date']} ({frozen['hash']}). {kept}"


def seeds_already_run(outputs: Path) -> set[int]:
    """The world seeds that a run or a score table below a folder of outputs names."""
    named = {
        match[1] for path in outputs.rglob("runs/*.w*") if (match := re.search(r"\.w(\d+)\.", path.name))
    }
    for table in outputs.rglob("scores.csv"):
        with open(table, encoding="utf-8", newline="") as stream:
            named |= {row["world_seed"] for row in csv.DictReader(stream)}
    return {int(seed) for seed in named}


def freeze(
    path: Path, outputs: Path, world_seeds: Sequence[int], scales: Sequence[str] = (), date: str = ""
) -> Hypotheses:
    """Write into the hypotheses what is frozen today: rows, worlds or scales, and the designs of these.

    Refused: a second freeze, and world seeds or scales that were already run.
    """
    hypotheses = load_hypotheses(path)
    if hypotheses.frozen:
        raise WrongUse(f"{path.name} is frozen already. {frozen_sentence(hypotheses)}")
    used = sorted(set(world_seeds) & seeds_already_run(outputs))
    used += [scale for scale in scales if (outputs / scale).exists()]
    if used or not (world_seeds or scales):
        why = f"{', '.join(map(str, used))} already run" if used else "none named"
        raise WrongUse(f"freeze needs world seeds, or scales, that were never run: {why}; choose others")
    frozen = {"date": date or datetime.date.today().isoformat(), "hash": hypotheses.hash}
    frozen |= {"world_seeds": sorted(world_seeds)} if world_seeds else {}
    frozen |= {"scales": sorted(scales)} if scales else {}
    covered = sorted({*scales, *scales_of(path.parent, world_seeds)})
    designs = {scale: design_of_scale(path.parent, scale) for scale in covered}
    frozen |= {"designs": designs} if covered else {}
    frozen["seal"] = seal(frozen)
    text = path.read_text(encoding="utf-8")
    line = f"frozen: {yaml.safe_dump(frozen, default_flow_style=True, sort_keys=False, width=1000).strip()}"
    if text.count("\nfrozen: null\n") != 1:
        raise WrongUse(f"{path.name} has no line `frozen: null` to fill in; write one above the rows")
    write_text(path, text.replace("\nfrozen: null\n", f"\n{line}\n"))
    return load_hypotheses(path)


def main(arguments: Sequence[str] | None = None) -> int:
    """Freeze the hypotheses, or say whether they are still as they were frozen (1: edited since)."""
    parser = argparse.ArgumentParser(
        prog="python -m polystilts.evidence.hypotheses", description=main.__doc__
    )
    parser.add_argument("--file", type=Path, default=paths.PARAMS / FILE, help="which file of them")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="verb")
    verbs.add_parser(
        "check", help="say whether the hypotheses are frozen, and whether they were edited since"
    )
    one = verbs.add_parser("freeze", help="freeze them, naming what was never run")
    one.add_argument("--world-seeds", nargs="*", type=int, default=[], metavar="N")
    one.add_argument("--scales", nargs="*", default=[], metavar="SCALE", help="scales of real data")
    asked = parser.parse_args(arguments)
    path = asked.file
    try:
        if asked.verb == "freeze":
            freeze(path, paths.OUTPUTS, asked.world_seeds, asked.scales)
        hypotheses = load_hypotheses(path)
        print(frozen_sentence(hypotheses))
        changed = bool(hypotheses.frozen) and hypotheses.frozen["hash"] != hypotheses.hash
        return int(changed or bool(edited(hypotheses)))
    except StudyError as error:
        print(f"polystilts: {error}", file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
