"""Documents held against a JSON Schema."""

import sys
from collections.abc import Iterator, Mapping
from typing import Any


def without_address_checker() -> None:
    """Let jsonschema be imported without its optional checker of addresses, which alone costs seconds."""
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


def problems(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Where a document does not fit a schema (draft 2020-12), and in what: pairs of place and words.

    >>> list(problems({"seed": "one"}, {"properties": {"seed": {"type": "integer"}}}))
    [('seed', "'one' is not of type 'integer'")]
    """
    without_address_checker()
    import jsonschema

    for problem in jsonschema.Draft202012Validator(schema).iter_errors(document):
        yield "/".join(map(str, problem.absolute_path)) or "the whole", problem.message[:200]
