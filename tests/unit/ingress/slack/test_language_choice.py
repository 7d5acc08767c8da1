"""Which language a post asks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.domain.job import Tone
from dragoman.domain.wishes import ChannelWishes, Intent, Origin, PersonWishes, Reading
from dragoman.domain.wishes.understood import settled
from ingress.slack import language_choice


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("<@U1> to French", ["fr"]),
        ("auf Deutsch bitte", ["de"]),
        ("translate into German and Spanish please", ["de", "es"]),
        ("übersetze auf Deutsch, Französisch und Italienisch", ["de", "fr", "it"]),
        ("en español", ["es"]),
        ("na polski", ["pl"]),
        (":flag-fr: :jp:", ["fr", "ja"]),
        ("🇧🇷", ["pt-BR"]),
        ("German &amp; French &gt; both please", ["de", "fr"]),
        ("<@U1|ann> into French", ["fr"]),
        (":at: hello", []),
        ("de", ["de"]),
        ("to de", ["de"]),
        ("to: fr formal", ["fr"]),
        ("language: pt-BR", ["pt-BR"]),
        ("", []),
        ("here is the contract", []),
        ("see the German contract", []),
        ("please look at it in the meeting", []),
        ("we go to Paris", []),
        ("go to it", []),
        ("pour toi", []),
        (":flag-ch: :flag-be:", []),  # countries with several languages
        ("<https://example.org/to/french>", []),
    ],
)
def test_languages_of_a_text(text, tags):
    assert list(language_choice.read(text).targets) == tags


def test_tone_of_a_text():
    assert language_choice.read("to German, formal please").tone is Tone.FORMAL
    assert language_choice.read("to German").tone is None


@pytest.mark.parametrize(
    ("name", "tag"),
    [("flag-fr", "fr"), ("jp", "ja"), ("flag-ch", None), ("at", None), ("tada", None)],
)
def test_language_of_a_flag(name, tag):
    assert language_choice.of_flag(name) == tag


ALL = {
    "channel": ChannelWishes(languages=("de", "fr")),
    "person": PersonWishes(language="it"),
    "locale": "es-ES",
    "server": "nl",
}


@pytest.mark.parametrize(
    ("asked", "missing", "direct", "tags"),
    [
        (("ja",), (), False, ("ja",)),
        ((), (), False, ("de", "fr")),
        ((), ("channel",), True, ("it",)),
        ((), ("channel", "person"), True, ("es-ES",)),
        ((), ("channel",), False, ("nl",)),  # in a channel nobody's own language counts
        ((), ("channel", "person", "locale"), True, ("nl",)),
        ((), ("channel", "person", "locale", "server"), True, ()),
    ],
)
def test_first_match_wins_and_nothing_is_guessed(asked, missing, direct, tags):
    nothing = {
        "channel": ChannelWishes(),
        "person": PersonWishes(),
        "locale": None,
        "server": None,
    }
    known = {**ALL, **{name: nothing[name] for name in missing}}
    reading = Reading(Intent.TRANSLATE, asked, origin=Origin.WORDS)
    found = settled(reading, language_choice.defaults(**known, direct=direct))
    assert (found.targets if found else ()) == tags


@given(st.text(max_size=300))
def test_no_text_breaks_it(text):
    language_choice.read(text)
