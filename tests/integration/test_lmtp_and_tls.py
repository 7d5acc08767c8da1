"""The door by LMTP (one reply for each recipient) and under TLS, and what it says of itself."""

from __future__ import annotations

import smtplib
import ssl
import subprocess
from pathlib import Path

import pytest

from dragoman.channels.email import bounces
from dragoman.db.ledgers import outbox
from dragoman.errors import SettingsInvalid
from ingress.email.smtp.server import Door
from ingress.email.smtp.session_host import Limits
from ingress.email.tasks import open_message
from tests.mail_door import (
    OPEN,
    SENDER,
    Dialogue,
    an_intake,
    mail,
    messages,
    send,
    serving,
    spooled,
    stuffed,
)
from tests.patience import patience
from tests.rows import deliveries

LMTP_GREETING = ("LHLO client",)


def lmtp(door: Door) -> Dialogue:
    client = Dialogue(door.lmtp_port)
    assert client.hear().startswith("220")
    client.say("LHLO client")
    assert client.hear().startswith("250")
    return client


def begin(client: Dialogue, recipients: list[str], sender: str = SENDER) -> list[str]:
    """The replies to MAIL, each RCPT, and DATA."""
    lines = [f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{one}>" for one in recipients), "DATA"]
    client.say(*lines)
    return [client.hear() for _ in lines]


THREE = [
    "translate+de@localhost",
    "nobody@localhost",
    "translate+fr@localhost",
    "postmaster@localhost",
]


def test_each_recipient_gets_a_reply_of_its_own(intake):
    with serving(an_intake(intake, **OPEN), lmtp=True) as door, lmtp(door) as client:
        assert [reply[:9] for reply in begin(client, THREE)] == [
            "250 2.1.0", "250 2.1.5", "550 5.1.1", "250 2.1.5", "250 2.1.5", "354 End d",
        ]  # fmt: skip
        client.socket.sendall(stuffed(mail()) + b".\r\n")
        assert [client.hear()[:9] for _ in range(3)] == ["250 2.0.0"] * 3
        client.say("NOOP")
        assert client.hear().startswith("250 2.0.0 OK")  # and no reply was one too many
    assert len(messages(intake)) == 3


BAD = [
    ("refused", mail(sender="eve@evil.example"), "550 5.7.1"),
    ("two From", b"From: a@example.org\r\nFrom: b@example.org\r\n\r\nx\r\n", "550 5.7.1"),
    ("malformed", b"what is this?\r\n\r\nx\r\n", "554 5.6.0"),
    ("too big", mail() + b"x" * 6000, "552 5.3.4"),
    ("auto reply", mail(Auto_Submitted="auto-replied"), "250 2.0.0"),
]


@pytest.mark.parametrize(
    ("content", "reply"), [row[1:] for row in BAD], ids=[row[0] for row in BAD]
)
def test_every_reply_comes_for_each_recipient(intake, content, reply):
    chosen = an_intake(intake, **OPEN | {"allowed_senders": ("@example.org",)})
    with serving(chosen, Limits(message_bytes=5000), lmtp=True) as door, lmtp(door) as client:
        begin(client, ["translate+de@localhost", "translate+fr@localhost"])
        client.socket.sendall(stuffed(content) + b"\r\n.\r\n")
        assert [client.hear()[:9] for _ in range(2)] == [reply] * 2
        client.say("NOOP")
        assert client.hear().startswith("250 2.0.0 OK")


def test_trouble_is_told_to_each_recipient(intake, settings):
    (settings.data_dir / "store").write_text("no folder")
    with serving(an_intake(intake, **OPEN), lmtp=True) as door, lmtp(door) as client:
        begin(client, ["translate+de@localhost", "translate+fr@localhost"])
        client.socket.sendall(stuffed(mail()) + b".\r\n")
        assert [client.hear()[:9] for _ in range(2)] == ["451 4.3.0"] * 2


def test_lmtp_without_recipients_is_one_reply(intake):
    with serving(an_intake(intake, **OPEN), lmtp=True) as door, lmtp(door) as client:
        assert begin(client, ["nobody@localhost"])[-1].startswith("503 5.5.1")
        for hello in ("EHLO x", "HELO x"):
            client.say(hello)
            assert client.hear().startswith("500 5.5.1")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    command += ["-keyout", str(file), "-out", str(file.with_suffix(".crt"))]
    subprocess.run(command, check=True, capture_output=True)
    file.write_text(file.read_text() + file.with_suffix(".crt").read_text())
    return file


def trusting(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(certificate.with_suffix(".crt")))
    context.check_hostname = False
    return context


def test_mail_under_tls(intake, certificate):
    tls = an_intake(intake, **OPEN, smtp_tls_cert=certificate)
    with serving(tls) as door:  # noqa: SIM117 - the door goes last
        with smtplib.SMTP("127.0.0.1", door.port, timeout=patience(20)) as client:
            client.ehlo("client")
            assert "starttls" in client.esmtp_features
            client.starttls(context=trusting(certificate))
            client.ehlo("client")
            assert "starttls" not in client.esmtp_features
            assert "auth" not in client.esmtp_features
            assert client.mail(SENDER)[0] == 250
            assert client.rcpt("translate+de@localhost")[0] == 250
            assert client.data(mail())[0] == 250
            assert len(door.sessions) == 1
            assert door.peers["127.0.0.1"] == 1
    assert len(messages(intake)) == 1
    assert not door.peers


def test_commands_sent_before_tls_are_forgotten(intake, certificate):
    """What somebody on the way put behind STARTTLS must not count as said under TLS
    (CVE-2011-0411).
    """
    with (
        serving(an_intake(intake, **OPEN, smtp_tls_cert=certificate)) as door,
        Dialogue(door.port) as client,
    ):
        client.hear()
        client.say("EHLO client")
        client.hear()
        client.say("STARTTLS", "MAIL FROM:<eve@evil.example>")
        assert client.hear().startswith("220")
        with trusting(certificate).wrap_socket(client.socket) as secure:
            secure.sendall(b"EHLO client\r\nRCPT TO:<translate@localhost>\r\n")
            heard = b""
            while b"503" not in heard and (more := secure.recv(1000)):
                heard += more
    assert b"\r\n503 5.5.1 Error: need MAIL command\r\n" in heard


def test_handshake_that_fails_ends_the_connection_once(intake, certificate):
    with serving(an_intake(intake, **OPEN, smtp_tls_cert=certificate)) as door:
        with Dialogue(door.port) as client:
            client.hear()
            client.say("EHLO client")
            client.hear()
            client.say("STARTTLS")
            assert client.hear().startswith("220")
            client.socket.sendall(b"this is no handshake\r\n" * 20)
            while client.file.read(100):
                pass
        assert send(door.port, mail()).startswith("250 ")
    assert not door.sessions
    assert not door.peers


def test_certificate_that_cannot_be_read_is_said_plainly(intake, tmp_path):
    with pytest.raises(SettingsInvalid, match="DRAGOMAN_SMTP_TLS_CERT"):
        Door(an_intake(intake, smtp_tls_cert=tmp_path / "none.pem"))


def test_extensions_and_codes(intake):
    with (
        serving(an_intake(intake, **OPEN)) as door,
        smtplib.SMTP("127.0.0.1", door.port, timeout=patience(20)) as client,
    ):
        client.ehlo("client")
        wanted = {"size", "pipelining", "8bitmime", "smtputf8", "enhancedstatuscodes"}
        assert wanted <= set(client.esmtp_features)
        assert "auth" not in client.esmtp_features
        for line, reply in [
            ("NOOP", "250 2.0.0 OK"), ("WHAT", "500 5.5.1 "), ("RCPT TO:<translate@localhost>", "503 5.5.1 "),
            ("MAIL FROM", "501 5.5.4 "), ("MAIL FROM:<", "553 5.1.3 "), ("MAIL FROM:<a@b.c> FOO=BAR", "555 5.5.4 "),
            ("MAIL FROM:<a@b.c> SIZE=99999999999", "552 5.3.4 "), ("AUTH PLAIN AGEAYg==", "500 5.5.1 "),
            ("VRFY translate@localhost", "252 2.5.0 "), ("RSET", "250 2.0.0 "), ("DATA", "503 5.5.1 "),
        ]:  # fmt: skip
            code, text = client.docmd(line)
            assert f"{code} {text.decode()} ".startswith(reply), line


def test_bounce_comes_home_to_its_delivery(intake, database, settings):
    with database.write() as connection:
        delivery_id = outbox.owe(
            connection, owner="a-job", run=1, kind=outbox.Kind.FINAL, channel="email"
        )
    secret = settings.secret_key.get_secret_value()
    ours = bounces.return_path(settings.mail_address, delivery_id, secret)
    report = (
        b"From: MAILER-DAEMON@mx.example\r\nContent-Type: multipart/report\r\n\r\nAction:"
        b" failed\r\nStatus: 5.2.2\r\n"
    )
    door_intake = an_intake(intake)  # nobody may send, and bounces come in all the same
    with serving(door_intake) as door:
        # with a sender it is no bounce
        assert send(door.port, mail(), ours).startswith("550 5.1.1")
        assert send(door.port, report, ours[:-12] + "aaa@localhost", sender="").startswith(
            "550 5.1.1"
        )
        assert send(door.port, report, ours, sender="").startswith("250 2.0.0")
        assert send(door.port, report, ours, sender="").startswith("250 2.0.0")
    (row,) = messages(intake)
    open_message(door_intake, row["id"])
    delivery, instead = deliveries(database, "a-job")
    assert (delivery["kind"], instead["kind"]) == (
        outbox.Kind.FINAL,
        outbox.Kind.INSTEAD,
    )  # the answer, and what follows it
    assert delivery["bounce"] == "failed 5.2.2"
    assert delivery["bounced_at"]
    assert deliveries(database, row["id"]) == []


def test_disk_low_is_said_before_the_message(intake, settings):
    limits = Limits(message_bytes=10**6, free_bytes=2**60)
    with (
        serving(an_intake(intake, **OPEN), limits) as door,
        smtplib.SMTP("127.0.0.1", door.port) as client,
    ):
        client.ehlo("client")
        assert client.mail(SENDER) == (
            452,
            b"4.3.1 The disk is nearly full here; please try again later",
        )
    assert spooled(settings) == []


def test_errors_without_end_are_cut_off(intake):
    with (
        serving(an_intake(intake, **OPEN), Limits(message_bytes=5000, errors=5)) as door,
        Dialogue(door.port) as client,
    ):
        client.hear()
        client.say(*["MAIL"] * 10)
        said = [client.hear() for _ in range(8)]
    assert [line[:9] for line in said if line] == ["503 5.5.1"] * 6 + ["421 4.7.0"]


def test_session_has_an_end(intake):
    limits = Limits(message_bytes=5000, session_s=patience(0.2))
    with serving(an_intake(intake, **OPEN), limits) as door, Dialogue(door.port) as client:
        client.hear()
        assert client.hear().startswith("421 4.4.2 This connection has lasted too long")
        assert client.hear() == ""


def test_hourly_limit_puts_off_and_daily_limit_explains_once(intake):
    hourly = an_intake(intake, **OPEN, sender_hourly_limit=2)
    with serving(hourly) as door:
        replies = [send(door.port, mail(X_Number=str(number))) for number in (1, 2, 3, 1)]
        assert [reply[:9] for reply in replies] == [
            "250 2.0.0",
            "250 2.0.0",
            "452 4.7.1",
            "250 2.0.0",
        ]
        assert send(door.port, mail(sender="bob@example.org")).startswith("250 ")
    with serving(an_intake(intake, **OPEN, sender_daily_limit=2)) as door:
        replies = [send(door.port, mail(X_Number=str(number))) for number in (4, 5, 6)]
        assert [reply[:9] for reply in replies] == ["250 2.0.0"] * 3
    over = [row for row in messages(intake) if row["payload"].get("over_daily_limit")]
    assert len(over) == 1
    open_message(intake, over[0]["id"])
    (answer,) = deliveries(intake.database, over[0]["id"])
    assert answer["payload"]["reason"] == "quota"


def test_numbers_of_the_door(intake):
    with serving(an_intake(intake, **OPEN)) as door:
        send(door.port, mail())
        send(door.port, mail(Precedence="bulk"))
        send(door.port, mail(), "nobody@localhost")
        facts = door.tally.facts()
    assert {reason: count for reason, count in facts["dropped"].items() if count} == {
        "precedence": 1
    }
    assert {reason: count for reason, count in facts["refused"].items() if count} == {
        "unknown_recipient": 1
    }
    assert facts["replies"]["550 5.1.1"] == 1
    assert facts["replies"]["250 2.0.0"] >= 2
