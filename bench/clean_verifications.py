"""Twenty honest studies, a world each: the gate must find nothing against any of them.

    python bench/clean_verifications.py 20     # worlds 100, 101, ... ; about half a minute each on one core

The studies are those of the tampering tests: `tiny` with a few updates, so that what varies is the world.
"""

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from small_evidence import make_repository

from polystilts.gate.verdict import verify
from polystilts.pipeline.records import code_now

FIRST = 100


def main(worlds: int) -> int:
    """Make, verify and report each; 1 where anything was found."""
    raised = 0
    for world in range(FIRST, FIRST + worlds):
        began = time.time()
        with tempfile.TemporaryDirectory() as place:
            root = Path(place) / "study"
            folder = make_repository(root, world)
            verdict = verify(folder, repository=root, code_now=code_now)
        found = [
            finding.what
            for _, finding in verdict.findings
            if finding.effect in ("falsifies", "stale", "open")
        ]
        raised += bool(found)
        print(f"world {world}: {verdict.status}, {len(found)} found, {time.time() - began:.0f} s", flush=True)
        for what in found:
            print(f"  {what}", flush=True)
    print(f"{worlds - raised} of {worlds} clean")
    return int(raised > 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20))
