"""Pages whose words are pictures: read by Tesseract, where it is installed, as rows like those of
any other page.

Tesseract runs as a program of its own with one thread: two take three times the CPU time and are no
faster (measured with 5.3 on a page of 200 dpi: 2.9 s against 10 s). Words that an earlier
recognition left under a picture are used instead of recognising them again.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from statistics import median

import pymupdf

from dragoman.domain.document import BlockKind, Family, Page, Rect, Span, Style
from pipeline.pdf.model.geometry import UPRIGHT, Direction, area, axis, turned, turned_point
from pipeline.pdf.model.text_rows import ASCENT, DESCENT, Marks, Reading, Row
from pipeline.pdf.reading import scan_colors

PROGRAM = "tesseract"
# Tesseract's own advice is 300 (its documentation, "ImproveQuality"); 200 reads the same words in
# less time
DPI = 200
MOST_PIXELS = 16_000_000  # of a page: larger ones are read at fewer dots per inch
TIMEOUT_S = 35.0  # a run; a first page may take three, which is less than a child may be silent
LEAST_CONFIDENCE = 40.0  # of 100; what is below is a smudge or a pattern
LEAST_LINE_CONFIDENCE = 60.0
CELL_GAP = 2.0  # of a line's height: words of one sentence are closer
SCAN_SHARE = 0.4  # of a page, in pictures
SCAN_LETTERS = 60  # a page of pictures with fewer letters of its own has its words in the pictures
# a page without words that has less ink is an empty one
INK_DPI, INK_DARK, INK_SHARE = 36, 160, 0.004
WORDLIKE = 0.6  # share of letters and digits in text that was recognised before
SPELLED = 0.4  # of the words: with more of them of one letter, it was written letter by letter
SAME_SIZE = 0.18  # sizes of lines that differ by less are one size, measured imprecisely
# of the height that Tesseract gives a line: the size of its letters (measured: 1.04 to 1.13)
HEIGHT_TO_SIZE = 1.08
# Of a text's width in Times: letters that are wider have no serifs (Helvetica: 1.11), or are a
# typewriter's (Courier: 1.5).
SANS_WIDER, MONO_WIDER = 1.065, 1.35

# ISO 639-1 codes, and scripts of Chinese, to the names of Tesseract's language files.
FILES = {
    "ar": "ara", "bg": "bul", "bn": "ben", "ca": "cat", "cs": "ces", "da": "dan", "de": "deu", "el": "ell", "en": "eng", "es": "spa", "et": "est",  # noqa: E501
    "eu": "eus", "fa": "fas", "fi": "fin", "fr": "fra", "ga": "gle", "gl": "glg", "he": "heb", "hi": "hin", "hr": "hrv", "hu": "hun", "hy": "hye",  # noqa: E501
    "id": "ind", "is": "isl", "it": "ita", "ja": "jpn", "ka": "kat", "ko": "kor", "lt": "lit", "lv": "lav", "mk": "mkd", "ms": "msa", "mt": "mlt",  # noqa: E501
    "nb": "nor", "nl": "nld", "no": "nor", "pl": "pol", "pt": "por", "ro": "ron", "ru": "rus", "sk": "slk", "sl": "slv", "sq": "sqi", "sr": "srp",  # noqa: E501
    "sv": "swe", "sw": "swa", "ta": "tam", "th": "tha", "tr": "tur", "uk": "ukr", "ur": "urd", "vi": "vie", "zh": "chi_sim", "zh-Hans": "chi_sim",  # noqa: E501
    "zh-Hant": "chi_tra",
}  # fmt: skip
# What Tesseract's script detection says, to the languages that are tried for it.
SCRIPTS = {
    "Arabic": ("ara", "fas", "urd"), "Cyrillic": ("rus", "ukr", "bul", "srp"), "Devanagari": ("hin",), "Greek": ("ell",), "Han": ("chi_sim", "chi_tra"),  # noqa: E501
    "Hangul": ("kor",), "Hebrew": ("heb",), "Japanese": ("jpn",), "Korean": ("kor",), "Thai": ("tha",), "Bengali": ("ben",), "Tamil": ("tam",),  # noqa: E501
}  # fmt: skip
EVEN_PITCH = 0.06  # how far the letters of a typewriter differ in width, by its rows
DOUBTFUL = 0.3  # of the words
DARK, LIGHT = 110, 200  # of 255: all channels of ink that is taken for black, for white
BULLET = 0.5  # of the size: its width
_BBOX = re.compile(r"\bbbox (\d+) (\d+) (\d+) (\d+)")
_BASELINE = re.compile(r"\bbaseline (-?[\d.]+) (-?[\d.]+)")
_HEIGHT = re.compile(r"\bx_size ([\d.]+)")
_CONFIDENCE = re.compile(r"\bx_wconf ([\d.]+)")
# what Tesseract takes a bullet for, at the start of a line
_BULLET = re.compile(r"[•©¢®«»°*·¤§]\s(?=\S)")
_SCRIPT = re.compile(r"^Script: (\w+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Line:
    """`box` in pixels; `baseline` the y of its middle; `height` from ascender to descender.

    `text_x`: where the words after a bullet begin; None: there is no bullet.
    """

    text: str
    box: Rect
    baseline: float
    height: float
    area: int
    text_x: float | None = None


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of hOCR: its edges in pixels, and how sure Tesseract is of it, of 100."""

    text: str
    x0: float
    x1: float
    confidence: float

    @classmethod
    def of(cls, element: ET.Element, confidence: float) -> _Word | None:
        """None: it has no letters or no place."""
        text, box = "".join(element.itertext()).strip(), _BBOX.search(element.get("title", ""))
        return cls(text, float(box[1]), float(box[3]), confidence) if text and box else None


@dataclass(slots=True)
class Recogniser:
    """Reads the scans of one document.

    `source_lang`: a tag, None: found out on the first page, by `detect`.
    """

    detect: Callable[[str], str | None]
    source_lang: str | None = None
    language: str = field(default="", init=False)
    """The name of the language file that is used; empty until the first page."""
    unread: str | None = field(default=None, init=False)
    """The script of the document if Tesseract has no file for it, in Tesseract's words: its
    pages are not read. None: it has, or nothing is known.
    """

    @property
    def lacks(self) -> str | None:
        """The tag of the document's language if Tesseract has no file for it; None: it has, or
        nothing is known.
        """
        file = FILES.get(self.source_lang or "") or FILES.get(
            (self.source_lang or "").partition("-")[0]
        )
        return (
            self.source_lang
            if self.language and self.source_lang and file not in self.language.split("+")
            else None
        )

    def read(self, page: pymupdf.Page) -> Reading:
        """The words in the pictures of a page, in its unrotated space; no rows if there are
        none, or it takes too long.
        """
        dpi = min(DPI, int((MOST_PIXELS / max(area(tuple(page.rect)), 1.0)) ** 0.5 * 72))
        picture = page.get_pixmap(
            dpi=max(dpi, 36), colorspace=pymupdf.csGRAY, alpha=False, annots=False
        ).tobytes("pnm")
        if self.unread:
            return Reading()
        known = self.language
        lines = _lines(_recognised(picture, dpi, known)) if known else self._first(picture, dpi)
        return _reading(page, lines, 72 / dpi)

    def _first(self, picture: bytes, dpi: int) -> list[_Line]:
        """Find out the language while the first page is read."""
        installed = languages()
        file = FILES.get(self.source_lang or "") or FILES.get(
            (self.source_lang or "").partition("-")[0]
        )
        if file in installed and file:
            self.language = file
            return _lines(_recognised(picture, dpi, file))
        self.language = _by_script(picture, dpi, installed)
        said = _recognised(picture, dpi, self.language)
        if _is_doubtful(said):
            script = _script(picture, dpi)
            self.unread = (
                script if script in SCRIPTS and installed.isdisjoint(SCRIPTS[script]) else None
            )
        lines = _lines(said) if not self.unread else []
        self.source_lang = self.source_lang or self.detect("\n".join(line.text for line in lines))
        file = FILES.get(self.source_lang or "") or FILES.get(
            (self.source_lang or "").partition("-")[0]
        )
        if file and file in installed and file not in self.language.split("+"):
            self.language = file
            lines = _lines(_recognised(picture, dpi, file)) or lines
        return lines


@dataclass(frozen=True, slots=True)
class Said:
    """How Tesseract ended (0: well) and what it wrote."""

    code: int
    words: bytes


def run_here(arguments: Sequence[str], picture: bytes = b"") -> Said | None:
    """Run Tesseract as a child of this process; None: it takes too long."""
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    command = [PROGRAM, *arguments]
    try:
        done = subprocess.run(
            command,
            input=picture,
            capture_output=True,
            check=False,
            timeout=TIMEOUT_S,
            env=environment,
        )
    except subprocess.TimeoutExpired:
        return None
    return Said(done.returncode, done.stdout)


run: Callable[[Sequence[str], bytes], Said | None] = run_here
"""How Tesseract is run; the sandbox, whose jobs can run no program, has another way."""


def is_installed() -> bool:
    """Whether there is a Tesseract that can read any language."""
    return bool(languages())


@cache
def languages() -> frozenset[str]:
    """The language files of the Tesseract on PATH; none without it."""
    listed = run(["--list-langs"], b"") if shutil.which(PROGRAM) else None
    if listed is None:
        return frozenset()
    names = listed.words.decode(errors="replace").splitlines()[1:]  # a heading comes first
    return frozenset(name for name in names if name != "osd" and "/" not in name)


def is_scan(page: Page, sheet: pymupdf.Page) -> bool:
    """Whether the words of a page are pictures, going by what was read of it."""
    letters = sum(len(block.text) for block in page.blocks if block.translatable)
    if letters >= SCAN_LETTERS:
        return False
    boxes = [pymupdf.Rect(image["bbox"]) & sheet.cropbox for image in sheet.get_image_info()]
    if (
        sum(box.width * box.height for box in boxes if not box.is_empty)
        >= SCAN_SHARE * page.width * page.height
    ):
        return True
    return letters == 0 and _ink(sheet) >= INK_SHARE


def known_words(page: Page, reading: Reading) -> Reading | None:
    """The rows that an earlier recognition left, invisible, on a scan; None: there are none
    worth using.
    """
    hidden = [row for row in reading.rows.get(UPRIGHT, ()) if row.unknown > 0]
    text = "".join(row.text for row in hidden)
    wordlike = sum(one.isalnum() and ord(one) < 0xE000 for one in text if not one.isspace())  # noqa: PLR2004  # private use
    if len(text) < SCAN_LETTERS or wordlike < WORDLIKE * len(text.replace(" ", "")):
        return None
    if sum(len(word) == 1 for word in text.split()) > SPELLED * len(text.split()):
        return None  # letter by letter
    if any(block.kind is not BlockKind.UNREADABLE and block.translatable for block in page.blocks):
        return None
    return Reading({UPRIGHT: [replace(row, unknown=0.0) for row in _measured(hidden)]}, Marks())


def _measured(rows: list[Row]) -> list[Row]:
    """Rows that say they are typewritten, as print where their letters are not all as wide:
    those programs write what they cannot tell so.
    """
    pitches = [(row.x1 - row.x0) / len(row.text) / row.size for row in rows if len(row.text) > 20]  # noqa: PLR2004  # short lines say little
    if not pitches or max(pitches) - min(pitches) < EVEN_PITCH * median(pitches):
        return rows
    return [replace(row, spans=tuple(map(_printed, row.spans))) for row in rows]


def _printed(span: Span) -> Span:
    if span.style.family is not Family.MONO:
        return span
    return replace(
        span, style=replace(span.style, family=Family.SERIF, bold=False, italic=False, font=None)
    )


def _ink(sheet: pymupdf.Page) -> float:
    pixels = sheet.get_pixmap(dpi=INK_DPI, colorspace=pymupdf.csGRAY, alpha=False, annots=False)
    return sum(value < INK_DARK for value in pixels.samples) / max(len(pixels.samples), 1)


def _recognised(picture: bytes, dpi: int, language: str, *more: str) -> str:
    """What Tesseract says of a picture, as hOCR if `more` asks for nothing else; empty if it
    fails or takes too long.
    """
    said = run(
        ["stdin", "stdout", "--dpi", str(dpi), "-l", language, *(more or ("--psm", "3", "hocr"))],
        picture,
    )
    return said.words.decode(errors="replace") if said is not None and said.code == 0 else ""


def _by_script(picture: bytes, dpi: int, installed: frozenset[str]) -> str:
    """The languages to try first, by the script that the page is written in."""
    latin = "eng" if "eng" in installed else min(installed)
    if not any(file in installed for files in SCRIPTS.values() for file in files):
        return latin  # nothing to choose between
    tried = [file for file in SCRIPTS.get(_script(picture, dpi), ()) if file in installed]
    return "+".join(tried) or latin


def _script(picture: bytes, dpi: int) -> str:
    """The script that a page is written in, in Tesseract's words; empty where it cannot tell."""
    found = _SCRIPT.search(_recognised(picture, dpi, "osd", "--psm", "0"))
    return found[1] if found else ""


def _is_doubtful(hocr: str) -> bool:
    """Whether Tesseract was not sure of many words, as of those in letters of another script."""
    sure = [float(one) for one in _CONFIDENCE.findall(hocr)]
    return sum(one < LEAST_LINE_CONFIDENCE for one in sure) > DOUBTFUL * len(sure)


def _lines(hocr: str) -> list[_Line]:
    """The lines of hOCR (kba.github.io/hocr-spec) that are words rather than smudges."""
    try:
        root = ET.fromstring(hocr) if hocr else ET.Element("none")  # noqa: S314  # from our own program; no entity is declared
    except ET.ParseError:
        return []
    found = []
    for number, block in enumerate(one for one in root.iter() if one.get("class") == "ocr_carea"):
        found += [line for one in block.iter() for line in _cells(one, number)]
    return found


def _cells(element: ET.Element, number: int) -> Iterator[_Line]:
    """The lines in a line of hOCR: Tesseract takes cells of a table side by side for one."""
    words = [
        (_CONFIDENCE.search(one.get("title", "")), one)
        for one in element
        if one.get("class") == "ocrx_word"
    ]
    sure = [
        _Word.of(one, float(found[1]))
        for found, one in words
        if found and float(found[1]) >= LEAST_CONFIDENCE
    ]
    about = element.get("title", "")
    place, slope, height = _BBOX.search(about), _BASELINE.search(about), _HEIGHT.search(about)
    if place is None or height is None:
        return
    x0, top, _, bottom = (float(side) for side in place.groups())
    tilt, offset = (float(slope[1]), float(slope[2])) if slope else (0.0, -float(height[1]) * 0.22)
    for cell in _parted(sure, CELL_GAP * float(height[1])):
        if median(word.confidence for word in cell) < LEAST_LINE_CONFIDENCE:
            continue
        left, right = min(word.x0 for word in cell), max(word.x1 for word in cell)
        baseline = bottom + offset + tilt * ((left + right) / 2 - x0)
        text = " ".join(word.text for word in cell)
        bullet = _BULLET.match(text) and len(cell) > 1
        text = f"• {text[2:]}" if bullet else text
        box = (left, top, right, bottom)
        yield _Line(text, box, baseline, float(height[1]), number, cell[1].x0 if bullet else None)


def _parted(words: Iterable[_Word | None], gap: float) -> Iterator[list[_Word]]:
    """The words in order, parted where more than `gap` pixels are between two."""
    cell: list[_Word] = []
    for word in filter(None, words):
        if cell and word.x0 - cell[-1].x1 > gap:
            yield cell
            cell = []
        cell.append(word)
    if cell:
        yield cell


def _reading(page: pymupdf.Page, lines: list[_Line], scale: float) -> Reading:
    """Lines as rows of the page; `scale`: points a pixel."""
    turn = page.derotation_matrix
    right = pymupdf.Point(1, 0) * turn - pymupdf.Point(0, 0) * turn
    direction = axis((right.x, right.y)) or UPRIGHT
    sizes = _sizes([line.height * scale * HEIGHT_TO_SIZE for line in lines])
    families = _families(lines, sizes, scale)
    picture = page.get_pixmap(
        dpi=scan_colors.DPI, colorspace=pymupdf.csRGB, alpha=False, annots=False
    )
    rows = []
    for order, (line, size, family) in enumerate(zip(lines, sizes, families, strict=True)):
        _, ink = scan_colors.paper_and_ink(picture, tuple(pymupdf.Rect(line.box) * scale))
        style = Style(family, round(size, 1), _plain(ink))
        rows.append(_row(line, order, size, style, (turn, direction, scale)))
    return Reading({direction: rows} if rows else {}, Marks())


def _row(
    line: _Line,
    order: int,
    size: float,
    style: Style,
    space: tuple[pymupdf.Matrix, Direction, float],
) -> Row:
    turn, direction, scale = space
    x0, _, x1, _ = turned(tuple(pymupdf.Rect(line.box) * scale * turn), direction)
    start = pymupdf.Point(line.box[0], line.baseline) * scale * turn
    _, baseline = turned_point(start.x, start.y, direction)
    top, bottom = baseline - ASCENT * size, baseline + DESCENT * size
    text_x = None if line.text_x is None else x0 + (line.text_x - line.box[0]) * scale
    if text_x is None:
        spans: tuple[Span, ...] = (Span(line.text, style, (x0, top, x1, bottom), baseline),)
    else:
        end = x0 + BULLET * size
        spans = (
            Span(line.text[0], style, (x0, top, end, bottom), baseline),
            Span(line.text[1:], style, (text_x, top, x1, bottom), baseline),
        )
    return Row(spans, order, x0, x1, baseline, size, block=line.area, text_x=text_x)


def _sizes(measured: list[float]) -> list[float]:
    """The sizes with those that are about the same made the same: a line without tall letters
    measures smaller.
    """
    groups: list[list[float]] = []
    for size in sorted(measured):
        if groups and size <= groups[-1][0] * (1 + SAME_SIZE):
            groups[-1].append(size)
        else:
            groups.append([size])
    return [
        next(median(group) for group in groups if group[0] <= size <= group[-1])
        for size in measured
    ]


def _families(lines: list[_Line], sizes: list[float], scale: float) -> list[Family]:
    """Serif, sans or mono for each line, by how wide the letters of its area, else of the page,
    are for their height.
    """
    widths: dict[int, list[float]] = {}
    for line, size in zip(lines, sizes, strict=True):
        if len(line.text) > 20:  # noqa: PLR2004  # short lines say little
            width = (
                (line.box[2] - line.box[0])
                * scale
                / max(pymupdf.get_text_length(line.text, "tiro", size), 1.0)
            )
            widths.setdefault(line.area, []).append(width)
    page = [width for area_ in widths.values() for width in area_]
    return [_family(widths.get(line.area) or page) for line in lines]


def _family(widths: list[float]) -> Family:
    wider = median(widths) if widths else 1.0
    return (
        Family.MONO if wider > MONO_WIDER else Family.SANS if wider > SANS_WIDER else Family.SERIF
    )


def _plain(ink: scan_colors.Color) -> int:
    """The colour of ink as 0xRRGGBB; nearly black is black and nearly white is white, since a
    scan is never quite either.
    """
    if max(ink) < DARK:
        return 0
    if min(ink) > LIGHT:
        return 0xFFFFFF
    return ink[0] << 16 | ink[1] << 8 | ink[2]
