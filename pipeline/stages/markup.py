"""A block's runs as one marked-up text for a translator, and a translator's answer back as runs.

The text is XML without a root: `&amp; &lt; &gt;` escaped, `<g id="N">…</g>` around runs whose style
is not the block's main one, `<x id="N"/>` for what is kept out of the translation. Ids count from 1
in every text, so that equal sentences give equal texts wherever they stand.

Engines lose, move, repeat and break tags. Reading is tolerant: no word of an answer is ever lost;
what cannot be matched drops its style, and a kept piece that did not come back stands at the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from dragoman.domain.document import Run, Style
from pipeline.stages import protection
from pipeline.stages.protection import NO_GLOSSARY, Glossary

# Not allowed in XML 1.0 (2.2), and no text: control characters, lone surrogates, noncharacters.
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_TAG = re.compile(r"<\s*(/?)\s*([gx])\b([^<>]*?)(/?)\s*>", re.IGNORECASE)
_ID = re.compile(r"\bid\s*=\s*[\"'“”«»]?\s*(\d+)", re.IGNORECASE)
_ENTITY = re.compile(r"&(amp|lt|gt|quot|apos|#39|#x27);")
_CHARACTER = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "#39": "'", "#x27": "'"}
# A bullet or a number with a dot or bracket at the start of an item or heading is no part of the
# sentence.
_LEAD = re.compile(
    r"\s*(?:[•◦▪▫●○■□‣⁃∙·–—*►▶✓✔➢➤-]\s+"
    # not "1.5 million"
    r"|(?:\(?\d{1,3}(?:\.\d{1,3})*[.)]|\d{1,3}(?:\.\d{1,3})+|\([a-z]\))\s+(?![a-zß-ÿа-я])"
    r")?"
)
_PAGE = re.compile(r"(?<=[\s.·…_])[0-9ivxlcIVXLC]{1,6}\Z")
_LEADER = ".·…_"
SHORTEST_LEADER = 4  # three dots are an ellipsis


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that stands in for `<x id="N"/>`; `before` and `after`: a blank or an edge
    stood beside it.
    """

    run: Run
    before: bool = True
    after: bool = True


@dataclass(frozen=True, slots=True)
class Segment:
    """What a translator sees of a block, and what is needed to read its answer.

    `text` is the marked-up text. `lead` and `tail` are the runs before and after it that are no
    part of the sentence. `styles` and `kept` are by tag id.
    """

    text: str
    source: tuple[Run, ...]
    main: Style
    lead: tuple[Run, ...] = ()
    tail: tuple[Run, ...] = ()
    styles: Mapping[int, Style] = field(default_factory=dict)
    kept: Mapping[int, Kept] = field(default_factory=dict)

    @property
    def has_words(self) -> bool:
        """Whether a word is left outside of what is kept, so that an engine has to see it.

        A letter alone is a variable or a list's mark, unless its script writes words so.
        """
        return protection.has_words(plain(self.text))


def write(runs: Iterable[Run], glossary: Glossary = NO_GLOSSARY) -> Segment:
    """The segment of a block's runs."""
    source = tidy(runs)
    start, end = _sentence(_text(source))
    body, tail = _split(source, end)
    lead, body = _split(body, start)
    marks = next((index for index, run in enumerate(body) if not _is_mark(run)), 0)
    lead, body = (*lead, *body[:marks]), body[marks:]
    if len(body) > 1 and body[-1].style.superscript and _is_mark(body[-1]):
        body, tail = body[:-1], (body[-1], *tail)
    main = main_style(body)
    writer = _Writer(main, glossary)
    text = writer.write(body)
    return Segment(text, source, main, lead, tail, writer.styles, writer.kept)


def read(segment: Segment, answer: str) -> tuple[Run, ...]:
    """The runs that `answer`, a translation of `segment.text`, stands for.

    An answer without a word where the text had some is no translation: the source's own runs come
    back.
    """
    if segment.has_words and not any(character.isalnum() for character in plain(answer)):
        return segment.source
    return tidy([*segment.lead, *_Reader(segment).read(answer), *segment.tail])


def escape(text: str) -> str:
    """Plain text as XML text."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    """XML text as plain text; what is no entity we write stays as it is."""
    return _ENTITY.sub(lambda match: _CHARACTER[match.group(1)], text) if "&" in text else text


def plain(text: str) -> str:
    """The words of a marked-up text, without tags and escapes."""
    return unescape(_TAG.sub("", text))


def tidy(runs: Iterable[Run]) -> tuple[Run, ...]:
    """The same text in as few runs as possible.

    Neighbours of one style are joined, blanks take the style of what precedes them, and a word has
    one style: that of most of its letters. Engines cannot translate half a word, as in small
    capitals with a large initial.
    """
    pieces = _merged((run.text, run.style) for run in runs)
    pieces = _merged((_NO_TEXT.sub("", text), style) for text, style in pieces)
    if len(pieces) > 1:
        pieces = _merged(_whole_words(pieces))
    return tuple(Run(text, style) for text, style in pieces)


def main_style(runs: Iterable[Run]) -> Style:
    """The style of most characters."""
    weights: dict[Style, int] = {}
    for run in runs:
        if not run.style.original:
            weights[run.style] = weights.get(run.style, 0) + len(run.text.strip())
    return max(weights, key=lambda style: weights[style], default=Style())


def _merged(pieces: Iterable[tuple[str, Style]]) -> list[tuple[str, Style]]:
    """Neighbours of one style joined, and blanks moved to what precedes them."""
    merged: list[tuple[str, Style]] = []
    for text, style in pieces:
        if not text:
            continue
        before, old = merged[-1] if merged else ("", style)
        if not merged:
            merged.append((text, style))
        elif old is style or old == style or text.isspace():
            merged[-1] = (before + text, old)
        elif before.isspace():
            merged[-1] = (before + text, style)
        else:
            words = text.lstrip()
            merged[-1] = (before + text[: len(text) - len(words)], old)
            merged.append((words, style))
    return merged


def _whole_words(pieces: list[tuple[str, Style]]) -> list[tuple[str, Style]]:
    """The pieces with their edges moved so that none lies inside a word."""
    whole: list[tuple[str, Style]] = []
    for text, style in pieces:
        before, old = whole[-1] if whole else ("", style)
        start, end = len(before), 0
        if (
            before
            and not (old.original or style.original)
            and _is_letter(before[-1])
            and _is_letter(text[0])
        ):
            start = next(
                (at for at in range(len(before), 0, -1) if not _is_letter(before[at - 1])), 0
            )
            end = next(
                (at for at, character in enumerate(text) if not _is_letter(character)), len(text)
            )
        if end > len(before) - start:
            whole[-1] = (before[:start], old)
            whole.append((before[start:] + text, style))
        elif end:
            whole[-1] = (before + text[:end], old)
            whole.extend([(text[end:], style)] if text[end:] else [])
        else:
            whole.append((text, style))
    return whole


def _text(runs: Iterable[Run]) -> str:
    return "".join(run.text for run in runs)


def _split(runs: tuple[Run, ...], at: int) -> tuple[tuple[Run, ...], tuple[Run, ...]]:
    """The runs before and after character `at`; a formula in which it lies is after it as a
    whole.
    """
    before: list[Run] = []
    after: list[Run] = []
    for run in runs:
        if run.style.original and 0 < at < len(run.text):
            at = 0
        before.append(replace(run, text=run.text[: max(at, 0)]))
        after.append(replace(run, text=run.text[max(at, 0) :]))
        at -= len(run.text)
    return tuple(run for run in before if run.text), tuple(run for run in after if run.text)


def _sentence(text: str) -> tuple[int, int]:
    """Where the sentence starts and ends, without the bullet or number before it and the dot
    leader and page after it.
    """
    lead = _LEAD.match(text)
    start = lead.end() if lead else 0
    words = text.rstrip()
    page = _PAGE.search(words)
    dots = words[: page.start()] if page else words
    before = dots.rstrip(_LEADER + " ")
    end = (
        len(before)
        if sum(character in _LEADER for character in dots[len(before) :]) >= SHORTEST_LEADER
        else len(words)
    )
    return (start, end) if start < end else (0, len(text))


def _is_mark(run: Run) -> bool:
    """A footnote's number or a symbol: not part of the sentence where it stands at an end of it."""
    digits = any(map(str.isdigit, run.text))
    return not any(map(str.isalpha, run.text)) and (run.style.superscript or not digits)


class _Writer:
    """Numbers the tags of one segment."""

    def __init__(self, main: Style, glossary: Glossary) -> None:
        self.main = main
        self.glossary = glossary
        self.styles: dict[int, Style] = {}
        self.kept: dict[int, Kept] = {}
        self._last_id = 0

    def write(self, runs: tuple[Run, ...]) -> str:
        whole = _text(runs)
        parts: list[str] = []
        at = 0
        for run in runs:
            parts.append(self._run(run, whole, at))
            at += len(run.text)
        return "".join(parts)

    def _run(self, run: Run, whole: str, at: int) -> str:
        if run.style == self.main:
            return self._words(run, whole, at)
        text = run.text.rstrip()
        blanks = run.text[len(text) :]
        if run.style.original or not any(map(str.isalpha, text)):
            return self._keep(Run(text, run.style), whole, at, len(text)) + blanks
        tag = self._next_id()
        self.styles[tag] = run.style
        return f'<g id="{tag}">{self._words(replace(run, text=text), whole, at)}</g>{blanks}'

    def _words(self, run: Run, whole: str, at: int) -> str:
        parts: list[str] = []
        end = 0
        for found in protection.find(run.text, self.glossary):
            parts.append(escape(run.text[end : found.start]))
            parts.append(
                self._keep(
                    Run(found.shown, run.style), whole, at + found.start, found.end - found.start
                )
            )
            end = found.end
        return "".join([*parts, escape(run.text[end:])])

    def _keep(self, run: Run, whole: str, at: int, size: int) -> str:
        tag = self._next_id()
        before, after = whole[at - 1 : at], whole[at + size : at + size + 1]
        self.kept[tag] = Kept(run, not before or before.isspace(), not after or after.isspace())
        return f'<x id="{tag}"/>'

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id


class _Reader:
    """Reads one answer; a kept piece is set once, where it first stands."""

    def __init__(self, segment: Segment) -> None:
        self.segment = segment
        self.left = dict(segment.kept)

    def read(self, answer: str) -> list[Run]:
        runs: list[Run] = []
        tags = list(_TAG.finditer(answer))
        styled = _balanced(tags, self.segment.styles)
        open_: list[Style] = [self.segment.main]
        end = 0
        for index, tag in enumerate(tags):
            _add(runs, unescape(answer[end : tag.start()]), open_[-1])
            end = tag.end()
            if tag.group(2) in "xX":
                self._place(runs, _id(tag), answer[tag.end() : tag.end() + 1])
            elif index in styled:
                open_ = [*open_, style] if (style := styled[index]) else open_[:-1]
        _add(runs, unescape(answer[end:]), open_[-1])
        return [*runs, *self._missing(runs)]

    def _place(self, runs: list[Run], tag: int | None, following: str) -> None:
        kept = self.left.pop(tag, None) if tag is not None else None
        if kept is None:
            return
        blank_before = kept.before and _is_word(_text(runs)[-1:]) and _is_word(kept.run.text[:1])
        blank_after = kept.after and _is_word(following) and _is_word(kept.run.text[-1:])
        _add(runs, f"{' ' * blank_before}{kept.run.text}{' ' * blank_after}", kept.run.style)

    def _missing(self, runs: list[Run]) -> Iterator[Run]:
        for kept in self.left.values():
            # A footnote mark stuck to its word; everything else stands apart.
            blank = "" if kept.run.style.superscript or not runs else " "
            yield Run(blank + kept.run.text, kept.run.style)


def _balanced(tags: list[re.Match[str]], styles: Mapping[int, Style]) -> dict[int, Style | None]:
    """The style tags that count, by their index: the style that opens there, or None where one
    closes.
    """
    counted: dict[int, Style | None] = {}
    open_: list[tuple[int, Style | None]] = []
    for index, tag in enumerate(tags):
        slash, kind, _, closed = tag.groups()
        if kind in "xX" or closed:
            continue
        if not slash:
            open_.append((index, styles.get(_id(tag) or 0)))
        elif open_:
            opened, style = open_.pop()
            counted |= {opened: style, index: None} if style else {}
    return counted


def _id(tag: re.Match[str]) -> int | None:
    found = _ID.search(tag.group(3))
    return int(found.group(1)) if found else None


def _add(runs: list[Run], text: str, style: Style) -> None:
    """Append `text`, to the last run where it has the same style."""
    if text and runs and runs[-1].style == style:
        runs[-1] = replace(runs[-1], text=runs[-1].text + text)
    elif text:
        runs.append(Run(text, style))


def _is_word(character: str) -> bool:
    """A letter or digit of a script that writes blanks between words."""
    return character.isalnum() and not protection.is_unspaced(character)


def _is_letter(character: str) -> bool:
    return character.isalpha() and not protection.is_unspaced(character)
