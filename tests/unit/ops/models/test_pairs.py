"""What people call a pair, what models are named by, and the way through English."""

import pytest

from dragoman.errors import UnsupportedOption
from ops.models.pairs import Pair, from_folder_name, parse, through_english, way

EN_PT, PT_EN, EN_DE, DE_EN = Pair("en", "pt"), Pair("pt", "en"), Pair("en", "de"), Pair("de", "en")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("en-pt", EN_PT),
        (" EN-PT ", EN_PT),
        ("en-pt-BR", EN_PT),
        ("en-GB-pt-PT", EN_PT),
        ("English-Portuguese", EN_PT),
        ("en→pt", EN_PT),
        ("zh-en", Pair("zh", "en")),
        ("zh-Hans-en", Pair("zh", "en")),
        ("en-zh-Hant", Pair("en", "zh_hant")),
        ("zh_hant-en", Pair("zh_hant", "en")),
        ("en-zh-TW", Pair("en", "zh_hant")),
        ("no-en", Pair("nb", "en")),
    ],
)
def test_a_pair_is_understood_as_people_write_it(text, meant):
    assert parse(text) == meant


@pytest.mark.parametrize(
    "text", ["", "en", "enpt", "en-", "-pt", "en-xq", "en-en", "en-en-GB", "../etc-pt", "en/pt"]
)
def test_what_is_no_pair_is_refused_with_an_example(text):
    with pytest.raises(UnsupportedOption) as refused:
        parse(text)
    assert "en-pt" in refused.value.advice


def test_a_folder_is_named_after_its_pair_and_back():
    for pair in (EN_PT, Pair("zh_hant", "en")):
        assert from_folder_name(str(pair)) == pair
    assert from_folder_name("en-zh-Hant") == Pair("en", "zh_hant")
    assert [
        from_folder_name(name) for name in (".incoming-en-pt-0123", "lost+found", "a", "en-pt-BR")
    ] == [None] * 4


def test_the_way_is_direct_or_through_english_or_none():
    known = {EN_PT, PT_EN, EN_DE}
    assert way(EN_PT, known) == (EN_PT,)
    assert way(Pair("pt", "de"), known) == (PT_EN, EN_DE)
    assert way(Pair("de", "pt"), known) == ()
    assert way(DE_EN, known) == ()


def test_pairs_through_english_are_those_without_a_model_of_their_own():
    known = {EN_PT, PT_EN, EN_DE, DE_EN, Pair("de", "pt")}
    assert through_english(known) == [Pair("pt", "de")]
    assert Pair("zh_hant", "en").spoken == "Chinese (Traditional) → English"
