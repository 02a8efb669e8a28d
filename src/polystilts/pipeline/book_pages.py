"""The pages beside the chapters: guides, claims with their traces, the scales side by side, references."""

import re
from collections.abc import Collection, Sequence
from pathlib import Path

from polystilts import paths
from polystilts.evidence.claim import Claim, interval_words, kind_table, qualification_table, signed
from polystilts.evidence.ledger import judged_claims
from polystilts.evidence.status import corrections_of
from polystilts.evidence.summary import headline, practice_of
from polystilts.figures.forest import title_of
from polystilts.pipeline.reading.page import table as reading_table

GUIDES = ("glossary", "teach", "cookbook", "cost")  # of docs/, in the order of the book
SCALES = ("demo", "world", "real-mini", "real-gpu", "xlmr-base", "xlmr-large")  # as they stand side by side
TOLD_BESIDE = ("07_xtreme_r_analysis", "08_what_we_learned")  # the chapters of other scales that a book holds
FEW = 12  # files of a claim that are named one by one; the command beside them names all


def pages_beside(folder: Path, chapters: Collection[str]) -> dict[str, str]:
    """The Markdown of every page beside the chapters, by the name of its page."""
    found = {name: guide(paths.REPOSITORY / "docs" / f"{name}.md", chapters) for name in GUIDES}
    found = {name: text for name, text in found.items() if text}
    found["claims"] = claims_page(folder)
    found["scales"] = scales_page(folder)
    found["references"] = "# References\n\n```{bibliography}\n:all:\n```\n"
    return {name: text for name, text in found.items() if text}


def guide(file: Path, chapters: Collection[str]) -> str:
    """A page of `docs/` whose links lead inside the book; nothing where there is no such page."""
    if not file.exists():
        return ""
    text = file.read_text(encoding="utf-8")
    for name in chapters:
        text = text.replace(f"](../notebooks/{name}.ipynb", f"]({name}.ipynb")
    text = re.sub(r"\]\(\.\./README\.md(#[^)]*)?\)", "](index.md)", text)
    return re.sub(r"\[([^\]]+)\]\(\.\./[^)]*\)", r"\1", text)  # what the book does not hold is named only


def claims_page(folder: Path) -> str:
    """Every claim of a study: what was found, over what, from which files, and how to follow it by hand."""
    if not (folder / "claims.json").exists():
        return ""
    claims, corrected = judged_claims(folder), corrections_of(folder)
    listed = [f"| [{title_of(one.id)}](#{anchor(one.id)}) | {one.outcome} | {one.status} |" for one in claims]
    parts = [
        "# How each number was made",
        "Every number in these pages that says something about the question is one of the claims below, or a "
        "row of a table beside them. A claim names the runs it rests on and the hash of every file it was "
        "computed from, so it can be followed to the predictions by one command, and checked by another: "
        f"`python -m polystilts verify outputs/{folder.name}`.",
        "\n".join(("| what was expected | outcome | status |", "| :-- | :-- | :-- |", *listed)),
    ]
    parts += [claim_section(claim, folder.name, corrected.get(claim.id, ())) for claim in claims]
    return "\n\n".join(parts) + "\n"


def chapters_beside(folder: Path) -> dict[str, Path]:
    """The last chapters of the other scales that were published, by the name of their page here."""
    if folder.name not in SCALES:
        return {}
    files = {
        f"{scale}-{stem}": paths.OUTPUTS / scale / "chapters" / f"{stem}.ipynb"
        for scale in SCALES
        for stem in TOLD_BESIDE
        if scale != folder.name
    }
    return {page: file for page, file in files.items() if file.exists()}


def claim_section(claim: Claim, scale: str, corrections: Sequence[str] = ()) -> str:
    """One claim: its headline, its tables, its two verdicts, its trace, and what was corrected since."""
    kind = "confirmatory" if claim.confirmatory else "exploratory"
    frames = [frame for frame in (kind_table(claim), qualification_table(claim)) if len(frame)]
    lines = [
        f"({anchor(claim.id)})=\n## {title_of(claim.id)}",
        f"**{claim.told}**",
        f"*Outcome:* **{claim.outcome}** · *status:* {claim.status} · {kind} · n = {claim.n}",
        *(f"**Corrected** {words}" for words in corrections),
        *(reading_table(frame).data for frame in frames),
        f"Follow it: `python -m polystilts trace {claim.id} --outputs outputs/{scale}`",
    ]
    if claim.sentence != claim.told:
        lines.append(unfolding("The whole of the claim, as the ledger has it", claim.sentence))
    if files := claim.lineage.get("files", {}):
        rows = "\n".join(f"| `{name}` | `{sha256[:16]}` |" for name, sha256 in list(files.items())[:FEW])
        rest = f"\n\nand {len(files) - FEW} more, which the command names." if len(files) > FEW else ""
        table = f"| file | its sha256 begins with |\n| :-- | :-- |\n{rows}{rest}"
        lines.append(unfolding(f"The {len(files)} files it was computed from", table))
    return "\n\n".join(lines)


def unfolding(summary: str, words: str) -> str:
    """Words that a click unfolds."""
    return f"<details><summary>{summary}</summary>\n\n{words}\n\n</details>"


def anchor(claim: str) -> str:
    """The name by which a page links to a claim."""
    return f"claim-{claim}"


def scales_page(folder: Path) -> str:
    """The answers of all scales that have one, side by side."""
    rows = []
    for name in SCALES:
        place = folder if folder.name == name else paths.OUTPUTS / name
        if claims := judged_claims(place):
            page = f"{name}-{TOLD_BESIDE[-1]}"
            title = f"[{name}]({page}.ipynb)" if page in chapters_beside(folder) else name
            answer, retrieval = headline(claims)
            rows += [row_of(title, answer, "all other kinds of task"), row_of(title, retrieval, "retrieval")]
    if not rows:
        return ""
    head = "| scale | intermediate training | targets | points | 95 % interval | outcome | status |"
    head += "\n| :-- | :-- | :-- | --: | --: | :-- | :-- |"
    return "\n\n".join(
        (
            "# The scales side by side",
            "The same chapters and the same code at every scale; what differs is who speaks and who reads. "
            "Invented languages have factors that were set, real ones do not, and small encoders are not "
            "large ones: rows may disagree without either being a mistake. "
            "Points are what the named intermediate training scores above the English one, in low-resource "
            "languages that had no labels. Where nothing could be translated, code-switched rows stand in. "
            "*Not testable* means that too little was learned to say anything. Retrieval has "
            "rows of its own and is never pooled in.",
            head + "\n" + "\n".join(rows),
            "A scale without a row has no finished study in this copy of the repository.",
        )
    )


def row_of(scale: str, claim: Claim, what: str) -> str:
    """One claim of one scale as a row."""
    points, interval = "–", "–"
    if claim.estimate is not None:
        points, interval = signed(claim.estimate), interval_words(claim)
    cells = (scale, practice_of(claim), what, points, interval, claim.outcome, claim.status)
    return f"| {' | '.join(cells)} |"


def contents(chapters: Sequence[str], beside: Sequence[str], others: Sequence[str] = ()) -> str:
    """The book's table of contents: the chapters, then those of other scales, then guides, then evidence."""
    guides = [name for name in beside if name in GUIDES]
    evidence = [name for name in beside if name not in GUIDES]
    parts = (("Chapters", chapters), ("Other scales", others), ("Guides", guides), ("Evidence", evidence))
    return "\n\n".join(
        f"```{{toctree}}\n:hidden:\n:caption: {title}\n\n" + "\n".join(names) + "\n```"
        for title, names in parts
        if names
    )
