# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 3 · Pretraining
# *Reads* `w<seed>/corpus/` · *writes* `encoders/` · *time* seconds at `tiny`, minutes at `demo`
#
# [← Data preparation](02_data_preparation.ipynb) · [Contents](../README.md) ·
# [Intermediate training →](04_intermediate_training.ipynb)
#
# What does the encoder know before it has been taught any task? In
# [pretraining](../docs/glossary.md#pretraining) it has read, and it has guessed hidden words. This chapter
# asks whether that was enough to bring the languages together.

# %% tags=["parameters"]
scale: str = "tiny"  # which study: a file of params/ without its ending
tag: str = "lab"  # a folder beside the published study, for trying things; "" is the published one
world_seeds: list = [0]  # one seed is one generated world
encoder_seeds: list = [0]  # one seed is one pretraining

# %%
from IPython.display import Markdown

from polystilts import figures
from polystilts.pipeline import reading, stages
from polystilts.pipeline.study import open_study

study = open_study(scale, tag, world_seeds=world_seeds, encoder_seeds=encoder_seeds)
Markdown(reading.opening(study))

# %% [markdown]
# ## The question
#
# Nobody tells the encoder which words translate each other. It reads one language after the other, in a
# shuffled pile, and guesses the words that were covered up. Will sentences that mean the same come to lie
# near one another all the same? Guess for which language this works best, and for which it fails.

# %% [markdown]
# ## How we find out
#
# **The vocabulary.** Before a model reads, text is cut into *subwords*. We train a SentencePiece Unigram
# vocabulary, the kind that XLM-R uses, on the same number of lines from every language, because a
# vocabulary trained on whatever text there is would cut poor languages into crumbs. The measure is
# **fertility**, the number of subwords per word: at 1 no word is cut at all.
#
# **The model.** The encoder has the architecture of XLM-R, many sizes smaller, and starts from random
# numbers. It is trained by plain *masked language modelling*: cover a share of the tokens, guess them, be
# corrected. What falls in the course of training is the mean surprise at the covered tokens $M$, each guessed
# from all that was left uncovered:
#
# $$\mathcal{L} = -\frac{1}{|M|}\sum_{i \in M} \log p\,(w_i \mid w_{\setminus M})$$
#
# Languages are drawn in proportion to their lines raised to a power below one, so that poor languages are
# heard several times as often as their share.
#
# **One line, one example.** Large models are usually fed long blocks in which many sentences are glued
# together. We feed whole short documents, each starting at the first position. In small encoders this is
# decisive: in our trials with glued blocks, languages of different scripts hardly met at all, and with
# whole lines they did. Real models have enough text and patience to do without; a laptop has not.
#
# **The test.** Take a test sentence in the source language, and look which sentence of the other language
# lies nearest to it. If it is the translation, that counts as found. This is *retrieval*; it needs no
# training and no label. We read it from each layer, as it stands and *centred*, with the average point of
# each language taken off first, because languages often lie side by side like two equal maps on different
# pages.

# %% [markdown]
# ## Run it
#
# One call makes every encoder of the study, or finds it finished. What it leaves is an ordinary
# `save_pretrained` folder, which any tool that reads transformers models can open.

# %%
stages.make_encoders(study)
curves = reading.pretraining_curves(study)
words = "Loss of guessing covered words while the encoder reads; lower is better."
reading.show(figures.pretraining_curve(curves), study, "03_pretraining", words)

# %% [markdown]
# Loss falls steeply while the encoder learns which words are frequent, and slowly while it learns which
# words keep company. Look at the right end: a curve that is still falling belongs to an encoder that would
# have liked to read on.

# %% [markdown]
# ## What it shows
#
# First, whether every language was cut into as few pieces.

# %%
languages = reading.languages_of(study)
words = "Subwords per word in each language, with the vocabulary that all languages share."
reading.show(figures.fertility_bars(reading.fertility_of(study), languages), study, "03_fertility", words)

# %% [markdown]
# Bars near the line mean whole words. A language whose bar is much longer than the others would pay twice:
# longer inputs, and pieces that mean little. Such a difference would be a flaw of the vocabulary, and it
# must not be mistaken for a difference between languages. Languages that part no words by spaces, as Chinese,
# have no such number and are left out. The same, seen on one sentence:

# %%
reading.table(reading.pieces_table(study))

# %% [markdown]
# The sign ▁ marks the beginning of a word. Where a word was kept whole, it is one piece; where it was cut,
# its letters stand apart. How often the encoder has met each language is the next thing to know.

# %%
reading.table(reading.text_table(study), digits=2)

# %% [markdown]
# *Subwords of text* counts what there was; *subwords read* counts what was shown in training, repetitions
# included. The last column divides one by the other: a poor language is read over and over, which is no
# replacement for having more to say.
#
# ### Do translations find each other?
#
# Each number is the share of source-language test sentences whose nearest neighbour in the language of the
# row is their translation, in percent. The last column is what a blind guess would reach.

# %%
reading.table(reading.early_retrieval(study))

# %% [markdown]
# Read each row from left to right: it shows in which layer the language meets the source language, and what
# centring adds. Then compare the rows. Numbers far above the last column, for a language that shares no
# script with the source language, are the small wonder on which zero-shot transfer rests. Numbers near it
# are a warning: what has not met here cannot be expected to transfer later.

# %% [markdown]
# ## What we learned
#
# An encoder of known size has read a known amount of each language, cut by a vocabulary whose fairness we
# have measured. How far the languages have met before any task is a table now and no hope. All arms start
# from this encoder, so that whatever they differ in later, they do not owe to a better start.

# %% [markdown]
# ## Your turn
#
# **1. Another world.** The parameter `world_seeds` draws another world: other words, other text, the same
# design. Which numbers of this page change, and which ought not to?
#
# <details><summary>Answer</summary>
#
# ```python
# elsewhere = open_study("tiny", "elsewhere", world_seeds=[1])
# stages.make_encoders(elsewhere)
# reading.table(reading.early_retrieval(elsewhere))
# ```
#
# Every number changes a little, the pattern over languages should not. How much a number moves from world
# to world is the reason why claims name the number of worlds they rest on.
#
# </details>
#
# **2. A poor language made rich.** Let the low-resource languages have as much text as the others, and look
# at retrieval again.
#
# <details><summary>Answer</summary>
#
# ```python
# rich = open_study("tiny", "rich", documents={"high": 300, "low": 300})
# stages.make_encoders(rich)
# reading.table(reading.early_retrieval(rich))
# ```
#
# Compare the row of the low-resource language with the table above. Remember that at `tiny` the test is
# small, so that a difference of a few sentences is nothing to build on.
#
# </details>
#
# **3. A vocabulary too small.** Allow only 300 pieces and look at the fertility of every language.
#
# <details><summary>Answer</summary>
#
# ```python
# crumbs = open_study("tiny", "crumbs", pieces=300)
# stages.make_encoders(crumbs)
# reading.table(reading.text_table(crumbs), digits=2)
# ```
#
# Words break into pieces everywhere, and most where the script has letters of its own: single letters take
# up room that words could have had.
#
# </details>
