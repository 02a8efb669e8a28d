# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 7 · Analysis
# *Reads* `tables/scores.csv`, `tables/languages.csv` · *writes* `tables/gains.csv`, `claims.json`,
# `summary.md` · *time* seconds
#
# [← Zero-shot transfer](06_zero_shot_transfer.ipynb) · [Contents](../README.md) ·
# [What we learned →](08_what_we_learned.ipynb)
#
# Which stepping stones help which tasks, and whom? This chapter turns scores into differences, and
# differences into claims that can be wrong.

# %% tags=["parameters"]
scale: str = "tiny"  # which study: a file of params/ without its ending
tag: str = "lab"  # a folder beside the published study, for trying things; "" is the published one
low_resource: list = ["lir"]  # the languages declared to have little text, before any run
smallest_effect: float = 1.0  # points; a difference surely smaller than this is called equivalent

# %%
from IPython.display import Markdown

from polystilts import figures
from polystilts.pipeline import reading, stages
from polystilts.pipeline.study import open_study
from polystilts.statistics.factors import factor_effects
from polystilts.statistics.gains import contrast

study = open_study(scale, tag)
Markdown(reading.opening(study))

# %% [markdown]
# ## The question
#
# Does practice in several languages help more than practice in English alone, on a task of another kind, in
# a language with little text that had no labels at all? Take out the guess that you wrote down in chapter
# 0.

# %% [markdown]
# ## How we find out
#
# **Pair, then average.** A *gain* is one score minus the score of its baseline, matched in world, encoder,
# seed, target and language. A *contrast* does the same for two kinds of practice. Matching takes away what
# the two have in common, the luck of a seed above all.
#
# **The primary contrast** was fixed before any run: `translated` minus `english`, in cells without
# exposure, on targets of another kind than the practice, in low-resource languages. Average over languages
# first, then over targets, then over kinds of task, so that a kind with many tasks has no louder voice.
# **Retrieval stands beside it and is never pooled in**: it reads the encoder directly, often moves by tens
# of points, and would drown everything else. We never report the best of many stones.
#
# **Intervals.** The unit is what was repeated: seeds, or worlds where there are several, with their seeds
# averaged inside. The 95 % interval is Student's *t*, because with few repetitions a bootstrap promises
# more than it keeps. Items are not the unit: a thousand questions answered by one model are still one
# model.
#
# **Two scales.** A difference is called only if it points the same way in points and in log odds, since
# five points near the ceiling are not five points in the middle. **Flags** mark cells at chance or above
# 95, and results are given with and without them.

# %%
reading.table(reading.reach_table())

# %% [markdown]
# This small table holds for any study: how far a 95 % interval reaches to either side, in standard
# deviations between repetitions. The step from two seeds to three is by far the largest. Whoever runs two
# seeds can see a landslide, nothing less.

# %% [markdown]
# ## Run it
#
# Scores are read, or made first where they are missing. No model is needed beyond this point.

# %%
scores = reading.ready_scores(study)
stages.analyse(study)
claims = reading.ready_claims(study)
gains = reading.read_table(study.folder / "tables" / "gains.csv")
languages = reading.read_table(study.folder / "tables" / "languages.csv")
Markdown(f"**{len(scores):,} scores, {len(gains):,} gains, {len(claims)} claims.**")

# %% [markdown]
# ## What it shows
#
# ### Which practice helps which task?
#
# Each cell is the mean gain over no practice, in languages without exposure; the small number is half of
# its interval.

# %%
runs = scores["run_id"].nunique()
words = "Mean gain over no practice in unexposed languages, by arm and target."
reading.show(figures.gains_heatmap(gains), study, "07_gains", words, runs)

# %% [markdown]
# Look for rows of one colour, which would be practice that helps everywhere, and for columns of one colour,
# which would be targets that profit from anything. A cell whose small number is larger than its big one
# could as well be zero. Boxed cells practised the target's own kind; they belong to another question.
#
# ### The primary contrast

# %%
reading.table(reading.primary_table(scores, low_resource))

# %% [markdown]
# The header names what is compared; a scale without translated practice compares English practice with
# none. The first row answers the study's question, the second stands beside it. *For new languages* is the
# wider statement: what one should expect of a language that is not in this study, if these languages were
# drawn from many like them. If the interval holds zero and also effects that we would care about, the
# answer is *undecided*, and that is an answer.

# %%
treatment, control = reading.compared(scores)
cells = contrast(scores, treatment, control)
chosen = cells[~cells["exposed"] & cells["cross_task"] & cells["language"].isin(low_resource)]
chosen = chosen[chosen["task_kind"] != "retrieval"]
reading.table(reading.seed_table(chosen, treatment, control))

# %% [markdown]
# Here are the pairs behind the first row, averaged plainly over their cells. See whether the two arms rise
# and fall together from seed to seed. Where they do, this shared luck is what the pairing removes; the last
# column is all that remains of it.
#
# ### Everything we expected, on one axis

# %%
forest = figures.forest(reading.plotted(claims), smallest_effect)
words = "Every expectation measured in points, with its interval and a band for what is too small to matter."
reading.show(forest, study, "07_forest", words, runs)

# %% [markdown]
# A line that keeps clear of zero has a sign. A line inside the band is *equivalent* to nothing. A line that
# crosses both is undecided, however far its dot may be from zero. What this scale did not run is listed and
# left empty, so that nobody takes silence for agreement.
#
# ### Whom does it help?
#
# The same contrast language by language, from little text to much. To the left the languages without labels
# in the practice; to the right those whose set was practised in, with labels of another kind of task.

# %%
words = f"{reading.contrast_words(treatment, control)}, by language from little text to much."
reading.show(figures.gain_by_language(cells, languages), study, "07_by_language", words, runs)

# %% [markdown]
# Only the left panel is zero-shot. If the right panel shows gains and the left does not, practice has
# taught the languages it touched, and nothing has crossed over to the others. That distinction is the
# reason for the two sets.

# %%
reading.table(reading.kind_table(cells[~cells["exposed"]]))

# %% [markdown]
# By kind of task, over all unexposed languages. Kinds differ, and a mean over them hides that; which is why
# the quantifier "on average" is part of the sentence.
#
# ### What makes a language easy to reach?
#
# The three factors of the world, measured on the baseline: easier level minus harder level, within each
# target.

# %%
effects = factor_effects(scores, languages, low_resource)
words = "Main effects of resource, overlap and word order on the baseline's scores."
reading.show(figures.factor_effects(effects), study, "07_factors", words, runs)

# %% [markdown]
# An effect to the right of zero means that the easier level scores higher. Hollow marks have cells at the
# floor or the ceiling, where an effect cannot show its full size. With an incomplete family of languages
# two factors may coincide, and then their effects cannot be told apart.

# %%
reading.table(reading.flags_table(scores))

# %% [markdown]
# How many cells of the baseline are flagged, target by target. A target with all its cells at chance says
# nothing about practice, and no statistics can make it speak.
#
# ### How much survives the border, with practice?

# %%
figure = figures.transfer_slopes(scores, languages, treatment)
words = "Scores after practice: each line leads from the source language to another."
reading.show(figure, study, "07_transfer_slopes", words, runs)

# %% [markdown]
# Hold this figure beside the one of chapter 6. Exposed languages are in it too, so a flatter line here is
# not yet zero-shot transfer; the figures above have separated the two.
#
# ### Retrieval, layer by layer

# %%
words = "Retrieval by layer and strategy, as it stands and with each language's mean taken off."
reading.show(figures.retrieval_by_layer(scores, languages), study, "07_retrieval", words, runs)

# %% [markdown]
# The panels differ when languages lie apart as wholes: then centring brings them together. If practice
# lifts the left panel and not the right one, it has moved the languages onto the same page and has not
# taught any new meanings.
#
# ### The controls, beside the treatments

# %%
reading.table(reading.claims_table(claims, controls=True))

# %% [markdown]
# Each row is something other than the task that might explain a gain: more text, any labels whatever,
# longer training. A control that helps as much as a treatment takes the credit away from it. Controls that
# this scale did not run are *not measured*, and the explanation they stand for remains open.

# %%
reading.table(reading.budget_table(study), digits=0)

# %% [markdown]
# What each arm has cost in all its stages, per run. Arms with practice have spent more in total than the
# baseline has; compare them with one another, where rows and updates agree, and with `none-long`, which has
# been given as much.

# %% [markdown]
# ## What we learned

# %%
Markdown(reading.answer_sentence(study))

# %% [markdown]
# The sentence above is computed, with its limits: a level that was there only once, one world or one
# pretraining, is named, because the claim cannot reach beyond it. What the claims add up to is the subject
# of the last chapter.

# %% [markdown]
# ## Your turn
#
# **1. Drop a seed and watch the interval.** Compute the primary contrast again from the first seed only.
#
# <details><summary>Answer</summary>
#
# ```python
# reading.table(reading.primary_table(scores[scores["seed"] == 0], low_resource))
# ```
#
# The difference is there, its interval is gone: from one repetition nothing can be said about repetitions.
# A number without an interval is an anecdote.
#
# </details>
#
# **2. Care about more.** Set `smallest_effect` to 5 points in the forest. Which lines fall inside the band
# now, and is that a discovery?
#
# <details><summary>Answer</summary>
#
# ```python
# wide = figures.forest(reading.plotted(claims), 5.0)
# reading.show(wide, study, "07_forest_wide", "The same expectations with a wider band.", runs)
# ```
#
# More lines fit into a wider band, though nothing was learned about the world. This is why the smallest
# effect is written down before the runs, and why the outcomes on the right have not changed.
#
# </details>
#
# **3. Ask another question.** Compare English practice with no practice, kind by kind.
#
# <details><summary>Answer</summary>
#
# ```python
# reading.table(reading.kind_table(contrast(scores, "english", "none")))
# ```
#
# Now you have looked at the data before asking, so what you find is a hypothesis for the next world, and no
# result of this one.
#
# </details>
