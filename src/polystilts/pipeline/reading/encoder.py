"""What an encoder knows before any task: its loss, its vocabulary, and which translations find each other."""

import pandas as pd

from polystilts import account
from polystilts.files import read_json
from polystilts.languages import LANGUAGES
from polystilts.pipeline.inputs import asked_languages
from polystilts.pipeline.reading.cards import one_meaning
from polystilts.pipeline.reading.page import language_name
from polystilts.pipeline.study import Study
from polystilts.tasks import TASKS

UNSPACED_SCRIPTS = ("Han", "Japanese", "Thai", "Myanmar")  # these scripts part no words by spaces


def pretraining_curves(study: Study) -> pd.DataFrame:
    """The loss of every encoder of the study while it was pretrained."""
    runs = {run.encoder_id: run for run in study.runs}
    curves = [pd.read_csv(study.encoder_folder(run) / "pretraining.csv").assign(encoder=name)
              for name, run in runs.items()]  # fmt: skip
    return pd.concat(curves, ignore_index=True)


def fertility_of(study: Study) -> pd.DataFrame:
    """Subwords per word, by the first encoder's vocabulary, of each language that spaces its words."""
    found = read_json(study.encoder_folder(study.runs[0]) / "pretraining.json")["fertility"]
    found = {code: value for code, value in found.items() if LANGUAGES[code].script not in UNSPACED_SCRIPTS}
    return pd.DataFrame({"language": list(found), "fertility": list(found.values())})


def text_table(study: Study) -> pd.DataFrame:
    """How finely each language is cut, how much text it has, and how often that was read.

    A language that does not space its words has no number of subwords per word.
    """
    found = read_json(study.encoder_folder(study.runs[0]) / "pretraining.json")
    fertility = fertility_of(study).set_index("language")["fertility"]
    codes = study.scale.shared["languages"]
    return pd.DataFrame({
        "language": [language_name(code) for code in codes],
        "subwords per word": [fertility.get(code, float("nan")) for code in codes],
        "subwords of text": [found["text_tokens"][code] for code in codes],
        "subwords read": [found["tokens"][code] for code in codes],
        "times read": [found["tokens"][code] / max(1, found["text_tokens"][code]) for code in codes],
    })  # fmt: skip


def pieces_table(study: Study, row: int = 0) -> pd.DataFrame:
    """The same sentences as the encoder reads them: a line between pieces, ▁ where a word begins."""
    from polystilts.models.tokens import load_tokenizer

    shown = one_meaning(study, row)
    if shown.empty:
        return shown
    tokenizer = load_tokenizer(study.encoder_folder(study.runs[0]))
    cut = [tokenizer.tokenize(text) for text in shown["sentence"]]
    return pd.DataFrame({
        "language": shown["language"],
        "as the encoder reads it": [" · ".join(pieces) for pieces in cut],
        "words": [len(text.split()) for text in shown["sentence"]],
        "subwords": [len(pieces) for pieces in cut],
    })  # fmt: skip


def early_retrieval(study: Study) -> pd.DataFrame:
    """How often a source sentence finds its translation nearest in the untrained-for encoder, by layer."""
    if "tatoeba" not in study.target_tasks:
        return pd.DataFrame()
    from polystilts.evaluation.retrieve import retrieve
    from polystilts.models.heads import load_whole
    from polystilts.models.tokens import load_tokenizer

    shared, run = study.scale.shared, study.runs[0]
    with account.spend("predict"):
        encoder = study.encoder_folder(run)
        model = load_whole(encoder, "retrieval").eval()
        examples = study.world_folder(run.world_seed) / "examples"
        languages = asked_languages(study, run.world_seed, "tatoeba")
        found = retrieve(model, load_tokenizer(encoder), TASKS["tatoeba"], examples, languages,
                         shared["source_language"])  # fmt: skip
    mean = 100 * found.groupby(["language", "variant"], sort=False)["item_score"].mean()
    wide = mean.unstack("variant")
    wide.columns = [_variant_words(name) for name in wide.columns]
    wide.insert(0, "language", [language_name(code) for code in wide.index])
    candidates = [len(pd.read_parquet(examples / "tatoeba" / f"test-{code}.parquet")) for code in wide.index]
    return wide.assign(chance=[100 / count for count in candidates]).reset_index(drop=True)


def _variant_words(variant: str) -> str:
    """A retrieval variant in words.

    >>> _variant_words("layer2.mean.centred")
    'layer 2, centred'
    """
    layer, _, how = variant.split(".")
    return f"layer {layer.removeprefix('layer')}, {how}"
