"""Ready-made encoders by the name they have on the hub. Adding one is adding a row."""

from dataclasses import dataclass

from polystilts.sources.catalogue.hub import UNPINNED


@dataclass(frozen=True)
class Encoder:
    """One pretrained encoder: whose it is, how large, and which commit of it is meant."""

    name: str
    hub_id: str
    parameters: int
    layers: int
    revision: str = UNPINNED


# Sizes: config.json of each model and Conneau et al. 2020, table 5; Devlin et al. 2019 (multilingual.md).
ENCODERS: dict[str, Encoder] = {
    row.name: row
    for row in (
        Encoder("xlm-roberta-base", "FacebookAI/xlm-roberta-base", 278_000_000, 12),
        Encoder("xlm-roberta-large", "FacebookAI/xlm-roberta-large", 560_000_000, 24),
        Encoder("bert-base-multilingual-cased", "google-bert/bert-base-multilingual-cased", 178_000_000, 12),
    )
}
