"""README.md tells what the study found, and its words can be checked."""

import re
from dataclasses import replace
from types import SimpleNamespace

import pytest
import yaml
from markdown_it import MarkdownIt

import polystilts
from polystilts import paths
from polystilts.errors import WrongUse
from polystilts.evidence import readme
from polystilts.evidence.claim import Claim, as_record
from polystilts.evidence.ledger import write_claims
from polystilts.evidence.status import reproductions, with_status
from polystilts.files import read_json, write_json
from polystilts.gate import prose
from polystilts.gate.record import claim_fingerprint
from polystilts.pipeline.chapters import CHAPTERS

README = paths.REPOSITORY / "README.md"
ROSE = Claim("rose", "rose", "It rose.", "mean", 1.84, -0.36, 4.04, 144, 3, "undecided")
ROWS = [
    {"side": "contrast", "arm": "translated", "against": "english", "kind": kind, "estimate": value,
     "low": value - 1, "high": value + 1, "n": 9, "units": 3}
    for kind, value in (("", 1.84), ("tagging", 3.0), ("multiple_choice", -0.5))
]  # fmt: skip
TOLD = replace(
    ROSE,
    headline="In one world: it rose by 1.8 points (−0.4 to +4.0).",
    contrast={"unit": "points", "rows": ROWS},
)
TIME = """scale,stage,run_id,kind,wall_s,cpu_s,tokens
tiny,01_languages,,figures,2.0,5.0,0
tiny,01_languages,,start,1.0,3.0,0
tiny,engine,,start,9.0,4.0,0
"""


def test_a_claim_marker_takes_a_sentence_or_a_part_of_it():
    text = "A <!-- claim:demo/rose -->\nold\n<!-- /claim --> and <!-- claim:demo/rose:{} --><!-- /claim --> B"
    for part, words in {
        "sentence": "It rose.",
        "headline": "It rose.",
        "table": "",
        "outcome": "undecided",
        "number": "+1.8 points (95 % interval −0.4 to +4.0)",
        "kind": "exploratory",
        "status": "UNVERIFIED",
    }.items():
        filled = readme.render_claims(text.format(part), "demo", [ROSE])
        second = f"<!-- claim:demo/rose:{part} -->{words}<!-- /claim -->"
        assert filled == f"A <!-- claim:demo/rose -->It rose.<!-- /claim --> and {second} B"
        assert readme.render_claims(filled, "demo", [ROSE]) == filled


def test_a_claim_is_told_by_its_headline_and_its_numbers_by_kind():
    told = readme.render_claims("<!-- claim:demo/rose --><!-- /claim -->", "demo", [TOLD])
    assert told == f"<!-- claim:demo/rose -->{TOLD.headline}<!-- /claim -->"
    table = readme.PARTS["table"](TOLD)
    assert table.split("\n") == [
        "", "", "| comparison | whole | multiple choice | tagging |", "|:--|--:|--:|--:|",
        "| translated minus English | +1.8 (+0.8 to +2.8) | −0.5 (−1.5 to +0.5) | +3.0 (+2.0 to +4.0) |",
        "", "Differences in points, each with its 95 % interval.",
    ]  # fmt: skip


# --- as a reader sees it --------------------------------------------------------------------------------


def rendered(text: str) -> list:
    return MarkdownIt("commonmark").enable("table").parse(text)


def torn(text: str) -> list[str]:
    """What a reader of the rendered page would miss, or find torn."""
    tokens = rendered(text)
    blocks = [token.content for token in tokens if token.type == "html_block"]
    inline = [
        child.content for token in tokens for child in token.children or () if child.type == "html_inline"
    ]
    markers = re.findall(r"<!-- /?(?:claim|time)\b.*?-->", text)
    lost = sorted(set(markers) - set(inline)) if sorted(inline) != sorted(markers) else []
    return [*blocks, *lost]


def words_of(text: str) -> str:
    """The words of the rendered page, block by block."""
    inline = (token for token in rendered(text) if token.type == "inline")
    return "\n".join(
        "".join(" " if child.type in ("softbreak", "hardbreak") else child.content for child in token.children
                if child.type != "html_inline")
        for token in inline
    )  # fmt: skip


def test_no_sentence_of_readme_is_torn():
    text = README.read_text(encoding="utf-8")
    assert not torn(text)
    assert not [line for line in text.splitlines() if line.lstrip().startswith("<!--")]
    told = re.findall(r"<!-- claim:\S+ -->(?!\n)((?:(?!<!--).)+)<!-- /claim -->", text)
    shown = words_of(text)
    assert len(told) >= 10 and all(words.replace("`", "") in shown for words in told)


def test_readme_renders_whole_with_claims_that_are_told_for_people(tmp_path):
    """Every claim that README.md tells, as a study writes it today: sentences whole, tables as tables."""
    text = README.read_text(encoding="utf-8")
    for scale in readme.TOLD:
        names = sorted(set(re.findall(rf"<!-- claim:{scale}/([\w-]+)", text)))
        assert names
        write_claims(tmp_path / scale / "claims.json", [replace(TOLD, id=name) for name in names])
    text = readme.render_readme(text, tmp_path)
    assert not torn(text)
    assert words_of(text).count(TOLD.headline) == len(re.findall(r"<!-- claim:[\w-]+/[\w-]+ -->", text))
    tables = text.count(":table -->")
    cells = [token.content for token in rendered(text) if token.type == "inline" and token.level == 4]
    assert tables >= 1 and cells.count("translated minus English") == tables


@pytest.mark.parametrize("text", [
    "It\n<!-- claim:demo/rose -->rose<!-- /claim -->.", "<!-- time:all:demo -->2 s<!-- /time --> in all.",
    "It rose:\n\n<!-- claim:demo/rose:table -->\n\n| a |\n|--|\n\n<!-- /claim -->",
])  # fmt: skip
def test_a_torn_sentence_is_seen(text):
    assert torn(text) or [line for line in text.splitlines() if line.startswith("<!--")]


def test_a_sentence_may_hold_what_a_pattern_would_take_amiss():
    odd = Claim("odd", "odd", r"It rose \1 by 3 % | \g<0>.", "mean", None, None, None, 0, 0, "undecided")
    filled = readme.render_claims("<!-- claim:demo/odd --><!-- /claim -->", "demo", [odd])
    assert filled == r"<!-- claim:demo/odd -->It rose \1 by 3 % | \g<0>.<!-- /claim -->"


@pytest.mark.parametrize(
    "text, message",
    [
        ("<!-- claim:demo/fell --><!-- /claim -->", "no claim 'fell'; there are rose"),
        ("<!-- claim:demo/rose:mood --><!-- /claim -->", "no 'mood'; it has headline, sentence, table"),
        ("<!-- claim:rose --><!-- /claim -->", "begins with no scale; there are demo, world"),
        ("<!-- claim:demo/rose --> and no end", "1 claim markers begin and 0 end"),
        ("<!-- claim:demo/rose --><!-- claim:demo/rose --><!-- /claim --><!-- /claim -->", "in this order"),
    ],
)
def test_a_marker_that_cannot_be_filled_is_refused(text, message):
    with pytest.raises(WrongUse, match=message):
        readme.render_claims(text, "demo", [ROSE])


def test_a_time_marker_takes_the_processor_time_of_its_scale(tmp_path):
    (tmp_path / "time.csv").write_text(TIME)
    seconds = readme.seconds_of_chapters(tmp_path / "time.csv")
    assert seconds == {"01_languages": 8.0, "engine": 4.0}
    text = "".join(
        f"<!-- time:{name} -->?<!-- /time -->" for name in ("01_languages:tiny", "all:tiny", "all:demo")
    )
    assert re.findall(r">([^<]+)<", readme.render_times(text, "tiny", seconds)) == ["8 s", "12 s", "?"]
    with pytest.raises(WrongUse, match="no time of '09_more'; there are all, 01_languages, engine"):
        readme.render_times("<!-- time:09_more:tiny -->?<!-- /time -->", "tiny", seconds)


def test_what_the_outputs_lack_stays_as_it_stands(tmp_path):
    text = "<!-- claim:demo/rose -->old<!-- /claim --> <!-- time:all:tiny -->old<!-- /time -->"
    assert readme.render_readme(text, tmp_path) == text
    write_claims(tmp_path / "world" / "claims.json", [ROSE])
    assert readme.render_readme(text, tmp_path) == text
    write_claims(tmp_path / "demo" / "claims.json", [ROSE])
    assert readme.render_readme(text, tmp_path) == text.replace("old", "It rose.", 1)


def test_readme_is_its_own_rendering():
    text = README.read_text(encoding="utf-8")
    hint = "run: python -m polystilts.evidence.readme"
    for scale in readme.TOLD:
        claims = paths.OUTPUTS / scale / "claims.json"
        # a study that was run anew here has its own claims; README.md tells of the one that came with it
        if claims.exists() and not (paths.OUTPUTS / scale / ".done" / "shipped").exists():
            told = with_status(readme.read_claims(claims), claims.parent)
            repeated = reproductions(told, claims.parent)
            assert text == readme.render_claims(text, scale, told, repeated), hint
    for scale in readme.TIMED:
        times = paths.OUTPUTS / scale / "tables" / "time.csv"
        if times.exists() and not (paths.OUTPUTS / scale / ".done").exists():  # a run here has its own times
            assert text == readme.render_times(text, scale, readme.seconds_of_chapters(times)), hint


JUDGED = sorted(file.parents[1].name for file in paths.OUTPUTS.glob("*/record/gate-verdict.json"))


@pytest.mark.parametrize("scale", JUDGED)
def test_no_published_record_speaks_against_its_study(scale):
    if (paths.OUTPUTS / scale / ".done" / "shipped").exists():
        pytest.skip("run anew here: its claims wait for a verdict of their own")
    said = read_json(paths.OUTPUTS / scale / "record" / "gate-verdict.json")
    assert said["status"] != "FALSIFIED", said["reason"]
    told = with_status(readme.read_claims(paths.OUTPUTS / scale / "claims.json"), paths.OUTPUTS / scale)
    # stale says that code has changed and no cell was done again since: it waits, and speaks against nothing
    waiting = {"UNVERIFIED", "UNVERIFIED (stale)"}
    assert {claim.status for claim in told} <= {"VERIFIED", "VERIFIED (within tolerance)"} | waiting


def test_every_chapter_has_a_time_at_every_scale_that_is_told():
    marked = re.findall(r"<!-- time:(\S+):(\S+) -->", README.read_text(encoding="utf-8"))
    names = [*(chapter.name for chapter in CHAPTERS), "all"]
    assert marked == [(name, scale) for name in names for scale in readme.TIMED]


def test_no_score_is_typed_by_hand():
    text = re.sub(r"<!-- (claim|time):.*?<!-- /\1 -->", "", README.read_text(encoding="utf-8"), flags=re.S)
    text = re.sub(r"```.*?```|`[^`]*`|\([^)\s]*\)", "", text, flags=re.S)  # commands and addresses
    allowed = {"3.11", "2.0"}  # Python, and the licence
    assert not set(re.findall(r"[+−-]?\d+\.\d+|\d+ ?%|\d+ (?:points|minutes|seconds|hours)", text)) - allowed


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_links_lead_somewhere(name):
    text = (paths.REPOSITORY / name).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    made = (paths.OUTPUTS / "demo" / "claims.json").exists()
    missing = [
        link
        for link in links
        if (made or not link.startswith("outputs/"))
        and not (paths.REPOSITORY / link.partition("#")[0]).exists()
    ]
    assert links and not missing


def test_the_citation_names_this_version():
    citation = yaml.safe_load((paths.REPOSITORY / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0" and citation["authors"]
    assert citation["version"] == polystilts.__version__
    assert citation["license"] == "Apache-2.0"
    head = (paths.REPOSITORY / "LICENSE").read_text(encoding="utf-8").split()[:4]
    assert head == ["Apache", "License", "Version", "2.0,"]


def test_a_status_marker_takes_what_the_gate_recorded(tmp_path):
    folder = tmp_path / "demo"
    write_claims(folder / "claims.json", [ROSE])
    text = "<!-- claim:demo/rose:status -->?<!-- /claim -->"
    assert "UNVERIFIED" in readme.render_readme(text, tmp_path)
    mark = claim_fingerprint(as_record(ROSE))
    row = {"id": "rose", "status": "VERIFIED", "fingerprint": mark}
    write_json(folder / "record" / "gate.json", {"claims": [row]})
    assert "-->VERIFIED<!--" in readme.render_readme(text, tmp_path)
    counted = row | {"cells_repeated": 2, "reason": "computed again, and 2 of its 36 cells repeated from ..."}
    write_json(folder / "record" / "gate.json", {"claims": [counted]})
    told = "-->recomputed in full; 2 of 36 cells trained again<!--"
    assert told in readme.render_readme(text, tmp_path)
    write_claims(folder / "claims.json", [replace(ROSE, estimate=9.9)])  # changed since
    assert "UNVERIFIED" in readme.render_readme(text, tmp_path)


@pytest.mark.parametrize(("committed", "effects"), [(True, ["falsifies"]), (False, ["note"])])
def test_readme_belongs_to_the_ledger_that_was_committed_with_it(tmp_path, monkeypatch, committed, effects):
    monkeypatch.setattr(prose, "is_committed", lambda file, repository: committed)
    write_claims(tmp_path / "outputs" / "world" / "claims.json", [ROSE])
    write_claims(tmp_path / "outputs" / "demo" / "claims.json", [ROSE])
    right = "<!-- claim:world/rose:outcome -->undecided<!-- /claim -->"
    other = right.replace("undecided", "supported")
    world = SimpleNamespace(folder=tmp_path / "outputs" / "world", repository=tmp_path)
    for text, found in {right: [], other: effects, other.replace("world", "demo"): []}.items():
        assert [one.effect for one in prose.readme_differences(world, text)] == found
    (told,) = prose.readme_differences(world, other)
    assert ("'supported', the ledger says 'undecided'" in told.what) == committed
    assert ("1 quotation differ" in told.what) != committed
    elsewhere = SimpleNamespace(folder=tmp_path / "outputs" / "world+lab", repository=tmp_path)
    assert not list(prose.readme_differences(elsewhere, other))


def test_every_run_that_came_before_is_told_of():
    history = paths.OUTPUTS / "history"
    kept = {folder.name for folder in history.iterdir() if folder.is_dir()}
    told = re.findall(r"`(\d{4}-\d\d-\d\d-[\w-]+)`", (history / "README.md").read_text(encoding="utf-8"))
    assert len(kept) > 5 and sorted(told) == sorted(kept)
