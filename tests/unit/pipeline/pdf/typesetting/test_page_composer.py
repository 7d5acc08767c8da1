"""Blocks of a page set together: neighbours that grew into the same free space."""

import pytest

from dragoman.domain.document import Block, BlockKind, Line, Page, Run, Span, Style
from pipeline.pdf.fonts.fallback_fonts import Fonts
from pipeline.pdf.typesetting.page_composer import Composer
from pipeline.pdf.typesetting.rtl_mirroring import Plan
from pipeline.pdf.typesetting.shaping import Words

STYLE = Style(size=10)


def block(name, x0, x1, baseline, words, room=None):
    box = (x0, baseline - 7.5, x1, baseline + 2.2)
    line = Line((Span("Words", STYLE, box, baseline),), box)
    target = (Run(words, STYLE),) if words else None
    return Block(
        name, BlockKind.PARAGRAPH, box, (line,), (Run("Words", STYLE),), target=target, room=room
    )


def composed(*blocks):
    page = Page(0, 595.0, 842.0, 0, blocks)
    return Composer(Words(Fonts("de")), Plan(), rtl=False).compose(
        [one for one in blocks if one.target], page
    )


def ends(one):
    last = one.setting.lines[-1]
    return (
        last.x
        + sum(word.width + (word.blank.width if word.blank else 0) for word in last.words)
        * one.setting.across
    )


LONG = "Viel mehr Wörter als hier"


def test_a_text_that_grew_over_a_neighbour_is_set_again_in_its_own_box():
    room = (50.0, 92.5, 500.0, 102.2)
    grown, kept = block("a", 50, 120, 100, LONG, room), block("b", 130, 200, 100, None)
    (alone,) = composed(grown)
    (beside,) = composed(grown, kept)
    assert ends(alone) > 130
    assert alone.setting.scale == pytest.approx(1)
    assert ends(beside) <= 121
    assert beside.setting.scale < 1


def test_a_text_without_room_is_left_out():
    tight = block("a", 50, 60, 100, "Donaudampfschifffahrt" * 3)
    fits = block("b", 130, 200, 100, "Wort")
    assert [one.block.id for one in composed(tight, fits)] == ["b"]


def paragraph(name, x0, baselines, ends, words):
    lines = []
    for baseline, x1 in zip(baselines, ends, strict=True):
        box = (x0, baseline - 7.5, x1, baseline + 2.2)
        lines.append(Line((Span("Words", STYLE, box, baseline),), box))
    box = (x0, baselines[0] - 7.5, max(ends), baselines[-1] + 2.2)
    target = (Run(words, STYLE),)
    return Block(
        name, BlockKind.PARAGRAPH, box, tuple(lines), (Run("Words", STYLE),), target=target
    )


def reach(one):
    return max(
        line.x
        + sum(word.width + (word.blank.width if word.blank else 0) for word in line.words)
        * one.setting.across
        for line in one.setting.lines
    )


def test_a_paragraph_is_set_beside_what_stands_between_its_lines():
    ragged = paragraph("a", 50, (100, 112, 124), (300, 180, 300), "Wörter eines Absatzes " * 6)
    (alone,) = composed(ragged)
    (beside,) = composed(ragged, block("b", 220, 290, 112, None))
    assert reach(alone) > 225
    assert reach(beside) <= 220
    assert beside.setting.fits


def test_a_paragraph_with_no_place_beside_what_it_met_is_left_out():
    full = paragraph("a", 50, (100, 112), (140, 58), "Wörter eines Absatzes " * 3)
    assert [one.block.id for one in composed(full)] == ["a"]
    assert composed(full, block("b", 60, 140, 112, None)) == []


def test_what_grew_over_a_text_that_is_left_out_goes_back():
    room = (50.0, 92.5, 500.0, 102.2)
    grown = block("a", 50, 120, 100, f"{LONG} {LONG}", room)
    tight = block("b", 130, 140, 100, "Donaudampfschifffahrt" * 3)
    (beside,) = composed(grown, tight)
    assert beside.block.id == "a"
    assert reach(beside) <= 131
