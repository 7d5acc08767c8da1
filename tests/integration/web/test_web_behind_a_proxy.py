"""nginx and Caddy as `deploy/` sets them up, in front of the real application: uploads, events,
addresses, headers.
"""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dragoman.app.intake import Intake
from dragoman.domain.job import Stage
from dragoman.settings import MIB, Settings
from tests.integration.web.conftest import ANNA, PDF, Client, Worker, multipart, parsed
from tests.patience import patience
from tests.servers import front_proxies

HEADER = "X-Forwarded-Email"
PROXY = "127.0.0.9"  # nobody: who says here that somebody is signed in is refused
DEADLINE_S = 20.0


@dataclass
class Browser:
    """Speaks HTTPS to the proxy, and believes its certificate alone."""

    port: int
    trusted: ssl.SSLContext

    @contextmanager
    def asked(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> Iterator[http.client.HTTPResponse]:
        connection = http.client.HTTPSConnection(
            "localhost", self.port, timeout=patience(DEADLINE_S), context=self.trusted
        )
        try:
            connection.request(
                method,
                path,
                body,
                {name.replace("_", "-"): value for name, value in headers.items()},
            )
            yield connection.getresponse()
        finally:
            connection.close()

    def upload(self, pdf: bytes) -> tuple[int, Any]:
        """The status and the JSON of the answer."""
        form, kind = multipart(pdf, "report.pdf", {"target_lang": "de"})
        headers = {"Content_Type": kind, "Authorization": f"Bearer {ANNA}"}
        with self.asked("POST", "/api/v1/upload", form, **headers) as answer:
            body = answer.read()
            return answer.status, json.loads(body) if answer.status == 202 else body


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(
        update={"remote_user_header": HEADER, "remote_user_proxies": (PROXY,)}
    )


@pytest.fixture(params=["nginx", "caddy"])
def browser(request: pytest.FixtureRequest, client: Client, tmp_path: Path) -> Iterator[Browser]:
    with getattr(front_proxies, request.param)(client.port, tmp_path) as port:
        yield Browser(port, ssl.create_default_context(cafile=str(tmp_path / "localhost.crt")))


def test_an_upload_of_20_mb_passes_whole(browser: Browser, intake: Intake) -> None:
    pdf = PDF + b"%" + b"x" * (20 * MIB)
    status, answer = browser.upload(pdf)
    assert status == 202, answer
    with intake.store.open(intake.find(answer["job_id"]).job.source) as kept:
        assert kept.read() == pdf


def test_what_is_too_large_is_refused(browser: Browser) -> None:
    try:
        status, _ = browser.upload(PDF + b"x" * (61 * MIB))
    except (ConnectionError, ssl.SSLError):  # it hung up while the body was still coming
        return
    assert status == 413


@pytest.mark.some(1)
def test_events_arrive_at_once(browser: Browser, worker: Worker) -> None:
    _, answer = browser.upload(PDF)
    path = f"/api/v1/jobs/{answer['job_id']}/events"
    with browser.asked("GET", path, Authorization=f"Bearer {ANNA}") as stream:
        events = parsed(stream)
        assert json.loads(next(events)[1])["status"] == "PENDING"
        # Nothing has moved on but the one event: a proxy that waits for more would keep it until
        # the client's time is over.
        held = worker.advance_to(answer["job_id"], Stage.TRANSLATE, source_lang="en")
        assert json.loads(next(events)[1])["status"] == "TRANSLATING"
        worker.progress(held, 0.5)
        assert json.loads(next(events)[1])["progress"] > 0


def test_nobody_is_signed_in_by_a_header_of_their_own(browser: Browser, client: Client) -> None:
    # what the application says to it
    assert client.get("/", **{HEADER: "ana@example.org"}).status == 403
    with browser.asked("GET", "/", **{HEADER: "ana@example.org"}) as answer:
        assert answer.status == 200


def test_figures_are_not_for_the_internet(browser: Browser, client: Client) -> None:
    assert client.get("/metrics").status == 200
    with browser.asked("GET", "/metrics") as answer:
        assert answer.status == 404
