"""What mails say, in the languages they are written in: catalogues of
`templates/email/catalogues`, a file for each.
"""

from __future__ import annotations

import tomllib
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from babel import Locale
from babel.dates import format_date, format_time, format_timedelta, get_datetime_format
from babel.numbers import format_decimal

from dragoman.adapters import templating
from dragoman.domain import language

FALLBACK = "en"
MEGABYTE = 10**6
_WITHOUT_SPACES = ("ja", "zh")
Entry = str | dict[str, str]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The sentences of one language, by key (`headline.ack`)."""

    locale: str
    entries: dict[str, Entry]

    def __call__(self, key: str, count: int | None = None, /, **facts: Any) -> str:
        """The sentence under `key`, with its facts; `count` chooses its form, and is one of its
        facts.
        """
        entry = self.entries[key]
        if isinstance(entry, dict):
            form = Locale(self.locale).plural_form(count or 0)
            entry = entry.get(form, entry["other"])
        return entry.format(count=self.number(count or 0), **facts)

    def has(self, key: str) -> bool:
        """Whether there is such a sentence."""
        return key in self.entries

    @property
    def comma(self) -> str:
        """What stands between the parts of a list."""
        return "、" if self.locale == "ja" else "，" if self.locale == "zh" else ", "

    @property
    def stop(self) -> str:
        """What ends a sentence."""
        return "。" if self.locale in _WITHOUT_SPACES else "."

    @property
    def colon(self) -> str:
        """What stands between a name and what is said of it."""
        return (
            "：" if self.locale in _WITHOUT_SPACES else "\u00a0: " if self.locale == "fr" else ": "
        )

    def sentences(self, *said: str) -> str:
        """Sentences one after the other; what is empty is left out."""
        return ("" if self.locale in _WITHOUT_SPACES else " ").join(one for one in said if one)

    def number(self, value: int) -> str:
        """`23,400`, `23.400`: as it is written in this language."""
        return str(format_decimal(value, locale=self.locale))

    def size(self, count: int) -> str:
        """`14.2 MB`, `14,2 MB`: bytes for people."""
        if count < MEGABYTE:
            return f"{self.number(max(round(count / 1000), 1))} KB"
        return f"{format_decimal(count / MEGABYTE, format='#,##0.#', locale=self.locale)} MB"

    def duration(self, seconds: float) -> str:
        """`40 seconds`, `3 minutes`: rounded for people."""
        return str(format_timedelta(max(round(seconds), 1), threshold=1.5, locale=self.locale))

    def moment(self, seconds: float) -> str:
        """`30 novembre 2026 à 14:20`: a time (seconds since 1970) in UTC, to the minute, late
        rather than early.
        """
        at = datetime.fromtimestamp(seconds + 59, UTC)
        day, time = (
            format_date(at, "long", self.locale),
            format_time(at, "short", locale=self.locale),
        )
        joined = str(get_datetime_format("long", locale=self.locale)).replace("'", "")
        return joined.replace("{0}", time).replace("{1}", day)

    def language(self, tag: str) -> str:
        """The name of a language."""
        return language.name(tag, self.locale)

    def languages(self, tags: tuple[str, ...]) -> str:
        """`French, German`: names, as a reply may use them."""
        comma = "、" if self.locale in _WITHOUT_SPACES else ", "
        return comma.join(sorted((self.language(tag) for tag in tags), key=_collated))


def _collated(name: str) -> str:
    """Without accents and capitals: É is sorted as e."""
    return "".join(
        one
        for one in unicodedata.normalize("NFD", name.casefold())
        if not unicodedata.combining(one)
    )


def catalogue(locale: str | None) -> Catalogue:
    """The catalogue of a language; of English where there is none."""
    wanted = language.base(locale) if locale else FALLBACK
    return _read(wanted if wanted in available() else FALLBACK)


@cache
def available() -> frozenset[str]:
    """The languages that have a catalogue."""
    return frozenset(file.stem for file in _folder().glob("*.toml"))


@cache
def _read(locale: str) -> Catalogue:
    sections = tomllib.loads((_folder() / f"{locale}.toml").read_text("utf-8"))
    flat = {
        f"{section}.{name}": entry
        for section, entries in sections.items()
        for name, entry in entries.items()
    }
    return Catalogue(locale, flat)


def _folder() -> Any:
    return templating.template_root() / "email" / "catalogues"
