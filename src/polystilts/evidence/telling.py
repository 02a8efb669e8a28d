"""A claim in words: the contrast, its qualifications in order, and the sentence that joins everything."""

from collections.abc import Iterator
from typing import Any

from polystilts.evidence.claim import interval_words, signed
from polystilts.evidence.evaluate import Evaluation, Side
from polystilts.evidence.headlines import Names, headline, kind_parts, margin_words, percent, unsigned, why
from polystilts.statistics.compare import drawn_anew
from polystilts.statistics.intervals import Interval
from polystilts.statistics.outcomes import deciding, turned_by
from polystilts.wording import listed, wording

Qualification = dict[str, Any]


def told(one: Evaluation, names: Names, provisional: tuple[int, int] | None = None) -> dict[str, Any]:
    """The fields of a claim that are words, with the rows of its contrast."""
    head, text = headline(one, names), contrast_text(one, names)
    reason, found = reason_of(one, names), list(qualifications(one, names, provisional))
    ending = wording()["outcome"].format(
        outcome=one.call.outcome, reason=wording()["reason"].format(reason=reason) if reason else ""
    )
    return {
        "headline": head,
        "reason": reason,
        "factor": one.factor,
        "family": one.family,
        "contrast": {"text": text, "unit": one.hypothesis.unit, "rows": list(contrast_rows(one))},
        "qualifications": found,
        "sentence": " ".join([head, text, *(qualification["text"] for qualification in found), ending]),
    }


def reason_of(one: Evaluation, names: Names) -> str:
    """Why a claim is undecided, not testable or not run; an empty word for every other outcome."""
    if one.comparison is None or one.untestable:
        return why(one, names)
    if one.call.reason == "alone":
        return one.comparison.these.notes[-1]
    return wording()["reasons"].get(one.call.reason, "")


# --- the contrast ---------------------------------------------------------------------------------------


def contrast_text(one: Evaluation, names: Names) -> str:
    """What was expected and what was found, by kind of task and against none."""
    words = wording()["contrast"]
    parts = [words["expected"].format(sentence=one.hypothesis.sentence)]
    if one.comparison is None:
        return parts[0]
    these = one.comparison.these
    parts.append(words["found" if these.known else "found_alone"].format(
        estimate=signed(these.estimate), unit=one.hypothesis.unit, interval=interval_words(these),
        units=units_words(these, names), n=these.n,
    ))  # fmt: skip
    if len(one.comparison.by_kind) > 1:
        parts.append(words["by_kind"].format(parts=kind_parts(one.comparison.by_kind)))
    if one.sides:
        parts.append(words["against_none"].format(parts="; ".join(map(_side, one.sides))))
    return " ".join(parts)


def _side(side: Side) -> str:
    kinds = f": {kind_parts(side.by_kind)}" if len(side.by_kind) > 1 else ""
    return wording()["contrast"]["side"].format(
        arm=wording()["arms"][side.arm]["short"], estimate=signed(side.whole.estimate),
        interval=interval_words(side.whole), kinds=kinds,
    )  # fmt: skip


def units_words(found: Interval, names: Names) -> str:
    """How many units there are, with their noun; real data have allotments of text for worlds."""
    unit = "allotment" if names.real and found.unit == "world_seed" else found.unit
    return f"{found.units} {wording()['units'][unit][found.units != 1]}"


def contrast_rows(one: Evaluation) -> Iterator[dict[str, Any]]:
    """The contrast and its sides as numbers: the whole of each, then each kind where there are several."""
    if one.comparison is None:
        return
    arms = one.hypothesis.contrast["treatment"], one.hypothesis.contrast["control"]
    yield from _rows("contrast", *arms, one.comparison.these, one.comparison.by_kind)
    for side in one.sides:
        name = "treatment" if side.arm == arms[0] else "control"
        yield from _rows(name, side.arm, "none", side.whole, side.by_kind)


def _rows(side: str, arm: str, against: str, whole: Interval, by_kind: dict[str, Interval]) -> Iterator[dict]:
    for kind, found in (("", whole), *(by_kind.items() if len(by_kind) > 1 else ())):
        yield {"side": side, "arm": arm, "against": against, "kind": kind, **numbers(found), "n": found.n,
               "units": found.units}  # fmt: skip


def numbers(found: Interval, prefix: str = "") -> dict[str, float | None]:
    """An estimate and the ends of its interval, by name."""
    return {f"{prefix}estimate": found.estimate, f"{prefix}low": found.low, f"{prefix}high": found.high}


# --- the qualifications ---------------------------------------------------------------------------------


def qualifications(
    one: Evaluation, names: Names, provisional: tuple[int, int] | None = None
) -> Iterator[Qualification]:
    """What a reader must know beside the number, in the order of wording.yaml."""
    if one.comparison is not None:
        for rule in (practice, null_control, without_flagged, covered, equivalence, detectable, correction,
                     turning, random_weights, only_one, notes):  # fmt: skip
            yield from rule(one, names)
    if provisional:
        have, declared = provisional
        yield qualification("provisional", wording()["provisional"].format(have=have, declared=declared))


def qualification(name: str, text: str, **values: Any) -> Qualification:
    """One qualification: its name, its text and the numbers in it."""
    return {"name": name, "text": text, **values}


def practice(one: Evaluation, names: Names) -> Iterator[Qualification]:
    """Which intermediate tasks were not learned, or are not known to have been."""
    words, known = wording()["practice"], one.practice
    if known.unlearned:
        tasks = [
            words["task"].format(
                title=names[row.intermediate_task], score=unsigned(row.value),
                score_interval=f"{unsigned(row.low)} to {unsigned(row.high)}",
                majority=unsigned(row.majority),
            )
            for row in known.scores.itertuples()
        ]  # fmt: skip
        form = words["none" if one.untestable else "dropped"]
        yield qualification("practice", form.format(tasks=", ".join(tasks)), unlearned=list(known.unlearned))
    if known.unknown:
        tasks = listed([names[task] for task in known.unknown])
        yield qualification("practice", words["unknown"].format(tasks=tasks), unknown=list(known.unknown))


def null_control(one: Evaluation, names: Names) -> Iterator[Qualification]:
    """What training that teaches nothing does already."""
    arms = wording()["arms"]
    for found in one.nulls:
        text = wording()["null_control"].format(
            null=arms[found.null]["short"], arm=arms[found.arm]["short"],
            estimate=signed(found.alone.estimate), interval=interval_words(found.alone),
            beyond=signed(found.beyond.estimate), beyond_interval=interval_words(found.beyond),
        )  # fmt: skip
        yield qualification("null control", text, null=found.null, arm=found.arm, **numbers(found.alone),
                            **numbers(found.beyond, "beyond_"))  # fmt: skip


def without_flagged(one: Evaluation, names: Names) -> Iterator[Qualification]:
    """The estimate without what is at a guess or above 95, and what is left."""
    words, found = wording()["without_flagged"], one.comparison
    if not found.flagged:
        return
    values = {"flagged": found.flagged, "n": found.differences}
    if not found.unflagged.n:
        yield qualification("without flagged", words["all"], **values)
        return
    left = [words["left"].format(target=names[target], count=count, n=n)
            for target, (count, n) in found.left.items()]  # fmt: skip
    text = words["some"].format(
        flagged=found.flagged, estimate=signed(found.unflagged.estimate),
        interval=interval_words(found.unflagged), left=", ".join(left),
    )  # fmt: skip
    yield qualification("without flagged", text, **values, **numbers(found.unflagged))


def covered(one: Evaluation, names: Names) -> Iterator[Qualification]:
    """Which languages the interval covers."""
    words, found = wording()["languages"], one.comparison
    if not found.these.known:
        return
    if drawn_anew(one.cells, found.these.unit):
        yield qualification("languages", words["worlds"])
    elif one.hypothesis.measure.how not in ("mean", "between"):
        yield qualification("languages", words["measure"])
    elif found.new.known:
        text = words["these"].format(low=signed(found.new.low), high=signed(found.new.high))
        yield qualification("languages", text, low=found.new.low, high=found.new.high)
    else:
        yield qualification("languages", words["few"])


def equivalence(one: Evaluation, names: Names) -> Iterator[Qualification]:
    """The interval that an equivalence was decided by."""
    row, found = one.hypothesis, one.comparison.these
    called = one.call.outcome == "equivalent" or (
        row.direction == "equivalent" and one.call.outcome == "supported"
    )
    if called and not found.cells:
        edges = deciding(found, row.error_rate, one.factor)
        text = wording()["equivalence"].format(
            level=percent(100 * edges.level), low=signed(edges.low), high=signed(edges.high),
            margin=margin_words(row.smallest_effect),
        )  # fmt: skip
        yield qualification("equivalence", text, level=100 * edges.level, low=edges.low, high=edges.high)


def detectable(one: Evaluation, names: Names) -> Iterator[Qualification]:
    """The effect that would be seen four times in five, at the first step of Holm's order."""
    found, row = one.comparison.these, one.hypothesis
    if found.known and not one.untestable:
        size = found.smallest_visible(error_rate=row.error_rate / one.family)
        form = wording()["detectable_effect"]["family" if one.family > 1 else "alone"]
        text = form.format(size=unsigned(size), unit=row.unit, family=one.family)
        yield qualification("detectable effect", text, size=size, family=one.family)


def correction(one: Evaluation, names: Names) -> Iterator[Qualification]:
    """What the p-value is multiplied by, where there is a family to correct for."""
    if one.factor is not None and one.family > 1:
        text = wording()["correction"].format(factor=percent(one.factor), family=one.family)
        yield qualification("correction", text, factor=one.factor, family=one.family)


def turning(one: Evaluation, names: Names) -> Iterator[Qualification]:
    """Without which single language or target the finding turns."""
    row, found = one.hypothesis, one.comparison
    turned = turned_by(found.these, found.without, row.direction, row.smallest_effect, row.error_rate)
    if turned:
        what = "sign" if row.direction in ("increase", "decrease") else "outcome"
        text = wording()["turned_by"][what].format(names=", ".join(names[name] for name in turned))
        yield qualification("turned by", text, without=turned)


def random_weights(one: Evaluation, names: Names) -> Iterator[Qualification]:
    """The retrieval targets on which random weights do about as well."""
    for target, found in one.untrained:
        text = wording()["random_weights"].format(
            target=names[target], estimate=signed(found.estimate), interval=interval_words(found)
        )
        yield qualification("random weights", text, target=target, **numbers(found))


def only_one(one: Evaluation, names: Names) -> Iterator[Qualification]:
    """What was there only once."""
    words = wording()
    limits = [words["units"]["allotment"][0] if names.real and limit == "world" else words["once"][limit]
              for limit in one.comparison.limits]  # fmt: skip
    if limits:
        yield qualification("only one", words["only_one"].format(names=", one ".join(limits)))


def notes(one: Evaluation, names: Names) -> Iterator[Qualification]:
    """What else was noted on the way; not twice what is the reason of the outcome."""
    for note in one.comparison.notes:
        if note != reason_of(one, names):
            yield qualification("note", f"{note[0].upper()}{note[1:]}.")
