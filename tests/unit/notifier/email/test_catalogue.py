"""Every language says the same: the same keys, with the same facts, in all forms that its
numbers need.
"""

from __future__ import annotations

from string import Formatter

import pytest
from babel import Locale

from dragoman import errors
from dragoman.errors import RequestError
from notifier.delivery.answers import (
    Answer,
    AnswerKind,
    File,
    JobLinks,
    LeftOut,
    Note,
    Outcome,
    Problem,
)
from notifier.email.catalogue import available, catalogue
from notifier.email.rendering import COLUMNS, House, _columns, rendered

LANGUAGES = {"en", "de", "fr", "es", "it", "pt", "nl", "pl", "ja", "zh"}
RARE = {"many"}  # of Romance languages: for millions only
# answers to commands and to the API
NEVER_MAILED = {"not_allowed", "not_found", "ambiguous_id", "conflict"}
HOUSE = House("translate@example.org", 10**7, 7, 7, 50 * 2**20, 1000)


def facts(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_all_languages_are_there() -> None:
    assert available() == LANGUAGES


@pytest.mark.parametrize("locale", sorted(LANGUAGES))
def test_keys_forms_and_facts_are_the_same(locale: str) -> None:
    english, other = catalogue("en").entries, catalogue(locale).entries
    missing = {key for key in english if key not in other}
    unknown = {
        key for key in other if key not in english and key.split(".")[0] not in ("error", "warning")
    }
    assert (missing, unknown) == (set(), set())
    needed = set(Locale(locale).plural_form.tags) | {"other"}
    for key, entry in english.items():
        said = other[key]
        assert isinstance(said, dict) == isinstance(entry, dict), key
        forms = said if isinstance(said, dict) else {"other": said}
        if isinstance(said, dict):
            assert needed - (RARE if locale != "pl" else set()) <= set(said), key
        wanted = facts(entry["other"] if isinstance(entry, dict) else entry)
        for form, text in forms.items():
            assert facts(text) == wanted, (key, form)


@pytest.mark.parametrize("locale", sorted(LANGUAGES - {"en"}))
def test_errors_and_warnings_are_the_same_in_all_languages(locale: str) -> None:
    german, other = catalogue("de").entries, catalogue(locale).entries
    for key, entry in german.items():
        if key.startswith("error."):
            assert {part: facts(text) for part, text in other[key].items()} == {
                part: facts(text) for part, text in entry.items()
            }, key
        elif key.startswith("warning."):
            assert facts(other[key]) == facts(entry), key


def test_every_error_that_the_sender_can_mend_has_words_in_every_language() -> None:
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, RequestError)
    ]
    codes = {kind.code for kind in kinds} - NEVER_MAILED
    said = {
        key.removeprefix("error.") for key in catalogue("de").entries if key.startswith("error.")
    }
    assert codes - said == set()


def answers() -> list[Answer]:
    links = JobLinks("https://example.org/j/p", "https://example.org/d/d")
    problem = Problem("It is locked.", "Unlock it.", "encrypted_pdf")
    notes = (Note("text_tiny", "tiny", (2, 3)), Note("unheard_of", "unheard"))
    done = File(
        "0" * 32, "a.pdf", "a.fr.pdf", Outcome.DONE, "fr", "en", 12, 23_400, "deepl", ("x",), notes, result="k",
        result_size=10**6, links=links, attached=True,
    )  # fmt: skip
    failed = File("0" * 32, "b.pdf", "b.fr.pdf", Outcome.FAILED, "fr", problem=problem)
    left = (LeftOut("c.docx", Problem("No PDF.", "Export it.", "not_a_pdf")),)
    return [
        Answer(kind, (done, failed) if kind in ("ack", "progress", "approval", "done", "partly", "failed") else (), left,
               problem if kind == "failed" else None, ("de", "ja"), wanted="ja", kept=True)
        for kind in AnswerKind
    ]  # fmt: skip


@pytest.mark.parametrize("locale", sorted(LANGUAGES))
def test_every_kind_is_said_in_every_language_in_short_lines(locale: str) -> None:
    from dataclasses import replace

    for answer in answers():
        text, html = rendered(replace(answer, locale=locale), HOUSE, "the-reference")
        # a mark may hang over the edge
        assert max(map(_columns, text.splitlines())) <= COLUMNS + 2, answer.kind
        assert f'lang="{locale}"' in html
        assert "{" not in text
        if locale != "en" and answer.files:
            assert "What happened" not in text
            assert "It is locked" not in text


def test_a_language_without_a_catalogue_is_answered_in_english() -> None:
    assert catalogue("sv").locale == "en"
    assert catalogue(None).locale == "en"
    assert catalogue("pt-BR").locale == "pt"
