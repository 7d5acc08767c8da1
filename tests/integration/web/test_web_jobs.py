from __future__ import annotations

import json
from datetime import datetime
from urllib.parse import unquote

import pytest

from dragoman.adapters import queues
from dragoman.adapters.signed_links import Links
from dragoman.db.engine import Database
from dragoman.db.ledgers.jobs import JOBS
from dragoman.domain.job import Stage
from dragoman.errors import EncryptedPdf
from tests.fakes import RecordingDoorbell
from tests.integration.web.conftest import ADMIN, ANNA, BERT, RESULT, Client, Worker

FIELDS = {
    "job_id", "status", "stage", "stage_started_at", "progress", "eta_s", "filename", "pages", "source_lang", "target_lang", "engine",
    "characters", "owner", "channel", "characters_billed", "to_bill", "remembered", "waiting_for", "warnings", "error", "created_at", "ended_at", "result_url", "page_url", "deleted",
    "delivery", "price", "currency", "paid", "tokens_read", "tokens_written", "approval_reason",
}  # fmt: skip


def test_status_follows_the_job_from_pending_to_completed(
    client: Client, worker: Worker, job_id: str
) -> None:
    path = f"/api/v1/status/{job_id}"
    new = client.get(path, ANNA).json
    assert set(new) == FIELDS
    assert (new["status"], new["stage"], new["progress"], new["result_url"]) == (
        "PENDING",
        "extract",
        0,
        None,
    )
    assert new["eta_s"] > 0
    assert datetime.fromisoformat(new["created_at"]).tzinfo

    held = worker.advance_to(job_id, Stage.TRANSLATE, source_lang="en", pages=3)
    worker.progress(held, 0.5)
    half = client.get(path, ANNA).json
    assert (half["status"], half["progress"], half["source_lang"], half["pages"]) == (
        "TRANSLATING",
        40,
        "en",
        3,
    )

    worker.finish_stage(held, engine="apertium")
    warning = {"code": "small_text", "page": 0, "message": "Some text was made smaller."}
    worker.complete(worker.claim(job_id), warnings=[warning])
    done = client.get(path, ANNA).json
    assert (done["status"], done["progress"], done["eta_s"], done["engine"]) == (
        "COMPLETED",
        100,
        None,
        "apertium",
    )
    assert done["warnings"] == [{**warning, "page": 1}]
    assert done["ended_at"] >= done["created_at"]
    assert client.ask("POST", done["result_url"]).body == RESULT


def test_status_of_a_failed_job_says_what_happened_and_what_to_do(
    client: Client, worker: Worker, job_id: str
) -> None:
    worker.fail(job_id, EncryptedPdf(detail="qpdf: /var/secret"))
    told = client.get(f"/api/v1/status/{job_id}", ANNA)
    assert told.json["status"] == "FAILED"
    assert told.json["error"] == {
        "code": "encrypted_pdf",
        "message": "The PDF is locked with a password.",
        "advice": "Please save a copy without the password and send that.",
    }
    assert "secret" not in told.body.decode()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/status/{}"),
        ("GET", "/api/v1/jobs/{}/events"),
        ("GET", "/api/v1/jobs/{}/result"),
        ("POST", "/api/v1/jobs/{}/cancel"),
        ("POST", "/api/v1/jobs/{}/retry"),
        ("DELETE", "/api/v1/jobs/{}"),
    ],
)
def test_jobs_of_others_look_like_none(
    client: Client, worker: Worker, job_id: str, method: str, path: str
) -> None:
    others, none = (
        client.ask(method, path.format(job_id), BERT),
        client.ask(method, path.format("0" * 32), BERT),
    )
    assert (others.status, none.status) == (404, 404)
    assert others.json | {"job_id": ""} == none.json | {"job_id": ""}
    assert client.ask(method, path.format(job_id)).status == 401
    assert worker.row(job_id)["state"] == "ready"


@pytest.mark.parametrize("name", ["%00", "x", "..%2fjobs", "%F0%9F%98%80", "0" * 5000])
def test_what_can_be_no_id_is_not_found(client: Client, name: str) -> None:
    assert client.get(f"/api/v1/status/{name}", ADMIN).status == 404


def test_list_holds_own_jobs_and_for_an_admin_all(client: Client, worker: Worker) -> None:
    ids = [client.upload(token=token).json["job_id"] for token in (ANNA, ANNA, BERT)]
    worker.all(ids[0])

    def listed(token: str, query: str = "") -> list[str]:
        return [job["job_id"] for job in client.get(f"/api/v1/jobs{query}", token).json["jobs"]]

    assert listed(ANNA) == [ids[1], ids[0]]
    assert listed(BERT) == [ids[2]]
    assert listed(ADMIN) == [ids[2], ids[1], ids[0]]
    assert listed(ADMIN, "?limit=1") == [ids[2]]
    assert listed(ANNA, "?status=COMPLETED") == [ids[0]]
    assert listed(ANNA, "?status=PENDING") == [ids[1]]
    assert listed(ANNA, "?status=TRANSLATING") == []


@pytest.mark.parametrize("query", ["?limit=0", "?limit=201", "?limit=many", "?status=LOST"])
def test_wrong_query_is_a_problem_that_names_it(client: Client, query: str) -> None:
    answer = client.get(f"/api/v1/jobs{query}", ANNA)
    assert (answer.status, answer.json["code"]) == (422, "invalid")
    assert answer.json["detail"].startswith(query[1:].partition("=")[0])


def test_cancel_ends_a_job_once(client: Client, worker: Worker, job_id: str) -> None:
    answer = client.ask("POST", f"/api/v1/jobs/{job_id}/cancel", ANNA)
    assert (answer.status, answer.json["status"]) == (200, "CANCELLED")
    again = client.ask("POST", f"/api/v1/jobs/{job_id}/cancel", ANNA)
    assert (again.status, again.json["code"], again.json["job_id"]) == (409, "conflict", job_id)


def test_retry_opens_a_failed_job_again(
    client: Client, worker: Worker, doorbell: RecordingDoorbell, job_id: str
) -> None:
    assert client.ask("POST", f"/api/v1/jobs/{job_id}/retry", ANNA).status == 409
    worker.fail(job_id, EncryptedPdf())
    answer = client.ask("POST", f"/api/v1/jobs/{job_id}/retry", ADMIN)
    assert (answer.status, answer.json["status"], answer.json["error"]) == (200, "EXTRACTING", None)
    assert doorbell.rings[-1] == (queues.EXTRACT_AND_TRANSLATE, job_id)


def test_delete_forgets_files_and_ends_links(
    client: Client, worker: Worker, links: Links, job_id: str
) -> None:
    worker.all(job_id)
    before = client.get(f"/api/v1/status/{job_id}", ANNA).json
    for _ in range(2):
        assert client.ask("DELETE", f"/api/v1/jobs/{job_id}", ANNA).status == 204
    assert worker.keys(job_id) == []
    assert client.get(before["page_url"]).status == 410
    assert client.ask("POST", before["result_url"]).status == 410
    assert client.get(f"/api/v1/jobs/{job_id}/result", ANNA).status == 410
    after = client.get(f"/api/v1/status/{job_id}", ANNA).json
    assert (after["deleted"], after["filename"], after["result_url"], after["page_url"]) == (
        True,
        "",
        None,
        None,
    )
    assert after["pages"] == 3


def test_result_is_streamed_with_its_name_and_length(client: Client, worker: Worker) -> None:
    job_id = client.upload(
        filename='Übersicht "Q1" 表.pdf'.replace('"', "%22"), target_lang="fr"
    ).json["job_id"]
    early = client.get(f"/api/v1/jobs/{job_id}/result", ANNA)
    assert (early.status, early.json["code"]) == (409, "conflict")
    worker.all(job_id)
    answer = client.get(f"/api/v1/jobs/{job_id}/result", ANNA)
    assert (answer.status, answer.body) == (200, RESULT)
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Length"] == str(len(RESULT))
    assert answer.headers["Cache-Control"] == "private, no-store"
    plain, _, full = answer.headers["Content-Disposition"].partition("; filename*=UTF-8''")
    assert plain.startswith('attachment; filename="Ubersicht')
    assert unquote(full).startswith("Übersicht")
    assert unquote(full).endswith("表.fr.pdf")


def test_result_whose_bytes_are_gone_is_gone(client: Client, worker: Worker, job_id: str) -> None:
    worker.all(job_id)
    worker.store.delete(worker.row(job_id)["result"])
    assert client.get(f"/api/v1/jobs/{job_id}/result", ANNA).status == 410


def test_events_tell_each_change_and_the_end(client: Client, worker: Worker, job_id: str) -> None:
    with client.events(f"/api/v1/jobs/{job_id}/events", ANNA) as events:
        kind, data = next(events)
        assert (kind, json.loads(data)["status"]) == ("progress", "PENDING")
        held = worker.advance_to(job_id, Stage.TRANSLATE)
        kind, data = next(events)
        assert (kind, json.loads(data)["status"], json.loads(data)["progress"]) == (
            "progress",
            "TRANSLATING",
            10,
        )
        worker.progress(held, 0.5)
        assert json.loads(next(events)[1])["progress"] == 40
        worker.finish_stage(held)
        worker.complete(worker.claim(job_id))
        rest = list(events)
    assert rest[-1][0] == "end"
    end = json.loads(rest[-1][1])
    assert (end["status"], end["progress"]) == ("COMPLETED", 100)
    assert client.ask("POST", end["result_url"]).status == 200


def test_events_of_an_ended_job_end_at_once(client: Client, worker: Worker, job_id: str) -> None:
    worker.all(job_id)
    with client.events(f"/api/v1/jobs/{job_id}/events", ANNA) as events:
        assert [kind for kind, _ in events] == ["progress", "end"]


def test_events_end_when_the_job_is_deleted(client: Client, worker: Worker, job_id: str) -> None:
    with client.events(f"/api/v1/jobs/{job_id}/events", ANNA) as events:
        next(events)
        client.ask("DELETE", f"/api/v1/jobs/{job_id}", ANNA)
        rest = list(events)
    assert rest[-1][0] == "end"
    assert json.loads(rest[-1][1])["status"] == "CANCELLED"


def test_job_that_waits_to_be_tried_again_has_no_error_yet(
    client: Client, worker: Worker, database: Database, job_id: str
) -> None:
    with database.write() as connection:
        changed = JOBS.update().where(JOBS.c.id == job_id)
        connection.execute(
            changed.values(error_code="engine_busy", error_message="Slow down.", epoch=1)
        )
    told = client.get(f"/api/v1/status/{job_id}", ANNA).json
    assert (told["status"], told["error"]) == ("EXTRACTING", None)
