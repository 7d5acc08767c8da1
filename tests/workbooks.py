"""Excel workbooks, as small as they can be."""

from __future__ import annotations

import zipfile
from io import BytesIO
from xml.sax.saxutils import escape

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def workbook(rows: list[tuple[str, ...]], *, shared: bool = True) -> bytes:
    """A workbook whose first sheet has these rows, its texts in a table of their own or in the
    cells.
    """
    texts: list[str] = []
    lines: list[str] = []
    for number, row in enumerate(rows, start=1):
        cells = ""
        for column, text in zip("ABCDEF", row, strict=False):
            place = f"{column}{number}"
            if shared:
                texts.append(text)
                cells += f'<c r="{place}" t="s"><v>{len(texts) - 1}</v></c>'
            else:
                cells += f'<c r="{place}" t="inlineStr"><is><t>{escape(text)}</t></is></c>'
        lines.append(f'<row r="{number}">{cells}</row>')
    items = "".join(
        f"<si><r><t>{escape(one[:2])}</t></r><r><t>{escape(one[2:])}</t></r></si>" for one in texts
    )
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", "<Types/>")
        packed.writestr(
            "xl/worksheets/sheet1.xml",
            f"<worksheet {MAIN}><sheetData>{''.join(lines)}</sheetData></worksheet>",
        )
        packed.writestr("xl/worksheets/sheet2.xml", f"<worksheet {MAIN}/>")
        if shared:
            packed.writestr("xl/sharedStrings.xml", f"<sst {MAIN}>{items}</sst>")
    return made.getvalue()


def hostile(part: bytes) -> bytes:
    """A workbook whose sheet is this."""
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", part)
    return made.getvalue()
