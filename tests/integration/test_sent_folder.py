"""Looking for a mail in the folder of sent ones, on a real IMAP server."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dragoman.errors import OutboundUnavailable
from dragoman.settings import Settings
from notifier.email.sent_folder import SentFolder
from notifier.email.smtp_client import SmtpOutbound
from ops.doctor import Verdict, examine, user_facing
from tests.servers import dovecot
from tests.servers.process import LOOPBACK, free_port

pytestmark = pytest.mark.more

SENT_ID = "<0123abcd.1@dragoman.test>"
SENT = (
    f"From: a@example.org\r\nMessage-ID: {SENT_ID}\r\nSubject: Done\r\n\r\nIt is done.\r\n".encode()
)


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="dragoman-dovecot-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def url(port: int, name: str = "INBOX") -> str:
    return f"imap://ana:p%40ss@{LOOPBACK}:{port}/{name}"


def outbound(sent: SentFolder | None) -> SmtpOutbound:
    return SmtpOutbound(f"smtp://{LOOPBACK}:{free_port()}", 5.0, "translate@dragoman.test", sent)


def test_mail_that_was_sent_is_found_and_no_other(folder: Path):
    with dovecot.serving(folder, SENT) as port:
        way_out = outbound(SentFolder(url(port), 5.0))
        assert way_out.find(SENT_ID) == SENT_ID
        assert way_out.find("<0123abcd.2@dragoman.test>") is None
        assert way_out.find('<quo"ted\\@dragoman.test>') is None


def test_what_cannot_be_asked_counts_as_not_sent(folder: Path):
    assert outbound(None).find(SENT_ID) is None
    assert outbound(SentFolder(url(free_port()), 1.0)).find(SENT_ID) is None
    with dovecot.serving(folder, SENT) as port:
        assert outbound(SentFolder(url(port, "No%20such"), 5.0)).find(SENT_ID) is None


def test_the_doctor_looks_into_it(folder: Path):
    with dovecot.serving(folder, SENT) as port:
        (found,) = user_facing.sent(Settings.from_env(sent_imap_url=url(port)))
        assert (found.what, found.verdict) == ("mail sent", Verdict.OK)
        with pytest.raises(OutboundUnavailable) as error:
            list(user_facing.sent(Settings.from_env(sent_imap_url=url(port, "No%20such"))))
    assert "No such" in str(error.value.detail)
    assert "p@ss" not in str(error.value.detail)


def test_the_doctor_says_when_nobody_is_there(monkeypatch):
    monkeypatch.setenv("DRAGOMAN_SENT_IMAP_URL", url(free_port()))
    (found,) = [one for one in examine() if one.what == "mail sent"]
    assert found.verdict is Verdict.FAIL
    assert "DRAGOMAN_SENT_IMAP_URL" in found.todo


def test_the_doctor_is_silent_where_there_is_none():
    assert list(user_facing.sent(Settings.from_env())) == []
