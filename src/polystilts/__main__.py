"""The study from the command line: `polystilts --help`, or `python -m polystilts --help`."""

import argparse
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from polystilts import machine, paths
from polystilts.errors import CRASH, StudyError, WrongUse, damage, lack

ANYWHERE = ("score", "submit")  # what needs no clone: it reads folders that it is given


def ask_marking(asked: argparse.Namespace) -> int:
    """Submit or score."""
    if asked.verb == "submit":
        from polystilts.pipeline.answers import hand_in

        written = hand_in(Path(asked.run), asked.output, asked.labels, asked.variant)
        print(f"{len(written)} files of answers are in {asked.output}")
        return 0
    from polystilts.evaluation.marking import score_tree, told
    from polystilts.pipeline.documents import scores_document

    scores = score_tree(asked.predictions, asked.labels)
    tell(asked, scores_document(scores) if asked.json else told(scores))
    return 0


def ask_gate(asked: argparse.Namespace) -> int:
    """Verify, trace or correct."""
    from polystilts.gate.evidence import open_evidence
    from polystilts.gate.published import digest_of
    from polystilts.gate.terminal import told
    from polystilts.pipeline import gatekeeping
    from polystilts.pipeline.documents import trace_document

    folder = gatekeeping.folder_of(asked.outputs)
    if asked.verb == "trace":
        tell(asked, trace_document(open_evidence(folder), asked.claim) if asked.json
             else gatekeeping.trace_claim(asked.claim, asked.outputs))  # fmt: skip
        return 0
    if asked.verb == "correct":
        print(gatekeeping.correct(asked.outputs, asked.kind, asked.note, asked.field))
        return 0
    if asked.from_git:
        return gatekeeping.judge_from_git(folder, asked)
    verdict = gatekeeping.judge(folder, asked.replicate, asked.seed, not asked.no_record)
    if asked.json:
        tell(asked, gatekeeping.record.study_verdict(folder, verdict))
        return verdict.exit_code
    print("\n".join(told(verdict)))
    if not asked.no_record and gatekeeping.record.says_more(folder, verdict):
        kept = f"{folder}/record keeps its committed verdict, which repeated more cells of the same claims"
        print(f"\n{kept}; --replicate N with as many replaces it")
    print(f"\ndigest of what is published here: {digest_of(folder)}")
    return verdict.exit_code


def ask_data(asked: argparse.Namespace) -> int:
    """`data fetch` or `data check`."""
    from polystilts.pipeline import data_verbs, drive
    from polystilts.pipeline.params import parse_changes

    named = asked.data or os.environ.get("POLYSTILTS_DATA", "")
    root, study = Path(named) if named else None, drive.opened(asked.scale, parse_changes(asked.set))
    if asked.deed == "check":
        print(data_verbs.check_data(study, root, asked.allow_leaks))
        return 0
    if root is None:
        raise WrongUse("data fetch needs a folder to fetch into: --data FOLDER")
    print(data_verbs.fetch_files(study, root, asked.base or data_verbs.BASE))
    return 0


def ask_study(asked: argparse.Namespace) -> int:
    """Plan, run, tell the status of, or bind a study."""
    from polystilts.pipeline import drive
    from polystilts.pipeline.params import parse_changes

    if asked.outputs:  # jobs are told, too
        os.environ["POLYSTILTS_OUTPUTS"] = str(Path(asked.outputs).resolve())
    changes = parse_changes(asked.set)
    if asked.verb == "run":
        drive.run(asked.scale, changes, asked.cores, asked.data, notebooks=not asked.no_notebooks,
                  profile=asked.profile, dry=asked.dry_run, cold=asked.cold, tag=asked.tag)  # fmt: skip
        return 0
    drive.require_data(asked.data)
    study = drive.opened(asked.scale, changes, asked.tag)
    if asked.verb == "plan":
        from polystilts.pipeline.documents import plan_document
        from polystilts.pipeline.plan import plan

        tell(asked, plan_document(study, asked.cores) if asked.json else plan(study, asked.cores))
    elif asked.verb == "status":
        from polystilts.pipeline.documents import status_document, status_words

        document = status_document(study)
        tell(asked, document if asked.json else status_words(document))
    else:
        from polystilts.pipeline import book

        if not (study.folder / "chapters").is_dir() and not asked.outputs:  # that of the published chapters
            os.environ["POLYSTILTS_OUTPUTS"] = str(paths.OUTPUTS)
        made = book.make_book(study)
        print(f"{book.place_of(study)} {'is made' if made else 'is as its chapters are'}")
    return 0


def ask_pool(asked: argparse.Namespace) -> int:
    """Read several studies as one."""
    from polystilts.pipeline.pool import pool

    print(pool(asked.outputs, asked.to or None))
    return 0


DEEDS = {"plan": ask_study, "run": ask_study, "status": ask_study, "book": ask_study, "data": ask_data,
         "pool": ask_pool, "submit": ask_marking, "score": ask_marking, "verify": ask_gate, "trace": ask_gate,
         "correct": ask_gate}  # fmt: skip


def tell(asked: argparse.Namespace, said: Any) -> None:
    """Print words, or one JSON document for machines."""
    print(json.dumps(said, indent=1, ensure_ascii=False) if asked.json else said)


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line asks; a refusal is one line and an exit code, and so is a crash."""
    from polystilts.pipeline.verbs import parser

    asked = parser().parse_args(arguments)
    try:
        if asked.verb not in ANYWHERE:
            machine.require_clone()
        machine.require_one_clone()
        return DEEDS[asked.verb](asked)
    except StudyError as error:
        print(f"polystilts: {error}", file=sys.stderr)
        # A gate that could not finish has falsified nothing.
        return CRASH if asked.verb == "verify" and error.exit_code == 1 else error.exit_code
    except BrokenPipeError:
        raise
    except Exception as error:
        if told := damage(error):
            print(f"polystilts: {told}", file=sys.stderr)
            return WrongUse.exit_code
        if not (told := lack(error)):
            traceback.print_exc()
            told = f"a fault of the program, not of the study ({type(error).__name__}): please report it"
        print(f"polystilts: {told}", file=sys.stderr)
        return CRASH


def console() -> int:
    """Be the command `polystilts`; whatever becomes of it, the exit code is one of those in its help."""
    try:
        machine.make_do()
        code = main()
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # whoever reads, `head` for instance, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (MemoryError, ImportError, OSError) as error:  # before or after the deed itself
        print(f"polystilts: {lack(error) or error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("polystilts: ended by SIGINT", file=sys.stderr)
    return CRASH


if __name__ == "__main__":
    sys.exit(console())
