"""What a channel or a person of a workspace wants, as small values kept in their rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from dragoman.domain.job import Layout, Tone, choice


@dataclass(frozen=True, slots=True)
class ChannelWishes:
    """`auto`: a posted PDF starts by itself.

    `languages`: tags, one result each; empty: none chosen yet.

    `anybody`: all members may change this; else those who manage the channel. `asked`: whether the
    question for languages was put.
    """

    auto: bool = True
    languages: tuple[str, ...] = ()
    tone: Tone | None = None
    anybody: bool = True
    asked: bool = False

    def as_json(self) -> dict[str, Any]:
        """Plain values for a row."""
        return {**asdict(self), "languages": list(self.languages)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> ChannelWishes:
        """What `as_json` gave; what is missing is as by default."""
        return cls(
            auto=bool(values.get("auto", True)),
            languages=tuple(values.get("languages") or ()),
            tone=choice(Tone, values["tone"]) if values.get("tone") else None,
            anybody=bool(values.get("anybody", True)),
            asked=bool(values.get("asked", False)),
        )


@dataclass(frozen=True, slots=True)
class PersonWishes:
    """A person's own defaults; None: no wish."""

    language: str | None = None
    tone: Tone | None = None
    layout: Layout | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain values for a row."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> PersonWishes:
        """What `as_json` gave; what is missing is as by default."""
        return cls(
            language=values.get("language"),
            tone=choice(Tone, values["tone"]) if values.get("tone") else None,
            layout=choice(Layout, values["layout"]) if values.get("layout") else None,
        )
