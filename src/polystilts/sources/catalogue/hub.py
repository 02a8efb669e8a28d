"""Data sets of the Hugging Face hub, a row each: id, configuration, columns, labels, and a stand-in.

No commit of these repositories was known when the table was written, so no revision is pinned. Unpinned data
are read from a mirror, whose bytes are hashed into the data card, or where a scale says `unpinned: true`.
Sizes and columns: dataset_infos of huggingface/datasets and the data sets' cards.
"""

from dataclasses import dataclass, field

from polystilts.tasks.intermediate import NLI_LABELS
from polystilts.tasks.target import NER_LABELS, UPOS_LABELS

UNPINNED = "unpinned"
EN = {"en": "en"}


def same(codes: str) -> dict[str, str]:
    """Languages that the hub calls as we do.

    >>> same("sw qu")
    {'sw': 'sw', 'qu': 'qu'}
    """
    return {code: code for code in codes.split()}


@dataclass(frozen=True)
class HubRow:
    """Where the examples of one task lie on the hub, and what their columns mean."""

    task: str  # a task, or "text": pretraining text
    hub_id: str
    config: str  # {} stands for the language, as the hub writes it
    languages: dict[str, str]  # our code → theirs
    splits: dict[str, str]  # train, dev, test → theirs; several are parted by +
    columns: dict[str, str]  # every column, and its type: see `mirror_types` in tests/mirrors.py
    shape: str  # which function of sources/hub.py makes examples of its records
    take: dict[str, str] = field(default_factory=dict)  # our column → theirs
    labels: tuple[str, ...] = ()
    licence: str = ""
    fallback: str = ""  # where else the same data are, should the hub refuse
    revision: str = UNPINNED
    role: str = "original"  # or "translated": machine translations of the English training rows


PAIR = {"text_a": "premise", "text_b": "hypothesis", "label": "label"}
NLI_COLUMNS = {"premise": "text", "hypothesis": "text", "label": "class"}
PASSAGE = {"context": "text", "question": "text", "answers": "answers"}
SQUAD_COLUMNS = {"id": "text", "title": "text", **PASSAGE}
XNLI_LANGUAGES = same("ar bg de el en es fr hi ru sw th tr ur vi zh")
MT = "loading scripts ended with datasets 4: revision refs/convert/parquet, or "

HUB_ROWS = (
    # --- intermediate tasks ---------------------------------------------------------------------------------
    HubRow("mnli", "facebook/xnli", "{}", EN, {"train": "train"}, NLI_COLUMNS, "pair", PAIR, NLI_LABELS,
           "OANC and CC licences (MultiNLI)", "nyu-mll/glue mnli: the same rows, but not side by side with "
           "their translations"),
    HubRow("mnli", "nyu-mll/glue", "mnli", EN, {"dev": "validation_matched"},
           {**NLI_COLUMNS, "idx": "integer"}, "pair", PAIR, NLI_LABELS, "OANC and CC licences (MultiNLI)",
           "multinli_1.0.zip of the authors"),
    HubRow("mnli", "facebook/xnli", "{}", {k: v for k, v in XNLI_LANGUAGES.items() if k != "en"},
           {"train": "train"}, NLI_COLUMNS, "pair", PAIR, NLI_LABELS, "CC BY-NC 4.0",
           "https://dl.fbaipublicfiles.com/XNLI/XNLI-MT-1.0.zip", role="translated"),
    HubRow("anli", "facebook/anli", "plain_text", EN,
           {"train": "train_r1+train_r2+train_r3", "dev": "dev_r1+dev_r2+dev_r3"},
           {"uid": "text", **NLI_COLUMNS, "reason": "text"}, "pair", PAIR, NLI_LABELS, "CC BY-NC 4.0",
           "https://dl.fbaipublicfiles.com/anli/anli_v1.0.zip"),
    HubRow("anli", "stanfordnlp/snli", "plain_text", EN, {"train": "train"}, NLI_COLUMNS, "pair", PAIR,
           NLI_LABELS, "CC BY-SA 4.0", "https://nlp.stanford.edu/projects/snli/snli_1.0.zip"),
    HubRow("qqp", "nyu-mll/glue", "qqp", EN, {"train": "train", "dev": "validation"},
           {"question1": "text", "question2": "text", "label": "class", "idx": "integer"}, "pair",
           {"text_a": "question1", "text_b": "question2", "label": "label"}, ("different", "same"),
           "Quora's terms of use, non-commercial", "https://dl.fbaipublicfiles.com/glue/data/QQP-clean.zip"),
    HubRow("squad_v1", "rajpurkar/squad", "plain_text", EN, {"train": "train", "dev": "validation"},
           SQUAD_COLUMNS, "passage", licence="CC BY-SA 4.0",
           fallback="rajpurkar/SQuAD-explorer dataset/train-v1.1.json"),
    HubRow("squad_v1", "facebook/mlqa", "mlqa-translate-train.{}", same("ar de es hi vi zh"),
           {"train": "train"}, {**PASSAGE, "id": "text"}, "passage", licence="CC BY-SA 3.0",
           fallback=MT + "revision refs/pr/5", role="translated"),
    HubRow("squad_v2", "rajpurkar/squad_v2", "squad_v2", EN, {"train": "train", "dev": "validation"},
           SQUAD_COLUMNS, "passage", licence="CC BY-SA 4.0",
           fallback="rajpurkar/SQuAD-explorer dataset/train-v2.0.json"),
    HubRow("hellaswag", "Rowan/hellaswag", "default", EN, {"train": "train", "dev": "validation"},
           {"ind": "integer", "activity_label": "text", "ctx_a": "text", "ctx_b": "text", "ctx": "text",
            "endings": "texts", "source_id": "text", "split": "text", "split_type": "text", "label": "digit"},
           "listed", {"context": "ctx", "choices": "endings", "label": "label"}, tuple("0123"), "MIT",
           "rowanz/hellaswag data/hellaswag_train.jsonl"),
    HubRow("cosmosqa", "allenai/cosmos_qa", "default", EN, {"train": "train", "dev": "validation"},
           {"id": "text", "context": "text", "question": "text", "answer0": "text", "answer1": "text",
            "answer2": "text", "answer3": "text", "label": "number"},
           "columns", {"context": "context", "question": "question",
                       "choices": "answer0 answer1 answer2 answer3", "label": "label"},
           tuple("0123"), "CC BY 4.0", MT + "wilburOne/cosmosqa data/train.csv"),
    HubRow("commonsenseqa", "tau/commonsense_qa", "default", EN, {"train": "train", "dev": "validation"},
           {"id": "text", "question": "text", "question_concept": "text", "choices": "choices",
            "answerKey": "letter"}, "keyed", licence="MIT",
           fallback="train_rand_split.jsonl of the authors"),
    # --- training rows of the targets -----------------------------------------------------------------------
    HubRow("nli_train", "facebook/xnli", "{}", EN, {"train": "train", "dev": "validation"}, NLI_COLUMNS,
           "pair", PAIR, NLI_LABELS, "CC BY-NC 4.0", "nyu-mll/glue mnli"),
    HubRow("copa_train", "lighteval/siqa", "default", EN, {"train": "train"},
           {"context": "text", "question": "text", "answerA": "text", "answerB": "text", "answerC": "text",
            "label": "digit1"},
           "columns", {"context": "context", "question": "question", "choices": "answerA answerB answerC",
                       "label": "label"}, tuple("123"), "CC BY 4.0",
           "socialiqa-train-dev.zip of the authors; allenai/social_i_qa is a script"),
    HubRow("copa_train", "aps/super_glue", "copa", EN, {"train": "train", "dev": "validation"},
           {"premise": "text", "choice1": "text", "choice2": "text", "question": "cause", "idx": "integer",
            "label": "class"}, "copa", labels=tuple("01"), licence="BSD 2-Clause",
           fallback="revision refs/pr/16, or https://dl.fbaipublicfiles.com/glue/superglue/data/v2/COPA.zip"),
    HubRow("qa_train", "rajpurkar/squad", "plain_text", EN, {"train": "train", "dev": "validation"},
           SQUAD_COLUMNS, "passage", licence="CC BY-SA 4.0",
           fallback="rajpurkar/SQuAD-explorer dataset/train-v1.1.json"),
    # --- targets --------------------------------------------------------------------------------------------
    HubRow("xnli", "facebook/xnli", "{}", XNLI_LANGUAGES, {"dev": "validation", "test": "test"}, NLI_COLUMNS,
           "pair", PAIR, NLI_LABELS, "CC BY-NC 4.0", "https://dl.fbaipublicfiles.com/XNLI/XNLI-1.0.zip"),
    HubRow("xcopa", "cambridgeltl/xcopa", "{}", same("et ht id it qu sw ta th tr vi zh"),
           {"dev": "validation", "test": "test"},
           {"premise": "text", "choice1": "text", "choice2": "text", "question": "cause", "label": "number",
            "idx": "integer", "changed": "flag"}, "copa", labels=tuple("01"), licence="CC BY 4.0",
           fallback="cambridgeltl/xcopa on GitHub"),
    HubRow("udpos", "izhx/xtreme-r-udpos", "{}",
           same("af ar bg de el en es et eu fa fi fr he hi hu id it ja kk ko lt mr nl pl pt ro ru ta te th "
                "tl tr uk ur vi wo yo zh"), {"train": "train", "dev": "validation", "test": "test"},
           {"tokens": "texts", "pos_tags": "classes"}, "tags", {"words": "tokens", "tags": "pos_tags"},
           UPOS_LABELS, "per treebank", "google/xtreme udpos.<Language> (UD 2.5), or the treebanks"),
    HubRow("panx", "unimelb-nlp/wikiann", "{}",
           same("af ar az bg bn de el en es et eu fa fi fr gu he hi hu id it ja jv ka kk ko lt ml mr ms my "
                "nl pa pl pt qu ro ru sw ta te th tl tr uk ur vi yo zh"),
           {"train": "train", "dev": "validation", "test": "test"},
           {"tokens": "texts", "ner_tags": "classes", "langs": "texts", "spans": "texts"}, "tags",
           {"words": "tokens", "tags": "ner_tags"}, NER_LABELS, "text CC BY-SA; annotations not stated",
           "google/xtreme PAN-X.<lang>"),
    HubRow("xquad", "google/xquad", "xquad.{}", same("ar de el en es hi ro ru th tr vi zh"),
           {"test": "validation"}, {"id": "text", **PASSAGE}, "passage", licence="CC BY-SA 4.0",
           fallback="google-deepmind/xquad xquad.<lang>.json"),
    HubRow("mlqa", "facebook/mlqa", "mlqa.{0}.{0}", same("ar de en es hi vi zh"),
           {"dev": "validation", "test": "test"}, {**PASSAGE, "id": "text"}, "passage",
           licence="CC BY-SA 3.0", fallback=MT + "dl.fbaipublicfiles.com/MLQA/MLQA_V1.zip"),
    HubRow("tydiqa", "google-research-datasets/tydiqa", "secondary_task",
           same("ar bn en fi id ko ru sw te"), {"train": "train", "test": "validation"}, SQUAD_COLUMNS,
           "tydiqa",
           licence="Apache 2.0", fallback="tydiqa-goldp-v1.1-train.json and -dev.tgz of the authors"),
    HubRow("tatoeba", "mteb/tatoeba-bitext-mining", "{}-eng", {
               "af": "afr", "ar": "ara", "az": "aze", "bg": "bul", "bn": "ben", "de": "deu", "el": "ell",
               "es": "spa", "et": "est", "eu": "eus", "fa": "pes", "fi": "fin", "fr": "fra", "he": "heb",
               "hi": "hin", "hu": "hun", "id": "ind", "it": "ita", "ja": "jpn", "jv": "jav", "ka": "kat",
               "kk": "kaz", "ko": "kor", "lt": "lit", "ml": "mal", "mr": "mar", "nl": "nld", "pl": "pol",
               "pt": "por", "ro": "ron", "ru": "rus", "sw": "swh", "ta": "tam", "te": "tel", "th": "tha",
               "tl": "tgl", "tr": "tur", "uk": "ukr", "ur": "urd", "vi": "vie", "zh": "cmn", "am": "amh"},
           {"test": "test"}, {"sentence1": "text", "sentence2": "text", "lang": "text"}, "bitext",
           {"text": "sentence1", "text_source": "sentence2"}, licence="CC BY 2.0 FR",
           fallback="google/xtreme tatoeba.<iso639-3>, or facebookresearch/LASER data/tatoeba/v1"),
    HubRow("lareqa", "google-research-datasets/xquad_r", "{}", same("ar de el en es hi ru th tr vi zh"),
           {"test": "validation"}, {"id": "text", **PASSAGE}, "sentences", licence="CC BY-SA 4.0",
           fallback="google-research-datasets/lareqa xquad-r/<lang>.json: the hub's copy has lost the "
           "sentence breaks, ours are made by a rule"),
    HubRow("lareqa", "rajpurkar/squad", "plain_text", EN, {"train": "train", "dev": "validation"},
           SQUAD_COLUMNS, "sentences", licence="CC BY-SA 4.0",
           fallback="rajpurkar/SQuAD-explorer dataset/train-v1.1.json"),
    HubRow("mewslix", "izhx/mewsli-x", "wikipedia_pairs", EN, {"train": "train", "dev": "validation"},
           {"contextual_mention": "contextual mention", "entity": "entity"}, "mentions", licence="Apache 2.0",
           fallback="https://storage.googleapis.com/gresearch/mewsli/mewsli-x_20220518_6.zip"),
    HubRow("mewslix", "izhx/mewsli-x", "{}", same("ar de en es fa ja pl ro ta tr uk"), {"test": "test"},
           {"context": "context", "mentions": "mentions"}, "mentions", licence="Apache 2.0",
           fallback="https://storage.googleapis.com/gresearch/mewsli/mewsli-x_20220518_6.zip"),
    HubRow("mewslix", "izhx/mewsli-x", "candidate_entities", {"": ""}, {"entities-test": "test"},
           {"entity_id": "text", "title": "text", "description": "text", "description_url": "text",
            "description_language": "text", "sentence_spans": "spans"}, "entities", licence="Apache 2.0",
           fallback="https://storage.googleapis.com/gresearch/mewsli/mewsli-x_20220518_6.zip"),
    HubRow("pawsx", "google-research-datasets/paws-x", "{}", same("de en es fr ja ko zh"),
           {"train": "train", "dev": "validation", "test": "test"},
           {"id": "integer", "sentence1": "text", "sentence2": "text", "label": "class"}, "pair",
           {"text_a": "sentence1", "text_b": "sentence2", "label": "label"}, ("different", "same"),
           "free use with acknowledgement", "google-research-datasets/paws pawsx/x-final"),
    HubRow("bucc", "google/xtreme", "bucc18.{}", same("de fr ru zh"), {"dev": "validation", "test": "test"},
           dict.fromkeys(("source_sentence", "target_sentence", "source_lang", "target_lang"), "text"),
           "bitext", {"text": "source_sentence", "text_source": "target_sentence"},
           licence="BUCC 2018 shared task",
           fallback="the shared task's own files: the hub's copy holds the gold pairs without "
           "distractors (columns recalled, not verified)"),
    # --- text to pretrain on, or to go on with --------------------------------------------------------------
    HubRow("text", "wikimedia/wikipedia", "20231101.{}",
           same("af am ar ay az bg bn de el en es et eu fa fi fr gn gu he hi ht hu id it ja jv ka kk ko lt "
                "ml mr ms my nl pa pl pt qu ro ru sw ta te th tl tr uk ur vi wo yo zh"),
           {"train": "train"}, {"id": "text", "url": "text", "title": "text", "text": "text"}, "articles",
           licence="CC BY-SA 4.0", fallback="realtext, see PINNED"),
)  # fmt: skip


def hub_rows(task: str, split: str, language: str, role: str = "original") -> list[HubRow]:
    """The rows that hold a task's split in a language: none, one, or several whose examples add up.

    >>> [row.hub_id for row in hub_rows("anli", "train", "en")]
    ['facebook/anli', 'stanfordnlp/snli']
    """
    return [row for row in HUB_ROWS if row.task == task and split in row.splits
            and language in row.languages and row.role == role]  # fmt: skip
