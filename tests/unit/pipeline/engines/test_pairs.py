"""Which engine serves which pair, and what a refusal says."""

import pytest

from dragoman.errors import UnsupportedPair, UnsupportedTarget
from dragoman.ports import Capabilities
from pipeline.engines.apertium import modes_of
from pipeline.engines.deepl import closest
from pipeline.engines.pairs import refuse_unserved, serves

FIXED = Capabilities(
    "apertium", frozenset({"es", "en", "en-US"}), frozenset({("en", "es"), ("es", "en")})
)
ANY = Capabilities("deepl", frozenset({"de", "pt-BR", "zh-Hant"}))


@pytest.mark.parametrize(
    ("known", "source", "target", "expected"),
    [
        (FIXED, "en", "es", True),
        (FIXED, "en-GB", "es-MX", True),
        (FIXED, "fr", "es", False),
        (FIXED, None, "es", False),
        (FIXED, "en", "de", False),
        (ANY, None, "de", True),
        (ANY, "xx", "de-AT", True),
        (ANY, "en", "pt", True),
        (ANY, "en", "zh-Hans", False),
        (ANY, "en", "zh-Hant", True),
    ],
)
def test_pairs_are_matched_by_language_and_script(known, source, target, expected):
    assert serves(known, source, target) is expected


@pytest.mark.parametrize(
    ("source", "target", "error", "words"),
    [
        ("en", "de", UnsupportedTarget, "Spanish (es)"),
        ("fr", "es", UnsupportedPair, "English → Spanish"),
        (None, "es", UnsupportedPair, "name the language"),
    ],
)
def test_a_refusal_says_what_is_possible(source, target, error, words):
    with pytest.raises(error) as refused:
        refuse_unserved(FIXED, source, target)
    assert words in refused.value.advice


def test_modes_are_read_by_their_names():
    listing = "  eng-spa\n  spa-eng_US\n  es-fr\n  eco-es-fr\n  eng-cat_valencia\n"
    assert modes_of(listing) == {
        ("en", "es"): "eng-spa",
        ("es", "en-US"): "spa-eng_US",
        ("es", "fr"): "es-fr",
    }


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("en", "en-US"),
        ("en-GB", "en-GB"),
        ("en-AU", "en-US"),
        ("pt", "pt-BR"),
        ("zh", "zh"),
        ("zh-Hant", "zh-Hant"),
        ("de-AT", "de"),
        ("tlh", None),
    ],
)
def test_a_tag_means_the_closest_target(tag, expected):
    assert (
        closest(tag, ["de", "en-GB", "en-US", "pt-BR", "pt-PT", "zh", "zh-Hans", "zh-Hant"])
        == expected
    )
