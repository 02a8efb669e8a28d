"""Numbers of prose that could be results, in whatever dress: signs, decimals, shares, points, words."""

import re

# A result in prose: a sign, decimals, a share in percent, or so many points. Dates and counts are none.
NUMBER = re.compile(
    r"(?<![\w.])([+−]\s?\d+(?:\.\d+)?|-\d+\.\d+|\d+\.\d+|\d+(?=\s?%)|\d+(?=\s?per ?cent)|\d+(?=\s?points?\b))"
    r"(?![\w]|\.\d)"
)
UNIT = r"(?:points?|%|per ?cent|F1|accuracy)"
DEED = (
    r"(?:by|gains?|gained|rises?|rose|adds?|added|helps|helped|lifts?|lifted|reach(?:es|ed)?|"
    r"scor(?:es?|ed)|is|was)"
)
# In backticks a number is a knob, unless it has a sign or a unit, or something reached it.
AS_CODE = re.compile(rf"(?:(?P<deed>\b{DEED}\s+))?`(?P<code>[^`]*)`(?P<unit>\s*{UNIT}\b)?", re.IGNORECASE)
BARE = re.compile(rf"(?P<sign>[+−-]\s?)?\d+(?:[.,]\d+)?(?P<unit>\s?{UNIT})?", re.IGNORECASE)
SMALL = "two|three|four|five|six|seven|eight|nine|ten"
LARGE = (
    "eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|"
    "seventy|eighty|ninety|a hundred"
)
IN_WORDS = re.compile(
    rf"\b(?:{DEED}\s+)({SMALL})\s+(?:points|per ?cent)\b"
    rf"|\b((?:{LARGE})(?:-(?:one|{SMALL}))?(?: point(?: (?:one|{SMALL}))+)?)\s+(?:points|per ?cent)\b",
    re.IGNORECASE,
)
# What has numbers and is no result: code, links, comments, tags, versions, the level of intervals.
NO_RESULTS = (
    r"```.*?```",
    r"\]\([^)]*\)",
    r"https?://\S+",
    r"<!--.*?-->",
    r"</?[A-Za-z][^<>\n]{0,200}>",
    r"\b(?:Python|Apache|SQuAD|CUDA|version)\s+\d+(?:\.\d+)*",
    r"95\s?%",
    r"100\s?%",
    r"arXiv[ :]\d{4}\.\d{4,5}",
)


def numbers_in(text: str) -> list[str]:
    """The result-like numbers of a text; code in it is passed over, unless it is a number alone.

    >>> numbers_in("It rose by +3.8 points in 9 languages (95 % interval, `rate=0.5`).")
    ['+3.8']
    >>> numbers_in("In 2020, at layer 13 of 24, see [a page](x/1.5.html): 42 % were right.")
    ['42']
    >>> numbers_in("a score < 50, yet it gains `31.4` points, or thirty-one points, and p > 0")
    ['31.4', 'thirty-one']
    >>> numbers_in("five points near the ceiling are not five below; set `5.0`; it rose by five points")
    ['five']
    """
    text = re.sub(NO_RESULTS[0], _blank, text, flags=re.DOTALL)
    text = AS_CODE.sub(_bare, text)
    for pattern in NO_RESULTS[1:]:
        text = re.sub(pattern, _blank, text, flags=re.DOTALL)
    words = [match[1] or match[2] for match in IN_WORDS.finditer(text)]
    return [*(match[1] for match in NUMBER.finditer(text)), *words]


def _bare(match: re.Match[str]) -> str:
    """What stands in backticks: nothing of code, but a number that has a sign, a unit or a deed before it."""
    number = BARE.fullmatch(match["code"].strip())
    result = number and (number["sign"] or number["unit"] or match["unit"] or match["deed"])
    return f"{match['deed'] or ''}{match['code'] if result else _blank(match)}{match['unit'] or ''}"


def _blank(match: re.Match[str]) -> str:
    """The lines of what is passed over, and nothing else of it."""
    return "\n" * match[0].count("\n")
