"""Reading a file strictly: UTF-8 or a refusal that names file and line, and no guess in between."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from polystilts.errors import WrongUse

BYTE_ORDER_MARK = "\ufeff"

# What stands in the place of a file that was not really obtained.
IMPOSTORS = {
    "version https://git-lfs": "a pointer of git-lfs, not the file itself; fetch the file with git lfs pull",
    "<!doctype html": "a web page, not the file itself; download the raw file",
    "<html": "a web page, not the file itself; download the raw file",
}


def refuse(path: Path, place: int | str, message: str) -> NoReturn:
    """Raise WrongUse with file, place and reason in one line; a place is a line, or a path inside JSON.

    >>> refuse(Path("a.tsv"), 3, "no label")
    Traceback (most recent call last):
    polystilts.errors.WrongUse: a.tsv:3: no label
    """
    mark = f":{place}" if isinstance(place, int) else f": {place}"
    raise WrongUse(f"{path}{mark}: {message}")


def read_whole(path: Path, page: bool = False) -> str:
    """The text of a UTF-8 file without a byte order mark at its start; line ends are left as they are.

    Refuses what stands in the place of a file; `page` says that a web page is what is wanted.
    """
    path = Path(path)
    if not path.is_file():
        raise WrongUse(f"{path}: no such file; look at the data root, or leave the row out")
    content = path.read_bytes()
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        refuse(path, line, f"byte {content[error.start]:#04x} is not UTF-8; convert the file to UTF-8")
    if "\0" in text:
        refuse(path, text[: text.index("\0")].count("\n") + 1, "a zero byte, so not UTF-8 text; convert it")
    text = text.removeprefix(BYTE_ORDER_MARK)
    if not text.strip():
        refuse(path, 1, "the file is empty; obtain it again")
    for start, what in IMPOSTORS.items():
        if not (page and "web page" in what) and text.lstrip()[: len(start)].lower() == start:
            refuse(path, 1, what)
    return text


def read_lines(path: Path) -> list[str]:
    """The lines of a UTF-8 file, LF or CRLF; other separators (U+2028, U+0085) stay inside their line."""
    text = read_whole(path)
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]


def clean(text: str) -> str:
    """The text without byte order marks and without white space at its ends."""
    return text.replace(BYTE_ORDER_MARK, "").strip()


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no value of JSON")


def _parse(text: str, path: Path, first_line: int) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        line = first_line + error.lineno - 1
        refuse(path, line, f"column {error.colno}: not JSON ({error.msg}); is the file cut short?")
    except RecursionError:
        refuse(path, first_line, "nested too deeply to be read; this is no data set of ours")
    except ValueError as error:  # NaN, which Python reads and JSON does not have
        refuse(path, first_line, f"not JSON ({error}); fill in the missing value")


def read_json(path: Path) -> Any:
    """The content of a JSON file; refuses NaN and names line and column of a syntax error."""
    return _parse(read_whole(path), path, 1)


def read_json_lines(path: Path) -> Iterator[tuple[int, dict]]:
    """Line number and object of every line of a JSON-lines file; blank lines are skipped."""
    for number, line in enumerate(read_lines(path), 1):
        if line.strip():
            found = _parse(line, path, number)
            if not isinstance(found, dict):
                refuse(path, number, f"expected an object in braces, found {type(found).__name__}")
            yield number, found


def field(record: Mapping, key: str, path: Path, place: int | str, kind: type = str) -> Any:
    """`record[key]` of the right type, or a refusal; text is cleaned and may not be empty."""
    if not isinstance(record, Mapping) or key not in record:
        known = ", ".join(map(str, record)) if isinstance(record, Mapping) else type(record).__name__
        refuse(path, place, f"no field {key!r}; fields are {known}")
    value = record[key]
    if kind is int and isinstance(value, bool) or not isinstance(value, kind):
        wanted = getattr(kind, "__name__", str(kind))
        refuse(path, place, f"{key!r} should be {wanted}, found {str(value)[:40]!r}")
    if kind is str:
        value = clean(value)
        if value in ("", "nan", "NaN"):
            refuse(path, place, f"{key!r} is empty; fill it in or take the record out")
    return value


def read_csv(
    path: Path,
    columns: tuple[str, ...],
    header: tuple[str, ...] = (),
    delimiter: str = ",",
    loose: bool = False,
) -> Iterator[tuple[int, dict[str, str]]]:
    """First line number and fields of each record of a CSV file, quoted records included.

    The first record is the header, unless `header` names the columns of a file that has none. Records with
    another number of fields are refused; `loose` cuts or fills them, and drops a last one that is not whole.
    """
    reader = csv.reader(io.StringIO(read_whole(path), newline="\n"), strict=True, delimiter=delimiter)
    names = list(header)
    start = 1
    try:
        for record in reader:
            if record and not names:
                names = [clean(name) for name in record]
                _need(path, names, columns)
            elif record and loose:
                yield start, dict(zip(names, [*record, *[""] * len(names)], strict=False))
            elif record:
                yield start, _fields(path, start, names, record)
            start = reader.line_num + 1
    except csv.Error as error:
        if loose and "unexpected end" in str(error):
            return
        refuse(path, start, f"not CSV ({error}); look for a quotation mark that is not closed")


def read_tsv(path: Path, columns: tuple[str, ...], ragged: list[int] | None = None):
    """Line number and fields of each line of a TSV file with a header; quotation marks are plain text.

    Lines with another number of fields are refused, or, where `ragged` is given, noted there and skipped.
    """
    header: list[str] | None = None
    for number, line in enumerate(read_lines(path), 1):
        if not line.strip():
            continue
        cells = line.split("\t")
        if header is None:
            header = [clean(name) for name in cells]
            _need(path, header, columns)
        elif ragged is not None and len(cells) != len(header):
            ragged.append(number)
        else:
            yield number, _fields(path, number, header, cells)


def _need(path: Path, header: list[str], columns: tuple[str, ...]) -> None:
    missing = [name for name in columns if name not in header]
    if missing:
        refuse(path, 1, f"no column {missing[0]!r}; the header has {', '.join(header)[:120]}")


def _fields(path: Path, number: int, header: list[str], cells: list[str]) -> dict[str, str]:
    if len(cells) != len(header):
        refuse(path, number, f"{len(cells)} fields where the header has {len(header)}; mend the line")
    return dict(zip(header, cells, strict=True))
