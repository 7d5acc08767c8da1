"""Our faces as font objects of a PDF: glyph ids as codes (Identity-H), a subset of each font
program, a ToUnicode map.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pymupdf

from pipeline.pdf.fonts.typefaces import UNITS, Face

CMAP_BLOCK = 100  # entries of a bfchar block, Adobe Technical Note 5411, 1.4.1


def reserve(pdf: pymupdf.Document, faces: Iterable[Face], taken: dict[str, int]) -> None:
    """Give each face that has none an object number in `taken` (by name), so that pages can
    refer to it.
    """
    for face in faces:
        if face.name not in taken:
            taken[face.name] = pdf.get_new_xref()
            pdf.update_object(taken[face.name], "<<>>")


def embed(pdf: pymupdf.Document, faces: Iterable[Face], numbers: Mapping[str, int]) -> None:
    """Write the font objects under their reserved numbers, with the glyphs that were used."""
    for face in faces:
        _embed(pdf, face, numbers[face.name])


def stream(pdf: pymupdf.Document, data: bytes, entries: str = "") -> int:
    """A new stream object with further `entries` of its dictionary; it is compressed when the
    file is saved.
    """
    number = _object(pdf, f"<<{entries}>>")
    pdf.update_stream(number, data, compress=False)
    return number


def _embed(pdf: pymupdf.Document, face: Face, number: int) -> None:
    program, outlines = face.program()
    compact = outlines == "CFF "
    name = "DRAGOM+" + "".join(character for character in face.title if character.isalnum())
    extra = "/Subtype /CIDFontType0C" if compact else f"/Length1 {len(program)}"
    file = stream(pdf, program, extra)
    metrics = face.metrics()
    descriptor = _object(
        pdf,
        f"<</Type /FontDescriptor /FontName /{name} /Flags 4 /FontBBox"
        f" [{' '.join(map(str, metrics.box))}] /ItalicAngle {-12 if face.italic else 0} /Ascent"
        f" {metrics.ascent} /Descent {metrics.descent} /CapHeight 700 /StemV"
        f" {140 if face.bold else 80} /{'FontFile3' if compact else 'FontFile2'} {file} 0 R>>",
    )
    widths = " ".join(
        f"{glyph} [{round(face.width(glyph) * UNITS)}]" for glyph in sorted(face.used)
    )
    descendant = _object(
        pdf,
        f"<</Type /Font /Subtype /{'CIDFontType0' if compact else 'CIDFontType2'} /BaseFont /{name}"
        " /CIDSystemInfo <</Registry (Adobe) /Ordering (Identity) /Supplement 0>> /FontDescriptor"
        f" {descriptor} 0 R /DW 0 /W [{widths}]{'' if compact else ' /CIDToGIDMap /Identity'}>>",
    )
    unicode_map = stream(pdf, _to_unicode(face.used))
    pdf.update_object(
        number,
        f"<</Type /Font /Subtype /Type0 /BaseFont /{name} /Encoding /Identity-H /DescendantFonts"
        f" [{descendant} 0 R] /ToUnicode {unicode_map} 0 R>>",
    )


def _to_unicode(used: Mapping[int, str]) -> bytes:
    entries = [
        f"<{glyph:04x}> <{text.encode('utf-16-be').hex()}>"
        for glyph, text in sorted(used.items())
        if text
    ]
    blocks = [entries[start : start + CMAP_BLOCK] for start in range(0, len(entries), CMAP_BLOCK)]
    body = "\n".join(
        f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks
    )
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo"
        " <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def\n/CMapName /Adobe-Identity-UCS"
        " def\n/CMapType 2 def\n1 begincodespacerange\n<0000>"
        f" <ffff>\nendcodespacerange\n{body}\nendcmap\nCMapName currentdict /CMap defineresource"
        " pop\nend\nend"
    ).encode()


def _object(pdf: pymupdf.Document, text: str) -> int:
    number: int = pdf.get_new_xref()
    pdf.update_object(number, text)
    return number
