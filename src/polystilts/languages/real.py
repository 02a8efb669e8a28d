"""Real languages, a row each: those of XTREME-R, and three more that our files have tests in."""

from polystilts.languages.language import Language

# The dominant order of a clause (Dryer 2013, chapter 81 of WALS), of the languages of `real-small` and those
# held back from it. As recalled, not looked up in the atlas: et, gn, wo, yo.
VERB_FINAL = frozenset("am ay bn eu hi qu ta te tr".split())
VERB_EARLIER = frozenset("ar en et gn sw wo yo zh".split())


def _real(
    code: str,
    name: str,
    family: str,
    script: str,
    joshi: int | None,
    xlmr_gib: float,
    distance: float,
    half: str,
) -> Language:
    return Language(
        code, name, family, script, language_set=half, invented=False,
        joshi_class=joshi, xlmr_gib=xlmr_gib, distance=distance,
        verb_final=code in VERB_FINAL if code in VERB_FINAL | VERB_EARLIER else None,
    )  # fmt: skip


# Names, scripts, families: Ruder et al. 2021; linguameta of google-research/url-nlp. Joshi class: lang2tax of
# Joshi et al. 2020 (am, ay, gn are not in our copy of it). Text that XLM-R was pretrained on, in GiB: Conneau
# et al. 2020, table 6 (both scripts of Chinese, both encodings of Burmese).
# Distance: 1 − cosine between the `syntax_knn` vectors of URIEL (103 features; Littell et al. 2017) of the
# language and of English, computed once with lang2vec 1.1.2.
# Sets: drawn before any run so that A and B differ by at most one language in every group that a comparison
# could be confounded with: seen or unseen by XLM-R, Joshi class, class up to 2 or above, Latin script or not,
# family, near or far from English, the languages of each target task, and those that have machine-translated
# MNLI, machine-translated SQuAD or a lexicon. `tests/test_catalogue.py` counts them.
REAL_LANGUAGES = (
    _real("af", "Afrikaans", "Indo-European", "Latin", 3, 1.3, 0.151, "A"),
    _real("am", "Amharic", "Afro-Asiatic", "Ethiopic", None, 0.8, 0.412, "B"),
    _real("ar", "Arabic", "Afro-Asiatic", "Arabic", 5, 28.0, 0.356, "A"),
    _real("ay", "Aymara", "Aymaran", "Latin", None, 0.0, 0.421, "B"),
    _real("az", "Azerbaijani", "Turkic", "Latin", 1, 6.5, 0.467, "A"),
    _real("bg", "Bulgarian", "Indo-European", "Cyrillic", 3, 57.5, 0.142, "B"),
    _real("bn", "Bengali", "Indo-European", "Bengali", 3, 8.4, 0.417, "B"),
    _real("de", "German", "Indo-European", "Latin", 5, 66.6, 0.097, "B"),
    _real("el", "Greek", "Indo-European", "Greek", 3, 46.9, 0.217, "B"),
    _real("en", "English", "Indo-European", "Latin", 5, 300.8, 0.0, ""),
    _real("es", "Spanish", "Indo-European", "Latin", 5, 53.3, 0.178, "A"),
    _real("et", "Estonian", "Uralic", "Latin", 3, 6.1, 0.227, "B"),
    _real("eu", "Basque", "Basque (isolate)", "Latin", 4, 2.0, 0.377, "A"),
    _real("fa", "Persian", "Indo-European", "Arabic", 4, 111.6, 0.479, "B"),
    _real("fi", "Finnish", "Uralic", "Latin", 4, 54.3, 0.289, "B"),
    _real("fr", "French", "Indo-European", "Latin", 5, 56.8, 0.188, "B"),
    _real("gn", "Guarani", "Tupian", "Latin", None, 0.0, 0.493, "A"),
    _real("gu", "Gujarati", "Indo-European", "Gujarati", 1, 1.9, 0.417, "A"),
    _real("he", "Hebrew", "Afro-Asiatic", "Hebrew", 3, 31.6, 0.249, "B"),
    _real("hi", "Hindi", "Indo-European", "Devanagari", 4, 20.2, 0.384, "A"),
    _real("ht", "Haitian Creole", "Creole", "Latin", 2, 0.0, 0.27, "A"),
    _real("hu", "Hungarian", "Uralic", "Latin", 4, 58.4, 0.306, "A"),
    _real("id", "Indonesian", "Austronesian", "Latin", 3, 148.3, 0.273, "A"),
    _real("it", "Italian", "Indo-European", "Latin", 4, 30.2, 0.142, "A"),
    _real("ja", "Japanese", "Japonic", "Japanese", 5, 69.3, 0.5, "A"),
    _real("jv", "Javanese", "Austronesian", "Latin", 1, 0.2, 0.399, "B"),
    _real("ka", "Georgian", "Kartvelian", "Georgian", 3, 9.1, 0.315, "A"),
    _real("kk", "Kazakh", "Turkic", "Cyrillic", 3, 6.4, 0.552, "A"),
    _real("ko", "Korean", "Korean (isolate)", "Hangul", 4, 54.2, 0.447, "B"),
    _real("lt", "Lithuanian", "Indo-European", "Latin", 3, 13.7, 0.307, "B"),
    _real("ml", "Malayalam", "Dravidian", "Malayalam", 1, 7.6, 0.464, "B"),
    _real("mr", "Marathi", "Indo-European", "Devanagari", 2, 2.8, 0.435, "A"),
    _real("ms", "Malay", "Austronesian", "Latin", 3, 8.5, 0.298, "B"),
    _real("my", "Burmese", "Sino-Tibetan", "Myanmar", 1, 2.0, 0.605, "A"),
    _real("nl", "Dutch", "Indo-European", "Latin", 4, 29.3, 0.076, "B"),
    _real("pa", "Punjabi", "Indo-European", "Gurmukhi", 2, 0.8, 0.387, "B"),
    _real("pl", "Polish", "Indo-European", "Latin", 4, 44.6, 0.214, "A"),
    _real("pt", "Portuguese", "Indo-European", "Latin", 4, 49.1, 0.158, "A"),
    _real("qu", "Quechua", "Quechuan", "Latin", 1, 0.0, 0.479, "B"),
    _real("ro", "Romanian", "Indo-European", "Latin", 3, 61.4, 0.204, "B"),
    _real("ru", "Russian", "Indo-European", "Cyrillic", 4, 278.0, 0.188, "A"),
    _real("sw", "Swahili", "Niger-Congo", "Latin", 2, 1.6, 0.526, "A"),
    _real("ta", "Tamil", "Dravidian", "Tamil", 3, 12.2, 0.486, "A"),
    _real("te", "Telugu", "Dravidian", "Telugu", 1, 4.7, 0.479, "B"),
    _real("th", "Thai", "Kra-Dai", "Thai", 3, 71.7, 0.361, "A"),
    _real("tl", "Tagalog", "Austronesian", "Latin", 3, 3.1, 0.391, "A"),
    _real("tr", "Turkish", "Turkic", "Latin", 4, 20.9, 0.493, "B"),
    _real("uk", "Ukrainian", "Indo-European", "Cyrillic", 3, 84.6, 0.153, "B"),
    _real("ur", "Urdu", "Indo-European", "Arabic", 3, 5.7, 0.384, "A"),
    _real("vi", "Vietnamese", "Austro-Asiatic", "Latin", 4, 137.3, 0.34, "B"),
    _real("wo", "Wolof", "Niger-Congo", "Latin", 2, 0.0, 0.361, "A"),
    _real("yo", "Yoruba", "Niger-Congo", "Latin", 2, 0.0, 0.4, "B"),
    _real("zh", "Chinese", "Sino-Tibetan", "Han", 5, 63.5, 0.288, "B"),
)  # fmt: skip
