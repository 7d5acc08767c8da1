"""Typefaces of the system: used where they are, and no page is joined without the one that it
was set in.
"""

from pathlib import Path

import pytest

from dragoman.domain.document import Family, Style
from pipeline.pdf.fonts import fallback_fonts
from pipeline.pdf.fonts.fallback_fonts import Fonts, font_file, installed


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of the system's typefaces, with none in it yet."""
    monkeypatch.setattr(fallback_fonts, "FOLDERS", (tmp_path,))
    installed.cache_clear()
    return tmp_path


def names(style, text="直"):
    return {glyph.face.name for glyph in Fonts("ja").glyphs(text, style)}


def put(folder: Path, name: str) -> None:
    (folder / "noto").mkdir(exist_ok=True)
    (folder / "noto" / name).symlink_to(font_file("noto_cjk_sans_otc"))


def test_serif_chinese_is_set_in_the_serif_of_the_system(folder):
    put(folder, "NotoSerifCJK-Regular.ttc")
    assert names(Style(Family.SERIF)) == {"Dgmhanm"}
    assert names(Style(Family.SANS)) == {"Dgmhan"}


def test_bold_chinese_is_set_in_the_bold_cuts_of_the_system(folder):
    put(folder, "NotoSerifCJK-Bold.ttc")
    put(folder, "NotoSansCJK-Bold.ttc")
    assert names(Style(Family.SERIF, bold=True)) == {"Dgmhanmb"}
    assert names(Style(Family.SANS, bold=True)) == {"Dgmhanw"}


@pytest.mark.usefixtures("folder")
def test_without_them_chinese_is_set_in_the_typeface_that_is_packed():
    assert names(Style(Family.SERIF)) == {"Dgmhan"}
    assert names(Style(Family.SERIF, bold=True)) == {"Dgmhanb"}


@pytest.mark.usefixtures("folder")
def test_a_part_set_in_a_typeface_that_is_not_here_is_refused():
    with pytest.raises(LookupError, match="Dgmhanm"):
        Fonts("ja").recall({"Dgmhanm": {7: "直"}})
