"""Formulas inside sentences: found in a row, so that they stand in the translation as the page's
own letters.

A formula is what is set in a typeface of mathematics, with its indices and exponents, and what
stands between two such pieces without a word or a comma: `f(x) = 2`. Everything here is in the
turned space of the row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from dragoman.domain.document import Original, Span, Style
from pipeline.pdf.model.geometry import union
from pipeline.pdf.model.scripts import SIGNS

# Words of formulas: a text that has no others is one (ISO 80000-2, clauses 13 to 16).
_FUNCTION = re.compile(
    "(?:arc)?(?:sin|cos|tan|cot|sec|csc)h?|exp|log|l[ng]|lim|sup|inf|max|min|det|dim|ker|gcd|mod|arg|grad|div|rot|curl"
)
# All of these are shares of the row's size.
INDEX_SIZE = 0.88  # the largest that indices and exponents are
INDEX_SHIFT = 0.05  # the least that they stand over or under the baseline
TOUCHING = 0.12  # letters closer to each other belong together
_WORD = re.compile(r"[^\W\d_]{2,}|[\u2e80-\u9fff\uac00-\ud7af]")
_BETWEEN = re.compile(r"[.,;:]\s*$|[.,;:]\s")  # where a formula may be broken off, as a line is
_CLOSE = re.compile(r"[\d\s()\[\]{}|+=/<>'-]+")
_BRACKETS = {")": "(", "]": "[", "}": "{"}
# stands for a formula whose letters have no meaning (object replacement character)
NOTHING = "\ufffc"
SIGN = re.compile(rf"[\s{SIGNS}]+")


def is_word(text: str) -> bool:
    """Whether it has a word that is no function's name."""
    return any(_FUNCTION.fullmatch(word.casefold()) is None for word in _WORD.findall(text))


def with_formulas(
    spans: Sequence[Span], maths: Sequence[bool], size: float, baseline: float
) -> list[Span]:
    """The spans of a row of `size` on `baseline`, with each formula as one span whose style tells
    where its letters are.

    `maths`: which of them are in a typeface of mathematics. They are in order, from left to right.
    """
    if not any(maths):
        return list(spans)
    marked = list(maths)
    _add_indices(spans, marked, size, baseline)
    _add_between(spans, marked)
    _add_touching(spans, marked, size)
    plain = _main([span for span, one in zip(spans, marked, strict=True) if not one] or spans)
    return list(_joined(spans, marked, plain, size, baseline))


def _add_indices(spans: Sequence[Span], marked: list[bool], size: float, baseline: float) -> None:
    for place, span in enumerate(spans):
        index = (
            span.style.size <= INDEX_SIZE * size
            and abs(span.baseline - baseline) > INDEX_SHIFT * size
        )
        if index and place and marked[place - 1] and _touches(spans[place - 1], span, size):
            marked[place] = True


def _add_between(spans: Sequence[Span], marked: list[bool]) -> None:
    """What stands between two formulas joins them, unless it has words, or a comma with a blank."""
    places = [place for place, one in enumerate(marked) if one]
    for before, after in pairwise(places):
        text = "".join(span.text for span in spans[before + 1 : after]) + spans[after].text[:1]
        if after > before + 1 and not is_word(text) and not _BETWEEN.search(text):
            marked[before + 1 : after] = [True] * (after - before - 1)


def _add_touching(spans: Sequence[Span], marked: list[bool], size: float) -> None:
    """Figures and brackets right beside a formula belong to it, as far as brackets stay in
    pairs.
    """
    for place in range(1, len(spans)):
        text = spans[place].text
        if (
            not marked[place - 1]
            or marked[place]
            or not _CLOSE.fullmatch(text)
            or text[0].isspace()
        ):
            continue
        start = next((at for at in range(place - 1, -1, -1) if not marked[at]), -1) + 1
        whole = "".join(span.text for span in spans[start : place + 1])
        marked[place] = _touches(spans[place - 1], spans[place], size) and _is_paired(whole)
    for place in range(len(spans) - 2, -1, -1):
        digits = spans[place].text.strip()
        if marked[place + 1] and not marked[place] and digits.isdigit():
            marked[place] = _touches(spans[place], spans[place + 1], size)


def _touches(span: Span, following: Span, size: float) -> bool:
    return following.bbox[0] - span.bbox[2] < TOUCHING * size and not following.text[0].isspace()


def _is_paired(text: str) -> bool:
    return all(text.count(end) == text.count(start) for end, start in _BRACKETS.items())


def _main(spans: Sequence[Span]) -> Style:
    weights: dict[Style, int] = {}
    for span in spans:
        weights[span.style] = weights.get(span.style, 0) + len(span.text)
    return max(weights, key=lambda style: weights[style])


def _joined(
    spans: Sequence[Span], marked: Sequence[bool], plain: Style, size: float, baseline: float
) -> Iterator[Span]:
    held: list[Span] = []
    for span, one in zip(spans, marked, strict=True):
        if one:
            held.append(span)
            continue
        if held:
            yield _formula(held, plain, size, baseline)
            held = []
        yield span
    if held:
        yield _formula(held, plain, size, baseline)


def _formula(spans: Sequence[Span], plain: Style, size: float, baseline: float) -> Span:
    text = "".join(span.text for span in spans)
    blank = " " if text[0].isspace() else ""
    parts = tuple(
        (span.bbox[0], span.bbox[2], span.baseline, len("".join(span.text.split())))
        for span in spans
    )
    style = replace(
        plain,
        size=round(size, 1),
        color=spans[0].style.color,
        superscript=False,
        original=Original(parts, baseline),
    )
    known = text.isprintable() or SIGN.fullmatch(text)
    shown = text.strip() if known and text.strip() else NOTHING
    return Span(blank + shown, style, union(span.bbox for span in spans), baseline)
