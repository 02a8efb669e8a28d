"""ORIGINAL FORMATS: the data sets as their authors give them out, read into the study's example tables.

>>> sorted({kind for row in FORMATS.values() for kind in row.kinds})
['classification', 'multiple_choice', 'question_answering', 'retrieval', 'tagging']
>>> FORMATS["tagged"].sentence
'word ⇥ tag a line, as XTREME writes panx and udpos; word and tag apart by a space, as MasakhaPOS has them'
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from polystilts.sources.formats.answer_sentences import read_lareqa
from polystilts.sources.formats.bitext import read_bucc, read_tatoeba
from polystilts.sources.formats.choices import (
    read_commonsenseqa,
    read_copa,
    read_copa_xml,
    read_cosmosqa,
    read_hellaswag,
    read_siqa,
)
from polystilts.sources.formats.columns import read_masakhaner, read_panx, read_tagged, read_uner, read_words
from polystilts.sources.formats.derivations import read_ccgbank
from polystilts.sources.formats.lexicons import read_lexicon
from polystilts.sources.formats.mentions import read_mewslix, read_mewslix_entities
from polystilts.sources.formats.pairs import (
    read_americasnli,
    read_anli,
    read_headed_pairs,
    read_mnli,
    read_pawsx,
    read_qqp,
    read_xnli,
    read_xnli_mt,
    read_xtreme_pairs,
)
from polystilts.sources.formats.passages import read_squad, read_tydiqa, without_contexts_of
from polystilts.sources.formats.practice import read_afrixnli, read_topics
from polystilts.sources.formats.running_text import TEXT_FORMATS, read_text
from polystilts.sources.formats.treebank import read_dependency_supertags, read_udpos
from polystilts.tasks.intermediate import DEPENDENCY_SUPERTAGS


@dataclass(frozen=True)
class Format:
    """One original format: what is in it, whose it is, and the function that reads it."""

    name: str
    kinds: tuple[str, ...]  # the task kinds whose columns it gives
    read: Callable[..., pd.DataFrame]
    sentence: str  # what a file holds
    source: str  # who defined the format

    def __call__(self, path: Path, task: str, split: str, language: str, **arguments) -> pd.DataFrame:
        """The example table of a file. Raises WrongUse with file and line where the format is not kept."""
        return self.read(Path(path), task=task, split=split, language=language, **arguments)


_PAIR, _CHOICE, _TAGS = ("classification",), ("multiple_choice",), ("tagging",)
_PASSAGE, _SEARCH = ("question_answering",), ("retrieval",)

FORMATS: dict[str, Format] = {
    row.name: row
    for row in (
        Format("xtreme-pairs", _PAIR, read_xtreme_pairs,
               "text ⇥ text ⇥ label without a header (XNLI, MNLI, PAWS-X as XTREME prepares them)",
               "google-research/xtreme utils_preprocess.py"),
        Format("xnli", _PAIR, read_xnli, "XNLI 1.0: all languages in one TSV or JSON-lines file",
               "Conneau et al. 2018, XNLI-1.0.zip"),
        Format("xnli-mt", _PAIR, read_xnli_mt, "MultiNLI machine-translated, one TSV a language",
               "Conneau et al. 2018, XNLI-MT-1.0.zip"),
        Format("mnli", _PAIR, read_mnli, "MultiNLI and SNLI as GLUE's TSV, official JSON lines or plain CSV",
               "Williams et al. 2018; gluebenchmark.com"),
        Format("anli", _PAIR, read_anli, "ANLI in JSON lines with labels e, n, c", "facebookresearch/anli"),
        Format("qqp", _PAIR, read_qqp, "Quora question pairs as GLUE's TSV", "gluebenchmark.com"),
        Format("pawsx", _PAIR, read_pawsx, "id, two sentences, 0 or 1 in TSV with a header",
               "google-research-datasets/paws pawsx"),
        Format("americasnli", _PAIR, read_americasnli, "rows of XNLI in languages of the Americas, TSV",
               "nala-cub/AmericasNLI"),
        Format("headed-pairs", _PAIR, read_headed_pairs,
               "premise, hypothesis and label under a header, apart by commas or tabs, or in JSON lines",
               "dml-qom/FarsTail; ir-nlp-csui/indonli; kakaobrain/kor-nlu-datasets"),
        Format("afrixnli", _PAIR, read_afrixnli, "rows of XNLI in languages of Africa, CSV",
               "masakhane-io/masakhane-nlu IrokoBench"),
        Format("topics", _PAIR, read_topics, "id, topic and one text in TSV: SIB-200", "dadelani/sib-200"),
        Format("copa", _CHOICE, read_copa, "COPA and XCOPA in JSON lines", "cambridgeltl/xcopa"),
        Format("copa-xml", _CHOICE, read_copa_xml, "COPA in XML, items numbered from 1",
               "Roemmele et al. 2011"),
        Format("siqa", _CHOICE, read_siqa, "Social IQa: JSON lines, and the labels in a second file",
               "Sap et al. 2019, socialiqa-train-dev.zip"),
        Format("hellaswag", _CHOICE, read_hellaswag, "a context and four endings in JSON lines",
               "rowanz/hellaswag"),
        Format("cosmosqa", _CHOICE, read_cosmosqa, "a story, a question and four answers in CSV",
               "wilburOne/cosmosqa"),
        Format("commonsenseqa", _CHOICE, read_commonsenseqa, "a question and five answers in JSON lines",
               "Talmor et al. 2019, train_rand_split.jsonl"),
        Format("tagged", _TAGS, read_tagged,
               "word ⇥ tag a line, as XTREME writes panx and udpos; word and tag apart by a space, as "
               "MasakhaPOS has them", "google-research/xtreme; masakhane-io/masakhane-pos"),
        Format("words", _TAGS, read_words, "a word a line without tags: XTREME's stripped test files",
               "google-research/xtreme utils_preprocess.py"),
        Format("panx", _TAGS, read_panx, "language:word ⇥ tag a line", "Rahimi et al. 2019"),
        Format("masakhaner", _TAGS, read_masakhaner, "word and tag apart by a space; dates become O",
               "masakhane-io/masakhane-ner"),
        Format("uner", _TAGS, read_uner, "number ⇥ word ⇥ tag, names annotated by whom; class OTH becomes O",
               "UniversalNER/UNER_English-EWT, .iob2"),
        Format("conllu", _TAGS, read_udpos, "UD treebanks, read by XTREME's rules",
               "universaldependencies.org/format; google-research/xtreme"),
        Format("ccgbank", _TAGS, read_ccgbank, "CCGbank's .auto derivations, for those who own them",
               "Hockenmaier and Steedman 2007, LDC2005T13"),
        Format("dependency-supertags", _TAGS, read_dependency_supertags,
               "a free substitute for CCG: UD relation and side of the head of each word",
               "Ouchi, Duh and Matsumoto 2014, from CoNLL-U"),
        Format("squad", _PASSAGE, read_squad, "SQuAD 1.1 and 2.0, XQuAD, MLQA in SQuAD's JSON; "
               "JSON lines with a question each, as AfriQA has them", "Rajpurkar et al. 2016, 2018"),
        Format("tydiqa", _PASSAGE, read_tydiqa, "SQuAD's JSON whose ids begin with the name of the language",
               "google-research-datasets/tydiqa, gold passage task 1.1"),
        Format("lareqa", _SEARCH, read_lareqa, "XQuAD-R: SQuAD's JSON with sentence breaks",
               "google-research-datasets/lareqa"),
        Format("tatoeba", _SEARCH, read_tatoeba, "two files a language whose lines translate each other",
               "facebookresearch/LASER data/tatoeba/v1"),
        Format("bucc", _SEARCH, read_bucc, "two numbered texts and a file of pairs", "BUCC 2018 shared task"),
        Format("mewslix", _SEARCH, read_mewslix, "articles with mentions, or pairs of mention and entity",
               "google-research mel/mewsli-x.md"),
    )
}  # fmt: skip

__all__ = [
    "DEPENDENCY_SUPERTAGS",
    "FORMATS",
    "TEXT_FORMATS",
    "Format",
    "read_lexicon",
    "read_mewslix_entities",
    "read_text",
    "without_contexts_of",
]
