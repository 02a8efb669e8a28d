"""WHAT COULD BE WRONG: the gate tries to falsify what the study says, and reports what it could not check.

`verdict.verify` runs every check on one folder of outputs. `finding` is what a check finds; `evidence`
reads the folder. Files: `lineage` and `predictions` compare them with their hashes, `published` pages and
pictures, `corrections` what was put right. Numbers: `scoring`, `estimates`, `calls` and `caveats` compute
every score and claim again, importing nothing from the rooms that made them (`recompute`, `tables` and
`development` compare, `guesses` says what guessing reaches). Rules: `protocol`, `budgets` and `controls`;
`design` asks what was chosen before the results, `history` what git remembers, `copies` whether runs copy one
another. Data: `data` makes worlds again, `labels` their right answers, `languages` their table.
`counterexamples` hunts; `prose`, `numbers` and `typed` look for numbers that no file made, and for citations
that do not resolve. Again: `replication` runs cells in a `sandbox`, `rerun` is one of them, `tolerance` and
`witness` judge what is close, `code` what a changed program means. Told: `record` for machines, `page` and
`terminal` for readers, with the `limits` of a gate; `trace` leads from a claim to its files; `from_git`
judges with the gate of a commit; `original` brings the claim that the study grew from before the same gate.

What judges shares no definition with what is judged, but for rows: tasks, arms and languages are the same.
"""
