"""The study from the command line: `python -m polystilts --help`."""

import argparse
import os
import sys

from polystilts.errors import StudyError, WrongUse

EXAMPLES = """examples:
  python -m polystilts plan --scale world
  python -m polystilts run --scale tiny
  python -m polystilts run --scale demo --set "seeds=[0,1,2,3]"
  python -m polystilts status --scale demo
  python -m polystilts verify outputs/demo --replicate 3
  python -m polystilts trace primary
  python -m polystilts book --scale demo
  python -m polystilts submit outputs/demo/runs/RUN --output answers --labels labels
  python -m polystilts score answers --labels labels

exit codes: 0 done or VERIFIED, 1 failed or FALSIFIED, 2 wrong use, 3 UNVERIFIED
"""


def whole(least: int):
    """What reads a whole number of at least so many from the command line."""

    def read(text: str) -> int:
        if not text.strip().isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {least}")
        return int(text)

    return read


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
            "--cores", type=whole(1), default=os.cpu_count() or 1, help="jobs at a time (default: all)"
        )
        one.add_argument("--data", default="", help="root of the real data sets")
        if verb == "run":
            one.add_argument(
                "--no-notebooks", action="store_true",
                help="do the work of the chapters without their pages: no kernel and no engine is needed",
            )  # fmt: skip
            one.add_argument(
                "--profile", default="", metavar="FOLDER",
                help="send the jobs to a queue as this profile says: profiles/slurm",
            )  # fmt: skip
            one.add_argument(
                "--cold", action="store_true", help="let every chapter and kernel import its own libraries"
            )
            one.add_argument("--dry-run", action="store_true", help="count the jobs to do, and start none")
    add_data_verb(verbs)
    sentence = "read the outputs of several studies (a world, a class or a site each) as one analysis"
    one = verbs.add_parser("pool", help=sentence, description=sentence)
    one.add_argument("outputs", nargs="+", help="folders of finished studies, the bundles")
    one.add_argument("--to", default="", help="where the analysis is written (default: outputs/pooled)")
    add_marking(verbs)
    add_gate(verbs)
    return top


def add_marking(verbs: argparse._SubParsersAction) -> None:
    """The verbs that hand answers in, and mark them."""
    sentence = "write the answers of a finished run in the layout that XTREME's evaluator reads"
    one = verbs.add_parser("submit", help=sentence, description=sentence)
    one.add_argument("run", help="a finished run: outputs/<scale>/runs/<run>")
    one.add_argument("--output", required=True, metavar="FOLDER", help="where the answers are written")
    one.add_argument("--labels", default=None, metavar="FOLDER", help="write the right answers there, too")
    one.add_argument("--variant", default="", help="what retrieval is read from: layer8.mean.plain "
                     "(default: the middle layer, centred)")  # fmt: skip
    sentence = "score answers in XTREME's layout, ours or anyone's: what is there, task by task"
    one = verbs.add_parser("score", help=sentence, description=sentence)
    one.add_argument("predictions", help="a folder of <task>/test-<language> files")
    one.add_argument(
        "--labels", required=True, metavar="FOLDER", help="the right answers, in the same layout"
    )


def ask_marking(asked: argparse.Namespace) -> int:
    """Submit or score."""
    if asked.verb == "submit":
        from polystilts.evaluation.submission import submit
        from polystilts.statistics.tables import main_variant

        def choose(variants: list[str]) -> str:
            if asked.variant and variants != [""] * len(variants) and asked.variant not in variants:
                known = ", ".join(sorted(set(variants)))
                raise WrongUse(f"no retrieval was read from {asked.variant!r}; there are {known}")
            return asked.variant if asked.variant in variants else main_variant(variants)

        written = submit(asked.run, asked.output, choose, asked.labels)
        print(f"{len(written)} files of answers are in {asked.output}")
        return 0
    from polystilts.evaluation.marking import score_tree, told

    print(told(score_tree(asked.predictions, asked.labels)))
    return 0


def add_gate(verbs: argparse._SubParsersAction) -> None:
    """The verbs that ask what claims are worth."""
    sentence = "try to falsify a study: compute everything again, and repeat some cells in a sandbox"
    one = verbs.add_parser("verify", help=sentence, description=sentence, epilog="exit codes: 0 VERIFIED, "
                           "1 FALSIFIED, 2 wrong use, 3 UNVERIFIED")  # fmt: skip
    one.add_argument("outputs", help="a folder of outputs, outputs/demo, or the name of its scale")
    one.add_argument(
        "--replicate",
        type=whole(0),
        default=0,
        metavar="CELLS",
        help="repeat so many cells, drawn at random, from their inputs (offered: 3; default: 0)",
    )
    one.add_argument("--seed", type=int, default=0, help="which cells are drawn (default: 0)")
    one.add_argument("--no-record", action="store_true", help="only say it: leave the folder as it is")
    one.add_argument("--from-git", metavar="COMMIT", help="judge with the gate of a commit that you trust")
    sentence = "lead from a claim to its scores, its runs and its prediction files"
    one = verbs.add_parser("trace", help=sentence, description=sentence)
    one.add_argument("claim", help="the id of a claim, or words of its sentence")
    one.add_argument("--outputs", default="demo", help="a folder of outputs, or a scale (default: demo)")
    sentence = "append a dated correction to the record of a study; nothing is rewritten"
    one = verbs.add_parser("correct", help=sentence, description=sentence)
    one.add_argument("outputs", help="a folder of outputs, or the name of its scale")
    one.add_argument(
        "--type",
        required=True,
        dest="kind",
        metavar="TYPE",
        help="METADATA, ARTIFACT, CLAIM, BENCHMARK, PROVENANCE or QUALITY_ASSESSMENT",
    )
    one.add_argument("--note", required=True, help="what was wrong and what is right, for the public")
    one.add_argument(
        "--field", action="append", default=[], help="what it touches, such as claims.json:primary"
    )


def ask_gate(asked: argparse.Namespace) -> int:
    """Verify, trace or correct."""
    from polystilts.gate.published import digest_of
    from polystilts.gate.terminal import told
    from polystilts.pipeline import gatekeeping

    if asked.verb == "trace":
        print(gatekeeping.trace_claim(asked.claim, asked.outputs))
        return 0
    if asked.verb == "correct":
        print(gatekeeping.correct(asked.outputs, asked.kind, asked.note, asked.field))
        return 0
    folder = gatekeeping.folder_of(asked.outputs)
    if asked.from_git:
        return gatekeeping.judge_from_git(folder, asked)
    verdict = gatekeeping.judge(folder, asked.replicate, asked.seed, not asked.no_record)
    print("\n".join(told(verdict)))
    if not asked.no_record and gatekeeping.record.says_more(folder, verdict):
        kept = f"{folder}/record keeps its committed verdict, which repeated more cells of the same claims"
        print(f"\n{kept}; --replicate N with as many replaces it")
    print(f"\ndigest of what is published here: {digest_of(folder)}")
    return verdict.exit_code


def add_data_verb(verbs: argparse._SubParsersAction) -> None:
    """`data fetch` and `data check`."""
    sentence = "fetch the pinned files of a scale, or check what it would read: rows, licences, hashes, leaks"
    one = verbs.add_parser("data", help=sentence, description=sentence)
    one.add_argument("deed", choices=("fetch", "check"))
    one.add_argument("--scale", default="real-mini", help="a file of params/ (default: real-mini)")
    one.add_argument("--set", action="append", default=[], metavar="KNOB=VALUE", help="change knobs")
    one.add_argument("--data", default="", help="root of the real data sets, made where it is not there")
    one.add_argument("--from", dest="base", default="", metavar="URL", help="fetch from here instead")
    one.add_argument("--allow-leaks", action="store_true", help="report leaks without failing")


def data_verb(asked: argparse.Namespace) -> str:
    """What `data fetch` or `data check` has to say."""
    from pathlib import Path

    from polystilts.errors import WrongUse
    from polystilts.pipeline import data_verbs, drive
    from polystilts.pipeline.params import parse_changes

    named = asked.data or os.environ.get("POLYSTILTS_DATA", "")
    root, study = Path(named) if named else None, drive.opened(asked.scale, parse_changes(asked.set))
    if asked.deed == "check":
        return data_verbs.check_data(study, root, asked.allow_leaks)
    if root is None:
        raise WrongUse("data fetch needs a folder to fetch into: --data FOLDER")
    return data_verbs.fetch_files(study, root, asked.base or data_verbs.BASE)


def damage(error: Exception) -> str:
    """What to say of a file that cannot be read, by its name where the calls that failed know it; or nothing.

    Libraries tell where in its content a file is broken, and seldom which file it is.
    """
    kinds = {kind.__name__ for kind in type(error).__mro__}
    broken = bool(kinds & {"JSONDecodeError", "UnicodeDecodeError", "YAMLError", "ArrowInvalid",
                           "ParserError", "EmptyDataError"})  # fmt: skip
    tables = isinstance(error, OSError) and error.errno is None  # so pyarrow says that a table is cut short
    where, trace = "", error.__traceback__
    while trace is not None:  # the innermost call is the last
        known = trace.tb_frame.f_locals
        for value in (known.get(name) for name in ("self", "file", "path")):
            if isinstance(value, (str, os.PathLike)) and os.path.isfile(value):
                where = str(value)
        trace = trace.tb_next
    if not broken and not (tables and where.endswith(".parquet")):
        return ""
    why = " ".join(str(error).split())[:160]
    return f"{where or 'a file'} is damaged, or not what it is taken for: {why}; fetch or make it again"


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line asks; a refusal is one line and an exit code."""
    asked = parser().parse_args(arguments)
    from polystilts.pipeline import drive
    from polystilts.pipeline.params import parse_changes

    try:
        if asked.verb in ("submit", "score"):
            return ask_marking(asked)
        if asked.verb in ("verify", "trace", "correct"):
            return ask_gate(asked)
        if asked.verb == "data":
            print(data_verb(asked))
            return 0
        if asked.verb == "pool":
            from polystilts.pipeline.pool import pool

            print(pool(asked.outputs, asked.to or None))
            return 0
        changes = parse_changes(asked.set)
        if asked.verb == "plan":
            from polystilts.pipeline.plan import plan

            print(plan(drive.opened(asked.scale, changes), asked.cores))
        elif asked.verb == "run":
            drive.run(asked.scale, changes, asked.cores, asked.data, notebooks=not asked.no_notebooks,
                      profile=asked.profile, dry=asked.dry_run, cold=asked.cold)  # fmt: skip
        elif asked.verb == "book":
            from polystilts.pipeline import book

            study = drive.opened(asked.scale, changes)
            made = book.make_book(study)
            print(f"{book.place_of(study)} {'is made' if made else 'is as its chapters are'}")
        else:
            drive.status(asked.scale, changes)
    except StudyError as error:
        print(f"polystilts: {error}", file=sys.stderr)
        return error.exit_code
    except Exception as error:
        if not (told := damage(error)):
            raise
        print(f"polystilts: {told}", file=sys.stderr)
        return WrongUse.exit_code  # not 1, which would say of a study that it is FALSIFIED
    return 0


if __name__ == "__main__":
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads, `head` for instance, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    sys.exit(code)
