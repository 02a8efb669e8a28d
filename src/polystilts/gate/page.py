"""The verdict as a page for readers: `record/index.html`, without a line of script."""

from collections.abc import Iterable
from html import escape
from pathlib import Path

from polystilts.files import write_text
from polystilts.gate.finding import EFFECTS, signed
from polystilts.gate.limits import HELPS, LIMITS
from polystilts.gate.verdict import Verdict

STYLE = (
    "body{font:16px/1.5 serif;max-width:60em;margin:2em auto;padding:0 1em}table{border-collapse:collapse}"
    "td,th{border-bottom:1px solid #bbb;padding:.3em .6em;text-align:left;vertical-align:top}"
)


def write_page(folder: Path, verdict: Verdict) -> Path:
    """Write the page and return where it lies."""
    file = Path(folder) / "record" / "index.html"
    write_text(file, page(verdict))
    return file


def page(verdict: Verdict) -> str:
    """What was checked, what was found, what each claim is worth, and what remains open."""
    findings = [(EFFECTS[finding.effect], name, finding.what) for name, finding in verdict.findings]
    parts = [
        "<!doctype html><html lang='en'><meta charset='utf-8'>",
        f"<title>{escape(verdict.scale)}: the gate</title>",
        f"<style>{STYLE}</style><h1>The gate, at scale {escape(verdict.scale)}</h1>",
        f"<p><strong>{escape(verdict.status)}.</strong> {escape(verdict.reason)} "
        f"({escape(verdict.evaluated_at)})</p>",
        "<p>The gate is a program that tries to show that the study is wrong. A claim has two verdicts: its "
        "<em>outcome</em> says what was found, its <em>status</em> whether that can be relied upon.</p>",
        "<h2>What was checked</h2>",
        _table(("question", "what was done", "found"), ((check.question, check.done, _found(check))
                                                        for check in verdict.checks)),
        "<h2>What was found</h2>",
        _table(("what it means", "check", "what"), findings) if findings else "<p>Nothing.</p>",
        "<h2>The claims</h2>",
        _table(("claim", "outcome", "status", "why", "strongest counterexample"),
               ((one.id, one.outcome, one.status, one.reason, _against(one)) for one in verdict.claims)),
        "<h2>What a gate can catch, and what not</h2>",
        _table(("how", "which forgeries"), LIMITS),
        "<p>What helps whoever stands outside:</p>",
        f"<ul>{''.join(f'<li>{escape(words)}</li>' for words in HELPS)}</ul>",
    ]  # fmt: skip
    return "\n".join(parts) + "</html>\n"


def _found(check) -> str:
    if not check.complete:
        return "could not be looked at"
    grave = sum(finding.effect in ("falsifies", "stale") for finding in check.findings)
    return f"{grave} against the study" if grave else "nothing against the study"


def _against(claim) -> str:
    one = claim.counterexample
    return "none" if one is None or not one.turns else f"{one.where}: {signed(one.value)}"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = ["<table><tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in head) + "</tr>"]
    lines += ["<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows]
    return "\n".join(lines) + "</table>"
