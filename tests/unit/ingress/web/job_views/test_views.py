from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.adapters.signed_links import Links
from dragoman.domain.answers.job_status import JobStatus
from dragoman.domain.job import RowState, Stage, Status
from dragoman.domain.rows.job import Job
from dragoman.settings import Settings
from ingress.web.job_views.job_page import OpenPage, page_facts
from ingress.web.job_views.views import attachment, job_view, remarks, steps
from tests import row_values


@pytest.fixture
def links(settings: Settings) -> Links:
    return Links(settings)


def row(**values: Any) -> Job:
    """A job in mid-translation."""
    columns = {
        "id": "0123456789abcdef0123456789abcdef",
        "owner": "ana@example.com",
        "channel": "email",
        "state": RowState.RUNNING,
        "stage": Stage.TRANSLATE,
        "epoch": 2,
        "stage_since": 1_790_000_030.0,
        "progress": 40,
        "filename": "report.pdf",
        "pages": 3,
        "source_lang": "en",
        "target_lang": "de",
        "options": {"target_lang": "de", "tone": None},
        "engine": "deepl",
        "characters": 100,
        "characters_billed": 90,
        "to_bill": None,
        "price": None,
        "currency": None,
        "paid": None,
        "paid_in": None,
        "tokens_read": 0,
        "tokens_written": 0,
        "approval_reason": None,
        "remembered": None,
        "waiting_for": None,
        "warnings": [],
        "error_code": None,
        "error_message": None,
        "error_advice": None,
        "created_at": 1_790_000_000.25,
        "ended_at": None,
        "result": None,
        "result_size": None,
        "source_size": 1000,
        "link_version": 1,
        "run_after": 1_790_100_000.0,
        "purged_at": None,
        **values,
    }
    return row_values.job(columns)


def known(**values: Any) -> JobStatus:
    return JobStatus(row(**values), eta_s=12)


def test_times_are_iso_8601_in_utc(links: Links) -> None:
    view = job_view(known(ended_at=1_790_000_060.0), links)
    assert (view.created_at, view.ended_at) == (
        "2026-09-21T14:13:20+00:00",
        "2026-09-21T14:14:20+00:00",
    )
    assert view.stage_started_at == "2026-09-21T14:13:50+00:00"


def test_pages_of_warnings_count_from_one(links: Links) -> None:
    told = [{"code": "a", "page": 0, "message": "x"}, {"code": "b", "page": None, "message": "y"}]
    assert [warning.page for warning in job_view(known(warnings=told), links).warnings] == [1, None]


def test_people_read_each_warning_once_with_its_pages() -> None:
    told = [{"code": "a", "page": page, "message": "Smaller."} for page in (8, 1, 2, 3, 1)]
    told += [
        {"code": "b", "page": None, "message": "Whole."},
        {"code": "c", "page": 0, "message": "One."},
    ]
    assert remarks(row(warnings=told)) == [
        ("Pages 2–4, 9", "Smaller."),
        ("", "Whole."),
        ("Page 1", "One."),
    ]


@pytest.mark.parametrize(
    ("values", "result", "page"),
    [
        ({}, False, True),
        ({"state": RowState.DONE}, True, True),
        ({"state": RowState.DEAD}, False, True),
        ({"state": RowState.DONE, "purged_at": 1.0}, False, False),
    ],
)
def test_links_are_given_while_there_is_something_behind_them(
    links: Links, values: dict[str, Any], result: bool, page: bool
) -> None:
    view = job_view(known(**values), links)
    assert (view.result_url is not None, view.page_url is not None) == (result, page)


def test_a_job_that_waits_for_a_yes_says_so_and_one_that_waited_does_not(links: Links) -> None:
    waiting = known(state=RowState.WAITING, waiting_for="approval", to_bill=12_000)
    assert job_view(waiting, links).waiting_for == "approval"
    assert (
        page_facts(OpenPage(waiting, "t", may_change=True), links)["headline"]
        == "Waiting for approval"
    )
    given_up = known(state=RowState.DEAD, waiting_for="approval", error_code="no_word")
    assert job_view(given_up, links).waiting_for is None
    assert page_facts(OpenPage(given_up, "t", may_change=True), links)["waits_for"] is None


def test_error_is_told_when_the_job_has_failed_and_not_while_it_is_tried_again(
    links: Links,
) -> None:
    error = {"error_code": "engine_busy", "error_message": "Slow down.", "error_advice": "Wait."}
    assert job_view(known(**error), links).error is None
    failed = job_view(known(**error, state=RowState.DEAD), links)
    assert failed.status is Status.FAILED
    assert failed.error is not None
    assert failed.error.code == "engine_busy"


@pytest.mark.parametrize(
    ("state", "epoch", "states"),
    [
        (RowState.RUNNING, 2, ["done", "now", "waiting"]),
        (RowState.READY, 2, ["done", "now", "waiting"]),
        (RowState.DEAD, 2, ["done", "failed", "waiting"]),
        (RowState.CANCELLED, 2, ["done", "waiting", "waiting"]),
        (RowState.DONE, 2, ["done", "done", "done"]),
    ],
)
def test_steps_show_where_the_job_is(state: RowState, epoch: int, states: list[str]) -> None:
    assert [step.state for step in steps(row(state=state, epoch=epoch))] == states


def test_tone_is_a_step_where_one_was_asked_for() -> None:
    toned = {"target_lang": "de", "tone": "formal"}
    assert [step.state for step in steps(row(options=toned))] == [
        "done",
        "now",
        "waiting",
        "waiting",
    ]


def test_job_that_nobody_has_claimed_is_at_no_step() -> None:
    assert {
        step.state for step in steps(row(state=RowState.READY, stage=Stage.EXTRACT, epoch=0))
    } == {"waiting"}


def test_pseudo_translation_is_not_called_a_translation(links: Links) -> None:
    facts = page_facts(
        OpenPage(known(state=RowState.DONE, engine="pseudo"), "token", may_change=True), links
    )
    assert facts["pseudo"]
    assert "translation" not in facts["headline"]


@given(
    st.text(min_size=1, max_size=80).filter(
        lambda text: not any("\ud800" <= c <= "\udfff" for c in text)
    )
)
def test_attachment_keeps_any_name_and_is_always_one_plain_header(name: str) -> None:
    header = attachment(name)
    assert header.isascii()
    assert header.isprintable()
    plain, _, full = header.partition("; filename*=UTF-8''")
    assert plain.startswith('attachment; filename="')
    assert plain.count('"') == 2
    assert "\\" not in plain
    assert unquote(full) == name
