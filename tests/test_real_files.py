"""Every file of the two real packs loads, and holds what the packs' manifests say it holds.

They run where POLYSTILTS_DATA names the folder of `realdata/` and `realtext/`, and are skipped elsewhere.
"""

import os
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import yaml
from test_published_worlds import named

from polystilts import paths
from polystilts.errors import WrongUse
from polystilts.pipeline.real_data import write_data
from polystilts.pipeline.study import open_study
from polystilts.sources.doors import FilesDoor
from polystilts.sources.formats import FORMATS, without_contexts_of
from polystilts.sources.formats.marked import read_elements
from polystilts.sources.formats.passages import paragraphs, read_squad
from polystilts.sources.formats.rows import FileRow, file_rows, paths_of, read_row
from polystilts.sources.formats.strict import read_json, read_lines
from polystilts.tasks import TASKS

ROOT = Path(os.environ.get("POLYSTILTS_DATA") or "/nowhere")
MANIFESTS = ("realdata/MANIFEST.yaml", "realdata/MANIFEST-translated.yaml", "realtext/MANIFEST.yaml")
PACKS = [ROOT / name for name in MANIFESTS]
if not all(path.is_file() for path in PACKS):
    pytest.skip(
        "the real packs are not here; set POLYSTILTS_DATA to the folder that holds realdata/ and realtext/",
        allow_module_level=True,
    )

HALVES = ("part", "without", "answerable")  # what makes a row hold less than its file


@cache
def manifest() -> dict[str, dict]:
    """What the manifests say of each file, by its path below the data root."""
    found = {}
    for path in PACKS:
        for dataset in yaml.safe_load(path.read_text(encoding="utf-8"))["datasets"]:
            for file in dataset["files"]:
                found[f"{path.parent.name}/{file['path']}"] = file
    return found


def whole(row: FileRow) -> FileRow:
    """The row without what would leave out rows of its file."""
    return replace(
        row, arguments={name: value for name, value in row.arguments.items() if name not in HALVES}
    )


@cache
def rows_by_file() -> dict[str, list[FileRow]]:
    """The rows that read each file of the packs."""
    found: dict[str, list[FileRow]] = {}
    for row in file_rows():
        for path in paths_of(ROOT, row):
            found.setdefault(path.relative_to(ROOT).as_posix(), []).append(replace(row, path=str(path)))
    return found


def counted(row: FileRow) -> dict[str, int]:
    """The counts that a manifest could give of what the row's file holds."""
    got = read_row(ROOT, whole(row))
    if row.task == "lexicon":
        lines = [line for line in read_lines(Path(row.path)) if line.strip()]
        pairs = {tuple(line.replace("\t", " ").split()) for line in lines}
        assert sum(map(len, got.values())) == len(pairs)  # a pair that the list has twice is kept once
        return {"lines": len(lines)}
    if row.task == "corpus":
        if "udhr" in row.path:
            segments = list(read_elements(Path(row.path), "para"))  # a few have no text
            return {"segments": len(segments)}
        return {"lines": len(got), "segments": len(got), "records": len(got)}
    counts = {"lines": len(got), "records": len(got), "sentences": len(got), "questions": len(got)}
    if "words" in got:
        counts["tokens"] = sum(map(len, got["words"]))
        if row.format == "conllu":  # the manifests count syntactic words, XTREME reads fused ones
            counts["tokens"] += fused_words(Path(row.path))
    if "context" in got and "answers" in got:
        counts["contexts"] = len(list(paragraphs(Path(row.path))))  # TyDiQA repeats some
        counts["articles"] = len(read_json(Path(row.path))["data"])
        counts["questions_without_answer"] = int((got["answer_start"] < 0).sum())
    if "candidate_id" in got:
        counts["questions"] = int((got["question"] != "").sum())
        counts["candidate_sentences"] = got["candidate_id"].nunique()
        counts["contexts"] = got["candidate_id"].str.rsplit("_", n=1).str[0].nunique()
    return counts


def test_no_file_of_the_packs_is_left_unread():
    """Each file has a row, or is the second file that a row's reader opens."""
    beside = {"realdata/socialiqa/dev-labels.lst"}
    beside |= {path for path in manifest() if path.startswith("realdata/tatoeba/") and path.endswith(".eng")}
    beside |= {"realdata/xnli_practice/test-labels.sw.genre.tsv"}
    beside |= {f"realdata/afrixnli/eng/{split}.csv" for split in ("dev", "test")}
    beside |= {path for path in manifest() if path.startswith("realdata/injongo/")}  # no task reads it yet
    assert set(manifest()) - set(rows_by_file()) == beside


@pytest.mark.parametrize("path", sorted(path for path, file in manifest().items() if file.get("counts")))
def test_counts_are_those_of_the_manifest(path):
    """Rows, sentences, tokens, contexts, questions, candidates and segments."""
    rows = rows_by_file().get(path)
    if rows is None:  # read together with its partner
        assert manifest()[path]["counts"]["lines"] == len(read_lines(ROOT / path))
        return
    wanted = manifest()[path]["counts"]
    for row in rows:
        if row.task == "lareqa" and "candidate_sentences" not in wanted:
            continue  # a file of questions, whose sentences are cut by our own rule
        got = counted(row)
        assert {name: got[name] for name in wanted} == wanted


def fused_words(path: Path) -> int:
    """How many words fewer a treebank has when fused forms are one word each, counted without our reader."""
    spans = [line.split("\t")[0].split("-") for line in read_lines(path) if line[:1].isdigit()]
    return sum(int(span[1]) - int(span[0]) for span in spans if len(span) == 2)


@pytest.mark.parametrize("path", sorted(path for path in manifest() if path.startswith("realtext/")))
def test_running_text_is_read(path):
    """Text comes out of every file, and joined files are joined from as many as the manifest says."""
    for row in rows_by_file()[path]:
        lines = read_row(ROOT, row)
        assert lines and all(line == " ".join(line.split()) and "==>" not in line[:4] for line in lines)
    members = manifest()[path].get("members")
    if members and members > 1:
        text = (ROOT / path).read_text(encoding="utf-8").split("\n")
        assert sum(line.startswith("==> ") and line.endswith(" <==") for line in text) == members


def test_running_text_is_nearly_all_there():
    """Letters of each language against the manifest's sizes: between 94 and 108 per cent.

    The difference is markup and credits, which both leave out, each in its own way.
    """
    sizes = yaml.safe_load(PACKS[1].read_text(encoding="utf-8"))["sizes"]
    letters: Counter = Counter()
    for row in file_rows():
        if row.task == "corpus" and row.path.startswith("realtext/"):
            letters[row.language] += sum(map(len, read_row(ROOT, row)))
    place = sizes["columns"].index("realtext")
    shares = {entry[0]: letters[entry[0]] / entry[place] for entry in sizes["rows"]}
    assert all(0.94 < share < 1.08 for share in shares.values()), shares


def examples(task: str, split: str, language: str):
    (row,) = [row for row in file_rows() if (row.task, row.split, row.language) == (task, split, language)
              and paths_of(ROOT, row)]  # fmt: skip
    return read_row(ROOT, whole(row))


def test_label_sets_are_those_of_the_tasks():
    """Classes and tags are the task's own, and every class, in larger files every tag, occurs."""
    for row in file_rows():
        if row.task not in TASKS or not paths_of(ROOT, row) or row.split == "unlabelled":
            continue
        frame, task = read_row(ROOT, row), TASKS[row.task]
        if task.kind == "classification":
            assert set(frame["label"]) == set(task.labels), row
        if task.kind == "multiple_choice":
            counts = {len(choices) for choices in frame["choices"]}
            assert len(counts) == 1 and set(frame["label"]) == set(range(*counts)), row
        if task.kind == "tagging" and row.format != "dependency-supertags":
            tags = {tag for tags in frame["tags"] for tag in tags}
            assert tags <= set(task.labels), row
            if len(frame) >= 1000 and task.metric == "span_f1":
                assert tags == set(task.labels), row


def test_parallel_items_have_one_meaning_in_every_language():
    """XNLI, XCOPA and XQuAD: the same meanings in the same order, with the same labels."""
    for task, languages in (
        ("xnli", "en sw tr zh ar hi"),
        ("sib200", "en sw ta te yo wo am et eu qu tr ar zh bn hi gn ay ht"),
        ("xcopa", "en et ht qu sw ta tr"),
        ("xquad", "en ar tr zh hi"),
    ):
        first, *others = [examples(task, "test", language) for language in languages.split()]
        for other in others:
            assert list(other["meaning_id"]) == list(first["meaning_id"])
            if task != "xquad":
                assert list(other["label"]) == list(first["label"])
    lareqa = examples("lareqa", "test", "zh")
    assert set(lareqa.loc[lareqa["question"] != "", "meaning_id"]) == set(
        examples("xquad", "test", "en")["meaning_id"]
    )


def test_americasnli_is_xnli_in_other_languages():
    """All 743 items of its dev set carry the label of the XNLI item that they are mapped to."""
    xnli = examples("xnli", "test", "en").set_index("meaning_id")["label"]
    for language in ("qu", "ay", "gn"):
        frame = examples("americasnli", "dev", language)
        assert list(xnli[frame["meaning_id"]]) == list(frame["label"])
        assert not set(examples("americasnli", "test", language)["meaning_id"]) & set(xnli.index)


def test_english_copa_takes_its_labels_from_xcopa():
    """XCOPA's own English test labels are a placeholder, and read so without another file."""
    with pytest.raises(WrongUse, match=r"test-en\.jsonl:1: all labels of 500 items are 0: a placeholder"):
        FORMATS["copa"](ROOT / "realdata/copa/test-en.jsonl", "xcopa", "test", "en")
    dev = FORMATS["copa"](ROOT / "realdata/copa/val-en.jsonl", "xcopa", "dev", "en")
    for language in ("et", "ht", "qu", "sw", "ta", "tr"):
        assert list(examples("xcopa", "dev", language)["label"]) == list(dev["label"])


def test_squad_without_the_passages_of_xquad():
    """5349 questions lie outside XQuAD's passages, 2575 of them with an answer; the halves share no row."""
    xquad = examples("xquad", "test", "en")
    squad = read_squad(ROOT / "realdata/squad2/dev-v2.0.json", "squad_v2", "dev", "en")
    assert len(set(squad["context"])) == 646
    assert len(set(squad["context"]) & set(xquad["context"])) == 78
    kept = without_contexts_of(squad, [xquad])
    assert (len(kept), int((kept["answer_start"] >= 0).sum())) == (5349, 2575)
    halves = [read_row(ROOT, row) for row in file_rows() if row.task in ("squad_v1", "squad_v2")
              and row.split == "train" and paths_of(ROOT, row)]  # fmt: skip
    first, second = (set(half["meaning_id"]) for half in halves)
    assert not first & second and len(first) + len(second) > 4000


def test_translated_practice_is_found_again_by_line_id_and_sentence():
    """How many rows of each language translate an English one of practice, all with its label."""
    door = FilesDoor(ROOT)
    found = {}
    for task in ("xnli_practice", "sib_practice", "supertags"):
        english = door.examples(task, "train", "en").set_index("meaning_id")
        for code in {row.language for row in file_rows() if (row.task, row.split) == (task, "translated")}:
            frame = door.examples(task, "train", code, role="translated")
            both = frame[frame["meaning_id"].isin(english.index)]
            found[task, code] = len(both)
            if "label" in frame:
                assert list(both["label"]) == list(english.loc[both["meaning_id"], "label"]), (task, code)
    assert {code: n for (task, code), n in found.items() if task == "xnli_practice"} == (
        dict.fromkeys("sw tr ar zh hi".split(), 7500) | dict.fromkeys("am yo wo".split(), 1047)
        | {"qu": 1493, "gn": 1493, "ay": 1493}
    )  # fmt: skip
    assert {n for (task, _), n in found.items() if task == "sib_practice"} == {701}
    assert {code: n for (task, code), n in found.items() if task == "supertags"} == {
        "tr": 5860, "ar": 1000, "hi": 1000, "zh": 1000}  # fmt: skip


def test_real_small_is_prepared_from_the_packs(tmp_path, monkeypatch):
    """Practice in every language that has it, and none of it in a test that a run is asked afterwards."""
    monkeypatch.setattr(paths, "OUTPUTS", tmp_path / "outputs")
    rows = {"intermediate": 200, "target": 60, "dev": 20, "test": 20}
    study = open_study("real-small", "small", rows=rows)
    card = write_data(study, tmp_path / "w0", ROOT, 0)
    assert card["leaks"]["total"] == 0
    others = set(study.scale.shared["languages"]) - {"en"}
    for task, lacking in (("xnli_practice", {"ta", "te", "et", "eu"}), ("sib_practice", set())):
        names = {name.removeprefix("train-") for name in card["tasks"][task] if name.startswith("train-")}
        assert names == {"en", *others} - lacking


def test_placeholder_files_are_refused():
    """XTREME's test files of PAN-X have one column: their labels are withheld, and no F1 comes of them."""
    with pytest.raises(WrongUse, match=r"test-sw\.tsv:1: no tag beside .* withheld"):
        FORMATS["tagged"](ROOT / "realdata/panx/test-sw.tsv", "panx", "test", "sw")


def test_real_mini_is_prepared_from_the_packs(tmp_path, monkeypatch):
    """Every task and language of the scale, few rows of each: nothing leaks, and the card tells."""
    monkeypatch.setattr(paths, "OUTPUTS", tmp_path / "outputs")
    rows = {"intermediate": 60, "target": 60, "dev": 20, "test": 20}
    study = open_study("real-mini", "small", rows=rows, documents={"high": 40, "low": 4})
    card = write_data(study, tmp_path / "w0", ROOT, 0)
    assert card["leaks"]["total"] == 0
    assert named(tmp_path / "w0") == "9554d7419d7550af"  # as it was when its results were published
    shared = study.scale.shared
    assert set(shared["target_tasks"]) <= set(card["tasks"]) and set(card["languages"]) == set(
        shared["languages"]
    )
    for task in shared["target_tasks"]:
        asked = {name.split("-")[1] for name in card["tasks"][task] if name.startswith("test-")}
        known = {row.language for row in file_rows()
                 if (row.task, row.split) == (task, "test") and row.read_by("real-mini")}  # fmt: skip
        home = {shared["source_language"]} if task == "tatoeba" else set()  # not asked in itself
        assert asked == known & set(shared["languages"]) - home, task
    lists = {row.language for row in file_rows() if row.task == "lexicon" and row.format != "refused"}
    for code, told in card["languages"].items():
        assert told["lines"] > 0 and (told["lexicon"] > 0) == (code in lists), code
    assert "no run reads two of them" in card["notes"]["tydiqa train"]
    read = {name: digest for name, digest in card["files"].items() if name in manifest()}
    assert len(read) > 100 and read == {name: manifest()[name]["sha256"] for name in read}
