"""MuPDF's own array of glyphs says what PyMuPDF says of each of them: an upgrade that lays it
out otherwise is found here.
"""

import pymupdf
import pytest
from pymupdf import mupdf

from pipeline.pdf.model.drawn_glyphs import glyphs_of


class Device(mupdf.FzDevice2):
    """Reads each piece of text both ways."""

    def __init__(self):
        super().__init__()
        self.use_virtual_fill_text()
        self.at_once, self.one_by_one = [], []

    def fill_text(self, _context, text, *_paint):
        span = text.head
        while span:
            self.at_once += glyphs_of(span)
            item = mupdf.FzTextSpan(span).items
            for place in range(span.len):
                one = item(place)
                self.one_by_one.append((one.x, one.y, one.adv, one.gid, one.ucs, one.cid))
            span = span.next


@pytest.mark.parametrize("fontname", ["helv", "china-s"])
def test_glyphs_are_what_pymupdf_gives_one_by_one(fontname):
    sheet = pymupdf.open().new_page()
    sheet.insert_text((40, 100), "Office, 1.5 mm: 一二三", fontsize=11.5, fontname=fontname)
    sheet.insert_text((300, 400), "turned", fontsize=8, rotate=90)
    device = Device()
    mupdf.fz_run_page(sheet.this, device, mupdf.FzMatrix(), mupdf.FzCookie())
    mupdf.fz_close_device(device)
    assert device.at_once == device.one_by_one
    assert len(device.at_once) > len("Office, 1.5 mm: turned") - 1
    assert {character for *_, character, _ in device.at_once} > set(map(ord, "Oc1.5tun"))
