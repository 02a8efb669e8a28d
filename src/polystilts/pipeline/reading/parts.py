"""The contrasts taken apart: by kind of task, word order and text, with the source language beside them."""

from collections.abc import Sequence

import pandas as pd

from polystilts.evidence.claim import Claim, interval_words, signed
from polystilts.evidence.ledger import find_claim
from polystilts.evidence.summary import headline
from polystilts.figures.style import KIND_TITLES, STRATEGY_TITLES, in_order
from polystilts.pipeline.inputs import languages_seen
from polystilts.pipeline.reading.analysis import contrast_words, control_words
from polystilts.pipeline.reading.page import in_a_row
from polystilts.pipeline.study import Study
from polystilts.statistics.compare import Subset, compare, compared, estimate, hides_opposites
from polystilts.statistics.factors import levels
from polystilts.statistics.gains import contrasting
from polystilts.statistics.intervals import Interval
from polystilts.statistics.tables import source_language
from polystilts.tasks import INTERMEDIATE_TASKS, KINDS, TASKS

WITHOUT = "none"
MEAN = "mean"  # the kind that stands for all kinds but retrieval
TEXT = {"high": "much text", "low": "little text"}
COLUMNS = ["treatment", "control", "kind", "group", "estimate", "low", "high", "units", "n"]


def pairs_of(scores: pd.DataFrame) -> list[tuple[str, str]]:
    """The contrasts that answer the question: the primary one, and each of its sides against the baseline.

    >>> pairs_of(pd.DataFrame({"strategy": ["none", "english", "translated", "shuffled"]}))
    [('translated', 'english'), ('translated', 'none'), ('english', 'none')]
    """
    treatment, control = compared(scores)
    if control == WITHOUT:
        return [(treatment, control)]
    sides = [(treatment, WITHOUT), (control, WITHOUT)] if WITHOUT in set(scores["strategy"]) else []
    return [(treatment, control), *sides]


def order_of(languages: pd.DataFrame) -> dict[str, str]:
    """The word order of each language but the source, as the study's design or URIEL has it.

    Invented languages have a word for it; of real ones the half of the range is told that they stand in.
    """
    others = languages[languages["language"] != source_language(languages)]
    if pd.to_numeric(others["order"], errors="coerce").isna().all():
        return {code: f"{word} order" for code, word in zip(others["language"], others["order"], strict=True)}
    near = levels(languages, ())["order"].sort_values(ascending=False, kind="stable")
    return {code: "nearer syntax" if easy else "farther syntax" for code, easy in near.items()}


def order_sentence(study: Study, languages: pd.DataFrame) -> str:
    """Which word orders some arm has met in labelled rows, and whether any language has a new one.

    For invented languages, whose orders have words; of real ones no two have the same syntax.
    """
    order = order_of(languages)
    if any("syntax" in word for word in order.values()):
        return "Real languages all differ in their syntax, so that none has the order of another."
    met = {order[code] for run in study.runs for code in languages_seen(study, run) if code in order}
    new = [word for word in dict.fromkeys(order.values()) if word not in met]
    told = f"Word orders that some arm met in labelled rows: {in_a_row(sorted(met))}."
    if new:
        return f"{told} Only languages of {in_a_row(new)} are new in this respect too."
    return (
        f"{told} **No language here has a word order that no arm met**: what helps the far ones may be their "
        "order, met in other languages."
    )


def parts_of(scores: pd.DataFrame, languages: pd.DataFrame) -> pd.DataFrame:
    """Every contrast of `pairs_of` in every kind of task, and there in every group of languages.

    Groups are word order × text, of languages without labels, and the source language, where labels of
    another kind were met. The kind `mean` is the plain mean of all kinds but retrieval. `scores` carry the
    levels of their languages. Intermediate tasks of the target's own kind are left out.
    """
    source, order = source_language(languages), order_of(languages)
    differences, rows = contrasting(scores), []
    for treatment, control in pairs_of(scores):
        cells = differences(treatment, control)
        cells = cells[cells["cross_task"]]
        at_home, abroad = cells[cells["language"] == source], cells[cells["language"] != source]
        abroad = Subset(kinds=None).of(abroad)
        groups = {"source language": at_home}
        for word in dict.fromkeys(order.values()):
            there = abroad[abroad["language"].map(order) == word]
            for level, text in TEXT.items():
                groups[f"{word}, {text}"] = there[there["resource_level"] == level]
        for group, part in groups.items():
            for kind in (*KINDS, MEAN):
                mine = part[part["task_kind"] != "retrieval" if kind == MEAN else part["task_kind"] == kind]
                if mine.empty or (kind == MEAN and mine["task_kind"].nunique() < 2):
                    continue
                found = estimate(mine)
                rows.append((treatment, control, kind, group, found.estimate, found.low, found.high,
                             found.units, found.n))  # fmt: skip
    found = pd.DataFrame(rows, columns=COLUMNS)
    groups = ["source language", *(f"{word}, {text}" for word in dict.fromkeys(order.values())
                                   for text in TEXT.values())]  # fmt: skip
    return found.sort_values("group", key=lambda names: names.map(groups.index), kind="stable")


def parts_table(parts: pd.DataFrame) -> pd.DataFrame:
    """The parts as readers meet them: a row for each kind and group, a column for each contrast."""
    told, rows = parts.to_dict("records"), {}
    for row in told:
        name = f"{STRATEGY_TITLES[row['treatment']]} − {control_words(row['control'])}"
        ends = "" if pd.isna(row["low"]) else f" ({signed(row['low'])} to {signed(row['high'])})"
        rows.setdefault((kind_title(row["kind"]), row["group"]), {})[name] = signed(row["estimate"]) + ends
    order = {kind_title(kind): place for place, kind in enumerate((*KINDS, MEAN))}
    table = [
        {"kind of task": kind, "languages": group, **values}
        for (kind, group), values in sorted(rows.items(), key=lambda one: order[one[0][0]])
    ]
    return pd.DataFrame(table).fillna("not asked")


def kind_title(kind: str) -> str:
    """A kind of task in words, the mean of kinds among them."""
    return "Mean of kinds, without retrieval" if kind == MEAN else KIND_TITLES[kind]


# The claim that compares little text with much, for each claim that may answer the question.
GROWTH = {"primary": "growth-low-resource", "code-switched-advantage": "code-switched-growth"}
IN_PARTICULAR = {
    "supported": "Yes, more than elsewhere.",
    "contradicted": "No, less than elsewhere.",
    "equivalent": "As much as elsewhere, neither more nor less.",
    "not larger": "No more than elsewhere.",
    "undecided": "Not known: it may be more there, and it may be less.",
}


def scarcity_sentence(claims: Sequence[Claim], scores: pd.DataFrame) -> str:
    """The *in particular* of the question, answered: is the advantage larger where text is little?

    As the claim was called that takes the advantage in high-resource languages off that in low-resource ones;
    beside it the two parts. `scores` carry the levels of their languages.
    """
    asked, (answer, _) = "In particular in languages with little text?", headline(claims)
    claim = find_claim(claims, GROWTH[answer.id])
    cells = Subset().of(contrasting(scores)(*compared(scores)))
    missing = [text for level, text in TEXT.items() if level not in set(cells["resource_level"])]
    if missing:
        return f"**{asked} Not asked**: no language without labels has {in_a_row(missing)} here."
    if claim.outcome in ("not run", "not testable") or claim.estimate is None:
        return f"**{asked} {claim.outcome.capitalize()}**: {claim.reason}."
    parts = [estimate(cells[cells["resource_level"] == level]) for level in TEXT]
    high, low = (f"{signed(part.estimate)} ({interval_words(part)})" for part in parts)
    contrast = contrast_words(*compared(scores))
    return (
        f"**{asked} {IN_PARTICULAR[claim.outcome]}** {contrast} is {low} points with "
        f"little text and {high} with much; the first less the second is {signed(claim.estimate)} "
        f"({interval_words(claim)})."
    )


def opposite_sentence(scores: pd.DataFrame) -> str:
    """Which of the contrasts are two effects in one, in the cells of the primary contrast.

    By the rule that claims are told by: the interval of at least one kind of task lies wholly above zero, and
    that of another wholly below. Their mean would cancel what there is to see.
    """
    differences, told = contrasting(scores), []
    for treatment, control in pairs_of(scores):
        found = compare(Subset(resource="low").of(differences(treatment, control)))
        name = contrast_words(treatment, control)
        if not hides_opposites(found.by_kind):
            told.append(f"{name}: not two effects of opposite sign.")
            continue
        known = {kind: one for kind, one in found.by_kind.items() if one.known}
        above = [_kind_words(kind, one) for kind, one in known.items() if one.low > 0]
        below = [_kind_words(kind, one) for kind, one in known.items() if one.high < 0]
        told.append(
            f"**{name} is two effects of opposite sign**, and its mean of {signed(found.these.estimate)} is "
            f"neither: above zero {in_a_row(above)}; below zero {in_a_row(below)}."
        )
    return " ".join(told)


def _kind_words(kind: str, found: Interval) -> str:
    return f"{KIND_TITLES[kind].lower()} {signed(found.estimate)} ({interval_words(found)})"


def choice_sentence(study: Study) -> str:
    """How many intermediate tasks there are, and how they came to be chosen: a reader should know."""
    tasks = {run.intermediate_task for run in study.runs} & {task.name for task in INTERMEDIATE_TASKS}
    named = in_a_row([TASKS[name].title for name in sorted(tasks)])
    every = len(INTERMEDIATE_TASKS)
    if len(tasks) == every:
        return f"All {every} intermediate tasks of Phang et al. (2020) are here: none was picked."
    if len(tasks) == 1:
        return (
            f"**One intermediate task, and it was picked.** Of the {every} of Phang et al. (2020) there is "
            f"{named} alone, and it was chosen {_knowing(study)}. What is found holds for it; a task chosen "
            "blindly might have done less, or more."
        )
    if not tasks:
        return "No arm of this study has an intermediate task of its own."
    return (
        f"**{len(tasks)} of {every} intermediate tasks, and they were picked**: {named}. They were named "
        "before these runs, but not drawn by lot. What is found holds for them."
    )


def _knowing(study: Study) -> str:
    """What was known when the one intermediate task was chosen: of a variant only who set it up can say."""
    if study.tag:
        return "by whoever set up this variant, who may have known what it does"
    return "after prototypes of the study had shown what it does"


def strategies_in(study: Study) -> Sequence[str]:
    """The strategies of a study, in the order in which they stand everywhere."""
    return in_order(run.strategy for run in study.runs)
