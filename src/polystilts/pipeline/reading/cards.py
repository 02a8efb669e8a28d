"""Examples as cards, with a gloss below each line where we invented the words."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from polystilts.errors import WrongUse
from polystilts.figures.style import KIND_TITLES
from polystilts.languages import LANGUAGES
from polystilts.languages.concepts import VERBS
from polystilts.languages.lexicon import make_lexicons
from polystilts.pipeline.reading.page import language_name
from polystilts.pipeline.study import Study
from polystilts.tasks import TASKS

# Where a sentence that all languages word can be found: task and column, best first.
PARALLEL = {"tatoeba": "text", "udpos": "words", "xquad": "question", "xnli": "text_a", "xcopa": "context"}
CARD = '<div style="border-left: 3px solid #0072B2; padding-left: 1em; margin: 1em 0">\n\n{}\n\n</div>'


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


def veiled(text: str) -> str:
    """A text of a real data set as pages show it: by its length, for its sentences are not ours to publish.

    >>> veiled("a short text"), veiled("")
    ('(3 words)', '')
    """
    count = len(text.split())
    return f"({count} word{'s' * (count != 1)})" if text else ""


def read_split(study: Study, task: str, split: str, language: str) -> pd.DataFrame:
    """The examples of one task, split and language, in the first world of the study."""
    folder = study.world_folder(study.runs[0].world_seed) / "examples" / task
    file = folder / f"{split}-{language}.parquet"
    if not file.exists():
        there = sorted(path.stem for path in folder.glob("*.parquet")) or ["nothing"]
        raise WrongUse(f"no {split} examples of {task} in {language}; there are: {', '.join(there)}")
    return pd.read_parquet(file)


def one_meaning(study: Study, row: int = 0) -> pd.DataFrame:
    """One sentence in every invented language of the study, with its gloss; no table for real languages."""
    task = next((name for name in PARALLEL if name in study.target_tasks), None)
    if task is None or study.scale.shared["source"] != "world":
        return pd.DataFrame()
    rows = []
    for code in study.scale.shared["languages"]:
        value = read_split(study, task, "test", code)[PARALLEL[task]].iloc[row]
        text = value if isinstance(value, str) else " ".join(value)
        rows.append((language_name(code), text, glossed(text, glosses(study, code))))
    return pd.DataFrame(rows, columns=["language", "sentence", "word for word"])


def example_card(study: Study, task: str, split: str = "test", language: str = "", row: int = 0) -> str:
    """One example as a reader would meet it: what is given, what is asked, what is right.

    In the language asked for; where real data have none, in the first that has. Their texts are `veiled`.
    """
    source = study.scale.shared["source_language"]
    language = language or source
    if language == source or not LANGUAGES[language].invented:
        language = _shown_in(study, task, split, language)
    example = read_split(study, task, split, language).iloc[row].to_dict()
    if not LANGUAGES[language].invented:
        return _outline(task, language, example)
    theirs, ours = glosses(study, language), glosses(study, source)

    def line(label: str, text: str, after: str = "", at_home: bool = False) -> str:
        meanings = ours if at_home else theirs
        gloss = f"<br>*{glossed(text, meanings)}*" if meanings and text else ""
        return f"**{label}** {text}{after}{gloss}"

    return CARD.format("\n\n".join([_head(task, language), *_CARDS[TASKS[task].kind](example, line)]))


def _head(task: str, language: str) -> str:
    shown = TASKS[task]
    title = f"**{shown.title}** · {KIND_TITLES[shown.kind].lower()} · {language_name(language)}"
    return f"{title}<br>{shown.question}"


def _shown_in(study: Study, task: str, split: str, language: str) -> str:
    """The language, or the first of the study with such examples; the source language where it was asked for,
    or where there is no other: a sentence is not its own translation.
    """
    folder = study.world_folder(study.runs[0].world_seed) / "examples" / task
    source = study.scale.shared["source_language"]
    asked = [language, *(code for code in study.scale.shared["languages"] if code != source), source]
    return next((code for code in asked if (folder / f"{split}-{code}.parquet").exists()), language)


def _outline(task: str, language: str, example: Mapping) -> str:
    """A real example without its words: how long each of its texts is, and its label."""
    parts = []
    for column, value in example.items():
        texts = [value] if isinstance(value, str) else list(value) if column == "choices" else []
        if not column.endswith("_id") and column not in ("label", "language") and any(texts):
            parts.append(f"**{column.replace('_', ' ')}** {', '.join(map(veiled, texts))}")
    if len(words := example.get("words", ())):
        parts.append(f"**words** {len(words)}, each with its tag")
    if "label" in example:
        parts.append(f"**label** {example['label']}")
    return CARD.format(f"{_head(task, language)}<br>{' · '.join(parts)}")


def example_cards(
    study: Study, tasks: Sequence[str], split: str = "test", language: str = "", row: int = 0
) -> str:
    """One card for each task."""
    return "\n\n".join(example_card(study, task, split, language, row) for task in tasks)


def intermediate_tasks_of(study: Study) -> list[str]:
    """The intermediate tasks that the arms of a study name, each once."""
    return list(dict.fromkeys(run.intermediate_task for run in study.runs if run.intermediate_task))


def _pair_card(example: Mapping, line: Callable) -> list[str]:
    if not example["text_b"]:
        return [line("Text:", example["text_a"]), f"**Answer:** {example['label']}"]
    texts = [line("First:", example["text_a"]), line("Second:", example["text_b"])]
    return [*texts, f"**Answer:** {example['label']}"]


def _choice_card(example: Mapping, line: Callable) -> list[str]:
    told = [line("Given:", example["context"])] if example["context"] else []
    asked = [line("Question:", example["question"])] if example["question"] else []
    options = [line(f"{number + 1}.", text, " ✓" if number == example["label"] else "")
               for number, text in enumerate(example["choices"])]  # fmt: skip
    return [*told, *asked, *options]


def _tag_card(example: Mapping, line: Callable) -> list[str]:
    pairs = zip(example["words"], example["tags"], strict=True)
    tagged = " ".join(f"{word}<sub>{tag}</sub>" for word, tag in pairs)
    return [line("Given:", " ".join(example["words"])), f"**Answer:** {tagged}"]


def _span_card(example: Mapping, line: Callable) -> list[str]:
    answer = example["answer_text"] or "not in the text"
    told = [line("Given:", example["context"]), line("Question:", example["question"])]
    return [*told, line("Answer:", answer)]


def _retrieval_card(example: Mapping, line: Callable) -> list[str]:
    if "question" in example:
        return [line("Question:", example["question"]), line("To be found:", example["answer"])]
    if "text_source" in example:
        return [line("Given:", example["text_source"], at_home=True), line("To be found:", example["text"])]
    mention = example["text"][example["mention_start"] : example["mention_end"]]
    return [line("Given:", example["text"]), line("Who is meant by:", mention)]


_CARDS = {
    "classification": _pair_card,
    "multiple_choice": _choice_card,
    "tagging": _tag_card,
    "question_answering": _span_card,
    "retrieval": _retrieval_card,
}
