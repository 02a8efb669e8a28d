"""Matched differences and estimates once more, from tables alone and by docs/claims.md: pandas, numpy, scipy.

Nothing of the study is imported, so that no mistake of its code is shared.
"""

from copy import copy

import numpy as np
import pandas as pd
from scipy import stats

METRICS = {
    "accuracy": "xnli pawsx americasnli xcopa tatoeba mnli anli qqp hellaswag cosmosqa commonsenseqa",
    "f1": "udpos masakhapos xquad mlqa tydiqa squad_v1 squad_v2",
    "span_f1": "panx masakhaner", "token_accuracy": "ccg", "bucc_f1": "bucc", "map@20": "lareqa",
    "mrr@20": "mewslix",
}  # fmt: skip
METRICS = {task: metric for metric, tasks in METRICS.items() for task in tasks.split()}
GUESS = {"xnli": 100 / 3, "americasnli": 100 / 3, "pawsx": 50, "xcopa": 50}
PRACTICE = {"classification": "mnli anli qqp", "tagging": "ccg", "question_answering": "squad_v1 squad_v2",
            "multiple_choice": "hellaswag cosmosqa commonsenseqa"}  # fmt: skip
PRACTICE = {task: kind for kind, tasks in PRACTICE.items() for task in tasks.split()}
TEACHING = {"shuffled", "shuffled-translated", "english", "multitask-english", "translated", "native",
            "code-switched", "english+mlm", "multitask-translated"}  # fmt: skip
NULLS = {"shuffled": "english", "shuffled-translated": "translated"}
ABSENT = ["none", "-", ""]
PLACE = ["world_seed", "encoder", "encoder_seed", "target_task", "language", "metric", "variant"]
CELL = ["encoder", "intermediate_task", "language_set", "target_task", "language", "variant"]
CODED = "world_seed encoder_seed seed bundle allotment task_kind target_task language cell".split()


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
        cells["difference"] = cells["value"] - cells["value_c"]
        cells["logit"] -= cells["logit_c"]
        low = {world: self.low(world) for world in cells["world_seed"].unique()}
        cells["allotment"] = [str(sorted(low[world])) for world in cells["world_seed"]]
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
    """Means of means: a cell's seeds, a language's cells, a target's languages, a kind's targets, kinds."""
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
        parts = pd.DataFrame(names[:, :3]).assign(x=at[names[:, 3]].to_numpy(float), y=values)
        slopes = {key: np.polyfit(part["x"], part["y"], 1)[0] for key, part in parts.groupby([0, 1, 2])
                  if len(part) > 2 and part["x"].nunique() > 1}  # fmt: skip
        return upwards(np.array(list(slopes)), np.array(list(slopes.values())), 1)[1]
    if measure == "between":
        depth = {"task_kind": 1, "target_task": 1, "intermediate_task": 4}.get(contrast["column"], 3)
        parts = [cells[cells[contrast["column"]].isin(contrast[name])] for name in ("first", "second")]
        one, two = (nested(part, unit, value, depth) for part in parts)
        one, two = (dict(zip(map(tuple, names), values, strict=True)) for names, values in (one, two))
        gaps = {key: one[key] - two[key] for key in one if key in two}
        return upwards(np.array(list(gaps)), np.array(list(gaps.values())), 1)[1] if gaps else []
    return nested(cells, unit, value)[1]


class Estimate:
    """A mean over units, its error, its interval."""

    def __init__(self, values, n=0, cells=()):
        values = np.asarray(values, dtype=float)
        self.units, self.n, self.cells = len(values), n, cells
        self.value = values.mean() if len(values) else np.nan
        sd = values.std(ddof=1) if len(values) > 1 else 0.0
        self.error = sd / len(values) ** 0.5 if sd > 1e-9 * max(1, abs(self.value)) else None

    def ends(self, level=0.95):
        if self.error is None:
            return None, None
        level = 1 - (1 - level) / max(1, len(self.cells))
        return stats.t.interval(level, self.units - 1, self.value, self.error)

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
