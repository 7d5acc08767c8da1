"""Rules of the reader that the table of phrasings does not show by itself."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from dragoman.domain.job import Tone
from dragoman.domain.wishes import address
from dragoman.domain.wishes.lexicon import word_lists
from dragoman.domain.wishes.reading import Intent, Written
from dragoman.domain.wishes.understanding import understand
from dragoman.domain.wishes.understood import settled
from ops.cli import app
from tests.patience import patience

KEYS = (
    "intent targets ask source files pages layout tone glossary password as_before always said".split()  # noqa: SIM905
)


MORE = Path(__file__).parents[4] / "data" / "wishes" / "more.tsv"


def test_what_was_got_wrong_once_or_may_be_is_read_as_people_mean_it() -> None:
    faults = []
    for line in MORE.read_text(encoding="utf-8").splitlines()[1:]:
        context, targets, intent, text = line.split("\t")
        told = dict(fact.partition("=")[::2] for fact in context.split(";") if fact)
        found = understand(
            Written(text.replace("\\n", "\n"), is_reply="re" in told, previous=told.get("prev"))
        )
        wanted = () if targets in ("?", "-") else tuple(targets.split(","))
        asks = targets == "?"
        if (found.targets, found.ask is not None) != (wanted, asks) or intent not in (
            "*",
            found.intent,
        ):
            faults.append((text, found.intent, found.targets, found.ask))
    assert faults == []


@given(st.text(max_size=200), st.text(max_size=40), st.booleans())
@settings(max_examples=60, deadline=None)
def test_nothing_that_people_may_write_raises(text: str, subject: str, is_reply: bool) -> None:
    found = understand(Written(text, subject, "translate@example.org", is_reply=is_reply))
    assert set(found.as_json()) == set(KEYS)
    assert not (found.targets and found.ask)


@given(
    st.lists(
        st.sampled_from(
            ["to", "German", "not", "French", ",", "and", "please", "from", "a.pdf", "or", "."]
        )
    )
)
@settings(max_examples=80, deadline=None)
def test_words_in_any_order_give_targets_or_a_question_never_both(words: list[str]) -> None:
    found = understand(Written(" ".join(words)))
    assert not (found.targets and found.ask is not None)
    assert set(found.targets) <= {"de", "fr"}


def test_the_password_is_found_and_never_shown() -> None:
    found = understand(Written("to German. The password is 4711-Anna"))
    assert found.secret == "4711-Anna"
    assert "4711" not in repr(found) + json.dumps(found.as_json())


def test_a_password_may_hold_the_name_of_a_language() -> None:
    assert understand(Written("into Polish please, password: French2024")).targets == ("pl",)


def test_each_file_has_its_own_languages_and_other_files_those_of_none() -> None:
    found = settled(understand(Written("a.pdf into German, b.pdf into French")), ())
    assert found is not None
    assert (found.targets_for("A.pdf"), found.targets_for("b.pdf")) == (("de",), ("fr",))
    assert found.targets_for("c.pdf") == ()
    assert found.of_files(["c.pdf"]).targets_for("c.pdf") == ("de", "fr")


@pytest.mark.parametrize(
    ("text", "subject", "to"),
    [
        ("into French please", "", "translate+de@example.org"),
        ("into French please", "Translate to German", "translate@example.org"),
    ],
)
def test_two_wishes_that_contradict_each_other_are_asked_about(
    text: str, subject: str, to: str
) -> None:
    found = understand(Written(text, subject, to))
    assert found.targets == ()
    assert set(found.ask or ()) == {"de", "fr"}


def test_in_a_reply_the_words_win_over_address_and_subject() -> None:
    written = Written(
        "into French please", "Re: to German", "translate+de@example.org", is_reply=True
    )
    assert understand(written).targets == ("fr",)


@pytest.mark.parametrize(
    ("to", "targets", "source", "tone"),
    [
        ("translate+de@example.org", ("de",), None, None),
        ("translate+de+fr@example.org", ("de", "fr"), None, None),
        ("translate+en-de@example.org", ("de",), "en", None),
        ("translate+fr-formal@example.org", ("fr",), None, Tone.FORMAL),
        ("translate+pt-br@example.org", ("pt-BR",), None, None),
        ("translate+zh-TW@example.org", ("zh-Hant",), None, None),
        ("translate@example.org", (), None, None),
    ],
)
def test_tags_of_an_address(
    to: str, targets: tuple[str, ...], source: str | None, tone: Tone | None
) -> None:
    found = address.read(to)
    assert (found.targets, found.source, found.tone) == (targets, source, tone)


def test_a_tag_that_is_a_pair_and_a_region_is_asked_about() -> None:
    assert understand(Written("", address="translate+es-ar@example.org")).ask == ("es", "ar")


@pytest.mark.parametrize(
    "kind", ["into", "ask", "want", "polite", "not", "thanks", "yes", "delete", "pages", "wrong"]
)
@pytest.mark.parametrize("locale", ["en", "de", "fr", "es", "it", "pt", "nl", "pl"])
def test_the_languages_of_the_answers_have_every_kind_of_word(locale: str, kind: str) -> None:
    assert word_lists.listed(locale, kind)


@pytest.mark.parametrize(
    "words", ["It came back in German. Wrong!", "The Italian reads badly", "half of it is missing"]
)
def test_a_complaint_starts_no_job(words: str) -> None:
    found = understand(Written(words, is_reply=True, previous="de"))
    assert (found.intent, found.targets, found.ask) == (Intent.COMPLAINT, (), None)


def test_the_command_prints_one_object_with_every_key() -> None:
    done = CliRunner().invoke(
        app, ["understand", "--reply", "--previous", "de", "--json", "No, I said French!"]
    )
    told = json.loads(done.stdout)
    assert list(told) == list(KEYS)
    assert (told["intent"], told["targets"], told["said"]) == (
        "correct",
        ["fr"],
        "French, as you wrote",
    )


def test_the_command_reads_stdin_and_a_text_that_begins_with_a_dash() -> None:
    assert (
        CliRunner()
        .invoke(app, ["understand", "-"], input="auf Deutsch")
        .stdout.startswith("translate: German")
    )
    assert (
        CliRunner().invoke(app, ["understand", "- Italian"]).stdout.startswith("translate: Italian")
    )


@pytest.mark.parametrize(
    "text", ["1," * 5000, "page " + "1, " * 4000, "<" * 10**6, "German, " * 2000, "中" * 20000]
)
def test_a_hostile_text_costs_little_time(text: str) -> None:
    started = time.process_time()
    understand(Written(text))
    assert time.process_time() - started < patience(10)


def test_a_password_or_pages_of_a_quoted_mail_are_not_taken() -> None:
    found = understand(
        Written("to German\n\nOn Mon, Ann wrote:\n> pages 1-2, the password is 4711-Anna")
    )
    assert (found.targets, found.pages, found.secret) == (("de",), None, None)
