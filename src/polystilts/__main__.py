"""The study from the command line: `python -m polystilts --help`."""

import argparse
import os
import sys

from polystilts.errors import StudyError

EXAMPLES = """examples:
  python -m polystilts plan --scale world
  python -m polystilts run --scale tiny
  python -m polystilts run --scale demo --set "seeds=[0,1,2,3]"
  python -m polystilts status --scale demo
  python -m polystilts book --scale demo

exit codes: 0 done, 1 failed, 2 wrong use
"""


def parser() -> argparse.ArgumentParser:
    """The verbs and what they take."""
    top = argparse.ArgumentParser(
        prog="python -m polystilts",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = top.add_subparsers(dest="verb", required=True, metavar="verb")
    for verb, sentence in (
        ("plan", "show the design, the work and the time, and start nothing"),
        ("run", "run a study from its first chapter to its last, doing only what is not done"),
        ("status", "show which chapters are done"),
        ("book", "make the book of a finished study, unless it is as its chapters are"),
    ):
        one = verbs.add_parser(
            verb, help=sentence, description=sentence, epilog=EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )  # fmt: skip
        one.add_argument(
            "--scale", default="demo", help="a file of params/ without its ending (default: demo)"
        )
        one.add_argument(
            "--set", action="append", default=[], metavar="KNOB=VALUE",
            help="change knobs; the variant is kept in a folder of its own",
        )  # fmt: skip
        one.add_argument(
            "--cores", type=int, default=os.cpu_count() or 1, help="jobs at a time (default: all)"
        )
        one.add_argument("--data", default="", help="root of the real data sets")
    return top


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line asks; a refusal is one line and an exit code."""
    asked = parser().parse_args(arguments)
    from polystilts.pipeline import book, drive, plan
    from polystilts.pipeline.params import parse_changes

    try:
        changes = parse_changes(asked.set)
        if asked.verb == "plan":
            print(plan.plan(drive.opened(asked.scale, changes), asked.cores))
        elif asked.verb == "run":
            drive.run(asked.scale, changes, asked.cores, asked.data)
        elif asked.verb == "book":
            study = drive.opened(asked.scale, changes)
            made = book.make_book(study)
            print(f"{book.place_of(study)} {'is made' if made else 'is as its chapters are'}")
        else:
            drive.status(asked.scale, changes)
    except StudyError as error:
        print(f"polystilts: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
