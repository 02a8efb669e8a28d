# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 8 · What we learned
# *Reads* `claims.json`, the tables, predictions and labels · *writes* `record/` · *time* half a minute, and
# the training time of the cells that are done again
#
# [← Analysis](07_xtreme_r_analysis.ipynb) · [Contents](../README.md)
#
# What may we say now, and what not? The last chapter adds nothing new. It reads out the
# [claims](../docs/glossary.md#claim) that the study stands behind.

# %% tags=["parameters"]
scale: str = "tiny"  # which study: a file of params/ without its ending
tag: str = "lab"  # a folder beside the published study, for trying things; "" is the published one
replicated_cells: int = 0  # how many cells (a run and a target) the gate does again from their inputs

# %%
from IPython.display import Markdown, display

from polystilts import figures
from polystilts.pipeline import reading
from polystilts.pipeline.study import open_study

study = open_study(scale, tag)
Markdown(reading.opening(study))

# %% [markdown]
# ## The question
#
# Does intermediate training in several languages, rather than in English alone, help a multilingual encoder
# on another task, in low-resource languages that it was never taught that task in? You made a guess in
# chapter 0. Look at it once more before you scroll.

# %% [markdown]
# ## How we find out
#
# A **claim** is one sentence with its estimate, its interval, the number of repetitions behind it, and two
# verdicts that have nothing to do with each other.
#
# The **outcome** judges the expectation. *Supported*: the interval lies on the expected side.
# *Contradicted*: it lies on the other. *Equivalent*: it lies within the smallest effect that anyone would
# care about. *Not larger*: it lies below that effect. *Undecided*: it allows more than one of these. Tests
# of one family are counted together by Holm's rule, since whoever asks twenty questions will be answered
# "yes" once by chance; so an interval may keep clear of zero and its claim be undecided all the same. Two
# more words are no verdict on the expectation. *Not testable*: it was run, but what it rests on was not
# learned, or stands at a guess. *Not run*: this scale has no runs of it.
#
# The **status** judges the reproduction. *Verified*: every number was recomputed in full by other means, and
# some cells were trained again from their inputs and came to the same; how many, it says. *Falsified*:
# something did not come out, or was tampered with. *Unverified*: not enough was tried. *Stale*: the program
# has changed since. A contradicted expectation can be verified, and a supported one falsified.
#
# The status is given by a **gate**: a program that tries to show that the study is wrong. This study grew
# from a record whose own check looked at no data at all; its claim was marked falsified for that. A check
# that cannot fail is no check, so the gate is tested by cheating in every way its authors could think of.
#
# A claim is *confirmatory* only if its worlds were first run after the expectations had been frozen.
# Everything else is *exploratory*: good for ideas, too weak for conclusions.

# %% [markdown]
# ## Run it
#
# The claims are read from the file that chapter 7 left, and made first if it is missing. Then the gate tries
# to falsify them, and gives each its status.

# %%
claims = reading.ready_claims(study)
verdict = reading.ask_gate(study, replicated_cells)
claims = reading.with_status(claims, study.folder)
Markdown(f"{reading.verdict_sentence(claims)}\n\n{reading.frozen_note(study)}")

# %% [markdown]
# Count the undecided ones before the others, and look how many were never asked. A study of this size that
# decided everything would be suspicious. The second line says whether the expectations were frozen before
# the runs, and whether anybody has edited them since: then nothing can be confirmed any more.

# %% [markdown]
# ## What it shows
#
# ### The answer

# %%
by_kind, qualified = reading.answer_tables(claims)
display(Markdown(reading.answer_sentence(study)))
display(reading.table(by_kind))
reading.table(qualified)

# %% [markdown]
# Read it slowly. The sentence says what helps a decision: what each kind of training does against none, and
# only then how they compare. The tables take it apart by kind of task and say what limits it: which languages
# the interval covers, what is left without flagged cells, what was there only once.
#
# ### Beside the other scales
#
# The same question was put to invented languages, whose factors were set by hand, and to real ones, which
# bring all of theirs at once. Here are the answers side by side, each from the ledger of its scale; then,
# expectation by expectation, what both kinds of languages were asked.

# %%
display(reading.table(reading.scales_table(study)))
reading.table(reading.agreement_table(study))

# %% [markdown]
# In most real languages nobody has translated the intermediate tasks, so there *code-switched* training
# stands in: English rows with single words replaced from a word list. Compare it with the code-switched rows
# of the invented worlds and not with the translated ones. *Agree* and *disagree* are said only of two called
# outcomes. Everything else is told by the intervals, and two wide intervals overlap easily: that is no
# agreement. An empty table means that no counterpart of this scale has been published.
#
# ### What an encoder of this size can show, and what a large one would add
#
# A score at chance cannot fall, and hardly rises. Targets that are silent here say nothing for or against any
# training, at this size of encoder; they are listed so that nobody counts their zeros as evidence. The scales
# with published encoders run the same chapters. Nobody has run them here; the table is computed from their
# files, and from the speed at which one GPU trained an encoder of that size on drawn rows.

# %%
source = study.scale.shared["source_language"]
display(Markdown(reading.silent_sentence(reading.ready_scores(study), source)))
display(Markdown(reading.larger_sentence(claims)))
reading.table(reading.larger_table())

# %% [markdown]
# Silence has two reasons that look alike: too little text in pretraining to know the words, and too few
# updates to learn the task. More intermediate training does not cure the first, nor another language the
# second. Large encoders would add languages, arms and targets above chance, and take away one thing: we
# could no longer say what the encoder had read. They were trained on text that nobody can hold back from a
# language, so there resource stays tangled with everything else that makes a language poor in data.
#
# ### Every expectation, every outcome

# %%
display(reading.table(reading.claims_table(claims)))
Markdown(reading.claim_details(claims))

# %% [markdown]
# Rows that came out against the expectation, or came out as nothing, stand where they stood when they were
# written. The last column is the gate's; what it did for that comes below. Below the table each claim that
# was measured unfolds to what was expected, the contrast by kind of task and against none, and its
# qualifications.

# %%
forest = figures.forest(reading.plotted(claims))
words = "The same claims as a picture: estimates, intervals, and a band for what is too small to matter."
reading.show(forest, study, "08_claims", words)

# %% [markdown]
# Marks to the right say that the first of two arms scores higher, marks to the left that it scores lower, and
# long lines ask for more repetitions. What is grey was not called.
#
# ### What was not answered

# %%
reading.table(reading.unanswered_table(claims))

# %% [markdown]
# Each open question has its reason beside it, and the reasons differ. What is *undecided* was asked and gave
# an interval too wide: it needs more seeds or more worlds, and not a closer look at the same numbers. What is
# *not testable* was run, and the encoder had learned too little for it to mean anything. What was *not run*
# needs arms that this scale does not have, and is answered, if at all, by a larger one.
#
# ### What the gate tried
#
# Every row is one way in which this study could be wrong. The third column says what would have failed;
# read it first, and imagine it.

# %%
Markdown(reading.gate_sentence(verdict, study.folder))

# %%
reading.table(reading.checks_table(verdict))

# %% [markdown]
# *Not looked at* is an answer too: a scale without a control cannot be checked by it. What the checks had to
# say, the gravest first, stands in the next table. *Weakens* is not *falsifies*: an average may stand
# although one language goes the other way, and then the language is named.

# %%
reading.table(reading.findings_table(verdict))

# %% [markdown]
# Now claim by claim, each with the strongest case that could be found against it: the language, the target,
# the script or the seed, alone or left out, for which its number looks worst.

# %%
reading.table(reading.judged_table(verdict))

# %% [markdown]
# Below stand the cells that the gate did again for this page, from the committed encoder and the world of
# their seed, in a sandbox: a fresh process without a network, shown only the rows that its arm may read. A
# training that comes to the same predictions there cannot have read anything else. Where no cell is listed,
# none was done again here.

# %%
reading.table(reading.reruns_table(verdict))

# %% [markdown]
# ### The claim that this study grew from
#
# The same gate, on the same terms, was given the claim of the original record. Its text is told in our words
# and its evidence rebuilt from the published reason: a script that takes the largest entry of a dictionary.

# %%
reading.table(reading.original_table())

# %% [markdown]
# Not because the claim is wrong, which nobody could know from it, but because nothing stands behind it. The
# record repeats what the abstract of Phang et al. (2020) says. Here is each of these claims, with what our
# runs say and what they cannot say.

# %%
reading.table(reading.six_claims_table(claims))

# %% [markdown]
# What remains unverified after all this? The pretraining of the encoder is taken as it lies there and was
# not repeated. Only a sample of the cells was done again. The gate was written by the people it judges; a
# reproduction by others would be worth more, and none is claimed.
#
# ### What a small study can show, and what not
#
# A study in a generated world can show that an effect is *possible*, that a method would see it if it were
# there, and which of several causes produces it when the causes can be turned one by one. It cannot show
# that the effect exists for real languages. They have idioms, spelling variants, borrowed words, and texts
# that were written for reasons. A small encoder, moreover, is not a large one made cheap; it may fail where
# a large one succeeds, and the reverse.
#
# How large an effect would have been seen stands in each claim, and the figure on power in chapter 7 says
# how many worlds it would take to see a smaller one. And one pretraining is one pretraining. Where a table
# says *one world* or *one encoder*, another draw could have come out otherwise, and nothing on these pages
# says how much.
#
# ### Where the seconds went

# %%
seconds = reading.time_so_far(study)
words = "Processor seconds by kind of work; hatched is what served no question: starting, reading, writing."
reading.show(figures.time_bars(seconds), study, "08_time", words)

# %% [markdown]
# Long bars of training and prediction are work; hatched bars are the price of doing it in chapters. The
# account is kept by the study itself, up to the moment at which this page was made.
#
# ### Where everything is

# %%
reading.table(reading.places_table(study))

# %% [markdown]
# All of these are plain files. Scores can be computed again from predictions and labels without any model,
# and each claim in `claims.json` names the runs and the files, by their hashes, from which it was made.

# %% [markdown]
# ## What we learned
#
# Compare the answer with your guess. If you were right, ask whether you would have been convinced by the
# opposite result; if you were wrong, which of the pages made you change your mind? Whatever this scale
# says, it has said it with an interval, with its controls beside it, and with the questions that it could
# not answer on the same page as those that it could. That is what we would like to have learned from it.

# %% [markdown]
# ## Your turn
#
# **1. Read one claim in full.** Print the whole text of the claim `english-helps`, from which all shorter
# ones are taken, and find in it what confines it.
#
# <details><summary>Answer</summary>
#
# ```python
# Markdown(reading.find_claim(claims, "english-helps").sentence)
# ```
#
# It ends in what was there only once, and in the outcome with its reason.
#
# </details>
#
# **2. Where does it come from?** Every claim has a lineage. List the runs that `english-helps` averages.
#
# <details><summary>Answer</summary>
#
# ```python
# reading.find_claim(claims, "english-helps").lineage["runs"]
# ```
#
# The names tell everything that varies: encoder, world, pretraining, strategy, task, set and seed. Beside
# them, `files` names each file with its hash, so that a changed file cannot pass for the one that was used.
#
# </details>
