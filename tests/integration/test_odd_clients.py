"""Clients that are none, or that want to be misunderstood: what they are told, and that nothing
comes of it.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from dragoman.adapters.storage import open_store
from dragoman.app.intake import Intake
from dragoman.db.engine import Database
from dragoman.db.ledgers import jobs
from dragoman.settings import Settings
from ingress.email.smtp.server import Door
from ingress.email.smtp.session_host import Limits
from ingress.email.tasks import open_message
from tests.conftest import SECRET_KEY
from tests.fakes import RecordingDoorbell
from tests.mail_door import (
    OPEN,
    SENDER,
    Dialogue,
    an_intake,
    eventually,
    mail,
    messages,
    send,
    serving,
    stuffed,
)
from tests.patience import patience

TO = "translate+de@localhost"
A_MAIL = (
    f"EHLO x\r\nMAIL FROM:<{SENDER}>\r\nRCPT TO:<{TO}>\r\nDATA\r\n".encode()
    + stuffed(mail())
    + b".\r\nQUIT\r\n"
)


@pytest.fixture
def door(intake) -> Iterator[Door]:
    with serving(an_intake(intake, **OPEN), lmtp=True) as door:
        yield door


def told(door: Door, data: bytes, *, greeting: bool = True) -> list[str]:
    """All that the door says to a client that sends `data` and listens until it is hung up on,
    or says QUIT.
    """
    with Dialogue(door.port) as client:
        if greeting:
            assert client.hear().startswith("220 ")
        client.socket.sendall(data)
        heard = []
        while line := client.hear():
            heard.append(line)
        return heard


NO_MAIL = [
    ("a browser", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ("a form with a mail in it", b"POST / HTTP/1.1\r\n\r\n" + A_MAIL),
    ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ("a proxy", b"CONNECT localhost:25 HTTP/1.1\r\n\r\n" + A_MAIL),
    ("a header first", b"Host: localhost\r\n" + A_MAIL),
    ("small letters", b"get / http/1.0\r\n\r\n"),
    ("TLS without STARTTLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500),
    ("TLS with line ends in it", b"\x16\x03\x01\x02\x00\r\n" + A_MAIL),
]


@pytest.mark.parametrize("said", [row[1] for row in NO_MAIL], ids=[row[0] for row in NO_MAIL])
def test_who_speaks_no_smtp_is_hung_up_on_at_once(door, intake, said):
    assert [line[:9] for line in told(door, said)] == ["421 4.7.0"]
    assert messages(intake) == []
    assert send(door.port, mail()).startswith("250 ")


def test_chunks_that_were_not_offered_are_no_commands(door, intake):
    smuggled = (
        b"EHLO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<translate@localhost>\r\nBDAT %d LAST\r\n"
        % len(A_MAIL)
        + A_MAIL
    )
    assert [line[:9] for line in told(door, smuggled)] == [
        "250 HELP",
        "250 2.1.0",
        "250 2.1.5",
        "502 5.5.1",
    ]
    assert messages(intake) == []


_AT_ONCE = [
    ("VRFY translate", "252 2.5.0"), ("VRFY", "501 5.5.4"), ("VRFY \udcff\udcfe<", "252 2.5.0"), ("EXPN all", "502 5.5.1"),
    ("ETRN localhost", "500 5.5.1"), ("TURN", "500 5.5.1"), ("AUTH LOGIN", "500 5.5.1"), ("AUTH PLAIN AGEAYg==", "500 5.5.1"),
    ("STARTTLS", "454 4.7.0"), ("STARTTLS now", "501 5.5.4"), ("HELP", "250 2.0.0"), ("HELP MAIL", "250 2.0.0"), ("HELP \udcff", "501 5.5.4"),
    ("noop", "250 2.0.0"), ("NOOP with words", "250 2.0.0"), ("RSET", "250 2.0.0"), ("", "500 5.5.1"), (" ", "500 5.5.1"), ("\udcff\udcfe", "500 5.5.1"),
    ("MA\0IL FROM:<a@b.c>", "500 5.5.1"), ("MAIL FROM:<a\0@b.c>", "553 5.1.3"), ("MAIL FROM:<a@b.c", "553 5.1.3"),
    ("MAIL FROM:<\udcff@b.c>", "553 5.1.3"), ("MAIL FROM:<" + "a" * 2000 + "@b.c>", "500 5.5.1"), ("MAIL TO:<a@b.c>", "501 5.5.4"),
    ("MAIL FROM:<a@b.c> BODY=9BIT", "501 5.5.4"), ("MAIL FROM:<a@b.c> SIZE=-1", "501 5.5.4"), ("MAIL FROM:<a@b.c> SIZE=x", "501 5.5.4"),
    ("MAIL FROM:<a@b.c> SMTPUTF8=1", "501 5.5.4"), ("MAIL FROM:<a@b.c> RET=FULL", "555 5.5.4"), ("RCPT TO:<translate@localhost>", "503 5.5.1"),
    ("DATA", "503 5.5.1"), ("PROXY TCP4 1.2.3.4 1.2.3.4 1 2", "500 5.5.1"), ("X" * 300, "500 5.5.1"), ("X" * 70_000, "500 5.5.1"),
    ("\x1b]0;title\x07", "500 5.5.1"), ("mail from: <a@b.c> size=10 body=8bitmime smtputf8", "250 2.1.0"),
]  # fmt: skip
_AFTER_MAIL = [
    ("MAIL FROM:<a@b.c>", "503 5.5.1"),
    ("RCPT TO:<>", "550 5.1.1"), ("RCPT TO:<translate@localhost> NOTIFY=NEVER", "555 5.5.4"), ("RCPT TO:<@x,@y:translate@localhost>", "250 2.1.5"),
    ("RCPT TO:<translate%localhost@elsewhere.example>", "550 5.7.1"), ("RCPT TO:<elsewhere.example!translate@localhost>", "550 5.1.1"),
    ("RCPT TO:<translate@[127.0.0.1]>", "550 5.7.1"), ("RCPT TO:<\udcff@localhost>", "553 5.1.3"), ("RCPT TO:<müller@localhost>", "550 5.1.1"),
    ("RCPT TO:<translate@localhost.>", "550 5.7.1"), ("rcpt to:translate@LOCALHOST", "250 2.1.5"), ("EHLO again", "250"), ("RSET x", "501 5.5.4"),

]  # fmt: skip
COMMANDS = [("", *row) for row in _AT_ONCE] + [("MAIL FROM:<a@b.c>", *row) for row in _AFTER_MAIL]


@pytest.fixture(scope="module")
def patient(tmp_path_factory) -> Iterator[Door]:
    """A door for all the commands: nothing is kept."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("patient"), secret_key=SECRET_KEY, **OPEN)
    database = Database(settings.database)
    with serving(
        Intake(database, open_store(settings.storage), RecordingDoorbell(), settings)
    ) as door:
        yield door
    database.close()


@pytest.mark.parametrize(
    ("before", "line", "code"), COMMANDS, ids=[f"{row[0]} {row[1][:30]!r}" for row in COMMANDS]
)
def test_each_odd_command_has_its_code_and_the_next_is_heard(patient, before, line, code):
    with Dialogue(patient.port) as client:
        client.hear()
        for said in ("EHLO x", *before.splitlines()):
            client.say(said)
            assert client.hear().startswith("250")
        client.socket.sendall(line.encode("utf-8", "surrogateescape") + b"\r\nNOOP\r\n")
        reply = client.hear()
        assert reply.startswith(code)
        assert "\x1b" not in reply
        assert client.hear() == "250 2.0.0 OK"


# RFC 5321 2.3.8 and 4.1.1.4: only CRLF.CRLF is the end. Servers that saw one of these as an end
# were tricked into two messages.
ENDS = [
    b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r", b"\n.\r", b"\r.\n", b"\r\n\0.\r\n", b"\r\n.\0\r\n", b"\r\n .\r\n", b"\r\n. \r\n",
    b"\r\r\n.\r\r\n", b"\n\n.\n\n", b"\x85.\x85", b"\xe2\x80\xa8.\xe2\x80\xa8", b"\r\n..\r\n", b"\r\n.\r\x00\n",
]  # fmt: skip


@pytest.mark.parametrize("protocol", ["smtp", "lmtp"])
def test_nothing_but_crlf_dot_crlf_ends_a_message(door, intake, protocol):
    port, hello = (door.port, "EHLO x") if protocol == "smtp" else (door.lmtp_port, "LHLO x")
    smuggled = (
        f"MAIL FROM:<eve@evil.example>\r\nRCPT TO:<{TO}>\r\nDATA\r\nFrom:"
        " eve@evil.example\r\n\r\nx\r\n".encode()
    )
    seen: set[str] = set()
    with Dialogue(port) as client:
        client.hear()
        client.say(hello)
        client.hear()
        for number, end in enumerate(ENDS):
            client.say(f"MAIL FROM:<{SENDER}>", f"RCPT TO:<{TO}>", "DATA")
            assert [client.hear()[:3] for _ in range(3)] == ["250", "250", "354"]
            odd = b"x" + end + smuggled
            client.socket.sendall(stuffed(mail(X_Number=str(number))) + odd + b".\r\n")
            assert client.hear().startswith("250 2.0.0 accepted"), end
            (row,) = [row for row in messages(intake) if row["id"] not in seen]
            with intake.store.open(row["blob"]) as kept:
                assert kept.read() == mail(X_Number=str(number)) + odd.replace(b"\r\n.", b"\r\n"), (
                    end
                )
            seen.add(row["id"])
    assert {row["sender"] for row in messages(intake)} == {SENDER}


def test_everything_in_one_packet(door, intake):
    assert [line[:9] for line in told(door, A_MAIL)] == [
        "250 HELP",
        "250 2.1.0",
        "250 2.1.5",
        "354 End d",
        "250 2.0.0",
        "221 2.0.0",
    ]
    assert len(messages(intake)) == 1


def test_byte_by_byte(door, intake):
    with Dialogue(door.port) as client:
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(len(A_MAIL)):
            client.socket.sendall(A_MAIL[at : at + 1])
        heard = []
        while line := client.hear():
            heard.append(line[:3])
    assert heard == ["220", "250", "250", "250", "354", "250", "221"]
    (row,) = messages(intake)
    with intake.store.open(row["blob"]) as kept:
        assert kept.read() == mail()


def test_message_for_nobody_is_not_taken_for_orders(door, intake):
    """A client that does not wait says its message in place of commands: it is heard out for a
    while, then hung up on.
    """
    lines = told(door, A_MAIL.replace(TO.encode(), b"nobody@localhost", 1))
    assert [line[:9] for line in lines[:4]] == ["250 HELP", "250 2.1.0", "550 5.1.1", "503 5.5.1"]
    assert lines[-1].startswith("421 4.7.0")
    assert messages(intake) == []


@pytest.mark.parametrize(
    "goodbye", [b"QUIT\r\n", b"X\r\n" * 20, b"GET / HTTP/1.0\r\n", b"MAIL\r\n" * 60]
)
def test_nothing_is_done_after_hanging_up(door, intake, goodbye):
    lines = told(door, b"EHLO x\r\n" + goodbye + A_MAIL)
    assert lines[-1][:4] in ("221 ", "421 ")
    eventually(lambda: not door.sessions)
    # whatever was begun has ended by now
    assert send(door.port, mail(X_Other="mail")).startswith("250 ")
    assert len(messages(intake)) == 1


def test_many_messages_in_one_session(door, intake):
    with Dialogue(door.port) as client:
        client.hear()
        client.say("EHLO x")
        client.hear()
        for number in range(60):
            client.say(f"MAIL FROM:<{SENDER}>", f"RCPT TO:<{TO}>", "DATA")
            client.socket.sendall(stuffed(mail(X_Number=str(number))) + b".\r\n")
            assert [client.hear()[:3] for _ in range(4)] == ["250", "250", "354", "250"]
    assert len(messages(intake)) == 60


def test_ten_thousand_resets_come_to_an_end(door):
    with Dialogue(door.port) as client:
        client.hear()
        sender = threading.Thread(target=said_for_ever, args=(client.socket, b"RSET\r\n" * 10_000))
        sender.start()
        heard = []
        while line := client.hear():
            heard.append(line)
        sender.join(patience(20))
    assert heard[:5000] == ["250 2.0.0 OK"] * 5000
    assert heard[5000].startswith("421 4.7.0")
    assert len(heard) == 5001


def said_for_ever(sock: socket.socket, data: bytes) -> None:
    try:
        sock.sendall(data)
    except OSError:  # hung up on
        return


def test_client_that_never_listens_is_let_go_and_keeps_nobody_waiting(intake):
    with serving(
        an_intake(intake, **OPEN), Limits(message_bytes=50_000, idle_s=patience(1.0))
    ) as door:
        deaf = socket.create_connection(("127.0.0.1", door.port))
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        talker = threading.Thread(target=said_for_ever, args=(deaf, b"NOOP\r\n" * 2_000_000))
        talker.start()
        assert send(door.port, mail()).startswith("250 ")
        eventually(lambda: not door.sessions, 25)
        talker.join(patience(20))
        deaf.close()


def test_a_letter_at_a_time_does_not_hold_a_connection(intake):
    with (
        serving(
            an_intake(intake, **OPEN), Limits(message_bytes=5000, idle_s=patience(0.5))
        ) as door,
        Dialogue(door.port) as client,
    ):
        client.hear()
        stop = threading.Event()

        def dribble() -> None:
            while not stop.wait(0.05):
                said_for_ever(client.socket, b"N")

        dribbler = threading.Thread(target=dribble)
        dribbler.start()
        try:
            assert client.hear().startswith("421 4.4.2")
        finally:
            stop.set()
            dribbler.join(patience(10))


def test_hundred_refused_recipients_are_each_told_by_lmtp(intake):
    """More replies than errors are borne: they are one error."""
    some = an_intake(intake, **OPEN | {"allowed_senders": ("@example.com",)})
    with serving(some, lmtp=True) as door, Dialogue(door.lmtp_port) as client:
        client.hear()
        lines = [
            "LHLO x",
            f"MAIL FROM:<{SENDER}>",
            *(f"RCPT TO:<translate+de+{number}@localhost>" for number in range(100)),
            "DATA",
        ]
        client.say(*lines)
        assert [client.hear()[:3] for _ in lines] == ["250"] * 102 + ["354"]
        client.socket.sendall(stuffed(mail()) + b".\r\n")
        assert [client.hear()[:9] for _ in range(100)] == ["550 5.7.1"] * 100
        client.say("NOOP")
        assert client.hear().startswith("250 2.0.0")


def test_each_recipient_of_one_mail_makes_one_job(door, intake):
    tags = ["de", "fr", "es", "it", "pt", "nl", "pl", "ja"]
    with Dialogue(door.lmtp_port) as client:
        client.hear()
        lines = [
            "LHLO x",
            f"MAIL FROM:<{SENDER}>",
            *(f"RCPT TO:<translate+{tag}@localhost>" for tag in tags),
            "DATA",
        ]
        client.say(*lines)
        assert [client.hear()[:3] for _ in lines][-1] == "354"
        client.socket.sendall(stuffed(mail()) + b".\r\n")
        assert [client.hear()[:9] for _ in tags] == ["250 2.0.0"] * len(tags)
    for row in messages(intake):
        open_message(intake, row["id"])
    with intake.database.read() as connection:
        assert len(jobs.listed(connection, limit=99)) == len(tags)
