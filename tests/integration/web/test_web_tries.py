"""Whoever shows wrong tokens or links has to wait, and the log tells the address."""

from __future__ import annotations

import http.client
import json
from pathlib import Path

import pytest

from dragoman.db import schema
from dragoman.db.engine import Database
from dragoman.settings import Settings
from ingress.web.security.failed_attempts import FREE
from tests.integration.web.conftest import (
    ANNA,
    DEADLINE_S,
    PDF,
    Answer,
    Client,
    multipart,
    running_web,
)
from tests.patience import patience

STRANGER, COLLEAGUE = "127.0.0.3", "127.0.0.4"
WRONG = "Bearer not-a-token-of-this-server"


def ask_from(
    address: str, client: Client, path: str, method: str = "GET", body: bytes = b"", **headers: str
) -> Answer:
    connection = http.client.HTTPConnection(
        "127.0.0.1", client.port, timeout=patience(DEADLINE_S), source_address=(address, 0)
    )
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request(method, path, body or None, sent)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def test_wrong_tokens_are_slowed_and_logged_with_the_address(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    schema.upgrade(database)
    log = tmp_path / "web.log"
    with running_web(settings, log) as (client, _):
        told = [ask_from(STRANGER, client, "/api/v1/jobs", Authorization=WRONG) for _ in range(40)]
        assert [one.status for one in told[: FREE + 1]] == [401] * (FREE + 1)
        assert {one.status for one in told[-20:]} == {429}
        assert told[-1].json["code"] == "too_many_tries"
        assert 1 <= int(told[-1].headers["Retry-After"]) <= 60
        right = ask_from(STRANGER, client, "/api/v1/jobs", Authorization=f"Bearer {ANNA}")
        assert right.status == 429
        right = ask_from(COLLEAGUE, client, "/api/v1/jobs", Authorization=f"Bearer {ANNA}")
        assert right.status == 200
        metrics = client.get("/metrics").body.decode()
        assert 'dragoman_wrong_tokens_total{kind="link"} 0.0' in metrics
    said = [line for line in log.read_text().splitlines() if "wrong_token" in line]
    assert len(said) >= FREE
    assert all(STRANGER in line and "not-a-token" not in line for line in said)


def test_wrong_links_count_too_and_the_right_one_still_opens_where_it_was_opened(
    client: Client, page_path: str
) -> None:
    wrong = ("/j/nonsense", f"{page_path}x", "/d/nonsense", "/j/nonsense/events")
    assert {ask_from(STRANGER, client, path).status for path in wrong} == {404}
    rest = [ask_from(STRANGER, client, "/j/nonsense").status for _ in range(FREE)]
    assert rest == [404] * (FREE + 1 - len(wrong)) + [429] * (len(wrong) - 1)
    assert ask_from(STRANGER, client, page_path).status == 429
    assert ask_from(COLLEAGUE, client, page_path).status == 200
    for _ in range(2 * FREE):
        ask_from(COLLEAGUE, client, "/j/nonsense")
    assert ask_from(COLLEAGUE, client, "/j/nonsense").status == 429
    assert ask_from(COLLEAGUE, client, page_path).status == 200


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_wrong_tokens_in_the_form_count_too(client: Client, accept: str) -> None:
    form, kind = multipart(PDF, "a.pdf", {"token": "not-a-token-of-this-server"})
    told = [
        ask_from(STRANGER, client, "/upload", "POST", form, Content_Type=kind, Accept=accept)
        for _ in range(FREE + 3)
    ]
    assert [one.status for one in told] == [403] * (FREE + 1) + [429] * 2
    if accept == "application/json":
        assert json.loads(told[-1].body)["code"] == "too_many_tries"


def test_nobody_without_a_token_is_slowed(client: Client) -> None:
    assert {ask_from(STRANGER, client, "/api/v1/jobs").status for _ in range(3 * FREE)} == {401}
    right = ask_from(STRANGER, client, "/api/v1/jobs", Authorization=f"Bearer {ANNA}")
    assert right.status == 200
