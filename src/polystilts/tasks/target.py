"""The ten target tasks of XTREME-R (Ruder et al. 2021, arXiv 2104.07412), and what they are tuned on."""

from polystilts.tasks.intermediate import NLI_LABELS
from polystilts.tasks.task import Task

UPOS_LABELS = (
    "ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM",
    "PART", "PRON", "PROPN", "PUNCT", "SCONJ", "SYM", "VERB", "X",
)  # fmt: skip
NER_LABELS = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")

TARGET_TASKS = (
    Task("xnli", "XNLI", "classification", "accuracy", "target",
         "Does the first text entail, contradict or leave open the second?",
         labels=NLI_LABELS, finetune_task="nli_train"),
    Task("xcopa", "XCOPA", "multiple_choice", "accuracy", "target",
         "Which of two sentences is the cause, or the effect, of the first?",
         finetune_task="copa_train", choices=2),
    Task("udpos", "UD-POS", "tagging", "f1", "target",
         "Which part of speech is each word?", labels=UPOS_LABELS),
    Task("panx", "WikiANN-NER", "tagging", "span_f1", "target",
         "Which words name a person, an organisation or a place?", labels=NER_LABELS),
    Task("xquad", "XQuAD", "question_answering", "f1", "target",
         "Which words of the text answer the question? (the same texts in every language)",
         finetune_task="qa_train"),
    Task("mlqa", "MLQA", "question_answering", "f1", "target",
         "Which words of the text answer the question? (each language has texts of its own)",
         finetune_task="qa_train"),
    Task("tydiqa", "TyDiQA-GoldP", "question_answering", "f1", "target",
         "Which words of the text answer the question? (little training data, questions asked natively)"),
    Task("tatoeba", "Tatoeba", "retrieval", "accuracy", "target",
         "Which sentence of the source language is the translation?", finetune_task="none"),
    Task("lareqa", "LAReQA", "retrieval", "map@20", "target",
         "Which sentences, in any language, answer the question?"),
    Task("mewslix", "Mewsli-X", "retrieval", "mrr@20", "target",
         "Which entity, described in some language, is the one mentioned?"),
)  # fmt: skip

# Source-language training rows that several targets share, as XNLI shares MNLI's and XQuAD shares SQuAD's.
# They are rows of their own, so that no row serves an intermediate task and a target task at once.
TRAINING_TASKS = (
    Task("nli_train", "NLI training rows", "classification", "accuracy", "training",
         "Does the first text entail, contradict or leave open the second?", labels=NLI_LABELS),
    Task("copa_train", "COPA training rows", "multiple_choice", "accuracy", "training",
         "Which of two sentences is the cause, or the effect, of the first?", choices=2),
    Task("qa_train", "QA training rows", "question_answering", "f1", "training",
         "Which words of the text answer the question?"),
)  # fmt: skip
