"""A document as values: Document > Page > Block > Line > Span, and its words as segments.

Coordinates are PDF points in the page's own unrotated space, origin top left, `(x0, y0, x1, y1)`;
pages count from 0. A `Text` is what stands in a block, piece by piece in reading order: `Run`s of
one style. The translator sees each block as one `Segment` of marked-up text (see
`pipeline.stages.markup`); `Block.target` holds what comes back.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import TypeAdapter

Rect = tuple[float, float, float, float]
OPAQUE = 255  # of a style's alpha


class Family(StrEnum):
    """The three kinds of typeface that a substitute is chosen by."""

    SERIF = "serif"
    SANS = "sans"
    MONO = "mono"


class BlockKind(StrEnum):
    """What a block is; only `PARAGRAPH`, `HEADING`, `CELL` and `CAPTION` are translated.

    `UNREADABLE` text cannot be seen (the layer under a scan) or has letters without a known
    meaning.
    """

    PARAGRAPH = "paragraph"
    HEADING = "heading"
    CELL = "cell"
    CAPTION = "caption"
    CODE = "code"
    FORMULA = "formula"
    UNREADABLE = "unreadable"


KEPT = frozenset({BlockKind.CODE, BlockKind.FORMULA, BlockKind.UNREADABLE})
"""Kinds that are left as they are."""


class Align(StrEnum):
    """How the lines of a block stand in its box."""

    LEFT = "left"
    CENTER = "center"
    RIGHT = "right"
    JUSTIFY = "justify"


@dataclass(frozen=True, slots=True)
class Original:
    """Letters of the source's page that stand for a run as they are, a formula's: each of `parts`
    is a stretch of one baseline.

    A part is its left and right edge, its baseline, and how many letters it has, blanks not
    counted. `baseline` is that of the line. All in points, once the page is turned so that the line
    reads upright.
    """

    parts: tuple[tuple[float, float, float, int], ...]
    baseline: float


@dataclass(frozen=True, slots=True)
class Style:
    """How a run looks.

    `size` in points; `color` as 0xRRGGBB; `alpha` from 1 (next to invisible) to 255 (opaque).
    `outlined`: only the edges of its letters are drawn. `underlined`: by a line that the page has
    drawn. `original`: it looks as on the source's page; None: it is set.

    `font`: what the source calls its typeface, None where that says too little of its look. Styles
    that differ in it only are equal.
    """

    family: Family = Family.SANS
    size: float = 11.0
    color: int = 0
    bold: bool = False
    italic: bool = False
    superscript: bool = False
    original: Original | None = None
    font: str | None = field(default=None, compare=False)
    alpha: int = OPAQUE
    outlined: bool = False
    underlined: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """Characters of one style."""

    text: str
    style: Style


@dataclass(frozen=True, slots=True)
class Span:
    """Characters of one style on one line, as read from the page.

    `baseline` is the y of its origin; in a line with another direction, y once the page is turned
    so that it reads upright.
    """

    text: str
    style: Style
    bbox: Rect
    baseline: float


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a block. `direction` is the unit vector of writing: (1, 0) is left to right."""

    spans: tuple[Span, ...]
    bbox: Rect
    direction: tuple[float, float] = (1.0, 0.0)

    @property
    def text(self) -> str:
        """The line's characters, without the line end."""
        return "".join(span.text for span in self.spans)


@dataclass(frozen=True, slots=True)
class Flow:
    """A text that goes on in other blocks, in the next column or on the next page.

    `source`: of all of them, as one; `blocks`: their ids in order, the first one's too.
    """

    source: tuple[Run, ...]
    blocks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, heading, cell or caption: what is translated and set as one.

    `source` is the block's text with line ends resolved (hyphens joined); `target` is None until it
    is translated, and stays None for a block that is to be left as it is. `room` is the free area
    around `bbox` that a longer text may grow into; None: there is none. `prints`: how many times
    the page has it at one place, as some programs make bold letters. `under`: the id of the block
    over it in its column, where nothing stands between or beside the two; None: there is none.

    `flow`: its text goes on in other blocks, and is translated with theirs as one; None: it does
    not, or is no first one. `goes_on`: another block follows in its flow; `follows`: one went
    before, which has the `flow`.
    """

    id: str
    kind: BlockKind
    bbox: Rect
    lines: tuple[Line, ...]
    source: tuple[Run, ...]
    align: Align = Align.LEFT
    target: tuple[Run, ...] | None = None
    room: Rect | None = None
    prints: int = 1
    under: str | None = None
    flow: Flow | None = None
    goes_on: bool = False
    follows: bool = False

    @property
    def text(self) -> str:
        """The source text without style."""
        return "".join(run.text for run in self.source)

    @property
    def translatable(self) -> bool:
        """Whether the translator should see it at all."""
        return self.kind not in KEPT and any(map(str.isalpha, self.text))


@dataclass(frozen=True, slots=True)
class Page:
    """One page. `width`, `height` in points before `rotation` (0, 90, 180, 270 degrees clockwise).

    `scanned`: its words were recognised in a picture, where they are covered, since they cannot be
    erased. `aslant`: boxes of text that is not read, since it runs along no axis. `blanks`: of
    blanks before and after its lines. `from_right`: the direction of writing in which it is read
    from the right; `Block.align` counts from there then, so that `LEFT` is where lines begin. None:
    it is read from the left. `underlines`: the boxes of lines that are drawn under words.
    """

    number: int
    width: float
    height: float
    rotation: int
    blocks: tuple[Block, ...]
    scanned: bool = False
    aslant: tuple[Rect, ...] = ()
    blanks: tuple[Rect, ...] = ()
    from_right: tuple[float, float] | None = None
    underlines: tuple[Rect, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """A text that is translated as one: a block, or those of a flow. `page` is the first one's,
    0-based.
    """

    page: int
    blocks: tuple[Block, ...]

    @property
    def source(self) -> tuple[Run, ...]:
        """The text as it is sent, without line ends."""
        first = self.blocks[0]
        return first.flow.source if first.flow else first.source

    @property
    def text(self) -> str:
        """The same without style."""
        return "".join(run.text for run in self.source)

    @property
    def target(self) -> tuple[Run, ...] | None:
        """The translation, as one; None: some of it stays as it is."""
        runs: list[Run] = []
        for block in self.blocks:
            if block.target is None:
                return None
            if runs:
                runs[-1] = replace(runs[-1], text=f"{runs[-1].text} ")
            runs += block.target
        return tuple(runs)


@dataclass(frozen=True, slots=True)
class Label:
    """A text outside the pages that is translated too: the document's title, an outline entry, a
    field's hint, a figure's description.

    `key` is `"title"`, `"outline.N"`, N counting from 0 in the outline's order, or `"field.N"` and
    `"figure.N"`, N an object's number.
    """

    key: str
    text: str
    target: str | None = None


@dataclass(frozen=True, slots=True)
class DocumentWarning:
    """Something the reader of the result should know.

    `page` is 0-based; None: about the whole document.
    """

    code: str
    message: str
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Gist:
    """What has to be known of a range of pages to judge the whole document, small enough for a
    database row.

    `pages`, `unreadable`, `scans` (those that nothing could read) and `vertical` (those with lines
    from top to bottom) count pages; `sample` is its most telling text, at most as much as a
    language is detected by.
    """

    pages: int
    blocks: int
    characters: int
    unreadable: int
    sample: str
    scans: int = 0
    vertical: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """The words of one PDF and where they stand.

    `source_lang` is None when detection had nothing to go by.
    """

    pages: tuple[Page, ...]
    page_count: int
    source_lang: str | None = None
    labels: tuple[Label, ...] = ()
    warnings: tuple[DocumentWarning, ...] = ()

    def blocks(self) -> list[Block]:
        """All blocks of all pages, in reading order."""
        return [block for page in self.pages for block in page.blocks]

    def passages(self) -> Iterator[Passage]:
        """What is translated as one, in reading order."""
        by_id = {block.id: block for block in self.blocks()}
        for page in self.pages:
            for block in page.blocks:
                if not block.follows:
                    names = block.flow.blocks if block.flow else (block.id,)
                    yield Passage(page.number, tuple(by_id[name] for name in names))

    def characters(self) -> int:
        """Characters of all translatable blocks."""
        return sum(len(block.text) for block in self.blocks() if block.translatable)


def with_targets(
    document: Document, targets: dict[str, tuple[Run, ...]], labels: dict[str, str]
) -> Document:
    """The same document with `Block.target` set by block id and `Label.target` by key; others
    are left as they are.
    """

    def block_with(block: Block) -> Block:
        return replace(block, target=targets[block.id]) if block.id in targets else block

    pages = tuple(
        replace(page, blocks=tuple(map(block_with, page.blocks))) for page in document.pages
    )
    named = tuple(
        replace(label, target=labels.get(label.key, label.target)) for label in document.labels
    )
    return replace(document, pages=pages, labels=named)


@cache
def _adapter() -> TypeAdapter[Document]:
    # loading it takes 0.1 s, which a document that never waits saves
    from pydantic import TypeAdapter

    return TypeAdapter(Document)


def to_json(document: Document) -> bytes:
    """The document as JSON, the form in which it passes between processes."""
    return _adapter().dump_json(document)


def from_json(data: bytes) -> Document:
    """What `to_json` wrote, each value checked. Raises ValueError for anything else."""
    return _adapter().validate_json(data)


def to_bytes(document: Document) -> bytes:
    """The document as gzipped JSON, the form in which it waits between two stages."""
    return gzip.compress(to_json(document), compresslevel=5, mtime=0)


def from_bytes(data: bytes) -> Document:
    """What `to_bytes` wrote. Raises ValueError for anything else."""
    try:
        return from_json(gzip.decompress(data))
    except (OSError, EOFError, zlib.error) as error:
        message = "not a stored document"
        raise ValueError(message) from error
