"""CoNLL-U treebanks: parts of speech by XTREME's rules, and dependency supertags in the place of CCG's."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import conllu
import pandas as pd

from polystilts.sources.formats.columns import Word, tagged_frame
from polystilts.sources.formats.frames import task_named
from polystilts.sources.formats.strict import clean, read_lines, refuse
from polystilts.tasks.intermediate import DEPENDENCY_SUPERTAGS

ZERO_WIDTH_NON_JOINER = "\u200c"

# Which tag a fused form takes, where no one of its words stands highest in the tree: the first in this order
# (xtreme third_party/ud-conversion-tools/conllu_to_conll.py; es, fr and it have orders of their own).
PRECEDENCE = {
    "": "VERB NOUN PROPN PRON ADJ NUM ADV INTJ AUX ADP DET PART CCONJ SCONJ X PUNCT".split(),
    "es": "VERB AUX PRON ADP DET".split(),
    "fr": "VERB AUX PRON NOUN ADJ ADV ADP DET PART SCONJ CONJ".split(),
    "it": "VERB AUX ADV PRON ADP DET INTJ".split(),
}

Token = dict
Sentence = list[tuple[int, Token]]  # line, token


def _trees(path: Path) -> Iterator[Sentence]:
    """The sentences of a treebank as the conllu library reads them, each token with its line."""
    block: list[tuple[int, str]] = []
    lines = [*read_lines(path), ""]
    for number, line in enumerate(lines, 1):
        if line.startswith("#"):
            continue
        if line.strip():
            if line.count("\t") != 9:
                refuse(path, number, f"{line.count(chr(9)) + 1} columns where CoNLL-U has ten; mend the line")
            block.append((number, line))
        elif block:
            yield _tree(path, block)
            block = []


def _tree(path: Path, block: list[tuple[int, str]]) -> Sentence:
    try:
        (tokens,) = conllu.parse("\n".join(line for _, line in block) + "\n\n")
    except (conllu.exceptions.ParseException, ValueError) as error:
        for number, line in block:  # the library names no line: find the one it cannot read
            try:
                conllu.parse(line + "\n\n")
            except conllu.exceptions.ParseException:
                refuse(path, number, f"not CoNLL-U: {error}")
        refuse(path, block[0][0], f"not CoNLL-U: {error}")
    sentence = [(number, token) for (number, _), token in zip(block, tokens, strict=True)]
    ids = [token["id"] for _, token in sentence if isinstance(token["id"], int)]
    if ids != list(range(1, len(ids) + 1)):
        refuse(path, block[0][0], f"word ids are {ids[:6]}…, not 1, 2, 3…: is a line missing?")
    written = covered = 0
    for number, token in sentence:
        name = token["id"]
        if isinstance(name, int):
            written = name
            if (head := token["head"] or 0) not in range(len(ids) + 1):
                refuse(path, number, f"the head of word {name} is word {head}, and there are {len(ids)}")
        elif name[1] == "-":
            if not 1 <= name[0] < name[2] <= len(ids):
                refuse(path, number, f"the fused form of words {name[0]} to {name[2]}, and there are "
                       f"{len(ids)}")  # fmt: skip
            if name[0] <= covered or name[0] != written + 1:
                refuse(path, number, f"the fused form of words {name[0]} to {name[2]} belongs before word "
                       f"{name[0]}, and may not overlap another, which ends with word {covered}")  # fmt: skip
            covered = name[2]
    return sentence


def _words(sentence: Sentence) -> dict[int, tuple[int, Token]]:
    """The syntactic words by id; ranges and empty nodes are left out."""
    return {token["id"]: (line, token) for line, token in sentence if isinstance(token["id"], int)}


def _depth(words: dict[int, tuple[int, Token]], word: int) -> int:
    """Steps from a word to the root; trees with a circle end after as many steps as there are words."""
    steps = 0
    while word in words and steps <= len(words):
        word = words[word][1]["head"] or 0
        steps += 1
    return steps


def _head_of_fused(words: dict[int, tuple[int, Token]], first: int, last: int, language: str) -> Token:
    """The word whose tag the fused form takes: the highest in the tree, else the first in precedence."""
    span = range(first, last + 1)
    depths = {word: _depth(words, word) for word in span}
    highest = [word for word in span if depths[word] == min(depths.values())]
    order = PRECEDENCE.get(language, PRECEDENCE[""])
    rank = {tag: place for place, tag in enumerate(order)}
    return min((words[word][1] for word in highest), key=lambda token: rank.get(token["upos"], len(order)))


def _surface(sentence: Sentence, language: str) -> Iterator[Word]:
    """Word and tag of the running text: a fused form once, with one tag, instead of the words within it."""
    words = _words(sentence)
    covered = 0
    for line, token in sentence:
        name = token["id"]
        if isinstance(name, tuple) and name[1] == "-":
            first, _, last = name
            yield line, token["form"], _head_of_fused(words, first, last, language)["upos"]
            covered = last
        elif isinstance(name, int) and name > covered:
            yield line, token["form"], token["upos"]


def _stripped(form: str) -> str:
    """The form without zero-width non-joiners, byte order marks and spaces inside."""
    return "".join(clean(form.replace(ZERO_WIDTH_NON_JOINER, "")).split()) or form


def read_udpos(path: Path, task: str, split: str, language: str) -> pd.DataFrame:
    """UD treebanks as XTREME reads them: surface words, one tag each, sentences without their words dropped.

    A multiword token is one word with the tag of its highest part; empty nodes are skipped; sentences whose
    words are underscores (the licence keeps them back) are left out and counted.
    """
    tags = task_named(task).labels
    left_out: Counter = Counter()

    def sentences() -> Iterator[list[Word]]:
        for tree in _trees(path):
            sentence = list(_surface(tree, language))
            blank = sum(form == "_" for _, form, _ in sentence)
            if blank and blank >= len(sentence) - 1:
                left_out["sentences whose words are withheld"] += 1
                continue
            for line, form, tag in sentence:
                if tag not in tags:
                    refuse(path, line, f"unknown part of speech {tag!r}; tags are {', '.join(tags)}")
                if not form:
                    refuse(path, line, "a word without a form")
            yield [(line, _stripped(form), tag) for line, form, tag in sentence]

    return tagged_frame(path, task, split, language, sentences(), left_out)


def _sentence_ids(path: Path) -> list[str]:
    """The `# sent_id` of every sentence, of which translations of a treebank have the same."""
    names: list[str] = []
    name, inside = "", False
    for number, line in enumerate([*read_lines(path), ""], 1):
        if line.startswith("# sent_id"):
            name = clean(line.partition("=")[2])
        elif line.strip() and not line.startswith("#"):
            inside = True
        elif not line.strip() and inside:
            if not name or name in names[-1:]:
                refuse(path, number, "the sentence before this line has no sent_id of its own, by which its "
                       "translations are found; add one")  # fmt: skip
            names.append(name)
            name, inside = "", False
    return names


def read_dependency_supertags(
    path: Path, task: str, split: str, language: str, family: str = ""
) -> pd.DataFrame:
    """A free substitute for CCG supertags, not CCG: the UD relation of each word and the side of its head.

    `nsubj/R` is a subject whose head follows. Such tags are the simplest supertags of Ouchi, Duh and
    Matsumoto 2014; the set is closed (`DEPENDENCY_SUPERTAGS`). Words are the syntactic ones, not fused forms.
    `family` names treebanks that translate one another: their sentences mean the same by their `sent_id`.
    """

    def sentences() -> Iterator[list[Word]]:
        for tree in _trees(path):
            sentence = []
            for name, (line, token) in _words(tree).items():
                relation = str(token["deprel"]).split(":")[0]
                side = "" if relation == "root" else "/R" if (token["head"] or 0) > name else "/L"
                if relation + side not in DEPENDENCY_SUPERTAGS:
                    refuse(path, line, f"unknown relation {relation!r}; relations are those of UD v2")
                sentence.append((line, _stripped(token["form"]), relation + side))
            yield sentence

    names = _sentence_ids(path) if family else None
    return tagged_frame(path, task, split, language, sentences(), names=names, family=family)
