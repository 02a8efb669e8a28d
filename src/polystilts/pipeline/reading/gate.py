"""What the gate found, for readers: what was checked, what would have failed, and what stays open."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from polystilts import paths
from polystilts.evidence.claim import Claim, as_record, signed
from polystilts.figures.forest import title_of
from polystilts.files import read_json
from polystilts.gate.finding import counted
from polystilts.gate.original import judge_original, reasons_against, six_claims
from polystilts.gate.record import says_more
from polystilts.gate.verdict import Verdict
from polystilts.pipeline import gatekeeping
from polystilts.pipeline.study import Study
from polystilts.statistics.tables import read_table

# What each check would have caught; a reader should be able to imagine the study failing.
WOULD_FAIL = {
    "copies": "a seed that is a copy of another, wholly or nearly",
    "design": "languages, worlds, seeds, arms, targets or layers chosen after a look at the results",
    "files": "a file changed after its claim was written; a number that rests on no run",
    "runs": "a seed or an arm left out; a parameter changed after the runs",
    "published": "a picture or a page changed after the study ended; a page that quotes what no claim says",
    "corrections": "a correction that was changed, or taken out",
    "predictions": "predictions swapped, cut short, put in another order, or taken from another seed",
    "encoder": "another encoder put in the place of the one that was used",
    "code": "a program that has changed since: then nothing is known, and the claims are stale",
    "data": "a test item among the training rows; changed data; labels that are not the right answers",
    "scores": "a score that its predictions do not give",
    "development": "a task that is called learned and was not; a level of guessing that nobody can reach",
    "gains": "a gain that is not the difference of two scores",
    "claims": "an estimate, an interval, an outcome or a sentence that the scores do not give",
    "replication": "a number that never touched data, or does not come out a second time",
    "counterexamples": "the word 'every', where one exception is found",
    "prose": "a number typed by hand, on a page or in the program",
    "citations": "a number of somebody else without the place where it was read",
    "controls": "shuffled labels that were learned all the same; random weights that do as well",
    "exposure": "labels in a language that counts as unseen",
    "budgets": "an arm that was given more than the others",
    "selection": "a score left out because it was not liked",
    "freeze": "an expectation rewritten after the results were known",
}


def ask_gate(study: Study, replicated_cells: int = 0, seed: int = 0) -> Verdict:
    """The verdict on this study, left in its `record/`; README.md is written later and not looked at here."""
    return gatekeeping.judge(study.folder, replicated_cells, seed, readme=False)


def gate_sentence(verdict: Verdict, folder: Path) -> str:
    """The verdict on the whole study, what it rests on, and what its record says more."""
    counts = pd.Series([claim.status for claim in verdict.claims]).value_counts()
    told = ", ".join(f"{count} {status}" for status, count in counts.items())
    here = f"**The gate's verdict on this study: {verdict.status}.** {verdict.reason}. Of its claims: {told}."
    kept = read_json(folder / "record" / "gate.json") if says_more(folder, verdict) else None
    again = sum(one["result"] != "failed" for one in kept["reruns"]) if kept else trained_again(verdict)
    rests = f"What that word rests on: **{recomputed_words(verdict, again, cells_in(folder))}.**"
    if kept is None:
        return f"{here} {rests}"
    own = counted(len(verdict.reruns), "cell") if verdict.reruns else "no cell"
    more = counted(len(kept["reruns"]), "cell")
    return (
        f"{here} For this page it did {own} again. **The record of the study says {kept['status']}**, "
        f"for there it did {more} of the same claims again: {kept['reason']}. {rests} "
        "The table of every expectation shows what the record says."
    )


def trained_again(verdict: Verdict) -> int:
    """How many cells came to the same when they were trained and predicted again."""
    return sum(one.good for one in verdict.reruns)


def cells_in(folder: Path) -> int:
    """How many cells, a run and a target each, a study has scores of."""
    scores = read_table(folder / "tables" / "scores.csv")
    return len(scores.loc[scores["split"] == "test", ["run_id", "target_task"]].drop_duplicates())


def recomputed_words(verdict: Verdict, again: int, cells: int) -> str:
    """What a verdict rests on: what was recomputed, and how many cells were trained again."""
    whole = all(check.complete for check in verdict.checks if check.name in ("scores", "gains", "claims"))
    return f"recomputed in {'full' if whole else 'part'}; {again:,} of {cells:,} cells trained again"


def checks_table(verdict: Verdict) -> pd.DataFrame:
    """Every check: its question, what was done, what would have failed, and what was found."""
    rows = []
    for check in verdict.checks:
        grave = sum(finding.effect in ("falsifies", "stale") for finding in check.findings)
        weak = sum(finding.effect == "weakens" for finding in check.findings)
        mild = f"{weak} to weigh" if weak else "nothing against it"
        found = f"{grave} against the study" if grave else mild
        rows.append((check.question, check.done, WOULD_FAIL[check.name],
                     found if check.complete else "not looked at"))  # fmt: skip
    return pd.DataFrame(rows, columns=["the question", "what was done", "what would have failed", "found"])


def findings_table(verdict: Verdict) -> pd.DataFrame:
    """Whatever a check had to say, the gravest first."""
    rows = [(finding.effect, name, finding.what) for name, finding in verdict.findings]
    return pd.DataFrame(rows, columns=["effect", "check", "what was found"])


def judged_table(verdict: Verdict) -> pd.DataFrame:
    """Every claim that has a number: outcome and status apart, and the strongest case against it."""
    rows = []
    for claim in verdict.claims:
        one = claim.counterexample
        against = f"{one.where}: {signed(one.value)}" if one is not None and one.turns else "none found"
        if one is not None:
            rows.append((title_of(claim.id), claim.outcome, claim.status, claim.reason, against))
    return pd.DataFrame(rows, columns=["about", "outcome", "status", "why", "strongest case against it"])


def reruns_table(verdict: Verdict) -> pd.DataFrame:
    """The cells that were done again, and what held them while they ran."""
    rows = [(f"`{one.run}`", one.target, one.result, one.words) for one in verdict.reruns]
    return pd.DataFrame(rows, columns=["run", "target", "result", "in words"])


def original_table() -> pd.DataFrame:
    """What the same gate holds against the claim that this study grew from."""
    with tempfile.TemporaryDirectory() as place:
        verdict = judge_original(Path(place) / "original", paths.REPOSITORY)
    reasons = reasons_against(verdict)
    return pd.DataFrame([(verdict.status, reason) for reason in reasons], columns=["status", "because"])


def six_claims_table(claims: Sequence[Claim]) -> pd.DataFrame:
    """The six claims of the cited paper, in our words: what our runs say of each, and what they cannot."""
    return pd.DataFrame(six_claims([as_record(claim) for claim in claims]))
