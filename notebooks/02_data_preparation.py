# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 2 · Data preparation
# *Reads* `params/` · *writes* `w<seed>/`: examples, plain text, word lists and a data card · *time* seconds
# at `tiny`
#
# [← Languages](01_languages.ipynb) · [Contents](../README.md) · [Pretraining →](03_pretraining.ipynb)
#
# What is the model asked, and what does it see? A score is only as good as the examples behind it, so this
# chapter shows them before it trusts them.

# %% tags=["parameters"]
scale: str = "tiny"  # which study: a file of params/ without its ending
tag: str = "lab"  # a folder beside the published study, for trying things; "" is the published one
target_tasks: list = ["xcopa", "udpos", "xquad", "tatoeba"]  # the tasks that the arms are compared on

# %%
from IPython.display import Markdown

from polystilts.pipeline import reading, stages
from polystilts.pipeline.study import open_study

study = open_study(scale, tag, target_tasks=target_tasks)
Markdown(reading.opening(study))

# %% [markdown]
# ## The question
#
# Suppose a model scores high on a test of understanding. Did it understand, or did it find a
# [shortcut](../docs/glossary.md#shortcut): a
# word that gives the answer away, a name it has met before, a sentence it has already read? Guess where a
# shortcut would hide most easily: in the questions, in the answers, or in the names?

# %% [markdown]
# ## How we find out
#
# All examples of a generated scale come from one process. A typed grammar draws a meaning: an event with
# somebody who acts, a thing, a place, a time, a manner. Each language then puts it into words. Since labels
# are read off the meaning and never off the words, they are exact, and an item of a *parallel* test is the
# same item in every language.
#
# Four rules keep shortcuts out, and each of them is checked and not merely intended.
#
# 1. **Sentences are apart.** About one fact in eight is held out: it may appear in development and test
#    items only, never in training rows and never in pretraining text.
# 2. **Names in tests are new.** Training, development and test each have names of their own. A model cannot
#    answer "who?" by remembering who is usually the answer. Half of the items for name recognition go
#    further: their names do not even occur in the pretraining text.
# 3. **Plain text stays plain.** The pretraining text contains no question and no question mark. It does
#    contain *pseudo-clefts*, such as "who washed the pot is Ana", and we say so openly: they are the only
#    places where a question word occurs, and without them a language would meet its own "who" for the first
#    time in the exam.
# 4. **Wrong answers look like right ones.** Options are drawn so that an option by itself does not say
#    whether it is right.
#
# One convention deserves its own line. In natural language inference, a *contradiction* here means what the
# annotators of SNLI and MNLI were asked to assume: both sentences speak of one event, and one event has one
# place, one time and one manner. "Ana sang in Kato" contradicts "Ana sang in Mora" under this reading,
# though two songs could be sung.

# %% [markdown]
# ## Run it
#
# One call makes the worlds of the study, one for each world seed. The same seed makes the same bytes on any
# machine.

# %%
stages.prepare_data(study)
reading.table(reading.data_table(study))

# %% [markdown]
# Each row is a set of examples. Targets that share their training rows, as XNLI shares those of MNLI, have
# them in a row of their own, so that no example serves the intermediate and the target task at once. Look at
# the last column: tests exist in every language, training rows of a target only in the source language.

# %% [markdown]
# ## What it shows
#
# First the plain text, from which an encoder learns before any task. Compare the number of lines: here lies
# the difference between a language with much text and one with little.

# %%
reading.table(reading.corpus_table(study))

# %% [markdown]
# Every line is a small document: a few sentences that belong together. The languages tell different
# stories, for their texts are comparable and never parallel; nothing in them says which word translates
# which. Now the tasks, a card each. In italics stands the meaning, word for word, wherever the language is
# invented. Of real data sets a card tells lengths and labels only: their sentences are not ours to print.

# %%
Markdown(reading.example_cards(study, study.target_tasks))

# %% [markdown]
# Try each card yourself before you look at its answer. If you needed the whole text, the item is sound; if
# one word was enough, it is not. The same items in another language look like this, which is what the model
# will face at the test:

# %%
abroad = study.scale.shared["languages"][-1]
Markdown(reading.example_cards(study, study.target_tasks[:2], language=abroad))

# %% [markdown]
# Nothing in the training of a target prepares for these words; only the plain text has them. Last, what the
# arms may be trained on before: the intermediate task, in the source language and in its role as a stepping
# stone.

# %%
Markdown(reading.example_cards(study, reading.intermediate_tasks_of(study), split="train"))

# %% [markdown]
# A span question of SQuAD's second version may have no answer in the text; its words all occur there, but
# what is asked of one person was told of another. Multiple choice as an intermediate task asks what happens
# next.
#
# ### Does anything leak?
#
# The sentence below is counted from the files: meanings are compared, not spellings, so a translation of a
# test item would be found too.

# %%
Markdown(reading.leak_sentence(study))

# %%
reading.table(reading.names_table(study))

# %% [markdown]
# The last column must be zero for development and test, and it is by construction; pretraining text may use
# the names of all splits, except those of the last row. So a model may know that a word is a name. It
# cannot know what becomes of its bearer.
#
# ### How far does one get without understanding?
#
# A shortcut leaves a trace: something simpler than a reader does well. We let simple counters try: one that
# sees only part of the input, one that counts words without their order, one that always takes the same
# place. The table names the best of them for each target.

# %%
reading.table(reading.shortcut_table(study))

# %% [markdown]
# Compare *its score* with *chance*, and later with the scores of the trained encoder: a model has shown
# something only by the distance between the two. For tagging, the commonest tag of a word is no trick but a
# sound first guess, in the source language at least; in a language without labels there is no such list to
# look it up in. The same holds for *words of context and option*, wherever that is the best: in multiple
# choice, pairing words of the context with words of the option is what the task asks for. It can be learned
# from labels in the source language, and abroad it has no such list either, so chapter 6 does not count it
# as a shortcut.

# %% [markdown]
# ## What we learned
#
# We have seen what is asked. The items are exact and parallel, the splits share neither facts nor names,
# the text holds no questions, and the best shortcut has been put beside chance where everyone can see it.
# What remains between a shortcut's score and a model's is the room in which this study measures.

# %% [markdown]
# ## Your turn
#
# **1. Read an exam in a foreign tongue.** Show the card of the first target task in the second language of
# the study, row 3. Can you solve it from the gloss alone?
#
# <details><summary>Answer</summary>
#
# ```python
# Markdown(reading.example_card(study, target_tasks[0], language=study.scale.shared["languages"][1], row=3))
# ```
#
# With the gloss you can, which shows that the item itself is sound. The model has no gloss; it has to get
# there by way of the plain text.
#
# </details>
#
# **2. Spoil the translations.** The knob `translation_noise` replaces that share of the words in translated
# practice rows by wrong ones. Make a world with half of the words wrong, and read a translated row.
#
# <details><summary>Answer</summary>
#
# ```python
# noisy = open_study("tiny", "noisy", translation_noise=0.5)
# stages.prepare_data(noisy)
# Markdown(reading.example_card(noisy, "squad_v2", split="train", language="dor"))
# ```
#
# Half of the gloss has become nonsense, while the place of the answer stays where it was. Only practice
# rows are spoiled this way; tests and training rows of targets stay clean, so that the noise is a property
# of the arm.
#
# </details>
