"""How the world makes each task: which items, how many, and what differs between tasks of a kind."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random

from polystilts.errors import StudyError
from polystilts.languages.meaning import meaning_id
from polystilts.sources.world import choices, pairs, sentences, spans
from polystilts.sources.world.scenes import Cast, casts


@dataclass(frozen=True)
class Recipe:
    """One row: how the items of a task are drawn."""

    make: Callable[[Random, Cast], object]
    tags: str = "upos"  # of tagging tasks: which property of a word is its tag
    parallel: bool = True  # are the test items of all languages translations of one another?
    train_share: float = 1.0  # of the usual number of training rows
    unusual_names: float = (
        0.0  # share of test items with new names (and, four times that, of training items with rare ones)
    )


# The three question-answering tests differ as their models do: XQuAD is parallel; MLQA gives each language
# texts of its own; TyDiQA has its own, small training set and questions told with more of the text's detail.
RECIPES: dict[str, Recipe] = {
    "mnli": Recipe(pairs.inference),
    "anli": Recipe(pairs.adversarial_inference),
    "qqp": Recipe(pairs.paraphrase),
    "squad_v2": Recipe(partial(spans.span, unanswerable=0.33)),
    "squad_v1": Recipe(spans.span),
    "hellaswag": Recipe(choices.next_step),
    "ccg": Recipe(sentences.tagged, tags="category"),
    "cosmosqa": Recipe(choices.reading),
    "commonsenseqa": Recipe(choices.common_knowledge),
    "nli_train": Recipe(pairs.inference),
    "copa_train": Recipe(choices.effect),
    "qa_train": Recipe(spans.span),
    "xnli": Recipe(pairs.inference),
    "xcopa": Recipe(choices.effect),
    "udpos": Recipe(sentences.tagged, tags="upos", train_share=0.3),
    "panx": Recipe(sentences.named, tags="entity", train_share=0.5, unusual_names=0.1),
    "xquad": Recipe(spans.span),
    "mlqa": Recipe(spans.span, parallel=False),
    "tydiqa": Recipe(partial(spans.span, weak=0.3), parallel=False, train_share=0.3),
    "tatoeba": Recipe(sentences.bitext),
    "lareqa": Recipe(spans.question_and_answer, train_share=0.5),
    "mewslix": Recipe(sentences.mention, train_share=0.5),
}


def draw_items(world_seed: int, task: str, split: str, count: int, stream: str = "") -> dict[str, object]:
    """`count` different items of a task and split, by meaning id; equal arguments give equal items.

    `stream` names an independent draw (a language with texts of its own, or rows that translate no others).
    Raises StudyError where the world cannot give that many different items.
    """
    recipe, cast = RECIPES[task], casts(world_seed)
    random = Random(f"{world_seed} {task} {split} {stream}")
    make = recipe.make
    if task == "commonsenseqa":  # its items have no names: the split lies in the things asked about
        things = choices.known_objects(world_seed, split)
        make = lambda random, cast: choices.common_knowledge(random, things)  # noqa: E731
    items: dict[str, object] = {}
    for _ in range(60 * count + 1000):
        if len(items) == count:
            return items
        chance = recipe.unusual_names if split == "test" else 4 * recipe.unusual_names
        unusual = split != "dev" and random.random() < chance
        item = make(random, cast[{"train": "rare", "test": "new"}[split] if unusual else split])
        items.setdefault(meaning_id(item), item)
    raise StudyError(
        f"{task}: the world has fewer than {count} different {split} items ({len(items)} found); "
        f"ask for fewer rows in data_preparation.rows"
    )
