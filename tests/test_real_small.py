"""Human translations as practice: read by rows, dealt out, kept apart from targets they would give away."""

from types import SimpleNamespace

import pandas as pd
import pytest
from originals import write_originals
from small_encoder import write_encoder

from polystilts import paths
from polystilts.errors import WrongUse
from polystilts.evaluation.shortcuts import shortcut_scores
from polystilts.evidence.hypotheses import load_hypotheses
from polystilts.files import write_table
from polystilts.gate.data import leaks
from polystilts.gate.lineage import _target_differences
from polystilts.languages import LANGUAGES
from polystilts.models.tokens import encode_pairs, load_tokenizer
from polystilts.pipeline.params import load_scale
from polystilts.pipeline.records import parameters_of
from polystilts.pipeline.study import study_of
from polystilts.sources.arms import arm_rows
from polystilts.sources.dealing import dealt
from polystilts.sources.doors import FilesDoor, rows_of
from polystilts.sources.fetch import needed
from polystilts.sources.formats import FORMATS
from polystilts.sources.formats.rows import read_row
from polystilts.sources.leakage import count_leaks
from polystilts.sources.real import write_real
from polystilts.tasks import TASKS, parse_arm, shut_out

SMALL = load_scale("real-small").shared
SPOKEN = ["en", "sw", "yo", "wo", "am", "tr", "qu", "hi"]
TASKS_READ = ("xnli_practice sib_practice supertags nli_train sib200 xnli afrixnli americasnli").split()
ARMS = ["translated:xnli_practice:A", "shuffled-translated:xnli_practice:B", "translated:sib_practice:A",
        "translated:supertags:B"]  # fmt: skip
ROWS = {"intermediate": 60, "target": 30, "dev": 8, "test": 8}


def parameters(languages: list[str]) -> dict:
    return {"shared": {"source_language": "en", "languages": languages}}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_originals(tmp_path_factory.mktemp("root"), [*SPOKEN, "bn", "ay"])


def prepared(folder, door, languages=SPOKEN, tasks=TASKS_READ, arms=ARMS, tested_only=()):
    return write_real(
        folder, door, 0, languages, "en", ["sw"], tasks, map(parse_arm, arms), ROWS, {"high": 0, "low": 0},
        tested_only=tested_only,
    )  # fmt: skip


@pytest.fixture(scope="module")
def study(root, tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    return folder, prepared(folder, FilesDoor(root))


def read(folder, task, name):
    return pd.read_parquet(folder / "examples" / task / f"{name}.parquet")


# --- rows of files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", ["xnli_practice", "sib_practice", "supertags"])
def test_translated_rows_mean_what_the_english_mean(root, task):
    door = FilesDoor(root)
    english = door.examples(task, "train", "en").set_index("meaning_id")
    for code in SPOKEN[1:]:
        frame = door.examples(task, "train", code, role="translated")
        if frame is None:
            assert not rows_of(task, "translated", code)
            continue
        both = frame[frame["meaning_id"].isin(english.index)]
        assert len(both) >= 80 and both["meaning_id"].is_unique, code
        answer = "label" if "label" in frame else "tags"
        assert [*map(str, both[answer])] == [*map(str, english.loc[both["meaning_id"], answer])], code
    assert door.examples(task, "train", "sw") is None  # a translation is no training row of its own


def test_labels_in_another_file_must_belong_to_the_lines(root, tmp_path):
    row = next(row for row in rows_of("xnli_practice", "translated", "sw") if "labels_from" in row.arguments)
    (tmp_path / row.path).parent.mkdir(parents=True)
    texts = (root / row.path).read_text().splitlines(keepends=True)
    labels = (root / row.arguments["labels_from"]).read_text()
    (tmp_path / row.arguments["labels_from"]).write_text(labels)
    for damaged, says in (
        ([texts[1], texts[0], *texts[2:]], r"test-sw\.tsv:1: not the pair that .* has in its row 1"),
        (texts[:-1], r"test-sw\.tsv:80: ends before test-labels\.sw\.genre\.tsv, which has 80 labels"),
        ([*texts, "a\tb\n"], r"test-labels\.sw\.genre\.tsv:81: ends before test-sw\.tsv"),
        (["a\tb\tneutral\n", *texts[1:]], r"test-sw\.tsv:1: 3 fields where two texts belong"),
    ):
        (tmp_path / row.path).write_text("".join(damaged))
        with pytest.raises(WrongUse, match=says):
            read_row(tmp_path, row)


def test_afrixnli_names_xnlis_items_and_keeps_its_own(root):
    (dev, _) = rows_of("xnli_practice", "translated", "yo")
    paths = {name: root / dev.arguments[name] for name in ("english_from", "items_from")}
    whole = FORMATS["afrixnli"](root / dev.path, "xnli_practice", "dev", "yo", **paths)
    assert whole["meaning_id"].tolist() == [f"xnli-dev-{n}" for n in range(1, 81)]
    lines = paths["english_from"].read_text().splitlines(keepends=True)
    changed = root / "changed.csv"
    changed.write_text("".join([lines[0], "Nobody said so,It is new,entailment\n", *lines[2:]]))
    other = FORMATS["afrixnli"](
        root / dev.path, "xnli_practice", "dev", "yo", items_from=paths["items_from"], english_from=changed
    )
    assert other["meaning_id"].tolist()[:2] == ["afrixnli-dev-own-1", "xnli-dev-2"]
    changed.write_text("".join([lines[0], *lines[2:]]))
    with pytest.raises(WrongUse, match=r"dev\.csv:2: another label than row 1 of changed\.csv, 'neutral'"):
        FORMATS["afrixnli"](
            root / dev.path,
            "xnli_practice",
            "dev",
            "yo",
            items_from=paths["items_from"],
            english_from=changed,
        )


def test_a_treebank_that_translates_needs_the_names_of_its_sentences(root):
    (row, *_) = rows_of("supertags", "translated", "hi")
    file = root / "nameless.conllu"
    file.write_text((root / row.path).read_text().replace("# sent_id = s1\n", "", 1))
    with pytest.raises(WrongUse, match=r"nameless\.conllu:\d+: .* no sent_id of its own"):
        FORMATS["dependency-supertags"](file, "supertags", "test", "hi", family="pud")
    alone = FORMATS["dependency-supertags"](file, "supertags", "test", "hi")
    assert alone["meaning_id"].equals(alone["example_id"])  # without a family it translates nothing


def test_a_stand_in_is_read_where_nothing_else_is_there(root, tmp_path):
    (named, dev) = rows_of("mlqa", "test", "hi")
    assert dev.stands_in and not named.stands_in
    for row in (dev, named):
        (tmp_path / row.path).parent.mkdir(parents=True)
        (tmp_path / row.path).write_text((root / row.path).read_text())
        frame = FilesDoor(tmp_path).examples("mlqa", "test", "hi")
        assert len(frame) == len(FilesDoor(root).examples("mlqa", "dev", "hi"))
    assert [row.note for row in rows_of("xquad", "test", "hi", "real-mini")] == []
    assert len(rows_of("xquad", "test", "hi", "real-small")) == len(rows_of("xquad", "test", "hi")) == 1


# --- a study of them --------------------------------------------------------------------------------------


def test_every_arm_has_rows_in_its_languages_and_one_set_of_meanings(study):
    folder, card = study
    assert card["leaks"]["total"] == 0
    for name in ARMS:
        arm = parse_arm(name)
        rows = arm_rows(folder / "examples", arm, 60, 3, parameters(SPOKEN))
        english = read(folder, arm.intermediate_task, "train-en")
        assert rows["meaning_id"].tolist() == english["meaning_id"].tolist()
        others = {code for code in SPOKEN[1:] if LANGUAGES[code].language_set == arm.language_set}
        has = {code for code in others if rows_of(arm.intermediate_task, "translated", code)}
        assert set(rows["language"]) == {"en", *has}, name
        shares = rows["language"].value_counts()
        assert shares.max() - shares.min() <= 3, shares.to_dict()
    one = read(folder, "sib200", "test-sw")
    assert set(one["text_b"]) == {""} and one["text_a"].str.len().min() > 5


def test_few_translations_are_dealt_to_those_who_have_them():
    def frame(names):
        return pd.DataFrame({"meaning_id": list(names)})

    names = [f"m{i}" for i in range(90)]
    given = {"sw": frame(names), "am": frame(names[:20]), "yo": frame(names[:20]), "wo": frame([])}
    drawn = pd.Series(dealt("xnli_practice", "A", "en", names, given))
    wanted = {"en": 35, "sw": 35, "am": 10, "yo": 10}  # am and yo share all that there is
    served = drawn.value_counts()
    assert served.index.isin([*wanted]).all() and all(abs(served[c] - n) <= 1 for c, n in wanted.items())
    assert all(name in set(given[code]["meaning_id"]) for name, code in drawn.items() if code != "en")
    assert dealt("xnli_practice", "A", "en", names, given) == drawn.to_dict()


def test_practice_shuts_out_the_targets_that_it_would_give_away(study):
    """The English rows of practice are items of XNLI's test; no run is asked both; the counts say so."""
    folder, _ = study
    practised = set(read(folder, "xnli_practice", "train-en")["meaning_id"])
    assert practised & set(read(folder, "xnli", "test-en")["meaning_id"])  # the danger is real
    assert not list(leaks(folder, real=True))
    opened = study_of(load_scale("real-small"))
    for run in opened.runs:
        asked = opened.targets_of(run)
        barred = {name for name in SMALL["target_tasks"] if TASKS[name].items == "xnli"}
        barred = barred if run.intermediate_task == "xnli_practice" else set()
        barred |= {"sib200"} if run.intermediate_task == "sib_practice" else set()
        assert set(asked) == set(SMALL["target_tasks"]) - barred, run
        assert ("nli_train" in opened.training_tasks_of(run)) == (run.intermediate_task != "xnli_practice")
        assert parameters_of(opened, run)["shared"]["target_tasks"] == list(asked)


def test_what_is_not_shut_out_still_counts_as_a_leak(study, tmp_path):
    folder, _ = study
    one = read(folder, "xnli", "test-sw").head(3)
    write_table(tmp_path / "examples/xnli_practice/train-sw.parquet", one)
    write_table(tmp_path / "examples/xnli/test-sw.parquet", one)
    assert count_leaks(tmp_path)["total"] == 0 and not list(leaks(tmp_path, real=True))
    for task in ("pawsx", "sib200"):  # the same items under the name of a target that practice may precede
        write_table(tmp_path / f"examples/{task}/test-sw.parquet", one.head(2))
        assert count_leaks(tmp_path)["train_test"] >= 2
        assert "2 meanings of test items are in train files" in [
            what for _, what in leaks(tmp_path, real=True)
        ]
        (tmp_path / f"examples/{task}/test-sw.parquet").unlink()
    write_table(
        tmp_path / "examples/nli_train/train-en.parquet", one
    )  # what a target is tuned on is no practice
    assert count_leaks(tmp_path)["train_test"] >= 3


def test_text_that_is_practised_is_kept_from_encoders(root, tmp_path):
    class Reader(FilesDoor):
        def text(self, language, lines):
            rows = self.examples("sib_practice", "train", "en")
            return [*rows["text_a"].head(30), "The mayor opened a new library in the old town hall."]

    write_real(tmp_path, Reader(root), 0, ["en", "sw"], "en", ["sw"], ["sib_practice", "sib200"], [], ROWS,
               {"high": 100, "low": 100})  # fmt: skip
    kept = (tmp_path / "corpus" / "en.txt").read_text()
    rows = read(tmp_path, "sib_practice", "train-en")
    assert "new library" in kept and not [text for text in rows["text_a"] if text in kept]


def test_one_text_alone_is_one_text_for_the_encoder(study, tmp_path):
    folder, _ = study
    tokenizer = load_tokenizer(write_encoder(tmp_path / "encoder"))
    alone, pair = ([tokenizer.cls_token_id, *tokenizer(text, add_special_tokens=False)["input_ids"],
                    tokenizer.sep_token_id] for text in ("mira tolo", "venas"))  # fmt: skip
    (ids,) = encode_pairs(tokenizer, ["mira tolo"], [""], 48)
    assert ids.tolist() == alone
    assert [len(ids) for ids in encode_pairs(tokenizer, ["mira tolo"] * 2, ["venas", ""], 48)][0] > len(alone)
    train, test = read(folder, "sib200", "train-en"), read(folder, "sib200", "test-en")
    assert set(shortcut_scores(TASKS["sib200"], train, test)["baseline"]) >= {"majority"}


# --- languages ----------------------------------------------------------------------------------------------

GROUPS = {
    "verb-final": lambda row: row.verb_final,
    "not verb-final": lambda row: not row.verb_final,
    "Latin": lambda row: row.script == "Latin",
    "other scripts": lambda row: row.script != "Latin",
    "5 GiB or more": lambda row: row.xlmr_gib >= 5,
    "less than 5 GiB": lambda row: 0 < row.xlmr_gib < 5,
    "never seen": lambda row: not row.xlmr_gib,
}


@pytest.mark.parametrize("group", GROUPS)
def test_the_sets_are_balanced_by_the_rule_of_the_scale(group):
    rows = [LANGUAGES[code] for code in SMALL["languages"] if code != "en"]
    sets = [row.language_set for row in rows if GROUPS[group](row)]
    assert sets and abs(sets.count("A") - sets.count("B")) <= 1, sets
    assert all(row.verb_final is not None for row in rows)


def test_low_resource_is_a_matter_of_published_sizes():
    rows = [LANGUAGES[code] for code in SMALL["languages"] if code != "en"]
    assert set(SMALL["low_resource"]) == {row.code for row in rows if row.xlmr_gib < 5}
    assert {row.code for row in rows if not row.xlmr_gib} == {"yo", "wo", "qu", "gn"}


@pytest.mark.parametrize("code", ["bn", "ay"])
def test_a_language_that_was_held_back_is_tested_by_its_rows_alone(root, tmp_path, code):
    assert code not in SMALL["languages"]
    wider = load_scale("real-small", {"languages": [*SMALL["languages"], code], "tested_only": [code],
                                      "low_resource": [*SMALL["low_resource"], code]})  # fmt: skip
    assert wider.shared["tested_only"] == [code]
    tasks = [*TASKS_READ, "panx"]
    card = prepared(tmp_path, FilesDoor(root), [*SPOKEN, code], tasks, tested_only=[code])
    tested = {task for task, files in card["tasks"].items() if f"test-{code}" in files}
    assert tested == {"bn": {"sib200", "panx"}, "ay": {"sib200", "americasnli"}}[code]
    assert not list(tmp_path.glob(f"examples/*/train-{code}.parquet")) and card["leaks"]["total"] == 0


def test_shut_out_is_a_matter_of_rows():
    assert shut_out("sib_practice", "sib200") and not shut_out("sib_practice", "xnli")
    assert not shut_out("mnli", "xnli") and not shut_out("", "xnli")


def test_the_draft_of_hypotheses_is_read_and_binds_nothing():
    drafted = load_hypotheses(paths.PARAMS / "hypotheses-real-small.yaml")
    assert drafted.frozen is None and len({row.id for row in drafted.rows}) == len(drafted.rows) > 6
    others = load_hypotheses(paths.PARAMS / "hypotheses.yaml").rows
    assert not {row.id for row in drafted.rows} & {row.id for row in others}
    strategies = {parse_arm(name).strategy for name in SMALL["arms"]}
    for row in drafted.rows:
        assert {row.contrast["treatment"], row.contrast["control"]} <= strategies, row.id


def test_what_rows_open_beside_their_file_is_fetched_with_them():
    rows = [row for code in ("sw", "yo") for row in rows_of("xnli_practice", "translated", code)]
    assert {row.path.removeprefix("realdata/") for row in needed(rows)} == {
        "xnli_practice/dev-sw.tsv", "xnli_practice/test-sw.tsv", "xnli_practice/test-labels.sw.genre.tsv",
        "afrixnli/yor/dev.csv", "afrixnli/yor/test.csv", "afrixnli/eng/dev.csv", "afrixnli/eng/test.csv",
        "xnli_practice/dev-en.tsv", "xnli_practice/test-en.tsv",
    }  # fmt: skip


def test_the_gate_knows_which_targets_practice_shuts_out():
    def findings(practised: str, targets: list[str]) -> list[str]:
        shared = {"shared": {"target_tasks": targets}}
        record = {"arm": {"intermediate_task": practised}, "parameters": shared}
        evidence = SimpleNamespace(runs={"a-run": record}, parameters={})
        today = {"shared": {"target_tasks": ["xnli", "afrixnli", "udpos"]}}
        return [found.what for found in _target_differences(evidence, "a scale", today)]

    assert not findings("xnli_practice", ["udpos"]) and not findings("mnli", ["xnli", "afrixnli", "udpos"])
    (asked, added) = findings("xnli_practice", ["xnli", "udpos"]), findings("xnli_practice", [])
    assert "was asked xnli, whose items its practice may have read" in asked[0]
    assert "a target task was dropped" in added[0] and "udpos" in added[0] and "xnli" not in added[0]
    assert "a target task was dropped" in findings("none", ["udpos"])[0]
