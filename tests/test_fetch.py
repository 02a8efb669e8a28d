"""Pinned files are fetched from a server on this machine: whole, interrupted, wrong, missing, derived."""

import io
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from polystilts import __main__ as command
from polystilts import paths
from polystilts.errors import StudyError, WrongUse
from polystilts.files import sha256
from polystilts.pipeline import data_verbs
from polystilts.pipeline.study import open_study
from polystilts.sources.catalogue.pinned import Pinned, licence_of, pinned
from polystilts.sources.fetch import RULES, address, derive, fetch, needed
from polystilts.sources.formats.rows import file_rows

COMMIT = "0123456789abcdef0123456789abcdef01234567"
WHOLE, LONG = b"moja\nmbili\n", b"one\ntwo\none\nthree\n"


def pin(path: str, content: bytes, rule: str = "identical", source: str = "", known: bool = True) -> Pinned:
    return Pinned(path, "some/texts", COMMIT, source or path, rule, sha256(content) if known else "",
                  len(content), "CC0 1.0")  # fmt: skip


ROWS = [
    pin("realtext/plain.txt", WHOLE),
    pin("realtext/with space é.txt", WHOLE, source="texts/with space é.txt"),
    pin("realtext/cut.txt", LONG[:8], "leading:8", "texts/long.txt"),
    pin("realtext/once.txt", b"one\ntwo\nthree\n", "unique-lines", "texts/long.txt"),
    pin("realtext/filtered.txt", LONG, "whole", "texts/long.txt", known=False),
    pin("realtext/stories.md", b"", "joined", "stories/", known=False),
]


class Server(ThreadingHTTPServer):
    """Serves a folder and remembers what was asked; `broken` paths end after a few bytes."""

    asked: list
    broken: set


class Handler(SimpleHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        if any(name in self.path for name in self.server.broken):
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"mo")  # and the line is cut
            return
        super().do_GET()

    def log_message(self, *arguments):
        """Nothing: tests are quiet."""


@pytest.fixture
def server(tmp_path):
    folder = tmp_path / "server"
    home = folder / "some" / "texts" / COMMIT
    for name, content in (("realtext/plain.txt", WHOLE), ("texts/with space é.txt", WHOLE),
                          ("texts/long.txt", LONG)):  # fmt: skip
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(content)
    server = Server(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    server.asked, server.broken, server.folder = [], set(), home
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def base(server: Server) -> str:
    return f"http://127.0.0.1:{server.server_port}"


def statuses(outcomes) -> dict[str, str]:
    return {Path(outcome.path).name: outcome.status for outcome in outcomes}


def test_everything_is_fetched_verified_derived_or_explained(server, tmp_path):
    root = tmp_path / "root"
    outcomes = fetch(root, ROWS, base(server))
    assert statuses(outcomes) == {
        "plain.txt": "fetched", "with space é.txt": "fetched", "cut.txt": "derived", "once.txt": "derived",
        "filtered.txt": "derived", "stories.md": "left out",
    }  # fmt: skip
    assert (root / "realtext/cut.txt").read_bytes() == b"one\ntwo\n"
    assert (root / "realtext/once.txt").read_bytes() == b"one\ntwo\nthree\n"
    assert "its hash is not pinned" in outcomes[4].why and "joined from many files" in outcomes[5].why
    assert sum("long.txt" in path for path in server.asked) == 1  # one source for three derived files
    server.asked.clear()
    again = fetch(root, ROWS, base(server))
    assert server.asked == [] and {*statuses(again).values()} == {"there", "left out"}


def test_an_interrupted_fetch_goes_on_where_it_stopped(server, tmp_path):
    root = tmp_path / "root"
    server.broken = {"with%20space"}
    first = statuses(fetch(root, ROWS[:2], base(server)))
    assert first == {"plain.txt": "fetched", "with space é.txt": "failed"}
    assert not (root / ROWS[1].path).exists() and not list(root.rglob("*tmp*"))
    server.broken, server.asked = set(), []
    second = statuses(fetch(root, ROWS[:2], base(server)))
    assert second == {"plain.txt": "there", "with space é.txt": "fetched"}
    assert len(server.asked) == 1


def test_other_bytes_than_the_pinned_ones_are_not_kept(server, tmp_path):
    root = tmp_path / "root"
    (server.folder / "realtext/plain.txt").write_bytes(b"tatu\n")
    (server.folder / "texts/long.txt").write_bytes(b"two\ntwo\none\nthree\n")
    outcomes = fetch(root, [ROWS[0], ROWS[2]], base(server))
    assert [outcome.status for outcome in outcomes] == ["failed", "failed"]
    assert "does not match" in outcomes[0].why and "gives other bytes than the pinned ones" in outcomes[1].why
    assert not (root / ROWS[0].path).exists() and not (root / ROWS[2].path).exists()


def test_a_file_that_is_there_and_wrong_is_left_alone(server, tmp_path):
    mine = tmp_path / "root" / ROWS[0].path
    mine.parent.mkdir(parents=True)
    mine.write_text("my own notes")
    (outcome,) = fetch(tmp_path / "root", ROWS[:1], base(server))
    assert outcome.status == "wrong" and not outcome.usable and mine.read_text() == "my own notes"


def test_a_file_that_the_server_lacks_is_named_with_its_address(server, tmp_path):
    row = pin("realtext/gone.txt", WHOLE)
    (outcome,) = fetch(tmp_path / "root", [row], base(server))
    assert outcome.status == "failed" and f"some/texts/{COMMIT}/realtext/gone.txt" in outcome.why
    (offline,) = fetch(tmp_path / "root", [row], "http://127.0.0.1:9")
    assert offline.status == "failed"


def test_translation_memories_are_cut_inside_their_archive():
    units = b"<tmx><body>" + b"".join(b"<tu>%d</tu>" % i for i in range(5)) + b"</body></tmx>"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("all.tmx", units)
    cut = derive("tmx:all.tmx:2", packed.getvalue())
    assert cut == b"<tmx><body><tu>0</tu><tu>1</tu>\n</body>\n</tmx>\n"
    with pytest.raises(ValueError, match="fewer than 9"):
        derive("tmx:all.tmx:9", packed.getvalue())
    with pytest.raises(StudyError, match="no rule is called 'guess'"):
        derive("guess", b"")


def test_the_table_pins_what_it_can():
    rows = pinned().values()
    assert len(rows) == 394 and len({row.path for row in rows}) == 394
    for row in rows:
        assert len(row.commit) == 40 and row.repository.count("/") == 1 and row.licence
        assert row.rule == "joined" or row.rule == "identical" or row.rule.split(":")[0] in RULES
        assert len(row.sha256) in (0, 64), row.path
        assert row.derived or row.sha256 or row.bytes == 0, row.path  # 0: not at hand, so not yet known
    assert [row.path for row in rows if not row.bytes] == ["realdata/americasnli/test/nah.tsv"]
    assert address(pinned()["realdata/xquad/xquad.en.json"]) == (
        "https://raw.githubusercontent.com/google-deepmind/xquad/"
        "7d30520c717524000f0d9d2f9c10a069acd9d285/xquad.en.json"
    )
    assert licence_of("realdata/xquad/xquad.en.json") == "CC BY-SA 4.0"


def test_a_row_of_the_table_of_files_needs_its_companions():
    rows = [row for row in file_rows() if (row.task, row.language) == ("tatoeba", "sw")]
    rows += [row for row in file_rows() if row.format == "siqa"]
    rows += [row for row in file_rows() if (row.task, row.split, row.language) == ("xcopa", "test", "en")]
    assert {Path(row.path).name for row in needed(rows)} == {
        "tatoeba.swh-eng.swh", "tatoeba.swh-eng.eng", "dev.jsonl", "dev-labels.lst", "test-en.jsonl",
        "test.et.jsonl",
    }  # fmt: skip


def test_fetching_a_scale_asks_for_its_files_alone(server, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(paths, "OUTPUTS", tmp_path / "outputs")
    study = open_study("real-mini")
    wanted = data_verbs.wanted_files(study)
    assert 150 < len(wanted) < 300
    assert not any("jav" in row.path for row in wanted)  # Javanese is no language of the scale
    monkeypatch.setattr(data_verbs, "wanted_files", lambda study: ROWS)
    arguments = ["data", "fetch", "--data", str(tmp_path / "root"), "--from", base(server)]
    assert command.main(arguments) == 0
    assert "2 fetched, 1 left out" in capsys.readouterr().out
    server.broken = {"long.txt"}
    (tmp_path / "root/realtext/cut.txt").write_text("spoilt")
    assert command.main(arguments) == 1
    told = capsys.readouterr().err
    assert "wrong     realtext/cut.txt: its bytes are not the pinned ones" in told
    assert "1 files are not to be had; the same command tries them again" in told


def test_scales_without_files_fetch_nothing(tmp_path):
    with pytest.raises(WrongUse, match="xlmr-base takes its data from 'hub'"):
        data_verbs.fetch_files(open_study("xlmr-base"), tmp_path)
    assert command.main(["data", "fetch", "--scale", "tiny", "--data", str(tmp_path)]) == 2
