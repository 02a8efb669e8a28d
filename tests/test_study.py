"""The stages with their real rooms, at the smallest scale: from nothing to a table of scores."""

import pandas as pd
import pytest

from polystilts import paths
from polystilts.files import read_json, sha256
from polystilts.pipeline import stages
from polystilts.pipeline.study import open_study

SMALL = {
    "seeds": [0],
    "arms": ["none", "english:squad_v2"],
    "target_tasks": ["udpos", "xquad", "tatoeba"],
    "pretraining.updates": 20,
    "intermediate_training.updates": 4,
    "target_finetuning.updates": {"udpos": 4, "qa_train": 4},
    "documents": {"high": 60, "low": 30},
    "rows": {"intermediate": 64, "target": 64, "dev": 12, "test": 12},
}


@pytest.mark.slow
def test_the_real_rooms_fit_together(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "OUTPUTS", tmp_path)
    study = open_study("tiny", "small", **SMALL)
    stages.collect_scores(study)
    file = study.folder / "tables" / "scores.csv"
    scores = pd.read_csv(file)
    assert set(scores["target_task"]) == {"udpos", "xquad", "tatoeba", "squad_v2"}
    assert set(scores["language"]) == set(study.scale.shared["languages"])
    assert scores["value"].between(0, 100).all()
    assert set(scores.loc[scores["split"] == "dev", "target_task"]) == {"squad_v2"}
    for run in study.runs:
        assert read_json(study.run_folder(run) / "run.json")["run_id"] == run.run_id
    before = sha256(file)
    stages.collect_scores(study)
    assert sha256(file) == before
