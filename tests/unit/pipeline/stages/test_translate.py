"""Which texts go to an engine, in which batches, and how answers are applied."""

import dataclasses
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.domain.document import Block, BlockKind, Document, Label, Page, Run, Style
from dragoman.domain.job import Options, Tone
from dragoman.ports import Limits
from pipeline.stages import translate
from pipeline.stages.protection import Glossary

BOX = (0.0, 0.0, 100.0, 20.0)


def block(number, text, kind=BlockKind.PARAGRAPH):
    return Block(f"b{number}", kind, BOX, (), (Run(text, Style()),))


def document(*texts, source_lang="en", labels=(), kind=BlockKind.PARAGRAPH):
    blocks = tuple(block(number, text, kind) for number, text in enumerate(texts))
    return Document((Page(0, 595, 842, 0, blocks),), 1, source_lang, labels)


def targets(result):
    return [block.target and "".join(run.text for run in block.target) for block in result.blocks()]


def test_equal_texts_are_asked_for_once_in_reading_order():
    labels = (Label("title", "Two"), Label("outline.0", "Three"))
    assert translate.segments(document("One", "Two", "1. One", labels=labels)) == (
        "One",
        "Two",
        "Three",
    )


@pytest.mark.parametrize(
    ("text", "kind"),
    [("x = y", BlockKind.FORMULA), ("print(x)", BlockKind.CODE), ("12 %", BlockKind.CELL)],
)
def test_code_formulas_and_numbers_are_not_sent(text, kind):
    assert translate.segments(document(text, kind=kind)) == ()


def test_a_url_alone_is_not_sent_and_stays():
    source = document("https://a.example/b")
    assert translate.segments(source) == ()
    assert targets(translate.apply(source, {})) == [None]


def test_answers_become_targets_of_every_block_with_the_text():
    source = document("1. One", "2. One", "Two")
    assert targets(translate.apply(source, {"One": "Eins"})) == ["1. Eins", "2. Eins", None]


def test_labels_get_their_targets():
    result = translate.apply(
        document(labels=(Label("title", "One"), Label("outline.0", "Two"))), {"One": "Eins"}
    )
    assert [label.target for label in result.labels] == ["Eins", None]


def test_a_text_that_stays_the_same_gets_no_target():
    assert targets(translate.apply(document("Berlin"), {"Berlin": "Berlin"})) == [None]


def test_a_glossary_term_alone_is_translated_without_an_engine():
    glossary = Glossary([("invoice", "Rechnung")])
    source = document("Invoice")
    assert translate.segments(source, glossary) == ()
    assert targets(translate.apply(source, {}, glossary)) == ["Rechnung"]


@given(st.lists(st.text(max_size=30), max_size=8))
def test_identity_changes_nothing(texts):
    source = document(*texts)
    assert translate.apply(source, {text: text for text in translate.segments(source)}) == source


@pytest.mark.parametrize(
    ("source_lang", "detected", "target_lang", "expected"),
    [
        (None, "en", "de", True),
        (None, "de", "de", False),
        ("de", "en", "de", False),
        ("en", "de", "de", True),
        (None, None, "de", True),
        (None, "zh-Hans", "zh-Hant", True),
        (None, "en", "en-GB", False),
    ],
)
def test_only_other_languages_need_translation(source_lang, detected, target_lang, expected):
    options = Options(target_lang, source_lang)
    assert translate.needs_translation(document(source_lang=detected), options) is expected


@given(st.lists(st.text(max_size=30)), st.integers(1, 5), st.integers(1, 60))
def test_batches_keep_order_and_limits(texts, count, size):
    batches = translate.plan_batches(texts, Limits(count, size))
    assert [text for batch in batches for text in batch] == texts
    assert all(0 < len(batch) <= count for batch in batches)
    assert all(
        len(batch) == 1 or sum(len(text.encode()) for text in batch) <= size for batch in batches
    )


@settings(max_examples=300)
@given(
    st.lists(
        st.sampled_from(["One two. ", "é", "東京。", '<x id="1"/>', "&amp;", "word ", ";"]),
        max_size=30,
    ).map("".join),
    st.integers(12, 60),
)
def test_pieces_join_to_the_text_and_fit(text, size):
    pieces = translate.cut(text, size)
    assert "".join(pieces) == text
    assert all(len(piece.encode()) <= size for piece in pieces)
    assert all(
        "<" not in re.sub(r"<[^<>]*>", "", piece) and "&" not in piece.replace("&amp;", "")
        for piece in pieces
    )


def test_long_texts_are_cut_after_sentences():
    assert translate.cut("One two. Three four. Five.", 20) == ["One two. ", "Three four. Five."]


def test_a_style_around_a_cut_is_dropped():
    pieces = translate.cut('A <g id="1">b c. d e</g> f g.', 12)
    assert "".join(pieces) == "A b c. d e f g."


def test_a_key_depends_on_everything_that_matters():
    base = ("deepl", "en", "de", None, "text")
    others = [("apertium", *base[1:]), ("deepl", None, *base[2:]), ("deepl", "en", "fr", *base[3:])]
    others += [("deepl", "en", "de", Tone.FORMAL, "text"), (*base[:4], "texts")]
    keys = {translate.memory_key(*parts) for parts in [base, *others]}
    assert len(keys) == 6
    assert all(len(key) == 64 and int(key, 16) >= 0 for key in keys)


def test_apply_leaves_the_source_alone():
    source = document("One")
    before = dataclasses.replace(source)
    translate.apply(source, {"One": "Eins"})
    assert source == before


def test_a_key_depends_on_team_version_and_context_too():
    base = ("deepl", "en", "de", None, "text")
    known = [
        {},
        {"team": "@example.org"},
        {"version": "2"},
        {"context": "Contents"},
        {"team": "2"},
        {"context": "2"},
    ]
    assert len({translate.memory_key(*base, **facts) for facts in known}) == len(known)
