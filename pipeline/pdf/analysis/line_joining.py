"""The rows of a paragraph as one text: hyphens at line ends resolved, styles made even."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from dragoman.domain.document import Run, Span, Style
from pipeline.pdf.model.scripts import RIGHT_TO_LEFT

NEAR_SIZE = 0.08  # of the block's size: rounding in the file, not another style
HYPHENS = "-\u2010\u00ad"
MOSTLY = 0.5  # of its letters: a text with more of them from right to left is one
_OPENING, _CLOSING = "([{«‹", ")]}»›"
_MIRRORED = str.maketrans(_OPENING + _CLOSING, _CLOSING + _OPENING)
_BRACKET = re.compile(r"[(\[{)\]}]")
# of a compound whose other half comes later: "Aktien- und Fondskonten", "pre- and post-war"
_SUSPENDED = re.compile(r"(?:und|oder|sowie|bzw|and|or|och|eller|og)\b")
_UNSPACED = re.compile("[\u2e80-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\u0e00-\u0eff]")


class _Spans(Protocol):
    """A row, or a line of the document."""

    @property
    def spans(self) -> Sequence[Span]: ...


def _is_none(_before: str, _after: str) -> bool:
    """No word is known to be a compound."""
    return False


def joined(
    rows: Iterable[_Spans], is_compound: Callable[[str, str], bool] = _is_none
) -> tuple[Run, ...]:
    """The text of the rows as one: hyphens at line ends resolved, no blank between CJK lines,
    styles made even.

    `is_compound`: whether a hyphen between two texts is the word's own.
    """
    rows = list(rows)
    if len(rows) == 1 and len(rows[0].spans) == 1 and not rows[0].spans[0].style.superscript:
        # thousands of cells come this way
        return tuple(_bracketed(_merge([Run(span.text, span.style) for span in rows[0].spans])))
    main = _main_style(rows)
    pieces: list[Run] = []
    for row in rows:
        runs = [Run(span.text, _even(span.style, span.text, main)) for span in row.spans]
        if pieces:
            pieces[-1], runs[0] = _join(pieces[-1], runs[0], is_compound)
        pieces += runs
    return tuple(_bracketed(_merge(pieces)))


def run_on(
    texts: Iterable[tuple[Run, ...]], is_compound: Callable[[str, str], bool] = _is_none
) -> tuple[Run, ...]:
    """Texts that go on in one another as one, joined as rows are."""
    pieces: list[Run] = []
    for runs in texts:
        following = list(runs)
        if pieces and following:
            pieces[-1], following[0] = _join(pieces[-1], following[0], is_compound)
        pieces += following
    return tuple(_merge(pieces))


def _main_style(rows: Iterable[_Spans]) -> Style:
    """The style of most letters, in the font that most of these have."""
    spans = [span for row in rows for span in row.spans if not span.style.original]
    weights: dict[Style, int] = {}
    for span in spans:
        letters = sum(map(str.isalpha, span.text))
        weights[span.style] = weights.get(span.style, 0) + 4 * letters + len(span.text)
    main = max(weights, key=lambda style: weights[style], default=Style())
    if all([span.style.font == main.font for span in spans]):  # noqa: C419  # a list is faster
        return main
    fonts = Counter[str | None]()
    for span in spans:
        fonts[span.style.font] += len(span.text) if span.style == main else 0
    return replace(main, font=fonts.most_common(1)[0][0])


def _even(style: Style, text: str, main: Style) -> Style:
    """`style` without differences from the main one that nobody sees: a rounded size, the
    typeface of a comma.
    """
    if style.original or (style is main and not style.superscript):
        return style
    if style == main and not style.superscript:
        return main
    if style.superscript and style.size >= main.size:
        style = replace(style, superscript=False)
    if abs(style.size - main.size) <= NEAR_SIZE * main.size:
        style = replace(style, size=main.size)
    if not any(map(str.isalpha, text)) and not style.superscript:
        return (
            replace(main, color=style.color)
            if style.size == main.size
            else replace(style, family=main.family)
        )
    return style


def _bracketed(runs: list[Run]) -> list[Run]:
    """The runs with brackets that open before they close.

    In a text from the right a page shows `(` where the text has `)`, and many files say what is
    shown (UAX 9 L4).
    """
    if len(runs) == 1 and runs[0].text.isascii():
        return runs
    text = "".join([run.text for run in runs])
    if len(RIGHT_TO_LEFT.findall(text)) < MOSTLY * sum(map(str.isalpha, text)):
        return runs
    if _is_paired(text) or not _is_paired(text.translate(_MIRRORED)):
        return runs
    return [Run(run.text.translate(_MIRRORED), run.style) for run in runs]


def _is_paired(text: str) -> bool:
    """Whether each bracket of a text opens before it closes."""
    depth = 0
    for sign in _BRACKET.findall(text):
        depth += 1 if sign in _OPENING else -1
        if depth < 0:
            return False
    return depth == 0


def _join(run: Run, following: Run, is_compound: Callable[[str, str], bool]) -> tuple[Run, Run]:
    """The last run of a row and the first of the next, with the line end resolved."""
    before, after = run.text, following.text
    if not before or not after:
        return run, following
    if run.style.original:
        return Run(before + " ", run.style), following
    if before[-1] in HYPHENS and _SUSPENDED.match(after):
        return Run(before + " ", run.style), following
    if before[-1] == "\u00ad" or (
        before[-1] in HYPHENS
        and before[-2:-1].isalpha()
        and after[0].isalpha()
        and after[0].islower()
        and not is_compound(before, after)
    ):
        return Run(before[:-1], run.style), following
    unspaced = _UNSPACED.match(before[-1]) and _UNSPACED.match(after[0])
    if unspaced or before[-1] in "-\u2010/\u2014" or before[-1].isspace():
        return run, following
    return Run(before + " ", run.style), following


def _merge(runs: list[Run]) -> list[Run]:
    merged: list[Run] = []
    texts: list[list[str]] = []
    for run in runs:
        text = run.text.replace("\u00ad", "")
        if merged and (merged[-1].style is run.style or merged[-1].style == run.style):
            texts[-1].append(text)
        elif text:
            merged.append(run)
            texts.append([text])
    return [Run("".join(parts), run.style) for run, parts in zip(merged, texts, strict=True)]
