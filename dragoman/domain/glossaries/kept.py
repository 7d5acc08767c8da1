"""Glossaries that are kept since somebody asked for that: for a person, a channel or a team, and
into one language (pure).

A scope is `ana@example.org`, `@example.org`, `web:NAME`, `slack:TEAM`, `slack:TEAM:USER` or
`slack:TEAM:CHANNEL`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from dragoman.domain import language
from dragoman.domain.owner import sharing
from dragoman.errors import UnsupportedOption

Terms = tuple[tuple[str, str], ...]
LONGEST_NAME = 60
_SCOPE = re.compile(r"[^\s@]*@[^\s@]+|web:\S+|slack:[^\s:]+(?::[^\s:]+)?")
_NAME = re.compile(rf"[^\x00-\x1f]{{1,{LONGEST_NAME}}}")


@dataclass(frozen=True, slots=True)
class KeptGlossary:
    """One of them. `source_lang` None: for documents in any language; `kept_at`: seconds since
    1970.
    """

    scope: str
    name: str
    target_lang: str
    terms: Terms
    source_lang: str | None = None
    kept_at: float = 0.0

    def serves(self, source_lang: str | None, target_lang: str) -> bool:
        """Whether it is for documents in `source_lang` (None: not known) into `target_lang`."""
        known = None not in (self.source_lang, source_lang)
        fits = not known or language.base(self.source_lang or "") == language.base(
            source_lang or ""
        )
        return fits and language.base(self.target_lang) == language.base(target_lang)


def scopes_of(owner: str, place: str | None = None) -> tuple[str, ...]:
    """Whose glossaries a document of `owner` uses, the nearest first: the person's, those of the
    Slack channel `place` that it was posted in, those of the team.
    """
    parts = owner.split(":")
    channel = f"{parts[0]}:{parts[1]}:{place}" if place and parts[0] == "slack" else None
    found = (_folded(owner), channel, sharing(owner))
    return tuple(dict.fromkeys(one for one in found if one))


def parse_scope(text: str) -> str:
    """A scope as it is kept. Raises UnsupportedOption, which says what may be written."""
    scope = text.strip()
    if not _SCOPE.fullmatch(scope):
        raise UnsupportedOption(
            f"“{scope[:60]}” names nobody.",
            advice=(
                "Please write an address, @ and a domain, web:NAME, slack:TEAM, slack:TEAM:USER or"
                " slack:TEAM:CHANNEL."
            ),
        )
    return _folded(scope)


def check_name(name: str) -> str:
    """A name as it is kept. Raises UnsupportedOption."""
    plain = " ".join(name.split())
    if not _NAME.fullmatch(plain):
        raise UnsupportedOption(
            f"A glossary’s name has 1 to {LONGEST_NAME} characters.",
            advice="Please give it another one with --name.",
        )
    return plain


def joined(kept: Iterable[KeptGlossary], own: Terms = ()) -> Terms:
    """All terms; where two have one for the same word the nearer one’s stands last, and counts.

    `kept`: the nearest first. `own`: what came with the document, which is nearest of all.
    """
    far_to_near = reversed([one.terms for one in kept])
    return (*(term for terms in far_to_near for term in terms), *own)


def _folded(scope: str) -> str:
    return scope.casefold() if "@" in scope and ":" not in scope else scope
