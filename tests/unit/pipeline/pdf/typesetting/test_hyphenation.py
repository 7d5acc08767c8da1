from itertools import pairwise

import pytest

from pipeline.pdf.typesetting.hyphenation import hyphenator


@pytest.mark.parametrize(
    ("lang", "word", "parts"),
    [
        ("de", "Versicherung", "Ver-si-che-rung"),
        ("de-CH", "Übersetzung", "Über-set-zung"),
        ("fr", "documentation", "do-cu-men-ta-tion"),
        ("es", "internacional", "in-ter-na-cio-nal"),
        ("de", "kurz", "kurz"),
    ],
)
def test_words_are_broken_where_the_language_breaks_them(lang, word, parts):
    positions = [0, *hyphenator(lang).positions(word), len(word)]
    assert "-".join(word[start:end] for start, end in pairwise(positions)) == parts


def test_a_language_without_patterns_has_no_hyphenator():
    assert hyphenator("ja") is None
