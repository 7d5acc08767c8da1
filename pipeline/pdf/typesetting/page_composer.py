"""The texts of a page set together, and looked at.

What lies on another text is set again inside the original's box; what has no room even there is
left as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dragoman.domain.document import Align, Block, Page, Rect
from pipeline.pdf.analysis.block_builder import reflected_block
from pipeline.pdf.analysis.block_relations import is_number, is_plain, kept_runs
from pipeline.pdf.analysis.free_space import GAP
from pipeline.pdf.model.geometry import intersects, turned
from pipeline.pdf.typesetting.collisions import Placed, cores, misplaced, placed
from pipeline.pdf.typesetting.dot_leaders import Leader, shortened, with_leader, without_leader
from pipeline.pdf.typesetting.line_breaking import FLOOR, Box, SetLine, Setting, fit
from pipeline.pdf.typesetting.rtl_mirroring import Plan
from pipeline.pdf.typesetting.shaping import Words
from pipeline.pdf.typesetting.size_harmony import Fitted, fit_all
from pipeline.pdf.typesetting.text_boxes import (
    box_of,
    box_of_kept,
    cut,
    lifted,
    mirrored,
    on_sheet,
    widened,
)

ROUNDS = 5  # of looking at a page
# of a box that is mirrored, for what is not
_SAME_SIDE = {Align.LEFT: Align.RIGHT, Align.RIGHT: Align.LEFT}


@dataclass(frozen=True, slots=True)
class Composed:
    """A block and how it is set; the leader of an entry is part of the setting."""

    block: Block
    text: Fitted
    setting: Setting


class Composer:
    """Sets the blocks of one page.

    `rtl`: the translation begins at the right; `there`: where its blocks go then.
    """

    def __init__(self, words: Words, there: Plan, *, rtl: bool) -> None:
        self._words = words
        self._there = there
        self._rtl = rtl
        self._page = Page(0, 0.0, 0.0, 0, ())

    def compose(self, blocks: Sequence[Block], page: Page) -> list[Composed]:
        """The blocks that are set, in order: those without any room are left out."""
        self._page = page
        texts = [
            self._kept(block) if block.id in self._there.moved else self._text(block)
            for block in blocks
        ]
        stay = [
            block
            for block in page.blocks
            if block.target is None and block.id not in self._there.moved
        ]
        kept, sheet = [*cores(stay), *page.aslant], (0.0, 0.0, page.width, page.height)
        columns = columns_of(texts, blocks) if not self._there.moved else []
        composed = self._fitted(blocks, texts, columns)
        wrong = misplaced([self._placed(one) for one in composed], kept, sheet) if columns else None
        if wrong:
            composed = self._fitted(
                blocks, texts, [column for column in columns if not wrong.intersection(column)]
            )
        if wrong != set() or not all(one.setting.fits for one in composed):
            self._clear(composed, kept, sheet)
        return [one for one in composed if one.setting.fits or one.block.id in self._there.moved]

    def _fitted(
        self, blocks: Sequence[Block], texts: Sequence[Fitted], columns: Sequence[Sequence[int]]
    ) -> list[Composed]:
        settings = fit_all(texts, self._words.split, columns)
        return [self._composed(*one) for one in zip(blocks, texts, settings, strict=True)]

    def _clear(self, composed: list[Composed], kept: Sequence[Rect], sheet: Rect) -> None:
        """Set again what lies on other text: in the original's box, then beside what it met, at
        last not at all.
        """
        tries = Counter[int]()
        for _ in range(ROUNDS):
            left = [core for one in composed if not one.setting.fits for core in self._was(one)]
            there = [self._placed(one) for one in composed]
            wrong = misplaced(there, [*kept, *left], sheet)
            if not wrong:
                return
            for number in wrong:
                one = composed[number]
                if tries[number] == 0:
                    composed[number] = self._narrowed(one)
                elif tries[number] == 1:
                    others = [
                        line
                        for other, text in enumerate(there)
                        if other != number
                        for line in text.lines
                    ]
                    composed[number] = self._beside(one, [*kept, *left, *others])
                else:
                    composed[number] = replace(one, setting=replace(one.setting, fits=False))
                tries[number] += 1

    def _composed(self, block: Block, text: Fitted, setting: Setting) -> Composed:
        return Composed(
            block, text, with_leader(setting, text.leader, text.box) if text.leader else setting
        )

    def _placed(self, one: Composed) -> Placed:
        at_home = not self._there.flipped and one.block.id not in {
            *self._there.edges,
            *self._there.ends,
        }
        home = one.block.bbox if at_home else None
        if not one.setting.fits and at_home:
            return Placed((), home)
        return placed(
            one.setting, one.text.box.size, one.block.lines[0].direction, home, self._was(one)
        )

    def _was(self, one: Composed) -> tuple[Rect, ...]:
        """The cores of the original's lines."""
        return tuple(cores([one.block]))

    def _narrowed(self, one: Composed) -> Composed:
        """Set again where the original stood, with no room around it."""
        block = replace(one.block, room=None)
        text = self._kept(block) if block.id in self._there.moved else self._text(block)
        setting = fit(text.words, text.box, largest=one.setting.scale, split=self._words.split)
        return self._composed(block, text, setting)

    def _beside(self, one: Composed, others: Sequence[Rect]) -> Composed:
        """Set again in what `others` leave of the original's box; left out where that is too
        little.
        """
        direction = one.block.lines[0].direction
        home = turned(one.block.bbox, direction)
        met = [rect for other in others if intersects(rect := turned(other, direction), home)]
        box = cut(one.text.box, met)
        setting = (
            fit(one.text.words, box, largest=one.setting.scale, split=self._words.split)
            if box
            else one.setting
        )
        return self._composed(
            one.block,
            replace(one.text, box=box or one.text.box, leader=_before(one.text.leader, met, box)),
            replace(setting, fits=box is not None and setting.fits and setting.scale >= FLOOR),
        )

    def _kept(self, block: Block) -> Fitted:
        """What is not translated, at its new place."""
        box = widened(self._at_home(self._mirrored(box_of_kept(self._seen(block)), block), block))
        return Fitted(
            self._words.of(kept_runs(block), rtl=self._rtl and not _is_figure(block.text)),
            box,
            block.id,
        )

    def _mirrored(self, box: Box, block: Block) -> Box:
        return lifted(
            mirrored(box, self._there.edges[block.id]), self._there.lifts.get(block.id, 0.0)
        )

    def _is_from_right(self, block: Block) -> bool:
        return block.lines[0].direction == self._page.from_right

    def _seen(self, block: Block) -> Block:
        """The block as it is read: one from the right in a mirror."""
        sheet = (0.0, 0.0, self._page.width, self._page.height)
        return (
            reflected_block(block, block.lines[0].direction, sheet)
            if self._is_from_right(block)
            else block
        )

    def _at_home(self, box: Box, block: Block) -> Box:
        """The box of a block as it is read, where it is on the page."""
        left, _, right, _ = turned(
            (0.0, 0.0, self._page.width, self._page.height), block.lines[0].direction
        )
        return mirrored(box, (left, right)) if self._is_from_right(block) else box

    def _text(self, block: Block) -> Fitted:
        sheet = turned((0.0, 0.0, self._page.width, self._page.height), block.lines[0].direction)
        box = box_of(self._seen(block), block.target or (), rtl=self._rtl)
        if block.id in self._there.edges:
            box = self._mirrored(box, block)
        if block.id in self._there.ends:
            box = replace(box, align=_SAME_SIDE.get(box.align, box.align))
        box = on_sheet(self._at_home(box, block), sheet)
        end = box.left + box.right - box.original_right if self._rtl else box.original_right
        runs, leader = without_leader(block.target or (), end, self._words)
        if leader:
            box = shortened(box, leader)
        main = max(runs, key=lambda run: len(run.text)).style
        style = (main.family, round(box.size), main.bold, box.single)
        return Fitted(self._words.of(runs, rtl=self._rtl), box, style, leader)


def columns_of(texts: Sequence[Fitted], blocks: Sequence[Block]) -> list[list[int]]:
    """The places of texts that may move together, from top to bottom; entries with a leader
    stay where they are.
    """
    columns: dict[str, list[int]] = {}
    for place, (text, block) in enumerate(zip(texts, blocks, strict=True)):
        if text.leader is None and text.words:
            column = columns.pop(block.under or "", [])
            columns[block.id] = [*column, place]
    return [column for column in columns.values() if len(column) > 1]


def _before(leader: Leader | None, met: Sequence[Rect], box: Box | None) -> Leader | None:
    """The leader of a text that was set beside what it met: it ends before that."""
    ends = [rect[0] - GAP for rect in met if box and rect[0] - GAP >= box.right]
    return (
        replace(leader, end=min(leader.end, *ends))
        if leader and box and not box.rtl and ends
        else leader
    )


def standing(block: Block, words: Words) -> Composed | None:
    """A kept block set where it stands, from its target: its own letters, a run for each line.

    None: they were not all found.

    Figures and signs whose letters were not found are set in a typeface of ours.
    """
    runs, direction = block.target or (), block.lines[0].direction
    box = box_of_kept(block)
    if all(run.style.original in words.originals for run in runs):
        set_words = [words.of([run]) for run in runs]
        starts = [(turned(line.bbox, direction)[0], line.spans[0].baseline) for line in block.lines]
        lines = tuple(
            SetLine(found, *start) for found, start in zip(set_words, starts, strict=True)
        )
        return Composed(block, Fitted(set_words[0], box, block.id), Setting(lines, 1.0, fits=True))
    if not is_plain(block):
        return None
    found, box = words.of(kept_runs(block)), widened(box)
    return Composed(block, Fitted(found, box, block.id), fit(found, box))


def _is_figure(text: str) -> bool:
    """Whether a text reads from left to right everywhere: it has letters or digits, and is no
    number of a section.
    """
    return any(character.isalnum() for character in text) and not is_number(text)
