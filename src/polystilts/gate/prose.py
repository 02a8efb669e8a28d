"""Numbers in prose: each must stand between markers, be rendered from the ledger, or cite its source."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from polystilts import paths
from polystilts.errors import StudyError
from polystilts.gate.evidence import Evidence
from polystilts.gate.finding import Check, Finding, counted, falsifies, several
from polystilts.gate.history import is_committed
from polystilts.gate.numbers import numbers_in
from polystilts.gate.typed import printed_numbers, scan_sources

PUBLISHED_NUMBERS = Path(__file__).with_name("published.yaml")
PUBLISHED_SCORES = paths.PACKAGE / "evidence" / "published.csv"
BIBLIOGRAPHY = "references.bib"
REQUIRED = ("title", "author", "year")

MARKED = re.compile(r"<!-- (claim|time):(\S+) -->((?:(?!<!-- /?\1).)*)<!-- /\1 -->", re.DOTALL)
ARXIV = re.compile(r"(?:arXiv[ :]+|arxiv\.org/abs/)(\d{4}\.\d{4,5})", re.IGNORECASE)


def published_numbers() -> list[dict[str, Any]]:
    """The numbers of other people's work that the study may print, each with where it was read."""
    return yaml.safe_load(PUBLISHED_NUMBERS.read_text(encoding="utf-8"))["numbers"]


def markdown_cells(file: Path) -> Iterator[tuple[int, str]]:
    """The Markdown cells of a percent script, each with the line it starts on."""
    lines, start = None, 0
    for number, line in enumerate([*file.read_text(encoding="utf-8").splitlines(), "# %%"], start=1):
        if line.startswith("# %%"):
            if lines is not None:
                yield start, "\n".join(lines)
            lines, start = ([] if "[markdown]" in line else None), number
        elif lines is not None:
            lines.append(line.removeprefix("#").removeprefix(" "))


def caption_strings(file: Path) -> Iterator[tuple[int, str]]:
    """The words that code cells of a script show: its string constants with a space in them."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.lineno, node.value


def check_prose(evidence: Evidence, with_readme: bool = True) -> Check:
    """Look for typed results in Markdown cells, captions, README, summary and source."""
    question = "Does every number in prose come from a file, or from a source that is cited?"
    root = evidence.repository
    cited = {str(row["value"]) for row in published_numbers()}
    findings, looked = [], 0

    def typed(where: str, text: str) -> None:
        strange = [number for number in numbers_in(text) if number.replace(" ", "") not in cited]
        if strange:
            findings.append(falsifies(f"{where}: typed numbers in prose: {several(strange)}"))

    for script in sorted((root / "notebooks").glob("*.py")):
        for line, text in markdown_cells(script):
            looked += 1
            typed(f"notebooks/{script.name}, line {line}", text)
        for line, text in caption_strings(script):
            looked += 1
            typed(f"notebooks/{script.name}, line {line}, in code", text)
        for problem in printed_numbers(script.read_text(encoding="utf-8")):
            findings.append(falsifies(f"notebooks/{script.name}, {problem}"))
    readme = root / "README.md"
    if readme.is_file() and with_readme:
        text = readme.read_text(encoding="utf-8")
        looked += 1
        typed("README.md, outside its markers", MARKED.sub("", text))
        findings += readme_differences(evidence, text)
    sources = [*sorted(root.glob("src/**/*.py")), *sorted((root / "notebooks").glob("*.py"))]
    findings += [falsifies(problem) for problem in scan_sources(sources, root)]
    for claim in evidence.claims:  # a claim may name scripts as its evidence: they are read like any other
        scripts = [
            evidence.file(name) for name in claim.get("lineage", {}).get("files", {}) if name.endswith(".py")
        ]
        findings += [
            falsifies(f"claim {claim['id']} rests on {problem}", claims=(claim["id"],))
            for problem in scan_sources([file for file in scripts if file.is_file()], evidence.folder)
        ]
    done = f"{looked} texts and {len(sources)} source files read."
    return Check("prose", question, done, tuple(findings), looked + len(sources) > 0)


def readme_differences(evidence: Evidence, text: str) -> Iterator[Finding]:
    """Where README.md differs from what the ledger of this scale renders, if README tells it.

    README.md belongs to the ledger that was committed with it. Whoever runs the study has a ledger of his
    own, of which README.md says nothing: that is a note.
    """
    from polystilts.evidence import readme

    scale = evidence.folder.name
    if scale not in readme.TOLD or evidence.folder.parent != evidence.repository / "outputs":
        return
    own = is_committed(evidence.folder / "claims.json", evidence.repository)
    judged = is_committed(evidence.folder / "record" / "gate.json", evidence.repository)
    try:
        rendered = readme.render_readme(text, evidence.folder.parent)
    except StudyError as problem:
        yield falsifies(f"README.md: {problem}")
        return
    others = 0
    for before, after in zip(MARKED.finditer(text), MARKED.finditer(rendered), strict=True):
        if before[0] == after[0] or before[1] != "claim" or not before[2].startswith(f"{scale}/"):
            continue
        if own and (judged or not before[2].endswith(":status")):
            said, right = from_first_difference(before[3], after[3])
            what = f"README.md: between the markers of {before[2]} stands {said!r}"
            yield falsifies(f"{what}, the ledger says {right!r}")
        else:
            others += 1
    if others:
        what = "README.md quotes the ledger that was committed with it, which is not this one"
        yield Finding("note", f"{what}: {counted(others, 'quotation')} differ")


def from_first_difference(one: str, other: str, before: int = 20, shown: int = 60) -> tuple[str, str]:
    """The same stretch of two texts, from a little before the place where they part.

    >>> from_first_difference("It rose by +3.8 points.", "It rose by +2.1 points.", before=4)
    ('by +3.8 points.', 'by +2.1 points.')
    """
    pairs = enumerate(zip(one, other, strict=False))
    parts = (place for place, (here, there) in pairs if here != there)
    start = max(0, next(parts, min(len(one), len(other))) - before)
    return one[start : start + shown], other[start : start + shown]


# --- citations ------------------------------------------------------------------------------------------


def bibliography(file: Path) -> dict[str, dict[str, str]]:
    """The entries of a BibTeX file by their key, each field as plain text."""
    entries: dict[str, dict[str, str]] = {}
    for match in re.finditer(r"@\w+\{([^,\s]+),(.*?)\n\}", file.read_text(encoding="utf-8"), flags=re.DOTALL):
        fields = re.findall(
            r"^\s*(\w+)\s*=\s*[{\"](.*?)[}\"],?\s*$", match[2], flags=re.DOTALL | re.MULTILINE
        )
        entries[match[1]] = {name.lower(): " ".join(value.split()) for name, value in fields}
    return entries


def check_citations(evidence: Evidence) -> Check:
    """Every source that is named is in references.bib, and every external number names one it was read in."""
    question = "Does every number of others have a verified source?"
    root = evidence.repository
    if not (root / BIBLIOGRAPHY).is_file():
        lost = Finding("open", f"{BIBLIOGRAPHY} is not there: no citation can be looked up")
        return Check("citations", question, "There is no bibliography.", (lost,), complete=False)
    entries = bibliography(root / BIBLIOGRAPHY)
    findings = [
        falsifies(f"{BIBLIOGRAPHY}: {key} lacks {several(lost)}")
        for key, fields in entries.items()
        if (
            lost := [name for name in REQUIRED if not fields.get(name)]
            + ([] if fields.keys() & {"eprint", "doi", "url"} else ["an eprint, doi or url"])
        )
    ]
    eprints = {fields.get("eprint") for fields in entries.values()}
    texts = [root / "README.md", *sorted(root.glob("notebooks/*.py")), *sorted(root.glob("src/**/*.py"))]
    named = 0
    for file in (file for file in texts if file.is_file()):
        for identifier in set(ARXIV.findall(file.read_text(encoding="utf-8"))):
            named += 1
            if identifier not in eprints:
                name = file.relative_to(root)
                findings.append(
                    falsifies(f"{name} names arXiv {identifier}, which {BIBLIOGRAPHY} does not have")
                )
    for row in evidence.hypotheses:
        if row.get("source") and row["source"] not in entries:
            findings.append(falsifies(f"hypothesis {row['id']}: {row['source']!r} is not in {BIBLIOGRAPHY}"))
    rows = published_numbers()
    others = pd.read_csv(PUBLISHED_SCORES, dtype=str, keep_default_na=False)
    for row in others.to_dict("records"):
        what = f"published score {row['value']} of {row['system']} on {row['task']}"
        if row["arxiv"] not in eprints:
            findings.append(falsifies(f"{what}: arXiv {row['arxiv']} is not in {BIBLIOGRAPHY}"))
        if not row["read_at"].startswith("https://"):
            findings.append(falsifies(f"{what} does not say on which page it was read"))
    for row in rows:
        if row.get("source") not in entries:
            findings.append(falsifies(f"published number {row.get('value')}: {row.get('source')!r} is not in "
                                      f"{BIBLIOGRAPHY}"))  # fmt: skip
        if not row.get("read"):
            findings.append(falsifies(f"published number {row.get('value')} does not say where it was read"))
    numbers = len(rows) + len(others)
    done = f"{len(entries)} entries, {named} mentions of them and {numbers} numbers of others looked up."
    return Check("citations", question, done, tuple(findings), bool(entries))
