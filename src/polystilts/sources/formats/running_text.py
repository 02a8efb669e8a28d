"""Running text to pretrain on: whatever the format, a list of lines, each a sentence, verse or paragraph."""

import html
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from polystilts.errors import WrongUse
from polystilts.sources.formats.marked import read_elements
from polystilts.sources.formats.markup import JOINED, asciidoc, markdown, web_pages
from polystilts.sources.formats.scripts import refuse_other_script
from polystilts.sources.formats.strict import (
    clean,
    field,
    parse,
    read_csv,
    read_json,
    read_json_lines,
    read_lines,
    read_whole,
    refuse,
)


def plain(path: Path) -> Iterator[str]:
    """Plain text, a unit a line: FLORES, Tatoeba's sides, Common Voice, books."""
    for line in read_lines(path, loose=True):
        if not JOINED.match(line):
            yield html.unescape(line)


def one_line(path: Path) -> Iterator[str]:
    """Sentences that follow one another on one line, cut apart after their marks."""
    for line in plain(path):
        yield from re.split(r"(?<=[.!?])\s+", line)


def json_lines(path: Path, keys: str) -> Iterator[str]:
    """JSON lines: the texts under these keys (`+` between several, `.` into an object)."""
    for line, record in read_json_lines(path):
        for key in keys.split("+"):
            value: Any = record
            *outer, last = key.split(".")
            for step in outer:
                value = field(value, step, path, line, dict)
            yield field(value, last, path, line)


def _texts(node: Any, key: str) -> Iterator[str]:
    """Every text under `key` in nested JSON; a list of texts there counts as several."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == key and isinstance(value, str):
                yield value
            elif name == key and isinstance(value, list) and all(isinstance(text, str) for text in value):
                yield from value
            else:
                yield from _texts(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from _texts(value, key)


def json_texts(path: Path, keys: str, cut: bool = False) -> Iterator[str]:
    """One JSON document (a Bible book, a Quran): all texts under these keys, in the order of the file.

    `cut` is for a document that was cut between two records of its outer list.
    """
    content = _mended(path) if cut else read_json(path)
    try:
        for key in keys.split("+"):
            yield from _texts(content, key)
    except RecursionError:
        refuse(path, 1, "nested too deeply to be read; this is no text of ours")


def _mended(path: Path) -> Any:
    return parse(read_whole(path).rstrip().rstrip(",") + "]}", path)


def csv_column(path: Path, column: str, delimiter: str = ",", loose: bool = False) -> Iterator[str]:
    """Columns of a CSV file by name (`headline+text` for two), capitals aside; `tab` is a delimiter too.

    `loose` reads on where a record has a field too many or too few, and where the last one is not whole.
    """
    mark = {"tab": "\t"}.get(delimiter, delimiter)
    header = [clean(name).strip('"') for name in read_lines(path, loose=True)[0].split(mark)]
    wanted = []
    for asked in column.split("+"):
        found = [name for name in header if name.lower() == asked.lower()]
        if not found:
            refuse(path, 1, f"no column {asked!r}; the header has {', '.join(header)[:120]}")
        wanted.append(found[0])
    for _, record in read_csv(path, tuple(wanted), delimiter=mark, loose=loose):
        yield from (record[name] for name in wanted)


def tsv_column(path: Path, column: str) -> Iterator[str]:
    """Columns of a TSV file without a header by number from 1 (`2+3` for two); quotation marks are text."""
    wanted = [int(number) for number in str(column).split("+")]
    for number, line in enumerate(read_lines(path, loose=True), 1):
        cells = line.split("\t")
        if not line.strip():
            continue
        if len(cells) < max(wanted):
            refuse(path, number, f"{len(cells)} fields where there should be {max(wanted)} or more")
        yield from (cells[place - 1] for place in wanted)


def csv_last(path: Path) -> Iterator[str]:
    """The last column of a CSV file without a header."""
    for _, record in read_csv(path, (), header=("label", "text")):
        yield record["text"]


def elements(path: Path, tags: str, cut: bool = False) -> Iterator[str]:
    """The text of XML elements with these names: `seg` and `verse` of Bibles, `para` and `title` of UDHR."""
    for element in read_elements(path, *tags.split("+"), cut=cut):
        yield "".join(element.itertext())


def memory(path: Path, side: str) -> Iterator[str]:
    """One language's side of a translation memory (TMX)."""
    variants = read_elements(path, "tuv")
    marks = ("{http://www.w3.org/XML/1998/namespace}lang", "lang")
    for variant in variants:
        spoken = next((variant.get(mark) for mark in marks if variant.get(mark)), "")
        if spoken.lower().split("-")[0] == side:
            yield "".join(variant.itertext())


def treebank_text(path: Path) -> Iterator[str]:
    """The sentences of a CoNLL-U file as its comments give them (`# text = …`)."""
    for line in read_lines(path, loose=True):
        if line.startswith("# text ="):
            yield line.partition("=")[2]


TEXT_FORMATS: dict[str, Callable[..., Iterator[str]]] = {
    "plain": plain,
    "one-line": one_line,
    "markdown": markdown,
    "asciidoc": asciidoc,
    "web-pages": web_pages,
    "json-lines": json_lines,
    "json-texts": json_texts,
    "csv-column": csv_column,
    "csv-last": csv_last,
    "tsv-column": tsv_column,
    "elements": elements,
    "tmx": memory,
    "treebank-text": treebank_text,
}


def read_text(path: Path, format: str = "plain", language: str = "", **arguments: Any) -> list[str]:
    """The lines of a text file in one of TEXT_FORMATS: white space made single, empty lines left out.

    With a language, text hardly any of whose letters are of its script is refused. Raises WrongUse with file
    and line for what the format does not allow, and for a file without any text.
    """
    if format not in TEXT_FORMATS:
        raise WrongUse(f"{path}: no text format {format!r}; formats are {', '.join(TEXT_FORMATS)}")
    lines = (" ".join(clean(line).split()) for line in TEXT_FORMATS[format](Path(path), **arguments))
    found = [line for line in lines if any(map(str.isalnum, line))]
    if not found:
        refuse(path, 1, f"no text in it when read as {format!r}; is it another format?")
    if language:
        refuse_other_script(path, language, found)
    return found
