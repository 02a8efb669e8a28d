"""An encoder that somebody else pretrained, taken over in the form of one that the study makes itself."""

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from polystilts import account
from polystilts.errors import StudyError
from polystilts.files import whole_folder, write_json, write_table
from polystilts.models.e5_package import save_packaged
from polystilts.models.encoder import fetch_encoder
from polystilts.models.pretraining import read_corpus
from polystilts.models.tokens import fertility, load_tokenizer
from polystilts.models.trimming import trim_vocabulary
from polystilts.sources.catalogue import ENCODERS
from polystilts.sources.packages import download_package, packaged_file

GIB = 2**30
SAMPLE = 2000  # lines of each language that fertility is measured on


def take_encoder(
    folder: Path,
    name: str,
    corpus_folder: Path,
    pretrained_gib: dict[str, float],
    texts: Iterable[str],
    revision: str | None = None,
    root: Path | None = None,
) -> Path:
    """Leave a ready-made encoder with the record that the study's own ones have: `pretraining.json`.

    `name` is a folder or a hub id, `pretrained_gib` the published amount of text in each language. The
    vocabulary is trimmed to `texts`, which are all that the study reads. Subwords of the pretraining text are
    estimated: its bytes, over the bytes of a subword in our own text of the language. The learning curve is
    empty, for nobody here saw it. `root` is the data root, where a package may lie.
    """
    with account.spend("io"), whole_folder(folder) as draft:
        came_from = bring_encoder(draft, name, revision, root)
        trim_vocabulary(draft, texts)
        tokenizer = load_tokenizer(draft)
        cut, per_byte = {}, {}
        for language, lines in read_corpus(corpus_folder).items():
            sample = [line for line in lines[:SAMPLE] if line] or ["-"]
            cut[language] = round(fertility(tokenizer, sample), 4)
            words, size = sum(len(line.split()) for line in sample), len("".join(sample).encode())
            per_byte[language] = cut[language] * words / size
        estimate = {code: round(pretrained_gib.get(code, 0.0) * GIB * per_byte[code]) for code in per_byte}
        write_table(draft / "pretraining.csv",
                    pd.DataFrame(columns=["update", "loss", "tokens", "learning_rate"]))  # fmt: skip
        write_json(draft / "pretraining.json", {
            "ready_made": name, "revision": revision, "came_from": came_from, "vocabulary": len(tokenizer),
            "fertility": cut, "text_tokens": estimate, "tokens": estimate, "estimated": True,
        })  # fmt: skip
    return folder


def bring_encoder(folder: Path, name: str, revision: str | None, root: Path | None) -> str:
    """Leave an encoder in a folder and say where it came from.

    One that a package carries too is read from that file where the data root has it, else from the hub, else
    from the package index. Raises StudyError, with the reasons, where it is nowhere.
    """
    row = next((row for row in ENCODERS.values() if row.hub_id == name), None)
    if row is None or row.package is None:
        fetch_encoder(name, folder, revision)
        return f"{name}@{revision}" if revision else str(name)
    pinned = f"{row.package.name} {row.package.version}, {row.package.member}"
    if file := packaged_file(row.package, root):
        save_packaged(row, file, folder)
        return pinned
    try:
        fetch_encoder(name, folder, revision)
        return f"{name}@{revision}"
    except StudyError as nowhere:
        with TemporaryDirectory() as scratch:
            try:
                file = download_package(row.package, Path(scratch))
            except StudyError as neither:
                raise StudyError(f"{nowhere}; and {neither}") from None
            save_packaged(row, file, folder)
    return pinned
