"""The numbers of claims once more, from tables alone and by docs/claims.md: pandas, numpy, scipy.

Nothing of the study is imported, so that no mistake of its code is shared.
"""

from collections import defaultdict
from copy import copy

import numpy as np
import pandas as pd
from scipy import optimize, stats

METRICS = {"xnli": "accuracy", "pawsx": "accuracy", "americasnli": "accuracy", "xcopa": "accuracy", "udpos": "f1",
           "masakhapos": "f1", "panx": "span_f1", "masakhaner": "span_f1", "xquad": "f1", "mlqa": "f1",
           "tydiqa": "f1", "tatoeba": "accuracy", "bucc": "bucc_f1", "lareqa": "map@20", "mewslix": "mrr@20",
           "mnli": "accuracy", "anli": "accuracy", "qqp": "accuracy", "hellaswag": "accuracy", "squad_v1": "f1",
           "squad_v2": "f1", "ccg": "token_accuracy", "cosmosqa": "accuracy", "commonsenseqa": "accuracy"}  # fmt: skip
GUESS = {"xnli": 100 / 3, "americasnli": 100 / 3, "pawsx": 50, "xcopa": 50}
PRACTICE = {"mnli": "classification", "anli": "classification", "qqp": "classification", "ccg": "tagging",
            "squad_v1": "question_answering", "squad_v2": "question_answering", "hellaswag": "multiple_choice",
            "cosmosqa": "multiple_choice", "commonsenseqa": "multiple_choice"}  # fmt: skip
TEACHING = {"shuffled", "shuffled-translated", "english", "multitask-english", "translated", "native",
            "code-switched", "english+mlm", "multitask-translated"}  # fmt: skip
NULLS = {"shuffled": "english", "shuffled-translated": "translated"}
ABSENT = ["none", "-", ""]
PLACE = ["world_seed", "encoder", "encoder_seed", "target_task", "language", "metric", "variant"]
CODED = [
    "world_seed",
    "encoder_seed",
    "seed",
    "bundle",
    "allotment",
    "task_kind",
    "target_task",
    "language",
    "cell",
]
CELL = ["encoder", "intermediate_task", "language_set", "target_task", "language", "variant"]


def wilson_low(value, n):
    """The smaller share x with (x - p)^2 = z^2 x (1 - x) / n."""
    p, z2 = value / 100, stats.norm.ppf(0.975) ** 2
    return 100 * min(np.roots([1 + z2 / n, -2 * p - z2 / n, p**2]).real)


class Study:
    """The tables of one study, ready to be compared."""

    def __init__(self, folder, params):
        self.params = params["shared"]
        self.real = self.params["source"] != "world"
        self.scores = pd.read_csv(folder / "tables" / "scores.csv", keep_default_na=False)
        languages = pd.read_csv(folder / "tables" / "languages.csv", keep_default_na=False)
        self.languages = languages.set_index("language")
        rows = self.scores[self.scores["split"] == "test"]
        rows = rows[rows["metric"] == rows["target_task"].map(METRICS)].copy()
        layers = rows["variant"].str.extract(r"layer(\d+)\.mean\.centred$")[0].astype(float)
        rows = rows[(rows["variant"] == "") | (layers == layers.max() // 2 + 1)]
        edge = 0.5 / rows["n"]
        share = (rows["value"] / 100).clip(edge, 1 - edge)
        self.rows = rows.assign(logit=np.log(share / (1 - share)))
        self.flagged = self.find_flags()

    def find_flags(self):
        base = self.rows[self.rows["strategy"] == "none"]
        base = base.groupby([*PLACE, "task_kind"]).agg(value=("value", "mean"), n=("n", "min")).reset_index()
        told = self.scores[self.scores["metric"] == "chance"]
        told = told.groupby(["world_seed", "target_task", "language"])["value"].mean().to_dict()
        bad = set()
        for row in base.to_dict("records"):
            key = row["world_seed"], row["target_task"], row["language"]
            guess = 100 / row["n"] if row["task_kind"] == "retrieval" else 0.0
            guess = GUESS.get(row["target_task"], told.get(key, guess))
            if row["value"] > 95 or guess >= wilson_low(row["value"], row["n"]):
                bad.add(tuple(row[name] for name in PLACE))
        return bad

    def low(self, world):
        low = set(self.params["low_resource"])
        if self.real and world % 2:
            low = set(self.params["languages"]) - low - {self.params["source_language"]}
            low |= set(self.params["tested_only"])
        return frozenset(low)

    def differences(self, treatment, control, subset):
        one, two = (self.rows[self.rows["strategy"] == arm] for arm in (treatment, control))
        on = [*PLACE, "seed", "finetune_task"]
        on += [name for name in ("intermediate_task", "language_set")
               if not one[name].isin(ABSENT).any() and not two[name].isin(ABSENT).any()]  # fmt: skip
        cells = one.merge(two, on=on, suffixes=("", "_c"))
        if "intermediate_task_c" in cells:
            own = cells["intermediate_task"]
            cells["intermediate_task"] = own.where(~own.isin(ABSENT), cells["intermediate_task_c"])
        cells["difference"], cells["logit"] = (
            cells["value"] - cells["value_c"],
            cells["logit"] - cells["logit_c"],
        )
        low = {world: self.low(world) for world in cells["world_seed"].unique()}
        cells["allotment"] = cells["world_seed"].map(
            {world: str(sorted(names)) for world, names in low.items()}
        )
        pairs = zip(cells["world_seed"], cells["language"], strict=True)
        cells["resource_level"] = ["low" if name in low[world] else "high" for world, name in pairs]
        cells["distance"] = cells["language"].map(self.languages["distance"].astype(float))
        source = self.languages["distance"].astype(float).idxmin()
        kinds = subset.get("kinds") or set(cells["task_kind"]) - {"retrieval"}
        keep = (cells["language"] != source) & cells["task_kind"].isin(kinds)
        if (group := subset.get("languages", "all")) in ("low", "high"):
            keep &= cells["resource_level"] == group
        elif group != "all":
            seen = cells["language"].map(self.languages["seen"]).astype(str).str.lower().isin(["yes", "true"])
            keep &= seen == (group == "seen")
        if (exposure := subset.get("exposure", "none")) == "none":
            keep &= (cells["exposure"] == "none") & (cells["exposure_c"] == "none")
        elif exposure:
            keep &= cells["exposure"] == exposure
        if (cross := subset.get("cross_task", True)) is not None:
            keep &= (cells["intermediate_task"].map(PRACTICE) != cells["task_kind"]) == cross
        if subset.get("intermediate_tasks"):
            keep &= cells["intermediate_task"].isin(subset["intermediate_tasks"])
        cells = cells[keep].copy()
        cells["cell"] = cells.groupby(CELL).ngroup()
        for name in set(CODED) & set(cells):  # whole numbers are grouped faster than words
            cells[f"#{name}"] = pd.factorize(cells[name], sort=True)[0]
        cells["flagged"] = [key in self.flagged for key in cells[PLACE].itertuples(index=False, name=None)]
        return cells

    def learned(self, task, arms):
        dev = self.scores[(self.scores["split"] == "dev") & (self.scores["target_task"] == task)]
        own = dev[(dev["intermediate_task"] == task) & (dev["metric"] == METRICS[task])]
        asked = own[own["strategy"] == "english"]
        asked = asked if len(asked) else own[own["strategy"].isin(set(arms) - set(NULLS))]
        if asked.empty:
            return True  # not known, and not held against a claim
        guess = dev.loc[dev["metric"] == "majority", "value"].mean()
        return wilson_low(asked["value"].mean(), asked["n"].min()) > guess


def unit_of(cells):
    if "bundle" in cells and 1 < cells["bundle"].nunique() != cells["world_seed"].nunique():
        return "bundle"
    for unit in ("world_seed", "encoder_seed"):
        if len(cells[["allotment", unit]].drop_duplicates()) > cells["allotment"].nunique():
            return unit
    return "seed"


def complete(cells, unit):
    """Without the cells that some unit of their allotment lacks."""
    have = cells.groupby(["#cell", "#allotment"])[f"#{unit}"].transform("nunique")
    return cells[have == cells.groupby("#allotment")[f"#{unit}"].transform("nunique")]


def means(keys, values):
    """The mean of the values of each row of keys."""
    names, at = np.unique(keys, axis=0, return_inverse=True)
    return names, np.bincount(at.ravel(), values) / np.bincount(at.ravel())


def nested(cells, unit, value, depth=1):
    """Means of means: a cell's seeds, a language's cells, a target's languages, a kind's targets, a unit's kinds."""
    keys = cells[[f"#{name}" for name in (unit, "task_kind", "target_task", "language", "cell")]].to_numpy()
    names, values = means(keys, cells[value].to_numpy())
    return upwards(names, values, depth)


def upwards(names, values, depth):
    while names.shape[1] > depth:
        names, values = means(names[:, :-1], values)
    return names, values


def per_unit(cells, unit, contrast, measure, value):
    """The measure inside each unit."""
    if measure == "most":
        names, values = nested(cells, unit, value, 4)
        return 100 * means(names[:, :1], values > 0)[1] - 50
    if measure == "slope":
        names, values = nested(cells, unit, value, 4)
        at = cells.groupby("#language")[contrast["column"]].first()
        parts = (
            pd.DataFrame(names[:, :3]).assign(x=at[names[:, 3]].to_numpy(float), y=values).groupby([0, 1, 2])
        )
        slopes = {key: np.polyfit(part["x"], part["y"], 1)[0] for key, part in parts
                  if len(part) > 2 and part["x"].nunique() > 1}  # fmt: skip
        return upwards(np.array(list(slopes)), np.array(list(slopes.values())), 1)[1]
    if measure == "between":
        depth = {"task_kind": 1, "target_task": 1, "intermediate_task": 4}.get(contrast["column"], 3)
        sides = []
        for name in ("first", "second"):
            side = cells[cells[contrast["column"]].isin(contrast[name])]
            sides.append(dict(zip(*map(lambda of: map(tuple, of) if of.ndim > 1 else of,
                                       nested(side, unit, value, depth)), strict=True)))  # fmt: skip
        both = sorted(set(sides[0]) & set(sides[1]))
        gaps = np.array([sides[0][key] - sides[1][key] for key in both])
        return upwards(np.array(both), gaps, 1)[1] if both else gaps
    return nested(cells, unit, value)[1]


class Estimate:
    """A mean over units, its error, its interval."""

    def __init__(self, values, n=0, cells=()):
        values = np.asarray(values, dtype=float)
        values = values[~np.isnan(values)]
        self.value, self.units, self.n, self.cells = (
            values.mean() if len(values) else np.nan,
            len(values),
            n,
            cells,
        )
        sd = values.std(ddof=1) if len(values) > 1 else 0.0
        self.error = sd / len(values) ** 0.5 if sd > 1e-9 * max(1, abs(self.value)) else None

    def ends(self, level=0.95):
        if self.error is None:
            return None, None
        return stats.t.interval(
            1 - (1 - level) / max(1, len(self.cells)), self.units - 1, self.value, self.error
        )

    def numbers(self):
        return [None if np.isnan(self.value) else self.value, *self.ends()]

    def below(self, bound):
        return 1.0 if self.error is None else stats.t.cdf((self.value - bound) / self.error, self.units - 1)

    def above(self, bound):
        return 1.0 if self.error is None else stats.t.sf((self.value - bound) / self.error, self.units - 1)


def estimate(cells, contrast, quantifier, value="difference", unit=None, whole=True):
    unit = unit or unit_of(cells)
    cells = complete(cells, unit) if whole else cells
    if cells.empty:
        return Estimate([])
    measure = contrast.get("measure") or quantifier
    if measure == "every":
        table = cells.groupby(["target_task", "language", unit])[value].mean()
        each = [Estimate(part, len(cells)) for _, part in table.groupby(level=[0, 1])]
        least = copy(min(each, key=lambda one: one.value))
        least.cells = each
        return least
    return Estimate(per_unit(cells, unit, contrast, measure, value), len(cells))


def p_values(found, row):
    if found.cells:
        each = [p_values(one, row) for one in found.cells]
        worst = {name: max(p[name] for p in each) for name in each[0]}
        return worst | {"contradicted": min(1, len(each) * min(p["contradicted"] for p in each))}
    m, direction = row["smallest_effect"], row["direction"]
    up, down, inside = 2 * found.above(0), 2 * found.below(0), max(found.above(-m), found.below(m))
    return {
        "increase": {
            "equivalent": inside,
            "supported": up,
            "contradicted": down,
            "not larger": found.below(m),
        },
        "decrease": {
            "equivalent": inside,
            "supported": down,
            "contradicted": up,
            "not larger": found.above(-m),
        },
        "equivalent": {"supported": inside, "contradicted": 2 * min(found.above(m), found.below(-m))},
        "at_most": {"supported": found.below(m), "contradicted": 2 * found.above(m)},
    }[direction]


def outcome(found, row, factor=1.0, logit=None):
    if found.error is None:
        return "undecided"
    for name, p in p_values(found, row).items():
        if p < row["error_rate"] and p * factor < row["error_rate"]:
            signed = row["direction"] in ("increase", "decrease") and name in ("supported", "contradicted")
            return "undecided" if signed and logit is not None and logit * found.value <= 0 else name
    return "undecided"


def detectable(found, alpha):
    edge, df = stats.t.isf(alpha / 2, found.units - 1), found.units - 1

    def power(shift):
        with np.errstate(all="ignore"):
            return (
                1
                - np.nan_to_num(stats.nct.cdf(edge, df, shift))
                + np.nan_to_num(stats.nct.cdf(-edge, df, shift))
            )

    return optimize.bisect(lambda shift: power(shift) - 0.8, 0, 10 * edge, xtol=1e-10) * found.error


def without_each(cells, row, unit):
    """The estimate without each language, and each target, where there are several."""
    for column in ("language", "target_task"):
        for name in sorted(cells[column].unique()) if cells[column].nunique() > 1 else ():
            yield (
                column,
                name,
                estimate(cells[cells[column] != name], row["contrast"], row["quantifier"], unit=unit),
            )


def lacks(cells, contrast):
    if contrast.get("measure") == "between":
        return not all(cells[contrast["column"]].isin(contrast[name]).any() for name in ("first", "second"))
    return cells.empty or (
        contrast.get("measure") == "slope" and cells.groupby("language")["distance"].first().nunique() < 3
    )


def by_kind(cells):
    unit = unit_of(cells)
    kept = complete(cells, unit)
    parts = list(kept.groupby("task_kind")) if kept["task_kind"].nunique() > 1 else []
    return {
        "": estimate(cells, {}, "mean"),
        **{kind: estimate(part, {}, "mean", unit=unit) for kind, part in parts},
    }


def measured(study, row):
    """A hypothesis over the differences that may count, with everything that is told beside it."""
    contrast, (one, two) = row["contrast"], (row["contrast"]["treatment"], row["contrast"]["control"])
    here = set(study.rows["strategy"])
    cells = study.differences(one, two, row["subset"]) if {one, two} <= here else None
    if cells is None or lacks(cells, contrast):
        return None
    tasks = set(cells["intermediate_task"]) - set(ABSENT) if TEACHING & {one, two} else ()
    left = cells[
        ~cells["intermediate_task"].isin([task for task in tasks if not study.learned(task, (one, two))])
    ]
    testable = not lacks(left, contrast) and 2 * (~left["flagged"]).sum() >= len(left)
    cells = left if testable else cells
    unit, mean = unit_of(cells), row["quantifier"] == "mean" and "measure" not in contrast
    found = estimate(cells, contrast, row["quantifier"])
    told = {
        "estimate": found,
        "testable": testable,
        "rows": {("contrast", ""): found},
        "beside": defaultdict(list),
    }

    def against(arm, other):
        part = study.differences(arm, other, row["subset"])
        return part[part["intermediate_task"].isin([*cells["intermediate_task"], *ABSENT])]

    if mean:
        told["rows"] = {("contrast", kind): it for kind, it in by_kind(cells).items()}
    sides = [("control", two), ("treatment", one)] if mean and two != "none" and "none" in here else []
    for side, arm in sides:
        told["rows"] |= {(side, kind): it for kind, it in by_kind(against(arm, "none")).items()}
    for arm in [arm for _, arm in sides] or ([one] if two == "none" else []):
        for null in [null for null, same in NULLS.items() if same == arm and null in here - {one, two}]:
            alone = estimate(against(null, "none"), {}, "mean")
            if alone.error is not None and not alone.ends()[0] <= 0 <= alone.ends()[1]:
                beyond = estimate(against(arm, null), {}, "mean")
                told["beside"]["null control"].append([*alone.numbers(), *beyond.numbers()])
    if cells["flagged"].any():
        rest = estimate(cells[~cells["flagged"]], contrast, row["quantifier"], unit=unit, whole=False)
        told["beside"]["without flagged"] = [
            [cells["flagged"].sum(), len(cells), *(rest.numbers() if rest.n else ())]
        ]
    if (contrast.get("measure") or row["quantifier"]) in ("mean", "between"):
        without = list(without_each(complete(cells, unit), row, unit))
        jack = np.array([it.value for column, _, it in without if column == "language"])
        if found.error is not None and (study.real or unit != "world_seed") and len(jack) > 2:
            error = (found.error**2 + (len(jack) - 1) * jack.var()) ** 0.5
            ends = stats.t.interval(0.95, min(found.units - 1, len(jack) - 1), found.value, error)
            told["beside"]["languages"] = [list(ends)] if not np.isnan(error) else []
        signed, whole = row["direction"] in ("increase", "decrease"), outcome(found, row)
        turned = [
            name
            for _, name, it in without
            if (it.value * found.value < 0 if signed else outcome(it, row) != whole)
        ]
        told["beside"]["turned by"] = [turned] if turned else []
    told["logit"] = estimate(cells, contrast, row["quantifier"], "logit").value
    return told


def called(study, rows):
    """Every hypothesis of a study measured, and called with the others of its family."""
    found = {row["id"]: measured(study, row) for row in rows}
    p = {row["id"]: min(p_values(found[row["id"]]["estimate"], row).values()) for row in rows
         if found[row["id"]] and found[row["id"]]["testable"] and found[row["id"]]["estimate"].error is not None}  # fmt: skip
    for row in rows:
        told, family = (
            found[row["id"]],
            [one["id"] for one in rows if one["family"] == row["family"] and one["id"] in p],
        )
        if not told:
            continue
        told["family"], told["outcome"] = len(family), "undecided" if told["testable"] else "not testable"
        if row["id"] not in p:
            continue
        largest, m, it = 0.0, len(family), told["estimate"]
        for place, name in enumerate(sorted(family, key=p.get)):
            largest = max(largest, min(1.0, (m - place) * p[name]))
            if name == row["id"]:
                told["factor"] = largest / p[name] if p[name] else float(m)
        told["outcome"] = outcome(it, row, told["factor"], told["logit"])
        same = "supported" if row["direction"] == "equivalent" else "equivalent"
        if told["outcome"] == same and not it.cells:
            level = 1 - 2 * row["error_rate"] / told["factor"]
            told["beside"]["equivalence"] = [[100 * level, *it.ends(level)]]
        size = detectable(it, row["error_rate"] / m / max(1, len(it.cells)))
        told["beside"]["detectable effect"] = [[size, m]]
        if m > 1:
            told["beside"]["correction"] = [[told["factor"], m]]
    return found
