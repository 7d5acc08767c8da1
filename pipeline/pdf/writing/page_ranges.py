"""A range of translated pages as a file of its own: what it changes of its source, and the glyphs
that it uses.

A part says what the pages draw now (their `Contents` and `Resources`) and holds the objects that
are new. All the rest is the source's: numbers of objects that are not among the part's own are
numbers in the source. So the join needs no second copy of anything: outline, labels, links, fields
and tags never leave the source, and typefaces are embedded once.
"""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pymupdf
from pymupdf import mupdf

from dragoman.errors import DamagedPdf
from pipeline.pdf.fonts.embedding import reserve
from pipeline.pdf.fonts.fallback_fonts import Fonts
from pipeline.pdf.model.mupdf_document import beneath
from pipeline.pdf.writing.object_changes import Changes, changes_from

# of a page (ISO 32000-1 table 30): all that translating it changes
KEYS = ("Contents", "Resources")
_HEAD = "part.json"
_PACKED = 30  # bytes: shorter streams do not gain from compression
# Of an object's source text: a string, where nothing is looked for, or a reference (ISO 32000-1
# 7.3.4 and 7.3.10).
_TOKEN = re.compile(r"\((?:[^\\()]|\\.)*\)|<[0-9A-Fa-f\s]*>|(?<![\w.])(\d+) \d+ R(?!\w)", re.DOTALL)

Usage = dict[str, dict[int, str]]
"""The glyphs that were used, by the name of their face: glyph id -> what it stands for."""


@dataclass(frozen=True, slots=True)
class Part:
    """`pages`: 0-based page number -> its new `KEYS` as source text; `objects`: number -> source
    text and stream.

    `faces`: name of a face -> the number under which the pages refer to it.
    """

    pages: dict[int, dict[str, str]] = field(default_factory=dict)
    objects: dict[int, tuple[str, bytes | None]] = field(default_factory=dict)
    faces: dict[str, int] = field(default_factory=dict)
    used: Usage = field(default_factory=dict)
    changes: Changes = field(default_factory=Changes)

    def write(self, path: Path) -> None:
        """Keep the part as a file."""
        head: dict[str, Any] = {
            "pages": self.pages,
            "objects": {number: text for number, (text, _) in self.objects.items()},
            "faces": self.faces,
            "used": self.used,
            "changes": self.changes.as_json(),
        }
        with zipfile.ZipFile(path, "w") as file:
            file.writestr(_HEAD, json.dumps(head), zipfile.ZIP_DEFLATED)
            for number, (_, stream) in self.objects.items():
                if stream is not None:
                    file.writestr(str(number), stream)


def read(path: Path) -> Part:
    """What `Part.write` kept. Raises ValueError for anything else."""
    try:
        with zipfile.ZipFile(path) as file:
            head = json.loads(file.read(_HEAD))
            streams = set(file.namelist())
            return Part(
                pages={int(number): keys for number, keys in head["pages"].items()},
                objects={
                    int(number): (text, file.read(number) if number in streams else None)
                    for number, text in head["objects"].items()
                },
                faces=head["faces"],
                used={
                    name: {int(glyph): text for glyph, text in glyphs.items()}
                    for name, glyphs in head["used"].items()
                },
                changes=changes_from(head["changes"]),
            )
    except (zipfile.BadZipFile, KeyError, OSError) as error:
        message = "not a part of a document"
        raise ValueError(message) from error


def collect(
    pdf: pymupdf.Document,
    numbers: Iterable[int],
    faces: Mapping[str, int],
    used: Usage,
    changes: Changes,
) -> Part:
    """What has changed on the pages `numbers` since `pdf` was opened, where `faces` are the faces'
    reserved numbers.

    `changes` are those that are still to be made.
    """
    document = beneath(pdf)
    sheets = {number: pdf.page_xref(number) for number in numbers}
    part = Part(faces=dict(faces), used=used, changes=changes)
    open_ends: list[int] = []
    for number, xref in sheets.items():
        if mupdf.pdf_xref_is_incremental(document, xref):
            part.pages[number] = _keys(pdf, xref)
            open_ends += [one for text in part.pages[number].values() for one in _references(text)]
    stays = {*faces.values(), *sheets.values()}
    while open_ends:
        xref = open_ends.pop()
        if (
            xref in stays
            or xref in part.objects
            or not mupdf.pdf_xref_is_incremental(document, xref)
        ):
            continue
        part.objects[xref] = _object(pdf, xref)
        open_ends += _references(part.objects[xref][0])
    return part


def apply(pdf: pymupdf.Document, part: Part, fonts: Fonts, reserved: dict[str, int]) -> None:
    """Give the source's pages what the part holds.

    Its faces are noted in `fonts` and `reserved`, to be embedded once.
    """
    if any(number >= pdf.page_count for number in part.pages):
        raise DamagedPdf(detail="a part belongs to another source")
    fonts.recall(part.used)
    reserve(pdf, fonts.used(), reserved)
    moved = {number: reserved[name] for name, number in part.faces.items() if name in reserved}
    moved |= {number: pdf.get_new_xref() for number in part.objects}
    document = beneath(pdf)
    for number, (text, stream) in part.objects.items():
        pdf.update_object(moved[number], _renumbered(text, moved))
        if stream is not None:
            reference = mupdf.pdf_new_indirect(document, moved[number], 0)
            mupdf.pdf_update_stream(
                document, reference, mupdf.fz_new_buffer_from_copied_data(stream), 1
            )
    for number, keys in part.pages.items():
        for key, text in keys.items():
            pdf.xref_set_key(pdf.page_xref(number), key, _renumbered(text, moved))
    part.changes.make(pdf, fonts.lang)


def _keys(pdf: pymupdf.Document, xref: int) -> dict[str, str]:
    found = {key: pdf.xref_get_key(xref, key) for key in KEYS}
    return {key: value for key, (kind, value) in found.items() if kind != "null"}


def _object(pdf: pymupdf.Document, xref: int) -> tuple[str, bytes | None]:
    text: str = pdf.xref_object(xref, compressed=True)
    if not pdf.xref_is_stream(xref):
        return text, None
    stream: bytes = pdf.xref_stream_raw(xref)
    if len(stream) > _PACKED and pdf.xref_get_key(xref, "Filter")[0] == "null":
        return text.replace("<<", "<</Filter/FlateDecode", 1), zlib.compress(stream)
    return text, stream


def _references(text: str) -> Iterator[int]:
    return (int(token[1]) for token in _TOKEN.finditer(text) if token[1])


def _renumbered(text: str, moved: Mapping[int, int]) -> str:
    def renumbered(token: re.Match[str]) -> str:
        number = int(token[1]) if token[1] else 0
        return f"{moved[number]} 0 R" if number in moved else token[0]

    return _TOKEN.sub(renumbered, text)
