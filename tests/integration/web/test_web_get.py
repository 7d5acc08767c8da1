"""GET and HEAD change nothing, anywhere: mail scanners, previews of chats and browsers that
look ahead open every link.
"""

from __future__ import annotations

import itertools
import mailbox
from collections.abc import Iterator
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from dragoman.adapters.signed_links import Links
from dragoman.app.intake import Intake, Message, Request
from dragoman.db.engine import Database
from dragoman.db.ledgers import jobs
from dragoman.db.records import process_registry
from dragoman.domain.job import Options, Stage, WaitingFor
from dragoman.errors import EncryptedPdf
from dragoman.ports import Capabilities
from dragoman.settings import Settings
from ingress.web import app as web
from notifier.tasks import deliver, open_context
from tests import row_values
from tests.integration.web.conftest import ADMIN, ANNA, PDF, Client, Worker, serving
from tests.unchanged import addresses, look, paths_of, scan, snapshot

BROWSER = {"Accept": "text/html"}
SENDER = "ada@example.org"


@pytest.fixture
def app(settings: Settings, intake: Intake) -> Any:
    return web.make_app(
        settings, intake, foreign={"/slack/events": lambda *_: lambda *_: (200, {}, "")}
    )


@pytest.fixture
def client(app: Any) -> Iterator[Client]:
    with serving(app) as port:
        yield Client(port)


@pytest.fixture
def ids(client: Client, worker: Worker, database: Database) -> dict[str, str]:
    """A job in each state, by the state's name."""
    with database.write() as connection:
        process_registry.publish(
            connection, "worker@here", [Capabilities("deepl", frozenset({"de", "es", "fr"}))]
        )
    names = ("pending", "running", "approval", "password", "done", "failed", "cancelled", "deleted")
    made = {
        name: str(client.upload(target_lang="de", filename=f"{name}.pdf").json["job_id"])
        for name in names
    }
    worker.progress(worker.advance_to(made["running"], Stage.TRANSLATE, engine="deepl"), 0.5)
    for name in ("approval", "password"):
        held = worker.advance_to(
            made[name], Stage.TRANSLATE, pages=120, characters=9_000, to_bill=8_000
        )
        with database.write() as connection:
            held.wait(connection, WaitingFor(name), 3600)
    worker.all(made["done"])
    worker.all(made["deleted"])
    worker.fail(made["failed"], EncryptedPdf())
    client.ask("POST", f"/api/v1/jobs/{made['cancelled']}/cancel", ANNA)
    client.ask("DELETE", f"/api/v1/jobs/{made['deleted']}", ANNA)
    return made


def filled(path: str, ids: dict[str, str], links: Links, worker: Worker) -> Iterator[str]:
    """The path with each thing that can stand for its parameter.

    A parameter that nobody knows here fails.
    """
    names = [part[1:-1].partition(":")[0] for part in path.split("/") if part.startswith("{")]
    rows = [worker.row(job_id) for job_id in ids.values()]
    tokens = [
        links.token(purpose, row_values.job(row))
        for purpose in ("own", "page", "download")
        for row in rows
    ]
    values = {
        "token": [*tokens, "nonsense"],
        "job_id": [*ids.values(), "nonsense"],
        "row_id": list(ids.values()),
    }
    for chosen in itertools.product(*(values[name] for name in names)):
        whole = path
        for name, value in zip(names, chosen, strict=True):
            whole = whole.replace(f"{{{name}}}", value)
        yield whole


def test_no_route_changes_anything_on_get_or_head(
    app: Any, client: Client, ids: dict[str, str], links: Links, worker: Worker, settings: Settings
) -> None:
    paths = sorted({whole for path in paths_of(app) for whole in filled(path, ids, links, worker)})
    before, answered = snapshot(settings.data_dir), 0
    for path, method, token in itertools.product(paths, ("HEAD", "GET"), (None, ANNA, ADMIN)):
        if token and not path.startswith("/api/"):
            continue
        headers = {"Authorization": f"Bearer {token}"} if token else BROWSER
        opening = look(method, client.base + path, headers)
        assert opening.status < 500, opening
        answered += opening.status == 200
    assert snapshot(settings.data_dir) == before
    assert answered > len(ids)  # they were opened, not only refused


def test_the_comparison_sees_what_a_post_changes(
    client: Client, ids: dict[str, str], links: Links, worker: Worker, settings: Settings
) -> None:
    before = snapshot(settings.data_dir)
    client.ask("POST", links.path("own", row_values.job(worker.row(ids["pending"]))) + "/cancel")
    cancelled = snapshot(settings.data_dir)
    assert cancelled != before
    client.ask("POST", links.path("own", row_values.job(worker.row(ids["done"]))) + "/delete")
    assert len(snapshot(settings.data_dir)) < len(cancelled)


def test_nothing_that_pages_lead_to_changes_anything(
    client: Client, ids: dict[str, str], links: Links, worker: Worker, settings: Settings
) -> None:
    pages = [
        client.base + links.path(kind, row_values.job(worker.row(one)))
        for kind in ("own", "page")
        for one in ids.values()
    ]
    before = snapshot(settings.data_dir)
    openings = scan([client.base + "/", client.base + "/docs", *pages], BROWSER)
    assert snapshot(settings.data_dir) == before
    assert {opening.status for opening in openings} <= {200, 404, 405, 409, 410}
    assert sum("/delete" in opening.url for opening in openings) > 2  # the forms' addresses too


def mails(folder: Path) -> list[EmailMessage]:
    parser = BytesParser(policy=default)
    box = mailbox.Maildir(folder, factory=None, create=False)
    return [parser.parsebytes(box.get_bytes(key)) for key in box.iterkeys()]  # type: ignore[misc]


def mailed(intake: Intake, worker: Worker, name: str) -> str:
    """The id of a job that came in a mail of its own."""
    message = Message(
        "email", f"mail:{name}", SENDER, {"subject": name, "message_id": f"<{name}@example.org>"}
    )
    kept = intake.keep(message)
    with intake.opened(str(kept.message_id)) as held:
        assert held
        pdf = intake.store_pdf(f"{name}.pdf", BytesIO(PDF))
        receipt = intake.submit(
            [Request(pdf, Options("de"), SENDER, "email", name)], message=held, ack_after_s=0.001
        )
    return receipt.job_ids[0]


def test_no_link_in_a_mail_changes_anything_and_each_is_the_requesters_own(
    client: Client,
    intake: Intake,
    worker: Worker,
    database: Database,
    settings: Settings,
    links: Links,
) -> None:
    context = open_context(settings.model_copy(update={"public_url": client.base}))
    ids = {name: mailed(intake, worker, name) for name in ("waits", "done", "failed")}
    for job_id in ids.values():
        deliver(context, str(worker.row(job_id)["message_id"]))  # the acks
    held = worker.advance_to(
        ids["waits"], Stage.TRANSLATE, pages=120, characters=9_000, to_bill=8_000
    )
    with database.write() as connection:
        jobs.wait(connection, held, WaitingFor.APPROVAL, 3600)
    worker.all(ids["done"])
    worker.fail(ids["failed"], EncryptedPdf())
    for job_id in ids.values():
        deliver(context, str(worker.row(job_id)["message_id"]))
        deliver(context, job_id)  # the question
    context.database.close()

    found = {url for mail in mails(settings.maildir) for part in mail.walk() if part.get_content_maintype() == "text"
             for url in addresses(part.get_content())}  # fmt: skip
    before = snapshot(settings.data_dir)
    openings = scan(sorted(found), BROWSER)
    assert snapshot(settings.data_dir) == before

    (asked,) = [
        mail
        for mail in mails(settings.maildir)
        if "May we translate" in mail.get_body(("plain",)).get_content()
    ]
    (page,) = {url for url in addresses(asked.get_body(("plain",)).get_content()) if "/j/" in url}
    assert "Translate it" in look("GET", page, BROWSER).body
    pages = [url for url in found if "/j/" in url]
    assert {links.read_page(url.rpartition("/")[2]).job_id for url in pages} == set(ids.values())
    assert all(links.read_page(url.rpartition("/")[2]).own for url in pages)
    assert any("/d/" in opening.url and opening.status == 200 for opening in openings)
