"""What a gate can catch, and what it cannot: told on its own page, for a reader who trusts nobody."""

LIMITS = (
    (
        "caught by reading and computing again",
        "a changed file, score, gain, interval, outcome or sentence; a run, seed, arm, target or layer that "
        "is left out or added; a world that its seed does not make; labels that are not the right answers; "
        "leaks; a seed that copies another; numbers typed by hand; languages whose level is not that of "
        "their row; an order of commits that does not bear the date of a freeze out",
    ),
    (
        "caught only by doing cells again (--replicate)",
        "predictions exchanged for others, with every hash, score and claim made to fit; training longer, or "
        "on other rows, than its record says; a hash of code that was written down by hand; development "
        "scores of a study that kept no predictions of them",
    ),
    (
        "caught only where the changed cell is among those repeated",
        "the same in few cells: cells are drawn by a seed that anybody may choose, so ask for more of them, "
        "and for another seed",
    ),
    (
        "not even then",
        "a design chosen after a look, where there is no git history, or one that was rewritten; a gate that "
        "was edited; pictures drawn by hand and sealed again; a bit of an encoder that changes no answer",
    ),
)
HELPS = (
    "verify --from-git COMMIT runs the gate as a commit has it, not as it lies here: name one you trust.",
    "The digest of the bundle, printed at the end of verify, is one number for everything published: kept "
    "elsewhere (a paper, a signed tag, an archive with a time stamp) it shows any later change.",
    "Whoever trains the study anew, on a machine of his own, needs to believe none of this.",
)
