"""The way back by mail: an answer in the sender's own thread, with the translated PDFs.

A mail is built once and kept in the store, so that every attempt sends the same bytes under the
same Message-ID. PDFs are streamed from the store into it: an answer takes as much memory as its
words.
"""

from __future__ import annotations

import base64
import re
import secrets
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import localtime
from typing import Any, BinaryIO, cast

from dragoman.channels.email import bounces
from dragoman.domain.answers.row_words import AnswerKind
from dragoman.domain.costs import approval
from dragoman.domain.file_names import plain
from dragoman.domain.rows.delivery import Delivery as Owed
from dragoman.domain.rows.message import InboxMessage
from dragoman.errors import NotApprover, OperatorError, OutboundRefused, OutboundUnavailable
from dragoman.ports import BlobStore
from dragoman.settings import Settings
from dragoman.telemetry import hashed
from notifier.delivery.answers import Answer, Outcome, Problem
from notifier.delivery.attachments import with_attachments, without_attachments
from notifier.delivery.channel import Delivery, NotAsItIs, OutboundUncertain
from notifier.email.rendering import House, rendered
from notifier.email.smtp_client import Outbound

FROM_NAME = "Document translator"
DAY_S = 86400
REFERENCES_KEPT = 20  # from either end
LONGEST_SUBJECT = 900
_BASE64_CHUNK = 57 * 8192  # whole lines of 76 characters
_ID = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]{1,900}>")
_ATOM = r"[^\s\x00-\x20\x7f\"(),:;<>@\[\]\\]+"  # RFC 5322 3.2.3, RFC 6531 3.3
_MAILBOX = re.compile(f"{_ATOM}@{_ATOM}")
_REPLY = re.compile(r"^(re\s*:\s*)+", re.IGNORECASE)
_UNBROKEN = SMTP.clone(max_line_length=998)  # RFC 5322 2.1.1


class ThreadPolicy(EmailPolicy):
    """SMTP's rules, with ids left whole and subjects that come back as they went.

    The library writes an id that is longer than a line as an encoded word, which breaks the thread.
    Longer lines for all headers would make encoded words too long (RFC 2047 2) and lines of
    quoted-printable as well. Where it folds a long subject beyond ASCII, it now and then swallows a
    space (seen with 3.11).
    """

    def fold(self, name: str, value: Any) -> str:
        """As `EmailPolicy.fold`."""
        known = name.casefold()
        if known == "subject" and not str(value).isascii():
            encoded = Header(str(value), "utf-8", maxlinelen=self.max_line_length, header_name=name)
            return f"{name}: {encoded.encode(linesep=self.linesep)}{self.linesep}"
        whole = known in ("message-id", "in-reply-to", "references", "subject")
        return str(_UNBROKEN.fold(name, value) if whole else super().fold(name, value))

    def fold_binary(self, name: str, value: Any) -> bytes:
        """As `EmailPolicy.fold_binary`."""
        return self.fold(name, value).encode("utf-8" if self.utf8 else "ascii", "surrogateescape")


# RFC 2045 6.7: the longest line of quoted-printable
POLICY = ThreadPolicy(linesep="\r\n", max_line_length=76)


@dataclass(frozen=True, slots=True)
class Thread:
    """What the answer is a reply to. `message_id` None: the original had none that can be named."""

    recipient: str
    subject: str
    message_id: str | None
    references: tuple[str, ...]


class EmailChannel:
    """The `Channel` for mail."""

    def __init__(self, settings: Settings, store: BlobStore, outbound: Outbound) -> None:
        """`outbound` is where finished mails go."""
        self._store, self._outbound = store, outbound
        self._address = settings.mail_address
        self._approvers = settings.approvers
        self._secret = settings.secret_key.get_secret_value() if settings.secret_key else ""
        self._house = House(
            address=settings.mail_address,
            limit=settings.max_attachment_bytes,
            kept_days=settings.retention_days,
            link_days=max(1, min(settings.retention_days, settings.link_ttl_s // DAY_S)),
            largest=settings.max_pdf_bytes,
            most_pages=settings.max_pages,
            approval_wait_s=settings.approval_wait_s,
        )

    def prepare(self, delivery: Delivery) -> str:
        """As `Channel.prepare`. Raises OperatorError for an address that no mail can go to."""
        why = delivery.row.instead
        key = f"outbox/{delivery.row.id}/{'instead' if why else 'message'}.eml"
        if any(file.outcome is Outcome.DELETED for file in delivery.answer.files):
            self._store.delete(key)  # what was rendered before may hold what has been deleted since
        if self._store.size(key) is None:
            attached = self._attached(delivery.answer)
            answer = self._asking_approvers(
                without_attachments(attached, why) if why else attached, delivery
            )
            with tempfile.TemporaryFile() as file:
                self._write(answer, delivery, cast("BinaryIO", file))
                file.seek(0)
                self._store.put(key, cast("BinaryIO", file))
        return key

    def find(self, delivery: Delivery) -> str | None:
        """As `Channel.find`."""
        return self._outbound.find(message_id(delivery.row, self._address))

    def send(self, delivery: Delivery, rendered: str) -> str:
        """As `Channel.send`."""
        with self._store.open(rendered) as body:
            message = body.read()
        recipient = thread_of(delivery.message).recipient
        copies = self._asking_approvers(delivery.answer, delivery).approvers
        try:
            return self._outbound.send(self._return_path(delivery), recipient, message, copies)
        except OutboundUncertain:
            raise
        except (OutboundRefused, OutboundUnavailable) as error:
            why = None if delivery.row.instead else self._without_files(delivery.answer, error)
            if why is None:
                raise
            raise NotAsItIs(why, error.detail) from error

    def _attached(self, answer: Answer) -> Answer:
        return with_attachments(answer, self._house.limit)

    def _without_files(
        self, answer: Answer, error: OutboundRefused | OutboundUnavailable
    ) -> str | None:
        """Why the same answer may get through without its files; None: it would not."""
        why = bounces.meaning(error.reply)
        is_final = isinstance(error, OutboundRefused) or why == bounces.MAILBOX_FULL
        has_files = any(file.attached for file in self._attached(answer).files)
        return why if is_final and has_files and why != bounces.NO_MAILBOX else None

    def _asking_approvers(self, answer: Answer, delivery: Delivery) -> Answer:
        """The answer; a question about the cost names who decides about it, where that is not
        the sender.
        """
        sender = delivery.message.sender
        if answer.kind is not AnswerKind.APPROVAL or approval.may_approve(
            self._approvers, sender, sender
        ):
            return answer
        no = NotApprover()
        problem = Problem(str(no), no.advice, no.code)
        return replace(
            answer, approvers=tuple(approval.addresses(self._approvers)), problem=problem
        )

    def _return_path(self, delivery: Delivery) -> str:
        """Where a bounce of a result is recorded (VERP); nobody wants to hear that a mere note
        came back (RFC 3834 3.3).
        """
        if not delivery.answer.is_result or not self._secret:
            return ""
        return bounces.return_path(self._address, delivery.row.id, self._secret)

    def _write(self, answer: Answer, delivery: Delivery, file: BinaryIO) -> None:
        thread = thread_of(delivery.message)
        text, html = rendered(answer, self._house, delivery.message.id)
        mail = composed(thread, message_id(delivery.row, self._address), self._address, text, html)
        if answer.approvers:
            mail["Cc"] = [_address(one) for one in answer.approvers]
        stand_ins: list[tuple[bytes, str]] = []
        for one in answer.files:
            if one.attached and one.result:
                stand_in = secrets.token_bytes(48)
                mail.add_attachment(
                    stand_in, maintype="application", subtype="pdf", filename=one.result_name
                )
                stand_ins.append((base64.b64encode(stand_in), one.result))
        self._stream(mail.as_bytes(), stand_ins, file)

    def _stream(self, mail: bytes, stand_ins: Sequence[tuple[bytes, str]], file: BinaryIO) -> None:
        for stand_in, key in stand_ins:
            before, _, mail = mail.partition(stand_in)
            file.write(before)
            with self._store.open(key) as body:
                _write_base64(body, file)
        file.write(mail)


def thread_of(message: InboxMessage) -> Thread:
    """The thread of a message, whose payload holds what the door read of the
    original.

    That is `from` (the author as written: before the @ capitals may count), `subject`, `message_id`
    and `references` (a list); each may be missing.
    """
    payload = message.payload
    own = _ID.findall(payload.get("message_id") or "")
    return Thread(
        recipient=payload.get("from") or message.sender,
        subject=payload.get("subject") or "",
        message_id=own[0] if own else None,
        references=tuple(_ID.findall(" ".join(payload.get("references") or ()))),
    )


def composed(thread: Thread, own_id: str, address: str, text: str, html: str) -> EmailMessage:
    """The mail without its attachments.

    Raises OperatorError for an address that no mail can go to.
    """
    mail = EmailMessage(policy=POLICY.clone(utf8=not thread.recipient.isascii()))
    mail["From"] = Address(FROM_NAME, addr_spec=address)
    mail["To"] = _address(thread.recipient)
    mail["Subject"] = reply_subject(thread.subject)
    mail["Date"] = localtime()
    mail["Message-ID"] = own_id
    if thread.message_id:
        mail["In-Reply-To"] = thread.message_id
        mail["References"] = " ".join(reference_chain(thread))
    mail["Auto-Submitted"] = "auto-replied"  # RFC 3834 3.1.7
    mail[bounces.LOOP_HEADER] = address
    mail["X-Auto-Response-Suppress"] = "All"  # what Exchange looks at instead
    mail.set_content(text, cte="quoted-printable")
    mail.add_alternative(html, subtype="html", cte="quoted-printable")
    return mail


def message_id(delivery: Owed, address: str) -> str:
    """The Message-ID of a delivery: the same on every attempt, another one
    for each run.

    And another one for the words that stand in for files: they are another message (RFC 5322
    3.6.4), and an earlier attempt that was cut off may have brought the files after all.
    """
    domain = address.rpartition("@")[2]
    kind = f"{delivery.kind}_words" if delivery.instead else delivery.kind
    return f"<{delivery.owner}.{delivery.run}.{kind}@{domain}>"


def reply_subject(subject: str) -> str:
    """`Re: ` and the subject as it was; never `Re: Re: `."""
    # A subject that spells an encoded word would be decoded once more, into anything.
    bare = _REPLY.sub("", plain(subject.replace("=?", "= ?"), LONGEST_SUBJECT))
    return f"Re: {bare or 'your email'}"


def reference_chain(thread: Thread) -> list[str]:
    """The ids of the thread, oldest first, the original last; the middle of a long one is left
    out (RFC 5322 3.6.4).
    """
    chain = [one for one in dict.fromkeys(thread.references) if one != thread.message_id]
    if len(chain) > 2 * REFERENCES_KEPT:
        chain = chain[:REFERENCES_KEPT] + chain[-REFERENCES_KEPT:]
    return [*chain, thread.message_id] if thread.message_id else chain


def _address(recipient: str) -> Address:
    if not _MAILBOX.fullmatch(recipient):
        raise OperatorError(
            "The sender's address is not one that email can be sent to.", detail=hashed(recipient)
        )
    local, _, domain = recipient.rpartition("@")
    return Address(username=local, domain=domain)


def _write_base64(body: BinaryIO, file: BinaryIO) -> None:
    """`body` as base64, in lines without a last line end."""
    between = b""
    while chunk := _read_whole(body, _BASE64_CHUNK):
        file.write(between + base64.encodebytes(chunk).rstrip(b"\n").replace(b"\n", b"\r\n"))
        between = b"\r\n"


def _read_whole(body: BinaryIO, count: int) -> bytes:
    """`count` bytes, fewer only at the end: a network stream may give less than it is asked for."""
    parts: list[bytes] = []
    while count and (part := body.read(count)):
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
