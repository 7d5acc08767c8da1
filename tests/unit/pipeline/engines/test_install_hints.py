"""What an admin is told to type for a pair that is not there."""

import pytest

from pipeline.engines import install_hints


@pytest.mark.parametrize(
    ("source", "target", "have", "deepl", "expected"),
    [
        ("en", "de", (), True, "To add it: dragoman models add en-de."),
        ("en", "de", (), False, "To add it: dragoman models add en-de; or a DeepL key in DRAGOMAN_DEEPL_AUTH_KEY."),
        ("en", "es", (), True, "To add it: dragoman models add en-es; or apt-get install apertium-eng-spa."),
        ("pt-BR", "es-MX", (), True, "To add it: dragoman models add pt-en && dragoman models add en-es; or apt-get install apertium-es-pt."),
        ("pt", "es", [("pt", "en")], True, "To add it: dragoman models add en-es; or apt-get install apertium-es-pt."),
        ("es", "an", (), True, "To add it: apt-get install apertium-spa-arg."),
        ("br", "fr", (), True, "To add it: apt-get install apertium-br-fr."),
        ("fr", "br", (), True, "No engine that we know of adds it."),
        (None, "de", (), True, "To add it (from English): dragoman models add en-de."),
        ("en", "tlh", (), False, "To add it: a DeepL key in DRAGOMAN_DEEPL_AUTH_KEY."),
    ],
)  # fmt: skip
def test_the_exact_commands(source, target, have, deepl, expected):
    assert install_hints.how(source, target, have, deepl=deepl) == expected


def test_each_pair_of_debian_is_written_once_and_in_order():
    assert all(pair == " ".join(sorted(pair.split())) for pair in install_hints.BOTH_WAYS.values())
    assert not set(install_hints.BOTH_WAYS) & set(install_hints.ONE_WAY)
