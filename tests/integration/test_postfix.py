"""A real mail server in front and behind: Postfix hands a mail to the door, and takes the
answer on its way out.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from smtplib import SMTP

import pytest
from aiosmtpd.controller import Controller

from tests.patience import patience
from tests.servers.postfix import Postfix
from tests.servers.process import LOOPBACK, free_port, wait_until
from tests.servers.stack import SENDER, Stack

DOMAIN = "dragoman.test"
LONG_ID = "<" + "x" * 180 + "@mail.example.org>"


class Sink:
    """The sender's mail server: keeps what it is given."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.lock = threading.Lock()

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: object, session: object, envelope: object
    ) -> str:
        with self.lock:
            self.mails.append(envelope.content)
        return "250 OK"


@pytest.fixture
def sink() -> Iterator[tuple[Sink, int]]:
    handler = Sink()
    controller = Controller(handler, hostname=LOOPBACK, port=free_port())
    controller.start()
    yield handler, controller.port
    controller.stop()


def mail() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = (
        SENDER,
        f"translate+de@{DOMAIN}",
        "Die Broschüre",
    )
    message["Message-ID"] = LONG_ID
    message.set_content("Please.\n")
    pdf = Path("dragoman/sample.pdf").read_bytes()
    message.add_attachment(pdf, maintype="application", subtype="pdf", filename="Broschüre.pdf")
    return message


def test_mail_through_postfix_is_answered_through_postfix(
    tmp_path: Path, sink: tuple[Sink, int]
) -> None:
    handler, sink_port = sink
    smtp_port = free_port()
    with Postfix(DOMAIN, next_hop=smtp_port, smarthost=sink_port) as postfix:
        trust = {"sender_auth": "trusted", "trusted_peers": LOOPBACK}
        out = {"outbound_smtp_url": f"smtp://{LOOPBACK}:{postfix.port}"}
        with Stack(tmp_path / "data", smtp_listen=f"{LOOPBACK}:{smtp_port}", **trust, **out):
            with SMTP(LOOPBACK, postfix.port, timeout=patience(20)) as smtp:
                smtp.send_message(mail())
            wait_until(lambda: len(handler.mails) >= 1, 60, "the answer is back", every_s=0.1)
            wait_until(lambda: postfix.queue() == [], 30, "Postfix has nothing left", every_s=0.2)
        assert "status=sent (250 2.0.0 accepted as" in postfix.log()
    (answer,) = (message_from_bytes(content, policy=policy.default) for content in handler.mails)
    assert answer["In-Reply-To"].strip() == LONG_ID
    assert answer["Subject"] == "Re: Die Broschüre"
    (attachment,) = answer.iter_attachments()
    assert attachment.get_filename() == "Broschüre.de.pdf"
    assert attachment.get_content().startswith(b"%PDF-")
