"""PDFs that are made to harm whoever reads them: bombs, cycles, nests, giants.

All are written here, byte by byte.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping

TEXT = b"BT /F 12 Tf 72 700 Td (The ferry leaves the harbour every morning at seven.) Tj ET"
FONT = "<</Type/Font/Subtype/Type1/BaseFont/Times-Roman>>"
MIB = 1 << 20


def file(objects: Mapping[int, bytes | str], trailer: str = "") -> bytes:
    """A PDF with these objects; 1 is the catalog."""
    out = bytearray(b"%PDF-1.7\n")
    places = {}
    for number, body in objects.items():
        places[number] = len(out)
        data = body if isinstance(body, bytes) else body.encode("latin-1")
        out += b"%d 0 obj\n%s\nendobj\n" % (number, data)
    start, size = len(out), max(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n" % size
    for number in range(1, size):
        out += (
            b"%010d 00000 n \n" % places[number] if number in places else b"0000000000 00000 f \n"
        )
    return bytes(
        out + f"trailer\n<</Size {size}/Root 1 0 R{trailer}>>\nstartxref\n{start}\n%%EOF\n".encode()
    )


def stream(data: bytes, entries: str = "", *, packed: bool = True) -> bytes:
    """A stream object."""
    if packed:
        data, entries = zlib.compress(data, 9), f"{entries}/Filter/FlateDecode"
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (entries.encode(), len(data), data)


def page(
    contents: bytes = TEXT, *, entries: str = "", box: str = "[0 0 595 842]", **objects: bytes | str
) -> bytes:
    """A file of one page; further objects are named `o7`, `o8` and so on; `o1` to `o4` replace
    those of the page.
    """
    whole: dict[int, bytes | str] = {
        1: "<</Type/Catalog/Pages 2 0 R>>",
        2: "<</Type/Pages/Count 1/Kids[3 0 R]>>",
        3: (
            f"<</Type/Page/Parent 2 0 R/MediaBox{box}/Contents 4 0 R/Resources<</Font<</F 5 0"
            f" R>>>>{entries}>>"
        ),
        4: stream(contents),
        5: FONT,
    }
    return file(whole | {int(name[1:]): body for name, body in objects.items()})


def packed_twice(data: bytes) -> bytes:
    twice = zlib.compress(zlib.compress(data, 9), 9)
    return stream(twice, "/Filter[/FlateDecode/FlateDecode]", packed=False)


def annotated(*annotations: str) -> bytes:
    numbers = range(10, 10 + len(annotations))
    named = {f"o{number}": text for number, text in zip(numbers, annotations, strict=True)}
    return page(entries=f"/Annots[{' '.join(f'{number} 0 R' for number in numbers)}]", **named)


def outlined(**objects: str) -> bytes:
    return page(o1="<</Type/Catalog/Pages 2 0 R/Outlines 7 0 R>>", **objects)


def form(body: bytes, resources: str = "") -> bytes:
    return stream(body, f"/Type/XObject/Subtype/Form/BBox[0 0 595 842]/Resources<<{resources}>>")


def drawn(**forms: bytes) -> bytes:
    three = (
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 5 0"
        " R>>/XObject<</X 7 0 R>>>>>>"
    )
    return page(TEXT + b" /X Do", o3=three, **forms)


def doubling(levels: int) -> dict[str, bytes]:
    """Forms that each draw the next one twice: 2 to the power of `levels` drawings."""
    return {
        f"o{7 + level}": form(
            b"/Y Do /Y Do" if level < levels else TEXT, f"/XObject<</Y {8 + level} 0 R>>"
        )
        for level in range(levels + 1)
    }


HOSTILE: dict[str, Callable[[], bytes]] = {
    "content bomb": lambda: page(b"q Q " * (16 * MIB)),
    "content bomb, packed twice": lambda: page(o4=packed_twice(b"0 0 m 9 9 l S " * (24 * MIB))),
    "text bomb": lambda: page(b"BT /F 1 Tf " + b"(word and word) Tj 1 0 Td " * (2 * MIB) + b"ET"),
    "state bomb": lambda: page(b"q " * (8 * MIB) + TEXT),
    "array bomb": lambda: page(o7="[" * 1_000_000),
    "nest in the page": lambda: page(entries="/X " + "[" * 100_000 + "]" * 100_000),
    "nest in the content": lambda: page(b"[" * 1_000_000 + TEXT),
    "nest of dictionaries": lambda: page(
        o1="<</Type/Catalog/Pages 2 0 R/A " + "<</A " * 50_000 + "0" + ">>" * 50_000 + ">>"
    ),
    "pages within themselves": lambda: page(o2="<</Type/Pages/Count 1/Kids[2 0 R]>>"),
    "pages that claim to be many": lambda: page(o2="<</Type/Pages/Count 2147483647/Kids[3 0 R]>>"),
    "negative count of pages": lambda: page(o2="<</Type/Pages/Count -9/Kids[3 0 R]>>"),
    "page that is its own parent": lambda: page(
        o3="<</Type/Page/Parent 3 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>",
        o2="<</Type/Pages/Count 1/Kids[3 0 R]>>",
    ),
    "content within itself": lambda: page(o4="[4 0 R 4 0 R]"),
    "form within itself": lambda: drawn(o7=form(b"/Y Do " + TEXT, "/XObject<</Y 7 0 R>>")),
    "doubling forms": lambda: drawn(**doubling(30)),
    "outline within itself": lambda: outlined(
        o7="<</Type/Outlines/First 8 0 R/Last 8 0 R>>",
        o8="<</Title(a)/Parent 7 0 R/Next 8 0 R/First 8 0 R>>",
    ),
    "outline in a circle": lambda: outlined(
        o7="<</Type/Outlines/First 8 0 R/Last 9 0 R>>",
        o8="<</Title(a)/Parent 7 0 R/Next 9 0 R/Dest[3 0 R/Fit]>>",
        o9="<</Title(b)/Parent 7 0 R/Next 8 0 R/Dest[3 0 R/Fit]>>",
    ),
    "outline that nests": lambda: outlined(
        o7="<</Type/Outlines/First 8 0 R>>",
        **{
            f"o{number}": f"<</Title(a)/Parent 7 0 R/First {number + 1} 0 R>>"
            for number in range(8, 3000)
        },
    ),
    "huge page": lambda: page(box="[0 0 1e9 1e9]"),
    "endless page": lambda: page(box="[-1e38 -1e38 1e38 1e38]"),
    "empty page": lambda: page(box="[0 0 0 0]"),
    "page of nonsense": lambda: page(box="[(a) /b null]"),
    "page with nan": lambda: page(b"BT /F 1e99 Tf 1e99 1e-99 Td (The ferry leaves) Tj ET " + TEXT),
    "huge picture": lambda: drawn(
        o7=stream(
            b"\0" * MIB,
            "/Type/XObject/Subtype/Image/Width 200000/Height"
            " 200000/ColorSpace/DeviceRGB/BitsPerComponent 8",
        )
    ),
    "picture that is its own mask": lambda: drawn(
        o7=stream(
            b"\0" * 100,
            "/Type/XObject/Subtype/Image/Width 9/Height 9/ColorSpace/DeviceGray/BitsPerComponent"
            " 8/SMask 7 0 R",
        )
    ),
    "popup within itself": lambda: annotated(
        "<</Type/Annot/Subtype/Popup/Rect[0 0 9 9]/Parent 10 0 R/Popup 10 0 R>>"
    ),
    "action after itself": lambda: annotated(
        "<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/A 11 0 R>>",
        "<</S/GoTo/D[3 0 R/Fit]/Next 11 0 R>>",
    ),
    "annotation that is no annotation": lambda: annotated(
        "[10 0 R]", "(a)", "null", "<</Subtype 3/Rect(a)>>"
    ),
    "field within itself": lambda: page(
        o1="<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[10 0 R]>>>>",
        entries="/Annots[10 0 R]",
        o10="<</FT/Tx/T(a)/Type/Annot/Subtype/Widget/Rect[0 0 9 9]/Parent 10 0 R/Kids[10 0 R]>>",
    ),
    "names within themselves": lambda: page(
        o1="<</Type/Catalog/Pages 2 0 R/Names<</Dests 10 0 R/JavaScript 10 0 R>>>>",
        o10="<</Kids[10 0 R 10 0 R]>>",
    ),
    "labels within themselves": lambda: page(
        o1="<</Type/Catalog/Pages 2 0 R/PageLabels 10 0 R>>", o10="<</Kids[10 0 R 10 0 R]>>"
    ),
    "font without end": lambda: page(
        o5=(
            "<</Type/Font/Subtype/Type0/BaseFont/A/Encoding 7 0 R/DescendantFonts[5 0 R]/ToUnicode"
            " 7 0 R>>"
        ),
        o7=stream(
            b"begincmap 1 begincodespacerange <00> <ffffffff> endcodespacerange "
            b"99 beginbfrange <00000000> <ffffffff> <0041> endbfrange endcmap",
            "/UseCMap 7 0 R",
        ),
    ),
    "glyph that draws itself": lambda: page(
        o5=(
            "<</Type/Font/Subtype/Type3/FontBBox[0 0 9 9]/FontMatrix[1 0 0 1 0 0]/CharProcs<</a 7 0"
            " R>>/Encoding<</Differences[0/a 84/a]>>/FirstChar 0/LastChar"
            " 99/Widths[9]/Resources<</Font<</F 5 0 R>>>>>>"
        ),
        o7=stream(b"9 0 d0 BT /F 9 Tf (TTT) Tj ET"),
    ),
    "pattern of itself": lambda: page(
        b"/Pattern cs /P scn 0 0 500 500 re f " + TEXT,
        o3=(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 5"
            " 0 R>>/Pattern<</P 7 0 R>>>>>>"
        ),
        o7=stream(
            b"/Pattern cs /P scn 0 0 5 5 re f",
            "/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 9 9]/XStep .0001/YStep .0001"
            "/Resources<</Pattern<</P 7 0 R>>>>",
        ),
    ),
    "length of itself": lambda: page(o4=b"<</Length 4 0 R>>stream\n" + TEXT + b"\nendstream"),
    "table before itself": lambda: file(
        {1: "<</Type/Catalog/Pages 2 0 R>>", 2: "<</Count 0/Kids[]>>"}, "/Prev 9"
    ),
    "unknown encryption": lambda: file(
        {1: "<</Type/Catalog/Pages 2 0 R>>", 2: "<</Type/Pages/Count 0/Kids[]>>"},
        "/Encrypt<</Filter/Evil/V 99>>",
    ),
    "no pages": lambda: page(o2="<</Type/Pages/Count 0/Kids[]>>"),
    "no catalog": lambda: page(o1="(a)"),
    "header alone": lambda: b"%PDF-1.7\n",
    "header and noise": lambda: b"%PDF-1.7\n" + bytes(range(256)) * 400,
    "many objects": lambda: (
        b"%PDF-1.7\n" + b"".join(b"%d 0 obj<<>>endobj\n" % number for number in range(1, 200_000))
    ),
    "objects with giant numbers": lambda: (
        b"%PDF-1.7\n99999999 0 obj<</Type/Catalog/Pages 99999998 0 R>>endobj\ntrailer<</Root"
        b" 99999999 0 R>>"
    ),
}
"""Name -> what makes the file: some are too large to be kept around."""
