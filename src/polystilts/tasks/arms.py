"""The arms of the study: what happens between pretraining and the target task, one row each."""

from dataclasses import dataclass

from polystilts.errors import WrongUse

LANGUAGE_SETS = ("A", "B")


@dataclass(frozen=True)
class Strategy:
    """One way to spend the intermediate budget. Contract of the arms: equal rows, updates and batch size."""

    name: str
    sentence: str  # what is done, for readers
    labelled: bool  # does it read labelled rows before the target task?
    needs_task: bool  # does it name one intermediate task?
    needs_language_set: bool  # does it draw on languages other than the source language?
    masked_lm: bool = False  # does it read unlabelled text before the target task?
    forgets: bool = False  # does it start from random weights instead of the pretrained ones?
    multilingual: bool = False  # one of the study's "multilingual strategies"
    control: bool = False
    reads: str = "translated"  # of other languages: `translated` or `native` rows, or a `lexicon`


STRATEGIES: dict[str, Strategy] = {
    row.name: row
    for row in (
        Strategy("none", "no intermediate training: the baseline", False, False, False),
        Strategy("none-long", "no intermediate training, but target training lengthened by its updates",
                 False, False, False, control=True),
        Strategy("untrained", "no pretraining either: an encoder of the same shape with random weights",
                 False, False, False, forgets=True, control=True),
        Strategy("mlm-english", "masked language modelling on source-language text", False, False, False,
                 masked_lm=True, control=True),
        Strategy("mlm-multilingual", "masked language modelling on the text of all languages", False, False,
                 False, masked_lm=True, control=True),
        Strategy("shuffled", "source-language rows whose labels are permuted", True, True, False,
                 control=True),
        Strategy("shuffled-translated", "the rows of `translated`, their labels permuted", True, True, True,
                 control=True),
        Strategy("english", "source-language rows (Phang et al. 2020)", True, True, False),
        Strategy("multitask-english", "source-language rows of all intermediate tasks, same total", True,
                 False, False),
        Strategy("translated", "the same rows as `english`, the language drawn per row", True, True, True,
                 multilingual=True),
        Strategy("native", "other rows of the same task, not translations, in several languages", True, True,
                 True, multilingual=True, reads="native"),
        Strategy("code-switched", "the rows of `english`, words replaced through lexicons", True, True, True,
                 multilingual=True, reads="lexicon"),
        Strategy("english+mlm", "source-language rows, with multilingual masked LM updates beside them", True,
                 True, False, masked_lm=True),
        Strategy("multitask-translated", "rows of all intermediate tasks, the language drawn per row", True,
                 False, True, multilingual=True),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Arm:
    """A strategy with its intermediate task and language set; empty strings stand for what is absent."""

    strategy: str
    intermediate_task: str = ""
    language_set: str = ""

    def __str__(self) -> str:
        return ":".join(part for part in (self.strategy, self.intermediate_task, self.language_set) if part)


def parse_arm(text: str) -> Arm:
    """Read `strategy[:intermediate_task][:language_set]`, as the scale files write an arm.

    >>> parse_arm("code-switched:squad_v2:B")
    Arm(strategy='code-switched', intermediate_task='squad_v2', language_set='B')
    >>> parse_arm("none")
    Arm(strategy='none', intermediate_task='', language_set='')
    """
    from polystilts.tasks.intermediate import INTERMEDIATE_TASKS, TRANSLATED_TASKS

    name, *rest = str(text).split(":")
    strategy = STRATEGIES.get(name)
    if strategy is None:
        raise WrongUse(f"arm {text!r}: unknown strategy {name!r}; strategies are {', '.join(STRATEGIES)}")
    task = rest.pop(0) if strategy.needs_task and rest else ""
    language_set = rest.pop(0) if strategy.needs_language_set and rest else ""
    known = [row.name for row in (*INTERMEDIATE_TASKS, *TRANSLATED_TASKS)]
    if strategy.needs_task and task not in known:
        raise WrongUse(f"arm {text!r} needs an intermediate task after {name}:; tasks are {', '.join(known)}")
    if strategy.needs_language_set and language_set not in LANGUAGE_SETS:
        raise WrongUse(f"arm {text!r} needs a language set at its end; sets are {', '.join(LANGUAGE_SETS)}")
    if rest:
        raise WrongUse(f"arm {text!r} says more than {name} takes; leave out {':'.join(rest)!r}")
    return Arm(name, task, language_set)
