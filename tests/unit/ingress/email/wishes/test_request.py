"""What a sender wants, in plain words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.domain.job import Tone
from ingress.email.wishes import request
from ingress.email.wishes.request import Wish

LINES = [
    ("to: de formal", "de", "formal"),
    ("To: German", "de", None),
    ("language = japanese", "ja", None),
    ("target language: es", "es", None),
    ("to German", "de", None),
    ("into German, please", "de", None),
    ("translate to de", "de", None),
    ("translate into fr please", "fr", None),
    ("Please translate the attached into French.", "fr", None),
    ("Could you translate this to Brazilian Portuguese (formal)?", "pt-BR", "formal"),
    ("Please translate the contract in German into English", "en", None),
    ("Translate from German to English", "en", None),
    ("Translate into Simplified Chinese", "zh-Hans", None),
    ("translate to Polish.", "pl", None),
    ("auf Deutsch", "de", None),
    ("Bitte auf Deutsch übersetzen", "de", None),
    ("Hallo, bitte ins Französische übersetzen. Danke!", "fr", None),
    ("en français", "fr", None),
    ("en français s’il vous plaît", "fr", None),
    ("Je voudrais ce document en français", "fr", None),
    ("en español, por favor", "es", None),
    ("in italiano", "it", None),
    ("em português", "pt", None),
    ("naar het Nederlands", "nl", None),
    ("на русский", "ru", None),
    ("по-немецки", "de", None),
    ("日本語に翻訳してください", "ja", None),
    ("翻译成德语", "de", None),
    ("German", "de", None),
    ("*Deutsch*", "de", None),
    ("français", "fr", None),
    ("de", "de", None),
    ("it", "it", None),
    ("pt-BR", "pt-BR", None),
    ("zh-Hans", "zh-Hans", None),
    ("formal German", "de", "formal"),
    ("German, informal", "de", "informal"),
    ("Chinese (Simplified)", "zh-Hans", None),
]


@pytest.mark.parametrize(("line", "tag", "tone"), LINES)
def test_line_that_is_a_wish(line, tag, tone):
    assert request.from_line(line) == Wish(tag, Tone(tone) if tone else None)


@pytest.mark.parametrize(
    "line",
    [
        "the German contract",
        "Send it to German colleagues",
        "We go to Spanish class",
        "The contract is in German.",
        "Le contrat est en allemand",
        "Please find the contract in German",
        "I agree to it.",
        "he said no to it",
        "It is in the attachment",
        "Please translate it",
        "I need to polish.",
        "I am in",
        "no",
        "he",
        "am",
        "to",
        "Hi",
        "Mr",
        "de la Cruz",
        "welcome to it, de",
        "Mari",
        "Shona",
        "Thanks, Ali",
        "Regards to Jan",
        "To: Bob Smith <bob@example.org>",
        "Please see attached.",
        "Is the deadline ok?",
        "",
    ],
)
def test_line_that_is_no_wish(line):
    assert request.from_line(line) == Wish()


BODIES = [
    ("Dear team,\n\nto German\n", "de"),
    ("Hi,\nauf Deutsch\n", "de"),
    ("Hi there, please translate into French\n", "fr"),
    (
        "CAUTION: This email originated from outside of the organization.\n[EXTERNAL]\n\nGerman\n",
        "de",
    ),
    ("> to German\n> to French\n\nto Spanish\n", "es"),
    ("one\n\ntwo\n\nthree\n\nfour\n\nto German\n", "de"),
    ("one\ntwo\nthree\nfour\nfive\nto German\n", None),
    ("Thanks!\n-- \nGerman\n", None),
    ("See below\n---------- Forwarded message ---------\nTo: German\n", None),
    ("ok\nOn Monday, Bob <b@c.d> wrote:\nto German\n", None),
    ("See attached.\n\nRegards\nMari\n", None),
    ("x" * 5000 + "\nto German\n", "de"),
    ("", None),
]


@pytest.mark.parametrize(("body", "tag"), BODIES)
def test_first_lines_of_a_body(body, tag):
    assert request.from_words(body).target_lang == tag


ADDRESSES = [
    ("translate@x.y", Wish()),
    ("translate+de@x.y", Wish("de")),
    ("translate+de+formal@x.y", Wish("de", Tone.FORMAL)),
    ("translate+informal+zh-hans@x.y", Wish("zh-Hans", Tone.INFORMAL)),
    ("translate+pt-br@x.y", Wish("pt-BR")),
    ("translate+german@x.y", Wish("de")),
    ("translate+it@x.y", Wish("it")),
    ("translate+formal@x.y", Wish(None, Tone.FORMAL)),
    ("translate+@x.y", Wish()),
    ("translate+xyzzy@x.y", Wish(unknown="xyzzy")),
]


@pytest.mark.parametrize(("address", "expected"), ADDRESSES)
def test_address_with_plus(address, expected):
    assert request.from_address(address) == expected


SUBJECTS = [
    ("[de] Contract", "de"),
    ("Re: [EXTERNAL] [fr formal] Contract", "fr"),
    ("[to: es] x", "es"),
    ("[German]", "de"),
    ("[DE] x", "de"),
    ("[IT] ticket", None),
    ("[HR] letter", None),
    ("[JIRA-12] de", None),
    ("German contract", None),
    ("", None),
]


@pytest.mark.parametrize(("subject", "tag"), SUBJECTS)
def test_brackets_in_a_subject(subject, tag):
    assert request.from_subject(subject).target_lang == tag


NO_HABIT = Wish()


def test_address_counts_before_words_before_subject_before_habit_before_default():
    usual = Wish("pt")
    assert request.wish("t+de@x", "to fr", "[es]", usual, "it").target_lang == "de"
    assert request.wish("t@x", "to fr", "[es]", usual, "it").target_lang == "fr"
    assert request.wish("t@x", "hello", "[es]", usual, "it").target_lang == "es"
    assert request.wish("t@x", "hello", "x", usual, "it").target_lang == "pt"
    assert request.wish("t@x", "hello", "x", NO_HABIT, "it").target_lang == "it"
    assert request.wish("t@x", "hello", "x", NO_HABIT, None) == Wish()


def test_tone_may_come_from_another_place_than_the_language():
    assert request.wish("t+formal@x", "to French", "", NO_HABIT, None) == Wish("fr", Tone.FORMAL)


@pytest.mark.parametrize(
    ("line", "tag"),
    [
        ("always German", "de"),
        ("Always: fr formal", "fr"),
        ("default: es", "es"),
        ("immer auf Deutsch", "de"),
        ("toujours en français", "fr"),
        ("siempre en español", "es"),
        ("sempre in italiano", "it"),
        ("sempre em português", "pt"),
        ("altijd naar het Nederlands", "nl"),
        ("zawsze polski", "pl"),
        ("いつも日本語に", "ja"),
        ("总是翻译成中文", "zh"),
    ],
)
def test_wish_for_all_mails_to_come(line, tag):
    found = request.from_line(line)
    assert (found.target_lang, found.is_lasting) == (tag, True)
    assert not request.from_line("to German").is_lasting
    assert not request.from_line("always").target_lang


def test_usual_tone_goes_with_the_usual_language_only():
    usual = Wish("fr", Tone.FORMAL)
    assert request.wish("t@x", "", "", usual, None) == usual
    assert request.wish("t@x", "to German", "", usual, None) == Wish("de")


def test_unknown_language_in_the_address_is_not_guessed_around():
    assert request.wish("t+xyzzy@x", "to French", "[es]", NO_HABIT, "it") == Wish(unknown="xyzzy")


@settings(deadline=None)
@given(st.text(max_size=300), st.text(max_size=80))
def test_no_text_breaks_it(words, subject):
    request.wish(f"translate+{subject}@x", words, subject, NO_HABIT, None)
