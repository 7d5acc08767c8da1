"""The words of a mail: complete, short lines, escaped."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.domain.costs.prices import Price
from dragoman.errors import Limit, Limited
from notifier.delivery.answers import (
    Answer,
    AnswerKind,
    Bill,
    File,
    JobLinks,
    LeftOut,
    Outcome,
    Problem,
)
from notifier.email.rendering import COLUMNS, House, headline, rendered, wrapped

HOUSE = House("translate@example.org", 10**7, 7, 7)
LINKS = JobLinks("https://example.org/j/page", "https://example.org/d/download")
PROBLEM = Problem("It is locked.", "Unlock it.", "encrypted_pdf")
DONE = File(
    "0123456789abcdef0123456789abcdef",
    "contract.pdf",
    "contract.fr.pdf",
    Outcome.DONE,
    "fr",
    source_lang="en",
    pages=12,
    characters=23_400,
    engine="deepl",
    warnings=("Page 3: Set smaller.",),
    result="k",
    result_size=1000,
    attached=True,
)
FAILED = replace(
    DONE, outcome=Outcome.FAILED, problem=PROBLEM, result=None, attached=False, warnings=()
)


def words(answer: Answer) -> str:
    """The plain text on one line."""
    text, html = rendered(answer, HOUSE, "the-reference")
    assert flat(visible(html)).count("deleted after 7 days") == 1
    return flat(text)


def flat(text: str) -> str:
    return " ".join(text.split())


def visible(html: str) -> str:
    class Text(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.found: list[str] = []

        def handle_data(self, data: str) -> None:
            self.found.append(data)

    parser = Text()
    parser.feed(re.sub(r"<style.*?</style>", "", html, flags=re.DOTALL))
    return " ".join(parser.found)


@pytest.mark.parametrize("kind", list(AnswerKind))
def test_every_kind_has_words_in_short_lines(kind: AnswerKind) -> None:
    files = (DONE, FAILED) if kind in ("ack", "done", "partly", "cancelled") else ()
    answer = Answer(kind, files, (LeftOut("a.docx", PROBLEM),), PROBLEM, ("de", "pt-BR"))
    text, html = rendered(answer, HOUSE, "the-reference")
    assert text.startswith(headline(answer))
    assert max(map(len, text.splitlines())) <= COLUMNS
    assert "\n\n\n" not in text
    assert headline(answer) in visible(html)
    assert "a.docx" in text
    assert "a.docx" in html


def test_a_result_names_languages_pages_characters_and_engine() -> None:
    said = words(Answer(AnswerKind.DONE, (DONE,)))
    assert "English to French, 12 pages, 23,400 characters, translated by DeepL." in said
    assert "Attached as contract.fr.pdf." in said
    assert "Page 3: Set smaller." in said


def test_a_failure_says_what_happened_what_to_do_and_the_job() -> None:
    said = words(Answer(AnswerKind.FAILED, (FAILED,)))
    assert said.startswith("Your document could not be translated.")
    assert "What happened: It is locked." in said
    assert "What to do: Unlock it." in said
    assert f"Job {FAILED.job_id}" in said


def test_a_failure_without_a_job_has_a_reference() -> None:
    said = words(Answer(AnswerKind.FAILED, problem=PROBLEM))
    assert "Your email could not be translated." in said
    assert "Reference the-reference" in said


def test_a_pseudo_translation_is_loudly_none_and_the_way_out_is_named() -> None:
    answer = Answer(AnswerKind.DONE, (replace(DONE, engine="pseudo"),))
    said = words(answer)
    assert "THIS IS NOT A TRANSLATION" in said
    assert "DRAGOMAN_DEEPL_AUTH_KEY" in said
    assert "apt-get install apertium" in said
    assert "translated by" not in said
    assert "This is not a translation." in rendered(answer, HOUSE, "r")[1]
    assert "ready, but this is not a translation" in headline(answer)
    partly = replace(answer, kind=AnswerKind.PARTLY, files=(*answer.files, FAILED))
    assert (
        headline(partly) == "The layout of some documents is ready, but this is not a translation."
    )


def test_a_document_without_words_is_said_to_have_none() -> None:
    assert "no text to translate" in words(Answer(AnswerKind.DONE, (replace(DONE, characters=0),)))


def test_a_document_in_the_language_already_is_said_to_need_none() -> None:
    said = words(Answer(AnswerKind.DONE, (replace(DONE, outcome=Outcome.SAME, engine="none"),)))
    assert said.startswith("Your document needs no translation.")
    assert "It is in French already" in said
    assert "none" not in said


def test_with_a_public_address_file_and_links_are_given() -> None:
    answer = Answer(AnswerKind.DONE, (replace(DONE, links=LINKS),))
    for body in rendered(answer, HOUSE, "r"):
        assert LINKS.page in body
        assert LINKS.download in body


def test_without_one_there_is_no_link_at_all() -> None:
    text, html = rendered(Answer(AnswerKind.DONE, (DONE,)), HOUSE, "r")
    assert "http" not in text
    assert "http" not in html


def test_too_large_with_a_link_says_how_long_it_works() -> None:
    said = words(
        Answer(
            AnswerKind.DONE, (replace(DONE, attached=False, result_size=14_200_000, links=LINKS),)
        )
    )
    assert "The PDF (14.2 MB) is not attached, since an email may carry at most 10 MB." in said
    assert "the link works for 7 days" in said


def test_too_large_without_a_link_says_whom_to_ask() -> None:
    said = words(Answer(AnswerKind.DONE, (replace(DONE, attached=False, result_size=14_200_000),)))
    assert "Please ask your admin for the result of this job." in said
    assert DONE.job_id in said


def test_a_mail_of_which_nothing_can_be_used_says_so_for_each_part() -> None:
    said = words(Answer(AnswerKind.REFUSED, left_out=(LeftOut("a.docx", PROBLEM),)))
    assert said.startswith("There was nothing in your email that we could translate.")
    assert "a.docx: It is locked. Unlock it." in said


def test_help_lists_the_ways_and_the_languages() -> None:
    said = words(Answer(AnswerKind.NO_LANGUAGE, possible=("de", "pt-BR")))
    assert "translate+de@example.org" in said
    assert "to German" in said
    assert "German, Portuguese (Brazil)" in said


def test_no_picture_or_style_is_fetched_from_elsewhere() -> None:
    _, html = rendered(Answer(AnswerKind.PARTLY, (DONE, FAILED)), HOUSE, "r")
    assert "<img" not in html
    assert "<link" not in html
    assert "url(" not in html
    assert "prefers-color-scheme: dark" in html


def test_outlook_has_its_own_frame_and_a_button_with_room() -> None:
    _, html = rendered(Answer(AnswerKind.DONE, (replace(DONE, links=LINKS),)), HOUSE, "r")
    assert html.count("<!--[if mso]>") == html.count("<![endif]-->") == 2
    assert 'bgcolor="#0b5cad"' in html
    assert "mso-padding-alt: 11px 20px" in html


@pytest.mark.parametrize("locale", ["ja", "zh"])
def test_chinese_and_japanese_have_their_own_marks_between_words(locale: str) -> None:
    text, _ = rendered(Answer(AnswerKind.PARTLY, (DONE, FAILED), locale=locale), HOUSE, "r")
    own = [line for line in text.splitlines() if not line.isascii()]
    assert own
    assert not [line for line in own if ", " in line or ": " in line.replace("： ", "")]


@settings(max_examples=30, deadline=None)
@given(st.text(alphabet="<>&\"'{}%ab \u202e", min_size=1, max_size=40))
def test_names_and_messages_are_never_markup(hostile: str) -> None:
    problem = Problem(hostile, hostile, "x")
    file = replace(FAILED, name=hostile, problem=problem, links=None)
    plainest = replace(FAILED, name="a", problem=Problem("a", "a", "x"), links=None)
    _, html = rendered(Answer(AnswerKind.FAILED, (file,), (LeftOut(hostile, problem),)), HOUSE, "r")
    _, calm = rendered(
        Answer(AnswerKind.FAILED, (plainest,), (LeftOut("a", plainest.problem),)), HOUSE, "r"
    )  # type: ignore[arg-type]
    assert html.count("<") == calm.count("<")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "- " + "word " * 20,
            "- " + ("word " * 14).strip() + "\n  " + ("word " * 6).strip() + "\n",
        ),
        (
            "  " + "word " * 20,
            "  " + ("word " * 14).strip() + "\n  " + ("word " * 6).strip() + "\n",
        ),
        ("https://example.org/" + "a" * 100, "https://example.org/" + "a" * 100 + "\n"),
        ("a\n\n\n\nb", "a\n\nb\n"),
    ],
)
def test_lines_are_wrapped_with_their_indent_and_links_stay_whole(text: str, expected: str) -> None:
    assert wrapped(text) == expected


def test_a_limit_is_told_with_its_numbers_and_when_there_is_room() -> None:
    said = words(Answer(AnswerKind.QUOTA, limit=20, room_in_s=7300.0))
    assert "at most 20 emails in 24 hours" in said
    assert "Please send it again in about 2 hours, or ask the admin" in said


@pytest.mark.parametrize("code", ["limit_reached", "team_limit_reached"])
@pytest.mark.parametrize(("locale", "numbers"), [("de", "1.200"), ("pl", "1 200"), ("ja", "1,200")])
def test_a_limit_of_a_sender_or_team_has_its_numbers_in_each_language(
    locale: str, numbers: str, code: str
) -> None:
    problem = Problem("At most 1200 pages.", "Later.", code, Limit(Limited.PAGES, 1200, 1199, 30))
    said = flat(rendered(Answer(AnswerKind.LIMIT, problem=problem, locale=locale), HOUSE, "r")[0])
    assert numbers in said
    assert "30" in said
    assert "At most" not in said


ASKED = replace(
    DONE,
    outcome=Outcome.WORKING,
    waiting_for="approval",
    result=None,
    attached=False,
    pages=4,
    characters=630_667,
    bill=Bill(600_000, remembered=5, price=Price(12.0, "EUR")),
)


def test_the_question_names_pages_characters_and_the_estimated_price() -> None:
    said = words(Answer(AnswerKind.APPROVAL, (ASKED,)))
    for shown in (
        "4 pages",
        "630,667 characters",
        "Estimated price: about €12.00, for 600,000 characters",
        "“yes”",
    ):
        assert shown in said
    assert "5 % of the text was translated before and costs nothing." in said
    assert "budget" not in said


def test_the_price_is_written_as_in_the_readers_language() -> None:
    text, _ = rendered(Answer(AnswerKind.APPROVAL, (ASKED,), locale="de"), HOUSE, "the-reference")
    assert "etwa 12,00 € für 600.000 Zeichen" in flat(text)


def test_what_has_no_price_is_told_in_characters_and_a_budget_is_named() -> None:
    file = replace(ASKED, bill=Bill(600_000, over_budget=True))
    said = words(Answer(AnswerKind.APPROVAL, (file,)))
    assert "Characters to pay for: 600,000." in said
    assert "This month’s budget at the translation service is not enough for it." in said
    assert "price" not in said


def test_where_others_decide_the_question_names_them_and_asks_for_no_yes_of_the_sender() -> None:
    problem = Problem("On this server, others decide.", "Please ask one of them.", "not_approver")
    said = words(
        Answer(AnswerKind.APPROVAL, (ASKED,), approvers=("boss@example.org",), problem=problem)
    )
    assert "boss@example.org approves such costs and has received a copy" in said
    assert "Reply “yes” to have it" not in said
    nobody_by_mail = words(Answer(AnswerKind.APPROVAL, (ASKED,), problem=problem))
    assert "On this server, others decide. Please ask one of them." in nobody_by_mail


def limit_told(**facts: Any) -> str:
    limit = Limit(Limited.PAGES, 100, 90, 12, **facts)
    problem = Problem("You have reached it.", "Wait.", "limit_reached", limit)
    answer = Answer(AnswerKind.LIMIT, problem=problem, locale="de")
    return flat(rendered(answer, HOUSE, "the-reference")[0])


def test_a_limit_says_when_there_is_room_again() -> None:
    assert "Wieder Platz ist ab 21. September 2026, 14:14 (UTC)." in limit_told(
        again_at=1_790_000_000.0
    )
    assert "Wieder Platz" not in limit_told()


def test_what_is_more_than_the_whole_limit_is_not_told_to_wait() -> None:
    problem = Problem(
        "You have reached it.", "Wait.", "limit_reached", Limit(Limited.PAGES, 100, 0, 120)
    )
    text = flat(
        rendered(Answer(AnswerKind.LIMIT, problem=problem, locale="de"), HOUSE, "the-reference")[0]
    )
    assert "Warten hilft also nicht" in text
    assert "morgen" not in text
