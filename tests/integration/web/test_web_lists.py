"""Lists over the API: filters, pages, ids cut short, languages and usage; each token sees its
own.
"""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter

from dragoman.db.engine import Database
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.records import process_registry
from dragoman.errors import QuotaUsedUp
from dragoman.ports import Capabilities
from ingress.web import app as web
from ingress.web.api import dead_letters, server_info
from ingress.web.job_views import views
from ingress.web.responses import problems
from tests.integration.web.conftest import ADMIN, ANNA, BERT, Client, Worker
from tests.rows import add_job, change

FIRST, SECOND = "a2eb1c3d" + "0" * 24, "a2eb1c3d" + "1" + "0" * 23


@pytest.fixture
def jobs(database: Database) -> Database:
    add_job(database, id=FIRST, owner="web:anna", filename="one.pdf")
    add_job(database, id=SECOND, owner="web:bert", filename="two.pdf")
    add_job(database, id="b" * 32, owner="ann@example.org", channel="email", filename="three.pdf")
    return database


def ids(answer) -> list[str]:
    assert answer.status == 200, answer.body
    return [job["job_id"] for job in answer.json["jobs"]]


def test_an_admin_filters_by_all_that_a_list_shows(
    client: Client, worker: Worker, jobs: Database
) -> None:
    worker.fail(SECOND, QuotaUsedUp())
    for query, wanted in (
        ("owner=*%40example.org", "b" * 32),
        ("channel=email", "b" * 32),
        ("file=ONE", FIRST),
        ("error=quota_used_up", SECOND),
        ("status=FAILED&since=1h", SECOND),
    ):
        assert ids(client.get(f"/api/v1/jobs?{query}", ADMIN)) == [wanted]
    assert ids(client.get("/api/v1/jobs?since=2100-01-01", ADMIN)) == []
    [job] = client.get("/api/v1/jobs?channel=email", ADMIN).json["jobs"]
    assert (job["owner"], job["channel"]) == ("ann@example.org", "email")


def test_a_token_s_filters_never_reach_others_jobs(client: Client, jobs: Database) -> None:
    assert ids(client.get("/api/v1/jobs", ANNA)) == [FIRST]
    for query in ("owner=web:bert", "owner=*", "owner=web:*", "file=t"):
        assert set(ids(client.get(f"/api/v1/jobs?{query}", ANNA))) <= {FIRST}


def test_pages_follow_each_other(client: Client, jobs: Database) -> None:
    seen, cursor = [], ""
    for _ in range(3):
        told = client.get(f"/api/v1/jobs?limit=1{cursor}", ADMIN)
        seen += ids(told)
        cursor = f"&cursor={told.json['next']}"
    assert (len(set(seen)), told.json["next"]) == (3, None)


@pytest.mark.parametrize(
    "query", ["since=soon", "cursor=x", "limit=0", "status=ODD", "since=%00", "cursor=1-%2500"]
)
def test_what_cannot_be_asked_for_is_said_in_a_sentence(client: Client, query: str) -> None:
    answer = client.get(f"/api/v1/jobs?{query}", ADMIN)
    assert (answer.status, answer.headers["Content-Type"]) == (422, "application/problem+json")


def test_an_id_may_be_cut_short_and_tells_nothing_of_others(client: Client, jobs: Database) -> None:
    assert client.get("/api/v1/status/a2eb", ANNA).json["job_id"] == FIRST
    assert client.get("/api/v1/status/a2eb", BERT).json["job_id"] == SECOND
    both = client.get("/api/v1/status/a2eb", ADMIN)
    assert (both.status, both.json["code"]) == (409, "ambiguous_id")
    assert "job a2eb1c3d0 (one.pdf), job a2eb1c3d1 (two.pdf)" in both.json["detail"]
    for path in ("bbbb", "cccc"):  # another's, nobody's
        answer = client.get(f"/api/v1/status/{path}", ANNA)
        assert (answer.status, answer.json["detail"]) == (404, f"No job begins with {path}.")
    cancelled = client.ask("POST", "/api/v1/jobs/a2eb1c3d1/cancel", ADMIN)
    assert (cancelled.json["job_id"], cancelled.json["status"]) == (SECOND, "CANCELLED")
    assert client.ask("POST", "/api/v1/jobs/a2eb/retry", BERT).json["job_id"] == SECOND
    assert client.ask("DELETE", "/api/v1/jobs/a2eb", ANNA).status == 204
    assert client.get(f"/api/v1/status/{FIRST}", ANNA).json["deleted"]


def test_letters_have_owner_file_and_an_iso_time(
    client: Client, worker: Worker, jobs: Database
) -> None:
    worker.fail(FIRST, QuotaUsedUp())
    worker.fail("b" * 32, QuotaUsedUp())
    [letter] = client.get("/api/v1/dead?owner=ann@*", ADMIN).json["dead"]
    assert (letter["owner"], letter["filename"], letter["channel"]) == (
        "ann@example.org",
        "three.pdf",
        "email",
    )
    assert letter["ended_at"].endswith("+00:00")
    first = client.get("/api/v1/dead?limit=1", ADMIN).json
    second = client.get(f"/api/v1/dead?limit=1&cursor={first['next']}", ADMIN).json
    assert {first["dead"][0]["id"], second["dead"][0]["id"]} == {FIRST, "b" * 32}
    assert client.ask("POST", "/api/v1/dead/bbbb/retry", ADMIN).json == {"retried": ["b" * 32]}


def test_languages_are_what_the_workers_say(client: Client, database: Database) -> None:
    assert client.get("/api/v1/languages").status == 401
    assert client.get("/api/v1/languages", ANNA).json == {"targets": [], "engines": []}
    deepl = Capabilities("deepl", frozenset({"de", "pt-BR"}), None, frozenset({"de"}))
    apertium = Capabilities("apertium", frozenset({"es", "de"}), frozenset({("en", "es")}))
    with database.write() as connection:
        process_registry.publish(connection, "worker@one", [deepl, apertium])
    told = client.get("/api/v1/languages", ANNA).json
    names = ["German", "Portuguese (Brazil)", "Spanish"]
    assert [(one["tag"], one["name"]) for one in told["targets"]] == list(
        zip(["de", "pt-BR", "es"], names, strict=True)
    )
    engines = {one["engine"]: one for one in told["engines"]}
    assert engines["apertium"]["pairs"] == [["en", "es"]]
    assert (engines["deepl"]["pairs"], engines["deepl"]["formality"]) == (None, ["de"])


def test_usage_is_told_by_month_and_owner(client: Client, worker: Worker, jobs: Database) -> None:
    cost = {"tokens_read": 90, "tokens_written": 60, "paid": 0.25, "paid_in": "EUR"}
    worker.all(FIRST, pages=3, characters=1000, characters_billed=700, **cost)
    worker.fail(SECOND, QuotaUsedUp())
    november, october = 1_793_500_000.0, 1_791_200_000.0  # 2026-11-01 02:26 and 2026-10-05 in UTC
    change(jobs, JOBS, FIRST, created_at=november)
    change(jobs, JOBS, SECOND, created_at=october)
    change(jobs, JOBS, "b" * 32, created_at=october)
    told = client.get("/api/v1/usage", ADMIN).json["usage"]
    assert [(one["month"], one["owner"]) for one in told] == [
        ("2026-11", "web:anna"), ("2026-10", "ann@example.org"), ("2026-10", "web:bert"),
    ]  # fmt: skip
    assert told[0] == {
        "month": "2026-11", "owner": "web:anna", "jobs": 1, "completed": 1, "failed": 0, "pages": 3, "characters": 1000,
        "characters_billed": 700, "tokens_read": 90, "tokens_written": 60, "paid": 0.25, "currency": "EUR",
    }  # fmt: skip
    assert told[2]["failed"] == 1
    assert told[2]["paid"] is None
    assert client.get("/api/v1/usage", ANNA).json["usage"] == told[:1]
    assert client.get("/api/v1/usage?owner=web:bert", ANNA).json["usage"] == []
    assert client.get("/api/v1/usage?since=2026-11-01&owner=web:*", ADMIN).json["usage"] == told[:1]


def test_operations_have_plain_names_and_examples_are_true(settings, intake) -> None:
    schema = web.make_app(settings, intake).openapi()
    names = [
        operation["operationId"] for path in schema["paths"].values() for operation in path.values()
    ]
    assert len(set(names)) == len(names)
    assert {
        "upload",
        "job_status",
        "list_jobs",
        "list_dead_letters",
        "list_languages",
        "list_usage",
    } <= set(names)
    shown = 0
    for kind in (
        views.JobView, views.Accepted, dead_letters.LetterList, server_info.Languages, server_info.UsageList, problems.Problem,
    ):  # fmt: skip
        for example in kind.model_json_schema()["examples"]:
            told = TypeAdapter(kind).validate_python(example, strict=False)
            assert told.model_dump(mode="json", exclude_none=kind is problems.Problem) == example
            shown += 1
    assert shown == 6
