"""Claims say what the tables say: every hypothesis answered, undecided ones too, and read back as written."""

import json
import re
from dataclasses import replace

import pandas as pd
import pytest
import yaml

from polystilts import paths
from polystilts.errors import StudyError, WrongUse
from polystilts.evidence.claim import Claim, as_record, from_record, kind_table, number, qualification_table
from polystilts.evidence.conclude import conclude
from polystilts.evidence.evaluate import evaluate
from polystilts.evidence.headlines import Names, headline
from polystilts.evidence.hypotheses import (
    checked,
    confirmatory,
    freeze,
    frozen_sentence,
    load_hypotheses,
    main,
    seeds_already_run,
)
from polystilts.evidence.ledger import (
    as_table,
    build_claims,
    find_claim,
    in_points,
    read_claims,
    sentence,
    write_claims,
)
from polystilts.evidence.provenance import lineage
from polystilts.evidence.summary import kind_of_findings, write_summary
from polystilts.evidence.telling import told as telling
from polystilts.files import sha256, write_json, write_table
from polystilts.statistics.gains import gains
from polystilts.statistics.outcomes import Call
from polystilts.statistics.planted import planted_scores
from polystilts.tasks import TASKS

LANGUAGES = pd.DataFrame(
    [
        ("alb", "Albish", "Albic", "Latin", 400_000, "high", "near", 0.0, True, "-"),
        ("dor", "Dorvan", "Albic", "Latin", 400_000, "high", "near", 0.2, True, "A"),
        ("lir", "Lirish", "Albic", "Latin", 30_000, "high", "near", 0.3, True, "B"),
        ("var", "Varazi", "Narran", "Georgian", 400_000, "low", "far", 0.8, True, "A"),
        ("nar", "Narekhi", "Narran", "Armenian", 30_000, "low", "far", 0.9, True, "B"),
    ],
    columns=[
        "language",
        "name",
        "family",
        "script",
        "resource",
        "overlap",
        "order",
        "distance",
        "seen",
        "set",
    ],
)
LOW = ["lir", "nar"]
TARGETS = ("xcopa", "panx", "xquad", "tatoeba")
ARMS = ("none", "mlm-multilingual", "english:squad_v2", "translated:squad_v2:A", "translated:squad_v2:B")
CONTRACT = {"id", "hypothesis", "sentence", "quantifier", "estimate", "low", "high", "n", "units", "outcome",
            "status", "confirmatory", "scale", "lineage", "headline", "reason", "factor", "family",
            "contrast", "qualifications"}  # fmt: skip


@pytest.fixture(scope="module")
def scores() -> pd.DataFrame:
    effects = {"english": 1.0, "translated": 9.0}
    return planted_scores(ARMS, LANGUAGES, TARGETS, effects, seed_sd=0.4, cell_sd=0.3)


@pytest.fixture(scope="module")
def claims(scores) -> list[Claim]:
    return build_claims(scores, gains(scores), LANGUAGES, load_hypotheses(), "planted", LOW)


def claims_of(scores: pd.DataFrame) -> list[Claim]:
    return build_claims(scores, gains(scores), LANGUAGES, load_hypotheses(), "planted", LOW)


def sentences_of(scores: pd.DataFrame) -> dict[str, str]:
    return {claim.id: claim.sentence for claim in claims_of(scores)}


def test_a_claim_says_that_its_practice_was_not_learned(scores, claims):
    english = scores[(scores["strategy"] == "english") & (scores["target_task"] == "xquad")]
    dev = english[english["language"] == "alb"].assign(target_task="squad_v2", split="dev")
    guessed = dev.assign(metric="majority", value=50.0)
    for reached, outcome in ((50.0, "not testable"), (80.0, "supported")):
        primary = find_claim(claims_of(pd.concat([scores, dev.assign(value=reached), guessed])), "primary")
        assert primary.outcome == outcome
        said = "because the encoder did not learn SQuAD 2.0." in primary.headline
        assert said == ("Not learned as practice: SQuAD 2.0 (50.0, from " in primary.sentence)
        assert said == (outcome == "not testable")
        assert primary.estimate == pytest.approx(8.0, abs=1.0)  # kept, and not called
    unknown = find_claim(claims, "primary")
    assert "Whether SQuAD 2.0 was learned is not known" in unknown.sentence


def test_a_claim_on_retrieval_says_where_random_weights_do_as_well():
    words = "On Tatoeba an encoder with random weights does about as well: pretrained minus random "
    for ahead, said in ((-9.0, False), (0.0, True)):
        table = planted_scores((*ARMS, "untrained"), LANGUAGES, TARGETS, {"untrained": ahead}, seed_sd=0.4)
        told = sentences_of(table)
        assert (words in told["primary-retrieval"]) == said
        assert words not in told["primary"]


def test_the_summary_tells_what_was_corrected_since(tmp_path, scores, claims):
    file = tmp_path / "planted" / "summary.md"
    assert "## Corrections" not in write_summary(file, "planted", claims, scores)
    event = {"corrected_at": "2026-11-26T17:46:10+00:00", "affected_fields": ["claims.json:longer-training"],
             "public_note": "Read it as undecided."}  # fmt: skip
    write_json(file.parent / "record" / "correction-record.json", {"correction_events": [event]})
    words = "## Corrections\n\n- 2026-11-26, claims.json:longer-training: Read it as undecided.\n"
    assert words in write_summary(file, "planted", claims, scores)


def test_every_hypothesis_has_one_claim_and_none_is_verified_yet(claims):
    assert [claim.id for claim in claims] == [row.id for row in load_hypotheses()]
    assert {claim.status for claim in claims} == {"UNVERIFIED"}
    assert not any(claim.confirmatory for claim in claims)


def test_a_planted_advantage_is_supported_and_told_with_its_interval(claims):
    primary = find_claim(claims, "primary")
    assert primary.outcome == "supported"
    assert primary.low < primary.estimate < primary.high
    assert primary.estimate == pytest.approx(8.0, abs=1.0)
    assert (primary.units, primary.n) == (3, 2 * 2 * 3)  # seeds; languages × targets × seeds
    assert number(primary) in primary.sentence and "3 seeds" in primary.sentence
    assert "Only one world" in primary.sentence
    whole = {row["side"]: row["estimate"] for row in primary.contrast["rows"] if not row["kind"]}
    assert whole["treatment"] - whole["control"] == pytest.approx(primary.estimate)
    assert primary.headline.startswith("In one generated world, read by one small encoder, in low-resource ")
    assert sentence(primary).endswith("[exploratory; UNVERIFIED]")


def test_claims_of_other_units_are_kept_off_the_axis_of_points(claims):
    left_out = {claim.id for claim in claims} - {claim.id for claim in in_points(claims, load_hypotheses())}
    assert left_out == {"distance-predicts-gain", "advantage-on-most", "advantage-in-every"}


def test_what_was_not_run_is_called_so_and_says_what_is_lacking(claims):
    shuffled = find_claim(claims, "shuffled-labels")
    assert (shuffled.outcome, shuffled.units, shuffled.estimate) == ("not run", 0, None)
    assert shuffled.headline.endswith(
        "against none could not be asked: there are no runs of shuffled labels."
    )
    assert "not measured" in as_table(claims).set_index("claim")["estimate"]["shuffled-labels"]


def test_contradicting_evidence_is_called_so(scores):
    harmful = scores.assign(value=scores["value"] - 20.0 * (scores["strategy"] == "english"))
    found = build_claims(harmful, gains(harmful), LANGUAGES, load_hypotheses(), "planted", LOW)
    assert find_claim(found, "english-helps").outcome == "contradicted"


def test_the_ledger_reads_back_what_it_wrote(claims, tmp_path):
    write_claims(tmp_path / "claims.json", claims)
    content = json.loads((tmp_path / "claims.json").read_text())
    assert set(content) == {"claims"}
    assert all(set(record) == CONTRACT for record in content["claims"])
    read = read_claims(tmp_path / "claims.json")
    assert [claim.sentence for claim in read] == [claim.sentence for claim in claims]
    write_claims(tmp_path / "again.json", read)
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "claims.json").read_bytes()
    with pytest.raises(WrongUse, match="no claim 'nothing'; there are primary"):
        find_claim(read, "nothing")


def test_a_claim_with_an_invented_outcome_is_refused():
    with pytest.raises(WrongUse, match="it may be supported"):
        Claim("x", "x", "", "mean", 0.0, 0.0, 0.0, 1, 1, "proved")


def test_gains_of_other_scores_are_refused(scores):
    stale = gains(scores).assign(value=lambda table: table["value"] + 1.0)
    with pytest.raises(StudyError, match="compute the gains again"):
        build_claims(scores, stale, LANGUAGES, load_hypotheses(), "planted", LOW)


def test_one_seed_claims_have_no_interval(scores):
    one = scores[scores["seed"] == 0]
    primary = find_claim(
        build_claims(one, gains(one), LANGUAGES, load_hypotheses(), "planted", LOW), "primary"
    )
    assert (primary.low, primary.high, primary.units, primary.outcome) == (None, None, 1, "undecided")
    assert "no interval" in primary.sentence and "one seed only" in primary.sentence


# --- what a claim says ----------------------------------------------------------------------------------


NINE = pd.DataFrame(
    [(code, code.title(), "Albic", "Latin", 100, 1.0, "near", at, "yes", place)
     for code, at, place in (("alb", 0.0, "-"), ("dor", 0.1, "A"), ("lir", 0.2, "B"), ("tul", 0.3, "A"),
                             ("nar", 0.4, "B"))],
    columns=LANGUAGES.columns,
)  # fmt: skip
WORLDS = {"world_seeds": range(8), "seeds": (0,)}


def raised(scores: pd.DataFrame, points: float, **where: str) -> pd.DataFrame:
    """The scores with so many points more where these columns have these values."""
    there = pd.Series(True, index=scores.index)
    for column, value in where.items():
        there &= scores[column] == value
    return scores.assign(value=scores["value"] + points * there)


def told(scores: pd.DataFrame, name: str = "primary") -> Claim:
    claims = build_claims(scores, gains(scores), NINE, load_hypotheses(), "planted", ["lir", "tul", "nar"])
    return find_claim(claims, name)


def texts(claim: Claim) -> dict[str, str]:
    return {one["name"]: one["text"] for one in claim.qualifications}


def test_the_headline_leads_with_what_each_side_is_worth_against_none():
    effects = {"english": -4.0, "translated": 0.0}
    claim = told(planted_scores(ARMS, NINE, TARGETS, effects, seed_sd=0.2, **WORLDS))
    scope, _, body = claim.headline.partition(": ")
    assert scope == ("In 8 generated worlds, read by one kind of small encoder, in low-resource languages "
                     "without labels, on average over 2 kinds of target task")  # fmt: skip
    assert re.fullmatch(
        r"English intermediate training harms \(−\d\.\d points against none, .*\); translated intermediate "
        r"training makes no difference beyond ±1 point \(.*\); translated is better than English by "
        r"\d\.\d points \(\+\d\.\d to \+\d\.\d\)\.", body
    )  # fmt: skip
    assert claim.sentence.startswith(f"{claim.headline} {claim.contrast['text']} ")
    assert claim.sentence.endswith(" Outcome: supported.")
    assert all(text in claim.sentence for text in texts(claim).values())


def test_a_mean_over_effects_of_opposite_sign_says_so():
    effects = {"english": 0.0, "translated": 0.0}
    scores = planted_scores(ARMS, NINE, TARGETS, effects, seed_sd=0.3, **WORLDS)
    assert "opposite sign" not in told(scores).headline
    scores = raised(scores, 5.0, strategy="translated", target_task="panx")
    scores = raised(scores, -5.0, strategy="translated", target_task="xcopa")
    claim = told(scores)
    said = claim.headline.partition("This mean hides effects of opposite sign: ")[2]
    assert said.startswith("multiple choice −") and ", tagging +" in said
    assert "The mean of translated against none hides effects of opposite sign" in claim.headline
    kinds = {row["kind"]: row["estimate"] for row in claim.contrast["rows"] if row["side"] == "contrast"}
    assert kinds[""] == pytest.approx((kinds["multiple_choice"] + kinds["tagging"]) / 2)
    table = kind_table(claim).set_index("comparison")
    assert list(table) == ["whole", "multiple choice", "tagging"]
    assert list(table.index) == ["translated minus English", "English minus none", "translated minus none"]
    assert list(qualification_table(claim)["qualification"]) == [one["name"] for one in claim.qualifications]


def test_a_null_control_that_is_not_null_says_so_first_and_is_told_beside_its_arm():
    arms = (*ARMS, "shuffled:squad_v2")
    effects = {"english": 5.0, "translated": 5.0, "shuffled": -3.0}
    scores = planted_scores(arms, NINE, TARGETS, effects, seed_sd=0.3, **WORLDS)
    own = told(scores, "shuffled-labels")
    assert own.outcome == "supported" and own.headline.startswith("This control is not null. In 8 generated")
    beside = texts(told(scores))["null control"]
    assert beside.startswith("Training that teaches nothing (shuffled labels) changes these targets by −")
    found = next(one for one in told(scores).qualifications if one["name"] == "null control")
    assert found["estimate"] == pytest.approx(-3.0, abs=0.5)
    assert found["beyond_estimate"] == pytest.approx(8.0, abs=0.5)
    null = planted_scores(arms, NINE, TARGETS, effects | {"shuffled": 0.0}, seed_sd=3.0, **WORLDS)
    assert (
        "null control" not in texts(told(null)) and "not null" not in told(null, "shuffled-labels").headline
    )


def dev_rows(scores: pd.DataFrame, task: str, value: float, majority: float = 50.0) -> pd.DataFrame:
    """Development scores of an intermediate task under English, and what its commonest answer reaches."""
    of_english = (scores["strategy"] == "english") & (scores["intermediate_task"] == task)
    rows = scores[of_english & (scores["language"] == "alb")].drop_duplicates("run_id")
    rows = rows.assign(target_task=task, task_kind=TASKS[task].kind, metric=TASKS[task].metric, split="dev",
                       value=value, variant="")  # fmt: skip
    return pd.concat([rows, rows.assign(metric="majority", value=majority)])


def test_only_what_was_learned_is_called_and_the_rest_is_named():
    arms = ("none", *(f"{name}:{task}{place}" for task in ("squad_v2", "mnli") for name, place in
                      (("english", ""), ("translated", ":A"), ("translated", ":B"))))  # fmt: skip
    scores = planted_scores(arms, NINE, ("xcopa", "panx"), {}, seed_sd=0.3, **WORLDS)
    scores = raised(scores, 9.0, strategy="translated", intermediate_task="mnli")
    both = told(pd.concat([scores, dev_rows(scores, "squad_v2", 80.0), dev_rows(scores, "mnli", 80.0)]))
    assert both.estimate == pytest.approx(4.5, abs=0.4) and "practice" not in texts(both)
    one = told(pd.concat([scores, dev_rows(scores, "squad_v2", 80.0), dev_rows(scores, "mnli", 50.0)]))
    assert one.estimate == pytest.approx(0.0, abs=0.4) and one.n == both.n // 2
    assert texts(one)["practice"].startswith("Not learned as practice, and left out: MNLI (50.0, from ")
    neither = told(pd.concat([scores, dev_rows(scores, "squad_v2", 50.0), dev_rows(scores, "mnli", 50.0)]))
    assert neither.outcome == "not testable" and neither.estimate == pytest.approx(both.estimate)
    assert neither.headline.endswith("because the encoder learned neither MNLI nor SQuAD 2.0.")
    assert neither.factor is None and neither.family == 0 and "detectable effect" not in texts(neither)


def test_a_claim_most_of_whose_baseline_is_at_a_guess_is_not_testable():
    scores = planted_scores(ARMS, NINE, TARGETS, {"translated": 9.0}, seed_sd=0.3, **WORLDS)
    flagged = scores["value"].where(scores["target_task"] != "xcopa", 50.0)  # a half, at what a guess reaches
    half = told(scores.assign(value=flagged))
    assert half.outcome == "supported"
    assert texts(half)["without flagged"].startswith("Without the 24 differences at a guess or above 95: ")
    assert texts(half)["without flagged"].endswith("left are WikiANN-NER 24 of 24, XCOPA 0 of 24.")
    claim = told(scores.assign(value=flagged.where(scores["language"] != "lir", 99.0)))
    assert claim.outcome == "not testable" and claim.estimate is not None
    assert claim.headline.endswith("because 32 of 48 differences rest on a baseline at a guess or above 95.")


def test_what_a_family_takes_away_is_said_in_so_many_words():
    found = evaluate_planted()
    one = replace(found, call=Call("undecided", "family", "supported"), family=7)
    said = headline(one, Names({}))
    assert "taken alone, translated is better than English by " in said
    assert said.endswith("; as one of a family of 7 tests this is not certain enough.")
    odds = replace(found, call=Call("undecided", "sign", "supported"))
    assert headline(odds, Names({})).endswith(" in points, but not in log odds, so that this is undecided.")


def evaluate_planted(name: str = "primary"):
    """What the tables say of one hypothesis, planted: translated is better by nine points."""
    scores = planted_scores(ARMS, NINE, TARGETS, {"translated": 9.0}, seed_sd=0.3, **WORLDS)
    found = evaluate(scores, NINE, load_hypotheses(), ["lir", "tul", "nar"])
    return next(one for one in found if one.hypothesis.id == name)


CALLS = {
    "increase": ("supported", "contradicted", "equivalent", "not larger", "undecided"),
    "decrease": ("supported", "contradicted", "equivalent", "not larger", "undecided"),
    "equivalent": ("supported", "contradicted", "undecided"),
    "at_most": ("supported", "contradicted", "undecided"),
}


@pytest.mark.parametrize("name", ["primary", "english-helps", "growth-low-resource", "distance-predicts-gain",
                                  "advantage-on-most", "advantage-in-every"])  # fmt: skip
def test_every_measure_has_words_for_every_outcome(name):
    found, said = evaluate_planted(name), set()
    for direction, calls in CALLS.items():
        for call in calls:
            asked = replace(found.hypothesis, direction=direction)
            words = headline(replace(found, hypothesis=asked, call=Call(call)), Names({}))
            assert words.startswith("In 8 generated worlds, read by one kind of small encoder, in ")
            assert words.endswith(".") and "{" not in words and "unknown" not in words
            said.add(words)
    assert len(said) >= (7 if name == "english-helps" else 9)


def test_real_languages_are_told_as_such_and_allotments_are_no_worlds():
    found = evaluate_planted()
    words = headline(found, Names({}, real=True))
    assert words.startswith(
        "In real languages, read by one kind of small encoder, in low-resource languages "
    )
    assert " over 8 allotments of text and " in telling(found, Names({}, real=True))["sentence"]
    large = replace(found, cells=found.cells.assign(encoder="xlmr-base"))
    assert "read by one kind of encoder, " in headline(large, Names({}))


def test_a_claim_of_before_reads_and_stays_as_it_was():
    record = as_record(Claim("x", "x", "It rose.", "mean", 1.0, 0.0, 2.0, 9, 3, "undecided"))
    assert set(record) == CONTRACT - {"headline", "reason", "factor", "family", "contrast", "qualifications"}
    assert as_record(from_record(record)) == record and from_record(record).told == "It rose."
    with pytest.raises(WrongUse, match="these differ: mood"):
        from_record(record | {"mood": "good"})


# --- hypotheses -----------------------------------------------------------------------------------------


def test_the_hypotheses_hold_the_question_and_the_controls():
    hypotheses = load_hypotheses()
    assert hypotheses["primary"].subset == {"exposure": "none", "cross_task": True, "languages": "low"}
    assert {row.id for row in hypotheses if row.control} == {
        "more-text",
        "shuffled-labels",
        "longer-training",
    }


def test_a_frozen_file_was_not_edited_since():
    """An edit after the freeze fails here, and makes every claim exploratory."""
    hypotheses = load_hypotheses()
    assert not hypotheses.frozen or hypotheses.frozen["hash"] == hypotheses.hash
    assert "EDITED" not in frozen_sentence(hypotheses)


def test_the_hash_covers_what_is_said_and_not_how_it_is_laid_out(tmp_path):
    content = yaml.safe_load((paths.PARAMS / "hypotheses.yaml").read_text())
    other = tmp_path / "hypotheses.yaml"
    other.write_text(yaml.safe_dump(content | {"frozen": {"hash": "x", "date": "2026-01-01"}}))
    assert load_hypotheses(other).hash == load_hypotheses().hash
    content["hypotheses"][0]["smallest_effect"] = 2.0
    other.write_text(yaml.safe_dump(content))
    assert load_hypotheses(other).hash != load_hypotheses().hash


def test_only_seeds_first_run_after_the_freeze_confirm(tmp_path):
    content = yaml.safe_load((paths.PARAMS / "hypotheses.yaml").read_text())
    assert not confirmatory(load_hypotheses(), [100])
    other = tmp_path / "hypotheses.yaml"
    frozen = {"hash": load_hypotheses().hash, "date": "2026-01-01", "world_seeds": [100, 101]}
    other.write_text(yaml.safe_dump(content | {"frozen": frozen}))
    assert confirmatory(load_hypotheses(other), [100, 101])
    assert not confirmatory(load_hypotheses(other), [0, 100])
    assert not confirmatory(load_hypotheses(other), [])
    assert not confirmatory(load_hypotheses(other), [0], "real-mini")
    other.write_text(yaml.safe_dump(content | {"frozen": frozen | {"scales": ["real-mini"]}}))
    assert confirmatory(load_hypotheses(other), [0], "real-mini")
    assert not confirmatory(load_hypotheses(other), [0], "real-mini+updates-999")
    other.write_text(yaml.safe_dump(content | {"frozen": frozen | {"hash": "edited since"}}))
    assert not confirmatory(load_hypotheses(other), [100])


@pytest.fixture
def unfrozen(tmp_path, monkeypatch):
    """A repository of its own: the hypotheses as they are, not frozen, and outputs of world 3."""
    text = (paths.PARAMS / "hypotheses.yaml").read_text(encoding="utf-8")
    text = re.sub(r"(?m)^frozen: .*$", "frozen: null", text)
    (tmp_path / "params").mkdir()
    (tmp_path / "params" / "hypotheses.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "outputs" / "demo" / "runs" / "w64.w3.e0--none--none--none--s0").mkdir(parents=True)
    monkeypatch.setattr(paths, "PARAMS", tmp_path / "params")
    monkeypatch.setattr(paths, "OUTPUTS", tmp_path / "outputs")
    return tmp_path / "params" / "hypotheses.yaml"


def test_a_freeze_is_written_once_and_an_edit_afterwards_shows(unfrozen, capsys):
    assert main(["check"]) == 0 and "not frozen" in capsys.readouterr().out
    before = load_hypotheses(unfrozen)
    assert main(["freeze", "--world-seeds", "12", "11", "--scales", "real-mini"]) == 0
    frozen = load_hypotheses(unfrozen)
    assert frozen.hash == before.hash == frozen.frozen["hash"]
    assert frozen.frozen["world_seeds"] == [11, 12] and frozen.frozen["scales"] == ["real-mini"]
    assert "# What we expected" in unfrozen.read_text()  # comments and rows stay as they are
    assert "world seeds 11" in capsys.readouterr().out
    assert main(["freeze", "--world-seeds", "13"]) == 2 and "frozen already" in capsys.readouterr().err
    unfrozen.write_text(unfrozen.read_text().replace("smallest_effect: 1.0", "smallest_effect: 0.5", 1))
    assert main(["check"]) == 1 and "EDITED since" in capsys.readouterr().out
    assert not confirmatory(load_hypotheses(unfrozen), [11])


def test_world_seeds_that_were_run_cannot_be_frozen(unfrozen, capsys):
    assert seeds_already_run(paths.OUTPUTS) == {3}
    assert main(["freeze", "--world-seeds", "3", "4"]) == 2
    assert "3 already run; choose others" in capsys.readouterr().err
    assert main(["freeze"]) == 2 and "none named" in capsys.readouterr().err
    assert load_hypotheses(unfrozen).frozen is None


def test_a_study_that_is_not_complete_is_provisional_and_exploratory(scores, unfrozen):
    freeze(unfrozen, paths.OUTPUTS, [0, 1])
    kept = load_hypotheses(unfrozen)
    part = build_claims(scores, gains(scores), LANGUAGES, kept, "planted", LOW)  # world 0 of two
    assert "Provisional: 1 of 2 declared worlds." in find_claim(part, "primary").sentence
    assert not any(claim.confirmatory for claim in part)
    both = pd.concat([scores, scores.assign(world_seed=1, run_id="w1-" + scores["run_id"])])
    whole = build_claims(both, gains(both), LANGUAGES, kept, "planted", LOW)
    assert find_claim(whole, "primary").confirmatory
    assert "Provisional" not in find_claim(whole, "primary").sentence


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"direction": "up"}, "directions? is 'up'; it may be increase|direction is 'up'"),
        ({"quantifier": "some"}, "it may be mean, most, every"),
        ({"smallest_effect": 0}, "smallest_effect above 0"),
        ({"contrast": {"treatment": "magic", "control": "none"}}, "treatment is 'magic'; it may be none"),
        ({"direction": "equivalent"}, "needs test tost"),
        ({"colour": "red"}, "unknown fields colour"),
        ({"family": None}, "lacks family"),
    ],
)
def test_malformed_hypotheses_are_refused(change, message):
    row = yaml.safe_load((paths.PARAMS / "hypotheses.yaml").read_text())["hypotheses"][0] | change
    row = {key: value for key, value in row.items() if value is not None}
    with pytest.raises(WrongUse, match=message):
        checked(row)


# --- lineage and the closing page -----------------------------------------------------------------------


def test_lineage_names_files_by_their_hash_and_the_encoder(tmp_path):
    write_json(tmp_path / "runs" / "r1" / "run.json", {"hashes": {"encoder": "abc"}})
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "scores.csv").write_text("scale\n")
    found = lineage(tmp_path, ["r2", "r1", "r1"])
    assert found["runs"] == ["r1", "r2"] and found["encoder"] == "abc"
    assert found["files"]["tables/scores.csv"] == sha256(b"scale\n")
    assert set(found["files"]) == {
        "tables/scores.csv",
        "runs/r1/run.json",
    }  # r2 left nothing: nothing is guessed


def test_a_study_concludes_from_its_tables_alone(scores, tmp_path):
    folder = tmp_path / "demo"
    write_table(folder / "tables" / "scores.csv", scores)
    write_table(folder / "tables" / "languages.csv", LANGUAGES)
    conclude(folder, {"shared": {"source": "world", "low_resource": LOW}})
    first = {name: (folder / name).read_bytes() for name in ("tables/gains.csv", "claims.json", "summary.md")}
    conclude(folder, {"shared": {"source": "world", "low_resource": LOW}})
    assert first == {name: (folder / name).read_bytes() for name in first}  # equal tables, equal bytes
    text = first["summary.md"].decode()
    primary = find_claim(read_claims(folder / "claims.json"), "primary")
    assert f"**The answer.** {primary.headline}" in text
    assert f"| {primary.id} | {primary.outcome} | {primary.headline} |" in text
    assert all(one["text"] in text for one in primary.qualifications)
    assert "outputs/demo/book/" not in text  # done without notebooks: there are no pages to point to
    (folder / "chapters").mkdir()
    conclude(folder, {"shared": {"source": "world", "low_resource": LOW}})
    text = (folder / "summary.md").read_text()
    assert "outputs/demo/book/" in text and "outputs/demo/chapters/" in text
    assert "params/hypotheses.yaml" in primary.lineage["files"]


@pytest.mark.parametrize(
    ("confirming", "told"),
    [
        ([True, True], "These are confirmatory findings."),
        ([False, False], "These are exploratory findings."),
        ([True, False], "Of 2 findings 1 are confirmatory, the others exploratory."),
    ],
)
def test_the_closing_page_says_how_many_findings_confirm(confirming, told):
    one = Claim("a", "a", "", "mean", 1.0, 0.0, 2.0, 9, 3, "undecided")
    unmeasured = replace(one, outcome="not run", estimate=None, low=None, high=None)
    assert "no findings" in kind_of_findings([unmeasured, replace(one, outcome="not testable")])
    assert kind_of_findings([unmeasured, *(replace(one, confirmatory=it) for it in confirming)]) == told
