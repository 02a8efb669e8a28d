"""Whoever cheats is caught and told what was found: every way of tampering, one test each."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import yaml
from small_evidence import make_repository

from polystilts.errors import WrongUse
from polystilts.evidence.conclude import conclude
from polystilts.files import fingerprint, read_json, sha256, sha256_of_folder, write_json
from polystilts.gate import claims, counterexamples, data, guessing, recompute
from polystilts.gate.evidence import Evidence, open_evidence
from polystilts.gate.verdict import verify
from polystilts.pipeline.records import code_now

ENGLISH, OTHER = (f"w48.w0.e0--english--squad_v2--none--s{seed}" for seed in (0, 1))
TRANSLATED = "w48.w0.e0--translated--squad_v2--a--s0"


@pytest.fixture(scope="module")
def untouched(tmp_path_factory) -> Path:
    return make_repository(tmp_path_factory.mktemp("study")).parents[1]


@pytest.fixture(scope="module")
def remembered(tmp_path_factory) -> list[tuple]:
    """Ways to mark and look through files that do so once: the same bytes give the same findings."""
    worlds, make = tmp_path_factory.mktemp("worlds"), data.world_again

    def world(evidence, run, into):
        """A world that is made once: the same seed and knobs give the same bytes."""
        record = evidence.runs[run]
        knobs = [record["parameters"], record["seeds"]["world"]]
        kept = worlds / fingerprint(knobs) / into.name
        if not kept.is_dir():
            assert make(evidence, run, kept)[1] == ""
        shutil.copytree(kept, into)
        return into, ""

    def once(work, read):
        known = {}

        def recall(*asked):
            key = fingerprint(read(*asked))
            if key not in known:
                found = work(*asked)
                known[key] = list(found) if isinstance(found, Iterator) else found
            return known[key]

        return recall

    def seen(evidence, world, seed, asked):
        labels = sha256_of_folder(evidence.folder / "labels")
        return [labels, sha256_of_folder(world / "examples"), seed, list(asked)]

    def tables(rows, *frames_and_levels):
        frames, levels = frames_and_levels[:2], frames_and_levels[2]
        return [
            rows,
            [frame.to_csv() for frame in frames],
            {world: sorted(low) for world, low in levels.items()},
        ]

    return [
        (claims, "call_all", once(claims.call_all, tables)),
        (claims, "words_of", once(claims.words_of, lambda call, row, of: [id(call), row, of.real])),
        (guessing, "guess_of", once(guessing.guess_of, lambda task, part: [task.name, part.to_json()])),
        (counterexamples, "hunt", once(counterexamples.hunt, lambda call, row, _: [id(call), row])),
        (recompute, "_mark_again", once(recompute._mark_again, lambda one: [one[1], *map(sha256, one[2:])])),
        (data, "world_again", world),
        (data, "leaks", once(data.leaks, lambda world, real: [sha256_of_folder(world), real])),
        (data, "wrong_labels", once(data.wrong_labels, seen)),
    ]


@pytest.fixture
def root(untouched, remembered, tmp_path, monkeypatch) -> Path:
    """A copy that a test may tamper with."""
    for place, name, way in remembered:
        monkeypatch.setattr(place, name, way)
    return Path(
        shutil.copytree(untouched, tmp_path / "copy", ignore=shutil.ignore_patterns(".done", "checkpoints"))
    )


def outputs(root: Path) -> Path:
    return root / "outputs" / "tiny"


def judged(root: Path, **more):
    return verify(outputs(root), repository=root, code_now=more.pop("code_now", code_now), **more)


def reseal(root: Path) -> None:
    """Write the hashes of today into every lineage, as a careful cheat would."""
    file = outputs(root) / "claims.json"
    content = read_json(file)
    for claim in content["claims"]:
        for name in claim["lineage"]["files"]:
            there = (root if name.startswith("params/") else outputs(root)) / name
            if there.is_file():
                claim["lineage"]["files"][name] = sha256(there)
    write_json(file, content)


def edit_table(root: Path, name: str, change) -> None:
    file = outputs(root) / "tables" / f"{name}.csv"
    table = pd.read_csv(file, keep_default_na=False)
    changed = change(table)
    (table if changed is None else changed).to_csv(
        file, index=False, float_format="%.6f", lineterminator="\n"
    )


def set_cells(root: Path, name: str, key: str, of: str, column: str, value) -> None:
    """Write another value into a column, wherever `key` is `of`."""
    edit_table(
        root, name, lambda table: table.assign(**{column: table[column].where(table[key] != of, value)})
    )


def edit_claim(root: Path, name: str, **change) -> None:
    file = outputs(root) / "claims.json"
    content = read_json(file)
    for claim in content["claims"]:
        if claim["id"] == name:
            claim.update(change)
    write_json(file, content)


def edit_json(file: Path, change) -> None:
    content = read_json(file)
    change(content)
    write_json(file, content)


def claim_of(root: Path, name: str = "primary") -> dict:
    return next(row for row in read_json(outputs(root) / "claims.json")["claims"] if row["id"] == name)


def edit_records(root: Path, change, runs: str = "*") -> None:
    for file in (outputs(root) / "runs").glob(f"{runs}/run.json"):
        edit_json(file, change)


def publish_again(root: Path) -> None:
    """Scores, gains, claims, summary and hashes that fit whatever was changed: the most careful cheat."""
    folder = outputs(root)

    def seal(record):
        for stage in record["stages"]:
            if stage["stage"] == "predict":
                stage["files"]["."] = sha256(predictions(root, record["run_id"], stage["task"]))
        record["hashes"]["code"] = fingerprint([stage["code"] for stage in record["stages"]])

    edit_records(root, seal)
    again = marked_again(open_evidence(folder, root))[1]

    def mark(table):
        keys = [*recompute.KEY, "split"]
        fresh = table[keys].merge(again.assign(split="test"), on=keys, how="left")
        for column in ("value", "n"):
            table[column] = fresh[column].fillna(table[column]).astype(table[column].dtype)

    edit_table(root, "scores", mark)
    conclude(folder, next(iter(open_evidence(folder, root).runs.values()))["parameters"])


def marked_again(evidence: Evidence) -> tuple:
    with recompute.marking(evidence) as marked:
        return recompute.check_scores(evidence, marked)


def predictions(root: Path, run: str = ENGLISH, target: str = "udpos") -> Path:
    return outputs(root) / "runs" / run / "predictions" / f"{target}.parquet"


def test_an_honest_study_has_nothing_found_against_it(root):
    verdict = judged(root)
    assert [f.what for _, f in verdict.findings if f.effect in ("falsifies", "stale", "open")] == []
    assert verdict.status == "UNVERIFIED"  # nothing was repeated, so nothing is verified
    assert verdict.exit_code == 3


# --- the ways of cheating -------------------------------------------------------------------------------


def edited_score(root):
    def change(table):
        table.loc[(table.run_id == ENGLISH) & (table.target_task == "udpos"), "value"] += 5

    edit_table(root, "scores", change)
    reseal(root)


def edited_gain(root):
    edit_table(root, "gains", lambda table: table.__setitem__("gain", table["gain"] + 1))
    reseal(root)


def swapped(root):
    one, other = predictions(root), predictions(root, TRANSLATED)
    one_bytes, other_bytes = one.read_bytes(), other.read_bytes()
    one.write_bytes(other_bytes)
    other.write_bytes(one_bytes)


def another_seed(root):
    shutil.copy(predictions(root, OTHER), predictions(root, ENGLISH))


def truncated(root):
    frame = pd.read_parquet(predictions(root))
    frame.drop(frame.index[-3:]).to_parquet(predictions(root), index=False)


def reordered(root):
    pd.read_parquet(predictions(root)).iloc[::-1].to_parquet(predictions(root), index=False)


def edited_answers(root):
    file = predictions(root, target="tatoeba")
    frame = pd.read_parquet(file)
    frame["prediction"] = frame["example_id"]  # every translation found
    frame.to_parquet(file, index=False)


def edited_answers_sealed(root):
    """Predictions, their item scores, the record of the run and the lineage: all made to fit."""
    edited_answers(root)
    file = predictions(root, target="tatoeba")

    def change(record):
        for stage in record["stages"]:
            if (stage["stage"], stage["task"]) == ("predict", "tatoeba"):
                stage["files"]["."] = sha256(file)

    edit_json(outputs(root) / "runs" / ENGLISH / "run.json", change)
    reseal(root)


def dropped_seed(root):
    for folder in (outputs(root) / "runs").glob("*--s1"):
        shutil.rmtree(folder)
    for name in ("scores", "gains"):
        edit_table(root, name, lambda table: table[table.seed != 1])
    reseal(root)


def changed_parameter(root):
    file = root / "params" / "tiny.yaml"
    sections = yaml.safe_load(file.read_text())
    sections["intermediate_training"]["learning_rate"] = 0.5
    file.write_text(yaml.safe_dump(sections))


def changed_record(root):
    def change(record):
        record["parameters"]["intermediate_training"]["updates"] = 4000

    edit_json(outputs(root) / "runs" / ENGLISH / "run.json", change)
    reseal(root)


def typed_in_readme(root):
    file = root / "README.md"
    file.write_text(file.read_text() + "\nTranslated practice helps by +12.3 points.\n")


def typed_in_chapter(root):
    file = root / "notebooks" / "00_a_chapter.py"
    file.write_text(file.read_text() + "\n# %% [markdown]\n# It reached 71.4 on Tatoeba.\n")


def typed_in_caption(root):
    file = root / "notebooks" / "00_a_chapter.py"
    file.write_text(file.read_text() + '\n# %%\ncaption = "Gains, 4.2 points on average."\n')


def typed_in_summary(root):
    file = outputs(root) / "summary.md"
    file.write_text(file.read_text() + "\nTranslated practice gains +9.9 points.\n")


def score_dictionary(root):
    file = root / "notebooks" / "00_a_chapter.py"
    file.write_text(file.read_text() + '\n# %%\nfound = {"english": 50.5, "translated": 61.2}\nmax(found)\n')


def leaked_test_item(root):
    examples = outputs(root) / "w0" / "examples" / "udpos"
    train, test = (pd.read_parquet(examples / f"{split}-alb.parquet") for split in ("train", "test"))
    pd.concat([train, test.head(1)]).to_parquet(examples / "train-alb.parquet", index=False)


def unequal_budgets(root):
    def change(table):
        table.loc[table.run_id == TRANSLATED, "rows"] += 1

    edit_table(root, "budget", change)
    reseal(root)


def longer_training(root):
    def change(table):
        table.loc[table.run_id == TRANSLATED, "updates"] *= 2

    edit_table(root, "budget", change)
    reseal(root)


def wrong_exposure(root):
    set_cells(root, "scores", "exposure", "task", "exposure", "none")
    reseal(root)


def read_target_labels(root):
    def change(record):
        for stage in record["stages"]:
            if stage["stage"] == "finetune":
                stage["read"].append({"task": stage["task"], "language": "lir", "rows": 5})

    edit_json(outputs(root) / "runs" / ENGLISH / "run.json", change)
    reseal(root)


def thawed_hypothesis(root):
    file = root / "params" / "hypotheses.yaml"
    content = yaml.safe_load(file.read_text())
    content["frozen"] = {"date": "2026-11-01", "hash": fingerprint(content["hypotheses"]), "world_seeds": [0]}
    content["hypotheses"][0]["smallest_effect"] = 0.01
    file.write_text(yaml.safe_dump(content, sort_keys=False))
    reseal(root)


def false_confirmation(root):
    edit_claim(root, "primary", confirmatory=True)


def claim_without_runs(root):
    claim = claim_of(root)
    edit_claim(root, "primary", lineage=claim["lineage"] | {"runs": [], "files": {}})


def changed_estimate(root):
    edit_claim(root, "primary", estimate=9.9)


def changed_outcome(root):
    edit_claim(root, "primary", outcome="supported")


def changed_sentence(root):
    claim = claim_of(root)
    edit_claim(root, "primary", sentence=claim["sentence"].replace("Found: ", "Found: +9.9 points, once "))


def more_in_the_headline(root):
    edit_claim(root, "primary", headline=claim_of(root)["headline"] + " This is so without exception.")


def flattered_side(root):
    contrast = claim_of(root)["contrast"]
    words = re.sub(r"none: English \S+ ", "none: English +9.9 ", contrast["text"])
    assert words != contrast["text"]
    edit_claim(root, "primary", contrast=contrast | {"text": words})


def flattered_row(root):
    contrast = claim_of(root)["contrast"]
    contrast["rows"][1]["estimate"] += 1
    edit_claim(root, "primary", contrast=contrast)


def qualification_left_out(root):
    claim = claim_of(root)
    kept = [one for one in claim["qualifications"] if one["name"] != "only one"]
    assert len(kept) < len(claim["qualifications"])
    edit_claim(root, "primary", qualifications=kept)


def unknown_field(root):
    edit_claim(root, "primary", remark="In every language.")


def a_second_claim(root):
    file = outputs(root) / "claims.json"
    told = read_json(file)
    write_json(file, {"claims": [*told["claims"], claim_of(root) | {"id": "headline"}]})


def guess_lowered(root):
    file = outputs(root) / "tables" / "scores.csv"
    table = pd.read_csv(file, keep_default_na=False)
    rows = (table["metric"] == "chance") & (table["target_task"] == "udpos")
    assert rows.any()
    table.assign(value=table["value"].where(~rows, 0.0)).to_csv(file, index=False)


def forgotten_claim(root):
    file = outputs(root) / "claims.json"
    content = read_json(file)
    write_json(file, {"claims": content["claims"][1:]})


def changed_data(root):
    file = outputs(root) / "w0" / "lexicons" / "dor.csv"
    file.write_text(file.read_text() + "one,more\n")


def changed_labels(root):
    file = outputs(root) / "labels" / "w0" / "udpos.parquet"
    frame = pd.read_parquet(file)
    frame.loc[0, "gold"] = " ".join(["X"] * len(frame.loc[0, "gold"].split()))
    frame.to_parquet(file, index=False)
    reseal(root)


def swapped_arms(root):
    """The rows of two arms change their names, and gains and claims follow."""
    arm = ["strategy", "intermediate_task", "language_set"]

    def change(table):
        one, other = (table.run_id == run for run in (ENGLISH, TRANSLATED))
        names = [table.loc[rows, arm].iloc[0].tolist() for rows in (one, other)]
        table.loc[one, arm], table.loc[other, arm] = names[1], names[0]

    edit_table(root, "scores", change)
    publish_again(root)


def another_seed_in_scores(root):
    edit_table(root, "scores", lambda table: table.assign(seed=table["seed"].where(table.run_id != OTHER, 7)))
    reseal(root)


def another_kind_of_task(root):
    set_cells(root, "scores", "target_task", "xquad", "task_kind", "tagging")
    publish_again(root)


def arms_renamed_in_records_too(root):
    one, other = (
        read_json(outputs(root) / "runs" / run / "run.json")["arm"] for run in (ENGLISH, TRANSLATED)
    )
    edit_records(root, lambda record: record.update(arm=other), ENGLISH)
    edit_records(root, lambda record: record.update(arm=one), TRANSLATED)
    swapped_arms(root)


def scores_counted_twice(root):
    edit_table(root, "scores", lambda table: pd.concat([table, table.head(1)]))
    reseal(root)


def a_language_of_another_script(root):
    set_cells(root, "languages", "language", "lir", "script", "Greek")
    publish_again(root)


def a_language_farther_away(root):
    set_cells(root, "languages", "language", "var", "distance", 0.5)
    publish_again(root)


def a_language_of_more_text(root):
    def change(table):
        table.loc[table.language == "lir", "resource"] *= 20

    edit_table(root, "languages", change)
    publish_again(root)


def another_source_language(root):
    edit_table(root, "languages", lambda table: table.iloc[[1, 0, 2, 3]])
    publish_again(root)


def flattering_translations(root):
    """What one run answered counts as right."""
    file = outputs(root) / "labels" / "w0" / "tatoeba.parquet"
    answered = pd.read_parquet(predictions(root, TRANSLATED, "tatoeba"))
    answered = answered[answered.variant == answered.variant.iloc[0]].set_index(["language", "example_id"])
    first = answered["prediction"].str.split().str[0].to_dict()
    frame = pd.read_parquet(file)
    items = zip(frame.language, frame.example_id, frame.gold, strict=True)
    frame["gold"] = [first.get((code, item), gold) for code, item, gold in items]
    frame.to_parquet(file, index=False)
    publish_again(root)


def further_right_answers(root):
    file = outputs(root) / "labels" / "w0" / "xquad.parquet"
    frame = pd.read_parquet(file)
    frame["answers"] = [[*answers, text] for answers, text in zip(frame.answers, frame.context, strict=True)]
    frame.to_parquet(file, index=False)
    publish_again(root)


def an_item_nobody_has_to_answer(root):
    """One test item is dropped from the labels and from all that was predicted."""
    labels = outputs(root) / "labels" / "w0" / "udpos.parquet"
    lost = pd.read_parquet(labels).example_id.iloc[-1]
    for file in (labels, *(outputs(root) / "runs").glob("*/predictions/udpos.parquet")):
        frame = pd.read_parquet(file)
        frame[frame.example_id != lost].to_parquet(file, index=False)
    publish_again(root)


def dropped_target(root):
    """A target task leaves the records, the scores, the labels and the predictions of every run."""

    def change(record):
        record["parameters"]["shared"]["target_tasks"].remove("udpos")
        record["stages"] = [
            one for one in record["stages"] if (one["stage"], one["task"]) != ("predict", "udpos")
        ]

    edit_records(root, change)
    for file in (
        outputs(root) / "labels" / "w0" / "udpos.parquet",
        *outputs(root).glob("runs/*/*/udpos.parquet"),
    ):
        file.unlink()
    edit_table(root, "scores", lambda table: table[table.target_task != "udpos"])
    publish_again(root)


def a_target_dropped_from_one_run(root):
    edit_records(root, lambda record: record["parameters"]["shared"]["target_tasks"].remove("udpos"), ENGLISH)
    reseal(root)


def another_quantifier(root):
    edit_claim(root, "primary", quantifier="every")


def another_scale(root):
    edit_claim(root, "primary", scale="world")


def another_expectation(root):
    words = claim_of(root)["sentence"].replace("in low-resource languages that had no labels", "everywhere")
    assert words != claim_of(root)["sentence"]
    edit_claim(root, "primary", sentence=words)


def more_seeds_in_words(root):
    words = claim_of(root)["sentence"].replace("over 2 seeds", "over 20 seeds")
    assert words != claim_of(root)["sentence"]
    edit_claim(root, "primary", sentence=words)


def two_outcomes_in_words(root):
    edit_claim(root, "primary", sentence=claim_of(root)["sentence"] + " Outcome: supported.")


def replaced_encoder(root):
    file = outputs(root) / "encoders" / "w48.w0.e0" / "model.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(bytes(content))


def lost_citation(root):
    file = root / "references.bib"
    file.write_text(file.read_text().replace("phang2020english", "phang1999other"))


TAMPERS = [
    (edited_score, "scores of run .*english.* differ from its predictions, the first udpos in alb"),
    (edited_gain, "gains of run .* are not the difference of its scores"),
    (swapped, f"english.*udpos.parquet holds the predictions of {TRANSLATED} for udpos"),
    (another_seed, f"--s0/predictions/udpos.parquet holds the predictions of {OTHER} for udpos"),
    (truncated, "udpos.parquet was truncated: 9 of 12 items in var"),
    (reordered, "udpos.parquet was reordered"),
    (edited_answers, "tatoeba.parquet was edited: answers do not fit the item scores"),
    (edited_answers_sealed, "scores of run .* differ from its predictions, the first tatoeba"),
    (dropped_seed, "--s1 is asked for by the parameters and is not there: a seed or an arm was dropped"),
    (changed_parameter, "params/tiny.yaml says intermediate_training.learning_rate = 0.5"),
    (changed_record, "run.json says intermediate_training.updates = 4000"),
    (typed_in_readme, r"README.md, outside its markers: typed numbers in prose: \+12.3"),
    (typed_in_chapter, "00_a_chapter.py, line .*: typed numbers in prose: 71.4"),
    (typed_in_caption, "in code: typed numbers in prose: 4.2"),
    (typed_in_summary, r"summary.md says what the claims do not give: .*\+9.9"),
    (score_dictionary, "a hard-coded score dictionary, found = {'english': 50.5"),
    (leaked_test_item, "1 meanings of test items are in train files"),
    (unequal_budgets, f"budgets are unequal: run {TRANSLATED} spent .* rows"),
    (longer_training, f"budget.csv: run {TRANSLATED} spent 24 updates, its parameters give 12"),
    (wrong_exposure, "exposure is given as 'none', what was read makes it 'task'"),
    (read_target_labels, "read target labels of .* in lir: that is not zero-shot"),
    (thawed_hypothesis, "hypotheses.yaml was edited after the freeze of 2026-11-01"),
    (false_confirmation, "claim primary calls itself confirmatory"),
    (claim_without_runs, "claim primary gives a number and rests on no run"),
    (changed_estimate, "claim primary: estimate is 9.9, found"),
    (changed_outcome, "claim primary: outcome is supported, found not testable"),
    (changed_sentence, r"claim primary: its sentence says '…\+9.9 points, once"),
    (more_in_the_headline, "claim primary: its headline says .*without exception"),
    (flattered_side, r"claim primary: its contrast, text says '…\+9.9 .*' where the scores give"),
    (flattered_row, r"claim primary: its contrast, rows '.*', estimate is \S+, found"),
    (qualification_left_out, "claim primary: its qualifications are .*, due are .*only one"),
    (unknown_field, "claim primary: it has the unknown remark"),
    (a_second_claim, "claim headline: 2 claims are about the hypothesis primary; there may be one"),
    (guess_lowered, r"rows of chance for udpos in world 0 are not what its labels give, the first"),
    (forgotten_claim, "claims.json says nothing of the hypotheses primary"),
    (changed_data, "the data in w0 are not those that seed 0 makes: lexicons/dor.csv"),
    (changed_labels, "labels/w0/udpos.parquet: 1 labels are not the right answers of the data"),
    (swapped_arms, f"scores.csv gives run {ENGLISH} the strategy 'translated', its record .* say 'english'"),
    (another_seed_in_scores, f"scores.csv gives run {OTHER} the seed 7, its record .* say 1"),
    (another_kind_of_task, "the task_kind 'tagging', .* say 'question_answering'"),
    (arms_renamed_in_records_too, f"calls the run {ENGLISH}; its arm and its seeds make it {TRANSLATED}"),
    (scores_counted_twice, "1 scores of run .* are there twice, the first"),
    (a_language_of_another_script, "languages.csv says of lir script = 'Greek', it is 'Latin'"),
    (a_language_farther_away, r"languages.csv says of var distance = 0.5, the data say 0\."),
    (a_language_of_more_text, "languages.csv says of lir resource = .*, the data say"),
    (another_source_language, "languages.csv has dor, alb, lir, var; the study's languages are alb, dor"),
    (flattering_translations, "w0/tatoeba.parquet: .* not the right answers of the data: another gold"),
    (further_right_answers, "w0/xquad.parquet: 48 labels are not the right answers .*: another answers"),
    (an_item_nobody_has_to_answer, "w0/udpos.parquet: 1 test items have no label, the first udpos-test-var"),
    (
        dropped_target,
        "params/tiny.yaml asks for udpos, which 6 runs did not answer: a target task was dropped",
    ),
    (a_target_dropped_from_one_run, "its stages and its parameters differ in the target tasks udpos"),
    (another_quantifier, "claim primary: quantifier is every, its hypothesis says mean"),
    (another_scale, "claim primary: scale is world, the study is tiny"),
    (another_expectation, "claim primary: its sentence says '…everywhere"),
    (more_seeds_in_words, "claim primary: its sentence says '…20 seeds.* where the scores give '…2 seeds"),
    (two_outcomes_in_words, "claim primary: its sentence says '.*Outcome: supported"),
    (replaced_encoder, "encoders/w48.w0.e0 was replaced"),
    (lost_citation, "'phang2020english' is not in references.bib"),
]


def test_what_was_published_again_unchanged_is_as_honest(root):
    publish_again(root)
    found = [f.what for _, f in judged(root).findings if f.effect in ("falsifies", "stale", "open")]
    assert found == []  # so what the tampers above are caught by is what they did before


@pytest.mark.parametrize(("tamper", "found"), TAMPERS, ids=[tamper.__name__ for tamper, _ in TAMPERS])
def test_tampering_is_caught_and_named(root, tamper, found):
    import re

    tamper(root)
    verdict = judged(root)
    said = [finding.what for _, finding in verdict.findings if finding.effect == "falsifies"]
    assert verdict.status == "FALSIFIED" and verdict.exit_code == 1
    assert any(re.search(found, what) for what in said), "\n".join(said)


def test_changed_source_makes_claims_stale_and_not_false(root):
    verdict = judged(root, code_now=lambda parameters: code_now(parameters) | {"predict": "0" * 16})
    assert verdict.status == "UNVERIFIED (stale)" and verdict.exit_code == 3
    assert {claim.status for claim in verdict.claims if "not run" not in claim.reason} == {
        "UNVERIFIED (stale)"
    }
    assert any("the code of predict has changed since" in f.what for _, f in verdict.findings)


def test_a_finding_touches_only_the_claims_that_rest_on_it(root):
    edit_claim(root, "primary", estimate=9.9)
    status = {claim.id: claim.status for claim in judged(root).claims}
    assert status["primary"] == "FALSIFIED" and status["english-helps"] == "UNVERIFIED"


def test_data_that_are_not_there_are_made_again_from_their_seed(root):
    shutil.rmtree(outputs(root) / "w0")
    checks = {check.name: check for check in judged(root).checks}
    assert checks["data"].facts["worlds"] == 1 and not checks["data"].findings
    changed_labels(root)
    assert any("not the right answers" in f.what for _, f in judged(root).findings)


@pytest.mark.parametrize(("real", "status"), [(False, "FALSIFIED"), (True, "UNVERIFIED")])
def test_labels_that_are_gone_falsify_a_study_unless_they_could_not_be_passed_on(
    root, monkeypatch, real, status
):
    shutil.rmtree(outputs(root) / "labels")
    monkeypatch.setattr(Evidence, "real", real)
    for file in (outputs(root) / "claims.json", outputs(root) / "summary.md"):
        if real:  # such a study has allotments of text, and its sentences say so
            words = file.read_text().replace("Only one world", "Only one allotment of text")
            file.write_text(words.replace("In one generated world", "In real languages"))
    verdict = judged(root)
    effects = {finding.effect for _, finding in verdict.findings if "labels/w0/udpos" in finding.what}
    assert verdict.status == status and ("falsifies" not in effects) == real
    assert any("not scored again" in finding.what for _, finding in verdict.findings)


def test_a_language_dropped_from_one_run_is_missed_without_labels_too(root, monkeypatch):
    shutil.rmtree(outputs(root) / "labels")
    monkeypatch.setattr(Evidence, "real", True)
    edit_table(root, "scores", lambda table: table[(table.run_id != ENGLISH) | (table.language != "lir")])
    reseal(root)
    said = [f.what for _, f in judged(root).findings if f.effect == "falsifies"]
    assert any(f"run {ENGLISH} has no score for" in what for what in said)


@pytest.mark.parametrize("file", ["claims.json", f"runs/{ENGLISH}/run.json"])
def test_a_record_that_does_not_say_what_it_is_cannot_be_judged(root, file):
    content = read_json(outputs(root) / file)
    del content.get("claims", [content])[0]["hypothesis" if file == "claims.json" else "parent"]
    write_json(outputs(root) / file, content)
    with pytest.raises(WrongUse, match=rf"{file}.* does not say (hypothesis|parent); fetch"):
        judged(root)


def test_several_processes_mark_as_one_does(untouched, monkeypatch):
    evidence = open_evidence(outputs(untouched), untouched)
    alone, table = marked_again(evidence)
    monkeypatch.setattr(recompute, "FILES_A_PROCESS", 1)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    together, again = marked_again(evidence)
    assert together == alone and together.facts["prediction_files"] == 18
    pd.testing.assert_frame_equal(again, table)


@pytest.mark.slow
@pytest.mark.proof
def test_a_cell_repeated_in_the_sandbox_verifies_its_claims(root):
    verdict = judged(
        root, replicate=1, hardware=read_json(outputs(root) / "runs" / ENGLISH / "run.json")["hardware"]
    )
    assert [(one.result, one.words) for one in verdict.reruns] == [("identical", verdict.reruns[0].words)], (
        json.dumps([one.words for one in verdict.reruns])
    )
    assert verdict.status == "VERIFIED" and verdict.exit_code == 0
    assert {claim.id: claim.status for claim in verdict.claims}["primary"] == "VERIFIED"
