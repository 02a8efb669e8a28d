"""Two texts and a label: XNLI, MNLI, ANLI, QQP, PAWS-X and AmericasNLI as they are given out."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pandas as pd

from polystilts.errors import WrongUse
from polystilts.sources.formats.frames import identity, known_label, make_frame, task_named
from polystilts.sources.formats.practice import unquoted
from polystilts.sources.formats.strict import (
    clean,
    field,
    read_csv,
    read_json_lines,
    read_lines,
    read_tsv,
    refuse,
    whole_number,
)

# Words of the files for the labels of the tasks. "contradictory" is XNLI-MT's spelling; e, n, c are ANLI's.
SPELLINGS = {
    "entailment": ("entailment", "e"),
    "neutral": ("neutral", "n"),
    "contradiction": ("contradiction", "contradictory", "c"),
    "different": ("0", "0.0", "different", "not_duplicate"),
    "same": ("1", "1.0", "same", "duplicate", "paraphrase"),
}
Pair = tuple[int, object, str, str, object]  # line, name in the file, text, text, label as written

# XNLI numbers its rows through all languages; AmericasNLI kept the numbers of the Spanish rows, the sixth
# block. So the item is the number modulo the rows of one language (Conneau et al. 2018, table 1).
XNLI_ROWS = {"dev": 2490, "test": 5010}


def _frame(
    path: Path, task: str, split: str, language: str, pairs: Iterable[Pair], family: str = "",
    left_out: Counter | None = None, leave_out: Mapping[int, str] = {},
) -> pd.DataFrame:  # fmt: skip
    names = {word: label for label in task_named(task).labels for word in SPELLINGS.get(label, (label,))}

    left_out = Counter() if left_out is None else left_out

    def row(line: int, name: object, text_a: str, text_b: str, label: object) -> dict:
        texts = {"text_a": text_a, "text_b": text_b}
        texts = {column: field(texts, column, path, line) for column in texts}
        label = known_label(path, line, label, names)
        return identity(task, split, language, name, family) | texts | {"label": label}

    def records() -> Iterator[tuple[int, dict]]:
        named = dict(leave_out)
        for pair in pairs:
            line = pair[0]
            if line not in named:
                yield line, row(*pair)
                continue
            try:
                row(*pair)
            except WrongUse:
                left_out[f"line {line}, named in the table of pinned files: {named.pop(line)}"] += 1
            else:
                refuse(path, line, f"the table of pinned files leaves this line out ({named[line]}), and "
                       "nothing is wrong with it: is it another file than the pinned one?")  # fmt: skip
        if named:
            refuse(path, min(named), "the table of pinned files leaves this line out, and no record is on "
                   "it: is it another file than the pinned one?")  # fmt: skip

    return make_frame(path, language, records(), "label", ("text_a", "text_b"), left_out)


def read_xtreme_pairs(
    path: Path, task: str, split: str, language: str, family: str = "", labels_from: Path | None = None
) -> pd.DataFrame:
    """XTREME's text ⇥ text ⇥ label without a header; row i is the same pair in every language.

    `labels_from` is a file of the same pairs that has the labels where this one has none: with a header, a
    `label`, and the texts of one language in `sentence1_<language>` and `sentence2_<language>`.

    XTREME writes the file with a CSV writer and reads it without one, so that quoted sentences reach its
    models with doubled quotation marks; here they are read as they were written.
    """

    labels = [row for _, row in read_tsv(labels_from, ("label",))] if labels_from else []

    def pairs() -> Iterator[Pair]:
        number = 0
        for number, line in enumerate(read_lines(path), 1):
            cells = line.split("\t")
            if labels_from:
                cells.append(_label_beside(path, number, cells, labels, labels_from, language))
            if len(cells) == 2:
                refuse(path, number, "two fields and no label: the labels of this file are withheld "
                       "(XTREME strips its test files); take a file that has them")  # fmt: skip
            if len(cells) != 3:
                refuse(path, number, f"{len(cells)} fields where three belong: text, text, label")
            yield number, number, unquoted(cells[0]), unquoted(cells[1]), clean(cells[2])
        if number < len(labels):
            refuse(path, number + 1, f"ends before {labels_from.name}, which has {len(labels)} labels")

    return _frame(path, task, split, language, pairs(), family)


# What files with a header call the two texts and the label of a pair.
HEADERS = (("premise", "sentence1", "text_a"), ("hypothesis", "sentence2", "text_b", "hypo"),
           ("label", "gold_label"))  # fmt: skip


def read_headed_pairs(path: Path, task: str, split: str, language: str) -> pd.DataFrame:
    """Pairs with a header: JSON lines (IndoNLI), or fields apart by commas or tabs (FarsTail, KorNLI).

    Such sets are no translations of one another: the language is part of what a row means.
    """

    def columns(names: Iterable[str], line: int) -> list[str]:
        names = list(names)
        found = [next((name for name in known if name in names), "") for known in HEADERS]
        if "" in found:
            wanted = " or ".join(HEADERS[found.index("")])
            refuse(path, line, f"no column {wanted}; there are {', '.join(map(str, names))[:120]}")
        return found

    def pairs() -> Iterator[Pair]:
        rows = read_json_lines(path) if path.suffix in (".jsonl", ".json") else read_csv(path, ())
        if path.suffix == ".tsv":
            rows = read_tsv(path, ())
        for line, row in rows:
            first, second, label = columns(row, line)
            texts = field(row, first, path, line), field(row, second, path, line)
            yield line, f"{language}-{line}", *texts, row[label]

    return _frame(path, task, split, language, pairs())


def _label_beside(
    path: Path, number: int, cells: list[str], labels: list[dict], labels_from: Path, language: str
) -> str:
    """The label of a line from another file, whose texts must be the same where it has this language's."""
    if len(cells) != 2:
        refuse(path, number, f"{len(cells)} fields where two texts belong; {labels_from.name} has the labels")
    if number > len(labels):
        refuse(labels_from, number, f"ends before {path.name}, whose line {number} has no label")
    beside = labels[number - 1]
    told = [beside.get(f"sentence{side}_{language}") for side in (1, 2)]
    if None not in told and list(map(unquoted, told)) != list(map(unquoted, cells)):
        refuse(path, number, f"not the pair that {labels_from.name} has in its row {number}: its labels "
               "belong to other lines")  # fmt: skip
    return beside["label"]


def read_xnli(path: Path, task: str, split: str, language: str) -> pd.DataFrame:
    """XNLI 1.0 (xnli.dev.tsv or .jsonl): all languages in one file, of which the rows of one are kept."""
    columns = ("language", "gold_label", "sentence1", "sentence2", "pairID")
    rows = read_json_lines(path) if path.suffix == ".jsonl" else read_tsv(path, columns)

    def pairs() -> Iterator[Pair]:
        for line, row in rows:
            if field(row, "language", path, line) == language:
                name = field(row, "pairID", path, line, str | int)
                texts = field(row, "sentence1", path, line), field(row, "sentence2", path, line)
                yield line, name, *texts, row.get("gold_label")

    return _frame(path, task, split, language, pairs(), "xnli")


def read_mnli(path: Path, task: str, split: str, language: str = "en") -> pd.DataFrame:
    """MultiNLI and SNLI: GLUE's TSV, the official JSON lines, or CSV with premise, hypothesis and label.

    Rows without a majority label (`-`) are left out and counted.
    """
    left_out: Counter = Counter()

    def pairs() -> Iterator[Pair]:
        if path.suffix == ".csv":
            for line, row in read_csv(path, ("premise", "hypothesis", "label")):
                yield line, line - 1, row["premise"], row["hypothesis"], row["label"]
            return
        columns = ("pairID", "sentence1", "sentence2", "gold_label")
        rows = read_json_lines(path) if path.suffix == ".jsonl" else read_tsv(path, columns)
        for line, row in rows:
            label = row.get("gold_label")
            if label == "-":
                left_out["no majority label"] += 1
                continue
            texts = [field(row, key, path, line) for key in ("pairID", "sentence1", "sentence2")]
            yield line, *texts, label

    return _frame(path, task, split, language, pairs(), "mnli", left_out)


def read_xnli_mt(path: Path, task: str, split: str, language: str) -> pd.DataFrame:
    """XNLI-MT 1.0 (multinli.train.sw.tsv): MultiNLI machine-translated, row i the same in every language."""
    rows = read_tsv(path, ("premise", "hypo", "label"))
    pairs = ((line, line - 1, row["premise"], row["hypo"], row["label"]) for line, row in rows)
    return _frame(path, task, split, language, pairs, "xnli-mt")


def read_anli(path: Path, task: str, split: str, language: str = "en") -> pd.DataFrame:
    """ANLI 1.0 (R1/train.jsonl): uid, context, hypothesis and a label of one letter."""

    def pairs() -> Iterator[Pair]:
        for line, row in read_json_lines(path):
            texts = [field(row, key, path, line) for key in ("uid", "context", "hypothesis")]
            yield line, *texts, row.get("label")

    return _frame(path, task, split, language, pairs(), "anli")


def read_qqp(path: Path, task: str, split: str, language: str = "en") -> pd.DataFrame:
    """GLUE's QQP (train.tsv): two questions and whether they ask the same.

    GLUE's own file has a few ragged lines, which every reader of GLUE skips; here they are counted.
    """
    ragged: list[int] = []
    left_out: Counter = Counter()

    def pairs() -> Iterator[Pair]:
        columns = ("id", "question1", "question2", "is_duplicate")
        for line, row in read_tsv(path, columns, ragged):
            yield line, row["id"], row["question1"], row["question2"], row["is_duplicate"]
        if ragged:
            left_out["ragged lines"] = len(ragged)

    return _frame(path, task, split, language, pairs(), "qqp", left_out)


def read_pawsx(path: Path, task: str, split: str, language: str) -> pd.DataFrame:
    """PAWS-X as given out (dev_2k.tsv): id, two sentences, 0 or 1; ids are the same in every language.

    `NS` stands where a sentence was not translated; such pairs are left out and counted.
    """
    left_out: Counter = Counter()

    def pairs() -> Iterator[Pair]:
        for line, row in read_tsv(path, ("id", "sentence1", "sentence2", "label")):
            if "NS" in (row["sentence1"].strip(), row["sentence2"].strip()):
                left_out["not translated"] += 1
                continue
            yield line, row["id"], unquoted(row["sentence1"]), unquoted(row["sentence2"]), row["label"]

    return _frame(path, task, split, language, pairs(), "pawsx", left_out)


def read_americasnli(
    path: Path, task: str, split: str, language: str, leave_out: Mapping[int, str] = {}
) -> pd.DataFrame:
    """AmericasNLI (dev/quy.tsv): rows of XNLI in other languages, numbered as XNLI's Spanish rows.

    `leave_out`, line → reason, names records that cannot be read; they are left out and counted.
    """

    def pairs() -> Iterator[Pair]:
        for line, row in read_tsv(path, ("id", "premise", "hypothesis", "label")):
            number = row["id"].strip()
            if not whole_number(number) or split not in XNLI_ROWS:
                refuse(path, line, f"id {number!r} of split {split!r} names no row of XNLI's dev or test")
            item = (int(number) - 1) % XNLI_ROWS[split] + 1
            yield line, item, row["premise"], row["hypothesis"], row["label"]

    return _frame(path, task, split, language, pairs(), "xnli", leave_out=leave_out)
