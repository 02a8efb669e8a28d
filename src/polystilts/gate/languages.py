"""Is `tables/languages.csv` what the table of languages and the data say?"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from polystilts.files import read_json
from polystilts.gate.evidence import Evidence
from polystilts.gate.finding import Finding, falsifies, several
from polystilts.languages import LANGUAGES


def wrong_languages(evidence: Evidence, worlds: Mapping[int, Path]) -> Iterator[Finding]:
    """What `tables/languages.csv` says that the table of languages and the data do not bear out."""
    table = evidence.table("languages")
    if table is None or not evidence.runs:
        return
    shared = evidence.parameters["shared"]
    source = shared["source_language"]
    wanted = [source, *(code for code in shared["languages"] if code != source)]
    if table["language"].tolist() != wanted:  # the source is the first: others may lie as near as itself
        yield falsifies(f"tables/languages.csv has {', '.join(table['language'])}; the study's languages are "
                        f"{', '.join(wanted)}")  # fmt: skip
    measured = _measured(evidence, worlds)
    for row in table.to_dict("records"):
        code, what = row["language"], f"tables/languages.csv says of {row['language']}"
        if code not in LANGUAGES:
            yield Finding("open", f"{what} what nobody can check: it is not in the table of languages")
            continue
        for column, right in _declared(code, row, shared).items():
            if row[column] != right:
                yield falsifies(f"{what} {column} = {row[column]!r}, it is {right!r}")
        for column, ends in measured.items():
            low, high = ends.get(code, (0.0, 0.0))
            slack = 0.51 if column == "resource" else 1e-6  # whole subwords; shares of six decimals
            value = pd.to_numeric(row[column], errors="coerce")
            if not low - slack <= value <= high + slack:
                found = f"{low:g}" if low == high else f"{low:g} to {high:g}"
                yield falsifies(f"{what} {column} = {value:g}, the data say {found}")
    counts = ("resource", "overlap") if evidence.real else ("resource", "overlap", "distance")
    if unseen := [column for column in counts if column not in measured]:
        what = f"tables/languages.csv: {several(unseen)} not measured again"
        yield Finding("note", f"{what}, for what they were measured in is not here")


def _declared(code: str, row: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of a language beforehand, in the columns of its row, and what follows from them."""
    known, untaught = LANGUAGES[code], code in shared["tested_only"]
    alone = code == shared["source_language"] or untaught
    right = {"name": known.name, "family": known.family, "script": known.script,
             "set": "-" if alone else known.language_set or "-"}  # fmt: skip
    if known.invented:
        return right | {"order": known.order, "seen": "no" if untaught else "yes"}
    seen = "yes" if row["resource"] > 0 else "no"  # encoders from elsewhere have read what they have read
    distance = known.distance or 0.0
    return right | {"distance": distance, "order": f"{distance:.6f}", "seen": seen}


def _measured(evidence: Evidence, worlds: Mapping[int, Path]) -> dict[str, dict[str, tuple[float, float]]]:
    """The least and the most that each column may say of each language, by the data and encoders at hand.

    A study measures overlap and distance in its first world and counts subwords in its first encoder; real
    data have the mean of all encoders. A pool has a mean of its bundles, which lies among theirs.
    """
    found = {}
    studies = [record["parameters"]["shared"] for record in evidence.runs.values()]
    firsts = {(one["encoder"], one["world_seeds"][0], one["encoder_seeds"][0]) for one in studies}
    cards = [worlds[world] / "data_card.json" for _, world, _ in firsts if world in worlds]
    if len(cards) == len(firsts) and all(card.is_file() for card in cards):
        of = [read_json(card)["languages"] for card in cards]
        for column, key in (("overlap", "shared_words"), ("distance", "order_distance")):
            found[column] = _ends([{code: facts[key] for code, facts in card.items()} for card in of])
    names = {f"{encoder}.w{world}.e{seed}" for encoder, world, seed in firsts}
    if evidence.real:
        names = {record["parent"] for record in evidence.runs.values()}
    counts = [evidence.folder / "encoders" / name / "pretraining.json" for name in sorted(names)]
    if all(file.is_file() for file in counts):
        of = [read_json(file)["text_tokens"] for file in counts]
        if evidence.real and len(firsts) == 1:
            of = [{code: sum(one.get(code, 0) for one in of) / len(of) for code in of[0]}]
        found["resource"] = _ends(of)
    return found


def _ends(several_counts: Sequence[Mapping[str, float]]) -> dict[str, tuple[float, float]]:
    """The least and the most that several counts have of each language."""
    codes = set().union(*several_counts)
    values = {code: [one.get(code, 0) for one in several_counts] for code in codes}
    return {code: (min(numbers), max(numbers)) for code, numbers in values.items()}
