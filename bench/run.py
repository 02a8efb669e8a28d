"""All benchmarks that need no GPU, in turn: writes bench/*.csv and the tables of bench/README.md.

OMP_NUM_THREADS=2 python bench/run.py [training encoder questions retrieval ...] [--rounds 3]
"""

import argparse
import time

import encoder
import features
import jobs
import questions
import report
import retrieval
import starts
import training

BENCHMARKS = {
    "questions": questions.rows,
    "features": features.rows,
    "retrieval": retrieval.rows,
    "training": training.rows,
    "encoder": encoder.rows,
    "jobs": jobs.rows,
    "starts": starts.rows,
}
# rounds of what is long and varies little
FEWER = {"jobs": 1, "features": 1, "starts": 1, "training": 2, "retrieval": 2, "encoder": 1}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - set(BENCHMARKS):
        parser.error(
            f"no benchmark is called {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}"
        )
    for name in chosen.names or BENCHMARKS:
        start = time.perf_counter()
        rounds = min(chosen.rounds, FEWER.get(name, chosen.rounds))
        report.write_rows(report.HERE, name, list(BENCHMARKS[name](rounds)))
        report.refresh()
        print(f"{name}: {time.perf_counter() - start:.0f} s", flush=True)
        print(report.markdown(report.HERE, name), flush=True)


if __name__ == "__main__":
    main()
