"""The language that a sender writes in."""

from __future__ import annotations

import pytest

from ingress.email.reply_language import of_sender

TEXTS = [
    ("auf Deutsch", "de"),
    ("Bitte ins Englische übersetzen. Danke!", "de"),
    ("en español", "es"),
    ("en français s’il vous plaît", "fr"),
    ("Bonjour,\nen anglais merci", "fr"),
    ("in italiano", "it"),
    ("Olá, traduza para alemão", "pt"),
    ("naar het Nederlands graag", "nl"),
    ("na niemiecki proszę", "pl"),
    ("日本語に翻訳してください", "ja"),
    ("翻译成德语", "zh"),
    ("Hello,\nplease translate into French", "en"),
    ("to fr", None),
    ("de", None),
    ("", None),
]


@pytest.mark.parametrize(("words", "expected"), TEXTS)
def test_words_tell(words: str, expected: str | None) -> None:
    assert of_sender(words, "", "") == expected


def test_mail_program_is_asked_where_words_do_not_tell() -> None:
    assert of_sender("fr", "", "de-AT, en;q=0.5") == "de"
    assert of_sender("", "Vertrag", "sv, it") == "it"
    assert of_sender("en français, merci", "", "de-DE") == "fr"
    assert of_sender("", "", "q=;;,*") is None


def test_what_is_quoted_below_a_reply_does_not_count() -> None:
    quoted = (
        "en español, por favor\n\nOn Mon, we wrote:\n> Your translation is ready. Would you like it"
        " in another language?\n> the the"
    )
    assert of_sender(quoted, "", "") == "es"


def test_one_word_is_not_enough_where_something_better_is_known() -> None:
    words = "Scusate, la password è Roma77"
    assert of_sender(words, "", "") == "fr"
    assert of_sender(words, "", "", surely=True) is None
