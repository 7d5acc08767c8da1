"""Which language a post asks for (pure): words, codes and flags in its text, flags put on it, and
what comes next.

First match wins: the text, the channel's languages, in direct messages the person's own and then
their locale, the server's default. Nothing is guessed: an empty answer means that somebody has to
be asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dragoman.domain import language
from dragoman.domain.job import Tone
from dragoman.domain.wishes import ChannelWishes, PersonWishes
from dragoman.errors import UnknownLanguage

MOST_LANGUAGES = 10  # of one request
MOST_WORDS = 3  # of a language's name
LONGEST_BARE = 40  # characters of a text that is nothing but a language

# Countries whose flag stands for one language. Flags of countries with several (Belgium, Canada,
# Switzerland, India) stand for none.
COUNTRIES = {
    "ae": "ar", "ar": "es", "at": "de", "au": "en-GB", "bg": "bg", "br": "pt-BR", "cl": "es", "cn": "zh-Hans", "co": "es", "cz": "cs",  # noqa: E501
    "de": "de", "dk": "da", "ee": "et", "eg": "ar", "es": "es", "fi": "fi", "fr": "fr", "gb": "en-GB", "ge": "ka", "gr": "el", "hk": "zh-Hant",  # noqa: E501
    "hr": "hr", "hu": "hu", "id": "id", "ie": "en-GB", "il": "he", "ir": "fa", "is": "is", "it": "it", "jp": "ja", "kr": "ko", "lt": "lt",  # noqa: E501
    "lv": "lv", "mx": "es", "nl": "nl", "no": "nb", "nz": "en-GB", "pe": "es", "pl": "pl", "pt": "pt-PT", "ro": "ro", "rs": "sr", "ru": "ru",  # noqa: E501
    "sa": "ar", "se": "sv", "si": "sl", "sk": "sk", "th": "th", "tr": "tr", "tw": "zh-Hant", "ua": "uk", "uk": "en-GB", "us": "en-US",  # noqa: E501
    "vn": "vi", "am": "hy",
}  # fmt: skip
# Slack's short names without `flag-` (docs.slack.dev, emoji.list of every workspace).
SHORT = {"cn", "de", "es", "fr", "gb", "it", "jp", "kr", "ru", "uk", "us"}
_EMOJI = re.compile(r":((?:flag-)?[a-z]{2}):")
# Unicode's regional indicators
_LETTERS = re.compile("([\U0001f1e6-\U0001f1ff])([\U0001f1e6-\U0001f1ff])")
_MENTION = re.compile(r"<[@#!][^>]*>|<https?://[^>]*>")
_BEFORE = (
    r"in\s?to|to|ins|auf|nach|in\s+het|naar\s+het|naar|en|vers\s+le|vers|au|al|a|em|para\s+o|para|in|på|til|till|na|на|по"
    r"|lang|language|sprache|langue|idioma"
)
_ASKED = re.compile(rf"(?<!\w)(?:{_BEFORE})(?:\s*[:=]\s*|\s+)(?=\w)", re.IGNORECASE)
_WORD = re.compile(r"[\w-]+")
_TONES = {tone.value: tone for tone in Tone}
# Codes of two letters that are words in some language count only where nothing else is said.
_WORDS = frozenset(
    {
        "am",
        "an",
        "as",
        "be",
        "da",
        "de",
        "el",
        "en",
        "es",
        "he",
        "hi",
        "id",
        "in",
        "is",
        "it",
        "la",
        "lo",
        "my",
        "no",
        "or",
        "sa",
        "se",
        "si",
        "so",
        "te",
        "to",
        "tr",
        "us",
    }
)
_PLAIN_ASK = re.compile(
    r"(?:please\s+|bitte\s+)?(?:translate\s+)?(?:(?:in)?to|auf|nach|en|in)\s*[:=]?\s+([a-z]{2}(?:-[a-z]{2,4})?)(?:\s*(?:please|bitte|formal|informal|,|$))",
    re.IGNORECASE,
)


def of_flag(name: str) -> str | None:
    """The language of an emoji by its name, such as `flag-fr`, `jp`; None: it is no flag that
    stands for one.
    """
    country = name.removeprefix("flag-")
    known = name.startswith("flag-") or name in SHORT
    return COUNTRIES.get(country) if known else None


def of_text(text: str) -> tuple[tuple[str, ...], Tone | None]:
    """The languages that a text asks for, in its order, and the tone; an empty tuple and None
    where it says nothing.
    """
    plain = " ".join(_MENTION.sub(" ", text).split())
    found = [*_flags(plain)]
    for tag in _asked(_EMOJI.sub(" ", plain)):
        if tag not in found:
            found.append(tag)
    tone = next((_TONES[word] for word in _WORD.findall(plain.casefold()) if word in _TONES), None)
    return tuple(found[:MOST_LANGUAGES]), tone


def languages(
    asked: tuple[str, ...],
    channel: ChannelWishes,
    person: PersonWishes,
    locale: str | None,
    default: str | None,
    *,
    direct: bool,
) -> tuple[str, ...]:
    """The languages to make; empty: nobody has said, so somebody has to be asked."""
    if asked:
        return asked
    if channel.languages:
        return channel.languages
    own = (person.language or of_locale(locale)) if direct else None
    return tuple(filter(None, (own or default,)))


def of_locale(locale: str | None) -> str | None:
    """The language of a locale such as `pt-BR`, None if there is none."""
    try:
        return language.parse(locale) if locale else None
    except UnknownLanguage:
        return None


def _flags(text: str) -> Iterator[str]:
    seen = set()
    for match in re.finditer(f"{_EMOJI.pattern}|{_LETTERS.pattern}", text):
        name = match[1] or "flag-" + "".join(
            chr(ord(letter) - 0x1F1E6 + ord("a")) for letter in match[2] + match[3]
        )
        tag = of_flag(name)
        if tag and tag not in seen:
            seen.add(tag)
            yield tag


def _asked(text: str) -> Iterator[str]:
    bare = (
        _tag(text.strip(" .!?,:").casefold(), names_only=False)
        if len(text) <= LONGEST_BARE
        else None
    )
    if bare:
        yield bare
        return
    if match := _PLAIN_ASK.match(text):
        tag = _tag(match[1], names_only=False)
        if tag:
            yield tag
    for match in _ASKED.finditer(text):
        yield from _names_at(text[match.end() :])


def _names_at(rest: str) -> Iterator[str]:
    """The languages that a text begins with: `German`, `French and Spanish`, `de, fr`."""
    while rest:
        words = _WORD.findall(rest[:80])[:MOST_WORDS]
        for count in range(len(words), 0, -1):
            candidate = " ".join(words[:count])
            if rest.casefold().startswith(candidate.casefold()) and (
                tag := _tag(candidate, names_only=True)
            ):
                yield tag
                rest = rest[len(candidate) :]
                break
        else:
            return
        joined = re.match(r"\s*(?:,|&|\+|/|and|und|et|y|e|en|и)\s*", rest, re.IGNORECASE)
        if not joined:
            return
        rest = rest[joined.end() :]


def _tag(words: str, *, names_only: bool) -> str | None:
    try:
        tag = language.parse(words)
    except UnknownLanguage:
        return None
    if names_only and len(words) <= language.LONGEST_BASE and words.casefold() in _WORDS:
        return None
    return tag
