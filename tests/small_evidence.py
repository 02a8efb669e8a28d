"""A whole small study to be verified: real training, a few updates of it, in a repository of its own."""

import shutil
from pathlib import Path

import pytest
import yaml

from polystilts import paths
from polystilts.files import write_table

SMALL = {
    "target_tasks": ["udpos", "xquad", "tatoeba"],
    "pretraining": {"updates": 20},
    "intermediate_training": {"updates": 4},
    "data_preparation": {
        "documents": {"high": 60, "low": 30},
        "rows": {"intermediate": 64, "target": 64, "dev": 12, "test": 12},
    },
}
README = "# A study\n\nIt asks one question in 9 chapters.\n"
CHAPTER = (
    '# %% [markdown]\n# # A chapter\n# Numbers are printed, never typed.\n\n# %%\nwords = "One row a run."\n'
)


def small_parameters(world_seed: int = 0) -> dict:
    """The parameters of tiny, with less of everything."""
    sections = yaml.safe_load((paths.REPOSITORY / "params" / "tiny.yaml").read_text(encoding="utf-8"))
    sections["shared"]["target_tasks"] = SMALL["target_tasks"]
    sections["shared"]["world_seeds"] = [world_seed]
    for section in ("pretraining", "intermediate_training", "data_preparation"):
        sections[section].update(SMALL[section])
    updates = sections["target_finetuning"]["updates"]
    sections["target_finetuning"]["updates"] = dict.fromkeys(updates, 4)
    return sections


def make_repository(root: Path, world_seed: int = 0) -> Path:
    """A repository at `root` with the outputs of one small study; returns their folder."""
    source = paths.REPOSITORY
    (root / "params").mkdir(parents=True)
    (root / "notebooks").mkdir()
    (root / "src").mkdir()
    for name in ("params/hypotheses.yaml", "references.bib"):
        shutil.copy(source / name, root / name)
    (root / "params" / "tiny.yaml").write_text(yaml.safe_dump(small_parameters(world_seed), sort_keys=False))
    (root / "README.md").write_text(README)
    (root / "notebooks" / "00_a_chapter.py").write_text(CHAPTER)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("PARAMS", "OUTPUTS"):
            patch.setattr(paths, name, root / name.lower())
        patch.setattr(paths, "REPOSITORY", root)
        patch.setenv("OMP_NUM_THREADS", "1")
        return run_stages()


def run_stages() -> Path:
    """The work of every chapter without its pages."""
    from polystilts.pipeline import census, stages
    from polystilts.pipeline.census import budget_of
    from polystilts.pipeline.study import open_study

    study = open_study("tiny")
    stages.collect_scores(study)
    census.describe_languages(study)
    write_table(study.folder / "tables" / "budget.csv", budget_of(study, study.runs))
    stages.analyse(study)
    return study.folder
