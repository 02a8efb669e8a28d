"""What of a study is left to do, told alike by `plan`, `status` and `run`, without doing any of it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from polystilts.errors import StudyError
from polystilts.pipeline import stages
from polystilts.pipeline.cells import surveyed, variants
from polystilts.pipeline.chapters import Job, jobs_of, needed_jobs
from polystilts.pipeline.hold import broken_chapters, reason_to_repeat
from polystilts.pipeline.study import Study


@dataclass(frozen=True)
class Left:
    """The jobs that are left, each with the reason if it was done before, and the cells that are left."""

    jobs: Mapping[Job, str]
    cells: Mapping[tuple[str, str], bool] | None  # by stage and key, whether it is left; none if all are

    def has(self, stage: str, key: str) -> bool:
        """Whether a piece of work is left."""
        return bool(self.jobs) and (self.cells is None or self.cells.get((stage, key), True))

    def counts(self, whole: Mapping[str, int]) -> Counter:
        """How many pieces of work of each stage are left, of as many as there are."""
        if not self.jobs:
            return Counter(dict.fromkeys(whole, 0))
        if self.cells is None:
            return Counter(whole)
        return Counter({stage: sum(left for (of, _), left in self.cells.items() if of == stage)
                        for stage in whole})  # fmt: skip


def left_of(study: Study) -> Left:
    """What a run of this study would do now."""
    return Left(jobs_left(study), cells_left(study))


def jobs_left(study: Study) -> dict[Job, str]:
    """The jobs that a run would start, and why: never done, to be repeated, or behind one of these."""
    left: dict[Job, str] = {}
    broken = broken_chapters(study)
    waiting = jobs_of(study)
    for job in waiting:
        if not job.stamp(study).exists():
            left[job] = ""
        elif why := reason_to_repeat(study, job, broken):
            left[job] = why
    while behind := [job for job in waiting if job not in left
                     and any(other in left for other in needed_jobs(job, study))]:  # fmt: skip
        left |= dict.fromkeys(behind, "what it reads is made again")
    return {job: left[job] for job in waiting if job in left}


def cells_left(study: Study) -> dict[tuple[str, str], bool] | None:
    """For each piece of work whether it is left: done neither here nor in another variant of the scale.

    Nothing is told where nothing was done yet, or where data are asked for that are not at hand: all is left.
    """
    if not any((folder / ".done" / "cells").is_dir() for folder in (study.folder, *variants(study))):
        return None
    try:
        with surveyed() as survey:
            stages.predict_targets(study, study.runs)
            stages.write_labels(study)
    except StudyError:
        return None
    return survey.asked
