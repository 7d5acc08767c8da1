"""What a job came to: tokens and money, by job and by sender, as the engine counted them."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest

from dragoman.db.queries import usage
from dragoman.domain.job import RowState
from dragoman.settings import Settings
from pipeline.attempt.context import Context
from tests.driving import drive
from tests.fake_deepl import KEY, FakeDeepL
from tests.pdfs import long_pdf
from tests.rows import add_job
from tests.servers.llm import KEY as LLM_KEY
from tests.servers.llm import MODEL, FakeLLM

SENDER = "ann@example.org"


@pytest.fixture
def done(settings: Settings, database, store) -> Callable[..., dict[str, Any]]:
    """The row of a job of three pages, after all that is due was done of it, with settings."""

    def run(**chosen: Any) -> dict[str, Any]:
        context = Context(settings.model_copy(update=chosen), database, store)
        job_id = add_job(database, owner=SENDER)
        store.put(f"jobs/{job_id}/source.pdf", BytesIO(long_pdf(3)))
        return drive(context, job_id)

    return run


def test_tokens_and_their_price_stay_with_the_job_and_its_sender(done, settings, database):
    secret = type(settings.secret_key)
    with FakeLLM() as llm:
        chosen = {
            "engine": "openai",
            "openai_base_url": llm.url,
            "openai_model": MODEL,
            "openai_api_key": secret(LLM_KEY),
            "openai_price_in": 2.0,
            "openai_price_out": 8.0,
        }
        job, again = done(**chosen), done(**chosen)
    assert job["state"] == RowState.DONE
    assert job["tokens_read"] > 50
    assert job["tokens_written"] > 20
    paid = (2.0 * job["tokens_read"] + 8.0 * job["tokens_written"]) / 1_000_000
    assert (job["paid"], job["paid_in"]) == (pytest.approx(paid), "EUR")
    assert 0.2 * job["paid"] < job["price"] < 5 * job["paid"]  # the estimate was of its kind
    assert (again["tokens_read"], again["paid"]) == (0, None)  # the second is remembered
    with database.read() as connection:
        [month] = usage.by_month(connection, owner=SENDER)
    assert (month.tokens_read, month.tokens_written) == (job["tokens_read"], job["tokens_written"])
    assert (month.paid, month.currency) == (pytest.approx(paid, abs=1e-4), "EUR")


def test_characters_are_paid_for_at_their_price(done, settings):
    with FakeDeepL() as deepl:
        job = done(
            engine="deepl",
            deepl_auth_key=type(settings.secret_key)(KEY),
            deepl_server_url=deepl.url,
            deepl_price=25.0,
        )
    assert job["characters_billed"] == deepl.characters_billed > 0
    assert job["paid"] == pytest.approx(25.0 * job["characters_billed"] / 1_000_000)
    assert (job["tokens_read"], job["tokens_written"]) == (0, 0)


def test_what_costs_nothing_has_no_bill(done):
    job = done(engine="pseudo")
    assert (job["paid"], job["paid_in"], job["tokens_read"]) == (None, None, 0)
