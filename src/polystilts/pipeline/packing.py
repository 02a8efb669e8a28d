"""Predictions of a finished study in two thirds of their bytes, and still those that its runs left.

A packed file holds the same rows, so written again as runs write them they are the same bytes as before. That
is how the gate knows them.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from polystilts.files import whole_file

LEVEL = 19  # of zstd: slow to write, as fast to read as any other


def pack_predictions(folder: Path) -> None:
    """Pack every prediction file below a folder of outputs."""
    for file in sorted(Path(folder).glob("runs/*/predictions/*.parquet")):
        pack(file)


def pack(file: Path) -> None:
    """Write one table again, smaller: identifiers by what differs from the row above, no index of pandas."""
    table = pq.read_table(file)
    words = [field.name for field in table.schema if _is_text(field.type)]
    with whole_file(file) as draft:
        pq.write_table(
            table.replace_schema_metadata(None), draft, compression="zstd", compression_level=LEVEL,
            use_dictionary=False, write_statistics=False,
            column_encoding=dict.fromkeys(words, "DELTA_BYTE_ARRAY"),
        )  # fmt: skip


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)
