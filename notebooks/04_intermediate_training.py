# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 4 · Intermediate training
# *Reads* `examples/`, `encoders/` · *writes* a checkpoint per run · *time* seconds at `tiny`, minutes at
# `demo`, a GPU beyond
#
# [← Pretraining](03_pretraining.ipynb) · [Contents](../README.md) ·
# [Target fine-tuning →](05_target_finetuning.ipynb)
#
# The model is about to be trained on a task it will never be examined on, its [intermediate
# task](../docs/glossary.md#intermediate-task). What does this stepping stone teach, and was it learned at
# all?

# %% tags=["parameters"]
scale: str = "tiny"  # which study: a file of params/ without its ending
tag: str = "lab"  # a folder beside the published study, for trying things; "" is the published one
arms: list = ["none", "english:squad_v2", "translated:squad_v2:A"]  # the arms that are compared
seeds: list = [0, 1]  # repetitions: head initialisation and order of the rows
batch: str = "1/1"  # which share of the runs this page trains, as k/n

# %%
from IPython.display import Markdown

from polystilts import figures
from polystilts.pipeline import reading, stages
from polystilts.pipeline.study import open_study, share

study = open_study(scale, tag, arms=arms, seeds=seeds)
runs = share(study, study.runs, batch)
Markdown(reading.opening(study, runs))

# %% [markdown]
# ## The question
#
# A stepping stone can only carry if one can stand on it. Before we ask whether intermediate training
# helps elsewhere, we ask whether its task was learned where it was taught. Guess: will an arm that is trained
# in several languages learn the task as well in the source language as one that spends all its rows there?

# %% [markdown]
# ## How we find out
#
# Each arm takes the same pretrained encoder, puts a fresh *head* on it, and trains both on the rows of its
# intermediate task. The head is thrown away afterwards; what the encoder has become is handed on.
#
# What the arms read differs in one thing. `english` reads rows in the source language. `translated` reads
# the **same rows**, each in one language drawn for it, the source language and those of its set in equal
# shares. `code-switched` reads them with words replaced through word lists, so that one sentence mixes two
# languages. `native` reads other rows of the same task, never translations. And the controls:
# `mlm-multilingual` reads plain text with no task at all, `shuffled` reads rows whose answers were dealt
# out anew, `untrained` forgets the pretraining too and starts from random numbers, `none` skips this chapter,
# and `none-long` spends its updates in the next one.
#
# **Equal budgets.** Arms that are trained on one task have the same number of labelled updates, the same
# batch size and the same number of rows; `english+mlm` reads plain text on top, and tasks with fewer rows
# repeat them. Tokens may differ, since languages and tasks need different numbers of words, and are
# therefore counted and shown. The arms of one seed share the initial numbers of the head and the order of
# the rows: they are *matched*.

# %% [markdown]
# ## Run it
#
# One call trains the runs of this page; what is finished is not repeated. What follows shows every run that
# is finished, whichever page has trained it.

# %%
stages.train_intermediates(study, runs)
shown = reading.runs_on_disk(study, study.runs, "intermediate")
reading.table(reading.practice_budget(study, shown))

# %% [markdown]
# One row an arm, the baseline missing since it skips this chapter. Look down the columns of rows and
# updates: equal budgets mean that the labelled arms agree in both. An arm without a task shows its updates
# under *text*.

# %% [markdown]
# ## What it shows
#
# The loss on the training rows of each arm. Thin lines are single runs, thick ones their mean; each
# intermediate task has a panel of its own.

# %%
curves = reading.curves_of(study, shown, "intermediate")
title = "How does intermediate training go, arm by arm?"
figure = figures.learning_curves(curves, y="loss", label="training loss", title=title)
words = "Training loss of the intermediate stage over updates; lower is better."
reading.show(figure, study, "04_intermediate", words, len(shown), batch)

# %% [markdown]
# Compare where the lines end, not where they start. An arm that is trained in several languages meets more
# words, and its loss may fall more slowly for that reason alone. Losses of different tasks are measured on
# different scales and cannot be compared with each other; that of an arm without a task is the loss of
# guessing covered words.
#
# ### Was it learned?
#
# Each arm is examined on development rows of its own task, in the source language, which none of them was
# trained on. Beside its score stands the *majority*: what one reaches by giving everybody the commonest
# answer. An arm counts as having **learned** its task when even the lower end of its score's interval
# (Wilson's, over the items) lies above that.

# %%
reading.table(reading.learned_table(study, shown, "intermediate"))

# %% [markdown]
# Read the last column first. Where it says *not learned*, no later gain of that arm can come from mastering
# the task, and the arm stays in the study with this mark on it; quietly dropping what did not work would be
# a way of fooling ourselves. The smallest scale is made for testing the machinery, with far too few updates
# to learn much.
#
# Then compare the arms with each other. If the translated arm is as good in the source language as the
# English one, it has learned the same task from fewer rows of that language. If it is worse, it starts the
# next chapter with a handicap that any advantage elsewhere has to make up for.

# %% [markdown]
# ## What we learned
#
# We know what each arm has read, that the labelled budgets are equal, and which stepping stones can be stood
# on. We do **not** know yet whether any of this helps: the score of an intermediate task is no evidence
# about a target task. An intermediate task that is learned well may help, do nothing, or harm, and each of
# these has been seen in the literature.

# %% [markdown]
# ## Your turn
#
# **1. Another stepping stone.** Train on multiple choice, HellaSwag, instead of on questions. Was it
# learned at this scale?
#
# <details><summary>Answer</summary>
#
# ```python
# other = open_study("tiny", "hellaswag", arms=["none", "english:hellaswag"], seeds=[0])
# stages.train_intermediates(other, other.runs)
# reading.table(reading.learned_table(other, other.runs, "intermediate"))
# ```
#
# Compare its score with its majority, and not with the score of the other task: with four options a blind
# guess is right once in four.
#
# </details>
#
# **2. Train longer.** Give every arm ten times the updates. What happens to the verdict?
#
# <details><summary>Answer</summary>
#
# ```python
# longer = {"intermediate_training.updates": 400}
# longer = open_study("tiny", "longer", arms=["none", "english:squad_v2"], seeds=[0], **longer)
# stages.train_intermediates(longer, longer.runs)
# reading.table(reading.learned_table(longer, longer.runs, "intermediate"))
# ```
#
# The score should rise or stay; the budget has changed for all arms alike, so the comparison between them
# stays fair.
#
# </details>
