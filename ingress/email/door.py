"""What the door does with a message that came in whole: says no, lets it fall, or keeps it durably."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import structlog

from dragoman.errors import DragomanError
from dragoman.intake import Intake, Message, Receipt
from dragoman.telemetry import hashed
from ingress.email import policy
from ingress.email.headers import Headers, Mailbox
from ingress.email.policy import Accepted, Dropped, Refused, Rules, Verdict
from ingress.email.receiving import Reception

log = structlog.get_logger(__name__)

CHANNEL = "email"
TEMPORARY = "451 4.3.0 Temporary trouble here; please try again later"
TAKEN = "250 2.0.0 accepted"


def judged(headers: Headers, envelope_from: str, recipients: Sequence[str], peer: str, rules: Rules) -> Verdict:
    """The verdict on a message for `recipients`, as `policy.screen`; mail for the postmaster alone always comes in."""
    if all(policy.is_for_postmaster(recipient) for recipient in recipients):
        return policy.screen_postmaster(headers)
    return policy.screen(headers, envelope_from, peer, rules)


def concluded(intake: Intake, received: Reception, envelope_from: str, recipients: Sequence[str]) -> str:
    """The reply to a message, which is durable if that is 250 and the message was not dropped. Closes its file."""
    try:
        match received.verdict:
            case Refused() as no:
                claimed = hashed(received.headers.raw("from"))
                log.warning("mail_refused", reason=no.reason, hint=no.hint, reply=no.reply[:9], claimed=claimed)
                return no.reply
            case Dropped(reason):
                log.info("mail_dropped", reason=reason)
                return TAKEN
            case Accepted(author):
                return _kept(intake, received, author, envelope_from, recipients)
    finally:
        received.file.close()


def _kept(intake: Intake, received: Reception, author: Mailbox, envelope_from: str, recipients: Sequence[str]) -> str:
    """One row for each recipient: each asks for something else. Sent again, the message finds its rows."""
    different = sorted({recipient.casefold() for recipient in recipients})
    try:
        received.file.sync()
        receipts = []
        for recipient in different:
            message = message_of(received.headers, received.file.sha256, author, envelope_from, recipient)
            receipts.append(_keep(intake, message, received, is_last=recipient == different[-1]))
    except (DragomanError, OSError) as error:
        detail = error.detail if isinstance(error, DragomanError) else str(error)
        code = getattr(error, "code", "spool")
        log.warning("mail_not_kept", sender=hashed(author.address), code=code, detail=detail[:200])
        return TEMPORARY
    for receipt in receipts:
        log.info("mail_accepted", message_id=receipt.message_id, again=not receipt.created, size=received.file.size)
    more = f" and {len(receipts) - 1} more" if len(receipts) > 1 else ""
    return f"{TAKEN} as {receipts[0].message_id}{more}"


def _keep(intake: Intake, message: Message, received: Reception, *, is_last: bool) -> Receipt:
    if is_last:
        return intake.keep(message, received.file.path)
    with received.file.path.open("rb") as body:
        return intake.keep(message, body)


def message_of(headers: Headers, sha256: str, author: Mailbox, envelope_from: str, recipient: str) -> Message:
    """The message as intake keeps it, with all that an answer in the sender's thread needs."""
    sender = author.address.casefold()
    payload: dict[str, Any] = {
        "from": author.address,
        "from_name": author.name,
        "recipient": recipient,
        "envelope_from": envelope_from,
        "message_id": headers.message_id,
        "references": headers.references,
        "subject": headers.text("subject"),
        "target_lang": None,
        "tone": None,
        "ignored": [],
    }
    return Message(CHANNEL, key_of(sender, headers.message_id, sha256, recipient), sender, payload)


def key_of(sender: str, message_id: str | None, sha256: str, recipient: str) -> str:
    """When two messages are the same; holds no address. A Message-ID alone is not enough: some senders repeat theirs."""
    facts = json.dumps([sender, message_id or "", sha256, recipient])
    return "email:" + hashlib.sha256(facts.encode()).hexdigest()
