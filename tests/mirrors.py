"""A hub in small: parquet files with exactly the columns that the hub has, and invented content."""

from pathlib import Path
from random import Random

import datasets
import pyarrow.parquet
from datasets import ClassLabel, Features, List, Value

from polystilts.languages import LANGUAGES
from polystilts.sources.catalogue import HUB_ROWS, HubRow
from polystilts.sources.formats.passages import TYDIQA_NAMES

# Some letters of each script, enough to make words that are of it and of no other.
LETTERS = {
    "Latin": "abdefgiklmnoprstuz", "Arabic": "ابتجدرسعفكلمنوي", "Cyrillic": "абвгдеиклмнопрст",
    "Greek": "αβγδεζηικλμνοπρσ", "Devanagari": "कखगजतदनपबमरलस", "Bengali": "কখগজতদনপবমরলস",
    "Tamil": "கசடதநபமயரலவன", "Telugu": "కగచజతదనపబమరలస", "Thai": "กขคงจชดตนบปมรล",
    "Han": "天地人山水火木金土日月上下", "Japanese": "あいうえおかきくけこさしすせそ",
    "Hangul": "가나다라마바사아자차카타파하", "Hebrew": "אבגדהוזחטיכלמנ",
    "Georgian": "აბგდევზთიკლმნოპ", "Gujarati": "કખગજતદનપબમરલસ", "Malayalam": "കഗചജതദനപബമരലസ",
    "Myanmar": "ကခဂစဆဇတထဒနပဖ", "Gurmukhi": "ਕਖਗਜਤਦਨਪਬਮਰਲਸ", "Ethiopic": "ሀለሐመሠረሰሸቀበተቸነአ",
}  # fmt: skip


class Writer:
    """Draws words and sentences of one language; the same seed draws the same."""

    def __init__(self, language: str, seed: str):
        self.random = Random(f"{language} {seed}")
        self.letters = LETTERS[LANGUAGES[language].script]

    def word(self) -> str:
        return "".join(self.random.choices(self.letters, k=self.random.randint(3, 6)))

    def text(self, words: int = 8) -> str:
        return " ".join(self.word() for _ in range(words)) + "."


FEATURES = {
    "text": Value("string"), "integer": Value("int32"), "number": Value("int32"), "digit": Value("string"),
    "digit1": Value("string"), "letter": Value("string"), "cause": Value("string"), "flag": Value("bool"),
    "texts": List(Value("string")),
    "answers": {"text": List(Value("string")), "answer_start": List(Value("int32"))},
    "choices": {"label": List(Value("string")), "text": List(Value("string"))},
    "spans": List({"start": Value("int32"), "end": Value("int32")}),
}  # fmt: skip
CONTEXT = {
    **{name: Value("string") for name in ("document_id", "document_url", "document_title", "section_title",
                                          "language", "text")}, "sentence_spans": FEATURES["spans"],
}  # fmt: skip
MENTION = {
    "example_id": Value("string"), "entity_id": Value("string"),
    "mention_span": {"start": Value("int32"), "end": Value("int32"), "text": Value("string")},
}  # fmt: skip
ENTITY = {
    **{name: Value("string") for name in ("entity_id", "title", "description", "description_url",
                                          "description_language")}, "sentence_spans": FEATURES["spans"],
}  # fmt: skip
FEATURES |= {
    "context": CONTEXT, "mentions": List(MENTION), "entity": ENTITY,
    "contextual mention": {"context": CONTEXT, "mention": MENTION},
}  # fmt: skip
HUB_NAMES = {"qqp": ["not_duplicate", "duplicate"], "pawsx": ["0", "1"]}  # where the hub's are not ours


def mirror_types(row: HubRow) -> Features:
    """The features of one data set, as its card on the hub states them."""
    found = {}
    for column, kind in row.columns.items():
        names = HUB_NAMES.get(row.task, list(row.labels))
        if row.task == "pawsx" and kind == "class":
            found[column] = ClassLabel(names=names)
        elif kind in ("class", "classes"):
            label = ClassLabel(names=["choice1", "choice2"] if row.shape == "copa" else names)
            found[column] = label if kind == "class" else List(label)
        else:
            found[column] = FEATURES[kind]
    return Features(found)


def record(row: HubRow, writer: Writer, number: int, split: str, language: str) -> dict:
    """One invented record with the columns of a data set."""
    context = " ".join(writer.text() for _ in range(3))
    answer = context.split(" ")[number % 5 + 2]
    words = [writer.word() for _ in range(5 + number % 4)]
    start = context.index(answer)
    spans = [{"start": 0, "end": len(context)}]
    told = {"document_id": "d", "document_url": "", "document_title": "t", "section_title": "",
            "language": language, "text": context, "sentence_spans": spans}  # fmt: skip
    mention = {"example_id": f"{language}-{split}-{number}", "entity_id": f"Q{number}",
               "mention_span": {"start": start, "end": start + len(answer), "text": answer}}  # fmt: skip
    entity = {"entity_id": f"Q{number}", "title": "t", "description": context, "description_url": "",
              "description_language": language, "sentence_spans": spans}  # fmt: skip
    unanswerable = row.task == "squad_v2" and number % 3 == 0
    if row.shape == "entities":
        return entity
    made = {}
    for column, kind in row.columns.items():
        made[column] = {
            "text": lambda: writer.text(),
            "integer": lambda: number, "number": lambda: number % len(row.labels),
            "digit": lambda: str(number % len(row.labels)), "digit1": lambda: str(1 + number % 3),
            "class": lambda: number % max(len(row.labels), 1), "letter": lambda: "ABCDE"[number % 5],
            "cause": lambda: ["cause", "effect"][number % 2], "flag": lambda: True,
            "classes": lambda: [writer.random.randrange(len(row.labels)) for _ in words],
            "texts": lambda: words if row.shape == "tags" else [writer.text(4) for _ in range(4)],
            "answers": lambda: {"text": [] if unanswerable else [answer],
                                "answer_start": [] if unanswerable else [start]},
            "choices": lambda: {"label": list("ABCDE"), "text": [writer.word() for _ in range(5)]},
            "spans": lambda: spans, "context": lambda: told, "mentions": lambda: [mention],
            "contextual mention": lambda: {"context": told, "mention": mention}, "entity": lambda: entity,
        }[kind]()  # fmt: skip
    if row.shape == "articles":
        made["text"] = " ".join(writer.text() for _ in range(8))
    if row.shape in ("passage", "tydiqa", "sentences"):
        made["context"] = context
        shared = "squad" if split != "test" else row.task.replace("lareqa", "xquad")
        made["id"] = f"{shared}-{split}-{number}"
        if row.shape == "tydiqa":
            made["id"] = f"{TYDIQA_NAMES[language]}-{split}-{number}"
    return made


def write_mirror(root: Path, languages: list[str], count: int = 12, tasks: list[str] | None = None) -> Path:
    """Every data set of the hub table in these languages, `count` records a split."""
    for row in HUB_ROWS:
        if tasks is not None and row.task not in tasks:
            continue
        for ours, theirs in row.languages.items():
            if ours and ours not in languages:
                continue
            for split, names in row.splits.items():
                spoken = list(TYDIQA_NAMES) if row.shape == "tydiqa" else [ours]
                for name in names.split("+"):
                    rows = []
                    for code in spoken:
                        known = code or languages[0]
                        writer = Writer(known, f"{row.task} {row.hub_id} {name}")
                        if known in languages:
                            rows += [record(row, writer, number, split, known) for number in range(count)]
                    folder = root / row.hub_id / row.config.format(theirs)
                    folder.mkdir(parents=True, exist_ok=True)
                    table = datasets.Dataset.from_list(rows, features=mirror_types(row)).data.table
                    pyarrow.parquet.write_table(table, folder / f"{name}.parquet")
    return root
