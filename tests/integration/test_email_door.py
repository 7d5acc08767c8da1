"""The mail door over real sockets: what it takes is durable, what it refuses is refused in the
dialogue.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dragoman.adapters import queues
from dragoman.adapters.listen_addresses import CannotListen
from dragoman.app.intake import Intake
from dragoman.db.ledgers import jobs
from dragoman.errors import SettingsInvalid
from dragoman.settings import Settings
from ingress.email.smtp.server import Door, limits_of, serve
from ingress.email.smtp.session_host import Limits
from ingress.email.tasks import open_message
from tests.mail_door import (
    OPEN,
    OURS,
    SENDER,
    Dialogue,
    an_intake,
    eventually,
    mail,
    messages,
    send,
    serving,
    spooled,
    stuffed,
)
from tests.patience import patience


@pytest.fixture
def door(intake: Intake) -> Iterator[Door]:
    """A door that takes mail from anybody."""
    with serving(an_intake(intake, **OPEN)) as door:
        yield door


def test_accepted_means_row_and_bytes_are_there(door, intake, doorbell, settings):
    content = mail()
    reply = send(door.port, content)
    (row,) = messages(intake)
    assert reply == f"250 2.0.0 accepted as {row['id']}"
    with intake.store.open(row["blob"]) as body:
        assert body.read() == content
    assert row["size"] == len(content)
    assert (row["channel"], row["sender"], row["state"]) == ("email", SENDER, "ready")
    assert row["payload"] == {
        "from": SENDER,
        "from_name": "Alice",
        "recipient": "translate+de@localhost",
        "envelope_from": SENDER,
        "message_id": "<one@example.org>",
        "references": [],
        "subject": "A contract",
        "target_lang": None,
        "tone": None,
        "ignored": [],
    }
    assert SENDER not in row["key"]
    assert doorbell.rings == [(queues.OPEN_OF["email"], row["id"])]
    assert spooled(settings) == []


def test_sent_again_is_accepted_and_kept_once(door, intake, settings):
    first, second = send(door.port, mail()), send(door.port, mail())
    assert first == second
    assert first.startswith("250 ")
    assert len(messages(intake)) == 1
    assert len(list(intake.store.keys("inbox/"))) == 1
    assert spooled(settings) == []


def test_same_message_id_with_other_content_is_another_message(door, intake):
    send(door.port, mail())
    send(door.port, mail(X_Other="content"))
    assert len(messages(intake)) == 2


def test_each_recipient_asks_for_a_translation_of_its_own(door, intake):
    reply = send(
        door.port,
        mail(),
        ["translate+de@localhost", "translate+fr@localhost", "TRANSLATE+FR@localhost"],
    )
    assert reply.endswith("and 1 more")
    assert sorted(row["payload"]["recipient"] for row in messages(intake)) == [
        "translate+de@localhost",
        "translate+fr@localhost",
    ]
    assert len(list(intake.store.keys("inbox/"))) == 2


REFUSED = [
    ("unknown recipient", {}, {"to": "nobody@localhost"}, "550 5.1.1"),
    ("relay", {}, {"to": "bob@elsewhere.example"}, "550 5.7.1"),
    ("closed", {"allowed_senders": ()}, {}, "550 5.7.1"),
    ("not allowed", {"allowed_senders": ("bob@example.org", "@example.com")}, {}, "550 5.7.1"),
    ("peer not trusted", {"sender_auth": "trusted"}, {}, "550 5.7.1"),
    (
        "another peer trusted",
        {"sender_auth": "trusted", "trusted_peers": ("10.0.0.0/8",)},
        {},
        "550 5.7.1",
    ),
    ("no From", {}, {"content": b"Subject: x\r\n\r\nbody\r\n"}, "550 5.7.1"),
    ("two From", {}, {"content": b"From: a@b.c\r\nFrom: d@e.f\r\n\r\nbody\r\n"}, "550 5.7.1"),
    ("two authors", {}, {"content": b"From: a@b.c, d@e.f\r\n\r\nbody\r\n"}, "550 5.7.1"),
    ("no header block", {}, {"content": b"what is this?\r\n\r\nbody\r\n"}, "554 5.6.0"),
    ("NUL in header", {}, {"content": b"From: a@b.c\r\nX: \0\r\n\r\nbody\r\n"}, "554 5.6.0"),
    (
        "long header",
        {},
        {"content": b"From: a@b.c\r\n" + b"X: y\r\n" * 20_000 + b"\r\nbody\r\n"},
        "554 5.6.0",
    ),
]


@pytest.mark.parametrize(
    ("chosen", "sent", "reply"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_refusals_leave_nothing_behind(intake, settings, chosen, sent, reply):
    with serving(an_intake(intake, **{**OPEN, **chosen})) as door:
        assert send(door.port, **{"content": mail(), **sent}).startswith(reply)
    assert messages(intake) == []
    assert list(intake.store.keys("inbox/")) == []
    assert spooled(settings) == []


def test_trusted_peer_may_send(intake):
    trusting = {
        "sender_auth": "trusted",
        "trusted_peers": ("127.0.0.0/8",),
        "allowed_senders": ("@example.org",),
    }
    with serving(an_intake(intake, **trusting)) as door:
        assert send(door.port, mail()).startswith("250 ")


@pytest.mark.parametrize(
    ("content", "sender"),
    [
        (mail(), ""),
        (mail(Auto_Submitted="auto-replied"), SENDER),
        (mail(Precedence="bulk"), SENDER),
        (mail(sender=OURS), SENDER),
    ],
    ids=["null sender", "auto reply", "bulk", "own mail"],
)
def test_what_must_not_be_answered_is_taken_and_dropped(door, intake, settings, content, sender):
    assert send(door.port, content, sender=sender).startswith("250 ")
    assert messages(intake) == []
    assert spooled(settings) == []


def test_postmaster_is_always_there(intake):
    with serving(an_intake(intake)) as door:
        assert send(door.port, mail("postmaster@localhost"), "postmaster@localhost").startswith(
            "250 "
        )
        assert send(door.port, mail(X_Not="same"), "Postmaster").startswith("250 ")
        assert send(door.port, mail() + b"x" * 2**20, "postmaster").startswith("552 5.3.4")
    assert len(messages(intake)) == 2


def test_size_is_announced_and_kept(intake, settings):
    with serving(an_intake(intake, **OPEN), Limits(message_bytes=5000)) as door:
        with smtplib.SMTP("127.0.0.1", door.port) as client:
            client.ehlo("client")
            assert client.esmtp_features["size"] == "5000"
            assert client.mail(SENDER, ["SIZE=5001"]) == (
                552,
                b"5.3.4 The message is too big: at most 5 KB are taken",
            )
            assert client.mail(SENDER, ["SIZE=5000"])[0] == 250
        reply = send(door.port, mail() + b"x" * 5000)
        assert reply.startswith("552 5.3.4 The message is too big: at most 5 KB are taken")
        assert send(door.port, mail()).startswith("250 ")
    assert len(messages(intake)) == 1
    assert spooled(settings) == []


def test_largest_pdf_fits_into_the_limit(settings):
    encoded = -(-settings.max_pdf_bytes // 57) * 78
    assert encoded < limits_of(settings).message_bytes


def test_database_down_is_temporary_and_nothing_is_kept(door, intake, settings):
    file = settings.data_dir / "dragoman.db"
    intake.database.close()
    file.rename(file.with_suffix(".away"))
    file.mkdir()
    assert send(door.port, mail()) == "451 4.3.0 Temporary trouble here; please try again later"
    intake.database.close()
    file.rmdir()
    file.with_suffix(".away").rename(file)
    assert send(door.port, mail()).startswith("250 ")
    assert len(messages(intake)) == 1
    assert len(list(intake.store.keys("inbox/"))) == 1


def test_store_down_is_temporary(door, intake, settings):
    shutil.rmtree(settings.data_dir / "store", ignore_errors=True)
    (settings.data_dir / "store").write_text("no folder")
    assert send(door.port, mail()).startswith("451 4.3.0")
    assert messages(intake) == []
    assert spooled(settings) == []


def test_unexpected_error_is_not_told(intake, caplog):
    class Broken(Intake):
        def keep(self, message, body=None):
            raise RuntimeError("secret detail")

    broken = Broken(
        intake.database, intake.store, intake.doorbell, intake.settings.model_copy(update=OPEN)
    )
    with serving(broken) as door:
        assert send(door.port, mail()) == "451 4.3.0 Temporary trouble here; please try again later"


@pytest.mark.parametrize(
    "cut",
    [b"From: a@b.c\r\n", stuffed(mail())[:-50], stuffed(mail()) + b"\r\n."],
    ids=["header", "body", "dot"],
)
def test_client_that_vanishes_leaves_nothing(door, intake, settings, cut):
    with Dialogue(door.port) as client:
        client.until_data()
        client.socket.sendall(cut)
        eventually(lambda: bool(spooled(settings)))
    eventually(lambda: not spooled(settings))
    assert messages(intake) == []
    assert send(door.port, mail()).startswith("250 ")


def test_client_that_vanishes_after_the_last_dot_finds_its_message_kept(door, intake):
    with Dialogue(door.port) as client:
        client.until_data()
        client.socket.sendall(stuffed(mail()) + b".\r\n")
    eventually(lambda: len(messages(intake)) == 1)
    reply = send(door.port, mail())
    (row,) = messages(intake)
    assert reply.endswith(row["id"])


def test_client_that_only_listens_still_gets_its_reply(door):
    with Dialogue(door.port) as client:
        client.until_data()
        client.socket.sendall(stuffed(mail()) + b".\r\n")
        client.socket.shutdown(socket.SHUT_WR)
        assert client.hear().startswith("250 2.0.0")
        assert client.hear() == ""


def test_commands_after_the_end_are_not_lost(door, intake):
    with Dialogue(door.port) as client:
        client.until_data()
        client.socket.sendall(stuffed(mail()) + b".\r\nMAIL FROM:<bob@example.org>\r\nQUIT\r\n")
        assert client.hear().startswith("250 2.0.0 accepted as")
        assert client.hear().startswith("250 2.1.0")
        assert client.hear().startswith("221")


def test_dot_between_bare_line_feeds_ends_nothing(door, intake):
    smuggled = (
        b"\n.\nMAIL FROM:<x@y.z>\nRCPT TO:<translate@localhost>\nDATA\nFrom: x@y.z\n\nsmuggled\n"
    )
    with Dialogue(door.port) as client:
        client.until_data()
        client.socket.sendall(stuffed(mail()) + smuggled + b"\r\n.\r\n")
        assert client.hear().startswith("250 ")
    assert [row["sender"] for row in messages(intake)] == [SENDER]


def test_too_many_recipients_are_put_off(intake):
    with serving(an_intake(intake, **OPEN), Limits(message_bytes=5000, recipients=2)) as door:
        replies = [
            send(door.port, mail(), [f"translate+{tag}@localhost" for tag in tags])
            for tags in ("ab", "abc")
        ]
    assert [reply[:9] for reply in replies] == ["250 2.0.0", "452 4.5.3"]


def test_too_many_connections_are_sent_away(intake):
    with serving(
        an_intake(intake, **OPEN), Limits(message_bytes=5000, connections_per_peer=2)
    ) as door:
        with Dialogue(door.port) as first, Dialogue(door.port) as second:
            assert first.hear().startswith("220")
            assert second.hear().startswith("220")
            with Dialogue(door.port) as third:
                assert third.hear().startswith("421 4.7.0")
                assert third.hear() == ""
        eventually(lambda: not door.sessions)
        assert send(door.port, mail()).startswith("250 ")
    assert not door.peers


def test_who_has_said_nothing_gives_way_to_a_new_client(intake):
    limits = Limits(message_bytes=5000, connections_per_peer=2, silent_s=0.0)
    with serving(an_intake(intake, **OPEN), limits) as door:
        with Dialogue(door.port) as talking, Dialogue(door.port) as silent:
            assert talking.hear().startswith("220")
            talking.say("EHLO client")
            assert talking.hear().startswith("250")
            assert silent.hear().startswith("220")
            assert send(door.port, mail()).startswith("250 ")
            assert silent.hear().startswith("421 4.7.0")
            assert silent.hear() == ""
            talking.say("NOOP")
            assert talking.hear().startswith("250")
        eventually(lambda: not door.sessions)
    assert not door.peers


def test_silent_client_is_sent_away(intake, settings):
    limits = Limits(message_bytes=5000, idle_s=patience(0.2))
    with serving(an_intake(intake, **OPEN), limits) as door, Dialogue(door.port) as client:
        assert client.hear().startswith("220")
        assert client.hear().startswith("421 4.4.2")
        assert client.hear() == ""


def test_message_that_takes_for_ever_is_cut_off(intake, settings):
    limits = Limits(message_bytes=5000, message_s=patience(0.5))
    with serving(an_intake(intake, **OPEN), limits) as door, Dialogue(door.port) as client:
        client.until_data()
        client.socket.sendall(stuffed(mail()))
        assert client.hear().startswith("421 4.4.2")
        assert client.hear() == ""
    assert messages(intake) == []
    assert spooled(settings) == []


def test_closing_door_waits_for_a_message_on_its_way_in(intake):
    with serving(an_intake(intake, **OPEN)) as door:
        idle, busy = Dialogue(door.port), Dialogue(door.port)
        idle.hear()
        busy.until_data()
        busy.socket.sendall(stuffed(mail())[:100])
        eventually(lambda: any(session._is_receiving for session in door.sessions))

        def go_on() -> None:
            eventually(lambda: any(session._goodbye for session in door.sessions))
            busy.socket.sendall(stuffed(mail())[100:] + b".\r\n")

        sender = threading.Thread(target=go_on)
        sender.start()
    assert idle.hear().startswith("421 4.3.2")
    assert busy.hear().startswith("250 2.0.0")
    assert busy.hear().startswith("421 4.3.2")
    assert len(messages(intake)) == 1
    sender.join()
    for client in (idle, busy):
        client.__exit__()


def test_endless_line_is_bounded(intake, settings):
    with (
        serving(an_intake(intake, **OPEN), Limits(message_bytes=100_000)) as door,
        Dialogue(door.port) as client,
    ):
        client.until_data()
        for _ in range(320):
            client.socket.sendall(b"x" * 2**16)
        client.socket.sendall(b"\r\n.\r\n")
        assert client.hear().startswith("554 5.6.0")
    assert spooled(settings) == []


SERVE = """
import asyncio, os, sys
from dragoman.db.engine import Database
from dragoman.db.ledgers import inbox
from dragoman.app.intake import Intake
from dragoman.settings import Settings
from dragoman.adapters.storage import FolderStore, open_store
from ingress.email.smtp import acceptance
from ingress.email.smtp.server import NoDoorbell, Door
from ingress.email.smtp.spool import SpoolFile
from tests.patience import patience

def dies_after(owner, name, moment):
    done = getattr(owner, name)
    def dying(*args, **values):
        result = done(*args, **values)
        if sys.argv[1] == moment:
            os.kill(os.getpid(), 9)
        return result
    setattr(owner, name, dying)

dies_after(SpoolFile, "sync", "file is synced")
dies_after(FolderStore, "adopt", "file has its name")
dies_after(inbox, "insert", "row is written, not committed")
dies_after(Intake, "keep", "row is committed")
dies_after(acceptance, "concluded", "reply is ready")

async def main():
    settings = Settings.from_env()
    entrance = Door(Intake(Database(settings.database), open_store(settings.storage), NoDoorbell(), settings))
    await entrance.open("127.0.0.1", 0)
    print("port", entrance.port, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@contextmanager
def server_process(settings: Settings, dies: str) -> Iterator[int]:
    """The port of a door in a process of its own that kills itself at that moment."""
    chosen = {"DATA_DIR": str(settings.data_dir), "ALLOWED_SENDERS": "*", "SENDER_AUTH": "none"}
    environment = {**os.environ, **{f"DRAGOMAN_{name}": value for name, value in chosen.items()}}
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, dies],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path.cwd(),
    )
    try:
        yield next(int(line.split()[1]) for line in process.stdout if line.startswith("port "))
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(patience(10))
        process.stdout.close()


MOMENTS = [
    "file is synced",
    "file has its name",
    "row is written, not committed",
    "row is committed",
    "reply is ready",
]


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_between_data_and_250_then_sent_again_is_one_job(intake, settings, moment):
    with (
        server_process(settings, moment) as port,
        pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)),
    ):
        send(port, mail())
    with serving(an_intake(intake, **OPEN)) as door:
        assert send(door.port, mail()).startswith("250 ")
        assert spooled(settings) == []
    (row,) = messages(intake)
    with intake.store.open(row["blob"]) as body:
        assert hashlib.sha256(body.read()).digest() == hashlib.sha256(mail()).digest()
    open_message(intake, row["id"])
    with intake.database.read() as connection:
        assert len(jobs.listed(connection, limit=9)) == 1


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize("broker", ["", "redis://127.0.0.1:1/0"], ids=["no broker", "broker down"])
def test_process_serves_without_a_broker_until_it_is_told_to_stop(intake, settings, broker):
    port = free_port()
    chosen = {
        "DATA_DIR": settings.data_dir,
        "ALLOWED_SENDERS": "@example.org",
        "SENDER_AUTH": "none",
    }
    chosen |= {"SMTP_LISTEN": f"127.0.0.1:{port}", "BROKER_URL": broker, "LOG_FORMAT": "json"}
    code = (
        "from dragoman.settings import Settings; from ingress.email.smtp.server import run;"
        " run(Settings.from_env())"
    )
    environment = {
        **os.environ,
        **{f"DRAGOMAN_{name}": str(value) for name, value in chosen.items()},
    }
    process = subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        listening = next(line for line in process.stderr if "smtp_listens" in line)
        assert str(port) in listening
        assert send(port, mail()).startswith("250 ")
        assert len(messages(intake)) == 1
        with Dialogue(port) as client:
            client.say(
                "EHLO x",
                f"MY-ADDRESS-IS {SENDER}",
                *[f"SECRET-{number} words of a letter" for number in range(9)],
            )
            while client.hear():
                pass
        process.send_signal(signal.SIGTERM)
        log = process.stderr.read()
        assert process.wait(patience(30)) == 0
    finally:
        process.kill()
        process.wait(patience(10))
        process.stderr.close()
    assert "smtp_stopped" in log
    assert SENDER.casefold() not in (listening + log).casefold()
    assert "SECRET" not in log


def test_port_that_is_taken_is_said_plainly(intake):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(CannotListen, match=f"{listen} is taken .* DRAGOMAN_SMTP_LISTEN"):
            asyncio.run(serve(an_intake(intake, smtp_listen=listen)))


def test_trusted_peer_that_is_no_address_is_said_plainly(intake):
    with pytest.raises(SettingsInvalid, match="DRAGOMAN_TRUSTED_PEERS"):
        Door(an_intake(intake, trusted_peers=("mail.example.org",)))
