"""Languages as people name them."""

from __future__ import annotations

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from dragoman.domain import language
from dragoman.errors import UnknownLanguage


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("de", "de"),
        ("DE", "de"),
        (" German ", "de"),
        ("deutsch", "de"),
        ("Deutsch", "de"),
        ("pt-br", "pt-BR"),
        ("pt_BR", "pt-BR"),
        ("ZH-hans", "zh-Hans"),
        ("zh-CN", "zh-Hans"),
        ("zh_TW", "zh-Hant"),
        ("Simplified  Chinese", "zh-Hans"),
        ("sr-Latn-RS", "sr-Latn-RS"),
        ("es-419", "es-419"),
        ("français", "fr"),
        ("ESPAÑOL", "es"),
        ("русский", "ru"),
        ("日本語", "ja"),
        ("العربية", "ar"),
        ("no", "nb"),
        ("iw", "he"),
        ("jp", "ja"),
        ("british english", "en-GB"),
    ],
)
def test_codes_and_names_in_many_languages(text, tag):
    assert language.parse(text) == tag


@pytest.mark.parametrize(
    "text", ["", " ", "xx", "klingonese", "de-", "de--DE", "german please", "d", "1", "zz-ZZ"]
)
def test_what_is_no_language_is_refused_with_its_words(text):
    with pytest.raises(UnknownLanguage) as caught:
        language.parse(text)
    assert f"“{text.strip()}”" in str(caught.value)


def test_long_nonsense_is_cut_in_the_message():
    with pytest.raises(UnknownLanguage) as caught:
        language.parse("x" * 10_000)
    assert len(str(caught.value)) < 100


@given(st.text(max_size=30))
def test_any_text_is_a_tag_or_is_refused(text):
    try:
        tag = language.parse(text)
    except UnknownLanguage:
        return
    assert language.parse(tag) == tag


@pytest.mark.parametrize(
    "tag",
    ["de", "fr", "es", "it", "ja", "zh", "ko", "ar", "hi", "pt", "ru", "pl", "uk", "sv", "el"],
)
def test_own_and_english_names_lead_back_to_the_language(tag):
    own = Locale.parse(tag).languages[tag]
    assert language.parse(own) == tag
    assert language.parse(language.name(tag)) == tag


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("en", "en", True),
        ("en", "en-GB", True),
        ("pt-BR", "pt-PT", True),
        ("zh-Hans", "zh-Hant", False),
        ("zh", "zh-Hant", True),
        ("en", "de", False),
        (None, "de", False),
        ("de", None, False),
    ],
)
def test_same_language_needs_no_translation(one, other, same):
    assert language.same(one, other) is same


def test_parts_of_a_tag():
    assert (language.base("zh-Hans-CN"), language.script("zh-Hans-CN")) == ("zh", "Hans")
    assert (language.base("pt-BR"), language.script("pt-BR")) == ("pt", None)


def test_direction():
    assert language.is_right_to_left("ar-EG")
    assert not language.is_right_to_left("de")


@pytest.mark.parametrize(
    ("tag", "locale", "name"),
    [
        ("de", "en", "German"),
        ("de", "fr", "allemand"),
        ("pt-BR", "en", "Portuguese (Brazil)"),
        ("qqq", "en", "qqq"),
    ],
)
def test_names(tag, locale, name):
    assert language.name(tag, locale) == name


def test_list_for_a_message_is_sorted():
    assert language.listed({"fr", "de"}) == "German (de), French (fr)"
