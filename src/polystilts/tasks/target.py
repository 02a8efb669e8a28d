"""The target tasks, ten of them XTREME-R (Ruder et al. 2021, arXiv 2104.07412), and what they are tuned on.

The two that XTREME has and XTREME-R dropped are here so that the tasks of Phang et al. 2020 can be run; the
further ones are people's own annotations in languages that XTREME-R hardly tests.
"""

from polystilts.tasks.intermediate import NLI_LABELS, OPPOSED, TOPICS
from polystilts.tasks.task import Search, Task

UPOS_LABELS = (
    "ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM",
    "PART", "PRON", "PROPN", "PUNCT", "SCONJ", "SYM", "VERB", "X",
)  # fmt: skip
NER_LABELS = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")

TARGET_TASKS = (
    Task("xnli", "XNLI", "classification", "accuracy", "target",
         "Does the first text entail, contradict or leave open the second?",
         labels=NLI_LABELS, finetune_task="nli_train", benchmark="XTREME-R", items="xnli"),
    Task("xcopa", "XCOPA", "multiple_choice", "accuracy", "target",
         "Which of two sentences is the cause, or the effect, of the first?",
         finetune_task="copa_train", choices=2, benchmark="XTREME-R"),
    Task("udpos", "UD-POS", "tagging", "f1", "target",
         "Which part of speech is each word?", labels=UPOS_LABELS, benchmark="XTREME-R"),
    Task("panx", "WikiANN-NER", "tagging", "span_f1", "target",
         "Which words name a person, an organisation or a place?", labels=NER_LABELS, benchmark="XTREME-R"),
    Task("xquad", "XQuAD", "question_answering", "f1", "target",
         "Which words of the text answer the question? (the same texts in every language)",
         finetune_task="qa_train", benchmark="XTREME-R"),
    Task("mlqa", "MLQA", "question_answering", "f1", "target",
         "Which words of the text answer the question? (each language has texts of its own)",
         finetune_task="qa_train", normaliser="mlqa", benchmark="XTREME-R"),
    Task("tydiqa", "TyDiQA-GoldP", "question_answering", "f1", "target",
         "Which words of the text answer the question? (little training data, questions asked natively)",
         benchmark="XTREME-R"),
    Task("tatoeba", "Tatoeba", "retrieval", "accuracy", "target",
         "Which sentence translates this one of the source language?", finetune_task="none",
         search=Search("text_source", "text", "example_id", "example_id", own_pool=True, source_side="query"),
         benchmark="XTREME-R"),
    Task("lareqa", "LAReQA", "retrieval", "map@20", "target",
         "Which sentences, in any language, answer the question?",
         search=Search("question", "answer", "example_id", "meaning_id"), benchmark="XTREME-R"),
    Task("mewslix", "Mewsli-X", "retrieval", "mrr@20", "target",
         "Which entity, described in some language, is the one mentioned?",
         search=Search("text", "text", "entity_id", "entity_id", entities=True), benchmark="XTREME-R"),
)  # fmt: skip

XTREME_TASKS = (
    Task("pawsx", "PAWS-X", "classification", "accuracy", "target",
         "Do two sentences of much the same words say the same thing?",
         labels=("different", "same"), benchmark="XTREME"),
    Task("bucc", "BUCC 2018", "retrieval", "bucc_f1", "target",
         "Which sentences of two texts are translations of each other?", finetune_task="none",
         search=Search("text", "text_source", "source_id", "source_id", own_pool=True, source_side="answer"),
         benchmark="XTREME"),
)  # fmt: skip

FURTHER_TASKS = (
    Task("masakhaner", "MasakhaNER", "tagging", "span_f1", "target",
         "Which words of African news name a person, an organisation or a place?",
         labels=NER_LABELS, finetune_task="panx", benchmark="further"),
    Task("masakhapos", "MasakhaPOS", "tagging", "f1", "target",
         "Which part of speech is each word of African news?",
         labels=UPOS_LABELS, finetune_task="udpos", benchmark="further"),
    Task("americasnli", "AmericasNLI", "classification", "accuracy", "target",
         "Does the first text entail, contradict or leave open the second, in languages of the Americas?",
         labels=NLI_LABELS, finetune_task="nli_train", benchmark="further", items="xnli"),
    Task("afrixnli", "AfriXNLI", "classification", "accuracy", "target",
         "Does the first text entail, contradict or leave open the second, in languages of Africa?",
         labels=NLI_LABELS, finetune_task="nli_train", benchmark="further", items="xnli"),
    Task("sib200", "SIB-200", "classification", "accuracy", "target",
         "What is the text about?", labels=TOPICS, benchmark="further", items="sib200", kept_from_text=True),
)  # fmt: skip

# Source-language training rows that several targets share, as XNLI shares MNLI's and XQuAD shares SQuAD's.
# They are rows of their own, so that no row serves an intermediate task and a target task at once.
TRAINING_TASKS = (
    Task("nli_train", "NLI training rows", "classification", "accuracy", "training",
         "Does the first text entail, contradict or leave open the second?",
         labels=NLI_LABELS, first_labels=OPPOSED),
    Task("copa_train", "COPA training rows", "multiple_choice", "accuracy", "training",
         "Which of two sentences is the cause, or the effect, of the first?", choices=2),
    Task("qa_train", "QA training rows", "question_answering", "f1", "training",
         "Which words of the text answer the question?"),
)  # fmt: skip
