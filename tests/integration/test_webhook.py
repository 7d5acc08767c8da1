"""Webhooks on real ledgers, posted over TLS to a real server on loopback, which is a private
address: allowed by a setting or refused.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import socket
import time
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from dragoman.app import retention
from dragoman.app.intake import Intake, Request
from dragoman.db.engine import Database
from dragoman.db.ledgers import jobs, lease
from dragoman.db.ledgers.alarms import CHANNEL as OPERATOR
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.ledgers.outbox import OUTBOX
from dragoman.db.queries import arrivals, dead_letters
from dragoman.domain.answers.arrival import Arrival
from dragoman.domain.job import Options, RowState, Stage
from dragoman.errors import EncryptedPdf, UnsupportedOption
from dragoman.ports import BlobStore
from dragoman.settings import Settings
from notifier.tasks import Context, deliver, open_context
from notifier.webhook import sending
from notifier.webhook.address import Address, Target
from notifier.webhook.choosing import chosen, secret
from notifier.webhook.errors import WebhookRefused, WebhookUnavailable, WebhookUncertain
from tests.patience import patience
from tests.rows import deliveries
from tests.servers.certificates import self_signed
from tests.servers.receiver import Receiver, receiving

OWNER = "web:ci"
LOOPBACK = "127.0.0.0/8,::1/128"
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 4


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def receiver(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))  # how an admin adds a CA of their own
    with receiving(certificate) as started:
        yield started


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Loopback is allowed, as a network of the house would be."""
    more = {"webhook_networks": LOOPBACK, "public_url": "https://translate.example.org"}
    return settings.model_copy(update=more)


@pytest.fixture
def context(settings: Settings) -> Iterator[Context]:
    opened = open_context(settings)
    yield opened
    opened.database.close()


class Uploads:
    """The web and a pipeline in a few lines."""

    def __init__(self, intake: Intake, database: Database, store: BlobStore) -> None:
        self.intake, self.database, self.store, self.count = intake, database, store, 0

    def send(self, url: str | None, filename: str = "plan.pdf") -> str:
        self.count += 1
        options = Options("fr", reply_by="webhook" if url else None, reply_to=url)
        pdf = self.intake.store_pdf(filename, io.BytesIO(PDF))
        return self.intake.submit(
            [Request(pdf, options, OWNER, "web", f"key:{self.count}")]
        ).job_ids[0]

    def complete(self, job_id: str) -> None:
        key = f"jobs/{job_id}/reconstruct/1.pdf"
        self.store.put(key, io.BytesIO(PDF))
        with self.database.write() as connection:
            connection.execute(
                update(JOBS).where(JOBS.c.id == job_id).values(stage=Stage.RECONSTRUCT)
            )
        held = lease.claim(self.database, jobs.LEDGER, job_id, 60)
        assert held
        with self.database.write() as connection:
            jobs.complete(connection, held, key, len(PDF), engine="deepl", source_lang="en")

    def fail(self, job_id: str) -> None:
        held = lease.claim(self.database, jobs.LEDGER, job_id, 60)
        assert held
        lease.bury(held, EncryptedPdf())

    def delivery(self, job_id: str) -> dict[str, Any]:
        found = deliveries(self.database, job_id)
        assert len(found) == 1
        return found[0]

    def arrival(self, job_id: str) -> Arrival | None:
        with self.database.read() as connection:
            row = jobs.by_id(connection, job_id)
            assert row
            found = arrivals.of_job(connection, row)
        return found.state if found else None

    def make_due(self, job_id: str) -> None:
        with self.database.write() as connection:
            connection.execute(update(OUTBOX).where(OUTBOX.c.owner == job_id).values(run_after=0.0))


@pytest.fixture
def uploads(intake: Intake, database: Database, store: BlobStore) -> Uploads:
    return Uploads(intake, database, store)


def is_signed(settings: Settings, headers: dict[str, str], body: bytes) -> bool:
    """As a receiver checks it, from the convention's text alone."""
    key = base64.b64decode((secret(settings, OWNER) or "").removeprefix("whsec_"))
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    is_fresh = abs(time.time() - int(headers["webhook-timestamp"])) < patience(300)
    return is_fresh and f"v1,{expected}" in headers["webhook-signature"].split(" ")


def test_the_end_of_a_job_is_posted_once_signed(
    uploads: Uploads, context: Context, receiver: Receiver, settings: Settings
) -> None:
    job_id = uploads.send(receiver.url(path="/hook?from=ci"))
    uploads.complete(job_id)
    assert uploads.arrival(job_id) is Arrival.SENDING
    assert deliver(context, job_id) == 1
    assert deliver(context, job_id) == 0
    [(path, headers, body)] = receiver.got
    assert path == "/hook?from=ci"
    assert is_signed(settings, headers, body)
    assert headers["webhook-id"] == uploads.delivery(job_id)["id"]
    assert headers["content-type"] == "application/json"
    assert headers["host"] == f"localhost:{receiver.port}"
    assert receiver.names == ["localhost"]
    told = json.loads(body)
    assert told.pop("download_url").startswith("https://translate.example.org/d/")
    assert told == {
        "type": "job.completed",
        "job_id": job_id,
        "status": "COMPLETED",
        "target_lang": "fr",
        "filename": "plan.pdf",
        "error": None,
    }
    assert uploads.arrival(job_id) is Arrival.DELIVERED


def test_a_failure_and_a_cancellation_are_posted_with_their_code(
    uploads: Uploads, context: Context, receiver: Receiver
) -> None:
    failed, cancelled = uploads.send(receiver.url()), uploads.send(receiver.url())
    uploads.fail(failed)
    uploads.intake.cancel(cancelled)
    assert [deliver(context, one) for one in (failed, cancelled)] == [1, 1]
    told = [json.loads(body) for _, _, body in receiver.got]
    assert [(one["status"], one["error"], one["download_url"]) for one in told] == [
        ("FAILED", EncryptedPdf.code, None),
        ("CANCELLED", None, None),
    ]


def test_without_a_public_address_there_is_no_link(
    uploads: Uploads, settings: Settings, receiver: Receiver
) -> None:
    opened = open_context(settings.model_copy(update={"public_url": None}))
    job_id = uploads.send(receiver.url())
    uploads.complete(job_id)
    assert deliver(opened, job_id) == 1
    opened.database.close()
    assert json.loads(receiver.got[0][2])["download_url"] is None


def test_an_upload_without_a_webhook_owes_nothing(uploads: Uploads, context: Context) -> None:
    job_id = uploads.send(None)
    uploads.complete(job_id)
    assert deliver(context, job_id) == 0
    assert uploads.arrival(job_id) is None


@pytest.mark.parametrize("status", [301, 307, 400, 404, 429, 500, 503])
def test_all_but_a_success_is_sent_again_under_the_same_id(
    status: int, uploads: Uploads, context: Context, receiver: Receiver
) -> None:
    receiver.statuses = [status, 200]
    receiver.more = {"Location": receiver.url(path="/elsewhere")}
    job_id = uploads.send(receiver.url())
    uploads.complete(job_id)
    assert deliver(context, job_id) == 0
    row = uploads.delivery(job_id)
    assert (row["state"], row["attempts"], row["maybe_sent"]) == (RowState.READY, 1, 0)
    assert str(status) in row["error_detail"]
    assert uploads.arrival(job_id) is Arrival.SENDING
    uploads.make_due(job_id)
    assert deliver(context, job_id) == 1
    assert [path for path, _, _ in receiver.got] == ["/hook", "/hook"]  # a redirect is not followed
    assert len({headers["webhook-id"] for _, headers, _ in receiver.got}) == 1


def test_a_receiver_that_is_gone_is_asked_once_and_an_admin_sees_it(
    uploads: Uploads, context: Context, receiver: Receiver
) -> None:
    receiver.statuses = [410]
    job_id = uploads.send(receiver.url())
    uploads.complete(job_id)
    assert deliver(context, job_id) == 0
    uploads.make_due(job_id)
    assert deliver(context, job_id) == 0
    assert len(receiver.got) == 1
    assert uploads.arrival(job_id) is Arrival.FAILED
    with uploads.database.read() as connection:
        [letter] = dead_letters.listed(connection)
        told = (
            connection.execute(OUTBOX.select().where(OUTBOX.c.channel == OPERATOR)).mappings().all()
        )
    assert (letter.what, letter.of, letter.channel) == ("delivery", job_id, "webhook")
    assert "410" in letter.detail
    assert [one["payload"]["cause"] for one in told] == ["delivery_failed"]


def test_a_private_address_is_refused_unless_an_admin_allows_it(
    uploads: Uploads, settings: Settings, receiver: Receiver
) -> None:
    opened = open_context(settings.model_copy(update={"webhook_networks": ""}))
    job_id = uploads.send(receiver.url())
    uploads.complete(job_id)
    assert deliver(opened, job_id) == 0
    opened.database.close()
    row = uploads.delivery(job_id)
    assert row["state"] == RowState.DEAD
    assert "DRAGOMAN_WEBHOOK_NETWORKS" in row["error_detail"]
    assert receiver.got == []
    assert receiver.names == []


class Changing:
    """A name that means something else each time that it is looked up, as an attacker's name
    server would have it.
    """

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers, self.asked = list(answers), 0

    def __call__(self, host: str, port: int) -> Sequence[Address]:
        self.asked += 1
        return [
            ip_address(one)
            for one in (self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])
        ]


def test_a_name_that_changes_after_the_check_changes_nothing(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected: list[tuple[str, int]] = []

    def connecting(where: tuple[str, int], timeout_s: float) -> socket.socket:
        connected.append(where)
        raise ConnectionRefusedError

    monkeypatch.setattr(sending.socket, "create_connection", connecting)
    rebinding = Changing(["8.8.8.8"], ["127.0.0.1"])
    with pytest.raises(WebhookUnavailable):
        sending.post(Target("rebind.example", receiver.port, "/"), {}, b"{}", look_up=rebinding)
    assert connected == [("8.8.8.8", receiver.port)]  # the address that was judged, not the name
    assert rebinding.asked == 1
    with pytest.raises(WebhookRefused):
        sending.post(Target("rebind.example", receiver.port, "/"), {}, b"{}", look_up=rebinding)
    assert len(connected) == 1
    assert receiver.names == []


def test_one_private_address_among_public_ones_is_enough_to_refuse(receiver: Receiver) -> None:
    both = Changing(["8.8.8.8", "::ffff:127.0.0.1"])
    with pytest.raises(WebhookRefused):
        sending.post(Target("both.example", receiver.port, "/"), {}, b"{}", look_up=both)


def test_the_certificate_has_to_be_of_the_name_that_was_given(
    receiver: Receiver, settings: Settings
) -> None:
    here = Changing(["127.0.0.1"])
    target = Target("other.example", receiver.port, "/")
    from notifier.webhook.given import networks_of

    with pytest.raises(WebhookUnavailable) as refused:
        sending.post(target, {}, b"{}", networks=networks_of(settings), look_up=here)
    assert "certificate" in refused.value.detail
    assert receiver.got == []


def test_a_certificate_that_nobody_vouches_for_is_not_accepted(
    certificate: Path,
    uploads: Uploads,
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(self_signed(tmp_path, "another")))
    with receiving(certificate) as started:
        job_id = uploads.send(started.url())
        uploads.complete(job_id)
        assert deliver(context, job_id) == 0
        assert started.got == []
    assert "certificate" in uploads.delivery(job_id)["error_detail"]


@pytest.mark.parametrize("trick", ["hangs", "drip"])
def test_a_receiver_that_never_ends_its_answer_is_left_and_nobody_knows_whether_it_arrived(
    trick: str, receiver: Receiver, settings: Settings
) -> None:
    from notifier.webhook.given import networks_of

    setattr(receiver, trick, True)
    target = Target("localhost", receiver.port, "/")
    began = time.monotonic()
    with pytest.raises(WebhookUncertain):
        sending.post(
            target,
            {},
            b"{}",
            networks=networks_of(settings),
            look_up=Changing(["127.0.0.1"]),
            total_s=1.0,
        )
    assert time.monotonic() - began < patience(10)
    assert len(receiver.got) == 1


def test_nobody_there_is_told_as_such_and_tried_again(uploads: Uploads, context: Context) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        job_id = uploads.send(f"https://127.0.0.1:{probe.getsockname()[1]}/")
        uploads.complete(job_id)
        assert deliver(context, job_id) == 0
    row = uploads.delivery(job_id)
    assert (row["state"], row["maybe_sent"]) == (RowState.READY, 0)
    assert "no connection" in row["error_detail"]


def test_a_purge_forgets_the_address_and_sends_nothing_more(
    uploads: Uploads, context: Context, receiver: Receiver, settings: Settings
) -> None:
    job_id = uploads.send(receiver.url())
    uploads.complete(job_id)
    retention.purge_job(uploads.database, uploads.store, job_id)
    assert deliver(context, job_id) == 0
    assert receiver.got == []
    with uploads.database.read() as connection:
        row = jobs.by_id(connection, job_id)
    assert row
    assert row.options.reply_to is None
    assert uploads.arrival(job_id) is Arrival.DROPPED


def test_the_upload_s_own_address_goes_before_the_token_s(settings: Settings) -> None:
    bound = settings.model_copy(update={"webhook_urls": "ci=https://ci.example.org/hook"})
    assert chosen("", bound, OWNER) == "https://ci.example.org/hook"
    assert chosen("https://other.example/", bound, OWNER) == "https://other.example/"
    assert chosen("", bound, "web:anna") is None


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "https://10.0.0.1/",
        "https://[::ffff:10.0.0.1]/",
        "file:///etc/passwd",
    ],
)
def test_an_address_that_is_plainly_wrong_is_refused_with_the_upload(
    url: str, settings: Settings
) -> None:
    with pytest.raises(UnsupportedOption, match="callback_url"):
        chosen(url, settings, OWNER)
