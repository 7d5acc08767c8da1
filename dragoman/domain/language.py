"""Languages as BCP 47 tags, and the many ways in which people name them.

Tags are kept short and in their usual case: `de`, `pt-BR`, `zh-Hans`. Names are those of Unicode's
CLDR (through Babel).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from dragoman.errors import UnknownLanguage

# Whose words for languages are understood ("auf Deutsch", "en français", "по-русски" are left to
# the mail parser).
NAMING_LOCALES = [
    "en",
    "ar",
    "bg",
    "ca",
    "cs",
    "da",
    "de",
    "el",
    "es",
    "et",
    "eu",
    "fi",
    "fr",
    "gl",
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
    "nb",
    "nl",
    "nn",
    "pl",
    "pt",
    "pt_PT",
    "ro",
    "ru",
    "sk",
    "sl",
    "sr",
    "sv",
    "th",
    "tr",
    "uk",
    "vi",
    "zh",
    "zh_Hant",
]
# Old or regional spellings of what has one tag here (RFC 5646 2.1.1; zh by script, since only the
# script shows on a page).
ALIASES = {
    "zh-cn": "zh-Hans", "zh-sg": "zh-Hans", "zh-tw": "zh-Hant", "zh-hk": "zh-Hant", "zh-mo": "zh-Hant", "cmn": "zh",  # noqa: E501
    "iw": "he", "in": "id", "jw": "jv", "no": "nb", "gr": "el", "jp": "ja", "cn": "zh", "kr": "ko", "ua": "uk", "cz": "cs", "dk": "da",  # noqa: E501
    "brazilian": "pt-BR", "mandarin": "zh", "simplified chinese": "zh-Hans", "traditional chinese": "zh-Hant", "chinese": "zh",  # noqa: E501
    "british english": "en-GB", "american english": "en-US", "norwegian": "nb",
}  # fmt: skip
_TAG = re.compile(r"([a-z]{2,3})(?:[-_]([a-z]{4}))?(?:[-_]([a-z]{2}|[0-9]{3}))?", re.IGNORECASE)
# Languages that are known without asking CLDR, whose data take 40 ms to read: a tenth of a short
# document's time.
_AT_ONCE = frozenset(code.partition("_")[0] for code in NAMING_LOCALES)
SCRIPT_LETTERS, LONGEST_BASE = 4, 3  # RFC 5646 2.2.1, 2.2.3
RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ps", "ur", "yi", "sd", "ug", "dv", "ckb"})


def parse(text: str) -> str:
    """The tag for a code in any case or a name in any of `NAMING_LOCALES`.

    Raises UnknownLanguage.
    """
    wanted = " ".join(text.split()).casefold()
    tag = (
        ALIASES.get(wanted)
        or ALIASES.get(wanted.replace("_", "-"))
        or _from_code(wanted)
        or _names().get(wanted)
    )
    if tag is None:
        shown = text.strip()[:40]
        message = f"We do not know the language “{shown}”."
        raise UnknownLanguage(message)
    return tag


def base(tag: str) -> str:
    """The language alone: `pt` of `pt-BR`."""
    return tag.split("-", 1)[0]


def script(tag: str) -> str | None:
    """The script subtag, `Hans` of `zh-Hans`, or None."""
    parts = tag.split("-")
    return next((part for part in parts[1:] if len(part) == SCRIPT_LETTERS), None)


def same(one: str | None, other: str | None) -> bool:
    """Whether a text in `one` needs no translation into `other`: regions do not count, scripts
    that are known do.
    """
    if one is None or other is None or base(one) != base(other):
        return False
    return script(one) is None or script(other) is None or script(one) == script(other)


def is_among(tag: str, targets: frozenset[str]) -> bool:
    """Whether `tag` is among `targets`, by its language where its region or script is not named
    there.
    """
    return tag in targets or base(tag) in {base(target) for target in targets}


def is_right_to_left(tag: str) -> bool:
    """Whether the language is written from right to left."""
    return base(tag) in RIGHT_TO_LEFT


def name(tag: str, locale: str = "en") -> str:
    """What people call the language, in the language `locale`; the tag itself where CLDR has no
    name.
    """
    from babel import Locale, UnknownLocaleError

    try:
        spoken = Locale.parse(tag.replace("-", "_")).get_display_name(locale)
    except (ValueError, UnknownLocaleError):
        spoken = Locale.parse(locale).languages.get(base(tag))
    return str(spoken or tag)


def listed(tags: Iterable[str]) -> str:
    """Tags with their English names, for a message: `German (de), French (fr)`."""
    return ", ".join(f"{name(tag)} ({tag})" for tag in sorted(tags))


def _from_code(wanted: str) -> str | None:
    match = _TAG.fullmatch(wanted)
    if match is None:
        return None
    language, script_, region = match.groups()
    language = ALIASES.get(language, language)
    if language not in _AT_ONCE and language not in _cldr_languages():
        return None
    parts = [language, script_ and script_.title(), region and region.upper()]
    return "-".join(part for part in parts if part)


@cache
def _cldr_languages() -> frozenset[str]:
    from babel import Locale

    return frozenset(Locale("en").languages)


@cache
def _names() -> dict[str, str]:
    """Every known name of a language, casefolded -> tag.

    English wins where two languages share a name.
    """
    from babel import Locale

    names: dict[str, str] = {}
    for code in NAMING_LOCALES:
        for tag, spoken in Locale.parse(code).languages.items():
            if len(tag) <= LONGEST_BASE:
                names.setdefault(str(spoken).casefold(), ALIASES.get(str(tag), str(tag)))
    return names
