from hypothesis import given
from hypothesis import strategies as st

from dragoman.domain.document import Align, Family, Run, Style
from pipeline.pdf.fonts.fallback_fonts import Fonts
from pipeline.pdf.typesetting.line_breaking import LOWEST, NARROW, Box, fit, wrap
from pipeline.pdf.typesetting.shaping import Words
from pipeline.pdf.typesetting.size_harmony import Fitted, fit_all

WORDS = Words(Fonts("de"))
STYLE = Style(Family.SERIF, 10.0)


def words(text, style=STYLE):
    return WORDS.of([Run(text, style)])


def box(**changes):
    return Box(
        **(
            {
                "left": 0.0,
                "right": 200.0,
                "baseline": 10.0,
                "bottom": 100.0,
                "size": 10.0,
                "leading": 12.0,
            }
            | changes
        )
    )


texts = st.text(st.sampled_from("abc  de fgh"), min_size=1, max_size=200).filter(str.strip)


@given(texts, st.floats(20, 300))
def test_every_word_stands_on_exactly_one_line(text, width):
    given_words = words(text)
    lines = wrap(given_words, width)
    assert all(lines)
    assert [word for line in lines for word in line] == given_words


@given(texts, st.floats(60, 300), st.floats(12, 120))
def test_what_fits_stays_in_its_box(text, width, height):
    setting = fit(words(text), box(right=width, bottom=height))
    assert LOWEST <= setting.scale <= 1
    if setting.fits:
        assert setting.lines[-1].baseline <= height
        for line in setting.lines:
            natural = sum(
                word.width + (word.blank.width if word.blank else 0) for word in line.words[:-1]
            )
            assert line.x + (natural + line.words[-1].width) * setting.across <= width + 0.1


def test_a_text_with_room_keeps_its_size():
    assert fit(words("a few short words"), box()).scale == 1


def test_it_grows_downwards_before_it_shrinks():
    setting = fit(words("many words " * 8), box(bottom=60))
    assert setting.scale == 1
    assert len(setting.lines) > 1


def test_leading_closes_before_the_size_shrinks():
    five_lines = "seven words make up a line here then " * 6
    loose = fit(words(five_lines), box(bottom=200))
    height = loose.lines[-1].baseline + 2.3
    tight = fit(words(five_lines), box(bottom=height - 2))
    assert tight.scale == 1
    assert tight.lines[-1].baseline < loose.lines[-1].baseline


def test_a_text_too_long_for_its_box_is_reported():
    assert not fit(words("far too many words " * 50), box(bottom=20)).fits


def test_a_single_word_is_shrunk_until_it_fits():
    setting = fit(words("Donaudampfschiff"), box(right=60, bottom=12.5))
    assert setting.fits
    assert setting.scale < 1


def test_right_aligned_lines_end_at_the_right_edge():
    given_words = words("short line")
    line = fit(given_words, box(align=Align.RIGHT)).lines[0]
    assert line.x + sum(word.width for word in given_words) + given_words[0].blank.width == 200


def test_centered_lines_have_the_same_space_on_both_sides():
    given_words = words("middle")
    line = fit(given_words, box(align=Align.CENTER)).lines[0]
    assert round(line.x, 6) == round(200 - line.x - given_words[0].width, 6)


def test_justified_lines_but_the_last_reach_the_right_edge():
    setting = fit(
        words("some words that fill more than one line of the box " * 2), box(align=Align.JUSTIFY)
    )
    for line in setting.lines[:-1]:
        blanks = sum(word.blank is not None for word in line.words[:-1])
        width = sum(word.width for word in line.words) + sum(
            word.blank.width for word in line.words[:-1] if word.blank
        )
        assert abs(line.x + width + blanks * line.stretch - 200) < 0.01
    assert setting.lines[-1].stretch == 0


def test_first_line_and_hanging_indents_are_kept():
    setting = fit(
        words("an item of a list that runs over several lines of text " * 2),
        box(first=0, hanging=15),
    )
    assert setting.lines[0].x == 0
    assert {line.x for line in setting.lines[1:]} == {15}


def test_chinese_may_break_between_any_two_characters_but_not_before_a_full_stop():
    given_words = words("这个文件已经翻译成中文。")
    assert len(given_words) > 5
    assert all(letters(word) != "。" for word in given_words)


def letters(word):
    return "".join(glyph.face.used[glyph.id] for piece in word.pieces for glyph in piece.glyphs)


def test_a_word_whose_style_changes_in_the_middle_is_not_broken():
    bold = Style(Family.SERIF, 10.0, bold=True)
    given_words = WORDS.of([Run("un", STYLE), Run("believ", bold), Run("able story", STYLE)])
    assert [letters(word) for word in given_words] == ["unbelievable", "story"]


def test_blocks_of_one_style_get_one_size():
    crowded, loose = box(bottom=24), box(bottom=90)
    text = "as many words as need some lines " * 3
    settings = fit_all([Fitted(words(text), crowded, "body"), Fitted(words(text), loose, "body")])
    assert settings[1].scale <= 1
    assert settings[0].scale <= settings[1].scale
    other = fit_all([Fitted(words(text), crowded, "body"), Fitted(words(text), loose, "note")])
    assert other[1].scale == 1


def test_every_script_of_europe_and_east_asia_has_glyphs():
    fonts = Fonts()
    Words(fonts).of(
        [Run("Tiếng Việt Ελληνικά Русский Čeština Türkçe 中文 ✓ → ≤ ▶ ● ქართული Հայերեն", STYLE)]
    )
    assert fonts.missing == set()


def test_characters_without_a_glyph_are_named():
    fonts = Fonts()
    Words(fonts).of([Run("a\U00013000b", STYLE)])
    assert fonts.missing == {"\U00013000"}


def test_a_long_word_is_hyphenated_by_the_rules_of_the_language_rather_than_shrunk():
    setting = fit(
        words("Versicherungsgesellschaft und mehr"), box(right=90, bottom=60), split=WORDS.split
    )
    assert setting.scale == 1
    assert letters(setting.lines[0].words[0]).endswith("-")


@given(texts, st.floats(30, 300))
def test_hyphenation_loses_no_letter(text, width):
    given_words = words("Versicherungsgesellschaft " + text)
    lines = wrap(given_words, width, split=WORDS.split)
    whole = "".join(letters(word) for word in given_words)
    assert "".join(letters(word) for line in lines for word in line).replace("-", "") == whole


def test_in_a_paragraph_from_right_to_left_lines_begin_at_the_right():
    given_words = Words(Fonts("he")).of([Run("שלום עולם", STYLE)], rtl=True)
    line = fit(given_words, box(rtl=True)).lines[0]
    width = sum(word.width for word in given_words) + given_words[0].blank.width
    assert round(line.x + width, 6) == 200


def test_thai_is_broken_between_words_though_it_has_no_blanks():
    assert len(Words(Fonts("th")).of([Run("เอกสารนี้แปลเป็นภาษาไทย", STYLE)])) > 3


def test_justified_chinese_is_spread_between_its_characters():
    setting = fit(words("这个文件已经翻译成中文" * 4), box(right=115.0, align=Align.JUSTIFY))
    assert setting.lines[0].spread
    assert setting.lines[0].stretch > 0


def test_letters_get_a_little_narrower_before_they_get_smaller():
    text = words("one line of words that is full")
    natural = (
        sum(word.width + (word.blank.width if word.blank else 0) for word in text[:-1])
        + text[-1].width
    )
    setting = fit(text, box(right=natural * 0.97, bottom=12.5))
    assert (setting.scale, setting.narrow) == (1, NARROW)
    assert fit(text, box(right=natural, bottom=12.5)).narrow == 1
    smaller = fit(text, box(right=natural * 0.9, bottom=12.5))
    assert smaller.across * natural <= natural * 0.9
    assert smaller.scale > 0.9


def test_a_character_without_a_meaning_is_a_blank():
    assert [letters(word) for word in words("one\ufffctwo")] == ["one", "two"]


def shown(setting):
    return [
        "".join(
            glyph.text for word in line.words for piece in word.pieces for glyph in piece.glyphs
        )
        for line in setting.lines
    ]


def test_a_word_alone_is_hyphenated_where_it_is_wider_than_its_cell():
    setting = fit(words("Umgebungstemperatur"), box(right=60.0, bottom=30.0), split=WORDS.split)
    assert setting.scale == 1.0
    assert len(setting.lines) == 2
    assert shown(setting)[0].endswith("-")
    assert "".join(shown(setting)).replace("-", "") == "Umgebungstemperatur"


def test_the_last_word_of_a_text_is_not_hyphenated_to_fill_a_line():
    setting = fit(words("Die Umgebungstemperatur"), box(right=100.0), split=WORDS.split)
    assert shown(setting) == ["Die", "Umgebungstemperatur"]


def test_a_line_never_ends_within_a_number():
    lines = wrap(words("(Grundkapital,auf)100.00%der-Anteile.Alle"), 60.0)
    text = [
        "".join(glyph.text for word in line for piece in word.pieces for glyph in piece.glyphs)
        for line in lines
    ]
    assert text == ["(Grundkapital,auf)100.00%der-", "Anteile.Alle"]
