"""A marked-up text as plain words with holes, and words with holes as a marked-up text again. Pure.

A hole is one character of Unicode's private use area that stands for a kept piece: hole N is `chr(0xE000 + N)` and stands
for `pieces[N]`. A span says where the words of a `<g>` begin and end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from pipeline.stages import markup

FIRST_HOLE, LAST_HOLE = 0xE000, 0xF8FF
HOLE = re.compile(f"[{chr(FIRST_HOLE)}-{chr(LAST_HOLE)}]")
_TAG = re.compile(r'<(/?)([gx])\b(?:\s+id="(\d+)")?\s*/?>')


@dataclass(frozen=True, slots=True)
class Span:
    """The words `start` to `end` stand in `<g id="{id}">`."""

    id: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Marked:
    """`words` with a hole for each of `pieces`, which are XML; `spans` are nested or apart."""

    words: str
    pieces: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()


def read(text: str) -> Marked:
    """The text of a `Batch` as words with holes."""
    words, at = "", 0
    pieces: list[str] = []
    spans: list[Span] = []
    open_: list[tuple[str, int]] = []
    for tag in _TAG.finditer(text):
        words += markup.unescape(text[at : tag.start()])
        at = tag.end()
        slash, kind, number = tag.groups()
        if kind == "x":
            words += chr(FIRST_HOLE + len(pieces))
            pieces.append(tag.group())
        elif not slash:
            open_.append((number, len(words)))
        elif open_:
            opened, start = open_.pop()
            spans.append(Span(opened, start, len(words)))
    words += markup.unescape(text[at:])
    return Marked(words, tuple(pieces), tuple(sorted(spans, key=lambda span: (span.start, -span.end))))


def stretches(marked: Marked) -> Iterator[tuple[int, int]]:
    """From where to where no span begins or ends."""
    edges = {0, len(marked.words), *(span.start for span in marked.spans), *(span.end for span in marked.spans)}
    yield from pairwise(sorted(edges))


def keep(marked: Marked, found: Iterable[tuple[int, int]]) -> Marked:
    """The same text with further holes for the words `found` (start, end), in order, each within one stretch."""
    words, at = "", 0
    pieces = list(marked.pieces)
    moved: list[tuple[int, int]] = []  # (position before, what it is shorter from there on)
    for start, end in found:
        if FIRST_HOLE + len(pieces) > LAST_HOLE:
            break
        words += marked.words[at:start] + chr(FIRST_HOLE + len(pieces))
        pieces.append(markup.escape(marked.words[start:end]))
        moved.append((end, len(words)))
        at = end
    words += marked.words[at:]
    ends = [0, *(end for end, _ in moved)]
    places = [0, *(place for _, place in moved)]

    def place(position: int) -> int:
        before = max(index for index, end in enumerate(ends) if end <= position)
        return places[before] + position - ends[before]

    spans = tuple(replace(span, start=place(span.start), end=place(span.end)) for span in marked.spans)
    return Marked(words, tuple(pieces), spans)


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
        if at < len(marked.words):
            parts.append(_xml(marked.words[at], marked.pieces))
    return "".join(parts)


def _xml(character: str, pieces: tuple[str, ...]) -> str:
    number = ord(character) - FIRST_HOLE
    return pieces[number] if 0 <= number < len(pieces) else markup.escape(character)
