"""Are pages, pictures and tables beside the claims those that the study left?

The last thing a study does is to write down the hash of every file (`ro-crate-metadata.json`). What quotes a
claim is held against the claims as well, so that pages and hashes changed together are caught where they
speak of results.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from polystilts.files import read_json, sha256
from polystilts.gate.evidence import Evidence
from polystilts.gate.finding import Check, Finding, counted, falsifies, several

CRATE = "ro-crate-metadata.json"
SEALED = ("claims.json", "summary.md", "tables/*.csv", "figures/*.png", "chapters/*.ipynb")
LATER = ("chapters/",)  # older crates did not list these
BATCH = ".batch-"  # pages and pictures of a chapter's further batches, which are not passed on
QUOTE = re.compile(r"Expected: .*?Outcome: [^.]*\.(?: Provisional: [^.]*\.)?")
PLACE = re.compile(r"^- every claim with its lineage: `([^`\n]+)/claims\.json`$", re.MULTILINE)
ANSWER = re.compile(r"\*\*The answer at scale `([^`]+)`: ([\w ]+)\.\*\* ")
EXCLUDED = ("record/", ".done/", "book/", "checkpoints/")  # what verify writes, or nobody passes on


def check_published(evidence: Evidence, finished: bool = True) -> Check:
    """Compare what was published with its sealed hashes, and what pages quote with the claims.

    A study that is not `finished` is still writing its pages, and seals them when it ends.
    """
    question = (
        "Are pages, pictures and tables those that the study left, and do they say what its claims say?"
    )
    findings, looked = [], 0
    crate = evidence.folder / CRATE
    if not finished:
        odd = tuple(falsifies(problem) for problem in summary_differences(evidence))
        return Check(
            "published", question, "The study is still being written: its summary was looked at.", odd
        )
    if crate.is_file():
        sealed = _sealed(crate)
        looked = len(sealed)
        findings += _against_seal(evidence.folder, sealed)
    else:
        findings.append(Finding("note", f"there is no {CRATE}: pages and pictures were not sealed"))
    pages = sorted((evidence.folder / "chapters").glob("*.ipynb"))
    for page in pages:
        findings += [falsifies(problem) for problem in _misquoted(evidence, page)]
    findings += [falsifies(problem) for problem in summary_differences(evidence)]
    done = f"{looked} files compared with the hashes sealed at the end, {len(pages)} pages with the claims."
    return Check("published", question, done, tuple(findings), bool(looked or pages), {"files": looked})


def _sealed(crate: Path) -> dict[str, str]:
    """The hash of each file as the study wrote it down when it ended."""
    graph = read_json(crate).get("@graph", [])
    return {
        unquote(one["@id"]): one["sha256"] for one in graph if one.get("@type") == "File" and "sha256" in one
    }


def _against_seal(folder: Path, sealed: dict[str, str]) -> Iterator[Finding]:
    """Published files that are not as they were sealed, or that nobody sealed."""
    there = {
        file.relative_to(folder).as_posix()
        for pattern in SEALED
        for file in folder.glob(pattern)
        if BATCH not in file.name
    }
    changed = sorted(name for name in there & sealed.keys() if sha256(folder / name) != sealed[name])
    if changed:
        what = f"{several(changed)} changed since the study was sealed"
        yield Finding("open", f"{what}; the same study, run again, writes {CRATE} anew")
    covered = {name.partition("/")[0] for name in sealed}
    later = {name for name in there - sealed.keys() if name.startswith(LATER) and "chapters" not in covered}
    if later:
        yield Finding(
            "note", f"{counted(len(later), 'page')} were not sealed: {CRATE} is of an older version"
        )
    if strange := sorted(there - sealed.keys() - later):
        yield Finding("open", f"{several(strange)} were not there when the study was sealed")


def _misquoted(evidence: Evidence, page: Path) -> Iterator[str]:
    """Sentences of an executed chapter that read like a claim of this study and are none."""
    name = page.relative_to(evidence.folder).as_posix()
    sentences = {claim["sentence"] for claim in evidence.claims}
    outcomes = {claim["sentence"]: claim["outcome"] for claim in evidence.claims}
    try:
        texts = list(_outputs(page))
    except (ValueError, KeyError, AttributeError, TypeError):
        yield f"{name} cannot be read as an executed chapter"
        return
    for text in texts:
        for said in QUOTE.findall(text):
            if not any(said in one for one in sentences):
                where = _first_difference(said, [one[one.find("Expected: ") :] for one in sentences])
                yield f"{name} quotes a claim that claims.json does not have: {where}"
        for answer in ANSWER.finditer(text):
            rest = text[answer.end() :]
            behind = next((one for one in sentences if rest.startswith(one)), "")
            if answer[1] == evidence.scale and behind and outcomes[behind] != answer[2]:
                yield f"{name} calls the answer {answer[2]}, its claim {outcomes[behind]}"


def _outputs(page: Path) -> Iterator[str]:
    """The texts that the cells of an executed notebook left."""
    for cell in json.loads(page.read_text(encoding="utf-8"))["cells"]:
        for output in cell.get("outputs", []):
            given = [
                output.get("text", ""),
                *(output.get("data", {}).get(kind, "") for kind in ("text/plain", "text/markdown")),
            ]
            yield from ("".join(text) for text in given if text)


def _first_difference(said: str, sentences: set[str]) -> str:
    """Where a quotation leaves the claim that it is nearest to."""
    nearest = max(sentences, key=lambda one: len(_common(said, one)), default="")
    start = max(0, len(_common(said, nearest)) - 20)
    return f"{said[start : start + 60]!r}, the claim says {nearest[start : start + 60]!r}"


def _common(one: str, other: str) -> str:
    """The beginning that two texts share.

    >>> _common("Found: +9.9", "Found: +2.2")
    'Found: +'
    """
    length = next((n for n, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), None)
    return one[:length] if length is not None else min(one, other, key=len)


def summary_differences(evidence: Evidence) -> Iterator[str]:
    """Lines of summary.md that its claims and scores do not give; a correction since may be missing in it."""
    file = evidence.folder / "summary.md"
    if not file.is_file() or evidence.scores is None or not evidence.claims:
        return
    from polystilts.evidence.ledger import read_claims
    from polystilts.evidence.status import corrections_in
    from polystilts.evidence.summary import summary

    said = file.read_text(encoding="utf-8")
    named = PLACE.search(said)  # a study may be moved: where it was made is no finding, another name is
    place = named[1] if named and Path(named[1]).name == evidence.scale else ""
    try:
        pooled, chapters = (evidence.folder / "pool.json").is_file(), (evidence.folder / "chapters").is_dir()
        claims, events = read_claims(evidence.folder / "claims.json"), corrections_in(evidence.folder)
        texts = [
            summary(evidence.scale, claims, evidence.scores, pooled, pages, events[:count], place)
            for pages in {chapters, False}
            for count in range(len(events) + 1)
        ]
    except Exception as problem:  # whatever claims hold: they are the suspects, and are judged elsewhere
        yield f"summary.md cannot be made again from the claims: {type(problem).__name__}: {problem}"
        return
    if said in texts:
        return
    right = {line for text in texts for line in text.splitlines()}
    odd = [line for line in said.splitlines() if line not in right]
    lost = [line for line in texts[-1].splitlines() if line not in said.splitlines()]
    for words, lines in (("says", odd), ("does not say", lost)):
        if lines:
            near = _first_difference(lines[0], right) if words == "says" else repr(lines[0][:60])
            yield f"summary.md {words} what the claims {'do not' if words == 'says' else ''} give: {near}"
            return
    yield "summary.md has its lines in another order than the claims give"


# --- one number for all ---------------------------------------------------------------------------------


def digest_of(folder: Path) -> str:
    """The SHA-256 over the names and hashes of everything published in a folder, but for what verify writes.

    Printed once and kept elsewhere, it shows any later change.
    """
    folder = Path(folder)
    names = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    kept = [
        name
        for name in names
        if not any(part in f"{name}" for part in EXCLUDED) and not re.match(r"w\d+/", name)
    ]
    return sha256("".join(f"{sha256(folder / name)}  {name}\n" for name in kept).encode("utf-8"))
