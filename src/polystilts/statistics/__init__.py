"""HOW SURE WE ARE: tables in, tables out, and never a mean without its interval.

The way through this room: `tables` reads and refuses, `gains` matches arms cell by cell, `flags` marks the
cells that cannot show what they are asked, `intervals` says how sure, `compare` estimates one contrast,
`outcomes` calls it, `aggregate` gives robust summaries, `factors` and `regression` say which languages gain,
`selection` shows what choosing on targets would have bought. `power`, `spreads` and `simulate` say what could
have been seen at all. Nothing here needs torch.
"""
