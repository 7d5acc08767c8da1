"""Our faces as font objects of a PDF: glyph ids as codes (Identity-H), a subset of each font program, a ToUnicode map."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pymupdf

from pipeline.pdf.fonts import UNITS, Face

CMAP_BLOCK = 100  # entries of a bfchar block, Adobe Technical Note 5411, 1.4.1


def reserve(pdf: pymupdf.Document, faces: Iterable[Face], taken: dict[str, int]) -> None:
    """Give each face that has none an object number in `taken` (by name), so that pages can refer to it."""
    for face in faces:
        if face.name not in taken:
            taken[face.name] = pdf.get_new_xref()
            pdf.update_object(taken[face.name], "<<>>")


def embed(pdf: pymupdf.Document, faces: Iterable[Face], numbers: Mapping[str, int]) -> None:
    """Write the font objects under their reserved numbers, with the glyphs that were used."""
    for face in faces:
        _embed(pdf, face, numbers[face.name])


def _embed(pdf: pymupdf.Document, face: Face, number: int) -> None:
    program, kind = _subset(face)
    font = face.font
    name = "DRAGOM+" + "".join(character for character in font.name if character.isalnum())
    compact = kind == "FontFile3"
    extra = "/Subtype /CIDFontType0C" if compact else f"/Length1 {len(program)}"
    stream = _stream(pdf, program, extra)
    bounds = font.bbox
    box = " ".join(str(round(value * UNITS)) for value in (bounds.x0, bounds.y0, bounds.x1, bounds.y1))
    ascent, descent = round(font.ascender * UNITS), round(font.descender * UNITS)
    descriptor = _object(
        pdf,
        f"<</Type /FontDescriptor /FontName /{name} /Flags 4 /FontBBox [{box}] /ItalicAngle {-12 if font.is_italic else 0}"
        f" /Ascent {ascent} /Descent {descent} /CapHeight 700 /StemV {140 if font.is_bold else 80} /{kind} {stream} 0 R>>",
    )
    widths = " ".join(f"{glyph} [{_advance(face, glyph)}]" for glyph in sorted(face.used))
    descendant = _object(
        pdf,
        f"<</Type /Font /Subtype /{'CIDFontType0' if compact else 'CIDFontType2'} /BaseFont /{name}"
        f" /CIDSystemInfo <</Registry (Adobe) /Ordering (Identity) /Supplement 0>> /FontDescriptor {descriptor} 0 R"
        f" /DW 0 /W [{widths}]{'' if compact else ' /CIDToGIDMap /Identity'}>>",
    )
    unicode_map = _stream(pdf, _to_unicode(face.used))
    pdf.update_object(
        number,
        f"<</Type /Font /Subtype /Type0 /BaseFont /{name} /Encoding /Identity-H /DescendantFonts [{descendant} 0 R]"
        f" /ToUnicode {unicode_map} 0 R>>",
    )


def _advance(face: Face, glyph: int) -> int:
    found = face.glyph(face.used[glyph])
    return round(found.advance * UNITS) if found else 0


def _subset(face: Face) -> tuple[bytes, str]:
    """The font program with the used glyphs only (their ids unchanged), and the descriptor's key for it.

    MuPDF subsets what a file uses, so a file that uses just these glyphs is made; the source's own fonts stay untouched.
    """
    with pymupdf.open() as scratch:
        page = scratch.new_page()
        page.insert_font(fontname="F", fontbuffer=face.font.buffer)
        glyphs = "".join(f"{glyph:04x}" for glyph in sorted(face.used))
        page.set_contents(_stream(scratch, f"BT /F 1 Tf <{glyphs}> Tj ET".encode()))
        scratch.subset_fonts()
        for number in range(1, scratch.xref_length()):
            for kind in ("FontFile2", "FontFile3"):
                found, value = scratch.xref_get_key(number, kind)
                if found == "xref":
                    return scratch.xref_stream(int(value.split()[0])), kind
    message = f"MuPDF did not embed {face.font.name}"
    raise RuntimeError(message)


def _to_unicode(used: Mapping[int, str]) -> bytes:
    entries = [f"<{glyph:04x}> <{text.encode('utf-16-be').hex()}>" for glyph, text in sorted(used.items())]
    blocks = [entries[start : start + CMAP_BLOCK] for start in range(0, len(entries), CMAP_BLOCK)]
    body = "\n".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks)
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n"
        f"{body}\nendcmap\nCMapName currentdict /CMap defineresource pop\nend\nend"
    ).encode()


def _object(pdf: pymupdf.Document, text: str) -> int:
    number: int = pdf.get_new_xref()
    pdf.update_object(number, text)
    return number


def _stream(pdf: pymupdf.Document, data: bytes, entries: str = "") -> int:
    number = _object(pdf, f"<<{entries}>>")
    pdf.update_stream(number, data)
    return number
