"""XML, read element by element, with document types and entities refused."""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from polystilts.sources.formats.strict import read_whole, refuse


def read_elements(path: Path, *tags: str, cut: bool = False) -> Iterator[ElementTree.Element]:
    """The elements with one of these names, in the order of the file; namespaces are left out.

    `cut` allows a file that ends before its closing tags, as those do that were cut to a leading part.
    Refuses what is not well-formed, with its line, and any declaration of entities.
    """
    text = read_whole(path)  # encoding and emptiness, before the parser
    if not text.lstrip().startswith("<"):
        refuse(path, 1, "not XML: the file does not begin with a tag")
    declared = re.match(r"\s*<\?xml[^>]*encoding=[\"']([^\"']*)", text)
    if declared and declared[1].lower() not in ("utf-8", "utf8", "us-ascii"):
        refuse(path, 1, f"declares the encoding {declared[1]!r} and is UTF-8; mend the declaration")
    try:
        for _, element in iterparse(str(path), events=("end",), forbid_dtd=True):
            element.tag = element.tag.rpartition("}")[2]
            if element.tag in tags:
                yield element
    except ElementTree.ParseError as error:
        line, column = error.position
        if not (cut and "no element found" in str(error)):
            refuse(path, line, f"column {column + 1}: not XML ({error}); is the file cut short?")
    except DefusedXmlException as error:
        refuse(path, 1, f"declares a document type or entities ({type(error).__name__}), which are not read")
