"""What a tone model sees, and what becomes of its answers."""

import pytest

from dragoman.domain.document import Block, BlockKind, Document, Page, Run, Style
from dragoman.domain.job import Tone
from dragoman.ports import Capabilities
from pipeline.stages import tone

PLAIN, BOLD = Style(), Style(bold=True)
LONG = "This is a long sentence."


def document(*blocks):
    made = [
        Block(
            f"b{n}",
            kind,
            (0, 0, 1, 1),
            (),
            (Run("source", PLAIN),),
            target=target and tuple(Run(*run) for run in target),
        )
        for n, (kind, target) in enumerate(blocks)
    ]
    return Document((Page(0, 1, 1, 0, tuple(made)),), 1)


def test_only_translated_sentences_are_rephrased():
    source = document(
        (BlockKind.PARAGRAPH, [(LONG, PLAIN)]),
        (BlockKind.PARAGRAPH, [("Two words", PLAIN)]),
        (BlockKind.HEADING, [("A heading of many words here", PLAIN)]),
        (BlockKind.PARAGRAPH, None),
        (BlockKind.CAPTION, [(LONG, PLAIN)]),
    )
    assert tone.segments(source) == (LONG,)


def test_answers_replace_targets_and_keep_styles():
    source = document(
        (
            BlockKind.PARAGRAPH,
            [("This is a ", PLAIN), ("very bold", BOLD), (" long sentence.", PLAIN)],
        )
    )
    text = tone.segments(source)[0]
    result = tone.apply(source, {text: 'Here is <g id="1">bold</g> text.'})
    assert result.blocks()[0].target == (
        Run("Here is ", PLAIN),
        Run("bold ", BOLD),
        Run("text.", PLAIN),
    )


def test_without_answers_nothing_changes():
    source = document((BlockKind.PARAGRAPH, [(LONG, PLAIN)]))
    assert tone.apply(source, {}) == source


@pytest.mark.parametrize(
    ("asked", "target", "expected"),
    [
        (None, "ja", True),
        (Tone.FORMAL, "de", True),
        (Tone.FORMAL, "pt-PT", False),
        (Tone.INFORMAL, "ja", False),
        (Tone.SIMPLE, "de", False),
        (Tone.SIMPLE, "en-US", True),
    ],
)
def test_a_tone_is_honoured_where_the_engine_says_so(asked, target, expected):
    known = Capabilities(
        "deepl", frozenset({"de", "en-US"}), formality=frozenset({"de"}), styles=frozenset({"en"})
    )
    assert tone.honoured(asked, target, known) is expected
