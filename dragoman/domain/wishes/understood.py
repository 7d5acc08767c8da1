"""What comes of a reading together with what else is known: which languages, from where, with which
options (pure). It lies in a row, and is said back with each answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from dragoman.domain.job import Layout, Options, Tone, choice
from dragoman.domain.wishes.reading import Origin, Reading


@dataclass(frozen=True, slots=True)
class Default:
    """What holds where a message names no language; without languages it says nothing."""

    languages: tuple[str, ...]
    origin: Origin
    tone: Tone | None = None
    layout: Layout | None = None


@dataclass(frozen=True, slots=True)
class Understood:
    """What is to be done with the documents of a message.

    `targets`: tags, at least one. `files`: the languages of files that were named (`targets` has
    these, too). `pages` as in Options. `password`: whether one was given. `always`: from now on.
    """

    targets: tuple[str, ...]
    origin: Origin
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    source: str | None = None
    pages: str | None = None
    layout: Layout | None = None
    tone: Tone | None = None
    glossary: bool = False
    password: bool = False
    always: bool = False

    def targets_for(self, filename: str) -> tuple[str, ...]:
        """The languages for one file: its own where it was named, else those of no file."""
        for name, tags in self.files.items():
            if name.casefold() == filename.casefold():
                return tags
        of_files = {tag for tags in self.files.values() for tag in tags}
        return tuple(tag for tag in self.targets if tag not in of_files)

    def of_files(self, filenames: Iterable[str]) -> Understood:
        """Itself, knowing the files that are there: where none of them was named, the languages are
        for all.
        """
        there = {name.casefold() for name in filenames}
        is_named = any(name.casefold() in there for name in self.files)
        return self if is_named else replace(self, files={})

    def options(self, target: str, *, in_house: bool = False) -> Options:
        """The options of the job into one language."""
        return Options(
            target,
            source_lang=self.source,
            tone=self.tone,
            layout=self.layout or Layout.TRANSLATED,
            pages=self.pages,
            in_house=in_house,
        )

    def as_json(self) -> dict[str, Any]:
        """Plain values for a row."""
        return {
            **asdict(self),
            "targets": list(self.targets),
            "files": {name: list(tags) for name, tags in self.files.items()},
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Understood:
        """What `as_json` gave; what is missing is as by default."""
        files = values.get("files") or {}
        return cls(
            targets=tuple(values["targets"]),
            origin=Origin(values["origin"]),
            files={name: tuple(tags) for name, tags in files.items()},
            source=values.get("source"),
            pages=values.get("pages"),
            layout=choice(Layout, values["layout"]) if values.get("layout") else None,
            tone=choice(Tone, values["tone"]) if values.get("tone") else None,
            glossary=bool(values.get("glossary")),
            password=bool(values.get("password")),
            always=bool(values.get("always")),
        )


def settled(reading: Reading, defaults: Iterable[Default]) -> Understood | None:
    """What a message wants, else the first default that names a language; None: it has to be asked.

    No default stands in for languages that were named and not understood. A default's tone goes
    with its languages only.
    """
    told = next((one for one in defaults if one.languages), None)
    if reading.targets:
        told = Default(reading.targets, reading.origin or Origin.WORDS)
    elif reading.in_doubt or told is None:
        return None
    return Understood(
        targets=told.languages,
        origin=told.origin,
        files=reading.files,
        source=reading.source if reading.source not in told.languages else None,
        pages=reading.pages,
        layout=reading.layout or told.layout,
        tone=reading.tone or told.tone,
        glossary=reading.glossary,
        password=reading.secret is not None,
        always=reading.always and bool(reading.targets),
    )
