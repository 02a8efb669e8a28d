"""A data root in small: the original files of every task, at the places of the table of files, invented."""

import json
from pathlib import Path

from mirrors import Writer

from polystilts.sources.formats import DEPENDENCY_SUPERTAGS
from polystilts.sources.formats.passages import TYDIQA_NAMES
from polystilts.sources.formats.rows import FileRow, file_rows
from polystilts.tasks import TASKS

NLI = ("entailment", "neutral", "contradiction")


def lines(rows: list, mark: str = "\t") -> str:
    return "".join(mark.join(map(str, row)) + "\n" for row in rows)


def records(rows: list[dict]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def pairs(writer: Writer, count: int, labels: tuple) -> list[tuple]:
    return [(writer.text(), writer.text(), labels[i % len(labels)]) for i in range(count)]


def passages(writer: Writer, count: int, prefix: str, unanswerable: bool, breaks: bool) -> str:
    paragraphs = []
    for number in range(count):
        sentences = [writer.text() for _ in range(3)]
        context = " ".join(sentences)
        answer = context.split(" ")[number % 5 + 2]
        asked = {"id": f"{prefix}-{number}-1", "question": writer.text(4),
                 "answers": [{"text": answer, "answer_start": context.index(answer)}]}  # fmt: skip
        if unanswerable and number % 3 == 0:
            asked |= {"answers": [], "is_impossible": True}
        ends = [sum(map(len, sentences[: i + 1])) + i for i in range(3)]
        starts = [0, *(end + 1 for end in ends[:-1])]
        cut = {"sentence_breaks": list(zip(starts, ends, strict=True))} if breaks else {}
        paragraphs.append({"context": context, "qas": [asked]} | cut)
    return json.dumps({"version": "1.1", "data": [{"title": "t", "paragraphs": paragraphs}]})


def tagged(writer: Writer, count: int, labels: tuple) -> str:
    sentences = [
        [f"{writer.word()}\t{labels[(i + k) % len(labels)]}\n" for k in range(6)] for i in range(count)
    ]
    return "\n".join("".join(sentence) for sentence in sentences)


def treebank(writer: Writer, count: int) -> str:
    tags, relations = TASKS["udpos"].labels, [tag.split("/")[0] for tag in DEPENDENCY_SUPERTAGS[1:]]
    found = []
    for number in range(count):
        rows = [(k, writer.word(), "_", tags[(number + k) % len(tags)], "_", "_", int(k > 1),
                 relations[(number + k) % len(relations)] if k > 1 else "root", "_", "_")
                for k in range(1, 7)]  # fmt: skip
        found.append(f"# sent_id = s{number}\n" + lines(rows))
    return "\n".join(found) + "\n"


def mentions(codes: list[str], count: int, name: str, pair: bool) -> str:
    rows = []
    for code in codes:
        writer = Writer(code, name)
        for number in range(count):
            text = writer.text()
            span = {"start": 0, "end": text.index(" "), "text": text.split(" ")[0]}
            context = {"language": code, "text": text, "sentence_spans": [{"start": 0, "end": len(text)}]}
            mention = {
                "example_id": f"{name}-{code}-{number}",
                "entity_id": f"Q{number}",
                "mention_span": span,
            }
            entity = {"entity_id": f"Q{number}", "description": writer.text(), "description_language": code}
            rows.append({"contextual_mention": {"context": context, "mention": mention}, "entity": entity}
                        if pair else {"context": context, "mentions": [mention]})  # fmt: skip
    return records(rows)


def content(row: FileRow, path: str, codes: list[str], count: int) -> dict[str, str]:
    """What stands at the place of a row, and beside it where its reader opens a second file."""
    writer, task, folder = Writer(row.language, path), TASKS[row.task], path.rpartition("/")[0]
    copa = lambda: records([{"premise": writer.text(), "choice1": writer.text(4), "choice2": writer.text(4),  # noqa: E731
                             "question": ("cause", "effect")[i % 2], "idx": i, "label": i // 2 % 2}
                            for i in range(count)])  # fmt: skip
    if row.format == "mnli":
        text = "premise,hypothesis,label\n" + lines(pairs(writer, count, NLI), ",")
    elif row.format == "anli":
        text = records([{"uid": f"u{i}", "context": a, "hypothesis": b, "label": y}
                        for i, (a, b, y) in enumerate(pairs(writer, count, ("e", "n", "c")))])  # fmt: skip
    elif row.format == "qqp":
        rows = [(i, 1, 2, *pair) for i, pair in enumerate(pairs(writer, count, (0, 1)))]
        text = "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n" + lines(rows)
    elif row.format == "xtreme-pairs" and "labels_from" in row.arguments:
        rows = pairs(writer, count, NLI)
        swahili = pairs(Writer("sw", path.replace(f"-{row.language}.", "-sw.")), count, NLI)
        labels = lines([("genre", "label", "sentence1_sw", "sentence2_sw")])
        labels += lines([("news", label, a, b) for a, b, label in swahili])
        return {path: lines([(a, b) for a, b, _ in rows]), row.arguments["labels_from"]: labels}
    elif row.format == "afrixnli":
        english = pairs(Writer("en", row.arguments["items_from"]), count, NLI)
        table = {path: pairs(writer, count, NLI), row.arguments["english_from"]: english}
        header = "premise,hypothesis,label\n"
        return {name: header + lines(rows, ",") for name, rows in table.items()} | {
            row.arguments["items_from"]: lines(english)
        }
    elif row.format == "topics":
        rows = [(f"{path[-7:]}{i}", task.labels[i % len(task.labels)], writer.text()) for i in range(count)]
        text = "index_id\tcategory\ttext\n" + lines(rows)
    elif row.format == "xtreme-pairs":
        text = lines(pairs(writer, count, NLI))
    elif row.format == "americasnli":
        rows = [(12451 + i, row.language, *pair) for i, pair in enumerate(pairs(writer, count, NLI))]
        text = "id\tlanguage\tpremise\thypothesis\tlabel\n" + lines(rows)
    elif row.format == "pawsx":
        rows = [(i, *pair) for i, pair in enumerate(pairs(writer, count, (0, 1)), 1)]
        text = "id\tsentence1\tsentence2\tlabel\n" + lines(rows)
    elif row.format == "siqa":
        answers = [{f"answer{x}": writer.text(3) for x in "ABC"} for _ in range(count)]
        text = records([{"context": writer.text(), "question": writer.text(4)} | one for one in answers])
        return {path: text, f"{folder}/dev-labels.lst": lines([(i % 3 + 1,) for i in range(count)])}
    elif row.format == "copa":
        text = copa()
    elif row.format == "hellaswag":
        text = records([{"ind": i, "ctx": writer.text(), "endings": [writer.text(4) for _ in range(4)],
                         "label": i % 4} for i in range(count)])  # fmt: skip
    elif row.format == "cosmosqa":
        rows = [(f"c{i}", *(writer.text(5) for _ in range(6)), i % 4) for i in range(count)]
        text = "id,context,question,answer0,answer1,answer2,answer3,label\n" + lines(rows, ",")
    elif row.format == "commonsenseqa":
        choices = [[{"label": x, "text": writer.word()} for x in "ABCDE"] for _ in range(count)]
        text = records([{"id": f"q{i}", "answerKey": "ABCDE"[i % 5],
                         "question": {"stem": writer.text(), "choices": choices[i]}}
                        for i in range(count)])  # fmt: skip
    elif row.format in ("squad", "tydiqa", "lareqa"):
        tydiqa = "tydiqa_goldp" in path
        prefix = TYDIQA_NAMES[row.language] if tydiqa else path.replace("/", "-").removesuffix(".json")
        prefix = prefix if tydiqa or row.split != "test" else "squad"  # parallel in all languages
        text = passages(writer, count, prefix, "squad2" in path, row.format == "lareqa" and not tydiqa)
    elif row.format in ("conllu", "dependency-supertags"):
        text = treebank(writer, count)
    elif row.format in ("tagged", "masakhaner"):
        text = tagged(writer, count, task.labels)
    elif row.format == "tatoeba":
        english = Writer("en", path)
        beside = path.rpartition(".")[0] + ".eng"
        return {
            name: lines([(one.text(),) for _ in range(count)])
            for name, one in ((path, writer), (beside, english))
        }
    elif row.format == "bucc":
        base, english = path.rpartition(".")[0], Writer("en", path)
        both = [(f"{row.language}-{i}", f"en-{i}") for i in range(count)]
        return {path: lines([(a, writer.text()) for a, _ in both]),
                f"{base}.en": lines([(b, english.text()) for _, b in both]),
                f"{base}.gold": lines(both[: count // 2])}  # fmt: skip
    else:
        assert row.format == "mewslix", row.format
        text = mentions(codes, count, path, pair="wikipedia_pairs" in path)
        candidates = [{"entity_id": f"Q{i}", "description": writer.text(), "description_language": "en"}
                      for i in range(count)]  # fmt: skip
        return {path: text, f"{folder}/candidate_set_entities.jsonl": records(candidates)}
    return {path: text}


# Places of the table that stand for several files: here there is one of each.
ONE_OF_MANY = {"UD_English-*": "UD_English-Mini", "UD_*": "UD_Mini", "_*-ud": "_mini-ud", "R*": "R1"}


def write_originals(root: Path, codes: list[str], count: int = 80) -> Path:
    """Every file of the table of files in these languages, but CCGbank's; text and word lists aside."""
    for row in file_rows():
        beside = [value for name, value in row.arguments.items() if name in ("labels_from", "without")]
        if (
            row.task not in TASKS
            or row.language not in codes
            or row.format in ("ccgbank", "words", "refused")
        ):
            continue
        path = row.path
        for many, one in ONE_OF_MANY.items():
            path = path.replace(many, one)
        for place in (path, *beside):
            for name, text in content(row, place, codes, count).items():
                file = root / name
                if not file.exists():
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_text(text, encoding="utf-8", newline="\n")
    return root
