"""The forms that a word of a glossary may have in a text, as far as rules of endings tell them.

Pure. It is for finding terms, not for writing: a form that does not exist does no harm, one that is
another word's does.
"""

from __future__ import annotations

import re
from functools import lru_cache

from dragoman.domain import language

SHORTEST = 3  # letters; shorter words are marks and names
_VOWELS = "aeiouyáéíóúàèìòùâêîôûäöüåæøąęãõ"
_CONSONANT_Y = re.compile(r"[^aeiou]y\Z")
_IRREGULAR_ENGLISH = {
    "man": "men", "woman": "women", "child": "children", "person": "people", "foot": "feet",
    "tooth": "teeth", "goose": "geese", "mouse": "mice", "datum": "data", "criterion": "criteria",
    "medium": "media", "matrix": "matrices", "index": "indices", "appendix": "appendices",
    "leaf": "leaves", "half": "halves", "shelf": "shelves", "life": "lives", "knife": "knives",
    "wife": "wives", "analysis": "analyses", "basis": "bases", "crisis": "crises",
}  # fmt: skip
# (ending of the word, what stands for it): the first that fits counts, "" fits all.
_PLURALS: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "es": (
        ("ión", ("iones",)), ("z", ("ces",)), ("s", ("ses",)),
        ("án", ("anes",)), ("én", ("enes",)), ("ín", ("ines",)), ("ón", ("ones",)),
        ("o", ("os", "a", "as")), ("a", ("as",)), ("e", ("es",)), ("", ("es", "s", "a", "as")),
    ),
    "pt": (
        ("ão", ("ões", "ães", "ãos")), ("al", ("ais",)), ("el", ("eis", "éis")),
        ("ol", ("óis",)), ("ul", ("uis",)), ("il", ("is", "eis")), ("m", ("ns",)),
        ("o", ("os", "a", "as")), ("a", ("as",)), ("e", ("es",)), ("", ("es", "s")),
    ),
    "fr": (
        ("eau", ("eaux",)), ("al", ("aux", "ale", "ales", "als")), ("eu", ("eux", "eus")),
        ("ail", ("ails", "aux")), ("s", ("se", "ses")), ("x", ("se", "ses")),
        ("f", ("fs", "ve", "ves")), ("e", ("es",)), ("", ("s", "e", "es")),
    ),
    "it": (
        ("co", ("ci", "chi", "ca", "che")), ("go", ("gi", "ghi", "ga", "ghe")),
        ("ca", ("che",)), ("ga", ("ghe",)), ("cia", ("ce", "cie")), ("gia", ("ge", "gie")),
        ("io", ("i", "ia", "ie")), ("o", ("i", "a", "e")), ("a", ("e", "i")), ("e", ("i",)),
    ),
}  # fmt: skip
_PLURALS["gl"] = _PLURALS["pt"]
_PLURALS["ca"] = (
    ("ça", ("ces",)), ("ca", ("ques",)), ("ga", ("gues",)), ("a", ("es",)), ("ó", ("ons",)),
    ("", ("s", "os", "a", "es", "ns")),
)  # fmt: skip
_GERMAN = ("e", "en", "n", "s", "es", "er", "ern", "em", "ens", "nen")
_UMLAUT = str.maketrans({"a": "ä", "o": "ö", "u": "ü"})
# Languages with many cases: a stem, and the endings of their declensions.
_CASES: dict[str, str] = {
    "nl": "s en n 's eren",
    "sv": "en n et t ar or er na arna orna erna s ens ets a",
    "da": "en n et t er e ene erne s ens ets",
    "nb": "en n et t er e a ene s ens ets",
    "nn": "en n et t ar er e a ane ene s",
    "pl": "a u owi em ie e y i ów om ami ach ą ę o ego emu ym im ich ymi imi ej ie",
    "cs": "a u ovi em e ě i y ů ům ech ami ou o í ím ích ími ého ému ém ý á é",
    "sk": "a u ovi om e i y ov ám ách ami ou o í ím ích ími ého ému ý á é",
    "sl": "a u om e i o ov am ah ami ega emu em ih im imi",
    "hr": "a u om em e i o ova ima ama og om oj ih im",
    "sr": "а у ом ем е и о ова има ама ог ој их им a u om em e i o ova ima ama og oj ih im",
    "ru": "а у ом ем е ы и ов ев ей ам ям ами ями ах ях о я ю ь ой ою ею ого ему ому ым им ых их"
    " ыми ими ая яя ую юю ые ие ый ий ое ее",
    "uk": "а у ом ем і и ів їв ей ам ям ами ями ах ях о я ю ь ою ею ого ому им их ими а є ій ий",
    "bg": "а я о е и ът та то те ове и ата ите ят",
    "lt": "as is us ys a ė o os ui ei į ą ę e ai iai ių ų ams iams us ius ais iais uose iuose ose",
    "lv": "s š is us a e ei am im um u i os ās ēs ā ē ī ū iem ām ēm us as es",
    "fi": "n a ä ta tä ssa ssä sta stä lla llä lta ltä lle na nä ksi t en in ien ja jä issa issä"
    " ista istä illa illä ille iden",
    "et": "i u a e d de te t le l lt s st ks ga ni na ta id sid",
    "hu": "t et ot at öt k ek ok ak ök ban ben ba be ból ből nak nek val vel ra re ról ről n en on"
    " ön hoz hez höz tól től ért ig ként ja je a e unk ünk",
    "tr": "ı i u ü ın in un ün nın nin ya ye a e da de ta te dan den tan ten lar ler ları leri"
    " ların lerin larda lerde lara lere yı yi yu yü sı si su sü",
    "ro": "ul l le a ua i ii ilor lui ei e uri urile ele elor",
    "el": "ς ν υ ι α ας ες ων ου ους οι η ης ο ο ο",
}  # fmt: skip


@lru_cache(4096)
def forms(word: str, lang: str | None) -> frozenset[str]:
    """The casefolded forms of a casefolded `word` of `lang` (a tag), itself among them.

    None, and a language without rules here: itself alone.
    """
    base = language.base(lang) if lang else ""
    if len(word) < SHORTEST or not word.isalpha():
        return frozenset({word})
    if base == "en":
        return frozenset({word, *_english(word)})
    if base in _PLURALS:
        return frozenset({word, *_by_ending(word, _PLURALS[base])})
    if base == "de":
        return frozenset({word, *_german(word)})
    if base in _CASES and len(word) > SHORTEST:
        stems = {word, word[:-1]} if word[-1] in f"{_VOWELS}аеёиоуыэюяьйαεηιουω" else {word}
        return frozenset({word, *(stem + end for stem in stems for end in _CASES[base].split())})
    return frozenset({word})


def plural(word: str, lang: str) -> str | None:
    """The regular plural of a casefolded noun; None: there are no rules for that language."""
    base = language.base(lang)
    if base == "en":
        return _english(word)[0]
    found = _by_ending(word, _PLURALS[base]) if base in _PLURALS else []
    return found[0] if found else None


def _english(word: str) -> tuple[str, ...]:
    if word in _IRREGULAR_ENGLISH:
        return (_IRREGULAR_ENGLISH[word],)
    if _CONSONANT_Y.search(word):
        return (f"{word[:-1]}ies",)
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return (f"{word}es",)
    return (f"{word}s", f"{word}es") if word.endswith("o") else (f"{word}s",)


def _by_ending(word: str, rules: tuple[tuple[str, tuple[str, ...]], ...]) -> list[str]:
    ending, others = next(((end, to) for end, to in rules if word.endswith(end)), ("", ()))
    stem = word[: len(word) - len(ending)]
    return [stem + other for other in others]


def _german(word: str) -> list[str]:
    found = [word + end for end in _GERMAN]
    at = max((place for place, one in enumerate(word) if one in "aou"), default=None)
    if at is None:
        return found
    start = at - 1 if word[at] == "u" and at and word[at - 1] == "a" else at  # Haus, Häuser
    changed = word[:start] + word[start].translate(_UMLAUT) + word[start + 1 :]
    return [*found, changed, *(changed + end for end in _GERMAN)]
