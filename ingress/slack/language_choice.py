"""What a post asks for (pure): its text as `dragoman.domain.wishes` reads it, flags put on it, and
what holds where it names no language.

First match wins: the text, the channel's languages, in direct messages the person's own and then
their locale, the server's default. Nothing is guessed: None means that somebody has to be asked.
"""

from __future__ import annotations

import html
import re

from dragoman.domain import language
from dragoman.domain.wishes import ChannelWishes, Origin, PersonWishes, Reading, Written
from dragoman.domain.wishes.lexicon import codes
from dragoman.domain.wishes.understanding import understand
from dragoman.domain.wishes.understood import Default
from dragoman.errors import UnknownLanguage

MOST_LANGUAGES = 10  # of one request
LONGEST_ANSWER = 200  # characters of a line in a thread that may answer our question
# Slack's short names without `flag-` (docs.slack.dev, emoji.list of every workspace).
SHORT = {"cn", "de", "es", "fr", "gb", "it", "jp", "kr", "ru", "uk", "us"}
# People, channels and links, as Slack writes them into a text.
_REFERENCE = re.compile(r"<(?:[@#!]|https?://|mailto:)[^>]*>")
_EMOJI = re.compile(r":([a-z]{2}):")


def of_flag(name: str) -> str | None:
    """The language of an emoji by its name, such as `flag-fr`, `jp`; None: it is no flag that
    stands for one.
    """
    country = name.removeprefix("flag-")
    known = name.startswith("flag-") or name in SHORT
    return codes.of_flag(f":flag-{country}:") if known else None


def read(text: str, *, is_reply: bool = False, previous: str | None = None) -> Reading:
    """What the text of a post wants; names of people and channels are no words of it."""
    plain = _EMOJI.sub(_flag_or_nothing, _REFERENCE.sub(" ", text))
    # docs.slack.dev/messaging/formatting-message-text: &, < and > are escaped, and nothing else.
    return understand(Written(html.unescape(plain), is_reply=is_reply, previous=previous))


def is_answer(text: str) -> bool:
    """Whether a line under a post of ours may be the answer to our question: a short one that
    names a language. What people say to each other beside that is not kept.
    """
    return len(text) <= LONGEST_ANSWER and bool(read(text, is_reply=True).targets)


def defaults(
    channel: ChannelWishes,
    person: PersonWishes,
    locale: str | None,
    server: str | None,
    *,
    direct: bool,
) -> list[Default]:
    """What holds where a post names no language, the nearest first."""
    own, spoken = person.language if direct else None, of_locale(locale) if direct else None
    return [
        Default(channel.languages, Origin.CHANNEL),
        Default((own,) if own else (), Origin.HABIT),
        Default((spoken,) if spoken else (), Origin.LOCALE),
        Default((server,) if server else (), Origin.SERVER),
    ]


def of_locale(locale: str | None) -> str | None:
    """The language of a locale such as `pt-BR`, None if there is none."""
    try:
        return language.parse(locale) if locale else None
    except UnknownLanguage:
        return None


def _flag_or_nothing(found: re.Match[str]) -> str:
    return found[0] if found[1] in SHORT else " "
