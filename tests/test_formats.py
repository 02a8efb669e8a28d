"""The original formats on small invented files: what each reader makes of one, and the traps of real ones."""

import csv
import io
import json
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polystilts.errors import WrongUse
from polystilts.sources.formats import (
    DEPENDENCY_SUPERTAGS,
    FORMATS,
    TEXT_FORMATS,
    read_lexicon,
    read_mewslix_entities,
    read_text,
    without_contexts_of,
)
from polystilts.sources.formats.answer_sentences import plain_breaks
from polystilts.sources.formats.pairs import unquoted
from polystilts.sources.formats.rows import TABLE, file_rows, paths_of, read_row
from polystilts.sources.formats.strict import read_lines
from polystilts.tasks import TASKS

COLUMNS = {
    "classification": {"text_a", "text_b", "label"},
    "multiple_choice": {"context", "question", "choices", "label"},
    "tagging": {"words", "tags"},
    "question_answering": {"context", "question", "answer_text", "answer_start", "answers"},
}


@pytest.fixture
def put(tmp_path):
    """Writes a file of these lines (LF, as text or bytes) below the temporary folder and returns its path."""

    def write(name: str, *lines: str, newline: str = "\n") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((newline.join(lines) + newline).encode("utf-8"))
        return path

    return write


def jsonl(*records: dict) -> list[str]:
    return [json.dumps(record, ensure_ascii=False) for record in records]


def squad(*paragraphs: dict) -> str:
    return json.dumps({"version": "1.1", "data": [{"title": "t", "paragraphs": list(paragraphs)}]})


def question(identifier: str, *answers: tuple[str, int], **more) -> dict:
    golds = [{"text": text, "answer_start": start} for text, start in answers]
    return {"id": identifier, "question": f"What is {identifier}?", "answers": golds} | more


def test_every_format_names_a_kind_a_source_and_what_it_holds():
    """The table of formats says in one line each what a file holds and whose format it is."""
    for name, row in FORMATS.items():
        assert row.name == name and row.sentence and row.source and row.read.__doc__
        assert "\n" not in row.sentence and row.kinds


# Pairs


def test_xtreme_pairs_are_read_as_they_were_written(put):
    """A sentence with quotation marks comes back as it was before XTREME's CSV writer wrapped it."""
    path = put(
        "dev-en.tsv", 'He said "no".\t""\tneutral'.replace('\t""', "\tSo?"), "A dog.\tAn animal.\tentailment"
    )
    frame = FORMATS["xtreme-pairs"](path, "xnli", "dev", "en")
    assert list(frame["label"]) == ["neutral", "entailment"]
    assert list(frame["meaning_id"]) == ["xnli-dev-1", "xnli-dev-2"]
    wrapped = put("dev-sw.tsv", '"He said ""no""."\tSo?\tneutral', "A dog.\tAn animal.\tentailment")
    other = FORMATS["xtreme-pairs"](wrapped, "xnli", "dev", "sw")
    assert list(other["text_a"]) == list(frame["text_a"]) == ['He said "no".', "A dog."]
    assert list(other["meaning_id"]) == list(frame["meaning_id"])
    assert not set(other["example_id"]) & set(frame["example_id"])
    pawsx = put("dev-fr.tsv", "A b\tB a\t0", "D\tD d\t1")
    assert list(FORMATS["xtreme-pairs"](pawsx, "pawsx", "dev", "fr")["label"]) == ["different", "same"]
    train = FORMATS["xtreme-pairs"](path, "nli_train", "train", "en", family="mnli")  # rows of two tasks
    assert list(train["meaning_id"]) == ["mnli-train-1", "mnli-train-2"]


@given(st.text(st.characters(blacklist_characters="\t\r\n\x00", blacklist_categories=("Cs",)), min_size=1))
def test_unquoting_undoes_the_csv_writer(cell):
    """Whatever a cell holds, writing it with XTREME's writer and reading it with ours gives it back."""
    line = io.StringIO()
    csv.writer(line, delimiter="\t").writerow([cell, "x"])
    assert unquoted(line.getvalue().rsplit("\t", 1)[0]) == cell


def test_xnli_original_keeps_one_language_and_its_pair_ids(put):
    """One file holds all languages; the pair id is the item, whatever its line."""
    header = "language\tgold_label\tsentence1\tsentence2\tpairID"
    path = put(
        "xnli.dev.tsv",
        header,
        "ar\tneutral\tا\tب\t1",
        "en\tneutral\tA.\tB.\t1",
        "en\tcontradiction\tC.\tD.\t2",
    )
    frame = FORMATS["xnli"](path, "xnli", "dev", "en")
    assert list(frame["meaning_id"]) == ["xnli-dev-1", "xnli-dev-2"]
    records = [dict(zip(header.split("\t"), row.split("\t"), strict=True)) for row in
               ("en\tneutral\tA.\tB.\t1", "en\tcontradiction\tC.\tD.\t2")]  # fmt: skip
    again = FORMATS["xnli"](put("xnli.dev.jsonl", *jsonl(*records)), "xnli", "dev", "en")
    assert again.equals(frame)


def test_mnli_in_its_three_shapes(put):
    """GLUE's TSV, the official JSON lines and plain CSV; pairs without a majority label are counted."""
    header = "index\tpairID\tsentence1\tsentence2\tgold_label"
    tsv = put("train.tsv", header, '0\t1n\tA "b"\tC\tneutral', "1\t2c\tD\tE\tcontradiction", "2\t3x\tF\tG\t-")
    frame = FORMATS["mnli"](tsv, "mnli", "train", "en")
    assert list(frame["text_a"]) == ['A "b"', "D"]
    assert frame.attrs["left_out"] == {"no majority label": 1}
    lines = jsonl(*({"pairID": p, "sentence1": a, "sentence2": b, "gold_label": y} for p, a, b, y in
                    (("1n", 'A "b"', "C", "neutral"), ("2c", "D", "E", "contradiction"))))  # fmt: skip
    assert FORMATS["mnli"](put("m.jsonl", *lines), "mnli", "train", "en").equals(frame)
    path = put("dev.csv", "premise,hypothesis,label", '"A ""b""\nsecond line",C,neutral', "D,E,contradiction")
    plain = FORMATS["mnli"](path, "nli_train", "dev", "en")
    assert list(plain["text_a"]) == ['A "b"\nsecond line', "D"]
    assert list(plain["meaning_id"]) == ["mnli-dev-1", "mnli-dev-3"]  # named after their first line


def test_translated_mnli_has_the_rows_of_the_english(put):
    """Row i of XNLI-MT is one meaning in every language; its spelling of a label is understood."""
    english = put("multinli.train.en.tsv", "premise\thypo\tlabel", "A\tB\tcontradictory", "C\tD\tneutral")
    other = put("multinli.train.sw.tsv", "premise\thypo\tlabel", "E\tF\tcontradictory", "G\tH\tneutral")
    first, second = (
        FORMATS["xnli-mt"](path, "mnli", "train", path.suffixes[1][1:]) for path in (english, other)
    )
    assert list(first["meaning_id"]) == list(second["meaning_id"])
    assert list(second["label"]) == ["contradiction", "neutral"]


def test_anli_qqp_and_pawsx(put):
    """Letters, numbers and words for the labels all end as the labels of the task."""
    anli = put("R1/train.jsonl", *jsonl(
        {"uid": "u1", "context": "A", "hypothesis": "B", "label": "e"},
        {"uid": "u2", "context": "A", "hypothesis": "C", "label": "c"}))  # fmt: skip
    assert list(FORMATS["anli"](anli, "anli", "train", "en")["label"]) == ["entailment", "contradiction"]
    qqp = put("train.tsv", "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate",
              "7\t1\t2\tWhy?\tHow come?\t1", "8\t3\tragged", "9\t4\t5\tWho?\tWhere?\t0")  # fmt: skip
    frame = FORMATS["qqp"](qqp, "qqp", "train", "en")
    assert list(frame["label"]) == ["same", "different"]
    assert frame.attrs["left_out"] == {"ragged lines": 1}
    pawsx = put(
        "dev_2k.tsv", "id\tsentence1\tsentence2\tlabel", "1\tA b\tB a\t0", "2\tNS\tC\t1", "3\tD\tD d\t1"
    )
    frame = FORMATS["pawsx"](pawsx, "pawsx", "dev", "fr")
    assert list(frame["label"]) == ["different", "same"]
    assert list(frame["meaning_id"]) == ["pawsx-dev-1", "pawsx-dev-3"]
    assert frame.attrs["left_out"] == {"not translated": 1}


def test_americasnli_items_are_items_of_xnli(put):
    """Row 12451 is the first of the sixth language (Spanish): item 1 of XNLI's dev set."""
    header = "id\tlanguage\tpremise\thypothesis\tlabel"
    path = put("quy.tsv", header, "12451\tquy\tA\tB\tneutral", "14940\tquy\tC\tD\tentailment")
    frame = FORMATS["americasnli"](path, "americasnli", "dev", "qu")
    assert list(frame["meaning_id"]) == ["xnli-dev-1", "xnli-dev-2490"]


# Tagging


def test_two_columns_by_tab_or_space_and_both_line_ends(put):
    """Tabs and spaces, LF and CRLF, one blank line or several, a last line without an end."""
    lines = ["Juma\tB-PER", "aliona\tO", "", "", "Nairobi\tB-LOC"]
    first = FORMATS["tagged"](put("dev-sw.tsv", *lines), "panx", "dev", "sw")
    assert first["words"].map(list).tolist() == [["Juma", "aliona"], ["Nairobi"]]
    windows = put("crlf.tsv", *lines, newline="\r\n")
    assert FORMATS["tagged"](windows, "panx", "dev", "sw").equals(first)
    spaced = put("dev.txt", *(line.replace("\t", " ") for line in lines))
    assert FORMATS["tagged"](spaced, "panx", "dev", "sw").equals(first)
    assert list(first["meaning_id"]) == list(first["example_id"])  # no translations of one another


def test_byte_order_marks_do_not_stick_to_words(put):
    """At the start of a file, at the start of a word, and where a word is nothing else."""
    path = put("dev-ta.tsv", "\ufeff\ufeffகாவிரி\tB-LOC", "\ufeff\tO", "ஆறு\tO")
    (words,) = FORMATS["tagged"](path, "panx", "dev", "ta")["words"]
    assert words == ["காவிரி", "\ufffd", "ஆறு"]  # as many words as tags, so that they stay side by side


def test_a_byte_order_mark_at_the_start_of_a_file_is_no_part_of_it(put):
    """As Windows writes it, before a JSON document, the first line of JSON lines, a header and a comment."""
    passage = {"context": "Ada came.", "qas": [question("q", ("Ada", 0))]}
    assert len(FORMATS["squad"](put("x.json", "\ufeff" + squad(passage)), "xquad", "test", "en")) == 1
    (line,) = jsonl(COPA | {"label": 0, "idx": 0})
    assert len(FORMATS["copa"](put("x.jsonl", "\ufeff" + line), "xcopa", "test", "en")) == 1
    table = put("x.csv", "\ufeffpremise,hypothesis,label", "A,B,neutral")
    assert len(FORMATS["mnli"](table, "mnli", "dev", "en")) == 1
    tree = put("x.conllu", "\ufeff# text = a", conllu_line("1", "a", "NOUN", 0, "root"))
    assert FORMATS["conllu"](tree, "udpos", "test", "en")["words"].tolist() == [["a"]]


def test_a_line_separator_inside_a_csv_field_is_text(put):
    """U+2028 ends no record, and a record keeps the number of its first line."""
    path = put("x.csv", "premise,hypothesis,label", "A\u2028a,B,neutral", "C,D,entailment")
    frame = FORMATS["mnli"](path, "mnli", "dev", "en")
    assert list(frame["text_a"]) == ["A\u2028a", "C"] and list(frame["meaning_id"]) == [
        "mnli-dev-1",
        "mnli-dev-2",
    ]


def test_an_inside_tag_may_open_a_name_as_in_xtreme(put):
    """`I-` after `O` or after another type is kept, for the scorer to read as XTREME does."""
    path = put("dev-en.tsv", "the\tO", "Nile\tI-LOC", "Company\tI-ORG")
    (tags,) = FORMATS["tagged"](path, "panx", "dev", "en")["tags"]
    assert tags == ["O", "I-LOC", "I-ORG"]


WORDS = st.text(st.characters(categories=("L", "N", "P")), min_size=1, max_size=8)
TAGS = st.sampled_from(TASKS["panx"].labels)


@given(
    st.lists(st.lists(st.tuples(WORDS, TAGS), min_size=1, max_size=5), min_size=1, max_size=6), st.booleans()
)
def test_tagged_sentences_come_back_as_they_were_written(tmp_path_factory, sentences, by_tab):
    """Whatever the words, with a tab or a space between word and tag."""
    path = tmp_path_factory.mktemp("tagged") / "dev-xx.tsv"
    mark = "\t" if by_tab else " "
    text = "\n".join("".join(f"{word}{mark}{tag}\n" for word, tag in sentence) for sentence in sentences)
    path.write_bytes(text.encode("utf-8"))
    frame = FORMATS["tagged"](path, "panx", "dev", "xx")
    read = [list(zip(*row, strict=True)) for row in zip(frame["words"], frame["tags"], strict=True)]
    assert read == sentences


def test_panx_loses_the_language_before_the_colon_only(put):
    """A colon of the word's own stays."""
    path = put("sw-train", "sw:saa\tO", "sw:10:30\tO", "sw::\tO")
    (words,) = FORMATS["panx"](path, "panx", "train", "sw")["words"]
    assert words == ["saa", "10:30", ":"]


def test_masakhaner_dates_become_o_and_are_counted(put):
    """PAN-X has no dates: two names of dates leave three words without a tag, and the frame says so."""
    path = put("dev.txt", "Juma B-PER", "jana B-DATE", "asubuhi I-DATE", "", "leo B-DATE")
    frame = FORMATS["masakhaner"](path, "masakhaner", "dev", "sw")
    assert frame["tags"].map(list).tolist() == [["B-PER", "O", "O"], ["O"]]
    assert frame.attrs["left_out"] == {"names of dates read as O": 2}


def test_stripped_test_files_load_without_tags(put):
    """One column: words only, for files to be predicted on; the reader of tags refuses them."""
    path = put("test-sw.tsv", "Msimbo", "wa", "", "posta")
    frame = FORMATS["words"](path, "panx", "test", "sw")
    assert "tags" not in frame and frame["words"].map(len).tolist() == [2, 1]
    with pytest.raises(WrongUse, match=r"test-sw\.tsv:1: no tag beside 'Msimbo': .* withheld"):
        FORMATS["tagged"](path, "panx", "test", "sw")


def conllu_line(name: str, form: str, upos: str = "_", head: object = "_", deprel: str = "_") -> str:
    return "\t".join([name, form, "_", upos, "_", "_", str(head), deprel, "_", "_"])


def test_fused_forms_are_one_word_with_the_tag_of_the_highest_part(put):
    """`vámonos` = vamos + nos: the verb stands higher. Empty nodes are no words; ZWNJ and spaces go."""
    path = put("es_x-ud-test.conllu", "# sent_id = 1", conllu_line("1-2", "vámonos"),
               conllu_line("1", "vamos", "VERB", 0, "root"), conllu_line("2", "nos", "PRON", 1, "obj"),
               conllu_line("2.1", "ghost", "VERB"),
               conllu_line("3", "a\u200cl mar", "NOUN", 1, "obl"))  # fmt: skip
    frame = FORMATS["conllu"](path, "udpos", "test", "es")
    assert frame["words"].tolist() == [["vámonos", "almar"]]
    assert frame["tags"].tolist() == [["VERB", "NOUN"]]


@pytest.mark.parametrize(("language", "tag"), [("es", "ADP"), ("it", "ADP"), ("de", "ADP"), ("fr", "NOUN")])
def test_equally_high_parts_go_by_precedence(put, language, tag):
    """Two parts under one head: the order of the language decides; es and it have no nouns in theirs."""
    other = "NOUN" if language != "de" else "DET"
    path = put("x.conllu", conllu_line("1-2", "del"), conllu_line("1", "de", "ADP", 3, "case"),
               conllu_line("2", "el", other, 3, "det"),
               conllu_line("3", "mar", "NOUN", 0, "root"))  # fmt: skip
    (tags,) = FORMATS["conllu"](path, "udpos", "test", language)["tags"]
    assert tags == [tag, "NOUN"]


def test_sentences_of_underscores_are_left_out_and_counted(put):
    """All words withheld, or all but one: out. A single underscore in a longer sentence stays."""
    gone = [conllu_line("1", "_", "NOUN", 0, "root"), conllu_line("2", "!", "PUNCT", 1, "punct"), ""]
    kept = [conllu_line("1", "a", "NOUN", 0, "root"), conllu_line("2", "_", "SYM", 1, "dep"),
            conllu_line("3", "b", "NOUN", 1, "dep"), ""]  # fmt: skip
    frame = FORMATS["conllu"](put("x.conllu", *gone, *kept), "udpos", "test", "fr")
    assert frame["words"].tolist() == [["a", "_", "b"]]
    assert frame.attrs["left_out"] == {"sentences whose words are withheld": 1}


def test_dependency_supertags_are_named_a_substitute(put):
    """Relation and side of the head of each syntactic word; a closed set; never called CCG."""
    path = put("x.conllu", conllu_line("1-2", "del"), conllu_line("1", "de", "ADP", 3, "case"),
               conllu_line("2", "el", "DET", 3, "det:def"), conllu_line("3", "mar", "NOUN", 0, "root"),
               conllu_line("4", "azul", "ADJ", 3, "amod"))  # fmt: skip
    (tags,) = FORMATS["dependency-supertags"](path, "ccg", "train", "es")["tags"]
    assert tags == ["case/R", "det/R", "root", "amod/L"]
    assert (
        set(tags) <= set(DEPENDENCY_SUPERTAGS) and len(DEPENDENCY_SUPERTAGS) == 73
    )  # 36 relations × 2, root
    assert "substitute" in FORMATS["dependency-supertags"].sentence


def test_ccgbank_leaves_are_words_and_categories(put):
    """Two lines a sentence: its name, and the derivation whose leaves carry the categories."""
    derivation = (
        "(<T S[dcl] 0 2> (<T NP 0 1> (<L N NNP NNP Birds N>) ) "
        "(<T S[dcl]\\NP 0 1> (<L S[dcl]\\NP VBP VBP sing S[dcl]\\NP_1>) ) )"
    )
    path = put("wsj_0001.auto", "ID=wsj_0001.1 PARSER=GOLD NUMPARSE=1", derivation)
    frame = FORMATS["ccgbank"](path, "ccg", "train", "en")
    assert frame["words"].tolist() == [["Birds", "sing"]]
    assert frame["tags"].tolist() == [["N", "S[dcl]\\NP"]]


# Multiple choice


COPA = {"premise": "It rained.", "choice1": "We got wet.", "choice2": "We slept.", "question": "effect"}


def test_copa_in_every_language_shares_its_items(put):
    """CRLF as XCOPA has it; the question is English in all languages; idx names the item."""
    lines = jsonl(COPA | {"label": 0, "idx": 0}, COPA | {"label": 1, "idx": 1, "question": "cause"})
    path = put("val.et.jsonl", *lines, newline="\r\n")
    frame = FORMATS["copa"](path, "xcopa", "val", "et")
    assert list(frame["question"]) == ["What was the effect?", "What was the cause?"]
    assert list(frame["label"]) == [0, 1]
    english = FORMATS["copa"](put("val-en.jsonl", *lines), "copa_train", "val", "en")
    assert list(english["meaning_id"]) == list(frame["meaning_id"]) == ["copa-val-0", "copa-val-1"]


def test_placeholder_labels_are_refused_and_can_come_from_another_file(put):
    """COPA's English test labels are all 0; XCOPA's test of another language has the right ones by idx."""
    stripped = put("test-en.jsonl", *jsonl(*(COPA | {"label": 0, "idx": i} for i in range(30))))
    gold = put("test.et.jsonl", *jsonl(*(COPA | {"label": i % 2, "idx": i} for i in reversed(range(30)))))
    with pytest.raises(
        WrongUse, match=r"test-en\.jsonl:1: all labels of 30 items are 0: a placeholder, .* withheld"
    ):
        FORMATS["copa"](stripped, "xcopa", "test", "en")
    frame = FORMATS["copa"](stripped, "xcopa", "test", "en", labels_from=gold)
    assert list(frame["label"]) == [i % 2 for i in range(30)]


def test_copa_xml_counts_from_one(put):
    """Item 1 of the XML is idx 0 of the JSON; alternative 2 is label 1."""
    item = (
        '<item id="1" asks-for="cause" most-plausible-alternative="2"><p>P.</p><a1>A.</a1><a2>B.</a2></item>'
    )
    path = put(
        "copa-dev.xml", '<?xml version="1.0" encoding="UTF-8"?>', "<copa-corpus>", item, "</copa-corpus>"
    )
    (row,) = FORMATS["copa-xml"](path, "copa_train", "dev", "en").to_dict("records")
    assert row["meaning_id"] == "copa-dev-0" and row["label"] == 1 and row["choices"] == ["A.", "B."]


def test_siqa_joins_its_two_files(put):
    """Labels count from 1 in their file and from 0 in the table."""
    answers = {"answerA": "a", "answerB": "b", "answerC": "c"}
    path = put(
        "dev.jsonl",
        *jsonl({"context": "C.", "question": "Q?"} | answers, {"context": "D.", "question": "R?"} | answers),
    )
    put("dev-labels.lst", "3", "1")
    assert list(FORMATS["siqa"](path, "copa_train", "dev", "en")["label"]) == [2, 0]


def test_hellaswag_cosmosqa_and_commonsenseqa(put):
    """Four endings, four answers in a CSV of several lines a record, five choices without a text."""
    ending = {"ind": 4, "ctx": "She ran", "label": 3, "endings": ["a", "b", "c", "d"]}
    (row,) = FORMATS["hellaswag"](put("h.jsonl", *jsonl(ending)), "hellaswag", "train", "en").to_dict(
        "records"
    )
    assert (row["context"], row["question"], row["label"]) == ("She ran", "", 3)
    header = "id,context,question,answer0,answer1,answer2,answer3,label"
    path = put(
        "valid.csv",
        header,
        'x##1,"A, with a comma\r\nand two lines",Q?,a,b,c,None of these,2',
        newline="\r\n",
    )
    (row,) = FORMATS["cosmosqa"](path, "cosmosqa", "valid", "en").to_dict("records")
    assert row["choices"] == ["a", "b", "c", "None of these"] and row["label"] == 2
    choices = [{"label": letter, "text": letter.lower()} for letter in "ABCDE"]
    asked = {"id": "q", "answerKey": "E", "question": {"stem": "Where?", "choices": choices}}
    (row,) = FORMATS["commonsenseqa"](put("c.jsonl", *jsonl(asked)), "commonsenseqa", "dev", "en").to_dict(
        "records"
    )
    assert (row["context"], row["label"], len(row["choices"])) == ("", 4, 5)


# Questions about passages


def test_squad_keeps_all_gold_answers_and_its_ids(put):
    """The first answer has the offsets, the different texts of all are in `answers`; ids cross languages."""
    paragraph = {"context": "Ada came in 1843.", "qas": [
        question("q1", ("Ada", 0), ("Ada came", 0), ("Ada", 0)),
        question("q2", is_impossible=True, plausible_answers=[{"text": "1843", "answer_start": 12}]),
    ]}  # fmt: skip
    path = put("dev-v2.0.json", squad(paragraph))
    first, second = FORMATS["squad"](path, "squad_v2", "dev", "en").to_dict("records")
    assert (first["answer_text"], first["answer_start"], first["answers"]) == ("Ada", 0, ["Ada", "Ada came"])
    assert (second["answer_text"], second["answer_start"], second["answers"]) == ("", -1, [])
    assert first["meaning_id"] == "q1" and first["example_id"] == "squad_v2-dev-en-q1"


def test_answers_are_trimmed_with_their_offsets(put):
    """White space around an answer goes, and its start moves with it."""
    path = put("x.json", squad({"context": "In  1843 .", "qas": [question("q", (" 1843 ", 3))]}))
    (row,) = FORMATS["squad"](path, "xquad", "test", "en").to_dict("records")
    assert row["context"][row["answer_start"] :][:4] == row["answer_text"] == "1843"


@given(st.text(st.characters(categories=("L", "N", "P", "Zs")), min_size=1), st.data())
def test_the_answer_stands_where_it_is_said_to(tmp_path_factory, context, data):
    """Any span of any passage: what is read is the span without its outer white space, in its place."""
    start = data.draw(st.integers(0, len(context) - 1))
    end = data.draw(st.integers(start + 1, len(context)))
    path = tmp_path_factory.mktemp("squad") / "x.json"
    path.write_text(squad({"context": context, "qas": [question("q", (context[start:end], start))]}))
    if not context[start:end].strip():
        with pytest.raises(WrongUse, match="is empty"):
            FORMATS["squad"](path, "xquad", "test", "xx")
        return
    (row,) = FORMATS["squad"](path, "xquad", "test", "xx").to_dict("records")
    first = row["answer_start"]
    assert (
        row["answer_text"]
        == context[start:end].strip()
        == row["context"][first : first + len(row["answer_text"])]
    )
    assert start <= first and row["context"] == context


def test_tydiqa_ids_say_the_language(put):
    """One file for all languages gives one; XTREME's cut ids, twice in a file, give way to places."""
    paragraph = {
        "context": "Ada came.",
        "qas": [question(i, ("Ada", 0)) for i in ("swahili-1-2", "english-1-2")],
    }
    frame = FORMATS["tydiqa"](put("all.json", squad(paragraph)), "tydiqa", "train", "sw")
    assert list(frame["meaning_id"]) == ["swahili-1-2"]
    assert frame.attrs["left_out"] == {"questions in english": 1}
    paragraph = {"context": "Ada came.", "qas": [question("2", ("Ada", 0)), question("2", ("came", 4))]}
    frame = FORMATS["tydiqa"](put("cut.json", squad(paragraph)), "tydiqa", "train", "sw")
    assert frame["example_id"].is_unique and frame["meaning_id"].is_unique


def test_shared_passages_are_dropped(put):
    """A passage that XQuAD has too leaves the training rows, white space aside, and is counted."""
    shared, own = (
        {"context": "Ada  came.", "qas": [question("a", ("Ada", 0))]},
        {"context": "Bo left.", "qas": [question("b", ("Bo", 0))]},
    )
    train = FORMATS["squad"](put("train.json", squad(shared, own)), "squad_v1", "train", "en")
    test = FORMATS["squad"](
        put("xquad.en.json", squad(shared | {"context": "Ada came."})), "xquad", "test", "en"
    )
    kept = without_contexts_of(train, [test])
    assert list(kept["meaning_id"]) == ["b"] and kept.attrs["left_out"]["questions on shared contexts"] == 1


# Retrieval


def test_lareqa_candidates_are_all_sentences(put):
    """The sentence in which the answer starts, with its paragraph; unasked sentences join the pool."""
    context = "Ada came.\nBo left. It rained."
    paragraph = {"context": context, "sentence_breaks": [[0, 9], [10, 18], [19, 29]],
                 "qas": [question("q1", ("Bo", 10)), question("q2", ("left", 13))]}  # fmt: skip
    path = put("en.json", squad(paragraph))
    frame = FORMATS["lareqa"](path, "lareqa", "test", "en")
    asked, unasked = frame[frame["question"] != ""], frame[frame["question"] == ""]
    assert list(asked["meaning_id"]) == ["q1", "q2"] and list(asked["candidate_id"]) == ["en_1_1"] * 2
    assert set(asked["answer"]) == {"Bo left.Ada came.Bo left. It rained."}
    assert list(unasked["candidate_id"]) == ["en_1_0", "en_1_2"]
    assert len(FORMATS["lareqa"](path, "lareqa", "train", "en")) == 2  # nothing unasked to train on


@given(st.lists(st.sampled_from(["Ada came", "Bo left", "It rained 3 days"]), min_size=1, max_size=6))
def test_plain_breaks_lose_no_letter(sentences):
    """Sentences end at their marks, and between two breaks there is nothing but white space."""
    context = " ".join(f"{sentence}." for sentence in sentences)
    breaks = plain_breaks(context)
    assert [context[first:end] for first, end in breaks] == [f"{sentence}." for sentence in sentences]
    assert "".join(context[first:end] for first, end in breaks) == context.replace(". ", ".")


def test_tatoeba_lines_translate_each_other(put):
    """Line by line with the .eng file; equal English sentences are one meaning in two languages."""
    put("tatoeba.swh-eng.eng", "He drank coffee.", "It is here.")
    sw = FORMATS["tatoeba"](
        put("tatoeba.swh-eng.swh", "Alikunywa kahawa.", "Iko hapa."), "tatoeba", "test", "sw"
    )
    assert sw["text_source"].tolist() == ["He drank coffee.", "It is here."]
    put("tatoeba.tel-eng.eng", "It is here.")
    te = FORMATS["tatoeba"](put("tatoeba.tel-eng.tel", "ఇక్కడ ఉంది."), "tatoeba", "test", "te")
    assert te["meaning_id"][0] == sw["meaning_id"][1] != sw["meaning_id"][0]


def test_bucc_pairs_and_what_has_no_pair(put):
    """Gold pairs share a row; the other sentences of both sides are rows with an empty side."""
    put("de-en.training.en", "en-1\tIt rains.", "en-2\tAlone.")
    put("de-en.training.gold", "de-2\ten-1")
    path = put("de-en.training.de", "de-1\tAllein.", "de-2\tEs regnet.")
    frame = FORMATS["bucc"](path, "bucc", "test", "de")
    assert frame[["text", "text_source", "source_id"]].to_numpy().tolist() == [
        ["Allein.", "", "de-1"],
        ["Es regnet.", "It rains.", "en-1"],
        ["", "Alone.", "en-2"],
    ]


def test_mewslix_mentions_and_entities(put):
    """The sentence of the mention with offsets in it; candidates, and the entities of training pairs."""
    text = "Title.\nIn Helsinki it rained. More."
    context = {
        "language": "en",
        "text": text,
        "sentence_spans": [{"start": 0, "end": 6}, {"start": 7, "end": 29}],
    }
    mention = {
        "example_id": "m1",
        "entity_id": "Q1757",
        "mention_span": {"start": 10, "end": 18, "text": "Helsinki"},
    }
    path = put("wikinews_mentions-test.jsonl", *jsonl(
        {"context": context, "mentions": [mention]},
        {"context": context | {"language": "de"}, "mentions": [mention]}))  # fmt: skip
    (row,) = FORMATS["mewslix"](path, "mewslix", "test", "en").to_dict("records")
    assert row["text"] == "In Helsinki it rained."
    assert row["text"][row["mention_start"] : row["mention_end"]] == "Helsinki"
    entity = {
        "entity_id": "Q1757",
        "title": "Helsinki",
        "description": "A city.",
        "description_language": "en",
    }
    pairs = put(
        "wikipedia_pairs-train.jsonl",
        *jsonl({"contextual_mention": {"context": context, "mention": mention}, "entity": entity}),
    )
    assert list(FORMATS["mewslix"](pairs, "mewslix", "train", "en")["entity_id"]) == ["Q1757"]
    for source in (pairs, put("candidate_set_entities.jsonl", *jsonl(entity))):
        assert read_mewslix_entities(source).to_numpy().tolist() == [["Q1757", "en", "A city."]]


# Text and lexicons


def test_running_text_of_every_format(put):
    """Each format gives its sentences and leaves its marks behind."""
    cases = {
        "plain": (["==> a.txt <==", "\ufeffOne  two.", "", "&#160;Three."], {}, ["One two.", "Three."]),
        "one-line": (["One. Two! Three"], {}, ["One.", "Two!", "Three"]),
        "markdown": (["==> a.md <==", "# Title", "", "##", "First *line*", "goes on.", "", "```", "code",
                      "```", "* License: [CC-BY]", "See [this](http://x)."],
                     {}, ["Title", "First line goes on.", "See this."]),
        "asciidoc": (["== Title", "", "(((index)))", "A line", "goes on.", "", "image::x.png[alt]",
                      ".Caption"],
                     {}, ["Title", "A line goes on.", "Caption"]),
        "web-pages": (["<!DOCTYPE html>", "<html><h2>Head</h2><script>no</script><p>A &amp; b</p></html>"],
                      {}, ["Head", "A & b"]),
        "json-lines": (jsonl({"translation": {"sw": "Moja", "en": "One"}}), {"keys": "translation.sw"},
                       ["Moja"]),
        "json-texts": ([json.dumps({"chapters": [{"verses": [{"text": "A"}, {"text": "B"}]}]})],
                       {"keys": "text"}, ["A", "B"]),
        "csv-column": (["id,Text", '1,"A, b"'], {"column": "text"}, ["A, b"]),
        "csv-last": (["good,One.", '"bad","Two, three."'], {}, ["One.", "Two, three."]),
        "tsv-column": (['a\tHe said "no"\tx'], {"column": "2"}, ['He said "no"']),
        "elements": (["<b><v n='1'>One <i>two</i></v><w>no</w></b>"], {"tags": "v"}, ["One two"]),
        "tmx": (['<tmx><tuv xml:lang="en"><seg>One</seg></tuv>',
                 '<tuv xml:lang="sw"><seg>Moja</seg></tuv></tmx>'],
                {"side": "sw"}, ["Moja"]),
        "treebank-text": (["# sent_id = 1", "# text = One two."], {}, ["One two."]),
    }  # fmt: skip
    assert set(cases) == set(TEXT_FORMATS)
    for name, (lines, arguments, wanted) in cases.items():
        assert read_text(put(f"text-{name}", *lines), name, **arguments) == wanted, name


def test_files_cut_to_a_leading_part_are_read_where_the_row_says_so(put):
    """XML without its closing tags, JSON without its last brackets: refused, unless `cut` allows it."""
    xml = put("bible.xml", "<bible>", "<verse>One</verse>", "<verse>Two</verse>")
    with pytest.raises(WrongUse, match=r"bible\.xml:4: .* cut short"):
        read_text(xml, "elements", tags="verse")
    assert read_text(xml, "elements", tags="verse", cut=True) == ["One", "Two"]
    document = put("kural.json", '{"kural": [', '{"mv": "One"},', '{"mv": "Two"},')
    with pytest.raises(WrongUse, match=r"kural\.json:4: .* cut short"):
        read_text(document, "json-texts", keys="mv")
    assert read_text(document, "json-texts", keys="mv", cut=True) == ["One", "Two"]


def test_lexicons_by_tab_and_by_space(put):
    """GATITOS has tabs and phrases, MUSE tabs or a space; translations keep the order of the file."""
    assert read_lexicon(put("en_qu.tsv", "how are you\timaynallam", "a\tas", "a\tb", "a\tas")) == {
        "how are you": ["imaynallam"],
        "a": ["as", "b"],
    }
    assert read_lexicon(put("zh.txt", "and 而且", "and 和"), "zh") == {"and": ["而且", "和"]}


def test_a_file_of_another_language_is_noticed_by_its_script(put):
    """A Tamil name over English text is refused; within one script nothing can be seen or said."""
    english = [
        "plain words of English text\tI can tell nobody\tneutral",
        "more of the same\tand more\tentailment",
    ] * 3
    with pytest.raises(WrongUse, match=r"only 0% of the letters are Tamil"):
        FORMATS["xtreme-pairs"](put("dev-ta.tsv", *english), "xnli", "dev", "ta")
    FORMATS["xtreme-pairs"](put("dev-sw.tsv", *english), "xnli", "dev", "sw")


# The table of files


def test_the_table_of_files_is_sound():
    """Tasks, languages and formats of every row exist, and a format gives the columns of its task."""
    from polystilts.languages import LANGUAGES

    table = files("polystilts.sources.catalogue").joinpath(TABLE).read_text(encoding="utf-8")
    widths = {len(cells) for cells in csv.reader(table.splitlines()) if not cells[0].startswith("#")}
    assert widths == {8}  # a comma in a note would cut it off
    for row in file_rows():
        assert row.task in TASKS or row.task in ("corpus", "lexicon"), row
        if row.task in TASKS:
            assert row.format in FORMATS and TASKS[row.task].kind in FORMATS[row.format].kinds, row
            assert row.language in LANGUAGES, row
        elif row.task == "corpus":
            assert row.format in TEXT_FORMATS and row.language in LANGUAGES, row
        else:
            assert row.format in ("lexicon", "refused"), row
        assert not row.path.startswith("/") and ".." not in row.path and "{" not in row.path, row


def test_the_swedish_list_is_refused_by_name(put, tmp_path):
    """MUSE's `sw` is Swedish: no script shows it, so its row refuses the file and says why."""
    put("realdata/muse_dict/sw.txt", "and och")
    (row,) = [row for row in file_rows() if row.format == "refused"]
    with pytest.raises(WrongUse, match=r"sw\.txt: .*Swedish"):
        read_row(tmp_path, row)


def test_rows_read_halves_and_several_files(put, tmp_path):
    """Halves of one file share no row; several treebanks of a language are one table."""
    lines = [f"word{i}\tO" + "\n" for i in range(5)]
    put("realdata/panx/dev-en.tsv", *lines)
    halves = [read_row(tmp_path, row) for row in file_rows()
              if (row.task, row.language) == ("panx", "en") and row.split in ("dev", "test")]  # fmt: skip
    found = [word for half in halves for words in half["words"] for word in words]
    assert sorted(found) == [f"word{i}" for i in range(5)] and [len(half) for half in halves] == [2, 3]
    for bank in ("ewt", "gum"):
        put(
            f"realdata/ud_pos/UD_English-{bank.upper()}/en_{bank}-ud-train.conllu",
            conllu_line("1", bank, "X", 0, "root"),
        )
    (row,) = [row for row in file_rows() if (row.task, row.split) == ("udpos", "train")]
    frame = read_row(tmp_path, row)
    assert frame["words"].tolist() == [["ewt"], ["gum"]] and frame["example_id"].is_unique


def test_a_row_without_its_file_says_what_is_missing(tmp_path):
    """The path that was looked for, what it was for, and what to do."""
    (row,) = [row for row in file_rows() if (row.task, row.split) == ("hellaswag", "train")]
    assert paths_of(tmp_path, row) == []
    with pytest.raises(
        WrongUse, match=r"hellaswag_train\.jsonl: no such file, asked for as hellaswag train in en"
    ):
        read_row(tmp_path, row)


@given(
    st.lists(
        st.text(st.characters(blacklist_characters="\n\r\x00", blacklist_categories=("Cs",)), min_size=1)
    )
)
def test_lines_come_back_whatever_stands_in_them(tmp_path_factory, lines):
    """U+2028, U+0085 and other line ends of Unicode stay inside their line; LF and CRLF read alike."""
    lines = ["first", *lines, "last"]
    folder = tmp_path_factory.mktemp("lines")
    for name, end in (("unix", "\n"), ("dos", "\r\n")):
        (folder / name).write_bytes((end.join(lines) + end).encode("utf-8"))
        assert read_lines(folder / name) == lines
