"""What goes wrong in words a reader can act on, and the exit code that goes with it."""


class StudyError(Exception):
    """The study cannot go on; one line says what was asked, what exists and what to do next."""

    exit_code = 1


class WrongUse(StudyError):
    """The study was asked for something it does not have: a wrong parameter or a missing input."""

    exit_code = 2
