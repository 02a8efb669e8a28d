"""How a page is written: its first sentence, its figures, its tables."""

import warnings
from collections.abc import Sequence

import pandas as pd
from IPython.display import Image, Markdown, display
from matplotlib.figure import Figure

from polystilts import account
from polystilts.evidence.summary import is_world
from polystilts.figures.style import ARMS, arm_title, save
from polystilts.languages import LANGUAGES
from polystilts.pipeline.study import Run, Study

# A chapter shows no progress bars, so it need not be told that one could not be drawn.
warnings.filterwarnings("ignore", message="IProgress not found")

ARM = "intermediate training"  # the column that names the arm, in every table


def opening(study: Study, runs: Sequence[Run] = ()) -> str:
    """The first sentence of every page: which study this is, and whom its findings are about."""
    shared, world = study.scale.shared, is_world(study.name)
    source = language_name(shared["source_language"])
    counted = ", ".join(
        f"{len(set(values))} {word}{'s' * (len(set(values)) != 1)}"
        for word, values in (
            ("arm", [(run.strategy, run.intermediate_task, run.language_set) for run in study.runs]),
            ("seed", [run.seed for run in study.runs]),
            ("target task", study.target_tasks),
            ("language", shared["languages"]),
        )
    )
    whose = (
        f"**The languages are invented**, and what is found here is about them alone. {source} stands in the "
        f"place of English: where a name says *English*, {source} was read."
        if world
        else f"The languages are real; {source} is the source language."
    )
    part = (
        f" It trains {len(runs)} of the study's {len(study.runs)} runs, and shows all that are finished."
        if 0 < len(runs) < len(study.runs)
        else ""
    )
    return f"**This page was made at scale `{study.name}`**: {counted}.{part} {whose}"


def show(figure: Figure, study: Study, name: str, words: str, runs: int = 0, batch: str = "1/1") -> Markdown:
    """Save a figure under the name of its chapter, show it, and return its caption with where it comes from.

    The pictures of later batches get names of their own: the first batch is the one that is bound.
    """
    number = batch.partition("/")[0]
    file = study.folder / "figures" / f"{name}{'' if number == '1' else f'.batch-{number}'}.png"
    with account.spend("figures"):
        save(figure, file)
    display(Image(data=file.read_bytes(), format="png", width=700, alt=words))
    counted = f", {runs} run{'s' * (runs != 1)}" if runs else ""
    return Markdown(f"*{words} (Chapter {name[:2]}, scale {study.name}{counted}.)*")


def table(frame: pd.DataFrame, digits: int = 1) -> Markdown:
    """A table for readers: numbers to the right, rounded, and a plain sentence where there is nothing."""
    if frame.empty:
        return Markdown("*Nothing to show here at this scale.*")
    right = [pd.api.types.is_numeric_dtype(frame[column]) for column in frame]
    lines = [_row(frame.columns), _row("--:" if number else ":--" for number in right)]
    lines += [_row(_cell(value, digits) for value in row) for row in frame.itertuples(index=False)]
    return Markdown("\n".join(lines))


def _row(cells) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def _cell(value, digits: int) -> str:
    if isinstance(value, float):
        return "–" if pd.isna(value) else f"{value:,.{digits}f}".replace("-", "−")
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value).replace("|", "\\|").replace("\n", " ")


def language_name(code: str) -> str:
    """A language by its name, where the study knows it.

    >>> language_name("alb"), language_name("sw"), language_name("xx")
    ('Albish', 'Swahili', 'xx')
    """
    return LANGUAGES[code].name if code in LANGUAGES else code


def in_words(codes: Sequence[str]) -> str:
    """Languages by name, in a list.

    >>> in_words(["dor", "var"]), in_words([])
    ('Dorvan, Varazi', 'none')
    """
    return ", ".join(language_name(code) for code in codes) or "none"


def in_a_row(names: Sequence[str]) -> str:
    """Several things in a sentence.

    >>> in_a_row(["a", "b", "c"]), in_a_row(["a"]), in_a_row([])
    ('a, b and c', 'a', 'nothing')
    """
    *before, last = names or ["nothing"]
    return f"{', '.join(before)} and {last}" if before else last


def in_arm_order(runs: Sequence[Run]) -> list[Run]:
    """Runs in the order in which arms stand in every figure and table."""
    places = list(ARMS)
    return sorted(runs, key=lambda run: places.index(run.strategy))


def run_title(run: Run) -> str:
    """A run's arm in a reader's words."""
    return arm_title(run.strategy, run.intermediate_task, run.language_set)
