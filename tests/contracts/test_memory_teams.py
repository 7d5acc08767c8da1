"""The translation memory is shared inside a team and tells nothing across: not by its content,
not by what is billed.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest

from dragoman.adapters.translation_cache import Cache
from dragoman.app import retention
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.records import translation_memory
from dragoman.db.records.translation_memory import TRANSLATIONS
from dragoman.domain.job import RowState
from dragoman.telemetry import hashed
from pipeline.attempt.context import Context
from pipeline.worker import maintenance
from tests.driving import drive
from tests.fake_deepl import KEY, FakeDeepL
from tests.pdfs import long_pdf
from tests.races import together
from tests.rows import add_job, change

TEAMS = [
    ("ann@example.org", "Bob@Example.ORG", "eve@example.com"),
    ("ann@example.org", "bob@example.org", "eve@sub.example.org"),
    ("slack:T1:U1", "slack:T1:U2", "slack:T2:U1"),
    ("slack:T1:U1", "slack:T1:U2", "slack:T1:x@evil.example"),
    ("web:ci", "web:ci", "web:CI"),
    ("ann@example.org", "bob@example.org", "web:example.org"),
    ("ann@gmail.com", "Ann@gmail.com", "eve@gmail.com"),
]


@pytest.fixture
def deepl():
    with FakeDeepL() as server:
        server.character_limit = 5_000_000
        yield server


@pytest.fixture
def context(settings, database, store, deepl) -> Context:
    chosen = {
        "engine": "deepl",
        "deepl_auth_key": type(settings.secret_key)(KEY),
        "deepl_server_url": deepl.url,
    }
    return Context(
        settings.model_copy(update={**chosen, "deepl_requests_per_s": 0}), database, store
    )


def translated(context: Context, owner: str, pdf: bytes | None = None) -> dict[str, Any]:
    """The row of a job of `owner` after all was done of it."""
    job_id = add_job(context.database, owner=owner)
    context.store.put(f"jobs/{job_id}/source.pdf", BytesIO(pdf or long_pdf(20)))
    done = drive(context, job_id)
    assert done["state"] == RowState.DONE
    return done


def seen(job: dict[str, Any]) -> dict[str, Any]:
    """What a requester is told of what a job cost."""
    return {
        name: job[name]
        for name in ("characters", "characters_billed", "to_bill", "price", "remembered")
    }


def asked(deepl: FakeDeepL) -> list[str]:
    return [text for request in deepl.requests for text in request["text"]]


@pytest.mark.parametrize(("one", "mate", "outsider"), TEAMS)
def test_a_team_pays_once_and_an_outsider_sees_what_nobody_had_sent(
    context, deepl, one, mate, outsider
):
    first = translated(context, one)
    paid = len(asked(deepl))
    shared = translated(context, mate)
    assert (shared["to_bill"], shared["characters_billed"], shared["remembered"]) == (0, 0, 1.0)
    assert len(asked(deepl)) == paid
    assert seen(translated(context, outsider)) == seen(first)
    assert len(asked(deepl)) == 2 * paid


def test_two_of_a_team_who_send_the_same_at_the_same_time_pay_once(context, deepl):
    deepl.latency_s = 0.3
    senders = ["ann@example.org", "bob@example.org"]
    both = together(2, lambda number: translated(context, senders[number]))
    assert len(asked(deepl)) == len(set(asked(deepl)))
    assert sum(job["characters_billed"] for job in both) == both[0]["characters"]


def test_the_copy_in_redis_tells_an_outsider_nothing(context, deepl, redis_server):
    with_redis = Context(
        context.settings.model_copy(update={"broker_url": redis_server.url}),
        context.database,
        context.store,
    )
    first = translated(with_redis, "ann@example.org")
    paid = len(asked(deepl))
    assert seen(translated(with_redis, "eve@example.com")) == seen(first)
    assert len(asked(deepl)) == 2 * paid
    with context.database.write() as connection:
        connection.execute(TRANSLATIONS.delete())
    translated(with_redis, "bob@example.org")  # from the copy alone
    assert len(asked(deepl)) == 2 * paid


def test_what_an_outsider_has_deleted_the_team_keeps(context, deepl):
    translated(context, "ann@example.org")
    gone = translated(context, "eve@example.com")
    retention.purge_job(context.database, context.store, gone["id"])
    paid = len(asked(deepl))
    assert translated(context, "bob@example.org")["characters_billed"] == 0
    assert len(asked(deepl)) == paid


def test_a_row_says_whose_it_is_and_what_made_it_without_an_address(context):
    translated(context, "ann@example.org")
    with context.database.read() as connection:
        rows = connection.execute(TRANSLATIONS.select()).mappings().all()
    assert {row["team"] for row in rows} == {hashed("@example.org")}
    assert all(row["engine_version"] for row in rows)
    assert "ann" not in str([{**row, "text": ""} for row in rows])


def test_a_row_from_before_there_were_teams_answers_nobody_and_expires(context, deepl):
    translated(context, "ann@example.org")
    paid = len(asked(deepl))
    with context.database.write() as connection:
        connection.execute(TRANSLATIONS.delete())
        connection.execute(
            TRANSLATIONS.insert().values(
                key="0" * 64, text="x", engine="deepl", target_lang="de", used_at=1
            )
        )
    translated(context, "ann@example.org")
    assert len(asked(deepl)) == 2 * paid
    maintenance.clean_up(context)
    with context.database.write() as connection:
        assert translation_memory.recall(connection, ["0" * 64]) == {}


class TestDays:
    """Texts may outlive their documents, but not the wish to be forgotten."""

    OLD = 1.0

    @pytest.fixture
    def old(self, context) -> str:
        """Ann's job, which ended long ago."""
        job = translated(context, "ann@example.org")
        change(context.database, JOBS, job["id"], ended_at=self.OLD)
        return job["id"]

    def kept(self, context: Context) -> int:
        with context.database.read() as connection:
            return len(connection.execute(TRANSLATIONS.select()).all())

    def test_by_default_texts_go_with_their_document(self, context, old):
        maintenance.clean_up(context)
        assert self.kept(context) == 0

    def test_with_more_memory_days_the_team_does_not_pay_again(self, context, old, deepl):
        longer = Context(
            context.settings.model_copy(update={"memory_days": 90}), context.database, context.store
        )
        maintenance.clean_up(longer)
        assert context.store.size(f"jobs/{old}/source.pdf") is None
        paid = len(asked(deepl))
        assert translated(longer, "bob@example.org")["characters_billed"] == 0
        assert len(asked(deepl)) == paid

    def test_and_what_nobody_needs_for_so_long_goes(self, context, old):
        longer = Context(
            context.settings.model_copy(update={"memory_days": 90}), context.database, context.store
        )
        with context.database.write() as connection:
            connection.execute(TRANSLATIONS.update().values(used_at=self.OLD))
        maintenance.clean_up(longer)
        assert self.kept(context) == 0

    def test_and_a_sender_who_is_deleted_takes_them_along(self, context, old):
        longer = Context(
            context.settings.model_copy(update={"memory_days": 90}), context.database, context.store
        )
        maintenance.clean_up(longer)
        assert self.kept(context) > 0
        retention.purge_sender(context.database, context.store, "ann@example.org", Cache(""))
        assert self.kept(context) == 0
