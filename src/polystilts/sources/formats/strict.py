"""Reading a file strictly: UTF-8 or a refusal that names file and line, and no guess in between."""

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from polystilts.errors import WrongUse

BYTE_ORDER_MARK = "\ufeff"
INVISIBLE = ("Cc", "Cf", "Zs", "Zl", "Zp")  # Unicode categories: controls, formats, white space
HALF_ESCAPED = re.compile(r"\\u[dD][89a-fA-F]")  # how JSON may write what is half a character

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


def read_lines(path: Path, loose: bool = False) -> list[str]:
    """The lines of a UTF-8 file, LF or CRLF; other separators (U+2028, U+0085) stay inside their line.

    A carriage return anywhere else is refused. Running text is read `loose`: there one is white space, and
    ends the lines of a file that has no LF at all.
    """
    text = read_whole(path)
    if loose and "\n" not in text:
        text = text.replace("\r", "\n")
    lines = [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]
    strays = (number for number, line in enumerate(lines, 1) if "\r" in line)
    if not loose and (stray := next(strays, 0)):
        refuse(path, stray, "a carriage return (CR) without a line feed: the file ends its lines with CR, or "
               "one strayed into this line; convert line ends to LF")  # fmt: skip
    return lines


def is_blank(line: str) -> bool:
    """A line of nothing but spaces and tabs. One of a no-break space, say, holds a word.

    >>> is_blank(" \t"), is_blank("\u00a0")
    (True, False)
    """
    return not line.strip(" \t")


def clean(text: str) -> str:
    """The text without byte order marks and without white space at its ends."""
    return text.replace(BYTE_ORDER_MARK, "").strip()


def is_visible(text: str) -> bool:
    """Is there anything to be seen, or only white space, joiners, marks of order and soft hyphens?

    >>> is_visible("\u200b\u00ad\u2028 "), is_visible("\u200b?")
    (False, True)
    """
    return any(unicodedata.category(char) not in INVISIBLE for char in text)


def whole_number(text: str) -> int | None:
    """The number that a text of the digits 0 to 9 stands for; None for anything else, other digits too.

    >>> whole_number("07"), whole_number("٣"), whole_number("1.0")
    (7, None, None)
    """
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no value of JSON; fill in the missing value")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice[:40]!r} is there twice in one object; keep one")
    return found


def parse(text: str, path: Path, line: int = 0) -> Any:
    """The value of a JSON text; `line` is where it stands in a file of JSON lines, 0 for a whole file."""
    first = line or 1
    try:
        found = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        reason = f"column {error.colno}: not JSON ({error.msg})"
        if error.msg == "Extra data":
            reason += "; a second value follows: are these JSON lines, or two files in one?"
        elif error.pos >= len(text.rstrip()) or "Unterminated" in error.msg:
            reason += "; is the file cut short?"
        refuse(path, first + error.lineno - 1, reason)
    except RecursionError:
        refuse(path, first, "nested too deeply to be read; this is no data set of ours")
    except ValueError as error:  # what Python reads or gives up on, and JSON does not have
        told = str(error)
        refuse(
            path, first, "a number of thousands of digits" if "int_max_str" in told else f"not JSON ({told})"
        )
    if HALF_ESCAPED.search(text) and (place := half_surrogate(found)) is not None:
        told = "half a surrogate pair, which is no character; write both halves, or the character itself"
        refuse(path, line or place or 1, f"{place}: {told}" if line else told)
    return found


def half_surrogate(value: Any) -> str | None:
    """The place of a text in parsed JSON that holds half of a surrogate pair; None where none does.

    >>> half_surrogate({"data": [{"text": "\\U0001f600"}, {"text": "\\ud83d"}]})
    'data[1].text'
    """
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting:
        place, one = waiting.pop()
        if isinstance(one, str):
            if any("\ud800" <= char <= "\udfff" for char in one):
                return place
        elif isinstance(one, dict):
            waiting += [(f"{place}.(a key)".lstrip("."), name) for name in one]
            waiting += [(f"{place}.{name}".lstrip("."), part) for name, part in one.items()]
        elif isinstance(one, list):
            waiting += [(f"{place}[{number}]", part) for number, part in enumerate(one)]
    return None


def read_json(path: Path) -> Any:
    """The content of a JSON file; refuses NaN and names line and column of a syntax error."""
    return parse(read_whole(path), path)


def is_json_lines(path: Path) -> bool:
    """Does each line of the file hold an object of its own? Told by its first line and the next."""
    first, _, rest = read_whole(path).strip().partition("\n")
    if path.suffix == ".jsonl":
        return True
    if not (first.startswith("{") and first.rstrip().endswith("}") and rest.lstrip().startswith("{")):
        return False
    try:
        return isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        return False


def read_json_lines(path: Path) -> Iterator[tuple[int, dict]]:
    """Line number and object of every line of a JSON-lines file; blank lines are skipped."""
    for number, line in enumerate(read_lines(path), 1):
        if line.strip():
            found = parse(line, path, number)
            if not isinstance(found, dict):
                refuse(path, number, f"expected an object in braces, found {type(found).__name__}")
            yield number, found


def field(record: Mapping, key: str, path: Path, place: int | str, kind: type = str) -> Any:
    """`record[key]` of the right type, or a refusal; text is cleaned and may not be empty.

    Words that other readers take for a missing value (`nan`, `NA`, `null`) are words here: `nan` is bread.
    """
    if not isinstance(record, Mapping) or key not in record:
        known = ", ".join(map(str, record)) if isinstance(record, Mapping) else type(record).__name__
        refuse(path, place, f"no field {key!r}; fields are {known}")
    value = record[key]
    if kind is int and isinstance(value, bool) or not isinstance(value, kind):
        wanted = getattr(kind, "__name__", str(kind))
        refuse(path, place, f"{key!r} should be {wanted}, found {str(value)[:40]!r}")
    if kind is str:
        value = clean(value)
        if not value:
            refuse(path, place, f"{key!r} is empty; fill it in or take the record out")
        if not is_visible(value):
            unseen = ascii(value)[1:-1][:40]
            refuse(path, place, f"{key!r} is empty: {unseen} cannot be seen; fill it in or take it out")
    return value


def read_csv(
    path: Path,
    columns: tuple[str, ...],
    header: tuple[str, ...] = (),
    delimiter: str = "",
    loose: bool = False,
) -> Iterator[tuple[int, dict[str, str]]]:
    """First line number and fields of each record of a CSV file, quoted records included.

    The first record is the header, unless `header` names the columns of a file that has none. Without a
    `delimiter` it is the comma, or the tab or semicolon by which the header has the columns. Records with
    another number of fields are refused; `loose` cuts or fills them, and drops a last one that is not whole.
    """
    text = read_whole(path)
    mark = delimiter or (_delimiter(text, columns) if not header else ",")
    reader = csv.reader(io.StringIO(text, newline="\n"), strict=True, delimiter=mark)
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
        if "new-line character" in str(error):
            refuse(path, start, "a carriage return (CR) without a line feed; convert line ends to LF")
        refuse(path, start, f"not CSV ({error}); look for a quotation mark that is not closed")


def _delimiter(text: str, columns: tuple[str, ...]) -> str:
    """What parts the fields of a CSV file: the mark by which its first line has the (most) columns."""
    first = text.partition("\n")[0].rstrip("\r")
    fit = [mark for mark in ",\t;" if set(columns) <= {clean(n).strip('"') for n in first.split(mark)}]
    return max(fit, key=first.count, default=",")


def read_tsv(
    path: Path, columns: tuple[str, ...], ragged: list[int] | None = None
) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and fields of each line of a TSV file with a header; quotation marks are plain text.

    Lines with another number of fields are refused, or, where `ragged` is given, noted there and skipped.
    """
    header: list[str] | None = None
    for number, line in enumerate(read_lines(path), 1):
        if is_blank(line):
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
    twice = [name for name in columns if header.count(name) > 1]
    if twice:
        refuse(path, 1, f"two columns are called {twice[0]!r}; keep one")


def _fields(path: Path, number: int, header: list[str], cells: list[str]) -> dict[str, str]:
    if len(cells) != len(header):
        refuse(path, number, f"{len(cells)} fields where the header has {len(header)}; mend the line")
    return dict(zip(header, cells, strict=True))
