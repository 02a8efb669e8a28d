"""Features made once: arms and seeds that read the same rows share them while the process lives.

They are not kept on disk: making them takes about a fiftieth of the time of the training that reads them
(bench/README.md), and processes share only the rows of few arms.
"""

import pandas as pd

from polystilts.files import sha256
from polystilts.models.tokens import load_tokenizer, tokenizer_hash
from polystilts.tasks import Task
from polystilts.training.features import Features, make_features

MOST = 12  # sets of rows; the one asked for least recently goes first

_kept: dict[tuple, Features] = {}


def kept_features(task: Task, frame: pd.DataFrame, checkpoint: str, longest: int) -> Features:
    """The rows of a frame as ids, known by their content, the task, the tokenizer and the longest input."""
    content = sha256(frame.to_json(orient="split").encode())
    key = (task, content, tokenizer_hash(checkpoint), longest)
    found = _kept.pop(key, None)
    if found is None:
        found = make_features(task, frame, load_tokenizer(checkpoint), longest)
    _kept[key] = found  # now the latest
    if len(_kept) > MOST:
        del _kept[next(iter(_kept))]
    return found
