"""HOW IT IS MARKED: predictions become scores, from 0 to 100, the way the benchmarks mark them.

`metrics` and `answers` hold the frozen measures, `labels` the right answers without their text, `scores` the
way to rows of `scores.csv`; `exposure` says what an arm had seen of a language. `shortcuts` and `partial` ask
how far one gets without understanding. Torch is needed to predict and never to mark.
"""
