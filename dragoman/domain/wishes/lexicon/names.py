"""Every form of a language's name (pure): CLDR's in many languages, with the endings of sentences.

Which endings a name takes stands in each language's file: `cases` change a form and no meaning,
`toward` and `origin` say "into" and "from" by themselves, prefixes do so where they are glued on.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from dragoman.domain import language
from dragoman.domain.wishes.lexicon import word_lists
from dragoman.domain.wishes.lexicon.tokens import fold

_LETTERS = 2  # of the codes whose names count (ISO 639-1)
_LONGER = frozenset({"fil", "yue", "ckb"})
# Names of languages that are other words or people's names more often.
_LEFT_OUT = frozenset(
    [
        "aa",
        "ab",
        "ae",
        "ak",
        "av",
        "ay",
        "ba",
        "bh",
        "bi",
        "bm",
        "ce",
        "ch",
        "cr",
        "cu",
        "cv",
        "dv",
        "dz",
        "ee",
        "ff",
        "fj",
        "fo",
        "fy",
        "gv",
        "ho",
        "hz",
        "ia",
        "ie",
        "ii",
        "ik",
        "io",
        "iu",
        "kg",
        "ki",
        "kj",
        "kr",
        "ks",
        "kv",
        "kw",
        "li",
        "ln",
        "lu",
        "mh",
        "na",
        "ng",
        "nr",
        "nv",
        "oj",
        "om",
        "os",
        "pi",
        "qu",
        "rm",
        "rn",
        "rw",
        "sa",
        "sc",
        "se",
        "sg",
        "sn",
        "ss",
        "st",
        "ti",
        "tn",
        "to",
        "ts",
        "tw",
        "ty",
        "ug",
        "ve",
        "vo",
        "wa",
        "wo",
        "za",
    ]
)
OFTEN = frozenset(
    [
        "ar",
        "bg",
        "ca",
        "cs",
        "da",
        "de",
        "el",
        "en",
        "es",
        "et",
        "fa",
        "fi",
        "fr",
        "he",
        "hi",
        "hr",
        "hu",
        "id",
        "it",
        "ja",
        "ko",
        "lt",
        "lv",
        "ms",
        "nb",
        "nl",
        "pl",
        "pt",
        "ro",
        "ru",
        "sk",
        "sl",
        "sr",
        "sv",
        "th",
        "tr",
        "uk",
        "ur",
        "vi",
        "zh",
    ]
)
_REGIONS = frozenset(
    ["BR", "PT", "GB", "US", "AU", "CA", "MX", "ES", "419", "AT", "CH", "Hans", "Hant"]
)
_WRITTEN = frozenset(["en", "de", "fr", "es", "it", "pt", "nl", "pl", "ja", "zh"])
_ARTICLE = "ال"
_TRANSLATED = "訳"  # 英訳: a translation into English, in one word


@cache
def named() -> tuple[tuple[str, word_lists.Name], ...]:
    """Forms and what they name; English first, names of frequent languages before others."""
    return tuple(_named())


def _named() -> Iterator[tuple[str, word_lists.Name]]:
    for form, tag in word_lists.files()[word_lists.NAMES_FILE]["more"].items():
        mark = "into" if form.endswith(_TRANSLATED) else None
        yield form, word_lists.Name(tag, frozenset(), mark)
    for locale, name, tag in sorted(cldr(), key=lambda one: language.base(one[2]) not in OFTEN):
        spoken = locale.partition("_")[0]
        folded = fold(name)
        yield folded, word_lists.Name(tag, frozenset({spoken}))
        yield from _inflected(spoken, folded, tag)
        yield from _prefixed(spoken, folded, tag)


@cache
def cldr() -> tuple[tuple[str, str, str], ...]:
    """Locale, name and tag of each language that counts."""
    from babel import Locale

    found = []
    for locale in language.NAMING_LOCALES:
        for code, name in Locale.parse(locale).languages.items():
            base, _, region = str(code).partition("_")
            if region and region not in _REGIONS:
                continue
            if (len(base) != _LETTERS and base not in _LONGER) or base in _LEFT_OUT:
                continue
            tag = language.ALIASES.get(str(code), language.ALIASES.get(base, str(code)))
            found.append((locale, str(name), tag.replace("_", "-")))
    return tuple(found)


@cache
def countries() -> frozenset[str]:
    """Names of countries, which are no misspelt languages."""
    from babel import Locale

    return frozenset(
        fold(str(name))
        for code in language.NAMING_LOCALES
        for name in Locale.parse(code).territories.values()
    )


def is_language_first(word: str, said: frozenset[str], tag: str) -> bool:
    """Whether a word that is a country's name, too, alone means the language: "suomi", not
    "Italia".
    """
    from babel import Locale

    if word in {fold(str(name)) for name in Locale("en").territories.values()}:
        return False
    return bool(said & _WRITTEN) or language.base(tag) in said


@cache
def dates() -> frozenset[str]:
    """Names of months and days, long and short, in every language."""
    from babel import Locale

    found: set[str] = set()
    for code in language.NAMING_LOCALES:
        locale = Locale.parse(code)
        for table in (locale.months, locale.days):
            for widths in table.values():
                for width in ("wide", "abbreviated"):
                    names = widths.get(width, {}).values()
                    found.update(fold(str(name)).strip(".") for name in names)
    return frozenset(name for name in found if len(name) > _LETTERS and not name.isdecimal())


def _inflected(locale: str, name: str, tag: str) -> Iterator[tuple[str, word_lists.Name]]:
    lists = word_lists.files().get(locale, {})
    adjectives = tuple(str(lists.get("adjectives", "")).split())
    for key, mark in (("cases", None), ("toward", "into"), ("origin", "from"), ("within", "in")):
        for ending, others in lists.get(key, ()):
            if not name.endswith(ending):
                continue
            for other in others.split():
                form = name[: len(name) - len(ending)] + other
                attributive = bool(adjectives) and form.endswith(adjectives)
                yield form, word_lists.Name(tag, frozenset({locale}), mark, attributive)
            break


def _prefixed(locale: str, name: str, tag: str) -> Iterator[tuple[str, word_lists.Name]]:
    lists = word_lists.files().get(locale, {})
    stem = name.removeprefix(_ARTICLE)
    for key, mark in (("into", "into"), ("in", "in"), ("from", "from"), ("and", None)):
        for prefix in str(lists.get(f"prefixes_{key}", "")).split(","):
            if prefix.strip():
                yield prefix.strip() + stem, word_lists.Name(tag, frozenset({locale}), mark)
    if stem != name:
        yield stem, word_lists.Name(tag, frozenset({locale}))
