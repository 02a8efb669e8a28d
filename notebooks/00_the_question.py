# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 0 · The question
# *Reads* `params/` · *writes* nothing · *time* a few seconds at every scale
#
# [Contents](../README.md) · [Languages →](01_languages.ipynb)
#
# Can intermediate training in English help a Swahili reader? This study asks that question of a computer
# model. You need no programming to follow it: hide the code and the pages still read from top to bottom.
# Words that are new to you stand in the [glossary](../docs/glossary.md).

# %% tags=["parameters"]
scale: str = "tiny"  # which study: a file of params/ without its ending
tag: str = "lab"  # a folder beside the published study, for trying things; "" is the published one
arms: list = ["none", "english:squad_v2", "translated:squad_v2:A"]  # the arms that are compared
seeds: list = [0, 1]  # repetitions: each seed is one more training of every arm

# %%
from IPython.display import Markdown

from polystilts import figures
from polystilts.pipeline import reading
from polystilts.pipeline.study import open_study

study = open_study(scale, tag, arms=arms, seeds=seeds)
Markdown(reading.opening(study))

# %% [markdown]
# ## The question
#
# A multilingual [**encoder**](../docs/glossary.md#encoder) is a model that has read plain text in many
# languages and has learned, from nothing but guessing hidden words, to turn a sentence into numbers. Teach
# it a task with examples in one language, say English, and it can often do that task in the other languages
# too, although nobody showed it a single solved example there. This is **zero-shot cross-lingual transfer**.
# It matters because solved examples, also called labels, are plentiful in English and rare in most of the
# world's languages.
#
# The transfer is rarely complete. A model that answers questions well in English answers them worse in
# Swahili, and worst in languages of which it has read little. So people looked for a warm-up. Before the
# **target task**, train the encoder on another task, the **intermediate task**, for which there are many
# English examples. The literature calls this *intermediate-task training*, or STILTs; here it is
# **intermediate training**, and *practice* for short. Phang and colleagues reported in 2020 that
# intermediate training in English helps in other languages too
# ([arXiv:2005.13013](https://arxiv.org/abs/2005.13013)). They also tried machine-translated examples, and
# went on with masked language modelling in many languages beside the task; neither was consistently better
# than English alone. We ask again, on the tasks of XTREME-R and language by language, and what our question
# adds is the languages with little text:
#
# > **Does intermediate training in several languages help more than in English alone, in particular in
# > languages with little text, which that training itself never touched?**
#
# Make a guess before you read on: better, worse, or no different? Write it down; you will need it in
# chapter 8.

# %% [markdown]
# ## How we find out
#
# The drawing below is the whole method. An encoder is *pretrained* on plain text. Then it is trained on an
# *intermediate* task, or is not; here the arms of the study part ways. Then it is *fine-tuned* on the target
# task with labels in the source language alone, by the same recipe in every arm. At last it is *tested* on
# the target task in every language.

# %%
source = reading.language_name(study.scale.shared["source_language"])
drawing = figures.method_drawing(source, reading.strategies_in(study))
words = "Pretrain, intermediate training, fine-tune, test: every arm of the study, which differ in step two."
reading.show(drawing, study, "00_method", words)

# %% [markdown]
# Read the drawing from left to right, and look at the boxes below the second step: they are the arms, and an
# arm keeps its colour and its mark on every later page. Where the languages are invented, *English* in the
# name of an arm means their source language. Dashed boxes are *controls*; some of them change another step.
# Arms that practise one task have the same number of labelled updates, the same batch size and the same
# number of rows; `english+mlm` reads plain text on top, and tasks with fewer rows repeat them. If one of
# these arms ends up ahead of another, it was not because it had been taught for longer. Against the baseline
# without intermediate training it has, and that is what controls are for.
#
# ### Why some of our languages are invented
#
# With real languages, everything comes at once. Swahili differs from English in its words, its word order,
# its family and the amount of text a model has read of it, and nobody can change one of these and keep the
# others. So the smaller scales of this study use a **generated world**: a small grammar makes up meanings
# (who did what to whom, where, when and how), and each invented language puts the same meanings into words
# of its own. We decide how much text a language has (*resource*), how many words it shares with the source
# language (*overlap*), and whether its verb stands before or after its object (*order*). Two levels of
# three factors make a family of eight cells, 2 × 2 × 2. Labels are exact, every sentence has exact
# translations, and a laptop suffices.
#
# The price is stated on every page: a finding about invented languages is a finding about invented
# languages. It shows that a mechanism can work and how it can be measured. Whether it works for Swahili is
# for the real scales.

# %% [markdown]
# ## Run it
#
# Nothing is trained in this chapter. The cells below only read the plan: which arms there are, which tasks
# are asked, and what we expected before we looked. First the arms, one row each.

# %%
reading.table(reading.design_table(study))

# %% [markdown]
# Look at the last two columns. A language in the column *labels in* was met in intermediate training; a
# language in *never labelled* was not, and only there is transfer **zero-shot**. Multilingual arms draw
# their languages from one of two sets, A or B. Where a scale runs both, a language labelled in one is
# unlabelled in the other; a language that stands in the last column of every row is never labelled at all.
# Of the arms, `none` is the baseline and a run like any other, so that every comparison is one between
# equals.

# %%
reading.table(reading.targets_table(study))

# %% [markdown]
# These are the tasks on which the arms are compared. Most carry the names of XTREME-R, a public benchmark
# of ten tasks ([arXiv:2104.07412](https://arxiv.org/abs/2104.07412)), and where they do they keep its kinds
# and its metrics. Tags are marked by whole stretches: a name counts if all its words and its kind were found
# (*F1*, for names *span F1*). For a span of text, F1 weighs how many words the answer and the truth have in
# common. *MAP@20*, mean average precision, asks how high the right answers stand among the first twenty.
# Look at the last column: it names the solved examples from which a target is taught, all of them in the
# source language. Scores run from 0 to 100.

# %% [markdown]
# ## What it shows
#
# There are no results yet, and that is the point of this page: what follows was written down before any
# result that this study reports. A hypothesis is a sentence with a rule that decides it. Its *quantifier*
# belongs to the sentence, for "on average" and "always" are broken by different evidence. The *smallest
# effect* says from which size on we would care; a difference that is surely smaller is called *equivalent*,
# not "significant".

# %%
reading.table(reading.expectations_table(study))

# %% [markdown]
# The first row is the study's question, and where nothing is translated its twin on code-switched practice
# stands in for it; everything else is beside it. Some rows expect that something does **not** help. Those on
# text without a task, on permuted labels and on longer training are controls, and a study without controls
# cannot tell practice from luck, from longer training or from more text. Two others restate what Phang and
# colleagues found and are no controls: neither masked language modelling beside English practice nor
# translated practice should beat English practice alone. (These sentences are frozen, and say *practice*.)
# The second stands against our first row. It is asked over all languages without labels, and the first row
# over those with little text; both can hardly fare well. The table is read from `params/hypotheses.yaml`,
# and for real languages from `params/hypotheses-real.yaml` as well.

# %% [markdown]
# ## What we learned
#
# We have a question that can fail, arms that differ in one thing, and expectations on record. Four ideas
# carry all later chapters. The labelled **budget** is equal. The **seeds** are matched: an arm and its
# baseline share the world, the encoder and the seed, and only then are they subtracted. The **exposure** of
# a score says whether intermediate training saw labels in that language, and zero-shot claims use the
# unexposed ones only. And every claim carries two verdicts, its *outcome* and its *status*: whether the
# expectation held, and whether somebody has reproduced the number.

# %% [markdown]
# ## Your turn
#
# **1. Read a bigger plan.** The study on a laptop is called `demo`. Look at its arms without running them:
# which languages does `translated` with set A leave unlabelled, and which does it leave with set B?
#
# <details><summary>Answer</summary>
#
# ```python
# reading.table(reading.design_table(open_study("demo")))
# ```
#
# The two rows are mirror images: what one set labels, the other leaves out. Together they measure every
# language both ways.
#
# </details>
#
# **2. Add a control.** Somebody objects: "any training on any rows would have helped". Which arm answers?
# Change the parameter `arms` above, or give it in a call.
#
# <details><summary>Answer</summary>
#
# ```python
# control = open_study("tiny", "control", arms=["none", "english:squad_v2", "shuffled:squad_v2"])
# reading.table(reading.design_table(control))
# ```
#
# `shuffled` reads the same rows in the same portions, but their answers are dealt out anew. If it helped as
# much as `english` does, the labels would have taught nothing.
#
# </details>
