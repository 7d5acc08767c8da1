"""What a sender wants, in plain words, and what holds where a message says nothing."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.domain.job import Layout, Tone
from dragoman.domain.wishes import Origin, Reading, Written, address
from dragoman.domain.wishes.understanding import understand
from dragoman.domain.wishes.understood import Default, Understood, settled


def read(text: str, subject: str = "", to: str = "") -> Reading:
    return understand(Written(text, subject, to))


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
    found = read(line)
    assert (found.targets, found.tone) == ((tag,), tone and Tone(tone))


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
    assert read(line).targets == ()


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
    ("one\ntwo\nthree\nfour\nfive\nto German\n", "de"),
    ("Thanks!\n-- \nGerman\n", None),
    ("See below\n---------- Forwarded message ---------\nTo: German\n", None),
    ("ok\nOn Monday, Bob <b@c.d> wrote:\nto German\n", None),
    ("See attached.\n\nRegards\nMari\n", None),
    ("x" * 5000 + "\nto German\n", "de"),
    ("", None),
]


@pytest.mark.parametrize(("body", "tag"), BODIES)
def test_lines_of_a_body(body, tag):
    assert read(body).targets == ((tag,) if tag else ())


ADDRESSES = [
    ("translate@x.y", (), None, None),
    ("translate+de@x.y", ("de",), None, None),
    ("translate+de+formal@x.y", ("de",), "formal", None),
    ("translate+informal+zh-hans@x.y", ("zh-Hans",), "informal", None),
    ("translate+pt-br@x.y", ("pt-BR",), None, None),
    ("translate+german@x.y", ("de",), None, None),
    ("translate+it@x.y", ("it",), None, None),
    ("translate+formal@x.y", (), "formal", None),
    ("translate+@x.y", (), None, None),
    ("translate+xyzzy@x.y", (), None, "xyzzy"),
]


@pytest.mark.parametrize(("to", "targets", "tone", "unknown"), ADDRESSES)
def test_address_with_plus(to, targets, tone, unknown):
    found = address.read(to)
    assert (found.targets, found.tone, found.unknown) == (targets, tone and Tone(tone), unknown)


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
    assert read("", subject).targets == ((tag,) if tag else ())


HABIT = Default(("pt",), Origin.HABIT, Tone.FORMAL, Layout.SIDE_BY_SIDE)
SERVER = Default(("it",), Origin.SERVER)


def chosen(text: str, *defaults: Default, subject: str = "", to: str = "") -> Understood | None:
    return settled(read(text, subject, to), defaults)


def test_words_count_before_subject_before_habit_before_default():
    def of(text: str, subject: str, *defaults: Default) -> tuple[object, ...]:
        found = chosen(text, *defaults, subject=subject)
        return (found.targets, found.origin) if found else ()

    assert of("to French", "[fr]", HABIT) == (("fr",), Origin.WORDS)
    assert of("hello", "[es]", HABIT, SERVER) == (("es",), Origin.SUBJECT)
    assert of("hello", "x", HABIT, SERVER) == (("pt",), Origin.HABIT)
    assert of("hello", "x", Default((), Origin.HABIT), SERVER) == (("it",), Origin.SERVER)
    assert of("hello", "x") == ()


@pytest.mark.parametrize(
    ("text", "subject", "to"),
    [("to French", "[es]", ""), ("to French", "", "t+de@x"), ("", "[es]", "t+de@x")],
)
def test_places_that_name_different_languages_are_asked_about(text, subject, to):
    found = read(text, subject, to)
    assert (found.targets, found.in_doubt) == ((), True)
    assert chosen(text, HABIT, subject=subject, to=to) is None


def test_no_default_stands_in_for_what_was_named_and_not_understood():
    assert chosen("German or French, whichever is faster", HABIT) is None
    assert chosen("not into German", HABIT) is None


def test_tone_may_come_from_another_place_than_the_language():
    found = chosen("to French", to="t+formal@x")
    assert found is not None
    assert (found.targets, found.tone) == (("fr",), Tone.FORMAL)


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
    found = read(line)
    assert (found.targets, found.always) == ((tag,), True)
    assert not read("to German").always
    assert not read("always").targets


def test_usual_tone_and_layout_go_with_the_usual_language_only():
    usual, other = chosen("", HABIT), chosen("to German", HABIT)
    assert usual is not None
    assert other is not None
    assert (usual.tone, usual.layout) == (Tone.FORMAL, Layout.SIDE_BY_SIDE)
    assert (other.tone, other.layout) == (None, None)


def test_what_was_understood_comes_back_from_a_row():
    found = chosen("a.pdf into German, b.pdf into French, pages 1-2, formal, side by side", HABIT)
    assert found is not None
    assert Understood.from_json(json.loads(json.dumps(found.as_json()))) == found


@settings(deadline=None)
@given(st.text(max_size=300), st.text(max_size=80))
def test_no_text_breaks_it(words, subject):
    chosen(words, HABIT, subject=subject, to=f"translate+{subject}@x")
