"""One page translated in place: erased, set, written; what it had besides text is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import pymupdf

from dragoman.domain.document import Align, Block, DocumentWarning, Original, Page, Rect
from pipeline.pdf.bidi import is_right_to_left
from pipeline.pdf.boxes import box_of, box_of_kept, mirrored, widened
from pipeline.pdf.covering import cover, strip_text
from pipeline.pdf.embedding import embed, reserve
from pipeline.pdf.evenness import Fitted, fit_all
from pipeline.pdf.fonts import Fonts
from pipeline.pdf.geometry import Direction, contains
from pipeline.pdf.leaders import shortened, with_leader, without_leader
from pipeline.pdf.mirroring import Plan, plan
from pipeline.pdf.parts import Part, collect
from pipeline.pdf.places import is_number, kept_runs
from pipeline.pdf.reading import detach_annotations, field_boxes, read
from pipeline.pdf.returning import found
from pipeline.pdf.stamp import stamp_operators
from pipeline.pdf.typesetting import FLOOR
from pipeline.pdf.words import Words
from pipeline.pdf.writing import add_content, erase, text_operators

_SAME_SIDE = {Align.LEFT: Align.RIGHT, Align.RIGHT: Align.LEFT}  # of a box that is mirrored, for what is not
HANGING = 4.0  # points that letters may reach out of their line's box, by their typeface's own word for it


@dataclass(slots=True)
class Writer:
    """Writes the pages of one document; `finish` embeds the fonts.

    `stamp`: what to print on every page, None: nothing. `lang`: of the translation, BCP 47.
    """

    pdf: pymupdf.Document
    stamp: str | None = None
    lang: str = "en"
    warnings: list[DocumentWarning] = field(default_factory=list)
    fonts: Fonts = field(init=False)
    words: Words = field(init=False)
    rtl: bool = field(init=False)
    _numbers: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.fonts = Fonts(self.lang)
        self.words = Words(self.fonts)
        self.rtl = is_right_to_left(self.lang)

    def write(self, page: Page) -> None:
        """Set the targets of a page. A page with none, and no stamp, is not touched at all."""
        blocks = [block for block in page.blocks if block.target is not None]
        if not blocks and self.stamp is None:
            return
        kind, annotations = detach_annotations(self.pdf, page.number)
        sheet = self.pdf.load_page(page.number)
        stamp = stamp_operators(self.stamp, sheet, self.words) if self.stamp else ""
        if page.rotation:
            sheet.set_rotation(0)
        covers = ""
        there = self._plan(page, sheet, annotations if kind != "null" else "")
        blocks += there.moved.values()
        self.words.originals, fonts = found(sheet, _originals(blocks)) if not page.scanned else ({}, {})
        if page.scanned:
            strip_text(sheet)
            covers = cover(sheet, blocks)
        else:
            kept = [block for block in page.blocks if block.target is None and block.id not in there.moved]
            erase(sheet, blocks, [*_stays(kept), *page.aslant], page.blanks)
        operators = [covers, *self._set(blocks, there, page.number), stamp]
        reserve(self.pdf, self.fonts.used(), self._numbers)
        add_content(sheet, "\n".join(operators), self._numbers | fonts, flipped=there.flipped)
        if page.rotation:
            sheet.set_rotation(page.rotation)
        if kind != "null":
            self.pdf.xref_set_key(sheet.xref, "Annots", annotations)

    def finish(self) -> None:
        """Embed what was used, once, after the last page."""
        self._settle()
        embed(self.pdf, self.fonts.used(), self._numbers)

    def part(self, numbers: Iterable[int]) -> Part:
        """What the pages `numbers` have become, for a join with other parts: instead of `finish`."""
        self._settle()
        return collect(self.pdf, numbers, self._numbers, self.fonts.usage())

    def _settle(self) -> None:
        if self.fonts.missing:
            shown = " ".join(sorted(self.fonts.missing)[:10])
            message = f"No typeface here has these characters, so they were left out: {shown}"
            self.warnings.append(DocumentWarning("characters_missing", message))

    def _plan(self, page: Page, sheet: pymupdf.Page, annotations: str) -> Plan:
        """Where the blocks go when the page is read from the right; the words of a picture stay where they were covered."""
        if not self.rtl or page.scanned:
            return Plan()
        return plan(page, read(sheet, field_boxes(sheet, annotations)).marks, may_flip=not annotations)

    def _set(self, blocks: Sequence[Block], there: Plan, number: int) -> Iterator[str]:
        texts = [self._kept(block, there) if block.id in there.moved else self._text(block, there) for block in blocks]
        settings = fit_all(texts, self.words.split)
        if any(setting.scale < FLOOR or not setting.fits for setting in settings):
            self._warn_tiny(number)
        for block, text, setting in zip(blocks, texts, settings, strict=True):
            if text.leader:
                setting = with_leader(setting, text.leader, text.box)
            yield from text_operators(setting, block.lines[0].direction, self.words.originals)

    def _kept(self, block: Block, there: Plan) -> Fitted:
        """What is not translated, at its new place."""
        box = widened(mirrored(box_of_kept(block), there.edges[block.id]))
        return Fitted(self.words.of(kept_runs(block), rtl=is_number(block.text)), box, block.id)

    def _text(self, block: Block, there: Plan) -> Fitted:
        box = box_of(block, block.target or (), rtl=self.rtl)
        if block.id in there.edges:
            box = mirrored(box, there.edges[block.id])
        elif block.id in there.ends:
            box = replace(box, align=_SAME_SIDE.get(box.align, box.align))
        end = box.left + box.right - box.original_right if self.rtl else box.original_right
        runs, leader = without_leader(block.target or (), end, self.words)
        if leader:
            box = shortened(box, leader)
        main = max(runs, key=lambda run: len(run.text)).style
        return Fitted(
            self.words.of(runs, rtl=self.rtl), box, (main.family, round(box.size), main.bold, box.single), leader
        )

    def _warn_tiny(self, number: int) -> None:
        message = (
            "Some text on this page had to be set very small, since its translation is much longer than the original."
        )
        warning = DocumentWarning("text_tiny", message, number)
        if warning not in self.warnings:
            self.warnings.append(warning)


def _stays(blocks: Iterable[Block]) -> Iterator[Rect]:
    """The boxes of all lines. Sums and large brackets hang far below their baseline."""
    for line in (line for block in blocks for line in block.lines):
        yield line.bbox
        yield from (span.bbox for span in line.spans if not contains(line.bbox, span.bbox, slack=HANGING))


def _originals(blocks: Iterable[Block]) -> Iterator[tuple[Original, Direction]]:
    for block in blocks:
        for run in block.target or kept_runs(block):
            if run.style.original:
                yield run.style.original, block.lines[0].direction
