"""WHAT WE MAY SAY: hypotheses written before the runs, claims computed after them, and where each came from.

`hypotheses` reads what was expected, `claim` is one sentence with its number, `ledger` evaluates every
hypothesis and keeps `claims.json`, `provenance` says which files a claim rests on, `status` what the gate
made of it. `summary` is the closing page, `readme` fills the numbers of README.md, and `crate` keeps the
provenance of a whole study.
"""
