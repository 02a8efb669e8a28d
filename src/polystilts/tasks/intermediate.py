"""The intermediate tasks: the nine stepping stones of Phang et al. 2020 (arXiv 2005.13013), and further ones.

The further ones are none of those nine; they are here because people translated their rows.
"""

from polystilts.tasks.task import Task

NLI_LABELS = ("entailment", "neutral", "contradiction")
OPPOSED = ("entailment", "contradiction")  # the pair that small encoders never tell apart beside the third

# The lexical categories of the world's grammar (see languages/realise.py): word order is part of a
# category, as it is in CCG, so far languages need categories that the source language never shows.
CCG_LABELS = (
    "N", "NP", "NP/N", "N/N", "NP/NP", "S\\NP", "S\\NP/NP", "S\\NP\\NP", "S\\NP/PP", "S\\NP\\PP",
    "PP/NP", "PP\\NP", "S/S", "S\\S", "WH", "CONJ", "NEG", "PUNCT",
)  # fmt: skip

# Topics of SIB-200 (Adelani et al. 2024, arXiv 2309.07445).
TOPICS = ("science/technology", "travel", "politics", "sports", "health", "entertainment", "geography")

# The relations of UD v2 (universaldependencies.org/u/dep), the language-particular part after ":" cut, each
# with the side of its head: the simplest supertags of Ouchi, Duh and Matsumoto 2014.
RELATIONS = (
    "acl advcl advmod amod appos aux case cc ccomp clf compound conj cop csubj dep det discourse dislocated "
    "expl fixed flat goeswith iobj list mark nmod nsubj nummod obj obl orphan parataxis punct reparandum "
    "vocative xcomp"
).split()
DEPENDENCY_SUPERTAGS = ("root", *(f"{relation}/{side}" for relation in RELATIONS for side in "LR"))

INTERMEDIATE_TASKS = (
    Task("anli", "ANLI", "classification", "accuracy", "intermediate",
         "Does the first text entail, contradict or leave open the second, where word overlap misleads?",
         labels=NLI_LABELS, first_labels=OPPOSED),
    Task("mnli", "MNLI", "classification", "accuracy", "intermediate",
         "Does the first text entail, contradict or leave open the second?",
         labels=NLI_LABELS, first_labels=OPPOSED),
    Task("qqp", "QQP", "classification", "accuracy", "intermediate",
         "Do two questions ask the same thing?", labels=("different", "same")),
    Task("squad_v2", "SQuAD 2.0", "question_answering", "f1", "intermediate",
         "Which words of the text answer the question, if any do?", unanswerable=True),
    Task("squad_v1", "SQuAD 1.1", "question_answering", "f1", "intermediate",
         "Which words of the text answer the question?"),
    Task("hellaswag", "HellaSwag", "multiple_choice", "accuracy", "intermediate",
         "What happens next?", choices=4),
    Task("ccg", "CCG supertags", "tagging", "token_accuracy", "intermediate",
         "Which grammatical category does each word have?", labels=CCG_LABELS),
    Task("cosmosqa", "Cosmos QA", "multiple_choice", "accuracy", "intermediate",
         "Which answer follows from the story?", choices=4),
    Task("commonsenseqa", "CommonsenseQA", "multiple_choice", "accuracy", "intermediate",
         "Which answer is common knowledge?", choices=5),
)  # fmt: skip

TRANSLATED_TASKS = (
    Task("xnli_practice", "XNLI rows", "classification", "accuracy", "intermediate",
         "Does the first text entail, contradict or leave open the second?",
         labels=NLI_LABELS, first_labels=OPPOSED, items="xnli"),
    Task("sib_practice", "SIB-200 topics", "classification", "accuracy", "intermediate",
         "What is the text about?", labels=TOPICS, items="sib200", kept_from_text=True),
    Task("supertags", "Dependency supertags", "tagging", "token_accuracy", "intermediate",
         "Which grammatical relation does each word have, and on which side is its head?",
         labels=DEPENDENCY_SUPERTAGS),
)  # fmt: skip
