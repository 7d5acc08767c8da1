"""Runs to marked-up text and back, whatever an engine does to it."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.domain.document import Original, Run, Style
from pipeline.stages import markup
from pipeline.stages.protection import Glossary

PLAIN, BOLD, ITALIC, NOTE = (
    Style(),
    Style(bold=True),
    Style(italic=True),
    Style(size=7, superscript=True),
)
NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
AWKWARD = [
    "http://a.example/c.",
    "see foo_bar()",
    "1.2.3 ",
    "x@y.example",
    '<g id="1">',
    "&amp;lt;",
    "• ",
    "2. ",
    ".....7",
    "</x>",
]
TEXTS = st.one_of(
    st.text(max_size=20), st.text("ab1. •-/&<>;()_@…gx東", max_size=20), st.sampled_from(AWKWARD)
)
RUNS = st.lists(st.builds(Run, TEXTS, st.sampled_from([PLAIN, BOLD, ITALIC, NOTE])), max_size=6)
BITS = [
    '<g id="1">',
    "</g>",
    '<x id="1"/>',
    '<x id="2"/>',
    '<g id="9">',
    "</x>",
    "word",
    "&amp;",
    " ",
    "<",
    "&",
    "é",
    "<g>",
    "<x/>",
    "<g/>",
]


def text_of(runs):
    return "".join(run.text for run in runs)


def sentence(*runs):
    return markup.write([Run(text, style) for text, style in runs])


@settings(max_examples=300, deadline=None)
@given(RUNS)
def test_the_same_answer_gives_back_the_same_runs(runs):
    segment = markup.write(runs)
    assert markup.read(segment, segment.text) == markup.tidy(runs)


@settings(max_examples=300, deadline=None)
@given(RUNS)
def test_tidy_changes_no_character(runs):
    tidied = markup.tidy(runs)
    assert text_of(tidied) == NO_XML.sub("", text_of(runs))
    assert markup.tidy(tidied) == tidied


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.builds(
            Run,
            st.text("ab1. 東", min_size=1).map(lambda text: f"{text}."),
            st.sampled_from([PLAIN, BOLD]),
        )
    )
)
def test_tidy_changes_no_style_where_words_are_whole(runs):
    styles = [(c, run.style) for run in runs for c in run.text if not c.isspace()]
    assert [
        (c, run.style) for run in markup.tidy(runs) for c in run.text if not c.isspace()
    ] == styles


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        (
            [("S", BOLD), ("YNTHESE DES ", PLAIN), ("I", BOLD), ("MPACTS", PLAIN)],
            [("SYNTHESE DES IMPACTS", PLAIN)],
        ),
        ([("Wor", BOLD), ("d again", PLAIN)], [("Word ", BOLD), ("again", PLAIN)]),
        ([("H", PLAIN), ("2", NOTE), ("O", PLAIN)], [("H", PLAIN), ("2", NOTE), ("O", PLAIN)]),
        ([("l’", PLAIN), ("eau", BOLD)], [("l’", PLAIN), ("eau", BOLD)]),
        ([("東", PLAIN), ("京", BOLD)], [("東", PLAIN), ("京", BOLD)]),
    ],
)
def test_a_word_has_one_style(runs, expected):
    assert markup.tidy([Run(*run) for run in runs]) == tuple(Run(*run) for run in expected)


@settings(max_examples=300, deadline=None)
@given(RUNS, st.lists(st.sampled_from(BITS), max_size=12).map("".join))
def test_no_answer_loses_a_word_or_a_kept_piece(runs, answer):
    segment = markup.write(runs)
    result = text_of(markup.read(segment, answer))
    if segment.has_words and not any(c.isalnum() for c in markup.plain(answer)):
        assert result == text_of(markup.tidy(runs))
        return
    characters = iter(result)
    assert all(character in characters for character in markup.plain(answer))
    assert all(kept.run.text in result for kept in segment.kept.values())


@settings(max_examples=200, deadline=None)
@given(RUNS)
def test_the_text_is_well_formed(runs):
    rest = re.sub(r"&(amp|lt|gt);", "", markup.write(runs).text)
    opened = 0
    for tag in re.findall(r"<[^>]*>", rest):
        assert re.fullmatch(r'<g id="\d+">|</g>|<x id="\d+"/>', tag)
        opened += tag.startswith("<g") - tag.startswith("</g")
        assert opened in (0, 1)
    assert "&" not in rest


def test_other_styles_are_tagged_and_the_main_one_is_not():
    segment = sentence(("A ", PLAIN), ("bold word", BOLD), (" in a long sentence & more", PLAIN))
    assert segment.text == 'A <g id="1">bold word</g> in a long sentence &amp; more'


def test_blanks_stand_outside_of_tags():
    segment = sentence(("A", PLAIN), (" bold ", BOLD), ("word in the sentence", PLAIN))
    assert segment.text == 'A <g id="1">bold</g> word in the sentence'


def test_a_piece_of_other_style_without_letters_is_kept():
    segment = sentence(("The sentence", PLAIN), ("12", NOTE), (" goes on", PLAIN))
    assert segment.text == 'The sentence<x id="1"/> goes on'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("• An item", "An item"),
        ("2.1 The method", "The method"),
        ("3. The method", "The method"),
        ("(b) The method", "The method"),
        ("1.5 million people", "1.5 million people"),
        ("Contents ............ 12", "Contents"),
        ("Wait ... 12", "Wait ... 12"),
        ("  Text  ", "Text"),
    ],
)
def test_bullets_numbers_and_leaders_are_no_part_of_the_sentence(text, expected):
    assert sentence((text, PLAIN)).text == expected


def test_equal_sentences_give_equal_texts_wherever_they_stand():
    assert (
        sentence(("1. See https://a.example", PLAIN)).text
        == sentence(("2. See https://b.example", BOLD)).text
    )


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            'Ein <g id="1">fettes</g> Wort <x id="2"/>.',
            [("Ein ", PLAIN), ("fettes ", BOLD), ("Wort u_v.", PLAIN)],
        ),
        ('<g id="1">Fettes</g> <x id="2"/>', [("Fettes ", BOLD), ("u_v", PLAIN)]),  # moved
        (
            '<g id="1">A</g> b <g id="1">C</g> <x id="2"/>',
            [("A ", BOLD), ("b ", PLAIN), ("C ", BOLD), ("u_v", PLAIN)],
        ),  # split
        ("Ein Wort", [("Ein Wort u_v", PLAIN)]),  # all lost
        ('Ein <g id="1">Wort <x id="2"/>', [("Ein Wort u_v", PLAIN)]),  # never closed
        ('Ein</g> Wort <x id="2"/>', [("Ein Wort u_v", PLAIN)]),  # never opened
        ('Ein <g id="7">Wort</g> <x id="2"/>', [("Ein Wort u_v", PLAIN)]),  # unknown
        ('Ein <x id="2"/> <x id="2"/>', [("Ein u_v ", PLAIN)]),  # twice
        ('Ein <X ID="2" /> & <b> &quot;', [('Ein u_v & <b> "', PLAIN)]),  # spelt otherwise
        ('Ein<x id="2"/>wort', [("Ein u_v wort", PLAIN)]),  # blanks lost
    ],
)
def test_damaged_answers_lose_style_at_worst(answer, expected):
    segment = sentence(("A ", PLAIN), ("bold", BOLD), (" word u_v in it", PLAIN))
    assert segment.text == 'A <g id="1">bold</g> word <x id="2"/> in it'
    assert markup.read(segment, answer) == tuple(Run(*run) for run in expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", False),
        ("x + y", False),
        ("12 %", False),
        ("is", True),
        ("東", True),
        ("ไ", True),
        ("é à", False),
    ],
)
def test_letters_alone_are_no_words(text, expected):
    assert sentence((text, PLAIN)).has_words is expected


def test_marks_at_the_ends_are_no_part_of_the_sentence():
    segment = sentence(
        ("1", NOTE), (" A note about ", PLAIN), ("bold", BOLD), (" things.", PLAIN), ("2", NOTE)
    )
    assert segment.text == 'A note about <g id="1">bold</g> things.'
    assert text_of(markup.read(segment, "Etwas")) == "1 Etwas2"


@pytest.mark.parametrize("answer", ["", "  ", '<x id="1"/>', "…"])
def test_an_answer_without_words_keeps_the_source(answer):
    segment = sentence(("Some words u_v", PLAIN))
    assert text_of(markup.read(segment, answer)) == "Some words u_v"


def test_a_glossary_term_is_restored_as_its_target_in_its_style():
    segment = markup.write(
        [Run("The ", PLAIN), Run("red house", BOLD), Run(" stands here", PLAIN)],
        Glossary([("house", "Haus")]),
    )
    assert segment.text == 'The <g id="1">red <x id="2"/></g> stands here'
    runs = markup.read(segment, 'Da steht das <g id="1">rote <x id="2"/></g>')
    assert runs == (Run("Da steht das ", PLAIN), Run("rote Haus", BOLD))


def test_a_text_of_kept_pieces_alone_needs_no_engine():
    assert not sentence(("https://a.example/b", PLAIN)).has_words
    assert markup.write([Run("House", PLAIN)], Glossary([("house", "Haus")])).has_words is False


def test_no_runs_give_an_empty_text():
    segment = markup.write([])
    assert (segment.text, segment.has_words, markup.read(segment, "")) == ("", False, ())


FORMULA = Style(original=Original(((10.0, 20.0, 100.0, 2),), 100.0))


def test_a_formula_is_kept_out_whatever_its_letters():
    segment = markup.write(
        [Run("where ", Style()), Run("xy ", FORMULA), Run("is the speed", Style())]
    )
    assert segment.text == 'where <x id="1"/> is the speed'
    assert markup.read(segment, 'Dabei ist <x id="1"/> die Fahrt')[1] == Run("xy ", FORMULA)


def test_a_formula_is_not_made_one_word_with_the_letters_beside_it():
    runs = markup.tidy([Run("a", Style()), Run("xy", FORMULA), Run("bc", Style())])
    assert [run.text for run in runs] == ["a", "xy", "bc"]


def test_a_formula_that_begins_like_an_item_is_not_cut():
    segment = markup.write([Run("· 2", FORMULA), Run(" is a product", Style())])
    assert segment.source[0] == Run("· 2 ", FORMULA)
    assert segment.text == '<x id="1"/> is a product'
