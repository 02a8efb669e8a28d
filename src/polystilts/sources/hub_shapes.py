"""What a record of the hub means: one function for each shape that its data sets have."""

import re
from collections.abc import Callable

from polystilts.files import fingerprint
from polystilts.sources.catalogue import HubRow
from polystilts.sources.formats.answer_sentences import candidate_text
from polystilts.sources.formats.choices import COPA_QUESTIONS
from polystilts.sources.formats.frames import identity
from polystilts.sources.formats.passages import TYDIQA_NAMES, misplaced
from polystilts.sources.formats.strict import whole_number

Record = dict
Where = tuple[str, str, str]  # task, split, language
# Our rule where the hub's copy of XQuAD-R has lost its sentence breaks: after a full stop of any script.
_END = re.compile(r"(?<=[.!?…؟।])\s+|(?<=[。！？])\s*")
SPELLINGS = {"not_duplicate": "different", "duplicate": "same", "paraphrase": "same",
             "choice1": "0", "choice2": "1"}  # fmt: skip
FAMILIES = {"facebook/xnli": "mnli", "nyu-mll/glue": "mnli"}  # whose rows these are, beside XNLI's own


class LeftOut(Exception):
    """A record that is no example, and why."""


def _label(row: HubRow, value: object) -> str:
    """The study's name of a label. Raises ValueError for one that the table does not have."""
    word = SPELLINGS.get(str(value), str(value))
    if word not in row.labels and whole_number(word) is not None and int(word) < len(row.labels):
        return row.labels[int(word)]  # a number, or a name that is but a number (PAWS-X)
    if word in ("", "-1", "None"):
        raise ValueError("the label is withheld; take a split that has labels")
    if word not in row.labels:
        raise ValueError(f"unknown label {word[:30]!r}; labels are {', '.join(row.labels)}")
    return word


def _pair(row: HubRow, record: Record, number: int, where: Where) -> list[dict]:
    task, split, language = where
    texts = {column: str(record[row.take[column]]).strip() for column in ("text_a", "text_b")}
    if row.hub_id == "stanfordnlp/snli" and record["label"] in (-1, "-1", None):
        raise LeftOut("pairs without an agreed label")
    if not all(texts.values()):
        raise ValueError("an empty text")
    own = split == "train" or task == "mnli"  # rows of MultiNLI; the others of facebook/xnli are XNLI's own
    family = FAMILIES.get(row.hub_id, "") if own and task != "qqp" else "xnli" if "xnli" in row.hub_id else ""
    name = f"{row.hub_id.split('/')[1]}-{number}" if task == "anli" else number
    label = _label(row, record[row.take["label"]])
    return [identity(task, split, language, name, family) | texts | {"label": label}]


def _choice(names: dict, context: str, question: str, choices: list[str], label: int) -> list[dict]:
    if not 0 <= label < len(choices) or not all(choice.strip() for choice in choices):
        raise ValueError(f"label {label} of {len(choices)} choices")
    return [names | {"context": context, "question": question, "choices": choices, "label": label}]


def _listed(row: HubRow, record: Record, number: int, where: Where) -> list[dict]:
    label = row.labels.index(_label(row, record["label"]))
    choices = [text.strip() for text in record[row.take["choices"]]]
    return _choice(identity(*where, number), record[row.take["context"]].strip(), "", choices, label)


def _columns(row: HubRow, record: Record, number: int, where: Where) -> list[dict]:
    label = row.labels.index(_label(row, str(record["label"])))
    name = f"{row.hub_id.split('/')[1]}-{number}"
    choices = [str(record[column]).strip() for column in row.take["choices"].split()]
    context, question = record["context"].strip(), record["question"].strip()
    return _choice(identity(*where, name), context, question, choices, label)


def _keyed(row: HubRow, record: Record, number: int, where: Where) -> list[dict]:
    choices = record["choices"]
    if not record["answerKey"]:
        raise ValueError("the label is withheld; take a split that has labels")
    label, texts = choices["label"].index(record["answerKey"]), [text.strip() for text in choices["text"]]
    return _choice(identity(*where, record["id"]), "", record["question"].strip(), texts, label)


def _copa(row: HubRow, record: Record, number: int, where: Where) -> list[dict]:
    label = row.labels.index(_label(row, str(record["label"])))
    names = identity(*where, record["idx"], "copa")  # COPA and XCOPA number the same items
    choices = [record["choice1"].strip(), record["choice2"].strip()]
    return _choice(names, record["premise"].strip(), COPA_QUESTIONS[record["question"]], choices, label)


def _tags(row: HubRow, record: Record, number: int, where: Where) -> list[dict]:
    words = [str(word).strip() or "\ufffd" for word in record[row.take["words"]]]
    tags = [_label(row, tag) for tag in record[row.take["tags"]]]
    if not words:
        raise LeftOut("sentences without words")
    if len(words) != len(tags):
        raise ValueError(f"{len(words)} words and {len(tags)} tags")
    return [identity(*where, f"{where[2]}-{number}") | {"words": words, "tags": tags}]


def _passage(row: HubRow, record: Record, number: int, where: Where, name: str = "") -> list[dict]:
    texts, starts = record["answers"]["text"], record["answers"]["answer_start"]
    for text, start in zip(texts, starts, strict=True):
        if not text or record["context"][start : start + len(text)] != text:
            raise ValueError(misplaced(record["context"], text, start))
    first = (texts[0], int(starts[0])) if texts else ("", -1)
    return [identity(*where, name or record["id"], "=") | {
        "context": record["context"], "question": record["question"].strip(), "answer_text": first[0],
        "answer_start": first[1], "answers": list(dict.fromkeys(texts))}]  # fmt: skip


def _tydiqa(row: HubRow, record: Record, number: int, where: Where) -> list[dict]:
    spoken = record["id"].split("-")[0]
    if spoken != TYDIQA_NAMES[where[2]]:
        raise LeftOut(f"questions in {spoken}")
    return _passage(row, record, number, where)


def _sentences(row: HubRow, record: Record, number: int, where: Where) -> list[dict]:
    """A question and the sentence that holds its answer, by our rule for the ends of sentences."""
    (passage,) = _passage(row, record, number, where)
    context, start = passage["context"], passage["answer_start"]
    ends = [0, *(match.end() for match in _END.finditer(context)), len(context)]
    held = next(i for i in range(len(ends) - 1) if ends[i] <= start < ends[i + 1])
    sentence = context[ends[held] : ends[held + 1]].strip()
    candidate = f"{where[2]}_{fingerprint(context)}_{held}"
    return [{name: passage[name] for name in ("example_id", "meaning_id", "question")}
            | {"answer": candidate_text(sentence, context), "candidate_id": candidate}]  # fmt: skip


def _bitext(row: HubRow, record: Record, number: int, where: Where) -> list[dict]:
    texts = {column: str(record[theirs]).strip() for column, theirs in row.take.items()}
    if not all(texts.values()):
        raise ValueError("an empty sentence")
    names = identity(*where, number)
    if row.task == "tatoeba":
        names["meaning_id"] = f"{row.task}-{where[1]}-{fingerprint(texts['text_source'])}"
    return [names | texts | ({"source_id": names["example_id"]} if row.task == "bucc" else {})]


SHAPES: dict[str, Callable[[HubRow, Record, int, Where], list[dict]]] = {
    "pair": _pair,
    "listed": _listed,
    "columns": _columns,
    "keyed": _keyed,
    "copa": _copa,
    "tags": _tags,
    "passage": _passage,
    "tydiqa": _tydiqa,
    "sentences": _sentences,
    "bitext": _bitext,
}
