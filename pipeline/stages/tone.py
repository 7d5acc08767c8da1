"""The tone stage, pure: which translated texts a tone model rephrases, and the document with its
answers.

Formality and most styles are asked for while translating; a tone model polishes afterwards, where
there is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dragoman.domain import language
from dragoman.domain.document import Block, BlockKind, Document, Run, with_targets
from dragoman.domain.job import Tone
from dragoman.ports import Capabilities
from pipeline.stages import flows, markup

SHORTEST_WORDS = 4  # headings and cells of a few words have no tone


def honoured(tone: Tone | None, target_lang: str, capabilities: Capabilities) -> bool:
    """Whether the engine itself minds the tone while translating; True where none is asked for."""
    if tone is None:
        return True
    tags = capabilities.formality if tone in (Tone.FORMAL, Tone.INFORMAL) else capabilities.styles
    return target_lang in tags or any(language.same(tag, target_lang) for tag in tags)


def segments(document: Document) -> tuple[str, ...]:
    """The unique translated texts that are worth rephrasing, in reading order."""
    return tuple(
        dict.fromkeys(
            markup.write(target).text
            for passage in document.passages()
            if (target := passage.target) and _has_tone(passage.blocks[0], target)
        )
    )


def apply(document: Document, answers: Mapping[str, str]) -> Document:
    """The document with its targets rephrased as `answers` (text of `segments` -> text) say;
    others stay.
    """
    targets: dict[str, tuple[Run, ...]] = {}
    for passage in document.passages():
        target = passage.target
        if not target or not _has_tone(passage.blocks[0], target):
            continue
        segment = markup.write(target)
        if segment.text in answers:
            runs = markup.read(segment, answers[segment.text])
            targets |= flows.spread(runs, passage.blocks)
    return with_targets(document, targets, {})


def _has_tone(block: Block, target: Iterable[Run]) -> bool:
    words = "".join(run.text for run in target).split()
    return block.kind in (BlockKind.PARAGRAPH, BlockKind.CAPTION) and len(words) >= SHORTEST_WORDS
