# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 6 · Zero-shot transfer
# *Reads* the checkpoints of chapters 4 and 5 · *writes* predictions, `tables/scores.csv`,
# `tables/budget.csv` · *time* seconds at `tiny`
#
# [← Target fine-tuning](05_target_finetuning.ipynb) · [Contents](../README.md) ·
# [Analysis →](07_xtreme_r_analysis.ipynb)
#
# How much of a task survives the border? Every run now answers its targets in every language, most of which
# it has never seen a solved example in.

# %% tags=["parameters"]
scale: str = "tiny"  # which study: a file of params/ without its ending
tag: str = "lab"  # a folder beside the published study, for trying things; "" is the published one
arms: list = ["none", "english:squad_v2", "translated:squad_v2:A"]  # the arms that are compared
seeds: list = [0, 1]  # repetitions: head initialisation and order of the rows
target_tasks: list = ["xcopa", "udpos", "xquad", "tatoeba"]  # the tasks that the arms are compared on
batch: str = "1/1"  # which share of the runs this page examines, as k/n

# %%
from IPython.display import Markdown

from polystilts import figures
from polystilts.pipeline import reading, stages
from polystilts.pipeline.study import open_study, share

study = open_study(scale, tag, arms=arms, seeds=seeds, target_tasks=target_tasks)
runs = share(study, study.runs, batch)
Markdown(reading.opening(study))

# %% [markdown]
# ## The question
#
# In the source language the model has been taught; elsewhere it has only read. How many points does a
# target lose on the way, and does the loss follow the distance of chapter 1? Guess which kind of task
# travels best: tagging words, choosing an answer, finding a span of text, or finding a translation.

# %% [markdown]
# ## How we find out
#
# Each run answers the test items of each target in each language. The answers are kept as labels, tags,
# places and ids, never as text, so that anyone can mark them again without the data and without a model.
# Marking follows the metrics of XTREME-R and gives one **score** a cell, from 0 to 100.
#
# [**Exposure.**](../docs/glossary.md#exposure) A score is not zero-shot because we would like it to be. Each
# carries what its arm has seen *with labels* in the language of the test, before the target:
#
# - `none`: nothing. Only these scores count as zero-shot.
# - `task`: labels in this language, but of another kind of task. The arm has been taught something there.
# - `same-task`: labels in this language, of the same kind. This is no transfer but *translate-train*,
#   training on translations, and is reported apart.
#
# A multilingual arm is exposed in its own set of languages and unexposed in the other. Mixing the two would
# credit transfer with what was plain teaching; much of the optimism about multilingual training could hide
# in that mixture.

# %% [markdown]
# ## Run it
#
# The first call lets the runs of this page answer. The second marks the answers; where it can see the whole
# study, it also writes the table of scores.

# %%
stages.predict_targets(study, runs)
scores = reading.scores_for(study, runs, batch)
shown = scores["run_id"].nunique()
languages = reading.languages_of(study)
reading.table(reading.exposure_table(scores))

# %% [markdown]
# Each row counts the scores of one strategy by their exposure. The baseline had no intermediate training, so
# it is exposed nowhere except in the source language, in which every target is taught. Look at the first
# column of numbers: it is what the zero-shot claims of the next chapter rest on.

# %% [markdown]
# ## What it shows
#
# The baseline's score in every language, target by target, averaged over runs. Languages stand from near
# to far.

# %%
reading.table(reading.score_table(scores, languages))

# %% [markdown]
# Read each row from left to right and watch where it drops. Tatoeba has no score in the source language:
# there a sentence would have to find itself. The same as a figure, in which the steepness of a line is the
# loss.

# %%
figure = figures.transfer_slopes(scores, languages)
words = "Scores of the baseline: each line leads from the source language to another language."
reading.show(figure, study, "06_transfer_slopes", words, shown, batch)

# %% [markdown]
# Flat lines are tasks that travel; steep ones stay at home. Where all lines end at the same low place, look
# at the next figure before you conclude anything: they may simply have reached the floor.

# %%
figure = figures.none_scores(scores, languages)
words = "The baseline in each language against chance (dashed) and the ceiling (grey band)."
reading.show(figure, study, "06_baseline_by_language", words, shown, batch)

# %% [markdown]
# A dashed line marks what guessing gives, the grey band scores above 95. A cell at either end cannot show
# much: at chance, intermediate training has nothing to build on, and above 95 it has nothing left to add.
# Such cells are **flagged**, and every claim is made with and without them.
#
# ### Was the target learned at all?
#
# What cannot be done at home cannot be carried abroad. A *shortcut* is a way of answering without
# understanding: reading one half of a pair, counting how many words two texts share, picking the option that
# looks unlike the others. Each is tried with a plain statistical model, and the best of them stands beside
# the baseline's score in the source language.

# %%
reading.table(reading.learned_at_home(study, scores))

# %% [markdown]
# Where the verdict says *not learned beyond it*, the interval of the score reaches down to the shortcut. The
# target stays in the study, with this mark on it: whatever intermediate training does to such a score, it
# does to the shortcut, and not to the understanding that the task was made for. Two guesses of chapter 2 are
# missing here. One is the commonest tag of a word, and tagging is left out with it. The other pairs words of
# the context with words of the option: in multiple choice that is what the task asks for. Both can be
# learned from labels in the source language, and abroad they have no such list.
#
# ### The transfer gap
#
# One number for each target: the source language's score minus the mean of all others.

# %%
reading.table(reading.gap_table(scores, study.scale.shared["source_language"]))

# %% [markdown]
# A small gap is no praise by itself. It can mean that a task travels well, or that it was not learned at
# home, in which case there was nothing to lose. So always read *gap* beside the first column of numbers.
# Now the same table for the arm with intermediate training in the source language.

# %%
reading.table(reading.gap_table(scores, study.scale.shared["source_language"], "english"))

# %% [markdown]
# Do not subtract the tables from each other in your head: averages over different seeds and cells are no
# fair comparison. The next chapter subtracts the other way round, first cell by cell with matched seeds,
# and only then on average.

# %% [markdown]
# ## What we learned
#
# We have one tidy table, a row a score, each with its language, seed, metric, size and exposure. We know how
# much of each target survives the border without intermediate training, and which cells cannot show an
# effect because they sit on the floor or at the ceiling. Everything from here on is arithmetic on this
# table, and needs no model any more.

# %% [markdown]
# ## Your turn
#
# **1. Which layer?** Retrieval is read from more than one layer, plain and centred, and one of them was
# chosen *before* any run. List what all of them score.
#
# <details><summary>Answer</summary>
#
# ```python
# found = scores[scores["target_task"] == "tatoeba"]
# reading.table(found.groupby(["variant", "strategy"], as_index=False)["value"].mean())
# ```
#
# Some variant is the best of them. Had we picked it after looking, its score would flatter us a little;
# fixed beforehand, it cannot.
#
# </details>
#
# **2. Raise the floor.** Give the low-resource languages as much text as the others, and see how the
# baseline's row of retrieval changes.
#
# <details><summary>Answer</summary>
#
# ```python
# knobs = dict(documents={"high": 300, "low": 300}, arms=["none"], seeds=[0], target_tasks=["tatoeba"])
# richer = open_study("tiny", "richer", **knobs)
# stages.predict_targets(richer, richer.runs)
# richer_scores = reading.scores_for(richer, richer.runs)
# reading.table(reading.score_table(richer_scores, reading.languages_of(richer)))
# ```
#
# Only the amount of text differs, so what changes in the low-resource column is owed to it, up to the luck
# of one pretraining.
#
# </details>
#
# **3. Build your own language.** Choose its three factors: High or Low resource, High or Low overlap, Near or
# Far order. *Write down* how well it will tag parts of speech, beside Dorvan, before you run the cell.
#
# <details><summary>Answer</summary>
#
# ```python
# from polystilts.languages import invent
#
# invent("own", "Ownish", "LLF")
# mine = open_study("tiny", "own", languages=["alb", "dor", "own"], low_resource=["own"], arms=["none"])
# stages.predict_targets(mine, mine.runs)
# reading.table(reading.score_table(reading.scores_for(mine, mine.runs), reading.languages_of(mine)))
# ```
#
# Make it easier one factor at a time, LHF and then LHN or HLF, each under a tag of its own in place of
# `"own"`. Which factor was worth most? Did the others in the room find the same one?
#
# </details>
#
# **4. Another source.** Everything so far was taught in Albish. Teach it in Dorvan instead: who gains?
#
# <details><summary>Answer</summary>
#
# ```python
# knobs = dict(source_language="dor", arms=["none"], seeds=[0], target_tasks=["udpos", "xcopa"])
# dorvan = open_study("tiny", "from-dorvan", **knobs)
# stages.predict_targets(dorvan, dorvan.runs)
# reading.table(reading.score_table(reading.scores_for(dorvan, dorvan.runs), reading.languages_of(dorvan)))
# ```
#
# The source language's own row is the easy one again, whichever language it is. What lies near depends on
# where one stands: English is the usual source for want of labels elsewhere, not because it is near to all.
#
# </details>
