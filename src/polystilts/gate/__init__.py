"""WHAT COULD BE WRONG: the gate tries to falsify what the study says, and reports what it could not check.

`verdict.verify` runs every check on one folder of outputs. `finding` is what a check finds; `evidence`
reads the folder; `lineage` compares files with their hashes; `scoring`, `estimates`, `calls` and
`caveats` compute every score and claim again, importing nothing from the rooms that made them
(`recompute` compares); `protocol` and `controls` look for broken rules; `data` makes the world again;
`counterexamples` hunts; `prose` and `typed` look for numbers that no file made, and for citations that do
not resolve; `replication` runs cells again in a `sandbox`. `record` writes the verdict as JSON for
machines, `corrections` what was put right, `page` a page for readers; `trace` leads from a claim to its
files; `original` brings the claim that the study grew from before the same gate.
"""
