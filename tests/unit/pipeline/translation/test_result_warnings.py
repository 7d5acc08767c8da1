"""What the reader of a result is told about its figures: where the engine is one that changes
them.
"""

from __future__ import annotations

from dragoman.domain.document import Block, BlockKind, Document, Page, Run, Style
from pipeline.stages.checks import Doubt
from pipeline.translation import result_warnings

BOX = (0.0, 0.0, 10.0, 10.0)
BLOCK = Block(
    "0.0",
    BlockKind.PARAGRAPH,
    BOX,
    (),
    (Run("Call 493", Style()),),
    target=(Run("Ligue 443", Style()),),
)
DOCUMENT = Document((Page(0, 100.0, 100.0, 0, (BLOCK,)),), 1)


def test_the_local_engines_figures_are_looked_over():
    (warning,) = result_warnings.of_figures("local", DOCUMENT)
    assert (warning.code, warning.page) == ("figures_differ", 0)
    assert "493" in warning.message


def test_other_engines_are_believed():
    assert result_warnings.of_figures("deepl", DOCUMENT) == ()


def test_engines_that_follow_rules_are_told_from_those_that_have_learned():
    assert [result_warnings.mark(name).trained for name in ("deepl", "local", "apertium")] == [
        True,
        True,
        False,
    ]


def _page(number: int, *texts: str) -> Page:
    blocks = [
        Block(f"{number}.{at}", BlockKind.PARAGRAPH, BOX, (), (Run(text, Style()),))
        for at, text in enumerate(texts)
    ]
    return Page(number, 100.0, 100.0, 0, tuple(blocks))


def test_what_is_doubted_is_told_by_page():
    document = Document(
        (_page(0, "First text", "Second text"), _page(1, "Third text", "First text")), 2
    )
    doubts = {"First text": Doubt.REFUSED, "Second text": Doubt.CUT, "Third text": Doubt.NUMBER}
    found = {
        (one.page, one.code): one.message for one in result_warnings.of_doubts(document, doubts)
    }
    assert sorted(found) == [
        (0, "kept_in_original"),
        (1, "kept_in_original"),
        (1, "translation_doubtful"),
    ]
    assert found[0, "kept_in_original"].startswith("2 texts")
    assert "“First text”" in found[1, "kept_in_original"]


def test_nothing_is_told_where_nothing_is_doubted():
    assert result_warnings.of_doubts(DOCUMENT, {}) == ()


def test_a_sentence_that_stays_is_named_with_its_page():
    told = "It cost 12 § 7 in May. We paid it."
    block = Block(
        "0.0",
        BlockKind.PARAGRAPH,
        BOX,
        (),
        (Run(told, Style()),),
        target=(Run("It cost 12 § 7 in May. Wir zahlten.", Style()),),
    )
    (warning,) = result_warnings.of_doubts(
        Document((Page(3, 100.0, 100.0, 0, (block,)),), 4), {told: Doubt.SENTENCE}
    )
    assert (warning.code, warning.page) == ("sentence_kept", 3)
    assert warning.message.endswith(": “It cost 12 § 7 in May.”")


def test_one_source_with_two_targets_is_told_and_short_texts_are_left_alone():
    def block(at: int, text: str, said: str) -> Block:
        run = (Run(text, Style()),)
        return Block(f"0.{at}", BlockKind.PARAGRAPH, BOX, (), run, target=(Run(said, Style()),))

    sentence = "Press the red button to stop."
    blocks = (
        block(0, sentence, "Den roten Knopf zum Halten drücken."),
        block(1, sentence.upper(), "Zum Anhalten die rote Taste drücken."),
        block(2, sentence, "Den  roten Knopf zum Halten drücken"),
        block(3, "Right", "Rechts"),
        block(4, "Right", "Richtig"),
    )
    document = Document((Page(0, 100.0, 100.0, 0, blocks),), 1)
    [said] = result_warnings.of_words(document, {}, target_lang="de")
    assert (said.code, said.page) == ("translations_vary", 0)
    assert "PRESS THE RED BUTTON" in said.message
