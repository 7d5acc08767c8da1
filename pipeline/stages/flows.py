"""A translation set back into the blocks that its text came from, as text flows: cut by length.

Where the target is cut need not be where the source was, nor a sentence's end: a reader reads on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from dragoman.domain.document import Block, Run

_BLANK = re.compile(r"\s+")


def spread(target: tuple[Run, ...], blocks: Sequence[Block]) -> dict[str, tuple[Run, ...]]:
    """By the id of each block its part of `target`: as much of it as the block has of the source.

    No block is left empty as long as there are as many words.
    """
    if len(blocks) == 1:
        return {blocks[0].id: target}
    whole = sum(len(block.text) for block in blocks)
    parts: dict[str, tuple[Run, ...]] = {}
    rest = target
    for block in blocks[:-1]:
        text = "".join(run.text for run in rest)
        at = place_of_cut(text, len(block.text) / max(whole, 1))
        parts[block.id], rest = _cut(rest, at)
        whole -= len(block.text)
    return parts | {blocks[-1].id: rest}


def place_of_cut(text: str, share: float) -> int:
    """After how many characters a text is cut: at the blank nearest to its `share` (0 to 1); where
    there is none, exactly there.
    """
    wanted = share * len(text)
    blanks = [found.start() for found in _BLANK.finditer(text.rstrip()) if found.start() > 0]
    return min(blanks, key=lambda place: abs(place - wanted), default=max(1, round(wanted)))


def _cut(runs: Sequence[Run], at: int) -> tuple[tuple[Run, ...], tuple[Run, ...]]:
    """The runs before and after character `at`, without blanks where they part."""
    before: list[Run] = []
    after: list[Run] = []
    for run in runs:
        if run.text[: max(at, 0)]:
            before.append(replace(run, text=run.text[: max(at, 0)]))
        if run.text[max(at, 0) :]:
            after.append(replace(run, text=run.text[max(at, 0) :]))
        at -= len(run.text)
    if before:
        before[-1] = replace(before[-1], text=before[-1].text.rstrip())
    if after:
        after[0] = replace(after[0], text=after[0].text.lstrip())
    return tuple(run for run in before if run.text), tuple(run for run in after if run.text)
