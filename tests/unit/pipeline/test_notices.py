"""What the reader of a result is told about its figures: where the engine is one that changes them."""

from __future__ import annotations

from dragoman.domain.document import Block, BlockKind, Document, Page, Run, Style
from pipeline import notices

BOX = (0.0, 0.0, 10.0, 10.0)
BLOCK = Block("0.0", BlockKind.PARAGRAPH, BOX, (), (Run("Call 493", Style()),), target=(Run("Ligue 443", Style()),))
DOCUMENT = Document((Page(0, 100.0, 100.0, 0, (BLOCK,)),), 1)


def test_the_local_engines_figures_are_looked_over():
    (warning,) = notices.of_figures("local", DOCUMENT)
    assert (warning.code, warning.page) == ("figures_differ", 0)
    assert "493" in warning.message


def test_other_engines_are_believed():
    assert notices.of_figures("deepl", DOCUMENT) == ()


def test_engines_that_follow_rules_are_told_from_those_that_have_learned():
    assert [notices.mark(name).trained for name in ("deepl", "local", "apertium")] == [True, True, False]
