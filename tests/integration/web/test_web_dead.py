"""Dead letters over the API."""

from __future__ import annotations

import json

import pytest

from dragoman.errors import EngineKeyRejected, QuotaUsedUp
from tests.integration.web.conftest import ADMIN, ANNA, Client, Worker


@pytest.fixture
def dead_id(client: Client, worker: Worker, job_id: str) -> str:
    worker.fail(job_id, QuotaUsedUp(detail="456"))
    return job_id


def test_letters_are_for_admins(client: Client, dead_id: str) -> None:
    assert client.get("/api/v1/dead", ANNA).status == 403
    assert client.ask("POST", f"/api/v1/dead/{dead_id}/retry", ANNA).status == 403
    assert (
        client.ask(
            "POST", "/api/v1/dead/retry", ANNA, b"{}", Content_Type="application/json"
        ).status
        == 403
    )
    assert client.get("/api/v1/dead").status == 401


def test_letter_tells_class_stage_and_detail(client: Client, dead_id: str) -> None:
    [letter] = client.get("/api/v1/dead", ADMIN).json["dead"]
    assert {name: letter[name] for name in ("id", "what", "stage", "code", "detail", "attempts")} == {
        "id": dead_id, "what": "job", "stage": "extract", "code": "quota_used_up", "detail": "456", "attempts": 1,
    }  # fmt: skip
    assert client.get("/api/v1/dead?code=no_text", ADMIN).json == {"dead": [], "next": None}


def test_one_letter_and_one_class_are_tried_again(
    client: Client, worker: Worker, dead_id: str
) -> None:
    assert client.ask("POST", f"/api/v1/dead/{dead_id}/retry", ADMIN).json == {"retried": [dead_id]}
    assert client.ask("POST", f"/api/v1/dead/{dead_id}/retry", ADMIN).status == 409
    worker.fail(dead_id, EngineKeyRejected())
    wanted = json.dumps({"code": "engine_key_rejected"}).encode()
    told = client.ask("POST", "/api/v1/dead/retry", ADMIN, wanted, Content_Type="application/json")
    assert told.json == {"retried": [dead_id]}
    assert client.ask("POST", "/api/v1/dead/nonsense/retry", ADMIN).status == 404


def test_owner_tries_again_from_the_start(client: Client, worker: Worker, job_id: str) -> None:
    worker.finish_stage(worker.claim(job_id), engine="apertium")
    worker.fail(job_id, QuotaUsedUp())
    told = client.ask("POST", f"/api/v1/jobs/{job_id}/retry?from_start=true", ANNA)
    assert (told.status, told.json["stage"], told.json["engine"]) == (200, "extract", None)
