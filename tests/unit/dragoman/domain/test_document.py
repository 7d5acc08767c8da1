"""A document as values, and its way between two stages."""

from __future__ import annotations

import gzip
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.domain.document import (
    Align,
    Block,
    BlockKind,
    Document,
    DocumentWarning,
    Family,
    Label,
    Line,
    Page,
    Run,
    Span,
    Style,
    from_bytes,
    to_bytes,
    with_targets,
)

points = st.floats(-1e6, 1e6)
# A PDF's text may hold anything but half a pair of surrogates, which no UTF-8 can carry.
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
rects = st.tuples(points, points, points, points)
styles = st.builds(
    Style,
    st.sampled_from(Family),
    points,
    st.integers(0, 0xFFFFFF),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
runs = st.builds(Run, words, styles)
spans = st.builds(Span, words, styles, rects, points)
lines = st.builds(Line, st.lists(spans, max_size=2).map(tuple), rects, st.tuples(points, points))
blocks = st.builds(
    Block,
    id=words,
    kind=st.sampled_from(BlockKind),
    bbox=rects,
    lines=st.lists(lines, max_size=2).map(tuple),
    source=st.lists(runs, max_size=2).map(tuple),
    align=st.sampled_from(Align),
    target=st.none() | st.lists(runs, max_size=2).map(tuple),
)
pages = st.builds(
    Page,
    number=st.integers(0, 10_000),
    width=points,
    height=points,
    rotation=st.sampled_from([0, 90, 180, 270]),
    blocks=st.lists(blocks, max_size=2).map(tuple),
)
documents = st.builds(
    Document,
    pages=st.lists(pages, max_size=2).map(tuple),
    page_count=st.integers(0, 10_000),
    source_lang=st.none() | st.just("en"),
    labels=st.lists(st.builds(Label, words, words, st.none() | words), max_size=2).map(tuple),
    warnings=st.lists(
        st.builds(DocumentWarning, words, words, st.none() | st.integers(0, 9)), max_size=2
    ).map(tuple),
)


@given(documents)
@settings(max_examples=50, deadline=None)
def test_document_survives_its_way_through_the_store(document):
    assert from_bytes(to_bytes(document)) == document


@given(documents)
@settings(max_examples=20, deadline=None)
def test_the_same_document_is_the_same_bytes(document):
    assert to_bytes(document) == to_bytes(document)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"junk",
        gzip.compress(b"junk", mtime=0),
        gzip.compress(b"{}", mtime=0),
        to_bytes(Document((), 0))[:-4],
        b"\x1f\x8b\x08" + b"\0" * 40,
    ],
)
def test_what_is_no_stored_document_is_refused(data):
    with pytest.raises(ValueError):  # noqa: PT011 - any of its kinds
        from_bytes(data)


@given(st.binary(max_size=60), st.integers(0, 200))
def test_damaged_document_is_refused_or_read(junk, at):
    data = to_bytes(Document((), 3))
    with suppress(ValueError):
        from_bytes(data[:at] + junk + data[at + len(junk) :])


def block(name: str, text: str, kind: BlockKind = BlockKind.PARAGRAPH) -> Block:
    return Block(name, kind, (0, 0, 1, 1), (), (Run(text, Style()),))


def test_targets_are_set_by_id_and_key():
    page = Page(0, 1, 1, 0, (block("a", "Hello"), block("b", "World")))
    before = Document((page,), 1, labels=(Label("title", "Hello"), Label("outline.0", "World")))
    after = with_targets(before, {"a": (Run("Hallo", Style()),)}, {"title": "Hallo"})
    assert [found.target for found in after.blocks()] == [(Run("Hallo", Style()),), None]
    assert [label.target for label in after.labels] == ["Hallo", None]
    assert [found.target for found in before.blocks()] == [None, None]


def test_code_formulas_and_numbers_are_not_for_the_translator():
    kinds = {kind: block("x", "text", kind).translatable for kind in BlockKind}
    assert [kind for kind, seen in kinds.items() if not seen] == [
        BlockKind.CODE,
        BlockKind.FORMULA,
        BlockKind.UNREADABLE,
    ]
    assert not block("x", "12.5 % — 3").translatable
    assert block("x", "日本").translatable


def test_characters_are_those_of_the_translator():
    page = Page(0, 1, 1, 0, (block("a", "Hello"), block("b", "x = 1", BlockKind.CODE)))
    assert Document((page,), 1).characters() == 5


def test_line_reads_as_its_spans():
    spans_ = tuple(Span(text, Style(), (0, 0, 1, 1), 0.0) for text in ("Hel", "lo"))
    assert Line(spans_, (0, 0, 1, 1)).text == "Hello"
