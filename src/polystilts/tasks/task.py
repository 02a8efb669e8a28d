"""What a task is: a name, a kind, a metric and its labels."""

from dataclasses import dataclass

# The five kinds. Each task has exactly one; a kind decides the columns of its examples, its output head and
# its metrics. Retrieval is trained, if at all, as a dual encoder.
KINDS = ("classification", "multiple_choice", "tagging", "question_answering", "retrieval")


@dataclass(frozen=True)
class Search:
    """How a retrieval task asks and what it may find, by the columns of its examples."""

    query: str  # the text that asks
    answer: str  # the text to be found
    candidate: str  # the name under which rankings report what was found
    match: str  # what a query and its right candidates have in common
    own_pool: bool = False  # candidates of the query's own file, else those of all languages in one pool
    source_side: str = ""  # "query" or "answer" where that side is of the source language, which is not asked
    entities: bool = False  # queries mark a mention; candidates are described in entities-<split>.parquet


@dataclass(frozen=True)
class Task:
    """One row of the study's task tables."""

    name: str
    title: str  # as the literature writes it
    kind: str  # one of KINDS
    metric: str  # the main metric, the one that gains are computed from
    role: str  # "intermediate", "target", or "training" (the English rows that a target is tuned on)
    question: str  # what a reader is asked, in one sentence
    labels: tuple[str, ...] = ()  # class names or tags, in the order of the output head
    first_labels: tuple[str, ...] = ()  # what a curriculum begins with, leaving the other labels out
    finetune_task: str = ""  # where the English training rows come from: a task, "none", or "" for its own
    choices: int = 0  # options per item of a multiple-choice task
    unanswerable: bool = False  # question answering whose answer may be missing
    normaliser: str = "squad"  # how answers to questions are compared: "squad" or "mlqa"
    search: Search | None = None  # of a retrieval task
    benchmark: str = ""  # of a target: "XTREME-R", "XTREME" (where XTREME-R dropped it), "further"
    items: str = ""  # the collection that its items come from, where practice and targets share one
    kept_from_text: bool = False  # are its items of every split kept out of the text that encoders read?

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"task {self.name}: unknown kind {self.kind!r}; kinds are {', '.join(KINDS)}")
        if (self.kind == "retrieval") != (self.search is not None):
            raise ValueError(f"task {self.name}: retrieval, and only retrieval, says how it searches")

    @property
    def training_task(self) -> str:
        """The task whose English rows fine-tune the encoder for this one (`none`: it is not tuned)."""
        return self.finetune_task or self.name

    def shuts_out(self, target: "Task") -> bool:
        """May this target not follow this task as practice, because both take their items from one place?"""
        return self.role == "intermediate" and bool(self.items) and self.items == target.items

    @property
    def chance(self) -> float:
        """The score (0–100) that guessing reaches on balanced items; 0 where guessing has no such score."""
        if self.kind == "classification":
            return 100 / len(self.labels)
        return 100 / self.choices if self.kind == "multiple_choice" else 0.0
