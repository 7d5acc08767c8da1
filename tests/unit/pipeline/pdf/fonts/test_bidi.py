from pipeline.pdf.fonts.bidi import in_sight, is_right_to_left, levels


def seen(text):
    """The characters as a reader sees them from left to right."""
    found = levels(text, rtl=True)
    return "".join(text[place] for place in in_sight(range(len(text)), lambda place: found[place]))


def test_text_from_left_to_right_needs_no_levels():
    assert levels("plain text", rtl=False) is None


def test_numbers_and_latin_words_keep_their_order_inside_text_from_the_right():
    assert seen("\u05d0\u05d1 Ab 12 \u05d2") == "\u05d2 Ab 12 \u05d1\u05d0"


def test_both_brackets_of_a_pair_have_one_level():
    found = levels("\u05d0 (Ab 1) \u05d1", rtl=True)
    assert found[2] == found[7]


def test_a_language_of_another_script_begins_at_the_left():
    assert is_right_to_left("ar-EG")
    assert not is_right_to_left("en")
