"""What an answer says, from rows alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.domain.rows.delivery import Kind
from dragoman.domain.rows.job import Job
from dragoman.errors import Limit, Limited, LimitReached
from notifier.delivery.answers import (
    MOST_WARNINGS,
    Answer,
    AnswerKind,
    File,
    JobLinks,
    Outcome,
    Problem,
    answer_from,
    numbered,
    page_list,
)
from notifier.delivery.attachments import encoded_size, with_attachments
from tests import row_values

FINAL = row_values.delivery(id="d", owner="m")
ACK = replace(FINAL, kind=Kind.ACK)
MESSAGE = row_values.message(id="m", sender="ada@example.org", payload={"subject": "Hello"})
LOCKED = {
    "error_code": "encrypted_pdf",
    "error_message": "It is locked.",
    "error_advice": "Unlock it.",
}
NO_PDF = {"filename": "a.docx", "code": "not_a_pdf", "message": "No PDF.", "advice": "Export it."}


def job(state: str = "done", **facts: Any) -> Job:
    known = {
        "id": "j",
        "filename": "contract.pdf",
        "state": state,
        "source_lang": "en",
        "target_lang": "fr",
        "engine": "deepl",
        "pages": 2,
        "characters": 1234,
        "warnings": [],
        "result": "jobs/j/reconstruct/1.pdf" if state == "done" else None,
        "result_size": 1000 if state == "done" else None,
        "purged_at": None,
        "error_code": None,
        "error_message": None,
        "error_advice": None,
    }
    return row_values.job({**known, **facts})


def a_file(**facts: Any) -> File:
    known = File("j", "a.pdf", "a.fr.pdf", Outcome.DONE, "fr", result="k", result_size=570)
    return replace(known, **facts)


@pytest.mark.parametrize(
    ("states", "kind"),
    [
        (["done"], AnswerKind.DONE),
        (["done", "done"], AnswerKind.DONE),
        (["done", "dead"], AnswerKind.PARTLY),
        (["done", "cancelled"], AnswerKind.PARTLY),
        (["dead"], AnswerKind.FAILED),
        (["dead", "cancelled"], AnswerKind.FAILED),
        (["cancelled", "cancelled"], AnswerKind.CANCELLED),
    ],
)
def test_the_kind_follows_from_how_the_jobs_ended(states: list[str], kind: AnswerKind) -> None:
    assert answer_from(FINAL, MESSAGE, [job(state) for state in states]).kind is kind


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("no_pdf", AnswerKind.NO_PDF),
        ("no_language", AnswerKind.NO_LANGUAGE),
        ("unknown_language", AnswerKind.UNKNOWN_LANGUAGE),
        ("unsupported_language", AnswerKind.UNSUPPORTED_LANGUAGE),
        ("nothing_new", AnswerKind.NOTHING_NEW),
        ("failed", AnswerKind.FAILED),
        ("refused", AnswerKind.REFUSED),
        ("something_added_later", AnswerKind.REFUSED),
    ],
)
def test_without_jobs_the_reason_is_the_kind(reason: str, kind: AnswerKind) -> None:
    answer = answer_from(replace(FINAL, payload={"reason": reason, **LOCKED}), MESSAGE, [])
    assert answer.kind is kind
    assert answer.problem == Problem("It is locked.", "Unlock it.", "encrypted_pdf")


def test_a_list_of_all_languages_in_an_advice_is_not_cut_off() -> None:
    advice = "Please choose one of these: " + ", ".join(
        f"Language {number} (x{number})" for number in range(120)
    )
    payload = {
        "reason": "refused",
        "error_code": "x",
        "error_message": "No.",
        "error_advice": advice,
    }
    problem = answer_from(replace(FINAL, payload=payload), MESSAGE, []).problem
    assert problem is not None
    assert problem.advice == advice


def test_that_a_document_is_in_the_target_language_is_said_once() -> None:
    row = job(
        engine="none",
        warnings=[{"code": "already_in_target", "page": None, "message": "It is a copy."}],
    )
    assert answer_from(FINAL, MESSAGE, [row]).files[0].warnings == ()


def test_an_ack_is_an_ack_whatever_the_jobs_do() -> None:
    answer = answer_from(ACK, MESSAGE, [job("running"), job()], etas={"j": 40})
    assert answer.kind is AnswerKind.ACK
    assert answer.files[0].eta_s == 40
    assert not answer.files[0].has_result


def test_a_file_tells_all_that_its_row_knows() -> None:
    links = JobLinks("https://x/j/1", "https://x/d/1")
    [file] = answer_from(FINAL, MESSAGE, [job()], links={"j": links}).files
    assert (file.name, file.result_name) == ("contract.pdf", "contract.fr.pdf")
    assert (file.pages, file.source_lang, file.target_lang, file.characters) == (
        2,
        "en",
        "fr",
        1234,
    )
    assert (file.engine_name, file.links, file.has_result) == ("DeepL", links, True)


def test_a_failed_file_says_what_happened_and_what_to_do() -> None:
    [file] = answer_from(FINAL, MESSAGE, [job("dead", **LOCKED)]).files
    assert file.problem == Problem("It is locked.", "Unlock it.", "encrypted_pdf")
    assert not answer_from(FINAL, MESSAGE, [job("dead", **LOCKED)]).is_result


def test_a_failure_without_words_still_gets_some() -> None:
    [file] = answer_from(FINAL, MESSAGE, [job("dead")]).files
    assert file.problem
    assert file.problem.message
    assert file.problem.advice


def test_a_document_that_was_in_the_language_already_is_said_to_be() -> None:
    [file] = answer_from(FINAL, MESSAGE, [job(engine="none", source_lang="fr")]).files
    assert file.outcome is Outcome.SAME
    assert file.has_result


@pytest.mark.parametrize("gone", [{"purged_at": 1.0, "filename": ""}, {"result": None}])
def test_a_result_that_is_gone_is_not_promised(gone: dict[str, Any]) -> None:
    answer = answer_from(FINAL, MESSAGE, [job(**gone)], links={"j": JobLinks("a", "b")})
    [file] = answer.files
    assert file.outcome is Outcome.DELETED
    assert file.name
    assert not file.has_result
    assert file.links is None
    assert not answer.is_result


def test_the_pseudo_engine_is_known_as_such() -> None:
    [file] = answer_from(FINAL, MESSAGE, [job(engine="pseudo")]).files
    assert file.is_pseudo


def test_what_was_left_out_comes_from_the_message_and_once_only() -> None:
    message = replace(MESSAGE, payload={"ignored": [NO_PDF]})
    [left_out] = answer_from(FINAL, message, [job()]).left_out
    assert (left_out.name, left_out.problem) == (
        "a.docx",
        Problem("No PDF.", "Export it.", "not_a_pdf"),
    )
    assert answer_from(replace(FINAL, run=2), message, [job()]).left_out == ()


def test_what_was_left_out_may_also_come_with_the_answer() -> None:
    assert answer_from(
        replace(FINAL, payload={"reason": "no_pdf", "ignored": [NO_PDF]}), MESSAGE, []
    ).left_out


def test_warnings_are_grouped_and_their_pages_counted_from_one() -> None:
    warnings = [{"code": "x", "message": "Set smaller.", "page": page} for page in (0, 2, 3, 4)]
    warnings.append({"code": "y", "message": "The form was left as it is.", "page": None})
    [file] = answer_from(FINAL, MESSAGE, [job(warnings=warnings)]).files
    assert file.warnings == ("Pages 1, 3-5: Set smaller.", "The form was left as it is.")


def test_a_flood_of_warnings_is_cut_and_counted() -> None:
    warnings = [
        {"code": "x", "message": f"Note {n}.", "page": None} for n in range(MOST_WARNINGS + 3)
    ]
    [file] = answer_from(FINAL, MESSAGE, [job(warnings=warnings)]).files
    assert len(file.warnings) == MOST_WARNINGS + 1
    assert file.warnings[-1].startswith("3 more")


@pytest.mark.parametrize(
    ("pages", "words"), [([2], "Page 3"), ([0, 1, 2, 6], "Pages 1-3, 7"), ([4, 4], "Page 5")]
)
def test_pages_are_written_as_people_write_them(pages: list[int], words: str) -> None:
    assert page_list(pages) == words


def test_results_of_one_name_are_numbered() -> None:
    names = [
        file.result_name for file in numbered([a_file(), a_file(), a_file(result_name="A.fr.pdf")])
    ]
    assert names == ["a.fr.pdf", "a (2).fr.pdf", "A (3).fr.pdf"]


def test_files_are_attached_in_order_as_long_as_they_fit() -> None:
    # 570 bytes are 10 lines of 78 bytes: 780
    answer = Answer(AnswerKind.DONE, (a_file(), a_file(result_size=57_000), a_file()))
    assert [file.attached for file in with_attachments(answer, 1560).files] == [True, False, True]
    assert [file.attached for file in with_attachments(answer, 1559).files] == [True, False, False]


def test_a_failed_file_is_never_attached() -> None:
    answer = Answer(
        AnswerKind.FAILED, (a_file(outcome=Outcome.FAILED, result=None, result_size=0),)
    )
    assert not with_attachments(answer, 10**7).files[0].attached


@given(st.integers(min_value=0, max_value=20_000))
def test_the_size_of_base64_is_known_beforehand(size: int) -> None:
    import base64

    assert encoded_size(size) == len(base64.encodebytes(bytes(size)).replace(b"\n", b"\r\n"))


def test_a_limit_travels_as_values_and_what_the_log_says_is_not_read() -> None:
    limit = Limit(Limited.PAGES, 100, 90, 12, 1_790_000_000.0)
    row = {
        "error_code": "limit_reached",
        "error_message": "Enough.",
        "error_facts": LimitReached(limit=limit).facts,
    }
    [file] = answer_from(FINAL, MESSAGE, [job("dead", **row, error_detail="jobs 1 2 3")]).files
    assert file.problem
    assert file.problem.limit == limit
    [old] = answer_from(
        FINAL, MESSAGE, [job("dead", **(row | {"error_facts": None}), error_detail="jobs 1 2 3")]
    ).files
    assert old.problem
    assert old.problem.limit is None


def test_what_is_said_of_the_words_takes_three_lines_at_most_whatever_is_wrong() -> None:
    codes = ("translation_doubtful", "terms_differ", "kept_in_original", "figures_differ")
    warnings = [
        {"code": code, "message": f"Something on page {page}: “{code}”", "page": page}
        for page in range(20)
        for code in codes
    ]
    links = {"code": "links_removed", "message": "A link was removed.", "page": None}
    [file] = answer_from(FINAL, MESSAGE, [job(warnings=[*warnings, links])]).files
    assert file.warnings == (
        "Pages 1-20: Some texts could not be translated and stayed in the original.",
        "Pages 1-20: Some numbers or signs differ from the original.",
        "Pages 1-20: Some terms of the glossary are not as they should be.",
        "A link was removed.",
        "1 more note is left out here.",
    )
    [sound] = answer_from(FINAL, MESSAGE, [job(warnings=[])]).files
    assert sound.warnings == ()
