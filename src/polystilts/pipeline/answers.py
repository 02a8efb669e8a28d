"""Handing in the answers of a run, published ones included: where its world is not there it is made again."""

import tempfile
from pathlib import Path

from polystilts.errors import WrongUse
from polystilts.evaluation.submission import examples_of, submit
from polystilts.files import read_json
from polystilts.pipeline.rerun import from_record, make_world
from polystilts.statistics.tables import main_variant


def hand_in(run: Path, output: str, labels: str | None, variant: str = "") -> list[Path]:
    """Write the answers of a run in XTREME's layout; the files written. Raises WrongUse and StudyError."""

    def choose(variants: list[str]) -> str:
        if variant and variants != [""] * len(variants) and variant not in variants:
            known = ", ".join(sorted(set(variants)))
            raise WrongUse(f"no retrieval was read from {variant!r}; there are {known}")
        return variant if variant in variants else main_variant(variants)

    if examples_of(run).is_dir() or not (run / "run.json").is_file():
        return submit(run, output, choose, labels)
    study, made_by = from_record(read_json(run / "run.json"))
    if study.scale.shared["source"] != "world":  # only a generated world can be made again
        return submit(run, output, choose, labels)
    with tempfile.TemporaryDirectory(prefix="polystilts-world-") as place:
        make_world(study, made_by, Path(place))
        return submit(run, output, choose, labels, examples=Path(place) / "examples")
