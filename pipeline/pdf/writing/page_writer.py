"""One page translated in place: erased, set, written; what it had besides text is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pymupdf

from dragoman.domain.document import Block, DocumentWarning, Original, Page, Rect
from pipeline.pdf.analysis.block_builder import reflected_block
from pipeline.pdf.analysis.block_relations import kept_runs, own_letters
from pipeline.pdf.fonts.bidi import is_right_to_left
from pipeline.pdf.fonts.embedding import embed, reserve
from pipeline.pdf.fonts.fallback_fonts import Fonts
from pipeline.pdf.fonts.source_fonts import OwnFace
from pipeline.pdf.fonts.source_glyphs import Redrawn, found, redrawn
from pipeline.pdf.model.geometry import Direction, reflected, union
from pipeline.pdf.reading.page_reader import (
    annotation_numbers,
    detach_annotations,
    field_boxes,
    read,
)
from pipeline.pdf.reading.scan_colors import cover, strip_text
from pipeline.pdf.typesetting.collisions import unerased
from pipeline.pdf.typesetting.line_breaking import FLOOR
from pipeline.pdf.typesetting.page_composer import Composed, Composer, standing
from pipeline.pdf.typesetting.rtl_mirroring import Plan, plan
from pipeline.pdf.typesetting.shaping import Words
from pipeline.pdf.writing.content_stream import (
    AT_BASELINE,
    add_content,
    erase,
    erase_underlines,
    text_operators,
)
from pipeline.pdf.writing.kept_letters import Word, lost, restore, snapshot
from pipeline.pdf.writing.kept_words import separated
from pipeline.pdf.writing.link_areas import MOVABLE, Anchors, anchors_of, flipped_boxes
from pipeline.pdf.writing.object_changes import Changes
from pipeline.pdf.writing.page_ranges import Part, collect
from pipeline.pdf.writing.stamp import stamp_operators
from pipeline.pdf.writing.structure_tree import Tags, tags_of

TEXT_TINY = (
    "Some text on this page had to be set very small, since its translation is much longer than the"
    " original."
)
TEXT_LOST = (
    "Some signs on this page that are not translated could not be kept. Please compare it with the"
    " original."
)
TEXT_KEPT = "Some text on this page was left as it is, since there is no room for its translation."
NOTHING_AGAIN = Redrawn((), {}, whole=True)


@dataclass(slots=True)
class Writer:
    """Writes the pages of one document; `finish` embeds the fonts.

    `stamp`: what to print on every page, None: nothing. `lang`: of the translation, BCP 47. `own`:
    the document's typefaces that can be used.
    """

    pdf: pymupdf.Document
    stamp: str | None = None
    lang: str = "en"
    own: Mapping[str, OwnFace] = field(default_factory=dict)
    warnings: list[DocumentWarning] = field(default_factory=list)
    fonts: Fonts = field(init=False)
    words: Words = field(init=False)
    rtl: bool = field(init=False)
    _numbers: dict[str, int] = field(default_factory=dict)
    _changes: Changes = field(default_factory=Changes)

    def __post_init__(self) -> None:
        self.fonts = Fonts(self.lang, self.own)
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
        anchors, tags = anchors_of(sheet, annotations if kind != "null" else ""), tags_of(sheet)
        blocks += there.moved.values()
        again = [] if page.scanned or there.moved else separated(page.blocks)
        fonts: dict[str, int] = {}
        kept = NOTHING_AGAIN
        if not page.scanned:
            self.words.originals, fonts = found(sheet, _originals([*blocks, *again]))
        composed = self._composed(blocks, page, there)
        if there.flipped and len(composed) < len(blocks):
            there = there.at_home()
            composed = self._composed(blocks, page, there)
        if page.scanned:
            set_anew = [one.block for one in composed]
            strip_text(sheet, set_anew)
            covers = cover(sheet, set_anew)
        else:
            ready, kept = self._erased(sheet, page, [*composed, *self._standing(again)])
            # what is left of them would be seen in a mirror
            if there.flipped and len(ready) < len(composed):
                there, gone = there.at_home(), {one.block.id for one in ready}
                ready = [one for one in self._composed(blocks, page, there) if one.block.id in gone]
            composed = _in_order(ready, page) if again else ready
        self._warn(
            composed,
            bool({block.id for block in blocks} - {one.block.id for one in composed}),
            page.number,
        )
        operators = [covers, *kept.operators, *self._operators(composed, anchors, tags), stamp]
        reserve(self.pdf, self.fonts.used(), self._numbers)
        add_content(
            sheet,
            "\n".join(operators),
            self._numbers | self.fonts.kept() | fonts | kept.fonts,
            flipped=there.flipped,
        )
        moves = flipped_boxes(sheet, annotations, there.flipped) if there.flipped else {}
        self._changes.note(page.number, moves | anchors.moves(sheet), tags.elements)
        if page.rotation:
            sheet.set_rotation(page.rotation)
        if kind != "null":
            self.pdf.xref_set_key(sheet.xref, "Annots", annotations)

    def finish(self) -> None:
        """Embed what was used, once, after the last page."""
        self._settle()
        self._changes.make(self.pdf, self.lang)
        embed(self.pdf, self.fonts.used(), self._numbers)

    def part(self, numbers: Iterable[int]) -> Part:
        """What the pages `numbers` have become, for a join with other parts: instead of
        `finish`.
        """
        self._settle()
        return collect(self.pdf, numbers, self._numbers, self.fonts.usage(), self._changes)

    def _settle(self) -> None:
        if self.fonts.missing:
            shown = " ".join(map(_shown, sorted(self.fonts.missing)[:10]))
            message = f"No typeface here has these characters, so they were left out: {shown}"
            self.warnings.append(DocumentWarning("characters_missing", message))

    def _plan(self, page: Page, sheet: pymupdf.Page, annotations: str) -> Plan:
        """Where the blocks go when the page is read from the other side; the words of a picture
        stay where they were covered.
        """
        if page.scanned or self.rtl == (page.from_right is not None):
            return Plan()
        marks, may_flip = (
            read(sheet, field_boxes(sheet, annotations)).marks,
            _may_move(self.pdf, annotations),
        )
        if page.from_right is None:
            return plan(page, marks, may_flip=may_flip)
        direction, whole = page.from_right, (0.0, 0.0, page.width, page.height)
        alone = all(block.lines[0].direction == direction for block in page.blocks)
        blocks = tuple(reflected_block(block, direction, whole) for block in page.blocks)
        aslant = tuple(reflected(box, direction, whole) for box in page.aslant)
        seen = replace(page, blocks=blocks, aslant=aslant)
        found = plan(seen, marks.reflected(direction, whole), may_flip=may_flip and alone)
        found.moved = {block.id: block for block in page.blocks if block.id in found.moved}
        return found

    def _composed(self, blocks: Sequence[Block], page: Page, there: Plan) -> list[Composed]:
        return Composer(self.words, there, rtl=self.rtl).compose(blocks, page)

    def _standing(self, again: Iterable[Block]) -> list[Composed]:
        """Kept texts that are drawn again."""
        return [found for block in again if (found := standing(block, self.words)) is not None]

    def _erased(
        self, sheet: pymupdf.Page, page: Page, composed: Sequence[Composed]
    ) -> tuple[list[Composed], Redrawn]:
        """Take the originals' words off; gives those texts of which nothing is left on the page,
        and the kept letters that went with them, to be drawn again.
        """
        before = snapshot(sheet)
        gone, words = self._taken(sheet, page, composed)
        missing = lost(sheet, words, _staying(page, composed))
        if not missing:
            return gone, NOTHING_AGAIN
        restore(sheet, before)
        kept = redrawn(sheet, _letters_of(missing))
        if not kept.whole:
            # as what the file itself draws, which may be cut off at edges that are not known here
            missing, kept = [], NOTHING_AGAIN
        gone, words = self._taken(sheet, page, composed, missing)
        taken = {block.id for block in missing}
        others = [block for block in _staying(page, composed) if block.id not in taken]
        if lost(sheet, words, others):
            self.warnings.append(DocumentWarning("text_lost", TEXT_LOST, page.number))
        return gone, kept

    def _taken(
        self,
        sheet: pymupdf.Page,
        page: Page,
        composed: Sequence[Composed],
        also: Sequence[Block] = (),
    ) -> tuple[list[Composed], list[Word]]:
        """Take the originals' words off, and those of blocks that are drawn again; gives those
        texts of which nothing is left on the page, and the words that are.
        """
        blocks = [one.block for one in composed]
        drawn = {block.id for block in also}
        stay = [block for block in _staying(page, composed) if block.id not in drawn]
        kept = [*_stays(stay), *page.aslant]
        erase(sheet, [*blocks, *also], kept, page.blanks)
        words = sheet.get_text("words", flags=0)
        still = _left(words, blocks)
        if still:
            erase(sheet, [blocks[number] for number in still], kept, bottom=AT_BASELINE)
            words = sheet.get_text("words", flags=0)
            still = _left(words, blocks)
        gone = [one for number, one in enumerate(composed) if number not in still]
        erase_underlines(sheet, [one.block for one in gone], page.underlines)
        return gone, words

    def _operators(
        self, composed: Iterable[Composed], anchors: Anchors, tags: Tags
    ) -> Iterator[str]:
        for one in composed:
            anchors.follow(one.block, one.setting)
            written = list(
                text_operators(one.setting, one.block.lines[0].direction, self.words.originals)
            )
            yield from tags.within(one.block.prints * written, one.block)

    def _warn(self, composed: Sequence[Composed], left: bool, number: int) -> None:
        """What the reader should know of a page. `left`: some of its text could not be set."""
        if any(one.setting.scale < FLOOR for one in composed):
            self.warnings.append(DocumentWarning("text_tiny", TEXT_TINY, number))
        if left:
            self.warnings.append(DocumentWarning("text_kept", TEXT_KEPT, number))


def _shown(character: str) -> str:
    return character if character.isprintable() else f"U+{ord(character):04X}"


def _left(words: Iterable[Word], blocks: Sequence[Block]) -> set[int]:
    """The places of the blocks of which words are still on the page."""
    return unerased((word[:4] for word in words), blocks)


def _staying(page: Page, composed: Iterable[Composed]) -> list[Block]:
    """The blocks of a page that are not set anew."""
    taken = {one.block.id for one in composed}
    return [block for block in page.blocks if block.id not in taken]


def _letters_of(blocks: Iterable[Block]) -> Iterator[tuple[Original, Direction, int]]:
    """The letters of kept blocks: where they stand, and their colour."""
    for block in blocks:
        for line in block.lines:
            original = own_letters(line).style.original
            if original:
                yield original, line.direction, line.spans[0].style.color


def _stays(blocks: Iterable[Block]) -> Iterator[Rect]:
    """The boxes of all lines as MuPDF sees them when it erases: by what their typefaces say of the
    height of their letters.

    That is more than the letters need, and far more for sums and large brackets, which hang under
    their baseline.
    """
    return (
        union([line.bbox, *(span.bbox for span in line.spans)])
        for block in blocks
        for line in block.lines
    )


def _in_order(composed: Iterable[Composed], page: Page) -> list[Composed]:
    places = {block.id: place for place, block in enumerate(page.blocks)}
    return sorted(composed, key=lambda one: places[one.block.id])


def _may_move(pdf: pymupdf.Document, annotations: str) -> bool:
    """Whether all annotations of a page are such that may lie elsewhere."""
    kinds = {
        pdf.xref_get_key(number, "Subtype")[1].strip("/")
        for number in annotation_numbers(pdf, annotations)
    }
    return kinds <= set(MOVABLE)


def _originals(blocks: Iterable[Block]) -> Iterator[tuple[Original, Direction]]:
    for block in blocks:
        for run in block.target or kept_runs(block):
            if run.style.original:
                yield run.style.original, block.lines[0].direction
