"""The headline of a claim: one sentence for somebody who reads nothing else, by the forms of wording.yaml."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from polystilts.evidence.claim import interval_words, signed
from polystilts.evidence.evaluate import Evaluation
from polystilts.statistics.compare import hides_opposites
from polystilts.statistics.intervals import Interval
from polystilts.statistics.outcomes import deciding
from polystilts.wording import listed, wording

MADE_HERE = re.compile(r"[rw]\d+")  # encoders that the study makes, all of them small


@dataclass(frozen=True)
class Names:
    """What readers call things: languages and tasks by code, and whether the languages are real."""

    of: Mapping[str, str]
    real: bool = False

    def __getitem__(self, code: str) -> str:
        return self.of.get(code, code)


def unsigned(value: float) -> str:
    """A number without its sign, one decimal.

    >>> unsigned(-3.84), unsigned(0.04)
    ('3.8', '0.0')
    """
    return f"{abs(round(value, 6)):.1f}"


def share(value: float) -> str:
    """The end of an interval of `most` as a share; one below none keeps its sign.

    >>> share(15.0), share(-62.1)
    ('65.0', '−12.1')
    """
    return f"{round(value + 50, 6):.1f}".replace("-", "−")


def percent(value: float) -> str:
    """A number with one decimal, of which ".0" is left out.

    >>> percent(90.0), percent(96.6667)
    ('90', '96.7')
    """
    return f"{round(value, 6):.1f}".removesuffix(".0")


def margin_words(smallest_effect: float) -> str:
    """The smallest effect in points.

    >>> margin_words(1.0), margin_words(0.5)
    ('1 point', '0.5 points')
    """
    return f"{smallest_effect:g} point{'s' * (smallest_effect != 1)}"


def headline(one: Evaluation, names: Names) -> str:
    """One plain sentence, and a second where a mean hides effects of opposite sign."""
    words, row = wording()["headline"], one.hypothesis
    arms = arms_of(one)
    if one.comparison is None:
        return words["not_run"].format(**arms, why=why(one, names))
    scope, first = scope_of(one, names), words["not_null"] if not_null(one) else ""
    if one.untestable:
        return first + words["not_testable"].format(**arms, scope=scope, why=why(one, names))
    if row.measure.how == "mean" and row.contrast["control"] == "none":
        side = side_words(row.contrast["treatment"], one.comparison.these, row.smallest_effect)
        body = in_doubt(one, side + words["against_none"][form_of(one)].format(**places(one)))
    else:
        sides = [side_words(side.arm, side.whole, row.smallest_effect) for side in one.sides]
        body = "; ".join([*sides, statement(one, names)])
    return f"{first}{scope}{body}.{opposites(one)}"


def arms_of(one: Evaluation) -> dict[str, str]:
    """The words for both arms, as the places of templates call them."""
    arms = wording()["arms"]
    treatment, control = one.hypothesis.contrast["treatment"], one.hypothesis.contrast["control"]
    return {"practice": arms[treatment]["practice"], "arm": arms[treatment]["short"],
            "control": arms[control]["short"]}  # fmt: skip


def why(one: Evaluation, names: Names) -> str:
    """Why nothing can be said: what was not run, not learned, or at a guess."""
    words = wording()["headline"]
    if one.comparison is None:
        rule, lacking = one.missing
        told = {"arms": lambda name: wording()["arms"][name]["short"], "values": str}.get(
            rule, lambda name: wording()["kinds"].get(name, names[name])
        )
        listing = listed([told(name) for name in lacking]) if lacking else ""
        return words["why_not_run"][rule].format(names=listing, column=listing)
    forms = words["why_not_testable"]
    if one.untestable == "baseline":
        return forms["flagged"].format(flagged=one.comparison.flagged, n=one.comparison.differences)
    titles = [names[task] for task in one.practice.unlearned]
    form = forms[{1: "one", 2: "two"}.get(len(titles), "several")]
    return form.format(names=listed(titles), first=titles[0], second=titles[-1])


def scope_of(one: Evaluation, names: Names) -> str:
    """Where a claim holds: worlds, encoders, languages, targets."""
    words, row, cells = wording()["headline"], one.hypothesis, one.cells
    worlds = cells["world_seed"].nunique()
    place = "real" if names.real else "world" if worlds == 1 else "worlds"
    labels = words["labels"][row.subset.get("exposure", "none") or "any"]
    return words["scope"].format(
        place=words["place"][place].format(count=worlds),
        encoders=encoders_words(cells),
        languages=words["languages"][row.subset.get("languages", "all")].format(labels=labels),
        targets=targets_words(one),
    )


def encoders_words(cells: pd.DataFrame) -> str:
    """How many encoders there are, and whether they are small."""
    known = sorted(cells["encoder"].unique())
    forms = wording()["headline"]["encoders"]
    forms = forms["small" if all(MADE_HERE.fullmatch(name) for name in known) else "large"]
    single = len(cells[["world_seed", "encoder", "encoder_seed"]].drop_duplicates()) == 1
    return forms["one" if single else "kind" if len(known) == 1 else "kinds"].format(count=len(known))


def targets_words(one: Evaluation) -> str:
    """Over which kinds of target a claim is averaged; nothing for what counts pairs or compares kinds."""
    words, measure = wording(), one.hypothesis.measure
    by_kind = measure.how in ("mean", "slope") or (measure.how == "between" and measure.column != "task_kind")
    if not by_kind:
        return ""
    kinds = [kind for kind in words["kinds"] if kind in set(one.cells["task_kind"])]
    form = words["headline"]["targets"]["one" if len(kinds) == 1 else "several"]
    return form.format(kind=words["kinds"][kinds[0]], count=len(kinds))


# --- an arm against none --------------------------------------------------------------------------------


def side_words(arm: str, found: Interval, smallest_effect: float) -> str:
    """Whether an arm helps or harms against none, or what else can be said."""
    form = "unclear"
    if not found.known:
        form = "unknown"
    else:
        low, high = round(found.low, 6), round(found.high, 6)
        if -smallest_effect < low and high < smallest_effect:
            form = "same"
        elif low > 0 or high < 0:
            form = "helps" if low > 0 else "harms"
    return wording()["headline"]["side"][form].format(
        arm=wording()["arms"][arm]["practice"], estimate=signed(found.estimate),
        interval=interval_words(found), margin=margin_words(smallest_effect),
    )  # fmt: skip


def not_null(one: Evaluation) -> bool:
    """Whether the claim is the mean of a null control against none whose interval does not hold zero."""
    row = one.hypothesis
    its_own = row.contrast["treatment"] in wording()["null_controls"] and row.contrast["control"] == "none"
    return its_own and row.measure.how == "mean" and not holds_zero(one.comparison.these)


def holds_zero(found: Interval) -> bool:
    """Whether zero lies in the interval, or there is none."""
    return not found.known or round(found.low, 6) <= 0 <= round(found.high, 6)


# --- the statement --------------------------------------------------------------------------------------


def form_of(one: Evaluation) -> str:
    """Which form of a statement tells the outcome, or what it would be but for the family or the sign."""
    direction, outcome = one.hypothesis.direction, one.call.held or one.call.outcome
    if outcome == "undecided":
        return {"equivalent": "undecided_same", "at_most": "undecided_bound"}.get(direction, "undecided")
    if direction == "equivalent":
        return "same" if outcome == "supported" else "differ"
    if direction == "at_most":
        return "not_better" if outcome == "supported" else "beyond"
    if outcome == "equivalent":
        return "same"
    if outcome == "not larger":
        return "not_better" if direction == "increase" else "not_worse"
    return "better" if one.comparison.these.estimate > 0 else "worse"


def statement(one: Evaluation, names: Names) -> str:
    """What was found of the contrast itself, by the measure and the outcome."""
    form = wording()["headline"]["statement"][one.hypothesis.measure.how][form_of(one)]
    return in_doubt(one, form.format(**places(one), **places_of_measure(one, names)))


def in_doubt(one: Evaluation, told: str) -> str:
    """A statement set into the words that say what stood in its way."""
    words = wording()["headline"]
    form = {"family": "undecided_family", "sign": "undecided_sign"}.get(one.call.reason)
    return words[form].format(statement=told, family=one.family) if form else told


def places(one: Evaluation) -> dict[str, str]:
    """The places that all statements share."""
    found, row = one.comparison.these, one.hypothesis
    edges = deciding(found, row.error_rate, one.factor or 1.0)
    return arms_of(one) | {
        "estimate": signed(found.estimate), "size": unsigned(found.estimate),
        "interval": interval_words(found), "margin": margin_words(row.smallest_effect),
        "level": percent(100 * edges.level), "edges": interval_words(edges),
        "share": unsigned(found.estimate + 50),
        "share_interval": f"{share(found.low)} to {share(found.high)}"
        if found.known else wording()["no_interval"],
    }  # fmt: skip


def places_of_measure(one: Evaluation, names: Names) -> dict[str, str]:
    """The places that statements of one measure have."""
    words, measure, found = wording()["headline"], one.hypothesis.measure, one.comparison.these
    arms = arms_of(one)
    none = one.hypothesis.contrast["control"] == "none"
    told = {"difference": words["difference"]["against_none" if none else "else"].format(**arms)}
    if measure.how == "between":
        groups = words["groups"]
        form = groups.get(measure.column, groups["else"])
        for name in ("first", "second"):
            called = [wording()["kinds"].get(one, names[one]) for one in getattr(measure, name)]
            told[name] = form.format(names=listed(called), column=measure.column)
    if measure.how == "slope":
        columns = words["columns"]
        told["along"] = columns.get(measure.column, columns["else"]).format(column=measure.column)
    if measure.how == "every":
        target, language = found.picked or ("", "")
        told |= {"count": str(len(found.cells)), "target": names[target], "language": names[language]}
    return told


# --- effects of opposite sign ---------------------------------------------------------------------------


def opposites(one: Evaluation) -> str:
    """What is said where the mean, or a side's mean against none, hides effects of opposite sign."""
    words = wording()["headline"]
    told = ""
    if hides_opposites(one.comparison.by_kind):
        told += words["opposite"].format(parts=clear_kinds(one.comparison.by_kind))
    for side in one.sides:
        if hides_opposites(side.by_kind):
            short = wording()["arms"][side.arm]["short"]
            told += words["opposite_side"].format(arm=short, parts=clear_kinds(side.by_kind))
    return told


def clear_kinds(by_kind: Mapping[str, Interval]) -> str:
    """The kinds whose interval leaves zero out, each with its number."""
    return kind_parts({kind: found for kind, found in by_kind.items() if not holds_zero(found)})


def kind_parts(by_kind: Mapping[str, Interval]) -> str:
    """Each kind with its number."""
    words = wording()
    return ", ".join(
        words["kind_part"].format(
            kind=words["kinds"][kind], estimate=signed(found.estimate), interval=interval_words(found)
        )
        for kind, found in by_kind.items()
    )
