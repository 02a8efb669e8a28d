"""The verbs of the command line: what each takes, with examples."""

import argparse
import os

from polystilts import __version__

PROGRAM = "polystilts"
EXIT_CODES = "exit codes: 0 done or VERIFIED, 1 failed or FALSIFIED, 2 wrong use, 3 UNVERIFIED, 4 crashed"

# What each verb does, in a sentence, and how it is asked for.
VERBS: dict[str, tuple[str, tuple[str, ...]]] = {
    "plan": (
        "show the design, the work and the time, and start nothing",
        ("plan --scale world", 'plan --scale demo --set "seeds=[0,1,2,3]"', "plan --scale tiny --json"),
    ),
    "run": (
        "run a study from its first chapter to its last, doing only what is not done",
        (
            "run --scale tiny",
            'run --scale demo --set "seeds=[0,1,2,3]"',
            'run --scale tiny --set "translation_noise=0.2" --tag noisy',
            "run --scale demo --outputs outputs",
        ),
    ),
    "status": ("show which chapters are done, and what is left to do", ("status --scale demo",)),
    "book": (
        "make the book of a finished study, unless it is as its chapters are",
        ("book --scale demo", "book --scale demo --outputs outputs"),
    ),
    "data": (
        "fetch the pinned files of a scale, or check what it would read: rows, licences, hashes, leaks",
        ("data fetch --scale real-mini --data folder", "data check --scale real-mini --data folder"),
    ),
    "pool": (
        "read the outputs of several studies (a world, a class or a site each) as one analysis",
        ("pool outputs/mine/world+world_seeds-11 outputs/mine/world+world_seeds-12 --to outputs/mine/two",),
    ),
    "submit": (
        "write the answers of a finished run in the layout that XTREME's evaluator reads",
        ("submit outputs/demo/runs/RUN --output answers --labels labels",),
    ),
    "score": (
        "score answers in XTREME's layout, ours or anyone's: what is there, task by task",
        ("score answers --labels labels", "score answers --labels labels --json"),
    ),
    "verify": (
        "try to falsify a study: compute everything again, and repeat some cells in a sandbox",
        ("verify outputs/demo", "verify outputs/mine/demo --replicate 3"),
    ),
    "trace": (
        "lead from a claim to its scores, its runs and its prediction files",
        ("trace primary", "trace primary --outputs outputs/world --json"),
    ),
    "correct": (
        "append a dated correction to the record of a study; nothing is rewritten",
        ('correct outputs/demo --type CLAIM --note "what was wrong, and what is right"',),
    ),
}


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
        prog=PROGRAM,
        description="The study from the command line; `python -m polystilts` is the same.",
        epilog=examples(*(calls[0] for _, calls in VERBS.values())),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="verb")
    asked = {
        verb: verbs.add_parser(
            verb,
            help=sentence,
            description=sentence,
            epilog=examples(*calls),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        for verb, (sentence, calls) in VERBS.items()
    }
    for verb in ("plan", "run", "status", "book"):
        take_study(asked[verb])
    for verb in ("plan", "status", "score", "verify", "trace"):
        asked[verb].add_argument("--json", action="store_true", help="print one JSON document for machines")
    take_run(asked["run"])
    take_data(asked["data"])
    take_marking(asked["submit"], asked["score"])
    take_gate(asked["verify"], asked["trace"], asked["correct"])
    asked["pool"].add_argument("outputs", nargs="+", help="folders of finished studies, the bundles")
    asked["pool"].add_argument(
        "--to", default="", help="where the analysis is written (default: pooled, beside your own studies)"
    )
    return top


def examples(*calls: str) -> str:
    """The end of a help text."""
    return "\n".join(["examples:", *(f"  {PROGRAM} {call}" for call in calls), "", EXIT_CODES])


def take_study(verb: argparse.ArgumentParser) -> None:
    """What names a study: its scale, what is changed of it, and where it lies."""
    verb.add_argument("--scale", default="demo", help="a file of params/ without its ending (default: demo)")
    verb.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KNOB=VALUE",
        help="change knobs; the variant is kept in a folder of its own",
    )
    verb.add_argument(
        "--tag",
        default="",
        metavar="NAME",
        help="call the variant so, not by its changes; later the name alone opens it",
    )
    verb.add_argument(
        "--outputs",
        default="",
        metavar="FOLDER",
        help="where studies lie (default: in a clone outputs/mine; outputs holds the "
        "published ones, and is named to publish another)",
    )
    verb.add_argument(
        "--cores", type=whole(1), default=os.cpu_count() or 1, help="jobs at a time (default: all)"
    )
    verb.add_argument("--data", default="", help="root of the real data sets")


def take_run(verb: argparse.ArgumentParser) -> None:
    """What only `run` takes."""
    verb.add_argument(
        "--no-notebooks",
        action="store_true",
        help="do the work of the chapters without their pages: no kernel and no engine is needed",
    )
    verb.add_argument(
        "--profile",
        default="",
        metavar="FOLDER",
        help="send the jobs to a queue as this profile says: profiles/slurm",
    )
    verb.add_argument(
        "--cold", action="store_true", help="let every chapter and kernel import its own libraries"
    )
    verb.add_argument("--dry-run", action="store_true", help="count the jobs to do, and start none")


def take_data(verb: argparse.ArgumentParser) -> None:
    """`data fetch` and `data check`."""
    verb.add_argument("deed", choices=("fetch", "check"))
    verb.add_argument("--scale", default="real-mini", help="a file of params/ (default: real-mini)")
    verb.add_argument("--set", action="append", default=[], metavar="KNOB=VALUE", help="change knobs")
    verb.add_argument("--data", default="", help="root of the real data sets, made where it is not there")
    verb.add_argument("--from", dest="base", default="", metavar="URL", help="fetch from here instead")
    verb.add_argument("--allow-leaks", action="store_true", help="report leaks without failing")


def take_marking(submit: argparse.ArgumentParser, score: argparse.ArgumentParser) -> None:
    """The verbs that hand answers in, and mark them."""
    submit.add_argument("run", help="a finished run: outputs/<scale>/runs/<run>")
    submit.add_argument("--output", required=True, metavar="FOLDER", help="where the answers are written")
    submit.add_argument("--labels", default=None, metavar="FOLDER", help="write the right answers there, too")
    submit.add_argument(
        "--variant",
        default="",
        help="what retrieval is read from: layer8.mean.plain (default: the middle layer, centred)",
    )
    score.add_argument("predictions", help="a folder of <task>/test-<language> files")
    score.add_argument(
        "--labels", required=True, metavar="FOLDER", help="the right answers, in the same layout"
    )


def take_gate(
    verify: argparse.ArgumentParser, trace: argparse.ArgumentParser, correct: argparse.ArgumentParser
) -> None:
    """The verbs that ask what claims are worth."""
    verify.add_argument("outputs", help="a folder of outputs, outputs/demo, or the name of its scale")
    verify.add_argument(
        "--replicate",
        type=whole(0),
        default=0,
        metavar="CELLS",
        help="repeat so many cells, drawn at random, from their inputs (offered: 3; default: 0)",
    )
    verify.add_argument("--seed", type=int, default=0, help="which cells are drawn (default: 0)")
    verify.add_argument("--no-record", action="store_true", help="only say it: leave the folder as it is")
    trace.add_argument("claim", help="the id of a claim, or words of its sentence")
    trace.add_argument("--outputs", default="demo", help="a folder of outputs, or a scale (default: demo)")
    correct.add_argument("outputs", help="a folder of outputs, or the name of its scale")
    correct.add_argument(
        "--type",
        required=True,
        dest="kind",
        metavar="TYPE",
        help="METADATA, ARTIFACT, CLAIM, BENCHMARK, PROVENANCE or QUALITY_ASSESSMENT",
    )
    correct.add_argument("--note", required=True, help="what was wrong and what is right, for the public")
    correct.add_argument(
        "--field", action="append", default=[], help="what it touches, such as claims.json:primary"
    )
