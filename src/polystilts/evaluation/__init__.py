"""HOW IT IS MARKED: predictions become scores, from 0 to 100, the way the benchmarks mark them.

`metrics` and `answers` hold the frozen measures, `labels` the right answers, `scores` the way to rows of
`scores.csv`, `overall` the averages of the benchmarks; `submission` writes answers in XTREME's layout and
`marking` scores such a tree; `exposure` says what an arm had seen of a language. `shortcuts` and `partial`
ask how far one gets without understanding. Torch is needed to predict and never to mark.
"""
