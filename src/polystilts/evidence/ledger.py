"""The ledger of claims: every hypothesis evaluated from the tables, kept in `claims.json`, told in prose."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from polystilts.errors import StudyError, WrongUse
from polystilts.evidence.claim import Claim, as_record, from_record, interval_words, number, signed
from polystilts.evidence.hypotheses import Hypotheses, Hypothesis, confirmatory, hypotheses_for
from polystilts.evidence.provenance import lineage
from polystilts.evidence.status import with_status
from polystilts.files import read_json, write_json
from polystilts.languages import LANGUAGES
from polystilts.statistics.averages import Measure
from polystilts.statistics.compare import Comparison, Subset, compare, estimate
from polystilts.statistics.flags import learned_intermediates
from polystilts.statistics.gains import contrasting
from polystilts.statistics.intervals import UNIT_WORDS, Interval
from polystilts.statistics.outcomes import holm, outcome, p_values, turned_by
from polystilts.statistics.tables import (
    ARM,
    MATCH,
    LowResource,
    plain_words,
    require,
    source_language,
    with_levels,
)
from polystilts.tasks import TASKS

NOT_RUN = "no runs at this scale"


@dataclass(frozen=True)
class Evaluation:
    """What the tables say about one hypothesis: its comparison, or the reason why there is none."""

    hypothesis: Hypothesis
    comparison: Comparison | None
    reason: str = ""
    against_none: tuple[tuple[str, Interval], ...] = ()  # each side of a contrast, against no practice
    unlearned: tuple[str, ...] = ()  # what was practised and not learned even in the source language
    untrained: tuple[tuple[str, Interval], ...] = ()  # retrieval on which random weights do about as well


@plain_words
def build_claims(
    scores: pd.DataFrame,
    gains: pd.DataFrame,
    languages: pd.DataFrame,
    hypotheses: Hypotheses,
    scale: str,
    low_resource: LowResource,
    outputs: Path | None = None,
    declared_worlds: Sequence[int] = (),
    turned: Sequence[str] = (),
) -> list[Claim]:
    """One claim for every hypothesis; what this scale has no runs for is undecided and says so.

    Every status is UNVERIFIED: only a reproduction by the gate may change it. `gains` is part of the lineage
    and is checked to belong to the same scores. While worlds are missing of those that the scale or the
    freeze declared, claims are provisional, and exploratory: nobody may stop when he likes the answer. So are
    they where knobs were `turned` away from what the scale declares.
    """
    same_runs(scores, gains)
    evaluations = evaluate(scores, languages, hypotheses, low_resource)
    inflation = holm_inflation(evaluations)
    worlds = [int(seed) for seed in sorted(scores["world_seed"].dropna().unique())]
    promised = set((hypotheses.frozen or {}).get("world_seeds", ()))
    waiting = {*map(int, declared_worlds), *(promised if promised & set(worlds) else ())} - set(worlds)
    confirm = confirmatory(hypotheses, worlds, scale) and not waiting and not turned
    names = dict(zip(languages["language"], languages["name"], strict=True))
    names |= {name: task.title for name, task in TASKS.items()}
    real = any(code in LANGUAGES and not LANGUAGES[code].invented for code in languages["language"])
    claims = []
    for one in evaluations:
        claim = claim_of(one, inflation.get(one.hypothesis.id, 1.0), scale, names, real)
        if waiting:
            provisional = f"Provisional: {len(worlds)} of {len(worlds) + len(waiting)} declared worlds."
            claim = replace(claim, sentence=f"{claim.sentence} {provisional}")
        runs = one.comparison.runs if one.comparison else ()
        origin = {**lineage(outputs, runs, hypotheses.file), "hypotheses": hypotheses.hash}
        claims.append(replace(claim, confirmatory=confirm and bool(runs), lineage=origin))
    return claims


def claims_for(source: str, *tables: pd.DataFrame, **options: Any) -> list[Claim]:
    """The claims of a study, by every file of hypotheses that judges it; the rest is as in `build_claims`."""
    return [claim for hypotheses in hypotheses_for(source)
            for claim in build_claims(*tables, hypotheses, **options)]  # fmt: skip


def same_runs(scores: pd.DataFrame, gains: pd.DataFrame) -> None:
    """Refuse gains whose values are not in the scores: a stale table is worse than none."""
    require(gains, (*MATCH, *ARM, "value"), "the gains table")
    keys = [*MATCH, *ARM]
    found = gains[[*keys, "value"]].merge(
        scores[[*keys, "value"]], on=keys, how="left", suffixes=("", "_score")
    )
    same = (found["value"] - found["value_score"]).abs() < 1e-5
    strange = int((~same).sum())
    if strange:
        raise StudyError(f"{strange} rows of the gains table differ from the scores; compute the gains again")


def evaluate(
    scores: pd.DataFrame, languages: pd.DataFrame, hypotheses: Hypotheses, low_resource: LowResource
) -> list[Evaluation]:
    """Compare what each hypothesis compares, where the tables can support it."""
    scores = with_levels(scores, low_resource)
    practice = learned_intermediates(scores)
    unlearned = set(practice.loc[~practice["learned"], "intermediate_task"])
    there = set(scores["strategy"])
    differences = contrasting(scores)

    @cache
    def cells_of(*arms: str) -> pd.DataFrame:
        return with_languages(differences(*arms), languages)

    found = []
    for row in hypotheses:
        arms = (row.contrast["treatment"], row.contrast["control"])
        absent = [arm for arm in arms if arm not in there]
        if absent:
            found.append(Evaluation(row, None, f"{NOT_RUN}: {' and '.join(absent)}"))
            continue
        subset, measure = subset_of(row, languages), row.measure
        part = subset.of(cells_of(*arms))
        if reason := lacking(part, measure):
            found.append(Evaluation(row, None, reason))
            continue
        # Who beats a rival that does harm need not do good: both sides are told against no practice as well.
        sides = arms if measure.how == "mean" and arms[1] != "none" and "none" in there else ()
        against_none = tuple(
            (arm, estimate(subset.of(cells_of(arm, "none")), measure=measure)) for arm in sides
        )
        found.append(
            Evaluation(
                row,
                compare(part, measure),
                against_none=against_none,
                unlearned=tuple(sorted(unlearned & set(part["intermediate_task"]))),
                untrained=untrained_rivals(cells_of("none", "untrained"), subset)
                if "untrained" in there - set(arms)
                else (),
            )
        )
    return found


def untrained_rivals(cells: pd.DataFrame, subset: Subset) -> tuple[tuple[str, Interval], ...]:
    """The retrieval targets of a subset on which pretraining is not ahead of random weights, and by how much.

    Whatever an arm gains there may come from what the languages share on the surface.
    """
    kinds = tuple(kind for kind in subset.kinds or () if kind == "retrieval")
    part = replace(subset, exposure=None, cross_task=None, intermediate_tasks=None, kinds=kinds).of(cells)
    ahead = {target: estimate(rows) for target, rows in part.groupby("target_task")}
    return tuple((target, it) for target, it in ahead.items() if it.low is None or it.low <= 0)


def with_languages(cells: pd.DataFrame, languages: pd.DataFrame) -> pd.DataFrame:
    """The cells with what is known of their language: its distance and log10 resource."""
    known = languages.set_index("language")
    cells = cells.copy()
    cells["distance"] = cells["language"].map(known["distance"].astype(float))
    cells["log10_resource"] = cells["language"].map(
        known["resource"].astype(float).map(lambda size: math.log10(size) if size > 0 else math.nan)
    )
    return cells


def subset_of(row: Hypothesis, languages: pd.DataFrame) -> Subset:
    """The cells a hypothesis is about, with its language group spelled out for this scale."""
    group = row.subset.get("languages", "all")
    # Labels of the source language are what every target is tuned on: it is never among the targets.
    names = [name for name in languages["language"] if name != source_language(languages)]
    seen = languages.set_index("language")["seen"].astype(str).str.lower().isin(("true", "1", "yes"))
    if group in ("seen", "unseen"):
        names = [name for name in names if seen[name] == (group == "seen")]
    chosen = {key: row.subset[key] for key in ("exposure", "cross_task") if key in row.subset}
    for key in ("kinds", "intermediate_tasks"):
        if row.subset.get(key):
            chosen[key] = tuple(row.subset[key])
    return Subset(languages=tuple(names), resource=group if group in ("low", "high") else None, **chosen)


def lacking(cells: pd.DataFrame, measure: Measure) -> str:
    """Why these cells cannot answer, or an empty word when they can."""
    if cells.empty:
        return f"{NOT_RUN}: no cells in the subset"
    if measure.how == "between":
        for group in (measure.first, measure.second):
            if not cells[measure.column].isin(group).any():
                return f"{NOT_RUN}: none of {', '.join(group)}"
    if measure.how == "slope" and cells.groupby("language")[measure.column].first().nunique() < 3:
        return f"fewer than three values of {measure.column}: no slope can be told"
    return ""


def holm_inflation(evaluations: Sequence[Evaluation]) -> dict[str, float]:
    """For each hypothesis with an interval, what Holm multiplies its p-value by inside its family."""
    inflation = {}
    for family in {one.hypothesis.family for one in evaluations}:
        p = {
            one.hypothesis.id: min(
                p_values(
                    one.comparison.these, one.hypothesis.direction, one.hypothesis.smallest_effect
                ).values()
            )
            for one in evaluations
            if one.hypothesis.family == family and one.comparison and one.comparison.these.known
        }
        for name, adjusted in holm(p).items():
            inflation[name] = adjusted / p[name] if p[name] > 0 else float(len(p))
    return inflation


def claim_of(
    one: Evaluation, inflation: float, scale: str, names: Mapping[str, str], real: bool = False
) -> Claim:
    """The claim that an evaluation supports; `names` turns codes into what readers call them.

    Where languages are `real` there are no worlds, only allotments of text.
    """
    row = one.hypothesis
    if one.comparison is None:
        sentence = f"Expected: {row.sentence} Outcome: undecided ({one.reason})."
        return Claim(
            row.id, row.id, sentence, row.quantifier, None, None, None, 0, 0, "undecided", scale=scale
        )
    these = one.comparison.these
    call, reason = outcome(
        these, row.direction, row.smallest_effect, row.error_rate, one.comparison.logit, inflation
    )
    claim = Claim(row.id, row.id, "", row.quantifier, these.estimate, these.low, these.high, these.n,
                  these.units, call, scale=scale)  # fmt: skip
    return replace(claim, sentence=told(one, claim, reason, names, real))


def in_number(word: str, count: int) -> str:
    """A noun in the number of what it counts.

    >>> in_number("world", 2), in_number("allotment of text", 4), in_number("seed", 1)
    ('worlds', 'allotments of text', 'seed')
    """
    first, *rest = word.split(" ")
    return " ".join([f"{first}{'s' * (count != 1)}", *rest])


def told(one: Evaluation, claim: Claim, reason: str, names: Mapping[str, str], real: bool = False) -> str:
    """The claim in prose: expectation, number for these and for new languages, limits, outcome."""
    row, found = one.hypothesis, one.comparison
    these = found.these
    word = "allotment of text" if real and these.unit == "world_seed" else UNIT_WORDS[these.unit]
    units = f"{these.units} {in_number(word, these.units)}"
    parts = [
        f"Expected: {row.sentence} Found: {number(claim, unit=row.unit)}, for these languages, over {units} "
        f"and {these.n} matched differences."
    ]
    if one.against_none:
        sides = (f"{name} {signed(it.estimate)} ({interval_words(it)})" for name, it in one.against_none)
        parts.append(f"Against no practice: {', '.join(sides).replace('english', 'English')}.")
    if found.new.known:
        parts.append(f"For new languages: {signed(found.new.low)} to {signed(found.new.high)}.")
    if found.flagged and found.unflagged.n:
        parts.append(f"Without the {found.flagged} differences in cells at chance or above 95: "
                     f"{signed(found.unflagged.estimate)}.")  # fmt: skip
    elif found.flagged:
        parts.append("Every cell is at chance or above 95.")
    visible = these.smallest_visible()
    if visible is not None:
        parts.append(f"An effect of {visible:.1f} {row.unit} would be seen four times in five.")
    if turned := turned_by(these, found.without, row.direction, row.smallest_effect, row.error_rate):
        what = "sign" if row.direction in ("increase", "decrease") else "outcome"
        told_names = ", ".join(names.get(name, name) for name in turned)
        parts.append(f"The {what} turns when any one of these is left out: {told_names}.")
    parts += [
        f"On {names[target]} an encoder with random weights does about as well: pretrained minus random "
        f"{signed(it.estimate)} ({interval_words(it)}); shared words may suffice."
        for target, it in one.untrained
    ]
    if one.unlearned:
        parts.append(f"Not learned as practice: {', '.join(names[task] for task in one.unlearned)}.")
    parts += [f"{note[0].upper()}{note[1:]}." for note in found.notes if note != reason]
    if found.limits:
        limits = ["allotment of text" if real and word == "world" else word for word in found.limits]
        parts.append(f"Only one {', one '.join(limits)}: nothing is said about others.")
    parts.append(f"Outcome: {claim.outcome}{f' ({reason})' if reason else ''}.")
    return " ".join(parts)


def write_claims(path: Path, claims: Sequence[Claim]) -> None:
    """Write `claims.json`, claims in the order of the hypotheses."""
    names = [claim.id for claim in claims]
    if len(set(names)) < len(names):
        raise StudyError(f"two claims share an id: {', '.join(sorted(names))}")
    write_json(path, {"claims": [as_record(claim) for claim in claims]})


def read_claims(path: Path) -> list[Claim]:
    """Read `claims.json`."""
    if not Path(path).is_file():
        raise WrongUse(f"no claims at {path}; chapter 07 of the study writes them")
    return [from_record(record) for record in read_json(path)["claims"]]


def judged_claims(folder: Path) -> list[Claim]:
    """The claims of a study, each with what the gate says of it; none where the study left no claims."""
    file = Path(folder) / "claims.json"
    return with_status(read_claims(file), folder) if file.is_file() else []


def find_claim(claims: Sequence[Claim], name: str) -> Claim:
    """One claim by its id."""
    for claim in claims:
        if claim.id == name:
            return claim
    raise WrongUse(f"no claim {name!r}; there are {', '.join(claim.id for claim in claims)}")


def in_points(claims: Sequence[Claim], hypotheses: Hypotheses) -> list[Claim]:
    """The claims measured in points: those that one axis can hold."""
    return [claim for claim in claims if hypotheses[claim.hypothesis].unit == "points"]


def sentence(claim: Claim) -> str:
    """The claim as a reader meets it: its sentence, its kind and its status."""
    kind = "confirmatory" if claim.confirmatory else "exploratory"
    return f"{claim.sentence} [{kind}; {claim.status}]"


def as_table(claims: Sequence[Claim]) -> pd.DataFrame:
    """The claims as a table for readers, undecided and negative ones as prominent as the others."""
    return pd.DataFrame(
        {
            "claim": [claim.id for claim in claims],
            "estimate": [number(claim, unit="") for claim in claims],
            "differences": [claim.n for claim in claims],
            "units": [claim.units for claim in claims],
            "outcome": [claim.outcome for claim in claims],
            "kind": ["confirmatory" if claim.confirmatory else "exploratory" for claim in claims],
            "status": [claim.status for claim in claims],
        }
    )
