"""The book: pages that read without code, hold together, and ask nobody else for anything."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from polystilts import paths
from polystilts.errors import StudyError, WrongUse
from polystilts.evidence.claim import Claim, as_record
from polystilts.files import read_json, write_json, write_text
from polystilts.pipeline import book, book_pages
from polystilts.pipeline.chapters import CHAPTERS, sources_of
from polystilts.pipeline.drive import bind_book
from polystilts.pipeline.study import open_study
from polystilts.pipeline.times import write_times

# The theme's own modules use what Sphinx will remove one day.
pytestmark = pytest.mark.filterwarnings("ignore:.*is deprecated. Check CHANGES for Sphinx")

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
SUMMARY = """# The answer at scale pond

**The question.** Do frogs sing?

**The answer: supported.** Expected: Frogs sing. Found: +3.0 points (95 % interval +1.0 to +5.0).

## Which intermediate tasks were learned

- Croaking: learned

## Where to read on

- the book, without code: `outputs/pond/book/index.html`
"""


def said(text):
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def ran(code, *outputs, tags=()):
    return {
        "cell_type": "code",
        "execution_count": 1,
        "metadata": {"tags": list(tags)},
        "source": code,
        "outputs": list(outputs),
    }


def returned(**data):
    data = {kind.replace("_", "/"): [line + "\n" for line in text.split("\n")] for kind, text in data.items()}
    return {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": data}


def drawn(words):
    metadata = {"image/png": {"alt": words, "width": 700}}
    return {"output_type": "display_data", "metadata": metadata, "data": {"image/png": PIXEL}}


def notebook(*cells):
    python = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"cells": list(cells), "metadata": {"kernelspec": python}, "nbformat": 4, "nbformat_minor": 4}


POND = notebook(
    said("# 0 · The pond\n*Reads* nothing\n\n[Contents](../README.md) · [Frogs →](01_frogs.ipynb)\n\n"
         "A pond is deep. Who lives in\nit? We shall see."),
    ran("depth: int = 3  # how deep", tags=["parameters"]),
    ran("depth = 4", tags=["injected-parameters"]),
    ran("look()", returned(text_markdown="| who | legs |\n| :-- | --: |\n| frog | 4 |", text_plain="<x>")),
)  # fmt: skip
FROGS = notebook(
    said("# 1 · Frogs\n\n[← The pond](00_pond.ipynb)\n\nDo they sing?"),
    ran('show("07_by_language")', drawn("Songs by frog, from low to high."),
        returned(text_markdown="*Songs by frog. See [the front](../README.md#answer).*")),
    said("The song is $a + b$ long."),
    said("## Your turn\n\n<details><summary>Answer</summary>\n\n```python\nsing()\n```\n\n</details>"),
)  # fmt: skip


SONG = Claim(
    "primary", "primary", "Frogs sing louder, by +3.0 points.", "mean", 3.0, 1.0, 5.0, 12, 3, "supported",
    scale="pond", lineage={"files": {f"runs/frog-{i:02}/run.json": f"{i:064x}" for i in range(15)}},
    headline="Frogs sing, toads do not.",
    contrast={"text": "", "unit": "points", "rows": [
        {"side": "contrast", "arm": "translated", "against": "english", "kind": kind, "estimate": 3.0,
         "low": 1.0, "high": 5.0, "n": 12, "units": 3} for kind in ("", "tagging")
    ]},
    qualifications=[{"name": "only one", "text": "Only one pond: nothing is said about others."}],
)  # fmt: skip

ECHO = replace(
    SONG, id="primary-retrieval", hypothesis="primary-retrieval", sentence="Echoes were not counted."
)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A book of two chapters, and what Sphinx had to say about it."""
    root = tmp_path_factory.mktemp("pond")
    files = [root / "00_pond.ipynb", root / "01_frogs.ipynb"]
    for file, content in zip(files, (POND, FROGS), strict=True):
        write_json(file, content)
    write_text(root / "summary.md", SUMMARY)
    write_json(root / "claims.json", {"claims": [as_record(SONG), as_record(ECHO)]})
    corrected = {"corrected_at": "2026-11-27T09:00:00+00:00", "affected_fields": ["claims.json:primary"],
                 "public_note": "They sing lower."}  # fmt: skip
    write_json(root / "record" / "correction-record.json", {"correction_events": [corrected]})
    write_text(root / "book" / "old.html", "an older book")
    assert book.bind("pond", files, root / "summary.md", root / "book") == []
    return root / "book"


class Tags(HTMLParser):
    """All tags of a page with their attributes."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


def pages(site):
    return {file.name: file.read_text(encoding="utf-8") for file in site.glob("*.html")}


def test_the_book_has_its_pages_and_replaces_the_older_one(site):
    beside = {f"{name}.html" for name in book_pages.pages_beside(site.parent, ())}
    assert {"glossary.html", "teach.html", "cookbook.html", "claims.html", "references.html"} <= beside
    assert set(pages(site)) == {"index.html", "00_pond.html", "01_frogs.html", "search.html", *beside}
    assert (site / "searchindex.js").exists()
    assert sum(file.stat().st_size for file in site.rglob("*") if file.is_file()) < 8e6


def test_the_last_chapters_of_other_scales_stand_beside(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "OUTPUTS", tmp_path)
    analysis, learned = book_pages.TOLD_BESIDE
    text = f"# 8 · What we learned\n[← Analysis]({analysis}.ipynb) · [Transfer](06_zero_shot_transfer.ipynb)"
    write_json(tmp_path / "world" / "chapters" / f"{learned}.ipynb", {**POND, "cells": [said(text)]})
    assert set(book_pages.chapters_beside(tmp_path / "demo")) == {f"world-{learned}"}
    assert not book_pages.chapters_beside(tmp_path / "world")  # its own chapters are no others
    assert not book_pages.chapters_beside(tmp_path / "lab")
    page = book.page_beside(f"world-{learned}", tmp_path / "world" / "chapters" / f"{learned}.ipynb")
    source = page["cells"][0]["source"]
    assert source.startswith("# 8 · What we learned · world\n")
    assert f"](world-{analysis}.ipynb)" in source and "](06_zero_shot_transfer.ipynb)" in source
    assert f"world-{learned}" in book_pages.contents(["00_pond"], [], [f"world-{learned}"])


def test_the_first_page_asks_answers_shows_and_leads_on(site):
    page = pages(site)["index.html"]
    for words in ("Do frogs sing?", "The answer: supported.", "95 % interval +1.0 to +5.0", "Songs by frog.",
                  "Who lives in it?", "Croaking: learned"):  # fmt: skip
        assert words in page
    assert "Where to read on" not in page
    assert "answer.png" in page


def test_no_page_asks_another_host_for_anything(site):
    for name, page in pages(site).items():
        for tag, attributes in Tags(page).found:
            asked = [attributes.get("src") or "", attributes.get("srcset") or ""]
            asked.append((attributes.get("href") or "") if tag == "link" else "")
            assert not [url for url in asked if "//" in url], f"{name}: {tag} {attributes}"
    outside = re.compile(r"""(url\(|@import)\s*["']?(https?:)?//""")
    for style in site.rglob("*.css"):
        assert not outside.search(style.read_text(encoding="utf-8")), style


def test_every_link_and_every_file_it_needs_is_there(site):
    for name, page in pages(site).items():
        for tag, attributes in Tags(page).found:
            for url in (attributes.get("href"), attributes.get("src")):
                parts = urlsplit(url or "")
                if parts.path and not parts.scheme:
                    assert (site / unquote(parts.path)).exists(), f"{name}: {tag} {url}"
                    assert not parts.path.endswith((".ipynb", ".md")), f"{name}: {tag} {url}"
    assert 'href="index.html"' in pages(site)["01_frogs.html"].replace("#", '"')


def test_every_picture_is_described(site):
    for name in ("index.html", "01_frogs.html"):
        words = [a.get("alt") for tag, a in Tags(pages(site)[name]).found if tag == "img"]
        assert words == ["Songs by frog, from low to high."]


def test_code_is_folded_and_results_are_not(site):
    page = pages(site)["00_pond.html"]
    folded = re.findall(r"<details.*?</details>", page, flags=re.S)
    assert len(folded) == 3 and not any("<details open" in part for part in folded)
    assert "the knobs, with what each means" in folded[0] and "how deep" in folded[0]
    assert "the knobs as they were set for this page" in folded[1]
    rest = re.sub(r"<details.*?</details>", "", page, flags=re.S)
    assert "highlight-ipython3" not in rest
    assert re.search(r"<td[^>]*><p>frog</p></td>", rest), "a printed table is a table"


def test_every_claim_can_be_followed_from_the_first_page(site):
    first, claims = pages(site)["index.html"], pages(site)["claims.html"]
    assert 'href="claims.html#claim-primary"' in first and 'id="claim-primary"' in claims
    claims = re.sub(r"<[^>]+>", "", claims)
    order = ("Frogs sing, toads do not.", "Outcome: supported", "+3.0 (+1.0 to +5.0)", "Only one pond",
             "Frogs sing louder")  # fmt: skip
    places = [claims.index(words) for words in order]
    assert places == sorted(places), "a claim leads with its headline, and ends with its whole text"
    for words in ("Frogs sing louder", "supported", "UNVERIFIED", "trace primary", "runs/frog-11/run.json",
                  "The 15 files", "and 3 more", "Corrected 2026-11-27: They sing lower."):  # fmt: skip
        assert words in claims
    assert "runs/frog-12/run.json" not in claims


def test_formulae_are_set_without_asking_anybody(site):
    assert (site / "_static" / book.FORMULAE).stat().st_size > 1e6
    assert book.FORMULAE in pages(site)["01_frogs.html"] and "cdn" not in pages(site)["01_frogs.html"]


def study_with(tmp_path, monkeypatch, chapters=CHAPTERS):
    monkeypatch.setattr(paths, "OUTPUTS", tmp_path)
    study = open_study("tiny")
    for chapter in chapters:
        write_json(study.folder / "chapters" / f"{chapter.name}.ipynb", notebook(said(f"# {chapter.name}")))
    write_text(study.folder / "summary.md", SUMMARY)
    return study


def test_a_book_is_made_again_only_when_its_chapters_change(tmp_path, monkeypatch):
    study = study_with(tmp_path, monkeypatch)
    bound = []

    def bind(name, chapters, summary, target):
        bound.append(name)
        write_json(target / book.MADE_FROM, book.made_from(chapters, summary))
        return []

    monkeypatch.setattr(book, "bind", bind)
    assert book.make_book(study)
    assert not book.make_book(study)
    write_json(study.folder / "chapters" / "01_languages.ipynb", notebook(said("# 1 · New words")))
    assert book.make_book(study)
    assert bound == ["tiny", "tiny"]


def test_an_unfinished_study_has_no_book(tmp_path, monkeypatch):
    study = study_with(tmp_path, monkeypatch, CHAPTERS[:-1])
    with pytest.raises(WrongUse, match="08_what_we_learned.ipynb is missing"):
        book.make_book(study)
    stopped = {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": []}
    with pytest.raises(StudyError, match="01_x stopped with ValueError"):
        book.page_of("01_x", notebook(ran("1 / 0", stopped)))


def test_a_failing_book_costs_nobody_a_finished_study(tmp_path, monkeypatch, capsys):
    study = study_with(tmp_path, monkeypatch)

    def fail(*_):
        raise OSError("no space\nleft")

    monkeypatch.setattr(book, "bind", fail)
    bind_book(study, "now")
    assert capsys.readouterr().out == "the book was not made: no space left; `make book` tries again\n"
    assert not (study.folder / ".done" / "time" / "book.json").exists()
    monkeypatch.setattr(book, "bind", lambda *_: [])
    bind_book(study, "now")
    record = read_json(study.folder / ".done" / "time" / "book.json")
    assert (record["stage"], record["invocation"]) == ("book", "now")
    assert [entry["kind"] for entry in record["entries"]] == ["book"]
    assert write_times(study, "now", 0.0) is None, "a book alone is no reason to count the seconds anew"


def test_changing_the_book_repeats_no_chapter(tmp_path, monkeypatch):
    """A chapter is made again when what it is made from changes: the book's own code is not among it."""
    study = study_with(tmp_path, monkeypatch)
    binding = {Path(module.__file__) for module in (book, book_pages)}
    made = {file for chapter in CHAPTERS for file in sources_of(chapter, study)}
    assert not binding & made and Path(book.__file__).with_name("stages.py") in made


def test_a_scale_that_could_not_be_tested_has_a_row_without_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "OUTPUTS", tmp_path)
    silent = replace(SONG, estimate=None, low=None, high=None, outcome="not run")
    write_json(tmp_path / "demo" / "claims.json", {"claims": [as_record(silent), as_record(ECHO)]})
    page = book_pages.scales_page(tmp_path / "demo")
    assert "| demo | translated | all other kinds of task | – | – | not run | UNVERIFIED |" in page
    assert "unknown" not in page
