"""How far a study can see: what its seeds and its worlds could have shown at all."""

from dataclasses import replace

import pandas as pd

from polystilts import paths
from polystilts.errors import StudyError
from polystilts.pipeline.params import load_scale
from polystilts.pipeline.study import Study
from polystilts.sources.allotments import low_resource_of
from polystilts.statistics.compare import compared
from polystilts.statistics.simulate import Design, detectable, simulated, with_world
from polystilts.statistics.spreads import Spreads, measured_spreads
from polystilts.statistics.tables import read_table
from polystilts.tasks import TASKS


def spreads_of(study: Study, scores: pd.DataFrame) -> tuple[Spreads | None, str]:
    """The spreads measured on this study, or else on the demo, and a sentence on where they come from."""
    tables = {study.name: (scores, low_resource_of(study.scale.shared))}
    demo = paths.OUTPUTS / "demo" / "tables" / "scores.csv"
    if study.name != "demo" and demo.exists():
        tables["demo"] = (read_table(demo), load_scale("demo").shared["low_resource"])
    for name, (table, low) in tables.items():
        try:
            found = measured_spreads([table], low, *compared(table))
        except StudyError:
            continue
        at_most = "not known, with one world" if found.worlds < 2 else f"at most {found.world_at_most:.1f}"
        return found, (
            f"Spreads were measured at scale `{name}`, on {found.seeds} seeds of {found.worlds} "
            f"world{'s' * (found.worlds != 1)}; the spread between worlds is {at_most}."
        )
    return None, "No spread could be measured: that takes two seeds of a world."


SIZES = ((1, 3, 1), (1, 5, 1), (6, 1, 1), (6, 2, 1), (12, 1, 1), (12, 2, 1), (12, 2, 2), (20, 2, 1))
BETWEEN = 1.0  # points between worlds in the table: a middle guess, for few worlds cannot measure it


def simulated_table(study: Study, spreads: Spreads | None, studies: int = 4000) -> pd.DataFrame:
    """Drawn studies of several sizes, read by the study's statistics: false alarms, coverage and power.

    One row a size: worlds, seeds in each, low-resource languages. With one world its seeds are the units, and
    the truth is that of its own world. The Monte Carlo error of five percent is a third of a percent.
    """
    if spreads is None:
        return pd.DataFrame()
    base, rows = design_of(study), []
    for worlds, seeds, times in SIZES:
        design = replace(base, worlds=worlds, seeds=seeds, languages=times * base.languages)
        known = with_world(spreads, BETWEEN if worlds > 1 else 0.0)
        found = simulated([design], known, (0.0, 1.0, 2.0), studies).set_index("effect")
        rows.append((worlds, seeds, design.languages, 100 * found["called"][0.0], 100 * found["covered"][0.0],
                     100 * found["called"][1.0], 100 * found["called"][2.0], studies))  # fmt: skip
    columns = ["worlds", "seeds in each", "languages", "false alarms (%)", "truth in the interval (%)",
               "see 1 point (%)", "see 2 points (%)", "studies drawn"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def design_of(study: Study) -> Design:
    """The study's own targets, intermediate tasks and number of low-resource languages, made even."""
    treatment, _ = compared(pd.DataFrame({"strategy": [run.strategy for run in study.runs]}))
    tasks = {run.intermediate_task for run in study.runs if run.strategy == treatment} & set(TASKS)
    return Design(
        languages=max(2, 2 * (len(study.scale.shared["low_resource"]) // 2)),
        target_tasks=tuple(study.target_tasks),
        intermediate_tasks=tuple(sorted(tasks)) or ("squad_v1",),
    )


def detectable_table(study: Study, spreads: Spreads | None) -> pd.DataFrame:
    """What studies of other sizes could see, with these targets and languages; empty if nothing is known."""
    if spreads is None:
        return pd.DataFrame(columns=["between_worlds", "seeds", "worlds", "effect"])
    return detectable(spreads, design_of(study))


def own_size(study: Study) -> tuple[int, int]:
    """How many worlds the study has, and seeds in each."""
    return len(study.scale.shared["world_seeds"]), len(study.scale.shared["seeds"])
