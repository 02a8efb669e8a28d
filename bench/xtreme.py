"""The published scores of a study beside those that XTREME's own evaluator gives to the same answers.

    python bench/xtreme.py outputs/real-mini --checkout ../xtreme --seqeval FOLDER

Every run is written out as `submit` writes it, answers and labels, and each file that the evaluator of
google-research/xtreme has a metric for is marked by its `evaluate_one_task`, under the seqeval 0.0.12 that
its scores were published with (`pip install --no-deps --target FOLDER seqeval==0.0.12`). The data of the
study must be on this disk. Writes `xtreme.csv`: a row for each task, with the largest difference in points.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

from polystilts.errors import StudyError
from polystilts.evaluation.submission import FOLDERS, answer_file, submit
from polystilts.files import write_table
from polystilts.statistics.tables import main_variant
from polystilts.tasks import TASKS

HERE = Path(__file__).parent
METRICS = ("accuracy", "f1", "exact_match")
MARK = """
import json, sys
sys.path[:0] = sys.argv[1:3]
import evaluate
known = evaluate.METRIC_FUNCTION
asked = [row for row in json.load(sys.stdin) if row[0] in known]
print("MARKS" + json.dumps([[*row, evaluate.evaluate_one_task(*row[2:], row[0], row[1])] for row in asked]))
"""


def marks(checkout: Path, seqeval: Path, asked: list[list[str]]) -> list[list]:
    """What the evaluator says of files: task, language, answers, labels, metrics; only tasks it knows."""
    command = [sys.executable, "-W", "ignore", "-c", MARK, str(checkout), str(seqeval)]
    done = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, check=False)
    if done.returncode:
        raise StudyError(f"XTREME's evaluator in {checkout} failed: {done.stderr.strip()[-400:]}")
    return json.loads(done.stdout.rpartition("MARKS")[2])


def compared(run: Path, scores: pd.DataFrame, checkout: Path, seqeval: Path) -> pd.DataFrame:
    """One row for each score of a run that the evaluator gives too: task, language, metric, value, theirs."""
    published = scores[(scores["run_id"] == run.name) & (scores["split"] == "test")]
    variants = published.groupby("target_task")["variant"].transform(lambda found: main_variant(list(found)))
    published = published[published["variant"] == variants]
    with tempfile.TemporaryDirectory() as place:
        answers, labels = Path(place, "answers"), Path(place, "labels")
        submit(run, answers, main_variant, labels)
        cells = published[["target_task", "language"]].drop_duplicates()
        asked = [
            [FOLDERS.get(name, name), language,
             *(str(answer_file(tree, TASKS[name], language)) for tree in (answers, labels))]
            for name, language in cells.itertuples(index=False)
        ]  # fmt: skip
        found = marks(checkout, seqeval, asked)
    tasks = {FOLDERS.get(name, name): name for name in TASKS}
    theirs = pd.DataFrame(
        [(tasks[task], language, metric, value) for task, language, *_, metrics in found
         for metric, value in metrics.items() if metric in METRICS],
        columns=["target_task", "language", "metric", "theirs"],
    )  # fmt: skip
    ours = published.replace({"metric": {"span_f1": "f1"}})
    return theirs.merge(ours, on=["target_task", "language", "metric"], how="left", validate="one_to_one")


def main() -> int:
    """Compare a study, print and write the table; 1 where scores differ by more than rounding."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("outputs", type=Path, help="a study with its data: outputs/<scale>")
    asked.add_argument("--checkout", type=Path, required=True, help="a checkout of google-research/xtreme")
    asked.add_argument("--seqeval", type=Path, required=True, help="a folder that holds seqeval 0.0.12")
    asked.add_argument("--out", type=Path, default=HERE, help="where the table is written (default: bench)")
    given = asked.parse_args()
    scores = pd.read_csv(given.outputs / "tables" / "scores.csv", keep_default_na=False)
    runs = sorted(file.parent for file in given.outputs.glob("runs/*/run.json"))
    rows = pd.concat([compared(run, scores, given.checkout, given.seqeval) for run in runs])
    rows["difference"] = (rows["value"] - rows["theirs"]).abs()
    table = rows.groupby("target_task", sort=True).agg(
        runs=("run_id", "nunique"), languages=("language", "nunique"), scores=("theirs", "size"),
        lowest=("theirs", "min"), highest=("theirs", "max"), largest_difference=("difference", "max"),
    ).reset_index()  # fmt: skip
    table.insert(0, "scale", given.outputs.name)
    write_table(given.out / "xtreme.csv", table)
    print(table.to_string(index=False))
    return int(rows["difference"].isna().any() or rows["difference"].max() > 1e-6)


if __name__ == "__main__":
    sys.exit(main())
