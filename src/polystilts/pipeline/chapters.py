"""The chapters in order: what each waits for, which rooms it uses, what it leaves for the reader."""

from dataclasses import dataclass
from functools import cache
from os.path import relpath
from pathlib import Path

from polystilts import paths
from polystilts.files import fingerprint, sha256
from polystilts.pipeline.study import Study

DATA = ("languages", "tasks", "sources")
LEARNING = (*DATA, "models", "training")

# These handle chapters, and are part of none.
DRIVING = ("alone", "answers", "book", "book_pages", "chapters", "cost", "documents", "drive", "engine",
           "forecast", "hold", "left", "mill", "plan", "progress", "published", "rates", "times", "verbs",
           "warm", "watch")  # fmt: skip


@dataclass(frozen=True)
class Chapter:
    """One notebook, one question."""

    name: str
    needs: tuple[str, ...]  # chapters that must be finished before
    rooms: tuple[str, ...]  # a change in these rooms makes the chapter run again
    writes: tuple[str, ...] = ()  # what it alone writes, for every reader of the study
    batched: bool = False  # may be split into jobs, each with a share of the runs

    @property
    def section(self) -> str:
        """The section of a scale file that holds its knobs."""
        return self.name.partition("_")[2]

    @property
    def learns(self) -> bool:
        """Whether its work is that of a model: it uses a GPU where there is one."""
        return "training" in self.rooms or self.section == "pretraining"

    @property
    def script(self) -> Path:
        """The notebook as reviewed text."""
        return paths.NOTEBOOKS / f"{self.name}.py"


CHAPTERS = (
    Chapter("00_the_question", (), ("languages", "tasks", "evidence", "figures")),
    # Its table counts subwords, so it is read before the encoder is made and run after.
    Chapter("01_languages", ("03_pretraining",), (*DATA, "models", "figures"), ("tables/languages.csv",)),
    Chapter("02_data_preparation", (), (*DATA, "evaluation", "figures")),
    Chapter("03_pretraining", ("02_data_preparation",), (*DATA, "models", "evaluation", "figures")),
    Chapter("04_intermediate_training", ("03_pretraining",), (*LEARNING, "figures"), batched=True),
    Chapter("05_target_finetuning", ("04_intermediate_training",), (*LEARNING, "figures"), batched=True),
    Chapter(
        "06_zero_shot_transfer",
        ("05_target_finetuning",),
        (*LEARNING, "evaluation", "statistics", "figures"),
        ("tables/scores.csv", "tables/budget.csv"),
        batched=True,
    ),
    Chapter(
        "07_xtreme_r_analysis",
        ("01_languages", "06_zero_shot_transfer"),
        ("languages", "tasks", "statistics", "evidence", "figures"),
        ("tables/gains.csv", "claims.json", "summary.md"),
    ),
    Chapter("08_what_we_learned", ("07_xtreme_r_analysis",), ("statistics", "evidence", "figures")),
)
BY_NAME = {chapter.name: chapter for chapter in CHAPTERS}

# The stages of work, and the chapter that shows each.
CHAPTER_OF_STAGE = {
    "world": "02_data_preparation",
    "encoder": "03_pretraining",
    "intermediate": "04_intermediate_training",
    "finetune": "05_target_finetuning",
    "predict": "06_zero_shot_transfer",
    "labels": "06_zero_shot_transfer",
    "shortcuts": "02_data_preparation",
}


@dataclass(frozen=True)
class Job:
    """One execution of a chapter, with its share of the runs."""

    chapter: Chapter
    number: int
    batches: int

    @property
    def name(self) -> str:
        """The name of the job and of its stamp."""
        return f"{self.chapter.name}.{self.number}"

    @property
    def batch(self) -> str:
        """Its share of the runs, as the notebook takes it."""
        return f"{self.number}/{self.batches}"

    def stamp(self, study: Study) -> Path:
        """The file that says the job is done."""
        return study.folder / ".done" / f"{self.name}.json"

    def notebook(self, study: Study) -> Path:
        """The executed notebook; the first batch is the chapter that is read."""
        suffix = "" if self.number == 1 else f".batch-{self.number}"
        return study.folder / "chapters" / f"{self.chapter.name}{suffix}.ipynb"


def batches_of(chapter: Chapter, study: Study) -> int:
    """Into how many jobs a chapter is split: at most one a run."""
    return min(study.scale.shared["batches"], len(study.runs)) if chapter.batched else 1


def jobs_of(study: Study) -> list[Job]:
    """All jobs of a study, in the order of the chapters."""
    jobs = []
    for chapter in CHAPTERS:
        batches = batches_of(chapter, study)
        jobs += [Job(chapter, number, batches) for number in range(1, batches + 1)]
    return jobs


def needed_jobs(job: Job, study: Study) -> list[Job]:
    """The jobs a job waits for: batches wait batch by batch.

    The first batch of the last batched chapter collects the scores of all runs, so it waits for the training
    of all; what the other batches have not predicted by then, it predicts itself.
    """
    collects = "tables/scores.csv" in job.chapter.writes and job.number == 1
    needed = []
    for chapter in map(BY_NAME.get, job.chapter.needs):
        batches = batches_of(chapter, study)
        same = job.chapter.batched and chapter.batched and not collects
        numbers = [job.number] if same else range(1, batches + 1)
        needed += [Job(chapter, number, batches) for number in numbers]
    return needed


def made_from(job: Job, study: Study) -> str:
    """A fingerprint of all that decides what a job shows: its share of the runs, and its sources' text."""
    return fingerprint([job.batch, sources_hash(tuple(sources_of(job.chapter, study)))])


@cache
def sources_hash(sources: tuple[Path, ...]) -> str:
    """A fingerprint of files, read once by a process: its jobs are made from what was there when it began.

    Files are named from the repository on, so that a study may be moved.
    """
    return fingerprint({relpath(path, paths.REPOSITORY): sha256(path) for path in sources if path.exists()})


def sources_of(chapter: Chapter, study: Study) -> list[Path]:
    """The files a chapter is made from: its script, its scale, and the code of its rooms."""
    variant = study.folder / "params.yaml"
    scale = variant if study.tag else paths.PARAMS / f"{study.scale.name}.yaml"
    code = [paths.PACKAGE / "files.py"]
    code += sorted(f for f in (paths.PACKAGE / "pipeline").rglob("*.py") if f.stem not in DRIVING)
    for room in chapter.rooms:
        code += sorted((paths.PACKAGE / room).rglob("*.py"))
    return [chapter.script, scale, *code]
