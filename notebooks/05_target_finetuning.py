# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 5 · Target fine-tuning
# *Reads* `examples/`, the checkpoints of chapter 4 · *writes* a checkpoint per run and target · *time*
# seconds at `tiny`
#
# [← Intermediate training](04_intermediate_training.ipynb) · [Contents](../README.md) ·
# [Zero-shot transfer →](06_zero_shot_transfer.ipynb)
#
# Now every [arm](../docs/glossary.md#arm-strategy) learns the target tasks, by the same recipe and from
# source-language labels alone. Does one that had intermediate training (*practice* for short) start closer
# to the goal?

# %% tags=["parameters"]
scale: str = "tiny"  # which study: a file of params/ without its ending
tag: str = "lab"  # a folder beside the published study, for trying things; "" is the published one
arms: list = ["none", "english:squad_v2", "translated:squad_v2:A"]  # the arms that are compared
seeds: list = [0, 1]  # repetitions: head initialisation and order of the rows
target_tasks: list = ["xcopa", "udpos", "xquad", "tatoeba"]  # the tasks that the arms are compared on
batch: str = "1/1"  # which share of the runs this page trains, as k/n

# %%
from IPython.display import Markdown

from polystilts import figures
from polystilts.pipeline import reading, stages
from polystilts.pipeline.study import open_study, share

study = open_study(scale, tag, arms=arms, seeds=seeds, target_tasks=target_tasks)
runs = share(study, study.runs, batch)
Markdown(reading.opening(study, runs))

# %% [markdown]
# ## The question
#
# If intermediate training has taught the encoder something general, how to look for an answer, say, then it
# should need fewer examples of the target. That would show in two places: a learning curve that starts
# lower, and a better score in the source language at the end. Guess which of the two you will see, if any,
# and on which target.

# %% [markdown]
# ## How we find out
#
# All arms, the baseline among them, are handed to the same target recipe: same rows, same number of
# updates, same learning rate, a fresh head. The seed fixes the head's first numbers and the order of rows,
# so an arm and its baseline differ in their practice and in nothing else. Only `none-long` is given more
# updates, as many more as the others have spent on their practice; it answers the objection that any longer
# training would have done.
#
# Targets that are taught from the same rows share a checkpoint, as they do in XTREME-R: two sets of
# questions that are taught by the same rows are read by the same model. Tatoeba, a retrieval task, is
# taught by nothing: it reads the encoder as the practice has left it. XTREME-R's own script reads it from an
# encoder that was tuned on English SQuAD, so its published scores stand for something else.
#
# The development rows used here are in the **source language**. Choosing among checkpoints by looking at
# other languages would be training on the test by hand; we choose nothing, and always take the last
# checkpoint.

# %% [markdown]
# ## Run it
#
# One call teaches every target of every run on this page; what follows shows all runs that are finished. The
# target that takes the most updates to learn is shown first, for there a head start has most to save.

# %%
stages.finetune_targets(study, runs)
most_taught = reading.most_taught(study)
task = most_taught[0]
title = reading.task_title(task)
shown = reading.runs_on_disk(study, study.runs, task)
Markdown(f"**{len(shown)} runs, {len(study.training_tasks)} sets of rows.** Shown first: *{title}*.")

# %% [markdown]
# ## What it shows
#
# The learning curve of the target named above, with and without intermediate training. Thin lines are single
# runs; where there are several intermediate tasks each has a panel, with the baseline in all of them.

# %%
curves = reading.curves_of(study, shown, task)
figure = figures.learning_curves(curves, y="loss", label="training loss")
words = "Training loss on one target over updates, with and without intermediate training."
reading.show(figure, study, "05_target_curves", words, len(shown), batch)

# %% [markdown]
# Look at the left end for a head start, and at the right end for what is left of it. A head start that has
# melted away by the end has saved updates and nothing more. The same in numbers:

# %%
reading.table(reading.start_table(study, shown, task), digits=2)

# %% [markdown]
# The first number is an average over the first updates, for a loss is noisy. Compare arms down a column; a
# difference smaller than that between two runs of one arm, the thin lines above, is none.
#
# ### Does it help at home?
#
# The score on development rows in the source language, averaged over runs, for the same target.

# %%
reading.table(reading.learned_table(study, shown, task))

# %% [markdown]
# The verdict compares with the commonest answer, as in chapter 4. A target that no arm has learned at home
# has nothing to carry abroad, and whatever the next chapter measures on it will hover about chance.

# %%
reading.table(reading.learned_table(study, shown, most_taught[-1]))

# %% [markdown]
# Beside it the target with the fewest updates, so that no single one is taken for the whole. Scores of
# different tasks have different floors and different metrics; compare arms within a table, never a row of
# one with a row of the other.

# %% [markdown]
# ## What we learned
#
# Every arm has been taught the same targets in the same way, and we have seen what its practice changed in
# the source language. That is *not* the study's question. A gain at home may stay at home, and an arm
# without any gain at home may still travel better. For that we have to cross the border.

# %% [markdown]
# ## Your turn
#
# **1. Teach with fewer updates.** If practice gives a head start, it should show most when the target has
# little time. Teach the questions with ten updates only.
#
# <details><summary>Answer</summary>
#
# ```python
# hurried = {"target_finetuning.updates.qa_train": 10}
# hurried = open_study("tiny", "hurried", seeds=[0], target_tasks=["xquad"], **hurried)
# stages.finetune_targets(hurried, hurried.runs)
# reading.table(reading.start_table(hurried, hurried.runs, "qa_train"), digits=2)
# ```
#
# Compare the column *at the end* with the table of this page. With one seed you see a direction at best:
# look for it again with another seed before you believe it.
#
# </details>
#
# **2. Train longer without practice.** Add the control `none-long`, whose target training is lengthened.
# Does its loss end lower?
#
# <details><summary>Answer</summary>
#
# ```python
# control = open_study("tiny", "control-long", arms=["none", "none-long"], seeds=[0], target_tasks=["xquad"])
# stages.finetune_targets(control, control.runs)
# reading.table(reading.start_table(control, control.runs, "qa_train"), digits=2)
# ```
#
# A lower loss here needs no practice to explain it. This is why an arm must beat `none-long` too before its
# practice gets the credit.
#
# </details>
