"""A copy of the repository whose rooms only pretend to work, so that the whole chain runs in seconds.

Everything of `pipeline/` is the real thing; worlds, encoders, training and marking are a few lines each.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from polystilts import paths

ROOMS = {
    "sources/world/__init__.py": '''
from polystilts.files import write_json, write_text
from polystilts.tasks import TASKS
def write_world(folder, world_seed, tasks, languages, **knobs):
    write_text(folder / "corpus" / "alb.txt", f"text of world {world_seed}")
    for task in tasks:
        write_json(folder / "examples" / task / "train-alb.json", [world_seed, task, knobs["rows"]])
        for language in languages if TASKS[task].role == "target" else ():
            write_json(folder / "examples" / task / f"test-{language}.json", [world_seed, task, language])
''',
    "models/pretraining.py": '''
from polystilts.files import write_json
def make_encoder(folder, corpus, parameters, encoder_seed):
    text = (corpus / "alb.txt").read_text()
    write_json(folder / "encoder.json", [encoder_seed, text, parameters["hidden"]])
''',
    "training/stages.py": '''
import time
from polystilts import account
from polystilts.files import sha256_of_folder, write_json
def work(run):
    with account.spend("train", run.run_id, tokens=10):
        end = time.process_time() + PAUSE
        while time.process_time() < end:
            pass
def train_intermediate(folder, run, encoder, examples, parameters):
    work(run)
    write_json(folder / "model.json", [run.run_id, sha256_of_folder(encoder)])
def finetune_target(folder, run, task, start, examples, parameters):
    work(run)
    write_json(folder / "model.json", [run.run_id, task, sha256_of_folder(start)])
'''.replace("PAUSE", "0.05"),
    "pipeline/census.py": '''
from polystilts.files import write_text
BUDGET = ("rows", "updates", "labelled_tokens", "mlm_tokens", "flops")
def describe_languages(study):
    write_text(study.folder / "tables" / "languages.csv", "language\\n")
def languages_of(study):
    pass
''',
    "evaluation/predict.py": '''
import os
from polystilts.files import sha256_of_folder, write_json
def examine(folder, task, examples, parameters):
    write_json(folder / "dev.json", {"metric": "accuracy", "value": 50.0, "n": 1})
def predict_target(file, run, target, reader, examples, languages, parameters):
    if target == os.environ.get("FAILS_AT"):
        raise ValueError("no answer came to mind")
    write_json(file, [target, sha256_of_folder(reader)])
''',
}  # fmt: skip

COLLECT = """
def write_shortcuts(study):
    prepare_data(study)
def analyse(study):
    from polystilts.files import write_text
    write_text(study.folder / "summary.md", "It depends.\\n")
def collect_scores(study):
    predict_targets(study, study.runs[::-1])
    lines = []
    for run in study.runs:
        for target in study.target_tasks:
            text = (study.run_folder(run) / "predictions" / f"{target}.parquet").read_text()
            lines.append(f"{run.run_id},{target},{sum(map(ord, text)) % 100}.000000,1")
    from polystilts.files import write_text
    table = ["run_id,target_task,value,n", *sorted(lines), ""]
    write_text(study.folder / "tables" / "scores.csv", "\\n".join(table))
"""

CALLS = {
    "00_the_question": "1",
    "01_languages": "write_text(study.folder / 'tables' / 'languages.csv', 'language\\n')",
    "02_data_preparation": "stages.prepare_data(study)",
    "03_pretraining": "stages.make_encoders(study)",
    "04_intermediate_training": "stages.train_intermediates(study, share(study, study.runs, batch))",
    "05_target_finetuning": "stages.finetune_targets(study, share(study, study.runs, batch))",
    "06_zero_shot_transfer": "stages.predict_targets(study, share(study, study.runs, batch))\n"
    "if batch.startswith('1/'):\n    stages.collect_scores(study)",
    "07_xtreme_r_analysis": "write_text(study.folder / 'summary.md', 'It depends.\\n')",
    "08_what_we_learned": "print((study.folder / 'summary.md').read_text())",
}

CHAPTER = """# %% [markdown]
# # A chapter

# %% tags=["parameters"]
scale: str = "tiny"  # which study
tag: str = "lab"  # a folder of its own for trying things
batch: str = "1/1"  # which share of the runs
seeds: list = [0]  # the seeds of the runs

# %%
from polystilts.files import write_text
from polystilts.pipeline import stages
from polystilts.pipeline.study import open_study, share

study = open_study(scale, tag, seeds=seeds)

# %%
{call}
"""

UNUSED = {
    "seaborn", "torch", "polystilts.pipeline.reading", "polystilts.evaluation.shortcuts",
    "polystilts.evaluation.scores", "polystilts.evidence.conclude", "polystilts.gate.verdict",
}  # fmt: skip


def make_repository(root: Path, batches: int = 1) -> Path:
    """A repository with the real pipeline, pretended rooms and chapters of one call each."""
    package = root / "src" / "polystilts"
    shutil.copytree(paths.PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    for name, content in ROOMS.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(content)
    for room in ("sources", "models", "training", "evaluation"):
        (package / room / "__init__.py").write_text("")
    warm = package / "pipeline" / "warm.py"  # what the pretended rooms never import would take its time
    lines = warm.read_text().splitlines(keepends=True)
    warm.write_text("".join(line for line in lines if line.strip(' ",\n') not in UNUSED))
    stages = package / "pipeline" / "stages.py"
    stages.write_text(stages.read_text() + COLLECT)
    shutil.copytree(paths.PARAMS, root / "params")
    file = root / "params" / "tiny.yaml"
    file.write_text(file.read_text().replace("batches: 2", f"batches: {batches}"))
    (root / "notebooks").mkdir()
    for name, call in CALLS.items():
        (root / "notebooks" / f"{name}.py").write_text(CHAPTER.format(call=call))
    return root


def surroundings(root: Path) -> dict[str, str]:
    """An environment in which the copy is the package that is imported."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("POLYSTILTS_")}
    return inherited | {"PYTHONPATH": str(root / "src"), "POLYSTILTS_ROOT": str(root)}


def command(*arguments: str) -> list[str]:
    """The command line of the study."""
    return [sys.executable, "-m", "polystilts", *arguments]


def run(root: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Run the study of a copy to its end."""
    return subprocess.run(
        command("run", "--scale", "tiny", "--cores", "2", *arguments),
        cwd=root,
        env=surroundings(root),
        capture_output=True,
        text=True,
        timeout=240,
    )
