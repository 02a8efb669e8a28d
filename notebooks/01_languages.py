# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 1 · Languages
# *Reads* the world and the encoder (made first if missing) · *writes* `tables/languages.csv` · *time*
# seconds at `tiny`
#
# [← The question](00_the_question.ipynb) · [Contents](../README.md) ·
# [Data preparation →](02_data_preparation.ipynb)
#
# Who is here, and how far does each of them live from the [source
# language](../docs/glossary.md#source-language)? Before anyone can say that a language is hard to reach,
# somebody has to say what "far" means.

# %% tags=["parameters"]
scale: str = "tiny"  # which study: a file of params/ without its ending
tag: str = "lab"  # a folder beside the published study, for trying things; "" is the published one
low_resource: list = ["lir"]  # the languages declared to have little text, before any run

# %%
from IPython.display import Markdown

from polystilts import figures
from polystilts.pipeline import reading, stages
from polystilts.pipeline.study import open_study

study = open_study(scale, tag)
Markdown(reading.opening(study))

# %% [markdown]
# ## The question
#
# Every language of the study stands somewhere between easy and hard to reach. What makes it hard? That the
# encoder has read little of it? That it shares no words with the source language? That it puts its words in
# another order? In real life the three go together. Guess which of them costs a model most; chapter 7 will
# answer for this study.

# %% [markdown]
# ## How we find out
#
# We describe each language by three things, and what can be counted we count instead of asserting it.
#
# - **Resource**: how many subwords of the language are in the encoder's pretraining text. Which languages
#   count as *low-resource* was declared in the scale's file before any run; the count stands beside it.
# - **Overlap**: the share of words that are written exactly as in the source language, names included. A
#   relative shares many; a stranger has a script of its own, and spells even the names of people letter by
#   letter.
# - **Order**: how differently a language arranges its words. In invented languages it is the share of word
#   pairs that stand in the opposite order when the same meaning is told in both languages; zero means that
#   the words march in step. In real languages nothing is counted: the number is a distance between the
#   syntactic features of the two languages in URIEL
#   ([Littell et al. 2017](https://aclanthology.org/E17-2002/)). Later pages call this alone *distance*.
#
# In the generated world each factor has two levels, set by us, and the family fills the cells of resource ×
# overlap × order. The languages then fall into two **sets**. Count for each language how many of its three
# factors are at the harder level: an even count puts it in set A, an odd count in set B. Statisticians call
# this a pair of half-fractions. In a complete family each set holds both levels of each factor equally
# often, and each pair of levels too. Why we go to such lengths: a multilingual arm is trained in the
# languages of *one* set and is measured in the *other*. Were set A simply "the easy ones", exposure and
# ease would be tangled for good.

# %% [markdown]
# ## Run it
#
# The counting needs a world and a vocabulary. The first call makes what is missing and skips what is there;
# the second writes the table that all later chapters read.

# %%
stages.make_encoders(study)
languages = reading.describe_languages(study)
reading.table(reading.language_table(languages, low_resource))

# %% [markdown]
# The table is sorted from near to far. Compare a language with the one above it and see which of the three
# things changed: more text, other words, or another order. The last column names the set.

# %%
Markdown(reading.allotment_note(study))

# %% [markdown]
# In an invented world we decide who has little text, and nothing else comes with it. In real languages
# scarce text comes with much else, so a study of real text can do one thing only: hold text back from one
# half of the languages, then from the other half, and read both.
#
# ## What it shows
#
# The same languages as a map: text across, overlap and order down. A colour and a shape belong to one
# family of languages, here and in every later figure; these colours are
# never those of an arm.

# %%
words = "The languages of the study by text, shared words and word order, with script and set."
reading.show(figures.language_map(languages, low_resource), study, "01_language_map", words)

# %% [markdown]
# An empty tile is a cell that this scale does not visit. In an invented world, moving across changes the
# amount of text and nothing else, and moving down changes words or order. A real language stands in the half
# of the range to which its measure belongs, and its neighbours differ from it in much else. The bottom right
# corner has everything against it, and it is where many of the world's languages would stand.
#
# ### Are the two sets balanced?
#
# Each row counts how many languages of a set stand at the easier level of each factor.

# %%
reading.table(reading.balance_table(languages, low_resource))

# %% [markdown]
# Equal numbers in both rows mean balance. A small scale has too few languages for that, and then a
# comparison of exposed with unexposed languages is also a comparison of unlike languages; pages built on
# such a scale must not be read as answers. A complete family of invented languages is balanced. Real
# languages are only nearly so: their sets were drawn before any run, over all languages of our list, to
# differ by at most one language in each group that could confound a comparison; a scale takes some of that
# list.
#
# ### One meaning, many mouths
#
# Here is one sentence of a test, told in every language. Below an invented sentence stands its meaning word
# for word, in the manner of linguists: `NAME` for a name, `.PAST` for the ending of a past verb, a stroke
# where a word has two meanings, as English *saw* has.

# %%
reading.table(reading.one_meaning(study))

# %% [markdown]
# Run your eyes down the second column and look for words that stay the same, then down the third for the
# place of the verb. These two movements are overlap and order. No language was made by translating another
# word by word: each of them realises the same meaning by its own rules.

# %%
reading.table(reading.one_meaning(study, row=1))

# %% [markdown]
# A second sentence, so that you can check what you have noticed. Where two rows have the same word order,
# their glosses read alike; where a verb has moved, it has moved in every sentence, because order is a rule
# and no accident.

# %% [markdown]
# ## What we learned
#
# We can say how far each language lies from the source language, by three measures that do not depend on any
# model's scores. We have declared, before any run, which languages have little text. And we have two sets
# of languages: where a scale runs both, a language labelled in one is unlabelled in the other, and the table
# of arms in chapter 0 shows which are never labelled at all.

# %% [markdown]
# ## Your turn
#
# **1. Another sentence.** Show row 5 of the test in every language. Which words would you understand in a
# language you have never seen, and why those?
#
# <details><summary>Answer</summary>
#
# ```python
# reading.table(reading.one_meaning(study, row=5))
# ```
#
# Most likely the names, and after them the shared words of the relatives. An encoder has the same two
# bridges at its disposal, and a third one, which is less visible: words that keep the same company.
#
# </details>
#
# **2. Give the poor language more text.** Make a variant of the world in which every language has the same
# amount of text, and look at the column of subwords again.
#
# <details><summary>Answer</summary>
#
# ```python
# fair = open_study("tiny", "fair", documents={"high": 300, "low": 300})
# stages.make_encoders(fair)
# reading.table(reading.language_table(reading.describe_languages(fair), low_resource))
# ```
#
# Only the counts of text change; the words, the order and the sets are as before. A factor that can be
# turned without touching the others is what the generated world is for.
#
# </details>
#
# **3. Turn a language round.** Let Dorvan put its objects before its verbs, and change nothing else. Read the
# sentence of the first exercise again: which words moved, and did any word change?
#
# <details><summary>Answer</summary>
#
# ```python
# from polystilts.languages import invent
#
# invent("dor", "Dorvan, turned round", "HHF")
# turned = open_study("tiny", "turned")
# stages.prepare_data(turned)
# reading.table(reading.one_meaning(turned, row=5))
# ```
#
# The words are the same, letter by letter; only their order is new. The three letters say what a language
# has: High or Low resource, High or Low overlap, Near or Far order. The change lasts until the kernel stops.
#
# </details>
#
# **4. Take the shared names away.** Relatives of the source language write most names as it does. How much
# of the overlap of Lirish is names?
#
# <details><summary>Answer</summary>
#
# ```python
# invent("lir", "Lirish without names", "LHN", shared_names=0.0)
# nameless = open_study("tiny", "nameless")
# stages.make_encoders(nameless)
# reading.table(reading.language_table(reading.describe_languages(nameless), low_resource))
# ```
#
# Compare the column of shared words with the table of this page. Names are the cheapest bridge between two
# languages, in the invented ones as in the real ones.
#
# </details>
