"""The numbers in README.md are put there by this module, never by hand.

A number stands between two comments, of which the first names it:

    <!-- claim:SCALE/ID -->…<!-- /claim -->       the headline of a claim
    <!-- claim:SCALE/ID:PART -->…<!-- /claim -->  its sentence, table, outcome, number, kind or status
    <!-- time:CHAPTER:SCALE -->…<!-- /time -->    the processor time of a chapter, or of `all`

No line may begin with a marker: to Markdown that is a block of HTML, which tears the sentence around it.
`python -m polystilts.evidence.readme` fills them from the files that the study left.
"""

import csv
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from polystilts import paths
from polystilts.errors import StudyError, WrongUse
from polystilts.evidence.claim import Claim, as_markdown, kind_table, kind_words, number
from polystilts.evidence.ledger import find_claim, read_claims
from polystilts.evidence.status import reproductions, with_status
from polystilts.files import write_text

TOLD = ("demo", "world", "real-mini")  # the scales whose claims README.md tells
# Whose times README.md tells: `tiny`, `demo` as it is published, and `demo` as a faster processor made it.
TIMED = ("tiny", "demo", "history/2026-11-29-demo-world-8")

PARTS: dict[str, Callable[[Claim], str]] = {
    "headline": lambda claim: claim.told,
    "sentence": lambda claim: claim.sentence,
    "table": lambda claim: numbers_by_kind(claim),
    "outcome": lambda claim: claim.outcome,
    "number": number,
    "kind": lambda claim: "confirmatory" if claim.confirmatory else "exploratory",
    "status": lambda claim: claim.status,
}


def numbers_by_kind(claim: Claim) -> str:
    """The contrast and each side against none as a table, and a line below it for the marker to end on."""
    table = kind_table(claim)
    if table.empty:
        return ""
    return f"\n\n{as_markdown(table)}\n\n{kind_words(claim)}"


def render_claims(
    text: str, scale: str, claims: Sequence[Claim], repeated: Mapping[str, str] | None = None
) -> str:
    """The text with the claim markers of one scale filled; those of other scales stay as they are.

    `repeated` says how a claim was reproduced, where more can be said than its status.

    >>> told = Claim("primary", "primary", "It rose.", "mean", 1.84, -0.36, 4.04, 144, 3, "undecided")
    >>> render_claims("<!-- claim:demo/primary -->?<!-- /claim -->", "demo", [told])
    '<!-- claim:demo/primary -->It rose.<!-- /claim -->'
    >>> render_claims("<!-- claim:demo/primary:outcome -->?<!-- /claim -->", "demo", [told])
    '<!-- claim:demo/primary:outcome -->undecided<!-- /claim -->'
    """

    def content(name: str) -> str | None:
        its_scale, _, rest = name.partition("/")
        if its_scale not in TOLD:
            raise WrongUse(f"claim marker {name!r} begins with no scale; there are {', '.join(TOLD)}")
        if its_scale != scale:
            return None
        claim, _, part = rest.partition(":")
        if (part or "headline") not in PARTS:
            raise WrongUse(f"claim marker {name!r}: a claim has no {part!r}; it has {', '.join(PARTS)}")
        if part == "status" and claim in (repeated or {}):
            return repeated[claim]
        return PARTS[part or "headline"](find_claim(claims, claim))

    return fill(text, "claim", content)


def render_times(text: str, scale: str, seconds: Mapping[str, float]) -> str:
    """The text with the time markers of one scale filled; those of other scales stay as they are.

    >>> render_times("<!-- time:all:tiny -->?<!-- /time -->", "tiny", {"01_languages": 8.0, "engine": 4.2})
    '<!-- time:all:tiny -->12 s<!-- /time -->'
    """

    def content(name: str) -> str | None:
        chapter, _, its_scale = name.partition(":")
        if its_scale != scale:
            return None
        if chapter != "all" and chapter not in seconds:
            raise WrongUse(
                f"time marker {name!r}: no time of {chapter!r}; there are all, {', '.join(seconds)}"
            )
        return in_words(sum(seconds.values()) if chapter == "all" else seconds[chapter])

    return fill(text, "time", content)


def fill(text: str, kind: str, content: Callable[[str], str | None]) -> str:
    """The text with new content between its markers of one kind; `None` leaves a marker as it stands."""
    opened, closed = text.count(f"<!-- {kind}:"), text.count(f"<!-- /{kind} -->")
    # A marker never spans another one, so that a forgotten end cannot swallow the text behind it.
    pattern = rf"(<!-- {kind}:(\S+) -->)((?:(?!<!-- /?{kind}).)*)(<!-- /{kind} -->)"
    if not opened == closed == len(re.findall(pattern, text, flags=re.S)):
        raise WrongUse(f"{opened} {kind} markers begin and {closed} end; each needs both, in this order")

    def filled(match: re.Match[str]) -> str:
        found = content(match[2])
        return match[0] if found is None else f"{match[1]}{found}{match[4]}"

    return re.sub(pattern, filled, text, flags=re.S)


def seconds_of_chapters(file: Path) -> dict[str, float]:
    """Processor seconds by chapter, read from a scale's `tables/time.csv`."""
    seconds: dict[str, float] = {}
    with open(file, encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            seconds[row["stage"]] = seconds.get(row["stage"], 0.0) + float(row["cpu_s"])
    return seconds


def in_words(seconds: float) -> str:
    """A time as a reader wants it: seconds, then minutes, then hours.

    >>> in_words(0.3), in_words(41.6), in_words(150), in_words(2400), in_words(9000)
    ('1 s', '42 s', '2.5 min', '40 min', '2.5 h')
    """
    if seconds < 99.5:
        return f"{max(1, round(seconds))} s"
    if seconds < 5970:
        minutes = seconds / 60
        return f"{minutes:.1f} min" if minutes < 9.95 else f"{minutes:.0f} min"
    return f"{seconds / 3600:.1f} h"


def render_readme(text: str, outputs: Path) -> str:
    """README.md with everything filled that the outputs know; what they lack stays as it stands."""
    for scale in TOLD:
        if (outputs / scale / "claims.json").is_file():
            claims = read_claims(outputs / scale / "claims.json")
            folder = outputs / scale
            text = render_claims(text, scale, with_status(claims, folder), reproductions(claims, folder))
    for scale in TIMED:
        if (outputs / scale / "tables" / "time.csv").is_file():
            text = render_times(text, scale, seconds_of_chapters(outputs / scale / "tables" / "time.csv"))
    return text


def main() -> int:
    """Rewrite README.md where its numbers have changed."""
    file = paths.REPOSITORY / "README.md"
    try:
        text = file.read_text(encoding="utf-8")
        rendered = render_readme(text, paths.OUTPUTS)
    except StudyError as error:
        print(f"polystilts: {error}", file=sys.stderr)
        return error.exit_code
    if rendered != text:
        write_text(file, rendered)
    print(f"README.md {'has new numbers' if rendered != text else 'is as it should be'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
