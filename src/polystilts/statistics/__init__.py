"""HOW SURE WE ARE: tables in, tables out, and never a mean without its interval.

The way through this room: `tables` reads and refuses, `gains` matches arms cell by cell, `flags` marks the
cells that cannot show what they are asked, `intervals` says how sure, `compare` estimates one contrast,
`outcomes` calls it, `factors` says what resource, overlap and word order do. Nothing here needs torch.
"""
