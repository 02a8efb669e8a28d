"""The generated worlds stay what they were when results of theirs were published: their content is pinned."""

import hashlib

import pandas as pd
import pytest

from polystilts.languages import INVENTED_LANGUAGES
from polystilts.sources.world import write_world
from polystilts.sources.world.tasks import RECIPES

SEVENTEEN = "alb dor lir kes tul pel ost var nar bel fen gal wes mir sol har zan".split()
ROWS, TEXT = {"intermediate": 18, "target": 24, "dev": 4, "test": 4}, {"high": 12, "low": 4}
QUICK = (0, 8, 11, 20)  # the others are slow

# Of every file: its path, and the lines of its text or the values of its table, whatever library wrote it.
PINNED = {
    0: "c3474ba5f6711f37", 1: "c0887afe7955856e", 2: "c6c2b90cc3f6a52a", 3: "1a2b86e5e883af78",
    4: "7a8892cdb99d1e04", 5: "fbb21ea1ba1e73bd", 6: "8601c0fccc83d13d", 7: "beae85e1758a4857",
    8: "e4cd09283a9163b4", 9: "d7e8907841462423", 10: "0dcf8e558c682853", 11: "af7f88b1843a6e1a",
    12: "7c69e63a9b12be50", 13: "590df2bf8de35d45", 14: "be07b7fa9ffd3802", 15: "3e40b2f44890489f",
    16: "e66586093ed0dbb8", 17: "f1f2bf02b057fef1", 18: "aaa5e1f4bc0d19ba", 19: "22e4988faade2c49",
    20: "94271096330e508a",
}  # fmt: skip


def content_of(folder, seed: int) -> str:
    """A name for all that a world of one seed holds: text, word lists and rows of every task."""
    write_world(folder, seed, SEVENTEEN, "alb", list(RECIPES), ROWS, TEXT, 0.1, 0.8, native=True)
    return named(folder)


def named(folder) -> str:
    """A name for the content of a folder of prepared data."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode())
        if path.suffix == ".parquet":
            digest.update(pd.read_parquet(path).to_json(orient="split", index=False).encode())
        else:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@pytest.mark.parametrize(
    "seed", [pytest.param(n, marks=() if n in QUICK else pytest.mark.slow) for n in range(21)]
)
def test_a_world_of_the_seventeen_languages_is_as_it_was(seed, tmp_path):
    assert content_of(tmp_path, seed) == PINNED[seed]


def test_the_seventeen_are_the_first_rows_of_the_table():
    assert [row.code for row in INVENTED_LANGUAGES][:17] == SEVENTEEN
