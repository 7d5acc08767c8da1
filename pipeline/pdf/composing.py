"""The texts of a page set together, and looked at.

What lies on another text is set again inside the original's box; what has no room even there is left as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dragoman.domain.document import Align, Block, Page
from pipeline.pdf.boxes import box_of, box_of_kept, lifted, mirrored, widened
from pipeline.pdf.checking import Placed, cores, misplaced, placed
from pipeline.pdf.evenness import Fitted, fit_all
from pipeline.pdf.leaders import shortened, with_leader, without_leader
from pipeline.pdf.mirroring import Plan
from pipeline.pdf.places import is_number, kept_runs
from pipeline.pdf.typesetting import Box, Setting, fit
from pipeline.pdf.words import Words

_SAME_SIDE = {Align.LEFT: Align.RIGHT, Align.RIGHT: Align.LEFT}  # of a box that is mirrored, for what is not


@dataclass(frozen=True, slots=True)
class Composed:
    """A block and how it is set; the leader of an entry is part of the setting."""

    block: Block
    text: Fitted
    setting: Setting


class Composer:
    """Sets the blocks of one page. `rtl`: the translation begins at the right; `there`: where its blocks go then."""

    def __init__(self, words: Words, there: Plan, *, rtl: bool) -> None:
        self._words = words
        self._there = there
        self._rtl = rtl

    def compose(self, blocks: Sequence[Block], page: Page) -> list[Composed]:
        """The blocks that are set, in order: those without any room are left out."""
        texts = [self._kept(block) if block.id in self._there.moved else self._text(block) for block in blocks]
        settings = fit_all(texts, self._words.split)
        composed = [self._composed(*one) for one in zip(blocks, texts, settings, strict=True)]
        stay = [block for block in page.blocks if block.target is None and block.id not in self._there.moved]
        sheet = (0.0, 0.0, page.width, page.height)
        for number in misplaced([self._placed(one) for one in composed], [*cores(stay), *page.aslant], sheet):
            composed[number] = self._narrowed(composed[number])
        return [one for one in composed if one.setting.fits or one.block.id in self._there.moved]

    def _composed(self, block: Block, text: Fitted, setting: Setting) -> Composed:
        return Composed(block, text, with_leader(setting, text.leader, text.box) if text.leader else setting)

    def _placed(self, one: Composed) -> Placed:
        at_home = not self._there.flipped and one.block.id not in {*self._there.edges, *self._there.ends}
        home = one.block.bbox if at_home else None
        return placed(one.setting, one.text.box.size, one.block.lines[0].direction, home)

    def _narrowed(self, one: Composed) -> Composed:
        """Set again where the original stood, with no room around it."""
        block = replace(one.block, room=None)
        text = self._kept(block) if block.id in self._there.moved else self._text(block)
        setting = fit(text.words, text.box, largest=one.setting.scale, split=self._words.split)
        return self._composed(block, text, setting)

    def _kept(self, block: Block) -> Fitted:
        """What is not translated, at its new place."""
        box = widened(self._mirrored(box_of_kept(block), block))
        return Fitted(self._words.of(kept_runs(block), rtl=not _is_figure(block.text)), box, block.id)

    def _mirrored(self, box: Box, block: Block) -> Box:
        return lifted(mirrored(box, self._there.edges[block.id]), self._there.lifts.get(block.id, 0.0))

    def _text(self, block: Block) -> Fitted:
        box = box_of(block, block.target or (), rtl=self._rtl)
        if block.id in self._there.edges:
            box = self._mirrored(box, block)
        if block.id in self._there.ends:
            box = replace(box, align=_SAME_SIDE.get(box.align, box.align))
        end = box.left + box.right - box.original_right if self._rtl else box.original_right
        runs, leader = without_leader(block.target or (), end, self._words)
        if leader:
            box = shortened(box, leader)
        main = max(runs, key=lambda run: len(run.text)).style
        style = (main.family, round(box.size), main.bold, box.single)
        return Fitted(self._words.of(runs, rtl=self._rtl), box, style, leader)


def _is_figure(text: str) -> bool:
    """Whether a text reads from left to right everywhere: it has letters or digits, and is no number of a section."""
    return any(character.isalnum() for character in text) and not is_number(text)
