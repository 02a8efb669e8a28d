"""The words of an invented language: one form per concept, drawn from the language's own sounds.

Languages of high overlap share words and names with the source language; languages of low overlap write
words of their own in a script of their own, and transliterate names letter by letter.
"""

from dataclasses import dataclass, field
from random import Random

from polystilts.languages.concepts import (
    CONTENT_WORDS,
    FUNCTION_WORDS,
    NAME_COUNTS,
    OBJECTS,
    VERBS,
)
from polystilts.languages.language import Language

# Shares of words that a related language writes exactly as the source language does.
SHARED_CONTENT_WORDS = 0.40
SHARED_FUNCTION_WORDS = 0.15
NAMES_LEFT_IN_LATIN = 0.15  # of an unrelated language, as foreign names sometimes are
HOMOGRAPHS = 6  # verbs that look like a noun of the same language, as English "saw" or "fish" do

CONSONANTS = "bdfghjklmnprstvwz"
VOWELS = "aeiou"
LETTERS = "abdefghijklmnoprstuvwz"
SCRIPTS = {
    "Latin": LETTERS,
    "Greek": "αβδεφγηιξκλμνοπρστυωχζ",
    "Cyrillic": "абдефгхийклмнопрстувшз",
    "Georgian": "აბდეფგჰიჯკლმნოპრსტუვწზ",
    "Armenian": "աբդեֆգհիջկլմնօպրստըվւզ",
}
PUNCTUATION = {".": ".", "?": "?", ",": ","}


def name_ids(sort: str, kind: str) -> tuple[str, ...]:
    """Identifiers of the names of one sort (common, rare, new) and kind (given, surname, town).

    >>> name_ids("new", "town")[:2]
    ('new town 0', 'new town 1')
    """
    return tuple(f"{sort} {kind} {i}" for i in range(NAME_COUNTS[sort][kind]))


NAMES = tuple(name for sort in NAME_COUNTS for kind in NAME_COUNTS[sort] for name in name_ids(sort, kind))


@dataclass(frozen=True)
class Lexicon:
    """How one language writes each concept, name and verb ending of the world."""

    language: Language
    words: dict[str, str]  # concept or name identifier -> form
    past: str  # the ending of a past verb
    tokens: dict = field(default_factory=dict, compare=False, repr=False)  # words already written

    def form(self, concept: str, past: bool = False) -> str:
        """The written form of a concept; verbs take the language's past ending.

        Raises KeyError for a concept that the world does not know.
        """
        return self.words[concept] + self.past if past else self.words[concept]


def _syllable(random: Random, onsets: str, vowels: str) -> str:
    return random.choice(onsets) + random.choice(vowels)


def _new_form(random: Random, onsets: str, vowels: str, syllables: int, taken: set[str]) -> str:
    while True:
        form = "".join(_syllable(random, onsets, vowels) for _ in range(syllables))
        if random.random() < 0.4:
            form += random.choice("nrlsk" if syllables < 3 else "n")
        if form not in taken:
            taken.add(form)
            return form


def _own_words(random: Random, onsets: str, vowels: str, taken: set[str]) -> dict[str, str]:
    words = {
        concept: _new_form(random, onsets, vowels, 1, taken)
        for concept in FUNCTION_WORDS
        if concept.isalpha()
    }
    words |= {concept: _new_form(random, onsets, vowels, 2, taken) for concept in CONTENT_WORDS}
    return words


def transliterate(form: str, script: str) -> str:
    """Write a Latin form letter by letter in another script.

    >>> transliterate("rado", "Greek")
    'ραδο'
    """
    return form.translate(str.maketrans(LETTERS, SCRIPTS[script]))


def make_lexicons(world_seed: int, languages: tuple[Language, ...], source: Language) -> dict[str, Lexicon]:
    """The lexicons of a world, by language code; equal seeds give equal words on any machine.

    A language's words depend on the seed, its code and the source language only, so adding a language to a
    world changes no other language.
    """
    random = Random(f"{world_seed} {source.code} words")
    taken: set[str] = set()
    source_words = _own_words(random, CONSONANTS, VOWELS, taken)
    for name in NAMES:
        syllables = 2 if name.startswith("common") and "surname" not in name else 3
        source_words[name] = _new_form(random, CONSONANTS, VOWELS, syllables, taken)
    source_words |= PUNCTUATION
    lexicons = {source.code: _with_homographs(Lexicon(source, source_words, "ta"), random)}
    for language in languages:
        if language.code != source.code:
            lexicons[language.code] = _foreign_lexicon(world_seed, language, lexicons[source.code])
    return lexicons


def _foreign_lexicon(world_seed: int, language: Language, source: Lexicon) -> Lexicon:
    random = Random(f"{world_seed} {source.language.code} {language.code} words")
    onsets = "".join(random.sample(CONSONANTS, 12))
    taken = set(source.words.values())
    words = _own_words(random, onsets, VOWELS, taken)
    past = _syllable(random, onsets, VOWELS)
    related = language.overlap == "high"
    if related:
        for concept in words:
            share = SHARED_FUNCTION_WORDS if concept in FUNCTION_WORDS else SHARED_CONTENT_WORDS
            if random.random() < share:
                words[concept] = source.words[concept]
        for name in NAMES:
            own = _new_form(random, onsets, VOWELS, 2, taken)
            words[name] = source.words[name] if random.random() < language.shared_names else own
    else:
        words = {concept: transliterate(form, language.script) for concept, form in words.items()}
        past = transliterate(past, language.script)
        for name in NAMES:
            latin = random.random() < NAMES_LEFT_IN_LATIN
            words[name] = source.words[name] if latin else transliterate(source.words[name], language.script)
    return _with_homographs(Lexicon(language, words | PUNCTUATION, past), random)


def _with_homographs(lexicon: Lexicon, random: Random) -> Lexicon:
    words = dict(lexicon.words)
    for verb, noun in zip(random.sample(VERBS, HOMOGRAPHS), random.sample(OBJECTS, HOMOGRAPHS), strict=True):
        words[verb] = words[noun]
    return Lexicon(lexicon.language, words, lexicon.past)
