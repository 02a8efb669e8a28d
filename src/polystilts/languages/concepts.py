"""What the generated world talks about: a small inventory of concepts, named by English glosses.

Glosses are for readers; no language of the world, the source language included, uses them as words.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class ObjectClass:
    """Things of one sort: their common name, the members, and what is done with them, in this order."""

    hypernym: str
    members: tuple[str, ...]
    routine: tuple[str, ...]


OBJECT_CLASSES = (
    ObjectClass("vessel", ("pot", "pan", "jug", "bowl"), ("wash", "fill", "heat")),
    ObjectClass("food", ("bread", "soup", "cake", "pie"), ("mix", "bake", "serve")),
    ObjectClass("animal", ("cow", "goat", "hen", "mule"), ("catch", "feed", "brush")),
    ObjectClass("crop", ("corn", "bean", "onion", "apple"), ("plant", "water", "pick")),
    ObjectClass("boat", ("canoe", "ferry", "raft", "barge"), ("load", "steer", "moor")),
    ObjectClass("gear", ("net", "rope", "anchor", "sail"), ("fold", "cast", "pull")),
    ObjectClass("tool", ("hammer", "saw", "drill", "axe"), ("clean", "sharpen", "swing")),
    ObjectClass("furniture", ("chair", "table", "bench", "shelf"), ("measure", "cut", "paint")),
    ObjectClass("instrument", ("drum", "flute", "harp", "bell"), ("tune", "play", "polish")),
    ObjectClass("writing", ("song", "poem", "letter", "tale"), ("begin", "copy", "read")),
)
CLASS_OF = {member: row for row in OBJECT_CLASSES for member in row.members}
ROUTINE_OF = {verb: row for row in OBJECT_CLASSES for verb in row.routine}
OBJECTS = tuple(CLASS_OF)

# Verbs that go with any object, as pairs of synonyms: the second word means the same.
TRADE_VERBS = (("buy", "purchase"), ("sell", "peddle"), ("find", "discover"), ("lose", "mislay"))
VERB_SYNONYM = dict(TRADE_VERBS)
PERSON_VERBS = ("help", "thank", "meet", "praise")  # their object is a person, so subject and object can swap

ROLES = ("cook", "farmer", "sailor", "smith", "singer", "teacher")
ROLE_NOUNS = ("mill", "school", "inn", "guild")  # the second half of an organisation's name

# Exclusive dimensions: two different values of one dimension cannot both be true of one event.
COLOURS = ("red", "black", "green", "white")
MANNERS = ("slowly", "quickly", "gladly", "sadly")
TIMES = ("yesterday", "today", "at dawn", "at noon", "at dusk", "at night")
OPPOSITES = (
    ("red", "green"), ("black", "white"), ("slowly", "quickly"), ("gladly", "sadly"),
    ("yesterday", "today"), ("at dawn", "at dusk"), ("at noon", "at night"),
)  # fmt: skip
OPPOSITE_OF = {word: other for pair in OPPOSITES for word, other in (pair, pair[::-1])}
NUMBERS = ("two", "three")

STATIVE_VERBS = ("live", "work")  # live in a town, work at an organisation
FUNCTION_WORDS = (
    "the", "in", "is", "not", "and", "then", "because", "so", "she", "it",
    "who", "what", "where", "when", "how", ".", "?", ",",
)  # fmt: skip

VERBS = (
    tuple(verb for row in OBJECT_CLASSES for verb in row.routine)
    + tuple(verb for pair in TRADE_VERBS for verb in pair)
    + PERSON_VERBS
)
CONTENT_WORDS = (
    OBJECTS
    + tuple(row.hypernym for row in OBJECT_CLASSES)
    + VERBS
    + STATIVE_VERBS
    + ROLES
    + ROLE_NOUNS
    + COLOURS
    + MANNERS
    + TIMES
    + NUMBERS
)

# How many names the world has of each sort. Common names fill the stories; rare names are many and occur now
# and then, so that the vocabulary spells them with several pieces; new names occur in no pretraining text at
# all and make the harder part of the name-recognition test.
NAME_COUNTS = {
    "common": {"given": 40, "surname": 15, "town": 20},
    "rare": {"given": 160, "surname": 60, "town": 80},
    "new": {"given": 12, "surname": 5, "town": 6},
}
