"""Cases from public reports of people who do this job, kept in a folder outside the repository.

They run where POLYSTILTS_CASES names that folder, and are skipped elsewhere. A case is a folder with
`run.sh`, which needs PY (an interpreter) and REPO (a checkout), and `expect.txt`, the right outcome in words.
What those words mean in the output of a case known here stands in OUTCOMES; of any other case it is asked
that it says something and that nothing crashes, and its words are shown where it fails.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from polystilts import paths

FOLDER = Path(os.environ.get("POLYSTILTS_CASES") or "/nowhere")
CASES = sorted(path.parent for path in FOLDER.glob("*/run.sh"))
REPOSITORY = paths.PACKAGE.parents[1]
if not CASES:
    pytest.skip("no cases here; set POLYSTILTS_CASES to their folder", allow_module_level=True)

LONG = {"A05": 900, "A06": 900, "B11": 1800, "B16": 900}  # seconds; these run a study of their own
WRITES = ("A05", "B16", "B20")  # into the checkout: they get a copy of it

# What has to be said, as patterns that each must be found in the output; "!" before one that must not be.
OUTCOMES: dict[str, tuple[str, ...]] = {
    "A00": (r"changed 0 of 8: \['Lisbon', 'Porto'\]",),
    "A01": (r"spaces.txt: REFUSED spaces.txt:1: 4 columns", r"tabs.tsv: REFUSED tabs.tsv:1: 4 columns"),
    "A02": (r"cr: REFUSED cr.tsv:1: .*\(CR\)",),
    "A03": (r"half: REFUSED half.json: data\[0\].paragraphs\[0\].context: half",
         "pair: 'A green \U0001f680 "),
    "A04": ("exit code [02]", "!Traceback|UnicodeEncodeError"),
    "A05": ("exit code [03]", "!Traceback"),
    "A06": ("exit code [023]", "!Traceback"),
    "A07": (
        r"space.txt: \[\['\\xa0', 'Mombasa'\], \['ni'\]\]",
        r"tab.tsv: \[\['\\xa0', 'Mombasa'\], \['ni'\]\]",
    ),
    "A08": (r"copa: \[\['nan', 'water'\]\]", r"xnli: \['nan'\]"),
    "A09": (r"overlap: REFUSED o.conllu:3: ",),
    "A10": (r"test-ar.tsv:1: .* is no line number|tatoeba +ar +accuracy +100\.000", r"! 50\.000"),
    "B01": ("five columns: REFUSED five.tsv:1: 5 fields", "permuted within labels: REFUSED .*lengths go"),
    "B02": ("!lost|SHIFTED",),
    "B03": ("(?s)8 tags for 8 words(.*8 tags for 8 words){11}",),
    "B04": ("long question: 1 window, question 52 of 55 tokens, context 0:12", "question without a token: 1"),
    "B05": (r"396 answers, lost 0, answered wrongly by perfect logits 0", "!SHIFTED"),
    "B06": ("bytes.json: REFUSED .*bytes of UTF-8", "utf16.json: REFUSED .*UTF-16 units", "right.json: \\['"),
    "B07": (r"\('red', \[\['f1', 100.0\], \['exact_match', 100.0\]\]\)",),
    "B08": ("opened .ipynb", "opened .py", "still a symlink", "py unchanged", "!py CHANGED|NOT OPENED"),
    "B09": ("lr=3",),
    "B10": ("scale",),
    "B11": ("study: exit code 0", "verify: exit code [03]"),
    "B12": ("exit code 2", "!(?m)^[1-9][0-9]*$"),
    "B13": ("'' -> ", "GPU-0a1b2c3d", "MIG-0a1b2c3d", "'-1' -> "),
    "B15": ("'masakhaner': 'panx'", "'americasnli': 'nli_train'"),
    "B16": ("exit code [03]",),
    "B17": (r"study: 0\.0", r"gate: 0\.0"),
    "B18": (
        r"mlqa '《北京》，中国' '北京中国': \(1\.0, 1\.0\)",
        r"squad '《北京》，中国' '北京中国': \(0\.0, 0\.0\)",
        r"mlqa '2008' '２００８': \(0\.0, 0\.0\)",
    ),
    "B20": ("fetched from elsewhere: *$|no book",),
}  # fmt: skip


def run_case(case: Path, repository: Path) -> str:
    """What a case prints; the folder of the case is read, never written."""
    told = subprocess.run(
        ["sh", str(case / "run.sh")],
        env=os.environ | {"PY": sys.executable, "REPO": str(repository), "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, errors="replace", timeout=LONG.get(case.name, 300),
    )  # fmt: skip
    return told.stdout + told.stderr


def marked(case: Path):
    marks = [pytest.mark.slow] + ([pytest.mark.proof] if case.name in LONG else [])
    return pytest.param(case, id=case.name, marks=marks)


@pytest.mark.parametrize("case", [marked(case) for case in CASES])
def test_a_case_comes_out_as_its_author_expects(case, tmp_path):
    repository = REPOSITORY
    if case.name in WRITES:
        repository = tmp_path / "checkout"
        subprocess.run(["git", "clone", "-q", str(REPOSITORY), str(repository)], check=True)
    told = run_case(case, repository)
    message = f"expected: {(case / 'expect.txt').read_text('utf-8')}\ncame: {told}"
    for pattern in OUTCOMES.get(case.name, (r"\S", "!CRASH|Traceback")):
        wanted = not pattern.startswith("!")
        found = re.search(pattern.removeprefix("!"), told, re.MULTILINE)
        assert bool(found) == wanted, f"{pattern}\n{message}"
    assert "CRASH" not in told, message
    shutil.rmtree(tmp_path / "checkout", ignore_errors=True)
