"""Kinds of things that readers get wrong, each as a property: of any such file, the right rows or a refusal.

What is right is written down first, as words, tags and texts; a file is made of it; the reader has to give it
back or to name the line. All text is invented.
"""

import json
import unicodedata

import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from test_malformed import token

from polystilts.errors import WrongUse
from polystilts.evaluation.answer_files import read_answers
from polystilts.files import write_table
from polystilts.sources.catalogue.pinned import Pinned, pinned
from polystilts.sources.formats import FORMATS, read_lexicon, rows
from polystilts.sources.formats.rows import FileRow, read_row
from polystilts.sources.formats.strict import half_surrogate, is_visible, whole_number
from polystilts.tasks import TASKS

FEW = settings(deadline=None, max_examples=60)
# What Python's str.split, str.strip and str.splitlines take for white space or an end of line, and is text.
ODD_SPACES = "\x0b\x0c\x1c\x1d\x1e\x85\u00a0\u1680\u2003\u2028\u2029\u202f\u3000"
LETTERS = "aeiou" + "ключ" + "नदी" + "مرحبا" + "字" + "\u200d\u00ad\u0301"
WORDS = st.text(st.sampled_from(LETTERS + ODD_SPACES), min_size=1, max_size=6)
TAGS = st.sampled_from(TASKS["panx"].labels)
SENTENCES = st.lists(st.lists(st.tuples(WORDS, TAGS), min_size=1, max_size=5), min_size=1, max_size=5)
DIGITS = ["0123456789", "٠١٢٣٤٥٦٧٨٩", "०१२३४५६७८९", "০১২৩৪৫৬৭৮৯", "０１２３４５６７８９", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("kinds")


def put(folder, name: str, text: str):
    path = folder / name
    path.write_bytes(text.encode("utf-8"))
    return path


def kept(word: str) -> str:
    """A word as a reader keeps it: without white space around it, unless it is nothing else."""
    return word.strip() or word


# --- columns ----------------------------------------------------------------------------------------------


@FEW
@given(SENTENCES, st.sampled_from(["\t", " "]), st.sampled_from(["\n", "\r\n"]))
def test_odd_spaces_are_words_and_never_part_columns_or_lines(folder, sentences, mark, end):
    text = (end * 2).join(end.join(f"{word}{mark}{tag}" for word, tag in rows) for rows in sentences)
    assume(len({tag for sentence in sentences for _, tag in sentence}) > 1 or len(sentences) < 20)
    frame = FORMATS["tagged"](put(folder, "x.tsv", text + end), "panx", "test", "sw")
    assert frame["words"].map(list).tolist() == [[kept(word) for word, _ in s] for s in sentences]
    assert frame["tags"].map(list).tolist() == [[tag for _, tag in s] for s in sentences]


@FEW
@given(SENTENCES, st.integers(1, 4), st.sampled_from(["\t", " "]), st.data())
def test_any_other_number_of_columns_is_refused_with_its_line(folder, sentences, more, mark, data):
    lines = [f"a{mark}O"] * data.draw(st.integers(0, 5))
    lines.append(mark.join(["b", *["NN"] * more, "O"]))
    path = put(folder, "x.tsv", "\n".join(lines) + "\n")
    with pytest.raises(WrongUse, match=rf"x\.tsv:{len(lines)}: {more + 2} columns where two belong"):
        FORMATS["tagged"](path, "panx", "test", "sw")


@FEW
@given(st.lists(WORDS.map(kept), min_size=2, max_size=2), st.integers(0, 3), st.booleans())
def test_pairs_have_three_fields_whatever_stands_in_them(folder, texts, more, short):
    assume(all(is_visible(text) for text in texts))
    cells = [*texts, *["x"] * more, "neutral"][short:]
    path = put(folder, "x.tsv", "\t".join(cells) + "\n")
    if len(cells) == 3:
        frame = FORMATS["xtreme-pairs"](path, "xnli", "test", "sw")
        assert [frame["text_a"][0], frame["text_b"][0]] == [cell.strip() for cell in cells[:2]]
    else:
        with pytest.raises(WrongUse, match=r"x\.tsv:1: (two|\d) fields"):
            FORMATS["xtreme-pairs"](path, "xnli", "test", "sw")


# --- ends of lines ----------------------------------------------------------------------------------------

LINED = {  # two records of line-wise formats; the end of a line stands for |
    "tagged": ("x.tsv", "a\tO|b\tB-LOC|", "panx"),
    "words": ("x.tsv", "a|b|", "panx"),
    "uner": ("x.iob2", "1\ta\tO|2\tb\tB-LOC|", "panx"),
    "xtreme-pairs": ("x.tsv", "a\tb\tneutral|c\td\tentailment|", "xnli"),
    "pawsx": ("x.tsv", "id\tsentence1\tsentence2\tlabel|1\ta\tb\t0|", "pawsx"),
    "headed-pairs": ("x.csv", "premise,hypothesis,label|a,b,e|c,d,n|", "xnli"),
    "copa": ("x.jsonl", '{"premise":"p","choice1":"a","choice2":"b","question":"cause","label":0,"idx":0}|'
             '{"premise":"p","choice1":"a","choice2":"b","question":"cause","label":1,"idx":1}|', "xcopa"),
    "conllu": ("x.conllu", f"{token('1')}|{token('2', 'b', head='1', relation='obj')}|", "udpos"),
}  # fmt: skip


@pytest.mark.parametrize("format", LINED)
def test_lines_end_with_lf_or_crlf_and_cr_is_named(folder, format):
    name, text, task = LINED[format]
    frames = [
        FORMATS[format](put(folder, name, text.replace("|", end)), task, "dev", "en")
        for end in ("\n", "\r\n")
    ]
    pd.testing.assert_frame_equal(*frames)
    for ends in ("\r", "\r\r\n")[: 1 if name.endswith("csv") else 2]:  # CSV's own reader takes the second
        with pytest.raises(WrongUse, match=r":1: .*\(CR\)"):
            FORMATS[format](put(folder, name, text.replace("|", ends)), task, "dev", "en")


# --- halves of characters ---------------------------------------------------------------------------------


@FEW
@given(st.text(st.characters(blacklist_categories=["Cs"])), st.integers(0xD800, 0xDFFF), st.data())
def test_half_a_character_is_refused_and_a_whole_one_is_kept(folder, text, half, data):
    place = data.draw(st.integers(0, len(text)))
    context = f"Ada came. {text[:place]}\U0001f680{text[place:]}"
    answers = [{"text": "Ada", "answer_start": 0}]

    def squad(context: str) -> str:
        asked = {"id": "1", "question": "Who?", "answers": answers}
        return json.dumps({"data": [{"paragraphs": [{"context": context, "qas": [asked]}]}]})

    path = put(folder, "x.json", squad(context))
    frame = FORMATS["squad"](path, "xquad", "test", "zz")  # a language whose script is not known
    write_table(folder / "x.parquet", frame)
    assert pd.read_parquet(folder / "x.parquet")["context"][0] == context
    put(folder, "x.json", squad(context + chr(half)))
    with pytest.raises(
        WrongUse, match=r"x\.json: data\[0\]\.paragraphs\[0\]\.context: half a surrogate pair"
    ):
        FORMATS["squad"](path, "xquad", "test", "en")


@FEW
@given(
    st.recursive(
        st.text(max_size=3) | st.integers(),
        lambda part: (
            st.lists(part, max_size=3)
            | st.dictionaries(st.text(st.sampled_from("ab"), max_size=2), part, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_halves_are_found_at_any_depth(value):
    assert half_surrogate(value) is None
    assert half_surrogate([value, {"key": [value, "x\udc80"]}]) == "[1].key[1]"
    assert half_surrogate({"\ud800": value}) == "(a key)"


# --- digits, and words that are not numbers ---------------------------------------------------------------


@FEW
@given(st.integers(0, 10**9), st.sampled_from(DIGITS), st.sampled_from(["", "0", "000"]))
def test_numbers_are_read_in_the_digits_0_to_9_and_refused_in_others(folder, number, digits, zeros):
    written = zeros + "".join(digits[int(digit)] for digit in str(number))
    path = put(folder, "test-sw.tsv", f"{written}\n")
    if digits == DIGITS[0]:
        assert whole_number(written) == number
        assert read_answers(TASKS["tatoeba"], path).values == [str(number)]
    else:
        assert whole_number(written) is None and unicodedata.decimal(written[-1]) == number % 10
        with pytest.raises(WrongUse, match=r"test-sw\.tsv:1: .* is no line number"):
            read_answers(TASKS["tatoeba"], path)


@pytest.mark.parametrize(
    "word", ["nan", "NaN", "NA", "null", "None", "N/A", "NULL", "true", "1e5", "inf", "-"]
)
def test_words_that_others_take_for_missing_values_are_words(folder, word):
    copa = {"premise": word, "choice1": word, "choice2": "water", "question": "effect", "label": 0, "idx": 0}
    frame = FORMATS["copa"](put(folder, "x.jsonl", json.dumps(copa) + "\n"), "xcopa", "test", "et")
    assert (frame["context"][0], list(frame["choices"][0])) == (word, [word, "water"])
    for name, text, format in (
        ("x.tsv", f"{word}\tb\tneutral\n", "xtreme-pairs"),
        ("x.csv", f"premise,hypothesis,label\n{word},b,neutral\n", "headed-pairs"),
        ("y.csv", f"premise\thypothesis\tlabel\n{word}\tb\tn\n", "headed-pairs"),
    ):
        assert FORMATS[format](put(folder, name, text), "xnli", "test", "et")["text_a"][0] == word
    tagged = FORMATS["tagged"](put(folder, "x.tsv", f"{word}\tO\n" * 30 + "a\tB-LOC\n"), "panx", "test", "ht")
    assert list(tagged["words"][0]) == [word] * 30 + ["a"]
    assert read_lexicon(put(folder, "x.txt", f"bread {word}\n")) == {"bread": [word]}
    path = folder / "lexicon.csv"
    write_table(path, pd.DataFrame([(word, word)], columns=["word", "translation"]))
    back = pd.read_csv(path, keep_default_na=False, dtype=str)
    assert back.loc[0].tolist() == [word, word]


# --- texts that cannot be seen ----------------------------------------------------------------------------


@FEW
@given(
    st.text(st.sampled_from(ODD_SPACES + "\u200b\u200c\u200d\u2060\u00ad\ufeff\t "), min_size=1, max_size=5)
)
def test_text_that_cannot_be_seen_is_empty(folder, unseen):
    assert not is_visible(unseen) and is_visible(unseen + "\u0301a")
    copa = {"premise": "p", "choice1": unseen, "choice2": "b", "question": "cause", "label": 0, "idx": 0}
    with pytest.raises(WrongUse, match=r"x\.jsonl:1: 'choice1' is empty"):
        FORMATS["copa"](put(folder, "x.jsonl", json.dumps(copa) + "\n"), "xcopa", "test", "et")


# --- fused forms ------------------------------------------------------------------------------------------


@FEW
@given(st.integers(1, 6), st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=3))
def test_fused_forms_stand_before_their_words_and_never_overlap(folder, count, ranges):
    lines = []
    for word in range(1, count + 1):
        lines += [token(f"{a}-{b}", f"r{a}{b}") for a, b in ranges if a == word]
        lines.append(token(str(word), f"w{word}", head=str(word - 1), relation="obj" if word > 1 else "root"))
    lines += [token(f"{a}-{b}") for a, b in ranges if not 1 <= a <= count]
    covered = [word for a, b in ranges for word in range(a, b + 1)]
    right = all(1 <= a < b <= count for a, b in ranges) and len(covered) == len(set(covered))
    path = put(folder, "x.conllu", "\n".join(lines) + "\n")
    if right:
        (words,) = FORMATS["conllu"](path, "udpos", "test", "en")["words"].map(list)
        starts = {a: f"r{a}{b}" for a, b in ranges}
        wanted = [starts.get(w, f"w{w}") for w in range(1, count + 1) if w in starts or w not in covered]
        assert words == wanted
    else:
        with pytest.raises(WrongUse, match=r"x\.conllu:\d+: (the fused form|not CoNLL-U.*'\d-\d')"):
            FORMATS["conllu"](path, "udpos", "test", "en")


# --- formats that others use ------------------------------------------------------------------------------


def test_universal_ner_is_read_and_other_names_are_counted(folder):
    text = (
        "# newdoc\n# sent_id = 1\n# text = The Ada Club meets\n1\tThe\tO\n2\tAda\tB-ORG\t-\tann\n"
        "3\tClub\tI-ORG\t-\tann\n4\tmeets\tB-O\t-\tann\n\n1\t#\tO\n2\tLirish\tB-OTH\t-\tann\n3\tsong\tI-OTH\t-\tann\n"
    )
    frame = FORMATS["uner"](put(folder, "en_x-ud-dev.iob2", text), "panx", "dev", "en")
    assert frame["words"].map(list).tolist() == [["The", "Ada", "Club", "meets"], ["#", "Lirish", "song"]]
    assert frame["tags"].map(list).tolist() == [["O", "B-ORG", "I-ORG", "O"], ["O", "O", "O"]]
    assert frame.attrs["left_out"] == {"names of class OTH read as O": 1}


def test_json_lines_with_a_question_each_are_read(folder):
    flat = {"id": "0", "context": "Ada came. Bo left.", "question": "Who left?", "title": "t",
            "answers": {"text": ["Bo", "Bo left"], "answer_start": [10, 10]}}  # fmt: skip
    pivot = {"id": "1", "context": "Ada came.", "question_lang": "Wa ya zo?",
         "question_translated": "Who came?",
             "answer_pivot": {"text": ["Ada"], "answer_start": [0]}, "answer_lang": "Ada"}  # fmt: skip
    none = flat | {"id": "q-7", "answers": {"text": [], "answer_start": []}}
    path = put(folder, "gold.json", "".join(json.dumps(row) + "\n" for row in (flat, pivot, none)))
    frame = FORMATS["squad"](path, "xquad", "test", "ha")
    assert frame["question"].tolist() == ["Who left?", "Wa ya zo?", "Who left?"]
    assert frame["answer_text"].tolist() == ["Bo", "Ada", ""] and frame["answer_start"].tolist() == [
        10,
        0,
        -1,
    ]
    assert list(frame["answers"][0]) == ["Bo", "Bo left"]
    assert frame["meaning_id"].tolist() == ["xquad-test-ha-0", "xquad-test-ha-1", "q-7"]


@pytest.mark.parametrize("name", ["Val-word.csv", "dev.csv", "dev.tsv", "dev.jsonl"])
def test_pairs_under_a_header_are_read_whatever_parts_their_fields(folder, name):
    pairs = [('He said "no", twice.', "He spoke.", "e"), ("A lamp, lit.", "It is dark.", "c")]
    if name.endswith("jsonl"):
        text = "".join(
            json.dumps(dict(zip(("premise", "hypothesis", "label"), p, strict=True))) + "\n" for p in pairs
        )
    elif name == "dev.tsv":
        text = "sentence1\tsentence2\tgold_label\n" + "".join("\t".join(pair) + "\n" for pair in pairs)
    else:
        frame = pd.DataFrame(pairs, columns=["premise", "hypothesis", "label"])
        text = frame.to_csv(index=False, sep="\t" if name == "Val-word.csv" else ",", lineterminator="\n")
    read = FORMATS["headed-pairs"](put(folder, name, text), "xnli", "dev", "en")
    assert list(zip(read["text_a"], read["text_b"], strict=True)) == [pair[:2] for pair in pairs]
    assert read["label"].tolist() == ["entailment", "contradiction"]
    assert read["meaning_id"].str.contains("-en-").all()  # no translations of one another
    if name == "Val-word.csv":  # the reader of MultiNLI's CSV takes tabs too
        assert FORMATS["mnli"](folder / name, "mnli", "dev", "en")["text_a"].tolist() == [p[0] for p in pairs]


HINDI = "नदी के पास एक सड़क है और वहाँ एक घर है जिसमें आदा रहती है " * 2


def test_questions_in_another_language_than_their_contexts_are_read_by_name_or_argument(folder):
    paragraph = {"context": HINDI, "qas": [
        {"id": "1", "question": "Who lives in the house near the river and the road over there?",
         "answers": [{"text": "आदा", "answer_start": HINDI.index("आदा")}]}]}  # fmt: skip
    text = json.dumps({"data": [{"paragraphs": [paragraph]}]})
    named = put(folder, "test-context-hi-question-en.json", text)
    assert FORMATS["squad"](named, "mlqa", "test", "hi")["answer_text"].tolist() == ["आदा"]
    plain = put(folder, "x.json", text)
    frame = FORMATS["squad"](plain, "mlqa", "test", "hi", question_language="en")
    assert frame["answer_text"].tolist() == ["आदा"]
    with pytest.raises(WrongUse, match="the contexts are in the script of 'hi' and the questions are not"):
        FORMATS["squad"](plain, "mlqa", "test", "hi")
    with pytest.raises(WrongUse, match="the questions are in the script of 'en' and the contexts are not"):
        FORMATS["squad"](plain, "mlqa", "test", "en")


# --- records that nobody can read -------------------------------------------------------------------------

PAIRS = "id\tlanguage\tpremise\thypothesis\tlabel\n"
GOOD, BLANK = "25051\tqu\tA\tB\tneutral\n", "25052\tqu\t \tB\tneutral\n"


@pytest.fixture
def pin(monkeypatch):
    def name(leave_out: str) -> FileRow:
        row = Pinned("x.tsv", "a/b", "0" * 40, "x.tsv", "identical", "", 0, "CC0", leave_out=leave_out)
        monkeypatch.setattr(rows, "pinned", lambda: {"x.tsv": row})
        return FileRow("americasnli", "test", "qu", "x.tsv", "americasnli", "test")

    return name


def test_a_record_that_its_pinned_row_names_is_left_out_and_counted(folder, pin):
    put(folder, "x.tsv", PAIRS + GOOD + BLANK)
    with pytest.raises(WrongUse, match=r"x\.tsv:3: 'text_a' is empty"):
        read_row(folder, pin(""))
    frame = read_row(folder, pin("3=the premise is blank"))
    assert frame["text_a"].tolist() == ["A"]
    assert frame.attrs["left_out"] == {"line 3, named in the table of pinned files: the premise is blank": 1}


@pytest.mark.parametrize(("named", "says"), [("2=blank;3=blank", ":2: .* nothing is wrong with it"),
                                             ("3=blank;9=blank", ":9: .* no record is on it")])  # fmt: skip
def test_nothing_that_can_be_read_is_left_out(folder, pin, named, says):
    put(folder, "x.tsv", PAIRS + GOOD + BLANK)
    with pytest.raises(WrongUse, match=says):
        read_row(folder, pin(named))


def test_the_official_file_with_blank_premises_has_its_rule():
    row = pinned()["realdata/americasnli/test/nah.tsv"]
    assert list(row.lines_left_out) == [520, 521, 522] and row.rule == "identical"
