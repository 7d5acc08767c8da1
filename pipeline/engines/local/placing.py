"""Where a stretch of the source's words stands in its translation. Pure.

The model tells no alignment: what the words become when they are translated alone is looked for in the whole, and where that is
not found, the place is taken by proportion, at the edges of words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from pipeline.engines.local.marked import Span

Ask = Callable[[str], str]
_EDGES = re.compile(r"\b(?=\w)|(?<=\w)\b")


def place(words: str, answer: str, spans: Iterable[Span], alone: Ask) -> tuple[Span, ...]:
    """The spans of `words` in `answer`, nested or apart. `alone` translates a stretch for itself."""
    found = [Span(span.id, *_place(words, answer, span, alone)) for span in spans]
    clean: list[Span] = []
    for span in sorted(found, key=lambda one: (one.start, -one.end)):
        end = min([span.end, *(other.end for other in clean if other.start < span.start < other.end)])
        clean.append(Span(span.id, span.start, end))
    return tuple(clean)


def _place(words: str, answer: str, span: Span, alone: Ask) -> tuple[int, int]:
    piece = words[span.start : span.end].strip()
    if not piece:
        at = _near(_edges(answer), span.start * len(answer) / max(len(words), 1))
        return at, at
    if piece == words.strip():
        return 0, len(answer)
    for wanted in dict.fromkeys((alone(piece), piece)):
        hit = _find(answer, wanted.strip(" ."), span.start * len(answer) / len(words))
        if hit:
            return hit
    edges = _edges(answer)
    scale = len(answer) / max(len(words), 1)
    start, end = _near(edges, span.start * scale), _near(edges, span.end * scale)
    return start, max(start, end)


def _find(answer: str, wanted: str, expected: float) -> tuple[int, int] | None:
    """Where `wanted` stands in `answer`, in any case, nearest to `expected`."""
    if not wanted:
        return None
    hits = [match.span() for match in re.finditer(re.escape(wanted), answer, re.IGNORECASE)]
    return min(hits, key=lambda hit: abs(hit[0] - expected), default=None)


def _edges(answer: str) -> list[int]:
    return sorted({0, len(answer), *(match.start() for match in _EDGES.finditer(answer))})


def _near(edges: list[int], at: float) -> int:
    return min(edges, key=lambda edge: abs(edge - at))
