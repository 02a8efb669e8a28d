"""The headline of a claim and its contrast, told again from the gate's own numbers."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from polystilts.gate.calls import Call, Side, is_mean
from polystilts.gate.estimates import Estimate, highest_unit, in_every_unit
from polystilts.gate.guessing import NULL_CONTROLS
from polystilts.gate.outcomes import equivalence
from polystilts.gate.phrases import (
    between,
    in_short,
    interval,
    kind_parts,
    kinds_in_order,
    margin,
    plain,
    practice,
    score,
    several,
    short,
    signed,
)
from polystilts.wording import listed, wording

SMALL = re.compile(r"[rw]\d+")  # encoders that are made here


def headline(call: Call, row: Mapping[str, Any], names: Mapping[str, str], real: bool) -> str:
    """The sentence for people, and one more where a mean hides effects of opposite sign."""
    words, arms = wording()["headline"], row["contrast"]
    about = {"practice": practice(arms["treatment"]), "control": in_short(arms["control"])}
    if call.outcome == "not run":
        return words["not_run"].format(**about, why=why_not(call, row, names))
    mine = _scope(call, row, real)
    if call.outcome == "not testable":
        told = words["not_testable"].format(scope=mine, **about, why=why_not(call, row, names))
    else:
        told = f"{mine}{_body(call, row, names)}."
    null = is_mean(row) and arms["control"] == "none" and arms["treatment"] in NULL_CONTROLS
    if null and not _holds_zero(call.estimate):
        told = words["not_null"] + told
    if not call.testable:
        return told
    if parts := _opposite(call.kinds):
        told += words["opposite"].format(parts=parts)
    for side in call.sides:
        if parts := _opposite(side.kinds):
            told += words["opposite_side"].format(arm=in_short(side.arm), parts=parts)
    return told


def why_not(call: Call, row: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Why a claim was not run, or cannot be tested."""
    key, *rest = call.reason
    if call.outcome == "not run":
        words = wording()["headline"]["why_not_run"]
        if key == "arms":
            rest = [in_short(name) for name in rest]
        if key == "group":
            rest = _group(row["contrast"]["column"], rest, names)
        return words[key].format(names=listed(rest) if rest else "", column=rest[0] if rest else "")
    words = wording()["headline"]["why_not_testable"]
    if key == "flagged":
        return words["flagged"].format(flagged=rest[0], n=rest[1])
    titles = [names[name] for name in rest]
    if len(titles) == 2:
        return words["two"].format(first=titles[0], second=titles[1])
    return words["one" if len(titles) == 1 else "several"].format(names=listed(titles))


def _scope(call: Call, row: Mapping[str, Any], real: bool) -> str:
    """Where it was found: in what worlds, read by what encoders, in what languages, on what kinds of task."""
    words, cells = wording()["headline"], in_every_unit(call.cells, highest_unit(call.cells))
    worlds, encoders = cells["world_seed"].nunique(), sorted(cells["encoder"].unique())
    where = "real" if real else "world" if worlds == 1 else "worlds"
    once = all(cells[column].nunique() == 1 for column in ("world_seed", "encoder", "encoder_seed"))
    sizes = words["encoders"]["small" if all(map(SMALL.fullmatch, encoders)) else "large"]
    many = "one" if once else "kind" if len(encoders) == 1 else "kinds"
    asked = row["subset"]
    labels = words["labels"][asked.get("exposure", "none") or "any"]
    kinds, column = kinds_in_order(set(cells["task_kind"])), row["contrast"].get("column")
    measure = row["contrast"].get("measure") or row["quantifier"]
    targets = ""
    if measure in ("mean", "slope") or (measure == "between" and column != "task_kind"):
        form = words["targets"]["one" if len(kinds) == 1 else "several"]
        targets = form.format(kind=wording()["kinds"][kinds[0]], count=len(kinds))
    return words["scope"].format(
        place=words["place"][where].format(count=worlds),
        encoders=sizes[many].format(count=len(encoders)),
        languages=words["languages"][asked.get("languages", "all")].format(labels=labels),
        targets=targets,
    )


def _body(call: Call, row: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """What was found: the sides against none, and the statement in the form of its outcome."""
    words, arms = wording()["headline"], row["contrast"]
    alone = call.reason[0] if call.reason and call.reason[0] in ("family", "sign") else ""
    form = form_of(call.nearly if alone else call.outcome, row, call.estimate)
    values = _values(call, row, names)
    if is_mean(row) and arms["control"] == "none":
        told = _side(arms["treatment"], call.estimate, row) + words["against_none"][form].format(**values)
    else:
        measure = arms.get("measure") or row["quantifier"]
        told = words["statement"][measure][form].format(**values)
    if alone:
        told = words[f"undecided_{alone}"].format(statement=told, family=call.family)
    before = [_side(side.arm, side.estimate, row) for side in call.sides]
    return "; ".join([*before, told])


def form_of(outcome: str, row: Mapping[str, Any], found: Estimate) -> str:
    """Which form of a statement an outcome takes."""
    direction = row["direction"]
    if direction == "equivalent":
        return {"supported": "same", "contradicted": "differ", "undecided": "undecided_same"}[outcome]
    if direction == "at_most":
        return {"supported": "not_better", "contradicted": "beyond", "undecided": "undecided_bound"}[outcome]
    if outcome in ("supported", "contradicted"):
        return "better" if found.value > 0 else "worse"
    not_larger = "not_better" if direction == "increase" else "not_worse"
    return {"equivalent": "same", "not larger": not_larger, "undecided": "undecided"}[outcome]


def _values(call: Call, row: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """What stands in the places of a statement."""
    arms, found = row["contrast"], call.estimate
    low, high = found.ends()
    shares = (None, None) if low is None else (low + 50, high + 50)
    values = {
        "arm": in_short(arms["treatment"]),
        "control": in_short(arms["control"]),
        "estimate": signed(found.value),
        "size": plain(found.value),
        "interval": between(low, high),
        "share": score(found.value + 50),
        "share_interval": between(*shares, score),
        "margin": margin(row),
        "count": len(found.cells),
        "target": names.get(found.name[0], ""),
        "language": names.get(found.name[1], ""),
        "difference": _difference(arms),
        "level": "",
        "edges": "",
    }
    if found.error is not None:
        level, *edges = equivalence(found, row, call.factor or 1.0)
        values |= {"level": short(level), "edges": between(*edges)}
    columns = wording()["headline"]["columns"]
    if arms.get("measure") == "slope":
        values["along"] = columns.get(arms["column"], columns["else"]).format(column=arms["column"])
    if arms.get("measure") == "between":
        words = wording()["headline"]["groups"]
        for name in ("first", "second"):
            told = listed(_group(arms["column"], arms[name], names))
            values[name] = words.get(arms["column"], words["else"]).format(names=told, column=arms["column"])
    return values


def _group(column: str, members: list[str], names: Mapping[str, str]) -> list[str]:
    """What the members of a group are called, in the order of the hypothesis."""
    if column == "task_kind":
        return [wording()["kinds"][kind] for kind in members]
    return [names.get(name, name) for name in members]


def _difference(arms: Mapping[str, Any]) -> str:
    form = wording()["headline"]["difference"]["against_none" if arms["control"] == "none" else "else"]
    return form.format(
        practice=practice(arms["treatment"]),
        arm=in_short(arms["treatment"]),
        control=in_short(arms["control"]),
    )


def _side(arm: str, found: Estimate, row: Mapping[str, Any]) -> str:
    """An arm against none: helps, harms, changes little, or none of these clearly."""
    low, high = (None if end is None else round(end, 6) for end in found.ends())
    edge = row["smallest_effect"]
    if low is None:
        form = "unknown"
    elif -edge < low and high < edge:
        form = "same"
    else:
        form = "helps" if low > 0 else "harms" if high < 0 else "unclear"
    return wording()["headline"]["side"][form].format(
        arm=practice(arm),
        estimate=signed(found.value),
        interval=interval(found),
        margin=f"{edge:g} point" + "s" * (edge != 1),
    )


def _holds_zero(found: Estimate) -> bool:
    low, high = found.ends()
    return low is None or round(low, 6) <= 0 <= round(high, 6)


def _opposite(kinds: Mapping[str, Estimate]) -> str:
    """The kinds whose intervals leave zero out, where there are some on either side."""
    clear = {kind: found for kind, found in kinds.items() if not _holds_zero(found)}
    signs = {found.value > 0 for found in clear.values()}
    return kind_parts(clear) if len(signs) == 2 else ""


def contrast_text(call: Call, row: Mapping[str, Any], real: bool) -> str:
    """What was expected and found, by kind of task and against none."""
    return " ".join(_contrast(call, row, real))


def _contrast(call: Call, row: Mapping[str, Any], real: bool) -> Iterator[str]:
    words, found = wording()["contrast"], call.estimate
    yield words["expected"].format(sentence=row["sentence"])
    if found is None:
        return
    yield words["found_alone" if found.error is None else "found"].format(
        estimate=signed(found.value),
        unit=row["contrast"].get("unit", "points"),
        interval=interval(found),
        units=several(highest_unit(call.cells), found.units, real),
        n=found.n,
    )
    if call.kinds:
        yield words["by_kind"].format(parts=kind_parts(call.kinds))
    if call.sides:
        yield words["against_none"].format(parts="; ".join(map(_side_part, call.sides)))


def _side_part(side: Side) -> str:
    kinds = f": {kind_parts(side.kinds)}" if side.kinds else ""
    return wording()["contrast"]["side"].format(
        arm=in_short(side.arm),
        estimate=signed(side.estimate.value),
        interval=interval(side.estimate),
        kinds=kinds,
    )


def reason_text(call: Call, row: Mapping[str, Any], names: Mapping[str, str], note: str) -> str:
    """Why a claim is undecided, not testable or not run; `note` says it where there is no interval."""
    if not call.testable:
        return why_not(call, row, names)
    return wording()["reasons"].get(call.reason[0], note) if call.reason else ""


def outcome_text(call: Call, why: str) -> str:
    """The outcome with its reason."""
    reason = wording()["reason"].format(reason=why) if why else ""
    return wording()["outcome"].format(outcome=call.outcome, reason=reason)
