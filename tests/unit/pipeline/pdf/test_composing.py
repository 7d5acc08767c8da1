"""Blocks of a page set together: neighbours that grew into the same free space."""

import pytest

from dragoman.domain.document import Block, BlockKind, Line, Page, Run, Span, Style
from pipeline.pdf.composing import Composer
from pipeline.pdf.fonts import Fonts
from pipeline.pdf.mirroring import Plan
from pipeline.pdf.words import Words

STYLE = Style(size=10)


def block(name, x0, x1, baseline, words, room=None):
    box = (x0, baseline - 7.5, x1, baseline + 2.2)
    line = Line((Span("Words", STYLE, box, baseline),), box)
    target = (Run(words, STYLE),) if words else None
    return Block(name, BlockKind.PARAGRAPH, box, (line,), (Run("Words", STYLE),), target=target, room=room)


def composed(*blocks):
    page = Page(0, 595.0, 842.0, 0, blocks)
    return Composer(Words(Fonts("de")), Plan(), rtl=False).compose([one for one in blocks if one.target], page)


def ends(one):
    last = one.setting.lines[-1]
    return (
        last.x + sum(word.width + (word.blank.width if word.blank else 0) for word in last.words) * one.setting.across
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
