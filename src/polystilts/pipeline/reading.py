"""What the chapters show: the files of a study as tidy tables, plain sentences and saved figures.

Nothing here decides a result. A chapter calls one of these functions and ends on what it returns, so that
every number on a page comes from a file of the study and none was typed.
"""

import warnings
from collections.abc import Mapping, Sequence

import pandas as pd
from IPython.display import Image, Markdown, display
from matplotlib.figure import Figure

from polystilts import account, paths
from polystilts.evidence.claim import Claim, number, signed
from polystilts.evidence.hypotheses import load_hypotheses
from polystilts.evidence.ledger import find_claim, read_claims
from polystilts.evidence.summary import PRIMARY, RETRIEVAL, is_world
from polystilts.figures.style import KIND_TITLES, arm_title, names, save, task_title
from polystilts.files import read_json, write_table
from polystilts.languages import LANGUAGES
from polystilts.pipeline import stages
from polystilts.pipeline.inputs import checkpoint, has_intermediate, languages_seen
from polystilts.pipeline.study import Run, Study, study_of
from polystilts.pipeline.times import cell_times
from polystilts.statistics.compare import Comparison, compare, primary_contrast
from polystilts.statistics.flags import flag_cells
from polystilts.statistics.gains import transfer_gap
from polystilts.statistics.intervals import t_interval, wilson_interval
from polystilts.statistics.tables import LANGUAGE_COLUMNS, main_scores, read_table, with_main_variant
from polystilts.tasks import STRATEGIES, TASKS

# A chapter shows no progress bars, so it need not be told that one could not be drawn.
warnings.filterwarnings("ignore", message="IProgress not found")

BUDGET = ("rows", "updates", "labelled_tokens", "mlm_tokens", "flops")


# --- how things are shown -------------------------------------------------------------------------------


def opening(study: Study) -> str:
    """The first sentence of every page: which study this is, and whom its findings are about."""
    shared, world = study.scale.shared, is_world(study.name)
    source = language_name(shared["source_language"])
    counted = ", ".join(
        f"{len(set(values))} {word}{'s' * (len(set(values)) != 1)}"
        for word, values in (
            ("arm", [(run.strategy, run.intermediate_task, run.language_set) for run in study.runs]),
            ("seed", [run.seed for run in study.runs]),
            ("target task", study.target_tasks),
            ("language", shared["languages"]),
        )
    )
    whose = (
        f"**The languages are invented**, {source} in the place of English, and what is found here is about "
        f"them alone."
        if world
        else f"The languages are real; {source} is the source language."
    )
    return f"**This page was made at scale `{study.name}`**: {counted}. {whose}"


def show(figure: Figure, study: Study, name: str, words: str, runs: int = 0, batch: str = "1/1") -> Markdown:
    """Save a figure under the name of its chapter, show it, and return its caption with where it comes from.

    The pictures of later batches get names of their own: the first batch is the one that is bound.
    """
    number = batch.partition("/")[0]
    file = study.folder / "figures" / f"{name}{'' if number == '1' else f'.batch-{number}'}.png"
    with account.spend("figures"):
        save(figure, file)
    display(Image(data=file.read_bytes(), format="png", width=700, alt=words))
    counted = f", {runs} run{'s' * (runs != 1)}" if runs else ""
    return Markdown(f"*{words} (Chapter {name[:2]}, scale {study.name}{counted}.)*")


def table(frame: pd.DataFrame, digits: int = 1) -> Markdown:
    """A table for readers: numbers to the right, rounded, and a plain sentence where there is nothing."""
    if frame.empty:
        return Markdown("*Nothing to show here: this scale has no such runs.*")
    right = [pd.api.types.is_numeric_dtype(frame[column]) for column in frame]
    lines = [_row(frame.columns), _row("--:" if number else ":--" for number in right)]
    lines += [_row(_cell(value, digits) for value in row) for row in frame.itertuples(index=False)]
    return Markdown("\n".join(lines))


def _row(cells) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def _cell(value, digits: int) -> str:
    if isinstance(value, float):
        return "–" if pd.isna(value) else f"{value:,.{digits}f}".replace("-", "−")
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value).replace("|", "\\|").replace("\n", " ")


def language_name(code: str) -> str:
    """A language by its name, where the study knows it.

    >>> language_name("alb"), language_name("sw")
    ('Albish', 'sw')
    """
    return LANGUAGES[code].name if code in LANGUAGES else code


def in_words(codes: Sequence[str]) -> str:
    """Languages by name, in a list.

    >>> in_words(["dor", "var"]), in_words([])
    ('Dorvan, Varazi', 'none')
    """
    return ", ".join(language_name(code) for code in codes) or "none"


def run_title(run: Run) -> str:
    """A run's arm in a reader's words."""
    return arm_title(run.strategy, run.intermediate_task, run.language_set)


# --- 00, the question: the design -----------------------------------------------------------------------


def design_table(study: Study) -> pd.DataFrame:
    """One row an arm: what it does before the target task, at what budget, and whom it leaves unlabelled."""
    recipe, source = study.scale["intermediate_training"], study.scale.shared["source_language"]
    rows = []
    for run in {run_title(run): run for run in study.runs}.values():
        strategy, seen = STRATEGIES[run.strategy], languages_seen(study, run)
        updates = recipe["updates"] if has_intermediate(run) else 0
        unlabelled = [code for code in study.scale.shared["languages"] if code not in (*seen, source)]
        rows.append((run_title(run), strategy.sentence, updates, updates * recipe["batch_size"],
                     in_words(seen), in_words(unlabelled)))  # fmt: skip
    columns = ["practice", "what happens", "updates", "examples read", "labels in", "never labelled"]
    return pd.DataFrame(rows, columns=columns)


def targets_table(study: Study) -> pd.DataFrame:
    """One row a target task: what is asked, how it is marked, what it is taught from."""
    rows = []
    for name in study.target_tasks:
        task = TASKS[name]
        taught = "nothing: read as it is" if task.training_task == "none" else task_title(task.training_task)
        rows.append((task.title, KIND_TITLES[task.kind].lower(), task.question, task.metric, taught))
    return pd.DataFrame(rows, columns=["target task", "kind", "what is asked", "metric", "taught from"])


def expectations_table() -> pd.DataFrame:
    """What was expected, as it was written down before any reported run."""
    rows = [(row.sentence, row.quantifier, row.direction.replace("_", " "), f"{row.smallest_effect:g}")
            for row in load_hypotheses()]  # fmt: skip
    return pd.DataFrame(rows, columns=["we expected", "quantifier", "direction", "smallest effect"])


# --- 01, languages --------------------------------------------------------------------------------------


def languages_of(study: Study) -> pd.DataFrame:
    """The languages of the study, source first: what they are, what was counted and what was measured.

    `resource` counts subwords in the text of the first encoder; `overlap` and `distance` are shares, measured
    against the source language in the first world.
    """
    run, source = study.runs[0], study.scale.shared["source_language"]
    card = read_json(study.world_folder(run.world_seed) / "data_card.json")["languages"]
    subwords = read_json(study.encoder_folder(run) / "pretraining.json")["text_tokens"]
    codes = [source, *(code for code in study.scale.shared["languages"] if code != source)]
    rows = []
    for code in codes:
        known, measured = LANGUAGES[code], card[code]
        rows.append((code, known.name, known.family, known.script, subwords.get(code, 0),
                     measured["shared_words"], known.order, measured["order_distance"],
                     "yes" if subwords.get(code, 0) else "no",
                     "-" if code == source else known.language_set))  # fmt: skip
    return pd.DataFrame(rows, columns=list(LANGUAGE_COLUMNS))


def describe_languages(study: Study) -> pd.DataFrame:
    """Write `tables/languages.csv` for every later reader, and return it."""
    languages = languages_of(study)
    write_table(study.folder / "tables" / "languages.csv", languages)
    return languages


def language_table(languages: pd.DataFrame, low_resource: Sequence[str]) -> pd.DataFrame:
    """The languages for readers, farthest last: names, not codes, and shares in percent."""
    level = ["low" if code in low_resource else "high" for code in languages["language"]]
    shown = pd.DataFrame({
        "language": languages["name"], "family": languages["family"], "script": languages["script"],
        "text": level, "subwords of text": languages["resource"].astype(int),
        "words shared (%)": 100 * languages["overlap"].astype(float), "word order": languages["order"],
        "pairs of words turned round (%)": 100 * languages["distance"].astype(float),
        "set": languages["set"],
    })  # fmt: skip
    order = ["pairs of words turned round (%)", "words shared (%)"]
    return shown.sort_values(order, ascending=[True, False], kind="stable")


def balance_table(languages: pd.DataFrame, low_resource: Sequence[str]) -> pd.DataFrame:
    """How often each set meets each level of the three factors: equal counts mean nothing is confounded."""
    others = languages[languages["set"].isin(["A", "B"])]
    level = {
        "much text": ~others["language"].isin(low_resource),
        "many shared words": others["overlap"].astype(float) > 0.3,
        "near word order": others["order"] == "near",
    }
    rows = [
        {"set": name, "languages": int(len(part)), **{word: int(at[part.index].sum()) for word, at in level.items()}}
        for name, part in others.groupby("set")
    ]
    return pd.DataFrame(rows)


# --- 03, pretraining ------------------------------------------------------------------------------------


def pretraining_curves(study: Study) -> pd.DataFrame:
    """The loss of every encoder of the study while it was pretrained."""
    runs = {run.encoder_id: run for run in study.runs}
    curves = [pd.read_csv(study.encoder_folder(run) / "pretraining.csv").assign(encoder=name)
              for name, run in runs.items()]  # fmt: skip
    return pd.concat(curves, ignore_index=True)


def fertility_table(study: Study) -> pd.DataFrame:
    """Subwords per word of each language, measured with the first encoder's vocabulary."""
    found = read_json(study.encoder_folder(study.runs[0]) / "pretraining.json")
    codes = study.scale.shared["languages"]
    return pd.DataFrame({
        "language": codes,
        "name": [language_name(code) for code in codes],
        "fertility": [found["fertility"][code] for code in codes],
        "subwords of text": [found["text_tokens"][code] for code in codes],
        "subwords read": [found["tokens"][code] for code in codes],
    })  # fmt: skip


# --- 04 and 05, training --------------------------------------------------------------------------------


def curves_of(study: Study, runs: Sequence[Run], task: str) -> pd.DataFrame:
    """The training loss of each run in one stage, `task` being "intermediate" or the rows that were read."""
    curves = []
    for run in runs:
        file = checkpoint(study, run, task) / "curve.csv"
        if file.exists():
            curves.append(pd.read_csv(file).assign(arm=run_title(run), seed=run.seed))
    return pd.concat(curves, ignore_index=True) if curves else pd.DataFrame()


def learned_table(study: Study, runs: Sequence[Run], task: str) -> pd.DataFrame:
    """Each arm's development score in the source language, against the commonest answer: was it learned?"""
    found = []
    for run in runs:
        file = checkpoint(study, run, task) / "dev.json"
        if file.exists():
            found.append({"practice": run_title(run), **read_json(file)})
    if not found:
        return pd.DataFrame()
    by_arm = pd.DataFrame(found).groupby(["practice", "task", "metric"], sort=False, as_index=False)
    mean = by_arm.agg(seeds=("value", "size"), score=("value", "mean"), majority=("majority", "mean"),
                      items=("n", "first"))  # fmt: skip
    low = [wilson_interval(value, n)[0] for value, n in zip(mean["score"], mean["items"], strict=True)]
    mean["verdict"] = ["learned" if end > guess else "not learned"
                       for end, guess in zip(low, mean["majority"], strict=True)]  # fmt: skip
    mean["task"] = mean["task"].map(task_title)
    return mean


def start_table(study: Study, runs: Sequence[Run], task: str) -> pd.DataFrame:
    """Each arm's loss at the first record and at the last, averaged over seeds."""
    curves = curves_of(study, runs, task)
    if curves.empty:
        return curves
    ends = curves.sort_values("update").groupby(["arm", "seed"], sort=False)["loss"].agg(["first", "last"])
    mean = ends.groupby(level="arm", sort=False).mean().reset_index()
    return mean.rename(columns={"arm": "practice", "first": "loss at the start", "last": "loss at the end"})


def budget_of(study: Study, runs: Sequence[Run]) -> pd.DataFrame:
    """What each run cost in all its stages: rows, updates, tokens and floating-point operations."""
    rows = []
    for run in runs:
        spent = [read_json(file) for file in sorted(study.run_folder(run).glob("checkpoints/*/budget.json"))]
        total = {name: sum(one[name] for one in spent) for name in BUDGET}
        total["updates"] += sum(one["mlm_updates"] for one in spent)
        rows.append({"run_id": run.run_id, **total})
    return pd.DataFrame(rows)


def practice_budget(study: Study, runs: Sequence[Run]) -> pd.DataFrame:
    """What the intermediate stage cost each arm; rows and updates are the budget that all arms share."""
    rows = []
    for run in {run_title(run): run for run in runs}.values():
        file = checkpoint(study, run, "intermediate") / "budget.json"
        if file.exists():
            spent = read_json(file)
            rows.append({
                "practice": run_title(run), "labelled rows": spent["rows"], "labelled updates": spent["updates"],
                "labelled tokens": spent["labelled_tokens"], "text updates": spent["mlm_updates"],
                "text tokens": spent["mlm_tokens"],
            })  # fmt: skip
    return pd.DataFrame(rows)


# --- 06, zero-shot transfer -----------------------------------------------------------------------------


def scores_for(study: Study, runs: Sequence[Run], batch: str = "1/1") -> pd.DataFrame:
    """The scores a page shows: the first batch collects those of the whole study, the others mark their own."""
    whole = len(study.runs) == len(study_of(study.scale, study.tag).runs)
    if batch.startswith("1/") and whole:
        stages.collect_scores(study)
        write_table(study.folder / "tables" / "budget.csv", budget_of(study, study.runs))
        return read_table(study.folder / "tables" / "scores.csv")
    return pd.concat(stages.mark_runs(study, runs), ignore_index=True)


def score_table(scores: pd.DataFrame, languages: pd.DataFrame, strategy: str = "none") -> pd.DataFrame:
    """Mean scores of one strategy over its runs: target tasks down, languages across, from near to far."""
    rows = with_main_variant(main_scores(scores))
    rows = rows[rows["strategy"] == strategy]
    if rows.empty:
        return pd.DataFrame()
    wide = rows.pivot_table(index="target_task", columns="language", values="value", aggfunc="mean", sort=False)
    order = languages.sort_values(["distance", "overlap"], ascending=[True, False], kind="stable")["language"]
    wide = wide[[code for code in order if code in wide]].rename(columns=names(languages))
    wide.insert(0, "target task", [task_title(name) for name in wide.index])
    return wide.reset_index(drop=True).rename_axis(columns=None)


def exposure_table(scores: pd.DataFrame) -> pd.DataFrame:
    """How many scores of each strategy are zero-shot, and how many had labels in their language."""
    rows = with_main_variant(main_scores(scores))
    counts = rows.groupby(["strategy", "exposure"]).size().unstack(fill_value=0)
    counts = counts.reindex(columns=["none", "task", "same-task"], fill_value=0)
    counts.insert(0, "practice", [arm_title(name) for name in counts.index])
    return counts.reset_index(drop=True).rename_axis(columns=None).rename(
        columns={"none": "no labels in it", "task": "labels of another kind", "same-task": "labels of the same kind"}
    )


def gap_table(scores: pd.DataFrame, source: str, strategy: str = "none") -> pd.DataFrame:
    """The transfer gap of one strategy: the source language's score minus the mean of the others."""
    gaps = transfer_gap(scores[scores["strategy"] == strategy], source)
    mean = gaps.groupby("target_task", sort=False, as_index=False)[["source", "others", "gap"]].mean()
    mean["target_task"] = mean["target_task"].map(task_title)
    return mean.rename(columns={"target_task": "target task", "source": language_name(source)})


# --- 07, analysis ---------------------------------------------------------------------------------------


def ready_scores(study: Study) -> pd.DataFrame:
    """The score table, made first where it is missing or holds other runs; finished runs are kept."""
    file = study.folder / "tables" / "scores.csv"
    wanted = {run.run_id for run in study.runs}
    if not file.exists() or set(read_table(file)["run_id"]) != wanted:
        scores_for(study, study.runs)
    if not (study.folder / "tables" / "languages.csv").exists():
        describe_languages(study)
    return read_table(file)


def ready_claims(study: Study) -> list[Claim]:
    """The claims of the study; computed first where they are missing."""
    if not (study.folder / "claims.json").exists():
        ready_scores(study)
        stages.analyse(study)
    return read_claims(study.folder / "claims.json")


def interval_words(interval, digits: int = 1) -> str:
    """An interval as readers meet it.

    >>> interval_words(t_interval([1.0, 2.0, 3.0])), interval_words(t_interval([1.0]))
    ('−0.5 to +4.5', 'no interval')
    """
    if not interval.known:
        return "no interval"
    return f"{signed(interval.low, digits)} to {signed(interval.high, digits)}"


def primary_table(scores: pd.DataFrame, low_resource: Sequence[str]) -> pd.DataFrame:
    """The primary contrast and retrieval beside it: these languages, new ones, and without flagged cells."""
    found = primary_contrast(scores, low_resource)
    titles = {"primary": "All kinds but retrieval", "retrieval": "Retrieval, beside it"}
    return pd.DataFrame([_contrast_row(titles[name], one) for name, one in found.items() if one.these.n])


def _contrast_row(title: str, found: Comparison) -> Mapping[str, object]:
    without = signed(found.unflagged.estimate) if found.unflagged.n else "no cell left"
    return {
        "translated − English": title,
        "difference": signed(found.these.estimate),
        "95 % interval": interval_words(found.these),
        "for new languages": interval_words(found.new),
        "log odds": signed(found.logit.estimate, 2),
        "without flagged cells": without if found.flagged else "none flagged",
        "units": found.these.units,
        "differences": found.these.n,
    }


def kind_table(cells: pd.DataFrame) -> pd.DataFrame:
    """The differences kind by kind, retrieval the last and apart."""
    if cells.empty:
        return pd.DataFrame()
    found = compare(cells).by_kind
    first = found.columns[0]
    rows = [(KIND_TITLES.get(row[first], row[first]), signed(row["estimate"]),
             f"{signed(row['low'])} to {signed(row['high'])}", int(row["flagged"]), int(row["n"]))
            for _, row in found.iterrows()]  # fmt: skip
    columns = ["kind", "translated − English", "95 % interval", "flagged", "differences"]
    return pd.DataFrame(rows, columns=columns)


def seed_table(cells: pd.DataFrame) -> pd.DataFrame:
    """What matching by seed means: both arms' means for each seed, and their difference."""
    keys = ["world_seed", "encoder_seed", "seed"]
    mean = cells.groupby(keys, as_index=False)[["value", "control_value", "difference"]].mean()
    return mean.rename(columns={"value": "translated", "control_value": "English", "world_seed": "world",
                                "encoder_seed": "pretraining"})  # fmt: skip


def flags_table(scores: pd.DataFrame) -> pd.DataFrame:
    """How many cells of the baseline are at chance or at the ceiling, target by target."""
    cells = with_main_variant(flag_cells(scores).assign(task_kind=""))
    rows = []
    for name, part in cells.groupby("target_task", sort=False):
        counts = part["flag"].value_counts()
        rows.append((task_title(name), float(part["chance"].mean()), len(part), int(counts.get("floor", 0)),
                     int(counts.get("ceiling", 0))))  # fmt: skip
    return pd.DataFrame(rows, columns=["target task", "chance", "cells", "at chance", "above 95"])


def reach_table(counts: Sequence[int] = (2, 3, 5, 10, 30)) -> pd.DataFrame:
    """How far a 95 % interval reaches for a given number of seeds, in standard deviations between seeds."""
    rows = []
    for count in counts:
        values = [-1.0] * (count // 2) + [1.0] * (count // 2) + [0.0] * (count % 2)
        spread = pd.Series(values).std()
        rows.append((count, t_interval(values).half_width / spread))
    return pd.DataFrame(rows, columns=["seeds", "half-width of the interval"])


def effects_table(effects: pd.DataFrame) -> pd.DataFrame:
    """The main effects of the three factors as numbers, flagged cells beside them."""
    rows = [(task_title(row.target_task), row.factor, signed(row.estimate),
             f"{signed(row.low)} to {signed(row.high)}" if pd.notna(row.low) else "no interval",
             f"{row.flagged} of {row.cells}") for row in effects.itertuples()]  # fmt: skip
    return pd.DataFrame(rows, columns=["target task", "factor", "effect", "95 % interval", "flagged cells"])


def claims_table(claims: Sequence[Claim], controls: bool | None = None) -> pd.DataFrame:
    """The claims for readers: what was expected, what was found, and the two verdicts."""
    rows = []
    expected = load_hypotheses()
    for claim in claims:
        row = expected[claim.hypothesis]
        if controls is None or row.control == controls:
            rows.append((row.sentence, number(claim, unit="" if row.unit == "points" else row.unit),
                         claim.units, claim.outcome, claim.status))  # fmt: skip
    columns = ["we expected", "found (points)", "units", "outcome", "status"]
    return pd.DataFrame(rows, columns=columns)


def plotted(claims: Sequence[Claim]) -> list[Claim]:
    """The claims that a forest can hold: those measured in points, in the order of the hypotheses."""
    expected = load_hypotheses()
    return [claim for claim in claims if expected[claim.hypothesis].unit == "points"]


def budget_table(study: Study) -> pd.DataFrame:
    """What each arm cost in all, per run, from `tables/budget.csv`."""
    titles = {run.run_id: run_title(run) for run in study.runs}
    spent = pd.read_csv(study.folder / "tables" / "budget.csv")
    spent = spent.assign(practice=spent["run_id"].map(titles)).dropna(subset="practice")
    mean = spent.groupby("practice", sort=False, as_index=False)[list(BUDGET)].mean()
    mean["flops"] = mean["flops"] / 1e9
    titled = {"rows": "labelled rows", "labelled_tokens": "labelled tokens", "mlm_tokens": "text tokens",
              "flops": "operations (billions)"}  # fmt: skip
    return mean.rename(columns=titled)


# --- 08, what we learned --------------------------------------------------------------------------------


def answer_sentence(study: Study) -> str:
    """The study's question answered in its own words, retrieval beside it."""
    claims = ready_claims(study)
    primary, beside = find_claim(claims, PRIMARY), find_claim(claims, RETRIEVAL)
    return (
        f"> **The answer at scale `{study.name}`: {primary.outcome}.** {primary.sentence}\n>\n"
        f"> **Retrieval, beside it: {beside.outcome}.** {beside.sentence}"
    )


def verdict_sentence(claims: Sequence[Claim]) -> str:
    """How many claims came out which way, and what their reproduction says."""
    outcomes = pd.Series([claim.outcome for claim in claims]).value_counts()
    told = ", ".join(f"{count} {name}" for name, count in outcomes.items())
    open_ones = sum(claim.status.startswith("UNVERIFIED") for claim in claims)
    kinds = sum(claim.confirmatory for claim in claims)
    return (
        f"Of {len(claims)} expectations: {told}. {kinds} of them are confirmatory, {len(claims) - kinds} "
        f"exploratory. {len(claims) - open_ones} have been reproduced by an independent run, {open_ones} not yet."
    )


def unanswered_table(claims: Sequence[Claim]) -> pd.DataFrame:
    """The questions this scale leaves open, each with its reason."""
    rows = []
    for claim in claims:
        if claim.outcome == "undecided":
            reason = claim.sentence.rpartition("Outcome: undecided")[2].strip(" ().")
            why = reason or ("not run" if claim.estimate is None else "the interval holds more than one outcome")
            rows.append((claim.id.replace("-", " "), why))
    return pd.DataFrame(rows, columns=["left open", "why"])


def time_so_far(study: Study) -> pd.DataFrame:
    """Where the seconds of the finished work went: one row a stage and kind, as in `tables/time.csv`."""
    whole = study.folder / "tables" / "time.csv"
    records = sorted((study.folder / ".done" / "time").glob("*.json"))
    rows = [{"stage": record["stage"], **entry} for record in map(read_json, records)
            for entry in record["entries"]]  # fmt: skip
    rows += [{"stage": stage, **entry} for stage, entry in cell_times(study)]
    if not rows and whole.exists():
        rows = read_table(whole).to_dict("records")
    columns = ["stage", "kind", "wall_s", "cpu_s"]
    return pd.DataFrame(rows, columns=columns).groupby(["stage", "kind"], as_index=False).sum()


def places_table(study: Study) -> pd.DataFrame:
    """Where everything is that the study left."""
    places = (
        ("every score", "tables/scores.csv"), ("every gain over no practice", "tables/gains.csv"),
        ("the languages", "tables/languages.csv"), ("what each run cost", "tables/budget.csv"),
        ("where the seconds went", "tables/time.csv"), ("every claim with its lineage", "claims.json"),
        ("the closing page", "summary.md"), ("predictions and records of each run", "runs/"),
        ("right answers, without text", "labels/"), ("the encoders", "encoders/"),
        ("the executed chapters", "chapters/"), ("every figure", "figures/"),
    )  # fmt: skip
    root = study.folder
    shown = root.relative_to(paths.REPOSITORY) if root.is_relative_to(paths.REPOSITORY) else root
    return pd.DataFrame([(what, f"`{shown}/{where}`") for what, where in places], columns=["what", "where"])
