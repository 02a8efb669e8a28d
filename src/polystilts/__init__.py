"""Does practising on an English task first help a multilingual model in languages it was never taught?

The study in one line, each arrow leaving one plain file behind:

    languages × tasks → examples → encoder → intermediate training → target fine-tuning
                      → predictions → scores → gains → claims → figures and chapters

The rooms of this package follow that line, and a room imports only from rooms before it:
languages, tasks, sources, models, training, evaluation, statistics, evidence, figures, pipeline.
"""

__version__ = "0.1.0"
