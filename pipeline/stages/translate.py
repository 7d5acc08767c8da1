"""The translate stage, pure: which texts of a document an engine has to see, in which batches, and
what it answers back.

A text is a block's marked-up sentence (`pipeline.stages.markup`); equal texts of a job are
translated once.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping

from dragoman.domain import language
from dragoman.domain.document import (
    Block,
    BlockKind,
    Document,
    Passage,
    Run,
    Style,
    with_targets,
)
from dragoman.domain.job import Options, Tone
from dragoman.ports import Limits
from pipeline.stages import flows, markup
from pipeline.stages.checks import Doubt
from pipeline.stages.markup import Segment
from pipeline.stages.protection import NO_GLOSSARY, Glossary

# Ends of sentences in Latin, Greek, Cyrillic, Arabic, Devanagari and CJK writing; CJK writes no
# blank after them.
_SENTENCE = re.compile(r"(?<=[.!?…؟।;:])\s+|(?<=[。！？；])\s*|\n+")
_BLANK_OR_TAG = re.compile(r"<[^<>]*>|\s+")
_STYLE_TAG = re.compile(r"</?g\b[^<>]*>")
_PIECE = re.compile(r"<[^<>]*>|&\w+;|.", re.DOTALL)


def needs_translation(document: Document, options: Options) -> bool:
    """Whether the document is in another language than the one wanted.

    Unknown languages count as others.
    """
    return not language.same(options.source_lang or document.source_lang, options.target_lang)


def segments(document: Document, glossary: Glossary = NO_GLOSSARY) -> tuple[str, ...]:
    """The unique texts of the document that an engine has to see, in reading order."""
    found = (
        segment for _, segment in [*_of_blocks(document, glossary), *_of_labels(document, glossary)]
    )
    return tuple(dict.fromkeys(segment.text for segment in found if segment.has_words))


def plan_batches(texts: Iterable[str], limits: Limits) -> list[tuple[str, ...]]:
    """The texts in order, filling each batch up to `limits`.

    A text that is too large alone makes a batch of its own: `cut` it before.
    """
    batches: list[tuple[str, ...]] = []
    batch: list[str] = []
    size = 0
    for text in texts:
        bytes_ = len(text.encode())
        if batch and (len(batch) == limits.texts or size + bytes_ > limits.size):
            batches.append(tuple(batch))
            batch, size = [], 0
        batch.append(text)
        size += bytes_
    return [*batches, tuple(batch)] if batch else batches


def cut(text: str, size: int) -> list[str]:
    """The text in pieces of at most `size` bytes of UTF-8 that give it again when joined.

    It is cut after sentences, else at blanks, else anywhere, but never inside a tag or an escape. A
    style that reaches over a cut is dropped.
    """
    if len(text.encode()) <= size:
        return [text]
    for pattern in (_SENTENCE, _BLANK_OR_TAG, _PIECE):
        parts = _joined(_parts(pattern, text), size)
        if all(len(part.encode()) <= size for part in parts):
            break
    whole = all(part.count("<g ") == part.count("</g>") for part in parts)
    return parts if whole else cut(_STYLE_TAG.sub("", text), size)


def apply(
    document: Document, answers: Mapping[str, str], glossary: Glossary = NO_GLOSSARY
) -> Document:
    """The document with the targets that `answers` (text of `segments` -> translation) give.

    A block whose translation is its own text stays without a target: there is nothing to set anew.
    """
    targets: dict[str, tuple[Run, ...]] = {}
    for passage, segment in _of_blocks(document, glossary):
        runs = _translated(segment, answers)
        if runs is not None:
            targets |= flows.spread(runs, passage.blocks)
    labels: dict[str, str] = {}
    for key, segment in _of_labels(document, glossary):
        runs = _translated(segment, answers)
        if runs is not None:
            labels[key] = "".join(run.text for run in runs)
    return with_targets(document, targets, labels)


def doubtful(
    document: Document, doubts: Mapping[str, Doubt], glossary: Glossary = NO_GLOSSARY
) -> Iterator[tuple[int, Block, Doubt]]:
    """Which blocks of which pages (0-based) have a text of `segments` whose translation is not
    believed.
    """
    for passage in document.passages() if doubts else ():
        block = passage.blocks[0]
        if block.translatable and (
            found := doubts.get(markup.write(passage.source, glossary).text)
        ):
            yield passage.page, block, found


def sections(document: Document, glossary: Glossary = NO_GLOSSARY) -> dict[str, str]:
    """The heading that each text of `segments` stands under where it comes first; texts before
    any heading are left out.
    """
    found: dict[str, str] = {}
    heading = ""
    for passage in document.passages():
        block = passage.blocks[0]
        if block.kind is BlockKind.HEADING:
            heading = passage.text.strip()
        elif heading and block.translatable:
            found.setdefault(markup.write(passage.source, glossary).text, heading)
    return found


def memory_key(
    engine: str,
    source_lang: str | None,
    target_lang: str,
    tone: Tone | None,
    text: str,
    *,
    team: str = "",
    version: str = "",
    context: str = "",
) -> str:
    """What a translation is remembered by: a SHA-256 in hexadecimal over everything that it depends
    on.

    `team`: who shares it (`dragoman.domain.owner.sharing`), and nobody else finds it. `version`:
    the engine's. `context`: what it was told of this text.
    """
    parts = [team, engine, version, source_lang, target_lang, tone and tone.value, context, text]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


def _of_blocks(document: Document, glossary: Glossary) -> Iterator[tuple[Passage, Segment]]:
    return (
        (passage, markup.write(passage.source, glossary))
        for passage in document.passages()
        if passage.blocks[0].translatable
    )


def _of_labels(document: Document, glossary: Glossary) -> Iterator[tuple[str, Segment]]:
    return (
        (label.key, markup.write([Run(label.text, Style())], glossary)) for label in document.labels
    )


def _translated(segment: Segment, answers: Mapping[str, str]) -> tuple[Run, ...] | None:
    """The runs that the segment becomes, None if they are its own."""
    answer = answers.get(segment.text) if segment.has_words else segment.text
    runs = markup.read(segment, answer) if answer is not None else segment.source
    return None if runs == segment.source else runs


def _parts(pattern: re.Pattern[str], text: str) -> list[str]:
    ends = [match.end() for match in pattern.finditer(text)]
    return [
        text[start:end]
        for start, end in zip([0, *ends], [*ends, len(text)], strict=True)
        if start < end
    ]


def _joined(parts: list[str], size: int) -> list[str]:
    """Neighbours put together as long as they fit."""
    return ["".join(batch) for batch in plan_batches(parts, Limits(len(parts) or 1, size))]
