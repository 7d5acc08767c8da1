"""The set-up of docs/howto/mail-server-in-front.md on a real Postfix: its own commands, and
nobody else gets mail by it.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from smtplib import SMTP, SMTPRecipientsRefused, SMTPSenderRefused

import dkim
import pytest
from aiosmtpd.controller import Controller

from tests.patience import patience
from tests.servers.dns_server import name_server
from tests.servers.postfix import Postfix
from tests.servers.process import LOOPBACK, free_port, wait_until
from tests.servers.stack import Stack
from tests.signing import KEY_RECORD, PEM

HOWTO = Path(__file__).parents[2] / "docs/howto/mail-server-in-front.md"
DOMAIN = "translate.example.org"  # the how-to's
OURS = f"translate+de@{DOMAIN}"
ZONE = {
    ("example.org", "TXT"): ['"v=spf1 ip4:192.0.2.25 -all"'],
    ("k._domainkey.example.org", "TXT"): [KEY_RECORD],
    ("bank.example", "TXT"): ['"v=spf1 ip4:192.0.2.1 -all"'],
}
PDF = Path("dragoman/sample.pdf").read_bytes()


class World:
    """The mail servers of everybody else: whom they were given mail for."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, list[str]]] = []

    async def handle_DATA(self, server: object, session: object, envelope: object) -> str:  # noqa: N802
        self.mails.append((envelope.mail_from, envelope.rcpt_tos))
        return "250 OK"


@dataclass
class Front:
    """The Postfix of the how-to, Dragoman behind it, and the world that both could send mail to."""

    postfix: Postfix
    stack: Stack
    world: World

    def client(self) -> SMTP:
        return SMTP(LOOPBACK, self.postfix.port, timeout=patience(20))

    def post(self, content: bytes, envelope_from: str, to: str = OURS) -> None:
        with self.client() as smtp:
            smtp.sendmail(envelope_from, [to], content)

    def is_quiet(self) -> bool:
        """Whether Postfix has nothing left to deliver."""
        return self.postfix.queue() == []


def commands(heading: str) -> list[str]:
    """The commands of the first block below a heading of the how-to, one a line."""
    (block,) = re.findall(
        rf"^\*\*{re.escape(heading)}.*?```sh\n(.*?)```", HOWTO.read_text(), re.MULTILINE | re.DOTALL
    )
    return block.strip().splitlines()


@pytest.fixture(params=["by SMTP", "by LMTP"])
def front(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Front]:
    world = World()
    controller = Controller(world, hostname=LOOPBACK, port=free_port())
    controller.start()
    smtp, lmtp = free_port(), free_port()
    # the how-to's commands set them
    plain = {"relay_domains": "", "transport_maps": "", "recipient_delimiter": ""}
    postfix = Postfix("unused.test", next_hop=smtp, smarthost=controller.port, **plain)
    try:
        for command in commands("Postfix, by SMTP") + (
            commands("Postfix, by LMTP") if request.param == "by LMTP" else []
        ):
            there = command.replace(":8025", f":{smtp}").replace(":8024", f":{lmtp}")
            subprocess.run(
                ["sh", "-ec", there],
                env=postfix.environment,
                check=True,
                timeout=60,
                capture_output=True,
            )
        settings = {
            "mail_address": f"translate@{DOMAIN}",
            "allowed_senders": "@example.org,@bank.example",
            "sender_auth": "dmarc",
            "trusted_peers": LOOPBACK,
            "smtp_listen": f"{LOOPBACK}:{smtp}",
            "lmtp_listen": f"{LOOPBACK}:{lmtp}",
            "outbound_smtp_url": f"smtp://{LOOPBACK}:{postfix.port}",
        }
        with (
            name_server(ZONE) as dns,
            postfix,
            Stack(tmp_path / "data", dns_server=dns, **settings) as stack,
        ):
            yield Front(postfix, stack, world)
    finally:
        controller.stop()


def mail(sender: str) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, OURS, "A brochure"
    message["Message-ID"] = f"<1.{sender}>"
    message.set_content("Please.\n")
    message.add_attachment(PDF, maintype="application", subtype="pdf", filename="brochure.pdf")
    return message.as_bytes(policy=message.policy.clone(linesep="\r\n"))


def signed(content: bytes, domain: str) -> bytes:
    return dkim.sign(content, b"k", domain.encode(), PEM) + content


@pytest.mark.more
def test_the_set_up_serves_proved_senders_and_nobody_else_gets_mail(front: Front) -> None:
    # Forged in From and envelope, in From alone, and with somebody else's signature: the sender and
    # the victim hear nothing.
    front.post(mail("boss@bank.example"), "boss@bank.example")
    front.post(mail("boss@bank.example"), "victim@elsewhere.example")
    front.post(signed(mail("boss@bank.example"), "example.org"), "boss@bank.example")
    # Nobody of that domain may send; whether it is forged nobody knows.
    front.post(mail("eve@elsewhere.example"), "victim@elsewhere.example")
    # An honest one is served.
    front.post(signed(mail("ana@example.org"), "example.org"), "ana@example.org")
    wait_until(lambda: len(front.world.mails) >= 1, 60, "the answer is there", every_s=0.1)
    wait_until(front.is_quiet, 30, "Postfix has nothing left", every_s=0.2)
    front.stack.await_jobs(1)
    assert {to for _, recipients in front.world.mails for to in recipients} == {"ana@example.org"}
    log = front.postfix.log()
    assert "status=bounced" not in log
    assert "sender non-delivery notification" not in log
    assert front.stack.log().count("mail_dropped") == 4

    # What is for nobody, or too large, Postfix refuses in the dialogue: it never has to send it
    # back.
    with front.client() as smtp, pytest.raises(SMTPRecipientsRefused) as nobody:
        smtp.sendmail("victim@elsewhere.example", [f"nobody@{DOMAIN}"], mail("boss@bank.example"))
    assert nobody.value.recipients[f"nobody@{DOMAIN}"][0] == 550
    with front.client() as smtp, pytest.raises(SMTPSenderRefused) as large:
        smtp.sendmail("victim@elsewhere.example", [OURS], b"x" * 80_000_001)
    assert large.value.smtp_code == 552
    with front.client() as smtp:  # one that does not say its size
        smtp.ehlo()
        smtp.docmd("MAIL FROM:<victim@elsewhere.example>")
        smtp.docmd(f"RCPT TO:<{OURS}>")
        smtp.docmd("DATA")
        code, _ = _sent(smtp, b"From: a@bank.example\r\n\r\n" + (b"x" * 998 + b"\r\n") * 80_001)
    assert code == 552
    assert front.is_quiet()
    assert len(front.world.mails) == 1


def _sent(smtp: SMTP, content: bytes) -> tuple[int, bytes]:
    smtp.send(content + b".\r\n")
    return smtp.getreply()


@pytest.mark.more
def test_bounces_of_answers_come_home(front: Front) -> None:
    """The return path of the answers is among the recipients that Postfix takes."""
    with front.client() as smtp:
        smtp.ehlo()
        smtp.docmd("MAIL FROM:<>")
        assert smtp.docmd(f"RCPT TO:<translate-bounces+1234@{DOMAIN}>")[0] == 250
        smtp.docmd("RSET")
        smtp.docmd("MAIL FROM:<a@example.org>")
        assert smtp.docmd(f"RCPT TO:<postmaster@{DOMAIN}>")[0] == 250
