"""A marked-up text as plain words with holes, and words with holes as a marked-up text again. Pure.

A hole is one character of Unicode's private use area that stands for a kept piece: hole N is
`chr(0xE000 + N)` and stands for `pieces[N]`. A span says where the words of a `<g>` begin and end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from pipeline.stages import markup

FIRST_HOLE, LAST_HOLE = 0xE000, 0xF8FF  # more than a batch has room for
HOLE = re.compile(f"[{chr(FIRST_HOLE)}-{chr(LAST_HOLE)}]")
_TAG_OR_PRIVATE = re.compile(r'<(/?)([gx])\b(?:\s+id="(\d+)")?\s*/?>|[\ue000-\uf8ff]')
_HIDDEN = str.maketrans(
    dict.fromkeys("\u00ad\u200b\u2060\ufeff")
)  # soft hyphens and zero-width blanks cut words in two


@dataclass(frozen=True, slots=True)
class Span:
    """The words `start` to `end` stand in `<g id="{id}">`."""

    id: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Kept:
    """The words `start` to `end` are kept out of the translation; `shown` stands there then,
    None: they themselves.
    """

    start: int
    end: int
    shown: str | None = None


@dataclass(frozen=True, slots=True)
class Marked:
    """`words` with a hole for each of `pieces`, which are XML; `spans` are nested or apart."""

    words: str
    pieces: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()

    def keep(self, found: Iterable[Kept]) -> Marked:
        """The same text with a hole for each of `found`, which are in order and each within one
        stretch.
        """
        words, at = "", 0
        pieces = list(self.pieces)
        ends, places = [0], [0]  # up to where the words before are, and where that is now
        for kept in found:
            if FIRST_HOLE + len(pieces) > LAST_HOLE:
                break
            piece = self.words[kept.start : kept.end]
            words += self.words[at : kept.start] + chr(FIRST_HOLE + len(pieces))
            pieces.append(
                markup.escape(kept.shown) if kept.shown is not None else xml(piece, self.pieces)
            )
            at = kept.end
            ends.append(at)
            places.append(len(words))
        words += self.words[at:]

        def place(position: int) -> int:
            before = max(index for index, end in enumerate(ends) if end <= position)
            return places[before] + position - ends[before]

        spans = tuple(
            replace(span, start=place(span.start), end=place(span.end)) for span in self.spans
        )
        return Marked(words, tuple(pieces), spans)


def read(text: str) -> Marked:
    """The text of a `Batch` as words with holes, without what does not show."""
    text = text.translate(_HIDDEN)
    words, at = "", 0
    pieces: list[str] = []
    spans: list[Span] = []
    open_: list[tuple[str, int]] = []
    for tag in _TAG_OR_PRIVATE.finditer(text):
        words += markup.unescape(text[at : tag.start()])
        at = tag.end()
        slash, kind, number = tag.groups()
        if kind == "g" and not slash:
            open_.append((number, len(words)))
        elif kind == "g" and open_:
            opened, start = open_.pop()
            spans.append(Span(opened, start, len(words)))
        elif kind != "g" and FIRST_HOLE + len(pieces) <= LAST_HOLE:
            words += chr(FIRST_HOLE + len(pieces))
            pieces.append(tag.group())
    words += markup.unescape(text[at:])
    return Marked(
        words, tuple(pieces), tuple(sorted(spans, key=lambda span: (span.start, -span.end)))
    )


def stretches(marked: Marked) -> Iterator[tuple[int, int]]:
    """From where to where no span begins or ends."""
    edges = {
        0,
        len(marked.words),
        *(span.start for span in marked.spans),
        *(span.end for span in marked.spans),
    }
    yield from pairwise(sorted(edges))


def write(marked: Marked) -> str:
    """The XML of words with holes: every piece where its hole is, every span around its words."""
    tags: dict[int, list[tuple[int, int, str]]] = {}
    for span in marked.spans:
        opening, closing = f'<g id="{span.id}">', "</g>"
        if span.end <= span.start:
            tags.setdefault(span.start, []).append((1, 0, opening + closing))
            continue
        tags.setdefault(span.start, []).append((2, -span.end, opening))
        tags.setdefault(span.end, []).append((0, -span.start, closing))
    parts: list[str] = []
    for at in range(len(marked.words) + 1):
        parts += [tag for _, _, tag in sorted(tags.get(at, ()))]
        parts.append(xml(marked.words[at : at + 1], marked.pieces))
    return "".join(parts)


def xml(words: str, pieces: tuple[str, ...]) -> str:
    """Words with holes as XML."""

    def piece(hole: re.Match[str]) -> str:
        number = ord(hole.group()) - FIRST_HOLE
        return pieces[number] if number < len(pieces) else hole.group()

    return HOLE.sub(piece, markup.escape(words))
