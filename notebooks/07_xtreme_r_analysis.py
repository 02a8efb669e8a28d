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
# Which intermediate training helps which tasks, and whom? This chapter turns scores into
# [gains](../docs/glossary.md#gain) and differences, and differences into claims that can be wrong.

# %% tags=["parameters"]
scale: str = "tiny"  # which study: a file of params/ without its ending
tag: str = "lab"  # a folder beside the published study, for trying things; "" is the published one
low_resource: list = ["lir"]  # the languages declared to have little text, before any run
smallest_effect: float = 1.0  # points; a difference surely smaller than this is called equivalent

# %%
from IPython.display import Markdown, display

from polystilts import figures
from polystilts.pipeline import reading, stages
from polystilts.pipeline.study import open_study
from polystilts.statistics.compare import Subset
from polystilts.statistics.factors import factor_effects
from polystilts.statistics.gains import contrast
from polystilts.statistics.regression import regress_on_languages

study = open_study(scale, tag)
Markdown(reading.opening(study))

# %% [markdown]
# ## The question
#
# Does intermediate training (*practice* for short) in several languages help more than in English alone, on
# a task of another kind, in a language with little text that had no labels at all? Take out the guess that
# you wrote down in chapter 0.
#
# ## How we find out
#
# **Pair, then average.** A *gain* is one score minus the score of its baseline, matched in world, encoder,
# seed, target and language. A *contrast* does the same for two arms. Matching takes away what
# the two have in common, the luck of a seed above all.
#
# **The primary contrast** was fixed before any run: training in several languages minus `english`, in cells
# without exposure, on targets of another kind than the intermediate task, in low-resource languages. Several
# languages means `translated` rows, and `code-switched` where nothing was translated. Average over languages
# first, then over targets, then over kinds of task, so that a kind with many tasks has no louder voice.
# **Retrieval stands beside it and is never pooled in**: it reads the encoder directly, often moves by tens
# of points, and would drown everything else. We never report the best of many stones. In symbols, with $K$
# kinds of task, $T_k$ targets of a kind and $L_t$ such languages of a target, and $s$ for a score:
#
# $$\delta = \frac{1}{K}\sum_{k}\frac{1}{T_k}\sum_{t \in k}\frac{1}{L_t}\sum_{\ell}
# \left(s^{\,\mathrm{multilingual}}_{t\ell} - s^{\,\mathrm{English}}_{t\ell}\right)$$
#
# **Intervals.** The unit is what was repeated: seeds, or worlds where there are several, with their seeds
# averaged inside. The 95 % interval is Student's *t*, because with few repetitions a bootstrap promises
# more than it keeps. Items are not the unit: a thousand questions answered by one model are still one
# model. With $\delta_u$ from each of $U$ units, their standard deviation $\mathrm{sd}$, and $\alpha$ the
# share of intervals that may miss:
#
# $$\bar{\delta} \;\pm\; t_{1-\alpha/2,\,U-1}\;\frac{\mathrm{sd}(\delta_u)}{\sqrt{U}}$$
#
# **Two scales.** A difference is called only if it points the same way in points and in log odds, since
# five points near the ceiling are not five points in the middle. **Flags** mark cells at chance or above
# 95, and results are given with and without them. **What was not learned** cannot have taught: a claim that
# rests on an intermediate task at its majority guess, or mostly on flagged cells, is *not testable*.
#
# ## Run it
#
# Scores are read, or made first where they are missing. No model is needed beyond this point.

# %%
scores = reading.ready_scores(study)
stages.analyse(study)
claims, runs = reading.ready_claims(study), scores["run_id"].nunique()
gains = reading.ready_gains(study)
languages = reading.read_table(study.folder / "tables" / "languages.csv")
display(Markdown(reading.frozen_note(study)))
Markdown(f"**{len(scores):,} scores, {len(gains):,} gains, {len(claims)} claims.**")

# %% [markdown]
# The first line says whether the expectations had been fixed before these worlds were run, and whether
# anybody has touched them since. Only then can a finding *confirm* anything; otherwise it is *exploratory*,
# good for ideas.
#
# ## What it shows
#
# ### The benchmark's own table
#
# XTREME-R reports one number for each task, averaged over all its languages. Here it is for each kind of
# intermediate training, and with what is usually left out: half of the 95 % interval, over repetitions.

# %%
reading.table(reading.benchmark_table(scores))

# %% [markdown]
# This is how leaderboards are read, and why we do not stop here. The averages mix languages that had labels
# in intermediate training with languages that had none, easy ones with hard ones, and in the row *mean*
# retrieval with everything else. Two columns may differ by less than either moves from seed to seed. What
# follows takes the mixture apart.
#
# ### What can these targets show at all?

# %%
reading.table(reading.flags_table(scores, study.scale.shared["source_language"]))

# %% [markdown]
# How many cells of the baseline are flagged, target by target, and how large a difference its smallest test
# set could show. A target with all its cells at chance says nothing about any training, and no statistics can
# make it speak. A small test set is not silent, but it only shouts: look at the last column before you
# believe in a difference in one language.
#
# ### How much survives the border?
#
# The transfer gap of XTREME-R: the source language's score minus the mean of the others, here of those
# that had no labels in intermediate training.

# %%
figure = figures.gap_slopes(scores, languages)
words = "Transfer gaps by arm: the source language minus the languages without labels."
reading.show(figure, study, "07_gaps", words, runs)

# %% [markdown]
# A mark below the grey line is a gap smaller than the baseline's. Ask at once how it closed: the other
# languages may have risen, or the source language may have fallen. The gap cannot tell, which is why it is
# not our measure. The next figure can.
#
# ### Which intermediate training helps which task?
#
# Each cell is the mean gain over no intermediate training, in languages without exposure; the small number
# is half of its interval.

# %%
words = "Mean gain over no intermediate training in unexposed languages, by arm and target."
reading.show(figures.gains_heatmap(gains), study, "07_gains", words, runs)

# %% [markdown]
# Look for rows of one colour, which would be training that helps everywhere, and for columns of one colour,
# which would be targets that profit from anything. A cell whose small number is larger than its big one
# could as well be zero. Boxed cells were trained on the target's own kind; they belong to another question.
# A dot in the place of a number says that the target has no score there in a language that the arm left
# unlabelled.
#
# ### The primary contrast

# %%
treatment, control = reading.compared(scores)
cells = contrast(scores, treatment, control)
chosen = Subset(resource="low").of(cells)
display(reading.table(reading.primary_table(scores)))
reading.table(reading.robust_table(chosen))

# %% [markdown]
# The header of the first table names what is compared. Where nothing was translated, code-switched rows
# take its place, and without those English is compared with none. Its first row answers the study's
# question, its second stands beside it. *For new languages* is the wider statement: what one should expect
# of a language that is not in this study, if these languages were drawn from many like them. If the interval
# holds zero and also effects that we would care about, the answer is *undecided*, and that is an answer.
#
# The second table asks whether a few loud cells carry the mean. The interquartile mean leaves out the lowest
# and the highest quarter of all target × language cells. The probability of improvement says how likely a
# run with the treatment beats a run without it on a cell drawn at random, and one half is a draw; both are
# defined by [Agarwal et al. 2021](https://arxiv.org/abs/2108.13264). The interval of that probability is made
# on the scale of log odds, so that it stays between never and always. Where the three rows tell different
# stories, the story belongs to a few cells.
#
# ### In particular where text is little? One effect, or two?

# %%
scarce, opposite = reading.scarcity_sentence(claims, scores), reading.opposite_sentence(scores)
Markdown(f"{scarce}\n\n{opposite}")

# %% [markdown]
# The question said *in particular*, so it has to be answered in particular: an advantage in languages with
# little text is not yet one that they have more of than others. And a mean can hide two effects. The rule is
# stated before the numbers: where the interval of one kind of task lies wholly above zero, and that of
# another wholly below, their mean is called two effects of opposite sign, and nobody should quote it alone.
#
# ### By kind of task, word order and text, with the source language beside

# %%
parts = reading.parts_of(scores, languages)
words = "The contrasts by kind of task, and in each by word order and text, with the source language beside."
display(reading.show(figures.contrasts_by_kind(parts), study, "07_parts", words, runs))
display(reading.table(reading.parts_table(parts)))
Markdown(f"{reading.choice_sentence(study)}\n\n{reading.order_sentence(study, languages)}")

# %% [markdown]
# Start with the grey rows: that is where the target was taught, and a loss that is not seen there but abroad
# is a loss of transfer and not of the task. Then compare near with far, and little text with much, under one
# kind of task. Single rows rest on few cells and are corrected by nothing; they say where a mean comes from,
# and none of them is a claim.
#
# The two paragraphs below the table limit everything on this page. Whoever picks an intermediate task after
# having seen what it does can hardly help picking a good one, or a telling one. And a word order that was
# met in labelled rows of other languages is one thing that intermediate training can teach without any help
# from the language itself.
#
# ### Everything we expected, on one axis

# %%
forest = figures.forest(reading.plotted(claims), smallest_effect)
words = "Every expectation measured in points, with its interval and a band for what is too small to matter."
reading.show(forest, study, "07_forest", words, runs)

# %% [markdown]
# A line that keeps clear of zero has a sign. A line inside the band is *equivalent* to nothing. A line that
# crosses both is undecided, however far its mark may be from zero. A line may clear zero and be grey all the
# same: tests of one family are counted together (Holm's rule), and among so many it was not certain enough.
# An arrow is a line too long for the page. What this scale did not run is listed and left empty, so
# that nobody takes silence for agreement.
#
# ### Whom does it help?
#
# The same contrast language by language, in the order that the side names. To the left the languages without
# labels in intermediate training; to the right those whose set was met there, with labels of another kind of
# task.

# %%
words = f"{reading.contrast_words(treatment, control)}, language by language."
reading.show(figures.gain_by_language(cells, languages), study, "07_by_language", words, runs)

# %% [markdown]
# Only the left panel is zero-shot. If the right panel shows gains and the left does not, training has
# taught the languages it touched, and nothing has crossed over to the others. That distinction is the
# reason for the two sets.
#
# ### Does it grow as text gets scarce, or as the source gets far?

# %%
figure = figures.gain_by_property(cells, languages)
words = f"{reading.contrast_words(treatment, control)} in unexposed languages, by text and by distance."
display(reading.show(figure, study, "07_by_property", words, runs))
unexposed = Subset().of(cells[cells["language"] != study.scale.shared["source_language"]])
reading.table(reading.regression_table(regress_on_languages(unexposed, languages)))

# %% [markdown]
# Where every language had its turn with little text and with much, a line joins the two, and each language
# is compared with itself. The figure asks of one property at a time, the table of all at once: how the gain
# would change with one of them if the others stayed. It is a description of these few languages and decides
# no expectation. A property that cannot be told apart from the others, or is the same everywhere, has its
# reason in the place of a number. Nothing here makes scarcity a cause: in real languages it comes with
# everything else that makes a language poor in data. In the generated world the factors were set by hand,
# so there their *directions* can be compared with what was built in.

# %%
effects = factor_effects(scores, languages, low_resource)
words = "Main effects of resource, overlap and word order on the baseline's scores."
reading.show(figures.factor_effects(effects), study, "07_factors", words, runs)

# %% [markdown]
# That is the comparison, on the baseline: easier level minus harder level, within each target. An effect to
# the right of zero means that the easier level scores higher, as it should. Hollow marks have cells at the
# floor or the ceiling, where an effect cannot show its full size. With an incomplete family of languages
# two factors may coincide, and then their effects cannot be told apart.
#
# ### Retrieval, layer by layer

# %%
words = "Retrieval by layer and strategy, as it stands and with each language's mean taken off."
reading.show(figures.retrieval_by_layer(scores, languages), study, "07_retrieval", words, runs)

# %% [markdown]
# The panels differ when languages lie apart as wholes: then centring brings them together. If training
# lifts the left panel and not the right one, it has moved the languages onto the same page and has not
# taught any new meanings.
#
# ### The controls, beside the treatments

# %%
display(reading.table(reading.practice_table(scores)))
reading.table(reading.budget_table(study), digits=0)

# %% [markdown]
# Every kind of intermediate training against none, in the cells of the primary contrast. A *control* is
# something other than the task that might explain a gain: more text, any labels whatever, longer training. A
# control that helps as much as a treatment takes the credit away from it; one that this scale did not run
# leaves its explanation open. An arm without a task is of another kind than every target, so it is tested on
# more of them. The second table is what each arm has cost in all its stages, per run: compare arms that are
# trained on one task with one another, where labelled rows agree. The control `none-long` lengthens each of
# its targets by what intermediate training costs, so its sum counts that once for every set of target rows.
#
# ### The choice that is forbidden
#
# Which intermediate training is best for a target? A zero-shot study may ask the source language only.
# Asking the target languages is easy, tempting, and no longer zero-shot: published scores were seen to
# differ by many points for that reason alone ([Keung et al. 2020](https://arxiv.org/abs/2004.15001)).

# %%
reading.table(reading.choice_table(scores, study.scale.shared["source_language"]))

# %% [markdown]
# The column marked *forbidden* is here as a bound, never as a result. What it buys can only be positive, for
# the best of several is chosen by looking at the answer; a gain of that size in somebody's table may be
# nothing else. No other number of this study was selected on a target language.
#
# ### What would it take to see one point?

# %%
spreads, told = reading.spreads_of(study, scores)
figure = figures.what_it_takes(reading.detectable_table(study, spreads), reading.own_size(study))
words = "The smallest effect a study of each size would find four times in five, by what worlds differ in."
display(reading.show(figure, study, "07_power", words, runs))
display(Markdown(told))
reading.table(reading.simulated_table(study, spreads))

# %% [markdown]
# How far apart seeds, runs and cells lie was measured; then studies of every size were drawn from that, with
# a planted effect, and read by the same statistics. The table counts what they found: where nothing was
# planted, a false alarm in one study of twenty is the price that was agreed on, and intervals should hold the
# truth in nineteen. The tests of this repository check both, and that they would notice if pairs were torn
# or worlds taken for seeds. How much worlds differ is the guess in the panel titles, one point in the table:
# one world cannot know. A study with fewer than three worlds has no place in the figure at all. Its seeds
# speak of its own world, however many they are; more languages help, and help less than more worlds.
#
# ### What others found, at full size

# %%
display(reading.table(reading.published_table()))
reading.table(reading.base_table())

# %% [markdown]
# Context, and no comparison: other encoders, real languages, single numbers without intervals. The first
# table is XTREME, the benchmark before XTREME-R, on its test sets, with the intermediate task that was best
# for each task: [Phang et al. 2020](https://arxiv.org/abs/2005.13013), as reported beside [the results of
# mT5](https://github.com/google-research/multilingual-t5). Hold the row that stands out against the others:
# an average over rows would have hidden it. The second is a base-size encoder on XTREME-R, as published
# ([Zhang et al. 2024](https://arxiv.org/abs/2407.19669)). Most of its rows are without intermediate
# training, but Tatoeba and LAReQA were read from an encoder that had been tuned on English SQuAD first, and
# LAReQA by a protocol other than ours. We print only numbers that were read where we say; others that we
# remember are left out.
#
# ## What we learned

# %%
by_kind, qualified = reading.answer_tables(claims)
display(Markdown(reading.answer_sentence(study)))
display(reading.table(by_kind))
reading.table(qualified)

# %% [markdown]
# The sentence is computed, and so is what qualifies it. The first table has the contrast and each of its
# sides against none, kind by kind. The second has its limits: a level that was there only once, one world or
# one pretraining, is named, because the claim cannot reach beyond it, and so is how large an effect would
# have been seen. What the claims add up to is the subject of the last chapter.
#
# ## Your turn
#
# **1. Drop a seed and watch the interval.** First look at the pairs, seed by seed; then compute the primary
# contrast again from the first seed only.
#
# <details><summary>Answer</summary>
#
# ```python
# display(reading.table(reading.seed_table(chosen, treatment, control)))
# reading.table(reading.primary_table(scores[scores["seed"] == 0]))
# ```
#
# Where both arms rise and fall together, their shared luck is what pairing removes. With one seed the
# difference is there and its interval is gone, unless worlds were repeated: from one repetition nothing can
# be said about repetitions. A number without an interval is an anecdote.
#
# </details>
#
# **2. Care about more.** Set `smallest_effect` to `5.0` in the forest. Which lines fall inside the band
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
# **3. Ask another question.** Compare English intermediate training with none, kind by kind.
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
