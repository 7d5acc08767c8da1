"""A document that must stay in house is done by an engine on this machine, or refused; it is
never sent out.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest

from dragoman.app.intake import Pdf, Request
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.records import process_registry
from dragoman.domain.job import Options, RowState
from dragoman.errors import EngineNotAllowed
from dragoman.ports import Capabilities
from pipeline.attempt.context import Context
from pipeline.engines import apertium
from pipeline.engines.apertium import Apertium
from tests.driving import drive
from tests.fake_deepl import KEY, FakeDeepL
from tests.pdfs import long_pdf
from tests.rows import add_job, row
from tests.servers.process import needs

HERE = {"target_lang": "de", "in_house": True}


@pytest.fixture
def deepl():
    with FakeDeepL() as server:
        yield server


@pytest.fixture
def context(settings, database, store, deepl) -> Context:
    chosen = {"deepl_auth_key": type(settings.secret_key)(KEY), "deepl_server_url": deepl.url}
    return Context(
        settings.model_copy(update={**chosen, "deepl_requests_per_s": 0}), database, store
    )


@pytest.fixture
def no_apertium(monkeypatch) -> None:
    monkeypatch.setattr(apertium, "_program", lambda: Apertium("no-such-apertium"))


def run(context: Context, **values: Any) -> dict[str, Any]:
    """The row of a job after all that is due was done, or its failure is on record."""
    job_id = add_job(context.database, **values)
    context.store.put(f"jobs/{job_id}/source.pdf", BytesIO(long_pdf(20)))
    try:
        return drive(context, job_id)
    except EngineNotAllowed:
        return row(context.database, JOBS, job_id)


@pytest.mark.usefixtures("no_apertium")
@pytest.mark.parametrize("engine", ["auto", "deepl"])
def test_without_an_engine_in_house_it_is_refused_and_nothing_was_sent(context, deepl, engine):
    held = Context(
        context.settings.model_copy(update={"engine": engine}), context.database, context.store
    )
    refused = run(held, options=HERE)
    assert (refused["state"], refused["error_code"]) == (RowState.DEAD, "engine_not_allowed")
    assert "No translation engine that may have this document" in refused["error_message"]
    assert deepl.requests == []


@pytest.mark.usefixtures("no_apertium")
def test_asked_for_by_name_an_engine_outside_is_refused_too(context, deepl):
    assert run(context, options={**HERE, "engine": "deepl"})["error_code"] == "engine_not_allowed"
    assert deepl.requests == []


@needs("apertium", "apertium")
def test_an_engine_in_house_does_it_though_deepl_would_be_first(context, deepl):
    done = run(context, options={**HERE, "target_lang": "es"}, target_lang="es")
    assert (done["state"], done["engine"]) == (RowState.DONE, "apertium")
    assert deepl.requests == []


@pytest.mark.usefixtures("no_apertium")
def test_rules_hold_by_channel_and_by_token(context, deepl):
    strict = context.settings.model_copy(update={"engines_allowed": "local,token:ci=deepl"})
    held = Context(strict, context.database, context.store)
    assert run(held, owner="web:tests")["error_code"] == "engine_not_allowed"
    assert run(held, owner="ann@example.org", channel="email")["error_code"] == "engine_not_allowed"
    assert deepl.requests == []
    assert run(held, owner="web:ci")["state"] == RowState.DONE
    assert deepl.requests


def test_rules_that_change_later_hold_for_jobs_that_wait(context, deepl, intake):
    asking = Context(
        context.settings.model_copy(update={"approval_characters": 10}),
        context.database,
        context.store,
    )
    waiting = run(asking)
    assert (waiting["waiting_for"], waiting["engine"]) == ("approval", "deepl")
    assert intake.approve(waiting["id"])
    strict = Context(
        context.settings.model_copy(update={"engines_allowed": "apertium"}),
        context.database,
        context.store,
    )
    with pytest.raises(EngineNotAllowed):
        drive(strict, waiting["id"])
    assert deepl.requests == []


class TestAtTheDoor:
    """Where the workers have said what their engines can do, it is refused before it is
    accepted.
    """

    @pytest.fixture
    def said(self, database) -> None:
        known = [
            Capabilities("deepl", frozenset({"de", "es"})),
            Capabilities("apertium", frozenset({"es"}), frozenset({("en", "es")})),
        ]
        with database.write() as connection:
            process_registry.publish(connection, "worker@a", known)

    def submit(self, intake, target: str, **options: Any) -> None:
        pdf = Pdf("a" * 32, "jobs/a/source.pdf", "a.pdf", "0" * 64, 3)
        wish = Options(target, **options)
        intake.submit([Request(pdf, wish, "ann@example.org", "email", f"key:{target}:{options}")])

    def test_it_is_refused_with_a_kind_sentence(self, intake, said):
        with pytest.raises(EngineNotAllowed) as refused:
            self.submit(intake, "de", in_house=True)
        assert "in house" in refused.value.advice
        with pytest.raises(EngineNotAllowed):
            self.submit(intake, "es", in_house=True, engine="deepl")

    def test_what_can_be_done_in_house_is_taken(self, intake, said):
        self.submit(intake, "es", in_house=True)
        self.submit(intake, "de")
