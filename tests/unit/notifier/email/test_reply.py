"""The mail as bytes: in the thread, whole ids, lines that every server takes, whatever the
original brought.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dragoman.adapters.storage import FolderStore
from dragoman.domain.file_names import result_name
from dragoman.errors import OperatorError
from dragoman.settings import Settings
from notifier.delivery.answers import Answer, AnswerKind, File, Outcome
from notifier.delivery.channel import Delivery
from notifier.email.reply import (
    EmailChannel,
    Thread,
    composed,
    message_id,
    reference_chain,
    reply_subject,
    thread_of,
)
from tests import row_values

ADDRESS = "translate@example.org"
OWN_ID = "<m.1.final@example.org>"
THREAD = Thread("ada@example.org", "The contract", "<one@example.org>", ("<zero@example.org>",))
ROW = row_values.delivery(id="d1", owner="m")
HOSTILE = st.text(alphabet=st.characters(codec=None), max_size=120) | st.sampled_from(
    [
        "a\r\nBcc: eve@example.org",
        "\n\n<script>",
        "=?utf-8?q?a?=",
        "\ud800",
        "\u202e",
        "x" * 2000,
        "ü" * 400,
        "😀" * 200,
    ]
)


def compose(
    thread: Thread = THREAD, text: str = "Hello\n", html: str = "<p>Hello</p>\n"
) -> EmailMessage:
    return composed(thread, OWN_ID, ADDRESS, text, html)


def read_back(raw: bytes) -> EmailMessage:
    parsed = message_from_bytes(raw, policy=default)
    assert isinstance(parsed, EmailMessage)
    assert not parsed.defects
    return parsed


def check_lines(raw: bytes) -> None:
    """RFC 5322 2.1.1 and RFC 5321 4.5.3.1.6: CRLF only, at most 998 bytes between."""
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 998


def test_the_headers_of_an_answer() -> None:
    mail = read_back(compose().as_bytes())
    assert mail["From"] == f"Document translator <{ADDRESS}>"
    assert mail["To"] == "ada@example.org"
    assert mail["Subject"] == "Re: The contract"
    assert mail["Message-ID"] == OWN_ID
    assert mail["In-Reply-To"] == "<one@example.org>"
    assert mail["References"] == "<zero@example.org> <one@example.org>"
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["Date"].datetime.tzinfo
    assert (mail["Cc"], mail["Bcc"], mail["Reply-To"]) == (None, None, None)


def test_plain_text_is_first_and_both_forms_are_whole() -> None:
    text, html = "Grüße, 翻訳.\n" + "x" * 300 + "\n.\n", "<p>Grüße</p>" + "y" * 3000 + "\n"
    raw = compose(text=text, html=html).as_bytes()
    check_lines(raw)
    assert raw.isascii()
    mail = read_back(raw)
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    plain, rich = [part.get_content().replace("\r\n", "\n") for part in mail.iter_parts()]  # type: ignore[attr-defined]
    assert (plain, rich) == (text, html)


def test_lines_of_quoted_printable_are_short() -> None:
    raw = compose(text="ü" * 500 + "\n").as_bytes()
    body = raw.partition(b"\r\n\r\n")[2]
    assert max(map(len, body.split(b"\r\n"))) <= 76  # RFC 2045 6.7


@pytest.mark.parametrize("length", [77, 200, 900])
def test_long_message_ids_stay_in_one_piece(length: int) -> None:
    long = f"<{'a' * (length - 14)}@example.org>"
    assert len(long) == length
    raw = compose(
        Thread("ada@example.org", "x", long, (long.replace("a", "b"), "<zero@example.org>"))
    ).as_bytes()
    check_lines(raw)
    assert f"In-Reply-To: {long}\r\n".encode() in raw
    assert long.encode() in raw.partition(b"References:")[2]
    assert b"=?" not in raw


def test_a_long_thread_keeps_both_ends() -> None:
    ids = tuple(f"<{number}@example.org>" for number in range(100))
    chain = reference_chain(Thread("ada@example.org", "", "<own@example.org>", ids))
    assert chain == [*ids[:20], *ids[-20:], "<own@example.org>"]


def test_an_original_that_names_itself_is_named_once() -> None:
    thread = Thread("ada@example.org", "", "<b@x>", ("<a@x>", "<b@x>", "<a@x>"))
    assert reference_chain(thread) == ["<a@x>", "<b@x>"]


def test_an_original_without_an_id_is_answered_without_a_thread() -> None:
    mail = read_back(compose(replace(THREAD, message_id=None)).as_bytes())
    assert (mail["In-Reply-To"], mail["References"]) == (None, None)


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Hello", "Re: Hello"),
        ("Re: Hello", "Re: Hello"),
        ("RE: re:Hello", "Re: Hello"),
        ("Report", "Re: Report"),
        ("About: re: x", "Re: About: re: x"),
        ("", "Re: your email"),
        ("Re:", "Re: your email"),
        ("a\r\nBcc: eve@example.org", "Re: a Bcc: eve@example.org"),
    ],
)
def test_the_subject_is_a_reply_and_never_doubled(subject: str, expected: str) -> None:
    assert reply_subject(subject) == expected


@settings(max_examples=50, deadline=None)
@given(subject=HOSTILE)
@example("ü" * 80 + ' "q" 😀 é, ß: =20 aus =?x?= ccc, . =20 a_b ß: bb "q" @ =20')
@example(
    "Grüße aus Köln und ein langer Betreff, der in mehrere kodierte Wörter zerfällt, wirklich"
    " überall, ja"
)
@example("=?utf-8?b?" + "A" * 900)
@example("=?utf-8?q?a=0D=0ABcc:_eve@x?=")
def test_no_subject_breaks_the_header(subject: str) -> None:
    raw = compose(replace(THREAD, subject=subject)).as_bytes()
    check_lines(raw)
    mail = read_back(raw)
    assert mail["Bcc"] is None
    assert str(mail["Subject"]) == reply_subject(subject)
    assert mail["Message-ID"] == OWN_ID


@settings(max_examples=50, deadline=None)
@given(own=HOSTILE, references=st.lists(HOSTILE, max_size=5))
def test_no_id_breaks_the_header(own: str, references: Any) -> None:
    payload = {"message_id": f"<{own}>", "references": references, "subject": "x"}
    thread = thread_of(row_values.message(sender="ada@example.org", payload=payload))
    raw = compose(thread).as_bytes()
    check_lines(raw)
    mail = read_back(raw)
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Re: x"


@pytest.mark.parametrize(
    "recipient", ["a@b\r\nBcc: eve@x", "", "0123456789", "a b@c@d", "<>", "a@b, c@d"]
)
def test_an_address_that_is_none_is_permanent_trouble(recipient: str) -> None:
    with pytest.raises(OperatorError):
        compose(replace(THREAD, recipient=recipient))


def test_an_address_beyond_ascii_is_written_as_utf8() -> None:
    raw = compose(replace(THREAD, recipient="jürgen@example.org")).as_bytes()
    assert "To: jürgen@example.org\r\n".encode() in raw


def test_the_thread_is_what_the_door_read_of_the_original() -> None:
    payload = {
        "from": "Ada@example.org",
        "message_id": "<c@x>",
        "references": ["<a@x>", "<b@x>"],
        "subject": "Hello",
    }
    thread = thread_of(row_values.message(sender="ada@example.org", payload=payload))
    assert thread == Thread("Ada@example.org", "Hello", "<c@x>", ("<a@x>", "<b@x>"))


def test_an_original_without_any_of_it_is_answered_too() -> None:
    payload = {"message_id": None, "references": [], "subject": ""}
    assert thread_of(row_values.message(sender="ada@example.org", payload=payload)) == Thread(
        "ada@example.org", "", None, ()
    )


def test_the_message_id_is_the_deliverys_own() -> None:
    assert message_id(ROW, ADDRESS) == OWN_ID
    assert message_id(replace(ROW, run=2), ADDRESS) != OWN_ID
    assert (
        message_id(replace(ROW, instead="mail_too_large"), ADDRESS)
        == "<m.1.final_words@example.org>"
    )


class NoWayOut:
    """An `Outbound` that nothing must reach."""

    def send(
        self, envelope_from: str, recipient: str, message: bytes, copies: Sequence[str] = ()
    ) -> str:
        raise AssertionError

    def find(self, message_id: str) -> str | None:
        return None


def prepared(tmp_path: Path, name: str, content: bytes) -> bytes:
    """The mail with one result of this name and content."""
    store = FolderStore(tmp_path)
    for key in ("jobs/j/result.pdf", "outbox/d1/message.eml"):
        store.delete(key)
    store.put("jobs/j/result.pdf", io.BytesIO(content))
    file = File(
        "j", "a.pdf", name, Outcome.DONE, "fr", result="jobs/j/result.pdf", result_size=len(content)
    )
    message = row_values.message(
        id="m",
        sender="ada@example.org",
        payload={"subject": "x", "message_id": "<one@example.org>"},
    )
    channel = EmailChannel(Settings.from_env(data_dir=tmp_path), store, NoWayOut())
    key = channel.prepare(Delivery(ROW, message, Answer(AnswerKind.DONE, (file,))))
    with store.open(key) as body:
        return body.read()


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=HOSTILE)
@example('quoted "name" \\ with; a=b.fr.pdf')
@example("ü" * 150 + ".fr.pdf")
@example("翻訳" * 70 + ".fr.pdf")
@example("a" * 150 + ".fr.pdf")
def test_no_file_name_breaks_the_mail_and_clean_ones_come_back(tmp_path: Path, name: str) -> None:
    clean = result_name(name, "fr")
    raw = prepared(tmp_path, clean, b"%PDF-1.7")
    check_lines(raw)
    [part] = read_back(raw).iter_attachments()
    assert part.get_filename() == clean
    assert part.get_content() == b"%PDF-1.7"


@pytest.mark.parametrize(
    "size", [1, 56, 57, 58, 57 * 8192 - 1, 57 * 8192, 57 * 8192 + 1, 1_500_000]
)
def test_a_pdf_is_streamed_into_the_mail_byte_for_byte(tmp_path: Path, size: int) -> None:
    content = (bytes(range(256)) * (size // 256 + 1))[:size]
    raw = prepared(tmp_path, "a.fr.pdf", content)
    check_lines(raw)
    [part] = read_back(raw).iter_attachments()
    assert part.get_content() == content
    assert part.get_content_type() == "application/pdf"
    body = raw.split(b"Content-Disposition: attachment")[1].partition(b"\r\n\r\n")[2]
    assert max(map(len, re.split(rb"\r\n", body.partition(b"\r\n--")[0]))) <= 76


def test_a_mail_is_rendered_once(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    message = row_values.message(id="m", sender="ada@example.org")
    channel = EmailChannel(Settings.from_env(data_dir=tmp_path), store, NoWayOut())
    first = channel.prepare(Delivery(ROW, message, Answer(AnswerKind.NO_PDF)))
    with store.open(first) as body:
        kept = body.read()
    second = channel.prepare(Delivery(ROW, message, Answer(AnswerKind.NOTHING_NEW)))
    with store.open(second) as body:
        assert body.read() == kept


def test_those_who_approve_costs_get_a_copy_of_the_question(tmp_path: Path) -> None:
    store, sent = FolderStore(tmp_path), list[tuple[str, tuple[str, ...]]]()

    class Recording(NoWayOut):
        def send(
            self, envelope_from: str, recipient: str, message: bytes, copies: Sequence[str] = ()
        ) -> str:
            sent.append((recipient, tuple(copies)))
            return "taken"

    named = ("boss@example.org", "@finance.example", "slack:T1:U1")
    channel = EmailChannel(
        Settings.from_env(data_dir=tmp_path, approvers=named), store, Recording()
    )
    message = row_values.message(
        id="m",
        sender="ada@example.org",
        payload={"subject": "x", "message_id": "<one@example.org>"},
    )
    file = File("j", "a.pdf", "a.fr.pdf", Outcome.WORKING, "fr", waiting_for="approval")
    for kind, copies in ((AnswerKind.APPROVAL, ("boss@example.org",)), (AnswerKind.ACK, ())):
        row = replace(ROW, id=f"d-{kind}")
        delivery = Delivery(row, message, Answer(kind, (file,)))
        key = channel.prepare(delivery)
        channel.send(delivery, key)
        with store.open(key) as body:
            assert (read_back(body.read())["Cc"] or "") == ", ".join(copies)
        assert sent.pop() == ("ada@example.org", copies)
