"""Rows as values: all columns are there, with their types."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import pytest

from dragoman.db.tables import CardRow, InboxRow, JobRow, OutboxRow, PartRow
from dragoman.domain.document import DocumentWarning, Gist
from dragoman.domain.job import ApprovalReason, Layout, Options, RowState, Stage, Tone, WaitingFor
from dragoman.domain.rows.card import Card
from dragoman.domain.rows.delivery import Delivery, Kind
from dragoman.domain.rows.job import Job
from dragoman.domain.rows.message import InboxMessage
from dragoman.domain.rows.part import Part, PartFacts
from tests import row_values


@pytest.mark.parametrize(
    ("value", "table"),
    [
        (Job, JobRow),
        (Part, PartRow),
        (InboxMessage, InboxRow),
        (Delivery, OutboxRow),
        (Card, CardRow),
    ],
)
def test_a_value_has_the_columns_of_its_table(value, table):
    assert {one.name for one in fields(value)} == set(table.__table__.columns.keys())


def test_states_and_options_of_a_job_are_values():
    job = row_values.job(
        state="waiting",
        stage="translate",
        waiting_for="approval",
        approval_reason="budget",
        epoch=1,
        target_lang="fr",
        options={
            "target_lang": "fr",
            "tone": "formal",
            "glossary": [["house", "maison"]],
            "reply_by": "webhook",
        },
        warnings=[{"code": "small_text", "message": "Smaller.", "page": 2}],
    )
    assert (job.state, job.stage) == (RowState.WAITING, Stage.TRANSLATE)
    assert job.waits_for is WaitingFor.APPROVAL
    assert job.approval_reason is ApprovalReason.BUDGET
    assert job.options == Options(
        "fr", tone=Tone.FORMAL, glossary=(("house", "maison"),), reply_by="webhook"
    )
    assert job.warnings == (DocumentWarning("small_text", "Smaller.", 2),)
    assert (job.is_toned, job.replied_by, job.status.value) == (True, "webhook", "TRANSLATING")


def test_a_word_that_is_still_set_after_the_wait_is_not_waited_for():
    assert row_values.job(state="dead", waiting_for="approval").waits_for is None


@pytest.mark.parametrize("options", [{}, None, {"tone": None}])
def test_options_that_are_not_there_leave_the_target(options):
    assert row_values.job(target_lang="de", options=options).options == Options("de")


def test_a_tone_of_a_newer_version_hides_no_job():
    job = row_values.job(
        options={"target_lang": "de", "tone": "solemn", "pages": "1-3", "layout": "spiral"}
    )
    assert job.options == Options("de", layout=Layout.TRANSLATED, pages="1-3")


@pytest.mark.parametrize(
    "facts",
    [
        PartFacts(),
        PartFacts(Gist(3, 7, 900, 0, "Es war einmal", 1), (DocumentWarning("a", "A."),), 2),
    ],
)
def test_what_a_part_tells_comes_back_from_its_row(facts):
    assert PartFacts.from_json(facts.as_json()) == facts


def test_a_part_that_says_nothing_leaves_nothing_in_its_row():
    assert PartFacts().as_json() == {}


def test_a_delivery_knows_its_kind_and_how_often_it_will_have_failed():
    delivery = row_values.delivery(kind="alarm", attempts=3, losses=1)
    assert (delivery.kind, delivery.failed) == (Kind.ALARM, 2)


def test_a_card_knows_what_it_asks():
    assert row_values.card(asks="language", notes=[{"filename": "a"}]).asks is WaitingFor.LANGUAGE


def test_a_row_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        row_values.job().progress = 100  # type: ignore[misc]
