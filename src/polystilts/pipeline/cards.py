"""Examples as cards: what a model is given to read, with a gloss below each line where we invented the words."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import pandas as pd

from polystilts import account
from polystilts.errors import WrongUse
from polystilts.figures.style import KIND_TITLES, task_title
from polystilts.files import read_json
from polystilts.languages import LANGUAGES
from polystilts.languages.concepts import VERBS
from polystilts.languages.lexicon import make_lexicons
from polystilts.pipeline.reading import language_name
from polystilts.pipeline.study import Study
from polystilts.tasks import TASKS, Task

# Where a sentence of a meaning can be found that every language words, best first.
PARALLEL = (("tatoeba", "text"), ("udpos", "words"), ("xquad", "question"), ("xnli", "text_a"), ("xcopa", "context"))
CARD = '<div style="border-left: 3px solid #0072B2; padding-left: 1em; margin: 1em 0">\n\n{}\n\n</div>'


# --- glosses --------------------------------------------------------------------------------------------


def glosses(study: Study, language: str) -> dict[str, str]:
    """What each word of an invented language means, in English; nothing for a real language."""
    if not LANGUAGES[language].invented:
        return {}
    shared = study.scale.shared
    speakers = tuple(LANGUAGES[code] for code in shared["languages"])
    source = LANGUAGES[shared["source_language"]]
    lexicon = make_lexicons(study.runs[0].world_seed, speakers, source)[language]
    meanings: dict[str, list[str]] = defaultdict(list)
    for concept in lexicon.words:
        if concept.rstrip("*")[-1].isdigit():
            meanings[lexicon.form(concept)].append("NAME")
        elif concept.replace(" ", "").isalpha():
            meanings[lexicon.form(concept)].append(concept.replace(" ", "-"))
            if concept in VERBS:
                meanings[lexicon.form(concept, past=True)].append(f"{concept}.PAST")
    return {form: "/".join(dict.fromkeys(found)) for form, found in meanings.items()}


def glossed(text: str, meanings: Mapping[str, str]) -> str:
    """A text word by word; words that mean nothing in the gloss, such as marks, stay as they are.

    >>> glossed("tu ana ?", {"tu": "where", "ana": "NAME"})
    'where NAME ?'
    """
    return " ".join(meanings.get(word, word) for word in text.split(" "))


# --- sentences in every language ------------------------------------------------------------------------


def read_split(study: Study, task: str, split: str, language: str) -> pd.DataFrame:
    """The examples of one task, split and language, in the first world of the study."""
    folder = study.world_folder(study.runs[0].world_seed) / "examples" / task
    file = folder / f"{split}-{language}.parquet"
    if not file.exists():
        there = sorted(path.stem for path in folder.glob("*.parquet")) or ["nothing"]
        raise WrongUse(f"no {split} examples of {task} in {language}; there are: {', '.join(there)}")
    return pd.read_parquet(file)


def one_meaning(study: Study, row: int = 0) -> pd.DataFrame:
    """One sentence in every language of the study, with a word-for-word gloss where the language is invented."""
    task, column = next((pair for pair in PARALLEL if pair[0] in study.target_tasks), (None, None))
    if task is None:
        return pd.DataFrame()
    rows = []
    for code in study.scale.shared["languages"]:
        value = read_split(study, task, "test", code)[column].iloc[row]
        text = value if isinstance(value, str) else " ".join(value)
        meanings = glosses(study, code)
        rows.append((language_name(code), text, glossed(text, meanings) if meanings else ""))
    shown = pd.DataFrame(rows, columns=["language", "sentence", "word for word"])
    return shown if shown["word for word"].any() else shown.drop(columns="word for word")


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


# --- cards ----------------------------------------------------------------------------------------------


def example_card(study: Study, task: str, split: str = "test", language: str = "", row: int = 0) -> str:
    """One example as a reader would meet it: what is given, what is asked, what is right."""
    language = language or study.scale.shared["source_language"]
    example = read_split(study, task, split, language).iloc[row].to_dict()
    meanings = glosses(study, language)

    def line(label: str, text: str, after: str = "") -> str:
        gloss = f"<br>*{glossed(text, meanings)}*" if meanings and text else ""
        return f"**{label}** {text}{after}{gloss}"

    shown = TASKS[task]
    head = f"**{shown.title}** · {KIND_TITLES[shown.kind].lower()} · {language_name(language)}<br>{shown.question}"
    return CARD.format("\n\n".join([head, *_CARDS[shown.kind](shown, example, line)]))


def example_cards(study: Study, tasks: Sequence[str], split: str = "test", language: str = "", row: int = 0) -> str:
    """One card for each task."""
    return "\n\n".join(example_card(study, task, split, language, row) for task in tasks)


def intermediate_tasks_of(study: Study) -> list[str]:
    """The intermediate tasks that the arms of a study name, each once."""
    return list(dict.fromkeys(run.intermediate_task for run in study.runs if run.intermediate_task))


def _pair_card(task: Task, example: Mapping, line) -> list[str]:
    return [line("First:", example["text_a"]), line("Second:", example["text_b"]), f"**Answer:** {example['label']}"]


def _choice_card(task: Task, example: Mapping, line) -> list[str]:
    told = [line("Given:", example["context"])] if example["context"] else []
    asked = [line("Question:", example["question"])] if example["question"] else []
    options = [line(f"{number + 1}.", text, " ✓" if number == example["label"] else "")
               for number, text in enumerate(example["choices"])]  # fmt: skip
    return [*told, *asked, *options]


def _tag_card(task: Task, example: Mapping, line) -> list[str]:
    tagged = " ".join(f"{word}<sub>{tag}</sub>" for word, tag in zip(example["words"], example["tags"], strict=True))
    return [line("Given:", " ".join(example["words"])), f"**Answer:** {tagged}"]


def _span_card(task: Task, example: Mapping, line) -> list[str]:
    answer = example["answer_text"] or "not in the text"
    return [line("Given:", example["context"]), line("Question:", example["question"]), line("Answer:", answer)]


def _retrieval_card(task: Task, example: Mapping, line) -> list[str]:
    if "question" in example:
        return [line("Question:", example["question"]), line("To be found:", example["answer"])]
    if "text_source" in example:
        return [line("Given:", example["text"]), line("To be found:", example["text_source"])]
    mention = example["text"][example["mention_start"] : example["mention_end"]]
    return [line("Given:", example["text"]), line("Who is meant by:", mention)]


_CARDS = {
    "classification": _pair_card,
    "multiple_choice": _choice_card,
    "tagging": _tag_card,
    "question_answering": _span_card,
    "retrieval": _retrieval_card,
}


# --- what the data are, counted -------------------------------------------------------------------------


def data_table(study: Study) -> pd.DataFrame:
    """How many examples each task has, by split: rows of training, and of tests in each language."""
    source = study.scale.shared["source_language"]
    card = read_json(study.world_folder(study.runs[0].world_seed) / "data_card.json")["tasks"]
    rows = []
    for task, counts in card.items():
        tests = [name for name in counts if name.startswith("test-")]
        rows.append((task_title(task), KIND_TITLES[TASKS[task].kind].lower(), counts.get(f"train-{source}", 0),
                     counts.get(f"dev-{source}", 0), counts.get(f"test-{source}", 0), len(tests)))  # fmt: skip
    columns = ["examples of", "kind", "training", "development", "test", "test languages"]
    return pd.DataFrame(rows, columns=columns)


def leak_sentence(study: Study) -> str:
    """What the check for leaks counted: meanings that stand in two splits, or in pretraining text and a test."""
    card = read_json(study.world_folder(study.runs[0].world_seed) / "data_card.json")["leaks"]
    return (
        f"**Leaks found: {card['total']}.** Meanings in training and test: {card['train_test']}; in training and "
        f"development: {card['train_dev']}; in development and test: {card['dev_test']}; in pretraining text and "
        f"test: {card['text_test']}. A world with a single leak is refused."
    )


def names_table(study: Study) -> pd.DataFrame:
    """How many names each split of an invented world may use, and how many of them training uses too."""
    if study.scale.shared["source"] != "world":
        return pd.DataFrame()
    from polystilts.sources.world.scenes import casts

    found = casts(study.runs[0].world_seed)
    known = {*found["train"].given, *found["train"].surnames, *found["train"].towns}
    titles = {"train": "training", "dev": "development", "test": "test", "text": "pretraining text",
              "new": "test, new in pretraining too"}  # fmt: skip
    rows = []
    for name, title in titles.items():
        cast = found[name]
        every = {*cast.given, *cast.surnames, *cast.towns}
        rows.append((title, len(cast.given), len(cast.surnames), len(cast.towns), len(every & known)))
    columns = ["where", "given names", "surnames", "towns", "also in training"]
    return pd.DataFrame(rows, columns=columns)


def shortcut_table(study: Study) -> pd.DataFrame:
    """The best score on each target that can be had without understanding, beside what guessing gives."""
    from polystilts.evaluation.shortcuts import shortcut_scores

    source, rows = study.scale.shared["source_language"], []
    with account.spend("statistics"):
        for name in study.target_tasks:
            task = TASKS[name]
            if task.training_task == "none" or task.kind == "retrieval":
                continue
            train = read_split(study, task.training_task, "train", source)
            found = shortcut_scores(task, train, read_split(study, name, "test", source))
            best = found.loc[found["value"].idxmax()]
            rows.append((task.title, best["baseline"], task.metric, float(best["value"]), task.chance))
    columns = ["target task", "best shortcut", "metric", "its score", "chance"]
    return pd.DataFrame(rows, columns=columns)


def corpus_table(study: Study) -> pd.DataFrame:
    """How much text each language has to be pretrained on, and its first line."""
    world = study.world_folder(study.runs[0].world_seed)
    card = read_json(world / "data_card.json")["languages"]
    rows = []
    for code in study.scale.shared["languages"]:
        with open(world / "corpus" / f"{code}.txt", encoding="utf-8") as stream:
            first = stream.readline().strip()
        rows.append((language_name(code), card[code]["lines"], card[code]["words"], first))
    return pd.DataFrame(rows, columns=["language", "lines of text", "words", "its first line"])


def early_retrieval(study: Study) -> pd.DataFrame:
    """How often a sentence's translation is its nearest neighbour in the untrained-for encoder, by layer."""
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
        found = retrieve(model, load_tokenizer(encoder), TASKS["tatoeba"], examples, shared["languages"],
                         shared["source_language"])  # fmt: skip
    mean = 100 * found.groupby(["language", "variant"], sort=False)["item_score"].mean()
    wide = mean.unstack("variant")
    wide.columns = [_variant_words(name) for name in wide.columns]
    wide.insert(0, "language", [language_name(code) for code in wide.index])
    chance = 100 / found.groupby(["language", "variant"])["example_id"].nunique().iloc[0]
    return wide.assign(chance=chance).reset_index(drop=True)


def _variant_words(variant: str) -> str:
    """A retrieval variant in words.

    >>> _variant_words("layer2.mean.centred")
    'layer 2, centred'
    """
    layer, _, how = variant.split(".")
    return f"layer {layer.removeprefix('layer')}, {how}"
