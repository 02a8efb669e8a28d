"""What goes wrong in words a reader can act on, and the exit code that goes with it."""

import errno
import os
from collections.abc import Iterable
from difflib import get_close_matches

# What is wrong with a folder or a machine, not with the study.
REFUSED = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.ENOMEM,
           errno.EMFILE)  # fmt: skip
CRASH = 4  # the program itself is at fault: never 1, which would say of a study that it is FALSIFIED


class StudyError(Exception):
    """The study cannot go on; one line says what was asked, what exists and what to do next."""

    exit_code = 1


class WrongUse(StudyError):
    """The study was asked for something it does not have: a wrong parameter or a missing input."""

    exit_code = 2


def meant(word: object, known: Iterable[str]) -> str:
    """The end of a refusal that names the word that was probably meant; nothing if none is near.

    >>> meant("sedes", ["seeds", "arms"]), meant("zzz", ["seeds", "arms"])
    ('; did you mean seeds?', '')
    """
    near = get_close_matches(str(word), list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def damage(error: BaseException) -> str:
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


def lack(error: BaseException) -> str:
    """What to say where the machine lacks something: memory, or room or rights on its disk; or nothing."""
    if isinstance(error, MemoryError):
        return "there is not enough memory for this; close other programs, or raise the limit (ulimit -v)"
    if isinstance(error, OSError) and error.errno in REFUSED:
        what = error.filename or "the folder that is written to"
        return f"{what} cannot be used ({error.strerror.lower()}); make room, or name one that can be"
    return ""
