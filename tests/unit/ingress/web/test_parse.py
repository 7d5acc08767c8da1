from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.domain.job import Layout, Options, Tone
from dragoman.errors import NoLanguage, RequestError, UnknownLanguage, UnsupportedOption
from ingress.web.parse import FIELDS, options


def parsed(fields: dict[str, str], default: str | None = None) -> Options:
    return options(fields, default_target=default, engines={"deepl", "pseudo"}, max_pages=1000)


def test_every_field_is_taken_in_the_forms_that_people_write() -> None:
    fields = {
        "target_lang": " Brazilian ",
        "source_lang": "ENGLISH",
        "tone": "Formal",
        "layout": "Side-by-Side",
        "pages": "1-3, 9",
        "engine": "DeepL",
    }
    assert parsed(fields) == Options(
        "pt-BR", "en", Tone.FORMAL, Layout.SIDE_BY_SIDE, "1-3,9", "deepl"
    )


def test_empty_fields_count_as_absent() -> None:
    assert parsed(dict.fromkeys(FIELDS, " "), default="de") == Options("de")


def test_auto_leaves_the_choice_to_the_server() -> None:
    assert parsed({"target_lang": "de", "source_lang": "AUTO", "engine": "Auto"}) == Options("de")


def test_language_is_needed_where_there_is_no_default() -> None:
    with pytest.raises(NoLanguage):
        parsed({})


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"target_lang": "Klingonese"}, UnknownLanguage),
        ({"source_lang": "Klingonese"}, UnknownLanguage),
        ({"tone": "rude"}, UnsupportedOption),
        ({"layout": "spiral"}, UnsupportedOption),
        ({"engine": "babelfish"}, UnsupportedOption),
        ({"pages": "0"}, UnsupportedOption),
        ({"pages": "one"}, UnsupportedOption),
        ({"pages": "1" * 201}, UnsupportedOption),
        ({"colour": "blue"}, UnsupportedOption),
    ],
)
def test_wrong_field_gets_an_error_that_says_which(
    fields: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error) as raised:
        parsed({"target_lang": "de", **fields})
    [(name, value)] = fields.items()
    assert name in str(raised.value) or value[:40] in str(raised.value)


@given(st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=300)))
def test_no_text_at_all_raises_anything_but_a_request_error(fields: dict[str, str]) -> None:
    with suppress(RequestError):
        assert parsed(fields, default="de").target_lang


@pytest.mark.parametrize(
    ("word", "wished"), [("true", True), ("on", True), ("Yes", True), ("", False), ("false", False)]
)
def test_in_house_is_a_yes_or_no(word: str, wished: bool) -> None:
    assert parsed({"target_lang": "de", "in_house": word}).in_house is wished
    with pytest.raises(UnsupportedOption, match="neither yes nor no"):
        parsed({"target_lang": "de", "in_house": "perhaps"})
