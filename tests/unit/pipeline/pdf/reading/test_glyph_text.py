"""Accents and ligatures as files have them."""

import pytest

from pipeline.pdf.reading.glyph_text import ODD, spelled


@pytest.mark.parametrize(
    ("shown", "meant"),
    [
        ("f¨ur die F¨ahre", "für die Fähre"),
        ("na¨ıve", "naïve"),
        ("¨Uber J´erˆome und Erd˝os", "Über Jérôme und Erdős"),
        ("Ageˆncia", "Agência"),
        ("Franc¸ois", "François"),
        ("˚A", "Å"),
        ("de\x0cned", "defined"),
    ],
)
def test_accents_and_ligatures_are_letters(shown, meant):
    assert ODD.search(shown)
    assert spelled(shown, "CMR10") == meant


@pytest.mark.parametrize("text", ["¨", "x ˆ y", "https://example.org/˜anna", "10ˆe", "a ¨ b", "¨q"])
def test_signs_that_are_no_accents_stay(text):
    assert spelled(text, "CMR10") == text


def test_code_keeps_its_signs():
    assert spelled("aˆe", "CMTT10") == "aˆe"
