"""Answers stand in the sender's thread, in the eyes of a real IMAP server."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from notifier.email.reply import Thread, composed
from tests.servers import dovecot

pytestmark = pytest.mark.more

OURS = "translate@example.org"
LONG = "<" + "AM0PR08MB".ljust(180, "7") + "@AM0PR08MB7777.eurprd08.prod.outlook.com>"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that others may read, which those of pytest are not."""
    with tempfile.TemporaryDirectory(prefix="dragoman-dovecot-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def answers(subject: str, message_id: str, references: tuple[str, ...]) -> list[bytes]:
    """The sender's mail, the ack and the result."""
    fields = f"From: ann@example.org\r\nSubject: {subject}\r\nMessage-ID: {message_id}\r\n"
    if references:
        fields += f"References: {' '.join(references)}\r\n"
    thread = Thread("ann@example.org", subject, message_id, references)
    replies = [
        composed(thread, f"<{'0' * 32}.1.{kind}@example.org>", OURS, "text", "<p>html</p>")
        for kind in ("ack", "final")
    ]
    return [(fields + "\r\nHello\r\n").encode(), *(reply.as_bytes() for reply in replies)]


@pytest.mark.parametrize("message_id", ["<1@example.org>", LONG])
@pytest.mark.parametrize("subject", ["Contract", "Größe und Maß " * 12])
def test_dovecot_sees_one_thread(folder: Path, message_id: str, subject: str) -> None:
    assert dovecot.threads(folder, *answers(subject, message_id, ())) in ("(1 (2)(3))", "(1 2 3)")


def test_dovecot_sees_one_thread_after_a_long_one(folder: Path) -> None:
    before = tuple(f"<{number}.{'x' * 70}@example.org>" for number in range(60))
    assert dovecot.threads(folder, *answers("Contract", LONG, before)).count("(1") == 1


def test_other_mails_are_other_threads(folder: Path) -> None:
    one, other = (
        answers("Contract", "<1@example.org>", ()),
        answers("Letter", "<2@example.org>", ()),
    )
    assert dovecot.threads(folder, *one[:2], *other[2:]) == "(1 2)(3)"
