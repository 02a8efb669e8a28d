"""Running text out of pages that are marked up to be looked at: Markdown, AsciiDoc and HTML."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from polystilts.sources.formats.strict import read_lines, read_whole

JOINED = re.compile(r"^==> .* <==$")  # stands before each of several files joined into one


def markdown(path: Path) -> Iterator[str]:
    """Markdown without its marks: headings and paragraphs, each on a line; no code, no credits."""
    paragraph: list[str] = []
    fenced = False
    for line in [*read_lines(path, loose=True), ""]:
        text = line.strip()
        if text.startswith("```"):
            fenced = not fenced
        heading = re.match(r"#+\s*(.*)", text)
        ends = not text or heading or JOINED.match(text) or text.startswith("```")
        if ends and paragraph:
            yield " ".join(paragraph)
            paragraph = []
        if heading:
            yield heading[1]
        elif (
            not ends
            and not fenced
            and not re.match(r"\* (License|Text|Illustration|Translation|Language):", text)
        ):
            paragraph.append(_without_links(text))


def _without_links(text: str) -> str:
    """Text without images, link targets, Sphinx roles (`:label:`…``) and emphasis marks."""
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)|:\w+:`[^`]*`", "", text)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"\*+(?=\S)([^*]+)\*+", r"\1", text).strip("*_ ")


def asciidoc(path: Path) -> Iterator[str]:
    """AsciiDoc without its marks: titles and paragraphs; no directives, index entries or attributes."""
    paragraph: list[str] = []
    for line in [*read_lines(path, loose=True), ""]:
        text = re.sub(r"\(\(\(.*?\)\)\)|\(\(|\)\)|<<[^>]*>>", "", line).strip()
        skipped = re.match(r"(image|include|ifdef|ifndef|endif)::|[\[:/|]|(-{4}|={4,}|\*{4}|\+)$|//", text)
        title = re.match(r"(=+|\.)\s*(\w.*)", text)
        if (not text or skipped or title or JOINED.match(line)) and paragraph:
            yield " ".join(paragraph)
            paragraph = []
        if title:
            yield title[2]
        elif text and not skipped and not JOINED.match(line):
            paragraph.append(text)


class _Paragraphs(HTMLParser):
    """Collects the text of headings and paragraphs, the outermost ones."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inside = False

    def handle_starttag(self, tag, attrs) -> None:
        if tag == "p" or re.fullmatch(r"h[1-6]", tag):
            self.inside = True
            self.found.append("")

    def handle_endtag(self, tag) -> None:
        if tag == "p" or re.fullmatch(r"h[1-6]", tag):
            self.inside = False

    def handle_data(self, data) -> None:
        if self.inside:
            self.found[-1] += data


def web_pages(path: Path) -> Iterator[str]:
    """HTML and XHTML, one page or several joined: headings and paragraphs."""
    parser = _Paragraphs()
    parser.feed(read_whole(path, page=True))
    yield from parser.found
