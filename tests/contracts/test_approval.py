"""A document waits for approval by what it would cost, not only by its pages; what costs
nothing is not asked about.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pymupdf
import pytest
from pydantic import SecretStr

from dragoman.db.ledgers import alarms
from dragoman.db.ledgers.outbox import OUTBOX
from dragoman.domain.job import RowState
from dragoman.errors import NotApprover, QuotaUsedUp
from dragoman.settings import Settings
from pipeline.attempt.context import Context
from tests.driving import drive
from tests.fake_deepl import KEY, FakeDeepL
from tests.pdfs import long_pdf
from tests.rows import SENDER, add_job, deliveries, message_with_jobs
from tests.servers.llm import KEY as LLM_KEY
from tests.servers.llm import MODEL, FakeLLM

WORDS = [
    "market",
    "summer",
    "weather",
    "history",
    "morning",
    "ferry",
    "ticket",
    "company",
    "captain",
    "kitchen",
    "customer",
    "system",
    "street",
    "river",
]
DENSE_PAGES, LINES, WORDS_A_LINE = 4, 300, 72


@pytest.fixture
def deepl():
    with FakeDeepL() as server:
        server.character_limit = 5_000_000
        yield server


@pytest.fixture
def llm():
    with FakeLLM() as server:
        yield server


@pytest.fixture
def context(settings: Settings, database, store, deepl):
    """A worker's context with a paid key, as nobody has set anything about approval; keyword
    arguments change that.
    """

    def with_(**update: Any) -> Context:
        chosen = {
            "engine": "deepl",
            "deepl_auth_key": type(settings.secret_key)(KEY),
            "deepl_server_url": deepl.url,
        }
        facts = {**chosen, "deepl_requests_per_s": 0, **update}
        return Context(settings.model_copy(update=facts), database, store)

    return with_


@pytest.fixture
def driven() -> Callable[..., dict[str, Any]]:
    """The row of a new job for `pdf`, after all that is due was done of it."""

    def run(context: Context, pdf: bytes, **values: Any) -> dict[str, Any]:
        job_id = add_job(context.database, **values)
        context.store.put(f"jobs/{job_id}/source.pdf", BytesIO(pdf))
        return drive(context, job_id)

    return run


def dense_pdf() -> bytes:
    """Four pages in type of 2 points: more text than a hundred pages of a book have."""
    dice = random.Random(4)
    with pymupdf.open() as pdf:
        for _ in range(DENSE_PAGES):
            page = pdf.new_page()
            lines = [
                " ".join(dice.choice(WORDS) for _ in range(WORDS_A_LINE)) for _ in range(LINES)
            ]
            page.insert_text((20, 20), lines, fontsize=2, fontname="tiro")
        return bytes(pdf.tobytes())


def test_few_pages_with_very_much_text_wait_with_their_price_and_cost_nothing_before(
    context, driven, deepl
):
    waiting = driven(context(), dense_pdf())
    assert (waiting["state"], waiting["waiting_for"]) == (RowState.WAITING, "approval")
    assert (waiting["pages"], waiting["approval_reason"]) == (DENSE_PAGES, "characters")
    assert waiting["to_bill"] > 300_000
    assert waiting["currency"] == "EUR"
    assert waiting["price"] == pytest.approx(20.0 * waiting["to_bill"] / 1_000_000, abs=0.001)
    assert deepl.requests == []


@pytest.mark.more
def test_where_the_engine_costs_nothing_they_go_through_at_once(context, driven, deepl):
    done = driven(context(engine="pseudo"), dense_pdf())
    assert (done["state"], done["approval_reason"], done["to_bill"], done["price"]) == (
        RowState.DONE,
        None,
        0,
        None,
    )
    assert deepl.requests == []


def test_a_number_of_pages_that_the_admin_has_set_counts_for_every_engine(context, driven):
    assert driven(context(engine="pseudo"), long_pdf(90))["state"] == RowState.DONE
    asked = driven(context(engine="pseudo", approval_pages=2), long_pdf(90))
    assert (asked["waiting_for"], asked["approval_reason"], asked["price"]) == (
        "approval",
        "pages",
        None,
    )


def test_what_is_remembered_is_not_asked_about_again(context, driven):
    careful = context(approval_characters=1000)
    first = driven(careful, long_pdf(60))
    assert (first["waiting_for"], first["approval_reason"]) == ("approval", "characters")
    assert driven(context(), long_pdf(60))["characters_billed"] == first["to_bill"]
    again = driven(careful, long_pdf(60))
    assert (again["state"], again["to_bill"], again["remembered"]) == (RowState.DONE, 0, 1.0)


def test_a_free_key_has_no_price_and_is_asked_about_all_the_same(context, driven):
    free = context(
        deepl_auth_key=type(context().settings.secret_key)(f"{KEY}:fx"), approval_characters=1000
    )
    with FakeDeepL(key=f"{KEY}:fx") as server:
        settings = free.settings.model_copy(update={"deepl_server_url": server.url})
        waiting = driven(Context(settings, free.database, free.store), long_pdf(60))
    assert (waiting["waiting_for"], waiting["price"], waiting["currency"]) == (
        "approval",
        None,
        None,
    )


class TestBudget:
    """A month's budget that is not enough is asked about, not refused."""

    def test_over_the_engines_own_quota_it_waits_and_goes_on_once_that_is_raised(
        self, context, driven, deepl, intake
    ):
        deepl.character_limit = 500
        waiting = driven(context(), long_pdf(60))
        assert (waiting["waiting_for"], waiting["approval_reason"]) == ("approval", "budget")
        deepl.character_limit = 500_000
        assert intake.approve(waiting["id"])
        assert drive(context(), waiting["id"])["state"] == RowState.DONE

    def test_agreed_to_while_the_quota_is_still_too_small_it_fails_before_anything_is_paid(
        self, context, driven, deepl, intake
    ):
        deepl.character_limit = 500
        waiting = driven(context(), long_pdf(60))
        intake.approve(waiting["id"])
        with pytest.raises(QuotaUsedUp):
            drive(context(), waiting["id"])
        assert deepl.requests == []

    def test_the_admins_own_budget_may_be_exceeded_by_agreement(self, context, driven, intake):
        small = context(budget_characters=500)
        waiting = driven(small, long_pdf(60))
        assert waiting["approval_reason"] == "budget"
        intake.approve(waiting["id"])
        done = drive(small, waiting["id"])
        assert (done["state"], done["characters_billed"]) == (RowState.DONE, waiting["to_bill"])

    def test_what_costs_nothing_goes_through_whatever_is_left(self, context, driven):
        assert (
            driven(context(engine="pseudo", budget_characters=1), long_pdf(60))["state"]
            == RowState.DONE
        )

    @pytest.mark.parametrize(
        ("share", "cause"), [(0.5, None), (0.85, "quota_near"), (1.2, "quota_gone")]
    )
    def test_the_operator_is_told_from_80_percent_on(self, context, driven, share, cause):
        needed = driven(context(), long_pdf(60), owner="web:another")["to_bill"]
        # the other one's are used already
        driven(context(budget_characters=int(2 * needed / share)), long_pdf(60))
        with context().database.read() as connection:
            told = (
                connection.execute(OUTBOX.select().where(OUTBOX.c.channel == alarms.CHANNEL))
                .mappings()
                .all()
            )
        assert [one["payload"]["cause"] for one in told] == ([cause] if cause else [])


class TestApprovers:
    """Whoever is named approves; the requester only without such names."""

    def test_only_the_owner_agrees_where_nobody_is_named(self, context, driven, intake):
        waiting = driven(context(approval_characters=1000), long_pdf(60), owner="web:ci")
        with pytest.raises(NotApprover):
            intake.approve(waiting["id"], by="web:other")
        assert intake.approve(waiting["id"], by="web:ci")

    def test_only_those_who_are_named_agree(self, context, driven, intake):
        named = ("boss@example.org", "@finance.example")
        intake.settings = intake.settings.model_copy(update={"approvers": named})
        waiting = driven(context(approval_characters=1000), long_pdf(60), owner=SENDER)
        for nobody in (SENDER, "boss@example.com", "web:ci"):
            with pytest.raises(NotApprover):
                intake.approve(waiting["id"], by=nobody)
        assert intake.approve(waiting["id"], by="Eve@Finance.Example")

    def test_a_mailed_document_asks_by_mail(self, context, driven):
        message_id, _ = message_with_jobs(context().database, 1)
        waiting = driven(context(approval_characters=1000), long_pdf(60), message_id=message_id)
        assert [one["kind"] for one in deliveries(context().database, waiting["id"])] == [
            "question"
        ]


@pytest.mark.parametrize(("price", "asked"), [(None, False), (0.0, False), (2.0, True)])
def test_a_model_in_the_house_costs_nothing_unless_a_price_is_set(
    context, driven, llm, price, asked
):
    server = {
        "engine": "openai",
        "openai_base_url": llm.url,
        "openai_model": MODEL,
        "openai_api_key": SecretStr(LLM_KEY),
    }
    prices = {"openai_price_in": price, "openai_price_out": price}
    job = driven(context(approval_characters=1000, **server, **prices), long_pdf(60))
    assert (job["waiting_for"], job["price"] is not None) == (
        ("approval", True) if asked else (None, False)
    )
