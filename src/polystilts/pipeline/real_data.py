"""Real data and ready-made encoders as pieces of work of a study."""

import os
from dataclasses import asdict
from pathlib import Path

from polystilts.errors import WrongUse
from polystilts.files import fingerprint, sha256_of_folder
from polystilts.languages import LANGUAGES
from polystilts.pipeline.cells import code_hash, contents, finish, versions
from polystilts.pipeline.inputs import real_parameters, world_seeds
from polystilts.pipeline.study import Run, Study
from polystilts.sources.catalogue import ENCODERS, UNPINNED, hub_rows
from polystilts.sources.doors import files_asked, open_door, rows_of
from polystilts.sources.formats.rows import paths_of
from polystilts.tasks import STRATEGIES, TASKS, parse_arm

SHOWN = 3  # missing files that are named
ENCODER_FILES = ("config.json", "model.safetensors", "tokenizer.json")  # what a folder must hold


def data_root() -> Path | None:
    """The root of the real data sets: DATA= of the command line, which jobs are told as POLYSTILTS_DATA."""
    named = os.environ.get("POLYSTILTS_DATA", "")
    return Path(named) if named else None


def require_root(study: Study, root: Path | None) -> None:
    """Refuse a root of real data that is no folder, or lacks files that the study reads: all in one line."""
    if root is None:
        return
    if not root.is_dir():
        raise WrongUse(f"{root} is not a folder; name the root of the real data sets by --data, or by "
                       "POLYSTILTS_DATA in the environment")  # fmt: skip
    found = {place: there for asked in reads(study) for place, there in places(study, root, *asked).items()}
    missing = [place for place, there in found.items() if not there]
    if missing:
        more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
        of_files = study.scale.shared["source"] == "files"
        remedy = "`data fetch` gets them" if of_files else "complete the mirror"
        raise WrongUse(f"{root} lacks {len(missing)} of {len(found)} files that {study.name} reads: "
                       f"{', '.join(missing[:SHOWN])}{more}; {remedy}, or name another root, or leave their "
                       "tasks or languages out")  # fmt: skip


def reads(study: Study) -> list[tuple[str, str, str, str]]:
    """Task, split, language and role of what preparing the data of a study cannot do without.

    Where no data are listed for one of them, nothing is read.
    """
    parameters, asked = real_parameters(study), []
    source, languages = parameters["source_language"], parameters["languages"]
    others = [code for code in languages if code not in (source, *parameters["tested_only"])]
    for task in parameters["tasks"]:
        row = TASKS[task]
        if row.role == "target":
            splits = ("test", "dev") if row.metric == "bucc_f1" else ("test",)
            beside = row.search and row.search.source_side  # the others are asked beside the source language
            codes = [code for code in languages if code != source or not beside]
            asked += [(task, split, code, "original") for code in codes for split in splits]
        if row.role != "target" or row.training_task == task:
            asked += [(task, split, source, "original") for split in ("train", "dev")]
    for arm in map(parse_arm, parameters["arms"]):
        what = STRATEGIES[arm.strategy].reads if arm.language_set else ""
        if what == "native":
            asked += [(arm.intermediate_task, "native", code, "original") for code in others]
        elif what == "translated":
            asked += [(arm.intermediate_task, "train", code, "translated") for code in others]
    if max(parameters["documents_by_resource"].values()) and study.scale.shared["source"] == "hub":
        asked += [("text", "train", code, "original") for code in (source, *others)]
    return asked


def places(study: Study, root: Path, task: str, split: str, language: str, role: str) -> dict[str, bool]:
    """Where below a root some examples lie, and whether they are there; nothing where none are listed."""
    if study.scale.shared["source"] == "hub":
        found = {}
        for row in hub_rows(task, split, language, role):
            folder = f"{row.hub_id}/{row.config.format(row.languages[language])}"
            for name in row.splits[split].split("+"):
                forms = (f"{name}.parquet", f"{name}-*.parquet")
                found[f"{folder}/{name}.parquet"] = any(any((root / folder).glob(form)) for form in forms)
        return found
    rows = rows_of(task, split if role == "original" else role, language, study.scale.name)
    if not rows or rows[0].format == "refused":
        return {}
    return {rows[0].path: any(paths_of(root, row) for row in rows)}


def require_real(study: Study) -> None:
    """Refuse a scale of real data in one line: no root, arms without data, an encoder that is not there."""
    shared = study.scale.shared
    prepared = all((study.world_folder(seed) / "data_card.json").exists() for seed in world_seeds(study))
    if not prepared:
        open_door(shared["source"], data_root(), study.scale["data_preparation"]["unpinned"])
    for name in shared["arms"]:
        arm = parse_arm(name)
        others = [code for code in shared["languages"] if code != shared["source_language"]]
        translates = arm.language_set and STRATEGIES[arm.strategy].reads == "translated"
        if translates and arm.intermediate_task and not any(
            hub_rows(arm.intermediate_task, "train", code, "translated") if shared["source"] == "hub"
            else rows_of(arm.intermediate_task, "translated", code, study.scale.name) for code in others
        ):  # fmt: skip
            raise WrongUse(f"arm {name}: there is no real translated {arm.intermediate_task} in any language "
                           "of this study; use code-switched, or drop the arm")  # fmt: skip
    if not study.scale["pretraining"]["updates"]:
        encoder_source(study)
    require_root(study, data_root())


def prepare_real(study: Study) -> None:
    """Write the real data of the study, once for each allotment of text."""
    shared = study.scale.shared
    root, parameters = data_root(), real_parameters(study)
    if root is None and shared["source"] == "files":
        return  # they were prepared before, or `require_real` would have refused
    given = files_asked(shared["source"], root, [*parameters["tasks"]], parameters["languages"],
                        study.scale.name)  # fmt: skip
    for seed in world_seeds(study):
        finish(
            study, "world", f"w{seed}",
            {
                "parameters": parameters,
                "allotment": seed,
                "files": fingerprint(given),
                "code": code_hash("polystilts.sources.real"),
                "versions": versions("numpy", "pandas"),
            },
            lambda draft, seed=seed: write_data(study, draft, root, seed),
            study.world_folder(seed), "data",
        )  # fmt: skip


def write_data(study: Study, folder: Path, root: Path | None, seed: int, refuse: bool = True) -> dict:
    """Write the real data of one allotment and return their card; a leak is refused, or only counted."""
    from polystilts.sources.real import write_real

    parameters = real_parameters(study)
    arms = [parse_arm(name) for name in parameters.pop("arms")]
    shared, knobs = study.scale.shared, study.scale["data_preparation"]
    door = open_door(shared["source"], root, knobs["unpinned"], study.scale.name)
    return write_real(folder, door, seed, arms=arms, refuse_leaks=refuse, **parameters)


def encoder_source(study: Study) -> tuple[str, str | None]:
    """Where a ready-made encoder lies: a folder, or an id on the hub and its commit.

    Raises WrongUse for a name that is neither, for a folder without the files of an encoder, and for a hub
    model without a pinned commit unless the scale reads unpinned data.
    """
    name = study.scale.shared["encoder"]
    if Path(name).is_dir():
        missing = [file for file in ENCODER_FILES if not (Path(name) / file).is_file()]
        if missing:
            raise WrongUse(f"encoder {name}: no {', '.join(missing)} in that folder; save the model there "
                           "with save_pretrained, as safetensors")  # fmt: skip
        return str(Path(name).resolve()), None
    if name not in ENCODERS:
        raise WrongUse(f"no encoder is called {name!r}; there are {', '.join(ENCODERS)}, and any folder that "
                       "holds one; pretraining.updates above 0 makes one")  # fmt: skip
    row = ENCODERS[name]
    if row.revision == UNPINNED and not study.scale["data_preparation"]["unpinned"]:
        raise WrongUse(f"encoder {name}: no commit of {row.hub_id} is pinned; download it and name its "
                       "folder (encoder=FOLDER), or set unpinned: true")  # fmt: skip
    return row.hub_id, None if row.revision == UNPINNED else row.revision


def take_encoders(study: Study) -> None:
    """Take over the ready-made encoder that the runs start from, with the record of its own pretraining."""
    place, revision = encoder_source(study)
    row = next((asdict(row) for row in ENCODERS.values() if row.hub_id == place), None)
    identity = fingerprint(sha256_of_folder(Path(place))) if Path(place).is_dir() else [place, revision, row]
    gib = {code: LANGUAGES[code].xlmr_gib for code in study.scale.shared["languages"]}
    for run in {run.encoder_id: run for run in study.runs}.values():

        def work(draft: Path, run: Run = run) -> None:
            from polystilts.models.ready import take_encoder
            from polystilts.training.texts import texts_of

            world = study.world_folder(run.world_seed)
            texts = texts_of(world, study.scale.shared["source_language"])
            take_encoder(draft, place, world / "corpus", gib, texts, revision, data_root())

        finish(
            study, "encoder", run.encoder_id,
            {
                "encoder": identity,
                "pretrained_gib": gib,
                "data": contents(study, "world", f"w{run.world_seed}", "corpus/", "examples/", "lexicons/"),
                "code": code_hash("polystilts.models.ready", "polystilts.training.texts"),
                "versions": versions("safetensors", "sentencepiece", "tokenizers", "torch", "transformers"),
            },
            work, study.encoder_folder(run), "io",
        )  # fmt: skip
