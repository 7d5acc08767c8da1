"""Where a stretch of the source's words stands in its translation. Pure.

The model tells no alignment: what the words become when they are translated alone is looked for in
the whole, and where that is not found, the place is taken by proportion, at the edges of words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from pipeline.engines.local.marked import Span
from pipeline.stages import protection

Ask = Callable[[str], str]
_WORDS = re.compile(r"[\w\ue000-\uf8ff]+")


def place(words: str, answer: str, spans: Iterable[Span], alone: Ask) -> tuple[Span, ...]:
    """The spans of `words` in `answer`, nested or apart.

    `alone` translates a stretch for itself.
    """
    found = [Span(span.id, *_place(words, answer, span, alone)) for span in spans]
    clean: list[Span] = []
    for span in sorted(found, key=lambda one: (one.start, -one.end)):
        end = min(
            [span.end, *(other.end for other in clean if other.start < span.start < other.end)]
        )
        clean.append(Span(span.id, span.start, end))
    return tuple(clean)


def _place(words: str, answer: str, span: Span, alone: Ask) -> tuple[int, int]:
    piece = words[span.start : span.end].strip()
    if not piece:
        at, _ = _by_proportion(words, answer, span)
        return at, at
    if piece == words.strip():
        return 0, len(answer)
    for wanted in dict.fromkeys((alone(piece), piece)):
        hit = _find(answer, wanted.strip(" ."), span.start * len(answer) / len(words))
        if hit:
            return hit
    return _by_proportion(words, answer, span)


def _by_proportion(words: str, answer: str, span: Span) -> tuple[int, int]:
    """As far into the answer as it is into the words, from the start of a word to the end of
    one.
    """
    scale = len(answer) / max(len(words), 1)
    found = [match.span() for match in _WORDS.finditer(answer)]
    if any(map(protection.is_unspaced, answer)):
        found = [(at, at + 1) for at in range(len(answer))]
    if not found:
        return 0, len(answer)
    start = _near([start for start, _ in found], span.start * scale)
    return start, _near([end for _, end in found if end > start], span.end * scale)


def _find(answer: str, wanted: str, expected: float) -> tuple[int, int] | None:
    """Where `wanted` stands in `answer`, in any case, nearest to `expected`."""
    if not wanted:
        return None
    hits = [match.span() for match in re.finditer(re.escape(wanted), answer, re.IGNORECASE)]
    return min(hits, key=lambda hit: abs(hit[0] - expected), default=None)


def _near(edges: list[int], at: float) -> int:
    return min(edges, key=lambda edge: abs(edge - at))
