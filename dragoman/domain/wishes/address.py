"""What stands after the plus of an address: `translate+de+fr@`, `translate+en-de@` (pure)."""

from __future__ import annotations

from dataclasses import dataclass

from dragoman.domain import language
from dragoman.domain.job import Tone
from dragoman.domain.wishes.lexicon import codes
from dragoman.errors import UnknownLanguage

_TONES = {tone.value: tone for tone in Tone}
_PAIR = 2


@dataclass(frozen=True, slots=True)
class Tags:
    """What an address asks for. `unknown`: a tag that names no language, None for none.

    `choices`: languages of a tag that may mean a pair or one language of a region.
    """

    targets: tuple[str, ...] = ()
    source: str | None = None
    tone: Tone | None = None
    unknown: str | None = None
    choices: tuple[str, ...] = ()


def read(address: str) -> Tags:
    """The wish of an address; nothing where there is no plus."""
    targets: list[str] = []
    source = tone = unknown = None
    choices: tuple[str, ...] = ()
    for tag in address.rpartition("@")[0].split("+")[1:]:
        words = [word for word in tag.casefold().split("-") if word]
        tone = next((_TONES[word] for word in words if word in _TONES), tone)
        rest = [word for word in words if word not in _TONES]
        named = "-".join(rest)
        if not named:
            continue
        if named in codes.AMBIGUOUS:
            choices = tuple(rest)
            continue
        found = _of_tag(named, rest)
        if found is None:
            unknown = unknown or tag
            continue
        from_, to = found
        source = from_ or source
        targets += [one for one in to if one not in targets]
    return Tags(tuple(targets), source, tone, unknown, choices)


def _of_tag(named: str, words: list[str]) -> tuple[str | None, tuple[str, ...]] | None:
    """Source and targets of one tag, None where it names no language."""
    known = codes.regional(named)
    if known:
        return None, (known,)
    tags = [codes.of_code(word) or _named(word) for word in words]
    if len(tags) == _PAIR and tags[0] and tags[1]:
        return tags[0], (tags[1],)
    if len(tags) == 1 and tags[0]:
        return None, (tags[0],)
    whole = _named(named) or _named(named.replace("-", " "))
    return (None, (whole,)) if whole else None


def _named(word: str) -> str | None:
    try:
        return language.parse(word)
    except UnknownLanguage:
        return None
