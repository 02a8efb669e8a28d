"""The book: the executed chapters of a study as a small web site that can be read without code.

It is made of the chapters and of `summary.md`, and of nothing else: it runs no cell and computes no number.
The site needs no network; every file it asks for lies beside the page.
"""

import base64
import io
import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from polystilts import paths
from polystilts.errors import StudyError, WrongUse
from polystilts.evidence.json_schema import without_address_checker
from polystilts.evidence.ledger import judged_claims
from polystilts.evidence.summary import headline
from polystilts.files import fingerprint, read_json, sha256, whole_folder, write_json, write_text
from polystilts.pipeline import book_pages
from polystilts.pipeline.chapters import CHAPTERS
from polystilts.pipeline.study import Study

TITLE = "Does practice in several languages help?"
PICTURE = '"07_by_language"'  # the cell that draws the answer names its figure so
STYLE = Path(__file__).with_name("book.css")
ICON = Path(__file__).with_name("stones.svg")
REFERENCES = paths.REPOSITORY / "references.bib"
FORMULAE = "tex-svg.js"  # MathJax in one file, which asks for no fonts
MADE_FROM = "made-from.json"  # inside the book: the hashes of what it was made from
# What the theme brings and no page asks for: its developers' maps, other languages, an index for other sites.
UNUSED = ("**/*.map", "**/*.LICENSE.txt", "_static/locales", "objects.inv", ".buildinfo", ".buildinfo.bak")

PROMPTS = {
    "parameters": "the knobs, with what each means",
    "injected-parameters": "the knobs as they were set for this page",
}
SETTINGS: dict[str, Any] = {
    "project": "polystilts",
    "language": "en",
    "extensions": ["myst_nb", "sphinx.ext.mathjax", "sphinxcontrib.bibtex"],
    "bibtex_bibfiles": ["references.bib"],
    "mathjax_path": FORMULAE,
    "myst_enable_extensions": ["dollarmath"],
    "myst_heading_anchors": 3,
    "smartquotes_action": "qe",  # the names of runs have two hyphens, which are no dash
    "nb_execution_mode": "off",
    "nb_render_markdown_format": "myst",  # tables and links that cells print are tables and links
    "nb_ipywidgets_js": {},  # widgets would be fetched from elsewhere, and no chapter has any
    "nb_code_prompt_show": "the code",
    "nb_code_prompt_hide": "the code",
    "html_theme": "sphinx_book_theme",
    "html_static_path": ["static"],
    "html_css_files": [STYLE.name],
    "html_context": {"default_mode": "auto"},
    "html_favicon": "static/stones.svg",
    "html_use_index": False,
    "html_copy_source": False,
    "html_show_search_summary": False,  # summaries are fetched, which a page opened from a folder may not do
    "html_theme_options": {
        "home_page_in_toc": True,
        "use_download_button": False,
        "use_fullscreen_button": False,
        "search_bar_text": "Search the book",
        "toc_title": "On this page",
        "footer_content_items": "",
    },
}


def make_book(study: Study) -> bool:
    """Make the book of a study unless it is as its chapters are; say whether it had to be made."""
    chapters = [study.folder / "chapters" / f"{chapter.name}.ipynb" for chapter in CHAPTERS]
    summary, target = study.folder / "summary.md", study.folder / "book"
    missing = [str(file.relative_to(study.folder)) for file in (*chapters, summary) if not file.exists()]
    if missing:
        raise WrongUse(f"{study.name} is not finished, {missing[0]} is missing: `make study` makes it")
    if is_current(chapters, summary, target):
        return False
    flaws = bind(study.name, chapters, summary, target)
    if flaws:
        print(f"the book is made, but look at this: {'; '.join(flaws[:3])}", flush=True)
    return True


def place_of(study: Study) -> str:
    """Where the book of a study begins, as seen from the repository."""
    index = study.folder / "book" / "index.html"
    return paths.shown(index)


def is_current(chapters: Sequence[Path], summary: Path, target: Path) -> bool:
    """Whether a book is there and was made from just these files."""
    record = target / MADE_FROM
    return record.exists() and read_json(record) == made_from(chapters, summary)


def made_from(chapters: Sequence[Path], summary: Path) -> dict[str, str]:
    """What a book is made from: its sources and the code that binds them."""
    sources = {file.name: sha256(file) for file in (*chapters, summary, REFERENCES)}
    sources |= {page: sha256(file) for page, file in book_pages.chapters_beside(summary.parent).items()}
    code = [sha256(Path(file)) for file in (__file__, book_pages.__file__, STYLE)]
    beside = book_pages.pages_beside(summary.parent, [file.stem for file in chapters])
    return sources | {"beside": fingerprint(beside), "code": fingerprint(code)}


def bind(name: str, chapters: Sequence[Path], summary: Path, target: Path) -> list[str]:
    """Make a book of executed chapters, and put it in the place of an older one only when it is whole.

    Returns what Sphinx had to warn of, such as a link that leads nowhere; in a sound book that is nothing.
    """
    with tempfile.TemporaryDirectory() as folder:
        sources, site = Path(folder) / "sources", Path(folder) / "site"
        (sources / "static").mkdir(parents=True)
        for file in (STYLE, ICON, formulae()):
            shutil.copy(file, sources / "static")
        shutil.copy(REFERENCES, sources)
        pages = {file.stem: page_of(file.stem, read_json(file)) for file in chapters}
        others = {
            page: page_beside(page, file) for page, file in book_pages.chapters_beside(summary.parent).items()
        }
        for stem, page in (pages | others).items():
            write_text(sources / f"{stem}.ipynb", json.dumps(page))
        picture = picture_of(pages.values())
        if picture:
            (sources / "answer.png").write_bytes(base64.b64decode(picture[0]))
        beside = book_pages.pages_beside(summary.parent, pages)
        for stem, text in beside.items():
            write_text(sources / f"{stem}.md", text)
        told = summary.read_text(encoding="utf-8")
        write_text(sources / "index.md", landing(told, pages, picture, beside, list(others), summary.parent))
        flaws = render(name, sources, site)
        for pattern in UNUSED:
            for file in list(site.glob(pattern)):
                shutil.rmtree(file) if file.is_dir() else file.unlink()
        write_json(site / MADE_FROM, made_from(chapters, summary))
        with whole_folder(target) as draft:
            shutil.copytree(site, draft, dirs_exist_ok=True)
    return flaws


def formulae() -> Path:
    """The file that sets formulae, as it was installed: no page asks another host for it."""
    return Path(str(distribution("sphinx-mathjax-offline").locate_file(
        f"sphinx-mathjax-offline/static/mathjax/{FORMULAE}"
    )))  # fmt: skip


def render(name: str, sources: Path, site: Path) -> list[str]:
    """Let Sphinx turn the sources into pages; return its warnings."""
    without_address_checker()
    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    warnings = io.StringIO()
    settings = SETTINGS | {"html_title": f"polystilts · {name}"}
    with patch_docutils(), docutils_namespace():
        Sphinx(sources, None, site, site.with_name("trees"), "html", settings, None, warnings).build()
    told = re.sub(r"\x1b\[[0-9;]*m", "", warnings.getvalue()).replace(f"{sources}/", "")
    return [line for line in told.splitlines() if line.strip()]


def page_of(stem: str, notebook: dict) -> dict:
    """An executed chapter as a page: its code folded, its figures described, its links inside the book."""
    cells = []
    for cell in notebook["cells"]:
        cell = {**cell, "source": inward(text_of(cell["source"])), "metadata": dict(cell["metadata"])}
        if cell["cell_type"] == "code":
            refuse_errors(stem, cell)
            fold(cell)
            describe(cell)
            cell["outputs"] = [with_inward_links(output) for output in cell["outputs"]]
        cells.append(cell)
    return {**notebook, "cells": cells}


def page_beside(name: str, file: Path) -> dict:
    """A chapter of another scale as a page of this book: its title names the scale, its links its sibling."""
    scale = name.removesuffix(f"-{file.stem}")
    page = page_of(f"{scale}, {file.stem}", read_json(file))
    for cell in page["cells"]:
        for stem in book_pages.TOLD_BESIDE:
            cell["source"] = cell["source"].replace(f"]({stem}.ipynb", f"]({scale}-{stem}.ipynb")
    opening = page["cells"][0]
    opening["source"] = re.sub(r"^# (.*)", rf"# \1 · {scale}", opening["source"], count=1)
    return page


def fold(cell: dict) -> None:
    """Fold the code of a cell behind a word that says what it is."""
    tags = cell["metadata"].get("tags", [])
    cell["metadata"]["tags"] = [*tags, "hide-input"]
    prompt = next((PROMPTS[tag] for tag in tags if tag in PROMPTS), "")
    if prompt:
        cell["metadata"].setdefault("mystnb", {}).update(code_prompt_show=prompt, code_prompt_hide=prompt)


def describe(cell: dict) -> None:
    """Give the picture of a cell the words for those who cannot see it; `reading.show` left them there."""
    words = [output["metadata"]["image/png"]["alt"] for output in pictures_in(cell)]
    if words:
        cell["metadata"].setdefault("mystnb", {})["image"] = {"alt": words[0]}


def pictures_in(cell: dict) -> list[dict]:
    """The described pictures among the outputs of a cell."""
    return [
        output
        for output in cell.get("outputs", [])
        if output.get("metadata", {}).get("image/png", {}).get("alt")
    ]


def refuse_errors(stem: str, cell: dict) -> None:
    """Refuse a chapter that stopped on the way: a book shows finished work only."""
    for output in cell["outputs"]:
        if output["output_type"] == "error":
            raise StudyError(f"{stem} stopped with {output['ename']}; `make study` runs it again")


def with_inward_links(output: dict) -> dict:
    """An output whose links stay inside the book."""
    data = output.get("data", {})
    if "text/markdown" not in data:
        return output
    return {**output, "data": {**data, "text/markdown": inward(text_of(data["text/markdown"]))}}


def inward(text: str) -> str:
    """Text whose links to the front of the repository lead to the front of the book.

    >>> inward("[Contents](../../../README.md) · [Languages →](01_languages.ipynb)")
    '[Contents](index.md) · [Languages →](01_languages.ipynb)'
    """
    return re.sub(r"\]\((\.\./)+README\.md(#[^)]*)?\)", "](index.md)", text)


def text_of(lines: str | list[str]) -> str:
    """The text of a notebook's field, which may be kept in lines."""
    return lines if isinstance(lines, str) else "".join(lines)


def picture_of(pages: Iterable[dict]) -> tuple[str, str, str] | None:
    """The picture that goes with the answer, the words that describe it, and its caption."""
    for cell in (cell for page in pages for cell in page["cells"]):
        if PICTURE in text_of(cell["source"]):
            for output in pictures_in(cell):
                data = [other.get("data", {}).get("text/markdown", "") for other in cell["outputs"]]
                caption = "".join(text_of(lines) for lines in data)
                return text_of(output["data"]["image/png"]), output["metadata"]["image/png"]["alt"], caption
    return None


def landing(
    summary: str, pages: dict[str, dict], picture: tuple[str, str, str] | None, beside: Iterable[str] = (),
    others: Sequence[str] = (), folder: Path | None = None,
) -> str:  # fmt: skip
    """The first page: the question, the answer, one picture, and the way in.

    The words of the answer are those of `summary.md`, so that the book, the terminal and the file agree.
    """
    told = re.sub(r"^# .*\n+", "", summary).partition("\n## Where to read on")[0]
    answer, _, details = told.partition("\n## ")
    rows = []
    for stem, page in pages.items():
        title, question = opening_of(text_of(page["cells"][0]["source"]))
        rows.append(f"- [{title}]({stem}.ipynb)" + (f"<br>{question}" if question else ""))
    parts = [f"# {TITLE}", in_steps(answer.strip())]
    if folder is not None and "claims" in beside:
        primary, _ = headline(judged_claims(folder))
        parts.append(f"The gate, which tries to falsify it, says of the answer: **{primary.status}**.")
        parts.append(
            f"[How this number was made](#{book_pages.anchor(primary.id)}) · "
            "[The scales side by side](scales.md)"
        )
    if picture:
        parts += [f"![{picture[1]}](answer.png)", picture[2].strip()]
    parts += [
        "## The chapters",
        "Each asks one question, lets you guess, shows what was found, and ends with exercises. The code is "
        "folded: the pages read without it, and a click shows it.",
        "\n".join(rows),
        f"## {details.strip()}" if details else "",
        book_pages.contents(list(pages), list(beside), others),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def in_steps(answer: str) -> str:
    """The answer with what was expected and what was found on lines of their own.

    >>> print(in_steps("**The answer: supported.** Expected: A. Found: B. For new languages: C."))
    > **The answer: supported.**<br>
    > *Expected:* A.<br>
    > *Found:* B. For new languages: C.
    """
    steps = r"(\*\*) Expected: (.*?) Found: (.*)"
    return re.sub(rf"^(.*?){steps}$", r"> \1\2<br>\n> *Expected:* \3<br>\n> *Found:* \4", answer, flags=re.M)


def opening_of(text: str) -> tuple[str, str]:
    """The title of a chapter and the first question it asks, from its opening cell.

    >>> opening_of("# 4 · Practice\\n*Reads* a file\\n\\n[Back](x)\\n\\nIt practises. What does\\nit learn?")
    ('4 · Practice', 'What does it learn?')
    """
    title = text.partition("\n")[0].lstrip("# ")
    sentences = re.split(r"(?<=[.?!])\s+", " ".join(text.strip().rpartition("\n\n")[2].split()))
    return title, next((sentence for sentence in sentences if sentence.endswith("?")), "")
