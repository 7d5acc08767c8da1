"""What is taken off a page that was read as a picture."""

import pymupdf
import pytest

from pipeline.pdf.analysis.block_builder import page_of
from pipeline.pdf.reading.scan_colors import strip_text


@pytest.mark.parametrize(("mode", "left"), [(0, ["Second line, of other words"]), (3, [])])
def test_letters_that_are_seen_stay_where_nothing_is_set_anew(mode, left):
    with pymupdf.open() as pdf:
        page = pdf.new_page()
        page.insert_text((72, 100), "First line", render_mode=mode)
        page.insert_text((72, 200), "Second line, of other words", render_mode=mode)
        with pymupdf.open("pdf", pdf.tobytes()) as again:
            sheet = again.load_page(0)
            strip_text(sheet, page_of(sheet, 0).blocks[:1])
            assert sheet.get_text().splitlines() == left
