"""Real mail servers and programs at the door: what they say of it, and what arrives."""

from __future__ import annotations

import smtplib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from dragoman.channels.email import bounces
from dragoman.db.ledgers import jobs, outbox
from ingress.email.smtp.server import Door
from ingress.email.tasks import open_message
from tests.mail_door import OPEN, PDF, SENDER, Dialogue, an_intake, mail, messages, serving, stuffed
from tests.patience import patience
from tests.rows import deliveries
from tests.servers.postfix import Postfix
from tests.servers.process import LOOPBACK, find, free_port, missing, wait_until

pytestmark = pytest.mark.more

TO = "translate+de@localhost"


class Sink:
    """The rest of the world: it takes everything but mail to `gone@`."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, bytes]] = []

    async def handle_RCPT(self, server, session, envelope, address, options) -> str:  # noqa: N802
        if address.startswith("gone@"):
            return "550 5.1.1 there is no gone here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802
        self.mails.append((envelope.rcpt_tos[0], envelope.content))
        return "250 OK"


@pytest.fixture
def sink() -> Iterator[tuple[Sink, int]]:
    handler = Sink()
    controller = Controller(handler, hostname=LOOPBACK, port=free_port())
    controller.start()
    yield handler, controller.port
    controller.stop()


@pytest.mark.parametrize("protocol", ["smtp", "lmtp"])
def test_postfix_in_front_hands_on_refuses_and_reports(intake, database, settings, sink, protocol):
    handler, smarthost = sink
    with database.write() as connection:
        delivery_id = outbox.owe(
            connection, owner="a-job", run=1, kind=outbox.Kind.FINAL, channel="email"
        )
    trusting = an_intake(
        intake, allowed_senders=("@example.org",), sender_auth="trusted", trusted_peers=(LOOPBACK,)
    )
    ours = bounces.return_path(
        settings.mail_address, delivery_id, settings.secret_key.get_secret_value()
    )
    with serving(trusting, lmtp=True) as door:
        hop = door.lmtp_port if protocol == "lmtp" else door.port
        with Postfix("localhost", hop, smarthost, protocol) as postfix:
            with smtplib.SMTP(LOOPBACK, postfix.port, timeout=patience(20)) as client:
                client.sendmail(SENDER, [TO, "translate+fr@localhost", "nobody@localhost"], mail())
                client.sendmail("eve@evil.example", [TO], mail(sender="eve@evil.example"))
                client.sendmail(
                    ours, ["gone@elsewhere.example"], mail(sender="translate@localhost")
                )
            wait_until(
                lambda: len(handler.mails) >= 2, 30, "Postfix has told both senders", every_s=0.1
            )
            wait_until(lambda: len(messages(intake)) >= 3, 30, "the bounce is here", every_s=0.1)
            wait_until(lambda: postfix.queue() == [], 30, "Postfix has nothing left", every_s=0.1)
            log = postfix.log()
    kept = {row["payload"]["recipient"]: row for row in messages(intake)}
    assert sorted(kept) == sorted([TO, "translate+fr@localhost", ours])
    assert log.count("status=sent (250 2.0.0 accepted as") == 3
    told = {recipient: content.decode("utf-8", "replace") for recipient, content in handler.mails}
    assert "There is no such address here" in told[SENDER]
    assert "You may not send documents to this address" in told["eve@evil.example"]
    open_message(trusting, kept[ours]["id"])
    (delivery,) = deliveries(database, "a-job")
    assert delivery["bounce"].startswith("failed 5.1.1: smtp; 550 5.1.1 there is no gone here")


# What is no end of a message for the door, but was one for some mail server.
NO_ENDS = [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r\n", b"\r\n.\r", b"\r.\r", b"\n\n.\n\n"]


@pytest.mark.parametrize("protocol", ["smtp", "lmtp"])
def test_no_second_message_is_smuggled_through_postfix(intake, sink, protocol):
    """With the settings that the how-to names: Postfix' own exception for its network would
    hide the trouble here.
    """
    _, smarthost = sink
    strict = {"smtpd_forbid_bare_newline": "normalize", "smtpd_forbid_bare_newline_exclusions": ""}
    trusting = an_intake(
        intake, allowed_senders=("@example.org",), sender_auth="trusted", trusted_peers=(LOOPBACK,)
    )
    smuggled = (
        b"MAIL FROM:<b@example.org>\r\nRCPT TO:<translate+fr@localhost>\r\nDATA\r\nFrom:"
        b" b@example.org\r\n\r\nx\r\n"
    )
    with serving(trusting, lmtp=True) as door:
        hop = door.lmtp_port if protocol == "lmtp" else door.port
        with Postfix("localhost", hop, smarthost, protocol, **strict) as postfix:
            for number, end in enumerate(NO_ENDS):
                with Dialogue(postfix.port) as client:
                    client.until_data(TO)
                    client.socket.sendall(
                        stuffed(mail(X_Number=str(number))) + b"x" + end + smuggled + b".\r\n"
                    )
                    assert client.hear().startswith("250 "), end
            wait_until(
                lambda: len(messages(intake)) >= len(NO_ENDS), 30, "all are here", every_s=0.1
            )
            wait_until(lambda: postfix.queue() == [], 30, "Postfix has nothing left", every_s=0.1)
    kept = messages(intake)
    assert len(kept) == len(NO_ENDS)
    assert {(row["sender"], row["payload"]["recipient"]) for row in kept} == {(SENDER, TO)}


@pytest.fixture
def document(tmp_path: Path) -> Path:
    file = tmp_path / "Verträge 2026.pdf"
    file.write_bytes(PDF)
    return file


def arrived(door: Door, intake) -> None:
    """One message is here, and it becomes one job with the document's name."""
    (row,) = messages(intake)
    open_message(intake, row["id"])
    with intake.database.read() as connection:
        (job,) = jobs.listed(connection, limit=5)
    assert job.filename == "Verträge 2026.pdf"
    assert row["sender"] == SENDER


def program(name: str, package: str) -> str:
    return find(name) or missing(name, package)


def run(command: list[str], words: str, home: Path) -> None:
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        command,
        input=words.encode(),
        capture_output=True,
        timeout=patience(30),
        env=environment,
        cwd=home,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("protocol", ["ESMTP", "LMTP"])
def test_swaks(intake, document, tmp_path, protocol):
    swaks = program("swaks", "swaks")
    with serving(an_intake(intake, **OPEN), lmtp=True) as door:
        port = door.lmtp_port if protocol == "LMTP" else door.port
        command = [
            swaks,
            "--server",
            LOOPBACK,
            "--port",
            str(port),
            "--protocol",
            protocol,
            "--from",
            SENDER,
            "--to",
            TO,
        ]
        command += [
            "--attach-type",
            "application/pdf",
            "--attach-name",
            document.name,
            "--attach",
            f"@{document}",
        ]
        run([*command, "--body", "to German"], "", tmp_path)
        arrived(door, intake)


def test_mutt_and_msmtp(intake, document, tmp_path):
    mutt, msmtp = program("mutt", "mutt"), program("msmtp", "msmtp")
    with serving(an_intake(intake, **OPEN)) as door:
        sending = (
            f"{msmtp} --host={LOOPBACK} --port={door.port} --auth=off --tls=off --from={SENDER}"
        )
        (tmp_path / "rc").write_text(
            f'set sendmail="{sending}"\nset from="{SENDER}"\nset copy=no\nset charset=utf-8\n'
        )
        run(
            [
                mutt,
                "-n",
                "-F",
                str(tmp_path / "rc"),
                "-s",
                "Vertrag",
                "-a",
                str(document),
                "--",
                TO,
            ],
            "Bitte.\n",
            tmp_path,
        )
        arrived(door, intake)


def test_s_nail(intake, document, tmp_path):
    nail = program("s-nail", "s-nail")
    with serving(an_intake(intake, **OPEN)) as door:
        chosen = [
            "v15-compat",
            f"mta=smtp://{LOOPBACK}:{door.port}",
            "smtp-auth=none",
            f"from={SENDER}",
            "ttycharset=utf-8",
        ]
        options = [word for one in chosen for word in ("-S", one)]
        run([nail, "-:/", *options, "-s", "Vertrag", "-a", str(document), TO], "Bitte.\n", tmp_path)
        arrived(door, intake)
